"""Writers that met the removal of a session (an erasure, a pruning), or a changed table, and begin again.

Posting a match takes no lock: it reads which session it belongs to, and then writes. Should that session be
removed in between, the foreign key refuses the match when it is committed. Looked at anew, the request gets
the answer that it would have got a moment later.

A statement whose table was altered since it was prepared fails as well, and its transaction with it; the
connection prepares it anew when it is run again.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, OperationalError, connection

from goalsvc.database.connection import OUTDATED

Result = TypeVar("Result")

FOREIGN_KEY_VIOLATION = "23503"
DEADLOCK_DETECTED = "40P01"
# Each time somebody else has got on, so a second attempt nearly always succeeds.
MOST_ATTEMPTS = 5


class CollisionError(OperationalError):
    """Somebody else got in between: what was read no longer holds, and the writer has to begin again."""


def despite_collisions(write: Callable[[], Result]) -> Result:
    """Return what `write` returns; run again when a session that it chose has just been removed.

    Args:
        write: does its work in transactions of its own, so that nothing of it stays when it fails.
    """
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            return write()
        except DatabaseError as error:
            # Inside somebody else's transaction there is nothing left to try again with.
            if attempt == MOST_ATTEMPTS or connection.in_atomic_block or not is_collision(error):
                raise
    raise AssertionError("unreachable")


def is_collision(error: DatabaseError) -> bool:
    if isinstance(error, CollisionError):
        return True
    cause = error.__cause__
    sqlstate = getattr(cause, "sqlstate", None)
    if sqlstate == DEADLOCK_DETECTED or sqlstate in OUTDATED:
        return True
    facts = getattr(cause, "diag", None)
    return (
        sqlstate == FOREIGN_KEY_VIOLATION
        and facts is not None
        and facts.table_name == "matching_externalmatch"
        and "session_id" in (facts.constraint_name or "")
    )
