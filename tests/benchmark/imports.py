"""Measures the commands that import files."""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from tests.benchmark.servers import ROOT
from tests.benchmark.world import MATCHED_AT, World


def time_import(world: World, command: str, *, rows: int) -> dict[str, float]:
    """Import a file of new matches or sessions with the command; return rows per second."""
    lines, options = matches(world, rows), ["--goal", str(world.goal)]
    if command == "import_sessions":
        lines, options = sessions(world, rows), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_text("".join(f"{line}\n" for line in lines))
        began = time.monotonic()
        subprocess.run(
            [
                *(sys.executable, "manage.py", command, str(path)),
                *("--organization", str(world.organization), *options),
            ],
            cwd=ROOT,
            env=dict(os.environ),
            check=True,
            capture_output=True,
        )
        return {"rate": rows / (time.monotonic() - began)}


def matches(world: World, rows: int) -> Iterator[str]:
    rooms, name = " ".join(map(str, world.rooms)), uuid4().hex
    yield "visitor_identity,goal_matched_at,rooms,goal_value,external_id"
    for number in range(rows):
        identity = random.randrange(world.identities)
        yield f"customer-{identity},{MATCHED_AT},{rooms},12.50,{name}-{number}"


def sessions(world: World, rows: int) -> Iterator[str]:
    rooms, name = " ".join(map(str, world.rooms[:3])), uuid4().hex
    yield "visitor_session_id,visitor_id,started_at,rooms"
    for number in range(rows):
        visitor = random.randrange(world.identities)
        yield f"{name}-{number},visitor-{visitor:08},2026-03-01T12:00:00Z,{rooms}"
