"""Bodies of many lines, values and ids: counted before they are read, and no more said than helps."""

import json
import tracemalloc

import pytest

from goalsvc.api import fields
from goalsvc.api.bodies import MAX_VALUES, decode_line
from goalsvc.api.fields import MAX_NAMED, canonical_uuid, parse_uuid

NDJSON = "application/x-ndjson"
PATHS = {
    "matches": "/matches/batch",
    "visitor_identities": "/visitor_identities/batch",
    "visitor_sessions": "/visitor_sessions/batch",
}
LINE = b'{"visitor_identity": "somebody", "visitor_id": "laptop"}'


@pytest.fixture
def url(org_url):
    return f"{org_url}/visitor_identities/batch"


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("line", [b"{", b"{}", b"1", LINE])
def test_5001_lines_are_refused_whatever_they_are(name, line, as_integrator, org_url):
    response = as_integrator.send("POST", org_url + PATHS[name], (line + b"\n") * 5001, NDJSON)

    assert response.status_code == 400
    assert response.json() == {name: ["Must have 1 to 5000 items, not 5001."]}


@pytest.mark.parametrize("name", PATHS)
def test_5000_broken_lines_are_answered_one_by_one(name, as_integrator, org_url):
    response = as_integrator.send("POST", org_url + PATHS[name], b"{\n" * 5000, NDJSON)

    assert response.status_code == 200
    summary = response.json()["summary"]
    assert (summary["failed"], summary["by_code"]) == (5000, {"parse_error": 5000})


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\n\n \t\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_end_as_they_like(end, last, as_integrator, url):
    body = end.join([LINE, LINE, LINE]) + (end if last else b"")

    response = as_integrator.send("POST", url, body, NDJSON)

    assert response.json()["summary"]["received"] == 3


@pytest.mark.parametrize("blank", [b"\n", b"\n" * 10_000, b" \r\n\t\r\n"])
def test_no_line_is_none(blank, as_integrator, url):
    response = as_integrator.send("POST", url, blank, NDJSON)

    assert response.status_code == 400
    assert response.json() == {"visitor_identities": ["Must have 1 to 5000 items, not 0."]}


def test_a_broken_line_is_not_kept_with_its_traceback():
    error = decode_line(b"{")

    assert error.__traceback__ is None
    assert error.__context__ is None


def test_thousands_of_broken_lines_take_little_memory(as_integrator, url):
    as_integrator.send("POST", url, b"{\n", NDJSON)
    tracemalloc.start()
    try:
        as_integrator.send("POST", url, b"{\n" * 5000, NDJSON)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20_000_000  # 14 KB a line before


@pytest.mark.parametrize("content_type", ["application/json", NDJSON])
def test_too_many_values_are_413(content_type, as_integrator, url):
    body = b'{"visitor_identities": [' + b"0," * MAX_VALUES + b"0]}"

    response = as_integrator.send("POST", url, body, content_type)

    assert response.status_code == 413
    assert response.json() == {
        "detail": f"The request body has more than {MAX_VALUES} values.",
        "code": "payload_too_large",
    }


def test_the_largest_batch_is_not_too_many_values(as_integrator, org_url, goal, room):
    match = {
        "goal_id": str(goal.id),
        "visitor_identity": "somebody",
        "goal_matched_at": "2016-10-10T22:00:49Z",
        "goal_value": "12.50",
        "external_id": None,
        "if_unmatched": "reject",
        "rooms": [str(room.id)] * 76,
    }
    body = json.dumps({"matches": [match] * 5000}, separators=(",", ":")).encode()
    assert 15 * 1024 * 1024 < len(body) < 16 * 1024 * 1024

    response = as_integrator.send("POST", f"{org_url}/matches/batch", body)

    assert response.status_code == 200
    assert response.json()["summary"]["by_code"] == {"session_not_found": 5000}


@pytest.mark.parametrize("count", [MAX_NAMED, MAX_NAMED + 1, MAX_NAMED + 2, 100])
def test_of_very_many_wrong_rooms_some_are_named(count, as_integrator, org_url, goal):
    match = {"visitor_identity": "somebody", "goal_matched_at": "2016-10-10T22:00:49Z"}
    path = f"{org_url}/goals/{goal.id}/matches"
    unknown = [f"01234567-0000-7000-8000-{number:012}" for number in range(count)]

    malformed = as_integrator.post(path, {**match, "rooms": [f"room {number}" for number in range(count)]})
    foreign = as_integrator.post(path, {**match, "rooms": unknown})

    more = count - MAX_NAMED
    assert malformed.json()["rooms"] == [
        *(f"“room {number}” is not a UUID." for number in range(MAX_NAMED)),
        *([f"{more} more {'are not UUIDs' if more > 1 else 'is not a UUID'}."] if more else []),
    ]
    assert foreign.json()["rooms"] == [
        *(f"{room} is not a room of the organization." for room in unknown[:MAX_NAMED]),
        *(
            [f"{more} more {'are not rooms' if more > 1 else 'is not a room'} of the organization."]
            if more
            else []
        ),
    ]


@pytest.mark.parametrize("parse", [parse_uuid, canonical_uuid])
def test_what_cannot_be_a_uuid_is_not_remembered(parse):
    cache = getattr(fields, f"_{parse.__name__}")
    before = cache.cache_info().currsize + cache.cache_info().misses

    assert parse("x" * 1_000_000) is None

    assert cache.cache_info().currsize + cache.cache_info().misses == before


def test_a_body_that_is_not_utf_8_says_so(as_integrator, url):
    response = as_integrator.send("POST", url, '{"visitor_identities": "Jürgen"}'.encode("latin-1"))

    assert response.status_code == 400
    assert response.json() == {
        "detail": "The request body is not UTF-8, at its byte 26. Send JSON as UTF-8.",
        "code": "parse_error",
    }
