"""Databases for a measurement, and services on them."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from goalsvc.database import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
GRANIAN = ["-m", "granian", "--workers", "2", "--no-ws", "--log-level", "error", "--host", "127.0.0.1"]
CONTENDERS = {
    "goalsvc": ["manage.py", "serve", "--workers", "2"],
    "floor": [
        *GRANIAN, "--interface", "wsgi", "--blocking-threads", "8", "tests.benchmark.floor:application"
    ],
    "peer": [*GRANIAN, "--interface", "asgi", "--loop", "uvloop", "tests.benchmark.peer.app:app"],
}  # fmt: skip


def say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


@contextmanager
def fresh_database() -> Iterator[str]:
    """Yield the URL of an empty database, on DATABASE_URL's server or an embedded one of our own."""
    with fresh_databases(1) as [url]:
        yield url


@contextmanager
def fresh_databases(count: int) -> Iterator[list[str]]:
    """Yield the URLs of so many empty databases of one server."""
    with ExitStack() as stack:
        server = os.environ.get("DATABASE_URL")
        if not server:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            Path(folder).chmod(0o755)
            data = Path(folder)
            os.environ["GOALSVC_DATA"] = folder
            stack.enter_context(embedded.EmbeddedServer(data).running())
            host = quote(str(embedded.socket_directory(data)), safe="")
            server = f"postgres://postgres@/postgres?host={host}"
        yield [stack.enter_context(created_database(server, number)) for number in range(count)]


@contextmanager
def created_database(server: str, number: int) -> Iterator[str]:
    parts = urlsplit(server)
    name = f"goalsvc_benchmark_{os.getpid()}_{number}"
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def server(command: list[str], url: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a contender as in production; yield its address, once it answers, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *command, "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "INFO", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
