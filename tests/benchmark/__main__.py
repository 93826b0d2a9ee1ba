"""Measures the service against other ways to write it, all in one run on one machine.

Ratios within the run are what counts; a rate by itself says more about the machine.
"""

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from tests.benchmark.servers import ROOT, fresh_database, server

BATCH = 1000

# A large batch takes half a second over eight connections: of a run as short as a single call's, what is
# under way at its end, which is not counted, would be a tenth.
BATCHES_LONGER = 4

# What the limit runs too.
LIMITED = {"match POST", "match batch", "session batch"}

Runs = dict[str, Callable[[], dict[str, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000, help="default: %(default)s; up to 10M")
    parser.add_argument("--identities", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument(
        "--seconds",
        type=int,
        default=4,
        help="of each round, four times as many with batches (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="of each measurement; the median counts (default: %(default)s)"
    )
    parser.add_argument("--rows", type=int, default=50_000, help="of the import (default: %(default)s)")
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[],
        metavar="N,N,…",
        help="measure match POSTs at these numbers of sessions too, for example 100000,10000000",
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures there as JSON")
    parser.add_argument("--plot", metavar="FILE", help="draw throughput and latency against --sizes, a PNG")
    options = parser.parse_args()
    with fresh_database() as url:
        figures = Benchmark(url, options).run()
    print_table(figures)
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=2))
    if options.plot:
        plot(figures["sizes"], options.plot)


GRANIAN = ["-m", "granian", "--workers", "2", "--no-ws", "--log-level", "error", "--host", "127.0.0.1"]
CONTENDERS = {
    "goalsvc": ["manage.py", "serve", "--workers", "2"],
    "floor": [
        *GRANIAN, "--interface", "wsgi", "--blocking-threads", "8", "tests.benchmark.floor:application"
    ],
    "peer": [*GRANIAN, "--interface", "asgi", "tests.benchmark.peer:app"],
}  # fmt: skip


class Benchmark:
    def __init__(self, url: str, options: argparse.Namespace) -> None:
        self.url = url
        self.options = options
        os.environ["DATABASE_URL"] = url
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goalsvc.settings")
        os.environ["DATABASE_STATEMENT_TIMEOUT_MS"] = "0"
        os.environ["LOG_LEVEL"] = "WARNING"
        import django

        django.setup()

    def run(self) -> dict[str, Any]:
        from django.core.management import call_command

        from tests.benchmark import world

        call_command("migrate", verbosity=0)
        sizes = sorted({*self.options.sizes, self.options.sessions})
        figures: dict[str, Any] = {"rates": {}, "sizes": []}
        for size in sizes:
            say(f"building a world of {size:,} sessions")
            call_command("flush", interactive=False, verbosity=0)
            built = world.build(size, self.options.identities)
            with server(CONTENDERS["goalsvc"], self.url) as (base, _):
                say("goalsvc: match POST, 8 connections")
                match = self.workloads(built)["match POST"]
                run = partial(self.measure, "goalsvc", base, built, match, 8)
                figures["sizes"].append({"sessions": size, **self.alternate({"": run})[""]})
            if size == self.options.sessions:
                figures["rates"] = self.contest(built)
                figures["megabytes per million"] = {
                    "sessions": world.megabytes_per_million("matching_visitorsession"),
                    "matches": world.megabytes_per_million("matching_externalmatch"),
                }
        return figures

    def workloads(self, built: Any) -> dict[str, Any]:
        from tests.benchmark.load import Workload
        from tests.benchmark.world import MATCHED_AT

        rooms = [str(room) for room in built.rooms]
        match = {
            "visitor_identity": "customer-{i}",
            "goal_matched_at": MATCHED_AT,
            "rooms": rooms,
            "goal_value": "12.50",
        }
        too_early = {**match, "goal_matched_at": "2024-12-01T12:00:00Z"}
        session = {
            "visitor_session_id": "new-{i}",
            "visitor_id": "visitor-{s}",
            "started_at": "2026-03-01T12:00:00Z",
            "rooms": rooms[:3],
        }
        goal = f"{built.base}/goals/{built.goal}"
        numbers = built.identities

        def one(name: str, method: str, path: str, body: Any, status: int) -> Any:
            return Workload(name, method, path, json.dumps(body) if body else None, numbers, status)

        def many(name: str, path: str, key: str, item: Any, status: int) -> Any:
            body = json.dumps({key: [item] * BATCH})
            return Workload(name, "POST", path, body, numbers, status, BATCH)

        found = [
            one("match POST", "POST", f"{goal}/matches", match, 200),
            one("match POST, 404", "POST", f"{goal}/matches", too_early, 404),
            one("goals list of 50", "GET", f"{built.base}/goals?page_size=50", None, 200),
            one("goal GET", "GET", goal, None, 200),
            one("session POST", "POST", f"{built.base}/visitor_sessions", session, 201),
            many(
                "match batch",
                f"{built.base}/matches/batch",
                "matches",
                {**match, "goal_id": str(built.goal), "visitor_identity": "customer-{i}"},
                200,
            ),
            many(
                "session batch",
                f"{built.base}/visitor_sessions/batch",
                "visitor_sessions",
                {**session, "visitor_session_id": "batch-{i}"},
                200,
            ),
        ]
        return {workload.name: workload for workload in found}

    def contest(self, built: Any) -> dict[str, Any]:
        """Run each workload for each contender that serves it, in turn and round after round.

        Each figure is the median of the rounds: whatever else the machine does meanwhile hits all alike,
        and so does the chance by which connections fall to workers.
        """
        rates: dict[str, Any] = {name: {} for name in [*CONTENDERS, "limit"]}
        with ExitStack() as stack:
            servers = {}
            for name, command in CONTENDERS.items():
                environment = {}
                if name == "floor":
                    environment["DJANGO_SETTINGS_MODULE"] = "tests.benchmark.floor_settings"
                began = time.monotonic()
                servers[name] = stack.enter_context(server(command, self.url, **environment))
                self.ask_once(servers[name][0], built)
                rates[name]["until first answer"] = {"seconds": time.monotonic() - began}
            for workload in self.workloads(built).values():
                is_batch = "batch" in workload.name
                counts = (1, 8, 32) if workload.name == "match POST" else (1, 8) if is_batch else (8,)
                is_ours_alone = is_batch or "404" in workload.name
                for connections in counts:
                    is_plain = connections == 1 if is_batch else connections == 8
                    label = workload.name if is_plain else f"{workload.name}, {connections}"
                    runs: Runs = {
                        name: partial(self.measure, name, base, built, workload, connections)
                        for name, (base, _) in servers.items()
                        if name == "goalsvc" or not is_ours_alone
                    }
                    if is_plain and workload.name in LIMITED:
                        runs["limit"] = partial(self.measure_limit, built, workload.name)
                    say(f"{workload.name}, {connections} connections: {', '.join(runs)}")
                    for name, figures in self.alternate(runs).items():
                        rates[name][label] = figures
            rates["goalsvc"]["memory of a worker"] = {"megabytes": largest_worker(servers["goalsvc"][1].pid)}
        runs = {
            "goalsvc": partial(self.time_import, built),
            "limit": partial(self.measure_limit, built, "match batch"),
        }
        say("import_matches")
        for name, figures in self.alternate(runs).items():
            rates[name]["import_matches"] = figures
        return rates

    def alternate(self, runs: Runs) -> dict[str, dict[str, float]]:
        """Run all in turn, each round in the opposite order; return the median of each figure."""
        measured: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
        for number in range(self.options.rounds):
            for name, run in list(runs.items())[:: -1 if number % 2 else 1]:
                measured[name].append(run())
        return {
            name: {figure: median(each[figure] for each in rounds) for figure in rounds[0]}
            for name, rounds in measured.items()
        }

    def measure(self, name: str, base: str, built: Any, workload: Any, connections: int) -> dict[str, float]:
        """Run a workload; see that every answer was right and every acknowledged match is in the table."""
        from tests.benchmark import load, world

        self.check(base, built, workload)
        load.run(workload, base, built.token, connections=connections, seconds=1)  # warm up
        settling = 2 if workload.items > 1 else 0.5
        time.sleep(settling)  # what is still under way is not counted
        before = world.count_matches()
        seconds = self.options.seconds * (BATCHES_LONGER if workload.items > 1 else 1)
        measured = load.run(workload, base, built.token, connections=connections, seconds=seconds)
        time.sleep(settling)  # what was under way when the load ended
        # A session that is posted a second time is answered 200, not 201.
        if measured.bad and workload.name != "session POST":
            raise SystemExit(f"{name}: {measured.bad} wrong answers to {workload.name}")
        if workload.name.startswith("match") and workload.status == 200:
            written = world.count_matches() - before
            acknowledged = measured.requests * workload.items
            if not acknowledged <= written <= acknowledged + connections * workload.items:
                raise SystemExit(f"{name}: {acknowledged} matches acknowledged, {written} written")
        return {"rate": measured.rate * workload.items, "p50": measured.p50, "p99": measured.p99}

    def measure_limit(self, built: Any, workload: str) -> dict[str, float]:
        from tests.benchmark import limit

        seconds = self.options.seconds
        if workload == "match batch":
            return {"rate": limit.matches(built, size=BATCH, seconds=seconds)}
        if workload == "session batch":
            return {"rate": limit.sessions(built, size=BATCH, seconds=seconds)}
        return {"rate": limit.pgbench(built, self.url, connections=8, seconds=seconds)}

    def check(self, base: str, built: Any, workload: Any) -> None:
        """See that a few answers are right in all they say."""
        from tests.benchmark import load

        client = http.client.HTTPConnection(base.removeprefix("http://"), timeout=30)
        for _ in range(3):
            status, answer = load.ask(client, workload, built.token)
            if status not in {workload.status, 200}:
                raise SystemExit(f"{workload.name} is answered {status}: {answer}")
            if workload.name == "match POST":
                rooms = answer.get("rooms") or answer["room_ids"]
                assert set(rooms) == {str(room) for room in built.rooms[:3]}, answer
                assert answer["goal_value"] == "12.50"
                assert answer["visitor_session_id"].startswith(("session-", "new-", "batch-"))
            elif workload.name == "goals list of 50":
                assert len(answer["results"]) == 50
            elif "batch" in workload.name:
                assert answer["summary"]["failed"] == 0, answer["summary"]

    def ask_once(self, base: str, built: Any) -> None:
        from tests.benchmark import load

        client = http.client.HTTPConnection(base.removeprefix("http://"), timeout=30)
        load.ask(client, self.workloads(built)["goal GET"], built.token)

    def time_import(self, built: Any) -> dict[str, float]:
        """Import a file of generated matches with the command; return rows per second."""
        from tests.benchmark.world import MATCHED_AT

        name = uuid4().hex  # so that each round's rows are new
        rooms = " ".join(map(str, built.rooms))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "matches.csv"
            with path.open("w") as file:
                file.write("visitor_identity,goal_matched_at,rooms,goal_value,external_id\n")
                for n in range(self.options.rows):
                    identity = random.randrange(built.identities)
                    file.write(f"customer-{identity},{MATCHED_AT},{rooms},12.50,{name}-{n}\n")
            began = time.monotonic()
            subprocess.run(
                [
                    *(sys.executable, "manage.py", "import_matches", str(path)),
                    *("--organization", str(built.organization), "--goal", str(built.goal)),
                ],
                cwd=ROOT,
                env={**os.environ, "DATABASE_URL": self.url},
                check=True,
                capture_output=True,
            )
            return {"rate": self.options.rows / (time.monotonic() - began)}


def largest_worker(pid: int) -> float:
    """Return the resident memory of the largest child process, in megabytes."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = [int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children]
    return float(max(pages, default=0)) * os.sysconf("SC_PAGE_SIZE") / 1e6


def say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


def print_table(figures: dict[str, Any]) -> None:
    """Print what was measured, and the ratios that count beside what they should be."""
    rates = figures["rates"]

    def rate(who: str, what: str) -> float:
        return float(rates[who][what]["rate"])

    ours = rates["goalsvc"]
    sizes = figures["sizes"]
    wanted: list[tuple[str, Callable[[], float], str, float]] = [
        ("match POST, 8 connections: goalsvc / peer",
         lambda: rate("goalsvc", "match POST") / rate("peer", "match POST"), ">=", 1.0),
        ("match POST: goalsvc / floor",
         lambda: rate("goalsvc", "match POST") / rate("floor", "match POST"), ">=", 8),
        ("match POST: goalsvc / limit",
         lambda: rate("goalsvc", "match POST") / rate("limit", "match POST"), ">=", 0.30),
        ("p99 / p50 of match POST", lambda: ours["match POST"]["p99"] / ours["match POST"]["p50"], "<=", 4),
        ("goals list of 50: goalsvc / peer",
         lambda: rate("goalsvc", "goals list of 50") / rate("peer", "goals list of 50"), ">=", 0.8),
        ("goal GET: goalsvc / peer",
         lambda: rate("goalsvc", "goal GET") / rate("peer", "goal GET"), ">=", 0.8),
        ("match batch: goalsvc / limit",
         lambda: rate("goalsvc", "match batch") / rate("limit", "match batch"), ">=", 0.6),
        ("match batch / match POST, 8 connections",
         lambda: rate("goalsvc", "match batch, 8") / rate("goalsvc", "match POST"), ">=", 10),
        ("session batch: goalsvc / limit",
         lambda: rate("goalsvc", "session batch") / rate("limit", "session batch"), ">=", 0.6),
        ("import_matches / batch limit",
         lambda: rate("goalsvc", "import_matches") / rate("limit", "import_matches"), ">=", 0.5),
        (f"match POST at {sizes[-1]['sessions']:,} sessions / at {sizes[0]['sessions']:,}",
         lambda: sizes[-1]["rate"] / sizes[0]["rate"], ">=", 0.9),
        ("memory of a worker, MB", lambda: ours["memory of a worker"]["megabytes"], "<=", 120),
        ("serve until the first answer, s", lambda: ours["until first answer"]["seconds"], "<=", 3),
    ]  # fmt: skip
    for who, measured in rates.items():
        for what, values in measured.items():
            shown = ", ".join(f"{name} {value:,.2f}" for name, value in values.items())
            print(f"{who:>8}  {what:<22} {shown}")
    print()
    for label, figure, relation, bound in wanted:
        value = figure()
        is_met = value >= bound if relation == ">=" else value <= bound
        print(f"{'ok ' if is_met else 'NOT'}  {label:<55} {value:>9.2f}   {relation} {bound}")


def plot(sizes: list[dict[str, float]], path: str) -> None:
    """Draw throughput and latency of match POSTs against the number of sessions."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    sessions = [size["sessions"] for size in sizes]
    left.semilogx(sessions, [size["rate"] for size in sizes], marker="o")
    left.set(title="match POST", xlabel="sessions", ylabel="matches per second", ylim=(0, None))
    for name in ("p50", "p99"):
        right.semilogx(sessions, [size[name] for size in sizes], marker="o", label=name)
    right.set(title="latency", xlabel="sessions", ylabel="milliseconds", ylim=(0, None))
    right.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
