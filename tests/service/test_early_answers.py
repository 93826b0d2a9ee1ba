"""Answers before the body has come: who sends everything first, as most clients do, reads them as well."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from goalsvc.server.rests import MOST_BYTES
from tests.service.processes import PATIENCE, Service, migrated_folder
from tests.service.test_limits import MEBIBYTE, World, read_answer

BODY_TIMEOUT = 2
ALLOWED = 30  # requests of a token
NOBODY = "0" * 40
PART = b"x" * 65536
CHUNK = b"10000\r\n" + PART + b"\r\n"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    environment = {"BODY_TIMEOUT_SECONDS": str(BODY_TIMEOUT), "RATE_LIMIT": f"{ALLOWED}/hour"}
    with migrated_folder() as folder, Service(folder, "--demo", environment=environment) as service:
        yield World(service)


def send_all_then_read(world: World, head: bytes, parts: Iterator[bytes]) -> tuple[int, str, float]:
    """Return status and code of the answer, and the seconds it took."""
    began = time.monotonic()
    with world.connect() as client:
        client.sendall(head)
        for part in parts:
            client.sendall(part)
        status, body = read_answer(client)
    return status, body.get("code", ""), time.monotonic() - began


@pytest.mark.parametrize("megabytes", [20, 60])
@pytest.mark.parametrize(
    ("path", "key", "kind", "expected"),
    [
        ("/matches/batch", "", "application/json", (413, "payload_too_large")),
        ("/matches/batch", NOBODY, "application/json", (401, "invalid_token")),
        ("/matches/batch", "", "text/plain", (415, "unsupported_media_type")),
        ("/nothing", "", "application/json", (404, "not_found")),
        ("/imports?kind=sessions", NOBODY, "text/csv", (401, "invalid_token")),
    ],
)
@pytest.mark.parametrize("is_chunked", [True, False])
def test_who_sends_everything_first_reads_why_it_was_refused(
    world, is_chunked, path, key, kind, expected, megabytes
):
    count = megabytes * MEBIBYTE // len(PART)
    length = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {count * len(PART)}"
    head = world.head("POST", world.base + path, length).replace(b"application/json", kind.encode())
    parts = iter([CHUNK] * count + [b"0\r\n\r\n"]) if is_chunked else iter([PART] * count)
    if key:
        head = head.replace(world.key.encode(), key.encode())
    assert send_all_then_read(world, head, parts)[:2] == expected


def test_the_connection_serves_on_once_all_of_a_refused_body_has_come(world):
    with world.connect() as client:
        for _ in range(2):
            client.sendall(world.head("POST", world.base + "/nothing", f"Content-Length: {len(PART) * 40}"))
            client.sendall(PART * 40)
            assert read_answer(client)[0] == 404


def test_a_token_that_has_asked_too_often_reads_so(world):
    [manager] = [line for line in world.service.text.splitlines() if "manager's token" in line]
    key = manager.split()[-1].encode()
    for _ in range(ALLOWED):
        assert world.ask(world.head("GET", world.base + "/goals").replace(world.key.encode(), key))[0] == 200
    head = world.head("POST", world.base + "/matches/batch", f"Content-Length: {14 * MEBIBYTE}")
    answer = send_all_then_read(world, head.replace(world.key.encode(), key), iter([PART] * (14 * 16)))
    assert answer[:2] == (429, "rate_limited")


def test_who_sends_without_end_is_cut_off(world):
    sent = 0

    def send_without_end(client: socket.socket) -> None:
        nonlocal sent
        while sent < 4 * MOST_BYTES:
            client.sendall(CHUNK)
            sent += len(PART)

    with world.connect() as client:
        client.sendall(chunked_by_nobody(world))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            send_without_end(client)
    assert sent > MOST_BYTES * 0.9


def test_who_sends_slowly_is_answered_soon_and_cut_off_in_time(world):
    began = time.monotonic()
    answered = 0.0

    def trickle(client: socket.socket) -> None:
        nonlocal answered
        while time.monotonic() < began + PATIENCE:
            client.sendall(b"1\r\nx\r\n")
            with suppress(TimeoutError):
                answered = answered or (time.monotonic() if client.recv(65536) else 0.0)
                time.sleep(0.1)

    with world.connect() as client:
        client.sendall(chunked_by_nobody(world))
        client.settimeout(0.2)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            trickle(client)
    assert 0 < answered - began < BODY_TIMEOUT
    assert time.monotonic() - began < BODY_TIMEOUT + 20


def chunked_by_nobody(world: World) -> bytes:
    head = world.head("POST", world.match_path, "Transfer-Encoding: chunked")
    return head.replace(world.key.encode(), NOBODY.encode())
