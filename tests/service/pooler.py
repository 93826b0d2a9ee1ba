"""Debian's PostgreSQL and its PgBouncer, as processes of a system user: both refuse to run as root."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from tests.service.processes import PATIENCE

ROLE = "goalsvc"
PORT = 5432  # of the socket's name alone
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
PGBOUNCER = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))

needs_pooler = pytest.mark.skipif(
    not (PROGRAMS and PGBOUNCER), reason="Debian's packages postgresql and pgbouncer are not installed"
)


def account() -> dict[str, Any]:
    """How such a process is started; the package has made the user."""
    if os.geteuid():
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[None]:
    """Run a program until the block ends."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, **account()
        )
    try:
        yield
    finally:
        process.terminate()  # PostgreSQL then waits for its clients, and there are none any more
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()


def own_folder(folder: Path) -> Path:
    folder.mkdir(mode=0o755)
    if user := account():
        os.chown(folder, user["user"], user["group"])
    return folder


def url(folder: Path, database: str, role: str = ROLE) -> str:
    return f"postgres://{role}@/{database}?host={quote(str(folder), safe='')}&port={PORT}"


def wait_for(address: str) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


class Debian:
    """A PostgreSQL of the system's packages, with a role that owns a database of the same name."""

    def __init__(self, folder: Path) -> None:
        self.folder = own_folder(folder)

    @contextmanager
    def running(self) -> Iterator[None]:
        data, programs = str(self.folder / "data"), PROGRAMS[-1]
        subprocess.run(
            [
                str(programs / "initdb"), "--auth=trust", "--username=postgres", "--encoding=UTF8",
                "--locale=C", "--no-sync", data,
            ],
            check=True, cwd="/", stdout=subprocess.DEVNULL, **account(),
        )  # fmt: skip
        settings = [
            f"unix_socket_directories={self.folder}",
            "listen_addresses=",
            "fsync=off",
            f"port={PORT}",
        ]
        command = [str(programs / "postgres"), "-D", data]
        with running([*command, *(part for each in settings for part in ("-c", each))], self.folder):
            wait_for(url(self.folder, "postgres", "postgres"))
            self.execute(f"CREATE ROLE {ROLE} LOGIN", f"CREATE DATABASE {ROLE} OWNER {ROLE}")
            yield

    def execute(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(url(self.folder, database, "postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


@contextmanager
def pgbouncer(folder: Path, server: Path, mode: str, ignored: str = "") -> Iterator[str]:
    """Run a PgBouncer before the server; give the URL of the database through it."""
    own_folder(folder)
    (folder / "users").write_text(f'"{ROLE}" ""\n')
    (folder / "ini").write_text(
        f"""
        [databases]
        * = host={server} port={PORT}
        [pgbouncer]
        listen_addr =
        unix_socket_dir = {folder}
        listen_port = {PORT}
        auth_type = trust
        auth_file = {folder}/users
        pool_mode = {mode}
        default_pool_size = 8
        max_client_conn = 200
        ignore_startup_parameters = {ignored}
        """.replace("\n        ", "\n")
    )
    assert PGBOUNCER is not None
    with running([PGBOUNCER, "--quiet", str(folder / "ini")], folder):
        address = url(folder, ROLE)
        with suppress(FileNotFoundError):
            wait_for(address)
        yield address
