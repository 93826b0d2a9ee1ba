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
    cache. That is what `concurrent.futures` lacks, besides jobs that can be given up.
    """

    def __init__(self, most: int, do: Callable[[Job], None]) -> None:
        self.most = most
        self.do = do
        self.count = 0
        self.lock = threading.Lock()
        self.waiting: deque[tuple[float, Job]] = deque()  # since when
        self.resting: list[tuple[threading.Lock, list[Job]]] = []  # what wakes a thread, and its job

    def take(self, job: Job) -> None:
        """Have a thread do the job, at once if one is free."""
        with self.lock:
            if self.resting:
                gate, jobs = self.resting.pop()
                jobs.append(job)
                gate.release()
                return
            self.waiting.append((time.monotonic(), job))
            if self.count == self.most:
                return
            self.count += 1
        threading.Thread(target=self.run, daemon=True, name="request").start()

    def give_up(self, before: float) -> list[Job]:
        """Return the jobs that have waited since before a moment (of `time.monotonic`); nobody does them."""
        jobs = []
        with self.lock:
            while self.waiting and self.waiting[0][0] < before:
                jobs.append(self.waiting.popleft()[1])
        return jobs

    def run(self) -> None:
        gate = threading.Lock()
        gate.acquire()
        jobs: list[Job] = []
        while True:
            with self.lock:
                if self.waiting:
                    jobs.append(self.waiting.popleft()[1])
                else:
                    self.resting.append((gate, jobs))
            if not jobs:
                gate.acquire()
            try:
                self.do(jobs.pop())
            except Exception:
                logger.exception("a request could not be answered")
