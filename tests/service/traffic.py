"""Requests of every kind, on and on, by several clients at once."""

import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

from tests.api.endpoints import ENDPOINTS
from tests.service.test_database_faults import WITHOUT_DATABASE, Answered, World

CLIENTS = 6


class Traffic:
    """Inside the block clients make requests; `answers` counts them by name and status."""

    def __init__(self, world: World, each: int | None = None) -> None:
        self.world = world
        self.answers: Counter[tuple[str, int]] = Counter()
        self.bodies: dict[tuple[str, int], str] = {}
        self.is_over = threading.Event()
        self.threads = [
            threading.Thread(target=self.run, args=(number, each), daemon=True) for number in range(CLIENTS)
        ]

    def __enter__(self) -> "Traffic":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.is_over.set()
        self.join()

    def join(self) -> None:
        for thread in self.threads:
            thread.join()

    def run(self, number: int, each: int | None) -> None:
        calls = list(self.calls().items())
        start = number * len(calls) // CLIENTS  # so that they do not all do the same
        for name, call in islice(cycle(calls), start, None if each is None else start + each):
            if self.is_over.is_set():
                return
            answer = call()
            key = (name, answer.status)
            self.answers[key] += 1
            self.bodies.setdefault(key, answer.text)

    def failures(self) -> dict[tuple[str, int], str]:
        return {key: body for key, body in self.bodies.items() if key[1] >= 500}

    def calls(self) -> dict[str, Callable[[], Answered]]:
        world, place = self.world, self.world.place
        calls: dict[str, Callable[[], Answered]] = {
            str(endpoint): lambda endpoint=endpoint: world.call(endpoint)  # type: ignore[misc]
            for endpoint in ENDPOINTS
            if endpoint.method not in {"PUT", "DELETE"} and endpoint.route not in WITHOUT_DATABASE
        }
        matches = place.url("goal-match-list")

        def post(**more: Any) -> Answered:
            return world.ask("POST", matches, {**world.match, **more})

        def held() -> Answered:
            return post(visitor_identity=f"unknown-{uuid.uuid4()}", if_unmatched="hold")

        def arrival() -> Answered:
            """Settles a held match."""
            identity = f"late-{uuid.uuid4()}"
            post(visitor_identity=identity, if_unmatched="hold")
            session = {
                "visitor_session_id": identity, "visitor_id": identity, "visitor_identity": identity,
                "started_at": "2026-02-05T11:00:00Z", "rooms": world.match["rooms"],
            }  # fmt: skip
            return world.ask("POST", place.url("visitor-session-list"), session)

        def passing_goal() -> Answered:
            body = {"name": "Short-lived", "is_any_room_allowed": True, "allowed_rooms": [], "conditions": []}
            made = world.ask("POST", place.url("goal-list"), body)
            if made.status != 201:
                return made
            goal = f"{place.url('goal-list')}/{json.loads(made.text)['id']}"
            changed = world.ask("PUT", goal, body)
            return world.ask("DELETE", goal) if changed.status == 200 else changed

        calls |= {
            "POST-goal-match-list": post,
            "POST-match-batch": lambda: world.ask(
                "POST", place.url("match-batch"), {"matches": [{"goal_id": place.goal_id, **world.match}] * 5}
            ),
            "held": held,
            "arrival": arrival,
            "goal made, changed and deleted": passing_goal,
            "match with an id": lambda: post(external_id=str(uuid.uuid4())),
            "match with a key": lambda: world.ask(
                "POST", matches, world.match, **{"Idempotency-Key": str(uuid.uuid4())}
            ),
            "rejected": lambda: post(visitor_identity="customer-unheard-of"),
            "rehearsal": lambda: world.ask("POST", f"{matches}?validate_only=true", world.match),
            "page": lambda: world.ask("GET", "/admin/", Cookie=f"sessionid={uuid.uuid4().hex}"),
        }
        return calls
