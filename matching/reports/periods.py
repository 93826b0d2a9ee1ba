"""The time that a report is about, and the days, weeks or months that it is divided into."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache, cached_property
from zoneinfo import ZoneInfo, available_timezones

from goalsvc.api.errors import quoted

MAX_REPORT_DAYS = 180
# No event is before 2000 or after tomorrow; the zones lie within a day around.
EARLIEST_DAY = date(1999, 12, 31)
LATEST_DAY = date(2199, 12, 31)


def of_day(day: date) -> date:
    return day


def of_week(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def of_month(day: date) -> date:
    return day.replace(day=1)


# The first day of the day, week or month that a day lies in.
GRANULARITIES: Mapping[str, Callable[[date], date]] = {"day": of_day, "week": of_week, "month": of_month}


class PeriodError(ValueError):
    """The days make no period; `field` is the one to change, the message says how."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Period:
    """Days of a time zone, both included, as a series of days, weeks or months.

    Raises: PeriodError for days in the wrong order, too many, or out of the calendar that events can be in.
    """

    start_date: date
    end_date: date
    zone: ZoneInfo
    granularity: str = "day"

    def __post_init__(self) -> None:
        for field, day in (("start_date", self.start_date), ("end_date", self.end_date)):
            if not EARLIEST_DAY <= day <= LATEST_DAY:
                raise PeriodError(field, f"Must be a day from {EARLIEST_DAY} to {LATEST_DAY}.")
        if self.end_date < self.start_date:
            raise PeriodError("end_date", f"Must not be before start_date, {self.start_date}.")
        if self.days > MAX_REPORT_DAYS:
            raise PeriodError(
                "end_date",
                f"A report covers at most {MAX_REPORT_DAYS} days, both ends included, and these are "
                f"{self.days}: ask for {self.start_date} to "
                f"{self.start_date + timedelta(days=MAX_REPORT_DAYS - 1)} first.",
            )

    @property
    def days(self) -> int:
        return (self.end_date - self.start_date).days + 1

    @cached_property
    def starts(self) -> Sequence[date]:
        """The first day of each bucket, which may lie before the period."""
        first_day_of = GRANULARITIES[self.granularity]
        days = (self.start_date + timedelta(days=number) for number in range(self.days))
        return list(dict.fromkeys(first_day_of(day) for day in days))

    @property
    def bounds(self) -> Sequence[datetime]:
        """The moments (UTC) at which the buckets begin, those before the period cut off."""
        return [midnight(max(start, self.start_date), self.zone) for start in self.starts]

    @property
    def begin(self) -> datetime:
        return midnight(self.start_date, self.zone)

    @property
    def end(self) -> datetime:
        """The moment after the period."""
        return midnight(self.end_date + timedelta(days=1), self.zone)

    @property
    def before(self) -> "Period":
        """The period of as many days before this one."""
        last = max(self.start_date - timedelta(days=1), EARLIEST_DAY)
        first = max(last - timedelta(days=self.days - 1), EARLIEST_DAY)
        return Period(first, last, self.zone, self.granularity)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment (UTC) at which a day begins in a zone.

    Where clocks go back over midnight it comes twice, and the first one counts; where they go forward over
    it, or leave out a day, it is the moment at which they do.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def find_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name. Raises: PeriodError for an unknown one."""
    if name not in zone_names():
        sentence = f"{quoted(name)} is no name of a time zone, such as Europe/Helsinki."
        if near := get_close_matches(name[:64], zone_names(), 1):
            sentence += f" Did you mean {near[0]}?"
        raise PeriodError("timezone", sentence)
    return ZoneInfo(name)


@cache
def zone_names() -> frozenset[str]:
    """Return the names of the IANA time zones; looking for them takes a walk through a folder."""
    return frozenset(available_timezones() - {"localtime", "posixrules"})
