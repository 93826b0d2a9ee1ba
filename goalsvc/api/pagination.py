"""Keyset pagination: a page begins behind a row in a total order, so inserts never shift or repeat rows."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, F, OrderBy, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from rest_framework.exceptions import NotFound
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from goalsvc.api.errors import field_error

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200

# How many rows are read for a filtered page. If it is not full by then, it is answered as it is, and its
# `next` goes on from the last row that was read.
MAX_ROWS_READ = 20_000

Place = tuple[datetime, UUID]


class Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A place between two rows: beside the row with this moment and id, looking back or ahead."""

    backwards: bool
    moment: Annotated[datetime, msgspec.Meta(tz=True)]
    id: UUID


def encode_cursor(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Read what `encode_cursor` wrote. Raises: NotFound for anything else."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=Cursor)
    except (ValueError, msgspec.MsgspecError):
        raise NotFound("There is no such page.") from None


class Slice(NamedTuple):
    """The rows that a page needs: the first `limit` in this direction behind a place (None: from the end)."""

    is_descending: bool
    after: Place | None
    limit: int


@dataclass(frozen=True)
class Filter:
    """A condition on the rows of a list."""

    condition: Q
    is_indexed: bool = False  # an index has the rows that meet it in the order of the list, or they are few


@dataclass(frozen=True)
class Filtered:
    """The rows of a queryset that meet all filters; there may be so many that it takes care to read them."""

    queryset: QuerySet[Any]
    filters: Sequence[Filter]


class KeysetPagination(BasePagination):
    """The paginator of viewsets: 50 rows or `page_size`, in a total order, from where `cursor` says.

    With filters a page may hold fewer rows than asked for, even none, and yet have a `next` (backwards, a
    `previous`): see MAX_ROWS_READ.
    """

    by = "created_at"  # the datetime field that orders the rows; ties are ordered by id
    newest_first = False  # both descending

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """Return the rows of the page that the request asks for, in few statements.

        Args:
            queryset: the rows of one organization: an unordered queryset, Filtered or not, or a function that
                reads a Slice of them, in the order of this class.

        Raises: NotFound for a bad cursor, ValidationError naming `page_size`.
        """
        size = page_size(request)
        text = request.query_params.get("cursor")
        cursor = decode_cursor(text) if text is not None else None
        backwards = cursor is not None and cursor.backwards
        place = (cursor.moment, cursor.id) if cursor is not None else None
        wanted = Slice(is_descending=self.newest_first != backwards, after=place, limit=size + 1)
        stop = None
        if isinstance(queryset, QuerySet):
            rows = rows_in(queryset, wanted, self.by)
        elif isinstance(queryset, Filtered):
            rows, stop = read_filtered(queryset, wanted, self.by)
        else:
            rows = queryset(wanted)
        is_more = len(rows) > size or stop is not None
        rows = rows[:size]
        # The places that the page begins and ends at, in the direction of reading.
        nowhere = behind(place, wanted) if place else None
        near = position(rows[0], self.by) if rows else stop or nowhere
        far = stop or (position(rows[-1], self.by) if rows else nowhere)
        onward = page_url(request, Cursor(backwards, *far)) if far and is_more else None
        back = page_url(request, Cursor(not backwards, *near)) if near and place else None
        self.next, self.previous = (back, onward) if backwards else (onward, back)
        return rows[::-1] if backwards else rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "previous": self.previous, "results": data})


def read_filtered(filtered: Filtered, wanted: Slice, by: str) -> tuple[list[Any], Place | None]:
    """Read a slice of the rows that meet all filters; and tell where the search stopped early, if so."""
    queryset, filters = filtered.queryset, filtered.filters
    with planned_by_rows():
        if len(filters) == 0 or (len(filters) == 1 and filters[0].is_indexed):
            return rows_in(queryset.filter(*(each.condition for each in filters)), wanted, by), None
        places, stop = search(queryset, filters, wanted, by)
        found = queryset.in_bulk([pk for _, pk in places])
        rows = [found[pk] for _, pk in places if pk in found]
        if len(rows) < len(places) == wanted.limit:  # some have been erased meanwhile: the page goes on
            stop = places[-1]
        return rows, stop


@contextmanager
def planned_by_rows() -> Iterator[None]:
    """Have statements planned for their own values, with page costs of zero, so that only rows count.

    By default the planner prefers an index in the order of the table's pages, although most of its rows
    belong to another organization or goal. Where the wanted rows are all old it then reads millions.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Unprepared statements have custom plans. They also never fail after an ALTER TABLE, which could not
        # be retried inside the transaction (goalsvc.database.connection).
        driver: Any = connection.connection
        threshold, driver.prepare_threshold = driver.prepare_threshold, None
        try:
            cursor.execute(
                "SELECT set_config('seq_page_cost', '0', true), set_config('random_page_cost', '0', true),"
                " set_config('cpu_operator_cost', '0.0001', true)"  # of sorting the few rows
            )
            yield
        finally:
            driver.prepare_threshold = threshold


def rows_in(queryset: QuerySet[Any], wanted: Slice, by: str) -> list[Any]:
    return list(slice_of(queryset, wanted, by))


def slice_of(queryset: QuerySet[Any], wanted: Slice, by: str) -> QuerySet[Any]:
    return beyond(queryset, wanted, by).order_by(*order_of(wanted, by))[: wanted.limit]


def beyond(queryset: QuerySet[Any], wanted: Slice, by: str) -> QuerySet[Any]:
    """Filter the rows behind the place where the slice begins."""
    if wanted.after is None:
        return queryset
    moment, pk = wanted.after
    side = "lt" if wanted.is_descending else "gt"
    # The first condition is implied by the second, but is one that an index scan can start at.
    return queryset.filter(
        Q(**{f"{by}__{side}e": moment}) & (Q(**{f"{by}__{side}": moment}) | Q(**{f"id__{side}": pk}))
    )


def order_of(wanted: Slice, by: str) -> list[OrderBy]:
    return [F(by).desc(), F("id").desc()] if wanted.is_descending else [F(by).asc(), F("id").asc()]


def search(
    queryset: QuerySet[Any], filters: Sequence[Filter], wanted: Slice, by: str
) -> tuple[list[Place], Place | None]:
    """Search the next MAX_ROWS_READ rows for those of a slice; one statement.

    The rows of each indexed filter are scanned, as either of two may be the rare one; without any, all rows
    of the queryset. The result is that of a scan that finished, or else of the one that got furthest.

    Returns: the places of the rows; and the last one scanned, if there may be more behind it.
    """
    ways = [each for each in filters if each.is_indexed] or [Filter(Q())]
    most = MAX_ROWS_READ // len(ways)
    order = order_of(wanted, by)
    direction = "DESC" if wanted.is_descending else "ASC"
    statements, parameters = [], []
    for number, way in enumerate(ways):
        others = Q(*(each.condition for each in filters if each is not way))
        looked_at = (
            beyond(queryset.filter(way.condition), wanted, by)
            .annotate(
                n=Window(RowNumber(), order_by=order), is_wanted=ExpressionWrapper(others, BooleanField())
            )
            .order_by(*order)
            .values_list("n", by, "id", "is_wanted")[:most]
        )
        sql, values = looked_at.query.sql_with_params()
        # In the order of the inner rows, so that nothing is sorted and the limit ends the scan.
        statements.append(
            f"(SELECT {number}, * FROM ({sql}) AS looked_at WHERE is_wanted OR n = {most}"
            f" ORDER BY {by} {direction}, id {direction} LIMIT {wanted.limit})"
        )
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(statements), parameters)
        rows = sorted(cursor.fetchall())
    unfinished = []
    for number in range(len(ways)):
        places = [(moment, pk) for way, _, moment, pk, is_wanted in rows if way == number and is_wanted]
        ends = [(moment, pk) for way, n, moment, pk, _ in rows if way == number and n == most]
        if len(places) == wanted.limit or not ends:
            return places, None
        unfinished.append((ends[0], places))
    end, places = min(unfinished) if wanted.is_descending else max(unfinished)
    return places, end


def position(row: Any, by: str) -> Place:
    moment, pk = getattr(row, by), row.id
    if isinstance(moment, str):  # as the database writes it
        moment = datetime.fromisoformat(moment)
    return moment, pk


def behind(place: Place, wanted: Slice) -> Place:
    """Return the place right behind another in the direction of reading: there a page backwards begins."""
    moment, pk = place
    number = pk.int + (-1 if wanted.is_descending else 1)
    return moment, UUID(int=min(max(number, 0), 2**128 - 1))


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
