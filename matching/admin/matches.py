"""The admin of matches: each explains why its session was chosen, and can be retracted and restored."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import path
from django.utils.html import format_html

from goalsvc.orgs.admin.access import is_operator
from goalsvc.orgs.admin.display import (
    column,
    first_few,
    link_column,
    link_to,
    link_to_user,
    moment_column,
    show_moment,
    show_number,
    to_milliseconds,
    user_column,
)
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import HistoryEntry
from matching.admin.events.corrections import RESTORE, RETRACT, correct, correct_value
from matching.admin.events.filters import EventFilter, GoalFilter, RetractedFilter, ValueFilter
from matching.admin.explanation import explain_match, person_link, room_links
from matching.admin.lists import EVENT, Button, ReceivedAdmin
from matching.admin.timeline import TIMELINE, show_timeline
from matching.models import ExternalMatch, PendingMatch
from matching.serializers.matches import MatchRecordSerializer


@admin.register(ExternalMatch)
class ExternalMatchAdmin(ReceivedAdmin):
    history_kind = Kind.MATCH
    date_hierarchy = "created_at"
    newest_first_of_all = ReceivedAdmin.newest_first  # the index match_newest
    list_display = (
        "created",
        "goal_link",
        "customer",
        "matched",
        "value",
        "external_id",
        "state",
    )
    list_filter = (EventFilter, GoalFilter, RetractedFilter, ValueFilter)
    serializer_class = MatchRecordSerializer
    related = ("organization", "goal", "session__visitor")
    unseen = ("request_digest", "goal__conditions")
    linked_lookups = ("goal__id__exact", "session__id__exact")
    exact = ("visitor_identity",)
    search_help_text = (
        "By the exact identity, external id, id of the match or of its goal, or by words of the goal's name."
    )
    actions = ("retract", "restore")
    buttons = {
        "correct": Button("Correct the value", page="correct/"),
        "retract": Button("Retract"),
        "restore": Button("Restore"),
    }
    fieldsets = (
        (None, {"fields": (*EVENT, "value", "corrected", "rooms", "retracted")}),
        ("Which session was chosen, and why", {"fields": ("why",)}),
        TIMELINE,
        ("Before it matched", {"fields": ("held", "attempts")}),
        ("History", {"fields": ("id", "external_id", "created", "creator", "changes")}),
    )
    ATTEMPTS_SHOWN = 20
    CHANGES_SHOWN = 50

    class Media:
        css = {"all": ("matching/timeline.css",)}

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        filters = super().get_list_filter(request)
        if is_operator(request) and "organization" not in request.GET:
            # The index begins with the organization.
            return tuple(each for each in filters if each not in {EventFilter, ValueFilter})
        return filters

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Choose the last days where a value is asked for and no days are: see ValueFilter."""
        if ValueFilter.is_asked(request) and not request.GET.get("event") and request.method == "GET":
            query = request.GET.copy()
            query["event"] = EventFilter.last_month()
            return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")
        return super().changelist_view(request, *args, **kwargs)

    def orders(self, request: HttpRequest) -> dict[str, tuple[str, ...]]:
        """Sort by the event too, among the days that are chosen: no index has the order of all."""
        is_of_days = EventFilter.parameter_name in request.GET
        by_event = {"matched": ("-goal_matched_at", "-id")} if is_of_days else {}
        return {**super().orders(request), **by_event}

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return self.orders(request).get("matched") or super().get_ordering(request)

    def found(self, request: HttpRequest, rows: QuerySet, term: str) -> list[QuerySet]:
        # Its index has the goal between the organization and the external id.
        by_external_id = rows.filter(external_id=term, organization=F("goal__organization"))
        found = super().found(request, rows, term)
        return [*found, by_external_id, *self.of_goals_named(request, rows, term)]

    # What staff may do.

    def applicable(self, row: ExternalMatch) -> list[str]:
        return ["correct", "retract"] if row.retracted_at is None else ["restore"]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(partial(correct_value, self))
        name = "matching_externalmatch_correct"
        return [path("<path:object_id>/correct/", view, name=name), *super().get_urls()]

    @admin.action(description="Retract the selected matches", permissions=["correct"])
    def retract(self, request: HttpRequest, queryset: QuerySet[ExternalMatch]) -> HttpResponse | None:
        return correct(self, request, queryset, RETRACT)

    @admin.action(description="Restore the selected matches", permissions=["correct"])
    def restore(self, request: HttpRequest, queryset: QuerySet[ExternalMatch]) -> HttpResponse | None:
        return correct(self, request, queryset, RESTORE)

    def complete(self, rows: list[Any]) -> None:
        """Give each match its latest correction of the value, or None: `restated`."""
        entries = HistoryEntry.objects.filter(
            organization__in={row.organization_id for row in rows},
            kind=Kind.MATCH,
            object_id__in=[row.pk for row in rows],
            action=Action.RESTATED,
        )
        latest = {entry.object_id: entry for entry in entries.order_by("changed_at", "id")}
        for row in rows:
            row.restated = latest.get(row.pk)

    # What the pages show.

    goal_link = link_column("goal", "goal")
    customer = column("visitor identity", person_link)
    matched = moment_column("goal matched", "goal_matched_at")
    rooms = column("rooms", room_links)
    state = column("state", lambda match: "counted" if match.retracted_at is None else "retracted")
    created = moment_column("recorded", "created_at")
    creator = user_column("recorded by", "created_by")
    why = column("explanation", explain_match)
    timeline = column("time line", show_timeline)

    @admin.display
    def value(self, match: ExternalMatch) -> str:
        """The value; where it was corrected, with a mark that says by whom and when."""
        if not hasattr(match, "restated"):
            self.complete([match])
        entry: HistoryEntry | None = match.restated  # type: ignore[attr-defined] # given by `complete`
        is_default = match.goal_value_source == ExternalMatch.ValueSource.GOAL_DEFAULT
        shown = show_number(match.goal_value, "(default)" if is_default else "")
        if entry is None:
            return shown
        return format_html(
            '{} <small class="corrected" title="From {} on {} by {}">corrected</small>',
            shown,
            "no value" if entry.changes["goal_value"][0] is None else entry.changes["goal_value"][0],
            to_milliseconds(entry.changed_at),
            entry.changed_by_name or "a command",
        )

    @admin.display(description="corrected")
    def corrected(self, match: ExternalMatch) -> str:
        entry: HistoryEntry | None = match.restated  # type: ignore[attr-defined] # given by `complete`
        if entry is None:
            return "no"
        return format_html("{} by {}", show_moment(entry.changed_at), entry.changed_by_name or "a command")

    @admin.display(description="retracted")
    def retracted(self, match: ExternalMatch) -> str:
        if match.retracted_at is None:
            return "no"
        by = link_to_user(match.retracted_by, "a former user")
        why = f" ({match.retraction_reason})" if match.retraction_reason else ""
        return format_html("{} by {}{}", show_moment(match.retracted_at), by, why)

    @admin.display(description="held as")
    def held(self, match: ExternalMatch) -> str:
        pending = PendingMatch.objects.filter(organization=match.organization_id, match=match).first()
        if pending is None:
            return "It was not held."
        return format_html(
            "{}, from {} to {}",
            link_to(pending, "A held match"),
            to_milliseconds(pending.created_at),
            to_milliseconds(pending.resolved_at),
        )

    @admin.display(description="refused attempts")
    def attempts(self, match: ExternalMatch) -> str:
        """The attempts at the same event that were rejected before."""
        attempts = match.organization.match_attempts.before_match(match).order_by("-created_at", "-id")
        context = {**first_few(attempts, self.ATTEMPTS_SHOWN), "match": match}
        return render_to_string("admin/matching/externalmatch/attempts.html", context)

    @admin.display(description="corrections")
    def changes(self, match: Any) -> str:
        changes = match.changes.select_related("changed_by")
        return render_to_string(
            "admin/matching/externalmatch/changes.html", first_few(changes, self.CHANGES_SHOWN)
        )
