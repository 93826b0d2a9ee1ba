"""A table is altered while the service runs: what is prepared on its connections has to be made anew."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.service.processes import Service, migrated_folder
from tests.service.test_database_faults import World
from tests.service.traffic import Traffic

# What each type becomes: the same values, and another type in the eyes of a prepared statement.
WIDER = """
    SELECT table_name, string_agg(format('ALTER %I TYPE %s', column_name, CASE data_type
               WHEN 'character varying' THEN format('varchar(%s)', character_maximum_length + 1)
               WHEN 'numeric' THEN format('numeric(%s, %s)', numeric_precision + 1, numeric_scale)
               WHEN 'timestamp with time zone' THEN 'timestamptz(6)'
               WHEN 'smallint' THEN 'integer'
               WHEN 'integer' THEN 'bigint'
           END), ', ')
    FROM information_schema.columns
    WHERE table_schema = 'public'
      AND data_type IN ('character varying', 'numeric', 'timestamp with time zone', 'smallint', 'integer')
    GROUP BY table_name
    ORDER BY table_name
"""
# Those of procrastinate have triggers, which forbid it.
TABLES = """
    SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'procrastinate%'
"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with migrated_folder() as folder, Service(folder, "--demo") as service:
        yield World(service, None)


def alter(connection: psycopg.Connection, statement: str) -> None:
    """Alter a table that is in use: wait for it, not so long that all others wait too, and again."""
    while True:
        try:
            connection.execute(statement)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            time.sleep(0.05)
        else:
            return


def test_every_table_is_altered_under_load_and_no_request_fails(world):
    with world.service.connect() as connection:
        connection.autocommit = True
        connection.execute("SET lock_timeout = '300ms'")
        wider = dict(connection.execute(WIDER).fetchall())
        tables = connection.execute(TABLES).fetchall()
        with Traffic(world) as traffic:
            for (table,) in tables:
                alter(connection, f"ALTER TABLE {table} {wider.get(table, 'ADD added integer')}")
                seen = traffic.answers.total()
                until = time.monotonic() + 60
                while traffic.answers.total() < seen + 60 and time.monotonic() < until:
                    time.sleep(0.02)
    assert {"goals_goal", "matching_externalmatch", "orgs_apitoken", "orgs_organization"} <= wider.keys()
    assert traffic.failures() == {}
    world.assert_full_service()
