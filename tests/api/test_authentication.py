"""The `Authorization` header: which forms of it let a token's user in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from goalsvc.orgs.models import ApiToken
from tests.conftest import Client
from tests.factories import issue_token

URL = "/api/v5/users/me"


@pytest.mark.parametrize(
    "header", ["Token {key}", "Bearer {key}", "token {key}", "BEARER {key}", "Token   {key} "]
)
def test_the_header_lets_the_tokens_user_in(header, manager):
    key = issue_token(manager)

    response = Client(HTTP_AUTHORIZATION=header.format(key=key)).get(URL)

    assert response.status_code == 200
    assert response.json()["id"] == str(manager.id)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "not_authenticated"),
        ("{key}", "not_authenticated"),
        ("Basic {key}", "not_authenticated"),
        ("Token: {key}", "not_authenticated"),
        ("Token", "invalid_token"),
        ("Token ", "invalid_token"),
        ("Token {key} {key}", "invalid_token"),
        ("Token {key}0", "invalid_token"),
        ("Token {key_without_its_last}", "invalid_token"),
        ("Token {upper}", "invalid_token"),
        ("Token “{key}”", "invalid_token"),
        ("Token \x00{key}", "invalid_token"),
    ],
)
def test_another_header_does_not(header, code, manager):
    key = issue_token(manager)
    sent = header.format(key=key, upper=key.upper(), key_without_its_last=key[:-1])

    response = Client(HTTP_AUTHORIZATION=sent).get(URL)

    assert (response.status_code, response.json()["code"]) == (401, code)
    assert response.headers["WWW-Authenticate"] == "Token"


def test_a_token_works_until_it_expires(manager):
    soon = Client(issue_token(manager, expires_at=timezone.now() + timedelta(minutes=5)))
    past = Client(issue_token(manager, expires_at=timezone.now() - timedelta(seconds=1)))

    assert soon.get(URL).status_code == 200
    assert past.get(URL).status_code == 401


def test_a_token_stops_working_once_it_is_revoked(as_manager, manager):
    assert as_manager.get(URL).status_code == 200

    manager.api_tokens.update(revoked_at=datetime(2016, 10, 10, tzinfo=UTC))

    assert as_manager.get(URL).status_code == 401


def test_a_token_dies_with_its_user(as_integrator, integrator):
    assert as_integrator.get(URL).status_code == 200

    integrator.delete()

    response = as_integrator.get(URL)
    assert (response.status_code, response.json()["code"]) == (401, "invalid_token")


def test_all_unusable_tokens_get_one_answer(manager):
    unknown = Client("0" * 40).get(URL)
    revoked = Client(issue_token(manager, revoked_at=datetime(2016, 10, 10, tzinfo=UTC))).get(URL)
    expired = Client(issue_token(manager, expires_at=datetime(2016, 10, 10, tzinfo=UTC))).get(URL)

    assert unknown.content == revoked.content == expired.content
    assert unknown.json() == {
        "detail": "The API token is unknown, revoked or expired.",
        "code": "invalid_token",
    }


def test_a_key_is_stored_only_as_its_digest(manager):
    key = issue_token(manager)

    [stored] = ApiToken.objects.filter(user=manager).values()

    assert stored["prefix"] == key[:8]
    assert all(key not in str(value) for value in stored.values())


def test_a_key_is_forty_lower_case_hex_characters(manager):
    key = issue_token(manager)

    assert len(key) == 40
    assert set(key) <= set("0123456789abcdef")


def test_the_admins_login_does_not_let_into_the_api(manager):
    manager.is_staff = True
    manager.save()
    client = Client()
    client.force_login(manager)

    assert client.get(URL).status_code == 401
