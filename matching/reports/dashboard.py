"""The figures of the dashboard: what came of the last weeks, of one organization or of several.

Everything is counted from the rows themselves. No statement reads more than the last 60 days, each by an
index that begins with the organization, and their number does not depend on what there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q

from goalsvc.database.planning import BY_INDEX, EACH_ANEW
from goalsvc.orgs.models import ApiToken, Organization
from matching.refusals import SessionNotFound
from matching.reports.dashboard_statements import (
    EXISTING,
    HELD,
    MATCHED,
    OF_ONE,
    OF_SEVERAL,
    RECORDED,
    REFUSED,
    SLIPS,
)
from matching.reports.periods import Period
from matching.rule.reasons import MAX_HOURS_FROM_UTC

DAYS = 30
DAY = timedelta(days=1)
WEEK = 7 * DAY
# Held matches that expire, and tokens, while there is time to do something about it.
HELD_SOON = 2 * DAY
TOKEN_SOON = WEEK

TOP_GOALS = 5
MISSING = SessionNotFound.default_code
# The attempts whose reasons are looked at for a mistaken time zone, of each organization; the newest.
REASONS_READ = 200
# More tokens than this are not looked at; those that expire soon come first.
TOKENS_READ = 500
# A sale happens some minutes into a visit, at most so many hours: with a mistaken time zone it is therefore
# that much less than whole hours early, of which there are not more than these.
SLIP_REST = 0.5
MAX_SLIP_HOURS = MAX_HOURS_FROM_UTC


class Day(NamedTuple):
    """The matches of a day."""

    day: date
    matches: int = 0
    value: Decimal = Decimal("0.00")


class TopGoal(NamedTuple):
    organization_id: UUID
    id: UUID
    name: str
    matches: int
    value: Decimal | None


class Counts(NamedTuple):
    """How many in the last 30 days, in the last 7, and in the last 24 hours, the present hour besides.

    Where rejected attempts are kept for fewer days, so many: else the rest would seem to have none.
    """

    month: int = 0
    week: int = 0
    day: int = 0

    @classmethod
    def sum(cls, counts: Any) -> "Counts":
        return cls(*map(sum, zip(cls(), *counts, strict=True)))


class Held(NamedTuple):
    """Open held matches by age: under a day, up to a week, older; those that expire soon, and the next."""

    day: int = 0
    week: int = 0
    older: int = 0
    expiring: int = 0
    next_expiry: datetime | None = None

    @property
    def total(self) -> int:
        return self.day + self.week + self.older


class Rhythm(NamedTuple):
    """How the matches of a user came in the last 30 days.

    `silent_hours` and `silent_count` are of the stretch of the week that is silent now: in how many whole
    hours of it the user's matches came, and how many, a week before and a week before that, the lesser.
    """

    recorded: Counts
    latest: datetime
    matches: int
    hours: int
    days: int
    silent_hours: int
    silent_count: int


class Existing(NamedTuple):
    """What there is at all."""

    room: bool
    goal: bool
    user: bool  # who is no staff
    token: bool
    session: bool
    match: bool
    attempt: bool
    held: bool


@dataclass(frozen=True)
class Figures:
    """What the dashboard shows of some organizations at a moment.

    Where it is by organization, those without any rows are missing; a user of None are imports of files.
    """

    at: datetime
    since: datetime  # 24 hours before the present hour, as in Counts
    month_days: int  # of Counts; fewer than 30 where rejected attempts are not kept so long
    week_days: int
    organizations: Sequence[Organization]
    existing: Existing
    days: Sequence[Day]
    days_before: Sequence[Day]
    top_goals: Sequence[TopGoal]
    refused: Mapping[UUID, Mapping[str, Counts]]
    slips: Mapping[UUID, Mapping[int | None, int]]
    rhythms: Mapping[UUID, Mapping[UUID | None, Rhythm]]
    held_by_organization: Mapping[UUID, Held]
    tokens: Sequence[ApiToken]

    def recorded_of(self, organization: Organization) -> Counts:
        return Counts.sum(rhythm.recorded for rhythm in self.rhythms.get(organization.pk, {}).values())

    @cached_property
    def all_recorded(self) -> Counts:
        return Counts.sum(rhythm.recorded for theirs in self.rhythms.values() for rhythm in theirs.values())

    @cached_property
    def tokens_by_organization(self) -> Mapping[UUID | None, Sequence[ApiToken]]:
        found: dict[UUID | None, list[ApiToken]] = {}
        for token in self.tokens:
            found.setdefault(token.user.organization_id, []).append(token)
        return found

    @cached_property
    def all_refused(self) -> Mapping[str, Counts]:
        """Refusals by code, the most frequent first."""
        codes = {code for by_code in self.refused.values() for code in by_code}
        summed = {
            code: Counts.sum(by_code[code] for by_code in self.refused.values() if code in by_code)
            for code in codes
        }
        return dict(sorted(summed.items(), key=lambda item: (-item[1].month, item[0])))

    @cached_property
    def held(self) -> Held:
        theirs = self.held_by_organization.values()
        day, week, older, expiring = (
            sum(column) for column in zip(Held()[:4], *(held[:4] for held in theirs), strict=True)
        )
        expiries = [held.next_expiry for held in theirs if held.next_expiry]
        return Held(day, week, older, expiring, min(expiries, default=None))


def match_rate(recorded: int, refused: int) -> float | None:
    """Return the share of posted matches that were recorded; None where nothing was posted."""
    return recorded / (recorded + refused) if recorded + refused else None


def read_figures(organizations: Sequence[Organization], at: datetime) -> Figures:
    """Read the figures of the organizations at the moment `at`, which says what days are over; in UTC.

    Raises: NotSupportedError for several ones, where the database is spread over machines.
    """
    today = at.astimezone(UTC).date()
    period = Period(today - timedelta(days=DAYS - 1), today, ZoneInfo("UTC"))
    before = period.before
    hour = at.replace(minute=0, second=0, microsecond=0)
    month_days, week_days = (min(days, settings.MATCH_ATTEMPT_DAYS) for days in (DAYS, WEEK.days))
    begins = [hour - number * DAY for number in range(DAYS + 1)]
    parameters: dict[str, Any] = {
        "organizations": [organization.pk for organization in organizations],
        "organization": organizations[0].pk if organizations else None,
        "days": period.bounds,
        "next_days": [*period.bounds[1:], period.end],
        "days_before": before.bounds,
        "next_days_before": [*before.bounds[1:], before.end],
        "length": DAYS,
        "top": TOP_GOALS,
        "begins": begins,
        "ends": [at + DAY, *begins[:-1]],
        "now": at,
        "hour": hour,
        "day": hour - DAY,
        "week": hour - week_days * DAY,
        "month": hour - month_days * DAY,
        "day_ago": at - DAY,
        "week_ago": at - WEEK,
        "soon": at + HELD_SOON,
        "missing": MISSING,
        "limit": REASONS_READ,
        "rest": SLIP_REST,
        "hours": MAX_SLIP_HOURS,
    }
    with transaction.atomic(), connection.cursor() as cursor:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            cursor.execute(sql.replace(OF_SEVERAL, OF_ONE) if len(organizations) <= 1 else sql, parameters)
            return list(cursor.fetchall())

        # By default the planner reads the whole table where 60 days are more than a part of it.
        cursor.execute(f"SELECT {BY_INDEX}, {EACH_ANEW}")
        matched = rows(MATCHED)
        goals = [TopGoal(*goal) for number, *goal in matched if number is None]
        of_days = {number: (count, value or Decimal("0.00")) for number, *_, count, value in matched}
        starts = enumerate([*before.starts, *period.starts], 1 - DAYS)
        days = [Day(day, *of_days.get(number, ())) for number, day in starts]
        refused: dict[UUID, dict[str, Counts]] = {}
        for organization, code, *counts in rows(REFUSED):
            refused.setdefault(organization, {})[code] = Counts(*counts)
        parameters["with_missing"] = [
            organization for organization, codes in refused.items() if codes.get(MISSING, Counts()).day
        ]
        slips: dict[UUID, dict[int | None, int]] = {}
        for organization, hours, count in rows(SLIPS):
            slips.setdefault(organization, {})[hours] = count
        rhythms: dict[UUID, dict[UUID | None, Rhythm]] = {}
        for organization, user, month, week, day, *rest in rows(RECORDED):
            rhythms.setdefault(organization, {})[user] = Rhythm(Counts(month, week, day), *rest)
        return Figures(
            at=at,
            since=hour - DAY,
            month_days=month_days,
            week_days=week_days,
            organizations=organizations,
            existing=Existing(*rows(EXISTING)[0]),
            days=days[DAYS:],
            days_before=days[:DAYS],
            top_goals=goals,
            refused=refused,
            slips=slips,
            rhythms=rhythms,
            held_by_organization={organization: Held(*rest) for organization, *rest in rows(HELD)},
            tokens=read_tokens(organizations, at),
        )


def read_tokens(organizations: Sequence[Organization], at: datetime) -> list[ApiToken]:
    """Read the tokens of active users that are not revoked; first those that expire soon or just have."""
    expiring = Q(expires_at__gt=at - TOKEN_SOON, expires_at__lte=at + TOKEN_SOON)
    tokens = ApiToken.objects.filter(
        user__organization__in=[organization.pk for organization in organizations],
        user__is_active=True,
        revoked_at=None,
    ).select_related("user__organization")
    return list(
        tokens.alias(is_expiring=expiring).order_by(
            F("is_expiring").desc(nulls_last=True),
            F("last_used_at").desc(nulls_last=True),
            "-created_at",
            "-id",
        )[:TOKENS_READ]
    )
