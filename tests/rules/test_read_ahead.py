"""What is read along with the caller: never before the caller counts, never out of date."""

import gc
import json
import weakref

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from goalsvc.api.viewsets import MAX_BYTES_AHEAD
from goalsvc.database.statements import Ahead, Statement
from matching.models import ExternalMatch
from tests.factories import issue_token


@pytest.fixture
def match(body, visitor):
    return body


def test_an_invalid_token_comes_before_a_broken_body(as_nobody, url):
    response = as_nobody.send("POST", url, b"{", HTTP_AUTHORIZATION="Token " + "0" * 40)

    assert response.json()["code"] == "invalid_token"


def test_a_broken_body_is_still_a_broken_body(as_integrator, url):
    response = as_integrator.send("POST", url, b"{")

    assert response.status_code == 400
    assert response.json()["code"] == "parse_error"


def test_a_body_too_large_to_be_read_ahead_is_read_after(
    as_integrator, url, match, django_assert_num_queries
):
    as_integrator.get("/api/v5/users/me")
    body = json.dumps(match).encode() + b" " * MAX_BYTES_AHEAD

    with django_assert_num_queries(3):  # caller, facts, match
        response = as_integrator.send("POST", url, body)

    assert response.status_code == 200


def test_a_match_with_an_idempotency_key_reads_its_facts_when_its_turn_has_come(as_integrator, url, match):
    with CaptureQueriesContext(connection) as captured:
        first = as_integrator.post(url, match, HTTP_IDEMPOTENCY_KEY="key")
    reading = [
        number for number, query in enumerate(captured) if "matching_visitorsession AS s" in query["sql"]
    ]
    assert len(reading) == 1
    assert reading[0] > 0  # the first statement finds the caller, and nothing else

    second = as_integrator.post(url, match, HTTP_IDEMPOTENCY_KEY="key")

    assert first.status_code == second.status_code == 200
    assert ExternalMatch.objects.count() == 1


def test_a_stranger_is_refused_whatever_was_asked_for(as_stranger, url, match, goal, organization):
    for response in (
        as_stranger.post(url, match),
        as_stranger.get(f"/api/v5/orgs/{organization.id}/goals/{goal.id}"),
    ):
        assert response.status_code == 403
        assert response.json()["code"] == "organization_access_denied"
    assert not ExternalMatch.objects.exists()


def test_what_was_read_ahead_is_taken_once():
    ahead = Ahead(Statement("SELECT 1"), {}, ("1",))

    assert [ahead.consume(), ahead.consume()] == [("1",), None]


def test_a_request_leaves_nothing_to_be_collected(organization, goal, manager):
    path = f"/api/v5/orgs/{organization.id}/goals/{goal.id}"
    key = issue_token(manager)
    view, args, parameters = resolve(path)
    gc.disable()
    try:
        request = RequestFactory().get(path, HTTP_AUTHORIZATION=f"Token {key}")
        response = view(request, *args, **parameters)
        assert response.status_code == 200
        left = weakref.ref(request)
        del request, response
        assert left() is None
    finally:
        gc.enable()
