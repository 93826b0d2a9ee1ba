"""POST /orgs/<org>/goals/<goal>/matches: what goes in and what comes out (the rule: tests/rules)"""

from datetime import timedelta

import pytest
from django.utils import timezone

from matching.models import ExternalMatch
from tests.factories import (
    UNKNOWN_ID,
    GoalFactory,
    RoomFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    ids,
)


@pytest.fixture
def session(organization, room):
    visitor = VisitorFactory.create(organization=organization, visitor_id="8d5e957f297893487bd98fa830fa6413")
    VisitorIdentityFactory.create(visitor=visitor, identity="customer-12345678")
    return VisitorSessionFactory.create(
        visitor=visitor,
        visitor_session_id="b3c1a7d29e5f4a60",
        started_at="2016-10-10T20:14:02.000500Z",
        room_ids=[room.id],
    )


@pytest.fixture
def url(url, session):
    return url


@pytest.fixture
def body(body, room, second_room):
    return body | {"goal_value": "123.45", "rooms": ids(room, second_room)}


def test_a_match_is_answered_whole_with_200(
    as_integrator, url, body, organization, goal, room, second_room, integrator
):
    response = as_integrator.post(url, body)

    assert response.status_code == 200, response.content
    answer = response.json()
    assert answer == {
        "id": answer["id"],
        "organization_id": str(organization.id),
        "goal_id": str(goal.id),
        "visitor_identity": "customer-12345678",
        "visitor_id": "8d5e957f297893487bd98fa830fa6413",
        "visitor_session_id": "b3c1a7d29e5f4a60",
        "session_started_at": "2016-10-10T20:14:02.000Z",
        "goal_matched_at": "2016-10-10T22:00:49.123Z",
        "goal_value": "123.45",
        "goal_value_source": "request",
        "rooms": [str(room.id)],
        "unconnected_rooms": [str(second_room.id)],
        "external_id": None,
        "created_at": answer["created_at"],
        "created_by_user_id": str(integrator.id),
        "is_retracted": False,
    }
    assert "Idempotent-Replay" not in response.headers


def test_a_match_is_written_as_it_is_answered(as_integrator, url, body, session, goal, room, second_room):
    answer = as_integrator.post(url, {**body, "external_id": "receipt-1"}).json()

    match = ExternalMatch.objects.get()
    assert (str(match.id), match.goal, match.session, match.external_id) == (
        answer["id"],
        goal,
        session,
        "receipt-1",
    )
    assert (match.room_ids, match.unconnected_room_ids) == ([room.id], [second_room.id])
    assert (str(match.goal_value), match.goal_value_source) == ("123.45", "request")


def test_the_same_event_without_an_id_of_its_own_is_written_each_time(as_integrator, url, body):
    first, second = (as_integrator.post(url, body).json()["id"] for _ in range(2))

    assert first < second
    assert ExternalMatch.objects.count() == 2


@pytest.mark.parametrize("missing", ["visitor_identity", "goal_matched_at", "rooms"])
def test_a_required_attribute_is_required(missing, as_integrator, url, body):
    response = as_integrator.post(url, {name: value for name, value in body.items() if name != missing})

    assert response.status_code == 400
    assert response.json() == {missing: ["This field is required."]}
    assert not ExternalMatch.objects.exists()


def test_the_pages_own_example_names_rooms_that_are_no_uuids(as_integrator, url):
    response = as_integrator.post(
        url,
        {
            "visitor_identity": "customer-12345678",
            "goal_matched_at": "2016-10-10T22:00:49.123Z",
            "goal_value": "123.45",
            "rooms": ["ac83d426-be80-4d75-8c62-49a77f98468h", "ac83d426-be80-4d75-8c62-49a77f98468g"],
        },
    )

    assert response.status_code == 400
    assert response.json() == {
        "rooms": [
            "“ac83d426-be80-4d75-8c62-49a77f98468h” is not a UUID.",
            "“ac83d426-be80-4d75-8c62-49a77f98468g” is not a UUID.",
        ]
    }


# The identity


def test_the_identity_may_be_called_custom_visitor_identity(as_integrator, url, body):
    body["custom_visitor_identity"] = body.pop("visitor_identity")

    assert as_integrator.post(url, body).json()["visitor_identity"] == "customer-12345678"


def test_both_names_of_the_identity_may_be_sent_when_they_agree(as_integrator, url, body):
    response = as_integrator.post(url, {**body, "custom_visitor_identity": "customer-12345678"})

    assert response.status_code == 200


def test_names_of_the_identity_that_disagree_are_both_refused(as_integrator, url, body):
    response = as_integrator.post(url, {**body, "custom_visitor_identity": "customer-23456789"})

    assert response.status_code == 400
    sentence = "visitor_identity and custom_visitor_identity disagree."
    assert response.json() == {"visitor_identity": [sentence], "custom_visitor_identity": [sentence]}


def test_an_identity_is_trimmed_as_it_was_when_it_was_submitted(as_integrator, url, body):
    response = as_integrator.post(url, {**body, "visitor_identity": " customer-12345678\n"})

    assert response.json()["visitor_identity"] == "customer-12345678"


# The moment


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("2016-10-10T22:00:49.123Z", "2016-10-10T22:00:49.123Z"),
        ("2016-10-10T22:00:49Z", "2016-10-10T22:00:49.000Z"),
        ("2016-10-10T22:00Z", "2016-10-10T22:00:00.000Z"),
        ("2016-10-10T22:00:49.123456Z", "2016-10-10T22:00:49.123Z"),
        ("2016-10-10T22:00:49.9999Z", "2016-10-10T22:00:49.999Z"),
        ("2016-10-11T01:00:49+03:00", "2016-10-10T22:00:49.000Z"),
        ("2016-10-10T14:00:49-08:00", "2016-10-10T22:00:49.000Z"),
        ("2016-10-11T03:45:49+0545", "2016-10-10T22:00:49.000Z"),
        ("2016-10-11T01:00:49+03", "2016-10-10T22:00:49.000Z"),
        ("2016-10-10T22:00:49", "2016-10-10T22:00:49.000Z"),  # without an offset it is UTC
        ("2016-10-10 22:00:49", "2016-10-10T22:00:49.000Z"),
        ("2016-10-10t22:00:49z", "2016-10-10T22:00:49.000Z"),
        ("20161010T220049Z", "2016-10-10T22:00:49.000Z"),
        (" 2016-10-10T22:00:49Z ", "2016-10-10T22:00:49.000Z"),
    ],
)
def test_a_moment_is_read_with_any_offset_and_answered_in_utc(sent, answered, as_integrator, url, body):
    response = as_integrator.post(url, {**body, "goal_matched_at": sent})

    assert response.status_code == 200, response.content
    assert response.json()["goal_matched_at"] == answered


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "yesterday",
        "2016-10-10",
        "22:00:49",
        "2016-02-30T12:00:00Z",
        "2015-02-29T12:00:00Z",
        "2016-13-01T12:00:00Z",
        "2016-10-10T24:30:00Z",
        "2016-10-10T22:60:00Z",
        "2016-10-10T22:00:61Z",
        "2016-10-10T22:00:49+25:00",
        "2016-10-10T22:00:49 Europe/Helsinki",
        "2016-W41-1T22:00:49Z",
        "2016-284T22:00:49Z",
        "16-10-10T22:00:49Z",
        "02016-10-10T22:00:49Z",
        "-2016-10-10T22:00:49Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "2016-10-10T22:00:49Z; DROP TABLE",
        "\N{FULLWIDTH DIGIT TWO}016-10-10T22:00:49Z",
        "2016-10-10T22:00:49.\x00Z",
        1476136849,
        1476136849.5,
        True,
        ["2016-10-10T22:00:49Z"],
        {"at": "2016-10-10T22:00:49Z"},
    ],
)
def test_what_is_no_moment_is_refused(sent, as_integrator, url, body):
    response = as_integrator.post(url, {**body, "goal_matched_at": sent})

    assert response.status_code == 400
    assert response.json() == {
        "goal_matched_at": ["Not an ISO 8601 date and time, such as 2016-10-10T22:00:49.123Z."]
    }


@pytest.mark.parametrize("sent", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_beyond_the_calendar_is_refused(sent, as_integrator, url, body):
    response = as_integrator.post(url, {**body, "goal_matched_at": sent})

    assert response.status_code == 400
    assert response.json() == {"goal_matched_at": ["Outside the years 1 to 9999 (in UTC)."]}


def test_the_first_plausible_moment_is_before_any_session(as_integrator, url, body):
    response = as_integrator.post(url, {**body, "goal_matched_at": "2000-01-01T00:00:00Z"})

    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")


def test_a_moment_may_lie_a_day_in_the_future(as_integrator, url, body):
    nearly_a_day = (timezone.now() + timedelta(hours=23, minutes=59)).isoformat()

    assert as_integrator.post(url, {**body, "goal_matched_at": nearly_a_day}).status_code == 200


@pytest.mark.parametrize("ahead", [timedelta(hours=24, minutes=1), timedelta(days=365_000)])
def test_a_moment_may_not_lie_further_in_the_future(ahead, as_integrator, url, body):
    response = as_integrator.post(url, {**body, "goal_matched_at": (timezone.now() + ahead).isoformat()})

    assert response.status_code == 400
    assert response.json() == {
        "goal_matched_at": [
            "More than 24 hours in the future: it looks like a placeholder. Send the real moment."
        ]
    }


# The rooms


def test_each_room_that_is_not_the_organizations_is_named(
    as_integrator, url, body, room, foreign_room, organization
):
    archived = RoomFactory.create(organization=organization, archived_at="2016-10-10T00:00:00Z")
    bad = [str(UNKNOWN_ID), *ids(foreign_room, archived)]

    response = as_integrator.post(url, {**body, "rooms": [*ids(room), *bad]})

    assert response.status_code == 400
    assert response.json() == {"rooms": [f"{room_id} is not a room of the organization." for room_id in bad]}
    assert not ExternalMatch.objects.exists()


def test_an_upper_case_room_id_is_the_same_room(as_integrator, url, body, room):
    response = as_integrator.post(url, {**body, "rooms": [str(room.id).upper(), str(room.id)]})

    assert response.json()["rooms"] == ids(room)


@pytest.mark.parametrize(
    ("rooms", "sentence"),
    [
        ([], "At least 1 room is needed."),
        (["x"] * 101, "At most 100 rooms are allowed."),
        (None, "This field may not be null."),
        ("", "Not a list of room ids."),
        ({}, "Not a list of room ids."),
        ([5], "“5” is not a UUID."),
    ],
)
def test_rooms_are_a_list_of_one_to_a_hundred(rooms, sentence, as_integrator, url, body):
    response = as_integrator.post(url, {**body, "rooms": rooms})

    assert response.status_code == 400
    assert response.json() == {"rooms": [sentence]}


def test_a_hundred_rooms_are_taken(as_integrator, url, body, room, organization):
    rooms = RoomFactory.create_batch(99, organization=organization)

    response = as_integrator.post(url, {**body, "rooms": ids(room, *rooms)})

    assert response.json()["rooms"] == ids(room)
    assert response.json()["unconnected_rooms"] == ids(*rooms)


# Goals


def test_a_goal_that_is_not_the_organizations_is_404(
    as_integrator, org_url, body, session, other_organization
):
    foreign = GoalFactory.create(organization=other_organization)

    for goal_id in (foreign.id, UNKNOWN_ID):
        response = as_integrator.post(f"{org_url}/goals/{goal_id}/matches", body)
        assert response.status_code == 404
        assert response.json() == {"detail": "The organization has no such goal.", "code": "goal_not_found"}


def test_upper_case_ids_in_the_address_are_the_same(as_integrator, organization, goal, session, body):
    url = f"/api/v5/orgs/{str(organization.id).upper()}/goals/{str(goal.id).upper()}/matches"

    response = as_integrator.post(url, body)

    assert response.status_code == 200
    assert (response.json()["organization_id"], response.json()["goal_id"]) == (
        str(organization.id),
        str(goal.id),
    )


def test_unknown_attributes_are_ignored(as_integrator, url, body):
    answer = as_integrator.post(url, body).json()

    response = as_integrator.post(url, {**answer, **body, "id": str(UNKNOWN_ID), "anything": [{}]})

    assert response.status_code == 200
    assert response.json()["id"] != str(UNKNOWN_ID)


def test_everybody_of_the_organization_may_post_with_or_without_scopes(as_manager, as_integrator, url, body):
    assert as_manager.post(url, body).status_code == 200
    assert as_integrator.post(url, body).status_code == 200
