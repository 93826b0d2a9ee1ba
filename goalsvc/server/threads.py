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
    """Does jobs in threads: as many as are needed, up to a limit; further jobs wait.

    Of the threads that rest the last one takes the next job, because what it needs is in the processor's
    cache. And with `few`, no more than so many are at work unless some of them take long, because they wait
    for something else: each that is at work takes the interpreter from the others. Both are what
    `concurrent.futures` lacks, besides jobs that can be given up.
    """

    def __init__(self, most: int, do: Callable[[Job], None], *, few: int | None = None) -> None:
        self.most = most
        self.few = few or most
        self.do = do
        self.count = 0
        self.lock = threading.Lock()
        self.waiting: deque[tuple[float, Job]] = deque()  # since when
        self.resting: list[tuple[threading.Lock, list[Job]]] = []  # what wakes a thread, and its job
        self.working: dict[threading.Lock, float] = {}  # since when; without those that take long

    def take(self, job: Job) -> None:
        """Have a thread do the job, at once if one may."""
        with self.lock:
            self.waiting.append((time.monotonic(), job))
            self.hand_out()

    def hand_out(self) -> None:
        """Give jobs that wait to threads, as far as some may work. The lock is held."""
        while self.waiting and len(self.working) < self.few:
            if self.resting:
                gate, jobs = self.resting.pop()
            elif self.count < self.most:
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
        """Let others work beside those at a job since before a moment (of `time.monotonic`)."""
        with self.lock:
            for gate in [gate for gate, since in self.working.items() if since < before]:
                del self.working[gate]
            self.hand_out()

    def give_up(self, before: float) -> list[Job]:
        """Return the jobs that have waited since before a moment (of `time.monotonic`); nobody does them."""
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
