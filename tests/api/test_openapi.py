"""The OpenAPI description: complete, with true examples. That answers keep it: see test_fuzzing."""

import os
import re
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest
from django.core.management import call_command
from django.urls import get_resolver

from goalsvc.api.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from matching.limits import MAX_BATCH_ITEMS, MAX_IDENTITY_LENGTH
from tests.api.endpoints import ENDPOINTS, PUBLIC, routes
from tests.conftest import Client

description: dict[str, Any] = Client(HTTP_HOST="localhost").get("/api/v5/schema").json()
OPERATIONS = {
    operation["operationId"]: operation
    for methods in description["paths"].values()
    for operation in methods.values()
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)

# The statuses of the contract's tables, and the codes of their errors.
READ = {401: {"not_authenticated", "invalid_token"}, 406: {"not_acceptable"}, 429: {"rate_limited"}}
ORGANIZATION = READ | {403: {"organization_access_denied"}}
SUBSCRIBED = READ | {403: {"organization_access_denied", "subscription_inactive"}}
SETTINGS = READ | {
    403: {"organization_access_denied", "subscription_inactive", "settings_permission_required"}
}
BODY = {400: {"parse_error"}, 413: {"payload_too_large"}, 415: {"unsupported_media_type"}}
PAGE: dict[int, set[str]] = {400: set(), 404: {"not_found"}}  # the 400 names page_size
GOAL: dict[int, set[str]] = {404: {"goal_not_found"}}
CHANGED: dict[int, set[str]] = {412: {"precondition_failed"}}
DOCUMENTED: dict[str, dict[int, set[str]]] = {
    "retrieve_caller": {200: set()} | READ,
    "retrieve_organization": {200: set()} | ORGANIZATION,
    "list_rooms": {200: set()} | ORGANIZATION | PAGE,
    "retrieve_room": {200: set(), 404: {"not_found"}} | ORGANIZATION,
    "list_goals": {200: set()} | SETTINGS | PAGE,
    "create_goal": {201: set()} | SETTINGS | BODY,
    "retrieve_goal": {200: set(), 304: set()} | SETTINGS | GOAL,
    "replace_goal": {200: set()} | SETTINGS | GOAL | BODY | CHANGED,
    "update_goal": {200: set()} | SETTINGS | GOAL | BODY | CHANGED,
    "delete_goal": {204: set(), 400: set()} | SETTINGS | GOAL | CHANGED,
    "create_match": {200: set()}
    | SUBSCRIBED
    | BODY
    | {404: {"goal_not_found", "session_not_found", "no_connected_rooms"}}
    | {409: {"external_id_conflict", "idempotency_key_in_use"}, 422: {"idempotency_key_reused"}},
    "list_visitor_identities": {200: set()} | SUBSCRIBED | PAGE,
    "create_visitor_identity": {200: set(), 201: set()} | SUBSCRIBED | BODY,
    "list_visitor_sessions": {200: set()} | SUBSCRIBED | PAGE,
    "create_visitor_session": {200: set(), 201: set(), 409: {"session_visitor_conflict"}} | SUBSCRIBED | BODY,
}


def examples_of(content: dict[str, Any]) -> list[Any]:
    """All examples of a request or a response, of whatever media type."""
    return [example["value"] for media in content.values() for example in media.get("examples", {}).values()]


def test_the_description_is_valid_and_made_without_a_warning(db):
    call_command("spectacular", validate=True, fail_on_warn=True, file=os.devnull)


def test_every_endpoint_of_the_api_is_described():
    described = {
        (method.upper(), path) for path, methods in description["paths"].items() for method in methods
    }
    patterns = {pattern.name: "/" + str(pattern.pattern) for pattern in routes()}
    served = {
        (endpoint.method, re.sub(r"<\w+:(\w+)>", r"{\1}", patterns[endpoint.route]))
        for endpoint in ENDPOINTS
        if endpoint.rule != PUBLIC
    }

    assert described == served


@every_operation
def test_every_operation_shows_an_example_of_each_body(operation):
    if "requestBody" in operation:
        assert examples_of(operation["requestBody"]["content"])
    for status, response in operation["responses"].items():
        assert examples_of(response.get("content", {})) or status in {"204", "304"}, status


def errors_of(example: Any, media: dict[str, Any]) -> list[str]:
    """What is wrong with an example by its own schema."""
    whole = {"allOf": [media["schema"]], "components": description["components"]}
    validator = jsonschema_rs.validator_for(whole, validate_formats=True)
    return [str(error) for error in validator.iter_errors(example)]


@every_operation
def test_every_example_keeps_its_own_schema(operation):
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for media_type, media in body.get("content", {}).items():
            for name, example in media.get("examples", {}).items():
                if media_type != "application/x-ndjson":
                    assert errors_of(example["value"], media) == [], name


def test_an_example_that_breaks_its_schema_would_be_noticed():
    media = {"schema": {"$ref": "#/components/schemas/Error"}}

    assert errors_of({"detail": "A sentence.", "code": "a_word"}, media) == []
    assert errors_of({"detail": None, "code": "a_word"}, media)


@pytest.mark.parametrize(("name", "documented"), DOCUMENTED.items(), ids=DOCUMENTED)
def test_the_statuses_of_the_contract_are_described_with_their_codes(name, documented):
    responses = OPERATIONS[name]["responses"]

    for status, codes in documented.items():
        examples = examples_of(responses[str(status)].get("content", {}))
        assert codes <= {example["code"] for example in examples if "code" in example}, status


@every_operation
def test_every_operation_takes_the_token_in_either_way(operation):
    assert operation["security"] == [{"token": []}, {"bearer": []}]


def test_the_two_ways_of_sending_a_token_are_described():
    token, bearer = (description["components"]["securitySchemes"][name] for name in ("token", "bearer"))

    assert (token["type"], token["in"], token["name"]) == ("apiKey", "header", "Authorization")
    assert (bearer["type"], bearer["scheme"]) == ("http", "bearer")


@every_operation
def test_the_headers_of_answers_are_described(operation):
    for status, response in operation["responses"].items():
        assert "X-Request-ID" in response["headers"]
        assert ("WWW-Authenticate" in response["headers"]) == (status == "401")
        assert ("Retry-After" in response["headers"]) == (status in {"429", "503"})


def test_location_and_idempotent_replay_are_described():
    assert "Location" in OPERATIONS["create_goal"]["responses"]["201"]["headers"]
    assert "Idempotent-Replay" in OPERATIONS["create_match"]["responses"]["200"]["headers"]


def schema_of(name: str) -> Any:
    return description["components"]["schemas"][name]["properties"]


def test_limits_are_those_in_force(settings):
    parameters = {each["name"]: each["schema"] for each in OPERATIONS["list_matches"]["parameters"]}
    days = {each["name"]: each["schema"] for each in OPERATIONS["summarize_match_attempts"]["parameters"]}
    body = OPERATIONS["create_matches"]["requestBody"]["content"]["application/json"]["schema"]

    assert (parameters["page_size"]["maximum"], parameters["page_size"]["default"]) == (
        MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE,
    )  # fmt: skip
    assert days["days"]["maximum"] == settings.MATCH_ATTEMPT_DAYS
    assert f"{settings.MATCH_ATTEMPT_DAYS} days" in OPERATIONS["list_match_attempts"]["description"]
    assert schema_of(body["$ref"].rpartition("/")[2])["matches"]["maxItems"] == MAX_BATCH_ITEMS
    assert schema_of("Match")["visitor_identity"]["maxLength"] == MAX_IDENTITY_LENGTH


# The page to read


class Addresses(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attributes if name in {"src", "href"} and value]


def test_the_page_to_read_needs_nobody_else(as_nobody):
    page = as_nobody.get("/api/v5/docs", HTTP_ACCEPT="text/html")
    assert page.status_code == 200
    html = page.content.decode()
    loaded = Addresses()
    loaded.feed(html)

    assert loaded.found
    assert all(address.startswith("/") and not address.startswith("//") for address in loaded.found)
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", html) == []
    for address in loaded.found:
        assert as_nobody.get(address).status_code == 200, address


def test_the_page_to_read_reads_our_description(as_nobody):
    script = as_nobody.get("/api/v5/docs?script=", HTTP_ACCEPT="*/*")

    assert script.headers["Content-Type"] == "application/javascript"
    assert get_resolver().reverse("schema") in script.content.decode().replace("\\u002D", "-")
