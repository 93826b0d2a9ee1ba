"""psycopg's connection: it prepares statements anew after ALTER TABLE, and other threads can give it up."""

from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import psycopg
from django.db.backends.postgresql.base import ServerBindingCursor
from psycopg.pq import TransactionStatus

Result = TypeVar("Result")

# SQLSTATEs of a prepared statement that has to be prepared anew: its result types have changed with a table,
# it does not exist any more, or another one has its name.
OUTDATED = frozenset({"0A000", "26000", "42P05"})


class UnansweredError(psycopg.OperationalError):
    """The server did not answer in time: goalsvc.database.outages shut the connection down.

    The server may still perform what it has received.
    """


class Connection(psycopg.Connection[Any]):
    """A connection that knows its prepared statements, and since when it waits for the server."""

    waits_since: float | None = None  # of the statement that is running
    patience: float | None = None  # seconds; None is as long as a statement may take
    is_given_up = False
    is_outdated = False  # the server's prepared statements have to be dropped

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: set[bytes] = set()
        connections[id(self)] = self

    def wait(self, *args: Any, **kwargs: Any) -> Any:
        """Wait for the server, as all of the driver's cursors do."""
        self.waits_since = monotonic()
        try:
            return super().wait(*args, **kwargs)
        except psycopg.OperationalError as error:
            if self.is_given_up:
                raise UnansweredError("the database did not answer in time") from error
            raise
        finally:
            self.waits_since = None

    def despite_changes(self, run: Callable[[], Result]) -> Result:
        """Run a statement, a second time if it has to be prepared anew; return its result.

        Inside a transaction that has begun this is impossible: there the error is raised, for the caller to
        repeat the transaction.
        """
        server = self.pgconn
        status = server.transaction_status
        if self.is_outdated and status != TransactionStatus.INERROR:
            self._drop_prepared()
        try:
            return run()
        except psycopg.Error as error:
            if error.sqlstate not in OUTDATED:
                raise
            self._prepared.clear()
            self.prepared.clear()
            self.is_outdated = True
            if status != TransactionStatus.IDLE:
                raise
            self.rollback()
            self._drop_prepared()
        return run()

    def _drop_prepared(self) -> None:
        self.is_outdated = False
        if self.prepare_threshold is not None:
            self.execute("DEALLOCATE ALL")

    def _deallocate(self, name: bytes | None) -> Any:
        # With None psycopg deallocates all prepared statements of the session, ours included.
        if name is None:
            self.prepared.clear()
        return super()._deallocate(name)


# The connections of this process by id; its values can be listed while other threads connect.
connections: WeakValueDictionary[int, Connection] = WeakValueDictionary()


class Cursor(ServerBindingCursor):
    """Django's cursor, with statements prepared anew after a table has changed."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        run = super().execute  # type: ignore[misc] # the stubs take it for a mixin
        connection: Any = self.connection  # type: ignore[attr-defined]
        return connection.despite_changes(lambda: run(query, params, **options))
