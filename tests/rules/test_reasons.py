"""Why a match was refused: the facts that its sender can act on, and nobody else's."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import Any

import pytest

from tests.factories import (
    GoalFactory,
    RoomFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    ids,
)

CUSTOMER = "customer-12345678"
MATCHED_AT = "2016-10-10T22:00:49.123Z"


@dataclass(frozen=True)
class Case:
    message: str
    visitors: int = 1
    sessions: list[str] = field(default_factory=list)  # when they begin, of the visitors in turn
    earliest: str | None = None
    following: str | None = None
    seconds: float | None = None
    slip: int | None = None
    ends: list[str | None] = field(default_factory=list)  # when those sessions end, if known


def first_session(
    message: str, started_at: str, seconds: float, slip: int | None = None, ends: str | None = None
) -> Case:
    moment = started_at if "." in started_at else started_at.replace("Z", ".000Z")
    return Case(f"The first session began {message}.", 1, [started_at], moment, moment, seconds, slip, [ends])


def within(hours: str) -> str:
    """What is added when the moment, so much later, would lie within the session."""
    return (
        f"after goal_matched_at. It would have matched if goal_matched_at were {hours} later, "
        "as with a time zone slip"
    )


TIME_ZONE = "after goal_matched_at: perhaps a local time was sent as UTC"
CASES = {
    "nobody knows the identity": Case(
        "The identity is unknown: it has not been submitted for any visitor yet.", visitors=0
    ),
    "no visitor has a session": Case(
        "The identity is known, but its visitors have no session yet.", visitors=2
    ),
    "it began at that instant": first_session(
        "at exactly goal_matched_at; it must begin before", MATCHED_AT, 0.0
    ),
    "a microsecond later": first_session(
        "less than a second after goal_matched_at", "2016-10-10T22:00:49.123001Z", 0.0
    ),
    "a second later": first_session("1 second after goal_matched_at", "2016-10-10T22:00:50.123Z", 1.0),
    "minutes later": first_session(
        "2 minutes and 1 second after goal_matched_at", "2016-10-10T22:02:50.123Z", 121.0
    ),
    "an hour later, exactly": first_session(
        f"exactly 1 hour {TIME_ZONE}", "2016-10-10T23:00:49.123Z", 3600.0, 1
    ),
    "three hours later, exactly": first_session(
        f"exactly 3 hours {TIME_ZONE}", "2016-10-11T01:00:49.123Z", 10800.0, 3
    ),
    "three hours later, but for a millisecond": first_session(
        "3 hours after goal_matched_at", "2016-10-11T01:00:49.124Z", 10800.001
    ),
    "as many hours later as time zones are apart": first_session(
        f"exactly 26 hours {TIME_ZONE}", "2016-10-12T00:00:49.123Z", 93600.0, 26
    ),
    "more hours later than time zones are apart": first_session(
        "1 day and 3 hours after goal_matched_at", "2016-10-12T01:00:49.123Z", 97200.0
    ),
    "an hour would lead into the session": first_session(
        f"40 minutes {within('1 hour')}", "2016-10-10T22:40:49.123Z", 2400.0, ends="2016-10-10T23:10:49.123Z"
    ),
    "two hours would lead into the session, to its very end": first_session(
        f"1 hour and 40 minutes {within('2 hours')}",
        "2016-10-10T23:40:49.123Z",
        6000.0,
        ends="2016-10-11T00:00:49.123Z",
    ),
    "two hours would lead to just after the session": first_session(
        "1 hour and 40 minutes after goal_matched_at",
        "2016-10-10T23:40:49.123Z",
        6000.0,
        ends="2016-10-11T00:00:49.122Z",
    ),
    "of several whole hours the fewest are named": first_session(
        f"2 hours and 59 minutes {within('3 hours')}",
        "2016-10-11T00:59:49.123Z",
        10740.0,
        ends="2016-10-11T09:00:00Z",
    ),
    "fourteen hours would lead into the session": first_session(
        f"13 hours and 40 minutes {within('14 hours')}",
        "2016-10-11T11:40:49.123Z",
        49200.0,
        ends="2016-10-11T12:40:49.123Z",
    ),
    "fifteen hours are no time zone": first_session(
        "14 hours and 40 minutes after goal_matched_at",
        "2016-10-11T12:40:49.123Z",
        52800.0,
        ends="2016-10-11T13:40:49.123Z",
    ),
    "whole hours, exactly, and the session goes on": first_session(
        f"exactly 2 hours {TIME_ZONE}", "2016-10-11T00:00:49.123Z", 7200.0, 2, ends="2016-10-11T04:00:00Z"
    ),
    "it began at that instant and went on for hours": first_session(
        "at exactly goal_matched_at; it must begin before", MATCHED_AT, 0.0, ends="2016-10-11T04:00:00Z"
    ),
    "the end of the first session counts, not another's": Case(
        "The first session began 40 minutes after goal_matched_at.",
        visitors=2,
        sessions=["2016-10-10T22:40:49.123Z", "2016-10-10T22:50:49.123Z"],
        earliest="2016-10-10T22:40:49.123Z",
        following="2016-10-10T22:40:49.123Z",
        seconds=2400.0,
        ends=["2016-10-10T22:45:49.123Z", "2016-10-10T23:30:49.123Z"],
    ),
    "of several the first one counts": Case(
        f"The first session began exactly 2 hours {TIME_ZONE}.",
        visitors=2,
        sessions=["2016-10-12T00:00:00Z", "2016-10-11T00:00:49.123Z", "2016-10-11T09:00:00Z"],
        earliest="2016-10-11T00:00:49.123Z",
        following="2016-10-11T00:00:49.123Z",
        seconds=7200.0,
        slip=2,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_session_not_found_says_what_is_known_of_the_identity(case, as_integrator, url, body, organization):
    visitors = VisitorFactory.create_batch(case.visitors, organization=organization)
    for visitor in visitors:
        VisitorIdentityFactory.create(visitor=visitor, identity=CUSTOMER)
    for number, (started_at, ended_at) in enumerate(zip_longest(case.sessions, case.ends)):
        VisitorSessionFactory.create(
            visitor=visitors[number % case.visitors], started_at=started_at, ended_at=ended_at
        )

    response = as_integrator.post(url, body)

    assert response.status_code == 404
    reason = response.json()["reason"]
    # Milliseconds are what answers show: of the microsecond only the message tells.
    expected_moments = [text and text[:23] + "Z" for text in (case.earliest, case.following)]
    assert reason == {
        "message": case.message,
        "is_identity_known": case.visitors > 0,
        "visitor_count": case.visitors,
        "earliest_session_started_at": expected_moments[0],
        "next_session_started_at": expected_moments[1],
        "next_session_starts_after_seconds": case.seconds,
        "time_zone_slip_hours": case.slip,
    }
    assert response.json() == {
        "detail": "No session of this visitor identity started before goal_matched_at.",
        "code": "session_not_found",
        "reason": reason,
    }


def test_no_connected_rooms_says_which_session_was_chosen_and_its_rooms(
    as_integrator, url, body, organization, room, second_room
):
    visitor = VisitorFactory.create(organization=organization, visitor_id="phone")
    VisitorIdentityFactory.create(visitor=visitor, identity=CUSTOMER)
    for hour in (18, 20, 23):  # before it, chosen, after
        VisitorSessionFactory.create(
            visitor=visitor,
            visitor_session_id=f"at {hour}",
            started_at=datetime.fromisoformat(f"2016-10-10T{hour}:00:00+00:00"),
            room_ids=[second_room.id if hour == 20 else room.id],
        )

    response = as_integrator.post(url, body)

    assert (response.status_code, response.json()) == (
        404,
        {
            "detail": "The latest session before goal_matched_at was in none of the rooms that count.",
            "code": "no_connected_rooms",
            "reason": {
                "message": "The chosen session was in none of the posted rooms that the goal allows.",
                "visitor_id": "phone",
                "visitor_session_id": "at 20",
                "session_started_at": "2016-10-10T20:00:00.000Z",
                "session_rooms": ids(second_room),
                "posted_rooms": ids(room),
                "is_any_room_allowed": True,
                "allowed_rooms": [],
            },
        },
    )


@pytest.fixture
def visitor(organization):
    visitor = VisitorFactory.create(organization=organization, visitor_id="phone")
    VisitorIdentityFactory.create(visitor=visitor, identity=CUSTOMER)
    return visitor


def reason_of(response: Any) -> Any:
    assert response.json()["code"] == "no_connected_rooms"
    return response.json()["reason"]


def test_a_session_in_no_room_at_all_is_said_to_be(as_integrator, url, body, visitor):
    VisitorSessionFactory.create(visitor=visitor)

    reason = reason_of(as_integrator.post(url, body))

    assert reason["message"] == "The chosen session was in no room at all, as far as is known."
    assert reason["session_rooms"] == []


def test_rooms_that_the_goal_does_not_allow_are_said_to_be_so(
    as_integrator, org_url, body, visitor, room, second_room
):
    goal = GoalFactory.create(rooms=[second_room])
    VisitorSessionFactory.create(visitor=visitor, room_ids=[room.id])

    reason = reason_of(
        as_integrator.post(f"{org_url}/goals/{goal.id}/matches", body | {"rooms": ids(room, second_room)})
    )

    assert reason["message"] == "The chosen session was only in posted rooms that the goal does not allow."
    assert (reason["is_any_room_allowed"], reason["allowed_rooms"]) == (False, ids(second_room))
    assert reason["posted_rooms"] == ids(room, second_room)


@pytest.mark.parametrize("code", ["session_not_found", "no_connected_rooms"])
def test_what_another_organization_knows_of_the_same_names_is_not_told(
    code, as_integrator, url, body, organization, other_organization, foreign_room, room, second_room
):
    """Once with everything doubled in another organization, once without: the same answer."""
    if code == "no_connected_rooms":
        visitor = VisitorFactory.create(organization=organization, visitor_id="phone")
        VisitorIdentityFactory.create(visitor=visitor, identity=CUSTOMER)
        VisitorSessionFactory.create(
            visitor=visitor,
            visitor_session_id="a",
            started_at="2016-10-10T20:00:00Z",
            room_ids=[second_room.id],
        )
    alone = as_integrator.post(url, body)

    theirs = VisitorFactory.create(organization=other_organization, visitor_id="phone")
    VisitorIdentityFactory.create(visitor=theirs, identity=CUSTOMER)
    for hour in ("19", "21", "23"):
        VisitorSessionFactory.create(
            visitor=theirs, started_at=f"2016-10-10T{hour}:00:00Z", room_ids=[foreign_room.id]
        )

    assert as_integrator.post(url, body).content == alone.content
    assert alone.json()["code"] == code


def test_a_reason_costs_one_statement_and_only_where_it_is_given(
    as_integrator, url, body, visitor, second_room, django_assert_num_queries
):
    as_integrator.get("/api/v5/users/me")

    with django_assert_num_queries(3):  # caller and facts, reasons, attempt
        assert as_integrator.post(url, body).json()["code"] == "session_not_found"

    VisitorSessionFactory.create(visitor=visitor, room_ids=[second_room.id])
    with django_assert_num_queries(2):  # caller and facts, attempt: the facts are in the first
        assert as_integrator.post(url, body).json()["code"] == "no_connected_rooms"
    with django_assert_num_queries(2):  # caller and facts, match
        assert as_integrator.post(url, body | {"rooms": ids(second_room)}).status_code == 200


def test_identities_with_many_visitors_and_sessions_cost_the_same(
    as_integrator, url, body, organization, django_assert_num_queries
):
    for visitor in VisitorFactory.create_batch(20, organization=organization):
        VisitorIdentityFactory.create(visitor=visitor, identity=CUSTOMER)
        VisitorSessionFactory.create(visitor=visitor, started_at="2016-10-11T20:00:00Z")
        VisitorSessionFactory.create(visitor=visitor, started_at="2016-10-12T20:00:00Z")
    as_integrator.get("/api/v5/users/me")

    with django_assert_num_queries(3):
        assert as_integrator.post(url, body).json()["reason"]["visitor_count"] == 20


def test_other_refusals_have_no_reason(as_integrator, url, body, visitor, room):
    VisitorSessionFactory.create(visitor=visitor, room_ids=[room.id])

    unknown = as_integrator.post(url, body | {"rooms": ids(RoomFactory.create())})

    assert set(unknown.json()) == {"rooms"}


@pytest.mark.parametrize(
    ("change", "differing"),
    [
        ({"goal_value": 1}, ["goal_value"]),
        ({"visitor_identity": "customer-23456789"}, ["visitor_identity"]),
        ({"goal_matched_at": "2016-10-11T22:00:49.123Z", "goal_value": 1}, ["goal_matched_at", "goal_value"]),
    ],
)
@pytest.mark.parametrize("is_held", [False, True])
def test_a_conflict_names_what_the_external_id_stands_for_and_what_differs(
    is_held, change, differing, as_integrator, url, body, visitor, room
):
    if not is_held:
        VisitorSessionFactory.create(visitor=visitor, room_ids=[room.id])
    event = body | {"external_id": "receipt-1", "if_unmatched": "hold"}
    first = as_integrator.post(url, event)
    assert first.status_code == (202 if is_held else 200)

    conflict = as_integrator.post(url, event | change)

    assert (conflict.status_code, conflict.json()["code"]) == (409, "external_id_conflict")
    what, key, way_out = (
        ("held match", "pending_match_id", "DELETE …/pending_matches/<pending_match_id> gives it up")
        if is_held
        else ("match", "match_id", "PATCH …/matches/<match_id> corrects its value")
    )
    assert conflict.json()["reason"] == {
        "message": (
            f"It stands for a {what} in which {', '.join(differing)} differ{'s' * (len(differing) == 1)}. "
            f"{way_out}; another event needs another external_id."
        ),
        key: first.json()["id"],
        "differing_attributes": differing,
    }
