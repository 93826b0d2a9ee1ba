"""Writes the log, without what clients sent: addresses may name an identity, exceptions may quote one."""

import logging
import os
import socket
import stat
import traceback
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from datetime import UTC, datetime
from select import POLLOUT, poll
from typing import IO, Any

from django.db import Error as DatabaseError
from django.http import HttpRequest

from goalsvc.api.rendering import encode
from goalsvc.api.requests import current_request_id

# What no line shows need not be found out (the optimizations of Python's logging HOWTO). gunicorn's
# own lines have the process.
logging.logThreads = logging.logMultiprocessing = False
logging._srcfile = None

# Exceptions whose messages never quote data. Others do: `ValueError: invalid literal: 'customer-7'`,
# `Key (identity)=(customer-7) already exists`.
OF_THE_PROGRAM = (AttributeError, NameError, ImportError, AssertionError, NotImplementedError, RecursionError)


# Called with why a line could not be written (goalsvc.server.metrics counts them).
LOSSES: list[Callable[[str], object]] = []


class LossyHandler(logging.Handler):
    """Writes lines to a stream; those that nobody takes at once are lost, and counted in LOSSES.

    It stands in for `logging.StreamHandler`, which waits for whoever reads the stream, and so keeps the
    service from answering once a pipe is full. Nor does a reader that is gone, or a full disk, make it
    complain at length.
    """

    def __init__(self, stream: IO[str] | None) -> None:
        """Args: stream: None, as Python has it, where that of the system was closed from the start."""
        super().__init__()
        self.write = unblocked(stream)
        self.is_torn = False  # whether only the beginning of a line was taken, as of a long one

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode()
        except Exception:
            self.handleError(record)
            return
        if self.is_torn:
            line = b"\n" + line
        try:
            written = self.write(line)
        except OSError as error:
            self.lose("unread" if isinstance(error, BlockingIOError) else "failed")
            return
        self.is_torn = written < len(line)
        if self.is_torn:
            self.lose("unread")

    def lose(self, why: str) -> None:
        for tell in LOSSES:
            tell(why)


def unblocked(stream: IO[str] | None) -> Callable[[bytes], int]:
    """Return what writes to the stream without waiting. It raises BlockingIOError where it would.

    The stream itself stays as it is: other processes share it, perhaps the shell that started this one.
    """
    try:
        descriptor = stream.fileno() if stream else os.open(os.devnull, os.O_WRONLY)
    except (AttributeError, OSError):  # of another server's own kind, which does not wait
        return lambda line: print(line.decode(), end="", file=stream, flush=True) or len(line)
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(kind):  # of systemd's journal
        own = socket.socket(fileno=os.dup(descriptor))
        return lambda line: own.send(line, socket.MSG_DONTWAIT)
    if not stat.S_ISFIFO(kind) and not os.isatty(descriptor):  # a file is never full for a while
        return lambda line: os.write(descriptor, line)
    with suppress(OSError):  # which it is where it is another user's, or there is no /proc
        opened = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        return lambda line: os.write(opened, line)
    watch = poll()
    watch.register(descriptor, POLLOUT)

    def write(line: bytes) -> int:
        # A pipe that can be written to takes a line whole, if no other process comes in between.
        if not watch.poll(0):
            raise BlockingIOError
        return os.write(descriptor, line)

    return write


class JSONFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request id, process, the record's `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
            "request_id": current_request_id.get(),
            "worker": os.getpid(),
            **getattr(record, "fields", {}),
        }
        # What Django refuses for safety's sake, such as an unknown Host, is no fault of the program.
        if record.exc_info and not record.name.startswith("django.security."):
            line["exception"] = format_exception(record.exc_info[1])
        return encode(line).decode()


def message_of(record: logging.LogRecord) -> str:
    """Return the record's message; in one of Django's about a request, the route instead of the path."""
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
        route = request.resolver_match
        shown = f"/{route.route}" if route else "an unknown address"
        record = copy(record)
        record.args = tuple(shown if each == request.path else each for each in record.args or ())
    return record.getMessage()


def format_exception(error: BaseException | None) -> str:
    """Format an exception and its causes as Python does, without messages that may quote data."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.insert(0, f"Traceback (most recent call last):\n{frames}{name_of(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nled to\n\n".join(parts)


def name_of(error: BaseException) -> str:
    """Return the exception's class, with its message where that never quotes data."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, OF_THE_PROGRAM):
        return f"{name}: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{name}: {error.strerror}"
    if isinstance(error, DatabaseError):  # PostgreSQL's code, and the table, column and constraint concerned
        diagnosis = getattr(error.__cause__, "diag", None)
        facts = ("sqlstate", "table_name", "column_name", "constraint_name")
        told = {fact: getattr(diagnosis, fact, None) for fact in facts}
        return " ".join([name, *(f"{fact}={value}" for fact, value in told.items() if value)])
    return name
