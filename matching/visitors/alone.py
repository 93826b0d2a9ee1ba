"""A session or an identity that is reported by itself: written in one statement where nothing is in its way.

Something is in its way where the report is to be refused, a pending match may have waited for it, or its
identity has many visitors. Then nothing is written, and the report takes the way of a batch (see
matching.visitors.arrivals), which knows what to do and what to say.

In a transaction of the caller's it does so with the lock of the identity shared already: two of them with one
common identity may then deadlock, and are tried again (matching.matches.retries).
"""

from matching.matches.locks import ARRIVALS_LOCK
from matching.visitors.arrivals import FEW_VISITORS, IDENTITY_LOCK

# The visitor of the report, made where it is missing; no row where something is in the way. `arrives_alone`
# takes the locks and looks in snapshots that are newer than the statement's own. It is asked in a part that
# reads no table, as in ANNOUNCE.
#
# Args: way_is_free: SQL of more conditions.
VISITOR = f"""
    ready AS MATERIALIZED (
        SELECT arrives_alone(
            %(organization)s, %(visitor_id)s::text, %(identity)s::text, {ARRIVALS_LOCK},
            {IDENTITY_LOCK.format(identity="%(identity)s::text")}, {FEW_VISITORS}
        ) AS is_alone
    ),
    known AS MATERIALIZED (
        SELECT v.id FROM matching_visitor AS v
        WHERE v.organization_id = %(organization)s AND v.visitor_id = %(visitor_id)s
    ),
    way AS MATERIALIZED (SELECT {{way_is_free}} AS is_free),
    new AS (
        INSERT INTO matching_visitor (id, organization_id, visitor_id, created_at)
        SELECT %(new_visitor_pk)s::uuid, %(organization)s, %(visitor_id)s, %(at)s
        FROM ready CROSS JOIN way WHERE is_alone AND is_free AND NOT EXISTS (TABLE known)
        ON CONFLICT (organization_id, visitor_id) DO NOTHING
        RETURNING id
    ),
    visitor AS (
        SELECT known.id FROM ready CROSS JOIN way CROSS JOIN known WHERE is_alone AND is_free
        UNION ALL TABLE new
    )"""

# Whose the session of the report is: nobody's yet, or its visitor's.
IS_SESSION_OF_NOBODY_ELSE = """NOT EXISTS (
            SELECT FROM matching_visitorsession AS s
            WHERE s.organization_id = %(organization)s AND s.visitor_session_id = %(visitor_session_id)s::text
              AND s.visitor_id IS DISTINCT FROM (TABLE known)
        )"""
