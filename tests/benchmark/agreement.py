"""Sees that the peer answers and keeps what goalsvc does: whoever does less work is no peer."""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection

from matching.limits import MAX_VISITORS
from tests.benchmark.workloads import MATCHED_AT
from tests.benchmark.world import World

# What differs from one answer to the next, and sentences, which each contender words by itself.
VARYING = frozenset({"id", "created_at", "updated_at", "detail", "message", "match_id"})
KEPT = """
    SELECT code, source, goal_id IS NULL, visitor_identity, goal_matched_at, goal_value, external_id,
           detail = '', errors IS NULL, reason - 'message' - 'match_id', request_id IS NULL, count(*)
    FROM matching_matchattempt
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
"""
VISITORS = "SELECT count(*) FROM matching_visitor WHERE visitor_id LIKE %s"

Post = Callable[[str, Any], tuple[int, Any]]


def verify_agreement(world: World, bases: Mapping[str, str]) -> None:
    """Post the same to all; raise SystemExit where an answer differs, or what is kept."""
    told: dict[str, list[Any]] = {}
    for name, base in bases.items():
        mark = uuid4().hex[:8]  # so that what one has posted is not known to the next
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM matching_matchattempt")
        post = poster(base, world.token)
        told[name] = [plain(answer, mark) for answer in conversation(world, mark, post)]
        with connection.cursor() as cursor:
            cursor.execute(KEPT)
            told[name].append(("attempts", plain(cursor.fetchall(), mark)))
            cursor.execute(VISITORS, [f"%{mark}%"])
            told[name].append(("visitors", cursor.fetchall()))
    (first, expected), *others = told.items()
    for other, answers in others:
        for wanted, found in zip(expected, answers, strict=True):
            if difference := first_difference(wanted, found):
                raise SystemExit(f"{first} and {other} do not agree, {wanted[0]}: {difference}")


def first_difference(wanted: Any, found: Any, where: str = "") -> str | None:
    """Say where two answers differ first; None where they do not."""
    if wanted == found:
        return None
    if isinstance(wanted, dict) and isinstance(found, dict) and wanted.keys() == found.keys():
        pairs = [(name, wanted[name], found[name]) for name in wanted]
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = [(number, *both) for number, both in enumerate(zip(wanted, found, strict=True))]
    else:
        return f"{where} {str(wanted)[:500]} beside {str(found)[:500]}"
    return next(
        difference
        for name, ours, theirs in pairs
        if (difference := first_difference(ours, theirs, f"{where}/{name}"))
    )


def poster(base: str, token: str) -> Post:
    client = http.client.HTTPConnection(base.removeprefix("http://"), timeout=60)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def post(path: str, body: Any) -> tuple[int, Any]:
        method, sent = ("GET", None) if body is None else ("POST", json.dumps(body))
        client.request(method, path, body if isinstance(body, str) else sent, headers)
        response = client.getresponse()
        content = response.read()
        is_json = response.headers["Content-Type"] == "application/json"
        return response.status, json.loads(content) if is_json else content

    return post


def plain(value: Any, mark: str) -> Any:
    """Leave out of an answer what has to differ."""
    if isinstance(value, dict):
        is_of_errors = value and all(isinstance(told, list) for told in value.values())
        if is_of_errors and "results" not in value and all(map(is_of_texts, value.values())):
            return sorted(value)  # attributes at fault, each with its sentences
        return {name: plain(told, mark) for name, told in value.items() if name not in VARYING}
    if isinstance(value, (list, tuple)):
        return [plain(item, mark) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.replace(mark, "…") if isinstance(value, str) else value


def is_of_texts(value: list[Any]) -> bool:
    return all(isinstance(item, str) for item in value)


def conversation(world: World, mark: str, post: Post) -> Iterator[tuple[str, int, Any]]:
    """Post one thing after the other; yield what each is answered, with its name."""
    rooms = [str(room) for room in world.rooms]
    elsewhere = str(uuid4())
    sessions, identities = f"{world.base}/visitor_sessions", f"{world.base}/visitor_identities"
    matches = f"{world.base}/goals/{world.goal}/matches"

    def session(name: str, visitor: str = "a", **others: Any) -> dict[str, Any]:
        return {
            "visitor_session_id": f"{mark}-{name}",
            "visitor_id": f"{mark}-{visitor}",
            "started_at": "2026-03-01T12:00:00Z",
            "rooms": rooms[:2],
            **others,
        }

    def match(identity: str = "customer", **others: Any) -> dict[str, Any]:
        return {
            "visitor_identity": f"{mark}-{identity}",
            "goal_matched_at": MATCHED_AT,
            "rooms": rooms,
            "goal_value": "12.50",
            **others,
        }

    customer = f"{mark}-customer"
    named = match(external_id=f"{mark}-receipt")
    early = "2024-12-01T12:00:00Z"
    questions: list[tuple[str, str, Any]] = [
        ("new session", sessions, session("1")),
        ("earlier start, an end, another room", sessions, session(
            "1", started_at="2026-03-01T11:00:00+02:00", ended_at="2026-03-01T13:00:00Z", rooms=rooms[1:3])),
        ("later start, earlier end", sessions, session(
            "1", started_at="2026-03-01T12:30:00Z", ended_at="2026-03-01T12:40:00Z")),
        ("another visitor's session", sessions, session("1", "b")),
        ("unknown rooms", sessions, session("2", "c", rooms=[rooms[0], elsewhere])),
        ("end before start", sessions, session("2", "c", ended_at="2026-03-01T11:00:00Z")),
        ("faulty attributes", sessions, session("{{id}}", "c", started_at="2026-03-01", rooms=["x"])),
        ("session with an identity", sessions, session("3", "d", visitor_identity=customer)),
        ("new identity", identities, {"visitor_identity": customer, "visitor_id": f"{mark}-a"}),
        ("known identity", identities, {
            "visitor_identity": customer, "visitor_id": f"{mark}-a", "visitor_session_id": f"{mark}-1"}),
        ("identity of another visitor's session", identities, {
            "visitor_identity": customer, "visitor_id": f"{mark}-e", "visitor_session_id": f"{mark}-1"}),
        ("placeholder", identities, {"visitor_identity": "null", "visitor_id": f"{mark}-a"}),
        ("match", matches, match()),
        ("match by the other name", matches, {
            **match(), "visitor_identity": customer, "custom_visitor_identity": customer}),
        ("match without a value", matches, match(goal_value=None)),
        ("named match", matches, named),
        ("the same once more", matches, named),
        ("another of its external id", matches, {**named, "goal_value": "13.00"}),
        ("unknown identity", matches, match("nobody")),
        ("too early", matches, match(goal_matched_at=early)),
        ("ten hours too early", matches, match(goal_matched_at="2026-02-28T23:00:00Z")),
        ("no connected rooms", matches, match(rooms=rooms[5:])),
        ("unknown room", matches, match(rooms=[elsewhere])),
        ("value with three decimals", matches, match(goal_value="1.250")),
        ("everything faulty", matches, {"visitor_identity": 5, "rooms": [], "goal_value": "x"}),
        ("no object", matches, [1]),
        ("no JSON", matches, "{"),
        ("unknown goal", matches.replace(str(world.goal), elsewhere), match()),
        ("batch of sessions", f"{sessions}/batch", {"visitor_sessions": [
            session("4", "f"), session("4", "f", rooms=rooms[3:4]), session("4", "g"),
            session("1", "g"), session("5", "h", rooms=[elsewhere]), session("3", "d"), 7,
            session("6", "i", visitor_identity=customer)]}),
        ("batch of matches", f"{world.base}/matches/batch", {"matches": [
            {"goal_id": str(world.goal), **item} for item in (
                match(), {**named, "external_id": f"{mark}-other"}, {**named, "external_id": f"{mark}-other"},
                named, {**named, "goal_value": "13.00"}, match("nobody"), match(goal_matched_at=early),
                match(rooms=rooms[5:]), match(rooms=[elsewhere]), match(goal_value="x"),
                match(goal_id=elsewhere), match(goal_id="x"), match(goal_id=elsewhere, goal_value="x"))
            ] + [3]}),
        ("empty batch", f"{world.base}/matches/batch", {"matches": []}),
        ("goal", f"{world.base}/goals/{world.goal}", None),
        ("unknown goal's", f"{world.base}/goals/{elsewhere}", None),
        ("goals", f"{world.base}/goals?page_size=50", None),
    ]  # fmt: skip
    for name, path, body in questions:
        yield name, *post(path, body)
    yield from crowd(mark, identities, sessions, session, post)


def crowd(
    mark: str, identities: str, sessions: str, session: Callable[..., dict[str, Any]], post: Post
) -> Iterator[tuple[str, int, Any]]:
    """Tie an identity to as many visitors as it may have, and to one more."""
    crowded = f"{mark}-crowd"
    reports = [session(f"c{n}", f"c{n}", visitor_identity=crowded) for n in range(MAX_VISITORS - 1)]
    status, answer = post(f"{sessions}/batch", {"visitor_sessions": reports})
    yield "a crowd", status, answer["summary"]
    for visitor in ("last", "last", "beyond"):
        tied = {"visitor_identity": crowded, "visitor_id": f"{mark}-{visitor}"}
        yield f"the {visitor} of a crowd", *post(identities, tied)
    beyond = session("beyond", "beyond", visitor_identity=crowded)
    yield "a session beyond the crowd", *post(sessions, beyond)
    yield "the same in a batch", *post(f"{sessions}/batch", {"visitor_sessions": [beyond, session("7", "f")]})
