"""Recovery to a moment, by the very commands of the page "Backup", of a server that dies without a word."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from goalsvc.database.system import find_programs, system_account
from tests.service import pooler
from tests.service.crash import Load
from tests.service.pages import blocks, page, section
from tests.service.pooler import PORT, PROGRAMS, ROLE, url
from tests.service.processes import PATIENCE, Service, open_folder, wait_until
from tests.service.test_backup import post

KEEP, COPY, PUT_BACK, AFTER = (
    content for _, content in blocks(section(page("backup"), "Recover a moment"), "bash")
)
MATCHES = "SELECT array_agg(external_id) FROM matching_externalmatch WHERE external_id LIKE '%the %'"


class Server:
    """A PostgreSQL of one's own: Debian's, or where that is missing the embedded one's programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "main"
        self.programs = PROGRAMS[-1] if PROGRAMS else find_programs(self.account)
        folder.mkdir(mode=0o755)
        if own := self.options():
            os.chown(folder, own["user"], own["group"])
        # What a killed server has written is with the system, whatever fsync is.
        self.settings = f"-k {folder} -c listen_addresses= -c port={PORT} -c fsync=off"

    @property
    def account(self) -> Any:
        return system_account() if os.geteuid() == 0 else None

    def options(self) -> dict[str, Any]:
        """How its user runs a program."""
        if PROGRAMS:
            return pooler.account()
        own = self.account
        return {"user": own.uid, "group": own.gid, "extra_groups": []} if own else {}

    def run(self, *command: str) -> None:
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "PGHOST": str(self.folder), "PGPORT": str(PORT), "PGUSER": "postgres"}
        finished = subprocess.run(
            command, env={**os.environ, **own}, cwd=self.folder, check=False, timeout=PATIENCE,
            capture_output=True, text=True, **self.options(),
        )  # fmt: skip
        assert finished.returncode == 0, finished.stdout + finished.stderr

    def run_block(self, block: str) -> None:
        """Run a block of the page, with folders of the test."""
        for named, ours in (
            ("/var/lib/postgresql/15/main", self.data),
            ("/mnt/wal", self.folder / "wal"),
            ("/mnt/base", self.folder / "base"),
        ):
            assert named in KEEP + COPY + PUT_BACK
            block = block.replace(named, str(ours))
        self.run("bash", "-euc", block)

    def start(self) -> None:
        data, log = f"--pgdata={self.data}", f"--log={self.folder / 'log'}"
        self.run("pg_ctl", "start", "--wait", data, log, f"--options={self.settings}")

    def stop(self, mode: str) -> None:
        self.run("pg_ctl", "stop", f"--mode={mode}", f"--pgdata={self.data}")

    @contextmanager
    def running(self) -> Iterator[None]:
        own = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
        self.run("initdb", *own, str(self.data))
        self.start()
        try:
            made = [f"CREATE ROLE {ROLE} LOGIN", f"CREATE DATABASE {ROLE} OWNER {ROLE}"]
            self.run("psql", "--dbname=postgres", *(f"--command={each}" for each in made))
            yield
        finally:
            if (self.data / "postmaster.pid").exists():
                self.stop("immediate")

    def ask(self, question: str) -> Any:
        with psycopg.connect(url(self.folder, ROLE)) as database:
            return database.execute(question).fetchone()


def test_the_matches_before_the_moment_are_there_and_those_after_it_are_not() -> None:
    with open_folder() as folder:
        server = Server(folder / "server")
        with server.running():
            server.run_block(KEEP)
            server.stop("fast")
            server.start()
            own = {"DATABASE_URL": url(server.folder, ROLE)}
            with Service(folder / "data", "--demo", environment=own) as service:
                load = Load(service)
                assert post(load, "before the copy")[0] == 200
                server.run_block(COPY)
                _, _, match = post(load, "before the moment")
                [moment] = server.ask("SELECT clock_timestamp()::text")
                assert post(load, "after the moment")[0] == 200
                server.stop("immediate")  # as one that has died: the end of its log was not copied
            recovery = PUT_BACK.replace("2026-03-02 14:00:00+00", moment)
            assert recovery != PUT_BACK
            server.run_block(recovery)
            server.start()
            wait_until(lambda: server.ask("SELECT pg_is_in_recovery()") == (False,))

            [found] = server.ask(MATCHES)
            assert set(found) == {"before the copy", "before the moment"}
            server.run_block(AFTER)
            left = (server.data / "postgresql.auto.conf").read_text()
            assert "archive_mode" in left
            assert "restore_command" not in left
            assert "recovery_target" not in left
            with Service(folder / "data", environment=own) as service:
                load.service = service
                assert post(load, "before the moment") == (200, "true", match)
                status, replayed, _ = post(load, "after the moment")
                assert (status, replayed) == (200, None)
            [found] = server.ask(MATCHES)
            assert set(found) == {"before the copy", "before the moment", "after the moment"}
