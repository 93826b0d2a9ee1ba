"""What DATABASES names as its engine; Django looks for a backend's wrapper in a module of this name."""

from typing import Any, ClassVar

import psycopg
import psycopg_pool
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL

from goalsvc.database.connection import Connection, Cursor
from goalsvc.database.outages import is_readable, refuse_while_missing


class Pool(psycopg_pool.ConnectionPool[Any]):
    """A pool that hands out the connection that came back last.

    Its server process has at hand what it needs. Taken in turn, as by default, all that were ever needed at
    once stay in use and push each other out of the processor's cache: a match costs 5 % more. Of those that
    nobody needs, the pool goes on closing the one that rested longest.
    """

    def _get_ready_connection(self, timeout: float | None) -> Any:
        self._pool.rotate()  # the last to the front, where it is taken from
        return super()._get_ready_connection(timeout)

    def renew(self, found: Any) -> None:
        """Replace all connections made until now, unless the one that was found useless is older anyhow."""
        if found._created_at > self._drained_at:
            self.drain()

    @staticmethod
    def check_connection(conn: Any) -> None:
        """Raise if the server has ended the connection.

        A question, as by default, would wait for a server that is frozen. An idle connection has nothing
        to say but that it has ended.
        """
        if conn.closed or is_readable(conn):
            raise psycopg.OperationalError("the server has ended the connection")


class DatabaseWrapper(PostgreSQL):
    """A thread's way to the database."""

    patience: float | None = None  # seconds that a statement of this thread may take; None is the usual

    _connection_pools: ClassVar[dict[str, Pool]] = {}

    @property
    def pool(self) -> Pool | None:
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
        refuse_while_missing()
        connection = super().get_new_connection(conn_params)
        connection.patience = self.patience
        return connection
