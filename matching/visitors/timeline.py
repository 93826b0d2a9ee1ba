"""The sessions of an identity around a moment: what the rule had to choose from, as far as is known today."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from matching.limits import MAX_VISITORS

SHOWN_BEFORE = 6
SHOWN_LATER = 4
# How far the sessions are counted that are not shown.
COUNTED = 1000


@dataclass
class SessionAround:
    """A session of the timeline."""

    id: UUID
    organization_id: UUID
    visitor_pk: UUID
    visitor_id: str
    visitor_session_id: str
    started_at: datetime
    ended_at: datetime | None
    room_ids: list[UUID]
    # When both the session and that its visitor carries the identity had been reported; None: it carries it
    # no more.
    known_at: datetime | None

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where it stands in the order of the rule, which takes the last before the moment."""
        return self.started_at, self.id


class Timeline(NamedTuple):
    """Sessions around a moment, the earliest first, and how many there are in all: up to COUNTED + 1."""

    visitor_count: int
    before_count: int
    later_count: int
    sessions: list[SessionAround]


# The visitors are those that the rule looks at. Each costs a few descents of the index session_latest,
# however many sessions it has: only what is shown is read from the table. Counting ends at its limit.
CARRIED = f"""
    SELECT i.visitor_id, i.created_at
    FROM matching_visitoridentity AS i
    WHERE i.organization_id = %(organization)s AND i.identity = %(identity)s
    ORDER BY i.visitor_id DESC
    LIMIT {MAX_VISITORS}
"""
NEAREST = """
    SELECT session.id
    FROM carried
    CROSS JOIN LATERAL (
        SELECT s.id, s.started_at
        FROM matching_visitorsession AS s
        WHERE s.visitor_id = carried.visitor_id AND s.organization_id = %(organization)s
          AND s.started_at {side} %(moment)s
        ORDER BY s.started_at {direction}, s.id {direction}
        LIMIT {limit}
    ) AS session
    ORDER BY session.started_at {direction}, session.id {direction}
    LIMIT {limit}
"""
BEFORE = {"side": "<", "direction": "DESC"}
LATER = {"side": ">=", "direction": "ASC"}
# In no order across visitors, so that it ends as soon as there are enough.
COUNT = f"""
    SELECT count(*) FROM (
        SELECT
        FROM carried
        CROSS JOIN LATERAL (
            SELECT s.id
            FROM matching_visitorsession AS s
            WHERE s.visitor_id = carried.visitor_id AND s.organization_id = %(organization)s
              AND s.started_at {{side}} %(moment)s
            ORDER BY s.started_at {{direction}}, s.id {{direction}}
            LIMIT {COUNTED + 1}
        ) AS session
        LIMIT {COUNTED + 1}
    ) AS counted
"""
# The attributes of SessionAround.
COLUMNS = {name: f"s.{name}" for name in SessionAround.__dataclass_fields__} | {
    "visitor_pk": "s.visitor_id",
    "visitor_id": "v.visitor_id",
    "known_at": "CASE WHEN carried.created_at IS NOT NULL "
    "THEN greatest(s.created_at, carried.created_at) END",
}
# LIMIT 1 keeps the planner from reading all visitors or sessions of an organization that it thinks small.
AROUND = f"""
    WITH carried AS MATERIALIZED ({CARRIED}),
    shown AS MATERIALIZED (
        ({NEAREST.format(**BEFORE, limit=SHOWN_BEFORE)})
        UNION ({NEAREST.format(**LATER, limit=SHOWN_LATER)})
        UNION SELECT %(chosen)s::uuid
    ),
    session AS (
        SELECT {", ".join(f"{column} AS {name}" for name, column in COLUMNS.items())}
        FROM shown
        CROSS JOIN LATERAL (
            SELECT one.*
            FROM matching_visitorsession AS one
            WHERE one.organization_id = %(organization)s AND one.id = shown.id
            LIMIT 1
        ) AS s
        CROSS JOIN LATERAL (
            SELECT one.visitor_id
            FROM matching_visitor AS one
            WHERE one.organization_id = %(organization)s AND one.id = s.visitor_id
            LIMIT 1
        ) AS v
        LEFT JOIN carried ON carried.visitor_id = s.visitor_id
    )
    SELECT known.*, session.*
    FROM (
        SELECT (SELECT count(*) FROM carried) AS visitor_count,
               ({COUNT.format(**BEFORE)}) AS before_count, ({COUNT.format(**LATER)}) AS later_count
    ) AS known
    LEFT JOIN session ON TRUE
    ORDER BY session.started_at, session.id
"""


def sessions_around(
    organization_id: UUID, identity: str, moment: datetime, *, chosen_id: UUID | None = None
) -> Timeline:
    """Read the sessions of all visitors that carry an identity, nearest before and after a moment.

    One statement, whose work is bounded by MAX_VISITORS, not by how many sessions there are.

    Args:
        moment: a session that begins at this very moment counts as later, as in the rule.
        chosen_id: a session of the organization that is among them in any case.
    """
    parameters: dict[str, Any] = {
        "organization": organization_id,
        "identity": identity,
        "moment": moment,
        "chosen": chosen_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(AROUND, parameters)
        rows = cursor.fetchall()
    visitors, before, later = rows[0][:3]
    sessions = [
        SessionAround(**dict(zip(COLUMNS, row[3:], strict=True))) for row in rows if row[3] is not None
    ]
    return Timeline(visitors, before, later, sessions)
