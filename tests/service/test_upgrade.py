"""Upgrades: who migrates, what runs meanwhile, and what an old version does on the schema of a newer one."""

import http.client
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from goalsvc.orgs.management.commands.migrate import MIGRATION_LOCK
from tests.service.crash import Load
from tests.service.processes import (
    PATIENCE,
    ROOT,
    Postgres,
    Service,
    migrated_folder,
    open_folder,
    wait_until,
)
from tests.service.test_backup import contents
from tests.service.test_database_configuration import manage

RELEASES = sorted((ROOT / "tests" / "releases").glob("*.sql"))
NEXT = {"DJANGO_SETTINGS_MODULE": "tests.service.next_release.settings"}
UNKNOWN = "matching.0002_channel, matching.0003_channel_index"
NOT_MIGRATED = {
    "detail": "The database has not been migrated to this version yet. Try again shortly.",
    "code": "service_unavailable",
}


class Server:
    """A PostgreSQL with databases that a test makes."""

    def __init__(self, postgres: Postgres) -> None:
        self.postgres = postgres

    def make(self, name: str, template: str) -> str:
        """Make a database; return its DATABASE_URL."""
        self.postgres.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.postgres.url.replace("/goalsvc?", f"/{name}?")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with open_folder() as folder:
        postgres = Postgres(folder / "database")
        postgres.start()
        try:
            yield Server(postgres)
        finally:
            postgres.stop()


@pytest.fixture(scope="module")
def unmigrated(server: Server) -> str:
    return server.make("unmigrated", "template0")


class Run:
    """A command that runs meanwhile, and what it has said."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.output: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.output.extend(iter(self.process.stdout.readline, ""))

    @property
    def text(self) -> str:
        return "".join(self.output)

    def wait_for(self, part: str) -> None:
        wait_until(lambda: part in self.text or self.process.poll() is not None, lambda: self.text)
        assert part in self.text

    def wait(self) -> int:
        return self.process.wait(PATIENCE)


@contextmanager
def holding_the_lock(url: str) -> Iterator[None]:
    """As another process that migrates, of whatever version."""
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        yield


# A database that is not migrated.


@pytest.mark.parametrize(
    "command",
    [
        ["prune"],
        ["resolve_pending"],
        ["work", "--until-idle"],
        ["create_organization", "Acme Ltd."],
        ["import_matches", "-", "--organization", "01a20a68-74f1-729a-848f-018b39854f80"],
    ],
    ids=lambda command: str(command[0]),
)
def test_a_command_that_needs_tables_says_so_in_a_sentence(unmigrated: str, command: list[str]) -> None:
    finished = manage(*command, DATABASE_URL=unmigrated)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("The database has not been migrated to this version, which needs ")
    assert finished.stderr.endswith("more: run `manage.py migrate`, or `serve`, which does so first.\n")
    assert finished.stderr.count("\n") == 1


def test_an_error_that_no_migration_would_mend_keeps_its_traceback(server: Server) -> None:
    nonsense = "from django.db import connection as c; c.cursor().execute('nonsense')"
    finished = manage("shell", "--no-imports", "-c", nonsense, DATABASE_URL=server.postgres.url)
    assert "Traceback" in finished.stderr
    assert "migrate" not in finished.stderr


def test_serve_that_does_not_migrate_refuses_in_a_sentence_until_another_process_has(server: Server) -> None:
    url = server.make("rolling", "template0")
    server.postgres.execute("CREATE ROLE plain LOGIN IN ROLE pg_read_all_data, pg_write_all_data")
    plain = {"DATABASE_URL": url.replace("postgres@", "plain@")}  # which may make no tables
    waiting = Run("work", **plain)
    with open_folder() as folder, Service(folder, "--no-migrate", environment=plain) as service:
        assert service.get("/healthz") == 200
        for _ in range(8):  # whichever worker answers
            status, body = ask(service, "/readyz")
            assert (status, json.loads(body)["checks"]) == (
                503,
                {"database": "ok", "migrations": "not all applied"},
            )
            for path in ("/api/v5/users/me", "/api/v5/nothing"):
                status, body = ask(service, path)
                assert (status, json.loads(body)) == (503, NOT_MIGRATED)
            status, body = ask(service, "/admin/")
            assert (status, body.count(b"has not been migrated")) == (503, 1)
        waiting.wait_for('"message":"waiting for migrations"')

        assert manage("migrate", DATABASE_URL=url).returncode == 0
        wait_until(lambda: service.answers("/readyz"))
        assert answers(service) == {401}
        assert "Traceback" not in service.text
    with psycopg.connect(url, autocommit=True) as database:
        workers = "SELECT count(*) FROM procrastinate_workers"
        wait_until(lambda: database.execute(workers).fetchone() == (1,), lambda: waiting.text)
    waiting.process.terminate()
    assert waiting.wait() == 0
    assert "Traceback" not in waiting.text


def answers(service: Service) -> set[int]:
    """What its workers answer, of whom each is asked, to requests that come at the same time."""
    with ThreadPoolExecutor(10) as threads:
        return set(threads.map(lambda _: service.get("/api/v5/users/me", key="0" * 40), range(40)))


def ask(service: Service, path: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)) as client:
        client.request("GET", path)
        response = client.getresponse()
        return response.status, response.read()


# Two that migrate.


def test_one_migrates_at_a_time_and_the_other_waits(server: Server) -> None:
    url = server.make("one_at_a_time", "goalsvc")
    with holding_the_lock(url):
        assert manage("migrate", "--check", DATABASE_URL=url).returncode == 0  # it changes nothing
        second = Run("migrate", DATABASE_URL=url, **NEXT)
        second.wait_for("Another process is migrating. Waiting for it.\n")
        assert "Applying" not in second.text
    assert second.wait() == 0, second.text
    second.wait_for("Applying matching.0002_channel... OK")
    assert second.text.count("Waiting") == 1


def test_an_old_version_goes_on_beside_a_newer_schema_and_says_so(server: Server) -> None:
    url = server.make("newer", "goalsvc")
    assert manage("migrate", DATABASE_URL=url, **NEXT).returncode == 0
    old = manage("migrate", DATABASE_URL=url)
    assert (old.returncode, old.stderr) == (
        0,
        f"The database is that of a newer version: {UNKNOWN} is left as it is.\n",
    )
    with open_folder() as folder, Service(folder, environment={"DATABASE_URL": url}) as service:
        assert service.get("/readyz") == 200
        assert '"message":"the database is that of a newer version"' in service.text


# An upgrade.

SCHEMA = """
    SELECT format('%s.%s %s, null: %s, default: %s', table_name, column_name,
                  coalesce(domain_name, udt_name) || coalesce(character_maximum_length::text, '')
                  || coalesce(numeric_precision::text, ''), is_nullable, column_default)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


def schema(database: psycopg.Connection) -> set[str]:
    """The columns, constraints, indexes, triggers and functions, without casts, which change with a dump."""
    casts = re.compile(r"::(character varying|text)(\[\])?|[() ]")
    return {casts.sub("", text) for (text,) in database.execute(SCHEMA)}


def counts(database: psycopg.Connection) -> dict[str, int]:
    return {table: count for table, (count, _) in contents(database).items()}


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: str(release.stem))
def test_the_tables_of_a_release_become_those_of_a_new_installation(server: Server, release: Path) -> None:
    url = server.make(f"release_{RELEASES.index(release)}", "template0")
    loaded = manage("with_database", "psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={release}",
                    DATABASE_URL=url)  # fmt: skip
    assert loaded.returncode == 0, loaded.stderr
    with psycopg.connect(url, autocommit=True) as old, psycopg.connect(server.postgres.url) as new:
        before = counts(old)
        migrated = manage("migrate", DATABASE_URL=url)
        assert migrated.returncode == 0, migrated.stderr
        assert schema(old) == schema(new)
        after = counts(old)
        assert before["matching_externalmatch"] > 0
        assert {name: count for name, count in before.items() if after.get(name, count) < count} == {}
    demo = manage("load_demo", "--force", DATABASE_URL=url, DEMO_DAYS="1")
    assert demo.returncode == 0, demo.stderr


def test_an_upgrade_under_load_loses_no_request_and_neither_does_the_way_back() -> None:
    with migrated_folder() as folder, Service(folder, "--demo") as old:
        load = Load(old)
        environment = {"GOALSVC_DATA": str(folder), "DATABASE_URL": "", **NEXT}
        with load.running(), Service(folder, "--no-migrate", environment=NEXT) as new:
            load.progress()
            assert new.get("/api/v5/users/me") == 503
            with old.connect() as reader:  # as a backup that has just begun
                reader.execute("SELECT FROM matching_externalmatch LIMIT 1")
                migrate = Run("migrate", **environment)
                migrate.wait_for("A table is in use. Nothing was changed; trying again.")
                load.progress()
            assert migrate.wait() == 0, migrate.text
            wait_until(lambda: new.answers("/readyz"))
            load.progress()  # old beside new
            assert manage("migrate", "matching", "0001_initial", **environment).returncode == 0
            load.progress()
        books = load.compare()
    assert migrate.text.count("... OK") == 2
    assert set(load.statuses) == {200, 201, 202}
    assert (books.lost, books.doubled, books.unsettled, books.found) == (0, 0, 0, books.acknowledged)
