"""Runs the tests on a database that is spread over machines, where CITUS_URL names one.

It is a database on the coordinator of a cluster of Citus, which knows its workers, and its user may make
others: the tests get one of their own there, and on each worker.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from goalsvc.database.configuration import configuration

URL = os.environ.get("CITUS_URL", "")


def choose() -> None:
    """Let the tests use the cluster: before anything connects."""
    os.environ["DATABASE_URL"] = URL
    databases = connections.settings
    databases["default"] = configuration(settings.DATA_DIR)
    connections.configure_settings(databases)
    del connections["default"]  # made by the plugin, with the settings before


@contextmanager
def opened(
    database: str, host: str | None = None, port: int | None = None
) -> Iterator[psycopg.Connection[Any]]:
    at = urlsplit(URL)
    with psycopg.connect(
        dbname=database,
        host=host or at.hostname,
        port=port or at.port,
        user=at.username,
        password=at.password,
        autocommit=True,
    ) as connection:
        yield connection


def make_databases(name: str) -> list[tuple[str, int]]:
    """Make an empty database on each machine, in place of one that was left, and tie them.

    Returns: the hosts and ports of the machines, the coordinator first.
    """
    coordinator = urlsplit(URL)
    with opened(coordinator.path[1:]) as connection:
        workers = connection.execute(
            "SELECT nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary' AND groupid > 0"
        ).fetchall()
    places: list[tuple[str, int]] = [(str(coordinator.hostname), coordinator.port or 5432), *workers]
    for host, port in places:
        with opened("postgres", host, port) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
        with opened(name, host, port) as connection:
            connection.execute("CREATE EXTENSION citus")
    with opened(name) as connection:
        connection.execute("SELECT citus_set_coordinator_host(%s, %s)", places[0])
        for worker in workers:
            connection.execute("SELECT citus_add_node(%s, %s)", worker)
    return places


def spread_tables() -> None:
    call_command("distribute", verbosity=0)
