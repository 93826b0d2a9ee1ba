"""The admin of goals. The API's serializer validates its form, and the model's methods save."""

import json
from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.db.models import F, Func, IntegerField, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from rest_framework.exceptions import ParseError

from goals.conditions import TYPES
from goals.models import Goal, GoalAttributes, GoalRoom
from goals.refusals import UnknownRoomsError
from goals.serializers import GoalSerializer
from goalsvc.api.bodies import decode
from goalsvc.orgs.admin.access import acting_user, is_allowed, is_operator
from goalsvc.orgs.admin.display import column, faults, link_to, number_column, user_column
from goalsvc.orgs.admin.filters import StateFilter
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, ScopedForm, without_fields
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import Room
from goalsvc.orgs.scopes import Scope


class ConditionsFormField(forms.CharField):
    """A goal's conditions as JSON text; GoalForm.clean validates them with the rest of the goal."""

    widget = forms.Textarea(attrs={"rows": 16, "cols": 100, "class": "json", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> str:
        # A string is what the user sent: it is shown again, to be corrected.
        return value if isinstance(value, str) else json.dumps(value or [], indent=2, ensure_ascii=False)

    def to_python(self, value: Any) -> Any:
        text: str = super().to_python(value) or "[]"
        try:
            return decode(text.encode())
        except ParseError as error:
            reason = str(error.detail).replace("The request body", "The text")
            raise forms.ValidationError(reason) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(json.loads(data or "[]") != initial)
        except ValueError:
            return True


def sentences(detail: Any) -> Iterator[str]:
    """Flatten the nested errors of a field: `Condition 1, value: Required for …`."""
    for path, sentence in faults(detail):
        if path and path[0].isdecimal():
            path = (f"Condition {int(path[0]) + 1}", *path[1:])
        yield f"{', '.join(path)}: {sentence}" if path else sentence


class RoomsWidget(FilteredSelectMultiple):
    """Django's widget inside the element whose style keeps it beside its label."""

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        return format_html('<div class="related-widget-wrapper">{}</div>', super().render(*args, **kwargs))


class GoalForm(ScopedForm):
    conditions = ConditionsFormField(required=False, label="Conditions as JSON")
    rooms = forms.ModelMultipleChoiceField(
        queryset=Room.objects.none(),
        required=False,
        label="Allowed rooms",
        widget=RoomsWidget("rooms", is_stacked=False),
        help_text=Goal._meta.get_field("allowed_rooms").help_text,
    )
    # The goal's `updated_at` when the form was opened, to detect a concurrent change.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Goal
        fields = ("name", "organization", "is_any_room_allowed", "default_value", "conditions")

    attributes: GoalAttributes

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["conditions"].help_text = render_to_string(
            "admin/goals/goal/condition_types.html", {"types": TYPES.values()}
        )
        goal = self.instance
        rooms = Room.objects.active().filter(organization_id=goal.organization_id)
        self.fields["rooms"].queryset = rooms  # type: ignore[attr-defined]
        if not goal._state.adding:
            self.initial["rooms"] = list(rooms.filter(goals=goal))
            self.initial["seen"] = goal.updated_at.isoformat()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        # The API's own rules; what it does not take from clients, such as the organization, it passes over.
        sent = {**cleaned, "allowed_rooms": [str(room.pk) for room in cleaned.get("rooms", ())]}
        form = GoalSerializer(data=sent, partial=True)
        if form.is_valid():
            self.attributes = cast(GoalAttributes, form.validated_data)
            cleaned |= {name: value for name, value in self.attributes.items() if name in cleaned}
        for name, detail in form.errors.items():
            self.add_error("rooms" if name == "allowed_rooms" else name, list(sentences(detail)))
        if not self.instance._state.adding and cleaned.get("seen") != self.initial["seen"]:
            raise forms.ValidationError(
                "Somebody has changed this goal since you opened it. Open the page anew, and edit it then."
            )
        return cleaned

    def changed_attributes(self) -> GoalAttributes:
        """Return the attributes that differ from those in the form as it was opened."""
        changed = {"allowed_rooms" if name == "rooms" else name for name in self.changed_data}
        part = {name: value for name, value in self.attributes.items() if name in changed}
        return cast(GoalAttributes, part)


def report_address(goal: Goal) -> str:
    query = urlencode({"organization_id": str(goal.organization_id), "goal": str(goal.pk)})
    return f"{reverse('admin_report')}?{query}"


class DeletedFilter(StateFilter):
    retired_at = "deleted_at"
    retired = "Deleted"


ROOMS = ("is_any_room_allowed", "rooms", "allowed_room_names")
HISTORY = ("id", "created_at", "creator", "updated_at", "editor", "deleted_at")


@admin.register(Goal)
class GoalAdmin(OrganizationScopedAdmin):
    organization_path = "organization_id"
    history_kind = Kind.GOAL
    change_scope = Scope.SETTINGS
    form = GoalForm
    list_display = ("name", "where", "value", "condition_count", "state")
    list_filter = (DeletedFilter, "is_any_room_allowed")
    related = ("organization", "created_by", "updated_by")
    search_fields = ("name",)
    search_help_text = "By name or id."
    autocomplete_fields = ("organization",)
    actions = ("restore",)
    readonly_fields = ("allowed_room_names", "conditions_in_words", *HISTORY)
    # Operators choose the organization here, so its rooms are offered only once the goal is saved.
    add_fieldsets = (
        (None, {"fields": ("organization", "name", "is_any_room_allowed", "rooms", "default_value")}),
        ("Conditions", {"fields": ("conditions",)}),
    )
    fieldsets = (
        (None, {"fields": ("organization", "name", *ROOMS, "default_value", "seen")}),
        ("Conditions", {"fields": ("conditions_in_words", "conditions")}),
        ("History", {"fields": HISTORY}),
    )

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        columns = super().get_list_display(request)
        return (*columns, "report") if is_allowed(request, Scope.REPORTS) else columns

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
        return self.get_queryset(request).select_for_update(of=("self",)).get(pk=goal.pk)

    def has_change_permission(self, request: HttpRequest, obj: Goal | None = None) -> bool:
        # A deleted goal is restored first.
        return super().has_change_permission(request, obj) and (obj is None or obj.deleted_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Goal | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Goal | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            is_editable = self.has_change_permission(request, obj)
            hidden = ["allowed_room_names"] if is_editable else ["rooms", "conditions", "seen"]
            return without_fields(fieldsets, hidden)
        if not is_operator(request):
            return fieldsets
        (title, options), *others = without_fields(fieldsets, ["rooms"])
        return [(title, {**options, "description": "Save it to choose its rooms."}), *others]

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

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: `save_model` has saved the allowed rooms."""

    def response_add(self, request: HttpRequest, obj: Goal, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_operator(request) and not obj.is_any_room_allowed and "_addanother" not in request.POST:
            post: Any = request.POST.copy()  # as Django's own UserAdmin does
            post["_continue"] = "1"
            request.POST = post
        return super().response_add(request, obj, *args, **kwargs)

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
        count = len(goal.allowed_room_ids)
        return "1 room" if count == 1 else f"{count} rooms"

    value = number_column("default value", "default_value")
    condition_count = number_column("conditions", "condition_count")
    state = column("state", lambda goal: "in use" if goal.deleted_at is None else "deleted")
    report = column("report", lambda goal: format_html('<a href="{}">Report</a>', report_address(goal)))
    creator = user_column("created by", "created_by")
    editor = user_column("updated by", "updated_by")

    @admin.display(description="allowed rooms")
    def allowed_room_names(self, goal: Goal) -> str:
        allowed = GoalRoom.objects.filter(goal=goal).select_related("room")
        names = [
            f"{each.room.display_name} (archived)" if each.room.archived_at else each.room.display_name
            for each in allowed.order_by("room__created_at", "room")
        ]
        return ", ".join(names) or "-"

    @admin.display(description="conditions")
    def conditions_in_words(self, goal: Goal) -> str:
        conditions = [
            {**condition, "kind": TYPES[condition["type"]].name, "settings": condition["settings"] or ""}
            for condition in goal.conditions
        ]
        return render_to_string("admin/goals/goal/conditions.html", {"conditions": conditions})
