"""Requests at the same moment, each on a thread and a database connection of its own.

For tests marked `django_db(transaction=True)`: what they make must be seen by other connections.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection, transaction

from tests import cluster
from tests.conftest import Client

Call = Callable[[Client], Any]
WAITING = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' LIMIT 1
"""
PATIENCE = 60  # seconds, never waited for in a test that passes


def on_own_connection(key: str, call: Call, ready: Callable[[], Any] = lambda: None) -> Any:
    client = Client(key)
    try:
        client.get("/api/v5/users/me")  # connects, and marks the token as used
        ready()
        return call(client)
    finally:
        connection.close()


def at_once(key: str, calls: Sequence[Call]) -> list[Any]:
    """Make all the calls at the same moment; return the answers in their order."""
    barrier = Barrier(len(calls), timeout=PATIENCE)
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda call: on_own_connection(key, call, barrier.wait), calls))


def while_it_waits(key: str, first: Callable[[], Any], call: Call) -> Any:
    """Do `first` in a transaction that commits only once `call` waits for it; return the call's answer."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            answer = pool.submit(on_own_connection, key, call)
            wait_for_lock(answer)
        return answer.result(PATIENCE)


def wait_for_lock(answer: "Future[Any]") -> None:
    """Return when another connection to this database waits for a lock."""
    give_up_at = time.monotonic() + PATIENCE
    while time.monotonic() < give_up_at and not answer.done():
        with connection.cursor() as cursor:
            # Inside a transaction the list of connections is else the one of the first look.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING)
            if cursor.fetchone():
                return
            if cluster.URL:  # for a row, which is on another machine
                cursor.execute("SELECT FROM citus_lock_waits LIMIT 1")
                if cursor.fetchone() is not None:
                    return
        time.sleep(0.01)
    raise AssertionError("the call did not wait for the transaction")
