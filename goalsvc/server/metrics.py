"""Prometheus metrics of all workers together, at /metrics; only where METRICS_TOKEN is set.

What an app has to count besides is declared in its own `metrics` module.
"""

import fcntl
import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from typing import IO

from django.conf import settings
from django.core.management.base import CommandError
from django.core.signals import request_finished
from django.db import connection
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
from prometheus_client.values import MultiProcessValue
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated

from goalsvc.api import log
from goalsvc.api.errors import answer_of, is_page, nothing_there
from goalsvc.api.requests import NOTES
from goalsvc.replica.answers import READS
from goalsvc.replica.standby import standby

# Counters that are incremented as things happen, and values that are read when /metrics is asked.
COUNTED = CollectorRegistry()
LOOKED_UP = CollectorRegistry()

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
POOL = Gauge(
    "goalsvc_database_connections",
    "The workers' connections to the database: open, idle, and requests that wait for one.",
    ["state"],
    multiprocess_mode="livesum",
    registry=COUNTED,
)
# Labelled so that its value is made when the first line is lost, in the process that has lost it.
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
COUNTED_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"  # where the workers' files are, once they share them
FOLDER = "goalsvc-metrics-"


class MetricsMiddleware:
    """Counts every request; installed only where metrics are on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
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
        if standby.is_configured and method in READS and reads_tables(request):
            ANSWERED_READS.labels(getattr(request, NOTES, {}).get("database", "primary")).inc()
        return response


def reads_tables(request: HttpRequest) -> bool:
    """Tell whether a request is about an organization or a page of the admin."""
    route = request.resolver_match
    return is_page(request) or (route is not None and "organization_id" in route.kwargs)


def tell_pool_state(**signal: object) -> None:
    """Set the number of this worker's database connections by state."""
    pool = getattr(connection, "pool", None)
    if settings.METRICS_TOKEN and pool is not None:
        stats = pool.get_stats()
        POOL.labels("open").set(stats.get("pool_size", 0))
        POOL.labels("idle").set(stats.get("pool_available", 0))
        POOL.labels("waiting").set(stats.get("requests_waiting", 0))


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
    slots: dict[int, tuple[int, IO[str]]] = {}
    prometheus_values.ValueClass = MultiProcessValue(partial(slot, directory, slots))  # type: ignore[no-untyped-call] # no types
    try:
        yield
    finally:
        if os.getpid() == owner:  # not in a fork that ends here
            rmtree(directory, ignore_errors=True)


def remove_left_folders() -> None:
    """Remove the folders of killed processes: their first lock is free."""
    for directory in Path(gettempdir()).glob(f"{FOLDER}*"):
        with suppress(OSError), (directory / "0.lock").open("r+") as file:  # in use, or another user's
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            rmtree(directory, ignore_errors=True)


def slot(directory: Path, slots: dict[int, tuple[int, IO[str]]]) -> int:
    """Return the number under which this process keeps its files: the first that is not locked.

    A worker that replaces a dead one so goes on with its files: counts never go back, and no file is left
    behind. `slots` keeps the lock's file open.
    """
    pid = os.getpid()
    if pid not in slots:
        for number in itertools.count():
            file = (directory / f"{number}.lock").open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
            else:
                slots[pid] = number, file
                break
    return slots[pid][0]


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
        return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)

    def http_method_not_allowed(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        refusal = answer_of(MethodNotAllowed(str(request.method)))
        refusal["Allow"] = "GET, HEAD"
        return refusal
