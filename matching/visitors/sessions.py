"""Visitor sessions: merged as they are reported (earliest start, latest end, all rooms), and taken back.

Deliveries may be repeated, late or out of order: the same facts lead to the same rows, whatever the order.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from goalsvc.database.columns import Columns
from goalsvc.database.parameters import array, ids_in, new_pks
from goalsvc.database.statements import Statement
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import HistoryEntry, Organization, User
from matching.matches.answers import RowAnswer, failed_for, reported
from matching.matches.retries import retried_on_collision
from matching.models import VisitorSession
from matching.refusals import IdentityTooCommon, SessionHasMatches, SessionVisitorConflict, UnknownRooms
from matching.rule.resolver import RowRefusal
from matching.visitors.alone import IS_SESSION_OF_NOBODY_ELSE, VISITOR
from matching.visitors.arrivals import (
    AWAITING,
    IS_AWAITED,
    Arrival,
    IdentityReport,
    SessionReport,
    announce_arrival,
)
from matching.visitors.identities import UPSERT_ALONE, upsert_identities
from matching.visitors.lookups import look_up


class KnownSession(NamedTuple):
    """A session as it stands after a report; `is_new` when the report was the first of it."""

    id: str
    visitor_session_id: str
    visitor_id: str
    started_at: datetime
    ended_at: datetime | None
    room_ids: Sequence[str]
    created_at: datetime
    updated_at: datetime
    is_new: bool

    @classmethod
    def read(cls, row: Sequence[Any], visitor_id: str) -> "KnownSession":
        """Read a row of UPSERT, in texts."""
        id, session_id, started_at, ended_at, room_ids, created_at, updated_at, is_new = row
        return cls(
            id=id,
            visitor_session_id=session_id,
            visitor_id=visitor_id,
            started_at=datetime.fromisoformat(started_at),
            ended_at=None if ended_at is None else datetime.fromisoformat(ended_at),
            room_ids=ids_in(room_ids),
            created_at=datetime.fromisoformat(created_at),
            updated_at=datetime.fromisoformat(updated_at),
            is_new=is_new == "t",
        )

    @classmethod
    def of(cls, row: VisitorSession) -> "KnownSession":
        """Read a row that was loaded with its visitor."""
        return cls(
            id=str(row.id),
            visitor_session_id=row.visitor_session_id,
            visitor_id=row.visitor.visitor_id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            room_ids=[str(room) for room in row.room_ids],
            created_at=row.created_at,
            updated_at=row.updated_at,
            is_new=False,
        )


# What a report writes into the row of its session, and what else it says.
WRITTEN = Columns(
    id="uuid",  # if it is new
    visitor_session_id="text",
    started_at="timestamptz",
    ended_at="timestamptz",
    room_ids="uuid[]",
)
REPORTED = Columns(visitor_pk="uuid", **WRITTEN.types)
# What UPSERT returns of a session, besides whether it is new.
RETURNED = ("id", "visitor_session_id", "started_at", "ended_at", "room_ids", "created_at", "updated_at")
IDENTITIES_OF_ARRIVED = look_up("i.identity", "i.visitor_id", "arrived.visitor_pk", limit="")
CARRIED_BY_SESSIONS = f"""unnest(%(visitor_pks)s::uuid[]) AS arrived (visitor_pk)
            CROSS JOIN LATERAL ({IDENTITIES_OF_ARRIVED}) AS carried"""
# Another visitor's session is refused.
UPSERT = f"""
        INSERT INTO matching_visitorsession AS s (
            organization_id, visitor_id, created_at, updated_at, {WRITTEN.names}
        )
        SELECT %(organization)s, posted.visitor_pk, %(at)s, %(at)s, {WRITTEN.selected}
        FROM {{reported}}
        ORDER BY posted.visitor_session_id
        ON CONFLICT (organization_id, visitor_session_id) DO UPDATE SET
            started_at = least(s.started_at, excluded.started_at),
            ended_at = greatest(s.ended_at, excluded.ended_at),
            room_ids = CASE
                WHEN excluded.room_ids <@ s.room_ids THEN s.room_ids
                ELSE ARRAY(SELECT DISTINCT unnest(s.room_ids || excluded.room_ids) ORDER BY 1)
            END,
            updated_at = excluded.updated_at
        WHERE s.visitor_id = excluded.visitor_id
        RETURNING {", ".join(f"s.{name}" for name in RETURNED)}, xmax = 0 AS is_new"""
UPSERT_MANY = Statement(
    f"""
    WITH upserted AS ({UPSERT.format(reported=REPORTED.rows("posted"))}
    ),
    {IS_AWAITED.format(carried=CARRIED_BY_SESSIONS)}
    SELECT upserted.*, awaited.*
    FROM upserted CROSS JOIN awaited
""",
    is_planned_anew=True,
)
REPORTED_ALONE = f"""(
            SELECT visitor.id AS visitor_pk, written.* FROM visitor CROSS JOIN {WRITTEN.row("written")}
        ) AS posted"""
ARE_ROOMS_KNOWN = """cardinality(%(room_ids)s::text::uuid[]) = (
            SELECT count(*) FROM orgs_room
            WHERE organization_id = %(organization)s AND archived_at IS NULL
              AND id = ANY(%(room_ids)s::text::uuid[])
        )"""
# Where the session became another visitor's just now, `give_way` fails the statement, so that its visitor
# does not stay; tried again, the report is refused.
RECORD_ALONE = Statement(f"""
    WITH {VISITOR.format(way_is_free=f"{ARE_ROOMS_KNOWN} AND {IS_SESSION_OF_NOBODY_ELSE}")},
    upserted AS ({UPSERT.format(reported=REPORTED_ALONE)}
    ),
    tied AS ({UPSERT_ALONE}
    )
    SELECT upserted.*, CASE WHEN upserted.id IS NULL THEN give_way() END
    FROM visitor LEFT JOIN upserted ON TRUE
""")
AWAITING_SESSIONS = Statement(
    AWAITING.format(carried=f"(SELECT DISTINCT carried.identity FROM {CARRIED_BY_SESSIONS}) AS carried"),
    is_planned_anew=True,
)


def record_sessions(
    organization: Organization, reports: Sequence[SessionReport], *, at: datetime
) -> list[RowAnswer[KnownSession]]:
    """Merge what is reported of sessions into what is known: earliest start, latest end, all rooms.

    Identities that come along are tied to the sessions' visitors, and pending matches that lacked one of
    these sessions are settled, all in one transaction. The answers are in the order of the reports; all
    reports of one session get it as it stands after the last.
    """
    if len(reports) == 1 and (session := record_alone(organization, reports[0], at=at)):
        return [reported(session, is_new=session.is_new)]
    with transaction.atomic(savepoint=False):
        rooms = {room for report in reports for room in report.rooms}
        arrival = announce_arrival(organization, reports, rooms, at=at)
        refusals = refuse(arrival, reports)
        placed = [report for index, report in enumerate(reports) if index not in refusals]
        known = merge_sessions(arrival, placed)
        accepted = [report for report in placed if is_owner(report, known)]
        identities = [
            IdentityReport(report.visitor_identity, report.visitor_id, report.visitor_session_id)
            for report in accepted
            if report.visitor_identity is not None
        ]
        upsert_identities(arrival, identities)
        if arrival.is_awaited:
            arrival.settle(AWAITING_SESSIONS, visitor_pks=visitor_pks_of(arrival, accepted))
        if len(accepted) < len(reports):
            arrival.delete_stray_visitors()

    answers: list[RowAnswer[KnownSession]] = []
    seen: set[str] = set()
    for index, report in enumerate(reports):
        if index in refusals:
            answers.append(failed_for(refusals[index]))
        elif not is_owner(report, known):
            answers.append(failed_for(RowRefusal(SessionVisitorConflict)))
        else:
            session_id = report.visitor_session_id
            session = known[session_id]
            answers.append(reported(session, is_new=session.is_new and session_id not in seen))
            seen.add(session_id)
    return answers


def record_alone(organization: Organization, report: SessionReport, *, at: datetime) -> KnownSession | None:
    """Write a report in one statement; None where something is in its way, and nothing was written."""
    session_pk, visitor_pk, identity_pk = new_pks(3)
    rows = RECORD_ALONE.fetch(
        organization=organization.id,
        at=at,
        visitor_id=report.visitor_id,
        new_visitor_pk=visitor_pk,
        id=session_pk,
        visitor_session_id=report.visitor_session_id,
        started_at=report.started_at,
        ended_at=report.ended_at,
        room_ids=array(sorted(report.rooms)),
        identity_pk=identity_pk,
        identity=report.visitor_identity,
    )
    return KnownSession.read(rows[0][:-1], report.visitor_id) if rows else None


def refuse(arrival: Arrival, reports: Sequence[SessionReport]) -> dict[int, RowRefusal]:
    """Return, by index, the refusals of unknown rooms and of identities tied to one visitor too many.

    As if each came alone after those before it: one that is refused for its rooms or its session takes no
    place of its identity.
    """
    places = arrival.places
    session_ids = {report.visitor_session_id for report in reports} if places else ()
    owners = find_owners(arrival, session_ids)
    refusals: dict[int, RowRefusal] = {}
    for index, report in enumerate(reports):
        session_id, identity = report.visitor_session_id, report.visitor_identity
        if not arrival.known_rooms.issuperset(report.rooms):
            unknown = [room for room in report.rooms if room not in arrival.known_rooms]
            refusals[index] = RowRefusal(UnknownRooms, unknown)
        elif places and owners.get(session_id, report.visitor_id) == report.visitor_id:
            if identity is None or arrival.admit((identity, report.visitor_id)):
                owners[session_id] = report.visitor_id
            else:
                refusals[index] = RowRefusal(IdentityTooCommon)
    return refusals


def is_owner(report: SessionReport, known: Mapping[str, KnownSession]) -> bool:
    session = known.get(report.visitor_session_id)
    return session is not None and session.visitor_id == report.visitor_id


def merge_sessions(arrival: Arrival, reports: Sequence[SessionReport]) -> dict[str, KnownSession]:
    """Write the reports, of each session those of its owner; return the sessions by their id."""
    merged: dict[str, dict[str, SessionReport]] = {}
    for report in reports:
        of_visitors = merged.setdefault(report.visitor_session_id, {})
        earlier = of_visitors.get(report.visitor_id)
        of_visitors[report.visitor_id] = merge(earlier, report) if earlier else report
    # Where reports dispute whose a new session is, the first has it. Where it becomes known just now, the
    # others get their turn, and the statement lets none through but the owner's.
    owners = find_owners(arrival, [id for id, of_visitors in merged.items() if len(of_visitors) > 1])
    firsts = [
        of_visitors.get(owners.get(session_id, "")) or next(iter(of_visitors.values()))
        for session_id, of_visitors in merged.items()
    ]
    known = upsert_sessions(arrival, firsts)
    others = [
        report
        for session_id, of_visitors in merged.items()
        if session_id not in known
        for report in list(of_visitors.values())[1:]
    ]
    return known | upsert_sessions(arrival, others)


def find_owners(arrival: Arrival, session_ids: Collection[str]) -> dict[str, str]:
    """Return the visitors of those of the sessions that are known."""
    if not session_ids:
        return {}
    sessions = arrival.organization.visitor_sessions.filter(visitor_session_id__in=session_ids)
    return dict(sessions.values_list("visitor_session_id", "visitor__visitor_id"))


def merge(earlier: SessionReport, later: SessionReport) -> SessionReport:
    """Merge two reports of one session, as the upsert does with the row."""
    ends = [end for end in (earlier.ended_at, later.ended_at) if end is not None]
    return earlier._replace(
        started_at=min(earlier.started_at, later.started_at),
        ended_at=max(ends, default=None),
        rooms=list(dict.fromkeys([*earlier.rooms, *later.rooms])),
    )


def upsert_sessions(arrival: Arrival, reports: Sequence[SessionReport]) -> dict[str, KnownSession]:
    """Write the reports, one a session, in one statement; tell the arrival whether they are awaited.

    Returns: the sessions by their id, those of other visitors missing.
    """
    if not reports:
        return {}
    parameters = REPORTED.parameters_of_rows(
        reports,
        visitor_pk=[arrival.visitor_pks[report.visitor_id] for report in reports],
        id=new_pks(len(reports)),
        room_ids=[sorted(report.rooms) for report in reports],
    )
    rows = UPSERT_MANY.fetch(
        organization=arrival.organization.id,
        at=arrival.at,
        visitor_pks=visitor_pks_of(arrival, reports),
        **parameters,
    )
    visitors = {report.visitor_session_id: report.visitor_id for report in reports}
    known = {}
    for *row, is_anything_pending, is_awaited in rows:
        session = KnownSession.read(row, visitors[row[1]])
        known[session.visitor_session_id] = session
        arrival.heed(is_anything_pending, is_awaited)
    return known


def visitor_pks_of(arrival: Arrival, reports: Iterable[SessionReport]) -> str:
    """Return the keys of the visitors of these reports, each once, as a parameter."""
    return array({arrival.visitor_pks[report.visitor_id] for report in reports})


# FOR UPDATE waits for transactions that are writing a match of the session; later ones wait for this one, and
# then the foreign key refuses them.
FIND_SESSION = """
    SELECT id FROM matching_visitorsession
    WHERE organization_id = %(organization)s AND visitor_session_id = %(session)s
    FOR UPDATE
"""
COUNT_MATCHES = """
    SELECT count(*) FROM matching_externalmatch
    WHERE organization_id = %(organization)s AND session_id = %(pk)s
"""
DELETE_SESSION = """
    DELETE FROM matching_visitorsession WHERE organization_id = %(organization)s AND id = %(pk)s
"""


@retried_on_collision
def take_back_session(
    organization: Organization, visitor_session_id: str, *, by: User | None, at: datetime
) -> bool:
    """Delete a session; tell whether there was one.

    Its visitor and the visitor's identities stay. The history says who took one back when, not which: the
    visitor may want to be forgotten.

    Raises: SessionHasMatches while matches hang on it, retracted ones as well.
    """
    parameters: dict[str, Any] = {"organization": organization.id, "session": visitor_session_id}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FIND_SESSION, parameters)
        found = cursor.fetchone()
        if found is None:
            return False
        [pk] = found
        cursor.execute(COUNT_MATCHES, parameters | {"pk": pk})
        [count] = cursor.fetchone()
        if count:
            raise SessionHasMatches(count)
        cursor.execute(DELETE_SESSION, parameters | {"pk": pk})
        HistoryEntry.objects.record(
            organization.id, Kind.VISITOR_SESSION, pk, Action.DELETED, {}, by=by, at=at
        )
    return True
