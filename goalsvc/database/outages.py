"""A database that is missing or does not answer: found out once, so that not each request waits for it.

A thread of each worker looks at the statements that are running. It shuts down (`shutdown(2)`) the socket
of one that takes longer than PostgreSQL itself would let it: a server that is frozen, or behind a network
that lost it, never says so. A statement notes when it begins, and nothing else.
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

# After an attempt to connect has failed, for so long no request makes another one.
MISSING_SECONDS = 1.0
LOOK_SECONDS = 0.25
# The server's own limit comes first, and says which statement it was.
GRACE_SECONDS = 2.0
ANSWER_SECONDS = 3.0

_missing_until = 0.0
_is_frozen = False


def note_failed_connection(pool: Any) -> None:
    """Called by the pool when it could not connect. Without any other connection there is no database."""
    global _missing_until
    if pool.get_stats()["pool_size"] == 0:
        _missing_until = time.monotonic() + MISSING_SECONDS


def refuse_while_missing() -> None:
    """Raise OperationalError if a moment ago there was no database.

    Otherwise every request would wait for the pool to give up, and a crowd of them, with as many threads,
    would keep all others waiting.
    """
    if _is_frozen or time.monotonic() < _missing_until:
        raise OperationalError("there was no database a moment ago")


def start_watching(statement_timeout: float | None, parameters: dict[str, Any]) -> None:
    """Watch this process's statements from now on.

    Args:
        statement_timeout: seconds; None lets a statement take as long as it likes.
        parameters: how to connect, to ask whether the server answers.
    """
    watcher = threading.Thread(target=_watch, args=(statement_timeout, parameters), daemon=True)
    watcher.name = "database-watch"
    watcher.start()


def _watch(statement_timeout: float | None, parameters: dict[str, Any]) -> None:
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


def _give_up(connection: Connection) -> None:
    since = connection.waits_since
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.pgconn.socket)) as copy:
        # Still the same statement: then the copy is of its socket, not of one opened since.
        if since is not None and connection.waits_since == since:
            connection.is_given_up = True
            copy.shutdown(socket.SHUT_RDWR)


def _ask(parameters: dict[str, Any]) -> None:
    """Refuse requests while the server does not answer; until it does again."""
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
    """Whether a new connection is answered; a refusal is an answer."""
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
    """Whether something has come from the server, its end included."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
