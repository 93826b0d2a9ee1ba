"""When organizations last wrote: their clients read the primary until the replica has it.

The moment is kept in the primary, as a client of the API keeps no cookies, and its next request may reach
another process. A process writes it at most once in DATABASE_REPLICA_LAG. So a write that ended at `w` leaves
a moment of `w - lag` or later; it counts for twice the lag, until `w + lag`, when a replica that may be read
has the write.
"""

import logging
from time import monotonic
from uuid import UUID

from django.conf import settings
from django.db import Error, models

from goalsvc.database.statements import Statement
from goalsvc.replica.standby import standby

# Of a query `%(organization)s`: whether it has written in the last `%(seconds)s`.
HAS_JUST_WRITTEN = """
    SELECT EXISTS (
        SELECT FROM replica_latestwrite AS write
        WHERE write.organization_id = %(organization)s
          AND write.wrote_at > clock_timestamp() - %(seconds)s::int * interval '1 second'
    ) AS has_just_written
"""
SECONDS = 2 * settings.DATABASE_REPLICA_LAG
NOTE = Statement("""
    INSERT INTO replica_latestwrite AS known (organization_id, wrote_at)
    VALUES (%(organization)s, clock_timestamp())
    ON CONFLICT (organization_id) DO UPDATE SET wrote_at = greatest(known.wrote_at, excluded.wrote_at)
""")
MAX_NOTED = 10_000  # organizations that a process remembers

logger = logging.getLogger(__name__)

_noted: dict[UUID, float] = {}


class LatestWrite(models.Model):
    """When an organization last wrote, to within DATABASE_REPLICA_LAG; empty where there is no replica."""

    # No foreign key, which each write would pay for. Where tables are spread, this one is the coordinator's.
    organization_id = models.UUIDField(primary_key=True)
    wrote_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.wrote_at}"


def note_write(organization_id: UUID) -> None:
    """Note that the organization has written; call it once that is committed, before anybody is told.

    What was written is not refused afterwards: where it cannot be noted, the log says so.
    """
    if not standby.is_configured:
        return
    before = monotonic()
    if before - _noted.get(organization_id, float("-inf")) < settings.DATABASE_REPLICA_LAG:
        return
    try:
        NOTE.fetch(organization=organization_id)
    except Error as error:
        logger.warning("a write was not noted for the replica: %s", type(error.__cause__ or error).__name__)
        return
    if len(_noted) >= MAX_NOTED:
        _noted.clear()
    _noted[organization_id] = before  # only now, when others can see it
