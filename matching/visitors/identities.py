"""Visitor identities: tied to visitors as they are reported, at most MAX_VISITORS to each identity."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from goalsvc.database.columns import Columns
from goalsvc.database.parameters import new_pks, text_array
from goalsvc.database.statements import Statement
from goalsvc.orgs.models import Organization
from matching.matches.answers import RowAnswer, failed_for, reported
from matching.matches.retries import CollisionError
from matching.models import VisitorIdentity
from matching.refusals import IdentityTooCommon, SessionVisitorConflict
from matching.rule.resolver import RowRefusal
from matching.visitors.alone import IS_SESSION_OF_NOBODY_ELSE, VISITOR
from matching.visitors.arrivals import (
    AWAITING,
    FEW_VISITORS,
    IS_AWAITED,
    Arrival,
    IdentityReport,
    Pair,
    announce_arrival,
)
from matching.visitors.lookups import count_visitors, look_up


class KnownIdentity(NamedTuple):
    """An identity as it stands after a report; `is_new` when the report was the first of it."""

    id: str
    visitor_identity: str
    visitor_id: str
    visitor_session_id: str | None
    created_at: datetime
    is_new: bool

    @classmethod
    def read(cls, row: Sequence[Any], visitor_id: str) -> "KnownIdentity":
        """Read a row of UPSERT, in texts."""
        id, identity, _, session_id, created_at, is_new = row
        return cls(
            id=id,
            visitor_identity=identity,
            visitor_id=visitor_id,
            visitor_session_id=session_id,
            created_at=datetime.fromisoformat(created_at),
            is_new=is_new == "t",
        )

    @classmethod
    def of(cls, row: VisitorIdentity) -> "KnownIdentity":
        """Read a row that was loaded with its visitor."""
        return cls(
            id=str(row.id),
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
VISITORS = count_visitors("posted.identity")
IS_TIED = look_up(
    "i.id",
    "i.identity",
    "posted.identity",
    where="i.visitor_id = posted.visitor_pk AND",
    then=", i.visitor_id",
)
# Where an identity is known, the session in which it was given last is kept.
UPSERT = """
        INSERT INTO matching_visitoridentity AS i (
            id, organization_id, identity, visitor_id, visitor_session_id, created_at
        )
        SELECT posted.id, %(organization)s, posted.identity, posted.visitor_pk,
               posted.visitor_session_id, %(at)s
        FROM {reported}
        WHERE {condition}
        ORDER BY posted.identity, posted.visitor_pk
        ON CONFLICT (organization_id, identity, visitor_id) DO UPDATE SET
            visitor_session_id = coalesce(excluded.visitor_session_id, i.visitor_session_id)
        RETURNING i.id, i.identity, i.visitor_id, i.visitor_session_id, i.created_at, xmax = 0 AS is_new"""
CARRIED = "unnest(%(identity)s::text[]) AS carried (identity)"
# An identity that had few visitors when the arrival was announced, and has more now, is left out.
HAS_FEW_VISITORS = f"""posted.visitors IS NULL
           OR posted.visitors + {VISITORS} <= {FEW_VISITORS}
           OR ({IS_TIED}) IS NOT NULL"""
UPSERT_MANY = Statement(
    f"""
    WITH upserted AS ({UPSERT.format(reported=REPORTED.rows("posted"), condition=HAS_FEW_VISITORS)}
    ),
    {IS_AWAITED.format(carried=CARRIED)}
    SELECT upserted.*, awaited.*
    FROM upserted CROSS JOIN awaited
""",
    is_planned_anew=True,
)
# One that is reported by itself, perhaps along with its session.
REPORTED_ALONE = """(
            SELECT %(identity_pk)s::uuid AS id, %(identity)s::text AS identity, visitor.id AS visitor_pk,
                   %(visitor_session_id)s::text AS visitor_session_id
            FROM visitor
        ) AS posted"""
UPSERT_ALONE = UPSERT.format(reported=REPORTED_ALONE, condition="posted.identity IS NOT NULL")
RECORD_ALONE = Statement(f"""
    WITH {VISITOR.format(way_is_free=IS_SESSION_OF_NOBODY_ELSE)},
    upserted AS ({UPSERT_ALONE}
    )
    TABLE upserted
""")

CLAIMED = Columns(visitor_session_id="text", visitor_id="text")
SESSION = look_up("s.visitor_id", "s.visitor_session_id", "posted.visitor_session_id")
OWNER = look_up("v.visitor_id", "v.id", "session.visitor_id")
# Those of the sessions and visitors whose session is another's.
OTHERS_SESSIONS = Statement(
    f"""
    SELECT posted.visitor_session_id, posted.visitor_id
    FROM {CLAIMED.rows("posted")}
    CROSS JOIN LATERAL ({SESSION}) AS session
    CROSS JOIN LATERAL ({OWNER}) AS owner
    WHERE owner.visitor_id <> posted.visitor_id
""",
    is_planned_anew=True,
)

AWAITING_IDENTITIES = Statement(AWAITING.format(carried=CARRIED), is_planned_anew=True)


def record_identities(
    organization: Organization, reports: Sequence[IdentityReport], *, at: datetime
) -> list[RowAnswer[KnownIdentity]]:
    """Tie identities to visitors, and settle pending matches that lacked them, in one transaction.

    The answers are in the order of the reports.
    """
    if len(reports) == 1 and (identity := record_alone(organization, reports[0], at=at)):
        return [reported(identity, is_new=identity.is_new)]
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
            arrival.settle(AWAITING_IDENTITIES, identity=identities)
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


def record_alone(organization: Organization, report: IdentityReport, *, at: datetime) -> KnownIdentity | None:
    """Write a report in one statement; None where something is in its way, and nothing was written."""
    identity_pk, visitor_pk = new_pks(2)
    rows = RECORD_ALONE.fetch(
        organization=organization.id,
        at=at,
        visitor_id=report.visitor_id,
        new_visitor_pk=visitor_pk,
        identity_pk=identity_pk,
        identity=report.visitor_identity,
        visitor_session_id=report.visitor_session_id,
    )
    return KnownIdentity.read(rows[0], report.visitor_id) if rows else None


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
    rows = OTHERS_SESSIONS.fetch(organization=organization.id, **CLAIMED.parameters_of_rows(told))
    return {(session_id, visitor_id) for session_id, visitor_id in rows}


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
    visitor_pks = [arrival.visitor_pks[visitor_id] for _, visitor_id in merged]
    visitors = [
        None if identity in arrival.places else arrival.visitor_counts[identity] for identity, _ in merged
    ]
    parameters = REPORTED.parameters_of_rows(
        list(merged.values()),
        id=new_pks(len(merged)),
        identity=[identity for identity, _ in merged],
        visitor_pk=visitor_pks,
        visitors=visitors,
    )
    rows = UPSERT_MANY.fetch(organization=arrival.organization.id, at=arrival.at, **parameters)
    if len(rows) < len(merged):
        raise CollisionError("an identity came to have many visitors")
    visitor_ids = {pk: visitor_id for visitor_id, pk in arrival.visitor_pks.items()}
    known = {}
    for *row, is_anything_pending, is_awaited in rows:
        identity = KnownIdentity.read(row, visitor_ids[row[2]])
        known[identity.visitor_identity, identity.visitor_id] = identity
        arrival.heed(is_anything_pending, is_awaited)
    return known
