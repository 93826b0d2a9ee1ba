"""Prometheus metrics of all workers together, at /metrics; only where METRICS_TOKEN is set.

What an app has to count besides is declared in its own `metrics` module.
"""

import fcntl
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from typing import IO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.core.signals import request_finished
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.views import View
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client import values as prometheus_values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MultiProcessValue, MutexValue
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated

from goalsvc.api import log
from goalsvc.api.errors import ServiceUnavailable, answer_of, is_page, nothing_there
from goalsvc.api.requests import DATABASE_SECONDS, NOTES, code_of
from goalsvc.database.configuration import REPLICA
from goalsvc.replica.answers import READS
from goalsvc.replica.standby import standby
from goalsvc.server.usage import DIRECTORY, Processes, SilentTokens, Versions

# Where DIRECTORY is set from outside, prometheus_client would keep files by process id; see `slot`.
prometheus_values.ValueClass = MutexValue

# Counters that are incremented as things happen, and values that are read when /metrics is asked.
COUNTED = CollectorRegistry()
LOOKED_UP = CollectorRegistry()
for collector in (Processes(), Versions(), SilentTokens()):
    LOOKED_UP.register(collector)

REQUESTS = Counter(
    "goalsvc_requests", "Requests that were answered.", ["method", "route", "status"], registry=COUNTED
)
DURATIONS = Histogram(
    "goalsvc_request_duration_seconds",
    "How long requests took, from the server's hand to its hand.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=COUNTED,
)
DATABASE_TIMES = Counter(
    "goalsvc_database_seconds",
    "How long the statements of requests took, with the way to the database and back.",
    ["method", "route"],
    registry=COUNTED,
)
ERRORS = Counter(
    "goalsvc_errors",
    "Requests that were refused or failed, by the `code` of the answer; pages for people have none.",
    ["route", "status", "code"],
    registry=COUNTED,
)
POOL = Gauge(
    "goalsvc_database_connections",
    "The workers' connections to the database: open, idle, and requests that wait for one.",
    ["state"],
    multiprocess_mode="livesum",
    registry=COUNTED,
)
# What a pool has counted since its worker began, by psycopg_pool's name. As all counters here these have a
# label: the value of one without would be made in the process that loads this, which no worker shares.
POOL_COUNTERS = {
    "requests_queued": Counter(
        "goalsvc_database_pool_waits",
        "Requests that had to wait for a connection, if only until one was made.",
        ["database"],
        registry=COUNTED,
    ),
    "requests_wait_ms": Counter(
        "goalsvc_database_pool_wait_seconds",
        "For how long requests have waited for a connection.",
        ["database"],
        registry=COUNTED,
    ),
    "requests_errors": Counter(
        "goalsvc_database_pool_timeouts",
        "Requests that were given no connection in time.",
        ["database"],
        registry=COUNTED,
    ),
    "connections_errors": Counter(
        "goalsvc_database_connections_failed",
        "Attempts to connect that failed.",
        ["database"],
        registry=COUNTED,
    ),
    "connections_lost": Counter(
        "goalsvc_database_connections_lost",
        "Idle connections that were found closed by the server.",
        ["database"],
        registry=COUNTED,
    ),
}
WORKER_STARTS = Counter(
    "goalsvc_worker_starts",
    "How often a worker has started in this place: more than once where one died and was replaced.",
    ["worker"],
    registry=COUNTED,
)
# Made when the first line is lost, in the process that has lost it.
LOST_LINES = Counter(
    "goalsvc_lost_log_lines",
    "Lines of the log that were lost: unread, as nobody read them in time, or failed, as with a full disk.",
    ["reason"],
    registry=COUNTED,
)
log.LOSSES.append(lambda why: LOST_LINES.labels(why).inc())
# Where there is a replica.
ANSWERED_READS = Counter(
    "goalsvc_reads",
    "Requests of an organization or the admin that only read, by the database that answered.",
    ["database"],
    registry=COUNTED,
)
if standby.is_configured:
    # As the worker sees it that answers.
    Gauge(
        "goalsvc_replica_readable",
        "Whether the replica is read: 0 while it is away, too far behind, or no replica of this database.",
        registry=LOOKED_UP,
    ).set_function(standby.is_fresh)
UNSHARED = (
    f"The processes of this server count apart: set {DIRECTORY} to an empty folder that they can write to."
)
COUNTED_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

FOLDER = "goalsvc-metrics-"


class MetricsMiddleware:
    """Counts every request; installed only where metrics are on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        share_as_told()
        self.get_response = get_response
        # At request_finished the request's own connection is back in the pool; in __call__ it is not.
        request_finished.connect(tell_pool_state, dispatch_uid="goalsvc.server.metrics")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        # Labels never come from clients: each new one costs memory.
        method = request.method if request.method in COUNTED_METHODS else "other"
        route = f"/{request.resolver_match.route}" if request.resolver_match else "none"
        REQUESTS.labels(method, route, str(response.status_code)).inc()
        DURATIONS.labels(method, route).observe(time.perf_counter() - started)
        if seconds := getattr(request, DATABASE_SECONDS, 0):
            DATABASE_TIMES.labels(method, route).inc(seconds)
        if response.status_code >= 400:
            # The codes are ours, never a client's.
            ERRORS.labels(route, str(response.status_code), code_of(response) or "").inc()
        if standby.is_configured and method in READS and reads_tables(request):
            ANSWERED_READS.labels(getattr(request, NOTES, {}).get("database", "primary")).inc()
        return response


def reads_tables(request: HttpRequest) -> bool:
    """Tell whether a request is about an organization or a page of the admin."""
    route = request.resolver_match
    return is_page(request) or (route is not None and "organization_id" in route.kwargs)


def tell_pool_state(**signal: object) -> None:
    """Set the number of this worker's database connections by state, and count what its pool did."""
    pool = getattr(connection, "pool", None)
    if not settings.METRICS_TOKEN or pool is None:
        return
    with telling:
        stats = pool.get_stats()
        for state, name in POOL_STATES:
            if (count := stats.get(name, 0)) != told.get(state):
                told[state] = count
                POOL.labels(state).set(count)
        count_since("primary", stats)
        if standby.is_configured:
            count_since("replica", connections[REPLICA].pool.get_stats())  # type: ignore[attr-defined] # ours


telling = threading.Lock()
POOL_STATES = (("open", "pool_size"), ("idle", "pool_available"), ("waiting", "requests_waiting"))
told: dict[str, int] = {}  # by state; to set a gauge takes longer than to see that it has not changed
counted_before: dict[tuple[str, str], int] = {}


def count_since(database: str, stats: dict[str, int]) -> None:
    """Count what a pool of this process has counted since it was last looked at."""
    for name, counter in POOL_COUNTERS.items():
        count, before = stats.get(name, 0), counted_before.get((database, name), 0)
        if count > before:
            counted_before[database, name] = count
            counter.labels(database).inc((count - before) / (1000 if name.endswith("_ms") else 1))


@contextmanager
def shared() -> Iterator[None]:
    """Inside the block this process and its forks share their metrics, in files, if metrics are on.

    Enter it before anything is counted. Raises: CommandError.
    """
    if not settings.METRICS_TOKEN:
        yield
        return
    try:
        remove_left_folders()
        directory = Path(mkdtemp(prefix=FOLDER))
    except OSError as error:
        raise CommandError(
            f"METRICS_TOKEN takes a folder for temporary files, and there is none ({error.strerror}): name "
            "one that is writable in TMPDIR."
        ) from error
    owner = os.getpid()
    os.environ[DIRECTORY] = str(directory)
    share(directory)
    try:
        yield
    finally:
        if os.getpid() == owner:  # not in a fork that ends here
            rmtree(directory, ignore_errors=True)


def share(directory: Path) -> None:
    """Keep what this process and its forks count in files of the folder, from now on."""
    prometheus_values.ValueClass = MultiProcessValue(partial(slot, directory))  # type: ignore[no-untyped-call] # no types


def is_shared() -> bool:
    return bool(os.environ.get(DIRECTORY))


def share_as_told() -> None:
    """Share the metrics of a server other than `serve` in PROMETHEUS_MULTIPROC_DIR.

    Raises: ImproperlyConfigured.
    """
    name = os.environ.get(DIRECTORY, "").strip()
    if not settings.METRICS_TOKEN or not name or prometheus_values.ValueClass is not MutexValue:
        return
    if not os.access(name, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"{DIRECTORY} must name a folder that can be written to, not {name!r}.")
    share(Path(name))


def remove_left_folders() -> None:
    """Remove the folders of killed processes: their first lock is free."""
    for directory in Path(gettempdir()).glob(f"{FOLDER}*"):
        with suppress(OSError), (directory / "0.lock").open("r+") as file:  # in use, or another user's
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            rmtree(directory, ignore_errors=True)


# The number of this process and the file that keeps it locked, by process id: a fork inherits those of serve.
slots: dict[int, tuple[int, IO[str]]] = {}


def slot(directory: Path) -> int:
    """Return the number under which this process keeps its files: the first that is not locked.

    A worker that replaces a dead one so goes on with its files: counts never go back, and no file is left
    behind.
    """
    pid = os.getpid()
    if pid not in slots:
        for number in itertools.count():
            file = (directory / f"{number}.lock").open("a")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
            else:
                file.truncate(0)
                file.write(str(pid))  # for `processes`
                file.flush()
                slots[pid] = number, file
                break
    return slots[pid][0]


def count_start() -> None:
    """Count that this worker has started, if metrics are on."""
    if settings.METRICS_TOKEN:
        WORKER_STARTS.labels(str(slot(Path(os.environ[DIRECTORY])))).inc()


def render_metrics() -> bytes:
    """Return all metrics in Prometheus's text format."""
    counted = COUNTED
    if os.environ.get(DIRECTORY):
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call] # it has no types
    return generate_latest(counted) + generate_latest(LOOKED_UP)


class MetricsView(View):
    """The metrics, for whoever sends METRICS_TOKEN; API tokens do not work here."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        if not settings.METRICS_TOKEN:
            return answer_of(nothing_there())
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        is_known = constant_time_compare(token.strip(), settings.METRICS_TOKEN)
        if scheme.lower() != "bearer" or not is_known:
            refusal = answer_of(NotAuthenticated("This takes METRICS_TOKEN as a bearer token."))
            refusal["WWW-Authenticate"] = "Bearer"
            return refusal
        if request.META.get("wsgi.multiprocess") and not is_shared():
            return answer_of(ServiceUnavailable(UNSHARED))
        return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)

    def http_method_not_allowed(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        refusal = answer_of(MethodNotAllowed(str(request.method)))
        refusal["Allow"] = "GET, HEAD"
        return refusal
