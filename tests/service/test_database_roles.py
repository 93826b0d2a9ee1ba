"""The roles of docs/deploy/postgresql.sql: one owns the tables, the other may only read and write them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.service.pooler import PORT, PROGRAMS, ROLE, Debian, url
from tests.service.processes import ROOT, Service, free_port, open_folder
from tests.service.test_database_configuration import manage
from tests.service.test_database_faults import World
from tests.service.test_database_pooler import REFUSED
from tests.service.traffic import CLIENTS, Traffic

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="Debian's package postgresql is not installed")

OWNER = "goalsvc_owner"
REQUESTS = 120


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def debian(folder: Path) -> Iterator[Debian]:
    server = Debian(folder / "server")
    with server.running():
        server.execute(f"DROP DATABASE {ROLE}", f"DROP ROLE {ROLE}")
        subprocess.run(
            [
                str(PROGRAMS[-1] / "psql"), f"--host={server.folder}", f"--port={PORT}",
                "--username=postgres", "--no-psqlrc", "--set=owner_password=one", "--set=password=two",
                "--set=ON_ERROR_STOP=1", f"--file={ROOT}/docs/deploy/postgresql.sql", "postgres",
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        yield server


@pytest.fixture(scope="module")
def world(folder: Path, debian: Debian) -> Iterator[World]:
    address = url(debian.folder, ROLE)
    early = manage("serve", "--port", str(free_port()), DATABASE_URL=address)
    assert early.returncode == 1
    assert "role goalsvc may not create tables" in early.stderr
    assert early.stderr.count("\n") == 1
    migrated = manage("migrate", DATABASE_URL=url(debian.folder, ROLE, OWNER))
    assert migrated.returncode == 0, migrated.stderr
    with Service(folder, "--demo", environment={"DATABASE_URL": address}) as service:
        yield World(service)


def test_the_role_that_serves_answers_requests_of_every_kind(world: World) -> None:
    with Traffic(world, each=REQUESTS // CLIENTS) as traffic:
        traffic.join()
    assert traffic.answers.total() == REQUESTS
    wrong = {
        (name, status): traffic.bodies[name, status]
        for name, status in traffic.answers
        if status != REFUSED.get(name, status) or (name not in REFUSED and status >= 400)
    }
    assert wrong == {}
    assert world.service.get("/readyz") == 200


@pytest.mark.parametrize("command", [["work", "--until-idle"], ["resolve_pending"], ["prune"]])
def test_the_chores_need_no_other_role(debian: Debian, world: World, command: list[str]) -> None:
    environment = {"DATABASE_URL": url(debian.folder, ROLE), "GOALSVC_DATA": str(world.service.data)}
    finished = manage(*command, **environment)
    assert finished.returncode == 0, finished.stderr
    assert '"level":"error"' not in finished.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (id int)",
        "TRUNCATE matching_pendingmatch",
        "DROP TABLE orgs_historyentry",
        "ALTER TABLE orgs_historyentry DISABLE TRIGGER ALL",
    ],
)
def test_the_role_that_serves_can_change_no_table(debian: Debian, world: World, statement: str) -> None:
    with (
        psycopg.connect(url(debian.folder, ROLE)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_nobody_else_can_connect(debian: Debian, world: World) -> None:
    debian.execute("CREATE ROLE stranger LOGIN")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(url(debian.folder, ROLE, "stranger"))
