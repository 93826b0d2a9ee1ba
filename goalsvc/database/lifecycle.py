"""The database while it is used: started, verified, watched, and let go of when it is gone."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from goalsvc.database import outages
from goalsvc.database.configuration import is_embedded, prepares_statements, statement_timeout
from goalsvc.database.embedded import EmbeddedServer
from goalsvc.database.fitness import QUESTIONS, fault, is_pooled_by_transaction
from goalsvc.database.system import NoDatabaseError

POOLED = (
    "The database cannot be used: a pooler in transaction mode stands before it, which takes "
    "DATABASE_PREPARED_STATEMENTS=0."
)
STRICT = (
    "The database cannot be used: a pooler stands before it that lets a connection ask for nothing as it "
    "starts, which takes DATABASE_PREPARED_STATEMENTS=0."
)


@contextmanager
def running(*, supervise: bool = False) -> Iterator[None]:
    """Inside the block the embedded server runs; with DATABASE_URL there is nothing to run.

    It is started, or joined where it runs already, and stopped after its last user; `supervise` restarts it
    should it die in between. Raises NoDatabaseError.
    """
    if not is_embedded():
        yield
        return
    with EmbeddedServer(settings.DATA_DIR).running(supervise=supervise):
        yield


def verify() -> None:
    """Connect, and ask whether the database can be used. Raises NoDatabaseError, saying what is wrong."""
    parameters = {**connection.get_connection_params(), "autocommit": True}

    def connect() -> psycopg.Connection[Any]:
        # Without the pool, which would only say that it waited in vain.
        return psycopg.connect(**parameters)

    try:
        with closing(connect()) as connected:
            if prepares_statements() and is_pooled_by_transaction(connected, connect):
                raise NoDatabaseError(POOLED)
            found = fault(connected.execute(QUESTIONS).fetchone() or ())
    except psycopg.Error as error:
        if prepares_statements() and "unsupported startup parameter" in str(error):
            raise NoDatabaseError(STRICT) from error
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        # Where a name has several addresses libpq lists each attempt on a line of its own.
        attempts = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
        reason = attempts[-1] if attempts else lines[0] if lines else type(error).__name__
        raise NoDatabaseError(f"The database cannot be used: {reason.rstrip('.')}.") from error
    if found:
        raise NoDatabaseError(f"The database cannot be used: {found}.")


@contextmanager
def only_one(number: int) -> Iterator[bool]:
    """Tell whether nobody else, on any machine, is at what `number` stands for; inside the block it stays so.

    An advisory lock of a transaction that stays open, on a connection of its own. It ends with the process,
    however that ends. It holds no snapshot, so that an index which is built concurrently does not wait for
    it; and a pooler cannot lose it, as it would one of the session's.
    """
    with closing(psycopg.connect(**connection.get_connection_params())) as holder:
        row = holder.execute("SELECT pg_try_advisory_xact_lock(%s)", [number]).fetchone()
        # Last, as it is sent without parameters: that closes the portal of the other, and its snapshot.
        holder.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield row == (True,)


def watch() -> None:
    """In a worker: see to it that no statement waits for a database that does not answer."""
    limit = statement_timeout()
    outages.start_watching(limit / 1000 if limit else None, connection.get_connection_params())


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Inside the block give up a statement of this thread after so long (where `watch` was called)."""
    connection.patience = seconds  # type: ignore[attr-defined] # goalsvc.database.base's
    try:
        yield
    finally:
        connection.patience = None  # type: ignore[attr-defined]


def forget_dead_connections(*, including_this: bool = False) -> None:
    """Clear this thread and the pool of connections that died with an earlier database.

    Each would fail one more request after the database is back. `including_this`: the connection of this
    thread lives, but is of no use, such as one to a server that has become a read-only standby; then all
    that are as old are replaced.
    """
    if connection.in_atomic_block:
        return  # whoever began the transaction still needs it
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
