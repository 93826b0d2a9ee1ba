"""`manage.py apply`"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from goals.models import Goal
from goalsvc.orgs.models import ApiToken, HistoryEntry, Organization, Room, User
from tests.concurrency import PATIENCE, wait_for_lock
from tests.conftest import Client
from tests.factories import GoalFactory, OrganizationFactory, RoomFactory, UserFactory
from tests.service.pages import blocks, page, section
from tests.service.processes import ROOT

[(_, EXAMPLE)] = blocks(section(page("provisioning"), "A file"), "toml")
ROWS = 9  # of the example


@pytest.fixture
def apply(tmp_path: Path) -> Any:
    """Apply a text as a file; return the answer of --json."""

    def applied(text: str, *options: str) -> dict[str, Any]:
        said = StringIO()
        call_command("apply", write(tmp_path, text), "--json", *options, stdout=said)
        answer: dict[str, Any] = json.loads(said.getvalue())
        return answer

    return applied


def write(folder: Path, text: str) -> str:
    path = folder / "goals.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    return str(path)


def in_words(folder: Path, text: str, *options: str) -> list[str]:
    said = StringIO()
    call_command("apply", write(folder, text), *options, stdout=said)
    return said.getvalue().splitlines()


def of_acme(text: str) -> str:
    return f'[[organizations]]\nname = "Acme Ltd."\n{text}'


def counts() -> list[int]:
    return [model.objects.count() for model in (Organization, Room, User, Goal, ApiToken, HistoryEntry)]


def test_the_example_of_the_page_makes_what_it_states(apply, db):
    answer = apply(EXAMPLE)

    assert answer["changed"] is True
    assert [row["action"] for row in answer["rows"]] == ["created"] * ROWS
    assert counts() == [1, 2, 3, 2, 1, ROWS]
    assert not HistoryEntry.objects.exclude(channel="command", changed_by=None).exists()
    [token] = [row for row in answer["rows"] if row["kind"] == "api_token"]
    till = Client(token["key"])
    assert till.get("/api/v5/users/me").json()["organization"]["name"] == "Acme Ltd."
    organization = Organization.objects.get()
    call_command("create_token", "mira@example.com", description="CI", stdout=(said := StringIO()))
    goals = Client(said.getvalue().strip()).get(f"/api/v5/orgs/{organization.id}/goals").json()["results"]
    shop = organization.rooms.get(domain="shop.example.com")
    assert [(goal["name"], goal["default_value"], goal["allowed_rooms"]) for goal in goals] == [
        ("Bought in the store", "14.15", []),
        ("Sent a lead", None, [str(shop.id)]),
    ]
    assert [each["type"] for each in goals[1]["conditions"]] == [16, 27]
    assert not User.objects.get(email="ops@example.com").has_usable_password()


def test_the_page_shows_what_is_printed(db, tmp_path):
    [(_, expected)] = blocks(section(page("provisioning"), "A file"), "text")
    said = in_words(tmp_path, EXAMPLE)
    [key] = [line for line in said if " key " in line]
    assert [line.partition(" key ")[0] for line in said] == [
        line.partition(" key ")[0] for line in expected.splitlines()
    ]
    assert ApiToken.KEY.fullmatch(key.partition(" key ")[2])


def test_applied_again_it_changes_nothing(apply, db, tmp_path):
    first = apply(EXAMPLE)
    before = counts()
    again = apply(EXAMPLE)

    assert again["changed"] is False
    assert [row["id"] for row in again["rows"]] == [row["id"] for row in first["rows"]]
    assert {row["action"] for row in again["rows"]} == {"unchanged"}
    assert counts() == before
    assert in_words(tmp_path, EXAMPLE) == [f"0 created, 0 changed, {ROWS} unchanged, 0 not stated."]


def test_what_differs_is_changed_and_recorded(apply, db, tmp_path):
    first = apply(EXAMPLE)
    revised = EXAMPLE
    for old, new in {
        "2099-12-31": '""',
        '"Web shop"': '"Shop"',
        '["settings", "reports", "users"]': '["reports", "users"]',
        '"14.15"': "20",
        'allowed_rooms = ["shop.example.com"]': 'allowed_rooms = ["Store in Helsinki", "shop.example.com"]',
    }.items():
        assert old in revised
        revised = revised.replace(old, new)

    tried = in_words(tmp_path, revised, "--check")
    assert tried[:4] == [
        'changed organization Acme Ltd.: subscription_expires_on "2099-12-31" → null',
        'changed room Shop: name "Web shop" → "Shop"',
        'changed user mira@example.com: scopes ["reports", "settings", "users"] → ["reports", "users"]',
        'changed goal Bought in the store: default_value "14.15" → "20.00"',
    ]
    assert tried[-1] == "0 created, 5 changed, 4 unchanged, 0 not stated. A dry run: nothing was changed."
    assert HistoryEntry.objects.count() == ROWS
    answer = apply(revised)
    assert [row["id"] for row in answer["rows"]] == [row["id"] for row in first["rows"]]
    changes = dict(HistoryEntry.objects.filter(action="changed").values_list("label", "changes"))
    assert changes["Shop"] == {"name": ["Web shop", "Shop"]}
    assert changes["Bought in the store"] == {"default_value": ["14.15", "20.00"]}
    assert len(changes) == 5
    assert apply(revised)["changed"] is False


def test_a_dry_run_changes_nothing_and_shows_no_key(apply, db, tmp_path):
    answer = apply(EXAMPLE, "--dry-run")
    assert (answer["changed"], answer["dry_run"]) == (True, True)
    assert [row["id"] for row in answer["rows"]] == [None] * ROWS
    assert {row.get("key") for row in answer["rows"]} == {None}
    assert not [line for line in in_words(tmp_path, EXAMPLE, "--dry-run") if "key" in line]
    assert counts() == [0] * 6


def test_nothing_is_deleted_and_what_is_not_stated_is_named(apply, other_organization, tmp_path):
    acme = OrganizationFactory.create(name="Acme Ltd.")
    RoomFactory.create(organization=acme, name="Blog")
    UserFactory.create(organization=acme, email="old@example.com")
    GoalFactory.create(organization=acme, name="Old goal")
    UserFactory.create(organization=None, email="olli@example.com", is_superuser=True)
    GoalFactory.create(organization=other_organization, name="Of others")

    assert in_words(tmp_path, of_acme("")) == [
        "not stated organization Another Ltd.",
        "not stated user olli@example.com",
        "not stated room Blog",
        "not stated user old@example.com",
        "not stated goal Old goal",
        "0 created, 0 changed, 1 unchanged, 5 not stated.",
    ]
    assert apply(EXAMPLE)["not_stated"][-1] == {
        "kind": "goal",
        "id": str(Goal.objects.get(name="Old goal").id),
        "name": "Old goal",
        "organization_id": str(acme.id),
    }
    assert Goal.objects.filter(deleted_at=None).count() == 4


def test_an_id_names_one_of_two_and_renames_it(apply, db):
    twin, _ = OrganizationFactory.create_batch(2, name="Acme Ltd.")
    answer = apply(f'[[organizations]]\nid = "{twin.id}"\nname = "Acme Oy"')
    assert answer["rows"][0]["changes"] == {"name": ["Acme Ltd.", "Acme Oy"]}
    assert apply(of_acme(""))["changed"] is False


def test_standard_input_is_read_for_a_dash(db, monkeypatch):
    monkeypatch.setattr("sys.stdin", type("Input", (), {"buffer": type("B", (), {"read": lambda: b""})}))
    call_command("apply", "-", stdout=(said := StringIO()))
    assert said.getvalue() == "0 created, 0 changed, 0 unchanged, 0 not stated.\n"


# What is wrong is one sentence, and changes nothing.

ACME = '[[organizations]]\nname = "Acme Ltd."\n'
ROOM = '[[organizations.rooms]]\nname = "Shop"\ndomain = "shop.example.com"\n'
USER = '[[organizations.users]]\nemail = "mira@example.com"\n'
GOAL = '[[organizations.goals]]\nname = "Bought"\nis_any_room_allowed = true\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[organizations]\n", " is no TOML: Expected ']]' at the end of an array declaration (at line 1"),
        ('name = "a\udcff"', ", line 1: it is not UTF-8."),
        ("a = " + "[" * 5000, " is nested too deep."),
        ("a = " + "1" * 5000, " is no TOML: Exceeds the limit"),
        ('teams = "x"', ", line 1: teams: There is no such key. There are: organizations, users."),
        ("organizations = 1", ", line 1: organizations: Not a list of tables"),
        ("[organizations]\nx = 1", ": organizations: Not a list of tables"),
        ("[[organizations]]\n", ", line 1: organizations[0].name: This field is required."),
        (
            '[[organizations]]\nid = "x"\nname = "Acme"',
            ", line 2: organizations[0].id: Must be a valid UUID.",
        ),
        (
            '[[organizations]]\nid = "019a0000-0000-7000-8000-000000000000"\nname = "Acme"',
            ", line 2: organizations[0].id: There is no organization “019a",
        ),
        (ACME + "nme = 1", ", line 3: organizations[0].nme: There is no such key. There are: id, name, "),
        (
            ACME + 'subscription_expires_on = "31.12.2027"',
            ", line 3: organizations[0].subscription_expires_on: Not a date, such as 2027-12-31.",
        ),
        (
            ACME + "subscription_expires_on = 2027-12-31T10:00:00Z",
            ", line 3: organizations[0].subscription_expires_on: Expected a date but got a datetime.",
        ),
        ("[[organizations]]\nname = 5", ", line 2: organizations[0].name: Not a string."),
        (ACME + ACME, ", line 3: organizations[1]: This organization is stated twice in the file."),
        (ACME + ROOM + ROOM, ", line 6: organizations[0].rooms[1]: This room is stated twice in the file."),
        (
            ACME + ROOM.replace("shop.", "https://shop."),
            ", line 5: organizations[0].rooms[0].domain: The name alone, such as shop.example.com.",
        ),
        (ACME + USER + USER, ", line 5: organizations[0].users[1]: This user is stated twice in the file."),
        (
            ACME + USER + USER.replace("mira", "Mira"),
            ", line 6: organizations[0].users[1].email: This user's address is written “mira@example.com”.",
        ),
        (
            ACME + USER.replace("mira@example.com", "STEN@example.net"),
            ", line 4: organizations[0].users[0].email: “STEN@example.net” is a user of the organization",
        ),
        (
            ACME + USER + 'scopes = ["everything"]',
            ", line 5: organizations[0].users[0].scopes[0]: Must be one of: settings, reports, users.",
        ),
        (
            ACME + USER + 'is_staff = "yes"',
            ", line 5: organizations[0].users[0].is_staff: Must be a",
        ),
        (ACME + USER + "tokens = 1", ", line 5: organizations[0].users[0].tokens: Not a list of descript"),
        (ACME + USER + "tokens = [1]", ", line 5: organizations[0].users[0].tokens[0]: The description must"),
        (
            ACME + USER + 'tokens = ["Till", "Till"]',
            ", line 5: organizations[0].users[0].tokens[1]: This API token is stated twice in the file.",
        ),
        (
            '[[users]]\nemail = "olli@example.com"',
            ", line 1: users[0]: Only an operator may belong",
        ),
        (ACME + GOAL + GOAL, ", line 6: organizations[0].goals[1]: This goal is stated twice in the file."),
        (
            ACME + GOAL + 'allowed_rooms = ["Other shop"]',
            ", line 6: organizations[0].goals[0].allowed_rooms[0]: The organization has no room",
        ),
        (
            ACME + GOAL + "allowed_rooms = [[]]",
            ", line 6: organizations[0].goals[0].allowed_rooms[0]: The org",
        ),
        (
            ACME + GOAL + 'allowed_rooms = "x"',
            ", line 6: organizations[0].goals[0].allowed_rooms: Not a list",
        ),
        (
            ACME + GOAL + "default_value = nan",
            ", line 6: organizations[0].goals[0].default_value: Not a decimal",
        ),
        (
            ACME + GOAL + "conditions = [{type = 1, value = 2027-01-01}]",
            ", line 6: organizations[0].goals[0].conditions[0].value: A date cannot stand here.",
        ),
        (
            ACME + GOAL + "[[organizations.goals.conditions]]\ntype = 99",
            ", line 7: organizations[0].goals[0].conditions[0].type: Must be an integer from 1 to 37.",
        ),
        (
            ACME + GOAL + f"conditions = [{{type = 27, settings.{'.'.join('a' * 2000)} = 1}}]",
            ", line 6: organizations[0].goals[0].conditions[0].settings: It is nested deeper than 20 levels.",
        ),
        (
            ACME + GOAL.replace("is_any_room_allowed", "created_at"),
            ", line 5: organizations[0].goals[0].created_at: There is no such key.",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_that_names_the_place(text, said, tmp_path, stranger, foreign_room):
    before = counts()
    name = write(tmp_path, text)

    with pytest.raises(CommandError) as refused:
        call_command("apply", name)

    assert str(refused.value).startswith(f"{name}{said}")
    assert str(refused.value).endswith("Nothing was changed.")
    assert "\n" not in str(refused.value)
    assert refused.value.returncode == 1
    assert counts() == before


@pytest.mark.parametrize(("name", "said"), [("none.toml", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named(name, said, db, tmp_path):
    with pytest.raises(CommandError, match=f"cannot be read: {said}.*\\. Nothing was changed\\."):
        call_command("apply", str(tmp_path / name))


def test_yaml_is_not_read(db, tmp_path):
    (tmp_path / "goals.yml").write_text("organizations:\n  - name: Acme Ltd.\n")
    with pytest.raises(CommandError, match=r"goals.yml is no TOML: .* YAML is not read\. Nothing"):
        call_command("apply", str(tmp_path / "goals.yml"))


# The database.


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_half_way_leaves_nothing(tmp_path, monkeypatch):
    def end_connection(*_: Any, **__: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    path = write(tmp_path, EXAMPLE)
    monkeypatch.setattr(Goal, "create", end_connection)
    with pytest.raises(CommandError) as refused:
        call_command("apply", path)
    monkeypatch.undo()

    assert str(refused.value).startswith("The database cannot be used: ")
    assert str(refused.value).endswith(" Nothing was changed: run the command again.")
    connection.close()
    assert counts() == [0] * 6
    assert in_words(tmp_path, EXAMPLE)[-1].startswith(f"{ROWS} created, ")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_at_the_end_may_have_it_all(tmp_path, monkeypatch):
    def end_connection(is_trial: bool) -> None:
        monkeypatch.undo()
        connection.connection.close()

    monkeypatch.setattr(transaction, "set_rollback", end_connection)
    with pytest.raises(CommandError, match=r"Either all or nothing was changed: run the command again.$"):
        call_command("apply", write(tmp_path, EXAMPLE))
    connection.close()
    assert counts() == [0] * 6


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_nothing_twice(tmp_path):
    path, barrier = write(tmp_path, EXAMPLE), Barrier(2, timeout=PATIENCE)

    def applied() -> str:
        try:
            connection.ensure_connection()
            barrier.wait()
            call_command("apply", path, stdout=(said := StringIO()))
            return said.getvalue().splitlines()[-1]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = {each.result(PATIENCE) for each in [pool.submit(applied) for _ in range(2)]}

    assert said == {
        f"{ROWS} created, 0 changed, 0 unchanged, 0 not stated.",
        f"0 created, 0 changed, {ROWS} unchanged, 0 not stated.",
    }
    assert counts() == [1, 2, 3, 2, 1, ROWS]


@pytest.mark.django_db(transaction=True)
def test_somebody_who_takes_an_address_meanwhile_is_a_sentence(tmp_path):
    path = write(tmp_path, EXAMPLE)

    def applied() -> str:
        try:
            call_command("apply", path, stdout=StringIO())
        except CommandError as refused:
            return str(refused)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            UserFactory.create(email="till@example.com")
            waiting = pool.submit(applied)
            wait_for_lock(waiting)
        said = waiting.result(PATIENCE)

    assert said == (
        "Somebody else has just saved something that excludes this. Nothing was changed: "
        "run the command again."
    )
    assert (Organization.objects.count(), User.objects.count()) == (1, 1)


def test_without_a_database_it_ends_with_a_sentence(tmp_path):
    ran = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "apply", write(tmp_path, EXAMPLE)],
        env={**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "SECRET_KEY": "x" * 50},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("The database cannot be used: ")
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""
