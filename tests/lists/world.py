"""A world made to mislead a planner: what looks common lies far from where a list begins.

An organization that has stopped, beside one that has gone on for as long again. Of its rows the older ones
hold all of a goal, a room, an identity, a code and so on that most of its rows have: by statistics a page of
them is found at once, by the clock only behind all the newer rows. Others are rare, or nowhere at all.
"""

from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection, transaction

from goalsvc.orgs.models import Organization
from goalsvc.orgs.scopes import Scope
from tests.factories import (
    BEGINNING,
    GoalFactory,
    OrganizationFactory,
    RoomFactory,
    UserFactory,
    VisitorFactory,
    issue_token,
)

# An organization's rows lie so far apart that they fall into two years.
SPAN_MINUTES = 2 * 365 * 24 * 60

# For the row `n` of `rows`: an id that grows with time, as the service's own do, and what kind of row it is.
NUMBERED = """
    SELECT n, %(start)s + n * %(step)s * interval '1 minute' AS at,
           (lpad(to_hex(%(first_id)s + n), 12, '0') || '70008000' || right(md5(n::text), 12))::uuid AS id,
           n < 0.7 * %(rows)s AS is_old, hashint8(n) AS dice
    FROM generate_series(0, %(rows)s - 1) AS n
"""
# Six tenths of all rows, all of them old, have what is old; thirty have what is rare.
OLD = "is_old AND dice %% 7 <> 0"
RARE = "n %% greatest(%(rows)s / 30, 1) = 7"
NAMES = f"CASE WHEN {RARE} THEN 'rare' WHEN {OLD} THEN 'old' ELSE 'customer-' || abs(dice) %% 50000 END"
GOALS = f"CASE WHEN {RARE} THEN %(goal_rare)s WHEN {OLD} THEN %(goal_old)s ELSE %(goal_usual)s END::uuid"

MATCHES = f"""
    INSERT INTO matching_externalmatch (
        id, organization_id, goal_id, session_id, visitor_identity, goal_matched_at, session_started_at,
        goal_value, goal_value_source, room_ids, unconnected_room_ids, external_id, request_digest,
        created_at, retracted_at
    )
    SELECT id, %(organization)s, {GOALS}, %(session)s, {NAMES},
           -- Usually a moment ago; one in a hundred is an old event, imported.
           at - (abs(dice) %% 3000 + CASE WHEN dice %% 100 = 0 THEN 300000 ELSE 0 END) * interval '1 minute',
           '2000-01-01', NULL, 'none',
           CASE WHEN {RARE} THEN ARRAY[%(room_rare)s, %(room_usual)s]
                WHEN {OLD} THEN ARRAY[%(room_old)s]
                ELSE ARRAY[%(room_usual)s] END::uuid[],
           '{{}}', 'receipt-' || n, '\\x00', at,
           -- The newest are retracted, as after a wrong import; else few.
           CASE WHEN n > 0.9 * %(rows)s OR {RARE} THEN at END
    FROM ({NUMBERED}) AS numbered
"""
PENDING = f"""
    INSERT INTO matching_pendingmatch (
        id, organization_id, goal_id, visitor_identity, goal_matched_at, room_ids, external_id,
        request_digest, status, code, reason, created_at, expires_at, resolved_at
    )
    SELECT id, %(organization)s, {GOALS}, {NAMES}, at, ARRAY[%(room_usual)s]::uuid[], 'receipt-' || n,
           '\\x00', status, 'session_not_found', '{{}}', at, at + interval '1 day',
           CASE WHEN status <> 'pending' THEN at END
    FROM ({NUMBERED}) AS numbered,
         LATERAL (
             SELECT CASE WHEN {RARE} THEN 'cancelled' WHEN {OLD} THEN 'expired' ELSE 'pending' END
         ) AS s (status)
"""
ATTEMPTS = f"""
    INSERT INTO matching_matchattempt (
        id, organization_id, goal_id, source, visitor_identity, external_id, code, detail, created_at
    )
    SELECT id, %(organization)s, {GOALS}, 'single', {NAMES}, 'receipt-' || n,
           CASE WHEN {RARE} THEN 'rare' WHEN {OLD} THEN 'old' ELSE 'session_not_found' END, '', at
    FROM ({NUMBERED}) AS numbered
"""
VISITORS = f"""
    INSERT INTO matching_visitor (id, organization_id, visitor_id, created_at)
    SELECT id, %(organization)s, 'visitor-' || n, at FROM ({NUMBERED}) AS numbered
"""
# The first visitor is a tablet in a shop; the identity `shared` is on a thousand visitors.
IDENTITIES = f"""
    INSERT INTO matching_visitoridentity (
        id, organization_id, identity, visitor_id, visitor_session_id, created_at
    )
    SELECT id, %(organization)s, CASE WHEN is_shared THEN 'shared' ELSE 'customer-' || n END,
           CASE WHEN {OLD} AND NOT is_shared THEN %(visitor)s ELSE id END, 'session-' || n, at
    FROM ({NUMBERED}) AS numbered, LATERAL (SELECT n %% greatest(%(rows)s / 1000, 1) = 1) AS s (is_shared)
"""
SESSIONS = f"""
    INSERT INTO matching_visitorsession (
        id, organization_id, visitor_session_id, visitor_id, started_at, room_ids, created_at, updated_at
    )
    SELECT id, %(organization)s, 'session-' || n, CASE WHEN {OLD} THEN %(visitor)s ELSE id END, at, '{{}}',
           at, at
    FROM ({NUMBERED}) AS numbered
"""
TABLES = (
    "matching_externalmatch",
    "matching_pendingmatch",
    "matching_matchattempt",
    "matching_visitor",
    "matching_visitoridentity",
    "matching_visitorsession",
)


@dataclass(frozen=True)
class Case:
    """A list, and a query that may be hard for it."""

    path: str
    query: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


@dataclass(frozen=True)
class World:
    organization: UUID
    key: str
    # By the list: for each name of a filter its values, to be asked for alone and in pairs.
    filters: dict[str, dict[str, list[str]]]

    @property
    def base(self) -> str:
        return f"/api/v5/orgs/{self.organization}"

    def cases(self) -> list[Case]:
        return [
            Case(path, query)
            for path, filters in self.filters.items()
            for number in range(3)
            for names in combinations(filters, number)
            for query in values_of(filters, names)
        ]


def values_of(filters: dict[str, list[str]], names: tuple[str, ...]) -> list[tuple[tuple[str, str], ...]]:
    """Return every way to give the filters values."""
    found: list[tuple[tuple[str, str], ...]] = [()]
    for name in names:
        # A span is one filter of two parameters.
        parts = [tuple(zip(name.split("&"), value.split("&"), strict=True)) for value in filters[name]]
        found = [query + part for query in found for part in parts]
    return found


def fill(matches: int, others: int) -> World:
    """Fill an empty, migrated database: so many matches, and so many rows in each other table, of the
    organization; and half as many of another. PostgreSQL's statistics are up to date."""
    organization = OrganizationFactory.create(name="Lists", subscription_expires_on=date(2099, 12, 31))
    user = UserFactory.create(organization=organization, scopes=[Scope.SETTINGS])
    things = fill_organization(organization, 0, matches, others)
    fill_organization(OrganizationFactory.create(name="Going on"), 1, matches // 2, others // 2)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        # In the order of arrival, as the service writes them.
        cursor.execute("CLUSTER matching_externalmatch USING match_newest")
        cursor.execute("CLUSTER matching_matchattempt USING match_attempt_newest")
        cursor.execute("RESET statement_timeout")
        cursor.execute("ANALYZE " + ", ".join(TABLES))
    goal, room = things["goal"], things["room"]  # rare, old, usual, of nothing
    at = [f"{2016 + year}-{month:02}-01T00:00:00Z" for year in range(2) for month in (1, 4, 5, 12)]
    names = ["rare", "old", "customer-7", "nobody"]
    spans = [f"{at[1]}&{at[2]}", f"{at[4]}&{at[7]}"]
    filters: dict[str, dict[str, list[str]]] = {
        "matches": {
            "goal_id": goal,
            "visitor_identity": names,
            "external_id": ["receipt-3", "receipt-none"],
            "room": room,
            "matched_from&matched_to": spans,
            "created_from&created_to": spans,
            "is_retracted": ["true", "false"],
        },
        f"goals/{goal[1]}/matches": {
            "visitor_identity": names,
            "room": room,
            "matched_from&matched_to": spans,
            "is_retracted": ["true", "false"],
        },
        "pending_matches": {
            "goal": goal,
            "identity": names,
            "external_id": ["receipt-3"],
            "status": ["pending", "matched", "expired", "cancelled"],
            "from&to": spans,
        },
        "match_attempts": {
            "goal_id": goal,
            "visitor_identity": names,
            "code": ["rare", "old", "session_not_found", "none"],
            "from&to": spans,
        },
        "visitor_identities": {
            "visitor_identity": ["shared", "customer-3", "nobody"],
            "visitor_id": ["tablet", "visitor-0", "visitor-none"],
            "visitor_session_id": ["session-3", "session-none"],
            "from&to": spans,
        },
        "visitor_sessions": {
            "visitor_identity": ["shared", "customer-3", "nobody"],
            "visitor_id": ["tablet", "visitor-0", "visitor-none"],
            "visitor_session_id": ["session-3", "session-none"],
            "from&to": spans,
        },
    }
    return World(organization.id, issue_token(user), filters)


def fill_organization(
    organization: Organization, number: int, matches: int, others: int
) -> dict[str, list[str]]:
    """Fill the tables with an organization's rows; return the ids of its goals and rooms."""
    goals = [GoalFactory.create(organization=organization) for _ in range(4)]
    rooms = [RoomFactory.create(organization=organization) for _ in range(4)]
    visitor = VisitorFactory.create(organization=organization, visitor_id="tablet")
    parameters: dict[str, Any] = {"organization": organization.id, "visitor": visitor.id, "session": None}
    kinds = ("rare", "old", "usual")
    parameters |= {f"goal_{kind}": goal.id for kind, goal in zip(kinds, goals, strict=False)}
    parameters |= {f"room_{kind}": room.id for kind, room in zip(kinds, rooms, strict=False)}
    with transaction.atomic(), connection.cursor() as cursor:
        # Millions of foreign keys need not be looked up one by one: they are right.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL statement_timeout = 0")
        for table, statement in enumerate((VISITORS, IDENTITIES, SESSIONS, MATCHES, PENDING, ATTEMPTS)):
            rows = matches if statement is MATCHES else others
            # The same times for all tables of an organization; ids that no other table or organization has.
            cursor.execute(
                statement,
                parameters
                | {
                    "rows": rows,
                    "start": BEGINNING,
                    "step": (number + 1) * SPAN_MINUTES / rows,
                    "first_id": number * 2**40 if table < 3 else (2 * table + number) * 2**40,
                },
            )
            if statement is SESSIONS:
                cursor.execute(
                    "SELECT id FROM matching_visitorsession WHERE organization_id = %s LIMIT 1",
                    [organization.id],
                )
                [parameters["session"]] = cursor.fetchone()
    return {"goal": [str(goal.id) for goal in goals], "room": [str(room.id) for room in rooms]}
