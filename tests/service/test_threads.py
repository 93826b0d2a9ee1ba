"""How many requests a worker answers at the same time."""

import threading
import time
from collections.abc import Iterator

import pytest

from goalsvc.server.threads import Threads
from tests.service.processes import wait_until

Job = tuple[threading.Event, threading.Event]  # set once it is begun; waited for


@pytest.fixture
def jobs() -> Iterator[list[Job]]:
    every = [(threading.Event(), threading.Event()) for _ in range(5)]
    yield every
    for _, end in every:
        end.set()


def do(job: Job) -> None:
    begun, end = job
    begun.set()
    end.wait()


def begun(jobs: list[Job]) -> int:
    return sum(begun.is_set() for begun, _ in jobs)


def test_few_work_at_a_time_and_the_next_begins_when_one_has_ended(jobs):
    threads = Threads(4, do, few=2)
    for job in jobs:
        threads.submit(job)
    wait_until(lambda: begun(jobs) == 2)
    jobs[0][1].set()
    wait_until(lambda: begun(jobs) == 3)
    assert threads.count == 2


def test_those_that_take_long_keep_nobody_waiting_as_long_as_there_are_threads(jobs):
    threads = Threads(4, do, few=2)
    for job in jobs:
        threads.submit(job)
    wait_until(lambda: begun(jobs) == 2)
    threads.pass_over(time.monotonic())
    wait_until(lambda: begun(jobs) == 4)
    threads.pass_over(time.monotonic())
    assert (begun(jobs), threads.count, len(threads.waiting)) == (4, 4, 1)
    jobs[0][1].set()
    wait_until(lambda: begun(jobs) == 5)
