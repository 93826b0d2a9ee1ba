"""An identity that everybody carries names nobody: at most 1,000 visitors, and 1,000 matches held for it."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command

from matching.limits import MAX_PENDING, MAX_VISITORS
from matching.models import ExternalMatch, PendingMatch, Visitor, VisitorIdentity, VisitorSession
from tests.concurrency import at_once, while_it_waits
from tests.conftest import Client
from tests.factories import VisitorIdentityFactory, VisitorSessionFactory, ids, issue_token

BEGINNING = datetime(2016, 1, 1, tzinfo=UTC)
TOO_COMMON = {
    "detail": "1,000 visitors carry this visitor identity already: it names nobody. Nothing was recorded.",
    "code": "identity_too_common",
}


@pytest.fixture
def crowd(organization):
    """Tie an identity to so many visitors, as data of before the limit may have it."""

    def make(identity, count):
        visitors = [
            Visitor(organization=organization, visitor_id=f"{identity}-{number}", created_at=BEGINNING)
            for number in range(count)
        ]
        Visitor.objects.bulk_create(visitors)
        VisitorIdentity.objects.bulk_create(
            VisitorIdentity(organization=organization, identity=identity, visitor=each, created_at=BEGINNING)
            for each in visitors
        )

    return make


@pytest.fixture
def held(organization, goal, room):
    """Hold so many matches of an identity, as data of before the limit may have it."""

    def make(identity, count, goal=goal):
        PendingMatch.objects.bulk_create(
            PendingMatch(
                organization=organization,
                goal=goal,
                visitor_identity=identity,
                goal_matched_at=BEGINNING + timedelta(hours=1),
                room_ids=[room.id],
                code="session_not_found",
                reason={"message": "The identity is unknown."},
                created_at=BEGINNING,
                expires_at=datetime(2099, 1, 1, tzinfo=UTC),
            )
            for _ in range(count)
        )

    return make


def test_the_thousandth_visitor_is_the_last(as_integrator, org_url, crowd):
    crowd("everybody", MAX_VISITORS - 1)
    url = f"{org_url}/visitor_identities"

    last = as_integrator.post(url, {"visitor_identity": "everybody", "visitor_id": "last"})
    beyond = as_integrator.post(url, {"visitor_identity": "everybody", "visitor_id": "beyond"})
    again = as_integrator.post(url, {"visitor_identity": "everybody", "visitor_id": "last"})
    other = as_integrator.post(url, {"visitor_identity": "somebody", "visitor_id": "beyond"})

    assert (last.status_code, beyond.status_code, again.status_code, other.status_code) == (
        201,
        409,
        200,
        201,
    )
    assert beyond.json() == TOO_COMMON
    assert VisitorIdentity.objects.filter(identity="everybody").count() == MAX_VISITORS


def test_a_session_that_brings_such_an_identity_is_refused_as_a_whole(as_integrator, org_url, crowd):
    crowd("everybody", MAX_VISITORS)
    session = {
        "visitor_session_id": "visit-1",
        "visitor_id": "new",
        "started_at": "2016-10-10T20:00:00Z",
        "rooms": [],
    }

    refused = as_integrator.post(f"{org_url}/visitor_sessions", session | {"visitor_identity": "everybody"})
    without = as_integrator.post(f"{org_url}/visitor_sessions", session)

    assert (refused.status_code, refused.json()) == (409, TOO_COMMON)
    assert without.status_code == 201
    assert VisitorSession.objects.count() == 1


@pytest.mark.parametrize("kind", ["visitor_identities", "visitor_sessions"])
def test_a_batch_is_let_in_as_far_as_the_limit(kind, as_integrator, org_url, crowd):
    crowd("everybody", MAX_VISITORS - 2)
    items = [
        {"visitor_identity": "everybody", "visitor_id": f"new-{number}"}
        | (
            {}
            if kind == "visitor_identities"
            else {"visitor_session_id": f"s{number}", "started_at": "2016-10-10T20:00:00Z", "rooms": []}
        )
        for number in range(5)
    ]

    results = as_integrator.post(f"{org_url}/{kind}/batch", {kind: items}).json()["results"]

    assert [result["status"] for result in results] == [201, 201, 409, 409, 409]
    assert results[2]["code"] == "identity_too_common"
    assert VisitorIdentity.objects.filter(identity="everybody").count() == MAX_VISITORS


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_at_the_same_moment(integrator, org_url, crowd):
    crowd("everybody", MAX_VISITORS - 3)

    def tie(number, client):
        body = {"visitor_identity": "everybody", "visitor_id": f"at-once-{number}"}
        return client.post(f"{org_url}/visitor_identities", body)

    answers = at_once(issue_token(integrator), [partial(tie, number) for number in range(8)])

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert VisitorIdentity.objects.filter(identity="everybody").count() == MAX_VISITORS


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["visitor_identities", "visitor_sessions"])
def test_one_that_comes_while_a_batch_fills_the_crowd_waits_and_is_refused(kind, integrator, org_url):
    """It has few visitors when the one comes, and is full once the batch is committed."""
    key = issue_token(integrator)
    Client(key).get("/api/v5/users/me")  # else the two wait for each other to note when the token was used
    batch = [
        {"visitor_identity": "everybody", "visitor_id": f"of-batch-{number}"}
        for number in range(MAX_VISITORS)
    ]
    one: dict[str, Any] = {"visitor_identity": "everybody", "visitor_id": "one-more"}
    if kind == "visitor_sessions":
        one |= {"visitor_session_id": "session", "started_at": "2016-10-10T20:00:00Z", "rooms": []}

    answer = while_it_waits(
        key,
        lambda: Client(key).post(f"{org_url}/visitor_identities/batch", {"visitor_identities": batch}),
        lambda client: client.post(f"{org_url}/{kind}", one),
    )

    assert (answer.status_code, answer.json()) == (409, TOO_COMMON)
    assert VisitorIdentity.objects.filter(identity="everybody").count() == MAX_VISITORS
    assert not Visitor.objects.filter(visitor_id="one-more").exists()


def test_an_older_crowd_is_still_answered(as_integrator, organization, org_url, goal, room, crowd):
    crowd("everybody", MAX_VISITORS + 200)
    match = {
        "visitor_identity": "everybody", "goal_matched_at": "2016-10-10T22:00:49Z", "rooms": ids(room),
    }  # fmt: skip

    response = as_integrator.post(f"{org_url}/goals/{goal.id}/matches", match)

    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")


def test_the_thousandth_held_match_is_the_last(as_integrator, org_url, goal, room, held):
    held("everybody", MAX_PENDING - 1)
    match = {
        "visitor_identity": "everybody", "goal_matched_at": "2016-10-10T22:00:49Z", "rooms": ids(room),
        "if_unmatched": "hold",
    }  # fmt: skip
    url = f"{org_url}/goals/{goal.id}/matches"

    last, beyond = as_integrator.post(url, match), as_integrator.post(url, match)
    other = as_integrator.post(url, match | {"visitor_identity": "somebody"})

    assert (last.status_code, beyond.status_code, other.status_code) == (202, 409, 202)
    assert beyond.json()["code"] == "too_many_pending"
    assert PendingMatch.objects.filter(visitor_identity="everybody").count() == MAX_PENDING


def test_an_arrival_settles_a_thousand_and_the_sweep_the_others(
    as_integrator, organization, org_url, room, held
):
    held("everybody", MAX_PENDING + 50)
    identity = VisitorIdentityFactory.create(organization=organization, identity="everybody")
    VisitorSessionFactory.create(visitor=identity.visitor, started_at=BEGINNING, room_ids=[room.id])

    response = as_integrator.post(
        f"{org_url}/visitor_identities", {"visitor_identity": "everybody", "visitor_id": "another"}
    )

    assert response.status_code == 201
    assert ExternalMatch.objects.count() == MAX_PENDING
    call_command("resolve_pending")
    assert ExternalMatch.objects.count() == MAX_PENDING + 50
