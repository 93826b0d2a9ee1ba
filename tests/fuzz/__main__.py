"""Fuzz the service, started for it with the demo world, by its OpenAPI description.

Every operation gets examples, values at the edges of their schemas, and made-up ones, right and wrong, from a
manager, an integrator and nobody. A failure is a 5xx, or an answer that the description does not foresee.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, Namespace
from collections import Counter
from pathlib import Path
from typing import Any

import requests

from tests.service.processes import ROOT, Service

CALLERS = ("manager", "integrator", "nobody")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)


def main() -> int:
    parser = ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=100, help="made-up requests for each operation")
    parser.add_argument("--as", dest="callers", choices=CALLERS, nargs="+", default=CALLERS)
    parser.add_argument("--seed", type=int, default=1, help="another one makes up other requests")
    arguments = parser.parse_args()
    # Outside what only root reaches: under root the database has a user of its own.
    folder = Path(tempfile.mkdtemp(prefix="goalsvc-fuzz-")).resolve()
    folder.chmod(0o755)
    try:
        with Service(folder, "--demo") as service:
            world = read_world(service)
            codes = [fuzz(caller, world, arguments, service) for caller in arguments.callers]
            broken = [line for line in service.output if '"level":"error"' in line]
        print("".join(broken[:20]), f"{len(broken)} errors in the service's log", sep="")
        return max(codes) or bool(broken)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_world(service: Service) -> dict[str, Any]:
    """Return the demo world with the ids of what it has."""
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    said = subprocess.run(
        [sys.executable, "manage.py", "load_demo", "--json"],
        cwd=ROOT,
        env=environment | {"GOALSVC_DATA": str(service.data)},
        stdout=subprocess.PIPE,
        check=True,
    )
    world: dict[str, Any] = json.loads(said.stdout)
    world["url"] = f"http://127.0.0.1:{service.port}"
    organization = f"{world['url']}/api/v5/orgs/{world['organization_id']}"
    headers = {"Authorization": f"Token {world['tokens']['manager']}"}
    sale = {
        "goal_matched_at": "2026-10-10T22:00:49.123Z",
        "rooms": world["rooms"],
        "if_unmatched": "hold",
    }
    for goal in world["goals"]:
        for identity in (*world["visitor_identities"], "of nobody"):
            requests.post(
                f"{organization}/goals/{goal}/matches",
                json=sale | {"visitor_identity": identity},
                headers=headers,
                timeout=30,
            )
    for name in ("goals", "rooms", "matches", "pending_matches", "imports"):
        answer = requests.get(f"{organization}/{name}", headers=headers, timeout=30)
        world[name] = [row["id"] for row in answer.json()["results"]]
        assert world[name], f"the demo world has no {name}"
    return world


def fuzz(caller: str, world: dict[str, Any], arguments: Namespace, service: Service) -> int:
    """Fuzz as one caller; return schemathesis's exit code."""
    print(f"\n=== as {caller} ===", flush=True)
    key = world["tokens"].get(caller, "")
    said_before = len(service.output)
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{world['url']}/api/v5/schema"),
            *(["--header", f"Authorization:Token {key}"] if key else []),
            *("--checks", ",".join(CHECKS)),
            *("--phases", "examples,coverage,fuzzing,stateful"),
            *("--max-examples", str(arguments.examples), "--seed", str(arguments.seed)),
            *("--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure"),
            *("--workers", "2", "--request-timeout", "60", "--no-color"),
        ],
        cwd=service.data,
        env=os.environ
        | {
            "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
            "PYTHONPATH": str(ROOT),
            "FUZZ_WORLD": json.dumps(world | {"key": key}),
        },
        check=False,
    )
    lines = (line for line in service.output[said_before:] if '"message":"request"' in line)
    statuses = Counter(json.loads(line)["status"] for line in lines)
    print(f"as {caller}: {statuses.total()} requests, {dict(sorted(statuses.items()))}", flush=True)
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())
