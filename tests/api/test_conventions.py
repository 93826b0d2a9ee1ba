"""What holds for every endpoint: request ids, trailing slashes, media types, sizes, errors."""

import io
import itertools
import json
import logging
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import OperationalError

from goalsvc.api.log import JSONFormatter
from goalsvc.database.connection import UnansweredError
from goalsvc.orgs.views import CallerView
from tests.api.endpoints import ENDPOINTS, goal_body, match_body, methods_of, routes, send, takes_json
from tests.conftest import Client
from tests.factories import UNKNOWN_ID, VisitorSessionFactory, issue_token

ME = "/api/v5/users/me"
MEBIBYTE = 1024 * 1024


# Request ids


@pytest.mark.parametrize(
    "sent",
    [
        "a",
        "0199d6a4-2f60-7c3e-b6a5-3d8f5b9a1c10",
        "Root=1-67891233-abcdef012345678912345678",
        "a/b+c=d@e.f:g_h",
        "x" * 128,
    ],
)
def test_a_sane_request_id_comes_back(sent, as_manager):
    assert as_manager.get(ME, HTTP_X_REQUEST_ID=sent).headers["X-Request-ID"] == sent


@pytest.mark.parametrize(
    "sent", ["", " ", "x" * 129, "a b", 'a"b', "a\nb", "a\r\nSet-Cookie: b", "é", "\x00"]
)
def test_another_request_id_is_replaced(sent, as_manager):
    given = as_manager.get(ME, HTTP_X_REQUEST_ID=sent).headers["X-Request-ID"]

    assert str(UUID(given)) == given


def test_every_request_gets_a_request_id_of_its_own(as_manager):
    ids = {as_manager.get(ME).headers["X-Request-ID"] for _ in range(3)}

    assert len(ids) == 3


@pytest.mark.parametrize(
    ("method", "path", "extra", "status"),
    [
        ("GET", "/healthz", {}, 200),
        ("GET", ME, {}, 401),
        ("POST", "/healthz", {}, 405),
        ("GET", "/healthz", {"HTTP_ACCEPT": "text/html"}, 406),
        ("GET", "/nothing/here", {}, 404),
        ("GET", ME, {"HTTP_HOST": "evil.example"}, 400),
        ("GET", "/admin/", {}, 302),
    ],
)
def test_every_answer_carries_the_request_id(method, path, extra, status, as_nobody):
    response = as_nobody.generic(method, path, HTTP_X_REQUEST_ID="mine", **extra)

    assert (response.status_code, response.headers["X-Request-ID"]) == (status, "mine")


def test_the_log_line_of_a_request_carries_its_id_and_no_secrets(organization, manager, place):
    key = issue_token(manager)
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JSONFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        Client(key).post(place.url("goal-match-list"), match_body(place), HTTP_X_REQUEST_ID="mine")
    finally:
        root.removeHandler(handler)

    *_, line = map(json.loads, lines.getvalue().splitlines())
    assert {name: line[name] for name in ("message", "request_id", "method", "route", "status")} == {
        "message": "request",
        "request_id": "mine",
        "method": "POST",
        "route": "/api/v5/orgs/<str:organization_id>/goals/<str:goal_id>/matches",
        "status": 200,
    }
    assert line["organization"] == str(organization.id)
    assert {json.loads(each)["request_id"] for each in lines.getvalue().splitlines()} == {"mine"}
    assert key not in lines.getvalue()
    assert "customer-12345678" not in lines.getvalue()


# Addresses


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_a_trailing_slash_is_served_the_same(endpoint, as_manager, place):
    response = send(as_manager, endpoint, place, suffix="/")

    assert response.status_code == endpoint.succeeds, response.content


def test_a_trailing_slash_is_not_in_the_addresses_that_we_print(as_manager, place):
    location = as_manager.post(place.url("goal-list") + "/", goal_body(place)).headers["Location"]
    page = as_manager.get(place.url("goal-list") + "/?page_size=1").json()

    assert not location.endswith("/")
    assert page["next"].startswith(f"http://testserver{place.url('goal-list')}?")


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.method == "GET"], ids=str)
def test_head_is_get_without_the_body(endpoint, as_manager, place):
    response = as_manager.head(endpoint.url(place))

    assert response.status_code == endpoint.succeeds
    assert response.content == b""


UNROUTED = [
    "/nothing",
    "/api",
    "/api/v5",
    "/api/v5/",
    "/api/v5/nothing",
    "/api/v4/users/me",
    "/API/V5/users/me",
    "/api/v5//users/me",
    "/api/v5/users/me//",
    "/api/v5/orgs",
    "/api/v5/users/%00",
    "/api/v5/users/%ff%fe",
    "/api/v5/users/me%0a",
    "/static/nothing.css",
    "/%2e%2e/%2e%2e/etc/passwd",
]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_unrouted_path_is_404_in_json(method, as_manager):
    answers = {path: as_manager.generic(method, path) for path in UNROUTED}

    assert {
        path: (answer.status_code, answer.headers["Content-Type"], answer.json())
        for path, answer in answers.items()
    } == dict.fromkeys(
        UNROUTED,
        (404, "application/json", {"detail": "There is nothing at this address.", "code": "not_found"}),
    )


MALFORMED_IDS = [
    "1",
    "not-an-id",
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "%0a",
    "'",
    "%2e%2e",
    "é",
    "x" * 1000,
    "{id}0",
]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v5/orgs/{0}", 403, "organization_access_denied"),
        ("/api/v5/orgs/{0}/goals", 403, "organization_access_denied"),
        ("{org}/goals/{0}", 404, "goal_not_found"),
        ("{org}/goals/{0}/matches", 404, "goal_not_found"),
        ("{org}/rooms/{0}", 404, "not_found"),
    ],
)
def test_a_malformed_id_in_a_path_is_refused_in_json(path, status, code, as_manager, org_url, goal):
    method = "POST" if path.endswith("matches") else "GET"
    answers = {
        malformed: as_manager.generic(method, path.format(malformed.format(id=goal.id), org=org_url))
        for malformed in MALFORMED_IDS
    }

    assert {
        malformed: (answer.status_code, answer.headers["Content-Type"], answer.json()["code"])
        for malformed, answer in answers.items()
    } == dict.fromkeys(MALFORMED_IDS, (status, "application/json", code))


@pytest.mark.parametrize(
    "form", [lambda id: id.hex, lambda id: f"{{{id}}}", lambda id: id.urn, lambda id: id.int]
)
def test_only_the_form_with_dashes_is_an_id(form, as_manager, org_url, goal):
    assert as_manager.get(f"{org_url}/goals/{goal.id}").status_code == 200
    assert as_manager.get(f"{org_url}/goals/{form(goal.id)}").status_code == 404


# Methods and media types


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
SERVED = {route.name: methods_of(route) for route in routes()}


@pytest.mark.parametrize("route", SERVED)
def test_a_method_that_is_not_served_is_405_and_allow_says_which_are(route, as_manager, place):
    served = SERVED[route]
    for method in METHODS:
        if method in served:
            continue

        response = as_manager.generic(method, place.url(route))

        assert response.status_code == 405
        assert set(response.headers["Allow"].split(", ")) == served | ({"HEAD"} if "GET" in served else set())
        assert response.json() == {"detail": f'Method "{method}" not allowed.', "code": "method_not_allowed"}


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "application/JSON",
        "application/*",
        "*/*",
        "",
        "application/json; charset=utf-8",
        "application/json;version=5",
        "application/json;q=0.5",
        "text/html, application/json;q=0.1",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ],
)
def test_an_accept_that_admits_json_gets_it(accept, as_manager):
    response = as_manager.get(ME, HTTP_ACCEPT=accept)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "text/*", "text/json", "application/json;q=0", "json", ";;;"]
)
def test_an_accept_that_excludes_json_is_406(accept, as_manager):
    response = as_manager.get(ME, HTTP_ACCEPT=accept)

    assert response.status_code == 406
    assert response.json() == {"detail": "Only JSON is served here.", "code": "not_acceptable"}


def test_no_accept_header_gets_json(as_manager):
    assert as_manager.get(ME).status_code == 200


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.route != "docs"], ids=str)
def test_format_json_is_accepted_everywhere(endpoint, as_manager, place):
    response = send(as_manager, endpoint, place, suffix="?format=json")

    assert response.status_code == endpoint.succeeds, response.content


def test_another_format_is_406(as_manager):
    assert as_manager.get(f"{ME}?format=xml").json()["code"] == "not_acceptable"


WRITING = [each for each in ENDPOINTS if takes_json(each)]


NO_JSON_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/vnd.api+json",
    "json",
    "",
]


@pytest.mark.parametrize("endpoint", WRITING, ids=str)
def test_a_body_of_another_media_type_is_415(endpoint, as_manager, place):
    body = json.dumps(endpoint.body(place)).encode()
    for media_type in NO_JSON_TYPES:
        response = as_manager.send(endpoint.method, endpoint.url(place), body, media_type)

        assert response.status_code == 415
        wanted = "application/json"
        if endpoint.route.endswith("-batch"):
            wanted += " or application/x-ndjson"
        what = (
            f"The media type “{media_type}” is not supported." if media_type else "There is no Content-Type."
        )
        assert response.json() == {
            "detail": f"{what} Send the Content-Type {wanted}.",
            "code": "unsupported_media_type",
        }


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
@pytest.mark.parametrize("endpoint", WRITING, ids=str)
def test_json_is_json_whatever_its_parameters(endpoint, media_type, as_manager, place):
    body = json.dumps(endpoint.body(place)).encode()

    response = as_manager.send(endpoint.method, endpoint.url(place), body, media_type)

    assert response.status_code == endpoint.succeeds, response.content


@pytest.mark.parametrize(
    "endpoint", [each for each in ENDPOINTS if each.method in {"GET", "DELETE"}], ids=str
)
def test_a_body_that_nobody_reads_is_ignored(endpoint, as_manager, place):
    response = as_manager.send(endpoint.method, endpoint.url(place), b"\xff{", "text/plain")

    assert response.status_code == endpoint.succeeds


# Sizes


@pytest.mark.parametrize("endpoint", WRITING, ids=str)
def test_a_body_over_the_limit_is_413(endpoint, as_manager, place):
    body = json.dumps(endpoint.body(place)).encode()
    limit = 16 * MEBIBYTE if endpoint.route.endswith("-batch") else MEBIBYTE
    too_large = body.ljust(limit + 1)  # JSON may end in spaces

    response = as_manager.send(endpoint.method, endpoint.url(place), too_large)

    assert response.status_code == 413
    assert response.json() == {
        "detail": f"The request body is larger than {limit} bytes.",
        "code": "payload_too_large",
    }


@pytest.mark.parametrize("endpoint", WRITING, ids=str)
def test_a_body_of_one_mebibyte_is_read(endpoint, as_manager, place):
    body = json.dumps(endpoint.body(place)).encode()

    response = as_manager.send(endpoint.method, endpoint.url(place), body.ljust(MEBIBYTE))

    assert response.status_code == endpoint.succeeds, response.content


# As a server hands a body over whose end it knows.
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}


@pytest.fixture
def post_stream(as_manager, place):
    """Post a goal as servers hand it over: a stream, which the headers announce rightly or wrongly."""

    def post(stream: io.BytesIO, headers: dict[str, str]) -> Any:
        extra = {"wsgi.input": stream, **headers}
        return as_manager.generic("POST", place.url("goal-list"), "", "application/json", **extra)

    return post


@pytest.fixture
def goal_bytes(place):
    return json.dumps(goal_body(place)).encode()


def test_a_body_without_content_length_is_read(post_stream, goal_bytes):
    response = post_stream(io.BytesIO(goal_bytes), CHUNKED)

    assert response.status_code == 201
    assert response.json()["name"] == "A goal"


def test_a_body_that_the_server_cannot_hand_over_is_not_read_as_empty(post_stream, goal_bytes):
    response = post_stream(io.BytesIO(b""), {"HTTP_TRANSFER_ENCODING": "chunked"})

    assert (response.status_code, response.json()["code"]) == (411, "length_required")


@pytest.mark.parametrize("size", [MEBIBYTE + 1, 16 * MEBIBYTE + 10])
def test_a_too_large_body_without_content_length_is_413(size, post_stream, goal_bytes):
    response = post_stream(io.BytesIO(goal_bytes.ljust(size)), CHUNKED)

    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


def test_a_body_announced_as_too_large_is_refused_unread(post_stream, goal_bytes):
    stream = io.BytesIO(goal_bytes)

    response = post_stream(stream, {"CONTENT_LENGTH": str(MEBIBYTE + 1)})

    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")
    assert stream.tell() == 0


def test_a_body_shorter_than_announced_is_no_json(post_stream, goal_bytes):
    response = post_stream(io.BytesIO(goal_bytes[:-1]), {"CONTENT_LENGTH": str(len(goal_bytes))})

    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


class BrokenStream(io.BytesIO):
    """A body whose sender has gone away."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError("connection reset by peer")


@pytest.mark.parametrize("headers", [{"CONTENT_LENGTH": "100"}, CHUNKED])
def test_a_body_that_breaks_off_is_no_json_and_no_crash(headers, post_stream):
    response = post_stream(BrokenStream(), {**headers, "HTTP_X_REQUEST_ID": "mine"})

    assert response.status_code == 400
    assert response.headers["X-Request-ID"] == "mine"
    assert response.json() == {
        "detail": "The request body ended before its announced length.",
        "code": "parse_error",
    }


@pytest.mark.parametrize("length", ["", "0", "abc", "1e3"])
def test_a_senseless_content_length_is_an_empty_body(length, post_stream, goal_bytes):
    response = post_stream(io.BytesIO(goal_bytes), {"CONTENT_LENGTH": length})

    assert response.status_code == 400
    assert response.json()["name"] == ["This field is required."]


@pytest.mark.parametrize("digits", [30, 5000])
def test_an_absurd_content_length_is_413(digits, post_stream, goal_bytes):
    response = post_stream(io.BytesIO(goal_bytes), {"CONTENT_LENGTH": "9" * digits})

    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


# Errors


def test_a_crash_is_500_in_json_and_says_nothing_of_itself(as_manager, monkeypatch):
    def crash(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the secret of the crash")

    monkeypatch.setattr(CallerView, "get", crash)

    response = as_manager.get(ME, HTTP_X_REQUEST_ID="mine")

    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Request-ID"] == "mine"
    assert response.json() == {
        "detail": "Something went wrong on our side; the log has the details.",
        "code": "internal_error",
    }


def test_a_database_out_of_reach_is_503_with_retry_after(as_manager, monkeypatch):
    def unreachable(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection refused at 10.0.0.1")

    monkeypatch.setattr(CallerView, "get", unreachable)

    response = as_manager.get(ME)

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "2"
    assert response.json() == {
        "detail": "The database cannot be used right now. Try again shortly.",
        "code": "service_unavailable",
    }


@pytest.mark.parametrize(
    ("cause", "detail"),
    [
        (
            psycopg.errors.QueryCanceled(),
            "The request took too long and was given up; nothing was written. Try again shortly.",
        ),
        (
            psycopg.errors.LockNotAvailable(),
            "The request took too long and was given up; nothing was written. Try again shortly.",
        ),
        (
            UnansweredError(),
            "The database did not answer, and the request was given up. It may have been written all the "
            "same: send it again with the same external_id or Idempotency-Key.",
        ),
    ],
)
def test_a_request_given_up_for_time_says_so(as_manager, monkeypatch, cause, detail):
    def given_up(*args: Any, **kwargs: Any) -> None:
        raise OperationalError from cause

    monkeypatch.setattr(CallerView, "get", given_up)

    response = as_manager.get(ME)

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "2"
    assert response.json() == {"detail": detail, "code": "timeout"}


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a b", "testserver:port", "[::1"])
def test_an_unknown_host_is_400_in_json(host, as_manager):
    response = as_manager.get(ME, HTTP_HOST=host)

    assert response.status_code == 400
    assert response.json() == {
        "detail": (
            f"The service does not go by the name “{host}”, which the Host header says. If it should, its "
            "operator adds the name to ALLOWED_HOSTS."
        ),
        "code": "bad_request",
    }


@pytest.mark.parametrize("route", ["docs", "schema"])
def test_the_pages_to_read_refuse_in_json_too(route, as_nobody, place):
    refused = as_nobody.post(place.url(route), {})
    unacceptable = as_nobody.get(place.url(route), HTTP_ACCEPT="image/png")

    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert (unacceptable.status_code, unacceptable.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("accept", ["application/json", "application/vnd.oai.openapi+json", "*/*"])
def test_the_description_is_served_as_json(accept, as_nobody, place):
    response = as_nobody.get(place.url("schema"), HTTP_ACCEPT=accept)

    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.")


# The order of checks: what a request that is wrong in several ways gets to hear. Each fault is applied to a
# request that would succeed; of any two, the earlier in this order answers.


class Attempt:
    """A request that succeeds unless something is done to it."""

    def __init__(self, method: str, route: str, body: Any, place: Any, user: Any, other_organization: Any):
        self.method, self.route, self.body, self.place, self.user = method, route, body, place, user
        self.other_organization = other_organization
        self.organization_id, self.goal_id = place.organization_id, place.goal_id
        self.key: str | None = issue_token(user)
        self.media_type = "application/json"

    def without_credentials(self) -> None:
        self.key = None

    def to_a_foreign_organization(self) -> None:
        self.organization_id = self.other_organization.id

    def without_subscription(self) -> None:
        self.user.organization.subscription_expires_on = None
        self.user.organization.save()

    def without_the_settings_scope(self) -> None:
        self.user.scopes = []
        self.user.save()

    def of_an_unknown_goal(self) -> None:
        self.goal_id = UNKNOWN_ID

    def with_a_bad_payload(self) -> None:
        self.body = {**self.body, "rooms": [str(UNKNOWN_ID)], "allowed_rooms": [str(UNKNOWN_ID)]}

    def with_a_wrong_media_type(self) -> None:
        self.media_type = "text/plain"

    def before_any_session(self) -> None:
        self.body = {**self.body, "goal_matched_at": "2016-10-10T19:00:00Z"}

    def after_a_session_elsewhere(self) -> None:
        VisitorSessionFactory.create(
            visitor=self.user.organization.visitors.get(), started_at="2016-10-10T18:00Z"
        )
        VisitorSessionFactory.create(
            visitor=self.user.organization.visitors.get(), started_at="2016-10-10T21:00Z"
        )

    def send(self) -> tuple[int, str]:
        path = f"/api/v5/orgs/{self.organization_id}/goals/{self.goal_id}" + self.route
        response = Client(self.key).send(self.method, path, json.dumps(self.body).encode(), self.media_type)
        if response.status_code == 400:
            return 400, next(iter(response.json()))
        return response.status_code, response.json().get("code", "")


ORDER_FOR_GOALS = {
    "without_credentials": (401, "not_authenticated"),
    "to_a_foreign_organization": (403, "organization_access_denied"),
    "without_subscription": (403, "subscription_inactive"),
    "without_the_settings_scope": (403, "settings_permission_required"),
    "of_an_unknown_goal": (404, "goal_not_found"),
    "with_a_wrong_media_type": (415, "unsupported_media_type"),
    "with_a_bad_payload": (400, "allowed_rooms"),
}
ORDER_FOR_MATCHES = {
    "without_credentials": (401, "not_authenticated"),
    "to_a_foreign_organization": (403, "organization_access_denied"),
    "without_subscription": (403, "subscription_inactive"),
    "of_an_unknown_goal": (404, "goal_not_found"),
    "with_a_wrong_media_type": (415, "unsupported_media_type"),
    "with_a_bad_payload": (400, "rooms"),
    "before_any_session": (404, "session_not_found"),
    "after_a_session_elsewhere": (404, "no_connected_rooms"),
}


def pairs(order: dict[str, Any]) -> Any:
    """Each fault alone, and each two of them, with the answer of the first."""
    alone = [((fault,), answer) for fault, answer in order.items()]
    return alone + [((one, two), order[one]) for one, two in itertools.combinations(order, 2)]


@pytest.mark.parametrize(("faults", "answer"), pairs(ORDER_FOR_GOALS))
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_first_fault_of_a_goals_request_answers(
    faults, answer, method, place, manager, other_organization
):
    attempt = Attempt(method, "", goal_body(place), place, manager, other_organization)
    for fault in faults:
        getattr(attempt, fault)()

    assert attempt.send() == answer


# The session that is elsewhere has an earlier one, so the two last faults can't be had at once.
@pytest.mark.parametrize(
    ("faults", "answer"),
    [
        pair
        for pair in pairs(ORDER_FOR_MATCHES)
        if pair[0] != ("before_any_session", "after_a_session_elsewhere")
    ],
)
def test_the_first_fault_of_a_match_answers(faults, answer, place, manager, other_organization):
    attempt = Attempt("POST", "/matches", match_body(place), place, manager, other_organization)
    for fault in faults:
        getattr(attempt, fault)()

    assert attempt.send() == answer


@pytest.mark.parametrize(("method", "route"), [("PUT", ""), ("PATCH", ""), ("POST", "/matches")])
def test_without_a_fault_the_same_request_succeeds(method, route, place, manager, other_organization):
    body = match_body(place) if route else goal_body(place)

    assert Attempt(method, route, body, place, manager, other_organization).send() == (200, "")
