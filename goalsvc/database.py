"""The database: the one that DATABASE_URL names, or the embedded PostgreSQL when it is unset."""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import OperationalError

from goalsvc.embedded import DATABASE, PORT, SUPERUSER, EmbeddedServer, NoDatabaseError, socket_directory

__all__ = [
    "NoDatabaseError",
    "configuration",
    "forget_dead_connections",
    "is_embedded",
    "own_secret_key",
    "pool_size",
    "refuse_while_missing",
    "running",
    "verify",
]

# While serving. A statement that waits for a lock gives up early enough for the client to hear why.
LOCK_TIMEOUT_MS = 10_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000

# After an attempt to connect has failed, for so long no request makes another one.
MISSING_SECONDS = 1.0
_missing_until = 0.0


class Connection(psycopg.Connection[Any]):
    """A connection that knows which of goalsvc.statements are prepared on it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: set[bytes] = set()

    def _deallocate(self, name: bytes | None) -> Any:
        # After a rollback the driver forgets all prepared statements of the session, ours among them.
        if name is None:
            self.prepared.clear()
        return super()._deallocate(name)


def configuration(data_dir: Path) -> dict[str, Any]:
    """The settings of the connection, from the environment; starts nothing and connects to nothing.

    `data_dir` is where the embedded server keeps its data. Raises ImproperlyConfigured for a DATABASE_URL
    or a number that makes no sense.
    """
    url = os.environ.get("DATABASE_URL", "").strip()
    settings = _configured(url) if url else _embedded(data_dir)
    given = settings.pop("OPTIONS", {})
    statement_timeout = _whole_number("DATABASE_STATEMENT_TIMEOUT_MS", 30_000, minimum=0)
    limits = ""
    if statement_timeout:
        limits = (
            f"-c statement_timeout={statement_timeout} -c lock_timeout={LOCK_TIMEOUT_MS} "
            f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS}"
        )
    # The URL's own come last, because of two settings of the same name the last one counts.
    session = " ".join(part for part in (limits, given.pop("options", "")) if part)
    return settings | {
        "ENGINE": "goalsvc.postgresql",
        "CONN_MAX_AGE": 0,  # the pool keeps the connections; Django refuses to keep them a second time
        # A question at the start of every request would cost a round trip. A connection that died with an
        # old database is found by authentication, which then asks again (ApiTokenQuerySet.authenticate).
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {
            "connect_timeout": 3,
            # The pool's less used connections rest for hours, longer than many a firewall remembers them.
            "keepalives_idle": 60,
            "tcp_user_timeout": 10_000,  # a database that vanished without a word is noticed in 10 s
            **({"options": session} if session else {}),
            **given,
            "pool": {
                "min_size": 0,  # nothing connects before the first query, so settings may be read anywhere
                "max_size": pool_size(),
                "connection_class": Connection,
                "timeout": 3,  # with a missing database the request is answered within 5 s
                # Giving up early lets the next request try again: the pool's own doubling pauses would
                # keep a worker without a database long after the database is back.
                "reconnect_timeout": 0,
                "reconnect_failed": note_failed_connection,
            },
            "server_side_binding": True,
            # The service repeats few statements: from its second run on a connection each is planned
            # already. Not from the first, or every one-off would be kept and would push those out.
            "prepare_threshold": 1,
        },
    }


def pool_size() -> int:
    """How many connections each worker process may hold, and so how many requests it works on at once."""
    return _whole_number("DATABASE_POOL_SIZE", 16, minimum=1)


def is_embedded() -> bool:
    return not os.environ.get("DATABASE_URL", "").strip()


@contextmanager
def running(*, supervise: bool = False) -> Iterator[None]:
    """Inside the block the embedded server runs; with DATABASE_URL there is nothing to run.

    It is started, or joined where it runs already, and stopped after its last user; `supervise` restarts it
    should it die in between. Raises NoDatabaseError.
    """
    from django.conf import settings

    if not is_embedded():
        yield
        return
    with EmbeddedServer(settings.DATA_DIR).running(supervise=supervise):
        yield


def verify() -> None:
    """Connect once. Raises NoDatabaseError, saying what is wrong with the database."""
    from django.db import connection

    try:
        # Without the pool, which would only say that it waited in vain.
        psycopg.connect(**connection.get_connection_params()).close()
    except psycopg.Error as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        # Where a name has several addresses libpq lists each attempt on a line of its own.
        attempts = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
        reason = attempts[-1] if attempts else lines[0] if lines else type(error).__name__
        raise NoDatabaseError(f"The database cannot be used: {reason.rstrip('.')}.") from error


def note_failed_connection(pool: Any) -> None:
    """Called by the pool when it could not connect. Without any other connection there is no database."""
    global _missing_until
    if pool.get_stats()["pool_size"] == 0:
        _missing_until = time.monotonic() + MISSING_SECONDS


def refuse_while_missing() -> None:
    """Raise OperationalError if a moment ago there was no database.

    Otherwise every request would wait for the pool to give up, and a crowd of them, with as many threads,
    would keep all others waiting, probes included.
    """
    if time.monotonic() < _missing_until:
        raise OperationalError("there was no database a moment ago")


def forget_dead_connections(*, including_this: bool = False) -> None:
    """Clear this thread and the pool of connections that died with an earlier database.

    Each would fail one more request after the database is back. `including_this`: the connection of this
    thread lives, but is of no use, such as one to a server that has become a read-only standby.
    """
    from django.db import connection

    if connection.in_atomic_block:
        return  # whoever began the transaction still needs it
    if connection.connection is not None:
        if including_this:
            connection.connection.close()
        if connection.is_usable():
            return
        connection.close()
    if pool := getattr(connection, "pool", None):
        pool.check()


def own_secret_key(data_dir: Path) -> str:
    """The installation's own secret key, made on first use and kept in `data_dir`.

    Raises ImproperlyConfigured when the folder cannot be used.
    """
    path = data_dir / "secret_key"
    try:
        if not data_dir.is_dir():
            data_dir.mkdir(parents=True, exist_ok=True)
            data_dir.chmod(0o755)  # whatever the umask: under root the database's own user has to pass
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            # Two first starts at once must end with one key: sessions signed by one worker have to be
            # valid at the other. A start killed before it wrote leaves an empty file, which is filled.
            fcntl.flock(file, fcntl.LOCK_EX)
            key = file.read().strip()
            if not key:
                key = secrets.token_urlsafe(48)
                file.write(key + "\n")
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data folder cannot be used ({error}): name a folder of your own in GOALSVC_DATA."
        ) from error
    return key


def _configured(url: str) -> dict[str, Any]:
    shape = "DATABASE_URL must look like postgres://user:password@host:5432/name"
    try:
        scheme = urlsplit(url).scheme
        if scheme not in {"postgres", "postgresql"}:
            raise ImproperlyConfigured(f"{shape}; goalsvc runs on PostgreSQL only.")
        settings = dict(dj_database_url.parse(url))
    except ValueError:  # never with the URL itself in the message: it holds the password
        raise ImproperlyConfigured(
            f"{shape}; special characters in the password have to be percent-encoded."
        ) from None
    if not settings["NAME"]:
        raise ImproperlyConfigured(f"{shape}; it names no database.")
    return settings


def _embedded(data_dir: Path) -> dict[str, Any]:
    return {
        "NAME": DATABASE,
        "USER": SUPERUSER,
        "HOST": str(socket_directory(data_dir)),
        "PORT": str(PORT),
    }


def _whole_number(name: str, default: int, *, minimum: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal() or int(value) < minimum:
        raise ImproperlyConfigured(f"{name} must be a whole number, {minimum} or more, not {value!r}.")
    return int(value)
