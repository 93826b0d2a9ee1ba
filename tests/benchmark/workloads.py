"""What the contenders are asked, and which of them serve it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.benchmark.load import Workload

if TYPE_CHECKING:
    from tests.benchmark.world import World  # which has to be imported after Django is set up

# After the last session, so the latest session of an identity is a match's.
MATCHED_AT = "2026-06-01T12:00:00Z"
BATCH = 1000
# A slow client's batch, small enough that its own work is nothing beside the others'.
SMALL_BATCH = 100

ALL = ("goalsvc", "floor", "peer")
OURS_AND_PEER = ("goalsvc", "peer")


@dataclass(frozen=True)
class Trial:
    """A workload, who serves it, and over how many connections at once, the usual number first."""

    workload: Workload
    contenders: tuple[str, ...] = ALL
    connections: tuple[int, ...] = (8,)
    has_limit: bool = False  # its statements are run by themselves too

    def label(self, connections: int) -> str:
        name = self.workload.name
        return name if connections == self.connections[0] else f"{name}, {connections}"


# Of goalsvc alone, at each of --sizes.
SIZED = ("match POST", "match batch", "goals list of 50", "matches list of 50", "sessions list of 50")
IMPORTS = ("import_matches", "import_sessions")
SLOW = "slow client"


def session_of(world: World) -> dict[str, Any]:
    """Return a new session of a known visitor."""
    return {
        "visitor_session_id": "new-{u}",
        "visitor_id": "visitor-{p}",
        "started_at": "2026-03-01T12:00:00Z",
        "rooms": [str(room) for room in world.rooms[:3]],
    }


def match_of(world: World) -> dict[str, Any]:
    rooms = [str(room) for room in world.rooms]
    return {
        "visitor_identity": "customer-{i}",
        "goal_matched_at": MATCHED_AT,
        "rooms": rooms,
        "goal_value": "12.50",
    }


def match_batch(world: World, size: int) -> Workload:
    item = {**match_of(world), "goal_id": str(world.goal)}
    return Workload(
        "match batch",
        "POST",
        f"{world.base}/matches/batch",
        json.dumps({"matches": [item] * size}),
        world.identities,
        200,
        size,
        "matching_externalmatch",
    )


def trials(world: World) -> list[Trial]:
    """Return all workloads on a world."""
    match, session, base = match_of(world), session_of(world), world.base
    goal = f"{base}/goals/{world.goal}"

    def post(name: str, path: str, body: Any, status: int, table: str | None, items: int = 1) -> Workload:
        numbers = world.identities
        return Workload(name, "POST", path, json.dumps(body), numbers, status, items, table)

    def get(name: str, path: str) -> Workload:
        return Workload(name, "GET", path, None, world.identities, 200)

    matches, attempts = "matching_externalmatch", "matching_matchattempt"
    sessions, identities = "matching_visitorsession", "matching_visitoridentity"
    too_early = {**match, "goal_matched_at": "2024-12-01T12:00:00Z"}
    named = {**match, "external_id": "receipt-{u}"}
    known = {**session, "visitor_session_id": "session-{i}", "visitor_id": "visitor-{p}"}
    identity = {"visitor_identity": "person-{u}", "visitor_id": "visitor-{p}"}
    reports = {"visitor_sessions": [session] * BATCH}
    return [
        Trial(post("match POST", f"{goal}/matches", match, 200, matches), ALL, (8, 1, 32), has_limit=True),
        Trial(post("match POST with external_id", f"{goal}/matches", named, 200, matches), OURS_AND_PEER),
        Trial(post("match POST refused", f"{goal}/matches", too_early, 404, attempts), OURS_AND_PEER),
        Trial(post("session POST", f"{base}/visitor_sessions", session, 201, sessions)),
        Trial(post("session POST known", f"{base}/visitor_sessions", known, 200, None), OURS_AND_PEER),
        Trial(post("identity POST", f"{base}/visitor_identities", identity, 201, identities), OURS_AND_PEER),
        Trial(match_batch(world, BATCH), OURS_AND_PEER, (1, 8), has_limit=True),
        Trial(
            post("session batch", f"{base}/visitor_sessions/batch", reports, 200, sessions, BATCH),
            OURS_AND_PEER,
            (1, 8),
            has_limit=True,
        ),
        Trial(get("goal GET", goal)),
        Trial(get("goals list of 50", f"{base}/goals?page_size=50")),
        Trial(get("matches list of 50", f"{base}/matches?page_size=50"), ("goalsvc",)),
        Trial(get("sessions list of 50", f"{base}/visitor_sessions?page_size=50"), ("goalsvc",)),
    ]


def names() -> list[str]:
    """Return the names of all that can be measured."""
    nowhere: Any = SimpleNamespace(rooms=[], base="", goal="", identities=0)
    return [*(trial.workload.name for trial in trials(nowhere)), SLOW, *IMPORTS]
