"""Measures whether batches keep their speed, whatever the database's statistics say and however many came
before on the same connection.

PostgreSQL makes a plan of its own for the first five runs of a prepared statement, and may then go on with
one for all, made for it knows not how many rows. For each state of the statistics (up to date; never made;
made while the tables were empty; made while they had a row each) and each kind of batch: so many batches of
5,000 in a row, single calls in between. Printed is the processor time of a batch (of this process and its
server process: other work on the machine does not count), and how many times the quickest one the slowest
took.
"""

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from tests.benchmark.servers import fresh_database

BATCH = 5000
SINGLES = 3
FACTOR = 1.5
STATES = ("analyzed", "never", "empty", "stale")
KINDS = ("matches", "sessions", "identities", "holds")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.plans", description=__doc__)
    parser.add_argument("--sessions", type=int, default=300_000, help="default: %(default)s")
    parser.add_argument("--identities", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--batches", type=int, default=20, help="of each kind (default: %(default)s)")
    parser.add_argument("--states", nargs="+", choices=STATES, default=STATES)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    options = parser.parse_args()
    # Each state in a process of its own: settings are read once in a process.
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        is_fine = all(list(pool.map(measure_afresh, options.states, repeat(options))))
    raise SystemExit(0 if is_fine else f"The slowest took more than {FACTOR} times the quickest.")


def measure_afresh(state: str, options: argparse.Namespace) -> bool:
    with fresh_database() as url:
        return measure(url, state, options)


def measure(url: str, state: str, options: argparse.Namespace) -> bool:
    """Measure the kinds of batches with statistics in one state; tell whether all kept their speed."""
    os.environ["DATABASE_URL"] = url
    os.environ["DATABASE_STATEMENT_TIMEOUT_MS"] = "0"
    os.environ["LOG_LEVEL"] = "WARNING"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goalsvc.settings")
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    forget_plans()
    connection.settings_dict["NAME"] = urlsplit(url).path[1:]
    call_command("migrate", verbosity=0)
    world = make_world(state, options)
    is_fine = True
    for kind in options.kinds:
        forget_plans()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), current_setting('server_version_num')::int / 10000")
            pid, version = cursor.fetchone()
        call = CALLS[kind]
        seconds = []
        for number in range(options.batches):
            items = call(world, number, BATCH)
            before = processor_seconds(pid)
            world.post(kind, items)
            seconds.append(processor_seconds(pid) - before)
            for single in range(SINGLES):
                world.post(kind, call(world, 1_000_000 + number * SINGLES + single, 1))
        factor = max(seconds) / min(seconds)
        is_fine &= factor <= FACTOR
        print(
            f"PostgreSQL {version}  {state:9} {kind:11} median {median(seconds):6.2f} s"
            f"  slowest {max(seconds):6.2f} s  factor {factor:5.2f}",
            flush=True,
        )
    return is_fine


def forget_plans() -> None:
    """Have the next statement open a connection that has no plan yet."""
    from django.db import connection

    connection.close()
    connection.close_pool()  # type: ignore[attr-defined] # of PostgreSQL's alone


def processor_seconds(pid: int) -> float:
    """Return the processor time of this process and a server process; the time of day if that is not here."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class PlanWorld:
    """The benchmark's world, and posting to it without HTTP."""

    def __init__(self, built: Any) -> None:
        from goalsvc.orgs.models import Organization

        self.built = built
        self.organization = Organization.objects.get(id=built.organization)
        self.rooms = [str(room) for room in built.rooms[:3]]

    def post(self, kind: str, items: list[dict[str, Any]]) -> None:
        """Post items as a batch (one: as a single call); see that all were taken."""
        from django.utils import timezone

        from matching.matches.posting import post_matches
        from matching.models import MatchAttempt
        from matching.visitors.reports import report_identities, report_sessions

        now = timezone.now()
        answers: list[Any]
        if kind == "sessions":
            answers = report_sessions(self.organization, items, at=now)
        elif kind == "identities":
            answers = report_identities(self.organization, items, at=now)
        else:
            source = MatchAttempt.Source.BATCH
            answers = post_matches(self.organization, items, by=None, at=now, source=source)
        refused = [answer for answer in answers if answer.status >= 300]
        assert not refused, refused[0]


def make_world(state: str, options: argparse.Namespace) -> PlanWorld:
    """Fill the database, with statistics in a state that autovacuum leaves alone."""
    from django.apps import apps
    from django.db import connection

    from tests.benchmark import world

    tables = [model._meta.db_table for model in apps.get_app_config("matching").get_models()]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        if state == "empty":
            cursor.execute(f"ANALYZE {', '.join(tables)}")
    if state == "stale":
        first = PlanWorld(world.build(1, 1))
        for kind, call in CALLS.items():
            first.post(kind, call(first, 0, 1))
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(tables)}")
            cursor.execute("UPDATE orgs_user SET email = 'first@example.com'")
    return PlanWorld(world.build(options.sessions, options.identities, vacuum=state == "analyzed"))


def match(world: PlanWorld, number: int, index: int) -> dict[str, Any]:
    return {
        "goal_id": str(world.built.goal),
        "visitor_identity": f"customer-{(number * BATCH + index) % world.built.identities}",
        "goal_matched_at": "2026-06-01T12:00:00Z",
        "rooms": world.rooms,
        "external_id": f"receipt-{number}-{index}",
    }


def hold(world: PlanWorld, number: int, index: int) -> dict[str, Any]:
    unknown = {"visitor_identity": f"nobody-{number}-{index}", "external_id": f"hold-{number}-{index}"}
    return match(world, number, index) | unknown | {"if_unmatched": "hold"}


def session(world: PlanWorld, number: int, index: int) -> dict[str, Any]:
    """A new session of a known visitor; every other one says whose it is."""
    visitor = (number * BATCH + index) % world.built.identities
    started_at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=number)
    report = {
        "visitor_session_id": f"new-{number}-{index}",
        "visitor_id": f"visitor-{visitor:08}",
        "started_at": started_at.isoformat(),
        "rooms": world.rooms,
    }
    return report | ({"visitor_identity": f"customer-{visitor}"} if index % 2 else {})


def identity(world: PlanWorld, number: int, index: int) -> dict[str, Any]:
    """Every other one of a new visitor."""
    visitor = (number * BATCH + index) % world.built.identities
    name = f"visitor-{visitor:08}" if index % 2 else f"phone-{number}-{index}"
    return {"visitor_identity": f"customer-{visitor}", "visitor_id": name}


def many(make: Callable[[PlanWorld, int, int], dict[str, Any]]) -> Callable[..., list[dict[str, Any]]]:
    return lambda world, number, size: [make(world, number, index) for index in range(size)]


CALLS = {"matches": many(match), "sessions": many(session), "identities": many(identity), "holds": many(hold)}


if __name__ == "__main__":
    main()
