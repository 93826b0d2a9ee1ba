"""A worker of `serve`: Granian's, with our Reception in the place of its event loop.

It uses private names of Granian, which is therefore pinned to its minor version.
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
from goalsvc.server import memory, metrics
from goalsvc.server.reception import Application, Reception

logger = logging.getLogger(__name__)

CONNECTIONS = 4096  # the limit of open connections of a worker, idle ones included; further ones wait
FEWEST_THREADS = 4  # of a worker, where the pool of database connections is smaller


class Inline:
    """An event loop without a thread: it runs callbacks at once, in Granian's own thread."""

    def call_soon(self, callback: Callable[..., object], *arguments: Any, context: Any = None) -> None:
        callback(*arguments)

    call_soon_threadsafe = call_soon


class Scheduler(CallbackScheduler):  # type: ignore[misc] # it has no types
    """Granian calls it with each request."""

    reception: Reception

    def __init__(self, *unused: object) -> None:
        super().__init__()
        self._schedule_fn = self.receive

    def receive(self, watcher: Any) -> None:
        try:
            self.reception.receive(watcher.scope, watcher.proto)
        except Exception:  # Granian would drop it silently
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
    """Serve in this process until a signal stops it. Granian's `serve` takes it as `spawn_target`."""
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
    """Set up a new worker process, and return the application."""
    # A request makes hundreds of objects and hardly a reference cycle: the default thresholds cost a tenth of
    # the time.
    gc.set_threshold(20_000, 20, 20)
    # A session of its own, so that Ctrl-C in a terminal does not reach it. Also, Linux divides a core's time
    # by session (autogroup): with workers and clients in one, PostgreSQL's processes could wait for seconds.
    os.setsid()
    pin_to_core(claims)
    memory.limit_free_memory()
    # A supervisor may signal the workers as well as `serve`, which signals them again. A second SIGTERM can
    # interrupt granian's handler and deadlock it, so signals are blocked and `stop_once` passes one on.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # drops the handler inherited from serve
    threading.Thread(target=stop_once, daemon=True).start()
    threading.Thread(target=stop_after, args=(parent,), daemon=True).start()
    lifecycle.watch()  # after the mask: its thread inherits it, or would receive the signals
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS
    limit = wanted if most == resource.RLIM_INFINITY else min(most, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    metrics.count_start()
    return application


def pin_to_core(claims: int | None) -> None:
    """Pin this process to a core that no other worker has.

    Because of the GIL a worker's threads run one at a time. On one core the next finds its data in the cache
    and is woken at once (docs/layers.md has what it gains).
    """
    if claims is None:
        return
    for number, core in enumerate(sorted(os.sched_getaffinity(0))):
        # A file lock: the system releases it however the process ends, so its successor finds the core free.
        with suppress(OSError):
            fcntl.lockf(claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            os.sched_setaffinity(0, {core})
            return


def stop_once() -> None:
    """Wait for SIGTERM and call granian's handler, which lets the requests in flight finish."""
    signal.sigwait({signal.SIGTERM})
    handler = signal.getsignal(signal.SIGTERM)
    if callable(handler):
        handler(signal.SIGTERM, None)
    else:
        os._exit(0)  # granian has not begun, so there is no request to finish


def stop_after(parent: int) -> None:
    """Stop this worker when `serve` was killed, or it would hold the port for ever."""
    while os.getppid() == parent:
        time.sleep(0.1)  # not longer: the next `serve` waits for the port
    os.kill(os.getpid(), signal.SIGTERM)
