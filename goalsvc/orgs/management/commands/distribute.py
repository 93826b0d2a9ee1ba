"""Spreads the tables over machines by organization, with the extension Citus.

Rows of organizations are distributed by `organization_id`, so all rows of one are on one machine. What
statements about them need besides (organizations, users, tokens) is copied to each machine. All other tables
stay on the coordinator, the one that the service connects to.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper

from goalsvc.database.retries import retried_if
from goalsvc.orgs.keys import organization_models
from goalsvc.orgs.models import ApiToken, Organization, User

EXTENSION = "SELECT extversion FROM pg_extension WHERE extname = 'citus'"
IS_COORDINATOR = "SELECT citus_is_coordinator()"
KNOWN = "SELECT table_name::text, citus_table_type FROM citus_tables"
KEYS_BETWEEN = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE contype = 'f' AND conrelid = ANY(%(tables)s::text[]::regclass[])
      AND confrelid = ANY(%(tables)s::text[]::regclass[])
    ORDER BY conrelid::regclass::text, conname
"""
DEADLOCK_DETECTED = "40P01"
REFERENCE, DISTRIBUTED = "reference", "distributed"


class Key(NamedTuple):
    """A foreign key between two tables."""

    table: str
    name: str
    definition: str


def is_deadlock(error: DatabaseError) -> bool:
    """Tell whether somebody held a table that was to be locked, and waited for one that was."""
    return getattr(error.__cause__, "sqlstate", None) == DEADLOCK_DETECTED


def check_engine() -> str:
    """Return the version of the extension. Raises: CommandError, with why the tables cannot be spread."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        if cursor.fetchone()[0]:
            raise CommandError("This is a standby, which only reads. Run it on the primary.")
        cursor.execute(EXTENSION)
        found = cursor.fetchone()
        if found is None:
            raise CommandError(
                "This database has no extension Citus: one machine has all rows, and nothing is to be done. "
                "To spread them: CREATE EXTENSION citus on each machine, then here citus_add_node for each."
            )
        cursor.execute(IS_COORDINATOR)
        if not cursor.fetchone()[0]:
            raise CommandError("This is a worker. Run it on the coordinator, which DATABASE_URL has to name.")
        return str(found[0])


def drop_keys(cursor: CursorWrapper, tables: Sequence[str], *, of: Sequence[str]) -> list[Key]:
    """Drop the foreign keys between the tables, of those that are not spread yet; return them.

    A table is spread only where what it refers to is spread, and what refers to it is not there yet.
    """
    cursor.execute(KEYS_BETWEEN, {"tables": [*tables]})
    keys = [Key(*row) for row in cursor.fetchall()]
    if len(of) < len(tables):
        keys = [key for key in keys if key.table in of]
    for key in keys:
        cursor.execute(f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}")
    return keys


def spread(cursor: CursorWrapper, table: str, *, beside: str | None) -> None:
    parameters: dict[str, Any] = {"table": table, "beside": beside or "none"}
    cursor.execute(
        "SELECT create_distributed_table(%(table)s, 'organization_id', colocate_with => %(beside)s)",
        parameters,
    )


class Command(BaseCommand):
    help = (
        "Spread the tables over machines by organization, where the database has the extension Citus. Run "
        "on the coordinator, after migrate; again after an upgrade that brings tables. See docs/scale.md."
    )
    requires_migrations_checks = True

    def handle(self, **options: Any) -> None:
        version = check_engine()
        try:
            self.distribute(version)
        except DatabaseError as error:
            raise CommandError(f"{str(error).strip()}\nNothing has changed.") from error

    @retried_if(is_deadlock)
    def distribute(self, version: str) -> None:
        """Spread the tables that are not yet, in one transaction. Raises: DatabaseError, CommandError."""
        copied = [model._meta.db_table for model in (Organization, User, ApiToken)]
        tables = [model._meta.db_table for model in organization_models()]
        present = connection.introspection.django_table_names(only_existing=True, include_views=False)
        if missing := {*copied, *tables}.difference(present):
            raise CommandError(f"There is no table {min(missing)} yet. Run migrate first.")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")  # as many rows as there are
            # All at once: a running service waits, and cannot hold one of them while it waits for another.
            cursor.execute(f"LOCK TABLE {', '.join(sorted(present))} IN ACCESS EXCLUSIVE MODE")
            # Tables that refer to each other are changed one by one, over one connection to each machine.
            cursor.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
            cursor.execute(KNOWN)
            known: dict[str, str] = dict(cursor.fetchall())
            uncopied = [table for table in copied if known.get(table) != REFERENCE]
            unspread = [table for table in tables if known.get(table) != DISTRIBUTED]
            if not uncopied and not unspread:
                self.stdout.write(f"All {len(tables)} tables are spread already (Citus {version}).")
                return
            for table in uncopied:
                cursor.execute("SELECT create_reference_table(%s)", [table])
                self.stdout.write(f"{table}: a copy on each machine.")
            keys = drop_keys(cursor, tables, of=unspread)
            for table in unspread:
                other = next((each for each in tables if known.get(each) == DISTRIBUTED), None)
                spread(cursor, table, beside=other)
                known[table] = DISTRIBUTED
                self.stdout.write(f"{table}: spread by organization.")
            for key in keys:
                cursor.execute(f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}")
            self.stdout.write(f"{len(keys)} foreign keys between them are back (Citus {version}).")
