"""The page of an identity: all about a person in order of time, export and erasure."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from goalsvc.orgs.models import Organization, User
from matching.models import ExternalMatch, VisitorIdentity
from matching.privacy import person
from tests.admin.samples import make_attempt, url, words
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    PendingMatchFactory,
    RoomFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

WHO = "card-4711"
DAY = datetime(2016, 10, 1, 12, tzinfo=UTC)


def day(number: int) -> datetime:
    return DAY + timedelta(days=number)


@pytest.fixture
def tie(organization: Organization) -> VisitorIdentity:
    return VisitorIdentityFactory.create(organization=organization, identity=WHO)


@pytest.fixture
def match(tie: VisitorIdentity, staff: User) -> ExternalMatch:
    """A match of the third day, after a session of the second; a held one and a refused one besides."""
    organization = tie.organization
    goal = GoalFactory.create(organization=organization, name="Purchase")
    room = RoomFactory.create(organization=organization, name="Shop")
    session = VisitorSessionFactory.create(
        visitor=tie.visitor, started_at=day(2), ended_at=day(2) + timedelta(minutes=5), room_ids=[room.pk]
    )
    PendingMatchFactory.create(goal=goal, visitor_identity=WHO, goal_matched_at=day(4))
    make_attempt(
        organization, goal=goal, visitor_identity=WHO, goal_matched_at=day(5), detail="There is no room."
    )
    match = ExternalMatchFactory.create(
        session=session, goal=goal, visitor_identity=WHO, goal_matched_at=day(3), goal_value=Decimal("19.90")
    )
    match.restate(Decimal("1250"), by=staff, at=timezone.now(), reason="A misprint")
    return match


def page(client: Client, tie: VisitorIdentity, **query: Any) -> Any:
    return client.get(url(VisitorIdentity, "change", tie.pk), query)


def kinds(response: Any) -> list[str]:
    return [line.kind for line in response.context["lines"]]


def test_everything_is_told_newest_first(
    as_staff: Client, tie: VisitorIdentity, match: ExternalMatch
) -> None:
    response = page(as_staff, tie)

    assert kinds(response) == [
        "Correction", "Refused attempt", "Held match", "Match", "Session", "Became known"
    ]  # fmt: skip
    text = words(response)
    for part in ("by stella@example.com", "reason: A misprint", "There is no room.", "still waits"):
        assert part in text
    assert "value 1,250.00 , corrected" in text
    assert "in Shop" in text
    assert "lasted 5 minutes" in text
    assert re.search(r"Matches 1 Their value 1,250.00", text)
    assert url(ExternalMatch, "change", match.pk) in response.content.decode()


def test_it_pages_back_to_the_first_session(
    as_staff: Client, tie: VisitorIdentity, match: ExternalMatch
) -> None:
    for number in range(60):
        VisitorSessionFactory.create(visitor=tie.visitor, started_at=day(-number))
    response = page(as_staff, tie)
    rows = [line.title for line in response.context["lines"]]
    assert len(rows) == 50
    assert "Older" in words(response)

    response = page(as_staff, tie, before=response.context["older"])
    older = [line.title for line in response.context["lines"]]

    assert len(older) == 60 + 6 - 50
    assert not {*rows} & {*older}
    assert kinds(response)[-1] == "Became known"
    assert response.context["older"] == ""
    assert "Newest" in words(response)


@pytest.mark.parametrize("before", ["x", "\0", "a" * 3000, "W2ZhbHNlLCJ4IiwieSJd", "💥"])
def test_a_place_that_is_none_is_no_crash(before: str, as_staff: Client, tie: VisitorIdentity) -> None:
    response = page(as_staff, tie, before=before)
    assert "The address names no place in this list" in words(response)
    assert kinds(response) == ["Became known"]


def test_statements_are_as_many_however_much_there_is(
    as_staff: Client, tie: VisitorIdentity, match: ExternalMatch
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(as_staff, tie)
        return len(captured)

    few = statements()
    for number in range(70):
        session = VisitorSessionFactory.create(visitor=tie.visitor, started_at=day(-number))
        ExternalMatchFactory.create(session=session, goal=match.goal, visitor_identity=WHO)
    assert statements() <= few  # none for what the page has none of


def test_what_is_left_out_is_said(
    as_staff: Client, tie: VisitorIdentity, match: ExternalMatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    ExternalMatchFactory.create_batch(3, session=match.session, goal=match.goal, visitor_identity=WHO)
    monkeypatch.setattr(person, "RECENT", 2)

    response = page(as_staff, tie)

    assert "Of the matches the last" in words(response)
    assert kinds(response).count("Match") == 2


def test_another_organization_knows_the_same_person_by_itself(
    as_staff: Client, as_operator: Client, tie: VisitorIdentity, match: ExternalMatch,
    other_organization: Organization,
) -> None:  # fmt: skip
    foreign = VisitorIdentityFactory.create(organization=other_organization, identity=WHO)
    theirs = VisitorSessionFactory.create(visitor=foreign.visitor)
    ExternalMatchFactory.create(session=theirs, visitor_identity=WHO)

    assert page(as_staff, foreign).status_code == 302  # as for what does not exist: test_access
    assert theirs.visitor_session_id not in words(page(as_staff, tie))
    assert kinds(page(as_operator, foreign)) == ["Match", "Session", "Became known"]
    assert len(kinds(page(as_operator, tie))) == 6


def test_other_identities_of_the_visitor_are_named(as_staff: Client, tie: VisitorIdentity) -> None:
    assert "Other identities of the same visitors None." in words(page(as_staff, tie))
    VisitorIdentityFactory.create(visitor=tie.visitor, identity="kim&co@example.com")
    response = page(as_staff, tie)
    assert "kim&co@example.com" in words(response)
    assert "?q=kim%26co%40example.com" in response.content.decode()


def test_erasing_takes_two_steps_from_the_page(
    as_staff: Client, tie: VisitorIdentity, match: ExternalMatch
) -> None:
    held = "/admin/matching/visitoridentity/held/"
    assert f'action="{held}"' in page(as_staff, tie).content.decode()
    assert "Erase this identity?" in words(as_staff.post(held, {"identity": WHO, "erase": "1"}))
    as_staff.post(held, {"identity": WHO, "erase": "1", "confirmed": "yes"})
    assert not VisitorIdentity.objects.exists()
    match.refresh_from_db()
    assert match.visitor_identity is None
