"""Transactions that are worth another attempt, because what failed them has passed."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, connection

from goalsvc.database.connection import OUTDATED

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# Each failure means that another transaction was committed, so a second attempt nearly always succeeds.
MAX_ATTEMPTS = 5


def retried_if(
    is_worth_it: Callable[[DatabaseError], bool],
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Run the decorated function again after an error of the database that says so.

    The function does its work in transactions of its own, so that nothing of it stays when it fails. Within a
    transaction of the caller it is run once: that transaction is broken by the failure.
    """

    def decorate(write: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @wraps(write)
        def retried(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            for _ in range(MAX_ATTEMPTS - 1):
                try:
                    return write(*args, **kwargs)
                except DatabaseError as error:
                    if connection.in_atomic_block or not is_worth_it(error):
                        raise
            return write(*args, **kwargs)

        return retried

    return decorate


def is_outdated(error: DatabaseError) -> bool:
    """Tell whether a table was altered since the statement was prepared.

    The connection prepares it anew when it is run again, which within its transaction is impossible.
    """
    return getattr(error.__cause__, "sqlstate", None) in OUTDATED
