"""Figures and rows as CSV, line by line, for any number of them."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer

from goalsvc.orgs.models import Organization
from matching.imports.rows import defuse
from matching.reports.figures import Part
from matching.reports.periods import Period
from matching.reports.serializers import FIGURES
from matching.reports.turns import take_turn

# Of a report, which needs no memory, but a database's and a disk's time.
MAX_ROWS = 5_000_000
# Rows that are read from the database at a time.
ROWS_READ = 2000
# Lines that are joined before they are passed on.
CHUNK = 500
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # without it Excel does not read UTF-8


class CSVRenderer(BaseRenderer):
    """Lets `?format=csv` and `Accept: text/csv` choose CSV; the view then answers a `csv_response`."""

    media_type = "text/csv"
    format = "csv"


class Echo:
    """A file for csv.writer that gives back what is written."""

    def write(self, line: str) -> str:
        return line


def csv_response(
    name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, for_excel: bool = False
) -> StreamingHttpResponse:
    """Answer a file of rows, which are read as they are sent.

    Args:
        name: of the file, without its ending.
        for_excel: begin with the mark by which Excel knows UTF-8, and other programs may stumble.
    """
    return StreamingHttpResponse(
        lines_of(header, rows, for_excel=for_excel),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def lines_of(header: Sequence[str], rows: Iterable[Sequence[Any]], *, for_excel: bool) -> Iterator[bytes]:
    writer = csv.writer(Echo())
    chunk = [(BYTE_ORDER_MARK if for_excel else "") + writer.writerow(header)]
    for row in rows:
        chunk.append(writer.writerow([cell_of(value) for value in row]))
        if len(chunk) >= CHUNK:
            yield "".join(chunk).encode()
            chunk = []
    yield "".join(chunk).encode()


def cells_of(rows: QuerySet[Any], serializer: Any, organization: Organization | None) -> Iterator[Any]:
    """Yield what a serializer shows of each row. An organization's readings take turns."""
    with transaction.atomic():  # a cursor of the server's lives in one
        if organization is not None:
            take_turn(organization)
        for row in rows.iterator(chunk_size=ROWS_READ):
            yield serializer.to_representation(row).values()


def cell_of(value: Any) -> Any:
    """Write a value as a cell: nothing for null, ids of a list with spaces between, objects as JSON."""
    if isinstance(value, str):
        return defuse(value)
    if value is None or isinstance(value, UUID):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return defuse(str(value))


def report_header(*, by_room: bool) -> list[str]:
    room = ["room_id", "room_name"] if by_room else []
    return ["goal_id", "goal_name", "is_deleted", *room, "start", *FIGURES]


def report_rows(parts: Iterable[Part], period: Period, *, by_room: bool) -> Iterator[list[Any]]:
    """Write one row a goal (and room) and bucket; by room, only the rows of rooms."""
    for part in parts:
        if part.id is None or (part.room_id is not None) != by_room:
            continue
        room = [part.room_id, part.room_name] if by_room else []
        for start, figures in zip(period.starts, part.series, strict=True):
            shown = [getattr(figures, name) for name in FIGURES]
            yield [part.id, part.name, part.is_deleted, *room, start, *shown]
