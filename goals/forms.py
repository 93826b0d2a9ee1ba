"""The form of goals in the admin. The API's serializer validates it."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, cast

from django import forms
from django.template.loader import render_to_string
from rest_framework.exceptions import ParseError

from goals.condition_types import TYPES, describe_types
from goals.conditions import MAX_CONDITIONS, MAX_VALUE_LENGTH, SCHEDULE_TYPE, schedule_faults
from goals.models import Goal, GoalAttributes
from goals.serializers import GoalSerializer
from goalsvc.api.bodies import MAX_DEPTH, decode
from goalsvc.api.errors import PayloadTooLarge, quoted
from goalsvc.orgs.admin.display import faults
from goalsvc.orgs.admin.scoping import ScopedForm
from goalsvc.orgs.models import Room

# What Python's parser says of JSON, by its beginning, and what it says here.
SYNTAX = {
    "Expecting value": "a condition or a value is missing here, or a text is without its double quotes",
    "Expecting property name": "a name in double quotes is missing here; after the last pair stands no comma",
    "Illegal trailing comma": "this comma is too much: after the last one stands none",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing before this",
    "Expecting ':' delimiter": "a colon is missing between the name and its value",
    "Unterminated string": "the text that begins here has no closing quote",
    "Invalid control character": "a line break or the like stands inside a text; write it as \\n",
    "Invalid \\": "a backslash stands alone; write it twice",
    "Extra data": "the list has ended before this; remove what follows, or a bracket too much",
    "Unexpected UTF-8 BOM": "an invisible mark stands before the list",
}
# What the API says of a condition's attributes, where a form says it better.
PLAINLY = {
    ("type", "This field may not be null."): "Choose a type.",
    ("type", "This field is required."): "Choose a type.",
}


def syntax_fault(error: json.JSONDecodeError) -> str:
    """Say in words where a text is no JSON, and what to do."""
    reason = next((words for start, words in SYNTAX.items() if error.msg.startswith(start)), "it is no JSON")
    rest = error.doc[error.pos :].split("\n")[0].strip()
    place = f"Line {error.lineno}, character {error.colno}"
    if not error.doc[error.pos :].strip():
        return f"{place}: the text ends too early; a value or a closing bracket is missing."
    return f"{place}, at {quoted(rest, 30)}: {reason}."


class ConditionsWidget(forms.Textarea):
    """JSON text, over which goals/conditions.js lays rows."""

    class Media:
        js = (forms.Script("goals/conditions.js", defer=True),)
        css = {"all": ("goals/goal.css",)}

    def __init__(self) -> None:
        super().__init__({"rows": 16, "cols": 100, "class": "json", "spellcheck": "false"})

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        declared = {"types": describe_types(), "most": MAX_CONDITIONS, "longest": MAX_VALUE_LENGTH}
        return super().get_context(name, value, {**(attrs or {}), "data-declared": json.dumps(declared)})


class ConditionsFormField(forms.CharField):
    """A goal's conditions as JSON text; GoalForm.clean validates them with the rest of the goal."""

    widget = ConditionsWidget

    def prepare_value(self, value: Any) -> str:
        # A string is what the user sent: it is shown again, to be corrected.
        return value if isinstance(value, str) else json.dumps(value or [], indent=2, ensure_ascii=False)

    def to_python(self, value: Any) -> Any:
        text: str = super().to_python(value) or "[]"
        try:
            return decode(text.encode())
        except UnicodeEncodeError:
            raise forms.ValidationError("A character in it is half of one. Type it anew.") from None
        except ParseError as error:
            match error.__context__:  # what the parser said
                case json.JSONDecodeError() as cause:
                    reason = syntax_fault(cause)
                case RecursionError():
                    reason = f"The JSON is nested deeper than {MAX_DEPTH} levels."
                case _:
                    reason = str(error.detail).replace("The request body", "The text")
            raise forms.ValidationError(reason) from None
        except PayloadTooLarge as error:
            reason = str(error.detail).replace("The request body", "The text")
            raise forms.ValidationError(reason) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(json.loads(data or "[]") != initial)
        except (ValueError, RecursionError):
            return True


def located(detail: Any) -> Iterator[tuple[str, list[str], str]]:
    """Yield each fault of a field's nested errors: the condition's index, if any, where, and a sentence."""
    for path, sentence in faults(detail):
        index, *where = path if path and path[0].isdecimal() else ("", *path)
        yield index, where, PLAINLY.get((where[-1] if where else "", sentence), sentence)


def said(where: list[str], sentence: str) -> str:
    return f"{', '.join(where)}: {sentence}" if where else sentence


def said_of_row(where: list[str], sentence: str) -> str:
    """Say what is wrong beside the row: its type and its value stand there."""
    if where in (["type"], ["value"]):
        return re.sub(r" \(type \d+, .*\)$", "", sentence)
    return said(where, sentence)


class GoalForm(ScopedForm):
    conditions = ConditionsFormField(required=False, label="Conditions as JSON")
    rooms = forms.ModelMultipleChoiceField(
        queryset=Room.objects.none(),
        required=False,
        label="Allowed rooms",
        widget=forms.CheckboxSelectMultiple,
        help_text=Goal._meta.get_field("allowed_rooms").help_text,
    )
    # The goal's `updated_at` when the form was opened, to detect a concurrent change.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Goal
        fields = ("name", "is_any_room_allowed", "default_value", "conditions")

    attributes: GoalAttributes

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["conditions"].help_text = render_to_string(
            "admin/goals/goal/condition_types.html", {"types": TYPES.values()}
        )
        goal = self.instance
        rooms = Room.objects.active().filter(organization_id=goal.organization_id)
        self.fields["rooms"].queryset = rooms  # type: ignore[attr-defined]
        if not rooms.exists():
            self.fields["rooms"].help_text = "The organization has no room yet."
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
        errors = dict(form.errors)
        if "conditions" in cleaned and "conditions" not in errors and "conditions" in self.changed_data:
            errors["conditions"] = wrong_schedules(cleaned["conditions"])
        for name, detail in errors.items():
            self.refuse("rooms" if name == "allowed_rooms" else name, detail)
        if not self.instance._state.adding and cleaned.get("seen") != self.initial["seen"]:
            raise forms.ValidationError(
                "Somebody has changed this goal since you opened it. Open the page anew, and edit it then."
            )
        return cleaned

    def refuse(self, name: str, detail: Any) -> None:
        """Add a field's nested errors; those of conditions also where the rows look for them."""
        lines, by_row = [], defaultdict(list)
        for index, where, sentence in located(detail):
            lines.append(said([f"Condition {int(index) + 1}", *where] if index else where, sentence))
            if index:
                by_row[index].append(said_of_row(where, sentence))
        if lines:
            self.add_error(name, lines)
        if by_row:
            self.fields[name].widget.attrs["data-faults"] = json.dumps(by_row)

    def changed_attributes(self) -> GoalAttributes:
        """Return the attributes that differ from those in the form as it was opened."""
        changed = {"allowed_rooms" if name == "rooms" else name for name in self.changed_data}
        part = {name: value for name, value in self.attributes.items() if name in changed}
        return cast(GoalAttributes, part)


def wrong_schedules(conditions: list[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return what is wrong with the weekly schedules among the conditions, by their index."""
    found = {
        str(index): list(schedule_faults(condition["settings"]))
        for index, condition in enumerate(conditions)
        if condition["type"] == SCHEDULE_TYPE
    }
    return {index: sentences for index, sentences in found.items() if sentences}
