"""Statements of the hot paths, sent through libpq: prepared once a connection, then executed by name.

With DATABASE_PREPARED_STATEMENTS=0 they are sent whole each time, as a pooler in transaction mode needs.

psycopg's and Django's cursors take longer than PostgreSQL itself for such a statement, and release and retake
the GIL five times per statement instead of once. They stay for everything else. Parameters and results are
texts, as in the protocol.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from time import monotonic
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

from goalsvc.database.connection import UnansweredError

Row = tuple[Any, ...]  # of texts, and None where it is NULL
FINE = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})

BOOLEANS = {"t": True, "f": False, None: None}


class Statement:
    """A statement with parameters such as `%(name)s`. PostgreSQL must be able to infer their types (casts).

    is_planned_anew: sent whole each time, so that it gets a custom plan, never a generic one.
    """

    def __init__(self, sql: str, *, is_planned_anew: bool = False) -> None:
        self.sql = sql
        self.is_planned_anew = is_planned_anew
        self.parameters = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", sql)))
        positions = {name: f"${number}" for number, name in enumerate(self.parameters, 1)}
        numbered = re.sub(r"%\((\w+)\)s", lambda found: positions[found[1]], sql)
        self.command = numbered.replace("%%", "%").encode()
        # A hash of the statement: unique, and the same in every process.
        self.name = f"goalsvc_{blake2b(self.command, digest_size=12).hexdigest()}".encode()

    def fetch(self, **values: Any) -> list[Row]:
        """Run the statement on the request's connection; return its rows.

        Args:
            values: by parameter; None is NULL, everything else is sent as the text that `str` makes of it.

        Raises: DatabaseError, as Django's cursors would.
        """
        database = connections[DEFAULT_DB_ALIAS]
        database.ensure_connection()
        database.validate_no_broken_transaction()
        run: Callable[..., list[Row]] = self._run
        # As Django's cursors do, so that tests can count and list statements.
        for wrapper in reversed(database.execute_wrappers):
            run = partial(wrapper, run)
        with database.wrap_database_errors:
            rows = run(self.sql, values, False, {"connection": database, "cursor": None})
        if database.queries_logged:
            database.queries_log.append({"sql": self.sql, "time": "0"})
        return rows

    def _run(self, sql: str, values: dict[str, Any], many: bool, context: dict[str, Any]) -> list[Row]:
        driver = context["connection"].connection
        arguments = [
            None
            if (value := values[name]) is None
            else value.encode()
            if type(value) is str
            else str(value).encode()
            for name in self.parameters
        ]
        result = driver.despite_changes(partial(self._send, driver, arguments))
        columns = range(result.nfields)
        cell = result.get_value
        return [
            tuple([None if (value := cell(row, column)) is None else value.decode() for column in columns])
            for row in range(result.ntuples)
        ]

    def _send(self, driver: Any, arguments: list[bytes | None]) -> Any:
        server = driver.pgconn
        driver.waits_since = monotonic()
        try:
            if not driver.autocommit and server.transaction_status == TransactionStatus.IDLE:
                verified(server.exec_(b"BEGIN"))  # the driver would, before the first statement
            if driver.prepare_threshold is None or self.is_planned_anew:
                return verified(server.exec_params(self.command, arguments))
            if self.name not in driver.prepared:
                verified(server.prepare(self.name, self.command))
                driver.prepared.add(self.name)
            return verified(server.exec_prepared(self.name, arguments))
        except psycopg.OperationalError as error:
            if driver.is_given_up:
                raise UnansweredError("the database did not answer in time") from error
            raise
        finally:
            driver.waits_since = None


@dataclass(slots=True)
class Ahead:
    """A row that a request reads in the statement of authentication, to save a round trip."""

    statement: Statement  # made by goalsvc.orgs.callers.with_caller
    values: dict[str, Any]
    row: Row | None = None  # set by authentication

    def consume(self) -> Row | None:
        """Return the prefetched row, once; then None, because it may be stale."""
        row, self.row = self.row, None
        return row


def verified(result: Any) -> Any:
    """Return a result. Raises: psycopg.Error when it is one of a failure."""
    if result.status not in FINE:
        if not result.error_field(DiagnosticField.SQLSTATE):  # libpq's own error, not the server's
            raise psycopg.OperationalError(result.get_error_message())
        raise psycopg.errors.error_from_result(result)
    return result
