"""POST /orgs/<org>/goals"""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.utils import timezone

from goals.models import Goal
from goalsvc.orgs.models import Room
from tests.factories import UNKNOWN_ID, RoomFactory, ids


@pytest.fixture
def url(org_url):
    return f"{org_url}/goals"


# The public page's own example, word for word.
PAGE_EXAMPLE = {
    "name": "A new goal",
    "allow_any_room": True,
    "allowed_rooms": [],
    "conditions": [{"negate": False, "settings": {}, "type": 1, "value": "Helsinki"}],
}
MINIMAL = {"name": "Bought in the shop", "is_any_room_allowed": True, "allowed_rooms": [], "conditions": []}


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in MINIMAL.items() if key != name}


def test_the_pages_own_example_is_created(as_manager, url, organization, manager):
    response = as_manager.post(url, PAGE_EXAMPLE)

    assert response.status_code == 201, response.content
    body = response.json()
    user = {
        "id": str(manager.id),
        "full_name": "Mira Manager",
        "first_name": "Mira",
        "last_name": "Manager",
        "organization_id": str(organization.id),
        "is_bot": False,
    }
    assert body == {
        "id": body["id"],
        "name": "A new goal",
        "organization_id": str(organization.id),
        "organization": {"id": str(organization.id), "name": "Example Ltd."},
        "is_any_room_allowed": True,
        "allow_any_room": True,
        "allowed_rooms": [],
        "default_value": None,
        "conditions": [{"type": 1, "value": "Helsinki", "negate": False, "settings": {}}],
        "created_at": body["created_at"],
        "created_by_user_id": str(manager.id),
        "created_by_user": user,
        "updated_at": body["created_at"],
        "updated_by_user_id": str(manager.id),
        "updated_by_user": user,
    }


def test_a_created_goal_is_where_location_says(as_manager, url):
    response = as_manager.post(url, MINIMAL)

    assert response.headers["Location"] == f"http://testserver{url}/{response.json()['id']}"
    assert as_manager.get(response.headers["Location"]).json() == response.json()


def test_ids_are_lower_case_and_ordered_by_time(as_manager, url):
    first, second = (as_manager.post(url, MINIMAL).json()["id"] for _ in range(2))

    assert UUID(first).version == 7
    assert first == str(UUID(first))
    assert first < second


def test_a_goal_is_created_now_in_utc_with_milliseconds(as_manager, url):
    before = timezone.now()

    written = as_manager.post(url, MINIMAL).json()["created_at"]

    created_at = datetime.strptime(written, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert len(written) == len("2016-10-10T22:00:49.123Z")
    assert before.replace(microsecond=before.microsecond // 1000 * 1000) <= created_at <= timezone.now()


@pytest.mark.parametrize("missing", ["name", "is_any_room_allowed", "allowed_rooms", "conditions"])
def test_a_required_attribute_is_required(missing, as_manager, url):
    response = as_manager.post(url, without(missing))

    assert response.status_code == 400
    assert response.json() == {missing: ["This field is required."]}


def test_all_that_is_wrong_is_said_at_once(as_manager, url):
    response = as_manager.post(url, {"default_value": "x"})

    assert response.status_code == 400
    assert response.json() == {
        "name": ["This field is required."],
        "is_any_room_allowed": ["This field is required."],
        "allowed_rooms": ["This field is required."],
        "default_value": ["Not a decimal number."],
        "conditions": ["This field is required."],
    }


def test_a_refused_goal_leaves_nothing_behind(as_manager, url, room, foreign_room):
    refused = as_manager.post(url, {**MINIMAL, "allowed_rooms": ids(room, foreign_room)})

    assert refused.status_code == 400
    assert Goal.objects.count() == 0


# The name


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("A", "A"),
        ("x" * 255, "x" * 255),
        ("  A goal\n", "A goal"),
        (" " + "x" * 255 + " ", "x" * 255),
        ("Ostajat & kävijät 🛒", "Ostajat & kävijät 🛒"),
        ("e\u0301", "e\u0301"),  # kept as sent, not normalized
        ("A\tgoal\nof two lines", "A\tgoal\nof two lines"),
        ("<b>'\";--", "<b>'\";--"),
    ],
)
def test_a_name_is_kept_as_sent_but_trimmed(sent, stored, as_manager, url):
    response = as_manager.post(url, {**MINIMAL, "name": sent})

    assert response.status_code == 201
    assert response.json()["name"] == stored


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "This field may not be blank."),
        (" \n ", "This field may not be blank."),
        (None, "This field may not be null."),
        ("x" * 256, "Ensure this field has no more than 255 characters."),
        (5, "Not a string."),
        (True, "Not a string."),
        (["A"], "Not a string."),
        ({"fi": "A"}, "Not a string."),
    ],
)
def test_another_name_is_refused(name, sentence, as_manager, url):
    response = as_manager.post(url, {**MINIMAL, "name": name})

    assert response.status_code == 400
    assert response.json() == {"name": [sentence]}


def test_a_name_may_be_taken_twice(as_manager, url):
    assert [as_manager.post(url, MINIMAL).status_code for _ in range(2)] == [201, 201]


# The flag and its three spellings


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("spelling", ["is_any_room_allowed", "allow_any_room", "allowed_any_room"])
def test_the_flag_is_taken_in_each_spelling_and_answered_in_two(spelling, value, as_manager, url):
    response = as_manager.post(url, {**without("is_any_room_allowed"), spelling: value})

    assert response.status_code == 201
    body = response.json()
    assert (body["is_any_room_allowed"], body["allow_any_room"]) == (value, value)
    assert "allowed_any_room" not in body


def test_all_three_spellings_may_be_sent_when_they_agree(as_manager, url):
    body = {**MINIMAL, "is_any_room_allowed": False, "allow_any_room": False, "allowed_any_room": False}

    assert as_manager.post(url, body).json()["is_any_room_allowed"] is False


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("is_any_room_allowed", "allow_any_room"),
        ("is_any_room_allowed", "allowed_any_room"),
        ("allow_any_room", "allowed_any_room"),
    ],
)
def test_spellings_that_disagree_are_both_refused(one, other, as_manager, url):
    response = as_manager.post(url, {**without("is_any_room_allowed"), one: True, other: False})

    assert response.status_code == 400
    assert response.json() == {
        one: ["The spellings of this flag disagree."],
        other: ["The spellings of this flag disagree."],
    }


@pytest.mark.parametrize("value", ["true", "", 1, 0, 1.0, [True], {}])
@pytest.mark.parametrize("spelling", ["is_any_room_allowed", "allow_any_room", "allowed_any_room"])
def test_the_flag_is_a_boolean_and_nothing_like_it(spelling, value, as_manager, url):
    response = as_manager.post(url, {**without("is_any_room_allowed"), spelling: value})

    assert response.status_code == 400
    assert response.json() == {spelling: ["Must be a valid boolean."]}


@pytest.mark.parametrize("spelling", ["is_any_room_allowed", "allow_any_room", "allowed_any_room"])
def test_the_flag_may_not_be_null(spelling, as_manager, url):
    response = as_manager.post(url, {**without("is_any_room_allowed"), spelling: None})

    assert response.status_code == 400
    assert response.json() == {spelling: ["This field may not be null."]}


# Allowed rooms


def test_allowed_rooms_come_by_their_creation_each_once(as_manager, url, organization):
    second, third, first = RoomFactory.create_batch(3, organization=organization)
    Room.objects.filter(pk=first.pk).update(created_at=datetime(2016, 10, 10, tzinfo=UTC))

    response = as_manager.post(url, {**MINIMAL, "allowed_rooms": ids(third, first, third, second, first)})

    assert response.status_code == 201
    assert response.json()["allowed_rooms"] == ids(first, second, third)


@pytest.mark.parametrize("is_any_room_allowed", [True, False])
def test_allowed_rooms_are_kept_whether_or_not_any_room_is_allowed(
    is_any_room_allowed, as_manager, url, room
):
    body = {**MINIMAL, "is_any_room_allowed": is_any_room_allowed, "allowed_rooms": ids(room)}

    assert as_manager.post(url, body).json()["allowed_rooms"] == ids(room)


def test_a_goal_of_no_room_may_be_created(as_manager, url):
    response = as_manager.post(url, {**MINIMAL, "is_any_room_allowed": False, "allowed_rooms": []})

    assert response.status_code == 201
    assert response.json()["allowed_rooms"] == []


def test_an_upper_case_room_id_is_the_same_room(as_manager, url, room):
    response = as_manager.post(url, {**MINIMAL, "allowed_rooms": [str(room.id).upper(), str(room.id)]})

    assert response.status_code == 201
    assert response.json()["allowed_rooms"] == ids(room)


def test_each_room_that_is_not_the_organizations_is_named(as_manager, url, room, foreign_room, organization):
    archived = RoomFactory.create(organization=organization, archived_at="2016-10-10T00:00:00Z")
    bad = [str(UNKNOWN_ID), *ids(foreign_room, archived)]

    response = as_manager.post(url, {**MINIMAL, "allowed_rooms": [*bad, *ids(room)]})

    assert response.status_code == 400
    assert response.json() == {
        "allowed_rooms": [f"{room_id} is not a room of the organization." for room_id in bad]
    }


@pytest.mark.parametrize("is_any_room_allowed", [True, False])
def test_rooms_are_checked_even_while_any_room_is_allowed(is_any_room_allowed, as_manager, url, foreign_room):
    body = {**MINIMAL, "is_any_room_allowed": is_any_room_allowed, "allowed_rooms": ids(foreign_room)}

    assert as_manager.post(url, body).status_code == 400


def test_a_foreign_and_an_unknown_room_get_the_same_sentence(as_manager, url, foreign_room):
    [foreign] = as_manager.post(url, {**MINIMAL, "allowed_rooms": ids(foreign_room)}).json()["allowed_rooms"]
    [unknown] = as_manager.post(url, {**MINIMAL, "allowed_rooms": [str(UNKNOWN_ID)]}).json()["allowed_rooms"]

    assert foreign.replace(str(foreign_room.id), "…") == unknown.replace(str(UNKNOWN_ID), "…")


@pytest.mark.parametrize(
    ("rooms", "sentences"),
    [
        (None, ["This field may not be null."]),
        ("", ["Not a list of room ids."]),
        ("0199d6a4-0000-7000-8000-000000000000", ["Not a list of room ids."]),
        ({}, ["Not a list of room ids."]),
        (1, ["Not a list of room ids."]),
        (True, ["Not a list of room ids."]),
        ([1], ["“1” is not a UUID."]),
        ([None], ["“None” is not a UUID."]),
        ([[]], ["“[]” is not a UUID."]),
        ([""], ["“” is not a UUID."]),
        (["ac83d426-be80-4d75-8c62-49a77f98468h"], ["“ac83d426-be80-4d75-8c62-49a77f98468h” is not a UUID."]),
        (["ac83d426be804d758c6249a77f984680"], ["“ac83d426be804d758c6249a77f984680” is not a UUID."]),
        (["a", "b"], ["“a” is not a UUID.", "“b” is not a UUID."]),
        (["\x00"], ["“\N{REPLACEMENT CHARACTER}” is not a UUID."]),
        (["x" * 5000], ["“" + "x" * 63 + "…” is not a UUID."]),
    ],
)
def test_what_is_no_list_of_ids_is_refused(rooms, sentences, as_manager, url):
    response = as_manager.post(url, {**MINIMAL, "allowed_rooms": rooms})

    assert response.status_code == 400
    assert response.json() == {"allowed_rooms": sentences}


# The default value


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"10", "10.00"),
        (b"14.15", "14.15"),
        (b"14.1", "14.10"),
        (b"14.150", "14.15"),
        (b"1e2", "100.00"),
        (b"0.1", "0.10"),
        (b"0", "0.00"),
        (b"-0.00", "0.00"),
        (b"-5.5", "-5.50"),
        (b"999999999999.99", "999999999999.99"),
        (b"-999999999999.99", "-999999999999.99"),
        (b'"10.00"', "10.00"),
        (b'"10"', "10.00"),
        (b'" 10.5 "', "10.50"),
        (b'"123.45"', "123.45"),
        (b"null", None),
    ],
)
def test_a_default_value_may_be_a_number_a_string_or_null(sent, answered, as_manager, url):
    body = (
        b'{"name": "A", "is_any_room_allowed": true, "allowed_rooms": [], "conditions": [], '
        b'"default_value": ' + sent + b"}"
    )

    response = as_manager.send("POST", url, body)

    assert response.status_code == 201, response.content
    assert response.json()["default_value"] == answered
    assert as_manager.get(response.headers["Location"]).json()["default_value"] == answered


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (b"0.001", "At most 14 digits are allowed, 2 of them decimals."),
        (b"123456789012345", "At most 14 digits are allowed, 2 of them decimals."),
        (b"1000000000000", "At most 14 digits are allowed, 2 of them decimals."),
        (b"1e12", "At most 14 digits are allowed, 2 of them decimals."),
        (b"1e-3", "At most 14 digits are allowed, 2 of them decimals."),
        (b"1e400", "At most 14 digits are allowed, 2 of them decimals."),
        (b"1e-400", "At most 14 digits are allowed, 2 of them decimals."),
        (b"9" * 5000, "At most 14 digits are allowed, 2 of them decimals."),
        (b'"1e400"', "At most 14 digits are allowed, 2 of them decimals."),
        (b'"0.0001"', "At most 14 digits are allowed, 2 of them decimals."),
        (b"1e99999999999999999999", "Not a decimal number."),
        (b"NaN", "Not a decimal number."),
        (b"Infinity", "Not a decimal number."),
        (b"-Infinity", "Not a decimal number."),
        (b'"NaN"', "Not a decimal number."),
        (b'"Infinity"', "Not a decimal number."),
        (b'""', "Not a decimal number."),
        (b'"10,00"', "Not a decimal number."),
        (b'"1_000"', "Not a decimal number."),
        (b'"0x10"', "Not a decimal number."),
        ('"\N{ARABIC-INDIC DIGIT ONE}"'.encode(), "Not a decimal number."),
        (b'"' + b"1" * 65 + b'"', "Not a decimal number."),
        (b"true", "Not a decimal number."),
        (b"[10]", "Not a decimal number."),
        (b"{}", "Not a decimal number."),
    ],
)
def test_another_default_value_is_refused(sent, sentence, as_manager, url):
    body = (
        b'{"name": "A", "is_any_room_allowed": true, "allowed_rooms": [], "conditions": [], '
        b'"default_value": ' + sent + b"}"
    )

    response = as_manager.send("POST", url, body)

    assert response.status_code == 400
    assert response.json() == {"default_value": [sentence]}


# What a client may not set


def test_attributes_that_are_not_editable_are_ignored(as_manager, url, manager, organization):
    response = as_manager.post(
        url,
        {
            **MINIMAL,
            "id": str(UNKNOWN_ID),
            "organization_id": str(UNKNOWN_ID),
            "organization": "x",
            "created_at": "2000-01-01T00:00:00Z",
            "created_by_user_id": str(UNKNOWN_ID),
            "updated_by_user": None,
            "deleted_at": "2000-01-01T00:00:00Z",
            "anything": {"else": [1, None]},
            "": 1,
        },
    )

    assert response.status_code == 201
    body = response.json()
    assert body["id"] != str(UNKNOWN_ID)
    assert body["organization_id"] == str(organization.id)
    assert body["created_by_user_id"] == str(manager.id)
    assert not body["created_at"].startswith("2000")
    assert body.keys().isdisjoint({"anything", "deleted_at"})
