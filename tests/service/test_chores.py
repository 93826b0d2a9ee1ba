"""The daily chores: done once a day by the worker, tried again when they fail, shown and told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from goalsvc.server import metrics
from matching.imports.uploads import defer
from matching.management import chores
from matching.models import Chore
from tests.factories import ImportRunFactory, UserFactory

pytestmark = pytest.mark.django_db


def do_all() -> None:
    chores.do_chores(timestamp=0)


def test_each_is_done_once_a_day(monkeypatch):
    done: list[str] = []

    def doing(name: str) -> Callable[[], str]:
        def do() -> str:
            done.append(name)
            return "Well done."

        return do

    for name in chores.CHORES:
        monkeypatch.setitem(chores.CHORES, name, doing(name))

    do_all()
    do_all()
    assert done == list(Chore.Name.values)
    Chore.objects.filter(name=Chore.Name.PRUNE).update(succeeded_at=timezone.now() - timedelta(hours=24))
    do_all()

    assert done == [*Chore.Name.values, Chore.Name.PRUNE]
    assert {chore.outcome for chore in Chore.objects.all()} == {"Well done."}


def test_what_they_say_is_kept():
    do_all()

    outcomes = dict(Chore.objects.values_list("name", "outcome"))
    assert outcomes["prune"].startswith("Deleted: 0 idempotency keys, 0 rejected attempts")
    assert outcomes["resolve_pending"] == "0 matched, 0 expired, 0 still held."
    assert outcomes["uploads"] == "Deleted: 0 uploads, 0 files without an import, 0 jobs that failed."


def test_one_that_fails_keeps_no_other_from_being_done_and_is_tried_again(monkeypatch):
    monkeypatch.setitem(chores.CHORES, Chore.Name.PRUNE, lambda: str(1 / 0))
    do_all()

    failed = Chore.objects.get(name=Chore.Name.PRUNE)
    assert (failed.error, failed.succeeded_at, failed.is_running) == ("ZeroDivisionError", None, False)
    assert Chore.objects.exclude(succeeded_at=None).count() == 2

    monkeypatch.setitem(chores.CHORES, Chore.Name.PRUNE, lambda: "Well done.")
    do_all()
    failed.refresh_from_db()
    assert (failed.error, failed.outcome) == ("", "Well done.")


def browser_of(**attributes: object) -> Browser:
    browser = Browser()
    browser.force_login(
        UserFactory.create(is_staff=True, **attributes), "django.contrib.auth.backends.ModelBackend"
    )
    return browser


def test_operators_see_when_each_last_ran(monkeypatch):
    monkeypatch.setitem(chores.CHORES, Chore.Name.PRUNE, lambda: str(1 / 0))
    operator = browser_of(is_superuser=True, organization=None)
    before = operator.get("/admin/chores/").content.decode()
    assert before.count("not yet") == 6

    do_all()
    page = operator.get("/admin/chores/").content.decode()

    assert "Failed (ZeroDivisionError); it is tried again" in page
    assert "0 matched, 0 expired, 0 still held." in page
    assert 'href="/admin/chores/"' in operator.get("/admin/").content.decode()


def test_nobody_else_sees_them():
    staff = browser_of(scopes=["settings", "reports", "users"])

    assert staff.get("/admin/chores/").status_code == 403
    assert "/admin/chores/" not in staff.get("/admin/").content.decode()


def test_metrics_tell_of_the_work():
    defer(ImportRunFactory.create())
    ProcrastinateJob.objects.all()._raw_delete("default")
    do_all()

    told = metrics.render_metrics().decode()

    assert 'goalsvc_imports{status="queued"} 1.0' in told
    assert 'goalsvc_imports{status="running"} 0.0' in told
    assert "goalsvc_failed_jobs 0.0" in told
    assert 'goalsvc_chore_last_success_seconds{chore="prune"} 1.' in told
