"""The admin of what did not match: held for what it lacks, or rejected, and why."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from goalsvc.orgs.admin.access import acting_user, is_operator
from goalsvc.orgs.admin.display import link_to, link_to_user, to_milliseconds
from goalsvc.orgs.admin.filters import OrganizationFilter
from goalsvc.orgs.admin.scoping import without_fields
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import Organization, User
from matching.admin.explanation import explain_reason, tell_errors
from matching.admin.lists import Button, ReceivedAdmin
from matching.admin.rooms import room_links
from matching.matches.recording import settle
from matching.matches.retries import retried_on_collision
from matching.models import MatchAttempt, PendingMatch, PendingMatchQuerySet
from matching.refusals import OF_POSTED_MATCHES, VALIDATION_ERROR


@retried_on_collision
def try_all(
    organization: Organization, pendings: list[PendingMatch], *, by: User | None, at: datetime
) -> int:
    """Try pending matches of an organization again; return how many are matched now."""
    with transaction.atomic():
        chosen = organization.pending_matches.filter(pk__in=[pending.pk for pending in pendings])
        matched = settle(organization, chosen, at=at)
        for pending in pendings:
            pending.record(Action.RETRIED, {}, by=by, at=at)
    return matched


class PendingStatusFilter(admin.SimpleListFilter):
    """By the status as people understand it: what is overdue is expired."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(PendingMatch.Status.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        wanted = self.value()
        if wanted not in PendingMatch.Status.values:
            return queryset  # type: ignore[no-any-return]
        return queryset.in_status(wanted, timezone.now())  # type: ignore[no-any-return]


@admin.register(PendingMatch)
class PendingMatchAdmin(ReceivedAdmin):
    history_kind = Kind.PENDING_MATCH
    list_display = ("state", "goal_link", "visitor_identity", "matched", "code", "expires")
    list_filter = (PendingStatusFilter,)
    related = ("organization", "goal")
    unseen = ("request_digest", "goal__conditions")
    linked_lookups = ("goal__id__exact",)
    search_help_text = (
        "By the exact identity, external id, id of the pending match or of its goal, "
        "or by words of the goal's name."
    )
    actions = ("try_again", "cancel")
    buttons = {
        "try_again": Button("Try again now"),
        "cancel": Button("Cancel", "Give this match up? It can only be posted anew."),
    }
    fieldsets = (
        (
            None,
            {"fields": ("organization", "goal_link", "visitor_identity", "matched", "goal_value", "rooms")},
        ),
        ("What became of it", {"fields": ("state", "settled_by", "resolved", "expires")}),
        ("Why it did not match when it was last tried", {"fields": ("code", "why")}),
        ("History", {"fields": ("id", "external_id", "created", "creator")}),
    )

    def found(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> list[QuerySet[Any]]:
        return [
            rows.filter(visitor_identity=term),
            rows.filter(external_id=term),
            *self.of_goals_named(request, rows, term),
        ]

    # What staff may do.

    def applicable(self, row: PendingMatch) -> tuple[str, ...]:
        is_open = row.status_at(timezone.now()) == PendingMatch.Status.PENDING
        return ("try_again", "cancel") if is_open else ()

    @admin.action(description="Try the selected pending matches again now", permissions=["correct"])
    def try_again(self, request: HttpRequest, queryset: PendingMatchQuerySet) -> None:
        user, now = acting_user(request), timezone.now()
        tried = list(queryset.open(now).order_by("pk"))
        by_organization: dict[Organization, list[PendingMatch]] = {}
        for pending in tried:
            by_organization.setdefault(pending.organization, []).append(pending)
        matched = 0
        for organization, pendings in by_organization.items():
            matched += try_all(organization, pendings, by=user, at=now)
        self.message_user(
            request,
            f"Tried {len(tried)} of the selected pending matches again: {matched} matched, "
            f"{len(tried) - matched} still wait.",
            messages.SUCCESS if matched else messages.WARNING,
        )

    @admin.action(description="Cancel the selected pending matches", permissions=["correct"])
    def cancel(self, request: HttpRequest, queryset: PendingMatchQuerySet) -> None:
        now = timezone.now()
        user = acting_user(request)
        self.change_each(
            request, queryset.open(now), lambda pending: pending.cancel(by=user, at=now), "Cancelled"
        )

    # What the pages show.

    @admin.display(description="status")
    def state(self, pending: PendingMatch) -> str:
        return PendingMatch.Status(pending.status_at(timezone.now())).label

    @admin.display(description="goal")
    def goal_link(self, pending: PendingMatch) -> str:
        return link_to(pending.goal)

    @admin.display(description="goal matched (UTC)")
    def matched(self, pending: PendingMatch) -> str:
        return to_milliseconds(pending.goal_matched_at)

    @admin.display(description="posted rooms")
    def rooms(self, pending: PendingMatch) -> str:
        return room_links(pending)

    @admin.display(description="match")
    def settled_by(self, pending: PendingMatch) -> str:
        return "-" if pending.match is None else link_to(pending.match)

    @admin.display(description="why")
    def why(self, pending: PendingMatch) -> str:
        return explain_reason(pending)

    @admin.display(description="expires (UTC)")
    def expires(self, pending: PendingMatch) -> str:
        return to_milliseconds(pending.expires_at)

    @admin.display(description="resolved (UTC)")
    def resolved(self, pending: PendingMatch) -> str:
        return to_milliseconds(pending.resolved_at)

    @admin.display(description="held since (UTC)")
    def created(self, pending: PendingMatch) -> str:
        return to_milliseconds(pending.created_at)

    @admin.display(description="posted by")
    def creator(self, pending: PendingMatch) -> str:
        return link_to_user(pending.created_by)


class AttemptFilter(admin.SimpleListFilter):
    """By a column with few values. Its index begins with the organization: operators choose that first."""

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        self.is_offered = not is_operator(request) or bool(request.GET.get(OrganizationFilter.parameter_name))
        super().__init__(request, *args)

    def has_output(self) -> bool:
        return self.is_offered

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        assert self.parameter_name
        return queryset if self.value() is None else queryset.filter(**{self.parameter_name: self.value()})


CODES = (VALIDATION_ERROR, *(error.default_code for error in OF_POSTED_MATCHES))


class CodeFilter(AttemptFilter):
    title = "code"
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code) for code in CODES]


class SourceFilter(AttemptFilter):
    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(MatchAttempt.Source.choices)


@admin.register(MatchAttempt)
class MatchAttemptAdmin(ReceivedAdmin):
    date_hierarchy = "created_at"
    list_display = ("created", "goal_link", "visitor_identity", "matched", "code", "source", "request_id")
    list_filter = (CodeFilter, SourceFilter)
    related = ("organization", "goal")
    unseen = ("goal__conditions",)
    search_help_text = "By the exact identity, external id, request id or id."
    fieldsets = (
        (None, {"fields": ("organization", "goal_link", "visitor_identity", "matched", "external_id")}),
        ("Why it was rejected", {"fields": ("code", "detail", "faults", "why")}),
        ("History", {"fields": ("id", "created", "source", "request_id", "creator")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: MatchAttempt | None = None) -> Any:
        """Leave out what an attempt of its kind has not: it is at fault itself, or there is a reason."""
        absent = {"faults": obj is None or not obj.errors, "why": obj is None or not obj.reason}
        return without_fields(
            super().get_fieldsets(request, obj), [name for name, is_absent in absent.items() if is_absent]
        )

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return self.newest_first  # the index match_attempt_newest has it across organizations too

    def found(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> list[QuerySet[Any]]:
        return [
            rows.filter(visitor_identity=term),
            rows.filter(external_id=term),
            rows.filter(request_id=term),
        ]

    @admin.display(description="rejected (UTC)")
    def created(self, attempt: MatchAttempt) -> str:
        return to_milliseconds(attempt.created_at)

    @admin.display(description="goal")
    def goal_link(self, attempt: MatchAttempt) -> str:
        return "-" if attempt.goal is None else link_to(attempt.goal)

    @admin.display(description="goal matched (UTC)")
    def matched(self, attempt: MatchAttempt) -> str:
        return to_milliseconds(attempt.goal_matched_at)

    @admin.display(description="attributes at fault")
    def faults(self, attempt: MatchAttempt) -> str:
        return tell_errors(attempt.errors)

    @admin.display(description="why")
    def why(self, attempt: MatchAttempt) -> str:
        return explain_reason(attempt)

    @admin.display(description="posted by")
    def creator(self, attempt: MatchAttempt) -> str:
        return link_to_user(attempt.created_by)
