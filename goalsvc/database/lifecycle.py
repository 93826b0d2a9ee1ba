"""The database while it is used: start, verification, watching, and dropping dead connections."""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from typing import Any

import psycopg
from django.conf import settings
from django.db import ProgrammingError, connection

from goalsvc.database import outages
from goalsvc.database.configuration import is_embedded, prepares_statements, statement_timeout
from goalsvc.database.embedded import EmbeddedServer
from goalsvc.database.fitness import QUESTIONS, fault, is_pooled_by_transaction, migrations, named
from goalsvc.database.system import NoDatabaseError

POOLED = (
    "The database cannot be used: a pooler in transaction mode stands before it, which takes "
    "DATABASE_PREPARED_STATEMENTS=0."
)
STRICT = (
    "The database cannot be used: a pooler stands before it that lets a connection ask for nothing as it "
    "starts, which takes DATABASE_PREPARED_STATEMENTS=0."
)


def running(*, supervise: bool = False, make: bool = True) -> AbstractContextManager[None]:
    """Inside the block the embedded server runs; with DATABASE_URL there is nothing to run.

    It is started, or joined where it runs already, and stopped after its last user; `supervise` restarts it
    should it die in between, and `make` makes its data where there are none. Raises NoDatabaseError.
    """
    if not is_embedded():
        return nullcontext()
    return EmbeddedServer(settings.DATA_DIR).running(supervise=supervise, make=make)


def verify(*, is_to_migrate: bool = False) -> None:
    """Connect, and ask whether the database can be used. Raises NoDatabaseError, saying what is wrong.

    Args:
        is_to_migrate: whether tables are to be made where there are none.
    """
    parameters = {**connection.get_connection_params(), "autocommit": True}

    def connect() -> psycopg.Connection[Any]:
        # Without the pool, whose error would say only that it timed out.
        return psycopg.connect(**parameters)

    try:
        with closing(connect()) as connected:
            if prepares_statements() and is_pooled_by_transaction(connected, connect):
                raise NoDatabaseError(POOLED)
            answers = connected.execute(QUESTIONS).fetchone() or ()
            found = fault(answers, is_to_migrate=is_to_migrate)
    except psycopg.Error as error:
        if prepares_statements() and "unsupported startup parameter" in str(error):
            raise NoDatabaseError(STRICT) from error
        raise NoDatabaseError(f"The database cannot be used: {reason_of(error)}.") from error
    if found:
        raise NoDatabaseError(f"The database cannot be used: {found}.")


@contextmanager
def migrated() -> Iterator[None]:
    """Do the block, which needs this version's tables and columns, on a database that may lack them.

    It asks afterwards, where a statement has failed: so it costs nothing.

    Raises: NoDatabaseError, where what failed may be for want of a migration.
    """
    try:
        yield
    except ProgrammingError as error:
        if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            raise
        connection.close()  # which may be in a transaction that has failed
        if missing := migrations().missing:
            raise not_migrated(missing) from error
        raise


def not_migrated(missing: list[str]) -> NoDatabaseError:
    """Build the error that names missing migrations, and says what to do."""
    return NoDatabaseError(
        f"The database has not been migrated to this version, which needs {named(missing)}: run "
        "`manage.py migrate`, or `serve`, which does so first."
    )


def reason_of(error: psycopg.Error) -> str:
    """Return the line of an error that says why a server could not be used."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # libpq lists the attempt at each address of a name on a line of its own.
    attempts = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    reason = attempts[-1] if attempts else lines[0] if lines else type(error).__name__
    return reason.rstrip(".")


@contextmanager
def only_one(number: int) -> Iterator[bool]:
    """Try to take the advisory lock `number` for the block; yield whether nobody else has it.

    It belongs to a transaction on a connection of its own, so it ends with the process, and a pooler cannot
    lose it as it would a session's. The transaction holds no snapshot, so that CREATE INDEX CONCURRENTLY does
    not wait for it.
    """
    with closing(psycopg.connect(**connection.get_connection_params())) as holder:
        row = holder.execute("SELECT pg_try_advisory_xact_lock(%s)", [number]).fetchone()
        # Last, and without parameters: a simple query closes the portal of the one before, and its snapshot.
        holder.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        try:
            yield row == (True,)
        finally:
            with suppress(psycopg.Error):
                holder.rollback()  # now, and not when the server notices that the connection is closed


_watching: int | None = None  # the process whose statements are watched


def watch() -> None:
    """Start the thread that ends statements of this process which a frozen database does not answer, once."""
    global _watching
    if _watching == os.getpid():
        return
    _watching = os.getpid()
    limit = statement_timeout() / 1000 or None
    arguments = (limit, connection.get_connection_params())
    threading.Thread(target=outages.watch, args=arguments, daemon=True, name="database-watch").start()


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Inside the block limit the statements of this thread to so many seconds (if `watch` was called)."""
    connection.patience = seconds  # type: ignore[attr-defined] # goalsvc.database.base's
    try:
        yield
    finally:
        connection.patience = None  # type: ignore[attr-defined]


def forget_dead_connections(*, including_this: bool = False) -> None:
    """Close dead connections, of this thread and in the pool: each would fail one more request.

    Args:
        including_this: replace this thread's connection too, and all that are as old, although they live:
            the server has become a read-only standby.
    """
    if connection.in_atomic_block:
        return  # the transaction is still using it
    pool = getattr(connection, "pool", None)
    if including_this and pool and connection.connection is not None:
        pool.renew(connection.connection)
    if connection.connection is not None:
        if including_this:
            connection.connection.close()
        if connection.is_usable():
            return
        connection.close()
    if pool:
        pool.check()
