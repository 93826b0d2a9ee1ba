"""Requests made up from the OpenAPI description: whatever comes, the answer is one that is described.

`python -m tests.fuzz` makes many more of them.
"""

import itertools
from typing import Any

import pytest
import schemathesis
from django.test.client import ClientHandler
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.factories import issue_token
from tests.fuzz.cases import make_real

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.allow_header_conformance,
]
handle = ClientHandler()
numbers = itertools.count()


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The service as a WSGI application that leaves the connection of the test open."""
    response: Any = handle(environ)
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.content]


schema = schemathesis.openapi.from_wsgi("/api/v5/schema", application)


@pytest.fixture
def ids(place):
    """Those that exist, as tests.fuzz.cases asks for them."""
    names = (
        "organization_id",
        "room_id",
        "goal_id",
        "match_id",
        "pending_id",
        "import_id",
        "visitor_session_id",
    )
    return {name: [str(getattr(place, name))] for name in names} | {"visitor_identity": ["customer-12345678"]}


@pytest.fixture
def callers(manager, integrator):
    """Each caller's headers. Who may do more comes last, as the first may change nothing for the others."""
    keys = (issue_token(integrator), issue_token(manager))
    return [{}, *({"Authorization": f"Token {key}"} for key in keys)]


@schema.parametrize()
@settings(
    max_examples=2,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_request_gets_an_answer_that_is_not_described(case, ids, callers):
    make_real(case, ids)
    *others, manager = callers
    # What an answer says to those who may do less hardly depends on the request: some are enough.
    for headers in [*(others if next(numbers) % 8 == 0 else ()), manager]:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)
