"""PgBouncer before PostgreSQL: in transaction mode it takes a setting, and without it is refused."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.pooler import ROLE, Debian, needs_pooler, pgbouncer
from tests.service.processes import Service, free_port, open_folder
from tests.service.test_database_configuration import manage
from tests.service.test_database_faults import World
from tests.service.traffic import CLIENTS, Traffic

pytestmark = needs_pooler

REQUESTS = 360
REFUSED = {"rejected": 404, "GET-import-failed-rows": 404}
WITHOUT_PREPARED_STATEMENTS = {"DATABASE_PREPARED_STATEMENTS": "0"}
POOLED = (
    "The database cannot be used: a pooler in transaction mode stands before it, which takes "
    "DATABASE_PREPARED_STATEMENTS=0."
)
STRICT = (
    "The database cannot be used: a pooler stands before it that lets a connection ask for nothing as it "
    "starts, which takes DATABASE_PREPARED_STATEMENTS=0."
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def debian(folder: Path) -> Iterator[Debian]:
    server = Debian(folder / "server")
    with server.running():
        yield server


@pytest.fixture(scope="module")
def transaction_pooler(folder: Path, debian: Debian) -> Iterator[str]:
    with pgbouncer(folder / "transaction", debian.folder, "transaction", ignored="options") as url:
        yield url


@pytest.fixture(scope="module")
def world(folder: Path, transaction_pooler: str) -> Iterator[World]:
    environment = {"DATABASE_URL": transaction_pooler, **WITHOUT_PREPARED_STATEMENTS}
    with Service(folder, "--demo", environment=environment) as service:
        yield World(service)


def test_requests_of_every_kind_from_several_clients_are_all_right(world):
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


def test_commands_work_through_it(world, transaction_pooler, tmp_path):
    file = tmp_path / "sessions.csv"
    row = f"imported,imported,2026-02-05T11:00:00Z,{world.match['rooms'][0]}"
    file.write_text(f"visitor_session_id,visitor_id,started_at,rooms\n{row}\n")
    environment = {"DATABASE_URL": transaction_pooler, **WITHOUT_PREPARED_STATEMENTS}
    for _ in range(2):  # no lock is left behind
        organization = world.place.organization_id
        finished = manage("import_sessions", str(file), "--organization", organization, **environment)
        assert finished.returncode == 0, finished.stderr
    assert manage("resolve_pending", **environment).returncode == 0
    url = f"{world.place.url('visitor-session-list')}?visitor_id=imported"
    assert len(json.loads(world.ask("GET", url).text)["results"]) == 1


def refusal(**environment: str) -> str:
    finished = manage("serve", "--port", str(free_port()), **environment)
    assert (finished.returncode, finished.stdout) == (1, "")
    return re.sub("^CommandError: ", "", finished.stderr)


def test_without_the_setting_serve_says_which_it_takes(transaction_pooler, world):
    assert refusal(DATABASE_URL=transaction_pooler) == POOLED + "\n"
    with Traffic(world):  # as well when others use its connections
        assert refusal(DATABASE_URL=transaction_pooler) == POOLED + "\n"


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_pooler_that_passes_nothing_on_is_refused_as_well(folder, debian, mode):
    with pgbouncer(folder / f"strict-{mode}", debian.folder, mode) as url:
        assert refusal(DATABASE_URL=url) == STRICT + "\n"


def test_in_session_mode_it_needs_no_setting(folder, debian):
    with pgbouncer(folder / "session", debian.folder, "session", ignored="options") as url:
        finished = manage("migrate", "--plan", DATABASE_URL=url)
        assert (finished.returncode, finished.stderr) == (0, "")


def test_what_a_pooler_does_not_pass_on_has_to_be_the_roles_own(folder, debian, transaction_pooler, world):
    debian.execute(f"ALTER ROLE {ROLE} SET default_transaction_isolation = 'repeatable read'")
    try:
        with pgbouncer(folder / "other", debian.folder, "transaction") as url:
            said = refusal(DATABASE_URL=url, **WITHOUT_PREPARED_STATEMENTS)
    finally:
        debian.execute(f"ALTER ROLE {ROLE} RESET default_transaction_isolation")
    assert said.startswith(
        "The database cannot be used: default_transaction_isolation is 'repeatable read', "
    )
    assert f"ALTER ROLE {ROLE} SET default_transaction_isolation = 'read committed'" in said
    assert said.count("\n") == 1
