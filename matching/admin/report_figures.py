"""What the report page shows of a period, and of the one before it: tiles, charts and tables."""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from heapq import nlargest
from itertools import count, groupby
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from goalsvc.orgs.models import Organization
from matching.reports.figures import Figures, Part, read_parts
from matching.reports.periods import Period

GOALS_SHOWN = 100
NOTHING = "-"
NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, kw_only=True)
class PeriodBefore(Period):
    """The period before another, in parts of as many days as its: weeks and months would be cut otherwise."""

    now: Period

    @classmethod
    def of(cls, now: Period) -> "PeriodBefore":
        before = now.before
        return cls(before.start_date, before.end_date, before.zone, before.granularity, now=now)

    @cached_property
    def starts(self) -> Sequence[date]:
        return [first - timedelta(days=self.now.days) for first, _ in bucket_days(self.now)]


@dataclass(frozen=True)
class Question:
    """What a report is asked for."""

    organization: Organization
    period: Period
    goal_id: UUID | None = None
    room_id: UUID | None = None
    by_room: bool = False

    def read(self, *, before: bool = False) -> Generator[Part, None, None]:
        """Read the parts of the report: see `read_parts`. The period before is read without its rooms."""
        return read_parts(
            self.organization,
            PeriodBefore.of(self.period) if before else self.period,
            goal_id=self.goal_id,
            room_id=self.room_id,
            by_room=self.by_room and not before,
        )


class GoalRow(NamedTuple):
    """A goal of the table, with its rooms if they were asked for."""

    part: Part
    rooms: list[Part]
    before: Figures


@dataclass(frozen=True)
class Report:
    """The figures of all goals or of one; of the goals, those with the most matches."""

    period: Period
    together: Part
    before: Part
    goals: list[GoalRow]
    rooms: list[Part]  # of a single goal
    goal_count: int


def read_report(question: Question) -> Report:
    """Read a report and the one of the period before, in two statements and little memory."""
    numbers = count()  # of the goals, in the end
    with closing(question.read()) as parts:
        groups = grouped(parts)
        together, rooms = next(groups)
        found = nlargest(
            GOALS_SHOWN,
            (group for group, _ in zip(groups, numbers, strict=False)),
            key=lambda group: (group[0].totals.match_count, group[0].totals.value_sum),
        )
    shown = {None, question.goal_id, *(goal.id for goal, _ in found)}
    with closing(question.read(before=True)) as parts:
        before = {part.id: part for part in parts if part.id in shown}
    goals = [
        # A deleted goal is in a report only where it has matches.
        GoalRow(goal, its_rooms, before[goal.id].totals if goal.id in before else Figures())
        for goal, its_rooms in found
    ]
    return Report(question.period, together, before[question.goal_id], goals, rooms, next(numbers))


def grouped(parts: Iterable[Part]) -> Iterator[tuple[Part, list[Part]]]:
    """Yield each goal, and first all goals together, with their rooms."""
    for _, group in groupby(parts, key=attrgetter("id")):
        first, *rooms = group
        yield first, rooms


# How figures are written.


def write_count(value: int) -> str:
    return f"{value:,}"


def write_money(value: Decimal | None) -> str:
    return NOTHING if value is None else f"{value:,.2f}"


def write_percent(value: str | None) -> str:
    return NOTHING if value is None else f"{value}{NO_BREAK}%"


def write_time(seconds: int | None) -> str:
    """Write a time span in its two largest units."""
    if seconds is None:
        return NOTHING
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    amounts = [(days, "d"), (hour, "h"), (minute, "min"), (second, "s")]
    first = next((index for index, (amount, _) in enumerate(amounts) if amount), 3)
    return " ".join(f"{amount} {unit}" for amount, unit in amounts[first : first + 2] if amount) or "0 s"


def write_change(now: Any, before: Any) -> str:
    """Write the difference of two counts or amounts: `+12 (+10.5 %)`. Empty where one is missing."""
    if now is None or before is None:
        return ""
    difference = now - before
    if not difference:
        return "±0"
    percent = f" ({100 * difference / abs(before):+,.1f}{NO_BREAK}%)" if before else ""
    return f"{difference:+,}{percent}"


def write_share(now: Any, before: Any) -> str:
    """Write the difference of two counts or amounts in percent, or itself where there was nothing before."""
    if not before or now == before:
        return write_change(now, before)
    return f"{100 * (now - before) / abs(before):+,.1f}{NO_BREAK}%"


def write_points(now: str | None, before: str | None) -> str:
    """Write the difference of two rates in percent."""
    if now is None or before is None:
        return ""
    difference = Decimal(now) - Decimal(before)
    return f"{difference:+} points" if difference else "±0"


def write_time_change(now: int | None, before: int | None) -> str:
    if now is None or before is None:
        return ""
    difference = now - before
    return f"{'+' if difference > 0 else '-'}{write_time(abs(difference))}" if difference else "±0"


class Figure(NamedTuple):
    """A figure as tiles and tables show it."""

    title: str
    name: str  # of the attribute of Figures
    write: Callable[[Any], str]
    change: Callable[[Any, Any], str] = write_change
    note: str = ""

    def of(self, figures: Figures) -> str:
        return self.write(getattr(figures, self.name))

    def changed(self, now: Figures, before: Figures) -> str:
        return self.change(getattr(now, self.name), getattr(before, self.name))

    def share(self, now: Figures, before: Figures) -> str:
        return write_share(getattr(now, self.name), getattr(before, self.name))


MATCHES = Figure("Matches", "match_count", write_count)
VALUE = Figure("Value", "value_sum", write_money, note="of the matches that carry one")
AVERAGE = Figure("Average value", "value_avg", write_money, note="of the matches that carry one")
VISITORS = Figure("Visitors", "visitor_count", write_count, note="who have at least one match")
SESSIONS = Figure("Sessions begun", "started_session_count", write_count)
RATE = Figure(
    "Conversion rate", "conversion_rate", write_percent, write_points, "sessions with a match, of those begun"
)
MEDIAN = Figure(
    "Time to the match",
    "lag_seconds_median",
    write_time,
    write_time_change,
    "median, from the session's start",
)
TILES = (MATCHES, VALUE, AVERAGE, VISITORS, RATE, MEDIAN)
# Behind matches and value, which tables compare.
COLUMNS = (AVERAGE, SESSIONS, RATE, MEDIAN)


def show_tiles(report: Report) -> list[dict[str, str]]:
    now, before = report.together.totals, report.before.totals
    return [
        {
            "title": each.title,
            "note": each.note,
            "figure": each.of(now),
            "before": each.of(before),
            "change": each.changed(now, before),
        }
        for each in TILES
    ]


def show_parts(parts: Iterable[tuple[Part, Figures | None]]) -> Iterator[dict[str, Any]]:
    """Show the totals of goals or rooms, each with the change since the period before, if that is known."""
    for part, before in parts:
        yield {
            "part": part,
            "matches": MATCHES.of(part.totals),
            "value": VALUE.of(part.totals),
            "changes": [each.share(part.totals, before) if before else "" for each in (MATCHES, VALUE)],
            "figures": [each.of(part.totals) for each in COLUMNS if each is not SESSIONS],
        }


# The series.


def name_bucket(start: date, granularity: str) -> str:
    return f"{start:%Y-%m}" if granularity == "month" else f"{start}"


def bucket_days(period: Period) -> list[tuple[date, date]]:
    """Return the first and the last day of each bucket, as far as they are in the period."""
    starts = [max(start, period.start_date) for start in period.starts]
    ends = [start - timedelta(days=1) for start in starts[1:]]
    return list(zip(starts, [*ends, period.end_date], strict=True))


def show_series(report: Report, links: Sequence[str | None]) -> list[dict[str, Any]]:
    """Show each bucket beside its like in the period before."""
    granularity = report.period.granularity
    return [
        {
            "start": name_bucket(start, granularity),
            "weekday": f"{start:%a}" if granularity == "day" else "",
            "link": link,
            "matches": [MATCHES.of(now), MATCHES.of(before)],
            "value": [VALUE.of(now), VALUE.of(before)],
            "figures": [each.of(now) for each in COLUMNS],
        }
        for start, now, before, link in zip(
            report.period.starts, report.together.series, report.before.series, links, strict=True
        )
    ]


def chart_of(report: Report, figure: Figure, links: Sequence[str | None]) -> str:
    """Describe a chart for charts.js: a figure by bucket, and dashed that of the period before."""
    granularity = report.period.granularity

    def values(part: Part) -> list[float]:
        return [float(getattr(each, figure.name)) for each in part.series]

    series = {"axis": "left", "unit": "", "kind": "bar", "dashed": False, "label": figure.title}
    return json.dumps(
        {
            "type": "bar",
            "labels": [name_bucket(start, granularity) for start in report.period.starts],
            "series": [
                {**series, "values": values(report.together)},
                {
                    **series,
                    "kind": "line",
                    "dashed": True,
                    "label": "the period before",
                    "names": [f"{start}" for start in PeriodBefore.of(report.period).starts],
                    "values": values(report.before),
                },
            ],
            "links": list(links) if any(links) else None,
        }
    )
