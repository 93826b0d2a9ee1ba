"""Retries of a write whose session or visitor was deleted by another transaction, or whose table has been
altered.

Posting a match takes no lock: it reads which session the match belongs to, and then writes. If that session
is deleted in between (an erasure, a pruning), the foreign key refuses the match at the commit. Tried again,
the request gets the answer that it would have got a moment later. So it is with the visitor of a session or
an identity.

A statement whose table was altered since it was prepared fails as well, and its transaction with it; the
connection prepares it anew when it is run again.
"""

from django.db import DatabaseError, OperationalError

from goalsvc.database.retries import is_outdated, retried_if

FOREIGN_KEY_VIOLATION = "23503"
DEADLOCK_DETECTED = "40P01"
SERIALIZATION_FAILURE = "40001"  # as `give_way` fails (matching.visitors.sessions)
# The foreign keys.
OWNERS = ("match_session", "visitor_session_visitor", "visitor_identity_visitor")


class CollisionError(OperationalError):
    """What was read no longer holds, because another transaction wrote: try the write again."""


def is_collision(error: DatabaseError) -> bool:
    """Tell whether another transaction has deleted what was read to be there, or altered a table."""
    if isinstance(error, CollisionError):
        return True
    cause = error.__cause__
    sqlstate = getattr(cause, "sqlstate", None)
    if sqlstate in (DEADLOCK_DETECTED, SERIALIZATION_FAILURE) or is_outdated(error):
        return True
    # By the text: where a table is spread, an error of one of its parts has the name there alone.
    return sqlstate == FOREIGN_KEY_VIOLATION and any(key in str(cause) for key in OWNERS)


retried_on_collision = retried_if(is_collision)
