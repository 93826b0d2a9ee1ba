"""The engine of DATABASES. Django looks for a backend's `DatabaseWrapper` in a module named `base`."""

from time import monotonic
from typing import Any, ClassVar

import psycopg
import psycopg_pool
from django.db import connections
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL

from goalsvc.database.configuration import REPLICA
from goalsvc.database.connection import Connection, Cursor
from goalsvc.database.outages import is_readable, refuse_while_missing

# A connection to a server that lets nothing be written is used for so long: the next may lead to another one,
# and the connections that wait in the pool would each fail a request when nobody expects it any more.
READ_ONLY_SECONDS = 2.0
READ_ONLY_PARAMETERS = (b"in_hot_standby", b"default_transaction_read_only")


class Pool(psycopg_pool.ConnectionPool[Any]):
    """A LIFO pool: it hands out the connection that was returned last.

    psycopg_pool is FIFO, which keeps every connection busy and its server process cold: a match costs 5 %
    more. LIFO reuses those whose processes have warm caches. Idle connections are still closed oldest first.
    """

    def _get_ready_connection(self, timeout: float | None) -> Any:
        self._pool.rotate()  # the last to the front, where it is taken from
        return super()._get_ready_connection(timeout)

    def renew(self, found: Any, *, than_seconds: float = 0.0) -> bool:
        """Replace all connections, unless the one that was found useless was made before the last renewal.

        Args:
            than_seconds: how old that one must be.
        Returns: whether it is old enough, and so closed once it is put back.
        """
        if monotonic() - found._created_at < than_seconds:
            return False
        if found._created_at > self._drained_at:
            self.drain()
        return True

    @staticmethod
    def check_connection(conn: Any) -> None:
        """Raise OperationalError if the server has closed the connection.

        psycopg_pool sends a query, which would block on a frozen server. Here the socket is polled: on an
        idle connection the only thing to read is its end.
        """
        if conn.closed or is_readable(conn):
            raise psycopg.OperationalError("the server has ended the connection")


class DatabaseWrapper(PostgreSQL):
    """A thread's connection to the database, taken from the pool."""

    # Whether connections are taken from the replica's pool (goalsvc.replica.answers). In the place of a
    # database router, which only the ORM asks, not `connection.cursor()` and `transaction.atomic()`.
    reads_replica = False
    patience: float | None = None  # seconds that a statement of this thread may take; None is the usual

    _connection_pools: ClassVar[dict[str, Pool]] = {}

    @property
    def pool(self) -> Pool | None:
        if self.reads_replica:
            return connections[REPLICA].pool  # type: ignore[attr-defined,no-any-return] # of this class
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        pool = self._connection_pools.get(self.alias)
        if pool is None:
            parameters = {**self.get_connection_params(), "cursor_factory": Cursor, "autocommit": True}
            configure = self._configure_connection  # type: ignore[attr-defined] # not in the stubs
            pool = Pool(
                kwargs=parameters, connection_class=Connection, open=False, configure=configure, **options
            )
            pool = self._connection_pools.setdefault(self.alias, pool)  # another thread's, if it was first
        return pool

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Take a connection from the pool. Raises: OperationalError while the database is missing."""
        if not self.reads_replica:
            refuse_while_missing()
        connection = super().get_new_connection(conn_params)
        pool = self.pool
        is_suspect = pool is not self._connection_pools.get(REPLICA) and is_read_only(connection)
        if pool and is_suspect and pool.renew(connection, than_seconds=READ_ONLY_SECONDS):
            pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        connection.patience = self.patience
        return connection


def is_read_only(connection: Any) -> bool:
    """Tell whether the server lets nothing be written, as far as it has told the connection so by itself."""
    return any(connection.pgconn.parameter_status(name) == b"on" for name in READ_ONLY_PARAMETERS)
