"""GET /users/me"""

from datetime import UTC, datetime

from goalsvc.orgs.models import User
from tests.conftest import Client
from tests.factories import UserFactory, issue_token

URL = "/api/v5/users/me"


def test_the_caller_is_answered_whole(as_manager, manager, organization):
    User.objects.filter(pk=manager.pk).update(
        scopes=["users", "settings"],
        created_at=datetime(2016, 9, 1, 11, 31, 36, 42999, tzinfo=UTC),
        updated_at=datetime(2016, 9, 2, tzinfo=UTC),
    )

    response = as_manager.get(URL)

    assert response.status_code == 200
    assert response.json() == {
        "id": str(manager.id),
        "full_name": "Mira Manager",
        "first_name": "Mira",
        "last_name": "Manager",
        "organization_id": str(organization.id),
        "is_bot": False,
        "email": "mira@example.com",
        "organization": {"id": str(organization.id), "name": "Example Ltd."},
        "permissions": ["settings", "users"],
        "created_at": "2016-09-01T11:31:36.042Z",
        "updated_at": "2016-09-02T00:00:00.000Z",
    }


def test_a_caller_without_scopes_has_none(as_integrator):
    body = as_integrator.get(URL).json()

    assert (body["permissions"], body["is_bot"]) == ([], True)


def test_a_caller_with_one_name_has_it_as_full_name(organization):
    user = UserFactory.create(organization=organization, last_name="Import")

    assert Client(issue_token(user)).get(URL).json()["full_name"] == "Import"


def test_an_operator_of_no_organization_has_null(db):
    operator = UserFactory.create(organization=None, is_superuser=True, is_staff=True)

    body = Client(issue_token(operator)).get(URL).json()

    assert (body["organization_id"], body["organization"]) == (None, None)


def test_each_caller_sees_itself(as_manager, as_stranger, manager, stranger):
    assert as_manager.get(URL).json()["id"] == str(manager.id)
    assert as_stranger.get(URL).json()["id"] == str(stranger.id)
