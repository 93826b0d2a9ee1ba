"""?validate_only=true: the full verdict, and nothing written."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from matching.models import ExternalMatch, IdempotencyKey, MatchAttempt, PendingMatch, ReplayTally
from tests.factories import (
    UNKNOWN_ID,
    PendingMatchFactory,
    allow_rooms,
    ids,
)


@pytest.fixture
def url(url, visitor):
    return url


@pytest.fixture
def body(body, room, second_room):
    return body | {"goal_value": "123.45", "rooms": ids(room, second_room)}


WRITTEN = (ExternalMatch, PendingMatch, MatchAttempt, ReplayTally, IdempotencyKey)


def written() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values_list()) for model in WRITTEN]


CHANGES: dict[str, dict[str, Any]] = {
    "a match": {},
    "a match with an external id": {"external_id": "receipt-1"},
    "one without a session": {"visitor_identity": "nobody"},
    "one to hold": {"visitor_identity": "nobody", "if_unmatched": "hold"},
    "one without connected rooms": {"rooms": "second"},
    "one with bad attributes": {"goal_value": "x", "rooms": []},
    "a repetition": {"external_id": "known"},
    "a conflict": {"external_id": "known", "goal_value": "1.00"},
    "a repetition of a held one": {
        "external_id": "held",
        "visitor_identity": "nobody",
        "if_unmatched": "hold",
    },
}


def body_with(change: str, body: Any, second_room: Any) -> Any:
    changed = body | CHANGES[change]
    return changed | ({"rooms": ids(second_room)} if changed["rooms"] == "second" else {})


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("way", ["single", "batch", "batch of many", "with a key"])
def test_a_rehearsal_gives_the_verdict_and_writes_nothing(
    change, way, as_integrator, org_url, url, body, goal, second_room
):
    for earlier in ("a repetition", "a repetition of a held one"):
        as_integrator.post(url, body_with(earlier, body, second_room))
    before = written()
    body = body_with(change, body, second_room)
    extra: dict[str, Any] = {"HTTP_IDEMPOTENCY_KEY": "key"} if way == "with a key" else {}
    if way.startswith("batch"):
        url = f"{org_url}/matches/batch"
        body = {"matches": [body | {"goal_id": str(goal.id)}] * (3 if way == "batch of many" else 1)}

    rehearsal = as_integrator.post(f"{url}?validate_only=true", body, **extra)

    assert written() == before
    real = as_integrator.post(url, body)
    assert rehearsal.status_code == real.status_code
    assert without_ids(rehearsal.json()) == without_ids(real.json())
    assert rehearsal.headers.get("Idempotent-Replay") == real.headers.get("Idempotent-Replay")


def without_ids(value: Any) -> Any:
    """The answer without what can differ: ids and moments of what is new."""
    if isinstance(value, dict):
        changing = {"id", "created_at", "expires_at"}
        return {name: without_ids(inner) for name, inner in value.items() if name not in changing}
    return [without_ids(inner) for inner in value] if isinstance(value, list) else value


def test_what_would_be_written_has_no_id(as_integrator, url, body, organization, goal, room, second_room):
    answer = as_integrator.post(f"{url}?validate_only=true", body)

    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["rooms"]) == (None, ids(room))
    held = as_integrator.post(
        f"{url}?validate_only=true", body | {"visitor_identity": "nobody", "if_unmatched": "hold"}
    )
    assert (held.status_code, held.json()["id"], held.json()["status"]) == (202, None, "pending")


def test_neither_has_what_would_repeat_it(as_integrator, org_url, url, body, goal):
    item = body | {"goal_id": str(goal.id), "external_id": "receipt-1"}
    lost = item | {"external_id": "receipt-2", "visitor_identity": "nobody", "if_unmatched": "hold"}

    results = as_integrator.post(
        f"{org_url}/matches/batch?validate_only=true", {"matches": [item, item, lost, lost]}
    ).json()["results"]

    assert [result.get("is_replay") for result in results] == [None, True, None, True]
    assert [result["match"]["id"] for result in results[:2]] == [None, None]
    assert [result["pending_match"]["id"] for result in results[2:]] == [None, None]


def test_what_was_there_before_keeps_its_id(as_integrator, url, body):
    body |= {"external_id": "receipt-1"}
    first = as_integrator.post(url, body).json()

    assert as_integrator.post(f"{url}?validate_only=true", body).json() == first


def test_what_a_rehearsal_would_settle_stays_held(as_integrator, url, body, goal, room, second_room):
    """The goal has come to allow the room meanwhile, which settles nothing by itself."""
    goal.is_any_room_allowed = False
    goal.save()
    allow_rooms(goal, [second_room])
    body |= {"external_id": "receipt-1", "if_unmatched": "hold"}
    assert as_integrator.post(url, body).status_code == 202
    allow_rooms(goal, [room])
    before = written()

    answer = as_integrator.post(f"{url}?validate_only=true", body)

    assert (answer.status_code, answer.json()["id"]) == (200, None)
    assert written() == before


@pytest.mark.parametrize("sent", [b"{", b"[]", b"", b"x" * (1024 * 1024 + 1)])
@pytest.mark.parametrize("path", ["goals/{goal}/matches", "goals/{unknown}/matches", "matches/batch"])
def test_what_cannot_be_read_leaves_no_attempt(sent, path, as_integrator, org_url, goal, visitor):
    path = path.format(goal=goal.id, unknown=UNKNOWN_ID)

    answer = as_integrator.send("POST", f"{org_url}/{path}?validate_only=true", sent)

    assert answer.status_code in {400, 404, 413}
    assert written() == [[]] * len(WRITTEN)


def test_a_rehearsal_in_an_unknown_form_is_told(as_integrator, url):
    response = as_integrator.send("POST", f"{url}?validate_only=true", b"a;b", "text/csv")

    assert response.status_code == 415


@pytest.mark.parametrize("value", ["1", "yes", "", "True", "only"])
def test_validate_only_is_true_or_false(value, as_integrator, url, body):
    answer = as_integrator.post(f"{url}?validate_only={value}", body)

    assert answer.status_code == 400
    assert answer.json() == {"validate_only": ["Must be one of: true, false."]}
    assert not ExternalMatch.objects.exists()


def test_validate_only_false_writes(as_integrator, url, body):
    answer = as_integrator.post(f"{url}?validate_only=false", body).json()

    assert answer["id"] == str(ExternalMatch.objects.get().id)


def test_a_rehearsal_keeps_no_arrival_waiting(as_integrator, url, body, goal):
    """Nothing is held in the end, so nobody need be locked out."""
    PendingMatchFactory.create(goal=goal)
    with CaptureQueriesContext(connection) as statements:
        as_integrator.post(
            f"{url}?validate_only=true", body | {"visitor_identity": "nobody", "if_unmatched": "hold"}
        )

    assert not [each["sql"] for each in statements if "pg_advisory" in each["sql"]]
