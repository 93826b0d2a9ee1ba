"""Lists of matches, held matches and refused attempts: filtered, sorted, downloaded, and empty."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from goals.models import Goal
from goalsvc.orgs.models import Organization, User
from matching.models import ExternalMatch
from tests.admin.samples import found, make_attempt, words
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    PendingMatchFactory,
    VisitorFactory,
    VisitorIdentityFactory,
)

MATCHES = "/admin/matching/externalmatch/"
HELD = "/admin/matching/pendingmatch/"
ATTEMPTS = "/admin/matching/matchattempt/"
DAYS = "2016-10-01..2016-10-31"


@pytest.fixture
def goal(organization: Organization) -> Goal:
    return GoalFactory.create(organization=organization, name="Bought in the shop")


@pytest.fixture
def matches(goal: Goal) -> list[ExternalMatch]:
    """Matches of no value, of the goal's default, of 10 and of 20; the first event was recorded last."""
    made = []
    for number, (value, source) in enumerate(
        ((None, "none"), (5, "goal_default"), (10, "request"), (20, "request"))
    ):
        made.append(
            ExternalMatchFactory.create(
                goal=goal,
                goal_value=None if value is None else Decimal(value),
                goal_value_source=source,
                goal_matched_at=datetime(2016, 10, 11 + number, tzinfo=UTC),
                created_at=datetime(2016, 11, 20 - number, tzinfo=UTC),
            )
        )
    return made


def chips(response: Any) -> list[str]:
    return [f"{chip.title}: {chip.text}" for chip in response.context["cl"].chips()]


def test_matches_are_filtered_by_value_among_days(as_staff: Client, matches: list[ExternalMatch]) -> None:
    none, default, ten, twenty = matches
    for query, rows in (
        ({"value": "none"}, {none}),
        ({"value": "goal_default"}, {default}),
        ({"value_from": "10"}, {ten, twenty}),
        ({"value_from": " 5.00 ", "value_to": "10"}, {default, ten}),
        ({"value_to": "4.99"}, set()),
        ({"value_from": "", "value_to": ""}, set(matches)),
    ):
        assert set(found(as_staff, MATCHES, event=DAYS, **query)) == rows, query


def test_a_value_without_days_is_looked_for_among_the_last(
    as_staff: Client, matches: list[ExternalMatch]
) -> None:
    response = as_staff.get(MATCHES, {"value_from": "10"}, follow=True)
    today = timezone.now().date()
    assert chips(response) == ["Day of the event: Last 30 days", "Value: from 10"]
    assert response.redirect_chain[0][0].endswith(
        f"?value_from=10&event={today - timedelta(days=29)}..{today}"
    )


@pytest.mark.parametrize(
    ("page", "query", "sentence"),
    [
        (MATCHES, {"event": DAYS, "value": "abc"}, "'abc' is no choice of values."),
        (MATCHES, {"event": DAYS, "value_from": "12,5"}, "'12,5' is no value. Not a decimal number."),
        (MATCHES, {"event": DAYS, "value_to": "9" * 13}, "is no value. At most 14 digits are allowed"),
        (MATCHES, {"event": "2016-13-01"}, "“2016-13-01” is no day of the event"),
        (MATCHES, {"event": "0001-01-01..9999-12-31"}, "is no day of the event"),
        (MATCHES, {"retracted": "perhaps"}, "'perhaps' is no choice of state."),
        (MATCHES, {"goal__id__exact": "abc"}, "'abc' is no id of goal."),
        (MATCHES, {"created_at__year": "9999"}, ""),
        (HELD, {"status": "odd"}, "'odd' is no status."),
        (ATTEMPTS, {"code": "odd"}, "'odd' is no code."),
        (ATTEMPTS, {"source": "odd"}, "'odd' is no source."),
    ],
)
def test_what_cannot_be_filtered_by_is_said(
    page: str, query: dict[str, str], sentence: str, as_staff: Client, matches: list[ExternalMatch]
) -> None:
    response = as_staff.get(page, query, follow=True)
    assert f"{sentence}" in words(response)
    assert "Nothing is filtered now." in words(response)
    assert chips(response) == []


def test_chips_say_what_is_filtered_and_take_it_off(
    as_staff: Client, goal: Goal, matches: list[ExternalMatch]
) -> None:
    query = {"goal__id__exact": str(goal.pk), "event": "2016-10-11", "retracted": "no", "q": "nobody"}
    response = as_staff.get(MATCHES, query)
    assert chips(response) == [
        "Search: “nobody”",
        "Day of the event: 2016-10-11",
        "Goal: Bought in the shop",
        "State: Not retracted",
    ]
    addresses = {chip.title: chip.without for chip in response.context["cl"].chips()}
    assert addresses["Goal"] == "?event=2016-10-11&q=nobody&retracted=no"
    assert f'href="{addresses["Goal"].replace("&", "&amp;")}"' in response.content.decode()
    of_day = as_staff.get(MATCHES, {"created_at__year": 2016, "created_at__month": 11})
    assert chips(of_day) == ["Recorded: 2016-11"]
    assert [chip.without for chip in of_day.context["cl"].chips()] == ["?"]
    session = matches[0].session
    assert chips(as_staff.get(MATCHES, {"session__id__exact": str(session.pk)})) == [f"Session: {session}"]  # type: ignore[union-attr]


def test_no_chip_names_a_goal_of_others(as_staff: Client, other_organization: Organization) -> None:
    foreign = GoalFactory.create(organization=other_organization, name="Foreign")
    response = as_staff.get(MATCHES, {"goal__id__exact": str(foreign.pk)})
    assert chips(response) == [f"Goal: {foreign.pk}"]


def test_very_many_goals_are_found_in_a_box(as_staff: Client, organization: Organization) -> None:
    GoalFactory.create_batch(14, organization=organization)
    assert "Show this goal" not in words(as_staff.get(ATTEMPTS))
    GoalFactory.create(organization=organization, name="Rare")
    page = as_staff.get(ATTEMPTS)
    assert "Show this goal" in words(page)
    assert 'name="goal__id__exact"' in page.content.decode()
    answer = as_staff.get(
        "/admin/autocomplete/",
        {"term": "rare", "app_label": "matching", "model_name": "externalmatch", "field_name": "goal"},
    )
    assert [each["text"] for each in answer.json()["results"]] == ["Rare"]


def test_each_list_is_filtered_by_its_goal(as_staff: Client, goal: Goal) -> None:
    held, attempt = PendingMatchFactory.create(goal=goal), make_attempt(goal.organization, goal=goal)
    PendingMatchFactory.create(organization=goal.organization)
    make_attempt(goal.organization)
    for page, row in ((HELD, held), (ATTEMPTS, attempt)):
        assert found(as_staff, page, goal__id__exact=str(goal.pk)) == [row]


def test_matches_are_sorted_by_the_event_among_days_and_by_when_they_were_recorded(
    as_staff: Client, matches: list[ExternalMatch]
) -> None:
    assert found(as_staff, MATCHES) == matches
    assert found(as_staff, MATCHES, o="1") == matches[::-1]
    assert found(as_staff, MATCHES, event=DAYS) == matches[::-1]
    assert found(as_staff, MATCHES, event=DAYS, o="4") == matches
    assert found(as_staff, MATCHES, event=DAYS, o="-1") == matches
    # No index has the order of all.
    assert found(as_staff, MATCHES, o="4") == matches


# Files.


def read(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200
    assert "attachment" in response["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"), newline="")))


def test_a_file_has_what_the_list_is_filtered_to(
    as_staff: Client, goal: Goal, matches: list[ExternalMatch]
) -> None:
    page = as_staff.get(MATCHES, {"event": DAYS, "value_from": "10"})
    address = page.context["cl"].csv_address()
    assert address.startswith("download/?event=")
    assert "Download CSV" in words(page)
    lines = read(as_staff.get(f"{MATCHES}{address}"))
    assert [line["id"] for line in lines] == [str(each.pk) for each in matches[:1:-1]]
    assert lines[0]["goal_value"] == "20.00"
    assert lines[0]["retraction_reason"] == ""
    held, attempt = PendingMatchFactory.create(goal=goal), make_attempt(goal.organization, goal=goal)
    assert [line["id"] for line in read(as_staff.get(f"{HELD}download/"))] == [str(held.pk)]
    assert [line["id"] for line in read(as_staff.get(f"{ATTEMPTS}download/?q=nobody"))] == []
    assert [line["code"] for line in read(as_staff.get(f"{ATTEMPTS}download/"))] == [attempt.code]


def test_a_file_has_nothing_of_others(
    client: Client, as_clerk: Client, other_staff: User, matches: list[ExternalMatch]
) -> None:
    client.force_login(other_staff)
    assert read(client.get(f"{MATCHES}download/")) == []
    assert as_clerk.get(f"{MATCHES}download/").status_code == 403


def test_a_file_has_its_limit(
    as_staff: Client, matches: list[ExternalMatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching.admin.events.downloads.MAX_ROWS", 3)
    response = as_staff.get(f"{MATCHES}download/?event={DAYS}", follow=True)
    assert "A file has at most 3 matches, and these are more. Filter the list further." in words(response)
    assert chips(response) == [f"Day of the event: {DAYS}"]
    wrong = as_staff.get(f"{MATCHES}download/?value=abc&event={DAYS}", follow=True)
    assert "'abc' is no choice of values." in words(wrong)


# What else a row leads to.


def test_an_empty_list_says_where_else_to_look(as_staff: Client, organization: Organization) -> None:
    response = as_staff.get(MATCHES, {"q": "customer & 1"})
    assert "The search is exact" in words(response)
    assert "A customer may be among the held matches or the refused attempts" in words(response)
    for page in (HELD, ATTEMPTS):
        assert f'href="{page}?q=customer+%26+1"' in response.content.decode()
    assert f'href="{MATCHES}"' in as_staff.get(ATTEMPTS).content.decode()


def test_an_identity_leads_to_its_page(as_staff: Client, goal: Goal) -> None:
    visitor = VisitorFactory.create(organization=goal.organization)
    tie = VisitorIdentityFactory.create(visitor=visitor, identity="customer-1")
    VisitorIdentityFactory.create(identity="customer-2")
    for identity, is_known in (("customer-1", True), ("customer-2", False)):
        held = PendingMatchFactory.create(goal=goal, visitor_identity=identity)
        attempt = make_attempt(goal.organization, visitor_identity=identity)
        for page, row in ((HELD, held), (ATTEMPTS, attempt)):
            for address in (f"{page}?q={row.pk}", f"{page}{row.pk}/change/"):
                content = as_staff.get(address).content.decode()
                link = f'<a href="/admin/matching/visitoridentity/{tie.pk}/change/">customer-1</a>'
                assert (link in content) == is_known, address
                assert identity in content


def test_a_refused_attempt_shows_what_was_posted_and_its_request(as_staff: Client, goal: Goal) -> None:
    attempt = make_attempt(
        goal.organization,
        code="no_connected_rooms",
        visitor_identity="customer-1",
        goal_value=Decimal("1234.50"),
        request_id="request-1",
    )
    other = make_attempt(goal.organization, request_id="request-1")
    response = as_staff.get(f"{ATTEMPTS}{attempt.pk}/change/")
    assert "No connected rooms · 11 Oct 2016 06:00 UTC · customer customer-1" in words(response)
    assert "Value: 1,234.50" in words(response)
    assert 'href="/admin/matching/matchattempt/?q=request-1"' in response.content.decode()
    assert set(found(as_staff, ATTEMPTS, q="request-1")) == {attempt, other}
