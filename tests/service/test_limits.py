"""What one client may take of the service, and that the others are served meanwhile."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from matching.reports.turns import READINGS_AT_ONCE, TAKE_TURN
from tests.service.processes import PATIENCE, Service, migrated_folder

MEBIBYTE = 1024 * 1024
MANY = 200
LARGE_FILE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
MATCH = {"visitor_identity": "customer-12345678", "goal_matched_at": "2026-02-05T12:00:00Z"}


class World:
    def __init__(self, service: Service) -> None:
        self.service = service
        key = re.search(r"integrator's token +(\w+)", service.text)
        assert key
        self.key = key[1]
        [[organization], self.rooms, [goal, *_]] = (
            re.findall(rf"^  {name} +(.+)$", service.text, re.M)[0].split()
            for name in ("organization", "rooms", "goals")
        )
        self.base = f"/api/v5/orgs/{organization}"
        self.match_path = f"{self.base}/goals/{goal}/matches"
        self.match = json.dumps({**MATCH, "rooms": self.rooms}).encode()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.service.port), PATIENCE)

    def head(self, method: str, path: str, *headers: str) -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Token {self.key}",
            "Content-Type: application/json", *headers, "", "",
        ]  # fmt: skip
        return "\r\n".join(lines).encode()

    def post(self, body: bytes, path: str = "") -> bytes:
        return self.head("POST", path or self.match_path, f"Content-Length: {len(body)}") + body

    def ask(self, request: bytes) -> tuple[int, Any]:
        """Send these bytes on a connection of their own; return status and body."""
        with self.connect() as client:
            client.sendall(request)
            return read_answer(client)

    def assert_answers_others(self) -> None:
        for _ in range(10):
            assert self.ask(self.post(self.match))[0] == 200
            assert self.ask(self.head("GET", "/readyz"))[0] == 200


def read_answer(client: socket.socket) -> tuple[int, Any]:
    with client.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        length = 0
        while line := stream.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = stream.read(length)
    return status, json.loads(body) if body.startswith(b"{") else body


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    environment = {"DATABASE_STATEMENT_TIMEOUT_MS": "1500"}
    with migrated_folder() as folder, Service(folder, "--demo", environment=environment) as service:
        yield World(service)


@contextmanager
def connections(world: World, number: int = MANY) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(world.connect()) for _ in range(number)]


class Trickle(threading.Thread):
    """Sends a text on each of many connections, a byte at a time, all but its last byte."""

    def __init__(self, clients: list[socket.socket], text: bytes) -> None:
        super().__init__(daemon=True)
        self.clients = clients
        self.text = text
        self.sent = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        for byte in self.text[:-1]:
            for client in self.clients:
                with suppress(OSError):  # a server need not wait for headers for ever
                    client.send(bytes([byte]))
            self.sent += 1
            if self.is_over.wait(0.1):
                return

    def __enter__(self) -> "Trickle":
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.is_over.set()
        self.join()


# Sizes.


@pytest.mark.parametrize(
    ("path", "limit"), [("", MEBIBYTE), ("/matches/batch", 16 * MEBIBYTE), ("/visitor_sessions", MEBIBYTE)]
)
def test_a_body_announced_too_large_is_refused_before_it_is_sent(world, path, limit):
    path = world.base + path if path else world.match_path
    status, body = world.ask(world.head("POST", path, f"Content-Length: {limit + 1}"))
    assert (status, body["code"]) == (413, "payload_too_large")


def test_a_body_of_unannounced_length_is_refused_as_well(world):
    head = world.head("POST", world.match_path, "Transfer-Encoding: chunked")
    chunk = b"%x\r\n" % 65_536 + b" " * 65_536 + b"\r\n"
    status, body = world.ask(head + 17 * chunk + b"0\r\n\r\n")
    assert (status, body["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("levels", [21, 500, 400_000])
@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_json_too_deep_is_refused(world, levels, bracket):
    levels = min(levels, MEBIBYTE // len(bracket) // 2)
    body = bracket * levels + b"1" + (b"]" if bracket == b"[" else b"}") * levels
    status, answer = world.ask(world.post(body))
    assert (status, answer["code"]) == (400, "parse_error")
    assert world.ask(world.post(world.match))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        [f"X-Long: {'x' * 50_000}"],
        [f"X-{number}: x" for number in range(5_000)],
        [f"Authorization: Token {'a' * 100_000}"],
    ],
)
def test_headers_too_large_are_refused(world, headers):
    status, _ = world.ask(world.head("GET", "/healthz", *headers))
    assert status in {400, 431}
    world.assert_answers_others()


def test_an_address_too_long_is_refused(world):
    status, _ = world.ask(world.head("GET", "/healthz?" + "x" * 100_000))
    assert status in {400, 414, 431}
    world.assert_answers_others()


# Time.


def test_a_statement_that_takes_too_long_ends_with_503_and_others_are_served_meanwhile(world):
    with world.service.connect() as database, world.connect() as client:
        database.execute("LOCK TABLE matching_visitoridentity IN ACCESS EXCLUSIVE MODE")
        client.sendall(world.head("GET", f"{world.base}/visitor_identities"))
        assert world.ask(world.head("GET", f"{world.base}/rooms"))[0] == 200
        status, body = read_answer(client)  # while the table is still locked
        assert (status, body["code"]) == (503, "timeout")
        database.rollback()
    assert world.ask(world.head("GET", f"{world.base}/visitor_identities"))[0] == 200


def test_so_does_one_of_an_answer_that_is_sent_as_it_is_read(world):
    address = f"{world.base}/matches?format=csv"
    with world.service.connect() as database, world.connect() as client:
        database.execute("LOCK TABLE matching_externalmatch IN ACCESS EXCLUSIVE MODE")
        client.sendall(world.head("GET", address))
        status, body = read_answer(client)
        assert (status, body["code"]) == (503, "timeout")
        database.rollback()
    assert world.ask(world.head("GET", f"{world.base}/matches"))[0] == 200


def test_a_csv_too_many_at_once_is_answered_429(world):
    organization = world.base.rpartition("/")[2]
    with world.service.connect() as database:
        for turn in range(1, READINGS_AT_ONCE + 1):
            assert database.execute(TAKE_TURN, [turn, turn, f"reading {organization}"]).fetchone()
        status, body = world.ask(world.head("GET", f"{world.base}/matches?format=csv"))
        assert (status, body["code"]) == (429, "rate_limited")
        database.rollback()


def test_the_head_of_a_csv_reads_nothing(world):
    with world.service.connect() as database:
        database.execute("LOCK TABLE matching_externalmatch IN ACCESS EXCLUSIVE MODE")
        assert world.ask(world.head("HEAD", f"{world.base}/matches?format=csv"))[0] == 200
        database.rollback()


def test_idle_connections_keep_nobody_waiting(world):
    with connections(world) as clients:
        world.assert_answers_others()
        for client in clients[::20]:
            client.sendall(world.head("GET", "/healthz"))
            assert read_answer(client)[0] == 200
        world.assert_answers_others()  # now some of them have been used and stay open


def test_clients_that_send_their_headers_a_byte_at_a_time_keep_nobody_waiting(world):
    with connections(world) as clients, Trickle(clients, world.post(world.match)):
        world.assert_answers_others()


@pytest.mark.parametrize("path", ["", "/matches/batch"])
def test_clients_that_send_their_body_a_byte_at_a_time_keep_nobody_waiting(world, path):
    body = world.match if not path else b'{"matches": []}' + b" " * 2 * MEBIBYTE
    address = world.base + path if path else world.match_path
    head = world.head("POST", address, f"Content-Length: {len(body)}")
    with connections(world) as clients:
        for client in clients:
            client.sendall(head)
        with Trickle(clients, body) as trickle:
            world.assert_answers_others()
        # Slow is not wrong: who does finish is served.
        clients[0].sendall(body[trickle.sent :])
        assert read_answer(clients[0])[0] == (400 if path else 200)


def test_strangers_that_send_chunks_slowly_keep_nobody_waiting(world):
    head = world.head("POST", world.match_path, "Transfer-Encoding: chunked").replace(b"Token", b"Nothing")
    with connections(world) as clients:
        for client in clients:
            client.sendall(head)
        with Trickle(clients, b"1\r\n \r\n" * 100):
            world.assert_answers_others()


def test_clients_that_do_not_read_keep_nobody_waiting(world):
    """Each asks for more than the buffers on the way can take, and reads none of it."""
    with connections(world) as clients:
        for client in clients:
            client.sendall(3 * world.head("GET", LARGE_FILE))
        world.assert_answers_others()
