"""Whether a database that can be reached can also be used, and if not, what is wrong with it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from typing import Any, NamedTuple

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

OLDEST = 15

# Settings that the service relies on. Each connection sets them as it starts; behind a pooler in transaction
# mode it cannot, so there they have to be the role's own.
SESSION = {
    "default_transaction_isolation": "read committed",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
}
TIME_ZONE = "UTC"  # set by Django on every connection

QUESTIONS = f"""
    SELECT current_setting('server_version_num'), current_setting('server_encoding'), current_user::text,
           current_schema()::text, has_schema_privilege(current_schema(), 'CREATE')::text,
           (SELECT relnamespace::regnamespace::text FROM pg_class
            WHERE oid = to_regclass('django_migrations')),
           {", ".join(f"current_setting('{name}')" for name in SESSION)}
"""


class Migrations(NamedTuple):
    """How the database's migrations differ from those of this version, by `app.name`."""

    missing: list[str]
    unknown: list[str]  # to this version: a newer one has applied them


def migrations() -> Migrations:
    """Compare the migrations of the database with those of this version. Raises DatabaseError."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    loader = executor.loader
    missing = [migration for migration, _ in executor.migration_plan(loader.graph.leaf_nodes())]
    known = set(loader.disk_migrations)
    known.update(*(migration.replaces for migration in loader.replacements.values()))
    return Migrations(
        [f"{migration.app_label}.{migration.name}" for migration in missing],
        sorted(".".join(key) for key in set(loader.applied_migrations) - known),
    )


def named(migrations: Sequence[str]) -> str:
    """Name migrations, few of them, in a sentence."""
    more = len(migrations) - 3
    return ", ".join(migrations[:3]) + (f" and {more} more" if more > 0 else "")


def fault(answers: Sequence[str | None], *, is_to_migrate: bool = False) -> str | None:
    """Return what is wrong with a database, in words, from the row of QUESTIONS; None if nothing is.

    Args:
        is_to_migrate: whether tables are to be made where there are none.
    """
    version, encoding, role, schema, may_create, schema_of_tables, *settings = answers
    if int(version or 0) // 10_000 < OLDEST:
        return f"it is PostgreSQL {int(version or 0) // 10_000}, and {OLDEST} or newer is needed"
    if encoding != "UTF8":
        return f"its encoding is {encoding}, and UTF8 is needed"
    if schema is None:
        return f"the search_path of the role {role} names no schema that it may use"
    if schema_of_tables not in {None, schema}:
        return (
            f"its tables are in the schema {schema_of_tables}, but the search_path of the role {role} begins "
            f"with {schema}"
        )
    if is_to_migrate and schema_of_tables is None and may_create != "true":
        return f"the role {role} may not create tables in the schema {schema}"
    for (name, wanted), found in zip(SESSION.items(), settings, strict=True):
        if not is_as_wanted(wanted, found or ""):
            return (
                f"{name} is {found!r}, and {wanted!r} is needed: ALTER ROLE {role} SET {name} = '{wanted}', "
                "because what stands in between did not pass it on"
            )
    return None


def is_as_wanted(wanted: str, found: str) -> bool:
    if wanted.isdecimal():
        return int(found) >= int(wanted)
    return found.partition(",")[0] == wanted  # after the comma, only how ambiguous dates would be read


def is_pooled_by_transaction(
    connection: psycopg.Connection[Any], connect: Callable[[], psycopg.Connection[Any]]
) -> bool:
    """Tell whether a pooler shares the server's sessions among connections, so that they keep no state."""
    first = backend_of(connection)  # in autocommit mode
    if first == connection.info.backend_pid:
        return False  # the process id of the connection's start: no pooler is in between
    with ExitStack() as stack:
        # Each other connection holds a transaction open. A pooler gives one of them our session, or us
        # another.
        for _ in range(3):
            other = stack.enter_context(closing(connect()))
            other.autocommit = False
            if backend_of(other) == first or backend_of(connection) != first:
                return True
    return False


def backend_of(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT pg_backend_pid()", prepare=False).fetchone()
    assert row is not None
    return int(row[0])


def startup_options() -> str:
    """Return the options of a connection's start; they override those of a role or a database."""
    asked = {**SESSION, "TimeZone": TIME_ZONE}
    return " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in asked.items())
