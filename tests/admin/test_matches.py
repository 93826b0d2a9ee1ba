"""Visitors, identities, sessions and matches in the admin: found, explained, never changed."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from goalsvc.orgs.models import Organization, Room, User
from matching.models import ExternalMatch, Visitor, VisitorSession
from tests.admin.samples import act, found, make_attempt, words
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    PendingMatchFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

MATCH_LIST = "/admin/matching/externalmatch/"
ATTEMPT_LIST = "/admin/matching/matchattempt/"
IDENTITY = "customer-12345678"
NOW = datetime(2016, 10, 11, 6, tzinfo=UTC)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2016, 10, 10, hour, minute, tzinfo=UTC)


@pytest.fixture
def laptop(organization: Organization) -> Visitor:
    return VisitorFactory.create(organization=organization, visitor_id="laptop")


@pytest.fixture
def phone(organization: Organization) -> Visitor:
    return VisitorFactory.create(organization=organization, visitor_id="phone")


@pytest.fixture
def match(laptop: Visitor, phone: Visitor, room: Room, second_room: Room) -> ExternalMatch:
    """A match of an identity with two visitors; the phone's session is the later one."""
    for visitor in (laptop, phone):
        VisitorIdentityFactory.create(visitor=visitor, identity=IDENTITY)
    for visitor, name, hour in ((laptop, "early", 9), (laptop, "late", 12), (phone, "latest", 13)):
        VisitorSessionFactory.create(
            visitor=visitor, visitor_session_id=name, started_at=at(hour), room_ids=[room.pk]
        )
    return ExternalMatchFactory.create(
        goal=GoalFactory.create(organization=room.organization, name="Bought in the shop"),
        session=VisitorSession.objects.get(visitor_session_id="latest"),
        visitor_identity=IDENTITY,
        goal_matched_at=at(14),
        goal_value=Decimal("12.50"),
        room_ids=[room.pk],
        unconnected_room_ids=[second_room.pk],
        external_id="order-1",
    )


def test_a_match_says_which_session_was_chosen_and_why(as_staff: Client, match: ExternalMatch) -> None:
    text = words(as_staff.get(f"{MATCH_LIST}{match.pk}/change/"))
    for sentence in (
        "The goal Bought in the shop matched at 10 Oct 2016 14:00:00.000 UTC for the visitor identity "
        "customer-12345678 .",
        "the latest one that had begun strictly before that moment: latest of the visitor phone , begun at "
        "10 Oct 2016 13:00:00.000 UTC, 1:00:00 earlier.",
        "2 late of the visitor laptop 10 Oct 2016 12:00:00.000 UTC not known 2 hours before the event "
        "Web shop (shop.example.com) Session 3 began later. 3 latest of the visitor phone",
        "visited in that session: Web shop (shop.example.com) . Posted, but not counted: "
        "Store in Helsinki (the session was not in it).",
        "12.50, given in the request.",
    ):
        assert sentence in text
    assert "A later session has become known" not in text


def test_a_match_links_to_what_it_is_about(as_staff: Client, match: ExternalMatch) -> None:
    page = as_staff.get(f"{MATCH_LIST}{match.pk}/change/").content.decode()
    assert match.session
    for link in (
        f"/admin/goals/goal/{match.goal_id}/change/",
        f"/admin/matching/visitorsession/{match.session_id}/change/",
        f"/admin/matching/visitor/{match.session.visitor_id}/change/",
        f"/admin/orgs/room/{match.room_ids[0]}/change/",
    ):
        assert f'href="{link}"' in page


def test_a_session_that_became_known_later_is_pointed_out(
    as_staff: Client, match: ExternalMatch, laptop: Visitor
) -> None:
    VisitorSessionFactory.create(visitor=laptop, visitor_session_id="reported late", started_at=at(13, 30))
    text = words(as_staff.get(f"{MATCH_LIST}{match.pk}/change/"))
    assert "moment: latest of the visitor phone" in text
    assert "3 latest of the visitor phone" in text
    assert "4 reported late of the visitor laptop 10 Oct 2016 13:30:00.000 UTC" in text
    assert "A later session has become known since the match was recorded" in text


def test_a_session_whose_beginning_moved_is_pointed_out(as_staff: Client, match: ExternalMatch) -> None:
    assert match.session
    VisitorSession.objects.filter(pk=match.session.pk).update(started_at=at(12, 45))
    text = words(as_staff.get(f"{MATCH_LIST}{match.pk}/change/"))
    assert (
        "begun at 10 Oct 2016 13:00:00.000 UTC (as it was known then; today its beginning is known to be "
        "10 Oct 2016 12:45:00.000 UTC), 1:00:00 earlier."
    ) in text


@pytest.mark.parametrize(
    ("value", "source", "sentence"),
    [
        (None, "none", "None: neither the request nor the goal gave one."),
        ("3.00", "goal_default", "3.00, the goal's default value at that time; the request gave none."),
    ],
)
def test_a_match_says_where_its_value_comes_from(
    value: str | None, source: str, sentence: str, as_staff: Client, match: ExternalMatch
) -> None:
    ExternalMatch.objects.update(goal_value=value, goal_value_source=source)
    assert sentence in words(as_staff.get(f"{MATCH_LIST}{match.pk}/change/"))


def test_a_room_that_the_goal_did_not_allow_is_told_from_one_without_a_visit(
    as_staff: Client, match: ExternalMatch, second_room: Room
) -> None:
    VisitorSession.objects.update(room_ids=[*match.room_ids, second_room.pk])
    text = words(as_staff.get(f"{MATCH_LIST}{match.pk}/change/"))
    assert "Store in Helsinki (the goal was not allowed in it)." in text


def test_room_ids_of_another_organization_are_not_named(
    as_staff: Client, match: ExternalMatch, foreign_room: Room
) -> None:
    VisitorSession.objects.update(room_ids=[foreign_room.pk])
    assert match.session
    for page in (
        "/admin/matching/visitorsession/",
        f"/admin/matching/visitorsession/{match.session_id}/change/",
        f"/admin/matching/visitor/{match.session.visitor_id}/change/",
    ):
        text = words(as_staff.get(page))
        assert str(foreign_room.pk) in text
        assert "Other shop" not in text


def test_a_retracted_match_says_so(as_staff: Client, match: ExternalMatch, manager: User) -> None:
    other = ExternalMatchFactory.create(organization=match.organization)
    match.retract(by=manager, at=NOW, reason="Sent back")
    page = words(as_staff.get(f"{MATCH_LIST}{match.pk}/change/"))
    assert "Retracted: 11 Oct 2016 06:00:00.000 UTC by mira@example.com (Sent back)" in page
    assert found(as_staff, MATCH_LIST, retracted="yes") == [match]
    assert found(as_staff, MATCH_LIST, retracted="no") == [other]
    assert set(found(as_staff, MATCH_LIST)) == {match, other}


def test_the_corrections_of_a_match_are_its_history(
    as_staff: Client, match: ExternalMatch, manager: User
) -> None:
    match.restate(Decimal("20.00"), by=manager, at=NOW)
    match.restate(None, by=None, at=NOW + timedelta(hours=1))
    match.retract(by=manager, at=NOW + timedelta(hours=2))
    response = as_staff.get(f"{MATCH_LIST}{match.pk}/change/")
    assert (
        "Changed What From To By Why "
        "11 Oct 2016 08:00:00.000 UTC Retracted mira@example.com "
        "11 Oct 2016 07:00:00.000 UTC Value restated 20.00 no value a former user "
        "11 Oct 2016 06:00:00.000 UTC Value restated 12.50 20.00 mira@example.com"
    ) in words(response)
    assert "None, as it was corrected after the match was recorded." in words(response)
    assert f'href="/admin/orgs/user/{manager.pk}/change/"' in response.content.decode()


def test_a_match_links_to_what_it_was_before(as_staff: Client, match: ExternalMatch) -> None:
    page = f"{MATCH_LIST}{match.pk}/change/"
    assert "It was not held." in words(as_staff.get(page))
    held = PendingMatchFactory.create(goal=match.goal, status="matched", match=match, resolved_at=NOW)
    about = {"goal": match.goal, "reason": {"message": "The identity is unknown."}}
    alike = make_attempt(
        match.organization, **about, visitor_identity=IDENTITY, goal_matched_at=match.goal_matched_at
    )
    named = make_attempt(match.organization, **about, external_id="order-1")
    others = [
        make_attempt(match.organization, **about, visitor_identity=IDENTITY, goal_matched_at=at(15)),
        make_attempt(match.organization, **about, external_id="order-2"),
        make_attempt(match.organization, **about, external_id="order-1", created_at=NOW + timedelta(hours=1)),
    ]
    content = as_staff.get(page).content.decode()
    assert f'href="/admin/matching/pendingmatch/{held.pk}/change/"' in content
    for attempt in (alike, named):
        assert f'href="{ATTEMPT_LIST}{attempt.pk}/change/"' in content
    for attempt in others:
        assert str(attempt.pk) not in content
    assert "Validation error The identity is unknown. Single call" in words(as_staff.get(page))


def test_very_many_attempts_are_cut(as_staff: Client, match: ExternalMatch) -> None:
    for _ in range(21):
        make_attempt(match.organization, goal=match.goal, external_id="order-1")
    content = as_staff.get(f"{MATCH_LIST}{match.pk}/change/").content.decode()
    assert content.count(f'href="{ATTEMPT_LIST}') == 20 + 1
    assert f'href="{ATTEMPT_LIST}?q={IDENTITY}"' in content


@pytest.mark.parametrize("caller", ["staff", "operator"])
def test_a_match_is_retracted_and_restored(
    caller: str,
    match: ExternalMatch,
    other_organization: Organization,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    user = request.getfixturevalue(caller)
    client = browser(user)
    foreign = ExternalMatchFactory.create(organization=other_organization)
    done = 2 if caller == "operator" else 1
    for action, text in (("retract", "Retracted"), ("restore", "Restored")):
        assert (
            act(client, MATCH_LIST, action, match, foreign)
            == f"{text} {done} match{'es' if done > 1 else ''}."
        )
        match.refresh_from_db()
        foreign.refresh_from_db()
        assert match.retracted_by == (user if action == "retract" else None)
        assert (match.retracted_at is not None) == (action == "retract")
        assert (foreign.retracted_at is not None) == (action == "retract" and caller == "operator")
        # What is done already is not done again.
        already = "retracted already" if action == "retract" else "not retracted"
        assert act(client, MATCH_LIST, action, match) == f"{text} 0 of 1 match; 1 was {already}."
    assert list(match.changes.values_list("action", "changed_by")) == [
        ("restored", user.pk), ("retracted", user.pk)
    ]  # fmt: skip


def test_a_retraction_holds_the_row_s_lock(as_staff: Client, match: ExternalMatch) -> None:
    with CaptureQueriesContext(connection) as captured:
        act(as_staff, MATCH_LIST, "retract", match)
    statements = [statement["sql"] for statement in captured.captured_queries]
    [locked] = [number for number, sql in enumerate(statements) if sql.endswith(" FOR UPDATE")]
    [written] = [number for number, sql in enumerate(statements) if sql.startswith("UPDATE")]
    assert locked < written


def test_a_clerk_retracts_nothing(as_clerk: Client, match: ExternalMatch) -> None:
    form = {"action": "retract", "_selected_action": [str(match.pk)]}
    assert as_clerk.post(MATCH_LIST, form).status_code == 403
    match.refresh_from_db()
    assert match.retracted_at is None


def test_a_match_s_page_has_the_button_that_makes_sense(as_staff: Client, match: ExternalMatch) -> None:
    page = f"{MATCH_LIST}{match.pk}/change/"

    def buttons() -> list[str]:
        return re.findall(r'<button type="submit">(\w+)</button>', as_staff.get(page).content.decode())

    assert buttons() == ["Retract"]
    assert "Correct the value" in words(as_staff.get(page))
    act(as_staff, MATCH_LIST, "retract", match, q=match.pk)
    assert buttons() == ["Restore"]
    assert "Correct the value" not in words(as_staff.get(page))


@pytest.mark.parametrize("caller", ["as_staff", "as_operator"])
def test_matches_are_found_by_what_support_is_told(
    caller: str, match: ExternalMatch, organization: Organization, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(caller)
    ExternalMatchFactory.create(organization=organization, visitor_identity="customer", external_id="order")
    for term in (IDENTITY, "order-1", f" {match.pk} ", str(match.goal_id), "in the shop"):
        assert found(client, MATCH_LIST, q=term) == [match], term
    for term in ("customer-1234567", "rder-1", "nothing at all"):
        assert found(client, MATCH_LIST, q=term) == [], term


def test_no_search_leads_to_another_organization(
    match: ExternalMatch, other_staff: User, client: Client
) -> None:
    client.force_login(other_staff)
    for term in (IDENTITY, "order-1", str(match.pk), str(match.goal_id), "in the shop"):
        assert found(client, MATCH_LIST, q=term) == []
    for page, term in (
        ("visitor", "phone"),
        ("visitoridentity", IDENTITY),
        ("visitoridentity", "phone"),
        ("visitorsession", "latest"),
        ("visitorsession", "phone"),
        ("visitorsession", IDENTITY),
    ):
        assert found(client, f"/admin/matching/{page}/", q=term) == []


@pytest.mark.parametrize("caller", ["as_staff", "as_operator"])
def test_visitors_identities_and_sessions_are_found_exactly(
    caller: str, match: ExternalMatch, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(caller)

    def names(page: str, term: str) -> list[str]:
        return [str(row) for row in found(client, f"/admin/matching/{page}/", q=term)]

    assert names("visitor", "phone") == ["phone"]
    assert names("visitor", "pho") == []
    assert names("visitoridentity", IDENTITY) == [IDENTITY, IDENTITY]
    assert names("visitoridentity", "laptop") == [IDENTITY]
    assert names("visitorsession", "late") == ["late"]
    assert sorted(names("visitorsession", "laptop")) == ["early", "late"]
    assert sorted(names("visitorsession", IDENTITY)) == ["early", "late", "latest"]
    assert names("visitorsession", str(match.session_id)) == ["latest"]


def test_lists_of_an_organization_have_the_newest_first(as_staff: Client, match: ExternalMatch) -> None:
    sessions = found(as_staff, "/admin/matching/visitorsession/")
    assert [str(session) for session in sessions] == ["latest", "late", "early"]


def test_no_list_can_be_ordered_otherwise(as_staff: Client, match: ExternalMatch) -> None:
    for order in ("1", "-1", "2", "-3", "-3.1", "99", "x", "3" * 5):
        sessions = found(as_staff, "/admin/matching/visitorsession/", o=order)
        assert [str(session) for session in sessions] == ["latest", "late", "early"], order
    turned = found(as_staff, "/admin/matching/visitorsession/", o="3")
    assert [str(session) for session in turned] == ["early", "late", "latest"]


def test_rows_of_a_visitor_or_goal_are_listed(
    as_staff: Client, match: ExternalMatch, laptop: Visitor
) -> None:
    ExternalMatchFactory.create(organization=match.organization)
    assert found(as_staff, MATCH_LIST, goal__id__exact=match.goal_id) == [match]
    assert found(as_staff, MATCH_LIST, session__id__exact=match.session_id) == [match]
    assert len(found(as_staff, "/admin/matching/visitorsession/", visitor__id__exact=laptop.pk)) == 2
    assert len(found(as_staff, "/admin/matching/visitoridentity/", visitor__id__exact=laptop.pk)) == 1


def test_a_visitor_shows_identities_and_sessions_with_rooms(
    as_staff: Client, match: ExternalMatch, laptop: Visitor
) -> None:
    text = words(as_staff.get(f"/admin/matching/visitor/{laptop.pk}/change/"))
    assert IDENTITY in text
    assert "late 10 Oct 2016 12:00:00.000 UTC - Web shop (shop.example.com) early" in text


# Dates.


def links(client: Client, **query: Any) -> list[str]:
    dates = client.get(MATCH_LIST, query).context["cl"].date_links()
    return [choice["title"] for choice in dates.get("choices", ())]


@pytest.fixture
def spread_matches(organization: Organization) -> list[ExternalMatch]:
    return [
        ExternalMatchFactory.create(organization=organization, created_at=created_at)
        for created_at in (
            datetime(2015, 12, 31, 23, 59, 59, tzinfo=UTC),
            datetime(2016, 2, 28, tzinfo=UTC),
            datetime(2016, 3, 2, 12, tzinfo=UTC),
        )
    ]


def test_dates_lead_from_years_to_days(as_staff: Client, spread_matches: list[ExternalMatch]) -> None:
    assert links(as_staff) == ["2015", "2016"]
    assert links(as_staff, created_at__year=2015) == ["December 2015"]
    assert links(as_staff, created_at__year=2016) == ["January 2016", "February 2016", "March 2016"]
    assert links(as_staff, created_at__year=2016, created_at__month=3) == ["March 1", "March 2"]
    assert links(as_staff, created_at__year=2016, created_at__month=3, created_at__day=2) == ["March 2"]


@pytest.mark.parametrize("caller", ["as_staff", "as_operator"])
def test_dates_narrow_the_list(
    caller: str, spread_matches: list[ExternalMatch], request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(caller)
    old, february, march = spread_matches
    year, month = {"created_at__year": 2016}, {"created_at__year": 2016, "created_at__month": 2}
    assert found(client, MATCH_LIST) == [march, february, old]
    assert found(client, MATCH_LIST, **year) == [march, february]
    assert found(client, MATCH_LIST, **month) == [february]
    assert found(client, MATCH_LIST, **month, created_at__day=28) == [february]
    assert found(client, MATCH_LIST, **month, created_at__day=27) == []
    assert found(client, MATCH_LIST, **year, q=old.visitor_identity) == [march, february]


def test_dates_span_only_what_staff_may_see(
    other_staff: User, client: Client, spread_matches: list[ExternalMatch]
) -> None:
    client.force_login(other_staff)
    assert links(client) == []


@pytest.mark.parametrize(
    "query",
    [
        "created_at__year=9999",
        "created_at__year=0",
        "created_at__year=x",
        "created_at__year=99999999999999999999",
        "created_at__year=2016&created_at__month=13",
        "created_at__year=2016&created_at__month=2&created_at__day=31",
    ],
)
def test_odd_dates_are_no_crash(query: str, as_staff: Client, spread_matches: list[ExternalMatch]) -> None:
    assert as_staff.get(f"{MATCH_LIST}?{query}").status_code in {200, 302}
