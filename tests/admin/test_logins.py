"""The admin's login: how many guesses it takes, and that nobody but the guesser is kept out."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from goalsvc.orgs.logins import client_address
from goalsvc.orgs.models import User
from tests.factories import issue_token

LOGIN = "/admin/login/"
PASSWORD = "correct horse battery"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def person(staff: User) -> User:
    staff.set_password(PASSWORD)
    staff.save()
    return staff


def log_in(email: str, password: str = PASSWORD, *, from_: str = HERE, **extra: Any) -> Any:
    form = {"username": email, "password": password, "next": "/admin/"}
    return Client().post(LOGIN, form, REMOTE_ADDR=from_, **extra)


def fail(email: str, times: int = 5, **where: Any) -> list[int]:
    return [log_in(email, "a guess", **where).status_code for _ in range(times)]


def is_let_in(response: Any) -> bool:
    return response.status_code == 302 and "sessionid" in response.cookies


def test_after_five_failures_even_the_right_password_is_not_tried(person: User) -> None:
    assert fail(person.email) == [200, 200, 200, 200, 429]

    response = log_in(person.email)

    assert response.status_code == 429
    assert response.headers["Retry-After"] == "900"
    assert "sessionid" not in response.cookies
    page = response.content.decode()
    assert "Too many failed logins" in page
    assert "For 15 minutes" in " ".join(page.split())
    assert "goalsvc" in page


def test_before_that_the_right_password_works_and_forgives(person: User) -> None:
    for _ in range(2):
        assert fail(person.email, 4) == [200] * 4
        assert is_let_in(log_in(person.email))
    assert not AccessAttempt.objects.exists()


def test_after_a_while_it_is_tried_again(person: User) -> None:
    fail(person.email)
    AccessAttempt.objects.update(attempt_time=datetime.now(UTC) - timedelta(minutes=14))
    assert log_in(person.email).status_code == 429
    AccessAttempt.objects.update(attempt_time=datetime.now(UTC) - timedelta(minutes=16))
    assert is_let_in(log_in(person.email))


def test_a_locked_out_client_does_not_lengthen_it_by_trying(person: User) -> None:
    fail(person.email)
    before = AccessAttempt.objects.values().get()
    fail(person.email, 3)
    assert AccessAttempt.objects.values().get() == before


def test_others_are_not_locked_out(person: User, clerk: User) -> None:
    clerk.set_password(PASSWORD)
    clerk.save()
    fail(person.email)
    assert is_let_in(log_in(person.email, from_=ELSEWHERE))
    assert is_let_in(log_in(clerk.email))


@pytest.mark.parametrize(
    "written", ["STELLA@example.com", " stella@example.com ", "\u017ftella@example.com", "Stella@Example.COM"]
)
def test_another_spelling_of_the_address_is_no_new_chance(written: str, person: User) -> None:
    assert fail(person.email, 4) == [200] * 4
    assert fail(written, 1) == [429]
    assert log_in(person.email).status_code == 429


def test_another_browser_is_no_new_chance(person: User) -> None:
    assert fail(person.email, 4) == [200] * 4
    assert fail(person.email, 1, HTTP_USER_AGENT="Another") == [429]


def test_an_unknown_address_is_answered_as_a_known_one(person: User) -> None:
    unknown = "nobody@example.com"
    for _ in range(6):
        of_known, of_unknown = log_in(person.email, "a guess"), log_in(unknown, "a guess")
        assert of_known.status_code == of_unknown.status_code
        known_page, unknown_page = (
            [line for line in page.content.decode().splitlines() if "csrf" not in line and "@" not in line]
            for page in (of_known, of_unknown)
        )
        assert known_page == unknown_page


def test_a_program_that_asks_for_json_gets_no_more_tries_and_the_same_page(person: User) -> None:
    fail(person.email)
    response = log_in(person.email, HTTP_X_REQUESTED_WITH="XMLHttpRequest")
    assert (response.status_code, response.headers["Content-Type"]) == (429, "text/html; charset=utf-8")


def test_the_api_is_not_affected_and_pays_nothing(person: User) -> None:
    key = issue_token(person)
    fail(person.email)
    client = Client(headers={"Authorization": f"Token {key}"})
    assert client.get("/api/v5/users/me", REMOTE_ADDR=HERE).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/api/v5/users/me", REMOTE_ADDR=HERE).status_code == 200
    assert not any("axes" in statement["sql"] for statement in captured.captured_queries)
    assert len(captured) == 2


def test_what_is_kept_of_a_failure_is_neither_the_password_nor_where_it_was_to_lead(
    person: User, caplog: pytest.LogCaptureFixture
) -> None:
    searched = "/admin/matching/visitoridentity/?q=customer-12345678"
    form = {"username": person.email, "password": "a guess of mine", "next": searched}
    with caplog.at_level(logging.DEBUG):
        Client().post(f"{LOGIN}?next={searched}", form)

    kept = str(list(AccessAttempt.objects.values())) + caplog.text
    assert person.email in kept
    assert "a guess of mine" not in kept
    assert "customer-12345678" not in kept


def test_somebody_who_is_logged_in_stays_so(person: User, browser: Callable[[User], Client]) -> None:
    at_work = browser(person)
    fail(person.email)
    assert at_work.get("/admin/", REMOTE_ADDR=HERE).status_code == 200


# Behind proxies.


@pytest.mark.parametrize(
    ("proxies", "connected", "forwarded", "counted"),
    [
        (0, "192.0.2.1", "", "192.0.2.1"),
        (0, "192.0.2.1", "203.0.113.7", "192.0.2.1"),
        (1, "10.0.0.1", "203.0.113.7", "203.0.113.7"),
        (1, "10.0.0.1", "198.51.100.9, 203.0.113.7", "203.0.113.7"),
        (2, "10.0.0.1", "198.51.100.9,203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "10.0.0.1", "203.0.113.7", "10.0.0.1"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (1, "10.0.0.1", "nonsense", "10.0.0.1"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (1, "10.0.0.1", "2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        (0, "::ffff:192.0.2.1", "", "192.0.2.1"),
        (0, "", "", None),
    ],
)
def test_the_client_is_whom_the_outermost_of_our_proxies_met(
    proxies: int, connected: str, forwarded: str, counted: str | None, settings: Any
) -> None:
    settings.PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=connected)
    assert client_address(request) == counted


def test_behind_a_proxy_clients_are_told_apart(person: User, settings: Any) -> None:
    settings.PROXY_COUNT = 1
    fail(person.email, HTTP_X_FORWARDED_FOR="203.0.113.7")
    assert log_in(person.email, HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.7").status_code == 429
    assert is_let_in(log_in(person.email, HTTP_X_FORWARDED_FOR="203.0.113.8"))


def test_without_proxies_the_header_is_no_new_chance(person: User) -> None:
    assert django_settings.PROXY_COUNT == 0
    codes = [fail(person.email, 1, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}")[0] for n in range(5)]
    assert codes == [200, 200, 200, 200, 429]
