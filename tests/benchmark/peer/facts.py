"""What the rule needs to know, and the rule: one match, or a batch with the same few statements."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from matching.limits import MAX_VISITORS
from tests.benchmark.peer.answers import Refusal, invalid, moment
from tests.benchmark.peer.bodies import Fields
from tests.benchmark.peer.callers import CALLER
from tests.benchmark.peer.reasons import unconnected_rooms

GOAL_COLUMNS = """
    g.id AS goal_id, g.is_any_room_allowed, g.default_value,
    ARRAY(SELECT a.room_id FROM goals_goalroom AS a JOIN orgs_room AS r ON r.id = a.room_id
          WHERE a.goal_id = g.id AND r.archived_at IS NULL) AS allowed
"""
KNOWN_ROOMS = """
    ARRAY(SELECT id FROM orgs_room
          WHERE organization_id = {organization} AND archived_at IS NULL AND id = ANY({rooms}::uuid[]))
    AS known
"""
LATEST_SESSION = f"""
    SELECT s.id AS session_id, v.visitor_id, s.visitor_session_id, s.started_at, s.room_ids
    FROM (
        SELECT session.*
        FROM (
            SELECT i.visitor_id FROM matching_visitoridentity AS i
            WHERE i.organization_id = {{organization}} AND i.identity = {{identity}}
            ORDER BY i.visitor_id DESC LIMIT {MAX_VISITORS}
        ) AS carried
        CROSS JOIN LATERAL (
            SELECT s.id, s.visitor_id, s.visitor_session_id, s.started_at, s.room_ids
            FROM matching_visitorsession AS s
            WHERE s.visitor_id = carried.visitor_id AND s.organization_id = {{organization}}
              AND s.started_at < {{moment}}
            ORDER BY s.started_at DESC, s.id DESC LIMIT 1
        ) AS session
        ORDER BY session.started_at DESC, session.id DESC LIMIT 1
    ) AS s
    JOIN matching_visitor AS v ON v.organization_id = {{organization}} AND v.id = s.visitor_id
"""
# $4 to $8: the goal, the rooms, the identity, the moment, the external id.
FACTS_WITH_CALLER = f"""
    SELECT caller.*, facts.*
    FROM ({CALLER}) AS caller
    LEFT JOIN LATERAL (
        SELECT {GOAL_COLUMNS}, {KNOWN_ROOMS.format(organization="$3", rooms="$5")}, latest.*,
               m.id AS match_id, m.request_digest
        FROM goals_goal AS g
        LEFT JOIN LATERAL (
            {LATEST_SESSION.format(organization="$3", identity="$6", moment="$7")}
        ) AS latest ON TRUE
        LEFT JOIN matching_externalmatch AS m
            ON m.organization_id = $3 AND m.goal_id = $4 AND m.external_id = $8
        WHERE g.organization_id = $3 AND g.id = $4 AND g.deleted_at IS NULL
    ) AS facts ON caller.caller_organization_id = $3
"""
ROOMS = f"SELECT {KNOWN_ROOMS.format(organization='$1', rooms='$2')}"
GOALS = f"""
    SELECT {GOAL_COLUMNS} FROM goals_goal AS g
    WHERE g.organization_id = $1 AND g.id = ANY($2::uuid[]) AND g.deleted_at IS NULL
"""
SESSIONS = f"""
    SELECT request.number, latest.*
    FROM unnest($2::text[], $3::timestamptz[]) WITH ORDINALITY AS request (identity, moment, number)
    CROSS JOIN LATERAL (
        {LATEST_SESSION.format(organization="$1", identity="request.identity", moment="request.moment")}
    ) AS latest
"""
DELIVERIES = """
    SELECT m.goal_id, m.external_id, m.id AS match_id, m.request_digest
    FROM unnest($2::uuid[], $3::text[]) AS request (goal_id, external_id)
    JOIN matching_externalmatch AS m
        ON m.organization_id = $1 AND m.goal_id = request.goal_id AND m.external_id = request.external_id
"""


class NewMatch(NamedTuple):
    """A row of matching_externalmatch, in the order in which it is written."""

    id: UUID
    organization_id: UUID
    goal_id: UUID
    session_id: UUID
    visitor_identity: str
    goal_matched_at: datetime
    session_started_at: datetime
    goal_value: Decimal | None
    goal_value_source: str
    room_ids: Sequence[UUID]
    unconnected_room_ids: Sequence[UUID]
    external_id: str | None
    request_digest: bytes | None
    created_at: datetime
    created_by_id: UUID


class Facts(NamedTuple):
    """What is known of one posted match; `session` and `first` are missing where they are empty."""

    goal: Any
    session: Any
    first: Any  # the match that its external id stands for


class FactsOfBatch(NamedTuple):
    known_rooms: set[UUID]
    goals: dict[UUID, Any]
    sessions: dict[tuple[str, datetime], Any]
    deliveries: dict[tuple[UUID, str], Any]

    def of(self, goal: UUID, fields: Fields) -> Facts:
        session = self.sessions.get((fields["visitor_identity"], fields["goal_matched_at"]))
        external_id = fields["external_id"]
        first = self.deliveries.get((goal, external_id)) if external_id is not None else None
        return Facts(self.goals.get(goal), session, first)


async def find_facts(
    connection: Any, organization: UUID, posted: Iterable[tuple[UUID, Fields]]
) -> FactsOfBatch:
    """Ask for the facts of many posted matches, each with its goal."""
    posted = list(posted)
    sought = list(dict.fromkeys((each["visitor_identity"], each["goal_matched_at"]) for _, each in posted))
    events = {(goal, each["external_id"]) for goal, each in posted if each["external_id"] is not None}
    rooms = list({room for _, each in posted for room in each["rooms"]})
    known = await connection.fetchval(ROOMS, organization, rooms)
    goals = await connection.fetch(GOALS, organization, list({goal for goal, _ in posted}))
    identities, moments = [identity for identity, _ in sought], [at for _, at in sought]
    sessions = await connection.fetch(SESSIONS, organization, identities, moments)
    deliveries = []
    if events:
        goal_ids, external_ids = zip(*events, strict=True)
        deliveries = await connection.fetch(DELIVERIES, organization, goal_ids, external_ids)
    return FactsOfBatch(
        set(known),
        {row["goal_id"]: row for row in goals},
        {sought[row["number"] - 1]: row for row in sessions},
        {(row["goal_id"], row["external_id"]): row for row in deliveries},
    )


def digest_of(fields: Fields) -> bytes | None:
    """Return the digest that tells a repetition from another event, as the service stores it."""
    if fields["external_id"] is None:
        return None
    parts = (
        fields["visitor_identity"],
        fields["goal_matched_at"].isoformat(),
        ",".join(sorted(map(str, fields["rooms"]))),
        str(fields["goal_value"]),
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


def decide(
    fields: Fields, facts: Facts, known_rooms: set[UUID], organization: UUID, by: UUID, now: datetime
) -> NewMatch | Refusal:
    """Apply the rule to one posted match."""
    goal, session = facts.goal, facts.session
    if goal is None:
        return Refusal(404, "goal_not_found")
    rooms = fields["rooms"]
    if unknown := [room for room in rooms if room not in known_rooms]:
        return invalid({"rooms": [f"{room} is not a room of the organization." for room in unknown]})
    if session is None:
        return Refusal(404, "session_not_found")
    counting = rooms if goal["is_any_room_allowed"] else [room for room in rooms if room in goal["allowed"]]
    if not counting:
        return invalid({"rooms": ["The goal is allowed in none of these rooms."]})
    visited = set(session["room_ids"])
    connected = [room for room in counting if room in visited]
    if not connected:
        return Refusal(404, "no_connected_rooms", reason=unconnected_rooms(fields, goal, session))
    value, source = fields["goal_value"], "request"
    if value is None:
        value, source = goal["default_value"], "goal_default"
    if value is None:
        source = "none"
    return NewMatch(
        id=uuid7(),
        organization_id=organization,
        goal_id=goal["goal_id"],
        session_id=session["session_id"],
        visitor_identity=fields["visitor_identity"],
        goal_matched_at=fields["goal_matched_at"],
        session_started_at=session["started_at"],
        goal_value=value,
        goal_value_source=source,
        room_ids=connected,
        unconnected_room_ids=[room for room in rooms if room not in connected],
        external_id=fields["external_id"],
        request_digest=digest_of(fields),
        created_at=now,
        created_by_id=by,
    )


def show(match: Any, session: Any, *, is_retracted: bool = False) -> dict[str, Any]:
    """Show a new match or the row of one."""
    return {
        "id": match.id,
        "organization_id": match.organization_id,
        "goal_id": match.goal_id,
        "visitor_identity": match.visitor_identity,
        "visitor_id": session["visitor_id"],
        "visitor_session_id": session["visitor_session_id"],
        "session_started_at": moment(match.session_started_at),
        "goal_matched_at": moment(match.goal_matched_at),
        "goal_value": match.goal_value,
        "goal_value_source": match.goal_value_source,
        "rooms": match.room_ids,
        "unconnected_rooms": match.unconnected_room_ids,
        "external_id": match.external_id,
        "created_at": moment(match.created_at),
        "created_by_user_id": match.created_by_id,
        "is_retracted": is_retracted,
    }
