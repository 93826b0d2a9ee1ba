"""The admin of goals. The API's serializer validates its form, and the model's methods save."""

import json
from typing import Any
from urllib.parse import parse_qs

from django.contrib import admin, messages
from django.db.models import F, Func, IntegerField, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode

from goals.condition_types import TYPES
from goals.forms import GoalForm
from goals.models import Goal, GoalRoom
from goals.refusals import UnknownRoomsError
from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.access import acting_user, is_allowed, is_operator
from goalsvc.orgs.admin.display import column, first_few, link_to, moment_column, number_column, user_column
from goalsvc.orgs.admin.filters import PartsFilter, StateFilter
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, without_fields
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import Organization
from goalsvc.orgs.scopes import Scope

OFFERED_ORGANIZATIONS = 50
NEVER = "No room is chosen and not any room is allowed, so this goal can never match."


def report_address(goal: Goal) -> str:
    query = urlencode({"organization_id": str(goal.organization_id), "goal": str(goal.pk)})
    return f"{reverse('admin_report')}?{query}"


def matches_address(goal: Goal) -> str:
    return (
        f"{reverse('admin:matching_externalmatch_changelist')}?{urlencode({'goal__id__exact': str(goal.pk)})}"
    )


class DeletedFilter(StateFilter):
    retired_at = "deleted_at"
    retired = "Deleted"


class RoomsFilter(PartsFilter):
    title = "rooms"
    parameter_name = "allowed_in"

    def parts(self) -> dict[str, tuple[str, Q]]:
        return {
            "any": ("Any room", Q(is_any_room_allowed=True)),
            "chosen": ("Chosen rooms", Q(is_any_room_allowed=False) & ~Q(allowed_room_ids=[])),
            "none": ("No room: can never match", Q(is_any_room_allowed=False, allowed_room_ids=[])),
        }


ROOMS = ("is_any_room_allowed", "rooms", "allowed_room_names")
ABOUT_CONDITIONS = "Conditions concern the web page; posted matches ignore them."
HISTORY = ("id", "made", "creator", "revised", "editor", "deleted")


@admin.register(Goal)
class GoalAdmin(OrganizationScopedAdmin):
    organization_path = "organization_id"
    history_kind = Kind.GOAL
    change_scope = Scope.SETTINGS
    form = GoalForm
    list_display = ("name", "where", "value", "condition_count", "state")
    list_filter = (DeletedFilter, RoomsFilter)
    related = ("organization", "created_by", "updated_by")
    search_fields = ("name",)
    search_help_text = "By name or id."
    actions = ("restore",)
    readonly_fields = ("allowed_room_names", "conditions_in_words", *HISTORY)
    add_fieldsets = (
        (None, {"fields": ("organization", "name", "is_any_room_allowed", "rooms", "default_value")}),
        ("Conditions", {"fields": ("conditions",), "description": ABOUT_CONDITIONS}),
    )
    fieldsets = (
        (None, {"fields": ("organization", "name", *ROOMS, "default_value", "seen")}),
        ("Conditions", {"fields": ("conditions_in_words", "conditions"), "description": ABOUT_CONDITIONS}),
        ("History", {"fields": HISTORY}),
    )

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        links = {"matches": Scope.SETTINGS, "report": Scope.REPORTS}
        shown = [name for name, scope in links.items() if is_allowed(request, scope)]
        return (*super().get_list_display(request), *shown)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Goal]:
        goals: Any = super().get_queryset(request)
        count = Func(F("conditions"), function="jsonb_array_length", output_field=IntegerField())
        # A list does not show conditions, which may be long; a goal's page loads them deferred.
        return goals.with_allowed_rooms().annotate(condition_count=count).defer("conditions")  # type: ignore[no-any-return]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Goal | None:
        """Find the goal; for a POST, which runs in a transaction, with its row lock."""
        goal: Goal | None = super().get_object(request, object_id, from_field)
        if goal is None or request.method != "POST":
            return goal
        itself: list[Goal] = self.locked(request, self.get_queryset(request).filter(pk=goal.pk))
        return itself[0]

    def has_change_permission(self, request: HttpRequest, obj: Goal | None = None) -> bool:
        # A deleted goal is restored first.
        return super().has_change_permission(request, obj) and (obj is None or obj.deleted_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Goal | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Goal | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        is_editable = self.has_change_permission(request, obj)
        hidden = (
            ["allowed_room_names", "conditions_in_words"] if is_editable else ["rooms", "conditions", "seen"]
        )
        return without_fields(fieldsets, hidden)

    def get_readonly_fields(self, request: HttpRequest, obj: Goal | None = None) -> tuple[Any, ...]:
        readonly = super().get_readonly_fields(request, obj)
        return (*readonly, "organization") if obj is None else readonly

    # Operators choose the organization of a new goal first, so that its rooms are offered.

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.has_add_permission(request) and is_operator(request) and self.chosen(request) is None:
            return self.choose_organization(request)
        return super().add_view(request, *args, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Goal | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None and is_operator(request) and (organization := self.chosen(request)):
            form.organization_id = organization.pk
        return form

    def chosen(self, request: HttpRequest) -> Organization | None:
        """Return the organization that the address or the list's filter names, or the only one."""
        filters = parse_qs(request.GET.get("_changelist_filters", ""))
        asked = request.GET.get("organization") or filters.get("organization", [""])[0]
        if asked:
            pk = parse_uuid(asked)
            return Organization.objects.filter(pk=pk).first() if pk else None
        first_two = list(Organization.objects.all()[:2])
        return first_two[0] if len(first_two) == 1 else None

    def choose_organization(self, request: HttpRequest) -> HttpResponse:
        term = request.GET.get("q", "").replace("\0", "").strip()
        organizations = Organization.objects.filter(name__icontains=term).order_by("name", "pk")
        context = {
            **self.admin_site.each_context(request),
            **first_few(organizations, OFFERED_ORGANIZATIONS),
            "title": "Add goal",
            "subtitle": None,
            "opts": self.opts,
            "term": term,
            "is_unknown": "organization" in request.GET,
        }
        return TemplateResponse(request, "admin/goals/goal/choose_organization.html", context)

    # Pages.

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        goal = context.get("original")
        if goal is not None and not goal.can_match:
            context["never"] = NEVER
        return super().render_change_form(request, context, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except UnknownRoomsError:
            return self.refuse(request, "A room that you chose has just been archived.")

    def save_model(self, request: HttpRequest, obj: Goal, form: GoalForm, change: bool) -> None:
        user, now = acting_user(request), timezone.now()
        if not change:
            Goal.create(obj.organization, form.attributes, by=user, at=now, id=obj.pk)
        elif attributes := form.changed_attributes():
            obj.revise(attributes, by=user, at=now)
        saved = self.get_queryset(request).get(pk=obj.pk)
        if not saved.can_match and "_continue" not in request.POST:  # that leads to the page that says it
            message = format_html("{} {}", link_to(saved, f"{saved}:"), NEVER)
            self.message_user(request, message, messages.WARNING)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: `save_model` has saved the allowed rooms."""

    # Deletion is soft: the goal leaves the API, and its matches stay.

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        goals = list(objs)
        return [link_to(goal) for goal in goals], {"goals": len(goals)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Goal) -> None:
        obj.discard(by=acting_user(request), at=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Goal]) -> None:
        for goal in queryset.filter(deleted_at=None):
            goal.discard(by=acting_user(request), at=timezone.now())

    @admin.action(description="Restore the selected goals", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Goal]) -> None:
        self.change_each(request, queryset.exclude(deleted_at=None), Goal.restore, Action.RESTORED)

    # Columns and fields.

    @admin.display(description="allowed in")
    def where(self, goal: Goal) -> str:
        if goal.is_any_room_allowed:
            return "any room"
        if not goal.can_match:
            return format_html("<strong>{}</strong>", "no room: can never match")
        count = len(goal.allowed_room_ids)
        return "1 room" if count == 1 else f"{count} rooms"

    value = number_column("default value", "default_value")
    condition_count = number_column("conditions", "condition_count")
    deleted = moment_column("deleted", "deleted_at")
    state = column("state", lambda goal: "in use" if goal.deleted_at is None else "deleted")
    matches = column("matches", lambda goal: format_html('<a href="{}">Matches</a>', matches_address(goal)))
    report = column("report", lambda goal: format_html('<a href="{}">Report</a>', report_address(goal)))
    creator = user_column("created by", "created_by")
    editor = user_column("updated by", "updated_by")

    @admin.display(description="allowed rooms")
    def allowed_room_names(self, goal: Goal) -> str:
        allowed = GoalRoom.objects.filter(organization=goal.organization_id, goal=goal).select_related("room")
        names = [
            f"{each.room.display_name} (archived)" if each.room.archived_at else each.room.display_name
            for each in allowed.order_by("room__created_at", "room")
        ]
        return ", ".join(names) or "-"

    @admin.display(description="conditions")
    def conditions_in_words(self, goal: Goal) -> str:
        conditions = [
            {
                **condition,
                "kind": TYPES.get(condition["type"]),
                "settings": json.dumps(condition["settings"], ensure_ascii=False)
                if condition["settings"]
                else "",
            }
            for condition in goal.conditions
        ]
        return render_to_string("admin/goals/goal/conditions.html", {"conditions": conditions})
