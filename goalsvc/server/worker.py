"""A worker of `serve`: one of Granian's, with our reception in the place of its event loop.

The names with an underscore, and what an event loop has to offer, are Granian's own affair: it is pinned to
its minor version.
"""

import fcntl
import gc
import logging
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from granian._granian import CallbackScheduler, RSGIWorker
from granian._signals import set_sync_signals
from granian.server.mp import WorkerProcess

from goalsvc.database import configuration, lifecycle
from goalsvc.server import memory
from goalsvc.server.reception import Application, Reception

logger = logging.getLogger(__name__)

# An open connection counts until it is closed, even when idle, and beyond this number new ones wait.
CONNECTIONS = 4096

# Each thread may need a connection to the database. A few are needed for whatever does not.
FEWEST_THREADS = 4


class Inline:
    """An event loop for Granian that has no thread: what Granian hands over is done in Granian's own."""

    def call_soon(self, callback: Callable[..., object], *arguments: Any, context: Any = None) -> None:
        callback(*arguments)

    call_soon_threadsafe = call_soon


class Scheduler(CallbackScheduler):  # type: ignore[misc] # it has no types
    """Where Granian hands over requests."""

    reception: Reception

    def __init__(self, *unused: object) -> None:
        super().__init__()
        self._schedule_fn = self.receive

    def receive(self, watcher: Any) -> None:
        try:
            self.reception.receive(watcher.scope, watcher.proto)
        except Exception:  # of which nobody would hear
            logger.exception("a request could not be received")
            watcher.proto.response_empty(500, [])


@WorkerProcess.wrap_target  # type: ignore[untyped-decorator] # it has no types
def run_worker(
    number: int,
    application: Application,
    sock: Any,
    ipc: Any,
    loop: Any,
    mode: Any,
    runtime_threads: int,
    runtime_blocking_threads: int,
    blocking_threads: int,
    idle_timeout: int,
    backpressure: int,
    task_implementation: Any,
    http_mode: Any,
    http1_settings: Any,
    http2_settings: Any,
    websockets: bool,
    static_path: Any,
    log_format: str | None,
    tls: tuple[Any, ...],
    scope_options: Any,
    metrics: Any,
) -> None:
    """Serve in this process until a signal stops it. What Granian's `serve` takes as `spawn_target`."""
    stopped = threading.Event()
    to_stop = set_sync_signals()  # type: ignore[no-untyped-call] # it has no types
    to_stop.add_cb(stopped.set)
    worker = RSGIWorker(
        number, sock, ipc, runtime_threads, runtime_blocking_threads, blocking_threads, idle_timeout,
        backpressure, http_mode, http1_settings, http2_settings, websockets, static_path, *tls, metrics,
    )  # fmt: skip
    inline = Inline()
    scheduler = Scheduler(inline, None, None, None, None)
    scheduler.reception = Reception(application, threads=max(FEWEST_THREADS, configuration.pool_size()))
    worker.serve_mtr(scheduler, inline, to_stop)
    stopped.wait()


def start_worker(application: Application, parent: int, claims: int | None) -> Application:
    """In a new worker: return the application, and see to what ties the worker to `serve`."""
    # A request makes hundreds of objects and hardly a cycle: collected as often as by default, they cost a
    # tenth of the time.
    gc.set_threshold(20_000, 20, 20)
    # A session of its own: Ctrl-C in a terminal does not reach it. And Linux shares out a core's time by
    # session (autogroup): with workers and clients in one, some of PostgreSQL's processes waited for seconds.
    os.setsid()
    settle(claims)
    memory.economize()
    # A supervisor that stops every process reaches the worker besides serve's own request to stop. A second
    # signal can find granian's handler at work and lock it for good, so one is let through.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not the copy of serve's own
    threading.Thread(target=stop_once, daemon=True).start()
    threading.Thread(target=stop_after, args=(parent,), daemon=True).start()
    lifecycle.watch()  # a thread as well: made any sooner, it would take the signals
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS
    limit = wanted if most == resource.RLIM_INFINITY else min(most, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    return application


def settle(claims: int | None) -> None:
    """Keep this process to a core that no other worker has.

    A worker's threads take turns, as Python has them do. On one core the next finds its data in the cache
    and is woken at once; when each may run anywhere, a match costs a fifth more.
    """
    if claims is None:
        return
    for number, core in enumerate(sorted(os.sched_getaffinity(0))):
        # The system gives the claim back when the process ends, however it ends, so its successor finds it.
        with suppress(OSError):
            fcntl.lockf(claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            os.sched_setaffinity(0, {core})
            return


def stop_once() -> None:
    """Wait for a request to stop and hand it to granian, which lets the requests in flight finish."""
    signal.sigwait({signal.SIGTERM})
    handler = signal.getsignal(signal.SIGTERM)
    if callable(handler):
        handler(signal.SIGTERM, None)
    else:
        os._exit(0)  # granian has not begun, so there is no request to finish


def stop_after(parent: int) -> None:
    """Stop this worker when `serve` was killed: it would hold the port for ever and nobody would know."""
    while os.getppid() == parent:
        time.sleep(0.1)  # whoever starts the next one waits for the port
    os.kill(os.getpid(), signal.SIGTERM)
