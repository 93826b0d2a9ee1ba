"""The migrations say what the models do, and run forward and back on a database that has been lived in."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessAttemptExpiration, AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from goalsvc.orgs.management.commands.serve import Command
from goalsvc.orgs.models import ApiToken, RateWindow
from goalsvc.replica.models import LatestWrite
from matching.models import Chore, ExternalMatch, IdempotencyKey, ReplayTally
from tests.admin.samples import SAMPLES
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    OrganizationFactory,
    PendingMatchFactory,
    RoomFactory,
    UserFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

PROCRASTINATE = "procrastinate"
OURS = {"goalsvc.orgs", "goals", "matching"}
NOW = datetime(2016, 10, 11, 6, tzinfo=UTC)
Row = dict[str, Any]


def test_the_migrations_say_all_that_the_models_do(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)  # exits with 1 otherwise


def test_the_system_checks_find_nothing(db):
    call_command("check", fail_level="WARNING", verbosity=0)


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A copy of the database of the other tests, which would not survive this."""
    with django_db_blocker.unblock(), made_database(connection.settings_dict["NAME"]):
        yield


@pytest.fixture
def empty_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database without a table."""
    with django_db_blocker.unblock(), made_database("template0"):
        yield


@contextmanager
def made_database(template: str) -> Iterator[None]:
    others = connection.settings_dict["NAME"]
    own = f"{others}_migrations"
    use_database(others)  # alone, because a copy may be made of it
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{own}"')
        cursor.execute(f'CREATE DATABASE "{own}" TEMPLATE "{template}"')
    use_database(own)
    try:
        yield
    finally:
        use_database(others)
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{own}"')


def use_database(name: str) -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["NAME"] = name
    ContentType.objects.clear_cache()


def live_in() -> None:
    """Put rows into every table, each as full as it can be."""
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)  # Django's own
    organization = OrganizationFactory.create()
    user = UserFactory.create(organization=organization, scopes=["settings"])
    room = RoomFactory.create(organization=organization, domain="shop.example.com")
    for make in SAMPLES.values():
        make(organization)
    goal = GoalFactory.create(rooms=[room], created_by=user, updated_by=user, default_value=10)
    identity = VisitorIdentityFactory.create(organization=organization)
    session = VisitorSessionFactory.create(visitor=identity.visitor, ended_at=NOW, room_ids=[room.id])
    match = ExternalMatchFactory.create(
        goal=goal, session=session, external_id="receipt-1", goal_value=10, created_by=user,
        retracted_at=NOW, retracted_by=user,
    )  # fmt: skip
    PendingMatchFactory.create(
        goal=goal, external_id="receipt-1", request_digest=b"\0" * 16,
        status="matched", match=match, resolved_at=NOW, created_by=user,
    )  # fmt: skip
    PendingMatchFactory.create(goal=goal, status="expired", resolved_at=NOW)
    match.restate(Decimal(9), by=user, at=NOW)
    Chore.objects.create(name=Chore.Name.PRUNE, started_at=NOW)
    ReplayTally.objects.create(organization=organization, goal=goal, day=date(2016, 10, 11), count=3)
    IdempotencyKey.objects.create(
        organization=organization, endpoint="matches/batch", key="key-1", request_digest=b"\0" * 16,
        status_code=200, body=b"{}", created_at=NOW,
    )  # fmt: skip
    token = ApiToken.objects.filter(user__organization=organization)[0]
    LatestWrite.objects.create(organization_id=organization.pk, wrote_at=NOW)
    RateWindow.objects.create(token=token, started_at=NOW, requests=1)
    # What belongs to the library that counts failed logins.
    client = {
        "user_agent": "",
        "ip_address": "192.0.2.1",
        "username": user.email,
        "http_accept": "",
        "path_info": "",
    }
    attempt = AccessAttempt.objects.create(**client, get_data="", post_data="", failures_since_start=1)
    AccessAttemptExpiration.objects.create(access_attempt=attempt, expires_at=NOW)
    AccessFailureLog.objects.create(**client)
    AccessLog.objects.create(**client)
    # What belongs to Django.
    group = Group.objects.create(name="Support")
    group.permissions.add(Permission.objects.all()[0])
    LogEntry.objects.create(
        user=user, content_type=ContentType.objects.get_for_model(type(goal)), object_id=str(goal.pk),
        object_repr=str(goal), action_flag=CHANGE, change_message="[]",
    )  # fmt: skip
    Session.objects.create(session_key="0" * 32, session_data="", expire_date=NOW)


def tables() -> set[str]:
    found = set(connection.introspection.table_names()) - {MigrationRecorder.Migration._meta.db_table}
    return {name for name in found if not name.startswith(PROCRASTINATE)}


def contents() -> dict[str, list[Row]]:
    """All rows of all tables, each as PostgreSQL writes it as JSON."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(tables()):
            cursor.execute(f'SELECT to_jsonb("{table}".*)::text FROM "{table}"')
            found[table] = [json.loads(row) for (row,) in cursor.fetchall()]
    return found


class Road:
    """All migrations of all apps, in the order in which they are applied, and how many of them are.

    Those of procrastinate only go forward, so they stay.
    """

    def __init__(self) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
        self.migrations = [migration for migration, _ in plan if migration.app_label != PROCRASTINATE]
        self.here = len(self.migrations)

    def go(self, there: int) -> None:
        """Apply or unapply migrations until the first so many are applied."""
        plan = [(migration, False) for migration in self.migrations[self.here : there]]
        plan += [(migration, True) for migration in reversed(self.migrations[there : self.here])]
        targets = [(migration.app_label, migration.name) for migration, _ in plan]
        MigrationExecutor(connection).migrate(targets, plan=plan)
        self.here = there


def assert_kept(before: dict[str, list[Row]], after: dict[str, list[Row]]) -> None:
    """Each table that is in both has its rows, with the values of the columns that are in both."""
    for table in before.keys() & after.keys():
        assert len(before[table]) == len(after[table]), table
        if before[table]:
            columns = before[table][0].keys() & after[table][0].keys()
            assert part(before[table], columns) == part(after[table], columns), table


def part(rows: list[Row], columns: Any) -> list[str]:
    return sorted(repr(sorted((name, row[name]) for name in columns)) for row in rows)


def test_every_migration_goes_back_and_forward_on_a_filled_database(own_database):
    road = Road()
    end = road.here
    live_in()
    filled = before = contents()
    empty = [table for table, rows in filled.items() if not rows]
    assert empty == [], "live_in() has to put rows into these tables"

    for number, migration in reversed(list(enumerate(road.migrations))):
        if migration.initial or apps.get_app_config(migration.app_label).name not in OURS:
            continue  # makes tables, where there is nothing to keep; or is Django's, which tests it
        road.go(number)
        back = contents()
        assert_kept(before, back)
        road.go(number + 1)
        before = contents()
        assert_kept(back, before)
    road.go(0)
    assert tables() == set()

    road.go(end)
    assert tables() == filled.keys()
    live_in()
    again = contents()
    for table, rows in filled.items():
        assert again[table][0].keys() == rows[0].keys(), table


def test_a_start_that_is_stopped_while_it_migrates_leaves_nothing_behind(empty_database, monkeypatch):
    command = Command(stdout=StringIO())

    def stop(recorder: MigrationRecorder, app: str, name: str) -> None:
        record(recorder, app, name)
        if app == "matching":
            raise SystemExit(1)

    record = MigrationRecorder.record_applied
    with monkeypatch.context() as patch:
        patch.setattr(MigrationRecorder, "record_applied", stop)
        with pytest.raises(SystemExit):
            command.migrate()
    assert tables() == set()

    command.migrate()
    assert ExternalMatch._meta.db_table in tables()
