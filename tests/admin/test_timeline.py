"""The sessions of an identity around an event: which was chosen, and why not the others."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from goals.models import Goal
from goalsvc.orgs.models import Organization, Room, User
from matching.admin.choice import in_short
from matching.admin.timeline import LEFT, RIGHT, places_of, points_left
from matching.models import ExternalMatch, MatchAttempt, Visitor, VisitorIdentity, VisitorSession
from matching.visitors import timeline
from matching.visitors.timeline import sessions_around
from tests.admin.samples import make_attempt, words
from tests.factories import (
    ExternalMatchFactory,
    PendingMatchFactory,
    RoomFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    ids,
)

IDENTITY = "customer-12345678"
EVENT = datetime(2016, 10, 10, 14, tzinfo=UTC)
TRIED = datetime(2016, 10, 11, 6, tzinfo=UTC)
TITLE = "The identity's sessions around the event"


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


@pytest.fixture
def laptop(organization: Organization) -> Visitor:
    visitor = VisitorFactory.create(organization=organization, visitor_id="laptop")
    VisitorIdentityFactory.create(visitor=visitor, identity=IDENTITY)
    return visitor


@pytest.fixture
def phone(organization: Organization) -> Visitor:
    visitor = VisitorFactory.create(organization=organization, visitor_id="phone")
    VisitorIdentityFactory.create(visitor=visitor, identity=IDENTITY)
    return visitor


def begin(visitor: Visitor, name: str, before_event: timedelta, **attributes: Any) -> VisitorSession:
    """A session that began so long before the event."""
    return VisitorSessionFactory.create(
        visitor=visitor, visitor_session_id=name, started_at=EVENT - before_event, **attributes
    )


def match_of(session: VisitorSession, **attributes: Any) -> ExternalMatch:
    return ExternalMatchFactory.create(
        **{"session": session, "visitor_identity": IDENTITY, "goal_matched_at": EVENT, **attributes}
    )


def attempt_of(goal: Goal, code: str = "session_not_found", **attributes: Any) -> MatchAttempt:
    event = {"visitor_identity": IDENTITY, "goal_matched_at": EVENT, "created_at": TRIED}
    return make_attempt(goal.organization, goal=goal, code=code, **{**event, **attributes})


def page_of(row: Any) -> str:
    return f"/admin/matching/{row._meta.model_name}/{row.pk}/change/"


def section(client: Client, row: Any) -> str:
    """The words of the section, without those of the drawing."""
    response = client.get(page_of(row))
    response.content = re.sub(
        rb'<svg class="timeline".*(?=<figcaption)', b"", response.content, flags=re.DOTALL
    )
    return words(response).partition(TITLE)[2].partition(" History ")[0].partition(" Before it matched ")[0]


def lanes(client: Client, row: Any) -> list[tuple[str, str]]:
    """How each session is drawn: the kind of its lane and its label."""
    content = client.get(page_of(row)).content.decode()
    return re.findall(r'<g class="([^"]*)">.*?class="label"[^>]*>([^<]*)<', content, re.DOTALL)


# Matches.


def test_the_chosen_one_is_marked_among_all_that_the_identity_had(
    as_staff: Client, laptop: Visitor, phone: Visitor, room: Room
) -> None:
    begin(laptop, "early", hours(50))
    chosen = begin(phone, "chosen one", hours(1), ended_at=EVENT, room_ids=[room.pk])
    begin(laptop, "next", -hours(3), ended_at=EVENT + hours(4))
    begin(phone, "same moment", hours(0))
    match = match_of(chosen)
    assert section(as_staff, match) == (
        " Time line: Session 2 was chosen: it began 1 hour before the event. A dot is where a session began, "
        "its bar lasts to the end that is known. Not to scale: long gaps are drawn short. "
        "Moments are in UTC. "
        "No. Session Began Ended Before or after Rooms Chosen, or why not "
        "1 early of the visitor laptop 8 Oct 2016 12:00:00.000 UTC not known "
        "2 days and 2 hours before the event "
        "none Session 2 began later. "
        "2 chosen one of the visitor phone 10 Oct 2016 13:00:00.000 UTC 10 Oct 2016 14:00:00.000 UTC "
        "1 hour before the event Web shop (shop.example.com) "
        "Chosen: the latest that was known to begin before the event. "
        "The event: 10 Oct 2016 14:00:00.000 UTC "
        "3 same moment of the visitor phone 10 Oct 2016 14:00:00.000 UTC not known "
        "at the very moment of the event none "
        "It began at the very moment of the event; it must begin before. "
        "4 next of the visitor laptop 10 Oct 2016 17:00:00.000 UTC 10 Oct 2016 18:00:00.000 UTC "
        "3 hours after the event none It began after the event."
    )
    assert lanes(as_staff, match) == [
        ("before", "2 d 2 h before"),
        ("before chosen", "chosen, 1 h before"),
        ("later", "at that moment"),
        ("later", "3 h after"),
    ]
    content = as_staff.get(page_of(match)).content.decode()
    assert '<tr class="chosen">' in content
    for link in (f"visitorsession/{chosen.pk}", f"visitor/{phone.pk}"):
        assert f'href="/admin/matching/{link}/change/"' in content
    assert 'href="/static/matching/timeline.css"' in content


def test_one_that_became_known_later_is_told_from_an_earlier_one(
    as_staff: Client, laptop: Visitor, phone: Visitor
) -> None:
    chosen = begin(laptop, "chosen one", hours(2))
    begin(phone, "reported late", hours(1), created_at=TRIED + hours(1))
    text = section(as_staff, match_of(chosen))
    assert "It was not known yet when the match was tried, but from 11 Oct 2016 07:00:00.000 UTC on." in text
    assert "A later session has become known since the match was recorded" in text


def test_the_chosen_one_is_shown_however_many_are_nearer(as_staff: Client, laptop: Visitor) -> None:
    chosen = begin(laptop, "chosen one", hours(100))
    for number in range(8):
        begin(laptop, f"late {number}", hours(number + 1), created_at=TRIED + hours(1))
    text = section(as_staff, match_of(chosen))
    assert "1 chosen one of the visitor laptop" in text
    assert "Not shown: 2 more sessions before the event." in text
    assert "late 5" in text
    assert "late 6" not in text


def test_the_chosen_one_of_a_visitor_that_carries_the_identity_no_more_is_shown(
    as_staff: Client, laptop: Visitor
) -> None:
    chosen = begin(laptop, "chosen one", hours(2))
    match = match_of(chosen)
    VisitorIdentity.objects.all().delete()
    text = section(as_staff, match)
    assert "Session 1 was chosen: it began 2 hours before the event." in text
    assert "more session" not in text


def test_an_erased_match_says_so(as_staff: Client, laptop: Visitor) -> None:
    session = begin(laptop, "shared", hours(2))
    for match in (match_of(session, visitor_identity=None), match_of(session)):
        if match.visitor_identity:
            ExternalMatch.objects.filter(pk=match.pk).update(visitor_identity=None, session=None)
        text = section(as_staff, match)
        assert text.endswith(
            "The visitor identity has been erased, and with it what tied the match to sessions."
        )
        assert lanes(as_staff, match) == []


# What did not match.


def test_only_later_sessions_say_how_much_later(as_staff: Client, goal: Goal, laptop: Visitor) -> None:
    begin(laptop, "next", -hours(3))
    begin(laptop, "and another", -hours(30))
    for row in (
        attempt_of(goal),
        PendingMatchFactory.create(goal=goal, visitor_identity=IDENTITY, goal_matched_at=EVENT),
    ):
        text = section(as_staff, row)
        assert (
            "None was chosen: none began before the event. The nearest began 3 hours after the event." in text
        )
        assert "1 next of the visitor laptop" in text
        assert text.count("It began after the event.") == 2
        assert lanes(as_staff, row) == [("later", "3 h after"), ("later", "1 d 6 h after")]


def test_what_was_reported_after_the_attempt_says_so(
    as_staff: Client, goal: Goal, laptop: Visitor, phone: Visitor
) -> None:
    begin(laptop, "late", hours(1), created_at=TRIED + hours(1))
    begin(phone, "tied late", hours(2))
    VisitorIdentity.objects.filter(visitor=phone).update(created_at=TRIED + hours(2))
    text = section(as_staff, attempt_of(goal))
    assert "None was chosen: what began before the event was not known yet when the match was tried." in text
    for moment in ("07:00:00.000", "08:00:00.000"):
        assert f"It was not known yet when the match was tried, but from 11 Oct 2016 {moment} UTC on." in text


def no_connected_rooms(session: VisitorSession, posted: Room, **facts: Any) -> dict[str, Any]:
    return {
        "message": "The chosen session was in none of the posted rooms that the goal allows.",
        "visitor_session_id": session.visitor_session_id,
        "session_rooms": [str(room_id) for room_id in session.room_ids],
        "posted_rooms": ids(posted),
        "is_any_room_allowed": True,
        "allowed_rooms": [],
        **facts,
    }


def test_rooms_are_told_of_the_one_that_was_looked_at(
    as_staff: Client, goal: Goal, laptop: Visitor, room: Room, second_room: Room
) -> None:
    begin(laptop, "in the room", hours(5), room_ids=[room.pk])
    begin(laptop, "elsewhere", hours(4), room_ids=[second_room.pk])
    looked_at = begin(laptop, "looked at", hours(1), room_ids=[second_room.pk])
    begin(laptop, "later", -hours(1), room_ids=[room.pk])
    reason = no_connected_rooms(looked_at, room)
    for row in (
        attempt_of(goal, "no_connected_rooms", reason=reason),
        PendingMatchFactory.create(
            goal=goal,
            visitor_identity=IDENTITY,
            goal_matched_at=EVENT,
            code="no_connected_rooms",
            reason=reason,
            status="cancelled",
            resolved_at=TRIED,
        ),
    ):
        text = section(as_staff, row)
        for sentence in (
            "None was chosen: session 3, the latest before the event, was in no posted room that the goal "
            "allows. Earlier ones do not count.",
            "Web shop (shop.example.com) Session 3 began later, although it was in a room that counts.",
            "Store in Helsinki Session 3 began later. ",
            "Looked at as the latest before the event, but it was in no posted room that the goal allows.",
            "It began after the event.",
        ):
            assert sentence in text
        assert lanes(as_staff, row)[2] == ("before looked-at", "looked at, 1 h before")


@pytest.mark.parametrize(
    ("session_rooms", "facts", "fault"),
    [
        ([], {}, "was in no room, as far as is known"),
        (["room"], {"is_any_room_allowed": False}, "was in no posted room that the goal allows"),
        (["room"], {}, "was not known yet to be in a room that counts"),
    ],
)
def test_what_was_wrong_with_rooms(
    session_rooms: list[str],
    facts: dict[str, Any],
    fault: str,
    as_staff: Client,
    goal: Goal,
    laptop: Visitor,
    room: Room,
) -> None:
    looked_at = begin(laptop, "looked at", hours(1), room_ids=[room.pk] if session_rooms else [])
    attempt = attempt_of(goal, "no_connected_rooms", reason=no_connected_rooms(looked_at, room, **facts))
    assert f"session 1, the latest before the event, {fault}." in section(as_staff, attempt)


def test_one_that_was_looked_at_and_is_gone_is_not_guessed(
    as_staff: Client, goal: Goal, laptop: Visitor, room: Room
) -> None:
    begin(laptop, "other", hours(1))
    gone = VisitorSession(visitor_session_id="gone", room_ids=[])
    attempt = attempt_of(goal, "no_connected_rooms", reason=no_connected_rooms(gone, room))
    text = section(as_staff, attempt)
    assert "The session that was looked at then is not among these today." in text
    assert "The latest before the event, as is known today: the rule would take it." in text


def test_another_reason_than_sessions_is_named(as_staff: Client, goal: Goal, laptop: Visitor) -> None:
    begin(laptop, "early", hours(2))
    begin(laptop, "latest", hours(1))
    text = section(as_staff, attempt_of(goal, "external_id_conflict", reason={"message": "It stands for…"}))
    assert "It was not the sessions that stood against the match, but external_id_conflict." in text
    assert "Only the latest before the event counts." in text
    assert "The latest before the event, as is known today: the rule would take it." in text


@pytest.mark.parametrize("reason", [None, [], {"posted_rooms": {}, "visitor_session_id": 1}])
def test_an_odd_reason_is_no_crash(reason: Any, as_staff: Client, goal: Goal, laptop: Visitor) -> None:
    begin(laptop, "latest", hours(1))
    for code in ("no_connected_rooms", "too_many_pending"):
        assert "None was chosen" in section(as_staff, attempt_of(goal, code, reason=reason))


def test_no_sessions_are_told_in_words(as_staff: Client, goal: Goal) -> None:
    attempt = attempt_of(goal)
    assert "No visitor carries the identity, as far as is known today" in section(as_staff, attempt)
    VisitorIdentityFactory.create(organization=goal.organization, identity=IDENTITY)
    assert "1 visitor carries the identity, and no session of theirs is known." in section(as_staff, attempt)
    VisitorIdentityFactory.create(organization=goal.organization, identity=IDENTITY)
    assert "2 visitors carry the identity, and no session" in section(as_staff, attempt)
    assert lanes(as_staff, attempt) == []


@pytest.mark.parametrize("missing", ["visitor_identity", "goal_matched_at"])
def test_an_attempt_without_identity_or_moment_shows_nothing(
    missing: str, as_staff: Client, goal: Goal
) -> None:
    attempt = attempt_of(goal, "validation_error", **{missing: None})
    assert TITLE not in words(as_staff.get(page_of(attempt)))


def test_a_held_match_that_was_settled_shows_what_was_chosen(as_staff: Client, laptop: Visitor) -> None:
    match = match_of(begin(laptop, "chosen one", hours(1)))
    held = PendingMatchFactory.create(
        goal=match.goal,
        visitor_identity=IDENTITY,
        goal_matched_at=EVENT,
        status="matched",
        match=match,
        resolved_at=TRIED,
    )
    assert "Session 1 was chosen: it began 1 hour before the event." in section(as_staff, held)
    assert lanes(as_staff, held) == [("before chosen", "chosen, 1 h before")]


# Whose sessions.


@pytest.mark.parametrize("caller", ["staff", "operator"])
def test_another_organization_s_sessions_are_never_shown(
    caller: str,
    goal: Goal,
    laptop: Visitor,
    other_organization: Organization,
    foreign_room: Room,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    client = browser(request.getfixturevalue(caller))
    theirs = VisitorFactory.create(organization=other_organization, visitor_id="their tablet")
    VisitorIdentityFactory.create(visitor=theirs, identity=IDENTITY)
    begin(theirs, "their session", hours(1))
    chosen = begin(laptop, "chosen one", hours(2), room_ids=[foreign_room.pk])
    for row in (match_of(chosen), attempt_of(goal)):
        text = section(client, row)
        assert "chosen one" in text
        assert str(foreign_room.pk) in text  # an id that is no room of theirs stays an id
        for foreign in ("their", "Other shop"):
            assert foreign not in text
    around = sessions_around(goal.organization_id, IDENTITY, EVENT, chosen_id=uuid7())
    assert [each.visitor_session_id for each in around.sessions] == ["chosen one"]
    of_theirs = VisitorSession.objects.get(visitor_session_id="their session")
    around = sessions_around(goal.organization_id, "nobody", EVENT, chosen_id=of_theirs.pk)
    assert around.sessions == []


def test_only_who_may_see_the_page_sees_it(
    as_clerk: Client, other_staff: User, browser: Callable[[User], Client], laptop: Visitor
) -> None:
    match = match_of(begin(laptop, "chosen one", hours(1)))
    assert as_clerk.get(page_of(match)).status_code == 403
    assert browser(other_staff).get(page_of(match)).status_code == 302  # as if it were not there


# Bounds.


def test_two_statements_however_many_sessions_rooms_and_visitors(
    as_staff: Client, organization: Organization, goal: Goal, laptop: Visitor
) -> None:
    room_id = RoomFactory.create(organization=organization).pk
    chosen = begin(laptop, "chosen one", hours(1), room_ids=[room_id])
    rows = [match_of(chosen), attempt_of(goal)]

    def statements(row: Any) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            assert as_staff.get(page_of(row)).status_code == 200
        return sum("matching_visitorsession AS s" in each["sql"] for each in captured.captured_queries), len(
            captured
        )

    [statements(row) for row in rows]  # the first ones also ask for the content type
    few = [statements(row) for row in rows]
    for number in range(20):
        visitor = VisitorIdentityFactory.create(organization=organization, identity=IDENTITY).visitor
        rooms = [RoomFactory.create(organization=organization).pk for _ in range(6)]
        begin(visitor, f"early {number}", hours(number + 2), room_ids=rooms)
        begin(visitor, f"late {number}", -hours(number), room_ids=rooms)
    assert [statements(row) for row in rows] == few
    assert [count for count, _ in few] == [1, 1]
    text = section(as_staff, rows[0])
    assert "Not shown: 15 more sessions before the event, 16 more sessions after it." in text
    assert " and 2 more " in text  # rooms
    assert len(lanes(as_staff, rows[0])) == timeline.SHOWN_BEFORE + timeline.SHOWN_LATER


def test_counting_ends(as_staff: Client, goal: Goal, laptop: Visitor) -> None:
    VisitorSession.objects.bulk_create(
        VisitorSession(
            organization=goal.organization,
            visitor=laptop,
            visitor_session_id=f"session {number}",
            started_at=EVENT - hours(number + 1),
            created_at=TRIED,
            updated_at=TRIED,
        )
        for number in range(timeline.COUNTED + 5)
    )
    assert "more than 994 more sessions before the event" in section(as_staff, attempt_of(goal))
    around = sessions_around(goal.organization_id, IDENTITY, EVENT)
    assert around.before_count == timeline.COUNTED + 1


def test_each_visitor_costs_descents_of_an_index(organization: Organization, laptop: Visitor) -> None:
    begin(laptop, "early", hours(1))
    others = [Visitor(organization=organization, visitor_id=f"{n}", created_at=TRIED) for n in range(100)]
    Visitor.objects.bulk_create(others)
    VisitorSession.objects.bulk_create(
        VisitorSession(
            organization=organization,
            visitor=visitor,
            visitor_session_id=f"{visitor} {number}",
            started_at=EVENT + hours(number - 5),
            created_at=TRIED,
            updated_at=TRIED,
        )
        for visitor in others
        for number in range(10)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE matching_visitorsession")
        cursor.execute(
            f"EXPLAIN {timeline.AROUND}",
            {"organization": organization.pk, "identity": IDENTITY, "moment": EVENT, "chosen": None},
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert plan.count("using session_latest on matching_visitorsession") == 4, plan
    assert "session_list" not in plan


# The drawing.


def test_moments_stand_apart_however_near_or_far() -> None:
    moments = [
        EVENT - timedelta(days=90),
        EVENT - timedelta(milliseconds=2),
        EVENT - timedelta(milliseconds=1),
        EVENT,
        EVENT + timedelta(days=400),
    ]
    places = places_of(moments, EVENT)
    across = [places[moment] for moment in moments]
    assert across == sorted(across)
    assert (across[0], round(across[-1], 6)) == (LEFT, RIGHT)
    assert min(later - earlier for earlier, later in pairwise(across)) > 3
    assert places_of([EVENT], EVENT) == {EVENT: (LEFT + RIGHT) / 2}


@pytest.mark.parametrize(
    ("x", "is_wished", "expected"),
    [(60, True, True), (30, True, False), (60, False, False), (70, False, True)],
)
def test_a_label_goes_where_it_has_room(x: float, is_wished: bool, expected: bool) -> None:
    assert points_left(x, 40, is_wished=is_wished) == expected


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (timedelta(microseconds=5), "< 1 ms"),
        (timedelta(milliseconds=7), "7 ms"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(days=12, hours=3, minutes=9), "12 d 3 h"),
        (timedelta(hours=3), "3 h"),
    ],
)
def test_spans_are_short(gap: timedelta, text: str) -> None:
    assert in_short(gap) == text
