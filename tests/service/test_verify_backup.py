"""`manage.py verify_backup`: what it finds in good and bad dumps, and that it leaves nothing behind.

One service with the demo world, and a dump of it, serve the whole module.
"""

import gzip
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from matching.management.backup.checking import faults, migrate
from matching.management.backup.restoring import BackupError, restore, scratch_database
from tests.service.crash import Load
from tests.service.processes import (
    PATIENCE,
    ROOT,
    Service,
    heed_ctrl_c,
    migrated_folder,
    open_folder,
    postmaster,
    wait_until,
)
from tests.service.test_backup import post

COMMAND = [sys.executable, str(ROOT / "manage.py")]


class Installation:
    """A running service, its dumps, and a folder for what is temporary."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service = service
        self.load = Load(service)
        self.dump = folder / "goalsvc.dump"
        self.temporary = folder / "temporary"
        self.temporary.mkdir(mode=0o755)
        inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        self.environment = {
            **inherited,
            "GOALSVC_DATA": str(service.data),
            "TMPDIR": str(self.temporary),
        }
        self.dump.write_bytes(self.pg_dump("--format=custom"))
        self.sql = self.pg_dump()

    def pg_dump(self, *options: str) -> bytes:
        command = [*COMMAND, "with_database", "pg_dump", *options]
        return subprocess.run(command, env=self.environment, check=True, stdout=subprocess.PIPE).stdout

    def verify(self, file: object, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        tried = subprocess.run(
            [*COMMAND, "verify_backup", str(file), *options],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert list(self.temporary.iterdir()) == []
        return tried


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with migrated_folder() as data, open_folder() as folder, Service(data, "--demo") as service:
        yield Installation(service, folder)


@pytest.fixture(scope="module")
def scratch_server() -> Iterator[str]:
    with scratch_database() as url:
        yield url


@pytest.fixture
def scratch(scratch_server: str) -> Iterator[str]:
    """The URL of an empty scratch database."""
    yield scratch_server
    with psycopg.connect(scratch_server, autocommit=True) as database:
        database.execute("DROP SCHEMA public CASCADE")
        database.execute("CREATE SCHEMA public")


@pytest.fixture
def restored(installation: Installation, scratch: str) -> Iterator[psycopg.Connection]:
    """The dump in the scratch database."""
    restore_bytes(installation.dump.read_bytes(), scratch)
    with psycopg.connect(scratch, autocommit=True) as database:
        yield database


def restore_bytes(content: bytes, url: str) -> None:
    restore(io.BufferedReader(io.BytesIO(content)), url)


def test_a_good_dump_is_compared_with_what_the_service_has_now(installation: Installation) -> None:
    assert post(installation.load, "after the dump")[0] == 200
    with installation.service.connect() as database:
        counted = database.execute(
            "SELECT (SELECT count(*) FROM matching_externalmatch), (SELECT count(*) FROM goals_goal)"
        ).fetchone()
    assert counted is not None
    matches, goals = counted

    tried = installation.verify(installation.dump, "--max-age", "26h")

    assert (tried.returncode, tried.stderr) == (0, "")
    rows = {line[:20].strip(): line[20:].split() for line in tried.stdout.splitlines()}
    assert [rows["matches"][index] for index in (0, 2)] == [f"{matches - 1:,}", f"{matches:,}"]
    assert [rows["goals"][index] for index in (0, 2)] == [f"{goals}", f"{goals}"]
    assert tried.stdout.endswith("\nThe backup is good.\n")

    tried = installation.verify(installation.dump, "--json")

    report = json.loads(tried.stdout)
    assert report["is_good"] is True
    found = report["contents"]["matches"]
    assert (found["rows"], found["live_rows"]) == (matches - 1, matches)
    assert found["newest_at"] < found["live_newest_at"]


def test_it_needs_no_database_of_the_service_and_reads_standard_input(installation: Installation) -> None:
    nowhere = {"DATABASE_URL": "postgres://goalsvc@127.0.0.1:1/goalsvc"}
    with installation.dump.open("rb") as dump:
        tried = subprocess.run(
            [*COMMAND, "verify_backup", "-"],
            env={**installation.environment, **nowhere},
            stdin=dump,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    assert (tried.returncode, tried.stderr) == (0, "")
    assert "It was compared with nothing. The database cannot be used: connection failed" in tried.stdout


@pytest.mark.parametrize("is_compressed", [False, True])
def test_sql_is_restored_as_well(installation: Installation, scratch: str, is_compressed: bool) -> None:
    content = installation.sql
    with psycopg.connect(scratch, autocommit=True) as database:
        restore_bytes(gzip.compress(content) if is_compressed else content, scratch)
        assert faults(database) == []
        assert migrate(database, scratch) == []
        analyzed = "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'matching_visitorsession'"
        assert database.execute(analyzed).fetchone() == (True,)


def first(share: float) -> Any:
    return lambda content: content[: int(len(content) * share)]


@pytest.mark.parametrize(
    ("kind", "spoil", "sentence"),
    [
        ("custom", first(0.3), "The dump is truncated: could not read from input file: end of file."),
        ("custom", first(0.99), "The dump is truncated: could not read from input file: end of file."),
        ("custom", lambda content: content.replace(b"x\x9c", b"x\x9d"), "The dump cannot be restored: "),
        (
            "sql",
            lambda content: content[: content.index(b"\n\\.\n", 50_000)],
            "The dump is truncated: it does ",
        ),
        ("sql", lambda content: content.replace(b"\t", b" "), "The dump cannot be restored: "),
        ("sql", lambda content: gzip.compress(content)[:9000], "The dump is truncated or damaged: "),
        ("sql", lambda content: gzip.compress(content)[:-9], "The dump is truncated or damaged: "),
        ("sql", lambda content: content[100:], "This is no dump in the custom format or as SQL"),
        ("sql", lambda content: b"", "The file is empty."),
        (
            "sql",
            lambda content: content.replace(b" OWNER TO postgres;", b" OWNER TO till;"),
            "The dump names a role, make it with --no-owner --no-privileges or --format=custom: "
            'role "till" does not exist.',
        ),
    ],
)
def test_a_bad_dump_is_refused_with_a_sentence(
    installation: Installation, scratch: str, kind: str, spoil: Any, sentence: str
) -> None:
    content = spoil(installation.dump.read_bytes() if kind == "custom" else installation.sql)

    with pytest.raises(BackupError) as refused:
        restore_bytes(content, scratch)

    said = str(refused.value)
    assert said.startswith(sentence)
    assert said.endswith(".")
    assert "\n" not in said


def test_the_command_ends_with_1_and_the_sentence(installation: Installation, tmp_path: Path) -> None:
    cut = tmp_path / "cut.dump"
    cut.write_bytes(installation.dump.read_bytes()[:40_000])
    sentence = "The dump is truncated: could not read from input file: end of file."

    tried = installation.verify(cut, "--json")

    assert (tried.returncode, tried.stderr) == (1, f"CommandError: {sentence}\n")
    report = json.loads(tried.stdout)
    assert (report["is_good"], report["faults"]) == (False, [sentence])

    tried = installation.verify(tmp_path / "none")

    assert (tried.returncode, tried.stdout) == (1, "")
    assert tried.stderr == f"CommandError: {tmp_path}/none cannot be read: No such file or directory.\n"


def test_a_dump_of_an_earlier_version_is_migrated(restored: psycopg.Connection, scratch: str) -> None:
    assert migrate(restored, scratch) == []
    restored.execute("DROP TABLE replica_latestwrite")
    restored.execute("DELETE FROM django_migrations WHERE app = 'replica'")
    assert faults(restored) == ["The table replica_latestwrite is missing."]

    assert migrate(restored, scratch) == ["replica.0001_initial"]

    assert faults(restored) == []


def test_a_dump_that_cannot_be_migrated_is_refused(restored: psycopg.Connection, scratch: str) -> None:
    restored.execute("DELETE FROM django_migrations WHERE app = 'replica'")
    with pytest.raises(BackupError, match=r"^The dump cannot be migrated to this version: .*already exists"):
        migrate(restored, scratch)


def test_a_dump_of_a_newer_version_is_refused(restored: psycopg.Connection, scratch: str) -> None:
    restored.execute(
        "INSERT INTO django_migrations (app, name, applied) VALUES"
        " ('goals', '0099_later', now()), ('an app that has gone', '0001_initial', now())"
    )
    with pytest.raises(BackupError, match=r"newer version of goalsvc, which has goals\.0099_later\.$"):
        migrate(restored, scratch)


def test_what_is_no_dump_of_the_service_is_refused(restored: psycopg.Connection, scratch: str) -> None:
    restored.execute("DELETE FROM django_migrations")
    with pytest.raises(BackupError, match="no rows in django_migrations"):
        migrate(restored, scratch)
    restored.execute("DROP TABLE django_migrations")
    with pytest.raises(BackupError, match="none of goalsvc"):
        migrate(restored, scratch)


def test_what_is_missing_or_invalid_is_named(restored: psycopg.Connection) -> None:
    restored.execute("DROP INDEX match_list")
    restored.execute("ALTER TABLE goals_goal DROP CONSTRAINT goal_updated_after_created")
    restored.execute("ALTER TABLE goals_goal ADD CONSTRAINT doubtful CHECK (true) NOT VALID")
    restored.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'goal_list'::regclass")

    assert faults(restored) == [
        "The constraint goal_updated_after_created is missing.",
        "The index match_list is missing.",
        "The constraint doubtful of goals_goal is not validated.",
        "The index goal_list of goals_goal is not valid.",
    ]


@pytest.mark.django_db
def test_a_backup_without_recent_rows_fails_with_max_age(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = timezone.now() + timedelta(hours=49)
    monkeypatch.setattr(timezone, "now", lambda: later)
    with pytest.raises(
        CommandError, match=r"^The newest row in the backup is 49\.\d h old, and --max-age is 26"
    ):
        call_command("verify_backup", str(installation.dump), "--max-age=26h", stdout=io.StringIO())
    said = io.StringIO()
    call_command("verify_backup", str(installation.dump), "--max-age=3d", stdout=said)
    assert said.getvalue().endswith("The backup is good.\n")


def test_an_age_is_hours_or_days(installation: Installation) -> None:
    tried = installation.verify(installation.dump, "--max-age=soon")
    assert tried.returncode == 2
    assert "must be a number of hours or days such as 26h or 2d, not 'soon'" in tried.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_that_is_stopped_leaves_nothing(installation: Installation, number: int) -> None:
    process = subprocess.Popen(
        [*COMMAND, "verify_backup", "-"],
        env=installation.environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_ctrl_c,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(installation.dump.read_bytes()[:20_000])
    process.stdin.flush()
    # It has a server, and waits for more of the dump.
    wait_until(lambda: any(map(postmaster, installation.temporary.glob("goalsvc-backup-*"))))
    [pid] = map(postmaster, installation.temporary.glob("goalsvc-backup-*"))

    process.send_signal(number)

    assert process.wait(PATIENCE) == 128 + number
    said = process.stderr.read().decode()
    assert said == (
        "" if number == signal.SIGTERM else "CommandError: Interrupted. Nothing is left of the trial.\n"
    )
    assert list(installation.temporary.iterdir()) == []
    assert not Path("/proc", str(pid)).exists()


def test_the_script_dumps_tries_and_deletes_what_is_old(installation: Installation, tmp_path: Path) -> None:
    place = tmp_path / "goalsvc" / "docs" / "deploy"
    place.mkdir(parents=True)
    script = shutil.copy(ROOT / "docs" / "deploy" / "backup.sh", place)
    for name in ("manage.py", "goalsvc", "goals", "matching"):
        (tmp_path / "goalsvc" / name).symlink_to(ROOT / name)
    programs = tmp_path / "goalsvc" / ".venv" / "bin"
    programs.mkdir(parents=True)
    python = programs / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    backups = tmp_path / "backups"
    backups.mkdir()
    for name, days in (("goalsvc-1.dump", 20), ("goalsvc-2.dump", 3), ("other", 20)):
        (backups / name).touch()
        before = time.time() - days * 86_400
        os.utime(backups / name, (before, before))

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script, str(backups), "14"],
            env={**installation.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    failed = run(DATABASE_URL="postgres://goalsvc@127.0.0.1:1/goalsvc")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert {path.name for path in backups.iterdir()} == {"goalsvc-1.dump", "goalsvc-2.dump", "other"}

    made = run()
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.endswith("The backup is good.\n")
    [dump] = backups.glob("goalsvc-20*.dump")
    assert dump.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in backups.iterdir()} == {dump.name, "goalsvc-2.dump", "other"}
