"""The conditions of goals: what clients may send, and what a weekly schedule may say."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from goals.condition_types import TYPES
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
        if kind.form.pattern and not re.fullmatch(kind.form.pattern, value, re.ASCII):
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


# Weekly schedules, as giosg's clients write them: {"timezone", "intervals": [{"start_day", "start_hours",
# "start_minutes", "end_day", …}]}. The API keeps settings as they are sent; the
# admin checks what people make.

SCHEDULE_TYPE = 22
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MINUTES_OF_DAY = 24 * 60


def schedule_faults(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a weekly schedule. One of another shape than giosg's is not looked into."""
    zone, intervals = settings.get("timezone"), settings.get("intervals")
    if not isinstance(intervals, list):
        return
    if not is_time_zone(zone):
        yield f"There is no time zone {quoted(zone or '')}. Choose one such as Europe/Helsinki."
    if not intervals:
        yield "No day is ticked, so it is never the time. Tick days and set their hours."
    of_one_day = []
    for interval in intervals:
        start, end = moment_in_week(interval, "start"), moment_in_week(interval, "end")
        if start is None or end is None:
            yield "Hours are missing, or are none. Write them such as 09:00 and 17:00."
        elif start[0] == end[0] and start >= end:
            yield f"{hours(start, end)}: the end must be later than the beginning."
        elif start[0] == end[0]:
            of_one_day.append((start, end))
    for first, second in pairwise(sorted(of_one_day)):
        if second[0] < first[1]:
            yield f"{hours(*first)} and {hours(*second)} overlap. Make one of them."


def is_time_zone(name: Any) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, TypeError, ValueError, LookupError):  # a folder's name, no text, a path, no zone
        return False
    return True


def moment_in_week(interval: Any, edge: str) -> tuple[int, int] | None:
    """Return the day, Monday being 1, and the minute of the day where the interval starts or ends."""
    if not isinstance(interval, dict):
        return None
    found = [interval.get(f"{edge}_{name}s", interval.get(f"{edge}_{name}")) for name in ("hour", "minute")]
    parts = [str(part) for part in (interval.get(f"{edge}_day"), *found)]
    if not all(re.fullmatch(r"\d{1,2}", part, re.ASCII) for part in parts):
        return None
    day, hour, minute = map(int, parts)
    is_moment = 1 <= day <= len(DAYS) and minute < 60 and hour * 60 + minute <= MINUTES_OF_DAY
    return (day, hour * 60 + minute) if is_moment else None


def hours(start: tuple[int, int], end: tuple[int, int]) -> str:
    first, last = (f"{minutes // 60:02}:{minutes % 60:02}" for _, minutes in (start, end))
    return f"{DAYS[start[0] - 1]} {first} to {last}"
