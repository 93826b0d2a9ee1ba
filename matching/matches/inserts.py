"""The statements that write matches, pending matches and rejected attempts: one for any number of rows of an
organization.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from goalsvc.database.columns import Columns
from goalsvc.database.statements import Statement
from matching.matches.locks import CLAIM_LOCK
from matching.models import PendingMatch


@dataclass(slots=True)
class NewMatch:
    """A match that is being written, with the attributes of an ExternalMatch; ten times faster to make."""

    id: str
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


# All but the organization and the moment, which the rows of a statement share.
MATCH = Columns(
    id="uuid",
    goal_id="uuid",
    session_id="uuid",
    visitor_identity="text",
    goal_matched_at="timestamptz",
    session_started_at="timestamptz",
    goal_value="numeric",
    goal_value_source="text",
    room_ids="uuid[]",
    unconnected_room_ids="uuid[]",
    external_id="text",
    request_digest="bytea",
    created_by_id="uuid",
)
# Inserted in the order of the external ids, so that two calls with the same ones wait for each other and
# never deadlock.
INSERT_MATCHES = f"""
    INSERT INTO matching_externalmatch (organization_id, created_at, {MATCH.names})
    SELECT %(organization)s, %(created_at)s::timestamptz, {MATCH.selected}
    FROM {{matches}}
    WHERE {{condition}}
    ORDER BY goal_id, external_id
    ON CONFLICT (organization_id, goal_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
    RETURNING id
"""
ONE_MATCH, MANY_MATCHES = MATCH.row("match"), MATCH.rows("match")
# One match by itself is one statement, whose own snapshot is older than the lock that it takes: the function
# looks in a newer one.
IS_UNCLAIMED_BY_ONE = f"""CASE
        WHEN pg_advisory_xact_lock_shared({CLAIM_LOCK.format(external_id="match.external_id")}) IS NULL
        THEN NULL
        ELSE NOT is_held(%(organization)s, match.goal_id, match.external_id)
    END"""
# The claims were taken by a statement before this one. Mostly nothing is pending at all.
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

PENDING = Columns(
    id="uuid",
    goal_id="uuid",
    visitor_identity="text",
    goal_matched_at="timestamptz",
    goal_value="numeric",
    room_ids="uuid[]",
    external_id="text",
    request_digest="bytea",
    code="text",
    reason="jsonb",
    created_at="timestamptz",
    created_by_id="uuid",
    expires_at="timestamptz",
)
INSERT_PENDING_MATCHES = f"""
    INSERT INTO matching_pendingmatch (organization_id, status, {PENDING.names})
    SELECT %(organization)s, 'pending', {PENDING.selected}
    FROM {PENDING.rows("pending")}
    ORDER BY goal_id, external_id
    ON CONFLICT (organization_id, goal_id, external_id)
        WHERE external_id IS NOT NULL AND status = 'pending' DO NOTHING
    RETURNING id
"""


@dataclass(slots=True)
class NewAttempt:
    """A rejected attempt that is being written, with the attributes of a MatchAttempt."""

    id: UUID
    goal_id: UUID | None
    visitor_identity: str | None
    goal_matched_at: datetime | None
    goal_value: Decimal | None
    external_id: str | None
    code: str
    detail: str
    errors: dict[str, Any] | None
    reason: dict[str, Any] | None


# All but what the attempts of one request share.
ATTEMPT = Columns(
    id="uuid",
    goal_id="uuid",
    visitor_identity="text",
    goal_matched_at="timestamptz",
    goal_value="numeric",
    external_id="text",
    code="text",
    detail="text",
    errors="jsonb",
    reason="jsonb",
)
INSERT_ATTEMPTS = f"""
    INSERT INTO matching_matchattempt (
        organization_id, source, request_id, created_at, created_by_id, {ATTEMPT.names}
    )
    SELECT %(organization)s, %(source)s, %(request_id)s, %(created_at)s::timestamptz, %(created_by)s::uuid,
           {ATTEMPT.selected}
    FROM {{attempts}}
"""
INSERT_ONE_ATTEMPT = Statement(INSERT_ATTEMPTS.format(attempts=ATTEMPT.row("attempt")))
INSERT_MANY_ATTEMPTS = Statement(
    INSERT_ATTEMPTS.format(attempts=ATTEMPT.rows("attempt")), is_planned_anew=True
)


def insert_matches(matches: Sequence[NewMatch], *, is_settling: bool = False) -> set[str]:
    """Write matches of one organization and moment in one statement; return the ids of those written.

    A match is left out when its external id already stands for one of its goal, or for a pending one: the
    index decides, so two deliveries at the same moment write one match.

    Args:
        is_settling: they are of pending matches that the caller has locked, which is as good as a claim:
            while one is pending, nobody else writes its match.
    """
    if not matches:
        return set()
    first = matches[0]
    if is_settling:
        statement, parameters = INSERT_SETTLED_MATCHES, MATCH.parameters_of_rows(matches)
    elif len(matches) > 1:
        statement, parameters = INSERT_MANY_MATCHES, MATCH.parameters_of_rows(matches)
    else:
        statement = INSERT_ONE_MATCH if first.external_id is None else INSERT_ONE_CLAIMED_MATCH
        parameters = MATCH.parameters_of_row(first)
    rows = statement.fetch(organization=first.organization_id, created_at=first.created_at, **parameters)
    return {id for (id,) in rows}


def insert_pending_matches(pendings: Sequence[PendingMatch]) -> set[UUID]:
    """Write pending matches of one organization in one statement; return the ids of those written.

    One is left out when its external id is already pending for its goal.
    """
    if not pendings:
        return set()
    parameters: dict[str, Any] = {"organization": pendings[0].organization_id}
    with connection.cursor() as cursor:
        cursor.execute(INSERT_PENDING_MATCHES, parameters | PENDING.parameters_of_rows(pendings))
        return {id for (id,) in cursor.fetchall()}


def insert_attempts(
    organization_id: UUID,
    attempts: Sequence[NewAttempt],
    *,
    source: str,
    request_id: str | None,
    at: datetime,
    by_id: UUID | None,
) -> None:
    """Write rejected attempts of one request in one statement."""
    if not attempts:
        return
    if len(attempts) == 1:
        statement, parameters = INSERT_ONE_ATTEMPT, ATTEMPT.parameters_of_row(attempts[0])
    else:
        statement, parameters = INSERT_MANY_ATTEMPTS, ATTEMPT.parameters_of_rows(attempts)
    statement.fetch(
        organization=organization_id,
        source=source,
        request_id=request_id,
        created_at=at,
        created_by=by_id,
        **parameters,
    )
