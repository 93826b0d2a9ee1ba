"""The service and its database as processes: how tests start, reach, watch and end them."""

import atexit
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg

from goalsvc.database.embedded import EmbeddedServer, socket_directory

ROOT = Path(__file__).resolve().parents[2]

# A demo world that has lived for 90 days takes two seconds longer to make.
OWN = {"PYTHONUNBUFFERED": "1", "DEMO_DAYS": "2"}

# How many seconds anything may take: more than a start on the busiest machine needs, and never waited for
# in a test that passes.
PATIENCE = 90


def heed_ctrl_c() -> None:
    """Let a child heed Ctrl-C even where the shell that runs the tests ignores it.

    A shell script that puts a command into the background makes it, and all that it starts, ignore SIGINT.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Outside pytest's folders, which only root reaches: under root the database has a user of its own."""
    folder = Path(tempfile.mkdtemp(prefix="goalsvc-test-")).resolve()
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Again and again, because what a stopped first start had begun may take a moment to end."""
    until = time.monotonic() + PATIENCE
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=time.monotonic() < until)
        time.sleep(0.02)


@cache
def migrated_cluster() -> Path:
    """The cluster of a service that has started for the first time and ended; kept until the tests end."""
    life = ExitStack()
    folder = life.enter_context(open_folder())
    atexit.register(life.close)
    with Service(folder):
        pass
    # What a killed process has written is with the system; that may keep it in memory.
    with (folder / "postgresql" / "postgresql.conf").open("a") as configuration:
        configuration.write("fsync = off\n")
    return folder / "postgresql"


@contextmanager
def migrated_folder() -> Iterator[Path]:
    """A data folder with a migrated, empty database: a start on it takes a third of a first start."""
    with open_folder() as folder:
        copy_cluster(folder)
        yield folder


def copy_cluster(data: Path) -> None:
    subprocess.run(["cp", "-a", str(migrated_cluster()), str(data)], check=True)  # owners included


def free_port() -> int:
    """A port to serve on, none of those that the system gives to clients.

    Of those, a client that tries again and again while nobody listens would one day get the very port it
    connects to, be connected to itself, and keep the service from it.
    """
    while True:
        port = random.randint(15_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def postmaster(data: Path) -> int | None:
    """The process id of the database server on the folder."""
    try:
        pid = int((data / "postgresql" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError, IndexError):  # none, dead, or just being written
        return None
    return pid


def children_of(parent: int) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((process / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(process.name))
    return found


def wait_until(true: Callable[[], object], said: Callable[[], str] = str) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, said()
        time.sleep(0.02)


class Service:
    """A running `manage.py serve`, with two workers, on the embedded database of its data folder.

    `environment` may name another database; `port` one that an earlier service had.
    """

    def __init__(
        self,
        data: Path,
        *arguments: str,
        port: int | None = None,
        environment: Mapping[str, str] = {},
        has_worker: bool = False,
    ) -> None:
        self.port = port or free_port()
        self.data = data
        self.output: list[str] = []
        if not has_worker:  # it takes a second of a core to start
            arguments = (*arguments, "--no-worker")
        inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(self.port), "--workers", "2", *arguments],
            cwd=ROOT,
            env={**inherited, **OWN, "GOALSVC_DATA": str(data), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=heed_ctrl_c,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.output.extend(iter(self.process.stdout.readline, ""))

    def __enter__(self) -> "Service":
        self.wait_for_line(f'"message":"goalsvc serves on http://127.0.0.1:{self.port}"')
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            assert self.stop() == 0, self.text

    @property
    def text(self) -> str:
        return "".join(self.output)

    def wait_for_line(self, part: str) -> None:
        def is_there() -> bool:
            return any(part in line for line in self.output)

        wait_until(lambda: is_there() or self.process.poll() is not None, lambda: self.text)
        assert is_there(), self.text

    def stop(self, request: int = signal.SIGTERM) -> int:
        self.process.send_signal(request)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def signal_all(self, number: int) -> None:
        """Send serve and each of its workers a signal, as a supervisor does that stops every process."""
        workers = self.workers()
        self.process.send_signal(number)
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, number)

    def kill(self) -> None:
        """Kill serve and its workers, and wait until nobody holds the port; the database goes on."""
        self.signal_all(signal.SIGKILL)
        self.process.wait(PATIENCE)
        wait_until(self.is_free)

    def is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return False
        return True

    def get(self, path: str, *, key: str = "") -> int:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            client.request("GET", path, headers={"Authorization": f"Token {key}"} if key else {})
            return client.getresponse().status
        finally:
            client.close()

    def answers(self, path: str) -> bool:
        try:
            return self.get(path) == 200
        except OSError:
            return False

    def workers(self) -> list[int]:
        found = []
        for process in children_of(self.process.pid):
            with suppress(OSError):  # it has just ended
                if "serve" in Path("/proc", str(process), "cmdline").read_text().split("\0"):
                    found.append(process)
        return found

    def connect(self) -> psycopg.Connection:
        host = str(socket_directory(self.data))
        return psycopg.connect(host=host, port=5432, user="postgres", dbname="goalsvc")


class Postgres:
    """A PostgreSQL that the test starts and stops; the service reaches it through DATABASE_URL."""

    def __init__(self, data: Path) -> None:
        data.mkdir()
        data.chmod(0o755)
        copy_cluster(data)
        self.take(data)

    def take(self, data: Path) -> None:
        """Be the server of this folder."""
        self.data = data
        self.life = ExitStack()
        self.url = (
            f"postgres://postgres@/goalsvc?host={quote(str(socket_directory(data)), safe='')}&port=5432"
        )

    def start(self) -> None:
        self.life.enter_context(EmbeddedServer(self.data).running())

    def stop(self) -> None:
        self.life.close()

    def execute(self, *statements: str) -> None:
        """Run statements, whatever the database has become."""
        with psycopg.connect(
            self.url,
            options="-c default_transaction_read_only=off -c statement_timeout=0",
            autocommit=True,
        ) as connection:
            for statement in statements:
                connection.execute(statement)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all of its processes (SIGSTOP): it is there, and does nothing."""
        main = postmaster(self.data)
        assert main is not None
        stopped = [main]
        os.kill(main, signal.SIGSTOP)  # first, so that there are no new ones
        for process in children_of(main):
            os.kill(process, signal.SIGSTOP)
            stopped.append(process)
        try:
            yield
        finally:
            for process in reversed(stopped):
                os.kill(process, signal.SIGCONT)

    def end_connections(self) -> None:
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
