"""A slow client: it sends its body and reads its answer in small pieces, with pauses in between."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.benchmark import load
from tests.benchmark.load import Workload

PIECES = 40
PAUSE = 0.05
# The kernel's smallest buffer, so that an answer is not taken off the server's hands at once.
BUFFER = 4096


@dataclass
class Exchanges:
    statuses: list[int] = field(default_factory=list)
    fault: str | None = None


@contextmanager
def slow_client(workload: Workload, base: str, token: str) -> Iterator[Exchanges]:
    """Have a client ask the workload, slowly, again and again for as long as the block runs."""
    done, exchanges = threading.Event(), Exchanges()
    thread = threading.Thread(target=exchange, args=(workload, base, token, done, exchanges))
    thread.start()
    try:
        yield exchanges
    finally:
        done.set()
        thread.join()
    if exchanges.fault or set(exchanges.statuses) - {workload.status}:
        raise SystemExit(f"The slow client failed: {exchanges.fault or exchanges.statuses}")


def exchange(workload: Workload, base: str, token: str, done: threading.Event, exchanges: Exchanges) -> None:
    host, _, port = base.removeprefix("http://").partition(":")
    try:
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            connection.connect((host, int(port)))
            while not done.is_set():
                exchanges.statuses.append(ask(connection, workload, host, token, done))
    except OSError as error:
        exchanges.fault = str(error)


def ask(connection: socket.socket, workload: Workload, host: str, token: str, done: threading.Event) -> int:
    """Make one request; return its status. It does not pause any more once it is `done`."""
    body = load.fill(workload).encode()
    head = (
        f"{workload.method} {workload.path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Token {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode())
    size = -(-len(body) // PIECES)
    for start in range(0, len(body), size):
        connection.sendall(body[start : start + size])
        done.wait(PAUSE)
    response = http.client.HTTPResponse(connection, method=workload.method)
    response.begin()
    size = max(1, (response.length or 0) // PIECES)
    while response.read(size):
        done.wait(PAUSE)
    return response.status
