"""The worker as a process: it imports, is killed half way, and its successor loses and doubles nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import pytest
from django.utils import timezone

from matching.imports.options import read_options
from matching.imports.uploads import cancel, receive
from matching.models import ExternalMatch, ImportRun, MatchAttempt
from tests.service.processes import (
    ROOT,
    Service,
    children_of,
    heed_ctrl_c,
    migrated_folder,
    wait_until,
)
from tests.service.test_import_processes import World as Files
from tests.service.test_import_processes import database_url

pytestmark = pytest.mark.django_db(transaction=True)

ROWS, FAILING = 2000, 7
# What `manage.py work` does, with smaller chunks, so that there is a middle to be killed in.
COMMAND = """
import django
django.setup()
from django.core.management import execute_from_command_line
from matching.imports import jobs, runs
runs.CHUNK_ROWS = 100
jobs.SILENT_SECONDS = 3
from matching.management.commands import work
work.HEARTBEAT_SECONDS = 1
execute_from_command_line(["manage.py", "work"])
"""


@contextmanager
def worker(data: object) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "goalsvc.settings",
            "DATABASE_STATEMENT_TIMEOUT_MS": "0",
            "GOALSVC_DATA": str(data),
        },
        preexec_fn=heed_ctrl_c,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def files(tmp_path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def run(files) -> ImportRun:
    files.write(ROWS, failing=FAILING)
    organization = files.organization
    options = read_options(organization, ImportRun.Kind.MATCHES, {"goal_id": str(files.goal.id)})
    content = BytesIO(files.path.read_bytes())
    run, _ = receive(organization, content, options, filename="a.csv", by=None, at=timezone.now())
    return run


def rows_done(run: ImportRun) -> int:
    run.refresh_from_db()
    return run.rows_done


def assert_is_imported_once(run: ImportRun) -> None:
    good = [number for number in range(ROWS) if number % FAILING]
    values = ExternalMatch.objects.order_by("goal_value").values_list("goal_value", flat=True)
    assert [int(value or 0) for value in values] == good
    assert MatchAttempt.objects.count() == ROWS - len(good)
    assert (run.rows_done, run.counts["created"], run.counts["failed"]) == (
        ROWS,
        len(good),
        ROWS - len(good),
    )


def is_finished(run: ImportRun) -> bool:
    run.refresh_from_db()
    return run.status == ImportRun.Status.FINISHED


def test_what_a_killed_worker_left_is_taken_up(run, files, tmp_path):
    with worker(tmp_path) as first:
        with files.held_up_at(1):
            files.wait_for_the_hold_up(first)
            first.send_signal(signal.SIGKILL)
            first.wait()
        assert 0 < rows_done(run) < ROWS
        assert run.status == ImportRun.Status.RUNNING
        killed_at = time.monotonic()
        with worker(tmp_path):
            wait_until(lambda: is_finished(run))
    assert_is_imported_once(run)
    assert time.monotonic() - killed_at < 60


def test_a_stopped_worker_ends_at_a_chunk_and_the_next_goes_on(run, files, tmp_path):
    with worker(tmp_path) as first:
        with files.held_up_at(1):
            files.wait_for_the_hold_up(first)
            first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0
    assert 0 < rows_done(run) < ROWS
    with worker(tmp_path):
        wait_until(lambda: is_finished(run))
    assert_is_imported_once(run)


def test_a_cancelled_import_stops(run, files, tmp_path):
    with worker(tmp_path) as only:
        with files.held_up_at(1):
            files.wait_for_the_hold_up(only)
        cancel(run, at=timezone.now())
        done = rows_done(run)
        only.send_signal(signal.SIGTERM)
        assert only.wait(30) == 0
    assert (rows_done(run), run.status) == (done, ImportRun.Status.CANCELLED)
    assert 0 < done < ROWS
    assert ExternalMatch.objects.count() == run.counts["created"]


def worker_of(service: Service) -> list[int]:
    found = []
    for process in children_of(service.process.pid):
        with suppress(OSError):
            if "work" in Path("/proc", str(process), "cmdline").read_text().split("\0"):
                found.append(process)
    return found


def test_serve_keeps_a_worker_as_its_child_and_ends_with_it():
    with migrated_folder() as folder:
        with Service(folder, has_worker=True) as service:
            wait_until(lambda: worker_of(service))
            [first] = worker_of(service)
            os.kill(first, signal.SIGKILL)
            wait_until(lambda: worker_of(service) not in ([], [first]))
            [second] = worker_of(service)
            assert service.stop() == 0
        assert not Path("/proc", str(second)).exists()


def test_the_worker_ends_when_serve_was_killed():
    with migrated_folder() as folder, Service(folder, has_worker=True) as service:
        wait_until(lambda: worker_of(service))
        [worker] = worker_of(service)
        service.process.kill()
        service.process.wait()
        wait_until(lambda: not Path("/proc", str(worker)).exists())
