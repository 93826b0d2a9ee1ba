"""The statements of sessions and identities that arrive.

Each takes the service's arrivals lock shared: whoever holds a match takes it exclusively, looks for its
session, and stores the match if there is none. What waits for an arrival is looked for after its commit and
before its answer: of a session and an identity that only together are what a match lacks, the later commit
sees both.
"""

from matching.limits import MAX_PENDING, MAX_VISITORS
from tests.benchmark.peer.callers import CALLER, IS_ALLOWED

ARRIVALS_LOCK = "pg_advisory_xact_lock_shared(hashtextextended('arrivals ' || {organization}::uuid::text, 0))"
# Locks of identities, as the service's: those that have many visitors are taken exclusively.
IDENTITY_LOCK = "hashtextextended('crowd ' || {organization}::uuid::text, {number})"
LOCK_OF_BUCKET = IDENTITY_LOCK.format(organization="$1", number="bucket.number")
FEW_VISITORS = f"{MAX_VISITORS} / current_setting('max_connections')::int"

ROOMS = """
    ARRAY(SELECT id FROM orgs_room
          WHERE organization_id = {organization} AND archived_at IS NULL AND id = ANY({rooms}::uuid[]))
"""
ROOMS_OF_BATCH = f"SELECT {ROOMS.format(organization='$1', rooms='$2')}"

MERGE = """
    ON CONFLICT (organization_id, visitor_session_id) DO UPDATE SET
        started_at = least(s.started_at, excluded.started_at),
        ended_at = greatest(s.ended_at, excluded.ended_at),
        room_ids = CASE
            WHEN excluded.room_ids <@ s.room_ids THEN s.room_ids
            ELSE ARRAY(SELECT DISTINCT unnest(s.room_ids || excluded.room_ids) ORDER BY 1)
        END,
        updated_at = excluded.updated_at
    WHERE s.visitor_id = excluded.visitor_id
    RETURNING s.id, s.visitor_session_id, s.started_at, s.ended_at, s.room_ids, s.created_at, s.updated_at,
              xmax = 0 AS is_new
"""
SESSION_COLUMNS = """id, organization_id, visitor_session_id, visitor_id, started_at, ended_at, room_ids,
    created_at, updated_at"""
# The visitor $5 of the organization $3, made with the key $6 if `ready` has a row.
VISITOR = """
    known AS MATERIALIZED (
        SELECT id FROM matching_visitor WHERE organization_id = $3 AND visitor_id = $5
    ),
    added AS (
        INSERT INTO matching_visitor (id, organization_id, visitor_id, created_at)
        SELECT $6, $3, $5, $2 FROM ready WHERE NOT EXISTS (SELECT FROM known)
        ON CONFLICT (organization_id, visitor_id) DO UPDATE SET visitor_id = excluded.visitor_id
        RETURNING id
    ),
    visitor AS (SELECT id FROM known UNION ALL SELECT id FROM added)
"""
# $4: the session's id; $7 to $10: its key, beginning, end and rooms.
ONE_SESSION = f"""
    WITH caller AS MATERIALIZED ({CALLER}),
    arrival AS MATERIALIZED (
        SELECT {ARRIVALS_LOCK.format(organization="$3")} IS NULL,
               {ROOMS.format(organization="$3", rooms="$10")} AS known_rooms
        FROM caller WHERE {IS_ALLOWED}
    ),
    owner AS MATERIALIZED (
        SELECT v.visitor_id FROM matching_visitorsession AS s
        JOIN matching_visitor AS v ON v.organization_id = $3 AND v.id = s.visitor_id
        WHERE s.organization_id = $3 AND s.visitor_session_id = $4
    ),
    ready AS MATERIALIZED (
        SELECT FROM arrival
        WHERE cardinality(known_rooms) = cardinality($10::uuid[])
          AND NOT EXISTS (SELECT FROM owner WHERE owner.visitor_id <> $5)
    ),
    {VISITOR},
    session AS (
        INSERT INTO matching_visitorsession AS s ({SESSION_COLUMNS})
        SELECT $7, $3, $4, visitor.id, $8, $9, $10, $2, $2 FROM ready CROSS JOIN visitor
        {MERGE}
    )
    SELECT caller.*, arrival.known_rooms, session.*, (SELECT id FROM visitor) AS visitor_pk,
           EXISTS (SELECT FROM added) AS is_visitor_new
    FROM caller LEFT JOIN arrival ON TRUE LEFT JOIN session ON TRUE
"""
# $4: the identity; $7: the key; $8: the session it was given in, if that was told.
ONE_IDENTITY = f"""
    WITH caller AS MATERIALIZED ({CALLER}),
    counted AS MATERIALIZED (
        SELECT (
            SELECT count(*) FROM (
                SELECT FROM matching_visitoridentity WHERE organization_id = $3 AND identity = $4
                LIMIT {MAX_VISITORS}
            ) AS carried
        ) AS visitors
        FROM caller WHERE {IS_ALLOWED}
    ),
    other AS MATERIALIZED (
        SELECT FROM matching_visitorsession AS s
        JOIN matching_visitor AS v ON v.organization_id = $3 AND v.id = s.visitor_id
        WHERE $8::text IS NOT NULL AND s.organization_id = $3 AND s.visitor_session_id = $8
          AND v.visitor_id <> $5
    ),
    ready AS MATERIALIZED (
        SELECT {ARRIVALS_LOCK.format(organization="$3")} IS NULL,
               pg_advisory_xact_lock_shared(
                   {IDENTITY_LOCK.format(organization="$3", number="hashtext($4) & 63")}
               ) IS NULL
        FROM counted
        WHERE visitors + 1 <= {FEW_VISITORS} AND NOT EXISTS (SELECT FROM other)
    ),
    {VISITOR},
    identity AS (
        INSERT INTO matching_visitoridentity AS i (
            id, organization_id, identity, visitor_id, visitor_session_id, created_at
        )
        SELECT $7, $3, $4, visitor.id, $8, $2 FROM ready CROSS JOIN visitor
        ON CONFLICT (organization_id, identity, visitor_id) DO UPDATE SET
            visitor_session_id = coalesce(excluded.visitor_session_id, i.visitor_session_id)
        RETURNING i.id, i.visitor_session_id, i.created_at, xmax = 0 AS is_new
    )
    SELECT caller.*, EXISTS (SELECT FROM other) AS is_others, identity.*
    FROM caller LEFT JOIN identity ON TRUE
"""

# For many, inside a transaction. First the locks: $2 and $3 are the identities, and how many visitors each
# is tied to. Returns those that may come to have many.
ANNOUNCE = f"""
    WITH arrival AS MATERIALIZED (SELECT {ARRIVALS_LOCK.format(organization="$1")} IS NULL),
    named AS MATERIALIZED (
        SELECT tied.identity, tied.visitors, (
            SELECT count(*) FROM (
                SELECT FROM matching_visitoridentity AS i
                WHERE i.organization_id = $1 AND i.identity = tied.identity LIMIT {MAX_VISITORS}
            ) AS carried
        ) AS known_visitors
        FROM arrival CROSS JOIN unnest($2::text[], $3::int[]) AS tied (identity, visitors)
    ),
    locked AS MATERIALIZED (
        SELECT CASE
                   WHEN is_crowded THEN pg_advisory_xact_lock({LOCK_OF_BUCKET}) IS NULL
                   ELSE pg_advisory_xact_lock_shared({LOCK_OF_BUCKET}) IS NULL
               END
        FROM (
            SELECT hashtext(identity) & 63 AS number,
                   bool_or(known_visitors + visitors > {FEW_VISITORS}) AS is_crowded
            FROM named GROUP BY hashtext(identity) & 63 ORDER BY hashtext(identity) & 63 OFFSET 0
        ) AS bucket
    )
    SELECT identity FROM named CROSS JOIN (SELECT count(*) FROM locked) AS ready
    WHERE known_visitors + visitors > {FEW_VISITORS}
"""
COUNT_VISITORS = f"""
    SELECT named.identity, (
        SELECT count(*) FROM (
            SELECT FROM matching_visitoridentity AS i
            WHERE i.organization_id = $1 AND i.identity = named.identity LIMIT {MAX_VISITORS}
        ) AS carried
    ) AS visitors
    FROM unnest($2::text[]) AS named (identity)
"""
KNOWN_PAIRS = """
    SELECT i.identity, v.visitor_id
    FROM unnest($2::text[], $3::text[]) AS tied (identity, visitor_id)
    JOIN matching_visitor AS v ON v.organization_id = $1 AND v.visitor_id = tied.visitor_id
    JOIN matching_visitoridentity AS i
        ON i.organization_id = $1 AND i.identity = tied.identity AND i.visitor_id = v.id
"""
OWNERS = """
    SELECT s.visitor_session_id, v.visitor_id
    FROM unnest($2::text[]) AS posted (visitor_session_id)
    JOIN matching_visitorsession AS s
        ON s.organization_id = $1 AND s.visitor_session_id = posted.visitor_session_id
    JOIN matching_visitor AS v ON v.organization_id = $1 AND v.id = s.visitor_id
"""
# $2 and $3: the visitors and keys for those that are new; $4: the moment.
VISITORS = """
    WITH known AS MATERIALIZED (
        SELECT v.visitor_id, v.id FROM unnest($2::text[]) AS posted (visitor_id)
        JOIN matching_visitor AS v ON v.organization_id = $1 AND v.visitor_id = posted.visitor_id
    ),
    added AS (
        INSERT INTO matching_visitor (id, organization_id, visitor_id, created_at)
        SELECT posted.id, $1, posted.visitor_id, $4
        FROM unnest($2::text[], $3::uuid[]) AS posted (visitor_id, id)
        WHERE posted.visitor_id NOT IN (SELECT known.visitor_id FROM known)
        ORDER BY posted.visitor_id
        ON CONFLICT (organization_id, visitor_id) DO UPDATE SET visitor_id = excluded.visitor_id
        RETURNING visitor_id, id
    )
    SELECT visitor_id, id, FALSE AS is_new FROM known
    UNION ALL
    SELECT visitor_id, id, TRUE FROM added
"""
SESSIONS = f"""
    INSERT INTO matching_visitorsession AS s ({SESSION_COLUMNS})
    SELECT posted.id, $1, posted.visitor_session_id, posted.visitor_id, posted.started_at, posted.ended_at,
           posted.rooms::uuid[], $2, $2
    FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::text[])
         AS posted (id, visitor_session_id, visitor_id, started_at, ended_at, rooms)
    ORDER BY posted.visitor_session_id
    {MERGE}
"""
IDENTITIES = """
    INSERT INTO matching_visitoridentity AS i (
        id, organization_id, identity, visitor_id, visitor_session_id, created_at
    )
    SELECT posted.id, $1, posted.identity, posted.visitor_id, posted.visitor_session_id, $2
    FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::text[])
         AS posted (id, identity, visitor_id, visitor_session_id)
    ORDER BY posted.identity, posted.visitor_id
    ON CONFLICT (organization_id, identity, visitor_id) DO UPDATE SET
        visitor_session_id = coalesce(excluded.visitor_session_id, i.visitor_session_id)
    RETURNING i.id, i.identity, i.visitor_id, i.visitor_session_id, i.created_at, xmax = 0 AS is_new
"""
DELETE_STRAY_VISITORS = """
    DELETE FROM matching_visitor AS v
    WHERE v.organization_id = $1 AND v.id = ANY($2::uuid[])
      AND NOT EXISTS (
          SELECT FROM matching_visitorsession AS s WHERE s.organization_id = $1 AND s.visitor_id = v.id
      )
      AND NOT EXISTS (
          SELECT FROM matching_visitoridentity AS i WHERE i.organization_id = $1 AND i.visitor_id = v.id
      )
"""
AWAITING = """
    SELECT pending.id FROM ({carried}) AS carried
    JOIN matching_pendingmatch AS pending
        ON pending.organization_id = $1 AND pending.visitor_identity = carried.identity
    WHERE pending.status = 'pending' AND EXISTS (
        SELECT FROM matching_pendingmatch WHERE organization_id = $1 AND status = 'pending'
    )
    LIMIT {limit}
"""
# $2: the keys of visitors that have a session now.
AWAITING_SESSIONS = AWAITING.format(
    carried="""SELECT i.identity FROM unnest($2::uuid[]) AS arrived (visitor_id)
        JOIN matching_visitoridentity AS i ON i.organization_id = $1 AND i.visitor_id = arrived.visitor_id""",
    limit=MAX_PENDING,
)
AWAITING_IDENTITIES = AWAITING.format(
    carried="SELECT * FROM unnest($2::text[]) AS named (identity)", limit=MAX_PENDING
)
