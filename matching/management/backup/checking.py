"""What is looked at in a restored backup, and in the database beside it: all of the installation."""

import os
import subprocess
import sys
from datetime import datetime
from typing import NamedTuple

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from goals.models import Goal
from goalsvc.database import lifecycle
from goalsvc.database.system import NoDatabaseError
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import HistoryEntry, Organization, User
from matching.management.backup.restoring import BackupError
from matching.models import Chore, ExternalMatch, PendingMatch, VisitorIdentity, VisitorSession


class Subject(NamedTuple):
    """What is counted, and which column says when the newest was written."""

    name: str
    model: type[models.Model]
    column: str = "created_at"
    condition: str = "true"


SUBJECTS = [
    Subject("organizations", Organization),
    Subject("users", User),
    Subject("goals", Goal),
    Subject("visitor identities", VisitorIdentity),
    Subject("visitor sessions", VisitorSession),
    Subject("matches", ExternalMatch),
    Subject("pending matches", PendingMatch),
    # After a restore those that are missing have to be done again.
    Subject(
        "erasures",
        HistoryEntry,
        "changed_at",
        f"kind = '{Kind.VISITOR_IDENTITY}' AND action = '{Action.ERASED}'",
    ),
    # A worker does them every day, also when nobody sends anything.
    Subject("chores", Chore, "succeeded_at"),
]

APPLIED = "SELECT app, name FROM django_migrations"
UNFIT = """
    SELECT 'The constraint ' || conname || ' of ' || conrelid::regclass || ' is not validated.'
    FROM pg_constraint WHERE NOT convalidated
    UNION ALL
    SELECT 'The index ' || indexrelid::regclass || ' of ' || indrelid::regclass || ' is not valid.'
    FROM pg_index WHERE NOT (indisvalid AND indisready)
"""
NAMES = "SELECT relname::text FROM pg_class UNION SELECT conname::text FROM pg_constraint"


class Figures(NamedTuple):
    """How many rows there are, and when the newest was written."""

    rows: int
    newest_at: datetime | None


def figures(database: psycopg.Connection) -> dict[str, Figures]:
    """Count the subjects, all at the same moment."""
    counts = [
        sql.SQL("SELECT {name}, count(*), max({column}) FROM {table} WHERE {condition}").format(
            name=sql.Literal(each.name),
            column=sql.Identifier(each.column),
            table=sql.Identifier(each.model._meta.db_table),
            condition=sql.SQL(each.condition),
        )
        for each in SUBJECTS
    ]
    rows = database.execute(sql.SQL(" UNION ALL ").join(counts)).fetchall()
    found = {name: Figures(count, newest_at) for name, count, newest_at in rows}
    return {each.name: found[each.name] for each in SUBJECTS}


def live_figures() -> dict[str, Figures]:
    """Count the subjects in the database of the service. Raises: NoDatabaseError where that cannot be."""
    with lifecycle.running(make=False):
        lifecycle.verify()
        try:
            with psycopg.connect(**connection.get_connection_params()) as database:
                return figures(database)
        except psycopg.Error as error:
            raise NoDatabaseError(f"The database cannot be read: {lifecycle.reason_of(error)}.") from error


def migrate(database: psycopg.Connection, url: str) -> list[str]:
    """Apply the migrations that a backup of an earlier version lacks; return them.

    Raises: BackupError where it is no backup of this service, is of a later version, or cannot be migrated.
    """
    try:
        applied = set(database.execute(APPLIED).fetchall())
    except psycopg.errors.UndefinedTable:
        raise BackupError("The dump has no table django_migrations: it is none of goalsvc.") from None
    if not applied:
        raise BackupError("The dump has no rows in django_migrations: it is not whole.")
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations)
    unknown = sorted(f"{app}.{name}" for app, name in applied - known if app in loader.migrated_apps)
    if unknown:
        raise BackupError(f"The dump is of a newer version of goalsvc, which has {', '.join(unknown)}.")
    missing = sorted(f"{app}.{name}" for app, name in known - applied)
    if missing:
        own = {"DATABASE_URL": url, "DATABASE_REPLICA_URL": "", "DATABASE_PREPARED_STATEMENTS": ""}
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "migrate", "--verbosity=0"]
        migrated = subprocess.run(  # noqa: S603 - our own command
            command, env={**os.environ.copy(), **own}, capture_output=True, text=True, check=False
        )
        if migrated.returncode:
            reason = (migrated.stderr.strip().splitlines() or ["nothing was said"])[-1].rstrip(".")
            raise BackupError(f"The dump cannot be migrated to this version: {reason}.")
    return missing


def faults(database: psycopg.Connection) -> list[str]:
    """Analyze what was restored, and return what is not as it should be."""
    database.execute("ANALYZE")
    wanted: dict[str, str] = {}
    for model in apps.get_models():
        if model._meta.managed:
            options = model._meta
            wanted[options.db_table] = "table"
            wanted |= {each.name: "constraint" for each in options.constraints}
            wanted |= {each.name: "index" for each in options.indexes}
    names = {name for (name,) in database.execute(NAMES)}
    missing = [f"The {kind} {name} is missing." for name, kind in wanted.items() if name not in names]
    return missing + [fault for (fault,) in database.execute(UNFIT)]
