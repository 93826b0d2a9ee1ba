"""Reads request bodies: limits, gzip, JSON and NDJSON."""

import gzip
import json
import re
import zlib
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import IO, Any

import msgspec
from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from goalsvc.api.errors import PayloadTooLarge, field_error, quoted

MAX_DEPTH = 20
# A batch's items, each of which may have MAX_DEPTH levels, are inside an object and a list.
MAX_BATCH_DEPTH = MAX_DEPTH + 2
NESTING = frozenset({dict, list})
# Values in a body: more than the largest batch has. Each may take 200 bytes of memory once it is decoded.
MAX_VALUES = 600_000
# A gzip file may consist of several members. Tools that write one for each 64 KB need 256 for the largest
# body; to unpack millions of empty ones would take minutes.
GZIP_MEMBER = b"\x1f\x8b\x08"
MAX_GZIP_MEMBERS = 2000


def _number(text: str) -> Decimal:
    """Read a number with a fraction or an exponent as a decimal, so that a price stays exact.

    An exponent that is too large even for a decimal makes it infinite, which every field refuses.
    """
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


_decoder = msgspec.json.Decoder(float_hook=_number)


def decode(body: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """Read JSON; floats become `Decimal`.

    Raises: ParseError when it is no JSON, not UTF-8, or nested deeper than `max_depth` levels;
        PayloadTooLarge when it has too many values.
    """
    verify_value_count(body)
    try:
        data = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        data = _decode_leniently(body)
    except RecursionError:
        raise ParseError(f"The JSON is nested deeper than {max_depth} levels.") from None
    # Most bodies cannot be too deep: they have too few brackets.
    if body.count(b"[") + body.count(b"{") > max_depth and _is_deeper_than(data, max_depth):
        raise ParseError(f"The JSON is nested deeper than {max_depth} levels.")
    return data


def verify_value_count(body: bytes) -> None:
    """Raises: PayloadTooLarge for a body of more than MAX_VALUES values.

    Each value but the first follows one of three characters, which are counted inside texts as well.
    """
    if len(body) > MAX_VALUES and sum(body.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise PayloadTooLarge(MAX_VALUES, "values")


def _decode_leniently(body: bytes) -> Any:
    """Decode what the strict decoder refuses (NaN, infinities, lone surrogates), so its field is named."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(
            f"The request body is not UTF-8, at its byte {error.start + 1}. Send JSON as UTF-8."
        ) from None
    try:
        return json.loads(text, parse_float=_number, parse_int=_whole_number, parse_constant=Decimal)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise ParseError(f"The request body is not JSON: {quoted(reason, 200)}.") from None


def _whole_number(digits: str) -> int | Decimal:
    # Python's `int` raises for thousands of digits; a decimal is refused by its field instead.
    return int(digits) if len(digits) < 1000 else Decimal(digits)


def _is_deeper_than(value: Any, levels: int) -> bool:
    # Breadth first: a batch has thousands of values, nearly all of them in the same few levels.
    nested = [value] if type(value) in NESTING else []
    for _ in range(levels):
        if not nested:
            return False
        nested = [
            inner
            for outer in nested
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in NESTING
        ]
    return bool(nested)


class JSONParser(BaseParser):
    """Reads a JSON body of at most the view's `max_body_bytes`, nested at most `max_depth` levels."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        view = (parser_context or {}).get("view")
        body = read_body(stream, getattr(view, "max_body_bytes", settings.MAX_BODY_BYTES))
        return decode(body, getattr(view, "max_depth", MAX_DEPTH))


class Lines(list[Any]):
    """The values of an NDJSON body; for a line that is not JSON, its ParseError."""


class NDJSONParser(BaseParser):
    """Reads newline-delimited JSON. Blank lines are skipped; a broken line affects no other.

    The view's `max_items` limits the lines, and errors call them by its `items_name`.
    """

    media_type = "application/x-ndjson"
    # A line from its first character on. Lines end in LF, CR or both.
    LINE = re.compile(rb"[^ \t\r\n][^\r\n]*")

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        view = parser_context["view"]
        body = read_body(stream, view.max_body_bytes)
        verify_item_count(sum(1 for _ in self.LINE.finditer(body)), view.items_name, view.max_items)
        verify_value_count(body)
        return Lines(decode_line(line[0]) for line in self.LINE.finditer(body))


class NDJSONParserByOtherName(NDJSONParser):
    media_type = "application/ndjson"


class JSONLinesParser(NDJSONParser):
    media_type = "application/jsonl"


def decode_line(line: bytes) -> Any:
    """Read a line of NDJSON; return the ParseError of one that is not JSON.

    A fresh exception without the traceback: thousands of them, with their frames, would take gigabytes.
    """
    try:
        return decode(line)
    except ParseError as error:
        return ParseError(error.detail)


def read_items(data: Any, name: str, limit: int) -> list[Any]:
    """Return a batch's items: the list `name`, or NDJSON's lines. Raises: ValidationError, ParseError."""
    if isinstance(data, Lines):
        return data
    if not isinstance(data, dict):
        raise ParseError(f"The request body must be an object with the list “{name}”, or NDJSON.")
    if name not in data:
        raise field_error(name, "This field is required.")
    items = data[name]
    if not isinstance(items, list):
        raise field_error(name, "Not a list.")
    verify_item_count(len(items), name, limit)
    return items


def verify_item_count(count: int, name: str, limit: int) -> None:
    """Raises: ValidationError naming the list, unless it has 1 to `limit` items."""
    if not 1 <= count <= limit:
        raise field_error(name, f"Must have 1 to {limit} items, not {count}.")


def read_body(stream: Any, limit: int) -> bytes:
    """Read the request's body, decompressed.

    Raises: PayloadTooLarge for more than `limit` bytes, before reading them where the length is announced;
        UnsupportedMediaType for a compression other than gzip; ParseError for a body that is broken.
    """
    encoding = "identity"
    announced = 0
    if isinstance(stream, HttpRequest):
        announced = int(stream.META.get("CONTENT_LENGTH") or 0)
        encoding = stream.META.get("HTTP_CONTENT_ENCODING", "").strip().lower() or encoding
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise UnsupportedMediaType(
            encoding,
            f"The content encoding {quoted(encoding)} is not supported. Send the body as it is, or in gzip.",
        )
    if announced > limit:
        raise PayloadTooLarge(limit)
    try:
        body: bytes = stream.read(limit + 1)
    except OSError:
        raise ParseError("The request body ended before its announced length.") from None
    if len(body) > limit:
        raise PayloadTooLarge(limit)
    # A server may hand over what had arrived when the client broke off.
    if len(body) < announced:
        raise ParseError("The request body ended before its announced length.")
    return body if encoding == "identity" or not body else decompress(body, limit)


def decompress(body: bytes, limit: int) -> bytes:
    """Unpack gzip. Raises: PayloadTooLarge beyond `limit` bytes, ParseError when it is broken."""
    if body.count(GZIP_MEMBER) > MAX_GZIP_MEMBERS:
        raise ParseError("The request body has too many members of gzip. Compress it as a whole.")
    try:
        unpacked = gzip.GzipFile(fileobj=BytesIO(body)).read(limit + 1)
    except EOFError:
        raise ParseError("The request body ends in the middle of its gzip.") from None
    except (OSError, zlib.error):
        raise ParseError("The request body is not gzip, as its Content-Encoding says.") from None
    if len(unpacked) > limit:
        raise PayloadTooLarge(limit)
    return unpacked
