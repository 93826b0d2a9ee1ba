"""Serves the API: the database, its migrations and the production server in one command."""

import gc
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.urls import get_resolver

from goalsvc.database import configuration, lifecycle
from goalsvc.database.fitness import migrations
from goalsvc.database.system import NoDatabaseError
from goalsvc.orgs.management.commands.migrate import Command as Migrate
from goalsvc.replica.standby import standby
from goalsvc.server import memory, metrics
from goalsvc.server.cores import cores, usable_cores
from goalsvc.server.health import MigrationsMiddleware

logger = logging.getLogger(__name__)

# A request that is still running when the server stops gets this long to finish.
SHUTDOWN_SECONDS = 4

# A worker in the background that has ended is replaced after so long.
RESTART_SECONDS = 2

# How long a client may take for its headers, which is also how long an idle connection is kept.
HEADER_TIMEOUT_MS = 30_000
HEADER_BYTES = 32 * 1024


class Command(BaseCommand):
    help = "Serves the API: starts the embedded database if none is configured, migrates, then serves."
    requires_system_checks = []  # development's business; here they would only delay the start

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="name or address to listen on (%(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (%(default)s)")
        parser.add_argument("--workers", type=int, default=usable_cores(), help="processes (%(default)s)")
        parser.add_argument(
            "--no-worker",
            action="store_true",
            help="do not start the work in the background: `manage.py work` runs elsewhere",
        )
        parser.add_argument(
            "--no-migrate",
            action="store_true",
            help="do not migrate: refuse requests until `manage.py migrate`, run elsewhere, has done so",
        )
        parser.add_argument("--demo", action="store_true", help="load the demo world first, say what to try")

    def handle(
        self,
        *,
        host: str,
        port: int,
        workers: int,
        no_worker: bool,
        no_migrate: bool,
        demo: bool,
        **options: Any,
    ) -> None:
        if not 1 <= port <= 65535:
            raise CommandError(f"--port must be between 1 and 65535, not {port}.")
        if workers < 1:
            raise CommandError(f"--workers must be 1 or more, not {workers}.")
        address = free_address(host, port)
        # What a client on this machine connects to.
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - not bound here
        url = f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"
        try:
            with lifecycle.running(supervise=True):
                lifecycle.verify(is_to_migrate=not no_migrate)
                standby.report(standby.find_fault())
                with unlimited_connection(), lifecycle.migrated():
                    if no_migrate:
                        self.await_migrations()
                    else:
                        self.migrate()
                    if demo:
                        self.load_demo(url)
                announcer = threading.Thread(target=self.announce, args=(local, port, url), daemon=True)
                announcer.start()
                with metrics.shared(), nullcontext() if no_worker else Companion().running():
                    serve(address, port, workers)
        except NoDatabaseError as error:
            raise CommandError(str(error)) from error

    def migrate(self) -> None:
        """Apply missing migrations; of several replicas that start at once, one does it, the others wait."""
        found = migrations()
        if found.missing:
            migrate = Migrate()
            # For people; programs that read the log get a line of what was done.
            call_command(migrate, interactive=False, verbosity=1 if is_watched() else 0)
            if migrate.applied:
                logger.info("migrations applied", extra={"fields": {"migrations": migrate.applied}})
        elif found.unknown:
            logger.warning(
                "the database is that of a newer version", extra={"fields": {"migrations": found.unknown}}
            )

    def await_migrations(self) -> None:
        """Let the workers refuse requests until another process has applied the missing migrations."""
        if missing := migrations().missing:
            MigrationsMiddleware.is_needed = True
            logger.warning(
                "requests are refused until `manage.py migrate` has been run",
                extra={"fields": {"migrations": missing}},
            )

    def load_demo(self, url: str) -> None:
        said = StringIO()
        try:
            call_command("load_demo", stdout=said)
        except CommandError as refusal:
            self.say(f"{refusal} Serving without it.")
        else:
            self.say(said.getvalue().replace("http://127.0.0.1:8000", url))

    def say(self, text: str) -> None:
        """Write to standard output; whoever reads that may be gone."""
        with suppress(OSError):
            self.stdout.write(text)
            self.stdout.flush()

    def announce(self, address: str, port: int, url: str) -> None:
        """Print the address once a worker listens there."""
        while True:
            try:
                socket.create_connection((address, port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                tell_supervisor("READY=1")
                if is_watched():
                    self.say(f"goalsvc serves on {url} (stop it with Ctrl-C)")
                else:
                    logger.info("goalsvc serves on %s", url)
                return


def tell_supervisor(state: str) -> None:
    """Tell systemd, where it started this process with Type=notify: it then starts what comes after."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            # `@` stands for the null byte of an address that is no file.
            supervisor.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


class Companion:
    """The process that works in the background (`manage.py work`); another follows one that ends."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.arguments = [sys.executable, sys.argv[0], "work", "--parent", str(os.getpid())]
        # A copy: the system's own may be replaced, by another thread, while a process is started with it.
        self.environment = os.environ.copy()

    @contextmanager
    def running(self) -> Iterator[None]:
        keeper = threading.Thread(target=self.keep, daemon=True, name="companion")
        keeper.start()
        owner = os.getpid()
        try:
            yield
        finally:
            if os.getpid() == owner:  # not in a fork that ends here
                self.is_over.set()
                keeper.join()

    def keep(self) -> None:
        while not self.is_over.is_set():
            try:
                self.run()
            except OSError:
                logger.exception("the worker in the background could not be started")
            self.is_over.wait(RESTART_SECONDS)

    def run(self) -> None:
        """Run the process until it ends, or is to end."""
        process = subprocess.Popen(self.arguments, env=self.environment)  # noqa: S603 - our own command
        while process.poll() is None and not self.is_over.wait(0.2):
            pass
        if process.poll() is not None:
            logger.error("the worker in the background ended with %s", process.returncode)
            return
        process.terminate()
        try:
            process.wait(SHUTDOWN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()  # its work is taken up where it stopped
            process.wait()


def serve(address: str, port: int, workers: int) -> None:
    """Run the production server until a signal stops it. Raises SystemExit when its workers keep dying."""
    os.environ.setdefault("_RJEM_MALLOC_CONF", memory.SERVER_OPTIONS)  # before the server is loaded
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    # The application, with all views imported, is loaded before the workers are forked: they share its memory
    # and start at once, and an error in it is shown once.
    from goalsvc import wsgi
    from goalsvc.server.worker import CONNECTIONS, run_worker, start_worker

    get_resolver().url_patterns  # noqa: B018 - reading it imports them
    # Exclude what is loaded from garbage collection, which would also copy its shared pages.
    gc.collect()
    gc.freeze()
    # Granian's own settings would print lines of another form beside ours.
    logs: dict[str, Any] = {**settings.LOGGING}
    logs["loggers"] = {**logs.get("loggers", {}), "_granian": {}}
    server = Granian(
        target="goalsvc.wsgi:application",
        address=address,
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        blocking_threads=1,
        backlog=1024,
        backpressure=CONNECTIONS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=HEADER_BYTES),
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=0,
        workers_kill_timeout=SHUTDOWN_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=logs,
    )
    loader = partial(start_worker, wsgi.application, os.getpid(), claimable_cores(workers))
    server.serve(spawn_target=run_worker, target_loader=loader, wrap_loader=False)


def is_watched() -> bool:
    """Tell whether standard output is a terminal, before which somebody sits."""
    return sys.stdout is not None and sys.stdout.isatty()


def claimable_cores(workers: int) -> int | None:
    """Return a memfd whose byte locks assign a core to each worker; None unless there are as many as cores.

    Otherwise scheduling is left to the system, as the machine may have other users.
    """
    if not hasattr(os, "memfd_create") or workers != cores():
        return None
    return os.memfd_create("cores")


def free_address(host: str, port: int) -> str:
    """Return the numeric address of the host. Raises: CommandError when the port cannot be bound.

    The workers share the port through SO_REUSEPORT, so a second `serve` would silently get half of the
    connections. Hence the attempt to bind it without that option.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CommandError(
            f"--host {host!r} is no name or address of this machine: {error.strerror}."
        ) from error
    family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise CommandError(f"Cannot serve on {host}:{port}: {error.strerror}.") from error
    return str(address[0])


@contextmanager
def unlimited_connection() -> Iterator[None]:
    """Inside the block the connection has no timeouts; afterwards it and the pool are closed.

    The workers are forks: they would share an open connection.
    """
    try:
        # Else a pooler shares the session, and the limits are the role's.
        if configuration.prepares_statements():
            with connection.cursor() as cursor:
                for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                    cursor.execute(f"SET {limit} = 0")
        yield
    finally:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
