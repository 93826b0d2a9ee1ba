"""The worst bodies that the limits admit, smaller than `python -m tests.bodies` sends them."""

from collections.abc import Iterator

import pytest

from tests.bodies.__main__ import Worker, one_worker
from tests.bodies.corpus import MEBIBYTE, World, worst_bodies

SIZE = 2 * MEBIBYTE
NAMES = [(body.name, body.path) for body in worst_bodies(World("goal", "room"))]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with one_worker() as worker:
        yield worker


@pytest.mark.parametrize("number", range(len(NAMES)), ids=lambda number: NAMES[number][0])
def test_no_body_takes_much_memory_or_time(number, worker):
    body = list(worst_bodies(worker.world))[number]
    worker.reset_peak()
    memory, seconds = worker.memory(), worker.seconds()

    status, content = worker.send(body, SIZE)

    assert status in {200, 400, 413}, content
    # MB, of which the first body takes ten for good; it may be 200 with eight times as much.
    assert worker.memory("VmHWM") - memory < 90, content
    assert worker.seconds() - seconds < 5, content


def test_what_the_bodies_took_is_given_back(worker):
    before = worker.memory()
    body = next(body for body in worst_bodies(worker.world) if body.name == "spaces")
    for _ in range(10):
        worker.send(body, 16 * MEBIBYTE)
    assert worker.memory() < before + 50  # MB: each body has 16
