"""The line of a request in the log says what was decided: ids and words, no identities."""

import json
import logging
import os

import pytest
from django.conf import settings
from django.utils import timezone

from goalsvc.api.log import JSONFormatter
from matching.models import ExternalMatch, PendingMatch
from tests.conftest import Client
from tests.factories import issue_token


@pytest.fixture
def decided(caplog):
    """What the lines since the last call say beyond what every request's says."""
    usual = {
        "time", "level", "logger", "message", "request_id", "worker",
        "method", "route", "organization", "status", "duration_ms", "queries", "database_ms",
        "client", "token",
    }  # fmt: skip

    def lines():
        written = [json.loads(JSONFormatter().format(record)) for record in caplog.records]
        caplog.clear()
        assert "customer" not in json.dumps(written)
        return [{name: value for name, value in line.items() if name not in usual} for line in written]

    with caplog.at_level(logging.INFO, logger="goalsvc.api.requests"):
        yield lines


def test_a_match_is_named_with_its_verdict(as_integrator, url, body, visitor, decided):
    as_integrator.post(url, body | {"external_id": "receipt-1"})
    as_integrator.post(url, body | {"external_id": "receipt-1"})

    match = ExternalMatch.objects.get()
    assert decided() == [
        {"verdict": "created", "match": str(match.id)},
        {"verdict": "replayed", "match": str(match.id)},
    ]


def test_a_refusal_is_named_by_its_code(as_integrator, url, body, visitor, decided):
    as_integrator.post(url, body | {"visitor_identity": "customer-unheard-of"})
    as_integrator.post(url, body | {"goal_matched_at": "yesterday"})
    as_integrator.send("POST", url, b"{")

    codes = ["session_not_found", "validation_error", "parse_error"]
    assert decided() == [{"verdict": "failed", "code": code} for code in codes]


def test_a_pending_match_is_named_as_one(as_integrator, url, body, visitor, decided):
    as_integrator.post(url, body | {"visitor_identity": "customer-unheard-of", "if_unmatched": "hold"})

    assert decided() == [{"verdict": "pending", "pending_match": str(PendingMatch.objects.get().id)}]


def test_an_answer_to_a_key_that_was_stored_is_a_replay(as_integrator, url, body, visitor, decided):
    for _ in range(2):
        as_integrator.post(url, body, HTTP_IDEMPOTENCY_KEY="key")

    assert [line["verdict"] for line in decided()] == ["created", "replayed"]


def test_a_batch_says_how_many_of_each(as_integrator, org_url, goal, body, visitor, decided):
    match = body | {"goal_id": str(goal.id)}
    as_integrator.post(f"{org_url}/matches/batch", {"matches": [match, match, match | {"goal_value": "x"}]})

    assert decided() == [{"verdicts": {"created": 2, "failed": 1}}]


@pytest.fixture
def lines(caplog):
    """What the lines of requests since the last call say."""

    def written():
        found = [json.loads(JSONFormatter().format(record)) for record in caplog.records]
        caplog.clear()
        return found

    with caplog.at_level(logging.INFO, logger="goalsvc.api.requests"):
        yield written


def test_a_line_says_which_program_asked_and_which_worker_answered(manager, org_url, lines):
    key = issue_token(manager)
    Client(key).get(f"{org_url}/rooms")
    manager.api_tokens.update(revoked_at=timezone.now())
    Client(key).get(f"{org_url}/rooms")
    Client("what is no key at all").get(f"{org_url}/rooms")

    answered, revoked, odd = lines()
    assert answered["token"] == revoked["token"] == key[:8] == manager.api_tokens.get().prefix
    assert "token" not in odd
    assert answered["worker"] == os.getpid()
    assert "code" not in answered
    assert revoked["code"] == odd["code"] == "invalid_token"
    assert key[:9] not in json.dumps([answered, revoked])


def test_every_error_is_named_by_its_code(as_manager, as_nobody, org_url, lines):
    as_manager.get(f"{org_url}/goals?page_size=0")
    as_manager.post(f"{org_url}/goals", {"name": ""})
    as_manager.generic("BREW", f"{org_url}/goals")
    as_nobody.get(f"{org_url}/goals")
    as_manager.get("/api/v5/nothing")
    as_manager.get("/admin/nothing")

    codes = [
        "validation_error",
        "validation_error",
        "method_not_allowed",
        "not_authenticated",
        "not_found",
        None,
    ]
    assert [line.get("code") for line in lines()] == codes


@pytest.mark.parametrize(
    ("extent", "connected", "shown"),
    [
        ("SHORTENED", "203.0.113.77", "203.0.113.0/24"),
        ("SHORTENED", "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("SHORTENED", "::ffff:203.0.113.77", "203.0.113.0/24"),
        ("WHOLE", "203.0.113.77", "203.0.113.77"),
        ("WHOLE", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"),
        ("NONE", "203.0.113.77", None),
        ("WHOLE", "", None),
        ("SHORTENED", "unix:", None),
    ],
)
def test_a_line_has_as_much_of_the_address_as_is_wanted(extent, connected, shown, as_nobody, settings, lines):
    settings.LOG_CLIENT_ADDRESS = extent
    as_nobody.get("/healthz", REMOTE_ADDR=connected)
    settings.PROXY_COUNT = 1
    as_nobody.get("/healthz", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"192.0.2.1, {connected or '-'}")

    direct, forwarded = lines()
    assert direct["client"] == shown
    if shown:
        assert forwarded["client"] == shown


def test_by_default_it_is_shortened():
    assert settings.LOG_CLIENT_ADDRESS == "SHORTENED"


def test_other_requests_say_no_more_than_before(as_integrator, url, org_url, decided):
    as_integrator.get(url)
    as_integrator.get(f"{org_url}/rooms")

    assert decided() == [{}, {}]
