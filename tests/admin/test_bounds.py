"""The work of a page does not grow with the tables: queries, counts and orders."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from goals.models import Goal
from goalsvc.orgs.models import ApiToken, Organization, Room, User
from matching.admin import BoundedPaginator, ReceivedAdmin
from matching.models import ExternalMatch, VisitorSession
from tests.admin.test_access import SAMPLES, every_model, url
from tests.factories import (
    ExternalMatchFactory,
    RoomFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

# A page of a list takes at most this many queries, session and user included.
MOST_QUERIES_OF_A_PAGE = 9

BIG = [model for model, model_admin in admin.site._registry.items() if isinstance(model_admin, ReceivedAdmin)]


def statements(client: Client, page: str, query: dict[str, Any] | None = None) -> list[str]:
    client.get(page, query or {})  # what Django caches, such as content types
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


@every_model
@pytest.mark.parametrize("caller", ["operator", "staff"])
def test_a_list_takes_the_same_queries_for_few_rows_and_for_many(
    model: type[models.Model],
    caller: str,
    organization: Organization,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    client = browser(request.getfixturevalue(caller))
    page = url(model, "changelist")
    fill(model, organization, 2)
    few = statements(client, page)
    fill(model, organization, 8)
    many = statements(client, page)
    assert len(many) == len(few)
    assert len(many) <= MOST_QUERIES_OF_A_PAGE


@pytest.mark.parametrize("caller", ["operator", "staff"])
@pytest.mark.parametrize(
    "model", [Organization, User, Room, ApiToken, Goal], ids=lambda model: model.__name__
)
def test_a_small_row_s_page_takes_few_queries(
    model: type[models.Model],
    caller: str,
    organization: Organization,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    client = browser(request.getfixturevalue(caller))
    row = fill(model, organization, 5)[0]
    assert len(statements(client, url(model, "change", row.pk))) <= MOST_QUERIES_OF_A_PAGE


def test_pages_take_the_same_queries_however_much_belongs_to_them(
    as_staff: Client, organization: Organization
) -> None:
    visitor = VisitorFactory.create(organization=organization)
    match = ExternalMatchFactory.create(
        session=VisitorSessionFactory.create(visitor=visitor), visitor_identity="customer"
    )
    pages = [url(type(row), "change", row.pk) for row in (visitor, match.session, match)]

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
    assert max(many) <= MOST_QUERIES_OF_A_PAGE


def test_the_page_of_an_identity_with_very_many_visitors_shows_some(
    as_staff: Client, organization: Organization
) -> None:
    match = ExternalMatchFactory.create(organization=organization)
    for _ in range(21):
        VisitorIdentityFactory.create(organization=organization, identity=match.visitor_identity)
    page = as_staff.get(url(ExternalMatch, "change", match.pk))
    assert "The identity has more visitors than these." in page.content.decode()


big_model = pytest.mark.parametrize("model", BIG, ids=lambda model: model.__name__)


def test_the_big_tables_are_known() -> None:
    assert {model.__name__ for model in BIG} == {
        "Visitor", "VisitorIdentity", "VisitorSession", "ExternalMatch",
    }  # fmt: skip


@big_model
@pytest.mark.parametrize("caller", ["operator", "staff"])
def test_no_list_of_a_big_table_counts_or_reads_all_of_it(
    model: type[models.Model],
    caller: str,
    organization: Organization,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    client = browser(request.getfixturevalue(caller))
    fill(model, organization, 2)
    table = model._meta.db_table
    for query in ({}, {"q": "customer"}, {"all": ""}, {"_facets": "True"}, {"o": "1"}):
        for sql in statements(client, url(model, "changelist"), query):
            if f'FROM "{table}"' in sql:
                is_bounded = " LIMIT " in sql or f'"{table}"."id" IN (' in sql
                is_span = sql.startswith("SELECT MIN(")  # of an indexed column: two descents
                assert is_bounded or is_span, sql


@big_model
def test_counting_stops_at_the_limit(
    model: type[models.Model],
    as_staff: Client,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BoundedPaginator, "LIMIT", 3)
    monkeypatch.setattr(type(admin.site._registry[model]), "list_per_page", 2)
    fill(model, organization, 5)
    response = as_staff.get(url(model, "changelist"))
    assert response.context["cl"].result_count == 3
    assert f"The first 3 {model._meta.verbose_name_plural}; search for others." in response.content.decode()
    assert len(as_staff.get(url(model, "changelist"), {"p": 2}).context["cl"].result_list) == 1


# The index that gives each list its order, for an organization and for operators.
ORDERS = {
    "Visitor": ["visitor_list", "matching_visitor_pkey"],
    "VisitorIdentity": ["visitor_identity_list", "matching_visitoridentity_pkey"],
    "VisitorSession": ["session_list", "matching_visitorsession_pkey"],
    "ExternalMatch": ["match_list", "match_newest"],
}


@big_model
@pytest.mark.parametrize("caller", ["operator", "staff"])
def test_an_index_gives_the_order_of_a_list(
    model: type[models.Model],
    caller: str,
    organization: Organization,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Few rows a page, so that there is a page; and no plan that would only do for a small table.
    monkeypatch.setattr(type(admin.site._registry[model]), "list_per_page", 1)
    client = browser(request.getfixturevalue(caller))
    fill(model, organization, 3)
    table = model._meta.db_table
    [page] = [
        sql
        for sql in statements(client, url(model, "changelist"))
        if f'FROM "{table}"' in sql and "ORDER BY" in sql
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {page}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Sort" not in plan
    assert ORDERS[model.__name__][caller == "operator"] in plan
