"""Rows of CSV and NDJSON files, as the items that the API takes."""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rest_framework.exceptions import ParseError, ValidationError

from goalsvc.api.parsing import decode_line
from matching.cells import restore
from matching.files import UnusableFileError

DELIMITERS = ",;\t|"
# What a cell with several room ids may have between them.
ROOM_SEPARATORS = str.maketrans(",;|\t\n", "     ")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file: its number (from 1), what it says, and its text to feed it back."""

    number: int
    item: Any  # a JSON object, or the APIException that says why there is none
    source: Any  # a CSV row as a list of cells, or a line of NDJSON


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a CSV file of one kind."""

    required: frozenset[str]
    optional: frozenset[str]
    aliases: Mapping[str, str]


MATCH_COLUMNS = Columns(
    required=frozenset({"visitor_identity", "goal_matched_at", "rooms"}),
    optional=frozenset({"goal_id", "goal_value", "external_id", "if_unmatched"}),
    aliases={"custom_visitor_identity": "visitor_identity"},
)
SESSION_COLUMNS = Columns(
    required=frozenset({"visitor_session_id", "visitor_id", "started_at", "rooms"}),
    optional=frozenset({"ended_at", "visitor_identity"}),
    aliases={"custom_visitor_identity": "visitor_identity"},
)
# What the results file adds to a row; ignored when the row is fed back.
VERDICT_COLUMNS = ("row", "status", "code", "detail", "reason")
# What other programs call our columns, as `plain` writes it. Such a column is not taken for ours by itself:
# whoever imports says so.
OTHER_NAMES = {
    "visitor_identity": (
        "email emailaddress mail customer customerid customernumber customeremail clientid client contactid "
        "contact userid user identity loyaltyid cardnumber memberid phone phonenumber customvisitorid"
    ),
    "goal_matched_at": (
        "timestamp time date datetime matchedat createdat created orderdate purchasedat purchasedate "
        "transactiondate conversiontime conversiondate conversiondatetime occurredat eventtime eventdate "
        "paidat processedat soldat saledate closedate"
    ),
    "rooms": "room roomid roomids store storeid shop shopid location locationid",
    "goal_id": "goal goaluuid",
    "goal_value": (
        "amount value revenue total price sum totalprice totalamount ordertotal ordervalue grandtotal "
        "subtotal conversionvalue saleamount netamount grossamount turnover"
    ),
    "external_id": (
        "orderid order ordernumber orderno transactionid transaction receipt receiptid receiptnumber invoice "
        "invoiceid invoicenumber eventid externalreference reference dealid saleid externalorderid"
    ),
    "if_unmatched": "hold ifnotmatched",
    "visitor_session_id": "session sessionid visitsessionid visitid",
    "visitor_id": "visitor deviceid clientid gaclientid cookieid anonymousid",
    "started_at": "start starttime started sessionstart timestamp begin beganat startdate firstseen",
    "ended_at": "end endtime ended sessionend enddate lastseen finishedat",
}


def unpacked_name(path: Path) -> Path:
    """Return the name of a file without that of its compression."""
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def detect_format(path: Path) -> str:
    """Tell the format from the file's name."""
    return "ndjson" if unpacked_name(path).suffix.lower() in {".ndjson", ".jsonl", ".json"} else "csv"


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

    def forget(self) -> None:
        """Let the lines taken so far be gone."""
        self.taken.clear()

    def put_back_all_but_first(self) -> str:
        """Return the first line taken since the last `forget`; the others come again."""
        first, *others = self.taken
        self.put_back.extendleft(reversed(others))
        return first


@dataclass(frozen=True, slots=True)
class Reading:
    """What its importer says of a CSV file."""

    columns: Mapping[str, str] = field(default_factory=dict)  # ours by the name in the file
    ignored: Sequence[str] = ()


def plain(name: str) -> str:
    """Return a column's name without case, spaces, hyphens and underscores."""
    return re.sub(r"[\s_\-]+", "", name).casefold()


def is_blank(cells: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in cells)


class CSVFile:
    """A CSV file with a header row; the delimiter is read off the header, or said by a line `sep=;`."""

    # Before the header, as spreadsheets write it.
    SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)

    def __init__(self, lines: Iterator[str], columns: Columns, reading: Reading | None = None) -> None:
        self.lines = Rereadable(lines)
        line, self.delimiter = self.find_header()
        self.lines.put_back.appendleft(line)
        try:
            header = next(csv.reader(self.lines, delimiter=self.delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            raise UnusableFileError(f"The header row is no CSV: {error}.") from None
        if is_blank(header):
            raise UnusableFileError("The file is empty: a CSV file needs a header row.")
        self.header = [restore(cell.strip()) for cell in header]
        self.names = names_of(self.header, columns, reading or Reading())
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
            self.lines.forget()
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
            yield Row(number, self.item_of(cells, is_whole=is_whole), cells)

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
        if not is_blank(cells[len(self.names) :]):
            return ParseError(f"The row has {len(cells)} cells, and the header {len(self.names)}.")
        item: dict[str, Any] = {}
        for number, (name, cell) in enumerate(zip(self.names, cells, strict=False), 1):
            if not cell.strip():
                continue
            if not self.header[number - 1]:
                return ParseError(f"Cell {number} is under a column without a name: “{cell[:32]}”.")
            if name:  # else it is to be ignored
                item[name] = cell
        if "rooms" in item:
            item["rooms"] = item["rooms"].translate(ROOM_SEPARATORS).split()
        value = item.get("goal_value")
        if value is not None and "," in value:
            return ValidationError(
                {"goal_value": [f"“{value[:32]}” has a comma; write decimals with a point, as in 12.50."]}
            )
        return item


def names_of(header: Sequence[str], columns: Columns, reading: Reading) -> list[str]:
    """Return what the columns of a file are called here; those that nobody reads keep their names.

    Raises: UnusableFileError for a missing or a doubled column, and for one that is probably meant to be
        one of ours.
    """
    ours = columns.required | columns.optional
    known = {plain(name): name for name in ours} | {plain(k): v for k, v in columns.aliases.items()}
    said = {plain(theirs): name for theirs, name in reading.columns.items()}
    there = {plain(name) for name in header}
    for name in [*reading.columns, *reading.ignored]:
        if plain(name) not in there:
            raise UnusableFileError(f"The file has no column {name}. It has: {listed(header)}.")
    ignored = {plain(name) for name in reading.ignored}
    names = []
    for title in header:
        if plain(title) in ignored:
            names.append("")
        elif plain(title) in said:
            names.append(said[plain(title)])
        elif plain(title) in known and known[plain(title)] not in said.values():
            names.append(known[plain(title)])
        else:
            names.append(title)
    doubled = sorted(name for name, count in Counter(names).items() if count > 1 and name)
    if doubled:
        raise UnusableFileError(f"The header has a column twice: {', '.join(doubled)}.")
    missing = sorted(ours - set(names))
    others = [title for title in unread(header, names, columns) if plain(title) not in ignored]
    probable: list[str] = []
    for name in missing:
        probable += [
            f"The column “{title}” is probably {name}, which is missing: say --column "
            f"{name}={quoted(title)} to read it, or --ignore-column {quoted(title)}."
            for title in others
            if is_meant(title, name)
        ]
    lacking = [name for name in missing if name in columns.required]
    if lacking:
        probable.insert(0, f"The header lacks {', '.join(lacking)}. It has: {listed(header)}.")
    if probable:
        raise UnusableFileError(" ".join(probable))
    return names


def is_meant(title: str, name: str) -> bool:
    """Tell whether a column of another name is plainly meant to be one of ours."""
    found = plain(title)
    return found in OTHER_NAMES.get(name, "").split() or bool(
        get_close_matches(found, [plain(name)], cutoff=0.8)
    )


def listed(header: Sequence[str]) -> str:
    return ", ".join(filter(None, header)) or "nothing"


def quoted(name: str) -> str:
    """Return a name as a shell takes it."""
    return name if re.fullmatch(r"[\w.]+", name) else f"'{name}'"


def unread(header: Sequence[str], names: Sequence[str], columns: Columns) -> list[str]:
    """Return the columns that nobody reads, without those of a results file."""
    read = columns.required | columns.optional
    if set(VERDICT_COLUMNS) <= set(names):
        read |= set(VERDICT_COLUMNS)
    return [title for title, name in zip(header, names, strict=True) if title and name not in read]


class NDJSONFile:
    """A file of JSON objects, one a line."""

    unread: Sequence[str] = ()

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines

    def rows(self) -> Iterator[Row]:
        filled = (line.encode(errors="surrogateescape") for line in self.lines if line.strip())
        for number, line in enumerate(filled, 1):
            yield Row(number, decode_line(line), line)
