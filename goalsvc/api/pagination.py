"""The one paginator: pages by position in a total order, so inserts never shift or repeat rows."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.db.models import F, Q, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from goalsvc.api.errors import field_error

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200


class Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A place between two rows: beside the row with this moment and id, looking back or ahead."""

    backwards: bool
    moment: datetime
    id: UUID


def encode_cursor(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Read what `encode_cursor` wrote.

    Raises: NotFound for anything else.
    """
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor: Cursor = msgspec.json.decode(raw, type=Cursor)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise NotFound("There is no such page.") from None
    if cursor.moment.utcoffset() is None:
        raise NotFound("There is no such page.")
    return cursor


class Slice(NamedTuple):
    """Which rows a page needs: so many, in this direction, beyond this place (None: from the end)."""

    is_descending: bool
    after: tuple[datetime, UUID] | None
    limit: int


def paginate(
    request: Request,
    rows_of: QuerySet[Any] | Callable[[Slice], list[Any]],
    render: Callable[[Any], dict[str, Any]],
    *,
    by: str,
    newest_first: bool = False,
) -> dict[str, Any]:
    """Return the page that the request's `cursor` and `page_size` ask for, in one query.

    Args:
        rows_of: the rows of one organization: a queryset, unordered, or a function that reads a slice of
            them, ordered by `by` and `id`.
        render: makes the JSON object of a row.
        by: the datetime field that orders the rows; ties are ordered by id.
        newest_first: order both descending.

    Returns: `{"next": url | None, "previous": url | None, "results": [...]}`.
    Raises: NotFound for a bad cursor, ValidationError naming `page_size`.
    """
    size = page_size(request)
    text = request.query_params.get("cursor")
    cursor = decode_cursor(text) if text is not None else None
    backwards = cursor is not None and cursor.backwards
    place = (cursor.moment, cursor.id) if cursor is not None else None
    wanted = Slice(is_descending=newest_first != backwards, after=place, limit=size + 1)
    rows = rows_in(rows_of, wanted, by) if isinstance(rows_of, QuerySet) else rows_of(wanted)
    is_more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    has_next = backwards or is_more
    has_previous = is_more if backwards else cursor is not None
    after = Cursor(False, *position(rows[-1], by)) if rows and has_next else None
    before = Cursor(True, *position(rows[0], by)) if rows and has_previous else None
    return {
        "next": page_url(request, after) if after else None,
        "previous": page_url(request, before) if before else None,
        "results": [render(row) for row in rows],
    }


def rows_in(queryset: QuerySet[Any], wanted: Slice, by: str) -> list[Any]:
    """Read a slice of a queryset."""
    if wanted.after is not None:
        moment, pk = wanted.after
        beyond = "lt" if wanted.is_descending else "gt"
        # The first condition repeats what the second implies: PostgreSQL can start the index scan at it.
        queryset = queryset.filter(
            Q(**{f"{by}__{beyond}e": moment})
            & (Q(**{f"{by}__{beyond}": moment}) | Q(**{f"id__{beyond}": pk}))
        )
    order = [F(by).desc(), F("id").desc()] if wanted.is_descending else [F(by).asc(), F("id").asc()]
    return list(queryset.order_by(*order)[: wanted.limit])


def position(row: Any, by: str) -> tuple[datetime, UUID]:
    return getattr(row, by), row.id


def page_size(request: Request) -> int:
    """Read `page_size`. Raises: ValidationError naming it."""
    text = request.query_params.get("page_size", str(DEFAULT_PAGE_SIZE))
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= MAX_PAGE_SIZE):
        raise field_error("page_size", f"Must be a whole number from 1 to {MAX_PAGE_SIZE}.")
    return int(text)


def page_url(request: Request, cursor: Cursor) -> str:
    query = request.query_params.copy()
    query["cursor"] = encode_cursor(cursor)
    return request.build_absolute_uri(f"{request.path.rstrip('/')}?{query.urlencode()}")


def url_after(request: Request, path: str, row: Any, by: str, **filters: str) -> str:
    """Return the address of the page of another list, newest first, that goes on after a row."""
    cursor = encode_cursor(Cursor(False, *position(row, by)))
    query = urlencode({**filters, "page_size": page_size(request), "cursor": cursor})
    return request.build_absolute_uri(f"{path}?{query}")
