"""How many statements a request takes: few, and as many for many rows as for one.

A token's first use in an hour writes once more; so each test lets the client call once beforehand.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goalsvc.replica.models import LatestWrite
from goalsvc.replica.standby import standby
from tests.api.endpoints import goal_body, identity_body, match_body, session_body
from tests.api.test_pages import LISTS, make_rows
from tests.factories import (
    GoalFactory,
    PendingMatchFactory,
    RoomFactory,
    UserFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

AFTERWARDS = datetime(2016, 10, 11, tzinfo=UTC)


@pytest.fixture
def warm(as_manager):
    as_manager.get("/api/v5/users/me")
    return as_manager


def test_the_caller_takes_two_statements(warm, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert warm.get("/api/v5/users/me").status_code == 200


def test_a_refusal_for_the_organization_takes_one_statement(
    warm, other_organization, django_assert_num_queries
):
    with django_assert_num_queries(1):
        assert warm.get(f"/api/v5/orgs/{other_organization.id}/goals").status_code == 403


@pytest.mark.parametrize("rows", [0, 1, 30])
@pytest.mark.parametrize("listed", LISTS, ids=str)
def test_a_list_takes_few_statements(listed, rows, warm, organization, org_url, django_assert_num_queries):
    make_rows(listed, organization, list(range(rows)))

    # Caller, rows; where there may be millions, begin, how to plan and commit too.
    with django_assert_num_queries(2 if listed.path in {"rooms", "goals"} else 5):
        assert len(warm.get(f"{org_url}/{listed.path}").json()["results"]) == rows


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(
    ("path", "query", "statements"),
    [
        ("matches", "visitor_identity=customer-12345678", 5),  # by an index, as without a filter
        ("matches", "matched_from=2016-01-01T00:00:00Z", 6),  # where the rows are, then the rows
        ("matches", "visitor_identity=customer-12345678&matched_from=2016-01-01T00:00:00Z", 6),
        ("pending_matches", "status=pending", 6),
        ("visitor_identities", "visitor_session_id=none", 6),  # the session first; no rows then
        ("visitor_sessions", "visitor_identity=none", 5),
    ],
)
def test_a_filtered_list_takes_few_statements(
    path, query, statements, rows, warm, organization, org_url, django_assert_num_queries
):
    [listed] = [each for each in LISTS if each.path == path]
    make_rows(listed, organization, list(range(rows)))

    with django_assert_num_queries(statements):
        assert warm.get(f"{org_url}/{path}?{query}").status_code == 200


def test_a_list_of_goals_of_many_people_and_rooms_takes_two_statements(
    warm, organization, org_url, django_assert_num_queries
):
    rooms = RoomFactory.create_batch(3, organization=organization)
    for _ in range(5):
        user, other = UserFactory.create_batch(2, organization=organization)
        GoalFactory.create(rooms=rooms, created_by=user, updated_by=other)

    with django_assert_num_queries(2):
        assert len(warm.get(f"{org_url}/goals").json()["results"]) == 5


@pytest.mark.parametrize(("route", "statements"), [("room-detail", 2), ("goal-detail", 1)])
def test_a_detail_takes_few_statements(route, statements, warm, place, django_assert_num_queries):
    with django_assert_num_queries(statements):  # a goal is read along with the caller
        assert warm.get(place.url(route)).status_code == 200


@pytest.mark.parametrize("rooms", [1, 40])
def test_creating_a_goal_takes_as_many_statements_however_many_rooms(
    rooms, warm, place, organization, django_assert_num_queries
):
    ids = [str(room.id) for room in RoomFactory.create_batch(rooms, organization=organization)]

    # Token; begin, rooms, goal, allowed rooms, history, commit; the goal as it stands.
    with django_assert_num_queries(8):
        body = goal_body(place) | {"allowed_rooms": ids}
        assert len(warm.post(place.url("goal-list"), body).json()["allowed_rooms"]) == rooms


@pytest.mark.parametrize("rooms", [1, 40])
@pytest.mark.parametrize("method", ["put", "patch"])
def test_changing_a_goal_takes_as_many_statements_however_many_rooms(
    method, rooms, warm, place, organization, django_assert_num_queries
):
    ids = [str(room.id) for room in RoomFactory.create_batch(rooms, organization=organization)]

    # Token; begin, goal locked, rooms, goal, allowed rooms out and in, history, the goal as it stands,
    # commit.
    with django_assert_num_queries(10):
        body = goal_body(place) | {"allowed_rooms": ids}
        assert len(getattr(warm, method)(place.url("goal-detail"), body).json()["allowed_rooms"]) == rooms


@pytest.mark.parametrize("size", [1, 20])
def test_a_match_takes_two_statements(size, warm, place, organization, django_assert_num_queries):
    rooms = RoomFactory.create_batch(size, organization=organization)
    for _ in range(size):
        identity = VisitorIdentityFactory.create(organization=organization, identity="somebody")
        VisitorSessionFactory.create_batch(
            size, visitor=identity.visitor, room_ids=[room.id for room in rooms]
        )
    goal = GoalFactory.create(rooms=rooms)
    body = match_body(place) | {"visitor_identity": "somebody", "rooms": [str(room.id) for room in rooms]}
    url = f"/api/v5/orgs/{organization.id}/goals/{goal.id}/matches"

    with django_assert_num_queries(2):  # caller and facts, match
        assert len(warm.post(url, body).json()["rooms"]) == size
    with django_assert_num_queries(2):
        assert warm.post(url, body | {"external_id": "receipt-1"}).status_code == 200


@pytest.mark.parametrize(("identity", "statements"), [("somebody", 3), ("nobody", 4)])
def test_a_refused_match_takes_few_statements(
    identity, statements, warm, place, organization, django_assert_num_queries
):
    known = VisitorIdentityFactory.create(organization=organization, identity="somebody")
    VisitorSessionFactory.create(visitor=known.visitor, started_at=AFTERWARDS)
    body = match_body(place) | {
        "visitor_identity": identity,
        "goal_matched_at": str(AFTERWARDS - timedelta(hours=1)),
    }

    # Caller and facts, the reason, of an unknown identity those that resemble it, the attempt.
    with django_assert_num_queries(statements):
        assert warm.post(place.url("goal-match-list"), body).json()["code"] == "session_not_found"


@pytest.mark.parametrize("is_anything_pending", [False, True])
@pytest.mark.parametrize("status", [201, 200])
def test_an_identity_takes_two_statements(
    status, is_anything_pending, warm, place, organization, django_assert_num_queries
):
    body = identity_body(place) | {"visitor_session_id": "session-of-mine"}
    if status == 200:
        warm.post(place.url("visitor-identity-list"), body)
    if is_anything_pending:
        PendingMatchFactory.create(organization=organization, visitor_identity="somebody else")

    with django_assert_num_queries(2):  # caller, identity with its visitor
        assert warm.post(place.url("visitor-identity-list"), body).status_code == status


@pytest.mark.parametrize("is_anything_pending", [False, True])
@pytest.mark.parametrize("rooms", [1, 40])
@pytest.mark.parametrize("status", [201, 200])
def test_a_session_takes_two_statements(
    status, rooms, is_anything_pending, warm, place, organization, django_assert_num_queries
):
    ids = [str(room.id) for room in RoomFactory.create_batch(rooms, organization=organization)]
    body = session_body(place) | {"rooms": ids, "visitor_identity": "somebody"}
    if status == 200:
        warm.post(place.url("visitor-session-list"), body)
    if is_anything_pending:
        PendingMatchFactory.create(organization=organization, visitor_identity="somebody else")

    with django_assert_num_queries(2):  # caller, session with its visitor and identity
        assert warm.post(place.url("visitor-session-list"), body).status_code == status


def test_where_there_is_no_replica_nothing_is_asked_or_noted_for_one(warm, place):
    with CaptureQueriesContext(connection) as captured:
        assert warm.post(place.url("goal-match-list"), match_body(place)).status_code == 200
        assert warm.get(place.url("match-list")).status_code == 200
    assert [each["sql"] for each in captured if LatestWrite._meta.db_table in each["sql"]] == []
    assert not any("replica" in name for name in settings.MIDDLEWARE)


def test_where_there_is_a_replica_a_write_is_noted_now_and_then(
    warm, place, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(standby, "is_configured", True)
    for statements in (3, 2, 2):  # caller and facts, match; the first time, that there was a write
        with django_assert_num_queries(statements):
            assert warm.post(place.url("goal-match-list"), match_body(place)).status_code == 200
    assert LatestWrite.objects.get().organization_id == place.organization_id
