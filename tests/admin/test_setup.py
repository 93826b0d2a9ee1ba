"""Setting up an organization in one go."""

import html
import json
import re
import shlex
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from goals.models import Goal
from goalsvc.orgs.admin.setup import SetUpForm
from goalsvc.orgs.models import ApiToken, HistoryEntry, Organization, Room, User
from tests.admin.samples import words
from tests.factories import GoalFactory

SETUP = "/admin/orgs/organization/setup/"
ID = "0199d6a4-7c1e-7b3a-9f52-6d0e8a41c7b9"
SECRET = "correct horse battery"


def filled_in(**attributes: Any) -> dict[str, Any]:
    return {
        "organization_id": ID,
        "name": "New Ltd.",
        "subscription_expires_on": "2099-12-31",
        "room": "Web shop",
        "domain": "shop.example.com",
        "language_code": "fi",
        "email": "Nora@Example.com",
        "first_name": "Nora",
        "last_name": "Nyman",
        "password": "",
        "token": "Till",
        **attributes,
    }


def set_up(client: Client, **attributes: Any) -> Any:
    return client.post(SETUP, filled_in(**attributes), follow=True)


def calls(response: Any) -> list[list[str]]:
    """The calls of the page, as a shell reads them."""
    return [
        shlex.split(html.unescape(call))
        for call in re.findall(r"<pre[^>]*>(curl .*?)</pre>", response.content.decode(), re.S)
    ]


def made() -> int:
    return sum(model.objects.count() for model in (Organization, Room, ApiToken, HistoryEntry))


def test_everything_is_made_at_once(as_operator: Client, operator: User) -> None:
    response = set_up(as_operator)
    organization = Organization.objects.get()
    assert (str(organization.pk), organization.name) == (ID, "New Ltd.")
    assert organization.subscription_expires_on == date(2099, 12, 31)
    room = Room.objects.get()
    assert (room.organization, room.name, room.domain, room.language_code) == (
        organization, "Web shop", "shop.example.com", "fi",
    )  # fmt: skip
    manager, program = User.objects.filter(organization=organization).order_by("is_bot")
    assert (manager.email, manager.full_name) == ("Nora@example.com", "Nora Nyman")
    assert (manager.is_staff, manager.is_superuser) == (True, False)
    assert manager.scopes == ["settings", "reports", "users"]
    assert not manager.has_usable_password()
    assert (program.is_bot, program.is_staff, program.scopes) == (True, False, [])
    assert program.email == "integrator@6d0e8a41c7b9.invalid"
    token = ApiToken.objects.get()
    assert (token.user, token.description) == (program, "Till")
    assert ApiToken.digest_of(response.context["texts"]["key"]) == token.digest
    entries = list(HistoryEntry.objects.values_list("kind", "action", "changed_by", "organization"))
    kinds = ["organization", "room", "user", "user", "api_token"]
    assert sorted(entries) == sorted((kind, "created", operator.pk, organization.pk) for kind in kinds)


def test_what_it_takes_is_shown_and_can_be_reloaded(as_operator: Client) -> None:
    response = set_up(as_operator)
    [(page, _)] = response.redirect_chain
    assert page == f"/admin/orgs/organization/{ID}/ready/"
    again = as_operator.get(page)
    assert "no-store" in again.headers["Cache-Control"]
    for shown in (response, again):
        text = words(shown)
        for part in (ApiToken.objects.get().prefix, ID, str(Room.objects.get().pk), "/admin/reset/"):
            assert part in text
    as_operator.cookies.pop("shown_once")
    gone = as_operator.get(page)
    assert ApiToken.objects.get().prefix not in gone.content.decode()
    assert "No key is shown" in words(gone)
    program = User.objects.get(is_bot=True)
    assert f"/admin/orgs/apitoken/add/?user={program.pk}" in gone.content.decode()


def test_the_calls_work_as_they_are_pasted(as_operator: Client) -> None:
    response = set_up(as_operator)
    organization = Organization.objects.get()
    goal: Goal = GoalFactory.create(organization=organization)
    statuses = []
    for _, _, address, _, credentials, _, content_type, _, body in calls(response):
        assert address.startswith(f"http://testserver/api/v5/orgs/{ID}/")
        answer = Client().post(
            address.replace("http://testserver", "").replace("GOAL_ID", str(goal.pk)),
            json.loads(body),
            content_type.partition(": ")[2],
            headers={"Authorization": credentials.partition(": ")[2]},
        )
        statuses.append(answer.status_code)
    assert statuses == [201, 200]


def test_the_manager_logs_in_with_the_password_that_was_given(as_operator: Client) -> None:
    response = set_up(as_operator, password=SECRET)
    assert "link" not in response.context["texts"]
    form = {"username": "nora@example.com", "password": SECRET}
    assert Client().post("/admin/login/", form).status_code == 302


def test_a_year_is_proposed_and_each_form_is_of_another_organization(as_operator: Client) -> None:
    page = as_operator.get(SETUP)
    last_day = datetime.now(UTC).date() + timedelta(days=365)
    assert f'value="{last_day}"' in page.content.decode()
    ids = {as_operator.get(SETUP).context["form"]["organization_id"].value() for _ in range(2)}
    assert len(ids) == 2


def test_sent_twice_it_makes_one(as_operator: Client) -> None:
    first = set_up(as_operator)
    before = made()
    second = set_up(as_operator, name="Changed Ltd.")
    assert made() == before
    assert "exists already: the form was sent twice" in words(second)
    assert second.redirect_chain == first.redirect_chain
    assert second.context["texts"] == first.context["texts"]
    assert Organization.objects.get().name == "New Ltd."


@pytest.mark.parametrize("taken", ["the form's organization", "the address"])
def test_a_race_makes_one(
    taken: str, as_operator: Client, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = SetUpForm.save

    def save_late(form: SetUpForm, request: Any) -> Any:
        if taken == "the address":
            User.objects.create_user("nora@example.com", organization=Organization.objects.create(name="A"))
        else:
            Organization.objects.create(pk=ID, name="A")
        return save(form, request)

    monkeypatch.setattr(SetUpForm, "save", save_late)
    text = words(set_up(as_operator))
    expected = "has just taken this e-mail" if taken == "the address" else "the form was sent twice"
    assert expected in text
    assert not Room.objects.exists()


@pytest.mark.parametrize(
    ("attributes", "field", "sentence"),
    [
        ({"name": "   "}, "name", "This field is required."),
        ({"name": "x" * 65}, "name", "at most 64 characters"),
        ({"name": "a\0b"}, "name", "Null characters are not allowed."),
        ({"subscription_expires_on": "2020-01-01"}, "subscription_expires_on", "This day has passed"),
        ({"subscription_expires_on": ""}, "subscription_expires_on", "This field is required."),
        ({"subscription_expires_on": "31.12.2099"}, "subscription_expires_on", "Enter a valid date."),
        ({"room": ""}, "room", "This field is required."),
        ({"domain": "https://shop.example.com"}, "domain", "The name alone, such as shop.example.com"),
        ({"domain": "shop.example.com:8000"}, "domain", "The name alone"),
        ({"domain": "shop.example.com/"}, "domain", "The name alone"),
        ({"domain": "shop..example"}, "domain", "The name alone"),
        ({"email": "OLLI@example.com"}, "email", "This e-mail is taken."),
        ({"email": "nora"}, "email", "Enter a valid email address."),
        ({"password": "12345"}, "password", "too short"),
        ({"password": "nora@example.com"}, "password", "too similar to the e-mail address"),
        ({"token": " "}, "token", "This field is required."),
        ({"token": "x" * 256}, "token", "at most 255 characters"),
        ({"organization_id": ""}, "organization_id", "This form is incomplete."),
        ({"organization_id": "1"}, "organization_id", "This form is incomplete."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made(
    attributes: dict[str, str], field: str, sentence: str, as_operator: Client
) -> None:
    response = set_up(as_operator, **attributes)
    assert response.redirect_chain == []
    assert list(response.context["form"].errors) == [field]
    assert sentence in words(response)
    assert made() == 0


def test_an_empty_form_names_everything_that_is_missing(as_operator: Client) -> None:
    response = as_operator.post(SETUP, {})
    assert response.context["form"].errors.keys() >= {"organization_id", "name", "room", "email", "token"}


def test_only_operators_set_up(as_staff: Client, as_clerk: Client, organization: Organization) -> None:
    for client in (as_staff, as_clerk):
        assert set_up(client).status_code == 403
        assert client.get(SETUP).status_code == 403
        assert client.get(f"/admin/orgs/organization/{organization.pk}/ready/").status_code == 403
        assert SETUP not in client.get("/admin/orgs/organization/").content.decode()


def test_it_is_found_from_the_list_and_from_an_empty_installation(as_operator: Client) -> None:
    for page in ("/admin/", "/admin/orgs/organization/"):
        assert SETUP in as_operator.get(page).content.decode()
