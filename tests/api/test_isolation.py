"""Nothing tells of another organization: two worlds that differ in its data alone are the same to ours.

Every endpoint is asked the same in both, naming what is the other organization's wherever something can be
named. In one world these things exist, in the other they do not; each answer has to be the same, byte by
byte, but for what is new in it, and has to take as many statements.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from goalsvc.api.pagination import Cursor, encode_cursor
from goalsvc.orgs.models import Organization
from matching.models import IdempotencyKey, MatchAttempt
from tests.api.endpoints import ENDPOINTS, PUBLIC, Endpoint, Place, parameters_of
from tests.conftest import Client
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    ImportRunFactory,
    PendingMatchFactory,
    RoomFactory,
    UserFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    issue_token,
)

ASKED = [each for each in ENDPOINTS if each.rule != PUBLIC]


def some_id(number: int) -> UUID:
    return UUID(f"0199d6a4-0000-7000-8000-{number:012d}")


# What exists in one of the worlds, as the other organization's.
THEIRS = Place(
    organization_id=some_id(1),
    room_id=some_id(2),
    goal_id=some_id(3),
    match_id=some_id(4),
    pending_id=some_id(5),
    import_id=some_id(6),
    visitor_session_id="their session",
)
LATER = datetime(2016, 10, 10, 21, 0, tzinfo=UTC)  # than our session, and before what we post
THEIR_TEXTS = {
    "visitor_identity": "their customer",
    "identity": "their customer",
    "visitor_id": "their visitor",
    "visitor_session_id": "their session",
    "external_id": "their receipt",
}
THEIR_IDS = {"goal_id": THEIRS.goal_id, "goal": THEIRS.goal_id, "room": THEIRS.room_id}
THEIR_KEY = "their key"
THEIR_CURSORS = [encode_cursor(Cursor(backwards, LATER, some_id(4))) for backwards in (False, True)]


def make_theirs() -> Organization:
    """The other organization with all that it can have; part of it is called as ours is."""
    other = Organization.objects.create(
        id=THEIRS.organization_id, name="Another Ltd.", subscription_expires_on=datetime(2099, 1, 1).date()
    )
    user = UserFactory.create(organization=other, scopes=["settings"])
    issue_token(user)
    room = RoomFactory.create(id=THEIRS.room_id, organization=other, domain="shop.example.com")
    goal = GoalFactory.create(id=THEIRS.goal_id, rooms=[room], name="A goal", created_by=user)
    for identity, visitor_id, session_id in (
        ("their customer", "their visitor", "their session"),
        ("customer-12345678", "visitor-new", "session-new"),
        ("customer-23456789", "our visitor", "our session"),
    ):
        visitor = VisitorFactory.create(organization=other, visitor_id=visitor_id)
        VisitorIdentityFactory.create(visitor=visitor, identity=identity)
        session = VisitorSessionFactory.create(
            visitor=visitor, visitor_session_id=session_id, started_at=LATER, room_ids=[room.id]
        )
    ExternalMatchFactory.create(
        id=THEIRS.match_id, goal=goal, session=session, external_id="their receipt", created_at=LATER
    )
    ExternalMatchFactory.create(goal=goal, session=session, external_id="our receipt")
    PendingMatchFactory.create(
        id=THEIRS.pending_id, goal=goal, external_id="their held receipt", request_digest=b"\0" * 16
    )
    PendingMatchFactory.create(goal=goal, visitor_identity="customer-12345678")
    ImportRunFactory.create(id=THEIRS.import_id, organization=other, created_at=LATER)
    MatchAttempt.objects.create(
        organization=other, goal=goal, source="single", code="their_code", created_at=LATER
    )
    for endpoint in ("matches/batch", f"goals/{goal.id}/matches"):
        IdempotencyKey.objects.create(
            organization=other,
            endpoint=endpoint,
            key=THEIR_KEY,
            request_digest=b"\0" * 16,
            status_code=200,
            body=b'{"results": []}',
            created_at=datetime.now(UTC),
        )
    return other


@dataclass(frozen=True)
class Asked:
    """A request of ours."""

    method: str
    url: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.url} {self.body} {self.headers}"


def requests_to(endpoint: Endpoint, place: Place) -> Iterator[Asked]:
    """What we ask of an endpoint: as it should be, and naming theirs in every way."""
    plain = Asked(endpoint.method, endpoint.url(place), endpoint.body(place))
    yield plain
    parameters = parameters_of(endpoint.route)
    for name in parameters:
        yield replace(plain, url=endpoint.url(replace(place, **{name: getattr(THEIRS, name)})))
    if parameters:
        yield replace(plain, url=endpoint.url(THEIRS), body=endpoint.body(THEIRS))
    if endpoint.method == "GET":
        for name, text in (THEIR_TEXTS | THEIR_IDS | {"code": "their_code"}).items():
            yield replace(plain, url=endpoint.url(place, f"?{name}={text}&page_size=1"))
        for cursor in THEIR_CURSORS:
            yield replace(plain, url=endpoint.url(place, f"?cursor={cursor}"))
            yield replace(plain, url=endpoint.url(place, f"?cursor={cursor}&page_size=1"))
    if isinstance(plain.body, dict):
        yield replace(plain, headers=(("HTTP_IDEMPOTENCY_KEY", THEIR_KEY),))
        yield replace(plain, url=f"{plain.url}?validate_only=true")
        for body in bodies_with_theirs(plain.body, place):
            yield replace(plain, body=body)


def bodies_with_theirs(body: dict[str, Any], place: Place) -> Iterator[dict[str, Any]]:
    [(name, items)] = body.items() if len(body) == 1 else [("", None)]
    if isinstance(items, list) and items:
        for item in bodies_with_theirs(items[0], place):
            yield {name: [item]}
            yield {name: [*items, item]}
        return
    for attribute in ("rooms", "allowed_rooms"):
        if attribute in body:
            yield body | {attribute: [str(THEIRS.room_id)]}
            yield body | {attribute: [str(place.room_id), str(THEIRS.room_id)]}
    if "goal_id" in body:
        yield body | {"goal_id": str(THEIRS.goal_id)}
    for attribute, text in THEIR_TEXTS.items():
        yield body | {attribute: text}
    yield body | THEIR_TEXTS
    yield body | THEIR_TEXTS | {"if_unmatched": "hold"}


# Ids and moments, of which those that are known beforehand are the same in both worlds.
ID_OR_MOMENT = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
)


def answer_to(client: Client, asked: Asked, known: frozenset[str]) -> Any:
    """The answer with what is new in it made the same; whatever was written is undone."""
    content = b"" if asked.body is None else json.dumps(asked.body).encode()
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries:
            response = client.send(
                asked.method, asked.url, content, HTTP_X_REQUEST_ID="mine", **dict(asked.headers)
            )
        transaction.set_rollback(True)

    def mask(text: str) -> str:
        return ID_OR_MOMENT.sub(lambda found: found[0] if found[0] in known else "<new>", text)

    headers = {name: mask(value) for name, value in response.headers.items()}
    if asked.method != "GET" and "ETag" in headers:
        headers["ETag"] = "<new>"  # it is made from what was just written, new ids and moments included
    return response.status_code, headers, mask(response.content.decode()), len(queries)


def rows_of(organization_id: Any) -> list[Any]:
    """All rows of an organization."""
    models = [model for model in apps.get_models() if hasattr(model, "organization_id")]
    return [
        list(model._default_manager.filter(organization_id=organization_id).order_by("pk").values())
        for model in models
    ]


def everything_known(place: Place) -> frozenset[str]:
    rows = str(rows_of(place.organization_id))
    ids = {match[0] for match in ID_OR_MOMENT.finditer(rows)}
    return frozenset(ids | {str(some_id(number)) for number in range(10)})


@pytest.fixture
def our_place(place, organization, room):
    """Ours, with some of the names that they use as well."""
    visitor = VisitorFactory.create(organization=organization, visitor_id="our visitor")
    VisitorSessionFactory.create(visitor=visitor, visitor_session_id="our session", room_ids=[room.id])
    return place


@pytest.mark.parametrize("endpoint", ASKED, ids=str)
def test_another_organizations_data_changes_no_answer(endpoint, our_place, as_manager):
    as_manager.get("/api/v5/users/me")  # which marks the token as used
    known = everything_known(our_place)
    requests = list({str(each): each for each in requests_to(endpoint, our_place)}.values())
    without = [answer_to(as_manager, each, known) for each in requests]

    other = make_theirs()
    before = rows_of(other.id)
    for each, expected in zip(requests, without, strict=True):
        assert answer_to(as_manager, each, known) == expected, str(each)
    assert rows_of(other.id) == before


def test_the_worlds_differ_for_the_other_organization_itself(our_place, stranger):
    # Or the test above would prove nothing: all that ours names is there for its owner.
    make_theirs()
    user = UserFactory.create(organization_id=THEIRS.organization_id, scopes=["settings", "reports"])
    client = Client(issue_token(user))
    for endpoint in ASKED:
        if endpoint.method == "GET":
            response = client.get(endpoint.url(THEIRS))
            assert response.status_code == endpoint.succeeds, endpoint
    matches = THEIRS.url("match-list")
    for name in ("external_id", "goal_id", "room"):
        value = (THEIR_TEXTS | THEIR_IDS)[name]
        assert client.get(f"{matches}?{name}={value}").json()["results"], name
    assert client.get(f"{matches}?cursor={THEIR_CURSORS[0]}").status_code == 200


def test_a_write_of_ours_is_no_write_of_theirs(our_place, as_manager):
    other = make_theirs()
    before = rows_of(other.id)
    for endpoint in ASKED:
        if endpoint.method != "GET":
            for asked in requests_to(endpoint, our_place):
                content = b"" if asked.body is None else json.dumps(asked.body).encode()
                as_manager.send(asked.method, asked.url, content, **dict(asked.headers))
    assert rows_of(other.id) == before
