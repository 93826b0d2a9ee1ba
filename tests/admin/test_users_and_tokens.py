"""Users and API tokens: what their admin can do, and that nobody gains anything through it."""

import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from goalsvc.orgs.models import ApiToken, HistoryEntry, Organization, User
from goalsvc.orgs.scopes import Scope
from tests.admin.conftest import FAST_HASHER
from tests.admin.samples import found, words
from tests.factories import UNKNOWN_ID, UserFactory

SECRET = "correct horse battery"
USER_LIST = "/admin/orgs/user/"
TOKEN_LIST = "/admin/orgs/apitoken/"


def user_page(user: User) -> str:
    return f"{USER_LIST}{user.pk}/change/"


def key_page(token: ApiToken) -> str:
    return f"{TOKEN_LIST}{token.pk}/key/"


def user_form(**attributes: Any) -> dict[str, Any]:
    return {"email": "new@example.com", "first_name": "", "last_name": "", "is_active": "on", **attributes}


def new_user_form(**attributes: Any) -> dict[str, Any]:
    return user_form(usable_password="true", password1=SECRET, password2=SECRET, **attributes)


def token_form(user: User, **attributes: Any) -> dict[str, Any]:
    return {"user": str(user.pk), "description": "CRM", "expires_at_0": "", "expires_at_1": "", **attributes}


@pytest.fixture
def user_manager(organization: Organization) -> User:
    """Staff who hold the `users` scope alone."""
    return UserFactory.create(
        email="ulla@example.com", organization=organization, is_staff=True, scopes=["users"]
    )


@pytest.fixture
def as_user_manager(user_manager: User, browser: Callable[[User], Client]) -> Client:
    return browser(user_manager)


def test_staff_add_a_user_of_their_organization(
    as_staff: Client, organization: Organization, settings: Any
) -> None:
    settings.PASSWORD_HASHERS.remove(FAST_HASHER)
    response = as_staff.post(f"{USER_LIST}add/", new_user_form(scopes=["settings"], first_name="Nora"))
    assert response.status_code == 302
    user = User.objects.get(email="new@example.com")
    assert (user.organization, user.scopes, user.first_name) == (organization, ["settings"], "Nora")
    assert (user.is_superuser, user.is_staff) == (False, False)
    assert user.password.startswith("argon2")
    assert user.check_password(SECRET)


def test_the_form_says_what_each_scope_opens(as_staff: Client, outsider: User) -> None:
    for page in (f"{USER_LIST}add/", user_page(outsider)):
        text = as_staff.get(page).content.decode()
        for scope in Scope:
            assert f"{scope.label}: {scope.opens}" in text


def test_a_user_without_a_password_is_added(as_staff: Client) -> None:
    response = as_staff.post(f"{USER_LIST}add/", user_form(usable_password="false", is_bot="on"))
    assert response.status_code == 302
    user = User.objects.get(email="new@example.com")
    assert user.is_bot
    assert not user.has_usable_password()


def test_without_a_password_its_fields_are_hidden(as_staff: Client) -> None:
    page = as_staff.get(f"{USER_LIST}add/").content.decode()
    # The style sheet of Django that does so, and the names that it goes by.
    assert "admin/css/unusable_password_field.css" in page
    assert 'id="id_usable_password"' in page
    assert "field-password1" in page


def test_the_organization_is_marked_as_required(as_operator: Client, operator: User) -> None:
    label = r'<label class="required" for="id_organization"'
    assert re.search(label, as_operator.get(f"{USER_LIST}add/").content.decode())
    assert not re.search(label, as_operator.get(user_page(operator)).content.decode())


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({}, "may not log in to this admin"),
        ({"is_staff": True}, "has no password yet: make a link"),
        ({"is_staff": True, "password": "md5$of$something"}, "Logs in to this admin with a password."),
        ({"is_staff": True, "is_active": False}, "is disabled"),
        ({"is_bot": True, "is_staff": True}, "is a program: it works with API tokens"),
        ({"is_superuser": True, "is_staff": True, "organization": None}, "belongs to no organization"),
    ],
)
def test_a_user_page_says_what_the_user_can_do(
    attributes: dict[str, Any], sentence: str, as_operator: Client, organization: Organization
) -> None:
    user = UserFactory.create(**{"organization": organization, **attributes})
    assert sentence in words(as_operator.get(user_page(user)))


def test_operators_choose_the_organization_of_a_user(
    as_operator: Client, other_organization: Organization
) -> None:
    form = new_user_form(organization=str(other_organization.pk), is_staff="on")
    assert as_operator.post(f"{USER_LIST}add/", form).status_code == 302
    user = User.objects.get(email="new@example.com")
    assert (user.organization, user.is_staff) == (other_organization, True)


def test_a_user_of_no_organization_is_an_operator_or_refused(as_operator: Client) -> None:
    response = as_operator.post(f"{USER_LIST}add/", new_user_form())
    assert response.context["errors"] == [["Only an operator may belong to no organization."]]
    assert as_operator.post(f"{USER_LIST}add/", new_user_form(is_superuser="on")).status_code == 302


def test_an_address_that_is_taken_is_refused_however_written(as_staff: Client, staff: User) -> None:
    response = as_staff.post(f"{USER_LIST}add/", new_user_form(email="STELLA@example.com"))
    assert response.context["errors"] == [["This e-mail is taken."]]


def test_a_weak_password_is_refused(as_staff: Client) -> None:
    form = user_form(usable_password="true", password1="12345", password2="12345")
    response = as_staff.post(f"{USER_LIST}add/", form)
    assert response.status_code == 200
    assert "password2" in response.context["adminform"].form.errors


@pytest.mark.parametrize(
    "escalation",
    [{"is_superuser": "on"}, {"organization": "other"}, {"is_superuser": "on", "organization": ""}],
    ids=lambda escalation: "-".join(escalation),
)
def test_staff_cannot_make_operators_nor_choose_organizations(
    escalation: dict[str, str],
    as_staff: Client,
    outsider: User,
    organization: Organization,
    other_organization: Organization,
) -> None:
    sent = {
        name: str(other_organization.pk) if value == "other" else value for name, value in escalation.items()
    }
    assert as_staff.post(f"{USER_LIST}add/", new_user_form(**sent)).status_code == 302
    assert as_staff.post(user_page(outsider), user_form(email=outsider.email, **sent)).status_code == 302
    for user in (User.objects.get(email="new@example.com"), User.objects.get(pk=outsider.pk)):
        assert (user.is_superuser, user.organization) == (False, organization)


def test_staff_cannot_give_scopes_they_do_not_have(as_user_manager: Client, user_manager: User) -> None:
    for page, form in (
        (f"{USER_LIST}add/", new_user_form(scopes=["settings"])),
        (user_page(user_manager), user_form(email=user_manager.email, scopes=["users", "settings"])),
    ):
        response = as_user_manager.post(page, form)
        assert response.status_code == 200
        assert "scopes" in response.context["adminform"].form.errors
    user_manager.refresh_from_db()
    assert user_manager.scopes == ["users"]
    assert not User.objects.filter(email="new@example.com").exists()


@pytest.mark.parametrize("kind", ["operator of the organization", "more scopes"])
def test_whoever_may_more_is_shown_but_not_changed(
    kind: str, as_user_manager: Client, organization: Organization
) -> None:
    is_operator = kind == "operator of the organization"
    superior = UserFactory.create(
        email="superior@example.com",
        organization=organization,
        is_superuser=is_operator,
        scopes=[] if is_operator else ["settings"],
    )
    page = as_user_manager.get(user_page(superior))
    assert page.status_code == 200
    assert "../password/" not in page.content.decode()
    assert as_user_manager.post(user_page(superior), user_form()).status_code == 403
    form = {"password1": SECRET, "password2": SECRET, "usable_password": "true"}
    assert as_user_manager.post(f"{USER_LIST}{superior.pk}/password/", form).status_code == 403
    superior.refresh_from_db()
    assert superior.email == "superior@example.com"
    assert not superior.check_password(SECRET)


def test_a_password_is_set(as_staff: Client, outsider: User) -> None:
    page = f"{USER_LIST}{outsider.pk}/password/"
    assert as_staff.get(page).status_code == 200
    form = {"password1": SECRET, "password2": SECRET, "usable_password": "true"}
    assert as_staff.post(page, form).status_code == 302
    outsider.refresh_from_db()
    assert outsider.check_password(SECRET)


def test_the_password_of_a_foreign_user_is_answered_as_of_an_unknown_one(
    as_staff: Client, other_staff: User
) -> None:
    form = {"password1": SECRET, "password2": SECRET, "usable_password": "true"}
    unknown = as_staff.post(f"{USER_LIST}0199d6a4-0000-7000-8000-000000000000/password/", form)
    foreign = as_staff.post(f"{USER_LIST}{other_staff.pk}/password/", form)
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert foreign.status_code == 404
    other_staff.refresh_from_db()
    assert not other_staff.check_password(SECRET)


def test_staff_change_their_own_password(client: Client, clerk: User) -> None:
    clerk.set_password("the old secret phrase")
    clerk.save()
    client.force_login(clerk)
    form = {"old_password": "the old secret phrase", "new_password1": SECRET, "new_password2": SECRET}
    assert client.post(reverse("admin:password_change"), form).status_code == 302
    clerk.refresh_from_db()
    assert clerk.check_password(SECRET)


def test_a_disabled_user_is_thrown_out(
    as_staff: Client, outsider: User, clerk: User, browser: Callable[[User], Client]
) -> None:
    as_clerk = browser(clerk)
    assert as_clerk.get("/admin/").status_code == 200
    form = user_form(email=clerk.email, is_staff="on")
    del form["is_active"]
    assert as_staff.post(user_page(clerk), form).status_code == 302
    assert as_clerk.get("/admin/").status_code == 302


def test_a_user_page_lists_the_tokens(as_staff: Client, outsider: User) -> None:
    token, key = ApiToken.objects.issue(outsider, "CRM export")
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=datetime(2026, 1, 1, tzinfo=UTC))
    page = as_staff.get(user_page(outsider)).content.decode()
    assert "CRM export" in page
    assert "revoked" in page
    assert f"{TOKEN_LIST}{token.pk}/change/" in page
    assert key not in page


# API tokens.


def test_a_token_is_made_and_its_key_shown_once(
    staff: User, outsider: User, browser: Callable[[User], Client], settings: Any
) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    as_staff = browser(staff)
    form = token_form(outsider, expires_at_0="2099-12-31", expires_at_1="12:00:00")
    response = as_staff.post(f"{TOKEN_LIST}add/", form)
    token = ApiToken.objects.get()
    assert response.status_code == 302
    assert response.headers["Location"] == key_page(token)
    cookie = response.cookies["shown_once"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (key_page(token), True, "Strict")
    response = as_staff.get(key_page(token))
    assert "no-store" in response.headers["Cache-Control"]
    [key] = re.findall(r"\b[0-9a-f]{40}\b", response.content.decode())
    assert key not in cookie.value
    assert key.encode().hex() not in cookie.value
    assert token.digest == ApiToken.digest_of(key)
    assert (token.user, token.description) == (outsider, "CRM")
    assert token.expires_at == datetime(2099, 12, 31, 12, tzinfo=UTC)

    # Nowhere else, and never again.
    assert response.cookies.get("messages") is None
    assert Session.objects.exists()
    assert all(key not in str(session.get_decoded()) for session in Session.objects.all())
    [entry] = HistoryEntry.objects.all()
    assert (entry.object_id, entry.action, entry.label) == (token.pk, "created", "CRM")
    assert key[:8] not in f"{entry.changes}"
    for page in (TOKEN_LIST, f"{TOKEN_LIST}{token.pk}/change/"):
        content = as_staff.get(page).content.decode()
        assert key not in content
        assert token.digest not in content
        assert key[:8] in content


def test_both_boxes_of_the_expiry_have_a_name(as_staff: Client) -> None:
    page = as_staff.get(f"{TOKEN_LIST}add/").content.decode()
    for part in ("date", "time"):
        assert f'aria-label="Expires at: {part}"' in page


def test_the_page_of_the_key_can_be_reloaded(as_staff: Client, outsider: User) -> None:
    page = as_staff.post(f"{TOKEN_LIST}add/", token_form(outsider), follow=True)
    again = as_staff.get(key_page(ApiToken.objects.get()))  # and there is no second one
    assert again.context["key"] == page.context["key"]
    # One that is made afterwards does not hide it: a cookie is its page's alone.
    first, cookie = ApiToken.objects.get(), as_staff.cookies["shown_once"].value
    other = as_staff.post(f"{TOKEN_LIST}add/", token_form(outsider), follow=True)
    as_staff.cookies["shown_once"] = cookie
    assert as_staff.get(key_page(first)).context["key"] == page.context["key"] != other.context["key"]


def test_after_some_minutes_the_key_is_gone(
    as_staff: Client, outsider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_staff.post(f"{TOKEN_LIST}add/", token_form(outsider))
    page = key_page(ApiToken.objects.get())
    later = time.time() + 601
    monkeypatch.setattr("goalsvc.orgs.admin.shown_once.time.time", lambda: later)
    response = as_staff.get(page)
    assert response.context["key"] is None
    assert "is no longer shown" in words(response)
    assert f"{TOKEN_LIST}add/?user={outsider.pk}" in response.content.decode()


@pytest.mark.parametrize("cookie", ["", "zz", "00", "ff" * 57, "00" * 57])
def test_the_key_is_shown_to_nobody_else(
    cookie: str, as_staff: Client, outsider: User, other_staff: User, browser: Callable[[User], Client]
) -> None:
    as_staff.post(f"{TOKEN_LIST}add/", token_form(outsider))
    token = ApiToken.objects.get()
    as_staff.cookies["shown_once"] = cookie
    assert as_staff.get(key_page(token)).context["key"] is None
    stranger = browser(other_staff)
    unknown = key_page(token).replace(str(token.pk), str(UNKNOWN_ID))
    assert [stranger.get(page).status_code for page in (key_page(token), unknown)] == [404, 404]


def test_the_key_works(as_staff: Client, outsider: User, client: Client) -> None:
    page = as_staff.post(f"{TOKEN_LIST}add/", token_form(outsider), follow=True).content.decode()
    [key] = re.findall(r"\b[0-9a-f]{40}\b", page)
    answer = client.get("/api/v5/users/me", headers={"Authorization": f"Token {key}"})
    assert answer.json()["email"] == outsider.email


@pytest.mark.parametrize("button", ["_continue", "_addanother", "_popup"])
def test_no_way_of_saving_loses_the_key(button: str, as_staff: Client, outsider: User) -> None:
    response = as_staff.post(f"{TOKEN_LIST}add/", token_form(outsider, **{button: "1"}), follow=True)
    assert response.context["key"][:8] == ApiToken.objects.get().prefix


@pytest.mark.parametrize("kind", ["foreign", "operator of the organization", "more scopes"])
def test_no_token_is_made_for_whoever_may_more(
    kind: str, as_user_manager: Client, organization: Organization, other_staff: User
) -> None:
    if kind == "foreign":
        user = other_staff
    elif kind == "more scopes":
        user = UserFactory.create(organization=organization, scopes=["settings"])
    else:
        user = UserFactory.create(organization=organization, is_superuser=True)
    response = as_user_manager.post(f"{TOKEN_LIST}add/", token_form(user))
    assert response.status_code == 200
    assert "user" in response.context["adminform"].form.errors
    assert not ApiToken.objects.exists()
    asked = {"app_label": "orgs", "model_name": "apitoken", "field_name": "user", "term": user.email}
    assert as_user_manager.get(reverse("admin:autocomplete"), asked).json()["results"] == []


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"is_active": False}, "The user is disabled, so a token would not work."),
        (
            {"organization": None, "is_superuser": True},
            "The user belongs to no organization, so a token would open nothing.",
        ),
    ],
    ids=["disabled", "of no organization"],
)
def test_no_token_is_made_that_would_open_nothing(
    attributes: dict[str, Any], reason: str, as_operator: Client, organization: Organization
) -> None:
    user = UserFactory.create(email="gone@example.com", **{"organization": organization, **attributes})
    response = as_operator.post(f"{TOKEN_LIST}add/", token_form(user))
    assert response.context["adminform"].form.errors["user"] == [reason]
    assert not ApiToken.objects.exists()
    # Nor is it offered.
    asked = {"app_label": "orgs", "model_name": "apitoken", "field_name": "user", "term": "gone@"}
    assert as_operator.get(reverse("admin:autocomplete"), asked).json()["results"] == []
    page = as_operator.get(user_page(user)).content.decode()
    assert reason in page
    assert "New API token" not in page


def test_the_token_of_a_disabled_user_can_still_be_changed(as_staff: Client, outsider: User) -> None:
    token, _ = ApiToken.objects.issue(outsider, "CRM")
    User.objects.filter(pk=outsider.pk).update(is_active=False)
    form = token_form(outsider, description="CRM, until 2026")
    assert as_staff.post(f"{TOKEN_LIST}{token.pk}/change/", form).status_code == 302
    token.refresh_from_db()
    assert token.description == "CRM, until 2026"


def test_a_token_keeps_its_user_and_state(as_staff: Client, outsider: User, staff: User) -> None:
    token, _ = ApiToken.objects.issue(outsider, "CRM")
    digest = token.digest
    form = token_form(
        staff, description="Other", digest="0" * 64, prefix="00000000", revoked_at_0="2026-01-01"
    )
    assert as_staff.post(f"{TOKEN_LIST}{token.pk}/change/", form).status_code == 302
    token.refresh_from_db()
    assert (token.user, token.digest, token.revoked_at) == (outsider, digest, None)
    assert token.description == "Other"


def test_the_token_of_whoever_may_more_is_not_changed_but_can_be_revoked(
    as_user_manager: Client, organization: Organization
) -> None:
    superior = UserFactory.create(organization=organization, scopes=["settings"])
    token, _ = ApiToken.objects.issue(superior, "CRM")
    page = f"{TOKEN_LIST}{token.pk}/change/"
    assert as_user_manager.post(page, token_form(superior)).status_code == 403
    as_user_manager.post(TOKEN_LIST, {"action": "revoke", "_selected_action": [str(token.pk)]})
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_a_foreign_token_is_not_revoked(as_staff: Client, other_staff: User) -> None:
    token, _ = ApiToken.objects.issue(other_staff, "CRM")
    as_staff.post(TOKEN_LIST, {"action": "revoke", "_selected_action": [str(token.pk)], "select_across": "1"})
    token.refresh_from_db()
    assert token.revoked_at is None


@pytest.mark.parametrize("last_day", [None, date(2020, 12, 31)])
def test_tokens_of_an_organization_without_a_subscription_are_not_valid(
    last_day: date | None, as_staff: Client, outsider: User, organization: Organization
) -> None:
    token, _ = ApiToken.objects.issue(outsider, "CRM")
    Organization.objects.filter(pk=organization.pk).update(subscription_expires_on=last_day)
    for page in (TOKEN_LIST, f"{TOKEN_LIST}{token.pk}/change/", user_page(outsider)):
        assert "organization has no subscription" in words(as_staff.get(page))
    assert found(as_staff, TOKEN_LIST, state="valid") == []
    assert found(as_staff, TOKEN_LIST, state="invalid") == [token]


def test_tokens_are_filtered_by_state(as_staff: Client, outsider: User) -> None:
    ApiToken.objects.issue(outsider, "valid")
    revoked, _ = ApiToken.objects.issue(outsider, "revoked")
    ApiToken.objects.filter(pk=revoked.pk).update(revoked_at=datetime(2026, 1, 1, tzinfo=UTC))
    expired, _ = ApiToken.objects.issue(outsider, "expired")
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=datetime(2026, 1, 1, tzinfo=UTC))

    def shown(state: str) -> set[str]:
        return {
            row.description for row in as_staff.get(TOKEN_LIST, {"state": state}).context["cl"].result_list
        }

    assert shown("valid") == {"valid"}
    assert shown("invalid") == {"revoked", "expired"}
