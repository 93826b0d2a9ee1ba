"""Of reports."""

from goals.documentation import GOAL_NOT_FOUND
from goals.serializers import GOAL_EXAMPLE
from goalsvc.api.schema import Answer, FieldErrors, Operation, refusal_of
from goalsvc.orgs.documentation import ROOM_EXAMPLE
from matching.api.report_query import REQUIRED, ReportQuery
from matching.reports.serializers import GoalReportSerializer, ReportSerializer
from matching.reports.turns import TooManyReadings

FIGURES_EXAMPLE = {
    "match_count": 158,
    "session_count": 158,
    "visitor_count": 151,
    "started_session_count": 1000,
    "value_sum": "7900.00",
    "value_avg": "50.00",
    "value_count": 158,
    "conversion_rate": "15.80",
    "lag_seconds_median": 6407,
    "lag_seconds_p90": 86400,
}
SERIES_EXAMPLE = {"totals": FIGURES_EXAMPLE, "series": [{"start": "2016-10-10", **FIGURES_EXAMPLE}]}
ASKED_EXAMPLE = {
    "start_date": "2016-10-10",
    "end_date": "2016-10-10",
    "timezone": "Europe/Helsinki",
    "granularity": "day",
    **SERIES_EXAMPLE,
}
GOAL_PART_EXAMPLE = {"goal_id": GOAL_EXAMPLE["id"], "name": GOAL_EXAMPLE["name"]}

FIGURES = (
    "By the moment of the event (`goal_matched_at`). Retracted matches do not count, restated values count "
    "as restated, and a match counts from the very next request. `start` is the first day of a day, week or "
    "month, also where the report begins later in it. Sessions and visitors are counted once in each bucket "
    "and once in the totals, so totals are not sums. A match whose identity was erased has no visitor any "
    "more, and no session where that was erased with it.\n\n"
    "With `group_by=room` a match in three rooms counts in each of them, and once in its goal; `rooms` has "
    "those with matches. As CSV (`format=csv`, or `Accept: text/csv`): one row a goal (by room: a goal and "
    "room) and bucket."
)
REFUSALS = (
    FieldErrors("no days", {"start_date": [REQUIRED]}),
    FieldErrors("days in the wrong order", {"end_date": ["Must not be before start_date, 2016-10-10."]}),
    FieldErrors(
        "unknown time zone",
        {
            "timezone": [
                "“Europe/Helsinky” is no name of a time zone, such as Europe/Helsinki. Did you mean "
                "Europe/Helsinki?"
            ]
        },
    ),
    FieldErrors("unknown room", {"room": [f"{ROOM_EXAMPLE['id']} is not a room of the organization."]}),
    refusal_of(TooManyReadings),
)

REPORT = Operation(
    id="report_goals",
    tag="reports",
    summary="Report on all goals",
    description=f"Over all goals, and for each that is not deleted or has matches. {FIGURES}",
    answers={
        200: Answer(
            ReportSerializer,
            {**ASKED_EXAMPLE, "goals": [{**GOAL_PART_EXAMPLE, "is_deleted": False, **SERIES_EXAMPLE}]},
        )
    },
    refusals=REFUSALS,
    parameters=ReportQuery.parameters(),
)
GOAL_REPORT = Operation(
    id="report_goal",
    tag="reports",
    summary="Report on a goal",
    description=FIGURES,
    answers={200: Answer(GoalReportSerializer, {**ASKED_EXAMPLE, **GOAL_PART_EXAMPLE})},
    refusals=(GOAL_NOT_FOUND, *REFUSALS),
    parameters=ReportQuery.parameters(),
)
