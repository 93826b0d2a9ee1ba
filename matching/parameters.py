"""How lists travel to PostgreSQL as parameters of set-based statements."""

from collections.abc import Iterable
from uuid import UUID

from uuid_utils.compat import uuid7


def new_pks(count: int) -> list[UUID]:
    """Make primary keys for rows that a statement may insert."""
    return [uuid7() for _ in range(count)]


def array_literal(ids: Iterable[UUID]) -> str:
    """Write ids as PostgreSQL writes an array of them: unnest would flatten an array of arrays."""
    return "{" + ",".join(map(str, ids)) + "}"
