"""Held matches, rejected attempts and import runs in the admin: found, explained, tried again, given up."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from goals.models import Goal
from goalsvc.orgs.models import HistoryEntry, Organization, Room, User
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from tests.admin.samples import act, found, make_attempt, words
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    PendingMatchFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

PENDING_LIST = "/admin/matching/pendingmatch/"
ATTEMPT_LIST = "/admin/matching/matchattempt/"
RUN_LIST = "/admin/matching/importrun/"
IDENTITY = "customer-34567890"
NOW = datetime(2016, 10, 11, 6, tzinfo=UTC)
TOO_LATE = {
    "message": "The first session began 2 hours after goal_matched_at.",
    "is_identity_known": True,
    "visitor_count": 1,
    "earliest_session_started_at": "2016-10-11T00:00:49.123Z",
    "next_session_started_at": "2016-10-11T00:00:49.123Z",
    "next_session_starts_after_seconds": 7200.0,
    "time_zone_slip_hours": None,
}


@pytest.fixture
def goal(organization: Organization) -> Goal:
    return GoalFactory.create(organization=organization, name="Bought in the shop")


@pytest.fixture
def held(goal: Goal, room: Room) -> PendingMatch:
    return PendingMatchFactory.create(
        goal=goal, room_ids=[room.pk], external_id="order-1", request_digest=b"\0" * 16, reason=TOO_LATE
    )


@pytest.fixture
def foreign_held(other_organization: Organization) -> PendingMatch:
    return PendingMatchFactory.create(organization=other_organization)


def let_arrive(held: PendingMatch) -> None:
    """What the held match lacks."""
    visitor = VisitorFactory.create(organization=held.organization)
    VisitorIdentityFactory.create(visitor=visitor, identity=held.visitor_identity)
    VisitorSessionFactory.create(
        visitor=visitor, started_at=held.goal_matched_at - timedelta(hours=1), room_ids=held.room_ids
    )


def page_of(row: Any) -> str:
    return f"/admin/matching/{row._meta.model_name}/{row.pk}/change/"


# Held matches.


def test_a_held_match_says_what_it_waits_for(as_staff: Client, held: PendingMatch) -> None:
    text = words(as_staff.get(page_of(held)))
    for sentence in (
        "Goal matched: 10 Oct 2016 22:00:49.123 UTC",
        "Posted rooms: Web shop (shop.example.com)",
        "Status: Held",
        "Expires: 31 Dec 2099 00:00:00.000 UTC",
        "The first session began 2 hours after goal_matched_at. The identity is known yes Visitors that "
        "carry it 1 Their first session began 11 Oct 2016 00:00:49.123 UTC",
        "Too late by 2 hours The identity's sessions around the event",
    ):
        assert sentence in text
    assert "time zone" not in text  # a fact that there is not
    moment = "10 Oct 2016 22:00:49.123 UTC"
    row = f"Held Bought in the shop customer-34567890 {moment} Session not found 11 Oct 2016"
    assert row in words(as_staff.get(PENDING_LIST))


def test_the_rooms_of_a_reason_are_named(
    as_staff: Client, held: PendingMatch, room: Room, second_room: Room, foreign_room: Room
) -> None:
    held.reason = {
        "message": "The chosen session was in none of the posted rooms that the goal allows.",
        "visitor_id": "laptop",
        "visitor_session_id": "visit & 1",
        "session_started_at": "2016-10-10T20:00:00.000Z",
        "session_rooms": [str(second_room.pk), str(foreign_room.pk), "gone"],
        "posted_rooms": [str(room.pk)],
        "is_any_room_allowed": False,
        "allowed_rooms": [],
        "unheard_of": {"a": 1},
    }
    held.save()
    response = as_staff.get(page_of(held))
    assert (
        f"It was in the rooms Store in Helsinki , {foreign_room.pk}, gone "
        "Rooms posted Web shop (shop.example.com) The goal is allowed in any room no "
        'Rooms in which the goal is allowed none unheard_of {"a": 1}'
    ) in words(response)
    assert 'href="/admin/matching/visitorsession/?q=visit+%26+1"' in response.content.decode()


@pytest.mark.parametrize("caller", ["as_staff", "as_operator"])
def test_held_matches_are_found_by_what_support_is_told(
    caller: str, held: PendingMatch, organization: Organization, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(caller)
    PendingMatchFactory.create(organization=organization, visitor_identity="customer")
    for term in (IDENTITY, "order-1", f" {held.pk} ", str(held.goal_id), "in the shop"):
        assert found(client, PENDING_LIST, q=term) == [held], term
    for term in ("customer-3456789", "rder-1", "nothing at all"):
        assert found(client, PENDING_LIST, q=term) == [], term
    assert found(client, PENDING_LIST, goal__id__exact=held.goal_id) == [held]


def test_no_search_leads_to_another_organization(
    held: PendingMatch, other_staff: User, browser: Callable[[User], Client]
) -> None:
    client = browser(other_staff)
    make_attempt(held.organization, visitor_identity=IDENTITY, external_id="order-1", request_id="request-1")
    for term in (IDENTITY, "order-1", str(held.pk), str(held.goal_id), "in the shop"):
        assert found(client, PENDING_LIST, q=term) == []
    for term in (IDENTITY, "order-1", "request-1"):
        assert found(client, ATTEMPT_LIST, q=term) == []


def test_what_is_overdue_is_expired(as_staff: Client, held: PendingMatch, organization: Organization) -> None:
    overdue = PendingMatchFactory.create(organization=organization, expires_at=NOW)
    swept = PendingMatchFactory.create(
        organization=organization, status="expired", expires_at=NOW, resolved_at=NOW
    )
    cancelled = PendingMatchFactory.create(organization=organization, status="cancelled", resolved_at=NOW)
    matched = PendingMatchFactory.create(
        organization=organization,
        status="matched",
        resolved_at=NOW,
        match=ExternalMatchFactory.create(organization=organization),
    )
    for status, rows in (
        ("pending", {held}),
        ("matched", {matched}),
        ("expired", {overdue, swept}),
        ("cancelled", {cancelled}),
    ):
        assert set(found(as_staff, PENDING_LIST, status=status)) == rows, status
    assert "Status: Expired" in words(as_staff.get(page_of(overdue)))
    assert f'href="{page_of(matched.match)}"' in as_staff.get(page_of(matched)).content.decode()


@pytest.mark.parametrize("caller", ["as_staff", "as_operator"])
def test_a_held_match_is_tried_again(
    caller: str, held: PendingMatch, foreign_held: PendingMatch, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(caller)
    waiting = PendingMatchFactory.create(goal=held.goal, visitor_identity="unknown", code="old", reason={})
    let_arrive(held)
    let_arrive(foreign_held)
    text = act(client, PENDING_LIST, "try_again", held, waiting, foreign_held)
    is_operator = caller == "as_operator"
    tried, matched = (3, 2) if is_operator else (2, 1)
    assert text == (f"Tried {tried} of the selected held matches again: {matched} matched, 1 still wait.")
    for row in (held, waiting, foreign_held):
        row.refresh_from_db()
    assert (held.status, held.match) == ("matched", ExternalMatch.objects.get(goal=held.goal))
    assert (waiting.status, waiting.code) == ("pending", "session_not_found")
    assert foreign_held.status == ("matched" if is_operator else "pending")
    assert HistoryEntry.objects.get(object_id=held.pk).action == "retried"
    # Nothing of it is open any more.
    assert act(client, PENDING_LIST, "try_again", held).startswith("Tried 0 ")


def test_each_organization_s_are_tried_again_in_a_transaction(
    as_operator: Client, held: PendingMatch, foreign_held: PendingMatch
) -> None:
    with CaptureQueriesContext(connection) as captured:
        act(as_operator, PENDING_LIST, "try_again", held, foreign_held)
    statements = [each["sql"] for each in captured.captured_queries]
    locked = [number for number, sql in enumerate(statements) if "FOR UPDATE" in sql]
    assert len(locked) == 2
    for number, row in zip(locked, (held, foreign_held), strict=True):
        assert statements[number - 1].startswith("SAVEPOINT")  # begins what is a transaction elsewhere
        for pk in (row.pk, row.organization_id):
            assert pk.hex in statements[number]


def test_a_held_match_is_cancelled(as_staff: Client, held: PendingMatch, foreign_held: PendingMatch) -> None:
    overdue = PendingMatchFactory.create(goal=held.goal, expires_at=NOW)
    text = act(as_staff, PENDING_LIST, "cancel", held, overdue, foreign_held)
    assert text == "Cancelled 1 of 2 held matches; 1 was waiting no more."
    statuses = dict(PendingMatch.objects.values_list("pk", "status"))
    assert statuses == {held.pk: "cancelled", overdue.pk: "pending", foreign_held.pk: "pending"}
    [entry] = HistoryEntry.objects.all()
    assert (entry.object_id, entry.action, entry.channel) == (held.pk, "cancelled", "admin")


def test_a_clerk_neither_tries_again_nor_cancels(as_clerk: Client, held: PendingMatch) -> None:
    let_arrive(held)
    for action in ("try_again", "cancel"):
        form = {"action": action, "_selected_action": [str(held.pk)]}
        assert as_clerk.post(PENDING_LIST, form).status_code == 403
    held.refresh_from_db()
    assert held.status == "pending"


def test_only_an_open_one_has_buttons(as_staff: Client, held: PendingMatch) -> None:
    def buttons() -> list[str]:
        page = as_staff.get(page_of(held)).content.decode()
        return re.findall(r'name="action" value="(\w+)"', page)

    assert buttons() == ["try_again", "cancel"]
    held.cancel(by=None, at=timezone.now())
    assert buttons() == []


# Rejected attempts.


@pytest.fixture
def attempt(goal: Goal) -> MatchAttempt:
    return make_attempt(
        goal.organization,
        goal=goal,
        source="batch",
        code="session_not_found",
        detail="No session of this visitor identity started before goal_matched_at.",
        reason=TOO_LATE,
        visitor_identity=IDENTITY,
        goal_matched_at=NOW,
        external_id="order-1",
        request_id="request-1",
    )


def test_an_attempt_says_why_it_was_rejected(as_staff: Client, attempt: MatchAttempt) -> None:
    text = words(as_staff.get(page_of(attempt)))
    assert "Code: session_not_found Detail: No session of this visitor identity" in text
    assert "The first session began 2 hours after goal_matched_at. The identity is known yes" in text
    assert "at fault" not in text
    row = (
        "11 Oct 2016 06:00:00.000 UTC Bought in the shop customer-34567890 11 Oct 2016 06:00:00.000 UTC "
        "- Session not found Batch request-1"
    )
    assert row in words(as_staff.get(ATTEMPT_LIST))


def test_an_attempt_names_the_attributes_at_fault(as_staff: Client, organization: Organization) -> None:
    errors = {"rooms": ["Not a room.", {"0": ["Not a UUID."]}], "non_field_errors": ["Not an <object>."]}
    attempt = make_attempt(organization, errors=errors)
    assert "rooms Not a room. rooms, 0 Not a UUID. Not an <object>. History" in words(
        as_staff.get(page_of(attempt))
    )


@pytest.mark.parametrize("caller", ["as_staff", "as_operator"])
def test_attempts_are_found_by_what_support_is_told(
    caller: str, attempt: MatchAttempt, organization: Organization, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(caller)
    make_attempt(organization, visitor_identity="customer", external_id="order", request_id="request")
    for term in (IDENTITY, "order-1", "request-1", str(attempt.pk)):
        assert found(client, ATTEMPT_LIST, q=term) == [attempt], term
    for term in ("rder-1", "request-", "nothing at all"):
        assert found(client, ATTEMPT_LIST, q=term) == [], term


def test_attempts_are_filtered_by_code_source_and_date(
    as_staff: Client, attempt: MatchAttempt, organization: Organization
) -> None:
    old = make_attempt(organization, created_at=datetime(2015, 1, 1, tzinfo=UTC))
    assert found(as_staff, ATTEMPT_LIST) == [attempt, old]
    assert found(as_staff, ATTEMPT_LIST, code="session_not_found") == [attempt]
    assert found(as_staff, ATTEMPT_LIST, source="single") == [old]
    assert found(as_staff, ATTEMPT_LIST, created_at__year=2015) == [old]


def test_operators_filter_attempts_within_an_organization(
    as_operator: Client, attempt: MatchAttempt, other_organization: Organization
) -> None:
    foreign = make_attempt(other_organization, code="session_not_found")

    def offered(**query: Any) -> list[str]:
        response = as_operator.get(ATTEMPT_LIST, query)
        return [each.title for each in response.context["cl"].filter_specs]

    chosen = {"organization": str(attempt.organization_id)}
    assert offered() == ["organization"]
    assert offered(**chosen) == ["organization", "code", "goal", "source"]
    assert found(as_operator, ATTEMPT_LIST, code="session_not_found", **chosen) == [attempt]
    assert found(as_operator, ATTEMPT_LIST, code="goal_not_found", **chosen) == []
    assert set(found(as_operator, ATTEMPT_LIST)) == {attempt, foreign}
