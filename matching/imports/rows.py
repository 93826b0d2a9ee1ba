"""Rows of CSV and NDJSON files, as the items that the API takes."""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from rest_framework.exceptions import ParseError

from goalsvc.api.bodies import decode_line
from matching.imports.columns import Columns, names_of, unread
from matching.imports.files import UnusableFileError
from matching.imports.readings import Reading

DELIMITERS = ",;\t|"
MAX_COLUMNS = 1000
# What a cell with several room ids may have between them.
ROOM_SEPARATORS = str.maketrans(",;|\t\n", "     ")
# Cells that a spreadsheet would run as a formula get an apostrophe going out, as people type it themselves,
# and lose it coming in. Apostrophes count with them: `restore` then takes off what `defuse` has put there.
RUNS = re.compile(r"'*[=+\-@\t\r]")
NUMBER = re.compile(r"[+-][0-9]+(\.[0-9]+)?")
# A formula that is a text: with it programs keep a spreadsheet from shortening a number, as in ="00123".
TEXT = re.compile(r'="([^"]*)"')


Naming = Callable[[Sequence[str], Columns], list[str]]


class Row(NamedTuple):
    """A row of the file: its number (from 1), what it says, and its text to feed it back."""

    number: int
    item: Any  # a JSON object, or the APIException that says why there is none
    source: Any  # a CSV row as a list of cells, or a line of NDJSON
    has_assumed_times: bool = False  # one without an offset was taken for UTC

    @property
    def size(self) -> int:
        """How long its text is, in bytes or characters."""
        return len(self.source) if isinstance(self.source, bytes) else sum(map(len, self.source))


class Rereadable(Iterator[str]):
    """Lines that can be put back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self.taken: list[str] = []
        self.put_back: deque[str] = deque()

    def __next__(self) -> str:
        line = self.put_back.popleft() if self.put_back else next(self.lines)
        self.taken.append(line)
        return line

    def put_back_all_but_first(self) -> str:
        """Return the first line in `taken`; the others come again."""
        first, *others = self.taken
        self.put_back.extendleft(reversed(others))
        return first


def defuse(cell: str) -> str:
    """Put an apostrophe before a cell that a spreadsheet would run; a number such as `-5.00` it may read."""
    return f"'{cell}" if RUNS.match(cell) and not NUMBER.fullmatch(cell) else cell


def restore(cell: str) -> str:
    """Take the apostrophe off again, and a text out of its formula."""
    if not cell.startswith(("'", "=")):
        return cell  # as most are
    if cell.startswith("'") and RUNS.match(cell):
        return cell[1:]
    text = TEXT.fullmatch(cell)
    return text[1] if text else cell


def is_blank(cells: Sequence[str]) -> bool:
    """Tell whether a row says nothing; DOS ends a file with the character SUB."""
    return not any(cell.strip().strip("\x1a") for cell in cells)


class CSVFile:
    """A CSV file with a header row; the delimiter is read off the header, or said by a line `sep=;`."""

    # Before the header, as spreadsheets write it.
    SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)

    def __init__(
        self, lines: Iterator[str], columns: Columns, reading: Reading, *, name: Naming = names_of
    ) -> None:
        """Read the header. Args: name: its columns as they are called here."""
        self.lines = Rereadable(lines)
        self.reading = reading
        line, self.delimiter = self.find_header()
        self.lines.put_back.appendleft(line)
        try:
            header = next(csv.reader(self.lines, delimiter=self.delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            raise UnusableFileError(f"The header row is no CSV: {error}.") from None
        if is_blank(header):
            raise UnusableFileError("The file is empty: a CSV file needs a header row.")
        if len(header) > MAX_COLUMNS:
            raise UnusableFileError(f"The file has {len(header)} columns; at most {MAX_COLUMNS} are read.")
        self.header = [restore(cell.strip()) for cell in header]
        self.nameless = [index for index, title in enumerate(self.header) if not title]
        self.names = name(self.header, columns)
        self.unread = unread(self.header, self.names, columns)

    def find_header(self) -> tuple[str, str]:
        """Return the first line that says something, and the delimiter."""
        said = None
        for line in self.lines:
            if found := self.SEPARATOR.fullmatch(line):
                said = found[1]
            elif line.strip(f"{DELIMITERS}\"' \r\n\t"):
                counts = {delimiter: line.count(delimiter) for delimiter in DELIMITERS}
                return line, said or max(counts, key=lambda delimiter: counts[delimiter])
        raise UnusableFileError("The file is empty: a CSV file needs a header row.")

    def rows(self) -> Iterator[Row]:
        number = 0
        reader = csv.reader(self.lines, delimiter=self.delimiter, strict=True)
        while True:
            self.lines.taken.clear()
            try:
                cells = [restore(cell) for cell in next(reader)]
            except StopIteration:
                return
            except csv.Error as error:
                # A stray quote takes the next lines for one cell: only its own line is at fault.
                number += 1
                line = self.lines.put_back_all_but_first()
                yield Row(number, ParseError(f"The row is no CSV: {error}."), [line.rstrip("\r\n")])
                reader = csv.reader(self.lines, delimiter=self.delimiter, strict=True)
                continue
            if is_blank(cells):
                continue
            number += 1
            is_whole = self.lines.taken[-1].endswith(("\n", "\r"))
            item = self.item_of(cells, is_whole=is_whole)
            yield Row(number, self.reading.read(item), cells, self.reading.has_assumed_times(item))

    def item_of(self, cells: Sequence[str], *, is_whole: bool) -> Any:
        """Make the JSON object that the row stands for; empty cells are absent attributes.

        Args:
            is_whole: its line has an end. Of one that was cut off, the cells that lack were not empty.
        """
        if len(cells) < len(self.names) and not is_whole:
            return ParseError(
                f"The row has {len(cells)} of {len(self.names)} cells, and the file ends there without a "
                "line end: perhaps it was cut off."
            )
        if len(cells) > len(self.names) and not is_blank(cells[len(self.names) :]):
            return ParseError(f"The row has {len(cells)} cells, and the header {len(self.names)}.")
        for index in self.nameless:
            cell = cells[index] if index < len(cells) else ""
            if cell.strip():
                return ParseError(f"Cell {index + 1} is under a column without a name: “{cell[:32]}”.")
        item: dict[str, Any] = {
            name: cell for name, cell in zip(self.names, cells, strict=False) if cell.strip()
        }
        item.pop("", None)  # of columns that are to be ignored
        if "rooms" in item:
            item["rooms"] = item["rooms"].translate(ROOM_SEPARATORS).split()
        return item


def rows_of_ndjson(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    """Yield the rows of a file of JSON objects, one a line."""
    filled = (line.encode(errors="surrogateescape") for line in lines if line.strip())
    for number, line in enumerate(filled, 1):
        item = decode_line(line)
        yield Row(number, reading.read(item), line, reading.has_assumed_times(item))
