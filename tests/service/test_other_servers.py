"""gunicorn and uWSGI run the service with the very files of docs/deploy/, behind nginx with its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest

from goalsvc.database.embedded import socket_directory
from tests.service import test_proxies
from tests.service.conftest import DemoWorld
from tests.service.processes import (
    PATIENCE,
    ROOT,
    Service,
    children_of,
    free_port,
    migrated_folder,
    open_folder,
    wait_until,
)
from tests.service.proxies import FOLDER, NAME, listens, program, replaced, running
from tests.service.test_proxies import ENVIRONMENT, Answer, Client, a_match, read

pytestmark = test_proxies.needs_openssl

OPTIONS = {"gunicorn": ("--config", "gunicorn.conf.py"), "uwsgi": ("--ini", "uwsgi.ini")}
READY = {"gunicorn": "Booting worker", "uwsgi": "WSGI app 0"}  # what each of two workers says
TOKEN = "a secret of Prometheus"
PROBES = re.compile(r'^goalsvc_requests_total\{method="GET",route="/healthz",status="200"\} (\S+)$', re.M)


@dataclass
class Server:
    """One that runs the service in the place of `serve`."""

    kind: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            # As nginx has it.
            given = {"Host": NAME, "X-Forwarded-Proto": "https", **headers}
            connection.request(method, path, body, given)  # type: ignore[arg-type] # whatever http.client takes
            return read(connection.getresponse())
        finally:
            connection.close()

    def counts(self) -> set[float]:
        """What /metrics says of the probes, asked so often that each worker answers."""
        pages = [self.ask("GET", "/metrics", Authorization=f"Bearer {TOKEN}").body.decode() for _ in range(8)]
        return {float(found[1]) if (found := PROBES.search(page)) else 0 for page in pages}


@contextmanager
def serving(kind: str, world: DemoWorld, folder: Path) -> Iterator[Server]:
    """Run a server on the database of the world, as docs/deploy/README.md says."""
    found = shutil.which(kind, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if found is None:
        pytest.skip(f"{kind} is not installed")
    port = free_port()
    option, name = OPTIONS[kind]
    metrics = folder / "metrics"
    metrics.mkdir(parents=True)
    file = folder / name
    file.write_text(replaced((FOLDER / name).read_text(), {"127.0.0.1:8000": f"127.0.0.1:{port}"}))
    data = world.service.data
    place = quote(str(socket_directory(data)), safe="")
    environment = {
        **os.environ, **ENVIRONMENT, "GOALSVC_DATA": str(data), "METRICS_TOKEN": TOKEN,
        "PROMETHEUS_MULTIPROC_DIR": str(metrics), "LOG_TO_STDOUT": "1",
        "DATABASE_URL": f"postgres://postgres@/goalsvc?host={place}&port=5432",
    }  # fmt: skip
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [found, option, str(file)], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        # They listen before their workers are ready, and uWSGI that is stopped then says that it has failed.
        wait_until(lambda: log.read_text().count(READY[kind]) >= 2 or process.poll() is not None)
        wait_until(lambda: listens(port) or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield Server(kind, port, process, log)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def world() -> Iterator[DemoWorld]:
    with migrated_folder() as folder, Service(folder, "--demo", environment=ENVIRONMENT) as service:
        yield DemoWorld(service)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module", params=list(OPTIONS))
def server(request: pytest.FixtureRequest, world: DemoWorld, folder: Path) -> Iterator[Server]:
    with serving(request.param, world, folder / request.param) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Server, world: DemoWorld, folder: Path) -> Iterator[Client]:
    if program("nginx") is None:
        pytest.skip("nginx is not installed")
    with running("nginx", folder / f"nginx-{server.kind}", server.port) as proxy:
        proxy.kind = server.kind  # in what is written
        yield Client(proxy, world)


# What works through a proxy to `serve` works through nginx to these.
test_the_api_is_read_and_written = test_proxies.test_the_api_is_read_and_written
test_a_batch_of_14_megabytes_arrives = test_proxies.test_a_batch_of_14_megabytes_arrives
test_a_batch_without_an_announced_length_arrives = (
    test_proxies.test_a_batch_without_an_announced_length_arrives
)
test_a_compressed_batch_arrives = test_proxies.test_a_compressed_batch_arrives
test_who_sends_everything_first_reads_why = (
    test_proxies.test_who_sends_everything_first_reads_why_it_was_refused
)
test_entity_tags_are_those_of_the_service = test_proxies.test_entity_tags_are_those_of_the_service
test_people_log_in_to_the_admin_and_upload_a_file = (
    test_proxies.test_people_log_in_to_the_admin_and_upload_a_file
)
test_a_file_to_import_is_uploaded = test_proxies.test_a_file_to_import_is_uploaded
test_forged_headers_count_for_nothing = test_proxies.test_forged_headers_count_for_nothing


def test_long_answers_come_whole(client: Client) -> None:
    answer = client.call("GET", f"/goals/{client.world.goals[0]}/matches", Accept="text/csv")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.body.endswith(b"\n")
    page = client.ask("GET", "/admin/login/")
    [style] = re.findall(r'href="(/static/admin/css/base[^"]*\.css)"', page.body.decode())
    assert client.ask("GET", style).status == 200


def test_an_answer_to_head_has_no_body(server: Server, world: DemoWorld) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.connect()
    path = f"/api/v5/orgs/{world.organization}/goals"
    lines = [f"HEAD {path} HTTP/1.1", f"Host: {NAME}", f"Authorization: Token {world.manager}"]
    lines += ["X-Forwarded-Proto: https", "Connection: close", "", ""]
    connection.sock.sendall("\r\n".join(lines).encode())
    answer = b"".join(iter(lambda: connection.sock.recv(65536), b""))
    connection.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_a_body_without_an_announced_length_is_read_or_refused(
    server: Server, client: Client, world: DemoWorld
) -> None:
    match = json.dumps(a_match(client, "chunked directly")).encode()
    headers = {
        "Authorization": f"Token {world.manager}",
        "Content-Type": "application/json",
        "Transfer-Encoding": "chunked",
    }
    path = f"/api/v5/orgs/{world.organization}/goals/{world.goals[0]}/matches"
    # uWSGI cannot read it: it would be reset with what is still to be read, and perhaps the answer lost.
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(match), match) if server.kind == "gunicorn" else b""
    answer = server.ask("POST", path, sent, **headers)
    if server.kind == "gunicorn":
        assert answer.status == 200
        assert answer.headers["connection"] == "keep-alive"
    else:
        assert (answer.status, answer.json["code"]) == (411, "length_required")
        assert answer.headers["connection"] == "close"


def test_all_workers_count_together_and_a_dead_ones_count_stays(server: Server) -> None:
    [before] = server.counts()
    for _ in range(20):
        assert server.ask("GET", "/healthz").status == 200
    assert server.counts() == {before + 20}

    killed = children_of(server.process.pid)
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: len(set(children_of(server.process.pid)) - set(killed)) == 2)
    assert server.counts() == {before + 20}
    assert server.ask("GET", "/healthz").status == 200
    assert server.counts() == {before + 21}


@pytest.mark.parametrize("kind", list(OPTIONS))
def test_a_stop_under_load_loses_no_match_that_was_acknowledged(
    kind: str, world: DemoWorld, folder: Path
) -> None:
    path = f"/api/v5/orgs/{world.organization}/goals/{world.goals[0]}/matches"
    key = {"Authorization": f"Token {world.manager}", "Content-Type": "application/json"}
    acknowledged: list[str] = []

    def post(server: Server, sender: int) -> None:
        """Post one match after the other until nobody answers any more."""
        for number in range(100_000):
            external_id = f"{kind}-{sender}-{number}"
            match = {
                "visitor_identity": "customer-12345678",
                "goal_matched_at": "2026-02-05T12:00:00Z",
                "rooms": world.rooms,
                "external_id": external_id,
            }
            try:
                answer = server.ask("POST", path, json.dumps(match), **key)
            except OSError:
                return
            assert answer.status == 200, answer.body
            acknowledged.append(external_id)

    with serving(kind, world, folder / f"{kind}-stopped") as server, ThreadPoolExecutor(4) as threads:
        posting = [threads.submit(post, server, sender) for sender in range(4)]
        wait_until(lambda: len(acknowledged) > 40)
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0
        for sender in posting:
            sender.result()
    with world.service.connect() as database:
        query = "SELECT external_id FROM matching_externalmatch WHERE external_id = ANY(%s)"
        stored = {name for (name,) in database.execute(query, [acknowledged])}
    assert set(acknowledged) - stored == set()
