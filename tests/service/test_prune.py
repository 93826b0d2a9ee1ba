"""The command prune, and that the page "Operations" knows every table that grows.

What it does with answers to an Idempotency-Key and with rejected attempts is in tests.rules.
"""

import re
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from goalsvc.orgs.models import ApiToken, HistoryEntry, RateWindow, User
from matching.management.commands import prune
from matching.models import ImportRun
from tests.admin.samples import make_entry, make_run
from tests.factories import UserFactory
from tests.service.pages import page, section

pytestmark = pytest.mark.django_db

NOTHING = {
    "idempotency keys": 0,
    "rejected attempts": 0,
    "tallies of repetitions": 0,
    "failed logins": 0,
    "sessions of the admin": 0,
    "counts of rate limits": 0,
}


@pytest.fixture
def pruned(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command; return how many rows of what it says it has deleted."""

    def run() -> dict[str, int]:
        call_command("prune")
        said = capsys.readouterr().out
        assert said.startswith("Deleted: ")
        return {name: int(count) for count, name in re.findall(r"(\d+) ([^,.]+)", said)}

    return run


def make_attempt(minutes_ago: int, model: Any = AccessAttempt, **attributes: Any) -> Any:
    row = model.objects.create(
        username=f"nobody-{minutes_ago}@example.com", ip_address="192.0.2.1", **attributes
    )
    model.objects.filter(pk=row.pk).update(attempt_time=timezone.now() - timedelta(minutes=minutes_ago))
    return row


def test_failed_logins_go_once_they_no_longer_count(pruned: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "CHUNK", 2)
    kept = make_attempt(14, failures_since_start=1)
    for minutes in (16, 17, 18):
        make_attempt(minutes, failures_since_start=5)
    for model in (AccessFailureLog, AccessLog):
        make_attempt(16, model)
    assert pruned() == NOTHING | {"failed logins": 5}
    assert list(AccessAttempt.objects.all()) == [kept]
    assert not AccessFailureLog.objects.exists()
    assert not AccessLog.objects.exists()


def test_ended_sessions_of_the_admin_go(pruned: Any) -> None:
    now = timezone.now()
    for hours in (-1, 1):
        Session.objects.create(session_key=f"{hours}", expire_date=now + timedelta(hours=hours))
    assert pruned() == NOTHING | {"sessions of the admin": 1}
    assert [session.session_key for session in Session.objects.all()] == ["1"]


def test_counts_of_rate_limits_go_when_no_period_is_as_long(pruned: Any) -> None:
    user = UserFactory.create()
    for hours in (23, 25):
        token, _ = ApiToken.objects.issue(user, f"{hours} hours")
        RateWindow.objects.create(
            token=token, started_at=timezone.now() - timedelta(hours=hours), requests=600
        )
    assert pruned() == NOTHING | {"counts of rate limits": 1}
    assert [window.token.description for window in RateWindow.objects.all()] == ["23 hours"]
    assert ApiToken.objects.count() == 2


def test_what_has_been_renewed_meanwhile_stays() -> None:
    token, _ = ApiToken.objects.issue(UserFactory.create(), "Renewed")
    now = timezone.now()
    window = RateWindow.objects.create(token=token, started_at=now - timedelta(days=2), requests=600)
    rows = RateWindow.objects.filter(started_at__lt=now)

    class Renewed(type(rows)):  # type: ignore[misc] # a class of this very queryset
        def filter(self, *args: Any, **kwargs: Any) -> Any:
            RateWindow.objects.filter(pk=window.pk).update(started_at=now)
            return super().filter(*args, **kwargs)

    rows.__class__ = Renewed
    assert prune.delete(rows) == 0
    assert RateWindow.objects.exists()


def test_tokens_imports_and_the_history_stay(pruned: Any) -> None:
    long_ago = timezone.now() - timedelta(days=4000)
    organization = UserFactory.create().organization
    assert organization is not None
    ApiToken.objects.issue(User.objects.get(), "Revoked long ago")
    ApiToken.objects.update(revoked_at=long_ago, expires_at=long_ago, created_at=long_ago)
    make_run(organization, started_at=long_ago, finished_at=long_ago)
    make_entry(organization, changed_at=long_ago)
    assert pruned() == NOTHING
    for model in (ApiToken, ImportRun, HistoryEntry):
        assert model._default_manager.count() == 1


def test_the_page_says_with_what_every_table_grows() -> None:
    described = re.findall(
        r"`(\w+)`", "".join(re.findall(r"^(\|[^|]*\|)", section(page("operations"), "What grows"), re.M))
    )
    labels = ("orgs", "replica", "goals", "matching", "sessions", "axes")
    tables = {model._meta.db_table for label in labels for model in apps.get_app_config(label).get_models()}
    assert sorted(described) == sorted({*tables, "procrastinate_jobs", "uploads", "GOALSVC_DATA"})
