"""Every endpoint once: what it asks of its caller, and the least valid request. A new one takes one line."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.test import APIClient

from goalsvc.orgs.models import Organization
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    ImportRunFactory,
    PendingMatchFactory,
    RoomFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

# What an endpoint asks of its caller, in the order in which it is checked.
PUBLIC: tuple[str, ...] = ()
AUTHENTICATED = ("authenticated",)
ACCESS = (*AUTHENTICATED, "access")
SUBSCRIBED = (*ACCESS, "subscribed")
SETTINGS = (*SUBSCRIBED, "settings")
REPORTS = (*SUBSCRIBED, "reports")


@dataclass(frozen=True)
class Place:
    """An organization, and one of each thing that an address or a body may name."""

    organization_id: Any
    room_id: Any
    goal_id: Any
    match_id: Any
    pending_id: Any
    import_id: Any
    visitor_identity: str = "customer-12345678"
    visitor_session_id: str = "session-1"

    def url(self, route: str) -> str:
        parameters = {name: str(getattr(self, name)) for name in parameters_of(route)}
        return reverse(route, kwargs=parameters)


@dataclass(frozen=True)
class Endpoint:
    method: str
    route: str
    rule: tuple[str, ...]
    succeeds: int = 200
    body: Callable[[Place], Any] = lambda place: None
    query: str = ""  # the parameters that it cannot do without
    file: Callable[[Place], bytes] | None = None  # what it takes in the place of a JSON body

    def __str__(self) -> str:
        return f"{self.method}-{self.route}"

    def url(self, place: Place, suffix: str = "") -> str:
        """Its address, with something behind it if need be: a slash, or `?` and further parameters."""
        slash, mark, further = suffix.partition("?")
        query = "&".join(filter(None, (self.query, further))) if self.query else further
        return place.url(self.route) + slash + (f"?{query}" if mark or self.query else "")


def goal_body(place: Place) -> Any:
    return {
        "name": "A goal",
        "is_any_room_allowed": False,
        "allowed_rooms": [str(place.room_id)],
        "conditions": [],
    }


def match_body(place: Place) -> Any:
    return {
        "visitor_identity": "customer-12345678",
        "goal_matched_at": "2016-10-10T22:00:49.123Z",
        "rooms": [str(place.room_id)],
    }


def batch_body(place: Place) -> Any:
    return {"matches": [{"goal_id": str(place.goal_id), **match_body(place)}]}


def identity_body(place: Place) -> Any:
    return {"visitor_identity": "customer-23456789", "visitor_id": "visitor-new"}


def session_body(place: Place) -> Any:
    return {
        "visitor_session_id": "session-new",
        "visitor_id": "visitor-new",
        "started_at": "2016-10-10T20:00:00Z",
        "rooms": [str(place.room_id)],
    }


def sessions_file(place: Place) -> bytes:
    head = "visitor_session_id,visitor_id,started_at,rooms"
    return f"{head}\nsession-new,visitor-new,2016-10-10T20:00:00Z,{place.room_id}\n".encode()


def takes_json(endpoint: Endpoint) -> bool:
    """Whether it takes a JSON body."""
    return endpoint.method in {"POST", "PUT", "PATCH"} and endpoint.file is None


MONTH = "start_date=2016-10-01&end_date=2016-10-31"

ENDPOINTS = [
    Endpoint("GET", "healthz", PUBLIC),
    Endpoint("GET", "readyz", PUBLIC),
    Endpoint("GET", "metrics", PUBLIC, 404),  # switched off; switched on: test_metrics
    Endpoint("GET", "schema", PUBLIC),
    Endpoint("GET", "docs", PUBLIC),
    Endpoint("GET", "home", PUBLIC),
    Endpoint("GET", "caller", AUTHENTICATED),
    Endpoint("GET", "organization", ACCESS),
    Endpoint("GET", "room-list", ACCESS),
    Endpoint("GET", "room-detail", ACCESS),
    Endpoint("GET", "goal-list", SETTINGS),
    Endpoint("POST", "goal-list", SETTINGS, 201, goal_body),
    Endpoint("GET", "goal-detail", SETTINGS),
    Endpoint("PUT", "goal-detail", SETTINGS, 200, goal_body),
    Endpoint("PATCH", "goal-detail", SETTINGS, 200, lambda place: {"name": "Another name"}),
    Endpoint("DELETE", "goal-detail", SETTINGS, 204),
    Endpoint("GET", "goal-match-list", SUBSCRIBED),
    Endpoint("POST", "goal-match-list", SUBSCRIBED, 200, match_body),
    Endpoint("GET", "goal-report", REPORTS, query=MONTH),
    Endpoint("GET", "goals-report", REPORTS, query=MONTH),
    Endpoint("GET", "match-list", SUBSCRIBED),
    Endpoint("POST", "match-batch", SUBSCRIBED, 200, batch_body),
    Endpoint("GET", "match-detail", SUBSCRIBED),
    Endpoint("PATCH", "match-detail", SETTINGS, 200, lambda place: {"goal_value": "10.00"}),
    Endpoint("DELETE", "match-detail", SETTINGS, 204),
    Endpoint("GET", "match-history", SUBSCRIBED),
    Endpoint("GET", "pending-match-list", SUBSCRIBED),
    Endpoint("GET", "pending-match-detail", SUBSCRIBED),
    Endpoint("DELETE", "pending-match-detail", SUBSCRIBED, 204),
    Endpoint("GET", "match-attempt-list", SUBSCRIBED),
    Endpoint("GET", "match-attempt-summary", SUBSCRIBED),
    Endpoint("GET", "import-list", SUBSCRIBED),
    Endpoint("POST", "import-list", SUBSCRIBED, 202, query="kind=sessions", file=sessions_file),
    Endpoint("GET", "import-detail", SUBSCRIBED),
    Endpoint("DELETE", "import-detail", SUBSCRIBED, 204),
    Endpoint("GET", "import-failed-rows", SUBSCRIBED, 404),  # none was refused
    Endpoint("GET", "visitor-identity-list", SUBSCRIBED),
    Endpoint("POST", "visitor-identity-list", SUBSCRIBED, 201, identity_body),
    Endpoint(
        "POST",
        "visitor-identity-batch",
        SUBSCRIBED,
        200,
        lambda place: {"visitor_identities": [identity_body(place)]},
    ),
    Endpoint("GET", "visitor-identity-detail", SETTINGS),
    Endpoint("DELETE", "visitor-identity-detail", SETTINGS, 204),
    Endpoint("GET", "visitor-session-list", SUBSCRIBED),
    Endpoint("POST", "visitor-session-list", SUBSCRIBED, 201, session_body),
    Endpoint("DELETE", "visitor-session-detail", SETTINGS, 409),  # a match hangs on it
    Endpoint(
        "POST",
        "visitor-session-batch",
        SUBSCRIBED,
        200,
        lambda place: {"visitor_sessions": [session_body(place)]},
    ),
]


def make_place(organization: Organization) -> Place:
    """Give the organization one room, goal and session each: enough for every endpoint to succeed."""
    room = RoomFactory.create(organization=organization)
    identity = VisitorIdentityFactory.create(organization=organization, identity="customer-12345678")
    session = VisitorSessionFactory.create(
        visitor=identity.visitor, started_at=datetime(2016, 10, 10, 20, 0, tzinfo=UTC), room_ids=[room.id]
    )
    goal = GoalFactory.create(rooms=[room])
    match = ExternalMatchFactory.create(goal=goal, session=session)
    pending = PendingMatchFactory.create(goal=goal)
    run = ImportRunFactory.create(organization=organization)
    return Place(
        organization.id,
        room.id,
        goal.id,
        match.id,
        pending.id,
        run.id,
        visitor_session_id=session.visitor_session_id,
    )


def send(client: APIClient, endpoint: Endpoint, place: Place, suffix: str = "") -> Any:
    """Make the endpoint's least valid request, with something behind its address if need be."""
    url = endpoint.url(place, suffix)
    body = endpoint.body(place)
    if endpoint.file is not None:
        return client.generic(endpoint.method, url, endpoint.file(place).decode(), "text/csv")
    if body is None:
        return client.generic(endpoint.method, url)
    return client.generic(endpoint.method, url, json.dumps(body), "application/json")


def routes() -> Iterator[URLPattern]:
    """Every route but those of the admin, which has a login of its own, and its icon."""

    def walk(patterns: list[Any]) -> Iterator[URLPattern]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                if pattern.app_name != "admin":
                    yield from walk(pattern.url_patterns)
            elif not str(pattern.pattern).startswith(("admin", "favicon")):
                yield pattern

    return walk(get_resolver().url_patterns)


def parameters_of(route: str) -> list[str]:
    [pattern] = [pattern for pattern in routes() if pattern.name == route]
    return list(pattern.pattern.converters)


def methods_of(pattern: URLPattern) -> set[str]:
    view: Any = pattern.callback  # of a viewset it knows its actions
    of = getattr(view, "cls", None) or view.view_class
    served = getattr(view, "actions", None) or dir(of)
    names = of.http_method_names
    return {name.upper() for name in names if name in served and name not in {"head", "options"}}
