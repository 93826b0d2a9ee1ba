"""Runs the workloads for all contenders in turn, on one database, and sees that the answers are right."""

import argparse
import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from functools import partial
from statistics import median
from subprocess import Popen
from typing import Any

from django.core.management import call_command

from tests.benchmark import imports, limit, load, world
from tests.benchmark.agreement import verify_agreement
from tests.benchmark.load import Workload
from tests.benchmark.meters import Meter, costs, largest_worker
from tests.benchmark.servers import CONTENDERS, say, server
from tests.benchmark.slow import slow_client
from tests.benchmark.workloads import (
    BATCH,
    IMPORTS,
    OURS_AND_PEER,
    SIZED,
    SLOW,
    SMALL_BATCH,
    Trial,
    match_batch,
    trials,
)
from tests.benchmark.world import World

# A large batch takes half a second over eight connections: of a run as short as a single call's, what is
# under way at its end, which is not counted, would be a tenth.
BATCHES_LONGER = 4
USUAL_CONNECTIONS = 8

Figures = dict[str, float]
Rates = dict[str, dict[str, Figures]]  # by contender and workload


class Contest:
    def __init__(self, url: str, options: argparse.Namespace) -> None:
        self.url = url
        self.options = options
        self.meter = Meter(url)
        self.world: World
        self.servers: dict[str, tuple[str, Popen[bytes]]] = {}  # with their addresses
        self.rates: Rates = {name: {} for name in [*CONTENDERS, "limit"]}

    def run(self) -> dict[str, Any]:
        """Measure at all sizes; return the figures."""
        call_command("migrate", verbosity=0)
        sizes = sorted({*self.options.sizes, self.options.sessions})
        figures: dict[str, Any] = {"sizes": []}
        for size in sizes:
            say(f"building a world of {size:,} sessions")
            call_command("flush", interactive=False, verbosity=0)
            self.world = world.build(size, self.options.identities)
            if len(sizes) > 1:
                figures["sizes"].append({"sessions": size, **self.measure_size()})
            if size == self.options.sessions:
                self.contest()
                figures["rates"] = self.rates
                figures["megabytes per million"] = {
                    "sessions": world.megabytes_per_million("matching_visitorsession"),
                    "matches": world.megabytes_per_million("matching_externalmatch"),
                }
        figures["database is here"] = self.meter.postmaster is not None
        return figures

    def is_wanted(self, name: str) -> bool:
        return not self.options.only or name in self.options.only

    def trials(self) -> Iterator[Trial]:
        return (trial for trial in trials(self.world) if self.is_wanted(trial.workload.name))

    def measure_size(self) -> dict[str, Figures]:
        """Measure what must not depend on the number of sessions, of goalsvc alone."""
        found: dict[str, Figures] = {}
        with server(CONTENDERS["goalsvc"], self.url) as self.servers["goalsvc"]:
            self.fill()
            for trial in self.trials():
                name = trial.workload.name
                if name in SIZED:
                    say(f"goalsvc: {name}, {USUAL_CONNECTIONS} connections")
                    run = partial(self.measure, "goalsvc", trial.workload, USUAL_CONNECTIONS)
                    found[name] = self.alternate({"": run})[""]
        return found

    def fill(self) -> None:
        """Post as many matches as a list shows, and more."""
        status, answer = load.ask(self.client("goalsvc"), match_batch(self.world, BATCH), self.world.token)
        assert status == 200, answer

    def contest(self) -> None:
        """Run each workload for each contender that serves it, in turn and round after round.

        Each figure is the median of the rounds: whatever else the machine does meanwhile hits all alike,
        and so does the chance by which connections fall to workers.
        """
        with ExitStack() as stack:
            for name, command in CONTENDERS.items():
                self.start(stack, name, command)
            self.fill()
            say("goalsvc and the peer answer alike")
            verify_agreement(self.world, {name: self.servers[name][0] for name in OURS_AND_PEER})
            for trial in self.trials():
                for connections in trial.connections:
                    self.run_trial(trial, connections)
            if self.is_wanted(SLOW):
                self.run_slow()
            master = self.servers["goalsvc"][1].pid
            self.rates["goalsvc"]["memory of a worker"] = {"megabytes": largest_worker(master)}
        for name in filter(self.is_wanted, IMPORTS):
            say(name)
            run = partial(imports.time_import, self.world, name, rows=self.options.rows)
            self.rates["goalsvc"][name] = self.alternate({"": run})[""]

    def start(self, stack: ExitStack, name: str, command: list[str]) -> None:
        environment = {}
        if name == "floor":
            environment["DJANGO_SETTINGS_MODULE"] = "tests.benchmark.floor_settings"
        began = time.monotonic()
        self.servers[name] = stack.enter_context(server(command, self.url, **environment))
        [goal] = [each.workload for each in trials(self.world) if each.workload.name == "goal GET"]
        load.ask(self.client(name), goal, self.world.token)
        self.rates[name]["until first answer"] = {"seconds": time.monotonic() - began}

    def run_trial(self, trial: Trial, connections: int) -> None:
        workload, label = trial.workload, trial.label(connections)
        runs: dict[str, Callable[[], Figures]] = {
            name: partial(self.measure, name, workload, connections) for name in trial.contenders
        }
        if trial.has_limit and connections == trial.connections[0]:
            runs["limit"] = partial(self.measure_limit, workload.name)
        say(f"{workload.name}, {connections} connections: {', '.join(runs)}")
        for name, figures in self.alternate(runs).items():
            self.rates[name][label] = figures

    def run_slow(self) -> None:
        """Measure what seven clients get beside a slow one, and without it."""
        match = trials(self.world)[0].workload
        others = USUAL_CONNECTIONS - 1
        labels = {f"{match.name}, {others}": False, f"{match.name}, {others} and a slow one": True}
        runs: dict[tuple[str, str], Callable[[], Figures]] = {
            (name, label): partial(self.measure, name, match, others, has_slow_client=is_slow)
            for name in OURS_AND_PEER
            for label, is_slow in labels.items()
        }
        say(f"{match.name}, {others} connections, without a slow client and with one: {OURS_AND_PEER}")
        for (name, label), figures in self.alternate(runs).items():
            self.rates[name][label] = figures

    def alternate(self, runs: dict[Any, Callable[[], Figures]]) -> dict[Any, Figures]:
        """Run all in turn, each round in the opposite order.

        Returns: the median of each figure, and the worst of all rounds.
        """
        measured: dict[Any, list[Figures]] = {name: [] for name in runs}
        for number in range(self.options.rounds):
            for name, run in list(runs.items())[:: -1 if number % 2 else 1]:
                measured[name].append(run())
        return {
            name: {
                figure: (max if figure == "worst" else median)(each[figure] for each in rounds)
                for figure in rounds[0]
            }
            for name, rounds in measured.items()
        }

    def measure(
        self, name: str, workload: Workload, connections: int, *, has_slow_client: bool = False
    ) -> Figures:
        """Run a workload; see that every answer was right and that what was acknowledged was written."""
        base, process = self.servers[name]
        run = partial(load.run, workload, base, self.world.token, connections=connections)
        self.check(name, workload)
        run(seconds=1)  # warm up
        settling = 2 if workload.items > 1 else 0.5
        time.sleep(settling)  # what is still under way is not counted
        rows = settled_rows(workload.table) if workload.table else 0
        seconds = self.options.seconds * (BATCHES_LONGER if workload.items > 1 else 1)
        small = match_batch(self.world, SMALL_BATCH)
        with slow_client(small, base, self.world.token) if has_slow_client else nullcontext() as slow:
            before = self.meter.read(process.pid)
            measured = run(seconds=seconds)
            time.sleep(settling)  # what was under way when the load ended
            after = self.meter.read(process.pid)
        if measured.bad:
            raise SystemExit(f"{name}: {measured.bad} wrong answers to {workload.name}")
        acknowledged = measured.requests * workload.items
        if workload.table:
            written = settled_rows(workload.table) - rows
            written -= len(slow.statuses) * SMALL_BATCH if slow else 0
            if not acknowledged <= written <= acknowledged + connections * workload.items:
                raise SystemExit(f"{name}: {workload.name}: {acknowledged} acknowledged, {written} written")
        return {
            "rate": measured.rate * workload.items,
            "p50": measured.p50,
            "p99": measured.p99,
            "worst": measured.worst,
            **costs(before, after, requests=measured.requests, items=workload.items),
        }

    def measure_limit(self, workload: str) -> Figures:
        seconds = self.options.seconds
        if workload == "match batch":
            return {"rate": limit.matches(self.world, size=BATCH, seconds=seconds)}
        if workload == "session batch":
            return {"rate": limit.sessions(self.world, size=BATCH, seconds=seconds)}
        return {"rate": limit.pgbench(self.world, self.url, connections=8, seconds=seconds)}

    def client(self, name: str) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.servers[name][0].removeprefix("http://"), timeout=30)

    def check(self, name: str, workload: Workload) -> None:
        """See that a few answers are right in all they say."""
        client = self.client(name)
        for _ in range(3):
            status, answer = load.ask(client, workload, self.world.token)
            if status != workload.status:
                raise SystemExit(f"{name} answers {workload.name} with {status}: {str(answer)[:500]}")
            if workload.name.startswith("match POST") and status == 200:
                rooms = answer.get("rooms") or answer["room_ids"]
                assert set(rooms) == {str(room) for room in self.world.rooms[:3]}, answer
                assert answer["goal_value"] == "12.50"
                assert answer["visitor_session_id"].startswith(("session-", "new-"))
            elif workload.name == "match POST refused":
                assert answer["code"] == "session_not_found", answer
                assert answer["reason"]["visitor_count"] == 1, answer
            elif workload.name.endswith("list of 50"):
                assert len(answer["results"]) == 50
            elif "batch" in workload.name:
                assert answer["summary"]["created"] == workload.items, answer["summary"]


def settled_rows(table: str) -> int:
    """Return the rows of a table once requests whose client has gone write no more; it may take seconds."""
    rows, before = world.count_rows(table), -1
    while rows != before:
        time.sleep(0.5)
        rows, before = world.count_rows(table), rows
    return rows
