"""Visitors, identities, sessions and matches in the admin: found, explained, never changed."""

import html
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from goalsvc.orgs.models import Organization, Room, User
from matching.models import ExternalMatch, Visitor, VisitorSession
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

MATCH_LIST = "/admin/matching/externalmatch/"
IDENTITY = "customer-12345678"
NOW = datetime(2016, 10, 11, 6, tzinfo=UTC)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2016, 10, 10, hour, minute, tzinfo=UTC)


def words(response: Any) -> str:
    """The text of a page, in one line."""
    assert response.status_code == 200
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split()))


def found(client: Client, page: str, **query: Any) -> list[Any]:
    response = client.get(page, query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


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


def test_a_match_says_which_session_was_chosen_and_why(as_clerk: Client, match: ExternalMatch) -> None:
    text = words(as_clerk.get(f"{MATCH_LIST}{match.pk}/change/"))
    for sentence in (
        "The goal Bought in the shop matched at 2016-10-10 14:00:00.000 UTC for the visitor identity "
        "customer-12345678 .",
        "the latest one that had begun strictly before that moment: latest of the visitor phone , begun at "
        "2016-10-10 13:00:00.000 UTC, 1:00:00 earlier.",
        "phone latest 2016-10-10 13:00:00.000 Web shop (shop.example.com) chosen "
        "laptop late 2016-10-10 12:00:00.000 Web shop (shop.example.com)",
        "visited in that session: Web shop (shop.example.com) . Posted, but not counted: "
        "Store in Helsinki (the session was not in it).",
        "12.50, given in the request.",
    ):
        assert sentence in text
    assert "A later session has become known" not in text


def test_a_match_links_to_what_it_is_about(as_clerk: Client, match: ExternalMatch) -> None:
    page = as_clerk.get(f"{MATCH_LIST}{match.pk}/change/").content.decode()
    for link in (
        f"/admin/goals/goal/{match.goal_id}/change/",
        f"/admin/matching/visitorsession/{match.session_id}/change/",
        f"/admin/matching/visitor/{match.session.visitor_id}/change/",
        f"/admin/orgs/room/{match.room_ids[0]}/change/",
    ):
        assert f'href="{link}"' in page


def test_a_session_that_became_known_later_is_pointed_out(
    as_clerk: Client, match: ExternalMatch, laptop: Visitor
) -> None:
    VisitorSessionFactory.create(visitor=laptop, visitor_session_id="reported late", started_at=at(13, 30))
    text = words(as_clerk.get(f"{MATCH_LIST}{match.pk}/change/"))
    assert "moment: latest of the visitor phone" in text
    assert "laptop reported late 2016-10-10 13:30:00.000 - phone latest" in text
    assert "A later session has become known since the match was recorded" in text


def test_a_session_whose_beginning_moved_is_pointed_out(as_clerk: Client, match: ExternalMatch) -> None:
    VisitorSession.objects.filter(pk=match.session_id).update(started_at=at(12, 45))
    text = words(as_clerk.get(f"{MATCH_LIST}{match.pk}/change/"))
    assert (
        "begun at 2016-10-10 13:00:00.000 UTC (as it was known then; today its beginning is known to be "
        "2016-10-10 12:45:00.000), 1:00:00 earlier."
    ) in text


@pytest.mark.parametrize(
    ("value", "source", "sentence"),
    [
        (None, "none", "None: neither the request nor the goal gave one."),
        ("3.00", "goal_default", "3.00, the goal's default value at that time; the request gave none."),
    ],
)
def test_a_match_says_where_its_value_comes_from(
    value: str | None, source: str, sentence: str, as_clerk: Client, match: ExternalMatch
) -> None:
    ExternalMatch.objects.update(goal_value=value, goal_value_source=source)
    assert sentence in words(as_clerk.get(f"{MATCH_LIST}{match.pk}/change/"))


def test_a_room_that_the_goal_did_not_allow_is_told_from_one_without_a_visit(
    as_clerk: Client, match: ExternalMatch, second_room: Room
) -> None:
    VisitorSession.objects.update(room_ids=[*match.room_ids, second_room.pk])
    text = words(as_clerk.get(f"{MATCH_LIST}{match.pk}/change/"))
    assert "Store in Helsinki (the goal was not allowed in it)." in text


def test_room_ids_of_another_organization_are_not_named(
    as_clerk: Client, match: ExternalMatch, foreign_room: Room
) -> None:
    VisitorSession.objects.update(room_ids=[foreign_room.pk])
    for page in (
        "/admin/matching/visitorsession/",
        f"/admin/matching/visitorsession/{match.session_id}/change/",
        f"/admin/matching/visitor/{match.session.visitor_id}/change/",
    ):
        text = words(as_clerk.get(page))
        assert str(foreign_room.pk) in text
        assert "Other shop" not in text


def test_a_retracted_match_says_so(as_clerk: Client, match: ExternalMatch, manager: User) -> None:
    match.retract(by=manager, at=NOW)
    page = words(as_clerk.get(f"{MATCH_LIST}{match.pk}/change/"))
    assert "2016-10-11 06:00:00.000 by mira@example.com" in page


@pytest.mark.parametrize("caller", ["as_clerk", "as_operator"])
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


@pytest.mark.parametrize("caller", ["as_clerk", "as_operator"])
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


def test_lists_of_an_organization_have_the_newest_first(as_clerk: Client, match: ExternalMatch) -> None:
    sessions = found(as_clerk, "/admin/matching/visitorsession/")
    assert [str(session) for session in sessions] == ["latest", "late", "early"]


def test_no_list_can_be_ordered_otherwise(as_clerk: Client, match: ExternalMatch) -> None:
    for order in ("1", "-1", "3", "3.-1"):
        sessions = found(as_clerk, "/admin/matching/visitorsession/", o=order)
        assert [str(session) for session in sessions] == ["latest", "late", "early"]


def test_rows_of_a_visitor_or_goal_are_listed(
    as_clerk: Client, match: ExternalMatch, laptop: Visitor
) -> None:
    ExternalMatchFactory.create(organization=match.organization)
    assert found(as_clerk, MATCH_LIST, goal__id__exact=match.goal_id) == [match]
    assert found(as_clerk, MATCH_LIST, session__id__exact=match.session_id) == [match]
    assert len(found(as_clerk, "/admin/matching/visitorsession/", visitor__id__exact=laptop.pk)) == 2
    assert len(found(as_clerk, "/admin/matching/visitoridentity/", visitor__id__exact=laptop.pk)) == 1


def test_a_visitor_shows_identities_and_sessions_with_rooms(
    as_clerk: Client, match: ExternalMatch, laptop: Visitor
) -> None:
    text = words(as_clerk.get(f"/admin/matching/visitor/{laptop.pk}/change/"))
    assert IDENTITY in text
    assert "late 2016-10-10 12:00:00 - Web shop (shop.example.com) early" in text


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


def test_dates_lead_from_years_to_days(as_clerk: Client, spread_matches: list[ExternalMatch]) -> None:
    assert links(as_clerk) == ["2015", "2016"]
    assert links(as_clerk, created_at__year=2015) == ["December 2015"]
    assert links(as_clerk, created_at__year=2016) == ["January 2016", "February 2016", "March 2016"]
    assert links(as_clerk, created_at__year=2016, created_at__month=3) == ["March 1", "March 2"]
    assert links(as_clerk, created_at__year=2016, created_at__month=3, created_at__day=2) == ["March 2"]


@pytest.mark.parametrize("caller", ["as_clerk", "as_operator"])
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
def test_odd_dates_are_no_crash(query: str, as_clerk: Client, spread_matches: list[ExternalMatch]) -> None:
    assert as_clerk.get(f"{MATCH_LIST}?{query}").status_code in {200, 302}
