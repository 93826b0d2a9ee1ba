"""Reads bodies: the same values are taken and refused as the service takes and refuses."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any

import msgspec
from asyncpg.pgproto.pgproto import UUID  # which is compared ten times as fast as Python's
from fastapi import Request

from goalsvc.api.identifiers import INVISIBLE, SHORTENED, is_placeholder
from matching.limits import (
    MAX_BATCH_ITEMS,
    MAX_EXTERNAL_ID_LENGTH,
    MAX_IDENTITY_LENGTH,
    MAX_ROOMS,
    MAX_TRACKING_ID_LENGTH,
)
from tests.benchmark.peer.answers import RefusedError, invalid, refused

Fields = dict[str, Any]
Readers = Mapping[str, Callable[[Any], Any]]

decoder = msgspec.json.Decoder(float_hook=Decimal)

UUID_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I | re.ASCII)
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
USUAL_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
MOMENT = re.compile(r"(\d{4}-?\d\d-?\d\d[Tt ]\d\d[\d:.,]*) ?([Zz]|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
USUAL_VALUE = re.compile(r"\d{1,12}\.\d\d", re.ASCII)
VALUE = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
AMBIGUOUS_VALUE = re.compile(r"[+-]?\d*\.\d{3}", re.ASCII)
FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def read_uuid(text: str) -> UUID | None:
    return UUID(text) if UUID_FORM.fullmatch(text) else None


def read_identifier(value: Any, longest: int) -> str:
    if not isinstance(value, str) or FORBIDDEN.search(value):
        raise ValueError("Not a string, or with control characters.")
    text = value.strip()
    if not 1 <= len(text) <= longest:
        raise ValueError(f"Must have 1 to {longest} characters.")
    if INVISIBLE.search(text) or SHORTENED.fullmatch(text) or is_placeholder(text):
        raise ValueError("Not an id.")
    return text


def read_moment(value: Any) -> datetime:
    if isinstance(value, str) and USUAL_MOMENT.fullmatch(value):
        read = datetime.fromisoformat(value)
    else:
        found = MOMENT.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= 64 else None
        if found is None:
            raise ValueError("Not an ISO 8601 date and time.")
        read = datetime.fromisoformat("".join(found.groups("")).upper())
        read = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    if not FIRST_MOMENT <= read <= datetime.now(UTC) + timedelta(hours=24):
        raise ValueError("Before the year 2000, or more than 24 hours in the future.")
    return read


def read_rooms(value: Any, fewest: int) -> Sequence[UUID]:
    if not isinstance(value, list) or not fewest <= len(value) <= MAX_ROOMS:
        raise ValueError(f"Must be a list of {fewest} to {MAX_ROOMS} room ids.")
    if not all(isinstance(item, str) for item in value):
        raise ValueError("Not UUIDs.")
    return read_same_rooms(tuple(value))


# Those who post name the same rooms again and again.
@lru_cache(maxsize=1024)
def read_same_rooms(texts: tuple[str, ...]) -> Sequence[UUID]:
    rooms = tuple(dict.fromkeys(map(read_uuid, texts)))
    if None in rooms:
        raise ValueError("Not UUIDs.")
    return rooms


def read_value(value: Any) -> Decimal:
    if isinstance(value, str):
        if USUAL_VALUE.fullmatch(value):
            return Decimal(value)
        text = value.strip()
        if len(text) > 64 or not VALUE.fullmatch(text) or AMBIGUOUS_VALUE.fullmatch(text):
            raise ValueError("Not a decimal number.")
        value = text
    elif isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError("Not a decimal number.")
    try:
        read = Decimal(value)
        if not read.is_finite() or read.copy_abs() >= 10**12 or read != read.quantize(Decimal("0.01")):
            raise ValueError("At most 14 digits are allowed, 2 of them decimals.")
        return read.quantize(Decimal("0.01")) + 0
    except InvalidOperation:
        raise ValueError("Not a decimal number.") from None


def optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def only_reject(value: Any) -> None:
    if value not in (None, "reject"):
        raise ValueError("The peer holds nothing.")


read_identity = partial(read_identifier, longest=MAX_IDENTITY_LENGTH)
read_tracking_id = partial(read_identifier, longest=MAX_TRACKING_ID_LENGTH)
MATCH: Readers = {
    "visitor_identity": read_identity,
    "goal_matched_at": read_moment,
    "rooms": partial(read_rooms, fewest=1),
    "goal_value": optional(read_value),
    "external_id": optional(partial(read_identifier, longest=MAX_EXTERNAL_ID_LENGTH)),
    "if_unmatched": only_reject,
}
SESSION: Readers = {
    "visitor_session_id": read_tracking_id,
    "visitor_id": read_tracking_id,
    "started_at": read_moment,
    "ended_at": optional(read_moment),
    "rooms": partial(read_rooms, fewest=0),
    "visitor_identity": optional(read_identity),
}
IDENTITY: Readers = {
    "visitor_identity": read_identity,
    "visitor_id": read_tracking_id,
    "visitor_session_id": optional(read_tracking_id),
}


def read_fields(data: Any, readers: Readers) -> tuple[Fields, dict[str, list[str]]]:
    """Read the attributes of an object; return those that are fine, and what is wrong with the others."""
    fields: Fields = {}
    errors: dict[str, list[str]] = {}
    if not isinstance(data, dict):
        return fields, {"non_field_errors": ["Not an object."]}
    if "custom_visitor_identity" in data:
        name = data["custom_visitor_identity"]
        if data.get("visitor_identity", name) != name:
            errors["visitor_identity"] = ["visitor_identity and custom_visitor_identity disagree."]
        data = {**data, "visitor_identity": name}
    for name, read in readers.items():
        try:
            fields[name] = read(data.get(name))
        except (ValueError, OverflowError) as error:
            errors[name] = [str(error)]
    if readers is SESSION and not errors and fields["ended_at"] and fields["ended_at"] < fields["started_at"]:
        errors["ended_at"] = ["A session cannot end before it starts."]
    return fields, errors


async def read_json(request: Request) -> Any:
    """Decode the body. Raises: RefusedError."""
    try:
        return decoder.decode(await request.body())
    except msgspec.MsgspecError:
        raise refused(400, "parse_error") from None


async def read_items(request: Request, name: str) -> list[Any]:
    """Decode the body of a batch. Raises: RefusedError."""
    data = await read_json(request)
    items = data.get(name) if isinstance(data, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_BATCH_ITEMS:
        raise RefusedError(invalid({name: [f"Must be a list of 1 to {MAX_BATCH_ITEMS} items."]}))
    return items
