"""Counts of what was posted: replays as they come, and the summary of matches, replays and attempts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import connection

from goalsvc.database.parameters import array, new_pks
from goalsvc.orgs.models import Organization

COUNT_REPLAYS = """
    INSERT INTO matching_replaytally (id, organization_id, goal_id, day, count)
    SELECT id, %(organization)s, goal_id, %(day)s, count
    FROM unnest(%(ids)s::uuid[], %(goals)s::uuid[], %(counts)s::int[]) AS replayed (id, goal_id, count)
    ORDER BY goal_id
    ON CONFLICT (organization_id, goal_id, day)
        DO UPDATE SET count = matching_replaytally.count + excluded.count
"""


def count_replays(organization: Organization, goal_ids: Iterable[UUID], *, at: datetime) -> None:
    """Count repeated deliveries, one for each of the goals named; nothing happens where there is none."""
    counts = Counter(goal_ids)
    if not counts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT_REPLAYS,
            {
                "organization": organization.id,
                "day": at.date(),
                "ids": array(new_pks(len(counts))),
                "goals": array(counts),
                "counts": list(counts.values()),
            },
        )


# What was received, by the day it was received and by goal. A pending match counts on the day it was posted,
# as what has become of it; the match that settled it is not counted again. Retracted matches are left out.
SUMMARY = """
    WITH received AS (
        SELECT (created_at AT TIME ZONE 'UTC')::date AS day, goal_id, 'matched' AS outcome, count(*) AS count,
               max(created_at) AS latest
        FROM matching_externalmatch AS match
        WHERE organization_id = %(organization)s AND created_at >= %(since)s AND retracted_at IS NULL
          AND NOT EXISTS (
              SELECT FROM matching_pendingmatch AS p
              WHERE p.organization_id = %(organization)s AND p.match_id = match.id
          )
        GROUP BY 1, 2
        UNION ALL
        SELECT (p.created_at AT TIME ZONE 'UTC')::date, p.goal_id,
               CASE
                   WHEN p.status = 'pending' AND p.expires_at <= %(at)s THEN 'expired'
                   ELSE p.status
               END,
               count(*), max(p.resolved_at)
        FROM matching_pendingmatch AS p
        LEFT JOIN matching_externalmatch AS match
            ON match.organization_id = p.organization_id AND match.id = p.match_id
        WHERE p.organization_id = %(organization)s AND p.created_at >= %(since)s
          AND match.retracted_at IS NULL
        GROUP BY 1, 2, 3
        UNION ALL
        SELECT (created_at AT TIME ZONE 'UTC')::date, goal_id, 'rejected ' || code, count(*), NULL
        FROM matching_matchattempt
        WHERE organization_id = %(organization)s AND created_at >= %(since)s
        GROUP BY 1, 2, code
        UNION ALL
        SELECT day, goal_id, 'replayed', count, NULL
        FROM matching_replaytally
        WHERE organization_id = %(organization)s AND day >= %(first_day)s
    )
    SELECT day, goal_id, outcome, count, latest FROM received ORDER BY day, goal_id, outcome
"""

REJECTED = "rejected "


@dataclass(slots=True)
class Tally:
    """What became of the matches of a goal that were posted on a day."""

    matched: int = 0
    replayed: int = 0
    pending: int = 0
    rejected: Counter[str] = field(default_factory=Counter)  # by code
    last_success: datetime | None = None

    @property
    def received(self) -> int:
        return self.matched + self.replayed + self.pending + self.rejected.total()

    @property
    def match_rate(self) -> float | None:
        """The share of distinct events that matched: repetitions do not count. None: there were none."""
        events = self.received - self.replayed
        return round(self.matched / events, 4) if events else None

    def add(self, outcome: str, count: int, latest: datetime | None) -> None:
        if outcome.startswith(REJECTED):
            self.rejected[outcome.removeprefix(REJECTED)] += count
        elif outcome == "matched":
            self.matched += count
            if latest is not None:
                self.last_success = max(latest, self.last_success or latest)
        elif outcome == "replayed":
            self.replayed += count
        elif outcome == "pending":
            self.pending += count
        else:  # a pending match that was given up: expired, cancelled
            self.rejected[outcome] += count


@dataclass(frozen=True)
class Summary:
    """What was received from one day to another (UTC), by day and goal.

    The goal is None for attempts that named no goal of the organization.
    """

    first_day: date
    last_day: date
    tallies: Mapping[tuple[date, UUID | None], Tally]
    total: Tally = field(default_factory=Tally)


def summarize(organization: Organization, *, days: int, at: datetime) -> Summary:
    """Count what was received on the last `days` days (UTC, today included); one query."""
    first_day = at.date() - timedelta(days=days - 1)
    since = datetime.combine(first_day, time(), UTC)
    tallies: dict[tuple[date, UUID | None], Tally] = {}
    total = Tally()
    with connection.cursor() as cursor:
        cursor.execute(
            SUMMARY, {"organization": organization.id, "since": since, "first_day": first_day, "at": at}
        )
        for day, goal_id, outcome, count, latest in cursor:
            for tally in (tallies.setdefault((day, goal_id), Tally()), total):
                tally.add(outcome, count, latest)
    return Summary(first_day, at.date(), tallies, total)
