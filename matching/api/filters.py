"""The query parameters of matching, a serializer a list. All lists take the same names for the same thing.

An empty value is a value: no stored text equals it, and it is no id and no moment.
"""

from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet, Subquery

from goalsvc.api.pagination import Filter, Filtered
from matching.api.parameters import (
    Choice,
    Flag,
    Id,
    Moment,
    Query,
    Text,
    WholeNumber,
    begin,
    end,
    parameters_of,
)
from matching.models import PendingMatch
from matching.privacy.export import sessions_of_identity


class ListQuery(Query):
    """The filters of a list."""

    by = "created_at"  # what the list is ordered by

    def narrow(self, rows: QuerySet[Any], values: dict[str, Any]) -> Any:
        """Return the Rows of a list that meet the filters whose values were given."""
        filters: list[Filter] = []
        parameters = parameters_of(type(self))
        for name, value in values.items():
            parameter = parameters[name]
            if isinstance(parameter, Moment) and str(parameter.lookup).startswith(f"{self.by}__"):
                rows = rows.filter(**{str(parameter.lookup): value})
            else:
                filters += getattr(self, f"by_{name}", parameter.filters)(value)
        return Filtered(rows, filters)


IDENTITY = ("identity", "custom_visitor_identity")  # what else `visitor_identity` is called


class GoalQuery(ListQuery):
    """What matches, pending ones and rejected attempts have in common."""

    goal_id = Id("goal", lookup="goal", is_indexed=True, help_text="Only of this goal.")
    visitor_identity = Text(
        *IDENTITY, lookup="visitor_identity", is_indexed=True, help_text="Only of exactly this identity."
    )


class MatchQuery(GoalQuery):
    external_id = Text(help_text="Only with exactly this external id.")
    room = Id(help_text="Only with this connected room.")
    matched_from = begin("goal_matched_at")
    matched_to = end("goal_matched_at")
    is_retracted = Flag(help_text="Only retracted ones, or only others.")
    created_from = begin("created_at")
    created_to = end("created_at")

    def by_external_id(self, value: str) -> list[Filter]:
        """Each goal's is looked up in the index that keeps it unique."""
        goals = self.context["organization"].goals.order_by().values("pk")
        return [Filter(Q(external_id=value, goal__in=goals), is_indexed=True)]

    def by_room(self, value: UUID) -> list[Filter]:
        return [Filter(Q(room_ids__contains=[value]))]

    def by_is_retracted(self, value: bool) -> list[Filter]:
        """Those that are retracted have an index."""
        return [Filter(Q(retracted_at__isnull=not value), is_indexed=value)]


class GoalMatchQuery(MatchQuery):
    goal_id = None  # type: ignore[assignment] # as DRF leaves out an inherited field


class PendingMatchQuery(GoalQuery):
    external_id = Text(lookup="external_id", is_indexed=True, help_text="Only with exactly this external id.")
    status = Choice(PendingMatch.Status.values)
    created_from = begin("created_at", "from")
    created_to = end("created_at", "to")

    def by_status(self, value: str) -> list[Filter]:
        """Filter by what `status_at` shows; what is overdue is stored as pending."""
        is_overdue = Q(expires_at__lte=self.context["at"])
        match value:
            case PendingMatch.Status.PENDING:
                return [Filter(Q(status=value), is_indexed=True), Filter(~is_overdue)]
            case PendingMatch.Status.EXPIRED:
                return [Filter(Q(status=value) | Q(status=PendingMatch.Status.PENDING) & is_overdue)]
        return [Filter(Q(status=value), is_indexed=True)]


class MatchAttemptQuery(GoalQuery):
    code = Text(lookup="code", is_indexed=True, help_text="Only with this code.")
    created_from = begin("created_at", "from")
    created_to = end("created_at", "to")


class VisitorQuery(ListQuery):
    """What identities and sessions have in common."""

    def by_visitor_id(self, value: str) -> list[Filter]:
        """Filter by the tracking site's id of the visitor."""
        visitor = self.context["organization"].visitors.filter(visitor_id=value).values("pk")
        return [Filter(Q(visitor=Subquery(visitor.order_by())), is_indexed=True)]


class VisitorIdentityQuery(VisitorQuery):
    created_from = begin("created_at", "from")
    created_to = end("created_at", "to")
    visitor_identity = Text(
        *IDENTITY,
        lookup="identity",
        is_indexed=True,
        help_text="Only of visitors with exactly this identity.",
    )
    visitor_id = Text(help_text="Only of the visitor with exactly this id.")
    visitor_session_id = Text(help_text="Only last given in exactly this session.")

    def by_visitor_session_id(self, value: str) -> list[Filter]:
        """Filter by the session that identities were last given in.

        They have no index by it, which each of their sessions would have to change. A session that has been
        reported tells its visitor, whose identities have one.
        """
        given = [Filter(Q(visitor_session_id=value))]
        sessions = self.context["organization"].visitor_sessions.filter(visitor_session_id=value)
        session = sessions.order_by().first()
        if session is None:
            return given
        return [Filter(Q(visitor=session.visitor_id), is_indexed=True), *given]


class VisitorSessionQuery(VisitorQuery):
    by = "started_at"

    started_from = begin("started_at", "from")
    started_to = end("started_at", "to")
    visitor_id = Text(help_text="Only of the visitor with exactly this id.")
    visitor_session_id = Text(
        lookup="visitor_session_id", is_indexed=True, help_text="Only exactly this session."
    )
    visitor_identity = Text(*IDENTITY, help_text="Only of visitors with exactly this identity.")

    def narrow(self, rows: QuerySet[Any], values: dict[str, Any]) -> Any:
        narrowed = super().narrow(rows, values)
        identity = values.get("visitor_identity")
        if identity is None:
            return narrowed
        organization = self.context["organization"]
        return partial(sessions_of_identity, organization, identity, narrowed.queryset, narrowed.filters)


class PostingQuery(Query):
    validate_only = Flag(
        default=False,
        help_text=(
            "`true`: the full verdict, the match as it would be written (id null), and nothing written."
        ),
    )


class SummaryQuery(Query):
    days = WholeNumber(maximum=settings.MATCH_ATTEMPT_DAYS, default=min(7, settings.MATCH_ATTEMPT_DAYS))
