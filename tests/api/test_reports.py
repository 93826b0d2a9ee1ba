"""GET /orgs/<org>/reports/goals and GET /orgs/<org>/goals/<goal>/report.

That the figures are right, whatever the world: see tests/rules/test_report_recount.py.
"""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from goals.models import Goal
from matching.api import reports
from tests.factories import (
    UNKNOWN_ID,
    ExternalMatchFactory,
    GoalFactory,
    VisitorFactory,
    VisitorSessionFactory,
    ids,
)

DAY = {"start_date": "2016-10-10", "end_date": "2016-10-10"}
EMPTY = {
    "match_count": 0,
    "session_count": 0,
    "visitor_count": 0,
    "started_session_count": 0,
    "value_sum": "0.00",
    "value_avg": None,
    "value_count": 0,
    "conversion_rate": None,
    "lag_seconds_median": None,
    "lag_seconds_p90": None,
}


def moment(day, hour, minute=0):
    return datetime(2016, 10, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def report_url(org_url):
    return f"{org_url}/reports/goals"


@pytest.fixture
def visit(organization, room):
    """A session on 10 October from 20:00 (UTC), in the room."""
    visitor = VisitorFactory.create(organization=organization)
    return VisitorSessionFactory.create(visitor=visitor, started_at=moment(10, 20), room_ids=[room.id])


def sell(goal, session, **attributes):
    return ExternalMatchFactory.create(goal=goal, session=session, **attributes)


def test_a_report_counts_matches_sessions_visitors_values_and_lags(
    as_manager, report_url, goal, visit, organization
):
    other = VisitorSessionFactory.create(visitor=visit.visitor, started_at=moment(10, 21))
    VisitorSessionFactory.create_batch(4, organization=organization, started_at=moment(10, 12))
    sell(goal, visit, goal_matched_at=moment(10, 21), goal_value=Decimal("10.00"))
    sell(goal, visit, goal_matched_at=moment(10, 22), goal_value=Decimal("20.01"))
    sell(goal, other, goal_matched_at=moment(10, 22))

    report = as_manager.get(report_url, DAY).json()

    figures = {
        "match_count": 3,
        "session_count": 2,
        "visitor_count": 1,
        "started_session_count": 6,
        "value_sum": "30.01",
        "value_avg": "15.01",
        "value_count": 2,
        "conversion_rate": "33.33",
        "lag_seconds_median": 3600,
        "lag_seconds_p90": 6480,
    }
    series = [{"start": "2016-10-10", **figures}]
    assert report == {
        "start_date": "2016-10-10",
        "end_date": "2016-10-10",
        "timezone": "UTC",
        "granularity": "day",
        "totals": figures,
        "series": series,
        "goals": [
            {
                "goal_id": str(goal.id),
                "name": goal.name,
                "is_deleted": False,
                "totals": figures,
                "series": series,
            }
        ],
    }


def test_a_goal_has_a_report_of_its_own_with_all_sessions_that_began(
    as_manager, org_url, organization, goal, visit
):
    sell(goal, visit)
    sell(GoalFactory.create(organization=organization), visit)

    report = as_manager.get(f"{org_url}/goals/{goal.id}/report", DAY).json()

    assert not {"goals", "is_deleted"} & set(report)
    assert (report["goal_id"], report["name"]) == (str(goal.id), goal.name)
    assert (report["totals"]["match_count"], report["totals"]["conversion_rate"]) == (1, "100.00")


def test_an_organization_without_anything_gets_zeros_and_nulls(as_manager, report_url, goal):
    report = as_manager.get(report_url, DAY).json()

    assert report["totals"] == EMPTY
    assert report["series"] == [{"start": "2016-10-10", **EMPTY}]
    assert [each["totals"] for each in report["goals"]] == [EMPTY]


def test_a_series_has_no_gaps_and_weeks_begin_on_mondays_before_the_range(as_manager, report_url):
    def starts(granularity):
        asked = {"start_date": "2016-12-28", "end_date": "2017-01-11", "granularity": granularity}
        return [each["start"] for each in as_manager.get(report_url, asked).json()["series"]]

    assert starts("day") == [str(datetime(2016, 12, 28).date() + timedelta(days=n)) for n in range(15)]
    assert starts("week") == ["2016-12-26", "2017-01-02", "2017-01-09"]
    assert starts("month") == ["2016-12-01", "2017-01-01"]


def test_a_week_that_begins_before_the_range_has_only_days_of_the_range(as_manager, report_url, goal, visit):
    sell(goal, visit, goal_matched_at=moment(10, 21))  # a Monday
    sell(goal, visit, goal_matched_at=moment(11, 21))
    asked = {"start_date": "2016-10-11", "end_date": "2016-10-16", "granularity": "week"}

    [week] = as_manager.get(report_url, asked).json()["series"]

    assert (week["start"], week["match_count"]) == ("2016-10-10", 1)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", 10), ("Europe/Helsinki", 11), ("America/Los_Angeles", 10), ("Asia/Kathmandu", 11)],
)
def test_days_are_those_of_the_time_zone(zone, day, as_manager, report_url, goal, visit):
    sell(goal, visit, goal_matched_at=moment(10, 22))
    asked = {"start_date": "2016-10-09", "end_date": "2016-10-12", "timezone": zone}

    series = as_manager.get(report_url, asked).json()["series"]

    assert [each["start"] for each in series if each["match_count"]] == [f"2016-10-{day:02}"]


def test_a_day_that_a_zone_left_out_is_there_and_empty(as_manager, report_url, goal, visit):
    for hour in range(8, 13):
        session_at = datetime(2011, 12, 30, 1, tzinfo=UTC)
        sell(
            goal,
            VisitorSessionFactory.create(visitor=visit.visitor, started_at=session_at),
            goal_matched_at=datetime(2011, 12, 30, hour, tzinfo=UTC),
        )
    asked = {"start_date": "2011-12-29", "end_date": "2011-12-31", "timezone": "Pacific/Apia"}

    series = as_manager.get(report_url, asked).json()["series"]

    assert [(each["start"], each["match_count"]) for each in series] == [
        ("2011-12-29", 2),
        ("2011-12-30", 0),
        ("2011-12-31", 3),
    ]


def test_a_match_counts_from_the_next_request_and_a_retracted_or_restated_one_as_it_is(
    as_manager, org_url, report_url, url, body, visitor, goal
):
    def figures():
        totals = as_manager.get(report_url, DAY).json()["totals"]
        return totals["match_count"], totals["value_sum"]

    match = as_manager.post(url, body | {"goal_value": "12.50"}).json()
    assert figures() == (1, "12.50")
    as_manager.patch(f"{org_url}/matches/{match['id']}", {"goal_value": "7.00"})
    assert figures() == (1, "7.00")
    as_manager.delete(f"{org_url}/matches/{match['id']}")
    assert figures() == (0, "0.00")


def test_a_deleted_goal_is_shown_with_its_matches_and_without_any_it_is_not(
    as_manager, report_url, organization, goal, visit
):
    sell(goal, visit)
    gone = GoalFactory.create(organization=organization)
    for each in (goal, gone):
        Goal.objects.filter(pk=each.pk).update(deleted_at=moment(12, 0))

    report = as_manager.get(report_url, DAY).json()

    assert [(each["goal_id"], each["is_deleted"]) for each in report["goals"]] == [(str(goal.id), True)]


def test_a_room_narrows_matches_and_sessions(
    as_manager, report_url, goal, room, second_room, visit, organization
):
    VisitorSessionFactory.create(
        organization=organization, started_at=moment(10, 9), room_ids=[second_room.id]
    )
    sell(goal, visit)

    def totals(wanted):
        figures = as_manager.get(report_url, DAY | {"room": wanted.id}).json()["totals"]
        return figures["match_count"], figures["started_session_count"], figures["conversion_rate"]

    assert totals(room) == (1, 1, "100.00")
    assert totals(second_room) == (0, 1, "0.00")


def test_by_room_a_match_in_two_rooms_counts_in_each_and_once_in_its_goal(
    as_manager, report_url, goal, room, second_room, visit
):
    sell(goal, visit, room_ids=[room.id, second_room.id], goal_value=Decimal("5.00"))
    sell(goal, visit, room_ids=[second_room.id])

    report = as_manager.get(report_url, DAY | {"group_by": "room"}).json()

    [shown] = report["goals"]
    assert (shown["totals"]["match_count"], report["totals"]["match_count"]) == (2, 2)
    assert [(each["room_id"], each["name"], each["totals"]["match_count"]) for each in shown["rooms"]] == [
        (str(room.id), room.name, 1),
        (str(second_room.id), second_room.name, 2),
    ]
    assert [each["totals"]["started_session_count"] for each in shown["rooms"]] == [1, 0]
    assert [each["series"][0]["value_sum"] for each in shown["rooms"]] == ["5.00", "5.00"]


def test_by_room_and_of_one_room_only_that_one_is_shown(as_manager, org_url, goal, room, second_room, visit):
    sell(goal, visit, room_ids=[room.id, second_room.id])
    asked = DAY | {"group_by": "room", "room": room.id}

    report = as_manager.get(f"{org_url}/goals/{goal.id}/report", asked).json()

    assert [each["room_id"] for each in report["rooms"]] == ids(room)


def test_an_archived_room_still_reports(as_manager, report_url, goal, room, visit):
    sell(goal, visit)
    room.archived_at = moment(12, 0)
    room.save()

    report = as_manager.get(report_url, DAY | {"room": room.id, "group_by": "room"}).json()

    assert report["goals"][0]["rooms"][0]["totals"]["match_count"] == 1


# Bad input


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"start_date": None}, "start_date", "This parameter is required: a day such as 2016-10-10."),
        ({"end_date": None}, "end_date", "This parameter is required: a day such as 2016-10-10."),
        ({"start_date": "2016-10-11"}, "end_date", "Must not be before start_date, 2016-10-11."),
        ({"start_date": "10.10.2016"}, "start_date", "Not a day such as 2016-10-10."),
        ({"start_date": "2016-02-30"}, "start_date", "Not a day such as 2016-10-10."),
        ({"start_date": "2016-10-10T00:00:00Z"}, "start_date", "Not a day such as 2016-10-10."),
        ({"start_date": "\uff12016-10-10"}, "start_date", "Not a day such as 2016-10-10."),
        ({"start_date": "20161010"}, "start_date", "Not a day such as 2016-10-10."),
        ({"start_date": ""}, "start_date", "Not a day such as 2016-10-10."),
        ({"start_date": "0001-01-01"}, "start_date", "Must be a day from 1999-12-31 to 2199-12-31."),
        ({"end_date": "9999-12-31"}, "end_date", "Must be a day from 1999-12-31 to 2199-12-31."),
        (
            {"end_date": "2017-04-08"},
            "end_date",
            "A report covers at most 180 days, both ends included, and these are 181: ask for 2016-10-10 to "
            "2017-04-07 first.",
        ),
        ({"granularity": "hour"}, "granularity", "Must be one of: day, week, month."),
        ({"group_by": "goal"}, "group_by", "Must be one of: room."),
        (
            {"timezone": "Europe/Helsinky"},
            "timezone",
            "“Europe/Helsinky” is no name of a time zone, such as Europe/Helsinki. Did you mean "
            "Europe/Helsinki?",
        ),
        (
            {"timezone": "../../etc/passwd"},
            "timezone",
            "“../../etc/passwd” is no name of a time zone, such as Europe/Helsinki.",
        ),
        (
            {"timezone": "+02:00"},
            "timezone",
            "“+02:00” is no name of a time zone, such as Europe/Helsinki.",
        ),
        ({"room": "web shop"}, "room", "Not a UUID."),
        ({"room": str(UNKNOWN_ID)}, "room", f"{UNKNOWN_ID} is not a room of the organization."),
    ],
)
def test_bad_parameters_are_400_and_say_what_to_do(change, field, sentence, as_manager, report_url):
    asked = {name: value for name, value in (DAY | change).items() if value is not None}

    response = as_manager.get(report_url, asked)

    assert (response.status_code, response.json()) == (400, {field: [sentence]})


def test_the_longest_range_and_the_ends_of_the_calendar_are_answered(as_manager, report_url):
    for start, end, days in (
        ("2016-10-10", "2017-04-07", 180),
        ("1999-12-31", "2000-01-01", 2),
        ("2199-12-01", "2199-12-31", 31),
    ):
        for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
            asked = {"start_date": start, "end_date": end, "timezone": zone}
            series = as_manager.get(report_url, asked).json()["series"]
            assert (len(series), series[0]["start"], series[-1]["start"]) == (days, start, end)


def test_a_foreign_room_gets_the_answer_of_an_unknown_one(as_manager, report_url, foreign_room):
    response = as_manager.get(report_url, DAY | {"room": foreign_room.id})

    assert response.json() == {"room": [f"{foreign_room.id} is not a room of the organization."]}


def test_foreign_matches_sessions_and_goals_are_not_in_a_report(as_manager, report_url, other_organization):
    goal = GoalFactory.create(organization=other_organization)
    sell(goal, VisitorSessionFactory.create(organization=other_organization))

    report = as_manager.get(report_url, DAY).json()

    assert report["goals"] == []
    assert report["totals"] == EMPTY


@pytest.mark.parametrize("which", ["foreign", "deleted", "unknown", "malformed"])
def test_the_report_of_a_goal_that_is_not_there_is_404(
    which, as_manager, org_url, organization, other_organization
):
    goal_id = {
        "foreign": GoalFactory.create(organization=other_organization).id,
        "deleted": GoalFactory.create(organization=organization, deleted_at=moment(12, 0)).id,
        "unknown": UNKNOWN_ID,
        "malformed": "report",
    }[which]

    response = as_manager.get(f"{org_url}/goals/{goal_id}/report", DAY)

    assert (response.status_code, response.json()["code"]) == (404, "goal_not_found")


@pytest.mark.parametrize("path", ["goals", "rooms"])
def test_a_report_of_too_many_goals_is_refused_before_it_fills_the_memory(
    path, as_manager, report_url, organization, goal, room, second_room, visit, monkeypatch
):
    monkeypatch.setattr(reports, "MAX_BUCKETS", 61)  # a goal and all goals have 60 in 30 days
    sell(goal, visit, room_ids=[room.id, second_room.id])
    asked = {"start_date": "2016-10-01", "end_date": "2016-10-30"}
    assert as_manager.get(report_url, asked).status_code == 200

    if path == "goals":
        GoalFactory.create_batch(2, organization=organization)
        response = as_manager.get(report_url, asked)
    else:
        response = as_manager.get(report_url, asked | {"group_by": "room"})

    assert response.json() == {
        "granularity": [
            "This report would have more than 61 days of goals. Ask for fewer days, for weeks or months, for "
            "a single goal, or as CSV (format=csv)."
        ]
    }
    assert as_manager.get(report_url, asked | {"group_by": "room", "format": "csv"}).status_code == 200


# As CSV


def rows_of(response):
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def test_the_csv_has_the_figures_of_the_json_one_row_a_goal_and_bucket(
    as_manager, report_url, organization, visit
):
    goal = GoalFactory.create(organization=organization, name="=1+1, “Ä”")
    GoalFactory.create(organization=organization)
    sell(goal, visit, goal_value=Decimal("-5.00"), goal_matched_at=moment(10, 22))
    asked = {"start_date": "2016-10-10", "end_date": "2016-10-11"}

    response = as_manager.get(report_url, asked | {"format": "csv"})
    shown = as_manager.get(report_url, asked).json()

    rows = rows_of(response)
    assert response["Content-Disposition"] == 'attachment; filename="goals-2016-10-10-2016-10-11.csv"'
    assert rows == [
        {
            "goal_id": each["goal_id"],
            "goal_name": each["name"].replace("=", "'="),
            "is_deleted": "false",
            **{name: "" if value is None else str(value) for name, value in bucket.items()},
        }
        for each in shown["goals"]
        for bucket in each["series"]
    ]
    assert [row["value_sum"] for row in rows] == ["-5.00", "0.00", "0.00", "0.00"]


def test_by_room_the_csv_has_one_row_a_goal_room_and_bucket(
    as_manager, org_url, goal, room, second_room, visit
):
    sell(goal, visit, room_ids=[room.id, second_room.id])
    asked = DAY | {"group_by": "room"}

    rows = rows_of(as_manager.get(f"{org_url}/goals/{goal.id}/report", asked, HTTP_ACCEPT="text/csv"))

    assert [(row["room_id"], row["room_name"], row["match_count"]) for row in rows] == [
        (str(room.id), "Web shop", "1"),
        (str(second_room.id), "Store in Helsinki", "1"),
    ]


def test_errors_are_json_where_csv_was_asked_for(as_manager, report_url):
    response = as_manager.get(report_url, {"format": "csv"})

    assert (response.status_code, response["Content-Type"]) == (400, "application/json")


def test_what_is_neither_json_nor_csv_is_406(as_manager, report_url):
    response = as_manager.get(report_url, DAY, HTTP_ACCEPT="application/pdf")

    assert (response.status_code, response.json()["detail"]) == (406, "Only JSON or CSV is served here.")


@pytest.mark.parametrize("matches", [0, 30])
def test_a_report_takes_few_statements(
    matches, as_manager, report_url, goal, visit, room, django_assert_num_queries
):
    as_manager.get(report_url, DAY)
    for number in range(matches):
        sell(goal, visit, goal_matched_at=moment(10, 21, number))

    # Caller, count of goals, room, begin, turn, commit; the report's own is streamed, past the count.
    with django_assert_num_queries(6):
        as_manager.get(report_url, DAY | {"group_by": "room", "room": room.id})
