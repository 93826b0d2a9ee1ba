"""A hot standby answers what only reads; and whatever becomes of it, no request fails.

One primary, one standby (made by `pg_basebackup`) and one service of two workers serve the whole module. The
line of a request in the log says which database has answered.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import requests

from goalsvc.database.embedded import socket_directory
from goalsvc.database.system import find_programs, make_private, run, system_account
from tests.api.endpoints import ENDPOINTS, parameters_of
from tests.service.processes import PATIENCE, ROOT, Postgres, Service, open_folder, postmaster, wait_until
from tests.service.test_database_faults import Answered, World
from tests.service.test_long_answers import token_in

LAG = 1
TOKEN = "a secret of Prometheus"
GOAL = {"name": "Bought", "is_any_room_allowed": True, "allowed_rooms": [], "conditions": []}
# What is read along with the caller, which the primary knows.
WITH_CALLER = {"goal-detail"}
NO_STANDBY = "it is not a hot standby; perhaps it is the primary itself"
STRANGER = "it is not a standby of this database"
OTHER_TABLES = "its migrations are not those of the primary"


class Standby(Postgres):
    """A hot standby of a primary."""

    def __init__(self, data: Path, primary: Postgres) -> None:
        data.mkdir()
        data.chmod(0o755)
        account = system_account() if os.geteuid() == 0 else None
        make_private(data / "postgresql", account)
        program = find_programs(account) / "pg_basebackup"
        source = f"--dbname=host={socket_directory(primary.data)} user=postgres"
        options = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        made = run([str(program), source, f"--pgdata={data / 'postgresql'}", *options], account)
        assert made.returncode == 0, made.stderr
        with (data / "postgresql" / "postgresql.auto.conf").open("a") as settings:
            settings.write("max_standby_streaming_delay = 0\n")  # readers in the way of replay are cancelled
        self.take(data)

    def kill(self) -> None:
        main = postmaster(self.data)
        assert main is not None
        os.kill(main, signal.SIGKILL)
        self.stop()


class Scene(World):
    """The service with the demo world, its primary and its standby."""

    standby: Standby

    def get(self, url: str, **headers: str) -> tuple[Answered, str]:
        """Return the answer to a GET, and which database gave it."""
        request_id = str(uuid4())
        answer = self.ask("GET", url, **{"X-Request-ID": request_id, **headers})
        return answer, self.database_of(request_id)

    def database_of(self, request_id: str) -> str:
        def lines() -> list[str]:
            return [line for line in self.service.output if request_id in line and '"request"' in line]

        wait_until(lines)
        return str(json.loads(lines()[0]).get("database", "primary"))

    def reads(self) -> str:
        """Which database answers a list at present."""
        answer, database = self.get(self.place.url("goal-list"))
        assert answer.status == 200, self.service.text[-4000:]
        return database

    def wait_for(self, database: str, times: int = 8) -> None:
        """Wait until a database answers, in each worker."""
        wait_until(lambda: all(self.reads() == database for _ in range(times)))

    def make_goal(self) -> str:
        made = self.ask("POST", self.place.url("goal-list"), {**GOAL, "name": f"Goal {uuid4()}"})
        assert made.status == 201
        return str(json.loads(made.text)["id"])

    def has(self, goal: str) -> bool:
        """Whether a goal is in the list of them."""
        answer, _ = self.get(self.place.url("goal-list") + "?page_size=200")
        return goal in answer.text

    def said(self, text: str) -> list[str]:
        """The lines of the log, other than those of requests, that say something."""
        return [line for line in self.service.output if text in line and '"request"' not in line]


def environment(primary: str, replica: str) -> dict[str, str]:
    return {
        "DATABASE_URL": primary,
        "DATABASE_REPLICA_URL": replica,
        "DATABASE_REPLICA_LAG": str(LAG),
        "METRICS_TOKEN": TOKEN,
    }


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with ExitStack() as life:
        folder = life.enter_context(open_folder())
        primary = Postgres(folder / "primary")
        primary.start()
        life.callback(primary.stop)
        standby = Standby(folder / "standby", primary)
        standby.start()
        life.callback(standby.stop)
        service = life.enter_context(
            Service(folder / "data", "--demo", environment=environment(primary.url, standby.url))
        )
        scene = Scene(service, primary)
        scene.standby = standby
        scene.wait_for("replica")
        yield scene


def metric(service: Service, name: str) -> float:
    address = f"http://127.0.0.1:{service.port}/metrics"
    text = requests.get(address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE).text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    assert found, text
    return float(found[1])


def test_every_read_of_an_organization_is_answered_by_the_replica(scene):
    before = metric(scene.service, 'goalsvc_reads_total{database="replica"}')
    answered = {}
    for each in ENDPOINTS:
        if each.method == "GET" and "organization_id" in parameters_of(each.route):
            answer, answered[each.route] = scene.get(each.url(scene.place))
            assert answer.status == each.succeeds, answer.text
    assert answered == {route: "primary" if route in WITH_CALLER else "replica" for route in answered}
    assert len(answered) > 15
    assert metric(scene.service, 'goalsvc_reads_total{database="replica"}') - before == len(answered) - 1
    assert metric(scene.service, "goalsvc_replica_readable") == 1


@pytest.mark.parametrize("route", ["match-list", "goals-report"])
def test_a_csv_is_read_from_the_replica_to_its_end(route, scene):
    [endpoint] = [each for each in ENDPOINTS if (each.method, each.route) == ("GET", route)]
    url = endpoint.url(scene.place, "?format=csv")
    answer, database = scene.get(url)
    assert (answer.status, database) == (200, "replica")
    assert len(answer.text.splitlines()) > 2
    client = requests.head(
        f"http://127.0.0.1:{scene.service.port}{url}",
        headers={"Authorization": f"Token {scene.key}"},
        timeout=PATIENCE,
    )
    assert client.status_code == 200
    assert scene.reads() == "replica"


@contextmanager
def admin(scene: Scene) -> Iterator[Callable[[str], tuple[str, str]]]:
    """Inside the block somebody is logged in: call it with an address for the page and its database."""
    found = re.search(r"^  admin +(\S+) +(\S+)$", scene.service.text, re.M)
    assert found
    url = f"http://127.0.0.1:{scene.service.port}"
    with requests.Session() as browser:
        login = f"{url}/admin/login/"
        token = token_in(browser.get(login, timeout=PATIENCE).text)
        form = {"username": found[1], "password": found[2], "csrfmiddlewaretoken": token}
        browser.post(login, form, headers={"Referer": login}, timeout=PATIENCE)

        def read(address: str) -> tuple[str, str]:
            request_id = str(uuid4())
            page = browser.get(url + address, headers={"X-Request-ID": request_id}, timeout=PATIENCE)
            assert page.status_code == 200, page.text
            return page.text, scene.database_of(request_id)

        yield read


def test_the_pages_of_the_admin_are_answered_by_the_replica_but_right_after_a_change(scene):
    with admin(scene) as read:
        assert read("/admin/")[1] == "primary"  # to log in is a change
        wait_until(lambda: read("/admin/")[1] == "replica")
        for address in (
            "/admin/goals/goal/",
            "/admin/matching/externalmatch/?q=customer-12345678",
            "/admin/search/?q=customer-12345678",
            f"/admin/reports/?organization_id={scene.place.organization_id}",
            f"/admin/reports/?organization_id={scene.place.organization_id}&format=csv",
            f"/admin/goals/goal/{scene.place.goal_id}/change/",
        ):
            assert read(address)[1] == "replica", address


def test_a_client_reads_at_once_what_it_has_written_whichever_process_answers(scene):
    with paused(scene):
        goal = scene.make_goal()
        # Each is a connection of its own, which either worker takes.
        assert all(scene.has(goal) for _ in range(20))
        assert scene.reads() == "primary"
    scene.wait_for("replica")
    assert scene.has(goal)


@contextmanager
def paused(scene: Scene) -> Iterator[None]:
    """Inside the block the standby receives what is written, and does not replay it."""
    scene.standby.execute("SELECT pg_wal_replay_pause()")
    try:
        yield
    finally:
        with suppress(psycopg.errors.SerializationFailure):  # by what is replayed then
            scene.standby.execute("SELECT pg_wal_replay_resume()")


def test_a_replica_that_is_too_far_behind_is_not_read(scene):
    with paused(scene):
        # Written behind the service's back: no marker keeps its clients from the replica, only the lag.
        name = f"Goal {uuid4()}"
        scene.postgres.execute(f"UPDATE goals_goal SET name = '{name}' WHERE id = '{scene.place.goal_id}'")
        written = time.monotonic()
        wait_until(lambda: scene.has(name))
        assert time.monotonic() - written < LAG + 0.5
        scene.wait_for("primary")
        wait_until(lambda: scene.said("the replica is not read: it is more than 1 s behind"))
    scene.wait_for("replica")
    assert scene.has(name)


class Readers:
    """Inside the block clients read, on and on; `answers` counts statuses, `slowest` is in seconds."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.urls = [
            each.url(scene.place, suffix)
            for route in ("goal-list", "match-list", "goals-report")
            for suffix in ("", "?format=csv")
            for each in ENDPOINTS
            if (each.method, each.route) == ("GET", route) and (route, suffix) != ("goal-list", "?format=csv")
        ]
        self.answers: Counter[int] = Counter()
        self.bodies: dict[int, str] = {}
        self.slowest = 0.0
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(4)]

    def __enter__(self) -> "Readers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def run(self, number: int) -> None:
        while not self.is_over.is_set():
            number += 1
            answer = self.scene.ask("GET", self.urls[number % len(self.urls)])
            self.answers[answer.status] += 1
            self.bodies[answer.status] = answer.text
            self.slowest = max(self.slowest, answer.seconds)


def test_a_replica_that_is_killed_fails_no_request_and_is_read_again_when_it_is_back(scene):
    with Readers(scene) as readers:
        time.sleep(0.5)
        scene.standby.kill()
        killed = time.monotonic()
        count = sum(readers.answers.values())
        time.sleep(1)
        assert sum(readers.answers.values()) - count > 10
        assert scene.reads() == "primary"
        scene.standby.start()
        scene.wait_for("replica")
        print(f"read again {time.monotonic() - killed:.1f} s after it was killed")
        time.sleep(0.3)
    print(f"{readers.answers} with the slowest in {readers.slowest:.2f} s")
    assert readers.answers.keys() == {200}, readers.bodies
    assert readers.slowest < 4


def test_readings_that_stand_in_the_way_of_replay_are_answered_by_the_primary(scene):
    with Readers(scene) as readers:
        until = time.monotonic() + 10
        # An error that a standby alone has: so it is the standby that is read.
        while not scene.said("the primary answers: SerializationFailure") and time.monotonic() < until:
            # Sent to the standby, which cancels whoever reads the table at that moment.
            scene.postgres.execute("BEGIN; LOCK TABLE matching_externalmatch, goals_goal; COMMIT")
            time.sleep(0.02)
        scene.standby.end_connections()
        time.sleep(0.2)
    assert scene.said("the primary answers: SerializationFailure")
    assert readers.answers.keys() == {200}, readers.bodies
    scene.wait_for("replica")


def test_a_replica_that_is_frozen_keeps_nobody(scene):
    with Readers(scene) as readers:
        with scene.standby.frozen():
            assert scene.reads() == "primary"
        scene.wait_for("replica")
    assert readers.answers.keys() == {200}, readers.bodies
    assert readers.slowest < 5


def test_a_url_that_is_no_replica_is_never_read_and_said_once(scene):
    url, standby, primary = scene.place.url("goal-list"), scene.standby.url, scene.postgres.url
    cases = {
        "itself": (environment(primary, primary), NO_STANDBY),
        "another database": (environment(primary, standby.replace("/goalsvc?", "/postgres?")), STRANGER),
        "a stranger's": (environment("", standby), STRANGER),  # the primary is a new embedded server
        "nobody": (environment(primary, "postgres://me@127.0.0.1:1/goalsvc"), "port 1 failed"),
        "an older version's": (environment(primary, standby), OTHER_TABLES),
    }
    with ExitStack() as life:
        folder = life.enter_context(open_folder())
        with paused(scene):
            scene.postgres.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('goals', '0002', now())"
            )
            services = {
                name: Service(folder / name, "--workers", "1", environment=variables)
                for name, (variables, _) in cases.items()
            }
            for service in services.values():
                life.enter_context(service)
            for name, service in services.items():
                statuses = []
                for _ in range(5):  # while its thread looks at the replica again and again
                    statuses.append(service.get(url, key=scene.key))
                    time.sleep(0.1)
                assert statuses == [401 if name == "a stranger's" else 200] * 5
                said = [line for line in service.output if "the replica is not read" in line]
                assert len(said) == 1, service.text
                assert cases[name][1] in said[0]
                if name != "a stranger's":
                    assert metric(service, "goalsvc_replica_readable") == 0
                    assert metric(service, 'goalsvc_reads_total{database="primary"}') == 5
                    assert '"database":"replica"' not in service.text
            older = services["an older version's"]
            scene.postgres.execute("DELETE FROM django_migrations WHERE name = '0002'")
        # Replayed, it is a replica like any other.
        wait_until(
            lambda: (
                older.answers("/readyz")
                and older.get(url, key=scene.key) == 200
                and '"database":"replica"' in older.text
            )
        )
        assert "the replica is read again" in older.text


def test_the_check_of_the_database_says_what_is_wrong(scene, tmp_path):
    url = scene.postgres.url
    ran = subprocess.run(
        [sys.executable, "manage.py", "check", "--database", "default"],
        cwd=ROOT,
        env={**os.environ, "GOALSVC_DATA": str(tmp_path), **environment(url, url)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ran.returncode == 0, ran.stderr  # the service works without
    assert f"The replica is not read: {NO_STANDBY}." in ran.stderr


def test_the_tables_of_a_standby_are_not_spread(scene, tmp_path):
    ran = subprocess.run(
        [sys.executable, "manage.py", "distribute"],
        cwd=ROOT,
        env={**os.environ, "GOALSVC_DATA": str(tmp_path), "DATABASE_URL": scene.standby.url},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ran.returncode == 1
    assert ran.stderr == "CommandError: This is a standby, which only reads. Run it on the primary.\n"


def test_a_replica_that_is_promoted_is_read_no_more(scene):
    """The last test: this cannot be undone."""
    with Readers(scene) as readers:
        scene.standby.execute("SELECT pg_promote()")
        scene.wait_for("primary")
    assert readers.answers.keys() == {200}, readers.bodies
    wait_until(lambda: scene.said(NO_STANDBY))
