"""Does the work in the background: imports of uploaded files, and the daily chores."""

import asyncio
import logging
import os
import signal
import threading
import time
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connection
from django.utils.module_loading import import_string
from procrastinate.contrib.django import app

from goalsvc.database import configuration, lifecycle
from goalsvc.database.fitness import migrations
from matching.imports.jobs import HEARTBEAT_SECONDS, SILENT_SECONDS

logger = logging.getLogger(__name__)

# Imports compete for this process's time, but a long one must not hold up all others, nor the chores.
CONCURRENCY = 4
AGAIN_SECONDS = 3  # after the database went away


class Command(BaseCommand):
    help = (
        "Do the work in the background: import uploaded files, and the daily chores. `serve` starts it by "
        "itself; in production run it as a process of its own, and `serve --no-worker`. Any number may run."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--until-idle", action="store_true", help="end when there is nothing to do")
        parser.add_argument("--parent", type=int, help="end when this is no longer the parent process")

    def handle(self, *, until_idle: bool, parent: int | None, **options: Any) -> None:
        if parent is not None:
            threading.Thread(target=stop_after, args=(parent,), daemon=True).start()
        await_migrations(is_to_wait=not until_idle)
        # Its own connector cannot wait for notifications, nor work outside of a thread.
        connector = app.connector.get_worker_connector()  # type: ignore[attr-defined] # DjangoConnector's
        with app.replace_connector(connector):
            asyncio.run(work(is_to_wait=not until_idle))


def stop_after(parent: int) -> None:
    """Stop this process when `serve` was killed, or it would hold its database for ever."""
    while os.getppid() == parent:
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)


def await_migrations(*, is_to_wait: bool) -> None:
    """Return once another process has applied this version's migrations.

    Raises: NoDatabaseError, where they are not and nobody waits for it.
    """
    has_said = False
    while True:
        with suppress(OperationalError, InterfaceError):  # away, as it may be at any time
            if not (missing := migrations().missing):
                break
            if not is_to_wait:
                raise lifecycle.not_migrated(missing)
            if not has_said:
                logger.warning("waiting for migrations", extra={"fields": {"migrations": missing}})
                has_said = True
        connection.close()
        time.sleep(AGAIN_SECONDS)
    connection.close()


async def work(*, is_to_wait: bool) -> None:
    """Work until SIGTERM or SIGINT: imports then stop after the chunk that they are at."""
    stopped = asyncio.Event()
    worker: asyncio.Task[None] | None = None

    def stop() -> None:
        stopped.set()
        if worker is not None:
            worker.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    while not stopped.is_set():
        try:
            async with app.open_async():
                worker = asyncio.create_task(
                    app.run_worker_async(
                        concurrency=CONCURRENCY,
                        task_middleware=[import_string(name) for name in settings.TASK_MIDDLEWARE],
                        wait=is_to_wait,
                        listen_notify=configuration.prepares_statements(),  # else a pooler loses them
                        delete_jobs="successful",
                        install_signal_handlers=False,
                        shutdown_graceful_timeout=0,
                        update_heartbeat_interval=HEARTBEAT_SECONDS,
                        stalled_worker_timeout=SILENT_SECONDS,
                    )
                )
                await worker
        except asyncio.CancelledError:
            if not stopped.is_set():
                raise
        except Exception:
            logger.exception("the worker was interrupted, and begins again")
        if not is_to_wait:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), AGAIN_SECONDS)
