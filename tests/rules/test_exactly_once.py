"""An event with an id of its own (`external_id`) is written once, however often it is delivered."""

from functools import partial

import pytest

from matching.models import ExternalMatch
from tests.concurrency import at_once, while_it_waits
from tests.conftest import Client
from tests.factories import (
    GoalFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    ids,
    issue_token,
)


@pytest.fixture
def url(url, visitor):
    return url


@pytest.fixture
def body(body, room, second_room):
    return body | {"goal_value": "123.45", "rooms": ids(room, second_room), "external_id": "receipt-1"}


def test_a_repetition_answers_the_first_match_and_writes_nothing(as_integrator, url, body):
    first = as_integrator.post(url, body)
    again = as_integrator.post(url, body)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    assert ExternalMatch.objects.count() == 1


@pytest.mark.parametrize(
    "same",
    [
        lambda body: {"goal_matched_at": "2016-10-11T01:00:49.123+03:00"},
        lambda body: {"goal_value": 123.45},
        lambda body: {"goal_value": "123.4500"},
        lambda body: {"visitor_identity": " customer-12345678 "},
        lambda body: {"external_id": " receipt-1 "},
        lambda body: {"rooms": list(reversed(body["rooms"]))},
        lambda body: {"rooms": body["rooms"] * 2},
        lambda body: {"rooms": [room.upper() for room in body["rooms"]]},
        lambda body: {"something": "else"},
        lambda body: {"custom_visitor_identity": "customer-12345678"},
    ],
)
def test_a_payload_that_says_the_same_in_other_words_is_a_repetition(same, as_integrator, url, body):
    first = as_integrator.post(url, body)

    again = as_integrator.post(url, body | same(body))

    assert again.status_code == 200, again.content
    assert again.json() == first.json()


@pytest.mark.parametrize(
    "different",
    [
        lambda body: {"goal_matched_at": "2016-10-10T22:00:49.124Z"},
        lambda body: {"goal_matched_at": "2016-10-10T22:00:49.123001Z"},
        lambda body: {"goal_value": "123.46"},
        lambda body: {"goal_value": None},
        lambda body: {"visitor_identity": "customer-23456789"},
        lambda body: {"rooms": body["rooms"][:1]},
        lambda body: {"rooms": body["rooms"][1:]},
    ],
)
def test_a_different_payload_is_a_conflict_and_writes_nothing(different, as_integrator, url, body):
    as_integrator.post(url, body)

    response = as_integrator.post(url, body | different(body))

    assert response.status_code == 409
    assert response.json() | {"reason": None} == {
        "detail": "This external_id already stands for a different match of the goal.",
        "code": "external_id_conflict",
        "reason": None,  # see test_reasons
    }
    assert ExternalMatch.objects.count() == 1


def test_no_value_and_the_goals_default_value_are_not_the_same_event(as_integrator, url, body, goal):
    goal.default_value = "123.45"
    goal.save()
    as_integrator.post(url, body)

    assert as_integrator.post(url, body | {"goal_value": None}).status_code == 409


def test_a_repetition_gets_its_answer_whatever_has_happened_since(
    as_integrator, url, body, goal, visitor, room, second_room, organization
):
    first = as_integrator.post(url, body).json()

    VisitorSessionFactory.create(
        visitor=visitor, started_at="2016-10-10T21:00:00Z", room_ids=[second_room.id]
    )
    goal.is_any_room_allowed = False
    goal.default_value = "5.00"
    goal.save()

    again = as_integrator.post(url, body)
    assert again.status_code == 200
    assert again.json() == first


def test_a_refused_delivery_takes_no_external_id(as_integrator, url, body, visitor, room):
    early = body | {"goal_matched_at": "2016-10-10T19:00:00Z"}
    assert as_integrator.post(url, early).json()["code"] == "session_not_found"

    VisitorSessionFactory.create(visitor=visitor, started_at="2016-10-10T18:00:00Z", room_ids=[room.id])

    retried = as_integrator.post(url, early)
    assert retried.status_code == 200
    assert "Idempotent-Replay" not in retried.headers


def test_a_repetition_with_a_bad_payload_is_400(as_integrator, url, body):
    as_integrator.post(url, body)

    response = as_integrator.post(url, body | {"goal_matched_at": "x"})

    assert response.status_code == 400
    assert list(response.json()) == ["goal_matched_at"]


def test_external_ids_of_different_goals_have_nothing_to_do_with_each_other(
    as_integrator, url, body, organization, org_url
):
    other_goal = GoalFactory.create(organization=organization)
    first = as_integrator.post(url, body).json()

    second = as_integrator.post(f"{org_url}/goals/{other_goal.id}/matches", body)

    assert second.status_code == 200
    assert second.json()["id"] != first["id"]


def test_external_ids_of_different_organizations_have_nothing_to_do_with_each_other(
    as_integrator, as_stranger, url, body, other_organization, foreign_room
):
    as_integrator.post(url, body)
    identity = VisitorIdentityFactory.create(organization=other_organization, identity="customer-12345678")
    VisitorSessionFactory.create(visitor=identity.visitor, room_ids=[foreign_room.id])
    goal = GoalFactory.create(organization=other_organization)

    response = as_stranger.post(
        f"/api/v5/orgs/{other_organization.id}/goals/{goal.id}/matches", body | {"rooms": ids(foreign_room)}
    )

    assert response.status_code == 200
    assert ExternalMatch.objects.count() == 2


def test_a_repetition_by_another_user_answers_the_first_match(
    as_integrator, as_manager, url, body, integrator
):
    first = as_integrator.post(url, body).json()

    again = as_manager.post(url, body)

    assert again.json() == first
    assert again.json()["created_by_user_id"] == str(integrator.id)


@pytest.mark.parametrize("external_id", [None, "absent"])
def test_without_an_external_id_each_delivery_is_an_event(external_id, as_integrator, url, body):
    body.pop("external_id")
    if external_id is None:
        body["external_id"] = None

    answers = [as_integrator.post(url, body).json() for _ in range(2)]

    assert [answer["external_id"] for answer in answers] == [None, None]
    assert ExternalMatch.objects.count() == 2


@pytest.mark.parametrize(
    ("external_id", "sentence"),
    [
        ("", "This field may not be blank."),
        ("  ", "This field may not be blank."),
        ("x" * 256, "Ensure this field has no more than 255 characters."),
        (5, "Not a string."),
        (["x"], "Not a string."),
        ("a\x00", "Control characters and lone surrogates are not allowed."),
    ],
)
def test_an_external_id_is_a_string_of_one_to_255(external_id, sentence, as_integrator, url, body):
    response = as_integrator.post(url, body | {"external_id": external_id})

    assert response.status_code == 400
    assert response.json() == {"external_id": [sentence]}


# Deliveries at the same moment, each on a connection of its own.


@pytest.fixture
def key(integrator):
    return issue_token(integrator)


@pytest.mark.django_db(transaction=True)
def test_the_same_event_delivered_ten_times_at_once_is_written_once(key, url, body):
    answers = at_once(key, [lambda client: client.post(url, body)] * 10)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replay" not in answer.headers for answer in answers) == 1
    assert ExternalMatch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_different_events_with_one_external_id_at_once_one_is_written(key, url, body):
    answers = at_once(key, [partial(Client.post, path=url, data=body | {"goal_value": n}) for n in range(6)])

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert ExternalMatch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_delivery_that_meets_the_first_one_unfinished_waits_and_repeats_it(key, url, body):
    first = Client(key)

    answer = while_it_waits(key, lambda: first.post(url, body), lambda client: client.post(url, body))

    assert answer.status_code == 200
    assert answer.headers["Idempotent-Replay"] == "true"
    assert ExternalMatch.objects.count() == 1
