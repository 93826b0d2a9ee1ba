"""The threads that answer requests."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

Job = TypeVar("Job")


class Threads(Generic[Job]):
    """A pool of at most `limit` threads, made as they are needed; further jobs wait.

    It does three things that `concurrent.futures` does not. Idle threads are used LIFO, because what the last
    one needs is still in the processor's cache. With `few`, only so many work at once, as more would compete
    for the GIL; those that take long, because they wait for the database, are not counted. And waiting jobs
    can be withdrawn.
    """

    def __init__(self, limit: int, do: Callable[[Job], None], *, few: int | None = None) -> None:
        self.limit = limit
        self.few = few or limit
        self.do = do
        self.count = 0
        self.lock = threading.Lock()
        self.waiting: deque[tuple[float, Job]] = deque()  # since when
        self.resting: list[tuple[threading.Lock, list[Job]]] = []  # a lock that wakes a thread, and its job
        self.working: dict[threading.Lock, float] = {}  # since when; not those that take long

    def submit(self, job: Job) -> None:
        """Queue a job, and start it at once if a thread may work."""
        with self.lock:
            self.waiting.append((time.monotonic(), job))
            self.hand_out()

    def hand_out(self) -> None:
        """Start waiting jobs, as far as threads may work. The caller holds the lock."""
        while self.waiting and len(self.working) < self.few:
            if self.resting:
                gate, jobs = self.resting.pop()
            elif self.count < self.limit:
                gate, jobs = threading.Lock(), []
                gate.acquire()
                self.count += 1
                threading.Thread(target=self.run, args=(gate, jobs), daemon=True, name="request").start()
            else:
                return
            jobs.append(self.waiting.popleft()[1])
            self.working[gate] = time.monotonic()
            gate.release()

    def pass_over(self, before: float) -> None:
        """No longer count threads at one job since before a moment (of `time.monotonic`): others may work."""
        with self.lock:
            for gate in [gate for gate, since in self.working.items() if since < before]:
                del self.working[gate]
            self.hand_out()

    def withdraw(self, before: float) -> list[Job]:
        """Remove and return the jobs that have waited since before a moment (of `time.monotonic`)."""
        jobs = []
        with self.lock:
            while self.waiting and self.waiting[0][0] < before:
                jobs.append(self.waiting.popleft()[1])
        return jobs

    def run(self, gate: threading.Lock, jobs: list[Job]) -> None:
        while True:
            gate.acquire()
            try:
                self.do(jobs.pop())
            except Exception:
                logger.exception("a request could not be answered")
            with self.lock:
                self.working.pop(gate, None)
                self.resting.append((gate, jobs))
                self.hand_out()
