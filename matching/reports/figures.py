"""The figures of a report, of all goals or of one.

Everything is counted from the rows themselves, so a match is in the figures as soon as it is committed. They
are by the moment of the event, and leave retracted matches out.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from goalsvc.orgs.models import Organization
from matching.reports.periods import Period
from matching.reports.statements import statement_of
from matching.reports.turns import take_turn

CENT = Decimal("0.01")


class Figures(NamedTuple):
    """What is known of some matches, and of the sessions that began in the same time."""

    match_count: int = 0
    session_count: int = 0
    visitor_count: int = 0
    value_count: int = 0
    value_sum: Decimal = Decimal("0.00")
    lag_seconds_median: int | None = None
    lag_seconds_p90: int | None = None
    started_session_count: int = 0

    @property
    def value_avg(self) -> Decimal | None:
        if not self.value_count:
            return None
        return (self.value_sum / self.value_count).quantize(CENT, ROUND_HALF_UP)

    @property
    def conversion_rate(self) -> str | None:
        """The share of sessions that led to a match, in percent."""
        if not self.started_session_count:
            return None
        rate = Decimal(100 * self.session_count) / self.started_session_count
        return str(rate.quantize(CENT, ROUND_HALF_UP))


@dataclass(frozen=True)
class Part:
    """The figures of all goals, a goal, or a room of a goal: in total, and by bucket without gaps."""

    totals: Figures
    series: list[Figures]
    id: UUID | None = None
    name: str | None = None
    is_deleted: bool = False
    room_id: UUID | None = None
    room_name: str | None = None


Row = tuple[Any, ...]
Counts = dict[UUID | None, dict[int | None, int]]  # sessions that began, by room (None: any) and bucket


def read_parts(
    organization: Organization,
    period: Period,
    *,
    goal_id: UUID | None = None,
    room_id: UUID | None = None,
    by_room: bool = False,
) -> Generator[Part, None, None]:
    """Read a report in one statement: all goals together, then each by itself, each before its rooms.

    The goals are those that are not deleted, and deleted ones with matches in the period; the rooms of a
    goal, those that it has matches in. Rows arrive as they are consumed, so that a report of very many goals
    takes no memory. Consume all of it, or close it: until then the connection is busy.

    Args:
        goal_id: only this goal, without all goals together.
        room_id: only matches and sessions with this room.

    Raises: TooManyReadings.
    """
    sql = statement_of(goal=goal_id is not None, room=room_id is not None, by_room=by_room)
    parameters = {
        "organization": organization.id,
        "begin": period.begin,
        "end": period.end,
        "bounds": list(period.bounds),
        "ends": [*period.bounds[1:], period.end],
        "goal": goal_id,
        "room": room_id,
    }
    with transaction.atomic():
        take_turn(organization)
        yield from parts_of(sql, parameters, len(period.starts))


def parts_of(sql: str, parameters: dict[str, Any], size: int) -> Generator[Part, None, None]:
    """Make the parts of the rows as they arrive; `size` is how many buckets there are."""
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        closing(cursor.cursor.stream(sql, parameters)) as rows,
    ):
        started: Counts = {}
        for (_, is_deleted, room), group in groupby(rows, key=itemgetter(0, 2, 3)):
            if is_deleted is None:
                counts = {row[5]: row[6] for row in group}
                started[room] = {None: sum(counts.values()), **counts}
            else:
                yield part_of(list(group), size, started.get(room, {}))


def part_of(rows: list[Row], size: int, started: dict[int | None, int]) -> Part:
    """Make a part of its rows, total first; what has no matches is zeros and nulls."""
    found = {row[5]: figures_of(row) for row in rows if row[6]}
    none = Figures()
    totals, *series = (
        found.get(bucket, none)._replace(started_session_count=started.get(bucket, 0))
        for bucket in (None, *range(1, size + 1))
    )
    id, name, is_deleted, room_id, room_name, *_ = rows[0]
    return Part(totals, series, id, name, is_deleted, room_id, room_name)


def figures_of(row: Row) -> Figures:
    matches, sessions, visitors, values, value_sum, (median, p90) = row[6:]
    return Figures(matches, sessions, visitors, values, value_sum.quantize(CENT), round(median), round(p90))
