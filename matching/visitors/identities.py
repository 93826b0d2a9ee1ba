"""Visitor identities: tied to visitors as they are reported, at most MAX_VISITORS to each identity."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

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


def upsert(reported: str, carried: str, *, is_of_one: bool = False) -> str:
    """Return the statement that writes reports.

    An identity that had few visitors when the arrival was announced, and has more now, is left out.

    Args:
        reported: SQL of the reports, as `posted`.
        carried: SQL of their identities, as `carried`.
        is_of_one: as `look_up` takes it.
    """
    visitors = count_visitors("posted.identity", is_of_one=is_of_one)
    is_tied = look_up(
        "i.id",
        "i.identity",
        "posted.identity",
        where="i.visitor_id = posted.visitor_pk AND",
        then=", i.visitor_id",
        is_of_one=is_of_one,
    )
    return f"""
    WITH upserted AS (
        INSERT INTO matching_visitoridentity AS i (
            id, organization_id, identity, visitor_id, visitor_session_id, created_at
        )
        SELECT posted.id, %(organization)s, posted.identity, posted.visitor_pk,
               posted.visitor_session_id, %(at)s
        FROM {reported}
        WHERE posted.visitors IS NULL
           OR posted.visitors + {visitors} <= {FEW_VISITORS}
           OR ({is_tied}) IS NOT NULL
        ORDER BY posted.identity, posted.visitor_pk
        ON CONFLICT (organization_id, identity, visitor_id) DO UPDATE SET
            visitor_session_id = coalesce(excluded.visitor_session_id, i.visitor_session_id)
        RETURNING i.id, i.identity, i.visitor_id, i.visitor_session_id, i.created_at, xmax = 0 AS is_new
    ),
    {IS_AWAITED.format(carried=carried)}
    SELECT upserted.*, awaited.*
    FROM upserted CROSS JOIN awaited
"""


CARRIED_ONE = "(SELECT %(identity)s::text AS identity) AS carried"
CARRIED_MANY = "unnest(%(identity)s::text[]) AS carried (identity)"
UPSERT_ONE = Statement(upsert(REPORTED.row("posted"), CARRIED_ONE, is_of_one=True))
UPSERT_MANY = Statement(upsert(REPORTED.rows("posted"), CARRIED_MANY), is_planned_anew=True)

CLAIMED = Columns(visitor_session_id="text", visitor_id="text")


def find_others_sessions(claimed: str, *, is_of_one: bool = False) -> str:
    """Return the SELECT of those of the sessions and visitors in `claimed` whose session is another's."""
    session = look_up(
        "s.visitor_id", "s.visitor_session_id", "posted.visitor_session_id", is_of_one=is_of_one
    )
    owner = look_up("v.visitor_id", "v.id", "session.visitor_id", is_of_one=is_of_one)
    return f"""
    SELECT posted.visitor_session_id, posted.visitor_id
    FROM {claimed}
    CROSS JOIN LATERAL ({session}) AS session
    CROSS JOIN LATERAL ({owner}) AS owner
    WHERE owner.visitor_id <> posted.visitor_id
"""


OTHERS_SESSION = Statement(find_others_sessions(CLAIMED.row("posted"), is_of_one=True))
OTHERS_SESSIONS = Statement(find_others_sessions(CLAIMED.rows("posted")), is_planned_anew=True)

AWAITING_IDENTITIES = Statement(AWAITING.format(carried=CARRIED_MANY), is_planned_anew=True)


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
    if len(told) == 1:
        rows = OTHERS_SESSION.fetch(organization=organization.id, **CLAIMED.parameters_of_row(told[0]))
    else:
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
    shared = {"organization": arrival.organization.id, "at": arrival.at}
    if len(merged) == 1:
        [report] = merged.values()
        rows = UPSERT_ONE.fetch(
            **shared,
            id=new_pks(1)[0],
            identity=report.visitor_identity,
            visitor_pk=visitor_pks[0],
            visitor_session_id=report.visitor_session_id,
            visitors=visitors[0],
        )
    else:
        parameters = REPORTED.parameters_of_rows(
            list(merged.values()),
            id=new_pks(len(merged)),
            identity=[identity for identity, _ in merged],
            visitor_pk=visitor_pks,
            visitors=visitors,
        )
        rows = UPSERT_MANY.fetch(**shared, **parameters)
    if len(rows) < len(merged):
        raise CollisionError("an identity came to have many visitors")
    visitor_ids = {pk: visitor_id for visitor_id, pk in arrival.visitor_pks.items()}
    known = {}
    for id, identity, visitor_pk, session_id, created_at, is_new, *pending in rows:
        visitor_id = visitor_ids[visitor_pk]
        known[identity, visitor_id] = KnownIdentity(
            id=id,
            visitor_identity=identity,
            visitor_id=visitor_id,
            visitor_session_id=session_id,
            created_at=datetime.fromisoformat(created_at),
            is_new=is_new == "t",
        )
        arrival.heed(*pending)
    return known
