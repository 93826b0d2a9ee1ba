"""The matching rule: which session a goal belongs to, and in which rooms (API.md section 3).

`find_facts` asks the database once, for any number of requests; `decide` applies the rule to each. One
match and a thousand obey the same lines. Nothing here writes, and nothing knows of HTTP.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from goalsvc.orgs.models import Organization
from goalsvc.statements import Statement
from matching.models import ExternalMatch
from matching.parameters import array, moment_array, text_array


class MatchRequest(NamedTuple):
    """What an integrator posts: somebody did something, then, in these rooms."""

    goal_id: UUID  # as it was named: perhaps no goal of the organization
    visitor_identity: str
    goal_matched_at: datetime
    rooms: Sequence[str]
    goal_value: Decimal | None = None
    external_id: str | None = None
    is_held_if_unmatched: bool = False
    by_id: UUID | None = None


class ChosenSession(NamedTuple):
    """The session that step 1 found."""

    pk: UUID
    visitor_id: str
    visitor_session_id: str
    started_at: datetime
    room_ids: Sequence[str]


class GoalRule(NamedTuple):
    """What a goal says about where it matches and what that is worth."""

    id: UUID
    is_any_room_allowed: bool
    allowed_room_ids: Sequence[str]  # of rooms that still exist
    default_value: Decimal | None


class Delivery(NamedTuple):
    """What an external id already stands for: a match or a held one, and what was asked for."""

    pk: UUID
    request_digest: bytes


class Facts(NamedTuple):
    """What the rule needs to know of one request."""

    goal: GoalRule | None  # None: the organization has no such goal
    session: ChosenSession | None  # the latest of the identity that started strictly before the moment
    match: Delivery | None = None
    pending: Delivery | None = None


class Resolution(NamedTuple):
    """What a request leads to when it matches."""

    session: ChosenSession
    goal_value: Decimal | None
    goal_value_source: str
    room_ids: Sequence[str]
    unconnected_room_ids: Sequence[str]


class Refusal(NamedTuple):
    """Why a request became no match: the API's word, and what it takes to explain it."""

    code: str
    room_ids: Sequence[str] = ()
    goal: GoalRule | None = None
    session: ChosenSession | None = None


GOAL_NOT_FOUND = "goal_not_found"
UNKNOWN_ROOMS = "unknown_rooms"
NO_ALLOWED_ROOMS = "no_allowed_rooms"
SESSION_NOT_FOUND = "session_not_found"
NO_CONNECTED_ROOMS = "no_connected_rooms"


# For every request the latest session before its moment, of all visitors that carry its identity, and what
# its external id stands for. Each visitor costs one descent of the index session_latest, however many
# sessions there are; the outer LIMIT then picks among as many rows as the identity has visitors.
# The LIMITs also keep the planner from scanning whole tables for many requests.
# Before the requests come rows of what they share: the posted rooms that are the organization's (number 0),
# and the goals (number -1).
FACTS = """
    SELECT 0::bigint, NULL::uuid, NULL::text, NULL::text, NULL::timestamptz,
           ARRAY(
               SELECT id::text FROM orgs_room
               WHERE organization_id = %(organization)s AND archived_at IS NULL
                 AND id = ANY(%(rooms)s::uuid[])
           ),
           NULL::uuid, NULL::bytea, NULL::uuid, NULL::bytea, NULL::boolean, NULL::numeric
    UNION ALL
    SELECT -1, goal.id, NULL, NULL, NULL,
           ARRAY(
               SELECT allowed.room_id::text FROM goals_goalroom AS allowed
               JOIN orgs_room AS room
                 ON room.organization_id = allowed.organization_id AND room.id = allowed.room_id
               WHERE allowed.organization_id = goal.organization_id AND allowed.goal_id = goal.id
                 AND room.archived_at IS NULL
               ORDER BY room.created_at, room.id
           ),
           NULL, NULL, NULL, NULL, goal.is_any_room_allowed, goal.default_value
    FROM goals_goal AS goal
    WHERE goal.organization_id = %(organization)s AND goal.deleted_at IS NULL
      AND goal.id = ANY(%(goals)s::uuid[])
    UNION ALL
    SELECT request.number, latest.id, latest.visitor_id, latest.visitor_session_id, latest.started_at,
           latest.room_ids::text[], match.id, match.request_digest, pending.id, pending.request_digest,
           NULL, NULL
    FROM {requests}
    LEFT JOIN LATERAL (
        SELECT session.*
        FROM matching_visitoridentity AS carried
        CROSS JOIN LATERAL (
            SELECT s.id, v.visitor_id, s.visitor_session_id, s.started_at, s.room_ids
            FROM matching_visitorsession AS s
            JOIN matching_visitor AS v ON v.organization_id = s.organization_id AND v.id = s.visitor_id
            WHERE s.visitor_id = carried.visitor_id
              AND s.organization_id = %(organization)s
              AND s.started_at < request.moment
            ORDER BY s.started_at DESC, s.id DESC
            LIMIT 1
        ) AS session
        WHERE carried.organization_id = %(organization)s
          AND carried.identity = request.identity
        ORDER BY session.started_at DESC, session.id DESC
        LIMIT 1
    ) AS latest ON TRUE
    LEFT JOIN LATERAL (
        SELECT m.id, m.request_digest
        FROM matching_externalmatch AS m
        WHERE m.organization_id = %(organization)s
          AND m.goal_id = request.goal_id
          AND m.external_id = request.external_id
        LIMIT 1
    ) AS match ON TRUE
    LEFT JOIN LATERAL (
        SELECT p.id, p.request_digest
        FROM matching_pendingmatch AS p
        WHERE p.organization_id = %(organization)s
          AND p.goal_id = request.goal_id
          AND p.external_id = request.external_id
          AND p.status = 'pending'
        LIMIT 1
    ) AS pending ON TRUE
"""


MANY_REQUESTS = """unnest(
             %(identities)s::text[], %(moments)s::timestamptz[], %(goal_ids)s::uuid[],
             %(external_ids)s::text[]
         ) WITH ORDINALITY AS request (identity, moment, goal_id, external_id, number)"""
# A single row is what the planner then expects whatever the parameters, so it keeps the plan: planning
# anew takes longer than the statement itself.
ONE_REQUEST = """(
             SELECT %(identity)s::text AS identity, %(moment)s::timestamptz AS moment,
                    %(goal_id)s::uuid AS goal_id, %(external_id)s::text AS external_id, 1::bigint AS number
         ) AS request"""
FACTS_OF_MANY = Statement(FACTS.format(requests=MANY_REQUESTS))
FACTS_OF_ONE = Statement(FACTS.format(requests=ONE_REQUEST))


def find_facts(
    organization: Organization, requests: Sequence[MatchRequest]
) -> tuple[frozenset[str], list[Facts]]:
    """Return what the rule needs to know, in one statement.

    Returns: those of all posted rooms that are rooms of the organization, and the facts of each request.
    """
    known_rooms: frozenset[str] = frozenset()
    goals: dict[UUID, GoalRule] = {}
    rows = []
    parameters: dict[str, Any] = {
        "organization": organization.id,
        "rooms": array({room for request in requests for room in request.rooms}),
        "goals": array({request.goal_id for request in requests}),
    }
    if len(requests) == 1:
        [request] = requests
        parameters |= {
            "identity": request.visitor_identity,
            "moment": request.goal_matched_at,
            "goal_id": request.goal_id,
            "external_id": request.external_id,
        }
    else:
        parameters |= {
            "identities": text_array(request.visitor_identity for request in requests),
            "moments": moment_array(request.goal_matched_at for request in requests),
            "goal_ids": array(request.goal_id for request in requests),
            "external_ids": text_array(request.external_id for request in requests),
        }
    for row in (FACTS_OF_ONE if len(requests) == 1 else FACTS_OF_MANY).fetch(**parameters):
        number, pk, _, _, _, room_ids, _, _, _, _, is_any_room_allowed, default_value = row
        if number == "0":
            known_rooms = frozenset(ids_in(room_ids))
        elif number == "-1":
            goal_id = UUID(pk)
            value = Decimal(default_value) if default_value is not None else None
            goals[goal_id] = GoalRule(goal_id, is_any_room_allowed == "t", ids_in(room_ids), value)
        else:
            rows.append(row)
    facts = [Facts(goal=None, session=None)] * len(requests)
    for (
        number,
        pk,
        visitor_id,
        session_id,
        started_at,
        room_ids,
        match,
        digest,
        held,
        held_digest,
        *_,
    ) in rows:
        session = None
        if pk is not None:
            moment = datetime.fromisoformat(started_at)
            session = ChosenSession(UUID(pk), visitor_id, session_id, moment, ids_in(room_ids))
        index = int(number) - 1
        facts[index] = Facts(
            goal=goals.get(requests[index].goal_id),
            session=session,
            match=delivery(match, digest),
            pending=delivery(held, held_digest),
        )
    return known_rooms, facts


def ids_in(array: str) -> list[str]:
    """Return the ids in an array, as PostgreSQL writes it."""
    return array[1:-1].split(",") if len(array) > 2 else []


def delivery(pk: str | None, digest: str | None) -> Delivery | None:
    if pk is None or digest is None:
        return None
    return Delivery(UUID(pk), bytes.fromhex(digest.removeprefix("\\x")))


def decide(request: MatchRequest, known_rooms: frozenset[str], facts: Facts) -> Resolution | Refusal:
    """Apply the rule to one request, in the contract's order of steps.

    Args:
        known_rooms: which rooms are the organization's, at least among the posted ones.
    """
    goal, session = facts.goal, facts.session
    if goal is None:
        return Refusal(GOAL_NOT_FOUND)
    if unknown := [room for room in request.rooms if room not in known_rooms]:
        return Refusal(UNKNOWN_ROOMS, unknown)

    # 1. The session, chosen before rooms are looked at.
    if session is None:
        return Refusal(SESSION_NOT_FOUND)

    # 2. The rooms that count.
    counting = [room for room in request.rooms if goal.is_any_room_allowed or room in goal.allowed_room_ids]
    if not counting:
        return Refusal(NO_ALLOWED_ROOMS, request.rooms)

    # 3. The connected rooms.
    visited = set(session.room_ids)
    connected = [room for room in counting if room in visited]
    if not connected:
        return Refusal(NO_CONNECTED_ROOMS, counting, goal, session)

    # 4. The value.
    if request.goal_value is not None:
        value, source = request.goal_value, ExternalMatch.ValueSource.REQUEST
    elif goal.default_value is not None:
        value, source = goal.default_value, ExternalMatch.ValueSource.GOAL_DEFAULT
    else:
        value, source = None, ExternalMatch.ValueSource.NONE

    matched = set(connected)
    unconnected = [room for room in request.rooms if room not in matched]
    return Resolution(session, value, source.value, connected, unconnected)
