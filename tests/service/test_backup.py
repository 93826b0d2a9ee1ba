"""Backup and restore, by the very commands of the page "Backup"."""

import http.client
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from goalsvc.database.embedded import socket_directory
from tests.service.crash import REPLAYED, Load
from tests.service.pages import blocks, page
from tests.service.pooler import PROGRAMS, ROLE, Debian, url
from tests.service.processes import PATIENCE, ROOT, Service, migrated_folder, open_folder

BACKUP, TRIAL, PUT_ASIDE, RESTORE, AS_SQL, LOAD_SQL = (content for _, content in blocks(page("backup"), "sh"))

# Without this, plans are made for empty tables.
ANALYZED = "SELECT relpages FROM pg_class WHERE relname = 'matching_externalmatch' AND reltuples > 0"


def run(script: str, data: Path, folder: Path, **environment: str) -> None:
    """Run a block of the page in a folder, on the service of a data folder."""
    command = shlex.join([sys.executable, str(ROOT / "manage.py")])
    script = script.replace(".venv/bin/python manage.py", command).replace(".goalsvc/", f"{data}/")
    inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    ran = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env={**inherited, "GOALSVC_DATA": str(data), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def contents(database: psycopg.Connection) -> dict[str, Any]:
    """Of each table, how many rows it has and a digest of them."""
    names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    tables = [name for (name,) in database.execute(names)]
    return {
        table: database.execute(
            f'SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" AS t'
        ).fetchone()
        for table in tables
    }


def post(load: Load, external_id: str) -> tuple[int, str | None, Any]:
    body = {
        "visitor_identity": "customer-12345678",
        "goal_matched_at": "2026-02-05T12:00:00Z",
        "rooms": load.rooms,
        "external_id": external_id,
    }
    client = http.client.HTTPConnection("127.0.0.1", load.service.port, timeout=PATIENCE)
    headers = {"Authorization": f"Token {load.key}", "Content-Type": "application/json"}
    client.request("POST", load.goal_path, json.dumps(body), headers)
    response = client.getresponse()
    answer = response.status, response.headers[REPLAYED], json.loads(response.read())
    client.close()
    return answer


def test_what_was_backed_up_while_serving_is_there_again_after_a_restore():
    with migrated_folder() as data, open_folder() as folder:
        back_up_and_restore(data, folder)


@pytest.mark.skipif(not PROGRAMS, reason="Debian's package postgresql is not installed")
def test_what_the_embedded_server_had_is_taken_by_an_older_one():
    with migrated_folder() as data, open_folder() as folder:
        with Service(data, "--demo") as service, service.connect() as database:
            before = contents(database)
        run(AS_SQL, data, folder)
        debian = Debian(folder / "debian")
        with debian.running():
            address = url(debian.folder, ROLE)
            run(LOAD_SQL, data, folder, DATABASE_URL=address)
            with psycopg.connect(address) as database:
                assert contents(database) == before
                [(pages,)] = database.execute(ANALYZED).fetchall()
                assert pages > 0
            with Service(folder / "other", environment={"DATABASE_URL": address}) as service:
                assert service.get("/readyz") == 200
            # Programs of the machine that are older than its server are not taken.
            old = folder / "pg_dump"
            old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.1'\n")
            old.chmod(0o755)
            path = f"{folder}{os.pathsep}{os.environ['PATH']}"
            dumped = "manage.py with_database pg_dump --schema-only --file=dumped.sql"
            run(f".venv/bin/python {dumped}", data, folder, DATABASE_URL=address, PATH=path)
            assert "matching_externalmatch" in (folder / "dumped.sql").read_text()


def back_up_and_restore(data: Path, folder: Path) -> None:
    with Service(data, "--demo") as service:
        load = Load(service)
        status, _, match = post(load, "before the backup")
        assert status == 200
        run(BACKUP + TRIAL, data, folder)
        assert (folder / "goalsvc.dump").stat().st_mode & 0o777 == 0o600
        with service.connect() as database:
            before = contents(database)
        assert post(load, "after the backup")[0] == 200
    run(PUT_ASIDE + RESTORE, data, folder)

    with Service(data) as service:
        with service.connect() as database:
            assert contents(database) == before
        load.service = service
        assert post(load, "before the backup") == (200, "true", match)
        status, replayed, _ = post(load, "after the backup")
        assert (status, replayed) == (200, None)

        # Likewise where DATABASE_URL names the database.
        host = quote(str(socket_directory(data)), safe="")
        with service.connect() as database:
            database.autocommit = True
            database.execute("CREATE DATABASE restored")
        restored = f"postgresql://postgres@/restored?host={host}"
        run(RESTORE, data, folder, DATABASE_URL=restored)
        with psycopg.connect(restored) as database:
            assert contents(database) == before
            [(pages,)] = database.execute(ANALYZED).fetchall()
            assert pages > 0
    assert (data / "postgresql.before" / "PG_VERSION").exists()
