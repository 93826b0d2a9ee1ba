"""A look at a file before it is imported: what it is, how it would be read, what would become of its rows.

Only its beginning is read, however large it is, and nothing is written.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from django.utils import timezone

from matching.imports.columns import VERDICT_COLUMNS, Columns, called, doubled_in, plain, probably_meant
from matching.imports.files import GZIP, Encoding, lines_of, opened, recognize
from matching.imports.options import Reader, Recorder
from matching.imports.readings import Reading
from matching.imports.rows import MAX_COLUMNS, CSVFile, Row, rows_of_ndjson
from matching.matches.answers import RowAnswer

SHOWN_ROWS = 10
# So many rows are rehearsed, or fewer if they are long.
REHEARSED_ROWS = 500
REHEARSED_CHARACTERS = 4 * 1024 * 1024
# Bytes of a file that are looked at for its encoding and the number of its rows.
LOOKED_AT = 64 * 1024 * 1024
# So many lines are read for the first rows: there may be any number of blank ones before them.
MOST_LINES = 100_000


class SeenColumn(NamedTuple):
    """A column of the file: which of ours it is read as, if any, or else probably is."""

    title: str
    name: str | None
    probable: str | None = None
    is_ignored: bool = False


class SeenRow(NamedTuple):
    """A row and what it would be answered; None where the columns do not allow a rehearsal."""

    row: Row
    answer: RowAnswer[Any] | None


@dataclass(slots=True)
class Preview:
    """What the beginning of a file tells."""

    format: str
    encoding: Encoding
    delimiter: str | None = None  # None: NDJSON
    header: list[str] = field(default_factory=list)  # of CSV, columns without a name included
    columns: list[SeenColumn] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)  # of our columns, without which nothing is imported
    doubled: list[str] = field(default_factory=list)
    rows: list[SeenRow] = field(default_factory=list)  # the first few
    rehearsed: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)  # of the rehearsed rows
    codes: Counter[str] = field(default_factory=Counter)
    assumed_times: int = 0  # rehearsed rows with times that were read as UTC
    row_count: int | None = None  # None: not known
    is_row_count_exact: bool = False

    @property
    def unread(self) -> list[SeenColumn]:
        return [column for column in self.columns if column.name is None]

    @property
    def probable(self) -> list[SeenColumn]:
        return [column for column in self.columns if column.probable]

    @property
    def is_readable(self) -> bool:
        return not (self.lacking or self.doubled or self.probable)

    @property
    def is_importable(self) -> bool:
        return self.is_readable and bool(self.rows)


class Beginning(Iterator[str]):
    """The first lines of a file."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self.left = MOST_LINES
        self.is_cut = False  # whether there may be more

    def __next__(self) -> str:
        if not self.left:
            self.is_cut = True
            raise StopIteration
        self.left -= 1
        return next(self.lines)


def preview(
    path: Path,
    *,
    format: str,
    encoding: str | None,
    columns: Columns,
    reading: Reading,
    read: Reader,
    record: Recorder,
) -> Preview:
    """Look at a file and rehearse its first rows.

    Args:
        encoding: what its importer says, if anything.
        read: checks the item of a row, for `record`.
        record: called with `validate_only`, as an import calls it to write.

    Raises: UnusableFileError for what cannot be imported at all.
    """
    found = Preview(format, recognize(path, format=format, encoding=encoding, limit=LOOKED_AT))
    with opened(path) as file:
        lines = Beginning(lines_of(file, found.encoding))
        if format == "csv":
            table = CSVFile(lines, columns, reading, name=called)
            look_at_header(found, table, columns)
            rows, has_ended = first_rows(table.rows())
        else:
            rows, has_ended = first_rows(rows_of_ndjson(lines, reading))
            look_at_attributes(found, rows, columns)
    answers: Sequence[RowAnswer[Any] | None] = [None] * len(rows)
    if found.is_readable and rows:
        answers = rehearse(found, rows, read, record)
    found.rows = [SeenRow(*pair) for pair in zip(rows[:SHOWN_ROWS], answers, strict=False)]
    if has_ended and not lines.is_cut:
        found.row_count, found.is_row_count_exact = len(rows), True
    else:
        found.row_count = estimate_rows(path)
    return found


def header_of(path: Path, *, format: str, encoding: str | None) -> list[str]:
    """Return the columns of a file as it calls them; NDJSON has none. Raises: UnusableFileError."""
    if format != "csv":
        return []
    found = recognize(path, format=format, encoding=encoding, limit=LOOKED_AT)
    with opened(path) as file:
        nothing = Columns(frozenset(), frozenset(), {})
        return CSVFile(Beginning(lines_of(file, found)), nothing, Reading(), name=called).header


def look_at_header(found: Preview, table: CSVFile, columns: Columns) -> None:
    probable = dict(probably_meant(table.header, table.names, columns))
    ignored = set(map(plain, columns.ignored))
    is_fed_back = set(VERDICT_COLUMNS) <= set(table.names)
    found.delimiter, found.header = table.delimiter, table.header
    for title, name in zip(table.header, table.names, strict=True):
        if not title:
            continue
        ours = name if name in columns.ours else None
        is_ignored = plain(title) in ignored or (is_fed_back and name in VERDICT_COLUMNS)
        found.columns.append(SeenColumn(title, ours, probable.get(title), is_ignored))
    found.lacking = sorted(columns.required - set(table.names))
    found.doubled = doubled_in(table.names)


def look_at_attributes(found: Preview, rows: Sequence[Row], columns: Columns) -> None:
    """Name the attributes of NDJSON's objects; one that lacks is a matter of its row."""
    names = dict.fromkeys(name for row in rows if isinstance(row.item, dict) for name in row.item)
    for name in islice(names, MAX_COLUMNS):
        ours = columns.aliases.get(name, name)
        is_ours = ours in columns.ours
        is_verdict = name in VERDICT_COLUMNS
        found.columns.append(SeenColumn(name, ours if is_ours else None, is_ignored=is_verdict))


def first_rows(rows: Iterator[Row]) -> tuple[list[Row], bool]:
    """Return the rows to rehearse, and whether they are all."""
    taken: list[Row] = []
    length = 0
    for row in rows:
        taken.append(row)
        length += sum(map(len, row.source)) if isinstance(row.source, list) else len(row.source)
        if length > REHEARSED_CHARACTERS:
            return taken, False
        if len(taken) == REHEARSED_ROWS:
            return taken, next(rows, None) is None
    return taken, True


def rehearse(found: Preview, rows: Sequence[Row], read: Reader, record: Recorder) -> Sequence[RowAnswer[Any]]:
    """Return the answers that the rows would get, and count them."""
    answers = record([read(row.item) for row in rows], at=timezone.now(), validate_only=True)
    found.rehearsed = len(rows)
    found.verdicts.update(answer.verdict.value for answer in answers)
    found.codes.update(answer.code for answer in answers if answer.code is not None)
    found.assumed_times = sum(row.has_assumed_times for row in rows)
    return answers


def estimate_rows(path: Path) -> int | None:
    """Return about how many rows a file has; None where its packed beginning does not tell."""
    with path.open("rb") as start:
        is_packed = start.read(len(GZIP)) == GZIP
    seen = lines = 0
    with opened(path) as file:
        while seen < LOOKED_AT and (part := file.read(1024 * 1024)):
            seen += len(part)
            lines += part.count(b"\n") or part.count(b"\r")
    if seen < LOOKED_AT:
        return lines
    return None if is_packed else lines * path.stat().st_size // seen
