"""What matching needs beforehand: visitor identities and sessions, merged as they arrive.

Deliveries may be repeated, late or out of order: the same facts lead to the same rows, whatever the order.
As in the resolver, one and a thousand take the same statements.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from goalsvc.database.parameters import array, moment_array, new_pks, text_array
from goalsvc.database.planning import BY_INDEX, EACH_ANEW
from goalsvc.orgs.models import Organization
from matching.limits import MAX_PENDING, MAX_VISITORS
from matching.matches.locks import ARRIVALS_LOCK
from matching.matches.recording import settle
from matching.matches.retries import CollisionError
from matching.models import VisitorIdentity, VisitorSession


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


class IdentityTooCommon(NamedTuple):
    """So many visitors carry the identity that it names nobody: this one would be one too many."""

    visitor_identity: str


class UnknownRooms(NamedTuple):
    """Some of the session's rooms are not the organization's."""

    room_ids: Sequence[str]


# How many visitors an identity may have that is tied to more without waiting for anybody: as many as all
# connections of the server could tie at the same moment without passing the limit.
FEW_VISITORS = f"{MAX_VISITORS} / current_setting('max_connections')::int"
VISITORS_OF = f"""(
            SELECT count(*) FROM (
                SELECT FROM matching_visitoridentity AS i
                WHERE i.organization_id = %(organization)s
                  AND i.identity >= {{identity}} AND i.identity <= {{identity}}
                ORDER BY i.identity, i.visitor_id
                LIMIT {MAX_VISITORS}
            ) AS carried
        )"""
# 64 locks for the identities of an organization, so that those of a batch fit the server's table of locks.
CROWD_LOCK = "hashtextextended('crowd ' || %(organization)s::text, bucket.number)"

# Holds off whoever wants to hold a match while this arrival, which may be what it lacks, is not yet to be
# seen. Then whoever ties an identity that has many visitors waits for all others that tie it, and they for
# it: so the limit holds. Then makes the visitors, and locks those that are known (the condition that is never
# true changes nothing, but the row is locked all the same). Says which of the rooms are the organization's,
# which visitors are new, and which identities have many visitors.
# A session and an identity of one visitor that arrive at the same moment would not see each other before they
# have committed, and only together may be what a held match lacks: so one of them waits here.
ANNOUNCE_ARRIVAL = f"""
    WITH arrival AS MATERIALIZED (
        SELECT pg_advisory_xact_lock_shared({ARRIVALS_LOCK}), {BY_INDEX},
               CASE WHEN %(is_batch)s THEN {EACH_ANEW} END
    ),
    named AS MATERIALIZED (
        SELECT tied.identity, tied.visitors, {VISITORS_OF.format(identity="tied.identity")} AS known_visitors
        FROM arrival
        CROSS JOIN unnest(%(identities)s::text[], %(visitors)s::int[]) AS tied (identity, visitors)
    ),
    locked AS MATERIALIZED (
        SELECT CASE
                   WHEN bucket.is_crowded THEN pg_advisory_xact_lock({CROWD_LOCK})
                   ELSE pg_advisory_xact_lock_shared({CROWD_LOCK})
               END
        FROM (
            SELECT hashtext(named.identity) & 63 AS number,
                   bool_or(
                       known_visitors < {MAX_VISITORS} AND known_visitors + visitors > {FEW_VISITORS}
                   ) AS is_crowded
            FROM named
            GROUP BY hashtext(named.identity) & 63
            ORDER BY hashtext(named.identity) & 63
            OFFSET 0
        ) AS bucket
    ),
    new_visitor AS (
        INSERT INTO matching_visitor AS v (id, organization_id, visitor_id, created_at)
        SELECT report.new_visitor_pk, %(organization)s, report.visitor_id, %(at)s
        FROM arrival
        CROSS JOIN (SELECT count(*) FROM locked) AS ready
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
           ARRAY(SELECT id FROM new_visitor),
           ARRAY(SELECT identity FROM named WHERE known_visitors + visitors > {FEW_VISITORS})
"""

# Of identities that have many visitors: how many, and which of the pairs are known. Asked in a statement that
# began after their locks were taken.
CROWDED = f"""
    SELECT named.identity, NULL, {VISITORS_OF.format(identity="named.identity")}
    FROM unnest(%(identities)s::text[]) AS named (identity)
    UNION ALL
    SELECT tied.identity, tied.visitor_id, NULL
    FROM unnest(%(tied_identities)s::text[], %(visitor_ids)s::text[]) AS tied (identity, visitor_id)
    WHERE (
        SELECT i.id FROM matching_visitoridentity AS i
        WHERE i.organization_id = %(organization)s AND i.identity = tied.identity
          AND i.visitor_id = (
              SELECT v.id FROM matching_visitor AS v
              WHERE v.organization_id = %(organization)s
                AND v.visitor_id >= tied.visitor_id AND v.visitor_id <= tied.visitor_id
              ORDER BY v.visitor_id
              LIMIT 1
          )
        LIMIT 1
    ) IS NOT NULL
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
            SELECT FROM {carried}
            CROSS JOIN LATERAL (
                SELECT FROM matching_pendingmatch AS pending
                WHERE pending.organization_id = %(organization)s AND pending.status = 'pending'
                  AND pending.visitor_identity >= carried.identity
                  AND pending.visitor_identity <= carried.identity
                ORDER BY pending.visitor_identity, pending.id
                LIMIT 1
            ) AS held
        )
    )"""
# No set of rows is joined to another: each row has its own look-ups, so there is no join whose plan could be
# wrong.
CARRIED_BY_SESSIONS = """(SELECT DISTINCT visitor_id FROM upserted) AS arrived
            CROSS JOIN LATERAL (
                SELECT i.identity FROM matching_visitoridentity AS i
                WHERE i.organization_id = %(organization)s
                  AND i.visitor_id >= arrived.visitor_id AND i.visitor_id <= arrived.visitor_id
                ORDER BY i.visitor_id
            ) AS carried"""
VISITOR_OF_REPORT = """LATERAL (
            SELECT v.id FROM matching_visitor AS v
            WHERE v.organization_id = %(organization)s
              AND v.visitor_id >= posted.visitor_id AND v.visitor_id <= posted.visitor_id
            ORDER BY v.visitor_id
            LIMIT 1
        ) AS visitor"""

# Rows are locked in one order everywhere (visitors by id, then sessions by id, then identities), so that
# concurrent deliveries of the same rows wait for each other and never deadlock.
UPSERT_SESSIONS = f"""
    -- Another visitor's session is refused.
    WITH report AS MATERIALIZED (
        SELECT posted.*, visitor.id AS visitor_pk
        FROM unnest(
            %(visitor_ids)s::text[], %(visitor_session_ids)s::text[], %(new_session_pks)s::uuid[],
            %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(rooms)s::text[]
        ) AS posted (visitor_id, visitor_session_id, new_session_pk, started_at, ended_at, room_ids)
        CROSS JOIN {VISITOR_OF_REPORT}
        WHERE visitor.id = coalesce(
            (
                SELECT s.visitor_id FROM matching_visitorsession AS s
                WHERE s.organization_id = %(organization)s
                  AND s.visitor_session_id >= posted.visitor_session_id
                  AND s.visitor_session_id <= posted.visitor_session_id
                ORDER BY s.visitor_session_id
                LIMIT 1
            ),
            visitor.id
        )
    ),
    upserted AS (
        INSERT INTO matching_visitorsession AS s (
            id, organization_id, visitor_session_id, visitor_id, started_at, ended_at, room_ids,
            created_at, updated_at
        )
        SELECT report.new_session_pk, %(organization)s, report.visitor_session_id, report.visitor_pk,
               report.started_at, report.ended_at, report.room_ids::uuid[], %(at)s, %(at)s
        FROM report
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
    SELECT id, visitor_session_id, started_at, ended_at, room_ids::text[], created_at, updated_at, is_new,
           {IS_AWAITED.format(carried=CARRIED_BY_SESSIONS)}
    FROM upserted
"""

# What is tied to few visitors and was more than that when the row was to be written is left out: see
# ANNOUNCE_ARRIVAL.
UPSERT_IDENTITIES = f"""
    WITH report AS MATERIALIZED (
        SELECT posted.*, visitor.id AS visitor_pk
        FROM unnest(
            %(visitor_ids)s::text[], %(identities)s::text[], %(new_identity_pks)s::uuid[],
            %(visitor_session_ids)s::text[], %(visitors)s::int[]
        ) AS posted (visitor_id, identity, new_identity_pk, visitor_session_id, visitors)
        CROSS JOIN {VISITOR_OF_REPORT}
        WHERE posted.visitors IS NULL
           OR posted.visitors + {VISITORS_OF.format(identity="posted.identity")} <= {FEW_VISITORS}
           OR (
               SELECT i.id FROM matching_visitoridentity AS i
               WHERE i.organization_id = %(organization)s AND i.visitor_id = visitor.id
                 AND i.identity >= posted.identity AND i.identity <= posted.identity
               ORDER BY i.identity, i.visitor_id
               LIMIT 1
           ) IS NOT NULL
    ),
    upserted AS (
        INSERT INTO matching_visitoridentity AS i (
            id, organization_id, identity, visitor_id, visitor_session_id, created_at
        )
        SELECT report.new_identity_pk, %(organization)s, report.identity, report.visitor_pk,
               report.visitor_session_id, %(at)s
        FROM report
        ORDER BY report.identity, report.visitor_id
        ON CONFLICT (organization_id, identity, visitor_id) DO UPDATE SET
            visitor_session_id = coalesce(excluded.visitor_session_id, i.visitor_session_id)
        RETURNING i.id, i.identity, i.visitor_id, i.visitor_session_id, i.created_at, xmax = 0 AS is_new
    )
    SELECT upserted.id, upserted.identity, visitor.visitor_id, visitor_session_id, created_at, is_new,
           {IS_AWAITED.format(carried="report AS carried")}
    FROM upserted
    CROSS JOIN LATERAL (
        SELECT v.visitor_id FROM matching_visitor AS v
        WHERE v.organization_id = %(organization)s
          AND v.id >= upserted.visitor_id AND v.id <= upserted.visitor_id
        ORDER BY v.id
        LIMIT 1
    ) AS visitor
"""

# Nothing of a refused report stays, not even its visitor.
DELETE_STRAY_VISITORS = """
    DELETE FROM matching_visitor AS v
    WHERE v.organization_id = %(organization)s AND v.id = ANY(%(pks)s::uuid[])
      AND (
          SELECT s.id FROM matching_visitorsession AS s
          WHERE s.organization_id = %(organization)s AND s.visitor_id = v.id
          ORDER BY s.started_at DESC
          LIMIT 1
      ) IS NULL
      AND (
          SELECT i.id FROM matching_visitoridentity AS i
          WHERE i.organization_id = %(organization)s AND i.visitor_id >= v.id AND i.visitor_id <= v.id
          ORDER BY i.visitor_id
          LIMIT 1
      ) IS NULL
"""

OTHERS_SESSIONS = """
    SELECT posted.visitor_session_id, posted.visitor_id
    FROM unnest(%(visitor_session_ids)s::text[], %(visitor_ids)s::text[])
         AS posted (visitor_session_id, visitor_id)
    CROSS JOIN LATERAL (
        SELECT s.visitor_id FROM matching_visitorsession AS s
        WHERE s.organization_id = %(organization)s
          AND s.visitor_session_id >= posted.visitor_session_id
          AND s.visitor_session_id <= posted.visitor_session_id
        ORDER BY s.visitor_session_id
        LIMIT 1
    ) AS session
    CROSS JOIN LATERAL (
        SELECT v.visitor_id FROM matching_visitor AS v
        WHERE v.organization_id = %(organization)s
          AND v.id >= session.visitor_id AND v.id <= session.visitor_id
        ORDER BY v.id
        LIMIT 1
    ) AS owner
    WHERE owner.visitor_id <> posted.visitor_id
"""

# The oldest of an identity first.
AWAITING = f"""
    SELECT held.id
    FROM {{carried}}
    CROSS JOIN LATERAL (
        SELECT pending.id FROM matching_pendingmatch AS pending
        WHERE pending.organization_id = %(organization)s AND pending.status = 'pending'
          AND pending.visitor_identity >= carried.identity
          AND pending.visitor_identity <= carried.identity
        ORDER BY pending.visitor_identity, pending.id
        LIMIT {MAX_PENDING}
    ) AS held
    LIMIT {MAX_PENDING}
"""
AWAITING_SESSIONS = AWAITING.format(
    carried="""(
        SELECT DISTINCT i.identity
        FROM unnest(%(visitor_ids)s::text[]) AS posted (visitor_id)
        CROSS JOIN LATERAL (
            SELECT v.id FROM matching_visitor AS v
            WHERE v.organization_id = %(organization)s
              AND v.visitor_id >= posted.visitor_id AND v.visitor_id <= posted.visitor_id
            ORDER BY v.visitor_id
            LIMIT 1
        ) AS visitor
        CROSS JOIN LATERAL (
            SELECT i.identity FROM matching_visitoridentity AS i
            WHERE i.organization_id = %(organization)s
              AND i.visitor_id >= visitor.id AND i.visitor_id <= visitor.id
            ORDER BY i.visitor_id
        ) AS i
    ) AS carried"""
)
AWAITING_IDENTITIES = AWAITING.format(carried="unnest(%(identities)s::text[]) AS carried (identity)")


def record_sessions(
    organization: Organization, reports: Sequence[SessionReport], *, at: datetime
) -> list[KnownSession | SessionConflict | IdentityTooCommon | UnknownRooms]:
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
            (
                (report.visitor_identity, report.visitor_id)
                for report in reports
                if report.visitor_identity is not None
            ),
            is_batch=len(reports) > 1,
            at=at,
        )
        known_rooms = arrival.known_rooms
        too_common = reports_too_common(arrival, reports)
        placed = [
            report
            for index, report in enumerate(reports)
            if known_rooms.issuperset(report.rooms) and index not in too_common
        ]
        known, is_awaited = merge_sessions(organization, placed, at=at)
        accepted = [report for report in placed if is_owner(report, known)]
        identities = [
            IdentityReport(report.visitor_identity, report.visitor_id, report.visitor_session_id)
            for report in accepted
            if report.visitor_identity is not None
        ]
        if identities:
            _, are_identities_awaited = upsert_identities(arrival, identities, at=at)
            is_awaited |= are_identities_awaited
        if is_awaited:
            visitor_ids = text_array({report.visitor_id for report in accepted})
            settle_awaiting(organization, AWAITING_SESSIONS, at=at, visitor_ids=visitor_ids)
        if len(accepted) < len(reports):
            arrival.delete_stray_visitors()

    answers: list[KnownSession | SessionConflict | IdentityTooCommon | UnknownRooms] = []
    seen: set[str] = set()
    for index, report in enumerate(reports):
        if not known_rooms.issuperset(report.rooms):
            answers.append(UnknownRooms([room for room in report.rooms if room not in known_rooms]))
        elif index in too_common:
            answers.append(IdentityTooCommon(str(report.visitor_identity)))
        elif not is_owner(report, known):
            answers.append(SessionConflict(report.visitor_session_id))
        else:
            session = known[report.visitor_session_id]
            answers.append(session._replace(is_new=False) if session.visitor_session_id in seen else session)
            seen.add(session.visitor_session_id)
    return answers


Tie = tuple[str, str]  # an identity and a visitor id


class Arrival(NamedTuple):
    """What is known of an arrival once it has taken its locks."""

    organization: Organization
    known_rooms: frozenset[str]
    new_visitor_pks: Sequence[UUID]
    ties: Mapping[str, int]  # the identities that come along, and to how many visitors each is tied
    crowd: "Crowd"

    def delete_stray_visitors(self) -> None:
        """Delete the visitors that were made for nothing, as their reports were refused."""
        if self.new_visitor_pks:
            with connection.cursor() as cursor:
                cursor.execute(
                    DELETE_STRAY_VISITORS,
                    {"organization": self.organization.id, "pks": array(self.new_visitor_pks)},
                )


class Crowd:
    """The identities of an arrival that have many visitors, and how many more each may have."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.known: set[Tie] = set()

    def admit(self, tie: Tie) -> bool:
        """Tell whether the identity may be tied to the visitor; if so, it is from now on."""
        identity, _ = tie
        if identity not in self.places or tie in self.known:
            return True
        if self.places[identity] <= 0:
            return False
        self.places[identity] -= 1
        self.known.add(tie)
        return True


def announce_arrival(
    organization: Organization,
    visitor_ids: Iterable[str],
    room_ids: Iterable[str],
    ties: Iterable[Tie],
    *,
    is_batch: bool,
    at: datetime,
) -> Arrival:
    """Take part in the arrivals lock and those of identities, and make and lock the visitors.

    Args:
        ties: the identities that come along, each with its visitor.
    """
    distinct = set(visitor_ids)
    distinct_ties = set(ties)
    visitors = Counter(identity for identity, _ in distinct_ties)
    with connection.cursor() as cursor:
        cursor.execute(
            ANNOUNCE_ARRIVAL,
            {
                "organization": organization.id,
                "at": at,
                "is_batch": is_batch,
                "visitor_ids": text_array(distinct),
                "new_visitor_pks": array(new_pks(len(distinct))),
                "rooms": array(set(room_ids)),
                "identities": text_array(visitors),
                "visitors": array(map(str, visitors.values())),
            },
        )
        known_rooms, new_visitor_pks, crowded = cursor.fetchone()
    crowd = Crowd()
    if crowded:
        look_at_crowd(organization, crowd, set(crowded), distinct_ties)
    return Arrival(organization, frozenset(known_rooms), new_visitor_pks, visitors, crowd)


def look_at_crowd(organization: Organization, crowd: Crowd, identities: set[str], ties: set[Tie]) -> None:
    """Read what is known of identities that have many visitors."""
    ties = {tie for tie in ties if tie[0] in identities}
    with connection.cursor() as cursor:
        cursor.execute(
            CROWDED,
            {
                "organization": organization.id,
                "identities": text_array(identities),
                "tied_identities": text_array(identity for identity, _ in ties),
                "visitor_ids": text_array(visitor_id for _, visitor_id in ties),
            },
        )
        for identity, visitor_id, count in cursor:
            if visitor_id is None:
                crowd.places[identity] = MAX_VISITORS - count
            else:
                crowd.known.add((identity, visitor_id))


def reports_too_common(arrival: Arrival, reports: Sequence[SessionReport]) -> set[int]:
    """Return the indexes of the reports that would tie an identity to one visitor too many.

    As if each came alone after those before it: one that is refused for its rooms or its session takes no
    place.
    """
    if not arrival.crowd.places:
        return set()
    owners = find_owners(arrival.organization, {report.visitor_session_id for report in reports})
    too_common = set()
    for index, report in enumerate(reports):
        if not arrival.known_rooms.issuperset(report.rooms):
            continue
        if owners.get(report.visitor_session_id, report.visitor_id) != report.visitor_id:
            continue
        identity = report.visitor_identity
        if identity is None or arrival.crowd.admit((identity, report.visitor_id)):
            owners[report.visitor_session_id] = report.visitor_id
        else:
            too_common.add(index)
    return too_common


def settle_awaiting(organization: Organization, awaiting: str, *, at: datetime, **who: str) -> None:
    """Settle what is held for those who arrived, so much of it as one arrival may take time for."""
    with connection.cursor() as cursor:
        cursor.execute(awaiting, {"organization": organization.id, **who})
        held = [pk for (pk,) in cursor.fetchall()]
    settle(organization, organization.pending_matches.filter(id__in=held), at=at)


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


def find_owners(organization: Organization, session_ids: Collection[str]) -> dict[str, str]:
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
    visitors = {report.visitor_session_id: report.visitor_id for report in reports}
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
    sessions = (KnownSession(pk, name, visitors[name], *rest) for pk, name, *rest, _ in rows)
    return {session.visitor_session_id: session for session in sessions}, bool(rows and rows[0][-1])


def record_identities(
    organization: Organization, reports: Sequence[IdentityReport], *, at: datetime
) -> list[KnownIdentity | SessionConflict | IdentityTooCommon]:
    """Tie identities to visitors, and settle held matches that lacked them, in one transaction.

    The answers are in the order of the reports.
    """
    with transaction.atomic(savepoint=False):
        arrival = announce_arrival(
            organization,
            (report.visitor_id for report in reports),
            (),
            map(tie_of, reports),
            is_batch=len(reports) > 1,
            at=at,
        )
        disputed = others_sessions(organization, reports)
        fine = [
            report
            for report in reports
            if session_of(report) not in disputed and arrival.crowd.admit(tie_of(report))
        ]
        known, is_awaited = upsert_identities(arrival, fine, at=at)
        if is_awaited:
            identities = text_array({report.visitor_identity for report in fine})
            settle_awaiting(organization, AWAITING_IDENTITIES, at=at, identities=identities)
        if len(fine) < len(reports):
            arrival.delete_stray_visitors()

    answers: list[KnownIdentity | SessionConflict | IdentityTooCommon] = []
    seen: set[Tie] = set()
    for report in reports:
        key = tie_of(report)
        if session_of(report) in disputed:
            answers.append(SessionConflict(str(report.visitor_session_id)))
            continue
        if key not in known:
            answers.append(IdentityTooCommon(report.visitor_identity))
            continue
        answers.append(known[key]._replace(is_new=False) if key in seen else known[key])
        seen.add(key)
    return answers


def tie_of(report: IdentityReport) -> Tie:
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
    arrival: Arrival, reports: Iterable[IdentityReport], *, at: datetime
) -> tuple[dict[Tie, KnownIdentity], bool]:
    """Write the reports, which the arrival's crowd has admitted, in one statement.

    Returns: the identities by identity and visitor id, and whether a match is held for one of them.
    Raises: CollisionError where an identity came to have many visitors since the arrival was announced.
    """
    merged: dict[Tie, IdentityReport] = {}
    for report in reports:
        key = tie_of(report)
        if key not in merged or report.visitor_session_id is not None:
            merged[key] = report
    if not merged:
        return {}, False
    crowded = arrival.crowd.places
    visitors = (None if identity in crowded else str(arrival.ties[identity]) for identity, _ in merged)
    with connection.cursor() as cursor:
        cursor.execute(
            UPSERT_IDENTITIES,
            {
                "organization": arrival.organization.id,
                "at": at,
                "visitor_ids": text_array(report.visitor_id for report in merged.values()),
                "identities": text_array(report.visitor_identity for report in merged.values()),
                "new_identity_pks": array(new_pks(len(merged))),
                "visitor_session_ids": text_array(report.visitor_session_id for report in merged.values()),
                "visitors": array(visitors),
            },
        )
        rows = cursor.fetchall()
    if len(rows) < len(merged):
        raise CollisionError("an identity came to have many visitors")
    identities = (KnownIdentity(*row[:-1]) for row in rows)
    known = {(identity.visitor_identity, identity.visitor_id): identity for identity in identities}
    return known, bool(rows and rows[0][-1])
