"""POST /orgs/<org>/matches/batch: the envelope, the order, the statements (the verdicts: tests/rules)"""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from matching.models import ExternalMatch, MatchAttempt, PendingMatch, ReplayTally
from tests.factories import (
    UNKNOWN_ID,
    GoalFactory,
    ids,
)

NDJSON = "application/x-ndjson"


@pytest.fixture
def url(org_url, visitor):
    return f"{org_url}/matches/batch"


@pytest.fixture
def item(goal, body):
    return body | {"goal_id": str(goal.id), "goal_value": "123.45"}


def test_each_item_gets_its_verdict_in_the_order_of_the_batch(
    as_integrator, url, item, organization, goal, room, second_room, integrator
):
    stranger = {**item, "visitor_identity": "nobody"}
    response = as_integrator.post(
        url,
        {
            "matches": [
                item | {"external_id": "receipt-1"},
                stranger,
                item | {"external_id": "receipt-1"},
                item | {"external_id": "receipt-1", "goal_value": "1.00"},
                stranger | {"if_unmatched": "hold"},
                item | {"goal_id": str(UNKNOWN_ID)},
                item | {"goal_value": "a lot", "rooms": []},
                item | {"rooms": ids(second_room)},
            ]
        },
    )

    assert response.status_code == 200, response.content
    results = response.json()["results"]
    match = {
        "id": results[0]["match"]["id"],
        "organization_id": str(organization.id),
        "goal_id": str(goal.id),
        "visitor_identity": "customer-12345678",
        "visitor_id": "phone",
        "visitor_session_id": "of the phone",
        "session_started_at": "2016-10-10T20:00:00.000Z",
        "goal_matched_at": "2016-10-10T22:00:49.123Z",
        "goal_value": "123.45",
        "goal_value_source": "request",
        "rooms": [str(room.id)],
        "unconnected_rooms": [],
        "external_id": "receipt-1",
        "created_at": results[0]["match"]["created_at"],
        "created_by_user_id": str(integrator.id),
        "is_retracted": False,
    }
    unknown = {
        "message": "The identity is unknown: it has not been submitted for any visitor yet.",
        "is_identity_known": False,
        "visitor_count": 0,
        "earliest_session_started_at": None,
        "next_session_started_at": None,
        "next_session_starts_after_seconds": None,
        "time_zone_slip_hours": None,
    }
    held = results[4]["pending_match"]
    assert results == [
        {"index": 0, "status": 200, "match": match},
        {
            "index": 1,
            "status": 404,
            "code": "session_not_found",
            "detail": "No session of this visitor identity started before goal_matched_at.",
            "reason": unknown,
        },
        {"index": 2, "status": 200, "match": match, "is_replay": True},
        {
            "index": 3,
            "status": 409,
            "code": "external_id_conflict",
            "detail": "This external_id already stands for a different match of the goal.",
            "reason": {
                "message": "It stands for a match in which goal_value differs. PATCH …/matches/<match_id> "
                "corrects its value; another event needs another external_id.",
                "match_id": match["id"],
                "differing_attributes": ["goal_value"],
            },
        },
        {"index": 4, "status": 202, "pending_match": held},
        {
            "index": 5,
            "status": 404,
            "code": "goal_not_found",
            "detail": "The organization has no such goal.",
        },
        {
            "index": 6,
            "status": 400,
            "code": "validation_error",
            "detail": "Some attributes are missing or invalid.",
            "errors": {"goal_value": ["Not a decimal number."], "rooms": ["At least 1 room is needed."]},
        },
        {
            "index": 7,
            "status": 404,
            "code": "no_connected_rooms",
            "detail": "The latest session before goal_matched_at was in none of the rooms that count.",
            "reason": {
                "message": "The chosen session was in none of the posted rooms that the goal allows.",
                "visitor_id": "phone",
                "visitor_session_id": "of the phone",
                "session_started_at": "2016-10-10T20:00:00.000Z",
                "session_rooms": ids(room),
                "posted_rooms": ids(second_room),
                "is_any_room_allowed": True,
                "allowed_rooms": [],
            },
        },
    ]
    assert (held["status"], held["reason"]) == ("pending", unknown)
    assert response.json()["summary"] == {
        "received": 8,
        "created": 1,
        "replayed": 1,
        "pending": 1,
        "failed": 5,
        "by_code": {
            "session_not_found": 1,
            "external_id_conflict": 1,
            "goal_not_found": 1,
            "validation_error": 1,
            "no_connected_rooms": 1,
        },
    }
    assert (ExternalMatch.objects.count(), PendingMatch.objects.count()) == (1, 1)
    assert set(MatchAttempt.objects.values_list("source", flat=True)) == {"batch"}


@pytest.mark.parametrize("bad", [None, 5, "x", [], [{}], {}, True, 1.5, {"matches": []}])
def test_an_item_that_is_no_match_harms_no_other(bad, as_integrator, url, item):
    response = as_integrator.post(url, {"matches": [item, bad, item]})

    statuses = [result["status"] for result in response.json()["results"]]
    assert statuses == [200, 400, 200]
    assert response.json()["results"][1]["code"] == "validation_error"
    assert ExternalMatch.objects.count() == 2


@pytest.mark.parametrize(
    ("goal_id", "status", "errors"),
    [
        ("absent", 400, {"goal_id": ["This field is required."]}),
        (None, 400, {"goal_id": ["This field is required."]}),
        ("", 400, {"goal_id": ["This field is required."]}),
        (5, 400, {"goal_id": ["Not a string."]}),
        ([], 400, {"goal_id": ["Not a string."]}),
        ("goal", 404, None),
        (str(UNKNOWN_ID), 404, None),
    ],
)
def test_an_item_names_its_goal(goal_id, status, errors, as_integrator, url, item):
    item = {name: value for name, value in item.items() if name != "goal_id"}
    if goal_id != "absent":
        item["goal_id"] = goal_id

    [result] = as_integrator.post(url, {"matches": [item]}).json()["results"]

    assert (result["status"], result.get("errors")) == (status, errors)


def test_an_item_without_a_goal_hears_of_its_other_faults_as_well(as_integrator, url, item):
    del item["goal_id"]

    [result] = as_integrator.post(url, {"matches": [item | {"rooms": 5}]}).json()["results"]

    assert result["errors"] == {
        "goal_id": ["This field is required."],
        "rooms": ["Not a list of room ids."],
    }


def test_that_there_is_no_such_goal_comes_before_what_else_is_wrong(as_integrator, url, item):
    [result] = as_integrator.post(url, {"matches": [item | {"goal_id": str(UNKNOWN_ID), "rooms": 5}]}).json()[
        "results"
    ]

    assert result["code"] == "goal_not_found"


def test_a_goal_of_another_organization_is_not_found(
    as_integrator, url, item, organization, other_organization
):
    foreign = GoalFactory.create(organization=other_organization)
    deleted = GoalFactory.create(organization=organization, deleted_at="2016-10-11T00:00:00Z")

    results = as_integrator.post(
        url, {"matches": [item | {"goal_id": str(goal.id)} for goal in (foreign, deleted)]}
    ).json()["results"]

    assert [result["code"] for result in results] == ["goal_not_found"] * 2


def test_a_deleted_goal_is_not_found_even_by_a_repetition(as_integrator, url, item, goal):
    as_integrator.post(url, {"matches": [item | {"external_id": "receipt-1"}]})
    goal.deleted_at = "2016-10-11T00:00:00Z"
    goal.save()

    [result] = as_integrator.post(url, {"matches": [item | {"external_id": "receipt-1"}]}).json()["results"]

    assert (result["status"], result["code"]) == (404, "goal_not_found")


# The envelope (what may be wrong with it: test_bad_input)


@pytest.mark.parametrize("count", [0, 5001])
def test_ndjson_has_as_many_lines_as_a_batch_may_have_items(count, as_integrator, url):
    response = as_integrator.send("POST", url, b"\n5" * count + b"\n", NDJSON)

    assert response.status_code == 400
    assert response.json() == {"matches": [f"Must have 1 to 5000 items, not {count}."]}


def test_ndjson_is_taken_line_by_line(as_integrator, url, item):
    line = json.dumps(item)
    body = f"{line}\r\n\n  \n{{broken\n{line}\n[5]\n\n{line}"

    response = as_integrator.send("POST", url, body.encode(), NDJSON)

    results = response.json()["results"]
    assert [(result["index"], result["status"]) for result in results] == [
        (0, 200), (1, 400), (2, 200), (3, 400), (4, 200),
    ]  # fmt: skip
    assert (results[1]["code"], results[3]["code"]) == ("parse_error", "validation_error")


def test_a_line_that_is_not_utf_8_harms_no_other(as_integrator, url, item):
    body = json.dumps(item).encode() + b'\n{"visitor_identity": "\xff"}\n' + json.dumps(item).encode()

    response = as_integrator.send("POST", url, body, f"{NDJSON}; charset=utf-8")

    assert [result["status"] for result in response.json()["results"]] == [200, 400, 200]


def test_a_batch_may_be_16_mebibytes(as_integrator, url, item):
    fits = json.dumps({"matches": [item], "padding": "x" * (16 * 1024 * 1024 - 1000)}).encode()

    assert as_integrator.send("POST", url, fits).status_code == 200
    assert as_integrator.send("POST", url, fits + b" " * 1000).status_code == 413


def test_an_item_may_be_as_deep_as_a_single_match(as_integrator, url, item):
    def nested(levels: int) -> Any:
        return {} if levels == 1 else {"x": nested(levels - 1)}

    for levels, status in ((19, 200), (20, 400)):
        assert as_integrator.post(url, {"matches": [item | {"x": nested(levels)}]}).status_code == status


# One transaction, as many statements for many as for one


KINDS: list[dict[str, Any]] = [
    {},
    {"external_id": "new {n}"},
    {"external_id": "known"},
    {"external_id": "new in pairs {pair}"},
    {"external_id": "known", "goal_value": "1.00"},
    {"visitor_identity": "nobody"},
    {"visitor_identity": "nobody", "if_unmatched": "hold"},
    {"visitor_identity": "nobody", "if_unmatched": "hold", "external_id": "held in pairs {pair}"},
    {"visitor_identity": "nobody", "external_id": "held"},
    {"rooms": "second_room"},
    {"rooms": []},
    {"goal_id": str(UNKNOWN_ID)},
]


@pytest.fixture
def post(as_integrator, url, item, second_room):
    """Post a batch of so many items of these kinds; return the number of statements and the answer."""
    as_integrator.get("/api/v5/users/me")
    as_integrator.post(
        url,
        {
            "matches": [
                item | {"external_id": "known"},
                item | {"external_id": "held", "visitor_identity": "nobody", "if_unmatched": "hold"},
            ]
        },
    )
    MatchAttempt.objects.all().delete()

    def post(count: int, kinds: list[dict[str, Any]]) -> tuple[int, Any]:
        items = []
        for n in range(count):
            kind = dict(kinds[n % len(kinds)])
            if "external_id" in kind:
                kind["external_id"] = kind["external_id"].format(n=n, pair=n // len(kinds) // 2)
            if kind.get("rooms") == "second_room":
                kind["rooms"] = ids(second_room)
            items.append(item | kind)
        with CaptureQueriesContext(
            connection,
        ) as statements:
            answer = as_integrator.post(url, {"matches": items})
        assert answer.status_code == 200, answer.content
        return len(statements), answer.json()

    return post


def test_5000_items_of_all_kinds_take_the_statements_of_a_few(post):
    few, first_answer = post(24, KINDS)
    ExternalMatch.objects.filter(external_id__startswith="new").delete()
    PendingMatch.objects.filter(external_id__startswith="held in").delete()
    many, answer = post(5000, KINDS)

    assert many == few <= 25
    assert answer["summary"] == {
        "received": 5000,
        "created": 417 + 417 + 209,
        "replayed": 417 + 208 + 208 + 416,
        "pending": 417 + 209,
        "failed": 417 + 417 + 416 * 3,
        "by_code": {
            "external_id_conflict": 417,
            "session_not_found": 417,
            "no_connected_rooms": 416,
            "validation_error": 416,
            "goal_not_found": 416,
        },
    }
    assert ReplayTally.objects.get().count == sum(
        each["summary"]["replayed"] for each in (first_answer, answer)
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: ", ".join(kind) or "plain")
def test_10_items_take_the_statements_of_one(kind, post):
    one, _ = post(1, [kind])
    PendingMatch.objects.filter(external_id__startswith="held in").delete()
    ExternalMatch.objects.filter(external_id__startswith="new").delete()
    ten, _ = post(10, [kind])

    # More than one is one transaction: its beginning and end, how it is planned, and its claims. A repetition
    # within the batch is looked up once the first delivery is written.
    is_in_pairs = "in pairs" in kind.get("external_id", "")
    assert ten - one <= (7 if is_in_pairs else 4)


@pytest.mark.parametrize("kind", [KINDS[5], KINDS[10], KINDS[11]], ids=lambda kind: ", ".join(kind))
def test_5000_refusals_take_the_statements_of_10(kind, post):
    ten, _ = post(10, [kind])
    many, answer = post(5000, [kind])

    assert many == ten
    assert answer["summary"]["failed"] == 5000
