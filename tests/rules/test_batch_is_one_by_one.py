"""A batch does what its items would do one by one: held against each other on generated worlds.

The worlds are small, so that everything happens: ties, repetitions, conflicts, holds that settle or expire,
things that are foreign, archived, deleted, retracted or invalid. Each example is played twice from the same
beginning, and rolled back.

More examples, new ones each time: PROPERTY_EXAMPLES=2000 pytest tests/rules/test_batch_is_one_by_one.py
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from goals.models import Goal
from goalsvc.orgs.models import Organization, Room
from matching.models import (
    ExternalMatch,
    MatchAttempt,
    PendingMatch,
    ReplayTally,
    Visitor,
    VisitorIdentity,
    VisitorSession,
)
from tests.conftest import Client
from tests.factories import (
    UNKNOWN_ID,
    GoalFactory,
    RoomFactory,
    UserFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    allow_rooms,
    issue_token,
)

NOON = datetime(2016, 10, 10, 12, tzinfo=UTC)
LONG_AGO = datetime(2016, 11, 10, tzinfo=UTC)


def examples(number: int) -> Any:
    """Run so many examples, always the same, unless the environment asks for others."""
    asked_for = int(os.environ.get("PROPERTY_EXAMPLES", "0"))
    return settings(
        max_examples=asked_for or number,
        derandomize=not asked_for,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@dataclass(frozen=True)
class World:
    organization: Organization
    client: Client
    url: str
    rooms: dict[str, str]  # their ids, by what they are
    goals: dict[str, str]


@pytest.fixture
def world(organization, other_organization):
    room = {
        "web": RoomFactory.create(organization=organization),
        "store": RoomFactory.create(organization=organization),
        "archived": RoomFactory.create(organization=organization, archived_at=LONG_AGO),
        "foreign": RoomFactory.create(organization=other_organization),
    }
    goal = {
        "anywhere": GoalFactory.create(organization=organization),
        "web": GoalFactory.create(rooms=[room["web"], room["archived"]], default_value="5.00"),
        "deleted": GoalFactory.create(organization=organization, deleted_at=LONG_AGO),
        "foreign": GoalFactory.create(organization=other_organization),
    }
    client = Client(issue_token(UserFactory.create(organization=organization)))
    client.get("/api/v5/users/me")
    return World(
        organization,
        client,
        f"/api/v5/orgs/{organization.id}",
        {name: str(room.id) for name, room in room.items()} | {"unknown": str(UNKNOWN_ID)},
        {name: str(goal.id) for name, goal in goal.items()} | {"unknown": str(UNKNOWN_ID), "none": "goal"},
    )


def rarely(usual: st.SearchStrategy[Any], unusual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 11).flatmap(lambda n: unusual if n == 11 else usual)


minutes = st.integers(0, 4)
own_rooms = st.sampled_from([["web"], ["store"], ["web", "store"], []])
people = st.sampled_from(["ann", "bob", "cid"])
visitors = st.sampled_from(["phone", "laptop"])


def minute(number: int) -> str:
    return (NOON + timedelta(minutes=number)).isoformat()


# The matches to post: by the names of the world's rooms and goals, which each example puts in.

ABSENT = "absent"
match_items = st.fixed_dictionaries(
    {
        "goal_id": rarely(
            st.sampled_from(["anywhere", "web"]), st.sampled_from(["deleted", "foreign", "unknown", "none"])
        ),
        "visitor_identity": rarely(people, st.sampled_from([" ann ", "", 5, None, ABSENT])),
        "goal_matched_at": rarely(
            st.integers(2, 5).map(minute), st.sampled_from(["2016-10-10", "2099-01-01T00:00:00Z"])
        ),
        "rooms": rarely(
            st.sampled_from([["web"], ["store"], ["web", "store"], ["store", "web", "web"]]),
            st.lists(st.sampled_from(["web", "archived", "foreign", "unknown"]), max_size=3),
        ),
        "goal_value": rarely(st.sampled_from(["1.00", 1, ABSENT]), st.sampled_from([None, "x", 1e13])),
        "external_id": rarely(st.sampled_from(["x", "y", ABSENT]), st.sampled_from([None, " x ", 5])),
        "if_unmatched": rarely(st.sampled_from(["hold", ABSENT]), st.sampled_from(["reject", "later"])),
    }
)


@dataclass(frozen=True)
class Story:
    """What is known beforehand, what was posted before, what has happened to that, and what is posted now."""

    identities: list[tuple[str, str]]
    sessions: list[tuple[str, int, list[str]]]
    earlier: list[dict[str, Any]]
    events: list[str]
    items: list[dict[str, Any]]
    is_ndjson: bool


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw a story in which much of what is posted is posted again."""
    item = st.sampled_from(draw(st.lists(match_items, min_size=3, max_size=4)))
    return Story(
        identities=draw(st.lists(st.tuples(people, visitors), min_size=2, max_size=4, unique=True)),
        sessions=draw(st.lists(st.tuples(visitors, minutes, own_rooms), min_size=2, max_size=4)),
        earlier=draw(st.lists(item, min_size=1, max_size=3)),
        events=draw(st.lists(st.sampled_from(EVENTS), max_size=2)),
        items=draw(st.lists(rarely(item, match_items), min_size=4, max_size=8)),
        is_ndjson=draw(st.booleans()),
    )


def tell(world: World, story: Story) -> None:
    """Bring the world to where the items are posted."""
    for name in ("phone", "laptop"):
        VisitorFactory.create(organization=world.organization, visitor_id=name)
    of = {visitor.visitor_id: visitor for visitor in world.organization.visitors.all()}
    for identity, visitor in story.identities:
        VisitorIdentityFactory.create(visitor=of[visitor], identity=identity)
    for number, (visitor, started, rooms) in enumerate(story.sessions):
        VisitorSessionFactory.create(
            id=UUID(int=number),
            visitor=of[visitor],
            visitor_session_id=f"session {number}",
            started_at=NOON + timedelta(minutes=started),
            room_ids=[UUID(world.rooms[room]) for room in rooms],
        )
    post_each(world, story.earlier)
    for what in story.events:
        happen(world, what, of["phone"])


EVENTS = ["retract", "expire", "cancel", "allow", "arrive"]


def happen(world: World, what: str, visitor: Visitor) -> None:
    match what:
        case "retract":
            ExternalMatch.objects.update(retracted_at=LONG_AGO)
        case "expire":
            PendingMatch.objects.filter(status="pending").update(expires_at=LONG_AGO)
        case "cancel":
            PendingMatch.objects.filter(status="pending").update(status="cancelled", resolved_at=LONG_AGO)
        case "allow":  # no arrival: what is held stays held until it is asked for again
            goal = Goal.objects.get(id=world.goals["web"])
            if goal.allowed_rooms.count() < 3:
                allow_rooms(goal, [Room.objects.get(id=world.rooms["store"])])
        case "arrive":  # behind the back of the API, so that what is held stays held as well
            VisitorIdentity.objects.get_or_create(
                organization=world.organization,
                identity="cid",
                visitor=visitor,
                defaults={"created_at": NOON},
            )


def body_of(world: World, item: dict[str, Any]) -> dict[str, Any]:
    named = {**item, "rooms": [world.rooms[room] for room in item["rooms"]]}
    return {name: value for name, value in named.items() if value != ABSENT}


def post_each(world: World, items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Post the items one by one; return what a batch should say of each."""
    results = []
    for item in items:
        body = body_of(world, item)
        goal = world.goals[body.pop("goal_id")]
        response = world.client.post(f"{world.url}/goals/{goal}/matches", body)
        answer = response.json()
        result: dict[str, Any] = {"status": response.status_code}
        if response.status_code in {200, 202}:
            result["match" if response.status_code == 200 else "pending_match"] = answer
            if response.headers.get("Idempotent-Replay") == "true":
                result["is_replay"] = True
        elif response.status_code == 400:
            result |= {"code": "validation_error", "errors": answer}
        else:
            result |= answer
        results.append(result)
    return results


def post_all(world: World, story: Story) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Post the items as a batch; return the results and the summary."""
    items = [{**body_of(world, item), "goal_id": world.goals[item["goal_id"]]} for item in story.items]
    url = f"{world.url}/matches/batch"
    if story.is_ndjson:
        lines = "\n".join(map(json.dumps, items))
        response = world.client.send("POST", url, lines.encode(), "application/x-ndjson")
    else:
        response = world.client.post(url, {"matches": items})
    assert response.status_code == 200, response.content
    answer = response.json()
    assert [result.pop("index") for result in answer["results"]] == list(range(len(items)))
    for result in answer["results"]:
        if result["status"] == 400:
            assert result.pop("detail") == "Some attributes are missing or invalid."
    return answer["results"], answer["summary"]


def summary_of(results: list[dict[str, Any]]) -> dict[str, Any]:
    codes = [result["code"] for result in results if "code" in result]
    return {
        "received": len(results),
        "created": sum("match" in result and "is_replay" not in result for result in results),
        "replayed": sum("is_replay" in result for result in results),
        "pending": sum("pending_match" in result and "is_replay" not in result for result in results),
        "failed": len(codes),
        "by_code": {code: codes.count(code) for code in set(codes)},
    }


MOMENTS_OF_POSTING = {"created_at", "expires_at", "resolved_at"}


class Names:
    """Names for the ids of new rows, by when they were first seen: other ids each time, the same names."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def of(self, pk: Any) -> str | None:
        return None if pk is None else self.names.setdefault(str(pk), f"row {len(self.names)}")

    def without_ids(self, result: dict[str, Any]) -> dict[str, Any]:
        for name in ("match", "pending_match"):
            if name in result:
                row = {key: value for key, value in result[name].items() if key not in MOMENTS_OF_POSTING}
                row |= {key: self.of(row[key]) for key in ("id", "match_id") if key in row}
                result = {**result, name: row}
        if "reason" in result:
            result = {**result, "reason": self.of_reason(result["reason"])}
        return result

    def of_reason(self, reason: dict[str, Any] | None) -> dict[str, Any] | None:
        ids = {"match_id", "pending_match_id"} & (reason or {}).keys()
        return (reason or {}) | {name: self.of((reason or {})[name]) for name in ids}


def rows_of(names: Names) -> dict[str, list[str]]:
    """All that was written, without ids and moments of posting."""

    def matches() -> Iterable[Any]:
        for match in ExternalMatch.objects.order_by("id"):
            yield [
                names.of(match.id), match.goal_id, match.session_id, match.visitor_identity,
                match.goal_matched_at, match.session_started_at, match.goal_value, match.goal_value_source,
                match.room_ids, match.unconnected_room_ids, match.external_id, match.created_by_id,
                match.retracted_at,
            ]  # fmt: skip

    def pendings() -> Iterable[Any]:
        for held in PendingMatch.objects.order_by("id"):
            yield [
                names.of(held.id), held.goal_id, held.visitor_identity, held.goal_matched_at, held.goal_value,
                held.room_ids, held.external_id, held.status, held.code, names.of_reason(held.reason),
                names.of(held.match_id), held.created_by_id, held.resolved_at is None,
            ]  # fmt: skip

    def attempts() -> Iterable[Any]:
        for attempt in MatchAttempt.objects.order_by("id"):
            yield [
                attempt.goal_id, attempt.visitor_identity, attempt.goal_matched_at, attempt.external_id,
                attempt.code, attempt.detail, attempt.errors, names.of_reason(attempt.reason),
                attempt.created_by_id,
            ]  # fmt: skip

    def tallies() -> Iterable[Any]:
        return ReplayTally.objects.values_list("goal_id", "count")

    tables: list[Callable[[], Iterable[Any]]] = [matches, pendings, attempts, tallies]
    return {table.__name__: sorted(map(repr, table())) for table in tables}


def play(world: World, story: Story, post: Callable[[], tuple[list[dict[str, Any]], Any]]) -> Any:
    """Tell the story, post its items, and undo everything; return what was answered and what was written."""
    with transaction.atomic():
        tell(world, story)
        results, summary = post()
        names = Names()
        answers = [names.without_ids(result) for result in results]
        rows = rows_of(names)
        transaction.set_rollback(True)
    return answers, summary, rows


@examples(60)
@given(story=stories())
def test_a_batch_of_matches_does_what_they_would_do_one_by_one(world, story):
    def one_by_one():
        results = post_each(world, story.items)
        return results, summary_of(results)

    expected_answers, expected_summary, expected_rows = play(world, story, one_by_one)
    answers, summary, rows = play(world, story, lambda: post_all(world, story))

    for answer in answers:
        event(
            f"{answer['status']} {answer.get('code', '')} {'again' if 'is_replay' in answer else ''}".strip()
        )
    assert answers == expected_answers
    assert summary == expected_summary
    assert rows == expected_rows


@examples(25)
@given(story=stories())
def test_a_rehearsal_of_a_batch_says_what_the_batch_would_and_writes_nothing(world, story):
    with transaction.atomic():
        tell(world, story)
        before = everything()
        url = f"{world.url}/matches/batch?validate_only=true"
        items = [{**body_of(world, item), "goal_id": world.goals[item["goal_id"]]} for item in story.items]
        rehearsal = world.client.post(url, {"matches": items}).json()
        assert everything() == before
        results, summary = post_all(world, story)
        transaction.set_rollback(True)

    written_before = {str(pk) for pk, *_ in before["matches"] + before["pendings"]}
    for number, (rehearsed, real) in enumerate(zip(rehearsal["results"], results, strict=True)):
        assert rehearsed.pop("index") == number
        for name in ("match", "pending_match"):
            if name in real:
                pk = real[name].pop("id")
                assert rehearsed[name].pop("id") == (pk if pk in written_before else None)
                for key in ("created_at", "expires_at", "resolved_at", "match_id"):
                    assert (rehearsed[name].pop(key, None) is None) == (real[name].pop(key, None) is None)
        for name in {"match_id", "pending_match_id"} & (real.get("reason") or {}).keys():
            pk = real["reason"].pop(name)
            assert rehearsed["reason"].pop(name) == (pk if pk in written_before else None)
        if rehearsed["status"] == 400:
            rehearsed.pop("detail")
        assert rehearsed == real
    assert rehearsal["summary"] == summary


def everything() -> dict[str, list[Any]]:
    tables = {
        "matches": ExternalMatch,
        "pendings": PendingMatch,
        "attempts": MatchAttempt,
        "tallies": ReplayTally,
    }
    return {name: list(model._default_manager.order_by("id").values_list()) for name, model in tables.items()}


# Sessions and identities

session_ids = st.sampled_from(["s", "t", "u"])
session_items = st.fixed_dictionaries(
    {
        "visitor_session_id": rarely(session_ids, st.sampled_from(["", " s ", 5, ABSENT])),
        "visitor_id": rarely(visitors, st.sampled_from(["tablet", None])),
        "started_at": rarely(minutes.map(minute), st.just("noon")),
        "ended_at": rarely(st.sampled_from([ABSENT, None, minute(3), minute(5)]), st.just(minute(0))),
        "rooms": rarely(own_rooms, st.lists(st.sampled_from(["web", "archived", "foreign"]), max_size=2)),
        "visitor_identity": rarely(st.sampled_from([ABSENT, "ann", "bob"]), st.sampled_from([None, ""])),
    }
)
identity_items = st.fixed_dictionaries(
    {
        "visitor_identity": rarely(people, st.sampled_from(["", 5, ABSENT])),
        "visitor_id": rarely(visitors, st.sampled_from(["tablet", None])),
        "visitor_session_id": rarely(st.sampled_from([ABSENT, "s", "t"]), st.sampled_from([None, " t ", ""])),
    }
)


def known_rows() -> Any:
    """All that is known of visitors, without ids and moments of posting."""
    return (
        sorted(Visitor.objects.values_list("visitor_id", flat=True)),
        sorted(
            VisitorIdentity.objects.values_list("identity", "visitor__visitor_id", "visitor_session_id"),
            key=repr,
        ),
        sorted(
            VisitorSession.objects.values_list(
                "visitor_session_id", "visitor__visitor_id", "started_at", "ended_at", "room_ids"
            )
        ),
    )


def report_both_ways(world: World, path: str, name: str, sessions: list[Any], items: list[Any]) -> None:
    """Report items one by one and as a batch; the answers and what is known then must be the same."""

    def named(item: dict[str, Any]) -> dict[str, Any]:
        body = {key: value for key, value in item.items() if value != ABSENT}
        return body | ({"rooms": [world.rooms[room] for room in body["rooms"]]} if "rooms" in body else {})

    bodies = [named(item) for item in items]
    with transaction.atomic():
        for session in sessions:
            world.client.post(f"{world.url}/visitor_sessions", named(session))
        with transaction.atomic():
            singles = [world.client.post(f"{world.url}/{path}", body) for body in bodies]
            expected_rows = known_rows()
            transaction.set_rollback(True)
        batch = world.client.post(f"{world.url}/{path}/batch", {path: bodies}).json()
        rows = known_rows()
        transaction.set_rollback(True)

    for number, (single, result) in enumerate(zip(singles, batch["results"], strict=True)):
        assert (result["index"], result["status"]) == (number, single.status_code)
        if single.status_code == 400:
            assert (result["code"], result["errors"]) == ("validation_error", single.json())
        elif single.status_code == 409:
            assert {"code": result["code"], "detail": result["detail"]} == single.json()
        else:
            stays = {"visitor_identity", "visitor_id", "organization_id"}
            assert {key: result[name][key] for key in stays & set(result[name])} == {
                key: value for key, value in single.json().items() if key in stays
            }
    assert rows == expected_rows
    statuses = [single.status_code for single in singles]
    assert batch["summary"] == {
        "received": len(items),
        "created": statuses.count(201),
        "known": statuses.count(200),
        "failed": statuses.count(400) + statuses.count(409),
        "by_code": {
            code: statuses.count(status)
            for code, status in {"validation_error": 400, "session_visitor_conflict": 409}.items()
            if status in statuses
        },
    }


@examples(40)
@given(known=st.lists(session_items, max_size=2), items=st.lists(session_items, min_size=1, max_size=8))
def test_a_batch_of_sessions_does_what_they_would_do_one_by_one(world, known, items):
    report_both_ways(world, "visitor_sessions", "visitor_session", known, items)


@examples(25)
@given(known=st.lists(session_items, max_size=3), items=st.lists(identity_items, min_size=1, max_size=8))
def test_a_batch_of_identities_does_what_they_would_do_one_by_one(world, known, items):
    report_both_ways(world, "visitor_identities", "visitor_identity", known, items)
