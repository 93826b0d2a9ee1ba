"""Ask every list of an organization with millions of rows for each filter, alone and in pairs.

For each it prints how long a page took (the fastest of some, in this process, authentication included), the
most rows that a node of its plans came upon and removed, and how many rows the page shows; `…` where it ends
before it is full and `next` goes on. What is searched for is rare, or old, or common and old, or nowhere:
see tests/lists/world.py. The database is a fresh one on DATABASE_URL's server (as a superuser), or embedded.
"""

import argparse
import os
import sys
import time
from typing import Any


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lists", description=__doc__)
    parser.add_argument("--matches", type=int, default=3_000_000, help="default: %(default)s")
    parser.add_argument(
        "--others", type=int, default=1_000_000, help="rows of each other table (default: %(default)s)"
    )
    parser.add_argument("--repeat", type=int, default=3, help="of each page (default: %(default)s)")
    parser.add_argument("--slowest", type=int, default=0, metavar="N", help="print only so many")
    options = parser.parse_args()
    from tests.benchmark.servers import fresh_database

    with fresh_database() as url:
        os.environ |= {
            "DATABASE_URL": url,
            "DATABASE_STATEMENT_TIMEOUT_MS": "0",  # the filling takes longer than a request may
            "DJANGO_SETTINGS_MODULE": "goalsvc.settings",
        }
        import django

        django.setup()
        return measure(options)


def measure(options: argparse.Namespace) -> int:
    import logging

    from django.core.management import call_command
    from django.db import connection

    from tests.conftest import Client
    from tests.lists import world
    from tests.lists.plans import Plans

    logging.disable()
    call_command("migrate", verbosity=0)
    began = time.monotonic()
    built = world.fill(options.matches, options.others)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
    print(f"… filled in {time.monotonic() - began:.0f} s", file=sys.stderr)
    client: Any = Client(built.key, HTTP_HOST="localhost")
    found = []
    for case in built.cases():
        url = f"{built.base}/{case}"
        times = []
        for _ in range(options.repeat):
            began = time.perf_counter()
            response = client.get(url)
            times.append((time.perf_counter() - began) * 1000)
        page = response.json()
        if response.status_code != 200:
            raise SystemExit(f"{case}: {response.status_code} {page}")
        plans = Plans()
        with connection.execute_wrapper(plans):
            client.get(url)
        rows = len(page["results"])
        shown = f"{rows}…" if page["next"] and rows < 50 else str(rows)
        scanned = max((plan.scanned for plan in plans.found), default=0)
        removed = max((plan.removed for plan in plans.found), default=0)
        found.append((min(times), scanned, removed, shown, case))
    if options.slowest:
        found = sorted(found, key=lambda each: -each[0])[: options.slowest]
    for fastest, scanned, removed, shown, case in found:
        print(f"{fastest:8.1f} ms  {scanned:>7} read  {removed:>7} removed  {shown:>4} rows  {case}")
    print(f"slowest {max(each[0] for each in found):.1f} ms, most removed {max(each[2] for each in found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
