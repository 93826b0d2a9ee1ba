"""Clients that send slowly cost a connection, not a thread; who may not call is refused before the body."""

import gzip
import json
import os
import re
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.service.processes import PATIENCE, Service, migrated_folder
from tests.service.test_limits import World, read_answer

STRANGERS = 2000
KNOWN = 400
# Seconds. It takes less than one where nothing else runs; here the other tests do.
SOON = 5
BODY_TIMEOUT = 3
GIVEN_UP = {
    "detail": f"The body did not arrive within {BODY_TIMEOUT} seconds. Nothing was done.",
    "code": "request_timeout",
}


@pytest.fixture(scope="module", autouse=True)
def enough_descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    environment = {"BODY_TIMEOUT_SECONDS": "60"}
    with migrated_folder() as folder, Service(folder, "--demo", environment=environment) as service:
        yield World(service)


@pytest.fixture(scope="module")
def impatient() -> Iterator[World]:
    environment = {"BODY_TIMEOUT_SECONDS": str(BODY_TIMEOUT), "RATE_LIMIT": "1000/hour"}
    with migrated_folder() as folder, Service(folder, "--demo", environment=environment) as service:
        yield World(service)


def threads_of(world: World) -> int:
    """How many threads the workers have together."""
    return sum(len(list(Path(f"/proc/{worker}/task").iterdir())) for worker in world.service.workers())


@contextmanager
def slow_clients(world: World, number: int, key: str, *headers: str) -> Iterator[list[Any]]:
    """So many connections that have sent headers and a byte of a body."""
    head = world.head("POST", world.match_path, *headers).replace(world.key.encode(), key.encode())
    with ExitStack() as stack:
        clients = []
        for _ in range(number):
            client = stack.enter_context(world.connect())
            client.sendall(head + b"{")
            clients.append(client)
        yield clients


def assert_answers_soon(world: World) -> None:
    """50 matches and probes, a second long."""

    def timed(request: bytes) -> tuple[int, float]:
        began = time.monotonic()
        return world.ask(request)[0], time.monotonic() - began

    with ThreadPoolExecutor(8) as threads:
        asked = []
        for number in range(50):
            asked.append(threads.submit(timed, world.post(world.match)))
            if number % 10 == 0:
                asked.append(threads.submit(timed, world.head("GET", "/healthz")))
            time.sleep(0.02)
        answers = [each.result() for each in asked]
    assert {status for status, _ in answers} == {200}
    assert max(seconds for _, seconds in answers) < SOON


def test_thousands_of_slow_clients_keep_nobody_waiting(world):
    world.assert_answers_others()
    with (
        slow_clients(world, STRANGERS, "0" * 40, "Content-Length: 100") as strangers,
        slow_clients(world, KNOWN // 2, world.key, "Content-Length: 100") as small,
        slow_clients(world, KNOWN // 2, world.key, "Content-Length: 100000") as large,
    ):
        assert_answers_soon(world)
        assert_answers_soon(world)
        # A thread for each request that is worked on, not for each client.
        assert threads_of(world) < 2 * 50
        for client in strangers[:: STRANGERS // 20]:
            assert read_answer(client)[0] == 401
        # Slow is not wrong.
        for clients, length in ((small, 100), (large, 100_000)):
            clients[-1].sendall(b" " * (length - 2) + b"}")
            assert read_answer(clients[-1])[0] == 400
    assert_answers_soon(world)


@pytest.mark.parametrize(
    "length", ["Content-Length: 100", "Content-Length: 1000000", "Transfer-Encoding: chunked"]
)
@pytest.mark.parametrize("authorization", ["Authorization: Token " + "0" * 40, "X-Authorization: none"])
def test_without_a_valid_token_the_body_is_not_awaited(world, length, authorization):
    head = world.head("POST", world.match_path, length).replace(
        f"Authorization: Token {world.key}".encode(), authorization.encode()
    )
    with world.connect() as client:
        client.sendall(head)
        status, body = read_answer(client)
        assert (status, body["code"]) in {(401, "invalid_token"), (401, "not_authenticated")}
        assert client.recv(1) == b""  # the connection is closed: nobody waits for the rest


def test_another_organization_is_refused_before_the_body(world):
    path = re.sub(r"orgs/[^/]+", "orgs/00000000-0000-4000-8000-000000000000", world.match_path)
    with world.connect() as client:
        client.sendall(world.head("POST", path, "Content-Length: 100000"))
        assert read_answer(client)[0] == 403


@pytest.mark.parametrize(
    "length", ["Content-Length: 100", "Content-Length: 100000", "Transfer-Encoding: chunked"]
)
def test_a_body_that_does_not_arrive_is_given_up(impatient, length):
    with impatient.connect() as client:
        client.sendall(impatient.head("POST", impatient.match_path, length))
        began = time.monotonic()
        status, body = read_answer(client)
        waited = time.monotonic() - began
        assert (status, body) == (408, GIVEN_UP)
        assert waited > BODY_TIMEOUT - 0.1
        assert client.recv(1) == b""


def test_a_slow_request_counts_once_against_the_rate_limit(impatient):
    with impatient.service.connect() as database:
        count = "SELECT coalesce(max(requests), 0) FROM orgs_ratewindow"
        [before] = database.execute(count).fetchone() or [0]
        database.commit()
        head = impatient.head("POST", impatient.match_path, f"Content-Length: {len(impatient.match)}")
        with impatient.connect() as client:
            client.sendall(head)
            time.sleep(1.5)
            client.sendall(impatient.match)
            assert read_answer(client)[0] == 200
        [after] = database.execute(count).fetchone() or [0]
    assert after == before + 1


@pytest.mark.parametrize("pause", [0, 1])
@pytest.mark.parametrize("size", [10, 100_000, 2_000_000])
def test_a_body_in_pieces_is_read_as_a_whole(world, size, pause):
    path = f"{world.base}/visitor_identities/batch"
    body = json.dumps(
        {"visitor_identities": [{"visitor_identity": "pieces", "visitor_id": "pieces"}]}
    ).encode()
    body = body.ljust(size)
    for length in (f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"):
        is_chunked = "chunked" in length
        with world.connect() as client:
            client.sendall(world.head("POST", path, length))
            for start in range(0, len(body), max(1, len(body) // 5)):
                piece = body[start : start + max(1, len(body) // 5)]
                client.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
                time.sleep(pause / 10)
            client.sendall(b"0\r\n\r\n" if is_chunked else b"")
            status, answer = read_answer(client)
            assert (status, answer["summary"]["received"]) == (200, 1), answer


@pytest.mark.parametrize("rest", [b"", b"5\r\n", b"zz\r\n"])
def test_chunks_that_break_off_are_not_a_shorter_body(world, rest):
    """Of NDJSON, half a body looks like a whole one."""
    path = f"{world.base}/visitor_identities/batch"
    line = b'{"visitor_identity": "broken-off", "visitor_id": "broken-off"}\n'
    head = world.head("POST", path, "Transfer-Encoding: chunked").replace(
        b"application/json", b"application/x-ndjson"
    )
    with world.connect() as client:
        client.sendall(head + b"%x\r\n%b\r\n" % (len(line), line) + rest)
        client.shutdown(socket.SHUT_WR)
        try:
            status, answer = read_answer(client)
        except (IndexError, ConnectionError):
            status, answer = 400, {"code": "parse_error"}  # no answer is one too, for who has left
    time.sleep(0.5)
    assert (status, answer["code"]) == (400, "parse_error")
    found = world.ask(world.head("GET", f"{world.base}/visitor_identities?visitor_identity=broken-off"))
    assert found[1]["results"] == []


def test_a_header_with_an_underscore_passes_for_no_other(world):
    """`X_Forwarded_Proto` is not what the proxy says in X-Forwarded-Proto."""
    head = world.head("GET", "/api/v5/users/me").replace(b"Authorization:", b"Authoriza_tion:")
    assert world.ask(head)[0] == 401
    environment = {"HTTPS": "1"}
    with (
        migrated_folder() as folder,
        Service(folder, environment=environment) as service,
        ExitStack() as stack,
    ):
        answers = []
        for header in ("X_Forwarded_Proto: https", "X-Forwarded-Proto: https"):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", service.port), PATIENCE))
            client.sendall(f"GET /api/v5/users/me HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode())
            answers.append(read_answer(client)[1]["code"])
    assert answers == ["https_required", "not_authenticated"]


def test_a_header_that_is_said_twice_is_neither_of_the_two(world):
    head = world.head("GET", "/api/v5/users/me", "X-Request-ID: a", "X-Request-ID: b", "Connection: close")
    with world.connect() as client:
        client.sendall(head)
        with client.makefile("rb") as stream:
            answered = stream.read().decode()
    [request_id] = re.findall(r"^x-request-id: (.+?)\r$", answered, re.M)
    assert len(request_id) == 36  # one of ours: the two together are not sane


@pytest.mark.parametrize("lengths", [["2", "2"], ["2, 2"], ["2,2"]])
def test_a_length_that_is_said_twice_is_one_or_refused(world, lengths):
    head = world.head("POST", world.match_path, *(f"Content-Length: {length}" for length in lengths))

    assert world.ask(head + b"{}")[0] == 400


@pytest.mark.parametrize("length", ["-1", "+2", "2 2", "1e1", "\u0663", "9" * 30, ""])
def test_a_senseless_length_is_refused(world, length):
    head = world.head("POST", world.match_path, f"Content-Length: {length}".encode().decode("latin-1"))

    assert world.ask(head + b"{}")[0] in {400, 413}


def test_a_client_is_asked_for_a_large_body_only_when_it_is_wanted(world):
    """`Expect: 100-continue`: the client waits for a word before it sends."""
    expecting = ("Content-Length: 100000", "Expect: 100-continue")
    with world.connect() as client:
        client.sendall(world.head("POST", world.match_path, *expecting).replace(b"Token ", b"Token 0"))
        assert read_answer(client)[0] == 401
    with world.connect() as client:
        client.sendall(world.head("POST", world.match_path, *expecting))
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(world.match.ljust(100_000))
        assert read_answer(client)[0] == 200


@pytest.mark.parametrize("is_packed", [False, True])
def test_large_batches_that_wait_for_the_database_do_not_keep_other_large_ones_waiting(world, is_packed):
    goal = world.match_path.split("/")[-2]
    note = os.urandom(20_000).hex()  # nobody reads it; packed, it may be hundred times as large
    batch = json.dumps({"matches": [{**json.loads(world.match), "goal_id": goal, "note": note}]}).encode()
    path = f"{world.base}/matches/batch"
    post = world.post(batch.ljust(100_000), path)
    if is_packed:
        packed = gzip.compress(batch)
        head = world.head("POST", path, f"Content-Length: {len(packed)}", "Content-Encoding: gzip")
        post = head + packed
    session = {
        "visitor_session_id": "s",
        "visitor_id": "v",
        "started_at": "2016-10-10T20:00:00Z",
        "rooms": [],
    }
    sessions = json.dumps({"visitor_sessions": [session]}).encode().ljust(100_000)
    with world.service.connect() as database, ExitStack() as stack:
        database.execute("LOCK TABLE matching_externalmatch IN ACCESS EXCLUSIVE MODE")
        clients = [stack.enter_context(world.connect()) for _ in range(8)]
        for client in clients:
            client.sendall(post)
        for _ in range(5):
            assert world.ask(world.post(sessions, f"{world.base}/visitor_sessions/batch"))[0] == 200
        database.rollback()
        assert {read_answer(client)[0] for client in clients} == {200}
