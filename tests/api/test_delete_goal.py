"""DELETE /orgs/<org>/goals/<goal>"""

import pytest

from goals.models import Goal
from matching.models import ExternalMatch
from tests.api.endpoints import match_body
from tests.factories import UNKNOWN_ID, ExternalMatchFactory, GoalFactory, ids


@pytest.fixture
def url(org_url, goal):
    return f"{org_url}/goals/{goal.id}"


def test_a_deleted_goal_leaves_the_api(as_manager, url, org_url):
    response = as_manager.delete(url)

    assert response.status_code == 204
    assert response.content == b""
    assert as_manager.get(f"{org_url}/goals").json()["results"] == []
    for again in (as_manager.get(url), as_manager.patch(url, {"name": "A"}), as_manager.delete(url)):
        assert again.status_code == 404
        assert again.json() == {"detail": "The organization has no such goal.", "code": "goal_not_found"}


def test_a_deleted_goal_takes_no_matches(as_manager, url, goal, place):
    body = match_body(place)
    assert as_manager.post(f"{url}/matches", body).status_code == 200

    as_manager.delete(url)

    assert as_manager.post(f"{url}/matches", body).json()["code"] == "goal_not_found"


def test_the_matches_of_a_deleted_goal_stay(as_manager, url, goal):
    match = ExternalMatchFactory.create(goal=goal)

    as_manager.delete(url)

    assert ExternalMatch.objects.get() == match


def test_a_deleted_goal_can_be_restored_as_it_was(as_manager, room, org_url):
    goal = GoalFactory.create(rooms=[room], name="Bought in the shop")
    before = as_manager.get(f"{org_url}/goals/{goal.id}").json()
    as_manager.delete(f"{org_url}/goals/{goal.id}")

    Goal.objects.get(pk=goal.pk).restore(by=None, at=goal.created_at)

    assert as_manager.get(f"{org_url}/goals/{goal.id}").json() == before
    assert before["allowed_rooms"] == ids(room)


def test_deleting_a_goal_leaves_the_others(as_manager, url, organization, org_url):
    other = GoalFactory.create(organization=organization)

    as_manager.delete(url)

    assert [goal["id"] for goal in as_manager.get(f"{org_url}/goals").json()["results"]] == ids(other)


def test_a_goal_that_is_not_the_organizations_is_404_and_stays(as_manager, org_url, other_organization):
    foreign = GoalFactory.create(organization=other_organization)

    for goal_id in (foreign.id, UNKNOWN_ID):
        response = as_manager.delete(f"{org_url}/goals/{goal_id}")
        assert (response.status_code, response.json()["code"]) == (404, "goal_not_found")
    foreign.refresh_from_db()
    assert foreign.deleted_at is None
