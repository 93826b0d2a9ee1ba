"""Requests that were made to do harm, to every endpoint: refused or served as documented, and never a 5xx.

What is wrong with one attribute at a time is in test_bad_input; here whole requests are hostile.
"""

import gzip
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db import connection, transaction

from goalsvc.orgs.models import ApiToken
from matching.models import MatchAttempt
from tests.api.endpoints import ENDPOINTS, Endpoint, Place, parameters_of, takes_json
from tests.factories import UNKNOWN_ID

WRITING = [each for each in ENDPOINTS if takes_json(each)]
every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
every_writing_endpoint = pytest.mark.parametrize("endpoint", WRITING, ids=str)

# Whole bodies.
BODIES = {
    "nothing": b"",
    "spaces": b" \r\n\t ",
    "a NUL": b"\x00",
    "NULs": b"\x00" * 10_000,
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "a huge number": b"9" * 100_000,
    "an infinite number": b"1e400",
    "a string": b'"goal"',
    "a lone surrogate": rb'"\ud800"',
    "an empty list": b"[]",
    "a list of lists": b"[[[]]]",
    "a list of nulls": b"[null, null]",
    "an empty object": b"{}",
    "UTF-7": "{+IgA-name+IgA-: 1}".encode("ascii"),
    "a form": b"name=A&name=B",
    "parts": b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nA\r\n--x--\r\n',
    "XML with an entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "YAML": b"!!python/object/apply:os.system [id]",
    "a pickle": b"\x80\x04N.",
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b"[" * 50_000 + b"]" * 50_000,
    "many attributes": b"{" + b",".join(b'"a%d":0' % number for number in range(50_000)) + b"}",
    "one attribute many times": b"{" + b",".join([b'"name":[]'] * 50_000) + b"}",
    "a long name": b'{"' + b"n" * 500_000 + b'": 1}',
    "prototypes": b'{"__proto__": {"is_admin": true}, "constructor": {"prototype": {"name": "A"}}}',
}

# What is made of the endpoint's valid body.
CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "a BOM": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "UTF-16 without BOM": lambda body: body.decode().encode("utf-16-le"),
    "UTF-32": lambda body: body.decode().encode("utf-32"),
    "Latin-1": lambda body: body.replace(b": ", ': "ä", "x": '.encode("latin-1"), 1),
    "no UTF-8": lambda body: body.replace(b'"', b'"\xff', 1),
    "compressed": gzip.compress,
    "half of it": lambda body: body[: len(body) // 2],
    "twice": lambda body: body + body,
    "each attribute twice": lambda body: body[:-1] + b", " + body[1:],
    "each attribute again, as null": lambda body: (
        body[:-1] + b", " + b", ".join(f'"{name}": null'.encode() for name in json.loads(body)) + b"}"
    ),
    "in a list": lambda body: b"[" + body + b"]",
    "in an object": lambda body: b'{"data": ' + body + b"}",
    "as a string": lambda body: json.dumps(body.decode()).encode(),
    "prototypes besides": lambda body: (
        body[:-1] + b', "__proto__": {"a": 1}, "constructor": 1, "toString": null, "__class__": "int"}'
    ),
    "NULs behind": lambda body: body + b"\x00\x00",
    "a megabyte of spaces behind": lambda body: body + b" " * 1_000_000,
    "two megabytes behind": lambda body: body + b" " * 2_000_000,
}

# What every value of the endpoint's valid body becomes, as JSON.
VALUES = [
    "null", "true", "0", "-0", "-0.0", "1e400", "-1e400", "1e-400", "9" * 5000, "1E99999999999", "NaN",
    "Infinity", "-Infinity", "0x10", "+1", ".5", "1.", "01", "1_000", '""', r'"\u0000"', r'"\ud800"',
    r'"\udc00\ud800"', r'"\u202e\ufeff"', r'"\r\nX-Injected: 1"', '"${7*7}{{7*7}}%s%n"', "\"' OR 1=1; --\"",
    '"' + "x" * 500_000 + '"', '"../../etc/passwd"', '"__proto__"', f'"{UNKNOWN_ID}"',
    '"0000-01-01T00:00:00Z"', '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"',
    '"10000-01-01T00:00:00Z"', '"2016-10-10T24:00:00Z"', '"2016-12-31T23:59:60Z"',
    '"2016-10-10T22:00:00+14:00"', '"2016-10-10T22:00:00-14:00"', '"2016-10-10T22:00:00+99:00"',
    '"2016-10-10T22:00:00-99:99"', '"2016-W41-1T22:00:00Z"', '"-2016-10-10T22:00:00Z"',
    r'"\u0662\u0660\u0661\u0666-10-10T22:00:00Z"', '"2016-10-10T22:00:00.9999999999Z"', "[]", "[null]",
    "[[]]", "[" + "0," * 9_999 + "0]", "{}", '{"__proto__": null}', '{"$ne": null}',
]  # fmt: skip

# What every part of an address that is an id becomes, as it is written in the request line.
SEGMENTS = [
    "%00", "..", "%2e%2e", "%2e%2e%2f%2e%2e%2fadmin%2f", "%2F", "%5c", "%FF", "%ED%A0%80", "%C0%AF", "%",
    "%zz", "%0d%0aX-Injected:%201", "*", "null", "-1", "1e400", "__proto__", "{}", "%F0%9F%99%82",
    "a" * 20_000, "'%20OR%201=1--", "0199d6a4-0000-7000-8000-000000000000%00", "%E2%80%AE",
]  # fmt: skip

# Beside a row of the year 9999 in an offset that is the year 10000 in UTC.
FAR_CURSOR = "cursor=" + urlsafe_b64encode(
    b'[false,"9999-12-31T23:59:59-14:00","0199d6a4-0000-7000-8000-000000000000"]'
).decode().rstrip("=")
QUERIES = [
    "%00", "%00=%00", "%FF=%FF", "%ED%A0%80=%ED%A0%80", "=", "&&&&", "a" * 20_000, "&".join(["a=1"] * 2000),
    "cursor=", "cursor=%00", "cursor=%FF", "cursor=%ED%A0%80", "cursor=AAAA", "cursor=..%2F..",
    "cursor=" + "A" * 20_000, "cursor=W2ZhbHNlLG51bGwsbnVsbF0", "cursor[]=1", FAR_CURSOR, "page_size=0",
    "page_size=-1", "page_size=1e9", "page_size=%D9%A1", "page_size=" + "9" * 5000,
    "page_size=1&page_size=x", "format=xml", "format=%00", "validate_only=1", "days=" + "9" * 5000,
    "days=NaN", "visitor_identity=%00&visitor_id=%00&external_id=%00&code=%00&status=%00",
    "visitor_identity=%ED%A0%80&visitor_id=%FF&external_id=%FF&code=%FF&status=%FF",
    "goal_id=%00&goal=%00&room=%00", "goal_id=..&room=*",
    "matched_from=0000-01-01T00:00:00Z&from=10000-01-01T00:00:00Z", "matched_to=%00&to=%00",
    "matched_from=0001-01-01T00:00:00%2B14:00&to=9999-12-31T23:59:59-14:00", "is_retracted=%00",
]  # fmt: skip

# As WSGI has them. What no HTTP server lets through (newlines, NUL) is not here.
HEADERS: list[dict[str, str]] = [
    {"HTTP_AUTHORIZATION": ""},
    {"HTTP_AUTHORIZATION": "Token"},
    {"HTTP_AUTHORIZATION": "Token  "},
    {"HTTP_AUTHORIZATION": "Token a b"},
    {"HTTP_AUTHORIZATION": "Token \xe4\xff"},
    {"HTTP_AUTHORIZATION": "Token " + "a" * 30_000},
    {"HTTP_AUTHORIZATION": "Token 0123456789abcdef0123456789abcdef0123456\xb2"},
    {"HTTP_AUTHORIZATION": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."},
    {"HTTP_AUTHORIZATION": "Basic OjpAAA=="},
    {"HTTP_AUTHORIZATION": "Digest username=a"},
    {"HTTP_ACCEPT": "\xff"},
    {"HTTP_ACCEPT": ";q=,,,/"},
    {"HTTP_ACCEPT": "application/json;q=" + "9" * 5000},
    {"HTTP_ACCEPT": ",".join(["text/html;q=0.1"] * 1500)},
    {"HTTP_ACCEPT_LANGUAGE": "x" * 30_000},
    {"HTTP_X_REQUEST_ID": "\xff"},
    {"HTTP_X_REQUEST_ID": "a" * 30_000},
    {"HTTP_COOKIE": "sessionid=\xff; a=" + "b" * 20_000},
    {"HTTP_RANGE": "bytes=0-0"},
    {"HTTP_IF_MATCH": "\xff"},
    {"HTTP_IF_MATCH": '"' + "a" * 20_000 + '"'},
    {"HTTP_IF_NONE_MATCH": "*"},
    {"HTTP_IF_MODIFIED_SINCE": "Mon, 99 Foo 99999 99:99:99 GMT"},
    {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
    {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_FORWARDED": "host=evil.example"},
    {"HTTP_X_ORIGINAL_URL": "/admin/", "HTTP_X_REWRITE_URL": "/admin/"},
    {"HTTP_IDEMPOTENCY_KEY": ""},
    {"HTTP_IDEMPOTENCY_KEY": "\xe4"},
    {"HTTP_IDEMPOTENCY_KEY": "k" * 30_000},
    {"HTTP_CONTENT_ENCODING": "gzip"},
    {"HTTP_CONTENT_ENCODING": "\xff"},
    {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""},
    {"HTTP_TRANSFER_ENCODING": "gzip, chunked"},
    {"HTTP_EXPECT": "a-miracle"},
    {"HTTP_HOST": "evil.example"},
    {"CONTENT_LENGTH": "-1"},
    {"CONTENT_LENGTH": "9" * 30},
    {"CONTENT_LENGTH": "\u0663"},
    {"CONTENT_TYPE": "\xff/\xff"},
    {"CONTENT_TYPE": "application/json;" * 1500},
    {"CONTENT_TYPE": "application/json; charset=utf-16"},
    {"CONTENT_TYPE": "application/json\x00"},
    {"CONTENT_TYPE": "multipart/form-data"},
    {"CONTENT_TYPE": "multipart/form-data; boundary=" + "x" * 500},
    {"CONTENT_TYPE": "application/x-www-form-urlencoded"},
    {"CONTENT_TYPE": "text/html"},
]

# Tables that a refusal writes to as it should: what was tried, and that a token was used.
MAY_CHANGE = {MatchAttempt, ApiToken}
TABLES = sorted(
    model._meta.db_table for model in apps.get_models(include_auto_created=True) if model not in MAY_CHANGE
)
FINGERPRINT = "SELECT " + ", ".join(
    f"(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t)" for table in TABLES
)


def fingerprint() -> Any:
    """What is in all the tables."""
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT)
        return cursor.fetchone()


def attack(
    client: Any, endpoint: Endpoint, url: str, before: Any, body: bytes | None = None, **extra: str
) -> Any:
    """Send a hostile request, hold its answer against the rules, and undo what it did."""
    content_type = extra.pop("CONTENT_TYPE", "application/json" if body is not None else "")
    with transaction.atomic():
        # Not the client's own stand-in for a stream, which insists on the announced length.
        stream = {"wsgi.input": BytesIO(body or b"")}
        response = client.generic(endpoint.method, url, body or b"", content_type, **extra, **stream)
        status = response.status_code
        about = (url[:200], extra, status, response.content[:300])
        if endpoint.route == "home" and response.headers["Content-Type"].startswith("text/html"):
            assert status == 200, about  # as it was asked for
        elif endpoint.route == "docs" and status == 200:
            assert response.headers["Content-Type"] == "text/html; charset=utf-8", about
        elif status == 204 or (status == 304 and endpoint.method == "GET"):
            assert response.content == b"", about
        else:
            assert response.headers["Content-Type"] == "application/json", about
            answer = response.json()
            if 200 <= status < 300:
                assert status in {endpoint.succeeds, 200}, about
            else:
                assert 400 <= status < 500, about
                assert is_error(answer), about
            if endpoint.method != "GET" and (status >= 400 or is_all_refused(answer)):
                assert fingerprint() == before, about
        assert "X-Injected" not in response.headers, about
        transaction.set_rollback(True)
    return response


def is_error(answer: Any) -> bool:
    """Whether the answer has one of the two documented shapes of errors."""
    if not isinstance(answer, dict) or not answer:
        return False
    if answer.keys() >= {"detail", "code"}:
        return isinstance(answer["detail"], str) and isinstance(answer["code"], str)
    return all(isinstance(sentences, list | dict) and sentences for sentences in answer.values())


def is_all_refused(answer: Any) -> bool:
    """Whether it is the answer to a batch of which nothing was taken."""
    summary = answer.get("summary") if isinstance(answer, dict) else None
    return isinstance(summary, dict) and summary["failed"] == summary["received"]


def valid_body(endpoint: Endpoint, place: Place) -> bytes | None:
    body = endpoint.body(place)
    return None if body is None else json.dumps(body).encode()


@every_writing_endpoint
def test_hostile_bodies(endpoint, as_manager, place):
    before = fingerprint()
    url = endpoint.url(place)
    valid = valid_body(endpoint, place)
    assert valid is not None
    for body in [*BODIES.values(), *(change(valid) for change in CHANGES.values())]:
        attack(as_manager, endpoint, url, before, body)
        if endpoint.route.endswith("-batch"):
            attack(as_manager, endpoint, url, before, body, CONTENT_TYPE="application/x-ndjson")


@every_writing_endpoint
def test_hostile_values_everywhere_in_a_body(endpoint, as_manager, place):
    before = fingerprint()
    body = endpoint.body(place)
    for value in VALUES:
        if endpoint.route.endswith("-batch"):
            [(name, [item])] = body.items()
            hostile = f'{{"{name}": [{replaced(item, value)}]}}'
        else:
            hostile = replaced(body, value)
        attack(as_manager, endpoint, endpoint.url(place), before, hostile.encode())


def replaced(body: dict[str, Any], value: str) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name in body) + "}"


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if parameters_of(each.route)], ids=str)
def test_hostile_addresses(endpoint, as_manager, place):
    before = fingerprint()
    body = valid_body(endpoint, place)
    for name in parameters_of(endpoint.route):
        real = f"/{getattr(place, name)}"
        for segment in SEGMENTS:
            url = endpoint.url(place).replace(real, f"/{segment}")
            response = attack(as_manager, endpoint, url, before, body)
            assert response.status_code in {403, 404, 405}, (url, response.content)


@every_endpoint
def test_hostile_queries(endpoint, as_manager, place):
    before = fingerprint()
    body = valid_body(endpoint, place)
    # What changes something reads hardly any of these.
    for query in QUERIES if endpoint.method == "GET" else QUERIES[::4]:
        attack(as_manager, endpoint, endpoint.url(place, f"?{query}"), before, body)


@every_endpoint
def test_hostile_headers(endpoint, as_manager, place):
    before = fingerprint()
    body = valid_body(endpoint, place)
    # What only reads an organization takes the same way to its view, whatever it is: a third each.
    is_alike = endpoint.method == "GET" and "organization_id" in parameters_of(endpoint.route)
    for headers in HEADERS[ENDPOINTS.index(endpoint) % 3 :: 3] if is_alike else HEADERS:
        attack(as_manager, endpoint, endpoint.url(place), before, body, **headers)


def test_a_hostile_address_that_leads_elsewhere_is_that_address(as_manager, place):
    # No part of an address climbs to another: what is behind the percent signs is text, not structure.
    climbing = place.url("goal-detail").replace(
        str(place.goal_id), quote(f"../rooms/{place.room_id}", safe="")
    )
    assert as_manager.get(climbing).status_code == 404
