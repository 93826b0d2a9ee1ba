"""An external id of a goal stands for one event: a match, or a held one, never both."""

from functools import partial

import pytest

from matching.models import ExternalMatch, PendingMatch
from tests.concurrency import at_once
from tests.factories import ids, issue_token

ROUNDS = 60


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_batch", [False, True])
def test_of_a_match_and_a_held_one_at_the_same_moment_one_is_accepted(
    is_batch, integrator, org_url, goal, visitor, url, body
):
    key = issue_token(integrator)
    held = body | {"visitor_identity": "not-yet", "if_unmatched": "hold"}

    def post(match, client):
        if not is_batch:
            return client.post(url, match).status_code
        other = match | {"external_id": match["external_id"] + "-more", "goal_id": str(goal.id)}
        items = {"matches": [match | {"goal_id": str(goal.id)}, other]}
        return client.post(f"{org_url}/matches/batch", items).json()["results"][0]["status"]

    for number in range(ROUNDS):
        external_id = {"external_id": f"event-{is_batch}-{number}"}
        statuses = at_once(
            key,
            [
                partial(post, body | external_id),
                partial(post, held | external_id),
            ],
        )
        assert sorted(statuses) in ([200, 409], [202, 409]), number
        written = ExternalMatch.objects.filter(**external_id).count()
        pending = PendingMatch.objects.filter(**external_id).count()
        assert (written, pending) in {(1, 0), (0, 1)}


def test_a_claim_that_was_given_up_is_free(as_integrator, org_url, url, visitor, body):
    held = as_integrator.post(
        url, body | {"visitor_identity": "not-yet", "external_id": "event", "if_unmatched": "hold"}
    ).json()
    refused = as_integrator.post(url, body | {"external_id": "event"})
    as_integrator.delete(f"{org_url}/pending_matches/{held['id']}")

    assert refused.status_code == 409
    assert as_integrator.post(url, body | {"external_id": "event"}).status_code == 200


def test_a_retracted_match_posted_again_says_that_it_is_retracted(
    as_integrator, as_manager, org_url, url, visitor, body
):
    first = as_integrator.post(url, body | {"external_id": "event"}).json()
    as_manager.delete(f"{org_url}/matches/{first['id']}")

    again = as_integrator.post(url, body | {"external_id": "event"})

    assert again.headers["Idempotent-Replay"] == "true"
    assert again.json() == first | {"is_retracted": True}
    assert first["is_retracted"] is False


def test_the_code_and_the_reason_of_a_held_match_belong_together(
    as_integrator, organization, org_url, goal, url, room, second_room, body
):
    """Tried again, it may fail for another reason, one that has no facts."""
    held = as_integrator.post(
        url, body | {"visitor_identity": "not-yet", "external_id": "event", "if_unmatched": "hold"}
    ).json()
    assert (held["code"], "unknown" in held["reason"]["message"]) == ("session_not_found", True)
    goal.is_any_room_allowed = False
    goal.save()

    as_integrator.post(
        f"{org_url}/visitor_sessions",
        {
            "visitor_session_id": "late", "visitor_id": "phone", "started_at": "2016-10-10T21:00:00Z",
            "rooms": ids(room), "visitor_identity": "not-yet",
        },
    )  # fmt: skip

    now = as_integrator.get(f"{org_url}/pending_matches/{held['id']}").json()
    assert now["code"] == "no_allowed_rooms"
    assert now["reason"] != held["reason"]
