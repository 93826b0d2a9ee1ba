"""Visitor identities: tied to visitors as they are reported, at most MAX_VISITORS to each identity."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from goalsvc.database.columns import Columns
from goalsvc.database.parameters import new_pks, text_array
from goalsvc.orgs.models import Organization
from matching.matches.answers import RowAnswer, failed_for, reported
from matching.matches.retries import CollisionError
from matching.models import VisitorIdentity
from matching.refusals import IdentityTooCommon, SessionVisitorConflict
from matching.rule.resolver import RowRefusal
from matching.visitors.arrivals import (
    AWAITING,
    FEW_VISITORS,
    IS_AWAITED,
    OWNER_OF_REPORTED_SESSION,
    Arrival,
    IdentityReport,
    Pair,
    announce_arrival,
    count_visitors,
    look_up,
)


class KnownIdentity(NamedTuple):
    """An identity as it stands after a report; `is_new` when the report was the first of it."""

    id: UUID
    visitor_identity: str
    visitor_id: str
    visitor_session_id: str | None
    created_at: datetime
    is_new: bool

    @classmethod
    def of(cls, row: VisitorIdentity) -> "KnownIdentity":
        """Read a row that was loaded with its visitor."""
        return cls(
            id=row.id,
            visitor_identity=row.identity,
            visitor_id=row.visitor.visitor_id,
            visitor_session_id=row.visitor_session_id,
            created_at=row.created_at,
            is_new=False,
        )


REPORTED = Columns(
    id="uuid",  # if it is new
    identity="text",
    visitor_pk="uuid",
    visitor_session_id="text",
    visitors="int",  # to how many it is tied along with this one; NULL where the limit has been seen to
)
# The attributes of KnownIdentity, as UPSERT_IDENTITIES returns them.
RETURNED = {name: name for name in KnownIdentity._fields} | {
    "visitor_identity": "identity",
    "visitor_id": "visitor_id::text",  # the visitor's key
}
# An identity that had few visitors when the arrival was announced, and has more now, is left out.
IS_TIED = look_up(
    "i.id",
    "i.identity",
    "posted.identity",
    where="i.visitor_id = posted.visitor_pk AND",
    then=", i.visitor_id",
)
UPSERT_IDENTITIES = f"""
    WITH upserted AS (
        INSERT INTO matching_visitoridentity AS i (
            id, organization_id, identity, visitor_id, visitor_session_id, created_at
        )
        SELECT posted.id, %(organization)s, posted.identity, posted.visitor_pk,
               posted.visitor_session_id, %(at)s
        FROM {REPORTED.rows("posted")}
        WHERE posted.visitors IS NULL
           OR posted.visitors + {count_visitors("posted.identity")} <= {FEW_VISITORS}
           OR ({IS_TIED}) IS NOT NULL
        ORDER BY posted.identity, posted.visitor_pk
        ON CONFLICT (organization_id, identity, visitor_id) DO UPDATE SET
            visitor_session_id = coalesce(excluded.visitor_session_id, i.visitor_session_id)
        RETURNING i.id, i.identity, i.visitor_id, i.visitor_session_id, i.created_at, xmax = 0 AS is_new
    ),
    awaited AS MATERIALIZED (
        SELECT {IS_AWAITED.format(carried="unnest(%(identity)s::text[]) AS carried (identity)")} AS is_awaited
    )
    SELECT {", ".join(RETURNED.values())}, awaited.is_awaited
    FROM upserted CROSS JOIN awaited
"""

CLAIMED = Columns(visitor_session_id="text", visitor_id="text")
OTHERS_SESSIONS = f"""
    SELECT posted.visitor_session_id, posted.visitor_id
    FROM {CLAIMED.rows("posted")}
    CROSS JOIN LATERAL ({OWNER_OF_REPORTED_SESSION}) AS session
    CROSS JOIN LATERAL ({look_up("v.visitor_id", "v.id", "session.visitor_id")}) AS owner
    WHERE owner.visitor_id <> posted.visitor_id
"""

AWAITING_IDENTITIES = AWAITING.format(carried="unnest(%(identities)s::text[]) AS carried (identity)")


def record_identities(
    organization: Organization, reports: Sequence[IdentityReport], *, at: datetime
) -> list[RowAnswer[KnownIdentity]]:
    """Tie identities to visitors, and settle pending matches that lacked them, in one transaction.

    The answers are in the order of the reports.
    """
    with transaction.atomic(savepoint=False):
        arrival = announce_arrival(organization, reports, at=at)
        disputed = others_sessions(organization, reports)
        fine = [
            report
            for report in reports
            if session_of(report) not in disputed and arrival.admit(pair_of(report))
        ]
        known = upsert_identities(arrival, fine)
        if arrival.is_awaited:
            identities = text_array({report.visitor_identity for report in fine})
            arrival.settle(AWAITING_IDENTITIES, identities=identities)
        if len(fine) < len(reports):
            arrival.delete_stray_visitors()

    answers: list[RowAnswer[KnownIdentity]] = []
    seen: set[Pair] = set()
    for report in reports:
        key = pair_of(report)
        if session_of(report) in disputed:
            answers.append(failed_for(RowRefusal(SessionVisitorConflict)))
        elif key not in known:
            answers.append(failed_for(RowRefusal(IdentityTooCommon)))
        else:
            answers.append(reported(known[key], is_new=known[key].is_new and key not in seen))
            seen.add(key)
    return answers


def pair_of(report: IdentityReport) -> Pair:
    return report.visitor_identity, report.visitor_id


def session_of(report: IdentityReport) -> tuple[str | None, str]:
    """Return whose session the report claims to come from."""
    return report.visitor_session_id, report.visitor_id


def others_sessions(
    organization: Organization, reports: Sequence[IdentityReport]
) -> set[tuple[str | None, str]]:
    """Return the pairs of session and visitor among the reports whose session is another visitor's."""
    told = [report for report in reports if report.visitor_session_id is not None]
    if not told:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(OTHERS_SESSIONS, {"organization": organization.id, **CLAIMED.parameters_of_rows(told)})
        return set(cursor.fetchall())


def upsert_identities(arrival: Arrival, reports: Iterable[IdentityReport]) -> dict[Pair, KnownIdentity]:
    """Write the reports, which the arrival has admitted, in one statement; tell it whether they are awaited.

    Returns: the identities by identity and visitor id.
    Raises: CollisionError where an identity came to have many visitors since the arrival was announced.
    """
    merged: dict[Pair, IdentityReport] = {}
    for report in reports:
        key = pair_of(report)
        if key not in merged or report.visitor_session_id is not None:
            merged[key] = report
    if not merged:
        return {}
    common = arrival.places
    visitors = [None if identity in common else arrival.visitor_counts[identity] for identity, _ in merged]
    parameters = REPORTED.parameters_of_rows(
        list(merged.values()),
        id=new_pks(len(merged)),
        identity=[identity for identity, _ in merged],
        visitor_pk=[arrival.visitor_pks[visitor_id] for _, visitor_id in merged],
        visitors=visitors,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            UPSERT_IDENTITIES, {"organization": arrival.organization.id, "at": arrival.at, **parameters}
        )
        rows = cursor.fetchall()
    if len(rows) < len(merged):
        raise CollisionError("an identity came to have many visitors")
    arrival.is_awaited |= any(is_awaited for *_, is_awaited in rows)
    visitor_ids = {str(pk): visitor_id for visitor_id, pk in arrival.visitor_pks.items()}
    identities = [KnownIdentity._make(row) for *row, _ in rows]
    return {
        (each.visitor_identity, visitor_ids[each.visitor_id]): each._replace(
            visitor_id=visitor_ids[each.visitor_id]
        )
        for each in identities
    }
