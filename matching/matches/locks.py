"""The advisory locks of those who write matches, sessions and identities; each is held until the commit.

Locks are always taken in this order, so deadlocks are impossible: the organization's arrivals lock, its
claims by their buckets, pending matches by id, external ids in the index.

An external id of a goal stands for one event: a match or a pending one. Each table has a unique index of its
own, and the claims keep the two apart. Storing a pending match takes the claim exclusive and then looks for
matches; writing a match takes it shared and then looks for pending ones, in a snapshot that is taken after
the lock.
"""

from collections.abc import Iterable

from django.db import connection

from goalsvc.database.parameters import text_array
from goalsvc.database.statements import Statement
from goalsvc.orgs.models import Organization

# Sessions and identities take this lock shared, storing a pending match takes it exclusive. Without it two
# concurrent transactions would not see each other: the session would settle nothing, and the match stay
# pending although its session is there.
ARRIVALS_LOCK = "hashtextextended('arrivals ' || %(organization)s::uuid::text, 0)"

# The claims of an organization are 64 locks, so that those of a batch fit the server's table of locks.
CLAIM_LOCK = "hashtextextended('claims ' || %(organization)s::uuid::text, hashtext({external_id}) & 63)"
CLAIM = """
    SELECT {lock}({key})
    FROM (
        SELECT min(claimed.external_id) AS external_id
        FROM unnest(%(external_ids)s::text[]) AS claimed (external_id)
        GROUP BY hashtext(claimed.external_id) & 63
        ORDER BY hashtext(claimed.external_id) & 63
        OFFSET 0
    ) AS bucket
"""
CLAIM_KEY = CLAIM_LOCK.format(external_id="bucket.external_id")
CLAIM_SHARED = Statement(CLAIM.format(lock="pg_advisory_xact_lock_shared", key=CLAIM_KEY))
CLAIM_EXCLUSIVE = Statement(CLAIM.format(lock="pg_advisory_xact_lock", key=CLAIM_KEY))


def lock_out_arrivals(organization: Organization) -> None:
    """Wait for arriving sessions and identities, and let new ones wait until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({ARRIVALS_LOCK})", {"organization": organization.id})


def claim(
    organization: Organization, external_ids: Iterable[str | None], *, is_exclusive: bool = False
) -> None:
    """Take the claims of external ids until the transaction ends; None is no external id."""
    claimed = {external_id for external_id in external_ids if external_id is not None}
    if claimed:
        statement = CLAIM_EXCLUSIVE if is_exclusive else CLAIM_SHARED
        statement.fetch(organization=organization.id, external_ids=text_array(claimed))
