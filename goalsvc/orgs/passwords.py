"""How passwords are hashed: slowly, and yet not at the expense of everything else that the worker does."""

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection

T = TypeVar("T")

# How long a hash waits for the one before it. A thread of the worker waits with it, so not for long.
WAIT_SECONDS = 1.0

# How long no hash is computed after one: so they take a tenth of a core at most, whoever keeps asking.
PAUSE_SECONDS = 0.2

# The one hash that a worker computes at a time holds it.
_turn = threading.Lock()


class BusyError(Exception):
    """The worker has been busy with other passwords for too long; nothing was done."""


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with the parameters of OWASP's Password Storage Cheat Sheet: 19 MiB, 2 rounds, 1 thread.

    Django's own take 100 MB and 8 threads. Hashes that were made with those are made anew at the next login.
    """

    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        return in_turn(lambda: super(PasswordHasher, self).encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        return in_turn(lambda: super(PasswordHasher, self).verify(password, encoded))


def in_turn(compute: Callable[[], T]) -> T:
    """Compute a hash when it is its turn, without a connection of the pool where there is no transaction.

    Raises: BusyError.
    """
    if not connection.in_atomic_block:
        connection.close()
    if not _turn.acquire(timeout=WAIT_SECONDS):
        raise BusyError
    computed: Future[T] = Future()
    # A thread of its own, since one that has lowered its priority may not raise it again.
    threading.Thread(target=compute_aside, args=(compute, computed), daemon=True, name="password").start()
    return computed.result()


def compute_aside(compute: Callable[[], T], computed: "Future[T]") -> None:
    """Compute a hash at a low priority, and give up the turn after the pause."""
    try:
        yield_to_others()
        computed.set_result(compute())
    except BaseException as error:
        computed.set_exception(error)
    finally:
        time.sleep(PAUSE_SECONDS)
        _turn.release()


def yield_to_others() -> None:
    """Lower the thread's priority: without Python's lock (GIL) a hash takes the core from other requests."""
    if sys.platform == "linux":  # elsewhere `nice` is the whole process's
        os.nice(10)
