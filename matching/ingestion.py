"""What matching needs beforehand: visitor identities and sessions, merged as they arrive.

Deliveries may be repeated, late or out of order: the same facts lead to the same rows, whatever the order.
As in the resolver, one and a thousand take the same statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from goalsvc.orgs.models import Organization
from matching.models import VisitorIdentity, VisitorSession
from matching.parameters import array, moment_array, new_pks, text_array
from matching.recording import ARRIVALS_LOCK, settle


class SessionReport(NamedTuple):
    """What a tracking site tells of a session; perhaps not for the first time, perhaps only in part."""

    visitor_session_id: str
    visitor_id: str
    started_at: datetime
    ended_at: datetime | None
    rooms: Sequence[str]
    visitor_identity: str | None = None


class KnownSession(NamedTuple):
    """A session as it stands after a report; `is_new` when the report was the first of it."""

    id: UUID
    visitor_session_id: str
    visitor_id: str
    started_at: datetime
    ended_at: datetime | None
    room_ids: Sequence[str]
    created_at: datetime
    updated_at: datetime
    is_new: bool

    @classmethod
    def of(cls, row: VisitorSession) -> "KnownSession":
        """Read a row that was loaded with its visitor."""
        return cls(
            row.id, row.visitor_session_id, row.visitor.visitor_id, row.started_at, row.ended_at,
            [str(room) for room in row.room_ids], row.created_at, row.updated_at, is_new=False,
        )  # fmt: skip


class IdentityReport(NamedTuple):
    """An identity of a visitor, and the session in which it was given, when told."""

    visitor_identity: str
    visitor_id: str
    visitor_session_id: str | None = None


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
            row.id, row.identity, row.visitor.visitor_id, row.visitor_session_id, row.created_at, is_new=False
        )


class SessionConflict(NamedTuple):
    """The session is another visitor's."""

    visitor_session_id: str


class UnknownRooms(NamedTuple):
    """Some of the session's rooms are not the organization's."""

    room_ids: Sequence[str]


# Holds off whoever wants to hold a match while this arrival, which may be what it lacks, is not yet to be
# seen; then makes the visitors, and locks those that are known (the condition that is never true changes
# nothing, but the row is locked all the same). Says which of the rooms are the organization's, and which
# visitors are new.
# A session and an identity of one visitor that arrive at the same moment would not see each other before they
# have committed, and only together may be what a held match lacks: so one of them waits here.
ANNOUNCE_ARRIVAL = f"""
    WITH arrival AS MATERIALIZED (
        SELECT pg_advisory_xact_lock_shared({ARRIVALS_LOCK})
    ),
    new_visitor AS (
        INSERT INTO matching_visitor AS v (id, organization_id, visitor_id, created_at)
        SELECT report.new_visitor_pk, %(organization)s, report.visitor_id, %(at)s
        FROM arrival
        CROSS JOIN unnest(%(visitor_ids)s::text[], %(new_visitor_pks)s::uuid[])
                   AS report (visitor_id, new_visitor_pk)
        ORDER BY report.visitor_id
        ON CONFLICT (organization_id, visitor_id) DO UPDATE SET created_at = v.created_at WHERE FALSE
        RETURNING v.id
    )
    SELECT ARRAY(
               SELECT id::text FROM orgs_room
               WHERE organization_id = %(organization)s AND archived_at IS NULL
                 AND id = ANY(%(rooms)s::uuid[])
           ),
           ARRAY(SELECT id FROM new_visitor)
"""


# Whether a match is held for somebody who has just arrived. Mostly nothing is held at all, and then nothing
# else is looked at. Asked in a statement that began after the arrivals lock was taken, so that nothing that
# is held now is overlooked.
IS_AWAITED = """(
        EXISTS (
            SELECT FROM matching_pendingmatch
            WHERE organization_id = %(organization)s AND status = 'pending'
        )
        AND EXISTS (
            SELECT FROM matching_pendingmatch AS pending
            WHERE pending.organization_id = %(organization)s AND pending.status = 'pending'
              AND pending.visitor_identity IN ({identities})
        )
    )"""
IDENTITIES_OF_SESSIONS = """
                SELECT carried.identity FROM matching_visitoridentity AS carried
                WHERE carried.organization_id = %(organization)s
                  AND carried.visitor_id IN (SELECT visitor_id FROM upserted)
              """

# Rows are locked in one order everywhere (visitors by id, then sessions by id, then identities), so that
# concurrent deliveries of the same rows wait for each other and never deadlock.
VISITORS_OF_REPORTS = """
    visitor AS (
        SELECT v.id, v.visitor_id
        FROM matching_visitor AS v
        WHERE v.organization_id = %(organization)s
          AND v.visitor_id IN (SELECT visitor_id FROM report)
    )
"""

UPSERT_SESSIONS = f"""
    WITH posted AS (
        SELECT * FROM unnest(
            %(visitor_ids)s::text[], %(visitor_session_ids)s::text[], %(new_session_pks)s::uuid[],
            %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(rooms)s::text[]
        ) AS posted (visitor_id, visitor_session_id, new_session_pk, started_at, ended_at, room_ids)
    ),
    -- Another visitor's session is refused.
    report AS MATERIALIZED (
        SELECT * FROM posted
        WHERE NOT EXISTS (
            SELECT FROM matching_visitorsession AS s
            JOIN matching_visitor AS v ON v.id = s.visitor_id
            WHERE s.organization_id = %(organization)s
              AND s.visitor_session_id = posted.visitor_session_id
              AND v.visitor_id <> posted.visitor_id
        )
    ),
    {VISITORS_OF_REPORTS},
    upserted AS (
        INSERT INTO matching_visitorsession AS s (
            id, organization_id, visitor_session_id, visitor_id, started_at, ended_at, room_ids,
            created_at, updated_at
        )
        SELECT report.new_session_pk, %(organization)s, report.visitor_session_id, visitor.id,
               report.started_at, report.ended_at, report.room_ids::uuid[], %(at)s, %(at)s
        FROM report JOIN visitor USING (visitor_id)
        ORDER BY report.visitor_session_id
        ON CONFLICT (organization_id, visitor_session_id) DO UPDATE SET
            started_at = least(s.started_at, excluded.started_at),
            ended_at = greatest(s.ended_at, excluded.ended_at),
            room_ids = CASE
                WHEN excluded.room_ids <@ s.room_ids THEN s.room_ids
                ELSE ARRAY(SELECT DISTINCT unnest(s.room_ids || excluded.room_ids) ORDER BY 1)
            END,
            updated_at = excluded.updated_at
        WHERE s.visitor_id = excluded.visitor_id
        RETURNING s.id, s.visitor_session_id, s.visitor_id, s.started_at, s.ended_at, s.room_ids,
                  s.created_at, s.updated_at, xmax = 0 AS is_new
    )
    SELECT upserted.id, visitor_session_id, visitor.visitor_id, started_at, ended_at, room_ids::text[],
           created_at, updated_at, is_new, {IS_AWAITED.format(identities=IDENTITIES_OF_SESSIONS)}
    FROM upserted JOIN visitor ON visitor.id = upserted.visitor_id
"""

UPSERT_IDENTITIES = f"""
    WITH report AS MATERIALIZED (
        SELECT * FROM unnest(
            %(visitor_ids)s::text[], %(identities)s::text[], %(new_identity_pks)s::uuid[],
            %(visitor_session_ids)s::text[]
        ) AS report (visitor_id, identity, new_identity_pk, visitor_session_id)
    ),
    {VISITORS_OF_REPORTS},
    upserted AS (
        INSERT INTO matching_visitoridentity AS i (
            id, organization_id, identity, visitor_id, visitor_session_id, created_at
        )
        SELECT report.new_identity_pk, %(organization)s, report.identity, visitor.id,
               report.visitor_session_id, %(at)s
        FROM report JOIN visitor USING (visitor_id)
        ORDER BY report.identity, visitor.visitor_id
        ON CONFLICT (organization_id, identity, visitor_id) DO UPDATE SET
            visitor_session_id = coalesce(excluded.visitor_session_id, i.visitor_session_id)
        RETURNING i.id, i.identity, i.visitor_id, i.visitor_session_id, i.created_at, xmax = 0 AS is_new
    )
    SELECT upserted.id, identity, visitor.visitor_id, visitor_session_id, created_at, is_new,
           {IS_AWAITED.format(identities="SELECT identity FROM report")}
    FROM upserted JOIN visitor ON visitor.id = upserted.visitor_id
"""

# Nothing of a refused report stays, not even its visitor.
DELETE_STRAY_VISITORS = """
    DELETE FROM matching_visitor AS v
    WHERE v.id = ANY(%(pks)s::uuid[])
      AND NOT EXISTS (SELECT FROM matching_visitorsession AS s WHERE s.visitor_id = v.id)
      AND NOT EXISTS (SELECT FROM matching_visitoridentity AS i WHERE i.visitor_id = v.id)
"""

OTHERS_SESSIONS = """
    SELECT posted.visitor_session_id, posted.visitor_id
    FROM unnest(%(visitor_session_ids)s::text[], %(visitor_ids)s::text[])
         AS posted (visitor_session_id, visitor_id)
    JOIN matching_visitorsession AS s
      ON s.organization_id = %(organization)s AND s.visitor_session_id = posted.visitor_session_id
    JOIN matching_visitor AS v ON v.id = s.visitor_id
    WHERE v.visitor_id <> posted.visitor_id
"""


def record_sessions(
    organization: Organization, reports: Sequence[SessionReport], *, at: datetime
) -> list[KnownSession | SessionConflict | UnknownRooms]:
    """Merge what is told of sessions into what is known: earliest start, latest end, all rooms.

    Identities that come along are tied to the sessions' visitors, and held matches that lacked one of
    these sessions are settled, all in one transaction. The answers are in the order of the reports; all
    reports of one session get it as it stands after the last.
    """
    with transaction.atomic(savepoint=False):
        arrival = announce_arrival(
            organization,
            (report.visitor_id for report in reports),
            (room for report in reports for room in report.rooms),
            at=at,
        )
        known_rooms = arrival.known_rooms
        placed = [report for report in reports if known_rooms.issuperset(report.rooms)]
        known, is_awaited = merge_sessions(organization, placed, at=at)
        accepted = [report for report in placed if is_owner(report, known)]
        identities = [
            IdentityReport(report.visitor_identity, report.visitor_id, report.visitor_session_id)
            for report in accepted
            if report.visitor_identity is not None
        ]
        if identities:
            _, are_identities_awaited = upsert_identities(organization, identities, at=at)
            is_awaited |= are_identities_awaited
        if is_awaited:
            arrived = organization.visitor_identities.filter(
                visitor__organization=organization,
                visitor__visitor_id__in={report.visitor_id for report in accepted},
            )
            settle_identities(organization, arrived.values("identity"), at=at)
        if len(accepted) < len(reports):
            arrival.delete_stray_visitors()

    answers: list[KnownSession | SessionConflict | UnknownRooms] = []
    seen: set[str] = set()
    for report in reports:
        if not known_rooms.issuperset(report.rooms):
            answers.append(UnknownRooms([room for room in report.rooms if room not in known_rooms]))
        elif not is_owner(report, known):
            answers.append(SessionConflict(report.visitor_session_id))
        else:
            session = known[report.visitor_session_id]
            answers.append(session._replace(is_new=False) if session.visitor_session_id in seen else session)
            seen.add(session.visitor_session_id)
    return answers


class Arrival(NamedTuple):
    """What is known of an arrival once it has taken its locks."""

    known_rooms: frozenset[str]
    new_visitor_pks: Sequence[UUID]

    def delete_stray_visitors(self) -> None:
        """Delete the visitors that were made for nothing, as their reports were refused."""
        if self.new_visitor_pks:
            with connection.cursor() as cursor:
                cursor.execute(DELETE_STRAY_VISITORS, {"pks": array(self.new_visitor_pks)})


def announce_arrival(
    organization: Organization, visitor_ids: Iterable[str], room_ids: Iterable[str], *, at: datetime
) -> Arrival:
    """Take part in the arrivals lock, and make and lock the visitors."""
    distinct = set(visitor_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            ANNOUNCE_ARRIVAL,
            {
                "organization": organization.id,
                "at": at,
                "visitor_ids": text_array(distinct),
                "new_visitor_pks": array(new_pks(len(distinct))),
                "rooms": array(set(room_ids)),
            },
        )
        known_rooms, new_visitor_pks = cursor.fetchone()
    return Arrival(frozenset(known_rooms), new_visitor_pks)


def settle_identities(organization: Organization, identities: Any, *, at: datetime) -> None:
    """Settle what is held for these identities (values or a subquery of them)."""
    settle(organization, organization.pending_matches.filter(visitor_identity__in=identities), at=at)


def is_owner(report: SessionReport, known: Mapping[str, KnownSession]) -> bool:
    session = known.get(report.visitor_session_id)
    return session is not None and session.visitor_id == report.visitor_id


def merge_sessions(
    organization: Organization, reports: Sequence[SessionReport], *, at: datetime
) -> tuple[dict[str, KnownSession], bool]:
    """Write the reports; of each session those of its owner.

    Returns: the sessions by their id, and whether a match is held for one of their visitors.
    """
    if not reports:
        return {}, False
    merged: dict[str, dict[str, SessionReport]] = {}
    for report in reports:
        of_visitors = merged.setdefault(report.visitor_session_id, {})
        earlier = of_visitors.get(report.visitor_id)
        of_visitors[report.visitor_id] = merge(earlier, report) if earlier else report
    # Where reports dispute whose a new session is, the first has it. Where it becomes known just now, the
    # others get their turn, and the statement lets none through but the owner's.
    owners = find_owners(organization, [id for id, of_visitors in merged.items() if len(of_visitors) > 1])
    firsts = [
        of_visitors.get(owners.get(session_id, "")) or next(iter(of_visitors.values()))
        for session_id, of_visitors in merged.items()
    ]
    known, is_awaited = upsert_sessions(organization, firsts, at=at)
    others = [
        report
        for session_id, of_visitors in merged.items()
        if session_id not in known
        for report in list(of_visitors.values())[1:]
    ]
    if others:
        more, are_more_awaited = upsert_sessions(organization, others, at=at)
        known |= more
        is_awaited |= are_more_awaited
    return known, is_awaited


def find_owners(organization: Organization, session_ids: Sequence[str]) -> dict[str, str]:
    """Return the visitors of those of the sessions that are known."""
    if not session_ids:
        return {}
    sessions = organization.visitor_sessions.filter(visitor_session_id__in=session_ids)
    return dict(sessions.values_list("visitor_session_id", "visitor__visitor_id"))


def merge(earlier: SessionReport, later: SessionReport) -> SessionReport:
    """Merge two reports of one session, as the upsert does with the row."""
    ends = [end for end in (earlier.ended_at, later.ended_at) if end is not None]
    return earlier._replace(
        started_at=min(earlier.started_at, later.started_at),
        ended_at=max(ends, default=None),
        rooms=list(dict.fromkeys([*earlier.rooms, *later.rooms])),
    )


def upsert_sessions(
    organization: Organization, reports: Sequence[SessionReport], *, at: datetime
) -> tuple[dict[str, KnownSession], bool]:
    """Write the reports, one a session, in one statement.

    Returns: the sessions by their id, those of other visitors missing; and whether a match is
        held for one of their visitors.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            UPSERT_SESSIONS,
            {
                "organization": organization.id,
                "at": at,
                "visitor_ids": text_array(report.visitor_id for report in reports),
                "visitor_session_ids": text_array(report.visitor_session_id for report in reports),
                "new_session_pks": array(new_pks(len(reports))),
                "starts": moment_array(report.started_at for report in reports),
                "ends": moment_array(report.ended_at for report in reports),
                # As texts: unnest would flatten an array of arrays.
                "rooms": text_array(array(sorted(report.rooms)) for report in reports),
            },
        )
        rows = cursor.fetchall()
    sessions = (KnownSession(*row[:-1]) for row in rows)
    return {session.visitor_session_id: session for session in sessions}, bool(rows and rows[0][-1])


def record_identities(
    organization: Organization, reports: Sequence[IdentityReport], *, at: datetime
) -> list[KnownIdentity | SessionConflict]:
    """Tie identities to visitors, and settle held matches that lacked them, in one transaction.

    The answers are in the order of the reports.
    """
    with transaction.atomic(savepoint=False):
        arrival = announce_arrival(organization, (report.visitor_id for report in reports), (), at=at)
        disputed = others_sessions(organization, reports)
        fine = [report for report in reports if session_of(report) not in disputed]
        known, is_awaited = upsert_identities(organization, fine, at=at)
        if is_awaited:
            settle_identities(organization, {report.visitor_identity for report in fine}, at=at)
        if len(fine) < len(reports):
            arrival.delete_stray_visitors()

    answers: list[KnownIdentity | SessionConflict] = []
    seen: set[tuple[str, str]] = set()
    for report in reports:
        if session_of(report) in disputed:
            answers.append(SessionConflict(str(report.visitor_session_id)))
            continue
        key = (report.visitor_identity, report.visitor_id)
        answers.append(known[key]._replace(is_new=False) if key in seen else known[key])
        seen.add(key)
    return answers


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
        cursor.execute(
            OTHERS_SESSIONS,
            {
                "organization": organization.id,
                "visitor_session_ids": text_array(report.visitor_session_id for report in told),
                "visitor_ids": text_array(report.visitor_id for report in told),
            },
        )
        return set(cursor.fetchall())


def upsert_identities(
    organization: Organization, reports: Iterable[IdentityReport], *, at: datetime
) -> tuple[dict[tuple[str, str], KnownIdentity], bool]:
    """Write the reports in one statement.

    Returns: the identities by identity and visitor id, and whether a match is held for one of them.
    """
    merged: dict[tuple[str, str], IdentityReport] = {}
    for report in reports:
        key = (report.visitor_identity, report.visitor_id)
        if key not in merged or report.visitor_session_id is not None:
            merged[key] = report
    if not merged:
        return {}, False
    with connection.cursor() as cursor:
        cursor.execute(
            UPSERT_IDENTITIES,
            {
                "organization": organization.id,
                "at": at,
                "visitor_ids": text_array(report.visitor_id for report in merged.values()),
                "identities": text_array(report.visitor_identity for report in merged.values()),
                "new_identity_pks": array(new_pks(len(merged))),
                "visitor_session_ids": text_array(report.visitor_session_id for report in merged.values()),
            },
        )
        rows = cursor.fetchall()
    identities = (KnownIdentity(*row[:-1]) for row in rows)
    known = {(identity.visitor_identity, identity.visitor_id): identity for identity in identities}
    return known, bool(rows and rows[0][-1])
