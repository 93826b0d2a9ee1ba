"""Measures the service against other ways to write it, all in one run on one machine.

Ratios within the run are what counts; a rate by itself says more about the machine. Beside goalsvc: the
floor, which is Django REST framework as its tutorials have it; the peer, FastAPI and asyncpg by hand; and the
limit, the service's statements by themselves.
"""

import argparse
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

from tests.benchmark.plot import plot
from tests.benchmark.servers import fresh_database
from tests.benchmark.table import print_table
from tests.benchmark.workloads import names

# What the peer is made of.
PROGRAMS = ["fastapi", "asyncpg", "uvloop"]


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def known_names(text: str) -> list[str]:
    found = [part.strip() for part in text.split(",")]
    if unknown := set(found) - set(names()):
        raise argparse.ArgumentTypeError(f"no workload: {', '.join(unknown)}. Known: {', '.join(names())}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000, help="default: %(default)s")
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
    parser.add_argument("--rows", type=int, default=50_000, help="of each import (default: %(default)s)")
    parser.add_argument(
        "--sizes",
        type=numbers,
        default=[],
        metavar="N,N,…",
        help="measure matches and lists at these numbers of sessions too, for example 100000,10000000",
    )
    parser.add_argument(
        "--only",
        type=known_names,
        metavar="WORKLOAD,…",
        help=f"measure nothing else; of: {', '.join(names())}",
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures there as JSON")
    parser.add_argument(
        "--plot", metavar="FILE", help="draw rates, processor times, latencies and sizes, a PNG"
    )
    options = parser.parse_args()
    if options.sessions < options.identities:
        parser.error("Every identity needs a session: --sessions must be at least --identities.")
    programs = [*PROGRAMS, "matplotlib"] if options.plot else PROGRAMS
    if missing := [name for name in programs if importlib.util.find_spec(name) is None]:
        parser.error(f"{', '.join(missing)} is missing: pip install '.[bench]' installs what this takes.")
    with fresh_database() as url:
        figures = measure(url, options)
    print_table(figures)
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=2))
    if options.plot:
        plot(figures, options.plot)


def measure(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Set up Django on a database, as the service runs on it, and measure."""
    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goalsvc.settings")
    os.environ["DATABASE_STATEMENT_TIMEOUT_MS"] = "0"
    os.environ["LOG_LEVEL"] = "WARNING"
    import django

    django.setup()
    from tests.benchmark.contest import Contest

    return Contest(url, options).run()


if __name__ == "__main__":
    main()
