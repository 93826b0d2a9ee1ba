"""Compares a world of ten thousand organizations with one of a hundred: what do the others' rows cost?

Organizations are of one size in both; one more has as much as all of them together. Requests alternate
between two services, one on each database, and the ratio of a round says how fast the far one is beside the
small one. Both databases are fresh ones of DATABASE_URL's server (as its superuser), or embedded; two of your
own can be named, and are filled where they are empty.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import psycopg

from tests.benchmark.servers import CONTENDERS, ROOT, fresh_databases, say, server

BOUND = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.far", description=__doc__)
    parser.add_argument("--sessions", type=int, default=30_000_000, help="far away (default: %(default)s)")
    parser.add_argument("--matches", type=int, default=3_000_000, help="far away (default: %(default)s)")
    parser.add_argument(
        "--organizations", type=int, default=10_000, help="ordinary ones, far away (default: %(default)s)"
    )
    parser.add_argument(
        "--few", type=int, default=100, help="ordinary ones of the small world (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=int, default=3, help="of a round over several connections (default: %(default)s)"
    )
    parser.add_argument("--small", metavar="URL", help="a database for the small world; it stays")
    parser.add_argument("--far", metavar="URL", help="a database for the far world; it stays")
    parser.add_argument("--fill-only", action="store_true", help="measure nothing")
    parser.add_argument("--upkeep", action="store_true", help="measure deletion, VACUUM and backup too")
    options = parser.parse_args()
    if (options.small is None) != (options.far is None):
        parser.error("name both databases or none")
    with ExitStack() as stack:
        urls = [options.small, options.far]
        if not options.small:
            urls = stack.enter_context(fresh_databases(2))
        run(urls, options)


def run(urls: Sequence[str], options: argparse.Namespace) -> None:
    # Django reads its settings once; what asks the databases here does so without it.
    os.environ |= {
        "DATABASE_URL": urls[0],
        "DATABASE_STATEMENT_TIMEOUT_MS": "0",
        "DJANGO_SETTINGS_MODULE": "goalsvc.settings",
        "LOG_LEVEL": "WARNING",
    }
    import django

    django.setup()
    from tests.far import disk, pairs
    from tests.far.world import SESSIONS_OF_VISITOR, Filling, Size, worlds

    # The large organization has the other half.
    each = options.sessions // options.organizations // 2 // SESSIONS_OF_VISITOR * SESSIONS_OF_VISITOR
    matches = options.matches // options.organizations // 2
    if each < 1 or matches < 1:
        raise SystemExit("Each organization needs ten sessions and two matches at least.")
    sizes = {
        "small": Size(options.few, each, matches),
        "far": Size(options.organizations, each, matches),
    }
    with ExitStack() as stack:
        places = []
        connections = []
        for (name, size), url in zip(sizes.items(), urls, strict=True):
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
            subprocess.run(migrate, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=True)
            connection = stack.enter_context(psycopg.connect(url, autocommit=True))
            connections.append(connection)
            if not worlds(connection, size):
                say(f"{name}: {size.rows(each):,} sessions of {size.organizations + 1:,} organizations")
                print_seconds(name, Filling(connection, size).run())
            places.append(worlds(connection, size))
            if len(places[-1]) != size.organizations + 1:
                raise SystemExit(f"{url} holds another world.")
        if options.fill_only:
            return
        for name, connection in zip(sizes, connections, strict=True):
            print_relations(name, disk.relations(connection))
        bases = [stack.enter_context(server([*CONTENDERS["goalsvc"], "--no-worker"], url))[0] for url in urls]
        say(f"measuring, {pairs.load_average()}")
        [small, far] = (pairs.Place(base, found) for base, found in zip(bases, places, strict=True))
        print_rows(pairs.compare(small, far, rounds=options.rounds, seconds=options.seconds))
        say(f"measured, {pairs.load_average()}")
        for name, connection, place in zip(sizes, connections, (small, far), strict=True):
            bytes_each = pairs.logged(connection, place)
            print(
                f"{name}: after a checkpoint a match POST of any organization logs {bytes_each / 1000:.0f} kB"
            )
        if options.upkeep:
            deleted, took, vacuumed = disk.vacuum(connections[1])
            print(
                f"far: {deleted:,} sessions deleted in {took:.0f} s, their table vacuumed in {vacuumed:.0f} s"
            )
            written, seconds = disk.dump(urls[1])
            print(f"far: pg_dump of {written / 1e6:,.0f} MB in {seconds:.0f} s")


def print_seconds(name: str, seconds: dict[str, float]) -> None:
    for what, took in seconds.items():
        print(f"{name:>6}  {took:8.1f} s  {what}", flush=True)
    print(f"{name:>6}  {sum(seconds.values()):8.1f} s  altogether", flush=True)


def print_relations(name: str, relations: Sequence[Any]) -> None:
    """Print tables and indexes; of an index how many levels it has, and how much lies above its leaves."""
    print(f"{name}:  {'rows':>12} {'MB':>10} {'levels':>6} {'inner MB':>9}")
    for each in relations:
        levels = "" if each.levels is None else each.levels
        inner = "" if each.inner is None else f"{each.inner / 1e6:.2f}"
        label = f"  {each.name}" if each.is_index else each.name
        print(f"{'':5} {each.rows:>12,} {each.size / 1e6:>10,.1f} {levels:>6} {inner:>9}  {label}")
    print(f"{'':5} {'':>12} {sum(each.size for each in relations) / 1e6:>10,.1f} {'':>16}  altogether")


def print_rows(rows: Iterable[Any]) -> None:
    print("     small ms   far ms   large ms   small/far (least, most)", flush=True)
    for row in rows:
        large = "" if row.large is None else f"{row.large:.2f}"
        verdict = "ok " if row.ratio >= BOUND else "NOT"
        ratios = f"{row.ratio:.2f} ({row.ratios[0]:.2f}, {row.ratios[-1]:.2f})"
        print(
            f"{verdict} {row.small:>9.2f} {row.far:>8.2f} {large:>10}   {ratios:<20} {row.name}", flush=True
        )


if __name__ == "__main__":
    main()
