"""PUT and PATCH /orgs/<org>/goals/<goal>"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from goals.models import Goal
from tests.factories import UNKNOWN_ID, GoalFactory, RoomFactory, ids

WHOLE = {"name": "Another name", "is_any_room_allowed": True, "allowed_rooms": [], "conditions": []}
CONDITION = {"type": 27, "value": "", "negate": False, "settings": {}}


@pytest.fixture
def goal(room):
    return GoalFactory.create(
        rooms=[room], name="User sent a lead", default_value=Decimal("10.00"), conditions=[CONDITION]
    )


@pytest.fixture
def url(org_url, goal):
    return f"{org_url}/goals/{goal.id}"


def editable(body):
    names = ("name", "is_any_room_allowed", "allowed_rooms", "default_value", "conditions")
    return {name: body[name] for name in names}


def test_put_replaces_all_that_is_editable(as_manager, url, second_room):
    response = as_manager.put(
        url,
        {
            "name": "Another name",
            "is_any_room_allowed": True,
            "allowed_rooms": ids(second_room),
            "default_value": 20,
            "conditions": [{"type": 1, "value": "Helsinki"}],
        },
    )

    assert response.status_code == 200, response.content
    assert editable(response.json()) == {
        "name": "Another name",
        "is_any_room_allowed": True,
        "allowed_rooms": ids(second_room),
        "default_value": "20.00",
        "conditions": [{"type": 1, "value": "Helsinki", "negate": False, "settings": {}}],
    }
    assert as_manager.get(url).json() == response.json()


def test_put_sets_an_omitted_default_value_to_null(as_manager, url):
    assert as_manager.put(url, WHOLE).json()["default_value"] is None


@pytest.mark.parametrize("missing", ["name", "is_any_room_allowed", "allowed_rooms", "conditions"])
def test_put_takes_all_that_is_required(missing, as_manager, url):
    before = as_manager.get(url).json()

    response = as_manager.put(url, {name: value for name, value in WHOLE.items() if name != missing})

    assert response.status_code == 400
    assert response.json() == {missing: ["This field is required."]}
    assert as_manager.get(url).json() == before


@pytest.mark.parametrize(
    ("sent", "changed"),
    [
        ({"name": "Another name"}, {"name": "Another name"}),
        ({"is_any_room_allowed": True}, {"is_any_room_allowed": True}),
        ({"allow_any_room": True}, {"is_any_room_allowed": True}),
        ({"allowed_any_room": True}, {"is_any_room_allowed": True}),
        ({"allowed_rooms": []}, {"allowed_rooms": []}),
        ({"default_value": "5"}, {"default_value": "5.00"}),
        ({"default_value": None}, {"default_value": None}),
        ({"conditions": []}, {"conditions": []}),
        ({}, {}),
        ({"unknown": 1}, {}),
    ],
)
def test_patch_changes_what_is_given_and_leaves_the_rest(sent, changed, as_manager, url, room):
    before = editable(as_manager.get(url).json())

    response = as_manager.patch(url, sent)

    assert response.status_code == 200
    assert editable(response.json()) == before | changed


def test_allowed_rooms_survive_while_any_room_is_allowed(as_manager, url, room):
    as_manager.patch(url, {"is_any_room_allowed": True})
    response = as_manager.patch(url, {"is_any_room_allowed": False})

    assert response.json()["allowed_rooms"] == ids(room)


def test_what_was_read_can_be_sent_back(as_manager, url):
    read = as_manager.get(url).json()

    response = as_manager.put(url, read)

    assert response.status_code == 200
    assert editable(response.json()) == editable(read)


@pytest.mark.parametrize(
    "value", ["1e18", "-1e18", "1.5", "1e-7", "9223372036854775807", "12345678901234567.25"]
)
def test_numbers_in_settings_can_be_sent_back_as_read(value, as_manager, url):
    sent = b'{"conditions": [{"type": 22, "settings": {"n": ' + value.encode() + b"}}]}"
    read = as_manager.send("PATCH", url, sent).json()

    response = as_manager.put(url, read)

    assert response.status_code == 200
    assert response.json()["conditions"] == read["conditions"]


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_change_tells_by_whom_and_leaves_who_created(method, as_manager, url, goal, manager, integrator):
    Goal.objects.update(created_by=integrator, updated_by=integrator)

    body = getattr(as_manager, method)(url, WHOLE).json()

    assert body["created_by_user_id"] == str(integrator.id)
    assert body["updated_by_user_id"] == str(manager.id)
    assert body["updated_by_user"]["first_name"] == "Mira"
    assert body["created_at"] == "2016-01-01T00:00:00.000Z"


@pytest.mark.parametrize(("method", "sent"), [("put", WHOLE), ("patch", {"name": "A"}), ("patch", {})])
def test_updated_at_moves_with_every_change_even_within_a_millisecond(method, sent, as_manager, url):
    moments = [getattr(as_manager, method)(url, sent).json()["updated_at"] for _ in range(3)]

    assert moments == sorted(set(moments))
    assert moments[0] > "2016-01-01T00:00:00.000Z"


def test_updated_at_moves_on_even_when_the_clock_went_back(as_manager, url, goal):
    ahead = datetime(2099, 1, 1, tzinfo=UTC)
    Goal.objects.update(updated_at=ahead)

    as_manager.patch(url, {"name": "A"})

    goal.refresh_from_db()
    assert goal.updated_at == ahead + timedelta(milliseconds=1)


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_refused_change_changes_nothing(method, as_manager, url, foreign_room):
    before = as_manager.get(url).json()

    response = getattr(as_manager, method)(url, {**WHOLE, "allowed_rooms": ids(foreign_room)})

    assert response.status_code == 400
    assert response.json() == {"allowed_rooms": [f"{foreign_room.id} is not a room of the organization."]}
    assert as_manager.get(url).json() == before


@pytest.mark.parametrize("method", ["put", "patch"])
def test_each_room_that_is_not_the_organizations_is_named(
    method, as_manager, url, room, foreign_room, organization
):
    archived = RoomFactory.create(organization=organization, archived_at="2016-10-10T00:00:00Z")
    bad = [str(UNKNOWN_ID), *ids(foreign_room, archived)]

    response = getattr(as_manager, method)(url, {**WHOLE, "allowed_rooms": [*bad, *ids(room)]})

    assert response.status_code == 400
    assert response.json() == {
        "allowed_rooms": [f"{room_id} is not a room of the organization." for room_id in bad]
    }


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (
            {"is_any_room_allowed": True, "allow_any_room": False},
            {
                "is_any_room_allowed": ["The spellings of this flag disagree."],
                "allow_any_room": ["The spellings of this flag disagree."],
            },
        ),
        ({"name": None}, {"name": ["This field may not be null."]}),
        ({"name": ""}, {"name": ["This field may not be blank."]}),
        ({"allowed_rooms": None}, {"allowed_rooms": ["This field may not be null."]}),
        ({"conditions": None}, {"conditions": ["This field may not be null."]}),
        ({"conditions": [{}]}, {"conditions": {"0": {"type": ["This field is required."]}}}),
    ],
)
def test_patch_checks_what_is_given_as_strictly_as_put(sent, answer, as_manager, url):
    for response in (as_manager.patch(url, sent), as_manager.put(url, WHOLE | sent)):
        assert response.status_code == 400
        assert response.json() == answer


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_goal_that_the_api_does_not_know_is_404(
    method, as_manager, org_url, other_organization, organization
):
    foreign = GoalFactory.create(organization=other_organization)
    deleted = GoalFactory.create(organization=organization, deleted_at=datetime(2016, 10, 10, tzinfo=UTC))

    for goal_id in (foreign.id, deleted.id, UNKNOWN_ID):
        response = getattr(as_manager, method)(f"{org_url}/goals/{goal_id}", WHOLE)
        assert (response.status_code, response.json()["code"]) == (404, "goal_not_found")
    foreign.refresh_from_db()
    assert foreign.name != "Another name"
