"""The work of a page does not grow with the tables: queries, counts and orders."""

from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from uuid_utils.compat import uuid7

from goalsvc.orgs.models import Organization, User
from matching.admin.lists import BoundedPaginator, ReceivedAdmin
from matching.models import (
    ExternalMatch,
    MatchAttempt,
    PendingMatch,
    Visitor,
    VisitorIdentity,
    VisitorSession,
)
from tests.admin.samples import MODELS, SAMPLES, url
from tests.factories import (
    ExternalMatchFactory,
    RoomFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

# A page takes at most this many statements, the user and a transaction included, the session not.
MAX_QUERIES_OF_A_PAGE = 10
# A match's page retells all that is known of it; a person's, what happened of each kind, by index.
MAX_QUERIES: dict[type[models.Model], int] = {ExternalMatch: 13, VisitorIdentity: 36}

BIG = [model for model, model_admin in admin.site._registry.items() if isinstance(model_admin, ReceivedAdmin)]

both_callers = pytest.mark.parametrize("caller", ["operator", "staff"])


def statements(client: Client, page: str, query: dict[str, Any] | None = None) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        response = client.get(page, query or {})
        assert response.status_code == 200
    return [statement["sql"] for statement in captured.captured_queries]


def fill(model: type[models.Model], organization: Organization, count: int) -> list[Any]:
    """Make rows, each with rows of its own behind it: users, rooms, visitors, goals."""
    made = [SAMPLES[model](organization) for _ in range(count)]
    if model is VisitorSession:
        for session in made:
            session.room_ids = [RoomFactory.create(organization=organization).pk for _ in range(2)]
            session.save()
    return made


@both_callers
def test_a_list_takes_the_same_queries_for_few_rows_and_for_many(
    caller: str,
    organization: Organization,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    client = browser(request.getfixturevalue(caller))

    def counts() -> dict[type[models.Model], int]:
        return {model: len(statements(client, url(model, "changelist"))) for model in MODELS}

    for model in MODELS:
        fill(model, organization, 1)
    few = counts()
    for model in MODELS:
        fill(model, organization, 4)
    assert counts() == few
    assert max(few.values()) <= MAX_QUERIES_OF_A_PAGE


@both_callers
def test_a_row_s_page_takes_few_queries(
    caller: str,
    organization: Organization,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    client = browser(request.getfixturevalue(caller))
    for model in MODELS:
        row = fill(model, organization, 3)[0]
        count = len(statements(client, url(model, "change", row.pk)))
        assert count <= MAX_QUERIES.get(model, MAX_QUERIES_OF_A_PAGE), model


def test_pages_take_the_same_queries_however_much_belongs_to_them(
    as_staff: Client, organization: Organization
) -> None:
    visitor = VisitorFactory.create(organization=organization)
    session = VisitorSessionFactory.create(visitor=visitor)
    match = ExternalMatchFactory.create(session=session, visitor_identity="customer")
    pages = [url(type(row), "change", row.pk) for row in (visitor, session, match)]

    def grow(count: int) -> None:
        for number in range(count):
            carrier = visitor if number == 0 else VisitorFactory.create(organization=organization)
            VisitorIdentityFactory.create(
                visitor=carrier, identity="customer" if number else f"customer-{count}"
            )
            VisitorSessionFactory.create(
                visitor=carrier, room_ids=[RoomFactory.create(organization=organization).pk]
            )
            match.unconnected_room_ids = [RoomFactory.create(organization=organization).pk] * count
            match.save()

    grow(2)
    few = [len(statements(as_staff, page)) for page in pages]
    grow(8)
    many = [len(statements(as_staff, page)) for page in pages]
    assert many == few
    assert max(many) <= MAX_QUERIES[ExternalMatch]


def test_the_big_tables_are_known() -> None:
    assert {model.__name__ for model in BIG} == {
        "Visitor", "VisitorIdentity", "VisitorSession", "ExternalMatch", "PendingMatch", "MatchAttempt",
    }  # fmt: skip


def assert_bounded(model: type[models.Model], statements: list[str]) -> None:
    """Each statement that reads the table reads a few rows of it."""
    table = model._meta.db_table
    for sql in statements:
        if f'FROM "{table}"' in sql:
            is_bounded = " LIMIT " in sql or f'"{table}"."id" IN (' in sql
            is_span = sql.startswith("SELECT MIN(")  # of an indexed column: two descents
            assert is_bounded or is_span, sql


@both_callers
def test_no_list_of_a_big_table_counts_or_reads_all_of_it(
    caller: str,
    organization: Organization,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    client = browser(request.getfixturevalue(caller))
    for model in BIG:
        fill(model, organization, 2)
        for query in ({"q": "customer"}, {"all": ""}, {"_facets": "True", "o": "1"}):
            assert_bounded(model, statements(client, url(model, "changelist"), query))


def test_counting_stops_at_the_limit(
    as_staff: Client, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedPaginator, "LIMIT", 3)
    for model in BIG:
        monkeypatch.setattr(type(admin.site.get_model_admin(model)), "list_per_page", 2)
        fill(model, organization, 5)
        response = as_staff.get(url(model, "changelist"))
        assert response.context["cl"].result_count == 3
        text = f"The first 3 {model._meta.verbose_name_plural}; search for others."
        assert text in response.content.decode()
        assert len(as_staff.get(url(model, "changelist"), {"p": 2}).context["cl"].result_list) == 1


# The index that gives each list its order, for an organization and for operators.
ORDERS: dict[type[models.Model], tuple[str, str]] = {
    Visitor: ("matching_visitor_pkey", "matching_visitor_pkey"),
    VisitorIdentity: ("visitor_identity_list", "matching_visitoridentity_pkey"),
    VisitorSession: ("session_list", "matching_visitorsession_pkey"),
    ExternalMatch: ("match_list", "match_newest"),
    PendingMatch: ("pending_list", "matching_pendingmatch_pkey"),
    MatchAttempt: ("match_attempt_list", "match_attempt_newest"),
}
# The same where the list is filtered.
FILTERED: dict[tuple[type[models.Model], str], tuple[str, str]] = {
    (ExternalMatch, "retracted=yes"): ("match_retracted_", "match_retracted_newest"),
    (ExternalMatch, "retracted=no"): ("match_list", "match_newest"),
    (PendingMatch, "status=pending"): ("pending_status_list", "pending_status_newest"),
    (PendingMatch, "status=matched"): ("pending_status_list", "pending_status_newest"),
    # Two conditions in one: by the lists' own order.
    (PendingMatch, "status=expired"): ("pending_list", "matching_pendingmatch_pkey"),
    # Operators filter within an organization.
    (MatchAttempt, "code=goal_not_found"): ("match_attempt_code", "match_attempt_newest"),
    (MatchAttempt, "source=import"): ("match_attempt_source", "match_attempt_newest"),
}


def multiply(row: Any, count: int) -> None:
    """Make many rows that are like the row."""
    unique = {Visitor: "visitor_id", VisitorIdentity: "identity", VisitorSession: "visitor_session_id"}
    rows = [copy(row) for _ in range(count)]
    for number, each in enumerate(rows):
        each.pk = uuid7()
        if name := unique.get(type(row)):
            setattr(each, name, f"another {number}")
    type(row).objects.bulk_create(rows)


def test_lists_are_planned_for_what_they_ask(as_staff: Client) -> None:
    for model in BIG:
        first, *asked = [
            sql for sql in statements(as_staff, url(model, "changelist")) if "orgs_user" not in sql
        ]
        assert (first.split()[0], asked[0]) == ("SAVEPOINT", "SET LOCAL plan_cache_mode = force_custom_plan")


@both_callers
def test_an_index_gives_the_order_of_a_list(
    caller: str,
    organization: Organization,
    other_organization: Organization,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert set(ORDERS) == set(BIG)
    client = browser(request.getfixturevalue(caller))
    for model in BIG:
        # Few rows a page, so that there is a page; and many rows, of which the filters find few.
        monkeypatch.setattr(type(admin.site.get_model_admin(model)), "list_per_page", 1)
        multiply(SAMPLES[model](organization), 50)
        multiply(SAMPLES[model](other_organization), 500)
    PendingMatch.objects.update(status="cancelled", resolved_at=now())
    fill(PendingMatch, organization, 2)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(model._meta.db_table for model in BIG))
        # No plan that would only do for a small table.
        for plan in ("sort", "incremental_sort", "seqscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{plan} = off")
        cases = {(model, ""): indexes for model, indexes in ORDERS.items()} | FILTERED
        for (model, query), indexes in cases.items():
            asked = statements(client, f"{url(model, 'changelist')}?{query}")
            assert_bounded(model, asked)
            table = model._meta.db_table
            [page] = [sql for sql in asked if f'FROM "{table}"' in sql and "ORDER BY" in sql]
            cursor.execute(f"EXPLAIN {page}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Sort" not in plan, (model, query, plan)
            assert indexes[caller == "operator"] in plan, (model, query, plan)
