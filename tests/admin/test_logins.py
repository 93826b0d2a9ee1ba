"""The admin's login: how many guesses it takes, that nobody but the guesser is kept out, what it may cost."""

import io
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from goalsvc.api.requests import KEPT_BACK
from goalsvc.orgs import logins, passwords
from goalsvc.orgs.logins import client_address
from goalsvc.orgs.models import User
from tests.admin.conftest import FAST_HASHER
from tests.factories import UserFactory, issue_token

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
        (1, "10.0.0.1", "198.51.100.9, 203.0.113.7:51234", "203.0.113.7"),
        (1, "10.0.0.1", "[2001:db8:1:2:ffff::1]:443", "2001:db8:1:2::"),
        (1, "10.0.0.1", "[2001:db8:1:2:ffff::1]", "2001:db8:1:2::"),
        (1, "10.0.0.1", "203.0.113.7:port", "10.0.0.1"),
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


# Of one client with many addresses.


def test_a_client_that_fails_with_many_addresses_is_locked_out_of_all(person: User) -> None:
    codes = [fail(f"nobody-{number}@example.com", 1)[0] for number in range(30)]
    assert codes == [200] * 29 + [429]
    assert log_in(person.email).status_code == 429
    assert is_let_in(log_in(person.email, from_=ELSEWHERE))

    AccessAttempt.objects.update(attempt_time=datetime.now(UTC) - timedelta(minutes=16))
    assert is_let_in(log_in(person.email))


def test_a_login_that_succeeds_does_not_forgive_the_client_its_other_failures(person: User) -> None:
    for number in range(29):
        fail(f"nobody-{number}@example.com", 1)
    assert is_let_in(log_in(person.email))
    assert fail("nobody@example.com", 1) == [429]


def test_an_operator_lets_a_client_in_again(person: User) -> None:
    for number in range(30):
        fail(f"nobody-{number}@example.com", 1)
    call_command("axes_reset_ip", HERE, stdout=io.StringIO())
    assert is_let_in(log_in(person.email))


@pytest.mark.parametrize("written", ["{0}", "  {0} ", "{1}"])
def test_an_operator_ends_a_lock_out_however_the_address_is_spelled(written: str, person: User) -> None:
    fail(person.email)
    said = io.StringIO()
    call_command("axes_reset_username", written.format(person.email, person.email.upper()), stdout=said)
    assert said.getvalue() == "1 attempts removed.\n"
    assert is_let_in(log_in(person.email))


def test_failures_from_unknown_addresses_are_not_those_of_one_client(person: User) -> None:
    for number in range(30):
        fail(f"nobody-{number}@example.com", 1, from_="")
    assert is_let_in(log_in(person.email, from_=""))


# Not at the expense of the API.


@pytest.fixture
def real_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [name for name in settings.PASSWORD_HASHERS if name != FAST_HASHER]


@pytest.fixture
def busy_hasher(real_hashes: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another password is being hashed, and that takes longer than anybody waits."""
    with passwords._turn:
        monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.01)
        yield


def is_refused_as_busy(response: Any) -> bool:
    return (
        response.status_code == 429
        and response.headers["Retry-After"] == "5"
        and "Too many passwords are being checked" in response.content.decode()
    )


def test_passwords_are_hashed_as_owasp_says(real_hashes: None) -> None:
    assert make_password(PASSWORD).startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_login_hashes_an_older_password_anew(person: User, real_hashes: None) -> None:
    person.password = Argon2PasswordHasher().encode(PASSWORD, "a salt of sixteen and more")
    person.save()
    assert "m=102400,t=2,p=8" in person.password

    assert is_let_in(log_in(person.email))

    person.refresh_from_db()
    assert "m=19456,t=2,p=1" in person.password
    assert is_let_in(log_in(person.email))


def test_a_worker_computes_one_hash_at_a_time(real_hashes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    def slowly(hasher: Any, password: str, salt: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.02)
        running -= 1
        return ""

    monkeypatch.setattr(Argon2PasswordHasher, "encode", slowly)
    monkeypatch.setattr(passwords, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 60)
    threads = [threading.Thread(target=make_password, args=(PASSWORD,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_and_rests_after_each(real_hashes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: queue.SimpleQueue[tuple[float, bool]] = queue.SimpleQueue()
    monkeypatch.setattr(
        "goalsvc.orgs.passwords.time.sleep", lambda seconds: rests.put((seconds, passwords._turn.locked()))
    )
    make_password(PASSWORD)
    assert rests.get(timeout=10) == (0.2, True)


def test_a_worker_that_was_forked_during_a_hash_or_its_rest_gets_its_turn() -> None:
    with passwords._turn:
        child = os.fork()
        if child == 0:
            os._exit(passwords._turn.locked())
    assert os.waitpid(child, 0)[1] == 0


def test_what_goes_wrong_in_a_hash_is_told_and_keeps_no_turn(real_hashes: None) -> None:
    for _ in range(3):
        with pytest.raises(AttributeError):
            make_password(PASSWORD, salt=object())  # type: ignore[arg-type] # on purpose
    assert make_password(PASSWORD).startswith("argon2")


@pytest.mark.parametrize("is_known", [True, False])
def test_a_login_that_cannot_be_hashed_in_time_is_refused_and_no_failure(
    is_known: bool, staff: User, busy_hasher: None
) -> None:
    staff.password = "argon2$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNo"
    staff.save()
    assert is_refused_as_busy(log_in(staff.email if is_known else "nobody@example.com"))
    assert not AccessAttempt.objects.exists()


def test_so_are_the_other_forms_that_take_a_password(
    staff: User, outsider: User, browser: Callable[[User], Client], busy_hasher: None
) -> None:
    as_staff = browser(staff)
    secrets = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    before = list(User.objects.order_by("pk").values())
    page = reverse("admin:auth_user_password_change", args=[outsider.pk])
    assert is_refused_as_busy(as_staff.post(page, secrets))
    page = reverse("admin:orgs_user_add")
    assert is_refused_as_busy(as_staff.post(page, secrets | {"email": "new@example.com"}))
    assert list(User.objects.order_by("pk").values()) == before


def test_logins_that_are_too_many_at_once_are_refused_before_anything_is_done(person: User) -> None:
    for _ in range(logins.LOGINS_AT_ONCE):
        assert logins._free.acquire(blocking=False)
    try:
        with CaptureQueriesContext(connection) as captured:
            assert is_refused_as_busy(log_in(person.email))
        assert len(captured) == 0
        assert Client().get(LOGIN).status_code == 200
    finally:
        for _ in range(logins.LOGINS_AT_ONCE):
            logins._free.release()
    for _ in range(2 * logins.LOGINS_AT_ONCE):
        assert is_let_in(log_in(person.email))


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_a_password_is_hashed(
    real_hashes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    UserFactory.create(email="known@example.com", organization=None, is_superuser=True, is_staff=True)
    User.objects.update(password=make_password(PASSWORD))
    held: list[bool] = []
    of_the_request = connections["default"]  # which `connection` is not in the thread that computes
    for name in ("encode", "verify"):
        original = getattr(Argon2PasswordHasher, name)

        def compute(*arguments: Any, original: Callable[..., Any] = original) -> Any:
            held.append(of_the_request.connection is not None)
            return original(*arguments)

        monkeypatch.setattr(Argon2PasswordHasher, name, compute)
    assert log_in("nobody@example.com").status_code == 200
    assert is_let_in(log_in("known@example.com"))
    assert held == [False, False]


def test_the_answer_to_a_refused_login_is_kept_back(
    person: User, busy_hasher: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seconds(response: Any) -> Any:
        return response.wsgi_request.META.get(KEPT_BACK)

    assert seconds(Client().get(LOGIN)) is None
    assert seconds(log_in(person.email, "a guess")) == 1.0  # busy
    for number in range(30):
        AccessAttempt.objects.create(
            username=f"{number}", ip_address=HERE, failures_since_start=1, attempt_time=datetime.now(UTC)
        )
    assert seconds(log_in(person.email)) == 1.0  # locked out
