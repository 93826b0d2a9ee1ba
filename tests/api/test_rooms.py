"""GET /orgs/<org>/rooms and GET /orgs/<org>/rooms/<room>"""

from datetime import UTC, datetime

import pytest

from goalsvc.orgs.models import Room
from tests.factories import UNKNOWN_ID, RoomFactory, ids


@pytest.fixture
def url(org_url):
    return f"{org_url}/rooms"


@pytest.fixture
def room(room):
    Room.objects.filter(pk=room.pk).update(
        created_at=datetime(2016, 9, 1, 11, 31, 36, 42999, tzinfo=UTC),
        updated_at=datetime(2016, 9, 2, tzinfo=UTC),
    )
    return room


@pytest.fixture
def room_body(room, organization):
    return {
        "id": str(room.id),
        "organization_id": str(organization.id),
        "organization": {"id": str(organization.id), "name": "Example Ltd."},
        "name": "Web shop",
        "display_name": "Web shop (shop.example.com)",
        "domain": "shop.example.com",
        "language_code": "en",
        "created_at": "2016-09-01T11:31:36.042Z",
        "updated_at": "2016-09-02T00:00:00.000Z",
    }


def test_a_room_is_answered_whole(as_integrator, url, room, room_body):
    response = as_integrator.get(f"{url}/{room.id}")

    assert response.status_code == 200
    assert response.json() == room_body


def test_the_list_holds_rooms_as_the_detail_answers_them(as_integrator, url, room_body):
    assert as_integrator.get(url).json() == {"next": None, "previous": None, "results": [room_body]}


def test_a_room_without_a_domain_is_displayed_by_its_name(as_integrator, url, second_room):
    body = as_integrator.get(f"{url}/{second_room.id}").json()

    assert (body["domain"], body["display_name"]) == (None, "Store in Helsinki")


def test_an_upper_case_id_is_the_same_room(as_integrator, url, room, room_body):
    assert as_integrator.get(f"{url}/{str(room.id).upper()}").json() == room_body


def test_archived_rooms_are_neither_listed_nor_found(as_integrator, url, organization, room):
    archived = RoomFactory.create(organization=organization, archived_at="2016-10-10T00:00:00Z")

    assert [each["id"] for each in as_integrator.get(url).json()["results"]] == ids(room)
    assert as_integrator.get(f"{url}/{archived.id}").status_code == 404


def test_a_room_that_is_not_the_organizations_is_404(as_integrator, url, foreign_room):
    for room_id in (foreign_room.id, UNKNOWN_ID):
        response = as_integrator.get(f"{url}/{room_id}")
        assert response.status_code == 404
        assert response.json() == {"detail": "The organization has no such room.", "code": "not_found"}
