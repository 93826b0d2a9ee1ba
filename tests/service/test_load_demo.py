"""`manage.py load_demo`: the same at each load, true to the rule, and full of life."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from goalsvc.orgs.models import HistoryEntry, Organization, User
from goalsvc.orgs.scopes import Scope
from matching.management.demo import cast
from matching.management.demo.chronicle import analyze
from matching.matches.summary import summarize
from matching.models import (
    ExternalMatch,
    ImportRun,
    MatchAttempt,
    PendingMatch,
    ReplayTally,
    Visitor,
    VisitorIdentity,
    VisitorSession,
)
from tests.conftest import Client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def twenty_days(settings):
    """Enough for most tests, and made in less time."""
    settings.DEMO_DAYS = 20


@pytest.fixture
def ninety_days(settings):
    settings.DEMO_DAYS = 90


NOW = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)
# Of each model, those that customers have made.
OF_CUSTOMERS: Mapping[Any, Mapping[str, Any]] = {
    Visitor: {},
    VisitorIdentity: {},
    VisitorSession: {},
    ExternalMatch: {},
    PendingMatch: {},
    MatchAttempt: {},
    HistoryEntry: {"kind__in": ["match", "pending_match"]},
}


def rows_of(model: Any) -> list[dict[str, Any]]:
    """The rows of a model, those of the customers with names left out: they are recorded by the service."""
    rows = model.objects.filter(**OF_CUSTOMERS[model]).order_by("id").values()
    named = {row["id"] for row in Visitor.objects.filter(visitor_id__startswith="demo-").values("id")}
    return [row for row in rows if not named & {row["id"], row.get("visitor_id")}]


def everything() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: rows_of(model) for model in OF_CUSTOMERS}


def count_all() -> dict[str, int]:
    models = [*OF_CUSTOMERS, ImportRun, ReplayTally]
    return {model.__name__: model.objects.filter(**OF_CUSTOMERS.get(model, {})).count() for model in models}


@dataclass
class Recount:
    """The rule, in plain Python over all rows."""

    visitors: dict[str, set[UUID]]
    sessions: dict[UUID, list[VisitorSession]]

    def session(self, identity: str, moment: datetime) -> VisitorSession | None:
        earlier = [
            session
            for visitor in self.visitors.get(identity, ())
            for session in self.sessions.get(visitor, ())
            if session.started_at < moment
        ]
        return max(earlier, key=lambda session: (session.started_at, session.id), default=None)


def recount(organization: UUID) -> Recount:
    found = Recount({}, {})
    for tie in VisitorIdentity.objects.filter(organization=organization):
        found.visitors.setdefault(tie.identity, set()).add(tie.visitor_id)
    for session in VisitorSession.objects.filter(organization=organization):
        found.sessions.setdefault(session.visitor_id, []).append(session)
    return found


def hold_against_the_rule(organization: UUID, now: datetime) -> None:
    """Look at each match, held match and attempt, whether the rule says so."""
    world = recount(organization)
    for match in ExternalMatch.objects.all():
        assert match.visitor_identity is not None
        session = world.session(match.visitor_identity, match.goal_matched_at)
        assert session is not None
        assert (session.id, session.started_at) == (match.session_id, match.session_started_at)
        assert set(match.room_ids) <= set(session.room_ids)
        assert not set(match.unconnected_room_ids) & set(session.room_ids)
        assert match.goal_matched_at <= match.created_at <= now
        assert match.id.int >> 80 == int(match.created_at.timestamp() * 1000)
        assert match.retracted_at is None or match.created_at < match.retracted_at <= now
    for attempt in MatchAttempt.objects.exclude(code="validation_error"):
        assert attempt.visitor_identity is not None
        assert attempt.goal_matched_at is not None
        session = world.session(attempt.visitor_identity, attempt.goal_matched_at)
        assert attempt.created_at <= now
        if attempt.code == "session_not_found":
            assert session is None
        if attempt.code == "no_connected_rooms":
            assert session is not None
            reason: Any = attempt.reason
            assert reason["session_rooms"] == [str(room) for room in session.room_ids]
            assert not set(reason["session_rooms"]) & set(reason["posted_rooms"])
    for held in PendingMatch.objects.select_related("match"):
        assert held.status_at(now) == held.status
        assert held.created_at <= (held.resolved_at or now) <= now
        if held.match is not None:
            assert held.match.external_id == held.external_id
            assert held.match.created_at == held.resolved_at
        elif held.code == "session_not_found":
            assert world.session(held.visitor_identity, held.goal_matched_at) is None
    for session in VisitorSession.objects.exclude(visitor__visitor_id__startswith="demo-"):
        assert session.started_at < session.created_at <= session.updated_at <= now


def test_a_load_of_the_same_moment_makes_the_same_rows():
    def make() -> dict[str, Any]:
        with transaction.atomic():
            cast.load(NOW)
            found = everything()
            transaction.set_rollback(True)
        return found

    assert make() == make()


def test_a_second_load_changes_nothing():
    cast.load(NOW)
    before, counts = everything(), count_all()
    cast.load(NOW)
    assert everything() == before
    assert count_all() == counts


def test_everything_is_as_the_rule_says(ninety_days):
    world = cast.load(NOW)
    hold_against_the_rule(world["organization_id"], NOW)


@pytest.mark.parametrize("pause", [timedelta(hours=5), timedelta(days=40)])
def test_a_later_load_adds_what_has_happened_since(pause):
    world = cast.load(NOW - pause)
    before = {model: {row["id"]: row for row in rows_of(model)} for model in (ExternalMatch, MatchAttempt)}
    waiting = {row["id"] for row in rows_of(PendingMatch) if row["status"] == "pending"}

    cast.load(NOW)

    for model, rows in before.items():
        after = {row["id"]: row for row in rows_of(model)}
        assert rows.keys() < after.keys()
    hold_against_the_rule(world["organization_id"], NOW)
    if pause > timedelta(days=1):
        statuses = PendingMatch.objects.filter(id__in=waiting).values_list("status", flat=True)
        assert set(statuses) != {"pending"}


def test_what_somebody_has_changed_stays_changed():
    cast.load(NOW - timedelta(days=1))
    match = ExternalMatch.objects.filter(retracted_at=None, goal_value__isnull=False).latest("created_at")
    match.retract(by=None, at=NOW)
    held = PendingMatch.objects.filter(status="pending", expires_at__gt=NOW + timedelta(days=20)).earliest(
        "created_at"
    )
    assert held.cancel(by=None, at=NOW)

    cast.load(NOW)

    match.refresh_from_db()
    held.refresh_from_db()
    assert match.retracted_at == NOW
    assert (held.status, held.resolved_at) == ("cancelled", NOW)
    assert not ExternalMatch.objects.filter(external_id=held.external_id).exists()


def test_there_is_something_of_every_kind(ninety_days):
    world = cast.load(NOW)
    organization = Organization.objects.get(id=world["organization_id"])

    tally = summarize(organization, days=90, at=NOW).total
    assert min(tally.matched, tally.replayed, tally.pending) > 10
    assert tally.rejected.keys() >= {
        *("session_not_found", "no_connected_rooms", "external_id_conflict", "goal_not_found"),
        *("validation_error", "expired", "cancelled"),
    }
    assert VisitorSession.objects.count() > 5000
    assert set(PendingMatch.objects.values_list("status", flat=True)) == set(PendingMatch.Status.values)
    assert set(MatchAttempt.objects.values_list("source", flat=True)) == set(MatchAttempt.Source.values)
    assert MatchAttempt.objects.filter(reason__time_zone_slip_hours=5).count() > 10
    assert MatchAttempt.objects.filter(reason__message__icontains="differs from it in case").exists()
    assert HistoryEntry.objects.filter(kind="match", action="restated").count() > 10
    assert (
        HistoryEntry.objects.filter(kind="match", action="retracted").count()
        == ExternalMatch.objects.filter(retracted_at__isnull=False).count()
        > 10
    )
    assert ExternalMatch.objects.filter(goal__in=world["goals"]).values("goal").distinct().count() == 4
    assert set(ExternalMatch.objects.values_list("goal_value_source", flat=True)) == set(
        ExternalMatch.ValueSource.values
    )
    ages = {(NOW - held.created_at).days // 7 for held in PendingMatch.objects.open(NOW)}
    assert len(ages) >= 3


def test_imports_come_once_a_week_in_a_clump(ninety_days):
    cast.load(NOW)
    runs = list(ImportRun.objects.order_by("started_at"))
    assert {run.created_at.weekday() for run in runs} == {0}
    assert len(runs) > 10
    for run in runs:
        rows = {"created_at__gte": run.started_at, "created_at__lte": run.finished_at, "created_by": None}
        matches, attempts = ExternalMatch.objects.filter(**rows), MatchAttempt.objects.filter(**rows)
        assert (matches.count(), attempts.count()) == (run.counts["created"], run.counts.get("failed", 0))
        assert run.rows_done == matches.count() + attempts.count()


@pytest.mark.parametrize("now", [NOW, datetime(2028, 2, 29, 23, 59, tzinfo=UTC)])
def test_the_reports_show_a_living_installation(now, ninety_days):
    world = cast.load(now)
    asked = {"start_date": str(now.date() - timedelta(days=29)), "end_date": str(now.date())}
    url = f"/api/v5/orgs/{world['organization_id']}/reports/goals"

    report = Client(world["tokens"]["manager"]).get(url, asked).json()

    assert sum(day["match_count"] > 0 for day in report["series"]) >= 25
    assert len({goal["totals"]["match_count"] for goal in report["goals"]}) == 4
    assert all(goal["totals"]["match_count"] for goal in report["goals"])
    earlier = {
        key: str(datetime.fromisoformat(day).date() - timedelta(days=30)) for key, day in asked.items()
    }
    before = Client(world["tokens"]["manager"]).get(url, earlier).json()
    assert report["totals"]["match_count"] > before["totals"]["match_count"]


def test_what_it_prints_works():
    said = StringIO()
    call_command("load_demo", stdout=said)

    curl = re.search(
        r"Authorization: Token (\w+)' \\\n *'http://127.0.0.1:8000(/\S+/reports/goals\?\S+)'", said.getvalue()
    )
    assert curl
    report = Client(curl[1]).get(curl[2]).json()
    assert report["totals"]["match_count"] > 100
    assert "the admin's first page" in said.getvalue()
    manager = User.objects.get(email="mira.manager@example.com")
    assert {Scope.SETTINGS, Scope.REPORTS} <= set(manager.scopes)


def test_as_json_it_names_a_few_ids():
    said = StringIO()
    call_command("load_demo", "--json", stdout=said)
    world = json.loads(said.getvalue())
    assert world.keys() == {
        *("organization_id", "other_organization_id", "expired_organization_id", "rooms", "goals"),
        *("tokens", "visitor_identities", "admin"),
    }
    assert world["tokens"].keys() == {"manager", "integrator", "other", "expired"}
    assert len(said.getvalue()) < 2000


def test_beside_other_organizations_it_loads_only_when_forced(organization):
    with pytest.raises(CommandError, match="has organizations of its own"):
        call_command("load_demo", stdout=StringIO())
    assert not ExternalMatch.objects.exists()
    call_command("load_demo", "--force", stdout=StringIO())
    assert ExternalMatch.objects.exists()


def test_the_planner_knows_the_tables():
    cast.load(NOW)
    analyze()
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'matching_externalmatch'")
        assert cursor.fetchone() == (ExternalMatch.objects.count(),)
