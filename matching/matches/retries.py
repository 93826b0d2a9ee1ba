"""Retries of a write whose session was deleted by another transaction, or whose table has been altered.

Posting a match takes no lock: it reads which session the match belongs to, and then writes. If that session
is deleted in between (an erasure, a pruning), the foreign key refuses the match at the commit. Tried again,
the request gets the answer that it would have got a moment later.

A statement whose table was altered since it was prepared fails as well, and its transaction with it; the
connection prepares it anew when it is run again.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, OperationalError, connection

from goalsvc.database.connection import OUTDATED

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

FOREIGN_KEY_VIOLATION = "23503"
DEADLOCK_DETECTED = "40P01"
# Each failure means that another transaction was committed, so a second attempt nearly always succeeds.
MAX_ATTEMPTS = 5


class CollisionError(OperationalError):
    """What was read no longer holds, because another transaction wrote: try the write again."""


def retried_on_collision(write: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Run the decorated function again when another transaction has deleted a session that it chose.

    The function does its work in transactions of its own, so that nothing of it stays when it fails. Within a
    transaction of the caller it is run once: that transaction is broken by the failure.
    """

    @wraps(write)
    def retried(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return write(*args, **kwargs)
            except DatabaseError as error:
                if attempt == MAX_ATTEMPTS or connection.in_atomic_block or not is_collision(error):
                    raise
        raise AssertionError("unreachable")

    return retried


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
