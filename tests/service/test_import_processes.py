"""Imports as processes: killed and started again, two at once, and their memory."""

import csv
import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlencode

import psycopg
import pytest
from django.core.management import CommandError
from django.db import connection

from matching.management.import_command import kept_input
from matching.models import ExternalMatch, ImportRun, MatchAttempt
from tests.factories import (
    GoalFactory,
    OrganizationFactory,
    RoomFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)
from tests.service.processes import PATIENCE, ROOT, heed_ctrl_c

pytestmark = pytest.mark.django_db(transaction=True)

# Of this test alone: others run on databases of the same server.
WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
PLACE = ("host", "port", "user", "password", "dbname")
# What manage.py does, with smaller chunks, so that there is a middle to be killed in; then its peak memory.
COMMAND = """
import resource, sys
import django
django.setup()
from django.core.management import execute_from_command_line
from matching.imports import runs
runs.CHUNK_ROWS = int(sys.argv.pop(1))
execute_from_command_line(sys.argv)
print("peak:", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def database_url() -> str:
    """The database of these tests, as DATABASE_URL."""
    of = connection.get_connection_params()
    login = ":".join(quote(str(of[key]), safe="") for key in ("user", "password") if of.get(key))
    query = urlencode({key: of[key] for key in ("host", "port") if of.get(key)})
    return f"postgres://{login}@/{of['dbname']}?{query}"


class World:
    def __init__(self, folder: Path) -> None:
        self.organization = OrganizationFactory.create()
        self.room = RoomFactory.create(organization=self.organization)
        self.goal = GoalFactory.create(organization=self.organization)
        self.sessions = []
        for customer in ("customer 0", "customer 1", "customer 2"):
            identity = VisitorIdentityFactory.create(organization=self.organization, identity=customer)
            session = VisitorSessionFactory.create(visitor=identity.visitor, room_ids=[self.room.id])
            self.sessions.append(session.id)
        self.path = folder / "matches.csv"
        self.results_path = folder / "matches.failed.csv"

    def write(self, rows: int, *, note: str = "", failing: int = 7) -> None:
        """Write a file of which every `failing`th row fails; no row has an id of its own.

        Each third of it is about another customer.
        """
        with self.path.open("w") as file:
            file.write("goal_id,visitor_identity,goal_matched_at,rooms,goal_value,note\n")
            for number in range(rows):
                identity = f"customer {number * 3 // rows}" if number % failing else "nobody"
                file.write(
                    f"{self.goal.id},{identity},2016-10-10T22:00:00Z,{self.room.id},{number}.00,{note}\n"
                )

    def start(
        self, *options: str, chunk: int = 200, name: str = "", stdin: IO[bytes] | None = None
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [
                sys.executable, "-c", COMMAND, str(chunk), "import_matches", name or str(self.path),
                "--organization", str(self.organization.id), *options,
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": database_url(),
                "DJANGO_SETTINGS_MODULE": "goalsvc.settings",
                "DATABASE_STATEMENT_TIMEOUT_MS": "0",
            },
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_ctrl_c,
        )  # fmt: skip

    @contextmanager
    def held_up_at(self, third: int) -> Iterator[None]:
        """No match can be written for the customer of that third (0, 1 or 2) of the file meanwhile."""
        parameters = connection.get_connection_params()
        with psycopg.connect(**{key: parameters[key] for key in PLACE if key in parameters}) as blocking:
            blocking.execute(
                "SELECT id FROM matching_visitorsession WHERE id = %s FOR UPDATE", [self.sessions[third]]
            )
            yield

    def wait_for_the_hold_up(self, process: "subprocess.Popen[str]") -> None:
        until = time.monotonic() + PATIENCE
        with connection.cursor() as cursor:
            while True:
                cursor.execute(WAITING)
                if cursor.fetchone() != (0,):
                    return
                assert process.poll() is None, finish(process)
                assert time.monotonic() < until
                time.sleep(0.02)

    def rows_done(self) -> int:
        run = ImportRun.objects.first()
        return run.rows_done if run else 0

    def assert_is_imported_once(self, rows: int, *, failing: int = 7) -> None:
        good = [number for number in range(rows) if number % failing]
        bad = [number for number in range(rows) if not number % failing]
        values = ExternalMatch.objects.order_by("goal_value").values_list("goal_value", flat=True)
        assert [int(value or 0) for value in values] == good
        assert MatchAttempt.objects.count() == len(bad)
        failed = list(csv.DictReader(io.StringIO(self.results_path.read_text())))
        assert [int(float(each["goal_value"])) for each in failed] == bad
        assert [int(each["row"]) for each in failed] == [number + 1 for number in bad]
        run = ImportRun.objects.get()
        assert run.finished_at is not None
        assert (run.rows_done, run.counts) == (
            rows,
            {"created": len(good), "failed": len(bad), "code session_not_found": len(bad)},
        )


@pytest.fixture
def world(transactional_db, tmp_path):
    return World(tmp_path)


def test_a_container_gets_a_file_from_standard_input(world, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    world.write(20)
    code, _, errors = finish(world.start(name="-"))
    assert (code, errors.splitlines()[0]) == (
        1, "CommandError: Say with --results FILE where failed rows of standard input go.",
    )  # fmt: skip

    for _ in range(2):  # the second time it is known
        with world.path.open("rb") as file:
            code, said, errors = finish(
                world.start("--results", str(world.results_path), name="-", stdin=file)
            )
        assert code == 0, errors
        assert f"are in {world.results_path}." in said
        world.assert_is_imported_once(20)
    assert list(tmp_path.glob("goalsvc-import-*")) == []


def test_standard_input_for_which_there_is_no_room_is_told_in_a_sentence(tmp_path, monkeypatch):
    def full(*files: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(CommandError, match=r"\(TMPDIR\): No space left on device\."), kept_input():
        pass
    assert list(tmp_path.iterdir()) == []


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=PATIENCE)
    return process.returncode, stdout, stderr


def test_killed_in_the_middle_the_same_command_goes_on_and_nothing_is_there_twice(world):
    rows = 2400
    world.write(rows)
    for third in (1, 2):
        done = world.rows_done()
        with world.held_up_at(third):
            process = world.start()
            world.wait_for_the_hold_up(process)
            process.kill()
            process.communicate()
        assert done < world.rows_done() < rows
    with world.results_path.open("a") as file:
        file.write("what was written after the last commit")

    # A connection that died in the middle of a statement is missed only at the statement's end.
    give_up_at = time.monotonic() + PATIENCE
    while (outcome := finish(world.start()))[0] != 0:
        assert "Another process is importing this file right now." in outcome[2]
        assert time.monotonic() < give_up_at

    world.assert_is_imported_once(rows)
    assert f"{rows:,}  rows" in outcome[1]


def test_two_processes_at_once_import_the_file_once(world):
    world.write(1000)

    outcomes = [finish(process) for process in [world.start(), world.start()]]

    world.assert_is_imported_once(1000)
    codes = [code for code, _, _ in outcomes]
    assert 0 in codes
    for code, stdout, stderr in outcomes:
        assert (
            "Another process is importing this file right now." in stderr if code else "1,000  rows" in stdout
        )


def test_interrupted_politely_it_says_how_to_go_on(world):
    world.write(1500)
    with world.held_up_at(1):
        process = world.start(chunk=100)
        world.wait_for_the_hold_up(process)
        process.send_signal(signal.SIGINT)  # heeded when the statement has ended
    code, _, stderr = finish(process)

    assert code == 1
    assert 0 < world.rows_done() < 1500
    assert "Interrupted. The same command goes on where it stopped." in stderr
    assert "Traceback" not in stderr
    assert finish(world.start())[0] == 0
    world.assert_is_imported_once(1500)


def test_memory_does_not_grow_with_the_file(world):
    """The larger file would not fit into what is allowed: its rows are padded."""
    peaks = []
    for rows in (500, 6_000):
        world.write(rows, note="x" * 10_000, failing=1)
        code, _, stderr = finish(world.start("--dry-run", chunk=250))
        assert code == 0, stderr
        peaks.append(int(stderr.split("peak:")[1]))

    assert world.path.stat().st_size > 60_000_000
    assert peaks[1] < peaks[0] * 1.2, f"{peaks[0]} KiB for 500 rows, {peaks[1]} KiB for 6,000"
