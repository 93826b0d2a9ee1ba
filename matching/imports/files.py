"""Files as programs of offices and shops write them: what they are, and their lines as text.

What is no text with rows is refused in one sentence that says what to do with it.
"""

import codecs
import gzip
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

import charset_normalizer

# A line with more characters than this is no row: without a limit a file of one line would be read into
# memory whole.
MAX_LINE_LENGTH = 1024 * 1024
# Bytes. So much of a file tells what it is; of one that is not UTF-8, so much tells its encoding.
START = 4096
SAMPLE = 256 * 1024

GZIP = b"\x1f\x8b"
AS_CSV = "Save it as “CSV UTF-8” and import that."
# What is no text, by its first bytes.
KINDS = {
    b"PK\x03\x04": f"This is an Excel workbook, or another ZIP archive. {AS_CSV}",
    b"\xd0\xcf\x11\xe0": f"This is an Excel workbook of the old kind. {AS_CSV}",
    b"%PDF": "This is a PDF. Export the rows as CSV from where it was made, and import that.",
    b"BZh": "This is compressed with bzip2. Unpack it, or compress it with gzip.",
    b"\xfd7zXZ": "This is compressed with xz. Unpack it, or compress it with gzip.",
    b"7z\xbc\xaf\x27\x1c": "This is a 7-Zip archive. Unpack it and import what is in it.",
    b"\x28\xb5\x2f\xfd": "This is compressed with zstd. Unpack it, or compress it with gzip.",
    b"PAR1": f"This is a Parquet file. {AS_CSV}",
    b"SQLite format 3\0": "This is an SQLite database. Export the rows as CSV and import that.",
    GZIP: "This was compressed with gzip twice. Unpack it once.",
}
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16's, with which it begins
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
MARK = "\ufeff"
# Text of kinds that have no rows, by its first character.
MARKUP = f"This is HTML or XML, not CSV. {AS_CSV}"
ARRAY = (
    "This is one JSON document. Needed is one JSON object a line, in a file that ends in .ndjson. "
    "`jq -c '.[]' FILE > FILE.ndjson` makes one of an array, `jq -c . FILE > FILE.ndjson` of objects that "
    "take several lines."
)
OBJECTS = "The file has JSON objects, not CSV. Give it a name that ends in .ndjson, or say --format ndjson."
# Of one line, in which only an opening bracket stands, or an array begins.
OPENING = re.compile(r"\s*(\[|\{\s*$)", re.MULTILINE)


class UnusableFileError(Exception):
    """The file cannot be imported at all; the message says why, for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes of a file are text."""

    name: str
    is_guessed: bool = False


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The content of a file, unpacked if it is compressed with gzip. Raises: UnusableFileError."""
    try:
        with gzip.open(path) if is_packed(path) else path.open("rb") as file:
            yield cast("IO[bytes]", file)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnusableFileError(f"The file is compressed with gzip, and damaged: {error}") from error


def is_packed(path: Path) -> bool:
    with path.open("rb") as start:
        return start.read(len(GZIP)) == GZIP


def verify_unpacked_size(path: Path, limit: int) -> None:
    """Raises: UnusableFileError for what gzip has packed and is larger than so many bytes."""
    if not is_packed(path):
        return
    size = 0
    with opened(path) as file:
        while part := file.read(1024 * 1024):
            size += len(part)
            if size > limit:
                raise UnusableFileError(
                    f"The file is larger than {limit} bytes once it is unpacked. Split it. Nothing "
                    "was imported."
                )


def recognize(path: Path, *, format: str, encoding: str | None, limit: int = sys.maxsize) -> Encoding:
    """Tell how a file is encoded.

    Args:
        format: `csv` or `ndjson`.
        encoding: what its importer says, if anything.
        limit: so many bytes are looked at, rounded up to samples.

    Raises: UnusableFileError for what is no text with rows of the format.
    """
    with opened(path) as file:
        sample = file.read(SAMPLE)
        for signature, sentence in KINDS.items():
            if sample.startswith(signature):
                raise UnusableFileError(f"{sentence} Nothing was imported.")
        found = Encoding(encoding) if encoding else encoding_of(sample, file, format=format, limit=limit)
    if not is_encoding(found.name):
        raise UnusableFileError(f"--encoding {found.name!r} is no encoding that is known here.")
    text = codecs.getincrementaldecoder(found.name)("replace").decode(sample[:START])
    start = text.removeprefix(MARK).lstrip()
    if format == "csv" and start.startswith("<"):
        raise UnusableFileError(f"{MARKUP} Nothing was imported.")
    if OPENING.match(start):
        raise UnusableFileError(f"{ARRAY} Nothing was imported.")
    if format == "csv" and start.startswith("{"):
        raise UnusableFileError(f"{OBJECTS} Nothing was imported.")
    return found


def is_encoding(name: str) -> bool:
    """Tell whether this is the name of an encoding of text."""
    try:
        b"x".decode(name, "replace")
        codecs.getincrementaldecoder(name)("replace").decode(b"x")
    except (LookupError, UnicodeError, ValueError):  # also of what is no encoding of text
        return False
    return True


def encoding_of(sample: bytes, rest: IO[bytes], *, format: str, limit: int) -> Encoding:
    """Return the encoding of a file of which nobody has said it."""
    for mark, name in MARKS.items():
        if sample.startswith(mark):
            return Encoding(name)
    # Latin letters of UTF-16 have a zero in every other byte.
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(sample) > 3 and sample[offset:START:2].count(0) * 2 > len(sample[offset:START:2]):
            return Encoding(name, is_guessed=True)
    if format == "ndjson":
        return Encoding("utf-8")  # as JSON has to be; a broken line spoils no other
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = seen = 0
    part = sample
    while part and seen < limit:
        seen += len(part)
        try:
            decoder.decode(part)
        except UnicodeDecodeError as error:
            number = before + part.count(b"\n", 0, error.start) + 1
            return Encoding(guess(part, number), is_guessed=True)
        before += part.count(b"\n")
        part = rest.read(SAMPLE)
    return Encoding("utf-8")


def guess(part: bytes, number: int) -> str:
    """Return the encoding that a part of a file seems to have, of which line `number` is not UTF-8."""
    lines = [line for line in part.splitlines() if not line.isascii()]
    best = charset_normalizer.from_bytes(b"\n".join(lines[:200])).best() if b"\0" not in part else None
    if best is None:
        raise UnusableFileError(
            f"Line {number} is not UTF-8, and its encoding cannot be told. Save the file as UTF-8, or say "
            "--encoding. Nothing was imported."
        )
    # Western text in a single byte a letter is, from offices, what Windows writes there.
    name = best.encoding
    western = {
        "latin_1",
        "cp1252",
        "iso8859_15",
        "iso8859_9",
        "cp1254",
        "cp1257",
        "cp1250",
        "mac_roman",
        "mac_iceland",
    }
    if name in western:
        with suppress(UnicodeDecodeError):
            b"\n".join(lines).decode("cp1252")
            return "windows-1252"
    return name.replace("cp125", "windows-125")


def lines_of(file: IO[bytes], encoding: Encoding) -> Iterator[str]:
    """Yield the lines of a file with their ends (LF, CR or both), without a byte order mark.

    What is not UTF-8 although it should be comes as lone surrogates (PEP 383).

    Raises: UnusableFileError for a line that is too long to be a row, or is not in the encoding.
    """
    errors = "surrogateescape" if codecs.lookup(encoding.name).name == "utf-8" else "strict"
    text = TextIOWrapper(file, encoding.name, errors=errors, newline="")
    number = 0
    try:
        for number, line in enumerate(iter(lambda: text.readline(MAX_LINE_LENGTH + 1), ""), 1):
            if len(line) > MAX_LINE_LENGTH:
                raise UnusableFileError(f"Line {number} is longer than {MAX_LINE_LENGTH} characters.")
            yield line.removeprefix(MARK) if number == 1 else line
    except UnicodeDecodeError as error:
        raise UnusableFileError(
            f"The file is not {encoding.name}: {error.reason}, somewhere after line {number}. "
            "Say another --encoding. Nothing of it was imported."
        ) from None
