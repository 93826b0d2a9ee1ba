"""Measures requests in pairs: one here, one there, so that whatever else the machine does hits both alike."""

import http.client
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from psycopg import Connection

from tests.benchmark import load
from tests.benchmark.load import Workload
from tests.benchmark.world import World

BATCH = 1000
CONNECTIONS = 8


@dataclass(frozen=True)
class Place:
    """A service, and the organizations of its database; the large one is the first."""

    base: str
    worlds: Sequence[World]


@dataclass(frozen=True)
class Question:
    """What is asked of an organization, and how often in a round.

    Args:
        is_of_any: each request asks another ordinary organization.
        is_of_few: the large organization is asked for as few of its identities as an ordinary one has.
    """

    name: str
    make: Callable[[World], Workload]
    times: int
    is_of_any: bool = False
    is_of_few: bool = False


@dataclass(frozen=True)
class Row:
    """What a question cost: medians in milliseconds, and how fast far is beside small (1: as fast)."""

    name: str
    small: float
    far: float
    ratios: Sequence[float]
    large: float | None

    @property
    def ratio(self) -> float:
        return median(self.ratios)


def questions() -> list[Question]:
    """Return what is asked, what only reads first: it finds the worlds as they were filled."""
    today = datetime.now(UTC).date()
    days = f"start_date={today - timedelta(days=30)}&end_date={today - timedelta(days=1)}"
    return [
        Question("goals, 50 a page", reading("goals?page_size=50"), 60),
        Question("matches, 50 a page", reading("matches?page_size=50"), 60),
        Question("matches of an identity", reading("matches?visitor_identity=customer-3"), 60),
        Question("visitor sessions, 50 a page", reading("visitor_sessions?page_size=50"), 60),
        Question(
            "the same, of any organization", reading("visitor_sessions?page_size=50"), 60, is_of_any=True
        ),
        Question("report of 30 days", reading(f"reports/goals?{days}"), 30),
        Question("summary of 7 days", reading("match_attempts/summary?days=7"), 30),
        Question("match POST", match, 300),
        Question("match POST, of any organization", match, 300, is_of_any=True),
        Question("batch of 1,000 matches", batch, 6),
        Question("the same, of few identities", batch, 6, is_of_few=True),
    ]


def reading(path: str) -> Callable[[World], Workload]:
    return lambda world: Workload("", "GET", f"{world.base}/{path}", None, 1, 200)


def match(world: World) -> Workload:
    body = json.dumps(body_of(world))
    return Workload("", "POST", f"{world.base}/goals/{world.goal}/matches", body, world.identities, 200)


def batch(world: World) -> Workload:
    item = body_of(world) | {"goal_id": str(world.goal)}
    body = json.dumps({"matches": [item] * BATCH})
    return Workload("", "POST", f"{world.base}/matches/batch", body, world.identities, 200, BATCH)


def body_of(world: World) -> dict[str, Any]:
    return {
        "visitor_identity": "customer-{i}",
        "goal_matched_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rooms": [str(room) for room in world.rooms[:3]],
        "goal_value": "12.50",
    }


class Asking:
    """A connection to a service, and what is asked through it."""

    def __init__(self, question: Question, place: Place, numbers: Sequence[int]) -> None:
        self.question = question
        self.place = place
        self.numbers = numbers  # of the organizations
        self.client = http.client.HTTPConnection(place.base.removeprefix("http://"), timeout=120)
        self.milliseconds: list[float] = []

    def ask(self) -> None:
        world = self.place.worlds[random.choice(self.numbers)]
        workload = self.question.make(world)
        if self.question.is_of_few:
            workload = replace(workload, numbers=self.place.worlds[-1].identities)
        workload = replace(workload, body=load.fill(workload) or None)  # not within the time
        began = time.perf_counter()
        status, answer = load.ask(self.client, workload, world.token)
        self.milliseconds.append((time.perf_counter() - began) * 1000)
        if status != workload.status or (workload.items > 1 and answer["summary"]["failed"]):
            raise SystemExit(f"{self.question.name} is answered {status}: {str(answer)[:500]}")

    def median(self, times: int) -> float:
        for _ in range(times):
            self.ask()
        return median(self.milliseconds)


def alternate(first: Asking, second: Asking, times: int) -> tuple[float, float]:
    """Ask both in turn; return their medians. The first requests warm up the connections."""
    for number in range(-2, times):
        for asking in (first, second)[:: -1 if number % 2 else 1]:
            asking.ask()
    return median(first.milliseconds[2:]), median(second.milliseconds[2:])


def compare(small: Place, far: Place, *, rounds: int, seconds: int) -> Iterator[Row]:
    """Measure all questions, round after round, each round with another ordinary organization."""
    numbers = random.choices(range(1, len(small.worlds)), k=rounds)
    for question in questions():
        pairs, large = [], []
        for number in numbers:
            same = [number]
            here = range(1, len(small.worlds)) if question.is_of_any else same
            there = range(1, len(far.worlds)) if question.is_of_any else same
            pairs.append(
                alternate(Asking(question, small, here), Asking(question, far, there), question.times)
            )
            if not question.is_of_any:
                # What grows with an organization's own rows may take long there.
                large.append(Asking(question, far, [0]).median(max(3, question.times // 10)))
        yield row(question.name, pairs, large)
    yield throughput(small, far, numbers, seconds=seconds)


def throughput(small: Place, far: Place, numbers: Sequence[int], *, seconds: int) -> Row:
    """Post matches over some connections at once; what is compared is the milliseconds that each takes."""

    def took(place: Place, number: int) -> float:
        world = place.worlds[number]
        measured = load.run(match(world), place.base, world.token, connections=CONNECTIONS, seconds=seconds)
        if measured.bad:
            raise SystemExit(f"{measured.bad} wrong answers to match POST")
        return 1000 / measured.rate

    pairs, large = [], []
    for count, same in enumerate(numbers):
        turns = [(small, same), (far, same), (far, 0)]
        order = range(3)[:: -1 if count % 2 else 1]
        found = {turn: took(*turns[turn]) for turn in order}
        pairs.append((found[0], found[1]))
        large.append(found[2])
    return row(f"match POST, {CONNECTIONS} connections", pairs, large)


def row(name: str, pairs: Sequence[tuple[float, float]], large: Sequence[float]) -> Row:
    return Row(
        name,
        median(small for small, _ in pairs),
        median(far for _, far in pairs),
        sorted(small / far for small, far in pairs),
        median(large) if large else None,
    )


def logged(connection: Connection, place: Place, times: int = 500) -> float:
    """Return how many bytes a match POST of any organization logs, right after a checkpoint.

    The first change of a page since then logs all of it. Nobody else may write meanwhile.
    """
    asking = Asking(Question("match POST", match, times), place, range(1, len(place.worlds)))
    connection.execute("CHECKPOINT")
    before = connection.execute("SELECT pg_current_wal_lsn()").fetchone()
    assert before
    asking.median(times)
    written = connection.execute("SELECT pg_current_wal_lsn() - %s::pg_lsn", before).fetchone()
    assert written
    return float(written[0]) / times


def load_average() -> str:
    return f"load average {os.getloadavg()[0]:.1f}"
