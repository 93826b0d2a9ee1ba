"""The line of a request in the log says what was decided: ids and words, no identities."""

import json
import logging

import pytest

from goalsvc.api.log import JSONFormatter
from matching.models import ExternalMatch, PendingMatch


@pytest.fixture
def decided(caplog):
    """What the lines since the last call say beyond what every request's says."""
    usual = {
        "time", "level", "logger", "message", "request_id",
        "method", "route", "organization", "status", "duration_ms", "queries",
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


def test_other_requests_say_no_more_than_before(as_integrator, url, org_url, decided):
    as_integrator.get(url)
    as_integrator.get(f"{org_url}/rooms")

    assert decided() == [{}, {}]
