"""The matching rule: which session a goal belongs to, and in which rooms (API.md section 3).

`find_facts` asks the database once, for any number of requests; `decide` applies the rule to each. One
match and a thousand obey the same lines. Nothing here writes, and nothing knows of HTTP.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from rest_framework.exceptions import APIException

from goals.reading import ALLOWED_ROOMS
from goalsvc.database.parameters import array, moment_array, text_array
from goalsvc.database.statements import Ahead, Row, Statement
from goalsvc.orgs.models import Organization, with_caller
from matching.limits import MAX_VISITORS
from matching.models import ExternalMatch
from matching.refusals import (
    GoalNotFound,
    NoAllowedRooms,
    NoConnectedRooms,
    SessionNotFound,
    UnknownRooms,
)


class MatchRequest(NamedTuple):
    """What an integrator posts: somebody did something, then, in these rooms."""

    goal_id: UUID  # as it was named: perhaps no goal of the organization
    visitor_identity: str
    goal_matched_at: datetime
    rooms: Sequence[str]
    goal_value: Decimal | None = None
    external_id: str | None = None
    is_pending_if_unmatched: bool = False
    by_id: UUID | None = None

    @property
    def digest(self) -> bytes | None:
        """A digest of what is asked for, which tells a repetition from another event with its external id.

        None without an external id.
        """
        if self.external_id is None:
            return None
        parts = (
            self.visitor_identity,
            self.goal_matched_at.isoformat(),
            ",".join(sorted(map(str, self.rooms))),
            str(self.goal_value),
        )
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


class ChosenSession(NamedTuple):
    """The session that step 1 found."""

    pk: str
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
    """Why a request became no match, or a report of a visitor no row, and what it takes to explain it."""

    error: type[APIException]
    room_ids: Sequence[str] = ()
    goal: GoalRule | None = None
    session: ChosenSession | None = None

    @property
    def code(self) -> str:
        """The API's word for it."""
        return self.error.default_code


# The parts that the statements below share; `request` is one posted match or many.
# The latest session before the moment, of all visitors that carry the identity. Each visitor costs one
# descent of the index session_latest, however many sessions there are; the outer LIMIT then picks among as
# many rows as the identity has visitors. goalsvc.database.planning says why it asks for ranges and orders.
# That an external id is there at all is asked first: a plan made while there were no matches yet may scan
# them.
LATEST_SESSION = f"""
    LEFT JOIN LATERAL (
        SELECT session.*
        FROM (
            SELECT i.visitor_id
            FROM matching_visitoridentity AS i
            WHERE i.organization_id = {{organization}}
              AND {{carried}}
            LIMIT {MAX_VISITORS}
        ) AS carried
        CROSS JOIN LATERAL (
            SELECT s.id, s.visitor_id AS visitor_pk, s.visitor_session_id, s.started_at, s.room_ids
            FROM matching_visitorsession AS s
            WHERE s.visitor_id = carried.visitor_id
              AND s.organization_id = {{organization}}
              AND s.started_at < request.moment
            ORDER BY s.started_at DESC, s.id DESC
            LIMIT 1
        ) AS session
        ORDER BY session.started_at DESC, session.id DESC
        LIMIT 1
    ) AS latest ON TRUE
    LEFT JOIN LATERAL (
        SELECT v.visitor_id
        FROM matching_visitor AS v
        WHERE v.organization_id = {{organization}}
          AND v.id >= latest.visitor_pk AND v.id <= latest.visitor_pk
        ORDER BY v.id
        LIMIT 1
    ) AS visitor ON TRUE
"""
# How the visitors of an identity are found, the newest first. For one request, whose plan is kept, by
# equality: for a range the planner expects hundreds. For many, by the order that the right index alone has.
CARRIED_BY_ONE = "i.identity = request.identity ORDER BY i.visitor_id DESC"
CARRIED_BY_MANY = """i.identity >= request.identity AND i.identity <= request.identity
            ORDER BY i.identity DESC, i.visitor_id DESC"""
FIRST_DELIVERY = """
    LEFT JOIN LATERAL (
        SELECT m.id, m.request_digest
        FROM matching_externalmatch AS m
        WHERE request.external_id IS NOT NULL
          AND m.organization_id = {organization}
          AND m.goal_id = request.goal_id
          AND m.external_id >= request.external_id AND m.external_id <= request.external_id
        ORDER BY m.external_id
        LIMIT 1
    ) AS match ON TRUE
    LEFT JOIN LATERAL (
        SELECT p.id, p.request_digest
        FROM matching_pendingmatch AS p
        WHERE request.external_id IS NOT NULL
          AND p.organization_id = {organization}
          AND p.goal_id = request.goal_id
          AND p.external_id >= request.external_id AND p.external_id <= request.external_id
          AND p.status = 'pending'
        ORDER BY p.external_id
        LIMIT 1
    ) AS pending ON TRUE
"""
SESSION_FOUND = """latest.id, visitor.visitor_id, latest.visitor_session_id, latest.started_at,
           latest.room_ids"""
DELIVERY_FOUND = "match.id, match.request_digest, pending.id, pending.request_digest"
# Which of the posted rooms are the organization's.
KNOWN_ROOMS = """ARRAY(
               SELECT id FROM orgs_room
               WHERE organization_id = {organization} AND archived_at IS NULL
                 AND id = ANY(%(rooms)s::uuid[])
           )"""

# All about one request in one row.
ONE = f"""
    SELECT {KNOWN_ROOMS}, goal.id, goal.is_any_room_allowed, goal.default_value,
           {ALLOWED_ROOMS},
           {SESSION_FOUND}, {DELIVERY_FOUND}
    FROM (
        SELECT %(identity)s::text AS identity, %(moment)s::timestamptz AS moment,
               %(goal_id)s::uuid AS goal_id, %(external_id)s::text AS external_id
    ) AS request
    LEFT JOIN goals_goal AS goal
        ON goal.organization_id = {{organization}} AND goal.id = request.goal_id AND goal.deleted_at IS NULL
    {LATEST_SESSION} {FIRST_DELIVERY}
"""
FACTS_OF_ONE = Statement(ONE.format(organization="%(organization)s", carried=CARRIED_BY_ONE))
FACTS_WITH_CALLER = with_caller(ONE.format(organization="organization.id", carried=CARRIED_BY_ONE))

# For many requests: the posted rooms that are the organization's (kind 0), the goals (1), the session of each
# distinct identity and moment (2), and what each distinct goal and external id stand for, if anything (3).
# No two sets are joined, so there is no join whose plan could be wrong.
FACTS_OF_MANY = Statement(
    f"""
    SELECT 0 AS kind, 0::bigint, NULL::uuid, NULL::text, NULL::text, NULL::timestamptz,
           {KNOWN_ROOMS},
           NULL::uuid, NULL::bytea, NULL::uuid, NULL::bytea, NULL::boolean, NULL::numeric
    UNION ALL
    SELECT 1, 0, goal.id, NULL, NULL, NULL,
           {ALLOWED_ROOMS},
           NULL, NULL, NULL, NULL, goal.is_any_room_allowed, goal.default_value
    FROM goals_goal AS goal
    WHERE goal.organization_id = {{organization}} AND goal.deleted_at IS NULL
      AND goal.id = ANY(%(goals)s::uuid[])
    UNION ALL
    SELECT 2, request.number, {SESSION_FOUND}, NULL, NULL, NULL, NULL, NULL, NULL
    FROM unnest(%(identities)s::text[], %(moments)s::timestamptz[])
         WITH ORDINALITY AS request (identity, moment, number)
    {LATEST_SESSION}
    WHERE latest.id IS NOT NULL
    UNION ALL
    SELECT 3, request.number, NULL, NULL, NULL, NULL, NULL, {DELIVERY_FOUND}, NULL, NULL
    FROM unnest(%(goal_ids)s::uuid[], %(external_ids)s::text[])
         WITH ORDINALITY AS request (goal_id, external_id, number)
    {FIRST_DELIVERY}
    WHERE match.id IS NOT NULL OR pending.id IS NOT NULL
""".format(organization="%(organization)s", carried=CARRIED_BY_MANY),
    is_planned_anew=True,
)


def find_facts(
    organization: Organization, requests: Sequence[MatchRequest], ahead: Ahead | None = None
) -> tuple[frozenset[str], list[Facts]]:
    """Return what the rule needs to know, in one statement.

    Args:
        ahead: what `look_for_facts` asked of the only request; no statement is left to be run then.

    Returns: those of all posted rooms that are rooms of the organization, and the facts of each request.
    """
    if len(requests) == 1:
        row = ahead.take() if ahead else None
        if row is None:
            [row] = FACTS_OF_ONE.fetch(organization=organization.id, **parameters_of(requests[0]))
        return facts_of_one(row)
    return facts_of_many(organization, requests)


def look_for_facts(request: MatchRequest) -> Ahead:
    """Ask for the facts of a request to the caller's organization along with the caller."""
    return Ahead(FACTS_WITH_CALLER, parameters_of(request))


def parameters_of(request: MatchRequest) -> dict[str, Any]:
    return {
        "rooms": array(request.rooms),
        "identity": request.visitor_identity,
        "moment": request.goal_matched_at,
        "goal_id": request.goal_id,
        "external_id": request.external_id,
    }


def facts_of_one(row: Row) -> tuple[frozenset[str], list[Facts]]:
    known_rooms, goal_id, is_any_room_allowed, default_value, allowed_rooms, *found = row
    goal = goal_rule(goal_id, is_any_room_allowed, default_value, allowed_rooms) if goal_id else None
    match, digest, held, held_digest = found[5:]
    facts = Facts(goal, session_found(*found[:5]), delivery(match, digest), delivery(held, held_digest))
    return frozenset(ids_in(known_rooms)), [facts]


def facts_of_many(
    organization: Organization, requests: Sequence[MatchRequest]
) -> tuple[frozenset[str], list[Facts]]:
    known_rooms: frozenset[str] = frozenset()
    goals: dict[UUID, GoalRule] = {}
    # Each once, however many requests share it: an identity of many visitors may be in every one of them.
    sought = list(dict.fromkeys((request.visitor_identity, request.goal_matched_at) for request in requests))
    events = list(
        dict.fromkeys(
            (request.goal_id, request.external_id) for request in requests if request.external_id is not None
        )
    )
    sessions: dict[tuple[str, datetime], ChosenSession | None] = {}
    deliveries: dict[tuple[UUID, str | None], tuple[Delivery | None, Delivery | None]] = {}
    for kind, number, *found, is_any_room_allowed, default_value in FACTS_OF_MANY.fetch(
        organization=organization.id,
        rooms=array({room for request in requests for room in request.rooms}),
        goals=array({request.goal_id for request in requests}),
        identities=text_array(identity for identity, _ in sought),
        moments=moment_array(moment for _, moment in sought),
        goal_ids=array(goal_id for goal_id, _ in events),
        external_ids=text_array(external_id for _, external_id in events),
    ):
        session, first = found[:5], found[5:]
        if kind == "0":
            known_rooms = frozenset(ids_in(session[4]))
        elif kind == "1":
            goal = goal_rule(session[0], is_any_room_allowed, default_value, session[4])
            goals[goal.id] = goal
        elif kind == "2":
            sessions[sought[int(number) - 1]] = session_found(*session)
        else:
            match, digest, held, held_digest = first
            deliveries[events[int(number) - 1]] = delivery(match, digest), delivery(held, held_digest)
    facts = [
        Facts(
            goals.get(request.goal_id),
            sessions.get((request.visitor_identity, request.goal_matched_at)),
            *deliveries.get((request.goal_id, request.external_id), (None, None)),
        )
        for request in requests
    ]
    return known_rooms, facts


def goal_rule(
    goal_id: str, is_any_room_allowed: str, default_value: str | None, allowed_rooms: str
) -> GoalRule:
    value = Decimal(default_value) if default_value is not None else None
    return GoalRule(UUID(goal_id), is_any_room_allowed == "t", ids_in(allowed_rooms), value)


def session_found(
    pk: str | None, visitor_id: str, visitor_session_id: str, started_at: str, room_ids: str
) -> ChosenSession | None:
    """Make the session of the columns SESSION_FOUND."""
    if pk is None:
        return None
    moment = datetime.fromisoformat(started_at)
    return ChosenSession(pk, visitor_id, visitor_session_id, moment, ids_in(room_ids))


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
        return Refusal(GoalNotFound)
    if unknown := [room for room in request.rooms if room not in known_rooms]:
        return Refusal(UnknownRooms, unknown)

    # 1. The session, chosen before rooms are looked at.
    if session is None:
        return Refusal(SessionNotFound)

    # 2. The rooms that count.
    counting = [room for room in request.rooms if goal.is_any_room_allowed or room in goal.allowed_room_ids]
    if not counting:
        return Refusal(NoAllowedRooms, request.rooms)

    # 3. The connected rooms.
    visited = set(session.room_ids)
    connected = [room for room in counting if room in visited]
    if not connected:
        return Refusal(NoConnectedRooms, counting, goal, session)

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
