"""The admin of what did not match: held for what it lacks, or rejected, and why."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from goalsvc.orgs.admin.access import acting_user, is_operator
from goalsvc.orgs.admin.display import column, link_column, moment_column, number_column, user_column
from goalsvc.orgs.admin.filters import OrganizationFilter
from goalsvc.orgs.admin.scoping import without_fields
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import Organization, User
from matching.admin.events.corrections import CANCEL, correct
from matching.admin.events.filters import GoalFilter
from matching.admin.explanation import explain_reason, person_link, room_links, tell_errors
from matching.admin.lists import EVENT, Button, ReceivedAdmin
from matching.admin.timeline import TIMELINE, has_timeline, show_timeline
from matching.matches.recording import settle
from matching.matches.retries import retried_on_collision
from matching.models import MatchAttempt, PendingMatch, PendingMatchQuerySet
from matching.models.records import in_words
from matching.refusals import OF_POSTED_MATCHES, VALIDATION_ERROR
from matching.serializers.matches import MatchAttemptSerializer, PendingMatchSerializer


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
        if wanted is None:
            return queryset  # type: ignore[no-any-return]
        if wanted not in PendingMatch.Status.values:
            raise IncorrectLookupParameters(f"{wanted!r} is no status.")
        return queryset.in_status(wanted, timezone.now())  # type: ignore[no-any-return]


@admin.register(PendingMatch)
class PendingMatchAdmin(ReceivedAdmin):
    history_kind = Kind.PENDING_MATCH
    list_display = ("state", "goal_link", "customer", "matched", "reason_code", "created", "expires")
    list_filter = (PendingStatusFilter, GoalFilter)
    serializer_class = PendingMatchSerializer
    # The statuses of which the index pending_status_newest has the newest of all organizations.
    INDEXED = frozenset({"pending", "matched", "cancelled"})
    related = ("organization", "goal")
    unseen = ("request_digest", "goal__conditions")
    linked_lookups = ("goal__id__exact",)
    exact = ("visitor_identity", "external_id")
    search_help_text = (
        "By the exact identity, external id, id of the held match or of its goal, "
        "or by words of the goal's name."
    )
    actions = ("try_again", "cancel")
    buttons = {
        "try_again": Button("Try again now"),
        "cancel": Button("Cancel"),
    }
    fieldsets = (
        (None, {"fields": (*EVENT, "goal_value", "rooms")}),
        ("What became of it", {"fields": ("state", "settled_by", "resolved", "expires")}),
        ("Why it did not match when it was last tried", {"fields": ("code", "why")}),
        TIMELINE,
        ("History", {"fields": ("id", "external_id", "created", "creator")}),
    )

    class Media:
        css = {"all": ("matching/timeline.css",)}

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        order = super().get_ordering(request)
        is_of_all = order == self.newest_first_of_all
        return ("-id",) if is_of_all and request.GET.get("status") in self.INDEXED else order

    def found(self, request: HttpRequest, rows: QuerySet, term: str) -> list[QuerySet]:
        return super().found(request, rows, term) + self.of_goals_named(request, rows, term)

    # What staff may do.

    def applicable(self, row: PendingMatch) -> tuple[str, ...]:
        is_open = row.status_at(timezone.now()) == PendingMatch.Status.PENDING
        return ("try_again", "cancel") if is_open else ()

    @admin.action(description="Try the selected held matches again now", permissions=["correct"])
    def try_again(self, request: HttpRequest, queryset: PendingMatchQuerySet) -> None:
        user, now = acting_user(request), timezone.now()
        tried = list(queryset.open(now).order_by("pk"))
        matched = 0
        for organization in dict.fromkeys(pending.organization for pending in tried):
            theirs = [pending for pending in tried if pending.organization == organization]
            matched += try_all(organization, theirs, by=user, at=now)
        self.message_user(
            request,
            f"Tried {len(tried)} of the selected held matches again: {matched} matched, "
            f"{len(tried) - matched} still wait.",
            messages.SUCCESS if matched else messages.WARNING,
        )

    @admin.action(description="Cancel the selected held matches", permissions=["correct"])
    def cancel(self, request: HttpRequest, queryset: PendingMatchQuerySet) -> HttpResponse | None:
        return correct(self, request, queryset, CANCEL)

    # What the pages show.

    @admin.display(description="status")
    def state(self, pending: PendingMatch) -> str:
        return PendingMatch.Status(pending.status_at(timezone.now())).label

    goal_link = link_column("goal", "goal")
    customer = column("visitor identity", person_link)
    reason_code = column("why", lambda pending: in_words(pending.code))
    matched = moment_column("goal matched", "goal_matched_at")
    rooms = column("posted rooms", room_links)
    settled_by = link_column("match", "match")
    why = column("why", explain_reason)
    timeline = column("time line", show_timeline)
    expires = moment_column("expires", "expires_at")
    resolved = moment_column("resolved", "resolved_at")
    created = moment_column("held since", "created_at")
    creator = user_column("posted by", "created_by")


def link_to_request(attempt: MatchAttempt) -> SafeString | str:
    """Name the request, with a link to all that was refused of it."""
    if not attempt.request_id:
        return "-"
    page = reverse("admin:matching_matchattempt_changelist")
    address = f"{page}?{urlencode({'q': attempt.request_id})}"
    return format_html('{} <a href="{}">All that was refused of it</a>', attempt.request_id, address)


class AttemptFilter(admin.SimpleListFilter):
    """By a column with few values. Its index begins with the organization: operators choose that first."""

    offered: list[tuple[str, str]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return self.offered

    def has_output(self) -> bool:
        chosen = self.request.GET.get(OrganizationFilter.parameter_name)
        return not is_operator(self.request) or bool(chosen)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        assert self.parameter_name
        if self.value() is None:
            return queryset
        if self.value() not in dict(self.offered):
            raise IncorrectLookupParameters(f"{self.value()!r} is no {self.title}.")
        return queryset.filter(**{self.parameter_name: self.value()})


CODES = (VALIDATION_ERROR, *(error.default_code for error in OF_POSTED_MATCHES))


class CodeFilter(AttemptFilter):
    title = "code"
    parameter_name = "code"
    offered = [(code, in_words(code)) for code in CODES]


class SourceFilter(AttemptFilter):
    title = "source"
    parameter_name = "source"
    offered = MatchAttempt.Source.choices


@admin.register(MatchAttempt)
class MatchAttemptAdmin(ReceivedAdmin):
    date_hierarchy = "created_at"
    newest_first_of_all = ReceivedAdmin.newest_first  # the index match_attempt_newest
    list_display = (
        "created",
        "goal_link",
        "customer",
        "matched",
        "value",
        "reason_code",
        "source",
        "request_id",
    )
    list_filter = (CodeFilter, GoalFilter, SourceFilter)
    linked_lookups = ("goal__id__exact",)
    serializer_class = MatchAttemptSerializer
    related = ("organization", "goal")
    unseen = ("goal__conditions",)
    exact = ("visitor_identity", "external_id", "request_id")
    search_help_text = "By the exact identity, external id, request id or id."
    fieldsets = (
        (None, {"fields": (*EVENT, "value", "external_id")}),
        ("Why it was refused", {"fields": ("code", "detail", "faults", "why")}),
        TIMELINE,
        ("History", {"fields": ("id", "created", "source", "whole_request", "creator")}),
    )

    class Media:
        css = {"all": ("matching/timeline.css",)}

    def get_fieldsets(self, request: HttpRequest, obj: MatchAttempt | None = None) -> Any:
        """Leave out what an attempt of its kind has not: it is at fault itself, or there is a reason."""
        facts = {
            "faults": obj and obj.errors,
            "why": obj and obj.reason,
            "timeline": obj and has_timeline(obj),
        }
        absent = [name for name, fact in facts.items() if not fact]
        fieldsets = without_fields(super().get_fieldsets(request, obj), absent)
        return [fieldset for fieldset in fieldsets if fieldset[1]["fields"]]

    created = moment_column("refused", "created_at")
    goal_link = link_column("goal", "goal")
    customer = column("visitor identity", person_link)
    value = number_column("value", "goal_value")
    reason_code = column("why", lambda attempt: in_words(attempt.code))
    whole_request = column("request id", link_to_request)
    matched = moment_column("goal matched", "goal_matched_at")
    faults = column("attributes at fault", lambda attempt: tell_errors(attempt.errors))
    why = column("why", explain_reason)
    timeline = column("time line", show_timeline)
    creator = user_column("posted by", "created_by")
