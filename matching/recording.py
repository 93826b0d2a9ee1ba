"""Writing matches: each once, however often it is asked for (API.md section 3, "Exactly once")."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q
from uuid_utils.compat import uuid7

from goalsvc.orgs.models import Organization, User
from matching.ingestion import array_literal
from matching.models import ExternalMatch
from matching.resolver import MatchRequest, Refusal, Resolution, decide, find_facts

EXTERNAL_ID_CONFLICT = "external_id_conflict"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The match of a request: written by it, or (`is_replay`) by an earlier delivery of the same event."""

    match: ExternalMatch
    is_replay: bool = False


def record_matches(
    organization: Organization, requests: Sequence[MatchRequest], *, by: User, at: datetime
) -> list[Recorded | Refusal]:
    """Resolve each request and write its match; the verdicts are in the order of the requests.

    The number of statements does not depend on the number of requests: the facts, the insert, and only
    where an external id is involved a look at what it stands for.
    """
    known_rooms, sessions = find_facts(organization, requests)
    verdicts: list[Recorded | Refusal] = []
    for request, session in zip(requests, sessions, strict=True):
        outcome = decide(request, known_rooms, session)
        if isinstance(outcome, Resolution):
            verdicts.append(Recorded(new_match(organization, request, outcome, by=by, at=at)))
        else:
            verdicts.append(outcome)
    written = insert([verdict.match for verdict in verdicts if isinstance(verdict, Recorded)])
    # A request with an external id that wrote nothing may be a repetition, whatever the rule says today.
    unsettled = [
        index
        for index, (request, verdict) in enumerate(zip(requests, verdicts, strict=True))
        if request.external_id is not None
        and not (isinstance(verdict, Recorded) and verdict.match.id in written)
    ]
    if unsettled:
        known = first_deliveries(organization, (requests[index] for index in unsettled))
        for index in unsettled:
            request = requests[index]
            if first := known.get((request.goal.id, request.external_id)):
                is_repetition = bytes(first.request_digest or b"") == digest_of(request)
                verdicts[index] = (
                    Recorded(first, is_replay=True) if is_repetition else Refusal(EXTERNAL_ID_CONFLICT)
                )
    return verdicts


def new_match(
    organization: Organization, request: MatchRequest, resolution: Resolution, *, by: User, at: datetime
) -> ExternalMatch:
    """Make the match, not yet written, as answers show it."""
    session = resolution.session
    match = ExternalMatch(
        id=uuid7(),
        organization_id=organization.id,
        goal_id=request.goal.id,
        session_id=session.pk,
        visitor_identity=request.visitor_identity,
        goal_matched_at=request.goal_matched_at,
        session_started_at=session.started_at,
        goal_value=resolution.goal_value,
        goal_value_source=resolution.goal_value_source,
        room_ids=resolution.room_ids,
        unconnected_room_ids=resolution.unconnected_room_ids,
        external_id=request.external_id,
        request_digest=digest_of(request) if request.external_id is not None else None,
        created_at=at,
        created_by_id=by.id,
    )
    match.visitor_id = session.visitor_id
    match.visitor_session_id = session.visitor_session_id
    return match


def digest_of(request: MatchRequest) -> bytes:
    """Summarize what is asked for, so that a repetition can be told from another event."""
    parts = (
        request.visitor_identity,
        request.goal_matched_at.isoformat(),
        ",".join(sorted(map(str, request.rooms))),
        str(request.goal_value),
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


# Room ids travel as text, a row each: unnest would flatten an array of arrays.
INSERT_MATCHES = """
    INSERT INTO matching_externalmatch (
        id, organization_id, goal_id, session_id, visitor_identity, goal_matched_at, session_started_at,
        goal_value, goal_value_source, room_ids, unconnected_room_ids, external_id, request_digest,
        created_at, created_by_id
    )
    SELECT id, %(organization)s, goal_id, session_id, visitor_identity, goal_matched_at, session_started_at,
           goal_value, goal_value_source, room_ids::uuid[], unconnected_room_ids::uuid[], external_id,
           request_digest, %(created_at)s, %(created_by)s
    FROM unnest(
        %(id)s::uuid[], %(goal_id)s::uuid[], %(session_id)s::uuid[], %(visitor_identity)s::text[],
        %(goal_matched_at)s::timestamptz[], %(session_started_at)s::timestamptz[],
        %(goal_value)s::numeric[], %(goal_value_source)s::text[], %(room_ids)s::text[],
        %(unconnected_room_ids)s::text[], %(external_id)s::text[], %(request_digest)s::bytea[]
    ) AS match (
        id, goal_id, session_id, visitor_identity, goal_matched_at, session_started_at,
        goal_value, goal_value_source, room_ids, unconnected_room_ids, external_id, request_digest
    )
    ON CONFLICT (organization_id, goal_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
    RETURNING id
"""


def insert(matches: Sequence[ExternalMatch]) -> set[UUID]:
    """Write the matches of one organization in one statement; return the ids of those written.

    A match is left out when its external id already stands for one of its goal: the index decides, so
    two deliveries at the same moment write one match.
    """
    if not matches:
        return set()
    columns = (
        "id", "goal_id", "session_id", "visitor_identity", "goal_matched_at", "session_started_at",
        "goal_value", "goal_value_source", "external_id", "request_digest",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_MATCHES,
            {
                "organization": matches[0].organization_id,
                "created_at": matches[0].created_at,
                "created_by": matches[0].created_by_id,
                "room_ids": [array_literal(match.room_ids) for match in matches],
                "unconnected_room_ids": [array_literal(match.unconnected_room_ids) for match in matches],
                **{name: [getattr(match, name) for match in matches] for name in columns},
            },
        )
        return {row[0] for row in cursor.fetchall()}


def first_deliveries(
    organization: Organization, requests: Iterable[MatchRequest]
) -> dict[tuple[UUID, str | None], ExternalMatch]:
    """Return what was written under the requests' external ids, by goal and external id; one query."""
    events: dict[UUID, set[str]] = {}
    for request in requests:
        if request.external_id is not None:
            events.setdefault(request.goal.id, set()).add(request.external_id)
    wanted = Q()
    for goal_id, external_ids in events.items():
        wanted |= Q(goal_id=goal_id, external_id__in=external_ids)
    found = organization.matches.filter(wanted).with_visitors()
    return {(match.goal_id, match.external_id): match for match in found}
