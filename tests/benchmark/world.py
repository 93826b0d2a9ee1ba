"""The world that every contender serves: one organization, ten rooms, many visitors and sessions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from goals.models import Goal
from goalsvc.orgs.models import ApiToken, Organization, Room, User
from goalsvc.orgs.scopes import Scope
from tests.benchmark.workloads import MATCHED_AT as MATCHED_AT

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
GOALS = 50
ROOMS = 10


@dataclass(frozen=True)
class World:
    organization: UUID
    token: str
    goal: UUID
    rooms: list[UUID]
    identities: int
    sessions: int

    @property
    def base(self) -> str:
        return f"/api/v5/orgs/{self.organization}"


SESSIONS = """
    INSERT INTO matching_visitorsession (
        id, organization_id, visitor_session_id, visitor_id, started_at, ended_at, room_ids, created_at,
        updated_at
    )
    SELECT gen_random_uuid(), %(organization)s, 'session-' || n, visitors.ids[1 + n %% %(identities)s],
           %(at)s + (n / %(identities)s) * interval '1 day' + (n %% 86400) * interval '1 second', NULL,
           %(rooms)s::uuid[], %(at)s, %(at)s
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n,
         (SELECT array_agg(id ORDER BY visitor_id) AS ids FROM matching_visitor
          WHERE organization_id = %(organization)s) AS visitors
"""


def build(sessions: int, identities: int, *, vacuum: bool = True) -> World:
    """Fill an empty, migrated database; every identity is one visitor's, with an equal share of sessions.

    Args:
        vacuum: tell the planner what is there.
    """
    organization = Organization.objects.create(name="Benchmark", subscription_expires_on=date(2099, 12, 31))
    user = User.objects.create_user(
        "benchmark@example.com", organization=organization, scopes=[Scope.SETTINGS]
    )
    _, key = ApiToken.objects.issue(user, "Benchmark")
    rooms = [Room.objects.create(organization=organization, name=f"Room {n}").id for n in range(ROOMS)]
    goals = [
        Goal.create(
            organization,
            {
                "name": f"Goal {n}",
                "is_any_room_allowed": n == 0,
                "allowed_rooms": [str(room) for room in rooms[:2]],
                "default_value": Decimal("10.00"),
                "conditions": [{"type": 1, "value": "Helsinki", "negate": False, "settings": {}}],
            },
            by=user,
            at=BEGINNING,
        )
        for n in range(GOALS)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH visitor AS (
                INSERT INTO matching_visitor (id, organization_id, visitor_id, created_at)
                SELECT gen_random_uuid(), %(organization)s, 'visitor-' || lpad(n::text, 8, '0'), %(at)s
                FROM generate_series(0, %(identities)s::int - 1) AS n
                RETURNING id, visitor_id
            )
            INSERT INTO matching_visitoridentity (id, organization_id, identity, visitor_id, created_at)
            SELECT gen_random_uuid(), %(organization)s,
                   'customer-' || right(visitor_id, 8)::int, id, %(at)s
            FROM visitor
            """,
            {"organization": organization.id, "identities": identities, "at": BEGINNING},
        )
        for first in range(0, sessions, 500_000):
            cursor.execute(
                SESSIONS,
                {
                    "organization": organization.id,
                    "identities": identities,
                    "at": BEGINNING,
                    "rooms": [str(room) for room in rooms[:3]],
                    "first": first,
                    "last": min(first + 500_000, sessions) - 1,
                },
            )
        if vacuum:
            cursor.execute("VACUUM ANALYZE")
    return World(organization.id, key, goals[0].id, rooms, identities, sessions)


def megabytes_per_million(table: str) -> float:
    """Return the disk that a million rows of a table take, with its indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_total_relation_size(%s::regclass) / 1e6, "
            "(SELECT count(*) FROM matching_visitorsession) / 1e6, "
            "(SELECT count(*) FROM matching_externalmatch) / 1e6",
            [table],
        )
        size, sessions, matches = cursor.fetchone()
    millions = sessions if table == "matching_visitorsession" else matches
    return float(size / millions) if millions else 0.0


def count_rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])
