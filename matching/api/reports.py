"""Reports of goals (API.md section 5)."""

from contextlib import closing
from itertools import islice
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from goals.reading import find_goal
from goalsvc.api.errors import field_error
from goalsvc.api.rendering import JSONRenderer
from goalsvc.api.schema import describe_actions
from goalsvc.api.viewsets import Request
from goalsvc.orgs.permissions import ActiveSubscription, HasScope, OrganizationAccess
from goalsvc.orgs.scopes import Scope
from goalsvc.orgs.views import OrganizationAPIView
from matching.api.documentation import reports as docs
from matching.api.report_query import ReportQuery
from matching.reports.downloads import MAX_ROWS, CSVRenderer, csv_response, report_header, report_rows
from matching.reports.figures import read_parts
from matching.reports.periods import Period
from matching.reports.serializers import represent_goal_report, represent_report

# Of the days, weeks or months of all goals (and rooms) of an answer as JSON, which is made in memory.
MAX_BUCKETS = 50_000


class ReportView(OrganizationAPIView):
    """A view that answers a report, as JSON or CSV."""

    permission_classes = [OrganizationAccess, ActiveSubscription, HasScope(Scope.REPORTS)]
    renderer_classes = [JSONRenderer, CSVRenderer]

    def answer(
        self, name: str, represent: Any, *, goals: int, goal_id: UUID | None = None
    ) -> HttpResponseBase:
        """Answer the report that the query asks for.

        Args:
            name: of the file, if it is to be CSV.
            represent: makes the body of the answer out of the report's parts.
            goals: how many there are, at least.

        Raises: ValidationError naming a parameter.
        """
        asked = ReportQuery.check(self.request.query_params)
        period = ReportQuery.period_of(asked)
        room_id, by_room = asked.get("room"), asked.get("group_by") == "room"
        if room_id is not None and not self.organization.rooms.filter(pk=room_id).exists():
            raise field_error("room", f"{room_id} is not a room of the organization.")
        is_csv = self.request.accepted_renderer.format == CSVRenderer.format
        limit = MAX_ROWS if is_csv else MAX_BUCKETS
        refuse_more_than(limit, goals, period, is_csv=is_csv)
        parts = read_parts(self.organization, period, goal_id=goal_id, room_id=room_id, by_room=by_room)
        if is_csv:
            rows = report_rows(parts, period, by_room=by_room)
            return csv_response(
                f"{name}-{period.start_date}-{period.end_date}", report_header(by_room=by_room), rows
            )
        most = limit // len(period.starts)
        with closing(parts):
            read = list(islice(parts, most + 1))
        refuse_more_than(limit, len(read), period, is_csv=False)
        return Response(represent(read, period, by_room=by_room))


def refuse_more_than(limit: int, goals: int, period: Period, *, is_csv: bool) -> None:
    """Raise a ValidationError where a report would have more buckets than the limit."""
    buckets = goals * len(period.starts)
    if buckets > limit:
        other = "" if is_csv else ", or as CSV (format=csv)"
        raise field_error(
            "granularity",
            f"This report would have more than {limit:,} {period.granularity}s of goals. Ask for fewer "
            f"days, for weeks or months, for a single goal{other}.",
        )


@describe_actions(get=docs.REPORT)
class ReportsView(ReportView):
    def get(self, request: Request, organization_id: str) -> HttpResponseBase:
        goals = self.organization.goals.live().count()
        return self.answer("goals", represent_report, goals=goals)


@describe_actions(get=docs.GOAL_REPORT)
class GoalReportView(ReportView):
    def get(self, request: Request, organization_id: str, goal_id: str) -> HttpResponseBase:
        goal = find_goal(self.organization, goal_id)
        return self.answer(f"goal-{goal.id}", represent_goal_report, goals=1, goal_id=goal.id)

    def refusal(self, fault: APIException) -> APIException:
        """See the base. Raises: GoalNotFound, which takes precedence."""
        find_goal(self.organization, self.kwargs["goal_id"])
        return fault
