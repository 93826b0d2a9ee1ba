"""The types of goal conditions, and what the value of each must look like (API.md section 2)."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from goalsvc.api.errors import field_error, quoted
from goalsvc.api.fields import (
    FORBIDDEN_CHARACTERS,
    FORBIDDEN_CHARACTERS_MESSAGE,
    StrictBooleanField,
    StrictIntegerField,
    TextField,
)
from goalsvc.api.serializers import ObjectSerializer

MAX_CONDITIONS = 100
MAX_VALUE_LENGTH = 2048
MAX_SETTINGS_BYTES = 8 * 1024


class ValueForm(NamedTuple):
    """What a condition's value must look like: a pattern of the whole, and the sentence when it fails."""

    pattern: str
    sentence: str


INTEGER = ValueForm(r"-?\d{1,18}", "Must be an integer, such as “3”.")
TWO_DECIMALS = ValueForm(r"\d{1,12}(\.\d{1,2})?", "Must be an amount of at most two decimals, as “10.00”.")
SECONDS = ValueForm(r"\d{1,9}", "Must be a whole number of seconds, such as “30”.")
PRIORITY = ValueForm(r"[1-9]|10", "Must be an integer from 1 to 10.")
PRESENCE = ValueForm(r"online|offline", "Must be “online” or “offline”.")
DEVICE = ValueForm(
    r"desktop|mobile|tablet|mobile,tablet", "Must be “desktop”, “mobile”, “tablet” or “mobile,tablet”."
)


class ConditionType(NamedTuple):
    """A type of condition. `form` is None for any text: regexps are JavaScript's, so not checked."""

    number: int
    name: str
    form: ValueForm | None = None
    is_value_required: bool = True


TYPES: Mapping[int, ConditionType] = {
    kind.number: kind
    for kind in (
        ConditionType(1, "visitor city"),
        ConditionType(2, "CSS selector"),
        ConditionType(3, "previous page URL regexp"),
        ConditionType(4, "referrer URL regexp"),
        ConditionType(5, "page URL regexp"),
        ConditionType(6, "visitor country"),
        ConditionType(7, "visit count more than", INTEGER),
        ConditionType(8, "cart size more than", TWO_DECIMALS),
        ConditionType(9, "cart size less than", TWO_DECIMALS),
        ConditionType(10, "product names in cart"),
        ConditionType(11, "pipeline step", INTEGER),
        ConditionType(12, "JS function returns true"),
        ConditionType(13, "visit count less than", INTEGER),
        ConditionType(14, "purchase count more than", INTEGER),
        ConditionType(15, "visitor IP address regexp"),
        ConditionType(16, "page URL contains"),
        ConditionType(17, "operator presence", PRESENCE),
        ConditionType(18, "after timeout", SECONDS),
        ConditionType(19, "click element"),
        ConditionType(20, "click button"),
        ConditionType(21, "device type", DEVICE),
        ConditionType(22, "weekly schedule", is_value_required=False),
        ConditionType(23, "visitor priority more than", PRIORITY),
        ConditionType(24, "visitor priority less than", PRIORITY),
        ConditionType(25, "visitor targeted", is_value_required=False),
        ConditionType(26, "visitor cart locked", is_value_required=False),
        ConditionType(27, "visitor sent lead", is_value_required=False),
        ConditionType(28, "previous page URL contains"),
        ConditionType(29, "referrer URL contains"),
        ConditionType(30, "visitor has waited for", SECONDS),
        ConditionType(31, "has chatted", is_value_required=False),
        ConditionType(32, "chat has at least one of tags"),
        ConditionType(33, "target experiment group"),
        ConditionType(34, "waited for first answer", SECONDS),
        ConditionType(35, "user experiment group"),
        ConditionType(36, "conversion probability"),
        ConditionType(37, "average waiting time"),
    )
}
WHICH_TYPE = f"Must be an integer from {min(TYPES)} to {max(TYPES)}."


@extend_schema_field({"type": "object", "additionalProperties": {}})
class SettingsField(serializers.Field):
    """A condition's `settings`: a JSON object of at most 8 KiB that PostgreSQL's jsonb can hold."""

    default_error_messages = {
        "not_an_object": "Not a JSON object.",
        "too_large": f"At most {MAX_SETTINGS_BYTES} bytes of JSON are allowed.",
        "forbidden": FORBIDDEN_CHARACTERS_MESSAGE,
        "number": "Numbers must be finite and fit 64 bits.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        cleaned: dict[str, Any] = self.clean(data)
        if len(msgspec.json.encode(cleaned)) > MAX_SETTINGS_BYTES:
            self.fail("too_large")
        return cleaned

    def clean(self, value: Any) -> Any:
        """Return the value as jsonb keeps it and gives it back."""
        if isinstance(value, dict):
            return {self.clean(key): self.clean(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.clean(inner) for inner in value]
        if isinstance(value, str) and FORBIDDEN_CHARACTERS.search(value):
            self.fail("forbidden")
        if isinstance(value, Decimal):
            value = float(value)
        # jsonb returns 1e20 as an integer of 21 digits; what a client reads it must be able to send again.
        if isinstance(value, (int, float)) and not -(2**63) <= value < 2**63:
            self.fail("number")
        return value


class ConditionInput(ObjectSerializer):
    """One condition as a client sends it."""

    type = StrictIntegerField(help_text=f"{WHICH_TYPE} See the table of types.")
    value = TextField(
        required=False,
        default="",
        allow_blank=True,
        help_text="At most 2,048 characters; what it may be follows from the type.",
    )
    negate = StrictBooleanField(required=False, default=False)
    settings = SettingsField(required=False, default=dict)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping) and (unknown := [key for key in data if key not in self.fields]):
            raise serializers.ValidationError(
                {quoted(key)[1:-1]: ["A condition has no such attribute."] for key in unknown}
            )
        condition: dict[str, Any] = super().to_internal_value(data)
        kind = TYPES.get(condition["type"])
        if kind is None:
            raise field_error("type", WHICH_TYPE)
        value = condition["value"]
        if len(value) > MAX_VALUE_LENGTH:
            raise field_error("value", f"At most {MAX_VALUE_LENGTH} characters are allowed.")
        if kind.is_value_required and not value:
            raise field_error("value", f"Required for the type {kind.number}, {kind.name}.")
        if kind.form is not None and not re.fullmatch(kind.form.pattern, value, re.ASCII):
            raise field_error("value", f"{kind.form.sentence} (type {kind.number}, {kind.name})")
        return {name: condition[name] for name in ("type", "value", "negate", "settings")}


CONDITION = ConditionInput()


@extend_schema_field(ConditionInput(many=True))
class ConditionsField(serializers.Field):
    """A goal's list of conditions; errors are keyed by the index of the condition."""

    default_error_messages = {
        "not_a_list": "Not a list of conditions.",
        "too_many": f"At most {MAX_CONDITIONS} conditions are allowed.",
    }

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        if len(data) > MAX_CONDITIONS:
            self.fail("too_many")
        conditions, errors = [], {}
        for index, item in enumerate(data):
            try:
                # Not a child field: in a PATCH DRF would make its required attributes optional.
                conditions.append(CONDITION.check(item))
            except serializers.ValidationError as error:
                errors[str(index)] = error.detail
        if errors:
            raise serializers.ValidationError(errors)
        return conditions
