"""Hashes passwords with Argon2, one at a time and at a low priority, so that other requests go on."""

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

# How long a hash waits for its turn; it occupies a thread of the worker meanwhile.
WAIT_SECONDS = 1.0

# Pause after each hash, so that hashes take at most a tenth of a core.
PAUSE_SECONDS = 0.2

# Held while this worker computes a hash.
_turn = threading.Lock()


def renew_turn() -> None:
    """Let nobody have the turn: a process that was forked during a hash or its pause would never get it."""
    global _turn
    _turn = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=renew_turn)


class BusyError(Exception):
    """The worker was busy with other passwords for WAIT_SECONDS; nothing was done."""


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with the parameters of OWASP's Password Storage Cheat Sheet: 19 MiB, 2 rounds, 1 thread.

    Django's defaults take 100 MB and 8 threads. Hashes made with those are replaced at the next login.
    """

    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        return in_turn(lambda: super(PasswordHasher, self).encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        return in_turn(lambda: super(PasswordHasher, self).verify(password, encoded))


def in_turn(compute: Callable[[], T]) -> T:
    """Compute a hash when it is its turn. Outside a transaction, return the connection to the pool first.

    Raises: BusyError.
    """
    if not connection.in_atomic_block:
        connection.close()
    if not _turn.acquire(timeout=WAIT_SECONDS):
        raise BusyError
    computed: Future[T] = Future()
    # A thread of its own, because a thread that has lowered its priority may not raise it again.
    threading.Thread(target=compute_aside, args=(compute, computed), daemon=True, name="password").start()
    return computed.result()


def compute_aside(compute: Callable[[], T], computed: "Future[T]") -> None:
    """Compute a hash at a low priority, and give up the turn after the pause.

    Argon2 releases the GIL, so its thread competes with requests for the core.
    """
    try:
        if sys.platform == "linux":  # elsewhere `nice` is the whole process's
            os.nice(10)
        computed.set_result(compute())
    except BaseException as error:
        computed.set_exception(error)
    finally:
        time.sleep(PAUSE_SECONDS)
        _turn.release()
