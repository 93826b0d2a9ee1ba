"""Detects a database that is missing or frozen, once for all requests, so that not each waits for it.

A thread of each worker checks the running statements. One that takes longer than PostgreSQL's own timeouts
runs on a server that is frozen or unreachable: the thread shuts its socket down (`shutdown(2)`). A statement
itself only notes when it begins.
"""

import logging
import os
import select
import socket
import threading
import time
from contextlib import closing, suppress
from typing import Any

import psycopg
from django.db import OperationalError

from goalsvc.database.connection import Connection, connections

logger = logging.getLogger(__name__)

MISSING_SECONDS = 1.0  # after a failed connection, requests fail fast for so long
LOOK_SECONDS = 0.25
GRACE_SECONDS = 2.0  # how long after PostgreSQL's own statement_timeout, whose error is the better one
ANSWER_SECONDS = 3.0

_missing_until = 0.0
_is_frozen = False


def note_failed_connection(pool: Any) -> None:
    """Called by the pool when it could not connect. Without any connection the database is missing."""
    global _missing_until
    if pool.get_stats()["pool_size"] == 0:
        _missing_until = time.monotonic() + MISSING_SECONDS


def refuse_while_missing() -> None:
    """Raise OperationalError if the database was missing a moment ago.

    Otherwise every request would wait for the pool's timeout, and they would occupy all threads.
    """
    if _is_frozen or time.monotonic() < _missing_until:
        raise OperationalError("there was no database a moment ago")


def watch(statement_timeout: float | None, parameters: dict[str, Any]) -> None:
    """Watch this process's statements for ever. Each may take `statement_timeout` seconds, or any time."""
    asker: threading.Thread | None = None
    while True:
        time.sleep(LOOK_SECONDS)
        overdue = [each for each in list(connections.values()) if _is_overdue(each, statement_timeout)]
        for connection in overdue:
            _give_up(connection)
        if overdue and (asker is None or not asker.is_alive()):
            asker = threading.Thread(target=_ask, args=(parameters,), daemon=True)
            asker.start()


def _is_overdue(connection: Connection, statement_timeout: float | None) -> bool:
    since, patience = connection.waits_since, connection.patience
    if patience is None and statement_timeout is not None:
        patience = statement_timeout + GRACE_SECONDS
    return since is not None and patience is not None and time.monotonic() - since > patience


def give_up_all(pool: Any) -> None:
    """Give up all statements that run on a pool's connections: its server is frozen."""
    for connection in list(connections.values()):
        if getattr(connection, "_pool", None) is pool:
            _give_up(connection)


def _give_up(connection: Connection) -> None:
    since = connection.waits_since
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.pgconn.socket)) as copy:
        # It is still the same statement, so the copied descriptor is that of its socket, not of a later one.
        if since is not None and connection.waits_since == since:
            connection.is_given_up = True
            copy.shutdown(socket.SHUT_RDWR)


def _ask(parameters: dict[str, Any]) -> None:
    """Refuse requests until the server answers again."""
    global _is_frozen
    while not answers(parameters):
        if not _is_frozen:
            logger.error("the database does not answer: requests are refused until it does")
        _is_frozen = True
        time.sleep(MISSING_SECONDS)
    if _is_frozen:
        logger.warning("the database answers again")
    _is_frozen = False


def answers(parameters: dict[str, Any]) -> bool:
    """Tell whether the server answers a new connection; an error is an answer as well."""
    try:
        connection = psycopg.connect(**parameters)
    except psycopg.errors.ConnectionTimeout:
        return False
    except psycopg.Error:
        return True
    with closing(connection):  # a pooler may have answered for the server
        connection.pgconn.send_query(b"SELECT 1")
        return is_readable(connection, ANSWER_SECONDS)


def is_readable(connection: psycopg.Connection[Any], seconds: float = 0) -> bool:
    """Tell whether there is something to read from the server, or it has closed the connection."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
