"""The admin of matches: each explains why its session was chosen, and can be retracted and restored."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from goalsvc.orgs.admin.access import acting_user
from goalsvc.orgs.admin.display import link_to, link_to_user, to_milliseconds
from goalsvc.orgs.history import Action, Kind
from matching.admin.explanation import explain_match
from matching.admin.lists import Button, ReceivedAdmin
from matching.admin.rooms import room_links
from matching.models import ExternalMatch, PendingMatch

FORMER = "a former user"


class RetractedFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "retracted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not retracted"), ("yes", "Retracted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "no":
                return queryset.filter(retracted_at=None)
            case "yes":
                return queryset.filter(retracted_at__isnull=False)
        return queryset


@admin.register(ExternalMatch)
class ExternalMatchAdmin(ReceivedAdmin):
    history_kind = Kind.MATCH
    date_hierarchy = "created_at"
    list_display = ("created", "goal_link", "visitor_identity", "matched", "value", "external_id", "state")
    list_filter = (RetractedFilter,)
    related = ("organization", "goal", "session__visitor")
    unseen = ("request_digest", "goal__conditions")
    linked_lookups = ("goal__id__exact", "session__id__exact")
    search_help_text = (
        "By the exact identity, external id, id of the match or of its goal, or by words of the goal's name."
    )
    actions = ("retract", "restore")
    buttons = {"retract": Button("Retract"), "restore": Button("Restore")}
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "organization",
                    "goal_link",
                    "visitor_identity",
                    "matched",
                    "value",
                    "rooms",
                    "retracted",
                )
            },
        ),
        ("Which session was chosen, and why", {"fields": ("why",)}),
        ("Before it matched", {"fields": ("held", "attempts")}),
        ("History", {"fields": ("id", "external_id", "created", "creator", "changes")}),
    )
    ATTEMPTS_SHOWN = 20
    CHANGES_SHOWN = 50

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return self.newest_first  # the index match_newest has it across organizations too

    def found(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> list[QuerySet[Any]]:
        return [
            rows.filter(visitor_identity=term),
            # Its index has the goal between the organization and the external id.
            rows.filter(external_id=term, organization=F("goal__organization")),
            *self.of_goals_named(request, rows, term),
        ]

    # What staff may do.

    def applicable(self, row: ExternalMatch) -> list[str]:
        return ["retract"] if row.retracted_at is None else ["restore"]

    @admin.action(description="Retract the selected matches", permissions=["correct"])
    def retract(self, request: HttpRequest, queryset: QuerySet[ExternalMatch]) -> None:
        user, now = acting_user(request), timezone.now()
        self.change_each(
            request,
            queryset.filter(retracted_at=None),
            lambda match: match.retract(by=user, at=now),
            "Retracted",
        )

    @admin.action(description="Restore the selected matches", permissions=["correct"])
    def restore(self, request: HttpRequest, queryset: QuerySet[ExternalMatch]) -> None:
        user, now = acting_user(request), timezone.now()
        self.change_each(
            request,
            queryset.filter(retracted_at__isnull=False),
            lambda match: match.restore(by=user, at=now),
            "Restored",
        )

    # What the pages show.

    @admin.display(description="goal")
    def goal_link(self, match: ExternalMatch) -> SafeString:
        return link_to(match.goal)

    @admin.display(description="goal matched (UTC)")
    def matched(self, match: ExternalMatch) -> str:
        return to_milliseconds(match.goal_matched_at)

    @admin.display
    def value(self, match: ExternalMatch) -> str:
        if match.goal_value is None:
            return "-"
        suffix = " (default)" if match.goal_value_source == ExternalMatch.ValueSource.GOAL_DEFAULT else ""
        return f"{match.goal_value}{suffix}"

    @admin.display
    def rooms(self, match: ExternalMatch) -> str:
        return room_links(match)

    @admin.display
    def state(self, match: ExternalMatch) -> str:
        return "counted" if match.retracted_at is None else "retracted"

    @admin.display(description="recorded (UTC)")
    def created(self, match: ExternalMatch) -> str:
        return to_milliseconds(match.created_at)

    @admin.display(description="recorded by")
    def creator(self, match: ExternalMatch) -> str:
        return link_to_user(match.created_by)

    @admin.display(description="retracted (UTC)")
    def retracted(self, match: ExternalMatch) -> str:
        if match.retracted_at is None:
            return "no"
        by = link_to_user(match.retracted_by, FORMER)
        return format_html("{} by {}", to_milliseconds(match.retracted_at), by)

    @admin.display(description="explanation")
    def why(self, match: ExternalMatch) -> str:
        return explain_match(match)

    @admin.display(description="held as")
    def held(self, match: ExternalMatch) -> str:
        pending = PendingMatch.objects.filter(match=match).first()
        if pending is None:
            return "It was not held."
        return format_html(
            "{}, from {} to {} UTC",
            link_to(pending, "A pending match"),
            to_milliseconds(pending.created_at),
            to_milliseconds(pending.resolved_at),
        )

    @admin.display(description="rejected attempts")
    def attempts(self, match: ExternalMatch) -> str:
        """The attempts at the same event that were rejected before."""
        attempts = match.organization.match_attempts.before_match(match).order_by("-created_at", "-id")
        newest = list(attempts[: self.ATTEMPTS_SHOWN + 1])
        return render_to_string(
            "admin/matching/externalmatch/attempts.html",
            {
                "rows": [
                    (attempt, link_to(attempt, to_milliseconds(attempt.created_at)))
                    for attempt in newest[: self.ATTEMPTS_SHOWN]
                ],
                "is_cut": len(newest) > self.ATTEMPTS_SHOWN,
                "match": match,
            },
        )

    @admin.display(description="corrections")
    def changes(self, match: Any) -> str:
        newest = list(match.changes.select_related("changed_by")[: self.CHANGES_SHOWN + 1])
        return render_to_string(
            "admin/matching/externalmatch/changes.html",
            {
                "rows": [
                    {
                        "kind": change.get_action_display(),
                        "is_restated": change.action == Action.RESTATED,
                        "from": change.changes["goal_value"][0],
                        "to": change.changes["goal_value"][1],
                        "by": link_to_user(change.changed_by, FORMER),
                        "at": to_milliseconds(change.changed_at),
                    }
                    for change in newest[: self.CHANGES_SHOWN]
                ],
                "is_cut": len(newest) > self.CHANGES_SHOWN,
            },
        )
