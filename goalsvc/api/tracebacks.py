"""Formats exceptions for the log: traceback and kind, without messages that may quote clients' data."""

import traceback
from types import TracebackType

from django.db import Error as DatabaseError

# Exceptions whose messages never quote data. Others do: `ValueError: invalid literal: 'customer-7'`,
# `Key (identity)=(customer-7) already exists`.
OF_THE_PROGRAM = (AttributeError, NameError, ImportError, AssertionError, NotImplementedError, RecursionError)

ExcInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]  # what logging has where there is none
)


def format_exception(info: ExcInfo) -> str:
    """Format an exception and its causes as Python does, without messages that may quote data."""
    parts: list[str] = []
    error: BaseException | None = info[1]
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
    if isinstance(error, DatabaseError):
        return " ".join([name, *facts_of(error)])
    return name


def facts_of(error: DatabaseError) -> list[str]:
    """Return the SQLSTATE of PostgreSQL's error, and the table, column and constraint concerned."""
    diagnosis = getattr(error.__cause__, "diag", None)
    names = ("sqlstate", "table_name", "column_name", "constraint_name")
    facts = ((name, getattr(diagnosis, name, None)) for name in names)
    return [f"{name}={value}" for name, value in facts if value]
