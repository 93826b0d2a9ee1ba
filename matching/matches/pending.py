"""Pending matches: stored while an identity or a session is missing, and settled once it has arrived."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection
from rest_framework.exceptions import APIException
from uuid_utils.compat import uuid7

from goalsvc.database.columns import Columns
from goalsvc.database.parameters import text_array
from goalsvc.database.statements import Statement
from goalsvc.orgs.models import Organization
from matching.limits import MAX_PENDING
from matching.models import PendingMatch
from matching.refusals import NoConnectedRooms, SessionNotFound
from matching.rule.resolver import MatchRequest, RowRefusal

# An arriving identity or session can cure these refusals.
CURABLE: frozenset[type[APIException]] = frozenset({SessionNotFound, NoConnectedRooms})

COUNT_PENDING_MATCHES = Statement(f"""
    SELECT asked.number, (
        SELECT count(*) FROM (
            SELECT FROM matching_pendingmatch AS pending
            WHERE pending.organization_id = %(organization)s AND pending.status = 'pending'
              AND pending.visitor_identity >= asked.identity AND pending.visitor_identity <= asked.identity
              AND pending.expires_at > %(at)s::timestamptz
            ORDER BY pending.visitor_identity, pending.id
            LIMIT {MAX_PENDING}
        ) AS held
    )
    FROM unnest(%(identities)s::text[]) WITH ORDINALITY AS asked (identity, number)
""")


class Settlement(NamedTuple):
    """What another attempt at a pending match led to: its match, or the code and reason of a refusal."""

    id: UUID
    match_id: UUID | str | None = None
    code: str | None = None
    reason: str | None = None  # JSON


SETTLEMENT = Columns(id="uuid", match_id="uuid", code="text", reason="text")
SETTLE = f"""
    UPDATE matching_pendingmatch AS pending
    SET status = CASE WHEN outcome.match_id IS NULL THEN 'pending' ELSE 'matched' END,
        match_id = outcome.match_id,
        resolved_at = CASE WHEN outcome.match_id IS NOT NULL THEN %(at)s::timestamptz END,
        code = CASE WHEN outcome.code IS NULL THEN pending.code ELSE outcome.code END,
        reason = CASE WHEN outcome.code IS NULL THEN pending.reason ELSE outcome.reason::jsonb END
    FROM {SETTLEMENT.rows("outcome")}
    WHERE pending.organization_id = %(organization)s AND pending.id = outcome.id
"""


def is_to_be_pending(request: MatchRequest, refusal: RowRefusal) -> bool:
    return request.is_pending_if_unmatched and refusal.error in CURABLE


def count_pending_matches(
    organization: Organization, identities: Sequence[str], *, at: datetime
) -> dict[str, int]:
    """Return how many matches are pending for each of these identities, counted up to MAX_PENDING."""
    rows = COUNT_PENDING_MATCHES.fetch(organization=organization.id, at=at, identities=text_array(identities))
    return {identities[int(number) - 1]: int(count) for number, count in rows}


def new_pending_match(
    organization: Organization,
    request: MatchRequest,
    refusal: RowRefusal,
    reason: dict[str, Any],
    at: datetime,
) -> PendingMatch:
    """Make the pending match of a request, not yet written."""
    return PendingMatch(
        id=uuid7(),
        organization_id=organization.id,
        goal_id=request.goal_id,
        visitor_identity=request.visitor_identity,
        goal_matched_at=request.goal_matched_at,
        goal_value=request.goal_value,
        room_ids=request.rooms,
        external_id=request.external_id,
        request_digest=request.digest,
        code=refusal.code,
        reason=reason,
        created_at=at,
        created_by_id=request.by_id,
        expires_at=at + timedelta(days=settings.PENDING_MATCH_DAYS),
    )


def request_of(pending: PendingMatch) -> MatchRequest:
    """Return what was posted when the match became pending."""
    return MatchRequest(
        goal_id=pending.goal_id,
        visitor_identity=pending.visitor_identity,
        goal_matched_at=pending.goal_matched_at,
        rooms=[str(room) for room in pending.room_ids],
        goal_value=pending.goal_value,
        external_id=pending.external_id,
        by_id=pending.created_by_id,
    )


def write_settlements(organization: Organization, settlements: Sequence[Settlement], *, at: datetime) -> None:
    """Write in one statement what became of pending matches that the caller has locked."""
    settled = SETTLEMENT.parameters_of_rows(settlements)
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, {"organization": organization.id, "at": at, **settled})
