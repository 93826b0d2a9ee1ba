"""Setting a password through a link: by mail, or made by a colleague."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from goalsvc.orgs.admin.password_reset import sender
from goalsvc.orgs.models import HistoryEntry, Organization, User
from tests.admin.samples import words
from tests.factories import UNKNOWN_ID, UserFactory

RESET = "/admin/password_reset/"
OLD, NEW = "the old secret phrase", "correct horse battery"
LINK = re.compile(r"https?://testserver(/admin/reset/[^\s<]+/)")


@pytest.fixture
def sends_mail(settings: Any) -> None:
    settings.SENDS_EMAIL = True


@pytest.fixture
def person(staff: User) -> User:
    staff.set_password(OLD)
    staff.save()
    return staff


@pytest.fixture
def client() -> Client:
    return Client()


def ask(client: Client, email: str, **where: Any) -> Any:
    response = client.post(RESET, {"email": email}, follow=True, **where)
    sender.submit(int).result()  # once the mails before it are sent
    return response


def link_page(user: User) -> str:
    return f"/admin/orgs/user/{user.pk}/password_link/"


def make_link(client: Client, user: User) -> str:
    response = client.post(link_page(user), follow=True)
    [link] = LINK.findall(response.content.decode())
    return link


def set_password(client: Client, link: str, password: str = NEW) -> Any:
    form = client.get(link, follow=True)
    if not form.context["validlink"]:
        return form
    page = form.redirect_chain[-1][0]
    return client.post(page, {"new_password1": password, "new_password2": password}, follow=True)


# By mail.


@pytest.mark.usefixtures("sends_mail")
def test_the_mail_leads_to_a_new_password(person: User, client: Client) -> None:
    assert RESET in client.get("/admin/login/").content.decode()
    assert "is on its way" in words(ask(client, "Stella@Example.com"))
    [message] = mail.outbox
    assert message.to == [person.email]
    assert message.subject == "A new password for testserver"
    [link] = LINK.findall(str(message.body))
    assert "The password is set." in words(set_password(client, link))
    person.refresh_from_db()
    assert person.check_password(NEW)
    [entry] = HistoryEntry.objects.all()
    assert (entry.object_id, entry.changed_by, entry.changes) == (
        person.pk, person, {"password": ["…", "…"]},
    )  # fmt: skip


@pytest.mark.usefixtures("sends_mail")
@pytest.mark.parametrize("kind", ["unknown", "no password", "no staff", "program", "disabled"])
def test_who_does_not_log_in_gets_no_mail_and_the_same_answer(
    kind: str, person: User, client: Client, organization: Organization
) -> None:
    attributes: dict[str, dict[str, Any]] = {
        "no password": {"password": "!"},
        "no staff": {"is_staff": False},
        "program": {"is_bot": True},
        "disabled": {"is_active": False},
    }
    if kind != "unknown":
        common = {"email": "nina@example.com", "is_staff": True, "password": person.password}
        UserFactory.create(organization=organization, **common | attributes[kind])
    of_her, of_person = ask(client, "nina@example.com"), ask(client, person.email)
    assert of_her.content == of_person.content
    assert of_her.redirect_chain == of_person.redirect_chain
    assert [message.to for message in mail.outbox] == [[person.email]]


@pytest.mark.usefixtures("sends_mail")
@pytest.mark.parametrize("email", ["", "no address", "a@b\0.com", "x" * 300 + "@example.com"])
def test_what_is_no_address_is_refused(email: str, person: User, client: Client) -> None:
    response = ask(client, email)
    assert response.status_code == 200
    assert response.context["form"].errors["email"]
    assert not AccessAttempt.objects.exists()


@pytest.mark.usefixtures("sends_mail")
def test_requests_are_counted_as_failed_logins(person: User, client: Client) -> None:
    where: dict[str, Any] = {"REMOTE_ADDR": "192.0.2.1"}
    assert [ask(client, person.email, **where).status_code for _ in range(6)] == [200] * 4 + [429] * 2
    assert len(mail.outbox) == 5
    login = {"username": person.email, "password": OLD}
    assert client.post("/admin/login/", login, **where).status_code == 429
    assert ask(client, person.email, REMOTE_ADDR="192.0.2.2").status_code == 200


@pytest.mark.usefixtures("sends_mail")
def test_a_mail_that_fails_changes_nothing_of_the_answer(
    person: User, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*args: Any) -> int:
        raise ConnectionRefusedError("no mail server")

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    response = ask(client, person.email)
    assert "Mail may also fail" in words(response)
    assert any(record.levelname == "ERROR" for record in caplog.records)
    assert "/admin/reset/" not in caplog.text


@pytest.mark.usefixtures("sends_mail")
def test_a_forged_host_gets_no_mail(person: User, client: Client) -> None:
    assert ask(client, person.email, HTTP_HOST="evil.example").status_code == 400
    assert mail.outbox == []


@pytest.mark.usefixtures("sends_mail")
def test_the_link_is_https_where_the_service_is(person: User, client: Client, settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ask(client, person.email, HTTP_X_FORWARDED_PROTO="https", HTTP_HOST="testserver")
    assert "https://testserver/admin/reset/" in str(mail.outbox[0].body)


def test_without_a_mail_server_people_are_told_whom_to_ask(person: User, client: Client) -> None:
    for response in (client.get(RESET), ask(client, person.email)):
        assert "This installation sends no mail." in words(response)
    assert mail.outbox == []


# By a colleague's link.


def test_a_colleague_makes_a_link(as_staff: Client, clerk: User, browser: Callable[[User], Client]) -> None:
    at_work = browser(clerk)
    assert "Make a link to set a password" in words(as_staff.get(f"/admin/orgs/user/{clerk.pk}/change/"))
    link = make_link(as_staff, clerk)
    assert link in as_staff.get(link_page(clerk)).content.decode()  # reloaded
    assert HistoryEntry.objects.get().changes == {"password_link": [None, "made"]}
    set_password(Client(), link)
    clerk.refresh_from_db()
    assert clerk.check_password(NEW)
    assert at_work.get("/admin/").status_code == 302  # logged out
    form = {"username": clerk.email, "password": NEW}
    assert Client().post("/admin/login/", form).status_code == 302


def test_a_link_that_does_not_work_says_so(
    as_staff: Client, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = make_link(as_staff, clerk)
    begin, token = link.rstrip("/").rsplit("/", 1)
    for forged in (
        f"{begin}/{token[:-1]}/",
        f"{begin}/x/",
        f"/admin/reset/x/{token}/",
        f"{begin}/set-password/",
    ):
        response = Client().get(forged, follow=True)
        assert "This link does not work." in words(response), forged
    later = datetime.now() + timedelta(hours=24, minutes=1)
    with monkeypatch.context() as patched:
        patched.setattr(PasswordResetTokenGenerator, "_now", lambda self: later)
        assert "This link does not work." in words(Client().get(link, follow=True))
    set_password(Client(), link)
    assert "This link does not work." in words(set_password(Client(), link, "another secret phrase"))
    clerk.refresh_from_db()
    assert clerk.check_password(NEW)


def test_a_link_ends_when_its_user_is_disabled(as_staff: Client, clerk: User) -> None:
    link = make_link(as_staff, clerk)
    User.objects.filter(pk=clerk.pk).update(is_active=False)
    assert "This link does not work." in words(Client().get(link, follow=True))


def test_a_weak_password_is_refused(as_staff: Client, clerk: User) -> None:
    response = set_password(Client(), make_link(as_staff, clerk), "12345")
    assert "too short" in words(response)
    clerk.refresh_from_db()
    assert not clerk.has_usable_password()


@pytest.mark.parametrize("attributes", [{"is_bot": True}, {"is_staff": False}, {"is_active": False}])
def test_no_link_is_made_for_whom_it_would_not_serve(
    attributes: dict[str, bool], as_staff: Client, clerk: User
) -> None:
    User.objects.filter(pk=clerk.pk).update(**attributes)
    response = as_staff.post(link_page(clerk))
    assert response.context["person"].why_no_login in words(response)
    assert "/admin/reset/" not in response.content.decode()
    page = as_staff.get(f"/admin/orgs/user/{clerk.pk}/change/")
    assert "Make a link to set a password" not in page.content.decode()


def test_the_link_of_whoever_may_more_or_is_foreign_is_not_made(
    organization: Organization, browser: Callable[[User], Client], staff: User, other_staff: User
) -> None:
    manager = UserFactory.create(organization=organization, is_staff=True, scopes=["users"])
    client = browser(manager)
    assert client.post(link_page(staff)).status_code == 403
    foreign, unknown = (client.post(link_page(each)) for each in (other_staff, User(pk=UNKNOWN_ID)))
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert foreign.status_code == 404
    assert not HistoryEntry.objects.exists()
