"""The OpenAPI description: complete, with true examples. That answers keep it: see test_fuzzing."""

import os
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest
from django.core.management import call_command
from django.urls import reverse

from goalsvc.api.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from goalsvc.orgs.scopes import Scope
from matching.limits import MAX_BATCH_ITEMS, MAX_IDENTITY_LENGTH
from tests.api.endpoints import ENDPOINTS, PUBLIC, Endpoint, parameters_of, routes
from tests.conftest import Client

description: dict[str, Any] = Client(HTTP_HOST="localhost").get("/api/v5/schema").json()
OPERATIONS = {
    operation["operationId"]: operation
    for methods in description["paths"].values()
    for operation in methods.values()
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)

# What the contract promises of every operation, by its rule of access, its address and its body.
READ = {401: {"not_authenticated", "invalid_token"}, 406: {"not_acceptable"}, 429: {"rate_limited"}}
FORBIDDEN = {
    "access": "organization_access_denied",
    "subscribed": "subscription_inactive",
    "settings": "settings_permission_required",
    "reports": "reports_permission_required",
}
BODY = {400: {"parse_error"}, 413: {"payload_too_large"}, 415: {"unsupported_media_type"}}
NOT_FOUND = {"goal_id": "goal_not_found"}  # of other parts of an address `not_found`
# And what it promises of single ones beside.
CHANGED: dict[int, set[str]] = {412: {"precondition_failed"}}
TRACKED = {200: set(), 201: set(), 409: {"session_visitor_conflict", "identity_too_common"}}
DOCUMENTED: dict[str, dict[int, set[str]]] = {
    "retrieve_goal": {304: set()},
    "replace_goal": CHANGED,
    "update_goal": CHANGED,
    "delete_goal": CHANGED | {400: set()},  # that If-Match is wrong
    "create_match": {
        202: set(),
        404: {"goal_not_found", "session_not_found", "no_connected_rooms"},
        409: {"external_id_conflict", "too_many_pending", "idempotency_key_in_use"},
        422: {"idempotency_key_reused"},
    },
    "create_matches": {409: {"idempotency_key_in_use"}, 422: {"idempotency_key_reused"}},
    "restate_match": {409: {"match_retracted"}},
    "cancel_pending_match": {409: {"pending_match_resolved"}},
    "create_import": {200: set(), 404: {"goal_not_found"}},
    "cancel_import": {409: {"import_finished"}},
    "list_failed_rows": {200: set()},
    "create_visitor_identity": TRACKED,
    "create_visitor_session": TRACKED,
    "delete_visitor_session": {204: set(), 409: {"session_has_matches"}},
}


def path_of(endpoint: Endpoint) -> str:
    """The endpoint's address as the description writes it."""
    [pattern] = [str(pattern.pattern) for pattern in routes() if pattern.name == endpoint.route]
    return "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", pattern)


DESCRIBED = {
    description["paths"][path_of(each)][each.method.lower()]["operationId"]: each
    for each in ENDPOINTS
    if each.rule != PUBLIC
}


def fields_of(name: str) -> dict[str, dict[str, Any]]:
    """The attributes that an operation takes, each with its schema; of a batch, those of its items."""

    def resolved(schema: dict[str, Any]) -> dict[str, Any]:
        *_, component = schema.get("$ref", "").split("/")
        return resolved(description["components"]["schemas"][component]) if component else schema

    media = OPERATIONS[name]["requestBody"]["content"]
    item = media.get("application/x-ndjson", media["application/json"])
    fields: dict[str, dict[str, Any]] = resolved(item["schema"])["properties"]
    return fields


def promised(name: str) -> dict[int, set[str]]:
    """The statuses that the contract promises of an operation, each with the codes of its errors."""
    endpoint, operation = DESCRIBED[name], OPERATIONS[name]
    statuses = READ | DOCUMENTED.get(name, {})
    if forbidden := {FORBIDDEN[asked] for asked in endpoint.rule if asked in FORBIDDEN}:
        statuses |= {403: forbidden}
    if "requestBody" in operation:
        statuses |= BODY
    if endpoint.succeeds < 400:
        statuses.setdefault(endpoint.succeeds, set())
    parameters = [each["name"] for each in operation.get("parameters", [])]
    own = parameters_of(endpoint.route)[1:]  # beside the organization
    missing = {NOT_FOUND.get(parameter, "not_found") for parameter in own}
    if "cursor" in parameters:  # a page
        statuses.setdefault(400, set())  # that page_size is wrong
        missing.add("not_found")
    return statuses | ({404: statuses.get(404, set()) | missing} if missing else {})


def examples_of(content: dict[str, Any]) -> list[Any]:
    """All examples of a request or a response, of whatever media type."""
    return [example["value"] for media in content.values() for example in media.get("examples", {}).values()]


def test_the_description_is_valid_and_made_without_a_warning(db):
    call_command("spectacular", validate=True, fail_on_warn=True, file=os.devnull)


def test_every_endpoint_of_the_api_is_described():
    described = {
        (method.upper(), path) for path, methods in description["paths"].items() for method in methods
    }

    assert described == {(each.method, path_of(each)) for each in DESCRIBED.values()}


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


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_statuses_of_the_contract_are_described_with_their_codes(name):
    described = {
        int(status): {
            example["code"] for example in examples_of(response.get("content", {})) if "code" in example
        }
        for status, response in OPERATIONS[name]["responses"].items()
    }

    for status, codes in promised(name).items():
        assert codes <= described[status], status
    # No more than that either, but for what the service as a whole may answer.
    assert described.keys() - promised(name).keys() <= {400, 408, 503}
    assert described.get(403, set()) == promised(name).get(403, set())


def test_what_is_promised_of_single_operations_names_such():
    assert DOCUMENTED.keys() <= OPERATIONS.keys()


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
        assert as_nobody.get(address).status_code == (302 if address.startswith("/admin/") else 200), address


def test_the_page_to_read_reads_our_description(as_nobody):
    page = as_nobody.get("/api/v5/docs", HTTP_ACCEPT="text/html").content.decode()

    assert f'data-schema="{reverse("schema")}"' in page
    assert '<html lang="en">' in page
    for scope in Scope:
        assert scope.opens in unescape(page)
