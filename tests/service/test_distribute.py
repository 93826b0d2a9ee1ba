"""`manage.py distribute`"""

import http.client
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command

from tests import cluster
from tests.service.processes import PATIENCE, ROOT, Service, open_folder, wait_until

on_a_cluster = pytest.mark.skipif(not cluster.URL, reason="CITUS_URL names no cluster of Citus")


@pytest.mark.django_db
@pytest.mark.skipif(bool(cluster.URL), reason="CITUS_URL names a cluster of Citus")
def test_without_the_engine_it_says_so_and_changes_nothing() -> None:
    with pytest.raises(CommandError, match="This database has no extension Citus: one machine has all rows"):
        call_command("distribute")


@on_a_cluster
@pytest.mark.django_db
def test_a_second_time_it_has_nothing_to_do() -> None:
    said = StringIO()

    call_command("distribute", stdout=said)

    assert said.getvalue().startswith("All 12 tables are spread already (Citus ")


NAME = "test_distribute"


def url_of(host: str, port: int) -> str:
    at = urlsplit(cluster.URL)
    return at._replace(netloc=f"{at.netloc.rpartition('@')[0]}@{host}:{port}", path=f"/{NAME}").geturl()


def manage(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DEMO_DAYS": "2"},
        capture_output=True,
        text=True,
        check=False,
    )


class Matches:
    """Inside the block a client posts one match after the other; `statuses` are those of the answers."""

    def __init__(self, port: int, world: dict[str, Any]) -> None:
        self.port = port
        goal, organization = world["goals"][0], world["organization_id"]
        self.path = f"/api/v5/orgs/{organization}/goals/{goal}/matches"
        self.headers = {"Authorization": f"Token {world['tokens']['integrator']}"}
        self.body = {
            "visitor_identity": world["visitor_identities"][0],
            "goal_matched_at": "2026-02-05T12:00:00Z",
            "rooms": world["rooms"],
        }
        self.statuses: Counter[int] = Counter()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.post, daemon=True)

    def __enter__(self) -> "Matches":
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.is_over.set()
        self.thread.join()

    def post(self) -> None:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {**self.headers, "Content-Type": "application/json"}
        while not self.is_over.is_set():
            client.request("POST", self.path, json.dumps(self.body), headers)
            answer = client.getresponse()
            answer.read()
            self.statuses[answer.status] += 1

    def go_on(self, *, count: int = 20) -> None:
        """Wait until so many more are answered."""
        until = self.statuses.total() + count
        wait_until(lambda: self.statuses.total() >= until)


@pytest.fixture(scope="module")
def machines() -> list[str]:
    """The addresses of an empty database on each machine, the coordinator's first."""
    return [url_of(*place) for place in cluster.make_databases(NAME)]


@pytest.fixture
def coordinator(machines: list[str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(machines[0], autocommit=True) as connection:
        yield connection


@on_a_cluster
def test_on_a_worker_it_names_the_coordinator(machines: list[str]) -> None:
    refused = manage(machines[1], "distribute")

    assert refused.returncode == 1
    assert "This is a worker. Run it on the coordinator" in refused.stderr


@on_a_cluster
def test_before_migrate_it_says_so(machines: list[str]) -> None:
    refused = manage(machines[0], "distribute")

    assert refused.returncode == 1
    assert "There is no table goals_goal yet. Run migrate first." in refused.stderr


@on_a_cluster
def test_a_failure_half_way_changes_nothing_and_a_running_service_goes_on(
    machines: list[str], coordinator: psycopg.Connection
) -> None:
    assert manage(machines[0], "migrate").returncode == 0
    # The last table of all cannot be spread.
    coordinator.execute(
        "CREATE TRIGGER held_up AFTER DELETE ON matching_importrun FOR EACH ROW "
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    )
    refused = manage(machines[0], "distribute")
    assert refused.returncode == 1
    assert "triggers" in refused.stderr
    assert "Nothing has changed." in refused.stderr
    assert coordinator.execute("SELECT * FROM citus_tables").fetchall() == []
    coordinator.execute("DROP TRIGGER held_up ON matching_importrun")

    with open_folder() as folder, Service(folder, environment={"DATABASE_URL": machines[0]}) as service:
        loaded = manage(machines[0], "load_demo", "--json")
        assert loaded.returncode == 0, loaded.stderr
        with Matches(service.port, json.loads(loaded.stdout)) as matches:
            matches.go_on()
            spread = manage(machines[0], "distribute")
            matches.go_on()

    assert spread.returncode == 0, spread.stderr
    assert spread.stdout.count("spread by organization") == 12
    assert set(matches.statuses) == {200}
