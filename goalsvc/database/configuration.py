"""Which database: the one that DATABASE_URL names, or the embedded PostgreSQL when it is unset."""

import fcntl
import os
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from goalsvc.database import outages
from goalsvc.database.embedded import DATABASE, PORT, SUPERUSER, socket_directory
from goalsvc.database.fitness import startup_options
from goalsvc.database.system import make_shared

REPLICA = "replica"  # its alias among Django's databases

# While serving. lock_timeout is shorter than clients' timeouts, so that they get an answer.
LOCK_TIMEOUT_MS = 10_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000


def configuration(data_dir: Path) -> dict[str, Any]:
    """The settings of the connection, from the environment; does not connect. Raises: ImproperlyConfigured.

    Args:
        data_dir: where the embedded server keeps its data.
    """
    url = os.environ.get("DATABASE_URL", "").strip()
    if url:
        settings = _configured(url, "DATABASE_URL")
    else:
        host = str(socket_directory(data_dir))
        settings = {"NAME": DATABASE, "USER": SUPERUSER, "HOST": host, "PORT": str(PORT)}
    return _completed(settings)


def replica_configuration() -> dict[str, Any] | None:
    """The settings of the connection to the replica, from the environment; None where it names none.

    Raises: ImproperlyConfigured.
    """
    url = os.environ.get("DATABASE_REPLICA_URL", "").strip()
    if not url:
        return None
    settings = _completed(_configured(url, "DATABASE_REPLICA_URL"))
    if "," in f"{settings['HOST']}{settings['OPTIONS'].get('host', '')}":
        raise ImproperlyConfigured(
            "DATABASE_REPLICA_URL must name one server: how far that one is says nothing of another."
        )
    # Where it cannot be had soon, the primary answers.
    settings["OPTIONS"]["pool"] |= {"timeout": 0.5, "reconnect_failed": None}
    return settings | {"TEST": {"MIRROR": "default"}}


def _completed(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a connection with what is ours."""
    given = settings.pop("OPTIONS", {})
    is_ours = prepares_statements()
    timeout = statement_timeout()
    limits = {
        "statement_timeout": timeout,
        "lock_timeout": LOCK_TIMEOUT_MS if timeout else 0,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS if timeout else 0,
    }
    # The last of two settings of a name wins: the URL may change the limits, but not startup_options.
    session = [given.pop("options", "")]
    if is_ours:
        session = [*(f"-c {name}={value}" for name, value in limits.items()), *session, startup_options()]
    options = " ".join(part for part in session if part)
    return settings | {
        "ENGINE": "goalsvc.database",
        "CONN_MAX_AGE": 0,  # the pool keeps the connections; Django refuses to keep them a second time
        # A check at the start of every request would cost a round trip. A connection that has died is found
        # by authentication, which then repeats its statement (goalsvc.orgs.callers.fetch_first).
        "CONN_HEALTH_CHECKS": False,
        "DISABLE_SERVER_SIDE_CURSORS": not is_ours,
        "OPTIONS": {
            "connect_timeout": 3,
            "fallback_application_name": "goalsvc",  # in pg_stat_activity, unless the URL names another
            # Idle connections of the pool stay for hours, longer than many firewalls keep their state.
            "keepalives_idle": 60,
            "tcp_user_timeout": 10_000,  # a database that vanished without a word is noticed in 10 s
            **({"options": options} if options else {}),
            **given,
            "pool": {
                "min_size": 0,  # nothing connects before the first query, so settings may be read anywhere
                "max_size": pool_size(),
                "timeout": 3,  # with a missing database the request is answered within 5 s
                # No retries inside the pool, whose pauses double: a worker would be without a database long
                # after it is back. The next request tries again.
                "reconnect_timeout": 0,
                "reconnect_failed": outages.note_failed_connection,
            },
            "server_side_binding": True,
            # Statements are prepared at their second run on a connection. At the first, one-off statements
            # would push the others out of the driver's cache.
            "prepare_threshold": 1 if is_ours else None,
        },
    }


def pool_size() -> int:
    """How many connections each worker process may hold, and so how many requests it works on at once."""
    return env_int("DATABASE_POOL_SIZE", 16)


def statement_timeout() -> int:
    """After how many milliseconds a statement is given up; 0 is never."""
    return env_int("DATABASE_STATEMENT_TIMEOUT_MS", 30_000, minimum=0)


def prepares_statements() -> bool:
    """Tell whether each connection has a session of its own, and so can keep prepared statements."""
    value = os.environ.get("DATABASE_PREPARED_STATEMENTS", "").strip()
    if value not in {"", "0", "1"}:
        raise ImproperlyConfigured(f"DATABASE_PREPARED_STATEMENTS must be 1 or 0, not {value!r}.")
    return value != "0"


def is_embedded() -> bool:
    return not os.environ.get("DATABASE_URL", "").strip()


def own_secret_key(data_dir: Path) -> str:
    """The installation's own secret key, made on first use, in `data_dir`. Raises: ImproperlyConfigured."""
    path = data_dir / "secret_key"
    try:
        make_shared(data_dir)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            # Under a lock, so that two first starts agree on one key, with which each can verify the other's
            # sessions. A start that was killed leaves an empty file, which is filled.
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


def _configured(url: str, name: str) -> dict[str, Any]:
    shape = f"{name} must look like postgres://user:password@host:5432/name"
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"postgres", "postgresql"}:
            raise ImproperlyConfigured(f"{shape}; goalsvc runs on PostgreSQL only.")
        login, at, hosts = parts.netloc.rpartition("@")
        if "," in hosts:  # libpq tries them in turn; the parser knows only one
            settings = dict(dj_database_url.parse(parts._replace(netloc=login + at).geturl()))
            settings["HOST"], settings["PORT"] = _several(hosts)
        else:
            settings = dict(dj_database_url.parse(url))
    except ValueError:  # never with the URL itself in the message: it holds the password
        raise ImproperlyConfigured(
            f"{shape}; special characters in the password have to be percent-encoded, and a port is a number."
        ) from None
    if not settings["NAME"]:
        raise ImproperlyConfigured(f"{shape}; it names no database.")
    return settings


def _several(hosts: str) -> tuple[str, str]:
    """Return hosts and ports as libpq takes several, of `host:5432,other:5432`. Raises ValueError."""
    found = [re.fullmatch(r"(\[[^\]]+\]|[^:\[\]]+)(?::(\d*))?", host) for host in hosts.split(",")]
    if not all(found):
        raise ValueError(hosts)
    return (
        ",".join(unquote(each[1]).strip("[]") for each in found if each),
        ",".join(each[2] or "" for each in found if each),
    )


def env_int(name: str, default: int, *, minimum: int = 1) -> int:
    """Read a whole number from the environment. Raises: ImproperlyConfigured."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal() or int(value) < minimum:
        raise ImproperlyConfigured(f"{name} must be a whole number, {minimum} or more, not {value!r}.")
    return int(value)
