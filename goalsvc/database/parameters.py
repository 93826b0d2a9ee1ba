"""Writes lists as PostgreSQL's array literals, the parameters of set-based statements, and reads ids in such.

psycopg would adapt each item by itself, which took longer than the statement; a literal is one string.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from uuid_utils import uuid7


def new_pks(count: int) -> list[str]:
    """Make primary keys for rows that a statement may insert."""
    return [str(uuid7()) for _ in range(count)]


def array(values: Iterable[UUID | Decimal | str | None]) -> str:
    """Write values whose text needs no quoting as an array; None is NULL."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def ids_array(values: Iterable[Iterable[UUID | str]]) -> str:
    """Write lists of ids as an array of texts, each of which is an array itself."""
    return "{" + ",".join(['"{' + ",".join(map(str, ids)) + '}"' for ids in values]) + "}"


def moment_array(values: Iterable[datetime | None]) -> str:
    """Write moments as an array; None is NULL."""
    return "{" + ",".join(["NULL" if value is None else f'"{value.isoformat()}"' for value in values]) + "}"


def text_array(values: Iterable[str | None]) -> str:
    """Write texts as an array; None is NULL."""
    texts = list(values)
    if texts and None not in texts:
        together = "\0".join(texts)  # type: ignore[arg-type]
        # No text that PostgreSQL takes has a NUL in it.
        if together.count("\0") == len(texts) - 1:
            return "{" + _quoted(together).replace("\0", '","') + "}"
    return "{" + ",".join(["NULL" if text is None else _quoted(text) for text in texts]) + "}"


def bytes_array(values: Iterable[bytes | memoryview | None]) -> str:
    """Write byte strings as an array; None is NULL."""
    return "{" + ",".join(["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values]) + "}"


def ids_in(array: str) -> list[str]:
    """Return the ids in an array, as PostgreSQL writes it."""
    return array[1:-1].split(",") if len(array) > 2 else []


def _quoted(text: str) -> str:
    """Quote an element of an array literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
