"""What the importer of a file says of its times and numbers, and what they are then for the API."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rest_framework.exceptions import ValidationError

from goalsvc.api.errors import quoted
from goalsvc.api.fields import MomentField, MoneyField

MOMENTS = ("goal_matched_at", "started_at", "ended_at")
MARKED = frozenset({"goal_value", *MOMENTS})  # what the importer says something of
MOMENT = MomentField()
MONEY = MoneyField()


@dataclass(frozen=True, slots=True)
class Reading:
    """How times and numbers are written in a file."""

    zone: ZoneInfo | None = None  # of times without an offset; None: UTC
    # Of two moments that the zone's clocks may show (or neither of which, when they are put forward); None:
    # such a row is refused.
    ambiguous: Literal["earlier", "later"] | None = None
    has_decimal_commas: bool = False

    def read(self, item: Any) -> Any:
        """Return an item with its times and numbers as the API takes them, or the error that refuses it."""
        if not isinstance(item, dict):
            return item
        read = {}
        errors: dict[str, Any] = {}
        for name, value in item.items():
            if name in MARKED and isinstance(value, str):
                try:
                    read[name] = self.read_value(name, value)
                except ValidationError as error:
                    errors[name] = error.detail
        return ValidationError(errors) if errors else item | read

    def read_value(self, name: str, text: str) -> str:
        """Raises: ValidationError."""
        if name == "goal_value":
            return self.with_point(text.strip())
        if name in MOMENTS and self.zone is not None and (local := local_time(text)):
            return self.with_offset(local, self.zone).isoformat()
        return text

    def with_point(self, text: str) -> str:
        """Return a number with a point for decimals. Raises: ValidationError."""
        if not self.has_decimal_commas:
            if "," in text:
                raise ValidationError(
                    f"{quoted(text)} has a comma; write decimals with a point, as in 12.50, or say "
                    "--decimal-comma if that is what commas are in this file."
                )
            return text
        if "." in text:
            raise ValidationError(
                f"{quoted(text)} has a point, and --decimal-comma was said: write it as in 12,50 and without "
                "marks for thousands."
            )
        MONEY.verify_clear(text, ",")
        return text.replace(",", ".")

    def with_offset(self, local: datetime, zone: ZoneInfo) -> datetime:
        """Return the moment at which the clocks of a zone show a time. Raises: ValidationError."""
        try:
            moments = sorted(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        except OverflowError:  # at the ends of the calendar, which no field takes
            return local.replace(tzinfo=UTC)
        if moments[0] == moments[1]:
            return moments[0]
        if self.ambiguous is not None:
            return moments[0 if self.ambiguous == "earlier" else 1]
        shown = f"{local:%Y-%m-%d %H:%M:%S}"
        is_twice = moments[0].astimezone(zone).replace(tzinfo=None) == local
        why = (
            f"The clocks of {zone.key} showed {shown} twice, when they were put back"
            if is_twice
            else f"The clocks of {zone.key} never showed {shown}: they were put forward over it"
        )
        raise ValidationError(f"{why}. Write the offset, or say --ambiguous earlier or later.")

    def has_assumed_times(self, item: Any) -> bool:
        """Tell whether a time of an item is without an offset, and is taken for UTC."""
        if self.zone is not None or not isinstance(item, dict):
            return False
        times = [item[name] for name in MOMENTS if name in item]
        return any(map(local_time, times))


def local_time(value: Any) -> datetime | None:
    """Return the time of a text without an offset; None for any other value."""
    if isinstance(value, str) and value.endswith("Z"):
        return None  # as most are
    try:
        time = MOMENT.parse(value)
    except ValidationError:
        return None  # which is for the field to say
    return time if time.tzinfo is None else None
