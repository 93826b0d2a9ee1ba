"""Whatever may be wrong with a body, a field or an address: the documented 4xx that names it, never a 5xx.

Each case changes one thing about a request that succeeds. A new writing endpoint takes one line in
endpoints.py and one in FIELDS.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from goals.models import Goal
from matching.models import ExternalMatch, Visitor, VisitorIdentity, VisitorSession
from tests.api.endpoints import ENDPOINTS, PUBLIC, Endpoint, takes_json
from tests.api.test_openapi import DESCRIBED, fields_of
from tests.factories import UNKNOWN_ID, ids

WRITING = {str(each): each for each in ENDPOINTS if takes_json(each)}
BATCHES = {name: each for name, each in WRITING.items() if each.route.endswith("-batch")}
SINGLE = {name: each for name, each in WRITING.items() if name not in BATCHES}
every_writing_endpoint = pytest.mark.parametrize("endpoint", WRITING.values(), ids=WRITING)
every_single_endpoint = pytest.mark.parametrize("endpoint", SINGLE.values(), ids=SINGLE)
every_batch = pytest.mark.parametrize("endpoint", BATCHES.values(), ids=BATCHES)

# The kinds of values. What each kind refuses is in REFUSED.
TEXT, FLAG, ROOMS, MONEY, MOMENT, WORD, CONDITIONS, LONG_TEXT = range(8)


@dataclass(frozen=True)
class Field:
    kind: int
    is_required: bool = True
    is_nullable: bool = False


def optional(kind: int) -> Field:
    return Field(kind, is_required=False, is_nullable=True)


GOAL = {
    "name": Field(TEXT),
    "is_any_room_allowed": Field(FLAG),
    "allow_any_room": Field(FLAG, is_required=False),
    "allowed_any_room": Field(FLAG, is_required=False),
    "allowed_rooms": Field(ROOMS),
    "default_value": optional(MONEY),
    "conditions": Field(CONDITIONS),
}
PART_OF_GOAL = {name: replace(field, is_required=False) for name, field in GOAL.items()}
MATCH = {
    "visitor_identity": Field(TEXT),
    "goal_matched_at": Field(MOMENT),
    "rooms": Field(ROOMS),
    "goal_value": optional(MONEY),
    "external_id": optional(TEXT),
    "if_unmatched": Field(WORD, is_required=False),
}
IDENTITY = {
    "visitor_identity": Field(TEXT),
    "visitor_id": Field(TEXT),
    "visitor_session_id": optional(TEXT),
}
SESSION = {
    "visitor_session_id": Field(TEXT),
    "visitor_id": Field(TEXT),
    "started_at": Field(MOMENT),
    "ended_at": optional(MOMENT),
    "rooms": Field(ROOMS),
    "visitor_identity": optional(TEXT),
}
FIELDS: dict[str, dict[str, Field]] = {
    "POST-goal-list": GOAL,
    "PUT-goal-detail": GOAL,
    "PATCH-goal-detail": PART_OF_GOAL,
    "POST-goal-match-list": MATCH,
    "PATCH-match-detail": {"goal_value": Field(MONEY, is_nullable=True), "reason": optional(LONG_TEXT)},
    "POST-visitor-identity-list": IDENTITY,
    "POST-visitor-session-list": SESSION,
    # Of a batch, its items' fields.
    "POST-match-batch": MATCH,
    "POST-visitor-identity-batch": IDENTITY,
    "POST-visitor-session-batch": SESSION,
}

# Values as JSON, since many can't be written by a JSON encoder.
WRONG_CHARACTERS = [
    r'"\u0000"', r'"a\u0000b"', r'"\u0001"', r'"\u001b[31m"', r'"a\rb"', r'"\u007f"', r'"\u0085"',
    r'"\ud800"', r'"\udfff"', r'"a\ud83d"', r'"\ude00\ud83d"',
]  # fmt: skip
NO_STRINGS = [
    "1",
    "1.5",
    "true",
    "false",
    "[]",
    '["a"]',
    "{}",
    '{"a": 1}',
    "NaN",
    "1e400",
    "1e99999999999999999999",
]
EMPTY = ['""', '" "', r'"\n\t"']
NO_NUMBERS = [
    "true", "false", "[]", "[1]", "{}", '{"value": 1}', '""', '" "', '"x"', '"1,5"', '"NaN"', '"Infinity"',
    r'"1\u0000"', r'"\ud800"', r'"\u0661"', "NaN", "Infinity", "-Infinity", "1e400", "-1e400", '"1e400"',
    "1e99999999999999999999", "1e-99999999999999999999", "123456789012345", '"123456789012345"', "0.001",
    '"0.001"', "1e-3", "9" * 4301, "-" + "9" * 10_000, '"' + "9" * 100_000 + '"',
]  # fmt: skip
NO_MOMENTS = [
    "1", "1476136849.123", "true", "[]", "{}", '""', '" "', '"x"', '"2016-10-10"', '"2016-02-30T00:00:00Z"',
    '"2016-10-10T25:00:00Z"', '"2016-10-10T22:00:49+99:99"', '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-14:00"', '"10000-01-01T00:00:00Z"', '"99999999-01-01T00:00:00Z"', "NaN", "1e400",
    r'"2016-10-10T22:00:49Z\u0000"', r'"\ud800"', '"' + "2" * 100_000 + '"',
]  # fmt: skip
NO_LISTS = [
    "1",
    "1.5",
    "true",
    "false",
    '""',
    '"x"',
    "{}",
    '{"0": "x"}',
    "NaN",
    "1e400",
    r'"\ud800"',
    r'"\u0000"',
]
NO_IDS = [
    "1", "null", "true", '""', "[]", "{}", '"x"', "NaN", "1e99999999999999999999", r'"\u0000"', r'"\ud800"',
    '"ac83d426-be80-4d75-8c62-49a77f98468h"', '"ac83d426be804d758c6249a77f984680"',
    '"{ac83d426-be80-4d75-8c62-49a77f984680}"', '"urn:uuid:ac83d426-be80-4d75-8c62-49a77f984680"',
    '"ac83d426-be80-4d75-8c62-49a77f984680 "', r'"ac83d426-be80-4d75-8c62-49a77f984680\n"',
    f'"{UNKNOWN_ID}"', '"' + "a" * 100_000 + '"',
]  # fmt: skip
NO_CONDITIONS = [
    "null", "1", "true", '""', "[]", "{}", '{"type": 0}', '{"type": 38}', '{"type": "1"}', '{"type": 1.5}',
    '{"type": true}', '{"type": null}', '{"type": NaN}', '{"type": 1e400}', '{"type": ' + "9" * 5000 + "}",
    '{"type": 1}', '{"type": 1, "value": null}', '{"type": 1, "value": 5}', '{"type": 1, "value": []}',
    r'{"type": 1, "value": "\u0000"}', r'{"type": 1, "value": "\ud800"}', '{"type": 27, "negate": 1}',
    '{"type": 27, "negate": "true"}', '{"type": 27, "settings": []}', '{"type": 27, "settings": null}',
    r'{"type": 27, "settings": {"a": "\u0000"}}', r'{"type": 27, "settings": {"\u0000": 1}}',
    r'{"type": 27, "settings": {"a": [{"\ud800": 1}]}}', '{"type": 27, "settings": {"a": NaN}}',
    '{"type": 27, "settings": {"a": 1e400}}', '{"type": 27, "settings": {"a": 1e99999999999999999999}}',
    '{"type": 27, "unknown": 1}', r'{"type": 27, "\u0000": 1}', r'{"type": 27, "\ud800": 1}',
]  # fmt: skip
REFUSED = {
    TEXT: [*EMPTY, *NO_STRINGS, *WRONG_CHARACTERS, '"' + "x" * 256 + '"', '"' + "x" * 100_000 + '"'],
    LONG_TEXT: [*EMPTY, *NO_STRINGS, *WRONG_CHARACTERS, '"' + "x" * 100_000 + '"'],
    FLAG: ["0", "1", "1.0", '"true"', '"false"', '""', "[]", "[true]", "{}", "NaN", "1e400"],
    ROOMS: [*NO_LISTS, *(f"[{each}]" for each in NO_IDS), f'["{UNKNOWN_ID}", "x", null]'],
    MONEY: NO_NUMBERS,
    WORD: [*NO_STRINGS, *EMPTY, *WRONG_CHARACTERS, '"no word"', '"HOLD"', '"hold "', "null"],
    MOMENT: NO_MOMENTS,
    CONDITIONS: [
        *NO_LISTS,
        *(f"[{each}]" for each in NO_CONDITIONS),
        "[" + ", ".join(['{"type": 27}'] * 101) + "]",
    ],
}

EVERY_FIELD = [
    pytest.param(each, name, id=f"{each}-{name}") for each in SINGLE.values() for name in FIELDS[str(each)]
]


def refused(field: Field) -> list[str]:
    """What the field refuses, each once."""
    return list(dict.fromkeys(REFUSED[field.kind] + ([] if field.is_nullable else ["null"])))


def test_every_writing_endpoint_has_its_fields_here():
    assert FIELDS.keys() == WRITING.keys()


@every_writing_endpoint
def test_every_field_of_a_serializer_is_here(endpoint):
    [operation] = [name for name, each in DESCRIBED.items() if each == endpoint]
    fields = fields_of(operation)
    fields.pop("goal_id", None)  # of an item: test_match_batch

    assert fields.keys() == FIELDS[str(endpoint)].keys()
    assert {name for name, schema in fields.items() if "null" in json.dumps(schema)} == {
        name for name, field in FIELDS[str(endpoint)].items() if field.is_nullable
    }


def whole_body(endpoint: Endpoint, place: Any) -> dict[str, Any]:
    """The endpoint's least valid body; for a part of a goal, that of a whole."""
    as_whole = WRITING["PUT-goal-detail"] if str(endpoint) == "PATCH-goal-detail" else endpoint
    body: dict[str, Any] = as_whole.body(place)
    return body


def send(client: Any, endpoint: Endpoint, place: Any, body: bytes, **extra: Any) -> Any:
    return client.send(endpoint.method, endpoint.url(place), body, **extra)


def rows() -> list[Any]:
    """All that a request could have written."""
    models: list[Any] = [Goal, ExternalMatch, Visitor, VisitorIdentity, VisitorSession]
    return [list(model.objects.order_by("pk").values()) for model in models]


# Many values a test, each a request: a test of its own for each would take minutes.
@pytest.mark.parametrize(("endpoint", "field"), EVERY_FIELD)
def test_a_wrong_value_is_400_naming_its_field(endpoint, field, as_manager, place):
    values = refused(FIELDS[str(endpoint)][field])
    body = {name: json.dumps(given) for name, given in whole_body(endpoint, place).items()}
    if field in {"allow_any_room", "allowed_any_room"}:
        del body["is_any_room_allowed"]
    before = rows()

    answers = {}
    for value in values:
        attributes = ", ".join(f'"{name}": {given}' for name, given in (body | {field: value}).items())
        answers[value] = send(as_manager, endpoint, place, f"{{{attributes}}}".encode())

    assert {value: (answer.status_code, list(answer.json())) for value, answer in answers.items()} == {
        value: (400, [field]) for value in values
    }
    for answer in answers.values():
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.content.decode().isprintable()  # quoted input included
        assert len(answer.content) < 5000
    assert rows() == before


@pytest.mark.parametrize(("endpoint", "field"), EVERY_FIELD)
def test_a_missing_attribute_is_400_naming_it_unless_it_is_optional(endpoint, field, as_manager, place):
    body = whole_body(endpoint, place)
    body.pop(field, None)

    response = send(as_manager, endpoint, place, json.dumps(body).encode())

    if FIELDS[str(endpoint)][field].is_required:
        assert response.status_code == 400
        assert response.json() == {field: ["This field is required."]}
    else:
        assert response.status_code == endpoint.succeeds


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [
        pytest.param(each, name, id=f"{each}-{name}")
        for each in SINGLE.values()
        for name, field in FIELDS[str(each)].items()
        if field.is_nullable
    ],
)
def test_a_nullable_attribute_may_be_null(endpoint, field, as_manager, place):
    body = whole_body(endpoint, place) | {field: None}

    assert send(as_manager, endpoint, place, json.dumps(body).encode()).status_code == endpoint.succeeds


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [
        pytest.param(each, name, id=f"{each}-{name}")
        for each in SINGLE.values()
        for name, field in FIELDS[str(each)].items()
        if field.kind == ROOMS
    ],
)
def test_a_foreign_room_is_named(endpoint, field, as_manager, place, foreign_room):
    body = whole_body(endpoint, place) | {field: [str(place.room_id), *ids(foreign_room)]}

    response = send(as_manager, endpoint, place, json.dumps(body).encode())

    assert response.status_code == 400
    assert response.json() == {field: [f"{foreign_room.id} is not a room of the organization."]}


# Attributes that nobody knows may hold whatever JSON can say.
UNKNOWN_ATTRIBUTES = [
    r'"unknown": "\u0000"', r'"unknown": "\ud800"', r'"\u0000": 1', r'"\ud800": 1', '"": null',
    '"unknown": NaN', '"unknown": 1e400', '"unknown": 1e99999999999999999999',
    '"unknown": ' + "9" * 10_000, '"unknown": ' + "[" * 18 + "]" * 18, '"__class__": "x"',
]  # fmt: skip


@every_writing_endpoint
def test_an_unknown_attribute_is_ignored_whatever_it_holds(endpoint, as_manager, place):
    body = json.dumps(endpoint.body(place)).encode()[:-1]

    answers = {
        unknown: send(as_manager, endpoint, place, body + b", " + unknown.encode() + b"}").status_code
        for unknown in UNKNOWN_ATTRIBUTES
    }

    # A session or an identity is new only once.
    assert set(answers.values()) <= {endpoint.succeeds, 200}, answers


# Bodies

NOT_JSON = {
    "a word": b"hello",
    "half an object": b'{"name": ',
    "an open string": b'{"name": "A',
    "single quotes": b"{'name': 'A'}",
    "a comma too many": b'{"name": "A",}',
    "two objects": b"{}{}",
    "a comment": b"{} // nothing",
    "a leading zero": b'{"default_value": 010}',
    "a raw newline in a string": b'{"name": "a\nb"}',
    "a raw NUL": b'{"name": "a\x00b"}',
    "a NUL": b"\x00",
    "spaces": b"   ",
    "a form": b"name=A&allowed_rooms=",
    "XML": b"<goal/>",
    "not UTF-8": b'{"name": "\xff"}',
    "Latin-1": '{"name": "Kävijä"}'.encode("latin-1"),
    "UTF-16": '{"name": "A"}'.encode("utf-16"),
    "UTF-32": '{"name": "A"}'.encode("utf-32"),
    "an encoded surrogate": b'{"name": "\xed\xa0\x80"}',
    "overlong UTF-8": b'{"name": "\xc0\x80"}',
    "half a character": b'{"name": "\xe2\x82"}',
    "a broken escape": b'{"name": "\\ud8"}',
    "compressed": b"\x1f\x8b\x08\x00",
    "21 lists": b"[" * 21 + b"]" * 21,
    "21 objects": b'{"a":' * 20 + b"{}" + b"}" * 20,
    "21 levels in an attribute": b'{"conditions": ' + b"[" * 20 + b"]" * 20 + b"}",
    "100,000 lists": b"[" * 100_000 + b"]" * 100_000,
    "100,000 open lists": b"[" * 100_000,
    "100,000 open objects": b'{"a":' * 100_000,
    "deep and with NaN": b'{"a": NaN, "b": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@every_single_endpoint
def test_a_body_that_is_not_json_is_a_parse_error(endpoint, as_manager, place):
    answers = {name: send(as_manager, endpoint, place, body) for name, body in NOT_JSON.items()}

    assert {name: (answer.status_code, answer.json().get("code")) for name, answer in answers.items()} == (
        dict.fromkeys(NOT_JSON, (400, "parse_error"))
    )


NO_OBJECTS = [b"[]", b'[{"name": "A"}]', b'"A"', b"1", b"true", b"NaN", b"1e400"]


@every_single_endpoint
def test_a_body_that_is_no_object_is_400(endpoint, as_manager, place):
    answers = {body: send(as_manager, endpoint, place, body) for body in (*NO_OBJECTS, b"null")}

    assert {body: (answer.status_code, answer.json()) for body, answer in answers.items()} == {
        **{body: (400, {"non_field_errors": ["Not a JSON object."]}) for body in NO_OBJECTS},
        b"null": (400, {"non_field_errors": ["This field may not be null."]}),
    }


def test_twenty_levels_are_not_too_deep(as_manager, place):
    nested: Any = {}
    for _ in range(16):  # with the body, the list, the condition and its settings: 20
        nested = {"a": nested}
    body = json.dumps({"conditions": [{"type": 22, "settings": nested}]}).encode()
    deeper = json.dumps({"conditions": [{"type": 22, "settings": {"a": nested}}]}).encode()

    assert as_manager.send("PATCH", place.url("goal-detail"), body).status_code == 200
    assert as_manager.send("PATCH", place.url("goal-detail"), deeper).json()["code"] == "parse_error"


@every_single_endpoint
def test_an_empty_body_is_an_empty_object(endpoint, as_manager, place):
    response = send(as_manager, endpoint, place, b"")

    required = [name for name, field in FIELDS[str(endpoint)].items() if field.is_required]
    if required:
        assert response.status_code == 400
        assert response.json() == {name: ["This field is required."] for name in required}
    else:
        assert response.status_code == endpoint.succeeds


@every_writing_endpoint
def test_a_body_with_a_byte_order_mark_is_read(endpoint, as_manager, place):
    body = json.dumps(endpoint.body(place)).encode("utf-8-sig")

    assert send(as_manager, endpoint, place, body).status_code == endpoint.succeeds


# Batches: the envelope, and items that harm no other


@every_batch
def test_an_item_with_a_wrong_value_is_answered_like_the_single_call(endpoint, as_manager, place):
    [(name, [item])] = whole_body(endpoint, place).items()
    good = {key: json.dumps(given) for key, given in item.items()}
    cases = [(field, value) for field, form in FIELDS[str(endpoint)].items() for value in refused(form)]
    items = [good | {field: value} for field, value in cases if len(value) < 10_000] + [good]
    text = ", ".join(
        "{" + ", ".join(f'"{key}": {given}' for key, given in each.items()) + "}" for each in items
    )

    response = send(as_manager, endpoint, place, f'{{"{name}": [{text}]}}'.encode())

    assert response.status_code == 200, response.content
    *bad, last = response.json()["results"]
    assert [(each["status"], list(each["errors"])) for each in bad] == [
        (400, [field]) for field, value in cases if len(value) < 10_000
    ]
    assert last["status"] in {200, 201}


@every_batch
def test_an_item_that_is_no_object_harms_no_other(endpoint, as_manager, place):
    [(name, [item])] = whole_body(endpoint, place).items()
    text = ", ".join(["null", "1", '"x"', "[]", "NaN", r'"\ud800"', json.dumps(item)])

    response = send(as_manager, endpoint, place, f'{{"{name}": [{text}]}}'.encode())

    assert response.status_code == 200
    *bad, last = response.json()["results"]
    assert [each["status"] for each in bad] == [400] * 6
    assert last["status"] in {200, 201}


@every_batch
def test_a_bad_envelope_is_400(endpoint, as_manager, place):
    [(name, [item])] = whole_body(endpoint, place).items()
    bodies = {
        b"": {name: ["This field is required."]},
        b"{}": {name: ["This field is required."]},
        f'{{"{name}": null}}'.encode(): {name: ["Not a list."]},
        f'{{"{name}": "x"}}'.encode(): {name: ["Not a list."]},
        f'{{"{name}": {json.dumps(item)}}}'.encode(): {name: ["Not a list."]},
        f'{{"{name}": []}}'.encode(): {name: ["Must have 1 to 5000 items, not 0."]},
        f'{{"{name}": [{"1," * 5000}1]}}'.encode(): {name: ["Must have 1 to 5000 items, not 5001."]},
    }

    answers = {body: send(as_manager, endpoint, place, body) for body in bodies}

    assert {body: (answer.status_code, answer.json()) for body, answer in answers.items()} == {
        body: (400, errors) for body, errors in bodies.items()
    }


@every_batch
def test_a_body_that_is_no_envelope_at_all_is_a_parse_error(endpoint, as_manager, place):
    deep = {"21 lists", "21 objects", "21 levels in an attribute"}  # the envelope takes two levels
    bodies = {name: body for name, body in NOT_JSON.items() if name not in deep}
    bodies |= {repr(body): body for body in (*NO_OBJECTS, b"null", b"[" * 23 + b"]" * 23)}

    answers = {name: send(as_manager, endpoint, place, body) for name, body in bodies.items()}

    assert {name: (answer.status_code, answer.json().get("code")) for name, answer in answers.items()} == (
        dict.fromkeys(bodies, (400, "parse_error"))
    )


@every_batch
def test_a_broken_line_of_ndjson_spoils_no_other(endpoint, as_manager, place):
    [(_, [item])] = whole_body(endpoint, place).items()
    broken = [body for body in NOT_JSON.values() if b"\n" not in body and body.strip()]
    lines = [*broken, b"null", b"1", json.dumps(item).encode()]

    response = send(as_manager, endpoint, place, b"\n".join(lines), content_type="application/x-ndjson")

    assert response.status_code == 200
    *bad, last = response.json()["results"]
    assert [each["status"] for each in bad] == [400] * (len(broken) + 2)
    assert {each["code"] for each in bad[: len(broken)]} == {"parse_error"}
    assert last["status"] in {200, 201}


# Addresses: parameters that nobody knows, filters, and garbage

QUERIES = ["?x=%00", "?%00=1", "?x=%ff", "?=", "?&&&", "?x", "?" + "x=1&" * 900, "?x=%ed%a0%80", "?x[]=1"]


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.method == "GET"], ids=str)
def test_an_unknown_parameter_is_400_whatever_it_holds(endpoint, as_manager, place):
    answers = {query: as_manager.get(endpoint.url(place, query)).status_code for query in QUERIES}

    # Outside the API proper nobody minds; and between those ampersands there is none.
    expected = dict.fromkeys(QUERIES, endpoint.succeeds if endpoint.rule == PUBLIC else 400)
    assert answers == expected | {"?&&&": endpoint.succeeds}


every_filter = pytest.mark.parametrize(
    ("route", "name"),
    [
        (route, name)
        for route in ("visitor-identity-list", "visitor-session-list")
        for name in (
            "visitor_identity",
            "identity",
            "custom_visitor_identity",
            "visitor_id",
            "visitor_session_id",
        )
    ],
)


@every_filter
def test_a_filter_with_control_characters_is_400_naming_it(route, name, as_manager, place):
    for value in ("%00", "a%00b", "%01", "%0d", "%7f", "%c2%85"):
        response = as_manager.get(f"{place.url(route)}?{name}={value}")
        assert response.status_code == 400, value
        assert response.json() == {name: ["Control characters and lone surrogates are not allowed."]}


@every_filter
def test_a_filter_that_nothing_equals_finds_nothing(route, name, as_manager, place):
    for value in ("%ff%fe", "%ed%a0%80", "%F0%9F%98%80", "%25", "'", "x" * 10_000):
        response = as_manager.get(f"{place.url(route)}?{name}={value}")
        assert response.status_code == 200, value
        assert response.json()["results"] == []
