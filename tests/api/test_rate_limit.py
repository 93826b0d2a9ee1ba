"""RATE_LIMIT: so many requests a token and period, whoever of the workers gets them."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from goalsvc.orgs.authentication import count_request
from goalsvc.orgs.models import ApiToken, RateWindow
from goalsvc.settings import env_rate
from tests.api.endpoints import batch_body, match_body
from tests.concurrency import at_once
from tests.conftest import Client
from tests.factories import issue_token


@pytest.fixture
def three_a_minute(settings):
    settings.RATE_LIMIT = (3, "minute")


def statuses(client, count, path="/api/v5/users/me"):
    return [client.get(path).status_code for _ in range(count)]


def test_without_a_limit_nothing_is_counted(as_manager, django_assert_num_queries):
    as_manager.get("/api/v5/users/me")
    with django_assert_num_queries(2):
        assert as_manager.get("/api/v5/users/me").status_code == 200
    assert not RateWindow.objects.exists()


def test_one_request_too_many_is_429_saying_when_to_come_again(three_a_minute, as_manager):
    assert statuses(as_manager, 3) == [200, 200, 200]

    response = as_manager.get("/api/v5/users/me")

    assert response.status_code == 429
    assert response.json() == {
        "detail": "This API token may make 3 requests a minute. Nothing was done.",
        "code": "rate_limited",
    }
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert "X-Request-ID" in response.headers


def test_a_refused_match_is_not_written(three_a_minute, as_integrator, place, organization):
    statuses(as_integrator, 3)
    before = organization.matches.count()

    assert as_integrator.post(place.url("goal-match-list"), match_body(place)).status_code == 429
    assert organization.matches.count() == before
    assert not organization.match_attempts.exists()


def test_the_next_window_begins_with_the_first_request_after_the_period(three_a_minute, as_manager):
    statuses(as_manager, 5)
    [window] = RateWindow.objects.all()
    RateWindow.objects.update(started_at=window.started_at - timedelta(seconds=61))

    assert statuses(as_manager, 4) == [200, 200, 200, 429]


def test_each_token_has_its_own_count(three_a_minute, as_manager, as_integrator, manager):
    assert statuses(as_manager, 4)[-1] == 429
    assert statuses(as_integrator, 3) == [200, 200, 200]
    assert statuses(Client(issue_token(manager)), 3) == [200, 200, 200]


def test_refusals_count_too_and_nobody_is_not_counted(three_a_minute, as_manager, other_organization):
    assert statuses(as_manager, 4, f"/api/v5/orgs/{other_organization.id}") == [403, 403, 403, 429]
    assert statuses(Client(), 4) == [401] * 4
    assert statuses(Client("0" * 40), 4) == [401] * 4
    assert statuses(Client(), 4, "/healthz") == [200] * 4


def test_a_batch_is_one_request_and_counting_takes_one_statement(
    settings, as_integrator, place, django_assert_num_queries
):
    def statements():
        with connection.execute_wrapper(counter):
            counted.clear()
            assert as_integrator.post(place.url("match-batch"), batch_body(place)).status_code == 200
        return len(counted)

    counted: list[str] = []

    def counter(execute, sql, *rest):
        counted.append(sql)
        return execute(sql, *rest)

    statements()  # which marks the token as used
    without = statements()
    settings.RATE_LIMIT = (3, "minute")

    assert statements() == without + 1
    assert RateWindow.objects.get().requests == 1


def test_hammering_beyond_the_limit_does_not_count_on(three_a_minute, as_manager):
    statuses(as_manager, 10)
    assert RateWindow.objects.get().requests == 4


@pytest.mark.django_db(transaction=True)
def test_the_limit_is_exact_for_requests_at_the_same_moment(settings, manager):
    settings.RATE_LIMIT = (20, "day")
    key = issue_token(manager)

    def calls(client):
        return [client.get("/api/v5/users/me") for _ in range(6)]

    # Each of the six threads calls once beforehand, which counts as well.
    answers = [answer.status_code for each in at_once(key, [calls] * 6) for answer in each]

    assert sorted(answers) == [200] * (20 - 6) + [429] * (6 * 6 - 14)
    assert RateWindow.objects.get().requests == 21


@pytest.mark.django_db(transaction=True)
def test_a_token_that_is_deleted_meanwhile_is_no_crash(manager):
    issue_token(manager)
    token = ApiToken.objects.get()
    ApiToken.objects.all().delete()
    with pytest.raises(Exception, match="unknown, revoked or expired"):
        count_request(token, 3, "minute")


def test_the_counts_are_not_written_ahead(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'orgs_ratewindow'")
        assert cursor.fetchone() == ("u",)


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        ("", None),
        ("1/second", (1, "second")),
        (" 600/Minute ", (600, "minute")),
        ("5000/hour", (5000, "hour")),
        ("999999999/day", (999999999, "day")),
    ],
)
def test_a_rate_is_read(value, rate, monkeypatch):
    monkeypatch.setenv("RATE_LIMIT", value)
    assert env_rate("RATE_LIMIT") == rate


@pytest.mark.parametrize(
    "value",
    ["600", "/minute", "0/minute", "-1/minute", "1.5/minute", "x/minute", "1000000000/day", "1/week", "1/"],
)
def test_what_is_no_rate_is_refused_at_the_start(value, monkeypatch):
    monkeypatch.setenv("RATE_LIMIT", value)
    with pytest.raises(ImproperlyConfigured, match="600/minute"):
        env_rate("RATE_LIMIT")
