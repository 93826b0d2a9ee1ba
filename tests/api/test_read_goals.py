"""GET /orgs/<org>/goals and GET /orgs/<org>/goals/<goal>"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.factories import UNKNOWN_ID, GoalFactory, RoomFactory, ids


@pytest.fixture
def url(org_url):
    return f"{org_url}/goals"


@pytest.fixture
def full_goal(organization, room, manager, integrator):
    return GoalFactory.create(
        rooms=[room],
        name="User sent a lead",
        default_value=Decimal("10"),
        conditions=[{"type": 27, "value": "", "negate": False, "settings": {}}],
        created_at=datetime(2016, 9, 1, 11, 31, 36, 42999, tzinfo=UTC),
        created_by=manager,
        updated_at=datetime(2016, 9, 1, 15, 31, 36, tzinfo=UTC),
        updated_by=integrator,
    )


@pytest.fixture
def full_body(full_goal, organization, room, manager, integrator):
    return {
        "id": str(full_goal.id),
        "name": "User sent a lead",
        "organization_id": str(organization.id),
        "organization": {"id": str(organization.id), "name": "Example Ltd."},
        "is_any_room_allowed": False,
        "allow_any_room": False,
        "allowed_rooms": [str(room.id)],
        "default_value": "10.00",
        "conditions": [{"type": 27, "value": "", "negate": False, "settings": {}}],
        "created_at": "2016-09-01T11:31:36.042Z",
        "created_by_user_id": str(manager.id),
        "created_by_user": {
            "id": str(manager.id),
            "full_name": "Mira Manager",
            "first_name": "Mira",
            "last_name": "Manager",
            "organization_id": str(organization.id),
            "is_bot": False,
        },
        "updated_at": "2016-09-01T15:31:36.000Z",
        "updated_by_user_id": str(integrator.id),
        "updated_by_user": {
            "id": str(integrator.id),
            "full_name": "Ivo Integrator",
            "first_name": "Ivo",
            "last_name": "Integrator",
            "organization_id": str(organization.id),
            "is_bot": True,
        },
    }


def test_a_goal_is_answered_whole(as_manager, url, full_goal, full_body):
    response = as_manager.get(f"{url}/{full_goal.id}")

    assert response.status_code == 200
    assert response.json() == full_body


def test_the_list_holds_goals_as_the_detail_answers_them(as_manager, url, full_goal, full_body):
    response = as_manager.get(url)

    assert response.status_code == 200
    assert response.json() == {"next": None, "previous": None, "results": [full_body]}


def test_goals_are_listed_by_creation_whatever_their_name_or_change(as_manager, url, organization):
    late = GoalFactory.create(
        organization=organization, name="A", created_at=datetime(2016, 9, 2, tzinfo=UTC)
    )
    early = GoalFactory.create(
        organization=organization,
        name="B",
        created_at=datetime(2016, 9, 1, tzinfo=UTC),
        updated_at=datetime(2016, 9, 9, tzinfo=UTC),
    )

    assert [goal["id"] for goal in as_manager.get(url).json()["results"]] == ids(early, late)


def test_a_user_who_is_gone_is_null_but_the_goal_stays(as_manager, url, full_goal, integrator):
    integrator.delete()

    body = as_manager.get(f"{url}/{full_goal.id}").json()

    assert (body["updated_by_user_id"], body["updated_by_user"]) == (None, None)
    assert body["created_by_user"]["first_name"] == "Mira"


def test_an_archived_room_is_left_out_of_the_allowed_rooms(as_manager, url, organization, room):
    archived = RoomFactory.create(organization=organization, archived_at="2016-10-10T00:00:00Z")
    goal = GoalFactory.create(rooms=[archived, room])

    assert as_manager.get(f"{url}/{goal.id}").json()["allowed_rooms"] == ids(room)


def test_an_upper_case_id_is_the_same_goal_and_answered_in_lower_case(as_manager, organization, goal):
    upper = f"/api/v5/orgs/{str(organization.id).upper()}/goals/{str(goal.id).upper()}"

    response = as_manager.get(upper)

    assert response.status_code == 200
    assert response.json()["id"] == str(goal.id)
    assert response.json()["organization_id"] == str(organization.id)


def test_a_goal_that_is_not_the_organizations_is_404(as_manager, url, other_organization):
    foreign = GoalFactory.create(organization=other_organization)

    for goal_id in (foreign.id, UNKNOWN_ID):
        response = as_manager.get(f"{url}/{goal_id}")
        assert response.status_code == 404
        assert response.json() == {
            "detail": "The organization has no such goal.",
            "code": "goal_not_found",
        }


def test_a_deleted_goal_is_neither_listed_nor_found(as_manager, url, organization, goal):
    deleted = GoalFactory.create(organization=organization, deleted_at=datetime(2016, 10, 10, tzinfo=UTC))

    assert [each["id"] for each in as_manager.get(url).json()["results"]] == ids(goal)
    assert as_manager.get(f"{url}/{deleted.id}").json()["code"] == "goal_not_found"
