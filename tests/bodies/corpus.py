"""The worst bodies that the limits admit, of any size: what each is meant to exhaust is its name."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

MEBIBYTE = 1024 * 1024
JSON = "application/json"
NDJSON = "application/x-ndjson"
GZIP = {"Content-Encoding": "gzip"}
KEY = {"Idempotency-Key": "the-worst"}


@dataclass(frozen=True)
class Body:
    """A request whose body is as bad as can be."""

    name: str
    path: str  # behind the organization's
    make: Callable[[int], bytes]  # of at most so many bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    most: int = 16 * MEBIBYTE  # bytes, as the endpoint has it


@dataclass(frozen=True)
class World:
    """Of an organization: what bodies name."""

    goal: str
    room: str


def filled(start: bytes, part: bytes, end: bytes, size: int) -> bytes:
    """Repeat a part as often as it fits; a last comma goes."""
    count = max(0, size - len(start) - len(end)) // len(part)
    return start + (part * count).rstrip(b",") + end


def items(name: str, item: Mapping[str, object], size: int, count: int = 5000) -> bytes:
    """Make a batch of one item again and again, `#` being the number of each; as many as fit."""
    text = json.dumps(item)
    count = min(count, max(1, (size - 30) // (len(text) + 6)))
    return f'{{"{name}": [{", ".join(text.replace("#", str(number)) for number in range(count))}]}}'.encode()


def lines(item: Mapping[str, object], size: int, end: bytes = b"\n", count: int = 5000) -> bytes:
    text = json.dumps(item)
    count = min(count, max(1, size // (len(text) + 6)))
    return end.join(text.replace("#", str(number)).encode() for number in range(count))


def numbered(start: str, part: Callable[[int], str], end: str, size: int, count: int) -> bytes:
    """Join parts that tell their numbers, as many as fit and at most so many."""
    longest = len(part(count)) + 1
    count = min(count, (size - len(start) - len(end)) // longest)
    return (start + ",".join(map(part, range(count))) + end).encode()


def repeated(part: bytes, most: int, size: int) -> bytes:
    """Make a list of one value again and again, at most so often."""
    return filled(b'{"matches":[', part, b"]}", min(size, most * len(part)))


UNKNOWN = "01234567-0000-7000-8000-00000000"  # but for four digits, a room's id
ROOMS_OF_AN_ITEM = 39 * 83  # bytes: as many as fit into each of 5,000 items in 16 MiB


def with_unknown_rooms(name: str, item: Mapping[str, object], size: int) -> bytes:
    count = max(1, min(size // 5000, ROOMS_OF_AN_ITEM) // 41)
    return items(name, {**item, "rooms": [f"{UNKNOWN}{number:04}" for number in range(count)]}, size)


def worst_bodies(world: World) -> Iterator[Body]:
    match = {
        "goal_id": world.goal,
        "visitor_identity": "customer-#",
        "goal_matched_at": "2026-01-01T00:00:00Z",
        "rooms": [world.room],
    }
    session = {
        "visitor_session_id": "worst-#",
        "visitor_id": "worst-#",
        "started_at": "2026-01-01T00:00:00Z",
        "rooms": [world.room],
    }
    matches, sessions, identities = "/matches/batch", "/visitor_sessions/batch", "/visitor_identities/batch"

    for path in (matches, sessions, identities):
        yield Body("broken lines", path, lambda n: b"{\n" * (n // 2), NDJSON)
        yield Body(
            "5000 broken lines", path, lambda n: (b"{" + b"[" * (n // 5000 - 2) + b"\n") * 5000, NDJSON
        )
    yield Body("blank lines", matches, lambda n: b"\n" * n, NDJSON)
    yield Body("blank lines with CR", matches, lambda n: b"\r\n" * (n // 2), NDJSON)
    yield Body("spaces", matches, lambda n: b" " * n, NDJSON)
    yield Body("one line of lists", matches, lambda n: filled(b"[", b"[],", b"]", n), NDJSON)
    yield Body("one long line", matches, lambda n: b'"' + b"x" * (n - 2) + b'"', NDJSON)
    yield Body("5001 lines", matches, lambda n: lines(match, n, count=5001), NDJSON)
    yield Body("5000 lines", matches, lambda n: lines(match, n), NDJSON)
    yield Body("lines of numbers", matches, lambda n: b"1\n" * (n // 2), NDJSON)

    yield Body("empty objects", matches, lambda n: filled(b'{"matches":[', b"{},", b"]}", n))
    yield Body("objects", matches, lambda n: filled(b'{"matches":[', b'{"":0},', b"]}", n))
    yield Body("lists", matches, lambda n: filled(b'{"matches":[', b"[[]],", b"]}", n))
    yield Body("numbers", sessions, lambda n: filled(b'{"visitor_sessions":[', b"0,", b"]}", n))
    yield Body("decimals", matches, lambda n: filled(b'{"matches":[', b"1.5,", b"]}", n))
    yield Body("broken decimals", matches, lambda n: filled(b'{"matches":[', b"1.5,", b"]", n))
    yield Body("texts", matches, lambda n: filled(b'{"matches":[', b'"ab",', b"]}", n))
    yield Body("lone surrogates", matches, lambda n: filled(b'{"matches":[', b'"\\ud800",', b"]}", n))
    # Just as many as may be.
    for name, part in (
        ("decimals", b"12345.5,"),
        ("objects", b'{"":1.5},'),
        ("texts", b'"abcdefghi",'),
        ("surrogates", b'"\\ud800abc",'),
    ):
        most = 290_000 if name == "objects" else 590_000
        yield Body(
            f"just so many {name}",
            matches,
            partial(repeated, part, most),
        )
    yield Body("open lists", matches, lambda n: b"[" * n)
    yield Body("open objects", matches, lambda n: b'{"a":' * (n // 5))
    yield Body(
        "one long text", matches, lambda n: b'{"matches":"' + b"x" * (n - 20) + "\U0001f600".encode() + b'"}'
    )
    yield Body("not UTF-8", matches, lambda n: b'{"matches":"' + b"\xe4" * (n - 14) + b'"}')
    for name, headers in (("", {}), (" with a key", KEY)):
        yield Body(
            f"names and decimals{name}",
            matches,
            lambda n: numbered('{"matches":[{', lambda i: f'"{i:06}":1.5', "}]}", n, 590_000),
            headers=headers,
        )
        yield Body(
            f"wide texts{name}",
            matches,
            lambda n: (
                b'{"matches":['
                + b",".join([b'{"a":"' + b"x" * (n // 5100) + "é\U0001f600".encode() + b'"}'] * 5000)
                + b"]}"
            ),
            headers=headers,
        )

    yield Body("5000 matches", matches, lambda n: items("matches", match, n))
    yield Body(
        "5000 matches to hold", matches, lambda n: items("matches", {**match, "if_unmatched": "hold"}, n)
    )
    yield Body("5000 of nothing", matches, lambda n: filled(b'{"matches":[', b"{},", b"]}", min(n, 15_010)))
    yield Body(
        "bad rooms",
        matches,
        lambda n: items("matches", {**match, "rooms": ["x"] * min(100, n // 5000 // 5)}, n),
    )
    for path, name, item in ((matches, "matches", match), (sessions, "visitor_sessions", session)):
        yield Body(
            "unknown rooms",
            path,
            partial(with_unknown_rooms, name, item),
        )
    yield Body(
        "long identities",
        matches,
        lambda n: items("matches", {**match, "visitor_identity": "\x01" * (n // 40_000)}, n),
    )
    yield Body("5000 sessions", sessions, lambda n: items("visitor_sessions", session, n))
    yield Body(
        "one session",
        sessions,
        lambda n: items("visitor_sessions", {**session, "visitor_session_id": "w"}, n),
    )

    single, goals = f"/goals/{world.goal}/matches", "/goals"
    for size in (MEBIBYTE,):
        yield Body("bad rooms of one", single, lambda n: filled(b'{"rooms":[', b'"",', b"]}", n), most=size)
        yield Body(
            "bad rooms of a goal", goals, lambda n: filled(b'{"allowed_rooms":[', b'"",', b"]}", n), most=size
        )
        yield Body(
            "unknown rooms of a goal",
            goals,
            lambda n: numbered(
                '{"name":"a","is_any_room_allowed":false,"conditions":[],"allowed_rooms":[',
                lambda i: f'"{UNKNOWN[:-4]}{i:08}"',
                "]}",
                n,
                30_000,
            ),
            most=size,
        )
        yield Body(
            "conditions",
            goals,
            lambda n: filled(
                b'{"name":"a","is_any_room_allowed":true,"allowed_rooms":[],"conditions":[', b"{},", b"]}", n
            ),
            most=size,
        )
        yield Body("a long name", goals, lambda n: b'{"name":"' + b" \t" * ((n - 20) // 2) + b'"}', most=size)

    def bomb(part: bytes) -> Callable[[int], bytes]:
        return lambda n: gzip.compress(part * (64 * n // len(part)), 9)[:n]

    yield Body("gzip of spaces", matches, bomb(b" "), headers=GZIP)
    yield Body("gzip of lines", matches, bomb(b"{\n"), NDJSON, GZIP)
    yield Body(
        "gzip of objects",
        matches,
        lambda n: gzip.compress(filled(b'{"matches":[', b'{"":0},', b"]}", n)),
        headers=GZIP,
    )
    yield Body("gzip of one", single, bomb(b" "), headers=GZIP, most=MEBIBYTE)
    yield Body("cut gzip", matches, lambda n: gzip.compress(b" " * n)[:-9], headers=GZIP)
    yield Body("no gzip", matches, lambda n: b" " * n, headers=GZIP)
    yield Body("empty members of gzip", matches, lambda n: gzip.compress(b"") * (n // 20), headers=GZIP)
