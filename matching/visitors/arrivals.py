"""What sessions and identities have in common when they arrive: locks, visitors, and who waits for them.

As in the resolver, one and a thousand take the same statements. No set of rows is joined to another: each row
has its own look-ups, so there is no join whose plan could be wrong. Rows are locked in one order everywhere
(visitors by id, then sessions by id, then identities), so concurrent deliveries of the same rows wait for
each other and never deadlock.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from goalsvc.database.parameters import array, ids_in, new_pks, text_array
from goalsvc.database.planning import BY_INDEX
from goalsvc.database.statements import Statement
from goalsvc.orgs.models import Organization
from matching.limits import MAX_PENDING, MAX_VISITORS
from matching.matches.locks import ARRIVALS_LOCK
from matching.matches.recording import settle
from matching.matches.retries import CollisionError
from matching.visitors.lookups import count_visitors, find_pending, look_up

Pair = tuple[str, str]  # an identity and a visitor id


class IdentityReport(NamedTuple):
    """An identity of a visitor, and the session in which it was given, if that is known."""

    visitor_identity: str
    visitor_id: str
    visitor_session_id: str | None = None


class SessionReport(NamedTuple):
    """A session as a tracking site reports it: perhaps again, perhaps only a part of what is known."""

    visitor_session_id: str
    visitor_id: str
    started_at: datetime
    ended_at: datetime | None
    rooms: Sequence[str]
    visitor_identity: str | None = None


# An identity that has at most so many visitors is tied to another one without an exclusive lock: even if all
# connections of the server did so at the same moment, they would not pass the limit.
FEW_VISITORS = f"{MAX_VISITORS} / current_setting('max_connections')::int"
# 64 locks for the identities of an organization, so that those of a batch fit the server's table of locks.
IDENTITY_LOCK = "hashtextextended('crowd ' || %(organization)s::uuid::text, hashtext({identity}) & 63)"


def find_visitors(posted: str) -> str:
    """Return the SELECT of the keys of visitors by the ids that the tracking site gave them, as JSON."""
    visitor = look_up("v.visitor_id, v.id", "v.visitor_id", "posted.visitor_id")
    return f"""
    SELECT json_object_agg(visitor.visitor_id, visitor.id)
    FROM {posted}
    CROSS JOIN LATERAL ({visitor}) AS visitor
"""


IS_ANYTHING_PENDING = """EXISTS (
            SELECT FROM matching_pendingmatch
            WHERE organization_id = %(organization)s AND status = 'pending'
        )"""

POSTED = "unnest(%(visitor_ids)s::text[], %(new_visitor_pks)s::uuid[]) AS posted (visitor_id, new_visitor_pk)"
LOCK_OF_BUCKET = IDENTITY_LOCK.format(identity="bucket.identity")
# An arrival begins with this statement. It takes the arrivals lock shared (see matching.matches.locks). Then
# takes the locks of the identities: those that have many visitors exclusively, so that the limit holds. Then
# makes the visitors that are missing.
#
# A session and an identity of one visitor that arrive at the same moment would not see each other, and only
# together may be what a pending match lacks: so where anything is pending, the visitors that are known are
# locked, and one of the two waits (`WHERE FALSE` locks the row without changing it). Mostly nothing is
# pending; then nobody waits for another. That may no longer be so once the arrivals lock has been waited for:
# the statement that writes looks again.
#
# Its row: which of the rooms are the organization's, the keys of the visitors that are new and of those that
# were known when it began, the identities that have many visitors, whether nothing is pending.
#
# `arrival` reads no table: where tables are spread, a part that reads one is run where its rows are, and a
# lock that is taken there keeps nobody away.
ANNOUNCE = Statement(
    f"""
    WITH arrival AS MATERIALIZED (
        SELECT pg_advisory_xact_lock_shared({ARRIVALS_LOCK}) IS NULL AS is_locked, {BY_INDEX} AS by_index
    ),
    quiet AS MATERIALIZED (SELECT NOT {IS_ANYTHING_PENDING} AS is_quiet),
    named AS MATERIALIZED (
        SELECT tied.identity, tied.visitors, {count_visitors("tied.identity")} AS known_visitors
        FROM arrival
        CROSS JOIN unnest(%(identities)s::text[], %(visitors)s::int[]) AS tied (identity, visitors)
    ),
    locked AS MATERIALIZED (
        SELECT CASE
                   WHEN bucket.is_crowded THEN pg_advisory_xact_lock({LOCK_OF_BUCKET}) IS NULL
                   ELSE pg_advisory_xact_lock_shared({LOCK_OF_BUCKET}) IS NULL
               END AS is_locked
        FROM (
            SELECT min(named.identity) AS identity,
                   bool_or(
                       known_visitors < {MAX_VISITORS} AND known_visitors + visitors > {FEW_VISITORS}
                   ) AS is_crowded
            FROM named
            GROUP BY hashtext(named.identity) & 63
            ORDER BY hashtext(named.identity) & 63
            OFFSET 0
        ) AS bucket
    ),
    posted AS MATERIALIZED (
        SELECT posted.new_visitor_pk AS id, posted.visitor_id, quiet.is_quiet,
               ({look_up("v.id", "v.visitor_id", "posted.visitor_id")}) AS known_id
        FROM quiet
        CROSS JOIN (SELECT count(*) FROM locked) AS ready
        CROSS JOIN {POSTED}
        ORDER BY posted.visitor_id
    ),
    locked_or_new AS (
        INSERT INTO matching_visitor AS v (id, organization_id, visitor_id, created_at)
        SELECT id, %(organization)s, visitor_id, %(at)s FROM posted WHERE NOT is_quiet
        ON CONFLICT (organization_id, visitor_id) DO UPDATE SET created_at = v.created_at WHERE FALSE
        RETURNING v.visitor_id, v.id
    ),
    new AS (
        INSERT INTO matching_visitor AS v (id, organization_id, visitor_id, created_at)
        SELECT id, %(organization)s, visitor_id, %(at)s FROM posted WHERE is_quiet AND known_id IS NULL
        ON CONFLICT (organization_id, visitor_id) DO NOTHING
        RETURNING v.visitor_id, v.id
    ),
    new_visitor AS (TABLE locked_or_new UNION ALL TABLE new)
    SELECT ARRAY(
               SELECT id::text FROM orgs_room
               WHERE organization_id = %(organization)s AND archived_at IS NULL
                 AND id = ANY(%(rooms)s::uuid[])
           ) AS known_rooms,
           (SELECT json_object_agg(visitor_id, id) FROM new_visitor) AS new_visitors,
           (SELECT json_object_agg(visitor_id, known_id) FROM posted WHERE known_id IS NOT NULL)
               AS known_visitors,
           (SELECT json_agg(identity) FROM named WHERE known_visitors + visitors > {FEW_VISITORS}) AS common,
           (SELECT is_quiet FROM quiet)
""",
    is_planned_anew=True,
)
KNOWN_VISITORS = Statement(
    find_visitors("unnest(%(visitor_ids)s::text[]) AS posted (visitor_id)"), is_planned_anew=True
)

# Of identities that have many visitors: how many, and which of the pairs are known. Asked in a statement that
# began after their locks were taken.
COMMON_IDENTITIES = Statement(
    f"""
    SELECT named.identity, NULL, {count_visitors("named.identity")}
    FROM unnest(%(identities)s::text[]) AS named (identity)
    UNION ALL
    SELECT tied.identity, tied.visitor_id, NULL
    FROM unnest(%(tied_identities)s::text[], %(visitor_ids)s::text[]) AS tied (identity, visitor_id)
    WHERE (
        SELECT i.id FROM matching_visitoridentity AS i
        WHERE i.organization_id = %(organization)s AND i.identity = tied.identity
          AND i.visitor_id = ({look_up("v.id", "v.visitor_id", "tied.visitor_id")})
        LIMIT 1
    ) IS NOT NULL
""",
    is_planned_anew=True,
)

# Whether a match is pending at all, and for somebody who has just arrived; mostly nothing is, and then
# nothing else is looked at. Asked in a statement that began after the arrivals lock was taken, so no pending
# match is overlooked.
IS_AWAITED = f"""
    pending AS MATERIALIZED (SELECT {IS_ANYTHING_PENDING} AS is_there),
    awaited AS MATERIALIZED (
        SELECT is_there, is_there AND EXISTS (
            SELECT FROM {{carried}}
            CROSS JOIN LATERAL ({find_pending("", "LIMIT 1")}) AS held
        ) AS is_awaited
        FROM pending
    )"""

# Nothing of a refused report stays, not even its visitor.
DELETE_STRAY_VISITORS = f"""
    DELETE FROM matching_visitor AS v
    WHERE v.organization_id = %(organization)s AND v.id = ANY(%(pks)s::uuid[])
      AND (
          SELECT s.id FROM matching_visitorsession AS s
          WHERE s.organization_id = %(organization)s AND s.visitor_id = v.id
          ORDER BY s.started_at DESC
          LIMIT 1
      ) IS NULL
      AND ({look_up("i.id", "i.visitor_id", "v.id")}) IS NULL
"""

# The oldest of an identity first.
AWAITING = f"""
    SELECT held.id
    FROM {{carried}}
    CROSS JOIN LATERAL ({find_pending("pending.id", f"LIMIT {MAX_PENDING}")}) AS held
    LIMIT {MAX_PENDING}
"""


@dataclass(slots=True)
class Arrival:
    """What is known of sessions or identities that arrive, once their locks are taken."""

    organization: Organization
    at: datetime
    known_rooms: frozenset[str]
    visitor_pks: Mapping[str, str]  # by the ids that the tracking site gave them
    new_visitors: Collection[str]  # those of them that are new
    is_quiet: bool  # nothing was pending when it was announced: visitors who were known are not locked
    visitor_counts: Mapping[str, int]  # to how many visitors each of the identities is to be tied
    # Of those that have many visitors already: how many more each may have, and which it has.
    places: dict[str, int] = field(default_factory=dict)
    known_pairs: set[Pair] = field(default_factory=set)
    is_awaited: bool = False  # a match is pending for one of those who have been written

    def admit(self, pair: Pair) -> bool:
        """Tell whether the identity may be tied to the visitor; if so, it is from now on."""
        identity, _ = pair
        if identity not in self.places or pair in self.known_pairs:
            return True
        if self.places[identity] <= 0:
            return False
        self.places[identity] -= 1
        self.known_pairs.add(pair)
        return True

    def heed(self, is_anything_pending: str | None, is_awaited: str | None) -> None:
        """Take note of what the statement that writes has seen to be pending.

        Raises: CollisionError where the first match became pending since the arrival was announced.
        """
        if self.is_quiet and is_anything_pending == "t":
            raise CollisionError("a match became pending")
        self.is_awaited |= is_awaited == "t"

    def settle(self, awaiting: Statement, **who: str) -> None:
        """Settle pending matches that may have waited for those who arrived, MAX_PENDING of them at most.

        Args:
            awaiting: AWAITING, formatted with SQL for the identities.
            who: the parameters of that SQL.
        """
        ids = [pk for (pk,) in awaiting.fetch(organization=self.organization.id, **who)]
        settle(self.organization, self.organization.pending_matches.filter(id__in=ids), at=self.at)

    def delete_stray_visitors(self) -> None:
        """Delete the visitors that were made for nothing, as their reports were refused."""
        if self.new_visitors:
            pks = array(self.visitor_pks[visitor_id] for visitor_id in self.new_visitors)
            with connection.cursor() as cursor:
                cursor.execute(DELETE_STRAY_VISITORS, {"organization": self.organization.id, "pks": pks})


def announce_arrival(
    organization: Organization,
    reports: Sequence[SessionReport] | Sequence[IdentityReport],
    room_ids: Iterable[str] = (),
    *,
    at: datetime,
) -> Arrival:
    """Take the arrivals lock and those of the identities, and make and lock the visitors."""
    visitor_ids = {report.visitor_id for report in reports}
    pairs = {
        (report.visitor_identity, report.visitor_id)
        for report in reports
        if report.visitor_identity is not None
    }
    visitor_counts = Counter(identity for identity, _ in pairs)
    [row] = ANNOUNCE.fetch(
        organization=organization.id,
        at=at,
        rooms=array(room_ids),
        visitor_ids=text_array(visitor_ids),
        new_visitor_pks=array(new_pks(len(visitor_ids))),
        identities=text_array(visitor_counts),
        visitors=array(map(str, visitor_counts.values())),
    )
    known_rooms, new, known, common, is_quiet = row
    new_visitors = in_json(new) or {}
    # One that is new stands in place of a known one that has just been deleted.
    visitor_pks = {**(in_json(known) or {}), **new_visitors}
    if len(visitor_pks) < len(visitor_ids):  # others were made while the statement waited for them
        [[known]] = KNOWN_VISITORS.fetch(organization=organization.id, visitor_ids=text_array(visitor_ids))
        visitor_pks = {**(in_json(known) or {}), **new_visitors}
        if len(visitor_pks) < len(visitor_ids):
            raise CollisionError("a visitor was deleted")
    arrival = Arrival(
        organization=organization,
        at=at,
        known_rooms=frozenset(ids_in(known_rooms)),
        visitor_pks=visitor_pks,
        new_visitors=new_visitors.keys(),
        is_quiet=is_quiet == "t",
        visitor_counts=visitor_counts,
    )
    if common:
        read_common_identities(arrival, set(in_json(common)), pairs)
    return arrival


def in_json(text: str | None) -> Any:
    """Read JSON of PostgreSQL; NULL is None."""
    return None if text is None else msgspec.json.decode(text)


def read_common_identities(arrival: Arrival, identities: set[str], pairs: set[Pair]) -> None:
    """Read what is known of identities that have many visitors."""
    asked = [(identity, visitor_id) for identity, visitor_id in pairs if identity in identities]
    rows = COMMON_IDENTITIES.fetch(
        organization=arrival.organization.id,
        identities=text_array(identities),
        tied_identities=text_array(identity for identity, _ in asked),
        visitor_ids=text_array(visitor_id for _, visitor_id in asked),
    )
    for identity, visitor_id, count in rows:
        if visitor_id is None:
            arrival.places[identity] = MAX_VISITORS - int(count)
        else:
            arrival.known_pairs.add((identity, visitor_id))
