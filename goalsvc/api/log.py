"""Writes the log, without what clients sent: addresses may name an identity, exceptions may quote one."""

import logging
import traceback
from copy import copy
from datetime import UTC, datetime
from typing import Any

from django.db import Error as DatabaseError
from django.http import HttpRequest

from goalsvc.api.rendering import encode
from goalsvc.api.requests import current_request_id

# What no line shows need not be found out (the optimizations of Python's logging HOWTO).
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
logging._srcfile = None

# Exceptions whose messages never quote data. Others do: `ValueError: invalid literal: 'customer-7'`,
# `Key (identity)=(customer-7) already exists`.
OF_THE_PROGRAM = (AttributeError, NameError, ImportError, AssertionError, NotImplementedError, RecursionError)


class JSONFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request id, and the record's `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
            "request_id": current_request_id.get(),
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
