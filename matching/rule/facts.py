"""The facts that the rule needs of one request or many: asked in one statement, read by name."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from goals.reading import ALLOWED_ROOMS
from goalsvc.database.parameters import array, ids_in, moment_array, text_array
from goalsvc.database.statements import Ahead, Statement
from goalsvc.orgs.callers import with_caller
from goalsvc.orgs.models import Organization
from matching.limits import MAX_VISITORS
from matching.rule.resolver import ChosenSession, Delivery, Facts, GoalRule, MatchRequest

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
            WHERE i.organization_id = %(organization)s
              AND {{carried}}
            LIMIT {MAX_VISITORS}
        ) AS carried
        CROSS JOIN LATERAL (
            SELECT s.id, s.visitor_id AS visitor_pk, s.visitor_session_id, s.started_at, s.room_ids
            FROM matching_visitorsession AS s
            WHERE s.visitor_id = carried.visitor_id
              AND s.organization_id = %(organization)s
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
        WHERE v.organization_id = %(organization)s
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
          AND m.organization_id = %(organization)s
          AND m.goal_id = request.goal_id
          AND m.external_id >= request.external_id AND m.external_id <= request.external_id
        ORDER BY m.external_id
        LIMIT 1
    ) AS match ON TRUE
    LEFT JOIN LATERAL (
        SELECT p.id, p.request_digest
        FROM matching_pendingmatch AS p
        WHERE request.external_id IS NOT NULL
          AND p.organization_id = %(organization)s
          AND p.goal_id = request.goal_id
          AND p.external_id >= request.external_id AND p.external_id <= request.external_id
          AND p.status = 'pending'
        ORDER BY p.external_id
        LIMIT 1
    ) AS pending ON TRUE
"""
# Which of the posted rooms are the organization's.
KNOWN_ROOMS = """ARRAY(
               SELECT id FROM orgs_room
               WHERE organization_id = %(organization)s AND archived_at IS NULL
                 AND id = ANY(%(rooms)s::uuid[])
           )"""

# The columns of the statements' rows that both have, by the attributes of the records below.
SESSION_COLUMNS = {
    "id": "latest.id",
    "visitor_id": "visitor.visitor_id",
    "visitor_session_id": "latest.visitor_session_id",
    "started_at": "latest.started_at",
    "room_ids": "latest.room_ids",
}
DELIVERY_COLUMNS = {
    "match_id": "match.id",
    "match_digest": "match.request_digest",
    "pending_id": "pending.id",
    "pending_digest": "pending.request_digest",
}


class FactsOfOne(NamedTuple):
    """A row of FACTS_OF_ONE, in texts: all about one request."""

    known_rooms: str
    goal_id: str | None
    is_any_room_allowed: str | None
    default_value: str | None
    allowed_rooms: str
    id: str | None  # of the session, as are the next four
    visitor_id: str
    visitor_session_id: str
    started_at: str
    room_ids: str
    match_id: str | None
    match_digest: str | None
    pending_id: str | None
    pending_digest: str | None


class FactsOfMany(NamedTuple):
    """A row of FACTS_OF_MANY, in texts: a fact of the kind ROOMS, GOAL, SESSION or DELIVERY."""

    kind: str
    number: str  # of what was asked for, from 1
    id: str | None  # of the goal or the session
    visitor_id: str
    visitor_session_id: str
    started_at: str
    room_ids: str  # the known ones, those that the goal allows, those of the session
    match_id: str | None
    match_digest: str | None
    pending_id: str | None
    pending_digest: str | None
    is_any_room_allowed: str | None
    default_value: str | None


ROOMS, GOAL, SESSION, DELIVERY = "0", "1", "2", "3"


def in_sql(columns: Iterable[str | None]) -> str:
    """Return the columns of a SELECT, given a record with the SQL of each attribute."""
    return ", ".join(map(str, columns))


COLUMNS_OF_ONE = FactsOfOne(
    known_rooms=KNOWN_ROOMS,
    goal_id="goal.id",
    is_any_room_allowed="goal.is_any_room_allowed",
    default_value="goal.default_value",
    allowed_rooms=ALLOWED_ROOMS,
    **SESSION_COLUMNS,
    **DELIVERY_COLUMNS,
)
ONE = f"""
    SELECT {in_sql(COLUMNS_OF_ONE)}
    FROM (
        SELECT %(identity)s::text AS identity, %(moment)s::timestamptz AS moment,
               %(goal_id)s::uuid AS goal_id, %(external_id)s::text AS external_id
    ) AS request
    LEFT JOIN goals_goal AS goal
        ON goal.organization_id = %(organization)s AND goal.id = request.goal_id AND goal.deleted_at IS NULL
    {LATEST_SESSION.format(carried=CARRIED_BY_ONE)} {FIRST_DELIVERY}
"""
FACTS_OF_ONE = Statement(ONE)
FACTS_WITH_CALLER = with_caller(ONE)

# The posted rooms that are the organization's, the goals, the session of each distinct identity and moment,
# and what each distinct goal and external id stand for, if anything. No two sets are joined, so there is no
# join whose plan could be wrong.
COLUMNS_OF_ROOMS = FactsOfMany(
    kind=f"{ROOMS} AS kind",
    number="0::bigint",
    id="NULL::uuid",
    visitor_id="NULL::text",
    visitor_session_id="NULL::text",
    started_at="NULL::timestamptz",
    room_ids=KNOWN_ROOMS,
    match_id="NULL::uuid",
    match_digest="NULL::bytea",
    pending_id="NULL::uuid",
    pending_digest="NULL::bytea",
    is_any_room_allowed="NULL::boolean",
    default_value="NULL::numeric",
)
NULLS = FactsOfMany._make(["NULL"] * len(FactsOfMany._fields))
COLUMNS_OF_GOALS = NULLS._replace(
    kind=GOAL,
    number="0",
    id="goal.id",
    room_ids=ALLOWED_ROOMS,
    is_any_room_allowed="goal.is_any_room_allowed",
    default_value="goal.default_value",
)
COLUMNS_OF_SESSIONS = NULLS._replace(kind=SESSION, number="request.number", **SESSION_COLUMNS)
COLUMNS_OF_DELIVERIES = NULLS._replace(kind=DELIVERY, number="request.number", **DELIVERY_COLUMNS)
FACTS_OF_MANY = Statement(
    f"""
    SELECT {in_sql(COLUMNS_OF_ROOMS)}
    UNION ALL
    SELECT {in_sql(COLUMNS_OF_GOALS)}
    FROM goals_goal AS goal
    WHERE goal.organization_id = %(organization)s AND goal.deleted_at IS NULL
      AND goal.id = ANY(%(goals)s::uuid[])
    UNION ALL
    SELECT {in_sql(COLUMNS_OF_SESSIONS)}
    FROM unnest(%(identities)s::text[], %(moments)s::timestamptz[])
         WITH ORDINALITY AS request (identity, moment, number)
    {LATEST_SESSION.format(carried=CARRIED_BY_MANY)}
    WHERE latest.id IS NOT NULL
    UNION ALL
    SELECT {in_sql(COLUMNS_OF_DELIVERIES)}
    FROM unnest(%(goal_ids)s::uuid[], %(external_ids)s::text[])
         WITH ORDINALITY AS request (goal_id, external_id, number)
    {FIRST_DELIVERY}
    WHERE match.id IS NOT NULL OR pending.id IS NOT NULL
""",
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
    if len(requests) != 1:
        return facts_of_many(organization, requests)
    row = ahead.consume() if ahead else None
    if row is None:
        [row] = FACTS_OF_ONE.fetch(organization=organization.id, **parameters_of(requests[0]))
    found = FactsOfOne._make(row)
    goal = None
    if found.goal_id is not None:
        goal = goal_rule(found.goal_id, found.is_any_room_allowed, found.default_value, found.allowed_rooms)
    match, pending = deliveries_in(found)
    return frozenset(ids_in(found.known_rooms)), [Facts(goal, session_in(found), match, pending)]


def look_for_facts(organization_id: UUID, request: MatchRequest) -> Ahead:
    """Ask for the facts of a request to an organization along with the caller, who has to belong to it."""
    return Ahead(FACTS_WITH_CALLER, {"organization": organization_id, **parameters_of(request)})


def parameters_of(request: MatchRequest) -> dict[str, Any]:
    return {
        "rooms": array(request.rooms),
        "identity": request.visitor_identity,
        "moment": request.goal_matched_at,
        "goal_id": request.goal_id,
        "external_id": request.external_id,
    }


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
    rows = FACTS_OF_MANY.fetch(
        organization=organization.id,
        rooms=array({room for request in requests for room in request.rooms}),
        goals=array({request.goal_id for request in requests}),
        identities=text_array(identity for identity, _ in sought),
        moments=moment_array(moment for _, moment in sought),
        goal_ids=array(goal_id for goal_id, _ in events),
        external_ids=text_array(external_id for _, external_id in events),
    )
    for found in map(FactsOfMany._make, rows):
        if found.kind == SESSION:
            sessions[sought[int(found.number) - 1]] = session_in(found)
        elif found.kind == DELIVERY:
            deliveries[events[int(found.number) - 1]] = deliveries_in(found)
        elif found.kind == ROOMS:
            known_rooms = frozenset(ids_in(found.room_ids))
        elif found.id is not None:
            goal = goal_rule(found.id, found.is_any_room_allowed, found.default_value, found.room_ids)
            goals[goal.id] = goal
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
    goal_id: str, is_any_room_allowed: str | None, default_value: str | None, allowed_rooms: str
) -> GoalRule:
    value = Decimal(default_value) if default_value is not None else None
    return GoalRule(UUID(goal_id), is_any_room_allowed == "t", ids_in(allowed_rooms), value)


def session_in(found: FactsOfOne | FactsOfMany) -> ChosenSession | None:
    if found.id is None:
        return None
    return ChosenSession(
        pk=found.id,
        visitor_id=found.visitor_id,
        visitor_session_id=found.visitor_session_id,
        started_at=datetime.fromisoformat(found.started_at),
        room_ids=ids_in(found.room_ids),
    )


def deliveries_in(found: FactsOfOne | FactsOfMany) -> tuple[Delivery | None, Delivery | None]:
    """Return what the external id stands for: a match, or a pending one."""
    return delivery(found.match_id, found.match_digest), delivery(found.pending_id, found.pending_digest)


def delivery(pk: str | None, digest: str | None) -> Delivery | None:
    if pk is None or digest is None:
        return None
    return Delivery(UUID(pk), bytes.fromhex(digest.removeprefix("\\x")))
