"""Writing matches: each once, however often it is asked for, and held where something is still missing.

The order of locks is the same everywhere: the organization's arrivals lock, its claims by their buckets, held
matches by id, external ids in the index. Who waits for whom is therefore never a circle.

An external id of a goal stands for one event: a match or a held one. Each has a unique index of its own, and
between the two stand the claims: advisory locks, held until the end of the transaction. Whoever holds a match
takes them alone and then looks for matches; whoever writes a match takes them in common and then looks for
held ones, in a snapshot that is taken after the lock.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from goalsvc.database.parameters import array, bytes_array, moment_array, text_array
from goalsvc.database.planning import plan_for_many
from goalsvc.database.statements import Ahead, Statement
from goalsvc.orgs.models import Organization
from matching.models import ExternalMatch, PendingMatch, PendingMatchQuerySet
from matching.rule.reasons import explain, in_short
from matching.rule.resolver import (
    EXTERNAL_ID_CONFLICT,
    NO_CONNECTED_ROOMS,
    SESSION_NOT_FOUND,
    MatchRequest,
    Refusal,
    Resolution,
    decide,
    find_facts,
)

TOO_MANY_PENDING = "too_many_pending"

# So many matches are held for one identity at a time: what everybody carries would else be looked through,
# as a whole, by each arrival. As many an arrival settles; the others wait for resolve_pending.
MOST_PENDING = 1000

# What may yet heal: an identity or a session can still arrive.
CURABLE = frozenset({SESSION_NOT_FOUND, NO_CONNECTED_ROOMS})


@dataclass(slots=True)
class NewMatch:
    """A match as it is being written: what ExternalMatch is once it is read again, at a tenth of the cost."""

    id: UUID
    organization_id: UUID
    goal_id: UUID
    session_id: str
    visitor_identity: str
    visitor_id: str
    visitor_session_id: str
    session_started_at: datetime
    goal_matched_at: datetime
    goal_value: Decimal | None
    goal_value_source: str
    room_ids: Sequence[str]
    unconnected_room_ids: Sequence[str]
    external_id: str | None
    request_digest: bytes | None
    created_at: datetime
    created_by_id: UUID | None
    retracted_at: datetime | None = None  # never, when it is written


class Recorded(NamedTuple):
    """The match of a request: written by it, or (`is_replay`) by an earlier delivery of the same event."""

    match: NewMatch | ExternalMatch
    is_replay: bool = False


class Held(NamedTuple):
    """The request waits for what it lacks: since now, or (`is_replay`) since an earlier delivery."""

    pending: PendingMatch
    is_replay: bool = False


class Refused(NamedTuple):
    """The request became no match; `reason` has the facts behind a curable refusal."""

    refusal: Refusal
    reason: dict[str, Any] | None = None


Verdict = Recorded | Held | Refused


def record_matches(
    organization: Organization,
    requests: Sequence[MatchRequest],
    *,
    at: datetime,
    is_rehearsal: bool = False,
    ahead: Ahead | None = None,
) -> list[Verdict]:
    """Resolve each request and write what follows; the verdicts are in the order of the requests.

    Each request gets the verdict that it would get alone, after those before it. The number of statements
    does not depend on the number of requests.

    Args:
        is_rehearsal: the caller will roll back, so nobody need be kept waiting.
        ahead: the facts of the only request, read already.

    Runs in the caller's transaction, if there is one; there must be one where a request may be held.
    """
    verdicts: dict[int, Verdict] = {}
    is_alone = is_rehearsal  # whether arriving sessions and identities wait for us
    is_claiming = is_rehearsal or len(requests) == 1  # one match takes its claim as it is written
    if len(requests) > 1:
        plan_for_many()
    while open_indexes := [index for index in range(len(requests)) if index not in verdicts]:
        plan = make_plan(organization, requests, open_indexes, ahead)
        if (plan.has_holds or plan.overdue) and not is_alone:
            # What is missing may be arriving at this very moment. Let those arrivals finish, look again,
            # and keep others waiting until what we hold can be seen. (And an arrival settles what is held,
            # so this lock has to come before those of held matches.)
            lock_out_arrivals(organization)
            claim(organization, requests, alone=True)
            is_alone = is_claiming = True
            continue
        if not is_claiming:
            claim(organization, requests)
            is_claiming = True
        if plan.met and organization.pending_matches.filter(id__in=plan.met).expire(at):
            continue  # what has waited too long stands for nothing any more
        if plan.overdue:
            # A held event is asked for again, and by now it matches: settle it where it is held.
            with transaction.atomic(savepoint=False):
                settle(organization, organization.pending_matches.filter(id__in=plan.overdue), at=at)
            continue
        verdicts |= write(organization, requests, plan, at=at)
    return [verdicts[index] for index in range(len(requests))]


@dataclass(slots=True)
class Plan:
    """What is to become of the open requests, by their indexes. An index that is missing stays open."""

    resolutions: dict[int, Resolution] = field(default_factory=dict)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    replays: dict[int, UUID] = field(default_factory=dict)  # of matches
    replays_of_held: dict[int, UUID] = field(default_factory=dict)
    met: set[UUID] = field(default_factory=set)  # held matches that external ids already stand for
    overdue: set[UUID] = field(default_factory=set)  # of them, those that match by now
    has_holds: bool = False


def make_plan(
    organization: Organization,
    requests: Sequence[MatchRequest],
    indexes: Sequence[int],
    ahead: Ahead | None = None,
) -> Plan:
    """Apply the rule to the requests at these indexes, as if each came after those before it."""
    plan = Plan()
    known_rooms, facts = find_facts(organization, [requests[index] for index in indexes], ahead)
    claimed: set[tuple[UUID, str]] = set()  # goals and external ids of what this plan will write
    for index, fact in zip(indexes, facts, strict=True):
        request = requests[index]
        outcome = decide(request, known_rooms, fact)
        is_held = isinstance(outcome, Refusal) and is_to_be_held(request, outcome)
        if request.external_id is not None and fact.goal is not None:
            if fact.pending:
                plan.met.add(fact.pending.pk)
            if first := fact.match or fact.pending:
                if bytes(first.request_digest) != digest_of(request):
                    plan.refusals[index] = Refusal(EXTERNAL_ID_CONFLICT)
                elif fact.match:
                    plan.replays[index] = first.pk
                elif isinstance(outcome, Resolution):
                    plan.overdue.add(first.pk)
                else:
                    plan.replays_of_held[index] = first.pk
                continue
            key = (request.goal_id, request.external_id)
            if key in claimed:
                continue  # stays open: once the first delivery is written, this one will find it
            if isinstance(outcome, Resolution) or is_held:
                claimed.add(key)
        plan.has_holds |= is_held
        if isinstance(outcome, Resolution):
            plan.resolutions[index] = outcome
        else:
            plan.refusals[index] = outcome
    return plan


def is_to_be_held(request: MatchRequest, refusal: Refusal) -> bool:
    return request.is_held_if_unmatched and refusal.code in CURABLE


def write(
    organization: Organization, requests: Sequence[MatchRequest], plan: Plan, *, at: datetime
) -> dict[int, Verdict]:
    """Carry out a plan; return the verdicts by index.

    Who loses a race for an external id is missing: planned again, it will find the winner. So is who met a
    held match that an arrival has settled meanwhile.
    """
    verdicts: dict[int, Verdict] = {}
    matches = {
        index: new_match(organization, requests[index], resolution, at=at)
        for index, resolution in plan.resolutions.items()
    }
    written = insert_matches(list(matches.values()))
    verdicts |= {index: Recorded(match) for index, match in matches.items() if match.id in written}

    refuse_too_many(organization, requests, plan, at=at)
    reasons = explain(
        organization, {index: (requests[index], refusal) for index, refusal in plan.refusals.items()}
    )
    held: dict[int, PendingMatch] = {}
    for index, refusal in plan.refusals.items():
        if is_to_be_held(requests[index], refusal):
            held[index] = new_pending(organization, requests[index], refusal, reasons[index], at=at)
        else:
            verdicts[index] = Refused(refusal, reasons.get(index))
    held_pks = insert_pendings(list(held.values()))
    verdicts |= {index: Held(pending) for index, pending in held.items() if pending.id in held_pks}

    if plan.replays:
        first_matches = organization.matches.with_visitors().in_bulk(list(set(plan.replays.values())))
        for index, pk in plan.replays.items():
            if pk in first_matches:
                verdicts[index] = Recorded(first_matches[pk], is_replay=True)
    if plan.replays_of_held:
        still_held = organization.pending_matches.open(at)
        first_held = still_held.in_bulk(list(set(plan.replays_of_held.values())))
        for index, pk in plan.replays_of_held.items():
            if pk in first_held:
                verdicts[index] = Held(first_held[pk], is_replay=True)
    return verdicts


def refuse_too_many(
    organization: Organization, requests: Sequence[MatchRequest], plan: Plan, *, at: datetime
) -> None:
    """Refuse what would be held beyond the limit for an identity, the first ones first.

    Whoever holds a match is alone, so nobody else adds any between the count and the end of the transaction.
    """
    to_hold = [index for index, refusal in plan.refusals.items() if is_to_be_held(requests[index], refusal)]
    if not to_hold:
        return
    identities = list({requests[index].visitor_identity for index in to_hold})
    rows = COUNT_PENDINGS.fetch(organization=organization.id, at=at, identities=text_array(identities))
    counts = {identities[int(number) - 1]: int(count) for number, count in rows}
    for index in to_hold:
        identity = requests[index].visitor_identity
        if counts[identity] >= MOST_PENDING:
            plan.refusals[index] = Refusal(TOO_MANY_PENDING)
        counts[identity] += 1


def new_match(
    organization: Organization, request: MatchRequest, resolution: Resolution, *, at: datetime
) -> NewMatch:
    """Make the match, not yet written, as answers show it."""
    session = resolution.session
    return NewMatch(
        id=uuid7(),
        organization_id=organization.id,
        goal_id=request.goal_id,
        session_id=session.pk,
        visitor_identity=request.visitor_identity,
        visitor_id=session.visitor_id,
        visitor_session_id=session.visitor_session_id,
        session_started_at=session.started_at,
        goal_matched_at=request.goal_matched_at,
        goal_value=resolution.goal_value,
        goal_value_source=resolution.goal_value_source,
        room_ids=resolution.room_ids,
        unconnected_room_ids=resolution.unconnected_room_ids,
        external_id=request.external_id,
        request_digest=digest_of(request) if request.external_id is not None else None,
        created_at=at,
        created_by_id=request.by_id,
    )


def new_pending(
    organization: Organization,
    request: MatchRequest,
    refusal: Refusal,
    reason: dict[str, Any],
    *,
    at: datetime,
) -> PendingMatch:
    """Make the held match, not yet written."""
    return PendingMatch(
        id=uuid7(),
        organization_id=organization.id,
        goal_id=request.goal_id,
        visitor_identity=request.visitor_identity,
        goal_matched_at=request.goal_matched_at,
        goal_value=request.goal_value,
        room_ids=request.rooms,
        external_id=request.external_id,
        request_digest=digest_of(request) if request.external_id is not None else None,
        code=refusal.code,
        reason=reason,
        created_at=at,
        created_by_id=request.by_id,
        expires_at=at + timedelta(days=settings.PENDING_MATCH_DAYS),
    )


def digest_of(request: MatchRequest) -> bytes:
    """Summarize what is asked for, so that a repetition can be told from another event."""
    parts = (
        request.visitor_identity,
        request.goal_matched_at.isoformat(),
        ",".join(sorted(map(str, request.rooms))),
        str(request.goal_value),
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


# Inserted in the order of the external ids, so that two calls with the same ones wait for each other and
# never deadlock.
INSERT_MATCHES = """
    INSERT INTO matching_externalmatch (
        id, organization_id, goal_id, session_id, visitor_identity, goal_matched_at, session_started_at,
        goal_value, goal_value_source, room_ids, unconnected_room_ids, external_id, request_digest,
        created_at, created_by_id
    )
    SELECT id, %(organization)s, goal_id, session_id, visitor_identity, goal_matched_at, session_started_at,
           goal_value, goal_value_source, room_ids::uuid[], unconnected_room_ids::uuid[], external_id,
           request_digest, %(created_at)s::timestamptz, created_by_id
    FROM {matches}
    WHERE {condition}
    ORDER BY goal_id, external_id
    ON CONFLICT (organization_id, goal_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
    RETURNING id
"""
MANY_MATCHES = """unnest(
        %(id)s::uuid[], %(goal_id)s::uuid[], %(session_id)s::uuid[], %(visitor_identity)s::text[],
        %(goal_matched_at)s::timestamptz[], %(session_started_at)s::timestamptz[],
        %(goal_value)s::numeric[], %(goal_value_source)s::text[], %(room_ids)s::text[],
        %(unconnected_room_ids)s::text[], %(external_id)s::text[], %(request_digest)s::bytea[],
        %(created_by_id)s::uuid[]
    ) AS match (
        id, goal_id, session_id, visitor_identity, goal_matched_at, session_started_at,
        goal_value, goal_value_source, room_ids, unconnected_room_ids, external_id, request_digest,
        created_by_id
    )"""
# As in matching.rule.resolver: for one row the planner keeps its plan.
ONE_MATCH = """(
        SELECT %(id)s::uuid AS id, %(goal_id)s::uuid AS goal_id, %(session_id)s::uuid AS session_id,
               %(visitor_identity)s::text AS visitor_identity,
               %(goal_matched_at)s::timestamptz AS goal_matched_at,
               %(session_started_at)s::timestamptz AS session_started_at,
               %(goal_value)s::numeric AS goal_value, %(goal_value_source)s::text AS goal_value_source,
               %(room_ids)s::text AS room_ids, %(unconnected_room_ids)s::text AS unconnected_room_ids,
               %(external_id)s::text AS external_id, %(request_digest)s::bytea AS request_digest,
               %(created_by_id)s::uuid AS created_by_id
    ) AS match"""
# The claims of an organization are 64 locks, so that those of a batch fit the server's table of locks.
CLAIM_LOCK = "hashtextextended('claims ' || %(organization)s::uuid::text, hashtext({external_id}) & 63)"
CLAIM_IN_COMMON = f"pg_advisory_xact_lock_shared({CLAIM_LOCK.format(external_id='match.external_id')})"
# One match by itself is one statement, whose own snapshot is older than the lock that it takes: the function
# looks in a newer one.
IS_UNCLAIMED_BY_ONE = f"""CASE
        WHEN {CLAIM_IN_COMMON} IS NULL THEN NULL
        ELSE NOT is_held(%(organization)s, match.goal_id, match.external_id)
    END"""
# The claims were taken by a statement before this one. Mostly nothing is held at all.
IS_UNCLAIMED = """(
        NOT EXISTS (
            SELECT FROM matching_pendingmatch
            WHERE organization_id = %(organization)s AND status = 'pending'
        )
        OR (
            SELECT pending.id FROM matching_pendingmatch AS pending
            WHERE pending.organization_id = %(organization)s AND pending.goal_id = match.goal_id
              AND pending.external_id >= match.external_id AND pending.external_id <= match.external_id
              AND pending.status = 'pending'
            ORDER BY pending.external_id
            LIMIT 1
        ) IS NULL
    )"""
INSERT_MANY_MATCHES = Statement(
    INSERT_MATCHES.format(matches=MANY_MATCHES, condition=IS_UNCLAIMED), is_planned_anew=True
)
INSERT_ONE_MATCH = Statement(INSERT_MATCHES.format(matches=ONE_MATCH, condition="TRUE"))
INSERT_ONE_CLAIMED_MATCH = Statement(INSERT_MATCHES.format(matches=ONE_MATCH, condition=IS_UNCLAIMED_BY_ONE))
INSERT_SETTLED_MATCHES = Statement(
    INSERT_MATCHES.format(matches=MANY_MATCHES, condition="TRUE"), is_planned_anew=True
)

COUNT_PENDINGS = Statement(f"""
    SELECT asked.number, (
        SELECT count(*) FROM (
            SELECT FROM matching_pendingmatch AS pending
            WHERE pending.organization_id = %(organization)s AND pending.status = 'pending'
              AND pending.visitor_identity >= asked.identity AND pending.visitor_identity <= asked.identity
              AND pending.expires_at > %(at)s::timestamptz
            ORDER BY pending.visitor_identity, pending.id
            LIMIT {MOST_PENDING}
        ) AS held
    )
    FROM unnest(%(identities)s::text[]) WITH ORDINALITY AS asked (identity, number)
""")
INSERT_PENDINGS = """
    INSERT INTO matching_pendingmatch (
        id, organization_id, goal_id, visitor_identity, goal_matched_at, goal_value, room_ids, external_id,
        request_digest, status, code, reason, created_at, created_by_id, expires_at
    )
    SELECT id, %(organization)s, goal_id, visitor_identity, goal_matched_at, goal_value, room_ids::uuid[],
           external_id, request_digest, 'pending', code, reason::jsonb, created_at, created_by_id, expires_at
    FROM unnest(
        %(id)s::uuid[], %(goal_id)s::uuid[], %(visitor_identity)s::text[],
        %(goal_matched_at)s::timestamptz[], %(goal_value)s::numeric[], %(room_ids)s::text[],
        %(external_id)s::text[], %(request_digest)s::bytea[], %(code)s::text[], %(reason)s::text[],
        %(created_at)s::timestamptz[], %(created_by_id)s::uuid[], %(expires_at)s::timestamptz[]
    ) AS pending (
        id, goal_id, visitor_identity, goal_matched_at, goal_value, room_ids, external_id, request_digest,
        code, reason, created_at, created_by_id, expires_at
    )
    ORDER BY goal_id, external_id
    ON CONFLICT (organization_id, goal_id, external_id)
        WHERE external_id IS NOT NULL AND status = 'pending' DO NOTHING
    RETURNING id
"""


def insert_matches(matches: Sequence[NewMatch], statement: Statement = INSERT_MANY_MATCHES) -> set[UUID]:
    """Write matches of one organization and moment in one statement; return the ids of those written.

    A match is left out when its external id already stands for one of its goal, or for a held one: the index
    decides, so two deliveries at the same moment write one match.
    """
    if not matches:
        return set()
    if len(matches) == 1 and statement is INSERT_MANY_MATCHES:
        return insert_match(matches[0])
    parameters: dict[str, Any] = {
        "organization": matches[0].organization_id,
        "id": array(match.id for match in matches),
        "goal_id": array(match.goal_id for match in matches),
        "session_id": array(match.session_id for match in matches),
        "visitor_identity": text_array(match.visitor_identity for match in matches),
        "goal_matched_at": moment_array(match.goal_matched_at for match in matches),
        "session_started_at": moment_array(match.session_started_at for match in matches),
        "goal_value": array(match.goal_value for match in matches),
        "goal_value_source": array(match.goal_value_source for match in matches),
        # Arrays of rooms travel as texts: unnest would flatten an array of arrays.
        "room_ids": text_array(array(match.room_ids) for match in matches),
        "unconnected_room_ids": text_array(array(match.unconnected_room_ids) for match in matches),
        "external_id": text_array(match.external_id for match in matches),
        "request_digest": bytes_array(match.request_digest for match in matches),
        "created_at": matches[0].created_at,
        "created_by_id": array(match.created_by_id for match in matches),
    }
    written = {row[0] for row in statement.fetch(**parameters)}
    return {match.id for match in matches if len(written) == len(matches) or str(match.id) in written}


def insert_match(match: NewMatch) -> set[UUID]:
    """Write one match; return its id, or nothing when it is left out."""
    parameters: dict[str, Any] = {
        "organization": match.organization_id,
        "id": match.id,
        "goal_id": match.goal_id,
        "session_id": match.session_id,
        "visitor_identity": match.visitor_identity,
        "goal_matched_at": match.goal_matched_at,
        "session_started_at": match.session_started_at,
        "goal_value": match.goal_value,
        "goal_value_source": match.goal_value_source,
        "room_ids": array(match.room_ids),
        "unconnected_room_ids": array(match.unconnected_room_ids),
        "external_id": match.external_id,
        "request_digest": None if match.request_digest is None else f"\\x{match.request_digest.hex()}",
        "created_at": match.created_at,
        "created_by_id": match.created_by_id,
    }
    statement = INSERT_ONE_MATCH if match.external_id is None else INSERT_ONE_CLAIMED_MATCH
    return {match.id} if statement.fetch(**parameters) else set()


def insert_pendings(pendings: Sequence[PendingMatch]) -> set[UUID]:
    """Write held matches of one organization in one statement; return the ids of those written.

    One is left out when its external id is already held for its goal.
    """
    if not pendings:
        return set()
    parameters: dict[str, Any] = {
        "organization": pendings[0].organization_id,
        "id": array(pending.id for pending in pendings),
        "goal_id": array(pending.goal_id for pending in pendings),
        "visitor_identity": text_array(pending.visitor_identity for pending in pendings),
        "goal_matched_at": moment_array(pending.goal_matched_at for pending in pendings),
        "goal_value": array(pending.goal_value for pending in pendings),
        "room_ids": text_array(array(pending.room_ids) for pending in pendings),
        "external_id": text_array(pending.external_id for pending in pendings),
        "request_digest": bytes_array(pending.request_digest for pending in pendings),
        "code": text_array(pending.code for pending in pendings),
        "reason": text_array(json.dumps(pending.reason) for pending in pendings),
        "created_at": moment_array(pending.created_at for pending in pendings),
        "created_by_id": array(pending.created_by_id for pending in pendings),
        "expires_at": moment_array(pending.expires_at for pending in pendings),
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT_PENDINGS, parameters)
        return {row[0] for row in cursor.fetchall()}


# Arrivals (of sessions, identities) hold this lock in common, whoever holds a match holds it alone. Else a
# session and a held match that cannot see each other yet would pass each other, each believing itself late.
ARRIVALS_LOCK = "hashtextextended('arrivals ' || %(organization)s::text, 0)"


def lock_out_arrivals(organization: Organization) -> None:
    """Wait for arrivals in progress, and let new ones wait until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({ARRIVALS_LOCK})", {"organization": organization.id})


CLAIM = """
    SELECT {lock}({key})
    FROM (
        SELECT min(claimed.external_id) AS external_id
        FROM unnest(%(external_ids)s::text[]) AS claimed (external_id)
        GROUP BY hashtext(claimed.external_id) & 63
        ORDER BY hashtext(claimed.external_id) & 63
        OFFSET 0
    ) AS bucket
"""
CLAIM_KEY = CLAIM_LOCK.format(external_id="bucket.external_id")
CLAIM_MANY_IN_COMMON = Statement(CLAIM.format(lock="pg_advisory_xact_lock_shared", key=CLAIM_KEY))
CLAIM_MANY_ALONE = Statement(CLAIM.format(lock="pg_advisory_xact_lock", key=CLAIM_KEY))


def claim(organization: Organization, requests: Sequence[MatchRequest], *, alone: bool = False) -> None:
    """Take the claims of the requests' external ids until the transaction ends: in common, or alone."""
    external_ids = {request.external_id for request in requests if request.external_id is not None}
    if external_ids:
        statement = CLAIM_MANY_ALONE if alone else CLAIM_MANY_IN_COMMON
        statement.fetch(organization=organization.id, external_ids=text_array(external_ids))


SETTLE = """
    UPDATE matching_pendingmatch AS pending
    SET status = CASE WHEN outcome.match_id IS NULL THEN 'pending' ELSE 'matched' END,
        match_id = outcome.match_id,
        resolved_at = CASE WHEN outcome.match_id IS NOT NULL THEN %(at)s::timestamptz END,
        code = CASE WHEN outcome.code IS NULL THEN pending.code ELSE outcome.code END,
        reason = CASE WHEN outcome.code IS NULL THEN pending.reason ELSE outcome.reason::jsonb END
    FROM unnest(%(ids)s::uuid[], %(match_ids)s::uuid[], %(codes)s::text[], %(reasons)s::text[])
         AS outcome (id, match_id, code, reason)
    WHERE pending.organization_id = %(organization)s AND pending.id = outcome.id
"""


def settle(organization: Organization, pendings: PendingMatchQuerySet, *, at: datetime) -> int:
    """Try held matches again, by the same rule; return how many of them are matched now.

    Those that still are not keep the new refusal, with its reason. The number of statements does not depend
    on how many there are. Runs in the caller's transaction.
    """
    locked = list(pendings.open(at).order_by("id").select_for_update())
    if not locked:
        return 0
    requests = [
        MatchRequest(
            goal_id=pending.goal_id,
            visitor_identity=pending.visitor_identity,
            goal_matched_at=pending.goal_matched_at,
            rooms=[str(room) for room in pending.room_ids],
            goal_value=pending.goal_value,
            external_id=pending.external_id,
            by_id=pending.created_by_id,
        )
        for pending in locked
    ]
    outcomes: dict[int, UUID | Refusal] = {}
    while open_numbers := [number for number in range(len(requests)) if number not in outcomes]:
        known_rooms, facts = find_facts(organization, [requests[number] for number in open_numbers])
        matches: dict[int, NewMatch] = {}
        for number, fact in zip(open_numbers, facts, strict=True):
            request = requests[number]
            outcome = decide(request, known_rooms, fact)
            if fact.match is not None:
                is_same = bytes(fact.match.request_digest) == digest_of(request)
                outcomes[number] = fact.match.pk if is_same else Refusal(EXTERNAL_ID_CONFLICT)
            elif isinstance(outcome, Refusal):
                outcomes[number] = outcome
            else:
                matches[number] = new_match(organization, request, outcome, at=at)
        # Whoever settles a held match has its claim: as long as it is pending, nobody else writes its match.
        written = insert_matches(list(matches.values()), INSERT_SETTLED_MATCHES)
        outcomes |= {number: match.id for number, match in matches.items() if match.id in written}
    refusals = {number: outcome for number, outcome in outcomes.items() if isinstance(outcome, Refusal)}
    reasons = explain(
        organization, {number: (requests[number], refusal) for number, refusal in refusals.items()}
    )
    matched = {number: outcome for number, outcome in outcomes.items() if isinstance(outcome, UUID)}
    numbers = range(len(locked))
    with connection.cursor() as cursor:
        cursor.execute(
            SETTLE,
            {
                "organization": organization.id,
                "at": at,
                "ids": [pending.id for pending in locked],
                "match_ids": [matched.get(number) for number in numbers],
                "codes": [refusals[number].code if number in refusals else None for number in numbers],
                "reasons": [
                    json.dumps(reasons.get(number) or in_short(refusals[number]))
                    if number in refusals
                    else None
                    for number in numbers
                ],
            },
        )
    return len(matched)
