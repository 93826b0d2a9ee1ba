"""`manage.py serve` as its users and its supervisor meet it: started, stopped, killed, restarted."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command

from goalsvc.database.system import lives
from tests.service.processes import PATIENCE, Service, migrated_folder, open_folder, postmaster, wait_until

TOKENS = "orgs_apitoken"
SOME_KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service that runs all the time, for the tests that do not end it."""
    with open_folder() as folder, Service(folder) as service:
        yield service
    assert postmaster(folder) is None


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with migrated_folder() as folder:
        yield folder


@pytest.fixture
def data(folder: Path) -> Iterator[Path]:
    """A data folder, shared to save time; after each test no server may be left in it."""
    yield folder
    if left := postmaster(folder):
        os.kill(left, signal.SIGINT)
        pytest.fail("the test left a database server behind")


class Request(threading.Thread):
    """A request that its test holds up in the database, by locking the table of the tokens."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self.service = service
        self.status: int | None = None

    def run(self) -> None:
        try:
            self.status = self.service.get("/api/v5/users/me", key=SOME_KEY)
        except (OSError, http.client.HTTPException):
            self.status = None


def hold_up(database: psycopg.Connection, request: Request) -> None:
    database.execute(f"LOCK TABLE {TOKENS} IN ACCESS EXCLUSIVE MODE")
    request.start()
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    wait_until(lambda: database.execute(waiting).fetchone() == (1,))


def await_workers(service: Service) -> None:
    """Wait until each worker answers: one that is stopped before ends at once, which looks like a fault."""

    def answered() -> set[int]:
        service.get("/api/v5/users/me", key=SOME_KEY)
        return {json.loads(line)["worker"] for line in service.output if '"request"' in line}

    wait_until(lambda: answered() >= set(service.workers()))


def test_it_says_when_it_is_ready_and_answers_at_once(service):
    assert service.get("/healthz") == 200
    assert service.get("/readyz") == 200
    lines = [json.loads(line) for line in service.output]  # not one of another form
    [applied] = [line for line in lines if line["message"] == "migrations applied"]
    assert "orgs.0001_initial" in applied["migrations"]


@pytest.mark.parametrize("request_to_stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_the_request_in_flight_finish(data, request_to_stop):
    with Service(data) as service, service.connect() as database:
        await_workers(service)
        request = Request(service)
        hold_up(database, request)
        service.signal_all(request_to_stop)
        time.sleep(0.5)
        database.rollback()
        database.close()
        assert service.process.wait(PATIENCE) == 0, service.text
        request.join()
        assert request.status == 401  # so it was not killed at the end of the grace
        assert "Traceback" not in service.text


def test_a_stop_does_not_wait_for_ever(data):
    with Service(data) as service:
        database = service.connect()
        request = Request(service)
        hold_up(database, request)
        assert service.stop() == 0
        request.join()
        assert request.status is None  # neither answered nor waited for


def test_a_stop_during_the_start_leaves_nothing_behind(data):
    for delay in (0.4, 0.8, 1.2):
        service = Service(data)
        time.sleep(delay)
        assert service.stop() in {0, -signal.SIGTERM, 128 + signal.SIGTERM}, service.text
        assert postmaster(data) is None
        assert "Traceback" not in service.text


def test_a_stop_during_a_collection_of_garbage_is_not_lost():
    program = """if True:
        import os, signal, time, weakref, manage
        manage.heed_stops()
        class Anything: pass
        thing = Anything()
        watching = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
        del thing
        time.sleep(30)
    """
    stopped = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert (stopped.returncode, stopped.stderr) == (128 + signal.SIGTERM, b"")


def test_a_killed_worker_is_replaced(service):
    killed = service.workers()
    assert len(killed) == 2
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: len(set(service.workers()) - set(killed)) == 2)
    wait_until(lambda: service.answers("/healthz"))


@pytest.fixture
def two_cores() -> Iterator[set[int]]:
    """At most two cores, for what is started in the test."""
    every = os.sched_getaffinity(0)
    some = set(sorted(every)[:2])
    os.sched_setaffinity(0, some)
    yield some
    os.sched_setaffinity(0, every)


def cores_of(service: Service) -> list[set[int]]:
    """The cores that each worker may run on."""
    found = []
    for worker in service.workers():
        with suppress(ProcessLookupError):
            found.append(os.sched_getaffinity(worker))
    return sorted(found, key=min)


def test_as_many_workers_as_cores_each_keep_to_their_own_and_so_do_their_successors(data, two_cores):
    one_each = [{core} for core in sorted(two_cores)]
    with Service(data, "--workers", str(len(two_cores))) as service:
        wait_until(lambda: cores_of(service) == one_each)
        killed = service.workers()[0]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: killed not in service.workers() and cores_of(service) == one_each)
        assert service.get("/readyz") == 200


def test_other_numbers_of_workers_run_on_any_core(data, two_cores):
    number = len(two_cores) + 1
    with Service(data, "--workers", str(number)) as service:
        wait_until(lambda: sum(os.getsid(worker) == worker for worker in service.workers()) == number)
        assert cores_of(service) == [two_cores] * number


def test_ctrl_c_in_a_terminal_does_not_reach_a_worker(service):
    # The terminal interrupts the processes of serve's session.
    wait_until(lambda: [os.getsid(worker) for worker in service.workers()] == service.workers())


def test_a_killed_database_is_started_again(service):
    assert service.get("/readyz") == 200
    killed = postmaster(service.data)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: postmaster(service.data) not in {None, killed})
    wait_until(lambda: service.answers("/readyz"))
    # No connection that died with the old one is handed to a request.
    assert [service.get("/api/v5/users/me", key=SOME_KEY) for _ in range(20)] == [401] * 20


def test_a_database_whose_folder_is_gone_is_stopped_and_goes_on_when_that_is_back(data):
    with Service(data) as service:
        server = postmaster(data)
        assert server is not None
        (data / "postgresql").rename(data / "elsewhere")
        wait_until(lambda: not lives(server), lambda: service.text)
        wait_until(lambda: service.get("/readyz") == 503)
        assert "is gone: the embedded database is stopped." in service.text
        assert not (data / "postgresql").exists()

        (data / "elsewhere").rename(data / "postgresql")
        wait_until(lambda: service.answers("/readyz"))


def test_workers_do_not_outlive_a_killed_serve_and_the_next_one_takes_over(data):
    with Service(data) as service:
        workers = service.workers()
        service.process.kill()
        service.process.wait(PATIENCE)
        wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
        assert postmaster(data) is not None
        with Service(data) as successor:
            assert successor.get("/readyz") == 200


def test_two_first_starts_at_once_both_serve(data):
    shutil.rmtree(data / "postgresql", ignore_errors=True)
    first, second = Service(data), Service(data)
    with first, second:
        assert first.get("/readyz") == second.get("/readyz") == 200
        assert (first.text + second.text).count('"migrations applied"') == 1


def test_the_demo_says_what_to_try_and_yields_to_other_data(data):
    with Service(data, "--demo") as service, service.connect() as database:
        assert f"http://127.0.0.1:{service.port}/api/v5/docs" in service.text
        key = re.findall(r"Authorization: Token ([0-9a-f]{40})", service.text)[0]
        assert service.get("/api/v5/users/me", key=key) == 200
        database.execute(
            "INSERT INTO orgs_organization (id, name, created_at, updated_at) "
            "VALUES (gen_random_uuid(), 'Own Ltd.', now(), now())"
        )
    with Service(data, "--demo") as service:
        assert "Serving without it." in service.text
        assert service.get("/readyz") == 200


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"port": 0}, "--port must be between 1 and 65535, not 0."),
        ({"port": 99999}, "--port must be between 1 and 65535, not 99999."),
        ({"workers": 0}, "--workers must be 1 or more, not 0."),
        (
            {"host": "no-such-host.invalid"},
            "--host 'no-such-host.invalid' is no name or address of this machine",
        ),
        ({"host": "192.0.2.1"}, "Cannot serve on 192.0.2.1:8000: "),
    ],
)
def test_what_cannot_be_served_is_said_in_one_sentence(options, said):
    with pytest.raises(CommandError) as refused:
        call_command("serve", **options)
    assert str(refused.value).startswith(said)


def test_a_port_in_use_is_said_in_one_sentence(service):
    second = Service(service.data, "--port", str(service.port))
    assert second.process.wait(PATIENCE) == 1
    wait_until(lambda: second.text)
    assert second.text == f"CommandError: Cannot serve on 127.0.0.1:{service.port}: Address already in use.\n"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 50_000 + b"\r\n\r\n", b"431"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_headers_that_make_no_sense_are_refused(service, sent, answer):
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as client:
        client.sendall(sent)
        assert client.recv(1000).split()[1] == answer
