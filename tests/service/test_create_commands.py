"""`manage.py create_organization`, `create_room`, `create_user`, `create_token` and `create_goal`"""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from goals.models import Goal
from goalsvc.orgs.models import ApiToken, HistoryEntry, Organization, Room, User
from tests.conftest import Client
from tests.factories import GoalFactory, OrganizationFactory, RoomFactory


def run(*arguments: str) -> dict[str, Any]:
    """Call a command with --json."""
    said, complained = StringIO(), StringIO()
    call_command(*arguments, "--json", stdout=said, stderr=complained)
    assert complained.getvalue() == ""
    answer: dict[str, Any] = json.loads(said.getvalue())
    return answer


def refused(*arguments: str) -> str:
    """Return what a command says that changes nothing."""
    before = HistoryEntry.objects.count()
    with pytest.raises(CommandError) as error:
        call_command(*arguments)
    assert error.value.returncode == 1
    assert HistoryEntry.objects.count() == before
    return str(error.value)


@pytest.fixture
def example(db: None) -> Organization:
    return OrganizationFactory.create(name="Example Ltd.")


LEAD = '[{"type": 27}, {"type": 8, "value": "10.00"}]'
COMMANDS = {
    "organization": ("create_organization", "New Ltd.", "--subscription-expires-on", "2099-12-31"),
    "room": ("create_room", "Web shop", "--organization", "Example Ltd.", "--domain", "shop.example.com"),
    "user": (
        *("create_user", "mira@example.com", "--organization", "Example Ltd.", "--staff"),
        *("--scope", "users", "--scope", "settings", "--first-name", "Mira"),
    ),
    "goal": (
        *("create_goal", "Bought", "--organization", "Example Ltd.", "--any-room"),
        *("--default-value", "9.5", "--conditions", LEAD),
    ),
}


def test_from_nothing_to_a_match_without_a_click(db):
    organization = run("create_organization", "Example Ltd.", "--subscription-expires-on", "2099-12-31")
    room = run("create_room", "Web shop", "--organization", "Example Ltd.", "--domain", "shop.example.com")
    run("create_user", "till@example.com", "--organization", organization["id"], "--bot")
    key = run("create_token", "till@example.com", "--description", "Till")["key"]
    goal = run("create_goal", "Bought", "--organization", "Example Ltd.", "--room", "shop.example.com")

    client, url = Client(key), f"/api/v5/orgs/{organization['id']}"
    report = {
        "visitor_session_id": "visit-1",
        "visitor_id": "laptop",
        "visitor_identity": "customer-1",
        "started_at": "2026-03-02T14:00:00Z",
        "rooms": [room["id"]],
    }
    assert client.post(f"{url}/visitor_sessions", report, format="json").status_code == 201
    match = {
        "visitor_identity": "customer-1",
        "goal_matched_at": "2026-03-02T15:00:00Z",
        "rooms": [room["id"]],
    }
    posted = client.post(f"{url}/goals/{goal['id']}/matches", match, format="json")
    assert posted.status_code == 200
    assert posted.json()["rooms"] == [room["id"]]


@pytest.mark.parametrize("kind", COMMANDS)
def test_the_same_call_again_finds_what_is_there(kind, example):
    made = run(*COMMANDS[kind])
    entries = HistoryEntry.objects.count()
    again = run(*COMMANDS[kind])

    assert made["action"] == "created"
    assert again == {**made, "action": "unchanged", "changes": {}}
    assert HistoryEntry.objects.count() == entries
    entry = HistoryEntry.objects.get(object_id=made["id"])
    assert (entry.kind, entry.action, entry.channel) == (kind, "created", "command")
    assert entry.changed_by is None
    assert entry.changes == made["changes"]


def test_in_words_it_says_what_it_did(example):
    said = StringIO()
    for _ in range(2):
        call_command(*COMMANDS["room"], stdout=said)

    pk = example.rooms.get().id
    assert said.getvalue().splitlines() == [
        f"created room Web shop (id {pk})",
        f"unchanged room Web shop (id {pk})",
    ]


@pytest.mark.parametrize(
    ("kind", "other", "said", "changes"),
    [
        (
            "organization",
            ("--subscription-expires-on", ""),
            'subscription_expires_on is "2099-12-31", not null',
            {"subscription_expires_on": ["2099-12-31", None]},
        ),
        (
            "room",
            ("--language-code", "fi"),
            'language_code is "en", not "fi"',
            {"language_code": ["en", "fi"]},
        ),
        ("user", ("--bot",), "is_bot is false, not true", {"is_bot": [False, True]}),
        ("user", ("--no-active",), "is_active is true, not false", {"is_active": [True, False]}),
        (
            "goal",
            ("--default-value", "10"),
            'default_value is "9.50", not "10.00"',
            {"default_value": ["9.50", "10.00"]},
        ),
    ],
)
def test_what_differs_is_named_and_changed_when_asked(kind, other, said, changes, example):
    pk = run(*COMMANDS[kind])["id"]

    assert refused(*COMMANDS[kind], *other) == (
        f"The {kind} exists and differs: {said}. Add --update to change it."
    )
    changed = run(*COMMANDS[kind], *other, "--update")
    assert (changed["id"], changed["action"], changed["changes"]) == (pk, "changed", changes)
    assert HistoryEntry.objects.get(object_id=pk, action="changed").changes == changes
    assert run(*COMMANDS[kind], *other)["action"] == "unchanged"


def test_what_is_not_given_stays(example):
    run(*COMMANDS["user"])
    run("create_user", "mira@example.com", "--organization", "Example Ltd.", "--last-name", "M", "--update")

    mira = User.objects.get()
    assert (mira.first_name, mira.last_name, mira.is_staff) == ("Mira", "M", True)
    assert mira.scopes == ["settings", "users"]
    assert not mira.has_usable_password()


def test_a_goal_is_the_one_that_the_api_shows(example):
    RoomFactory.create(organization=example, name="Store")
    run("create_user", "mira@example.com", "--organization", "Example Ltd.", "--scope", "settings")
    key = run("create_token", "mira@example.com", "--description", "CI")["key"]
    arguments = ("create_goal", "Lead", "--organization", "Example Ltd.", "--room", "Store")
    made = run(*arguments, "--conditions", LEAD)

    shown = Client(key).get(f"/api/v5/orgs/{example.id}/goals/{made['id']}").json()
    assert shown["allowed_rooms"] == [str(example.rooms.get().id)]
    assert shown["is_any_room_allowed"] is False
    assert shown["conditions"][1] == {"type": 8, "value": "10.00", "negate": False, "settings": {}}
    assert shown["created_by_user_id"] is None


def test_a_second_token_of_a_description_is_not_made(manager):
    arguments = ("create_token", "mira@example.com", "--description", "Till")
    made = run(*arguments)
    assert ApiToken.KEY.fullmatch(made["key"])
    assert run(*arguments) == {**made, "action": "unchanged", "changes": {}, "key": None}

    said, complained = StringIO(), StringIO()
    call_command(*arguments, stdout=said, stderr=complained)
    assert said.getvalue() == ""
    assert "whose key cannot be read again" in complained.getvalue()
    ApiToken.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert run(*arguments)["action"] == "created"


def test_an_operator_needs_no_organization(db):
    arguments = ("create_user", "olli@example.com", "--staff")
    assert refused(*arguments) == "Only an operator may belong to no organization."
    made = run(*arguments, "--operator")
    assert User.objects.get(id=made["id"]).is_superuser
    assert HistoryEntry.objects.get().organization_id is None


def test_a_room_that_has_no_domain_yet_gets_it(example):
    room = RoomFactory.create(organization=example, name="Web shop")
    made = run(*COMMANDS["room"], "--update")
    assert made["id"] == str(room.id)
    other = run("create_room", "Web shop", "--organization", "Example Ltd.", "--domain", "shop.example.fi")
    assert other["action"] == "created"
    assert refused("create_room", "Web shop", "--organization", "Example Ltd.").startswith(
        "name: 2 rooms are called “Web shop”, so it is unclear which is meant: "
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create_organization", " "), "name: This field may not be blank."),
        (("create_organization", "x" * 65), "name: Ensure this value has at most 64 characters (it has 65)."),
        (
            ("create_organization", "New", "--subscription-expires-on", "soon"),
            "subscription_expires_on: Not a date, such as 2027-12-31.",
        ),
        (("create_room", "Shop", "--organization", "Nobody"), "There is no organization “Nobody”."),
        (
            ("create_room", "Shop", "--organization", "Example Ltd.", "--domain", "https://a.example"),
            "domain: The name alone, such as shop.example.com.",
        ),
        (("create_user", "mira", "--organization", "Example Ltd."), "email: Enter a valid email address."),
        (
            ("create_user", "MIRA@example.com", "--organization", "Example Ltd."),
            "email: This user's address is written “mira@example.com”. Write it so.",
        ),
        (
            ("create_user", "sten@example.net", "--organization", "Example Ltd."),
            "email: “sten@example.net” is a user of the organization “Another Ltd.”. Users are moved",
        ),
        (
            ("create_goal", "Bought", "--organization", "Example Ltd."),
            "is_any_room_allowed: This field is required.",
        ),
        (
            ("create_goal", "Bought", "--organization", "Example Ltd.", "--room", "Other shop"),
            "allowed_rooms[0]: The organization has no room “Other shop”.",
        ),
        (
            ("create_goal", "Bought", "--organization", "Example Ltd.", "--any-room", "--conditions", "[{"),
            "conditions: ",
        ),
        (
            (
                *("create_goal", "Bought", "--organization", "Example Ltd.", "--any-room"),
                *("--conditions", '[{"type": 8, "value": "many"}]'),
            ),
            "conditions[0].value: Must be an amount of at most two decimals",
        ),
        (
            ("create_goal", "Bought", "--organization", "Example Ltd.", "--any-room", "--default-value", "x"),
            "default_value: Not a decimal number.",
        ),
        (("create_organization", "a\udcff"), "name: Control characters and lone surrogates are not allowed."),
        (("create_room", "Shop", "--organization", "a\udcff"), "There is no organization “a�”."),
        (("create_token", "a\udcff", "--description", "x"), "There is no user with the e-mail address"),
    ],
)
def test_what_is_wrong_is_one_sentence(arguments, said, organization, manager, stranger, foreign_room):
    assert refused(*arguments).startswith(said)


def test_names_that_several_have_are_refused(db):
    OrganizationFactory.create_batch(2, name="Twin Ltd.")
    assert "2 organizations are called “Twin Ltd.”" in refused("create_organization", "Twin Ltd.")
    assert "2 organizations are called “Twin Ltd.”" in refused(
        "create_room", "Shop", "--organization", "Twin Ltd."
    )
    organization = OrganizationFactory.create(name="Example Ltd.")
    GoalFactory.create_batch(2, name="Bought", organization=organization)
    arguments = ("create_goal", "Bought", "--organization", "Example Ltd.", "--any-room")
    assert refused(*arguments).startswith("name: 2 goals are called “Bought”")


def test_what_the_api_does_not_know_is_not_found(example):
    RoomFactory.create(
        organization=example, name="Web shop", domain="shop.example.com", archived_at="2026-01-01T00:00:00Z"
    )
    GoalFactory.create(organization=example, name="Bought", deleted_at="2026-01-01T00:00:00Z")

    assert refused(*COMMANDS["room"]) == (
        "domain: The room with this domain is archived. Restore it in the admin."
    )
    assert run("create_room", "Web shop", "--organization", "Example Ltd.")["action"] == "created"
    assert run(*COMMANDS["goal"])["action"] == "created"
    assert (Room.objects.count(), Goal.objects.count()) == (2, 2)
