"""A request with an `Idempotency-Key` is performed once: sent again, it gets the stored answer."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from matching.api import posting
from matching.matches import idempotency
from matching.models import ExternalMatch, IdempotencyKey, MatchAttempt, PendingMatch, ReplayTally
from tests.concurrency import PATIENCE, at_once, on_own_connection
from tests.conftest import Client
from tests.factories import (
    GoalFactory,
    VisitorIdentityFactory,
    issue_token,
)

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
CUSTOMER = "customer-12345678"


@pytest.fixture
def url(url, visitor):
    return url


@pytest.fixture
def body(body):
    return body | {"goal_value": "123.45"}


@pytest.fixture
def batch(goal, body):
    lost = {**body, "goal_id": str(goal.id), "visitor_identity": "nobody"}
    return {"matches": [{**body, "goal_id": str(goal.id)}, lost]}


def with_key(client: Client, url: str, body: Any, key: str = KEY, **extra: Any) -> Any:
    return client.post(url, body, HTTP_IDEMPOTENCY_KEY=key, **extra)


def test_the_same_request_again_gets_the_stored_answer_and_writes_nothing(as_integrator, url, body):
    first = with_key(as_integrator, url, body)
    again = with_key(as_integrator, url, body)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    assert ExternalMatch.objects.count() == 1


def test_a_batch_again_gets_its_stored_answer(as_integrator, org_url, visitor, batch):
    first = with_key(as_integrator, f"{org_url}/matches/batch", batch)
    again = with_key(as_integrator, f"{org_url}/matches/batch", batch)

    assert again.json() == first.json()
    assert first.json()["summary"]["created"] == 1
    assert again.headers["Idempotent-Replay"] == "true"
    assert (ExternalMatch.objects.count(), MatchAttempt.objects.count()) == (1, 1)


def test_an_ndjson_batch_again_gets_its_stored_answer(as_integrator, org_url, visitor, batch):
    lines = "\n".join([*map(json.dumps, batch["matches"]), "{broken"]).encode()
    send = partial(
        as_integrator.send,
        "POST",
        f"{org_url}/matches/batch",
        lines,
        "application/x-ndjson",
        HTTP_IDEMPOTENCY_KEY=KEY,
    )

    assert send().json() == send().json()
    assert ExternalMatch.objects.count() == 1


def test_a_held_match_again_gets_its_stored_answer(as_integrator, url, body):
    body |= {"visitor_identity": "nobody", "if_unmatched": "hold"}

    first, again = (with_key(as_integrator, url, body) for _ in range(2))

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert PendingMatch.objects.count() == 1


@pytest.mark.parametrize(
    "same",
    [
        lambda body: dict(reversed(body.items())),
        lambda body: json.dumps(body, indent=4).encode(),
        lambda body: json.dumps(body).replace("customer", "\\u0063ustomer").encode(),
    ],
)
def test_formatting_makes_no_other_payload(same, as_integrator, url, body):
    first = with_key(as_integrator, url, body)
    other = same(body)
    encoded = other if isinstance(other, bytes) else json.dumps(other).encode()

    again = as_integrator.send("POST", url, encoded, HTTP_IDEMPOTENCY_KEY=KEY)

    assert (again.status_code, again.json()) == (200, first.json())


@pytest.mark.parametrize(
    "change", [{"goal_value": "123.46"}, {"goal_value": None}, {"rooms": []}, {"something": "else"}]
)
def test_another_payload_under_the_key_is_422_and_writes_nothing(change, as_integrator, url, body):
    with_key(as_integrator, url, body)

    answer = with_key(as_integrator, url, body | change)

    assert answer.status_code == 422
    assert answer.json() == {
        "detail": "This Idempotency-Key was used for a request with a different payload.",
        "code": "idempotency_key_reused",
    }
    assert ExternalMatch.objects.count() == 1


def test_another_batch_under_the_key_is_422(as_integrator, org_url, visitor, batch):
    with_key(as_integrator, f"{org_url}/matches/batch", batch)

    answer = with_key(as_integrator, f"{org_url}/matches/batch", {"matches": batch["matches"][:1]})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_refusal_is_not_kept_so_what_has_healed_succeeds(as_integrator, url, body, organization):
    body |= {"visitor_identity": "nobody yet"}
    refused = with_key(as_integrator, url, body)
    VisitorIdentityFactory.create(
        visitor=organization.visitors.get(), identity="nobody yet", organization=organization
    )

    healed = with_key(as_integrator, url, body)

    assert (refused.status_code, healed.status_code) == (404, 200)
    assert "Idempotent-Replay" not in healed.headers


def test_a_batch_that_wrote_nothing_is_not_kept_either(as_integrator, org_url, organization, visitor, batch):
    batch["matches"] = batch["matches"][1:]
    refused = with_key(as_integrator, f"{org_url}/matches/batch", batch)
    VisitorIdentityFactory.create(visitor=visitor, identity="nobody")

    healed = with_key(as_integrator, f"{org_url}/matches/batch", batch)

    assert (refused.json()["summary"]["failed"], healed.json()["summary"]["created"]) == (1, 1)


@pytest.mark.parametrize("key", ["a", "~", KEY, "two words", '"quoted"', "x" * 255])
def test_a_key_is_up_to_255_printable_characters(key, as_integrator, url, body):
    first, again = (with_key(as_integrator, url, body, key) for _ in range(2))

    assert first.status_code == again.status_code == 200
    assert ExternalMatch.objects.count() == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "x" * 300, "é", "a\x00b", "a\x7f", "a\tb"])
@pytest.mark.parametrize("path", ["goals/{}/matches", "matches/batch"])
def test_another_key_is_400_naming_the_header(key, path, as_integrator, org_url, goal, url, body, batch):
    answer = with_key(
        as_integrator,
        f"{org_url}/{path.format(goal.id)}",
        body if path.startswith("goals") else batch,
        key,
    )

    assert answer.status_code == 400
    assert answer.json() == {"Idempotency-Key": ["Must be 1 to 255 printable ASCII characters."]}
    assert not ExternalMatch.objects.exists()


def test_keys_of_different_endpoints_have_nothing_to_do_with_each_other(
    as_integrator, org_url, url, body, batch, organization
):
    other = GoalFactory.create(organization=organization)

    answers = [
        with_key(as_integrator, url, body),
        with_key(as_integrator, f"{org_url}/goals/{other.id}/matches", body),
        with_key(as_integrator, f"{org_url}/matches/batch", batch),
    ]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert not any("Idempotent-Replay" in answer.headers for answer in answers)
    assert ExternalMatch.objects.count() == 3


def test_keys_of_different_organizations_have_nothing_to_do_with_each_other(
    as_integrator, as_stranger, org_url, visitor, batch, other_organization
):
    with_key(as_integrator, f"{org_url}/matches/batch", batch)

    theirs = with_key(as_stranger, f"/api/v5/orgs/{other_organization.id}/matches/batch", batch)

    assert theirs.json()["summary"]["by_code"] == {"goal_not_found": 2}
    assert "Idempotent-Replay" not in theirs.headers


def test_a_key_and_an_external_id_go_together(as_integrator, url, body):
    body |= {"external_id": "receipt-1"}
    first = with_key(as_integrator, url, body)

    by_key = with_key(as_integrator, url, body)
    by_id = with_key(as_integrator, url, body, "another")
    by_id_again = with_key(as_integrator, url, body, "another")

    assert by_key.json() == by_id.json() == by_id_again.json() == first.json()
    assert ExternalMatch.objects.count() == 1


def test_a_rehearsal_uses_no_key_up(as_integrator, url, body):
    with_key(as_integrator, f"{url}?validate_only=true", body)
    assert not IdempotencyKey.objects.exists()
    with_key(as_integrator, url, body)

    rehearsed = with_key(as_integrator, f"{url}?validate_only=true", body | {"goal_value": "1.00"})

    assert (rehearsed.status_code, rehearsed.json()["id"]) == (200, None)


@pytest.mark.parametrize("is_batch", [True, False])
def test_repetitions_are_counted_whichever_way_they_come(
    is_batch, as_integrator, org_url, url, body, batch, goal
):
    where, what = (f"{org_url}/matches/batch", batch) if is_batch else (url, body)
    for _ in range(3):
        with_key(as_integrator, where, what)

    assert list(ReplayTally.objects.values_list("goal_id", "count")) == [(goal.id, 2)]


# Pruning


def test_keys_live_for_24_hours_and_are_pruned_after_that(capsys, as_integrator, url, body):
    now = timezone.now()
    for hours in (23, 25):
        with_key(as_integrator, url, body, f"{hours} hours old")
        IdempotencyKey.objects.filter(key=f"{hours} hours old").update(
            created_at=now - timedelta(hours=hours)
        )

    call_command("prune")

    assert [key.key for key in IdempotencyKey.objects.all()] == ["23 hours old"]
    assert capsys.readouterr().out.startswith("Deleted: 1 idempotency keys, 0 rejected attempts, ")
    assert "Idempotent-Replay" in with_key(as_integrator, url, body, "23 hours old").headers


def test_pruning_deletes_attempts_and_tallies_of_more_than_30_days(
    capsys, monkeypatch, as_integrator, url, body
):
    monkeypatch.setattr("matching.management.commands.prune.CHUNK", 2)
    now = timezone.now()
    for days in (29, 31, 31, 31):
        as_integrator.post(url, {})
        latest = MatchAttempt.objects.latest("id")
        MatchAttempt.objects.filter(id=latest.id).update(created_at=now - timedelta(days=days))
    with_key(as_integrator, url, body)
    with_key(as_integrator, url, body)
    ReplayTally.objects.update(day=now.date() - timedelta(days=31))

    call_command("prune")

    said = capsys.readouterr().out
    assert said.startswith("Deleted: 0 idempotency keys, 3 rejected attempts, 1 tallies of repetitions, ")
    assert MatchAttempt.objects.count() == 1
    assert not ReplayTally.objects.exists()


# At the same moment, and over a crash: with real transactions


@dataclass(frozen=True)
class World:
    """The sale, as other connections see it."""

    key: str
    url: str
    body: dict[str, Any]
    batch_url: str
    batch: dict[str, Any]


@pytest.fixture
def world(transactional_db, integrator, org_url, url, body, goal):
    batch = {"matches": [{**body, "goal_id": str(goal.id)}] * 3}
    return World(issue_token(integrator), url, body, f"{org_url}/matches/batch", batch)


MANY = 50


def all_at_once(world: World, url: str, body: Any, **extra: Any) -> list[Any]:
    """Post the same from 50 threads; they get connections from the pool as it has them."""
    barrier = Barrier(MANY, timeout=PATIENCE)

    def post(_: int) -> Any:
        client = Client(world.key)
        try:
            barrier.wait()
            return client.post(url, body, **extra)
        finally:
            connection.close()

    Client(world.key).get("/api/v5/users/me")
    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(post, range(MANY)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "way", ["a key", "a key, in a batch", "an external id", "an external id, in a batch"]
)
def test_50_identical_requests_at_once_write_one_match_and_their_answers_agree(way, world):
    if way.startswith("a key"):
        extra: dict[str, Any] = {"HTTP_IDEMPOTENCY_KEY": KEY}
        body, batch, expected = world.body, {"matches": world.batch["matches"][:1]}, {200, 409}
    else:
        extra, expected = {}, {200}
        body = world.body | {"external_id": "receipt-1"}
        batch = {"matches": [world.batch["matches"][0] | {"external_id": "receipt-1"}]}
    url, body = (world.batch_url, batch) if "batch" in way else (world.url, body)

    answers = all_at_once(world, url, body, **extra)

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= expected
    assert statuses[200] >= 1
    bodies = [answer.json() for answer in answers if answer.status_code == 200]
    matches = [each["results"][0]["match"] if "results" in each else each for each in bodies]
    assert all(match == matches[0] for match in matches)
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert codes <= {"idempotency_key_in_use"}
    assert ExternalMatch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_request_is_running_its_key_is_in_use(world):
    """The first one has done its work, and not committed yet."""
    Client(world.key).get("/api/v5/users/me")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first = with_key(Client(world.key), world.url, world.body)
            second = pool.submit(
                on_own_connection, world.key, lambda client: with_key(client, world.url, world.body)
            ).result(PATIENCE)
        third = with_key(Client(world.key), world.url, world.body)

    assert first.status_code == 200
    assert (second.status_code, second.json()) == (
        409,
        {
            "detail": "The first request with this Idempotency-Key is still running.",
            "code": "idempotency_key_in_use",
        },
    )
    assert third.json() == first.json()
    assert ExternalMatch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_requests_with_different_keys_do_not_wait_for_each_other(world):
    answers = at_once(
        world.key,
        [
            partial(Client.post, path=world.url, data=world.body, HTTP_IDEMPOTENCY_KEY=f"key {n}")
            for n in range(8)
        ],
    )

    assert [answer.status_code for answer in answers] == [200] * 8
    assert ExternalMatch.objects.count() == 8


def crash(*_: Any, **__: Any) -> Any:
    raise RuntimeError("the process died here")


@contextmanager
def once_and_crash(*args: Any, **kwargs: Any) -> Iterator[Any]:
    with idempotency.once(*args, **kwargs) as request:
        yield request
    crash()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_batch", [True, False])
def test_a_crash_after_the_commit_and_a_retry_make_one_match(is_batch, world, monkeypatch):
    """The answer is lost on its way: whatever comes after the transaction fails."""
    url, body = (world.batch_url, world.batch) if is_batch else (world.url, world.body)
    with monkeypatch.context() as patch:
        patch.setattr(posting, "once", once_and_crash)
        assert with_key(Client(world.key), url, body).status_code == 500
    written = ExternalMatch.objects.count()

    retried = with_key(Client(world.key), url, body)

    assert written == (3 if is_batch else 1)
    assert retried.status_code == 200
    assert retried.headers["Idempotent-Replay"] == "true"
    assert ExternalMatch.objects.count() == written


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_batch", [True, False])
def test_a_crash_between_the_match_and_its_key_leaves_neither(is_batch, world, monkeypatch):
    url, body = (world.batch_url, world.batch) if is_batch else (world.url, world.body)
    with monkeypatch.context() as patch:
        patch.setattr(IdempotencyKey.objects, "create", crash)
        assert with_key(Client(world.key), url, body).status_code == 500
    assert not ExternalMatch.objects.exists()

    retried = with_key(Client(world.key), url, body)

    assert "Idempotent-Replay" not in retried.headers
    assert ExternalMatch.objects.count() == (3 if is_batch else 1)


@pytest.mark.django_db(transaction=True)
def test_a_crash_after_an_event_with_an_id_was_written_and_a_retry_make_one_match(world, monkeypatch):
    body = world.body | {"external_id": "receipt-1"}
    with monkeypatch.context() as patch:
        patch.setattr(posting, "respond", crash)
        assert Client(world.key).post(world.url, body).status_code == 500

    retried = Client(world.key).post(world.url, body)

    assert retried.headers["Idempotent-Replay"] == "true"
    assert ExternalMatch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["keep_attempts", "count_replays"])
def test_a_batch_that_crashes_at_its_end_has_written_nothing(step, world, monkeypatch):
    """Else the client, told of an error, would send again what is already there."""
    monkeypatch.setattr(f"matching.matches.posting.{step}", crash)
    event = world.batch["matches"][0] | {"external_id": "receipt-1"}

    answer = Client(world.key).post(world.batch_url, {"matches": [event, event, event | {"rooms": []}]})

    assert answer.status_code == 500
    assert not ExternalMatch.objects.exists()
