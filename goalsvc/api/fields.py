"""Strict fields. DRF's own convert (`"1"` to 1, `1` to true); ours refuse, so that mistakes are found."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from goalsvc.api.errors import quoted
from goalsvc.api.rendering import moment

UNSURE: Any = object()  # returned by a field's `read` for a value that only its full validation can judge
MAX_NAMED = 20  # how many wrong ids of one list an error names

# Control characters other than tab and newline, and surrogates that belong to no pair.
FORBIDDEN_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
FORBIDDEN_CHARACTERS_MESSAGE = "Control characters and lone surrogates are not allowed."


class TextField(serializers.CharField):
    """Text: a JSON string, trimmed, without control characters; not empty unless `allow_blank`."""

    default_error_messages = {"invalid": "Not a string.", "forbidden": FORBIDDEN_CHARACTERS_MESSAGE}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and FORBIDDEN_CHARACTERS.search(data):
            self.fail("forbidden")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data.strip()

    def read(self, data: Any) -> Any:
        if type(data) is not str or FORBIDDEN_CHARACTERS.search(data):
            return UNSURE
        text = data.strip()
        return text if text and (self.max_length is None or len(text) <= self.max_length) else UNSURE


class StrictBooleanField(serializers.BooleanField):
    """JSON's true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if data is True or data is False:
            return bool(data)
        self.fail("invalid", input=data)


class StrictIntegerField(serializers.IntegerField):
    """A JSON number without a fraction."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, int) and not isinstance(data, bool):
            return data
        self.fail("invalid")


class StrictChoiceField(serializers.ChoiceField):
    """One of a few words, exactly."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str) and data in self.choices:
            return data
        raise serializers.ValidationError([f"Must be one of: {', '.join(self.choices)}."])

    def read(self, data: Any) -> Any:
        return data if type(data) is str and data in self.choices else UNSURE


class MoneyField(serializers.Field):
    """A JSON number or string: at most 14 digits, 2 of them decimals. Becomes a `Decimal` or None."""

    default_error_messages = {
        "invalid": "Not a decimal number.",
        "too_long": "At most 14 digits are allowed, 2 of them decimals.",
        "ambiguous": "{text} may be {grouped} or {decimal}. Write the one that is meant, with two decimals.",
    }
    # Exactly three digits after the only point: in many countries 1.250 is more than a thousand.
    GROUPED = re.compile(r"[+-]?\d*\.\d{3}", re.ASCII)
    LITERAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
    CENT = Decimal("0.01")
    LIMIT = Decimal(10) ** 12

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, str):
            text = data.strip()
            if len(text) > 64 or not self.LITERAL.fullmatch(text):
                self.fail("invalid")
            value = Decimal(text)
            self.verify_clear(text, ".")
        elif isinstance(data, Decimal):
            value = data
        elif isinstance(data, int) and not isinstance(data, bool):
            if abs(data) >= self.LIMIT:
                self.fail("too_long")
            value = Decimal(data)
        else:
            self.fail("invalid")
        if not value.is_finite():
            self.fail("invalid")
        # The magnitude first: to quantize 1e400, or take its abs(), would overflow the decimal context.
        if value.copy_abs() >= self.LIMIT or (cents := value.quantize(self.CENT)) != value:
            self.fail("too_long")
        return cents + 0  # -0.00 is 0.00

    def verify_clear(self, text: str, mark: str) -> None:
        """Raises: ValidationError if the number's only mark may separate thousands."""
        if len(text) <= 64 and self.GROUPED.fullmatch(text.replace(mark, ".")):
            decimal = Decimal(text.replace(mark, ".")).normalize()
            grouped = Decimal(text.replace(mark, ""))
            self.fail("ambiguous", text=quoted(text), grouped=f"{grouped}.00", decimal=f"{decimal:f}")

    CENTS = re.compile(r"\d{1,12}\.\d\d", re.ASCII)

    def read(self, data: Any) -> Any:
        return Decimal(data) if type(data) is str and self.CENTS.fullmatch(data) else UNSURE

    def to_representation(self, value: Decimal) -> str:
        return str(value)


@extend_schema_field({"type": "string", "format": "date-time"})
class MomentField(serializers.Field):
    """An ISO 8601 date and time with any offset; without one it is UTC. Becomes a UTC `datetime`."""

    default_error_messages = {
        "invalid": "Not an ISO 8601 date and time, such as 2016-10-10T22:00:49.123Z.",
        "range": "Outside the years 1 to 9999 (in UTC).",
    }
    # A date alone is refused: read as midnight it could select the wrong session. Some shops write a space
    # before the offset.
    SHAPE = re.compile(r"(\d{4}-?\d\d-?\d\d[Tt ]\d\d[\d:.,]*) ?([Zz]|[+-]\d\d(?::?\d\d)?)?", re.ASCII)

    def parse(self, data: Any) -> datetime:
        """Return a moment as it is written: without an offset, naive. Raises: ValidationError."""
        found = self.SHAPE.fullmatch(data.strip()) if isinstance(data, str) and len(data) <= 64 else None
        if found is None:
            self.fail("invalid")
        try:
            return datetime.fromisoformat("".join(found.groups("")).upper())
        except ValueError:
            self.fail("invalid")

    def to_internal_value(self, data: Any) -> datetime:
        value = self.parse(data)
        if value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        try:
            return value.astimezone(UTC)
        except OverflowError:
            self.fail("range")

    USUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)

    def read(self, data: Any) -> Any:
        if type(data) is not str or not self.USUAL.fullmatch(data):
            return UNSURE
        try:
            return datetime.fromisoformat(data)
        except ValueError:
            return UNSURE

    def to_representation(self, value: datetime) -> str:
        return moment(value)


class PlausibleMomentField(MomentField):
    """When something has happened: from the year 2000 on; at most a day ahead, as clocks differ."""

    default_error_messages = {
        "past": "Before the year 2000: it looks like a placeholder. Send the real moment.",
        "future": (
            "More than {hours} hours in the future: it looks like a placeholder. Send the real moment."
        ),
    }
    FIRST = datetime(2000, 1, 1, tzinfo=UTC)
    TOLERANCE_HOURS = 24
    TOLERANCE = timedelta(hours=TOLERANCE_HOURS)

    def to_internal_value(self, data: Any) -> datetime:
        moment = super().to_internal_value(data)
        if moment < self.FIRST:
            self.fail("past")
        if moment > datetime.now(UTC) + self.TOLERANCE:
            self.fail("future", hours=self.TOLERANCE_HOURS)
        return moment

    def read(self, data: Any) -> Any:
        moment = super().read(data)
        is_plausible = moment is not UNSURE and self.FIRST <= moment <= datetime.now(UTC) + self.TOLERANCE
        return moment if is_plausible else UNSURE


UUID_LENGTH = 36
CANONICAL_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I | re.ASCII)


def parse_uuid(text: str) -> UUID | None:
    """Read a UUID in its usual form with dashes, in either case; None when it is none."""
    return _parse_uuid(text) if len(text) == UUID_LENGTH else None


# Cached, as requests name the same few rooms and goals. Only texts of a UUID's length get into the caches.
@lru_cache(maxsize=4096)
def _parse_uuid(text: str) -> UUID | None:
    return UUID(text) if CANONICAL_UUID.fullmatch(text) else None


def canonical_uuid(text: str) -> str | None:
    """Return a UUID in lower case; None when it is none."""
    return _canonical_uuid(text) if len(text) == UUID_LENGTH else None


@lru_cache(maxsize=4096)
def _canonical_uuid(text: str) -> str | None:
    return text.lower() if CANONICAL_UUID.fullmatch(text) else None


def name_some(names: Sequence[str], is_wrong: str, are_wrong: str) -> list[str]:
    """Return a sentence for each of the first MAX_NAMED names, and one that counts the others."""
    sentences = [f"{name} {is_wrong}" for name in names[:MAX_NAMED]]
    more = len(names) - MAX_NAMED
    return [*sentences, f"{more} more {are_wrong if more > 1 else is_wrong}"] if more > 0 else sentences


@extend_schema_field({"type": "array", "items": {"type": "string", "format": "uuid"}})
class RoomIdsField(serializers.Field):
    """A list of room ids in the order sent, without duplicates.

    They stay texts, in lower case: UUID objects take ten times as long to compare.
    """

    default_error_messages = {
        "not_a_list": "Not a list of room ids.",
        "too_few": "At least {min_length} room is needed.",
        "too_many": "At most {max_length} rooms are allowed.",
    }

    def __init__(self, *, min_length: int = 0, max_length: int | None = None, **kwargs: Any) -> None:
        self.min_length = min_length
        self.max_length = max_length
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        if len(data) < self.min_length:
            self.fail("too_few", min_length=self.min_length)
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("too_many", max_length=self.max_length)
        ids = [canonical_uuid(item) if isinstance(item, str) else None for item in data]
        if None in ids:
            wrong = [quoted(item) for item, room_id in zip(data, ids, strict=True) if not room_id]
            raise serializers.ValidationError(name_some(wrong, "is not a UUID.", "are not UUIDs."))
        return list(dict.fromkeys(room_id for room_id in ids if room_id))

    def read(self, data: Any) -> Any:
        if type(data) is not list or len(data) < self.min_length or len(data) > (self.max_length or 0):
            return UNSURE
        try:
            if set(map(len, data)) - {UUID_LENGTH}:
                return UNSURE
            ids = list(dict.fromkeys(map(_canonical_uuid, data)))
        except TypeError:
            return UNSURE
        return UNSURE if None in ids else ids

    def to_representation(self, value: list[str]) -> list[str]:
        return value
