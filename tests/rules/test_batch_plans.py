"""Batches look up each row by its index, whatever the statistics say; what they read is what they asked for.

Statistics are those of a quarter of the rows, or of one row of each kind, by which every index of the
organization seems to be as good. By one row the planner cannot tell the two indexes of sessions apart, and a
match needs one of them: that lasts until PostgreSQL looks at the table by itself, a minute later.
"""

from collections import Counter
from typing import Any

import pytest
from django.db import connection, transaction

from matching.models import ExternalMatch, PendingMatch, VisitorIdentity, VisitorSession
from tests.factories import VisitorIdentityFactory, VisitorSessionFactory, ids

ROWS = 2000
BATCH = 20
TABLES = [model._meta.db_table for model in (ExternalMatch, PendingMatch, VisitorIdentity, VisitorSession)]

# Rows that scans have fetched of a table, by an index or without one.
FETCHED = """
    SELECT sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid)
               + (SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(indexrelid)), 0)
                  FROM pg_index WHERE indrelid = pg_class.oid))::int
    FROM pg_class WHERE relname = ANY(%s)
"""


def fetched() -> int:
    with connection.cursor() as cursor:
        cursor.execute(FETCHED, [TABLES])
        return int(cursor.fetchone()[0])


@pytest.fixture
def fill(as_integrator, organization, org_url, goal, room):
    """Make a world, and have PostgreSQL look at it when it has so many rows of each kind."""

    def make(analyzed_at: int) -> None:
        fill_world(as_integrator, organization, org_url, goal, room, analyzed_at)

    return make


def fill_world(as_integrator, organization, org_url, goal, room, analyzed_at):
    identity = VisitorIdentityFactory.create(organization=organization, identity="first")
    VisitorSessionFactory.create(
        visitor=identity.visitor, started_at="2016-10-10T20:00:00Z", room_ids=[room.id]
    )
    post(as_integrator, org_url, matches(goal, room, "first", 1))
    post(as_integrator, org_url, matches(goal, room, "first-nobody", 1, if_unmatched="hold"))
    if analyzed_at == 1:
        analyze()
    for start in range(0, ROWS, 500):
        sessions = [
            {
                "visitor_session_id": f"visit-{number}", "visitor_id": f"visitor-{number}",
                "started_at": "2016-10-10T20:00:00Z", "rooms": ids(room),
                "visitor_identity": f"customer-{number}",
            }
            for number in range(start, start + 500)
        ]  # fmt: skip
        post(as_integrator, org_url, ("visitor_sessions", sessions))
        post(as_integrator, org_url, matches(goal, room, "customer", 500, start))
        post(as_integrator, org_url, matches(goal, room, "nobody", 500, start, if_unmatched="hold"))
        if analyzed_at == start + 500:
            analyze()


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(TABLES)}")


def matches(goal, room, who, count, start=0, **more) -> tuple[str, list[dict[str, Any]]]:
    return "matches", [
        {
            "goal_id": str(goal.id), "visitor_identity": who if count == 1 else f"{who}-{number}",
            "goal_matched_at": "2016-10-10T22:00:49Z", "rooms": ids(room), "external_id": f"{who}-{number}",
            **more,
        }
        for number in range(start, start + count)
    ]  # fmt: skip


def post(client, org_url, batch) -> None:
    name, items = batch
    path = "matches/batch" if name == "matches" else f"{name}/batch"
    response = client.post(f"{org_url}/{path}", {name: items})
    assert response.status_code == 200, response.content
    assert response.json()["summary"]["failed"] == 0, response.json()["results"][:3]


def batches(goal, room) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    numbers = range(BATCH)
    return {
        "matches": ("matches", [each | {"external_id": f"new-{number}"}
                                for number, each in enumerate(matches(goal, room, "customer", BATCH)[1])]),
        "holds": matches(goal, room, "later", BATCH, if_unmatched="hold"),
        "sessions": ("visitor_sessions", [
            {"visitor_session_id": f"new-{number}", "visitor_id": f"visitor-{number}",
             "started_at": "2016-10-10T21:00:00Z", "rooms": [], "visitor_identity": f"customer-{number}"}
            for number in numbers]),
        "identities": ("visitor_identities", [
            {"visitor_identity": f"customer-{number}", "visitor_id": f"phone-{number}"}
            for number in numbers]),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("analyzed_at", "kinds"),
    [(500, ("matches", "holds", "sessions", "identities")), (1, ("holds", "sessions", "identities"))],
)
def test_a_batch_reads_no_more_than_it_asks_for(analyzed_at, kinds, fill, as_integrator, org_url, goal, room):
    fill(analyzed_at)
    read = {}
    for kind in kinds:
        before = fetched()
        with transaction.atomic():
            post(as_integrator, org_url, batches(goal, room)[kind])
            transaction.set_rollback(True)
        read[kind] = fetched() - before

    # A few rows an item, and by one-row statistics perhaps a whole table once for all of them; a wrong index
    # would read all 2,000 for each.
    most = BATCH * 50 if analyzed_at > 1 else ROWS * 5
    assert {kind: rows for kind, rows in read.items() if rows >= most} == {}
    assert read["identities"] > 0  # it is counted indeed


def test_batches_on_one_connection_never_get_a_plan_for_all_of_them(as_integrator, org_url, goal, room, fill):
    """After five runs PostgreSQL would take one made for it knows not how many rows, five times as slow."""
    fill(500)
    for number in range(10):
        name, sessions = batches(goal, room)["sessions"]
        sessions = [
            each | {"visitor_session_id": f"{each['visitor_session_id']}-{number}"} for each in sessions
        ]
        post(as_integrator, org_url, (name, sessions))

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = [statement for (statement,) in cursor.fetchall()]
    # Those that write a batch are sent whole, so no plan of theirs can be kept.
    assert prepared
    assert [each for each in prepared if "unnest" in each and "INSERT INTO matching_visitor" in each] == []


def test_what_is_posted_alone_has_plans_that_are_kept(as_integrator, org_url, goal, room, fill):
    """To plan one anew takes longer than to run it, so PostgreSQL must find the plan for all as cheap."""
    before = plans()  # other tests have used this connection
    fill(500)
    with connection.cursor() as cursor:  # as if there were many: only then would one plan for all look bad
        cursor.execute("UPDATE pg_class SET reltuples = 10000000 WHERE relname LIKE 'matching_%'")
    for number in range(12):
        session = {
            "visitor_session_id": f"alone-{number}", "visitor_id": f"alone-{number}",
            "started_at": "2016-10-10T21:00:00Z", "rooms": [], "visitor_identity": f"alone-{number}",
        }  # fmt: skip
        assert as_integrator.post(f"{org_url}/visitor_sessions", session).status_code == 201
        identity = {
            "visitor_identity": f"more-{number}", "visitor_id": f"alone-{number}",
            "visitor_session_id": f"alone-{number}",
        }  # fmt: skip
        assert as_integrator.post(f"{org_url}/visitor_identities", identity).status_code == 201
        _, [match] = matches(goal, room, "first", 1, number)
        url = f"{org_url}/goals/{match.pop('goal_id')}/matches"
        match["external_id"] = f"alone-{number}"
        assert as_integrator.post(url, match).status_code == 200

    counts = plans()
    counts.subtract(before)
    used = {
        statement: (counts[statement, "generic"], counts[statement, "custom"])
        for statement, _ in counts
        if counts[statement, "generic"] + counts[statement, "custom"] > 10
    }
    assert len(used) >= 5  # those that find a caller, alone and with facts, and write each kind
    # Five are planned anew at least; a look at the tables in between may make it one more.
    assert [statement for statement, (generic, custom) in used.items() if custom > generic] == []


def plans() -> Counter[tuple[str, str]]:
    """How often each statement of the connection was run by the plan for all, and by one of its own."""
    counts: Counter[tuple[str, str]] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE name LIKE 'goalsvc%'"
        )
        for statement, generic, custom in cursor.fetchall():
            counts[statement, "generic"] += generic
            counts[statement, "custom"] += custom
    return counts


def test_what_is_posted_alone_reads_little_by_plans_kept_from_an_empty_database(
    as_integrator, organization, org_url, goal, room
):
    VisitorIdentityFactory.create(organization=organization, identity="first")
    post(as_integrator, org_url, matches(goal, room, "first-nobody", 1, if_unmatched="hold"))
    analyze()

    def report(name: str) -> int:
        session = {
            "visitor_session_id": name, "visitor_id": name, "started_at": "2016-10-10T21:00:00Z",
            "rooms": [], "visitor_identity": name,
        }  # fmt: skip
        before = fetched()
        assert as_integrator.post(f"{org_url}/visitor_sessions", session).status_code == 201
        return fetched() - before

    for number in range(12):  # then plans are kept
        report(f"early-{number}")
    post(as_integrator, org_url, matches(goal, room, "nobody", 1000, if_unmatched="hold"))
    identities = [{"visitor_identity": f"customer-{n}", "visitor_id": f"visitor-{n}"} for n in range(1000)]
    post(as_integrator, org_url, ("visitor_identities", identities))

    assert 0 < report("late") < 5000  # perhaps a whole table once; not one for each row of another
