"""Worlds of many organizations of one size, and one that has as much as all of them together.

Rows lie as they come in production: in the order of time, those of all organizations mixed. The row `n` of a
table belongs to the large organization where `n` is even, else to the ordinary one `n / 2 % organizations`;
what a row refers to follows from its number by arithmetic, so nothing is looked up while the tables fill.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from tests.benchmark.world import World

LARGE = "Large"
ROOMS = 4
GOALS = 10
SESSIONS_OF_VISITOR = 5
SPAN_DAYS = 365
# How long pending matches and rejected attempts are kept by default.
RECENT_DAYS = 30
DAY = 24 * 3600 * 1000  # milliseconds
CHUNK = 1_000_000

# The third hexadecimal part of an id says what it is of, so that no two tables share any.
KINDS = {
    "organization": "7001",
    "user": "7002",
    "token": "7003",
    "room": "7004",
    "goal": "7005",
    "goal_room": "7006",
    "visitor": "7007",
    "identity": "7008",
    "session": "7009",
    "match": "700a",
    "pending": "700b",
    "attempt": "700c",
}
TABLES = (
    "matching_visitor",
    "matching_visitoridentity",
    "matching_visitorsession",
    "matching_externalmatch",
    "matching_pendingmatch",
    "matching_matchattempt",
)

CONSTRAINTS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid), contype = 'f'
    FROM pg_constraint
    WHERE contype IN ('p', 'u', 'f')
      AND (conrelid = ANY (%(tables)s::regclass[]) OR confrelid = ANY (%(tables)s::regclass[]))
    ORDER BY contype <> 'f', conname
"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
    FROM pg_index
    WHERE indrelid = ANY (%(tables)s::regclass[])
      AND NOT EXISTS (
          SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u')
      )
"""


@dataclass(frozen=True)
class Size:
    """How many ordinary organizations there are, and how many sessions and matches each has."""

    organizations: int
    sessions: int
    matches: int

    @property
    def visitors(self) -> int:
        return self.sessions // SESSIONS_OF_VISITOR

    @property
    def identities(self) -> int:
        return max(1, self.visitors // 2)

    @property
    def recent(self) -> int:
        """How many pending matches, and how many rejected attempts."""
        return max(1, self.matches // 10)

    def rows(self, each: int) -> int:
        """Return how many rows a table has of which each ordinary organization has so many."""
        return 2 * self.organizations * each


def key_of_token(number: int) -> str:
    """Return the API token of an organization: 0 is the large one."""
    return hashlib.sha1(f"organization {number}".encode(), usedforsecurity=False).hexdigest()


class Filling:
    """Fills an empty, migrated database."""

    def __init__(self, connection: Connection, size: Size) -> None:
        self.connection = connection
        self.size = size
        self.seconds: dict[str, float] = {}
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.begin = today - timedelta(days=SPAN_DAYS)
        self.begin_ms = int(self.begin.timestamp() * 1000)

    def run(self) -> dict[str, float]:
        """Fill, make the indexes and vacuum; return how many seconds each step took."""
        # The server may be one that is shared: what makes it quicker is set for this connection alone.
        self.connection.execute("SET synchronous_commit = off")
        self.connection.execute("SET maintenance_work_mem = '1GB'")
        with self.timed("organizations"):
            self.add_organizations()
        with self.without_indexes():
            for table, statement, each in self.tables():
                with self.timed(f"fill {table}"):
                    rows = self.size.rows(each)
                    for first in range(0, rows, CHUNK):
                        last = min(first + CHUNK, rows) - 1
                        self.connection.execute(statement, {"first": first, "last": last})
        with self.timed("VACUUM ANALYZE"):
            self.connection.execute("VACUUM ANALYZE")
        return self.seconds

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[what] = time.monotonic() - began

    @contextmanager
    def without_indexes(self) -> Iterator[None]:
        """Drop the keys, the indexes and the foreign keys of the large tables, and make them after.

        Meanwhile nothing else reads the tables through: what is not finished need not be vacuumed.
        """
        tables = {"tables": list(TABLES)}
        constraints = self.connection.execute(CONSTRAINTS, tables).fetchall()
        indexes = self.connection.execute(INDEXES, tables).fetchall()
        for table, name, _, _ in constraints:
            self.connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _ in indexes:
            self.connection.execute(f"DROP INDEX {name}")
        for table in TABLES:
            self.connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        yield
        for table in TABLES:
            self.connection.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")
        # Foreign keys last: they need the keys, and are checked against all rows.
        for table, name, definition, is_foreign in sorted(constraints, key=lambda each: each[3]):
            with self.timed("check foreign keys" if is_foreign else f"index {name}"):
                self.connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for name, definition in indexes:
            with self.timed(f"index {name}"):
                self.connection.execute(definition)

    def id(self, kind: str, number: str, offset: str = "0") -> str:
        """Write the id of a row: it grows with time, as the service's own do.

        Args:
            offset: milliseconds since the beginning.
        """
        moment = f"lpad(to_hex({self.begin_ms} + {offset}), 12, '0')"
        return f"({moment} || '{KINDS[kind]}8000' || right(md5(({number})::text), 12))::uuid"

    def at(self, offset: str) -> str:
        return f"(timestamptz '{self.begin.isoformat()}' + ({offset}) * interval '1 millisecond')"

    def add_organizations(self) -> None:
        """Add the organizations, each with a user, a token, rooms and goals."""
        numbers = f"generate_series(0::bigint, {self.size.organizations}) AS o"
        organization, user = self.id("organization", "o"), self.id("user", "o")
        room, goal = self.id("room", f"o * {ROOMS} + r"), self.id("goal", f"o * {GOALS} + g")
        rooms, goals = f"generate_series(0, {ROOMS - 1}) AS r", f"generate_series(0, {GOALS - 1}) AS g"
        at = self.at("0")
        execute = self.connection.execute
        execute(f"""
            INSERT INTO orgs_organization (id, name, subscription_expires_on, created_at, updated_at)
            SELECT {organization}, CASE WHEN o = 0 THEN '{LARGE}' ELSE 'Ordinary ' || o END, '2099-12-31',
                   {at}, {at}
            FROM {numbers}
        """)
        execute(f"""
            INSERT INTO orgs_user (
                id, email, first_name, last_name, password, organization_id, scopes, is_bot, is_active,
                is_staff, is_superuser, created_at, updated_at
            )
            SELECT {user}, 'user-' || o || '@example.com', '', '', '!', {organization},
                   ARRAY['settings', 'reports'], true, true, false, false, {at}, {at}
            FROM {numbers}
        """)
        tokens = [
            (number, key_of_token(number)[:8], hashlib.sha256(key_of_token(number).encode()).hexdigest())
            for number in range(self.size.organizations + 1)
        ]
        with self.connection.cursor() as cursor:
            cursor.executemany(
                f"""
                INSERT INTO orgs_apitoken (id, user_id, description, prefix, digest, last_used_at, created_at)
                SELECT {self.id("token", "o")}, {user}, 'Far', %s, %s, now(), {at}
                FROM (SELECT %s::bigint) AS number (o)
                """,
                [(prefix, digest, number) for number, prefix, digest in tokens],
            )
        execute(f"""
            INSERT INTO orgs_room (id, organization_id, name, language_code, created_at, updated_at)
            SELECT {room}, {organization}, 'Room ' || r, 'en', {at}, {at} FROM {numbers}, {rooms}
        """)
        execute(f"""
            INSERT INTO goals_goal (
                id, organization_id, name, is_any_room_allowed, default_value, conditions, created_at,
                updated_at
            )
            SELECT {goal}, {organization}, 'Goal ' || g, g = 0, 10, '[]', {at}, {at} FROM {numbers}, {goals}
        """)
        execute(f"""
            INSERT INTO goals_goalroom (id, organization_id, goal_id, room_id)
            SELECT {self.id("goal_room", f"(o * {GOALS} + g) * {ROOMS} + r")}, {organization}, {goal}, {room}
            FROM {numbers}, {goals}, {rooms} WHERE r < 2
        """)
        execute(f"""
            CREATE TEMPORARY TABLE owner AS
            SELECT o AS number, {organization} AS id,
                   ARRAY(SELECT {room} FROM {rooms} ORDER BY r) AS rooms,
                   ARRAY(SELECT {goal} FROM {goals} ORDER BY g) AS goals
            FROM {numbers}
        """)
        execute("ANALYZE owner")
        execute("ANALYZE orgs_organization, orgs_user, orgs_room, goals_goal")

    def tables(self) -> list[tuple[str, str, int]]:
        """Return each large table, the statement that adds some of its rows, and how many are of each."""
        size = self.size
        span = SPAN_DAYS * DAY
        visitors, identities = size.rows(size.visitors), size.rows(size.identities)
        sessions, matches = size.rows(size.sessions), size.rows(size.matches)
        recent = size.rows(size.recent)

        def own(number: str) -> str:
            """The number of a row among those of its organization."""
            return f"(({number}) / 2 / CASE WHEN n % 2 = 0 THEN 1 ELSE {size.organizations} END)"

        rows = f"""
            FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
            JOIN owner ON owner.number = CASE WHEN n % 2 = 0 THEN 0
                                              ELSE 1 + n / 2 % {size.organizations} END
        """.replace(" % ", " %% ")
        # Each visitor comes back after a fifth of the time.
        visitor_at = f"n * {span // SESSIONS_OF_VISITOR} / {visitors}"
        visitor = self.id("visitor", f"n % {visitors}", f"(n % {visitors}) * {span // 5} / {visitors}")
        identity_at = visitor_at
        # A match is in the fifth after its session's, and of a visitor that has an identity.
        fifth = f"n * 4 / {matches}"
        of_identity = f"n % {identities}"
        session = f"({of_identity} + {visitors} * ({fifth}))"
        session_at = f"({session} * {span} / {sessions})"
        match_at = f"({span // 5} + n * {span // 5 * 4} / {matches} + 60000)"
        recent_at = f"({span - RECENT_DAYS * DAY} + n * {RECENT_DAYS * DAY} / {recent})"
        goal = f"owner.goals[1 + {own('n')} % {GOALS}]"
        digest = "sha256(n::text::bytea)"
        statements = {
            "matching_visitor": (
                size.visitors,
                f"""
                INSERT INTO matching_visitor (id, organization_id, visitor_id, created_at)
                SELECT {self.id("visitor", "n", visitor_at)}, owner.id, 'visitor-' || {own("n")},
                       {self.at(visitor_at)}
                """,
            ),
            "matching_visitoridentity": (
                size.identities,
                f"""
                INSERT INTO matching_visitoridentity (id, organization_id, identity, visitor_id, created_at)
                SELECT {self.id("identity", "n", identity_at)}, owner.id, 'customer-' || {own("n")},
                       {self.id("visitor", "n", visitor_at)}, {self.at(identity_at)}
                """,
            ),
            "matching_visitorsession": (
                size.sessions,
                f"""
                INSERT INTO matching_visitorsession (
                    id, organization_id, visitor_session_id, visitor_id, started_at, room_ids, created_at,
                    updated_at
                )
                SELECT {self.id("session", "n", f"n * {span} / {sessions}")}, owner.id,
                       'session-' || {own("n")}, {visitor}, at, owner.rooms[1:3], at, at
                """,
            ),
            "matching_externalmatch": (
                size.matches,
                f"""
                INSERT INTO matching_externalmatch (
                    id, organization_id, goal_id, session_id, visitor_identity, goal_matched_at,
                    session_started_at, goal_value, goal_value_source, room_ids, unconnected_room_ids,
                    external_id, request_digest, created_at
                )
                SELECT {self.id("match", "n", match_at)}, owner.id, {goal},
                       {self.id("session", session, session_at)}, 'customer-' || {own(of_identity)},
                       {self.at(match_at)}, {self.at(session_at)}, 10, 'goal_default', owner.rooms[1:2],
                       '{{}}', 'receipt-' || {own("n")}, {digest}, {self.at(match_at)}
                """,
            ),
            "matching_pendingmatch": (
                size.recent,
                f"""
                INSERT INTO matching_pendingmatch (
                    id, organization_id, goal_id, visitor_identity, goal_matched_at, room_ids, external_id,
                    request_digest, status, code, reason, created_at, expires_at, resolved_at
                )
                SELECT {self.id("pending", "n", recent_at)}, owner.id, {goal}, 'nobody-' || {own("n")}, at,
                       owner.rooms[1:2], 'held-' || {own("n")}, {digest},
                       CASE WHEN n % 4 < 2 THEN 'pending' ELSE 'cancelled' END, 'identity_not_found', '{{}}',
                       at, at + interval '60 days', CASE WHEN n % 4 < 2 THEN NULL ELSE at END
                """,
            ),
            "matching_matchattempt": (
                size.recent,
                f"""
                INSERT INTO matching_matchattempt (
                    id, organization_id, goal_id, source, visitor_identity, goal_matched_at, external_id,
                    code, detail, created_at
                )
                SELECT {self.id("attempt", "n", recent_at)}, owner.id, {goal}, 'single',
                       'nobody-' || {own("n")}, at, 'refused-' || {own("n")}, 'identity_not_found', '', at
                """,
            ),
        }
        moments = {"matching_visitorsession": f"n * {span} / {sessions}"}
        return [
            (
                table,
                statement.replace(" % ", " %% ")
                + rows
                + f", LATERAL (SELECT {self.at(moments.get(table, recent_at))} AS at) AS moment",
                each,
            )
            for table, (each, statement) in statements.items()
        ]


ORGANIZATIONS = """
    SELECT organization.id, organization.name,
           (SELECT array_agg(id ORDER BY name) FROM orgs_room WHERE organization_id = organization.id),
           (SELECT id FROM goals_goal WHERE organization_id = organization.id AND is_any_room_allowed)
    FROM orgs_organization AS organization
"""


def worlds(connection: Connection, size: Size) -> list[World]:
    """Return the organizations of a database as the benchmark knows one; the large one is the first."""
    found: list[tuple[int, World]] = []
    rows: list[tuple[UUID, str, list[UUID], Any]] = connection.execute(ORGANIZATIONS).fetchall()
    for organization, name, rooms, goal in rows:
        number = 0 if name == LARGE else int(name.rpartition(" ")[2])
        share = size.organizations if number == 0 else 1
        counts = {"identities": share * size.identities, "sessions": share * size.sessions}
        found.append((number, World(organization, key_of_token(number), goal, rooms, **counts)))
    return [world for _, world in sorted(found, key=lambda each: each[0])]
