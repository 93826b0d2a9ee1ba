"""Lists read what they show: how PostgreSQL carries out each filter, alone and in pairs, on very many rows.

`python -m tests.lists` prints the same for millions, with the times.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from goalsvc.api.pagination import DEFAULT_PAGE_SIZE, MAX_ROWS_READ
from tests.conftest import Client
from tests.lists.plans import Plan, Plans
from tests.lists.world import TABLES, Case, World, fill

# What an index has in the order of the list, or finds few of: the page's rows, one more, and what they show.
FEW = 4 * DEFAULT_PAGE_SIZE
BY_INDEX = {
    "matches": {"goal_id", "visitor_identity", "external_id", "created_from"},
    "pending_matches": {"goal", "identity", "external_id", "from"},
    "match_attempts": {"goal_id", "visitor_identity", "code", "from"},
    "visitor_identities": {"visitor_id", "from"},
    "visitor_sessions": {"visitor_id", "visitor_session_id", "from"},
}


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    yield fill(120_000, 40_000)
    with connection.cursor() as cursor:  # deleting so many rows takes long, and leaves their statistics
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")


def plans_of(client: Client, world: World, case: Case, **options: Any) -> list[Plan]:
    plans = Plans(**options)
    with connection.execute_wrapper(plans):
        response = client.get(f"{world.base}/{case}")
    assert response.status_code == 200, (case, response.content)
    return plans.found


def test_no_page_of_any_list_is_looked_for_among_all_rows(world):
    client = Client(world.key)
    cases = world.cases()
    wasteful, large = [], []
    for number, case in enumerate(cases):
        names = [name for name, _ in case.query]
        is_alone = len(names) <= 1
        for is_generic in (False, True) if is_alone or number % 4 == 0 else (False,):
            for plan in plans_of(client, world, case, is_generic=is_generic):
                if plan.removed >= MAX_ROWS_READ:
                    wasteful.append(f"{case} removes {plan.removed} rows:\n{plan}")
                if set(names[:1]) <= BY_INDEX.get(case.path, set()) and is_alone and plan.scanned > FEW:
                    large.append(f"{case} reads {plan.scanned} rows:\n{plan}")

    assert len(cases) > 400
    assert "\n\n".join([*wasteful, *large]) == ""
