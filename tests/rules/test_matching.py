"""The matching rule: which session a match links to, in which rooms, with which value."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from matching.models import ExternalMatch
from tests.factories import (
    GoalFactory,
    RoomFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    ids,
)

MATCHED_AT = "2016-10-10T22:00:49.123Z"
NO_SESSION = "No session of this visitor identity started before goal_matched_at."


def at(text: str) -> datetime:
    """A moment of the day of the match."""
    return datetime.fromisoformat(f"2016-10-10T{text}+00:00")


# Step 1: the session. Identity "customer" is that of the phone and the laptop; the neighbour carries another.


@dataclass(frozen=True)
class Session:
    started_at: str
    visitor: str = "phone"
    ended_at: str | None = None
    pk: int | None = None
    is_in_the_room: bool = True


@dataclass(frozen=True)
class Case:
    sessions: dict[str, Session] = field(default_factory=dict)
    chosen: str | None = None  # None: 404 session_not_found


CASES = {
    "there is no session": Case(),
    "one before": Case({"a": Session("20:00:00")}, "a"),
    "one a microsecond before": Case({"a": Session("22:00:49.122999")}, "a"),
    "one at the same instant": Case({"a": Session("22:00:49.123")}),
    "one a microsecond after": Case({"a": Session("22:00:49.123001")}),
    "one after": Case({"a": Session("23:00:00")}),
    "the latest of several": Case(
        {"a": Session("18:00:00"), "b": Session("20:00:00"), "c": Session("19:00:00")}, "b"
    ),
    "one before and one at the same instant": Case(
        {"a": Session("20:00:00"), "b": Session("22:00:49.123")}, "a"
    ),
    "one before and one after": Case({"a": Session("20:00:00"), "b": Session("23:00:00")}, "a"),
    "a tie goes to the greater id": Case(
        {"a": Session("20:00:00", pk=2), "b": Session("20:00:00", pk=3), "c": Session("20:00:00", pk=1)}, "b"
    ),
    "still open": Case({"a": Session("20:00:00", ended_at=None)}, "a"),
    "ended long before": Case({"a": Session("08:00:00", ended_at="08:05:00")}, "a"),
    "running at the moment": Case({"a": Session("20:00:00", ended_at="23:00:00")}, "a"),
    "the latest to start, not to end": Case(
        {"a": Session("19:00:00", ended_at="22:00:00"), "b": Session("20:00:00", ended_at="20:01:00")}, "b"
    ),
    "an ended one is preferred to an open earlier one": Case(
        {"a": Session("19:00:00"), "b": Session("20:00:00", ended_at="20:01:00")}, "b"
    ),
    "only of a visitor with another identity": Case({"a": Session("20:00:00", visitor="neighbour")}),
    "a later one of a visitor with another identity": Case(
        {"a": Session("20:00:00"), "b": Session("21:00:00", visitor="neighbour")}, "a"
    ),
    "only of a visitor without an identity": Case({"a": Session("20:00:00", visitor="unknown")}),
    "of the other visitor of the identity": Case({"a": Session("20:00:00", visitor="laptop")}, "a"),
    "the latest over both visitors of the identity": Case(
        {"a": Session("21:00:00"), "b": Session("21:30:00", visitor="laptop"), "c": Session("20:00:00")}, "b"
    ),
    "one visitor's before, the other's after": Case(
        {"a": Session("20:00:00"), "b": Session("23:00:00", visitor="laptop")}, "a"
    ),
    "a tie of two visitors goes to the greater id, the first one's": Case(
        {"a": Session("20:00:00", pk=2), "b": Session("20:00:00", visitor="laptop", pk=1)}, "a"
    ),
    "a tie of two visitors goes to the greater id, the second one's": Case(
        {"a": Session("20:00:00", pk=1), "b": Session("20:00:00", visitor="laptop", pk=2)}, "b"
    ),
    "only in another organization, of the same identity": Case({"a": Session("20:00:00", visitor="foreign")}),
    "a later one in another organization, of the same identity": Case(
        {"a": Session("20:00:00"), "b": Session("21:00:00", visitor="foreign")}, "a"
    ),
    "the latest, though in no room": Case(
        {"a": Session("20:00:00"), "b": Session("21:00:00", is_in_the_room=False)}, "b"
    ),
}


@pytest.fixture
def visitors(organization, other_organization):
    own, foreign = organization, other_organization
    visitors = {
        "phone": VisitorFactory.create(organization=own, visitor_id="phone"),
        "laptop": VisitorFactory.create(organization=own, visitor_id="laptop"),
        "neighbour": VisitorFactory.create(organization=own, visitor_id="neighbour"),
        "unknown": VisitorFactory.create(organization=own, visitor_id="unknown"),
        "foreign": VisitorFactory.create(organization=foreign, visitor_id="phone"),
    }
    for name in ("phone", "laptop", "foreign"):
        VisitorIdentityFactory.create(visitor=visitors[name], identity="customer")
    VisitorIdentityFactory.create(visitor=visitors["neighbour"], identity="neighbour")
    VisitorIdentityFactory.create(visitor=visitors["phone"], identity="also the phone's")
    return visitors


@pytest.fixture
def post(as_integrator, goal, room, org_url):
    """Post a match of the identity "customer" in the room; return the answer."""

    def post(*, to: Any = goal, **changes: Any) -> Any:
        body = {
            "visitor_identity": "customer",
            "goal_matched_at": MATCHED_AT,
            "rooms": ids(room),
            **changes,
        }
        return as_integrator.post(f"{org_url}/goals/{to.id}/matches", body)

    return post


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_match_links_to_the_latest_session_before_it(case, visitors, room, post):
    for name, session in case.sessions.items():
        given_pk = {"id": UUID(int=session.pk)} if session.pk is not None else {}
        VisitorSessionFactory.create(
            visitor=visitors[session.visitor],
            visitor_session_id=name,
            started_at=at(session.started_at),
            ended_at=at(session.ended_at) if session.ended_at else None,
            room_ids=[room.id] if session.is_in_the_room else [],
            **given_pk,
        )

    response = post()

    if case.chosen is None:
        assert response.status_code == 404
        assert response.json()["detail"] == NO_SESSION
        assert response.json()["code"] == "session_not_found"
        assert not ExternalMatch.objects.exists()
    elif case.sessions[case.chosen].is_in_the_room:
        assert response.status_code == 200, response.content
        assert response.json()["visitor_session_id"] == case.chosen
        assert response.json()["visitor_id"] == case.sessions[case.chosen].visitor
    else:  # chosen, and only then found to be elsewhere
        assert response.status_code == 404
        assert response.json()["code"] == "no_connected_rooms"


def test_each_identity_of_a_visitor_finds_its_sessions(visitors, room, post):
    VisitorSessionFactory.create(visitor=visitors["phone"], started_at=at("20:00:00"), room_ids=[room.id])

    assert post(visitor_identity="customer").status_code == 200
    assert post(visitor_identity="also the phone's").status_code == 200
    assert post(visitor_identity="Customer").json()["code"] == "session_not_found"
    assert post(visitor_identity="nobody").json()["code"] == "session_not_found"


def test_a_session_that_arrives_late_is_found_from_then_on(as_integrator, org_url, room, post):
    session = {
        "visitor_session_id": "late",
        "visitor_id": "phone",
        "started_at": "2016-10-10T20:00:00Z",
        "rooms": ids(room),
        "visitor_identity": "customer",
    }
    assert post().json()["code"] == "session_not_found"

    as_integrator.post(f"{org_url}/visitor_sessions", session)

    assert post().json()["visitor_session_id"] == "late"


def test_a_session_that_arrives_late_does_not_move_matches_that_were_made(
    as_integrator, org_url, visitors, room, post
):
    VisitorSessionFactory.create(
        visitor=visitors["phone"],
        visitor_session_id="early",
        started_at=at("19:00:00"),
        room_ids=[room.id],
    )
    made = post().json()

    VisitorSessionFactory.create(
        visitor=visitors["phone"], visitor_session_id="late", started_at=at("20:00:00"), room_ids=[room.id]
    )

    assert made["visitor_session_id"] == "early"
    [match] = ExternalMatch.objects.with_visitors()
    assert match.visitor_session_id == "early"
    assert post().json()["visitor_session_id"] == "late"


def test_an_identity_that_arrives_after_the_sessions_finds_them(
    as_integrator, org_url, room, post, organization
):
    visitor = VisitorFactory.create(organization=organization, visitor_id="phone")
    VisitorSessionFactory.create(visitor=visitor, started_at=at("20:00:00"), room_ids=[room.id])
    assert post().json()["code"] == "session_not_found"

    as_integrator.post(
        f"{org_url}/visitor_identities", {"visitor_identity": "customer", "visitor_id": "phone"}
    )

    assert post().status_code == 200


# Step 2: the rooms that count. Step 3: the connected rooms. A match in web shop, store and fair.


@dataclass(frozen=True)
class RoomCase:
    posted: str
    session: str
    allowed: str | None  # None: any room
    connected: str = ""
    unconnected: str = ""
    refusal: tuple[int, Any] | None = None


NO_CONNECTED = (
    404,
    {
        "detail": "The latest session before goal_matched_at was in none of the rooms that count.",
        "code": "no_connected_rooms",
    },
)
NOT_ALLOWED = (400, {"rooms": ["The goal is allowed in none of these rooms."]})
ROOM_CASES = {
    "any room allowed, the session in it": RoomCase("web", "web", None, "web"),
    "any room allowed, the session elsewhere": RoomCase("web", "store", None, refusal=NO_CONNECTED),
    "any room allowed, the session in no room": RoomCase("web", "", None, refusal=NO_CONNECTED),
    "any room allowed, the session in some": RoomCase(
        "web store fair", "store web", None, "web store", "fair"
    ),
    "the session in more than was posted": RoomCase("web", "web store fair", None, "web"),
    "in the order that was posted": RoomCase("fair web store", "web store fair", None, "fair web store"),
    "posted twice": RoomCase("web store web", "web", None, "web", "store"),
    "allowed": RoomCase("web", "web", "web", "web"),
    "allowed in some": RoomCase("web store", "web store", "web", "web", "store"),
    "allowed in others as well": RoomCase("web", "web", "web store fair", "web"),
    "allowed in none of the posted": RoomCase("web store", "web store", "fair", refusal=NOT_ALLOWED),
    "allowed in no room at all": RoomCase("web", "web", "", refusal=NOT_ALLOWED),
    "allowed where the session was not": RoomCase("web store", "store", "web", refusal=NO_CONNECTED),
    "allowed, connected, and neither": RoomCase(
        "web store fair", "web store", "web fair", "web", "store fair"
    ),
}


@pytest.mark.parametrize("case", ROOM_CASES.values(), ids=ROOM_CASES)
def test_a_match_is_in_the_posted_rooms_that_are_allowed_and_where_the_session_was(
    case, organization, visitors, post
):
    rooms = {name: RoomFactory.create(organization=organization) for name in ("web", "store", "fair")}

    def named(text: str) -> list[Any]:
        return [rooms[name] for name in text.split()]

    VisitorSessionFactory.create(
        visitor=visitors["phone"], started_at=at("20:00:00"), room_ids=[r.id for r in named(case.session)]
    )
    goal = GoalFactory.create(
        organization=organization, is_any_room_allowed=case.allowed is None, rooms=named(case.allowed or "")
    )

    response = post(to=goal, rooms=ids(*named(case.posted)))

    if case.refusal is None:
        assert response.status_code == 200, response.content
        assert response.json()["rooms"] == ids(*named(case.connected))
        assert response.json()["unconnected_rooms"] == ids(*named(case.unconnected))
    else:
        status, body = case.refusal
        assert response.status_code == status
        assert {name: response.json()[name] for name in body} == body
        assert not ExternalMatch.objects.exists()


def test_the_session_is_chosen_before_rooms_are_looked_at(visitors, room, second_room, post):
    VisitorSessionFactory.create(visitor=visitors["phone"], started_at=at("19:00:00"), room_ids=[room.id])
    VisitorSessionFactory.create(
        visitor=visitors["phone"], started_at=at("20:00:00"), room_ids=[second_room.id]
    )

    assert post(rooms=ids(room)).json()["code"] == "no_connected_rooms"
    assert post(rooms=ids(second_room)).status_code == 200


def test_no_session_is_said_before_rooms_that_do_not_count(visitors, room, second_room, post):
    goal = GoalFactory.create(rooms=[second_room])

    assert post(to=goal, rooms=ids(room)).json()["code"] == "session_not_found"
    VisitorSessionFactory.create(visitor=visitors["phone"], started_at=at("20:00:00"), room_ids=[room.id])
    assert post(to=goal, rooms=ids(room)).json() == {"rooms": ["The goal is allowed in none of these rooms."]}


def test_allowed_rooms_do_not_count_while_any_room_is_allowed(visitors, room, second_room, post):
    goal = GoalFactory.create(rooms=[second_room], is_any_room_allowed=True)
    VisitorSessionFactory.create(visitor=visitors["phone"], started_at=at("20:00:00"), room_ids=[room.id])

    assert post(to=goal, rooms=ids(room)).json()["rooms"] == ids(room)


def test_an_archived_room_of_the_session_is_no_room_to_post(visitors, organization, post):
    archived = RoomFactory.create(organization=organization, archived_at=at("00:00:00"))
    VisitorSessionFactory.create(visitor=visitors["phone"], started_at=at("20:00:00"), room_ids=[archived.id])

    response = post(rooms=ids(archived))

    assert response.status_code == 400
    assert response.json() == {"rooms": [f"{archived.id} is not a room of the organization."]}


# Step 4: the value.

NOTHING = object()


@pytest.mark.parametrize(
    ("sent", "default", "value", "source"),
    [
        ("123.45", "10.00", "123.45", "request"),
        (20, None, "20.00", "request"),
        (0, "10.00", "0.00", "request"),
        ("0.00", "10.00", "0.00", "request"),
        (-5.5, None, "-5.50", "request"),
        (NOTHING, "10.00", "10.00", "goal_default"),
        (None, "10.00", "10.00", "goal_default"),
        (NOTHING, "0.00", "0.00", "goal_default"),
        (NOTHING, None, None, "none"),
        (None, None, None, "none"),
    ],
)
def test_the_value_is_the_posted_one_else_the_goals_else_none(
    sent, default, value, source, organization, visitors, room, post
):
    VisitorSessionFactory.create(visitor=visitors["phone"], started_at=at("20:00:00"), room_ids=[room.id])
    goal = GoalFactory.create(organization=organization, default_value=Decimal(default) if default else None)

    response = post(to=goal, **({} if sent is NOTHING else {"goal_value": sent}))

    assert response.status_code == 200
    assert response.json()["goal_value"] == value
    assert response.json()["goal_value_source"] == source


def test_a_changed_default_value_does_not_change_matches_that_were_made(
    as_manager, organization, org_url, visitors, room, post
):
    VisitorSessionFactory.create(visitor=visitors["phone"], started_at=at("20:00:00"), room_ids=[room.id])
    goal = GoalFactory.create(organization=organization, default_value=Decimal("10.00"))
    post(to=goal)

    as_manager.patch(f"{org_url}/goals/{goal.id}", {"default_value": 20})
    post(to=goal)

    assert [match.goal_value for match in ExternalMatch.objects.order_by("id")] == [
        Decimal("10.00"),
        Decimal("20.00"),
    ]


def test_a_match_shows_when_its_session_had_begun_even_if_that_moves_later(
    as_integrator, org_url, visitors, room, post
):
    VisitorSessionFactory.create(
        visitor=visitors["phone"],
        visitor_session_id="a",
        started_at=datetime(2016, 10, 10, 20, 0, tzinfo=UTC),
        room_ids=[room.id],
    )
    post()

    earlier = {
        "visitor_session_id": "a",
        "visitor_id": "phone",
        "started_at": "2016-10-10T19:00:00Z",
        "rooms": [],
    }
    as_integrator.post(f"{org_url}/visitor_sessions", earlier)

    assert ExternalMatch.objects.get().session_started_at == at("20:00:00")
    assert post().json()["session_started_at"] == "2016-10-10T19:00:00.000Z"
