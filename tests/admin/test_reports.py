"""The report page, and the days of events in the list of matches that it leads to.

That the figures are right, whatever the world: see tests/rules/test_report_recount.py.
"""

import csv
import html
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from goals.models import Goal
from goalsvc.orgs.models import Organization, Room, User
from matching.admin import report_figures, reports
from matching.admin.report_figures import NO_BREAK
from matching.models import ExternalMatch, VisitorSession
from matching.reports import turns
from tests.admin.samples import found, url, words
from tests.factories import (
    UNKNOWN_ID,
    ExternalMatchFactory,
    GoalFactory,
    RoomFactory,
    UserFactory,
    VisitorSessionFactory,
)

PAGE = "/admin/reports/"
OCTOBER: dict[str, Any] = {"start_date": "2016-10-08", "end_date": "2016-10-10"}
MATCHES = url(ExternalMatch, "changelist")

Browser = Callable[[User | None], Client]


def moment(day: int, hour: int = 22) -> datetime:
    return datetime(2016, 10, day, hour, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the evening of 10 October 2016 in UTC; in Helsinki it is the 11th."""
    monkeypatch.setattr(timezone, "now", lambda: moment(10, 22))


@pytest.fixture
def visit(organization: Organization, room: Room) -> VisitorSession:
    return VisitorSessionFactory.create(
        organization=organization, started_at=moment(1, 20), room_ids=[room.id]
    )


@pytest.fixture
def analyst(organization: Organization, browser: Browser) -> Client:
    """Staff of the organization who hold the reports scope alone."""
    user = UserFactory.create(organization=organization, is_staff=True, scopes=["reports"])
    return browser(user)


def sell(goal: Goal, visit: VisitorSession, day: int, value: str | None = None, **attributes: Any) -> Any:
    return ExternalMatchFactory.create(
        goal=goal,
        session=visit,
        goal_matched_at=moment(day, 21),
        goal_value=None if value is None else Decimal(value),
        **attributes,
    )


def links(response: Any) -> dict[str, str]:
    """The addresses of the page's links, by their texts."""
    page = response.content.decode()
    return {
        " ".join(re.sub(r"<[^>]*>", " ", text).split()): html.unescape(address)
        for address, text in re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', page, re.S)
    }


def charts(response: Any) -> list[Any]:
    return [
        json.loads(html.unescape(data))
        for data in re.findall(r'data-chart="([^"]*)"', response.content.decode())
    ]


def shows_figures(response: Any) -> bool:
    assert response.status_code == 200
    return "tiles" in response.context


# Who may see it


def test_it_takes_the_reports_scope(analyst: Client, as_clerk: Client) -> None:
    assert shows_figures(analyst.get(PAGE))
    assert as_clerk.get(PAGE).status_code == 403
    assert as_clerk.get(PAGE, {"format": "csv"}).status_code == 403


@pytest.mark.parametrize("scopes", [[], ["settings", "users"], ["reports"]])
def test_only_who_may_see_it_is_led_to_it(
    scopes: list[str], organization: Organization, goal: Goal, browser: Browser
) -> None:
    client = browser(UserFactory.create(organization=organization, is_staff=True, scopes=scopes))
    for page in ("/admin/", url(Goal, "changelist"), url(Goal, "change", goal.pk)):
        assert (PAGE in client.get(page).content.decode()) == ("reports" in scopes), page


def test_the_login_page_offers_no_report(client: Client, db: None) -> None:
    assert PAGE not in client.get("/admin/login/").content.decode()


def test_a_goal_and_the_list_of_goals_lead_to_the_report_of_the_goal(analyst: Client, goal: Goal) -> None:
    for page in (url(Goal, "changelist"), url(Goal, "change", goal.pk)):
        response = analyst.get(links(analyst.get(page))["Report"])
        assert response.context["goal"] == goal
        assert shows_figures(response)


def test_operators_choose_an_organization_first(
    as_operator: Client, organization: Organization, other_organization: Organization
) -> None:
    before = as_operator.get(PAGE)
    assert not shows_figures(before)
    assert "Choose an organization to see its report." in words(before)
    assert {"Example Ltd.", "Another Ltd."} <= {
        title for _, title in before.context["chooser"].fields["organization_id"].choices
    }

    chosen = as_operator.get(PAGE, {"organization_id": str(organization.pk)})
    assert shows_figures(chosen)
    assert "Report of all goals of Example Ltd." in words(chosen)
    for name in ("Yesterday", "Download CSV"):
        assert f"organization_id={organization.pk}" in links(chosen)[name]


def test_operators_of_one_organization_need_not_choose(
    as_operator: Client, request: pytest.FixtureRequest
) -> None:
    assert not shows_figures(as_operator.get(PAGE))
    request.getfixturevalue("organization")
    assert shows_figures(as_operator.get(PAGE))


def test_what_belongs_to_another_organization_is_answered_as_unknown(
    as_staff: Client, other_organization: Organization, foreign_room: Room
) -> None:
    goal = GoalFactory.create(organization=other_organization)
    for name, foreign in (("organization_id", other_organization), ("goal", goal), ("room", foreign_room)):
        texts = set()
        for pk in (foreign.pk, UNKNOWN_ID, "no-id"):
            for more in ({}, {"format": "csv"}):
                response = as_staff.get(PAGE, {name: str(pk), **more})
                assert not shows_figures(response)
                texts.add(words(response).replace(str(pk), "<id>"))
        [text] = texts
        assert f"There is no such {name.removesuffix('_id')}" in text
        assert foreign.name not in text


def test_staff_may_name_their_own_organization(as_staff: Client, organization: Organization) -> None:
    for pk in (str(organization.pk), str(organization.pk).upper()):
        assert shows_figures(as_staff.get(PAGE, {"organization_id": pk}))


def test_operators_who_belong_to_an_organization_see_its_report_first(
    organization: Organization, other_organization: Organization, browser: Browser
) -> None:
    operator = UserFactory.create(organization=organization, is_staff=True, is_superuser=True)
    client = browser(operator)
    assert client.get(PAGE).context["organization"] == organization
    chosen = client.get(PAGE, {"organization_id": str(other_organization.pk)})
    assert chosen.context["organization"] == other_organization


def test_a_goal_of_another_organization_is_unknown_to_operators_too(
    as_operator: Client, organization: Organization, other_organization: Organization
) -> None:
    goal = GoalFactory.create(organization=other_organization)
    response = as_operator.get(PAGE, {"organization_id": str(organization.pk), "goal": str(goal.pk)})
    assert not shows_figures(response)
    assert "There is no such goal in the organization." in words(response)


def test_foreign_figures_are_not_in_a_report(analyst: Client, other_organization: Organization) -> None:
    foreign = VisitorSessionFactory.create(organization=other_organization, started_at=moment(1))
    sell(GoalFactory.create(organization=other_organization, name="Foreign"), foreign, 9, "5.00")
    response = analyst.get(PAGE, OCTOBER)
    assert response.context["tiles"][0]["figure"] == "0"
    assert "Foreign" not in words(response)


# What it shows


def test_figures_stand_beside_those_of_the_period_before(
    analyst: Client, goal: Goal, visit: VisitorSession
) -> None:
    VisitorSessionFactory.create(visitor=visit.visitor, started_at=moment(9, 3))
    for day, value in ((6, "100.00"), (7, None), (8, "1000.00"), (9, None), (10, "500.50")):
        sell(goal, visit, day, value)
    sell(goal, visit, 9, retracted_at=moment(10))

    response = analyst.get(PAGE, OCTOBER)

    assert "2016-10-08 to 2016-10-10 (3 days, UTC), compared with 2016-10-05 to 2016-10-07" in words(response)
    tiles = {
        tile["title"]: tuple(tile[name].replace(NO_BREAK, " ") for name in ("figure", "before", "change"))
        for tile in response.context["tiles"]
    }
    assert tiles == {
        "Matches": ("3", "2", "+1 (+50.0 %)"),
        "Value": ("1,500.50", "100.00", "+1,400.50 (+1,400.5 %)"),
        "Average value": ("750.25", "100.00", "+650.25 (+650.2 %)"),
        "Visitors": ("1", "1", "±0"),
        "Conversion rate": ("100.00 %", "-", ""),
        "Time to the match": ("8 d 1 h", "5 d 13 h", "+2 d 12 h"),
    }
    rows = [
        (row["start"], row["weekday"], *row["matches"], *row["value"]) for row in response.context["series"]
    ]
    assert rows == [
        ("2016-10-08", "Sat", "1", "0", "1,000.00", "0.00"),
        ("2016-10-09", "Sun", "1", "1", "0.00", "100.00"),
        ("2016-10-10", "Mon", "1", "1", "500.50", "0.00"),
    ]
    matches, value = charts(response)
    assert matches == {
        "type": "bar",
        "labels": ["2016-10-08", "2016-10-09", "2016-10-10"],
        "series": [
            {
                "label": "Matches", "kind": "bar", "axis": "left", "unit": "", "dashed": False,
                "values": [1, 1, 1],
            },
            {
                "label": "the period before", "kind": "line", "axis": "left", "unit": "", "dashed": True,
                "values": [0, 1, 1], "names": ["2016-10-05", "2016-10-06", "2016-10-07"],
            },
        ],
        "links": None,
    }  # fmt: skip
    assert [series["values"] for series in value["series"]] == [[1000, 0, 500.5], [0, 100, 0]]


def test_goals_are_listed_by_their_matches_and_lead_to_their_reports(
    analyst: Client, organization: Organization, goal: Goal, visit: VisitorSession
) -> None:
    gone = GoalFactory.create(organization=organization, name="Gone", deleted_at=moment(10))
    GoalFactory.create(organization=organization, name="Without matches")
    for day in (8, 9):
        sell(gone, visit, day, "1.00")
    sell(goal, visit, 10)
    sell(goal, visit, 6)

    response = analyst.get(PAGE, {**OCTOBER, "timezone": "Europe/Berlin"})

    listed = [(row["part"].name, row["matches"], row["changes"][0]) for row in response.context["goals"]]
    assert listed == [("Gone", "2", "+2"), ("Bought in the shop", "1", "±0"), ("Without matches", "0", "±0")]
    assert "Gone (deleted)" in words(response)
    own = analyst.get(links(response)["Gone"])
    assert (own.context["goal"], own.context["tiles"][0]["figure"]) == (gone, "2")
    assert "Report of Gone (deleted)" in words(own)
    assert own.context["period"].zone.key == "Europe/Berlin"
    assert links(own)["Reports"] == links(response)["Last 7 days"].split("?")[0] + (
        "?granularity=day&timezone=Europe%2FBerlin&start_date=2016-10-08&end_date=2016-10-10"
    )


def test_by_room_each_goal_is_followed_by_its_rooms(
    analyst: Client, goal: Goal, visit: VisitorSession, room: Room, second_room: Room
) -> None:
    sell(goal, visit, 9, "5.00", room_ids=[room.id, second_room.id])
    sell(goal, visit, 10, room_ids=[second_room.id])

    asked = {**OCTOBER, "group_by": "room"}
    [row] = analyst.get(PAGE, asked).context["goals"]
    assert [(each["part"].room_name, each["matches"], each["value"]) for each in row["rooms"]] == [
        ("Web shop", "1", "5.00"),
        ("Store in Helsinki", "2", "5.00"),
    ]
    of_goal = analyst.get(PAGE, {**asked, "goal": str(goal.pk)})
    assert [each["matches"] for each in of_goal.context["rooms"]] == ["1", "2"]
    assert "Web shop" in words(of_goal)


def test_of_a_room_only_its_matches_count(
    as_staff: Client, goal: Goal, visit: VisitorSession, room: Room, second_room: Room
) -> None:
    sell(goal, visit, 9, room_ids=[room.id])
    sell(goal, visit, 10, room_ids=[second_room.id])
    response = as_staff.get(PAGE, {**OCTOBER, "room": str(room.pk)})
    assert response.context["tiles"][0]["figure"] == "1"
    assert charts(response)[0]["links"] is None  # the list of matches knows no rooms


def test_an_archived_room_and_those_beyond_the_first_can_be_chosen(
    analyst: Client, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "OFFERED", 1)
    RoomFactory.create(organization=organization)
    archived = RoomFactory.create(organization=organization, name="Old shop", archived_at=moment(1))
    response = analyst.get(PAGE, {"room": str(archived.pk).upper()})
    assert shows_figures(response)
    assert "Old shop (archived)" in words(response)


def test_of_very_many_goals_those_with_the_most_matches_are_shown(
    analyst: Client, organization: Organization, visit: VisitorSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_figures, "GOALS_SHOWN", 2)
    goals = GoalFactory.create_batch(4, organization=organization)
    sell(goals[3], visit, 9)
    response = analyst.get(PAGE, OCTOBER)
    assert [row["part"].id for row in response.context["goals"]] == [goals[3].pk, goals[0].pk]
    assert "2 more goals: in the CSV." in words(response)


def test_an_empty_organization_gets_zeros(analyst: Client) -> None:
    response = analyst.get(PAGE)
    assert "There are no goals yet." in words(response)
    assert [tile["figure"] for tile in response.context["tiles"]] == ["0", "0.00", "-", "0", "-", "-"]
    assert len(response.context["series"]) == 30


def test_weeks_and_months_are_compared_with_as_many_days_before(
    analyst: Client, goal: Goal, visit: VisitorSession
) -> None:
    for day in (1, 4, 5, 8, 9, 10):
        sell(goal, visit, day)
    asked = {"start_date": "2016-10-06", "end_date": "2016-10-10"}  # Thursday to Monday
    for granularity, starts, names, values in (
        ("week", ["2016-10-03", "2016-10-10"], ["2016-10-01", "2016-10-05"], [[2, 1], [2, 1]]),
        ("month", ["2016-10"], ["2016-10-01"], [[3], [3]]),
    ):
        response = analyst.get(PAGE, {**asked, "granularity": granularity})
        assert [row["start"] for row in response.context["series"]] == starts
        now, before = charts(response)[0]["series"]
        assert before["names"] == names
        assert [now["values"], before["values"]] == values


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3661, "1 h 1 min"),
        (86400, "1 d"),
        (90061, "1 d 1 h"),
        (None, "-"),
    ],
)
def test_time_spans_are_short(seconds: int | None, text: str) -> None:
    assert report_figures.write_time(seconds) == text


# What it is asked


RANGES = {
    "Yesterday": ("2016-10-09", "2016-10-09", "day"),
    "Last 7 days": ("2016-10-04", "2016-10-10", "day"),
    "Last 30 days": ("2016-09-11", "2016-10-10", "day"),
    "Last month": ("2016-09-01", "2016-09-30", "day"),
    "This quarter": ("2016-10-01", "2016-10-10", "week"),
}


@pytest.mark.parametrize("name", RANGES)
def test_usual_ranges_are_links_that_keep_the_rest(
    name: str, analyst: Client, goal: Goal, room: Room
) -> None:
    rest = {"goal": str(goal.pk), "room": str(room.pk), "group_by": "room"}
    response = analyst.get(links(analyst.get(PAGE, {**OCTOBER, **rest}))[name])
    period = response.context["period"]
    assert (f"{period.start_date}", f"{period.end_date}", period.granularity) == RANGES[name]
    assert rest.items() <= response.context["form"].asked.items()
    assert [each["name"] for each in response.context["ranges"] if each["is_chosen"]] == [name]


def test_today_is_that_of_the_time_zone(analyst: Client) -> None:
    response = analyst.get(PAGE, {"timezone": "Europe/Helsinki"})
    assert f"{response.context['period'].end_date}" == "2016-10-11"
    assert links(response)["Yesterday"].endswith("start_date=2016-10-10&end_date=2016-10-10")


def test_quarters_begin_in_january_april_july_and_october() -> None:
    begins = [
        reports.usual_ranges(datetime(2016, month, 28, tzinfo=UTC).date())[-1][1] for month in range(1, 13)
    ]
    assert [begin.month for begin in begins] == [1] * 3 + [4] * 3 + [7] * 3 + [10] * 3
    assert {begin.day for begin in begins} == {1}


@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        ({"start_date": "2016-10-11"}, "end_date", "Must not be before the first day, 2016-10-11."),
        ({"start_date": "10.10.2016"}, "start_date", "Not a day such as 2016-10-10."),
        ({"start_date": "2016-02-30"}, "start_date", "Not a day such as 2016-10-10."),
        ({"start_date": "\0"}, "start_date", "Not a day such as 2016-10-10."),
        ({"start_date": ""}, "start_date", "This field is required."),
        ({"start_date": "0001-01-01"}, "start_date", "Must be a day from 1999-12-31 to 2199-12-31."),
        ({"end_date": "9999-12-31"}, "end_date", "Must be a day from 1999-12-31 to 2199-12-31."),
        ({"start_date": "2016-01-01"}, "end_date", "A report covers at most 180 days"),
        ({"timezone": "Europe/Helsink"}, "timezone", "Did you mean Europe/Helsinki?"),
        ({"timezone": "../etc/passwd"}, "timezone", "is no name of a time zone"),
        ({"timezone": "\0"}, "timezone", "Null characters are not allowed."),
        ({"granularity": "hour"}, "granularity", "hour is not one of the available choices."),
        ({"group_by": "goal"}, "group_by", "goal is not one of the available choices."),
        ({"goal": "\0"}, "goal", "There is no such goal in the organization."),
    ],
)
def test_bad_parameters_are_told_at_their_fields_and_show_no_figures(
    asked: dict[str, str], field: str, sentence: str, analyst: Client
) -> None:
    for more in ({}, {"format": "csv"}):
        response = analyst.get(PAGE, {**OCTOBER, **asked, **more})
        assert not shows_figures(response)
        [(name, [error])] = response.context["form"].errors.items()
        assert name == field
        assert sentence in error
        assert sentence in words(response)
        assert charts(response) == []


@pytest.mark.parametrize(
    "query",
    ["start_date=2016-10-10", "organization_id=", "goal=&room=&group_by=", "x=y&start_date", "%00=%ff"],
)
def test_odd_addresses_are_no_crash(query: str, as_operator: Client, organization: Organization) -> None:
    assert as_operator.get(f"{PAGE}?{query}").status_code == 200


def test_the_ends_of_the_calendar_are_answered(analyst: Client) -> None:
    for start, end in (("1999-12-31", "2000-01-01"), ("2199-12-01", "2199-12-31")):
        for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
            assert shows_figures(analyst.get(PAGE, {"start_date": start, "end_date": end, "timezone": zone}))


# The CSV


def test_the_csv_answers_the_same_question(
    analyst: Client, goal: Goal, visit: VisitorSession, second_room: Room
) -> None:
    sell(goal, visit, 9, "5.00")
    page = analyst.get(PAGE, OCTOBER)

    response = analyst.get(links(page)["Download CSV"])

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="goals-2016-10-08-2016-10-10.csv"'
    text = response.getvalue().decode()
    assert text[0] == "\N{ZERO WIDTH NO-BREAK SPACE}"  # for Excel
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    assert [(row["goal_name"], row["start"], row["match_count"], row["value_sum"]) for row in rows] == [
        (goal.name, "2016-10-08", "0", "0.00"),
        (goal.name, "2016-10-09", "1", "5.00"),
        (goal.name, "2016-10-10", "0", "0.00"),
    ]
    of_goal = analyst.get(PAGE, {**OCTOBER, "goal": str(goal.pk), "group_by": "room", "format": "csv"})
    assert f"goal-{goal.pk}-2016" in of_goal["Content-Disposition"]
    assert b"Web shop" in of_goal.getvalue()


def test_a_csv_that_is_too_long_is_refused_on_the_page(
    analyst: Client, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MAX_ROWS", 5)
    GoalFactory.create_batch(2, organization=organization)
    response = analyst.get(PAGE, {**OCTOBER, "format": "csv"})
    assert not shows_figures(response)
    assert "The CSV would have more than 5 rows." in words(response)
    assert shows_figures(analyst.get(PAGE, OCTOBER))


def test_one_report_too_many_at_once_is_told_to_come_back(
    analyst: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "READINGS_AT_ONCE", 0)
    response = analyst.get(PAGE, OCTOBER)
    assert not shows_figures(response)
    assert str(turns.TooManyReadings.default_detail) in words(response)


# How much it takes


@pytest.mark.parametrize("many", [False, True])
def test_a_report_takes_few_statements(
    many: bool, as_staff: Client, organization: Organization, goal: Goal, visit: VisitorSession, room: Room
) -> None:
    if many:
        for other in GoalFactory.create_batch(3, organization=organization):
            for day in (6, 8, 9):
                sell(other, visit, day, "1.00")
        RoomFactory.create_batch(3, organization=organization)
    with CaptureQueriesContext(connection) as captured:
        assert shows_figures(as_staff.get(PAGE, {**OCTOBER, "goal": str(goal.pk), "group_by": "room"}))
    # User, organizations, goals, rooms, and a savepoint and turn of each of the two reports, which are
    # streamed past the count.
    assert len(captured) == 10, [each["sql"] for each in captured]


# The days of events in the list of matches


def test_a_bar_leads_to_its_matches(
    as_staff: Client, organization: Organization, goal: Goal, visit: VisitorSession
) -> None:
    inside = [sell(goal, visit, 8), sell(goal, visit, 8)]
    sell(goal, visit, 9)
    sell(goal, visit, 8, retracted_at=moment(10))
    sell(GoalFactory.create(organization=organization), visit, 8)

    response = as_staff.get(PAGE, {**OCTOBER, "goal": str(goal.pk)})

    first, _, third = charts(response)[0]["links"]
    assert third is None
    assert first == response.context["series"][0]["link"]
    listed = as_staff.get(first).context["cl"].result_list
    assert {match.pk for match in listed} == {match.pk for match in inside}


def test_a_bar_of_a_week_leads_to_its_matches_in_the_time_zone(
    as_operator: Client,
    organization: Organization,
    goal: Goal,
    visit: VisitorSession,
    other_organization: Organization,
) -> None:
    for day in (2, 3, 8, 9):  # in Helsinki all are on the day after, past midnight
        sell(goal, visit, day)
    asked = {
        "organization_id": str(organization.pk), "start_date": "2016-10-01", "end_date": "2016-10-10",
        "granularity": "week", "timezone": "Europe/Helsinki",
    }  # fmt: skip
    foreign = VisitorSessionFactory.create(organization=other_organization, started_at=moment(1))
    sell(GoalFactory.create(organization=other_organization), foreign, 3)

    response = as_operator.get(PAGE, asked)

    addresses = charts(response)[0]["links"]
    counts = [row["matches"][0] for row in response.context["series"]]
    assert counts == ["0", "3", "1"]
    assert [
        str(len(as_operator.get(address).context["cl"].result_list)) if address else "0"
        for address in addresses
    ] == counts


def test_matches_are_filtered_by_the_day_of_the_event(
    as_staff: Client, goal: Goal, visit: VisitorSession
) -> None:
    counted, retracted = sell(goal, visit, 9), sell(goal, visit, 9, retracted_at=moment(10))
    today = sell(goal, visit, 10)
    assert found(as_staff, MATCHES, event="2016-10-09") == [counted]
    assert found(as_staff, MATCHES, event="2016-10-09", retracted="yes") == [retracted]
    assert found(as_staff, MATCHES, event="2016-10-09..2016-10-10") == [today, counted]
    assert found(as_staff, MATCHES, event="2016-10-10 Asia/Tokyo") == [counted]
    page = as_staff.get(MATCHES)
    assert found(as_staff, MATCHES + links(page)["Today"]) == [today]
    assert found(as_staff, MATCHES + links(page)["Yesterday"]) == [counted]
    assert "2016-10-01..2016-10-09" in words(as_staff.get(MATCHES, {"event": "2016-10-01..2016-10-09"}))


@pytest.mark.parametrize(
    "event",
    ["", "x", "2016-02-30", "2016-10-10..2016-10-09", "2016-10-10 Nowhere", "0001-01-01", "9999-12-31"],
)
def test_days_that_are_none_are_refused(event: str, as_staff: Client) -> None:
    response = as_staff.get(MATCHES, {"event": event})
    assert (response.status_code, response.headers["Location"]) == (302, f"{MATCHES}?e=1")


def test_operators_filter_by_the_day_within_an_organization(
    as_operator: Client, organization: Organization
) -> None:
    assert "Yesterday" not in links(as_operator.get(MATCHES))
    assert as_operator.get(MATCHES, {"event": "2016-10-10"}).status_code == 400
    assert "Yesterday" in links(as_operator.get(MATCHES, {"organization": str(organization.pk)}))


@pytest.mark.parametrize("is_operator", [False, True])
def test_the_index_of_reports_finds_the_matches_of_a_day(
    is_operator: bool,
    as_operator: Client,
    as_staff: Client,
    organization: Organization,
    goal: Goal,
    visit: VisitorSession,
) -> None:
    sell(goal, visit, 9)
    client = as_operator if is_operator else as_staff
    narrowed = {"organization": str(organization.pk)} if is_operator else {}
    with CaptureQueriesContext(connection) as captured:
        found(client, MATCHES, event="2016-10-09", retracted="no", **narrowed)
    [page] = [each["sql"] for each in captured if "ORDER BY" in each["sql"] and "matching_ext" in each["sql"]]
    with connection.cursor() as cursor:
        for plan in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{plan} = off")
        cursor.execute(f"EXPLAIN {page}")
        assert "match_report" in "\n".join(line for (line,) in cursor.fetchall())
