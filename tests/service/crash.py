"""Crash tests: clients post matches while the service's processes are killed; then the books are compared.

The suite makes one round of it (test_crashes.py). `python -m tests.service.crash --seconds 120` goes on for
as long as you like and prints what it has counted.
"""

import argparse
import http.client
import itertools
import json
import os
import queue
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.service.processes import PATIENCE, Service, open_folder, postmaster, wait_until

CLIENTS = 6
BATCH_ITEMS = 12
REPLAYED = "Idempotent-Replay"
KNOWN_IDENTITY = "customer-12345678"  # of the demo world
Answer = tuple[int, Any, Any]  # status, headers, body


@dataclass
class Event:
    """A match that a client reports. Its value is its number, by which it is found in the table."""

    number: int
    kind: str
    match_id: str | None = None  # as the service has acknowledged it
    is_held: bool = False  # acknowledged as held

    @property
    def value(self) -> Decimal:
        return Decimal(self.number) / 100


@dataclass
class Delivery:
    """A request, the events in it, and what became of it."""

    path: str
    body: Any
    events: list[Event]
    key: str | None = None
    attempts: int = 0
    answer: Answer | None = None


@dataclass
class Books:
    """What the clients know at the end, against what the database holds."""

    acknowledged: int = 0
    found: int = 0
    lost: int = 0
    doubled: int = 0
    retried: int = 0
    held: int = 0
    unsettled: int = 0
    replayed: int = 0
    replayed_wrongly: int = 0
    unanswered: int = 0  # posted once, without a name to retry it by, and the connection broke
    unanswered_written: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        lines = [f"{name:20} {value:>8,}" for name, value in vars(self).items() if isinstance(value, int)]
        lines += [f"{'answered ' + str(status):20} {n:>8,}" for status, n in sorted(self.statuses.items())]
        lines += [f"{'fault: ' + name:20} {n:>8,}" for name, n in sorted(self.faults.items())]
        return "\n".join(lines)


class Client(threading.Thread):
    """Posts matches of every kind in turn until the load ends; gives up none that has a name."""

    def __init__(self, load: "Load", number: int) -> None:
        super().__init__(daemon=True)
        self.load = load
        self.number = number
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        try:
            kinds: list[Callable[[], None]] = [
                self.post_plain, self.post_external, self.post_keyed, self.post_held,
                self.post_external, self.post_batch, self.post_keyed_batch,
            ]  # fmt: skip
            for post in itertools.cycle(
                kinds[self.number % len(kinds) :] + kinds[: self.number % len(kinds)]
            ):
                if self.load.is_over.is_set():
                    return
                post()
                time.sleep(0.01)  # they share two cores with the service
        except Exception as error:
            self.load.errors.append(error)

    # What they post.

    def post_plain(self) -> None:
        """Nothing to retry it by: sent once."""
        event = self.load.new_event("plain")
        delivery = Delivery(self.load.goal_path, self.match(event), [event])
        self.load.deliveries.append(delivery)
        answer = self.send(delivery)
        if answer is not None and answer[0] == 200:
            delivery.answer = answer
            event.match_id = answer[2]["id"]

    def post_external(self) -> None:
        event = self.load.new_event("external_id")
        self.deliver(self.load.goal_path, self.match(event, external_id=f"event-{event.number}"), [event])

    def post_keyed(self) -> None:
        event = self.load.new_event("key")
        self.deliver(self.load.goal_path, self.match(event), [event], key=f"key-{event.number}")

    def post_held(self) -> None:
        """A match ahead of its session, which another client reports: at the same time, or afterwards."""
        event = self.load.new_event("held")
        if event.number % 2:
            self.load.sessions.put(event.number)
        self.deliver(self.load.goal_path, self.held(event), [event])
        if not event.number % 2:
            self.load.sessions.put(event.number)

    def post_batch(self) -> None:
        events = [self.load.new_event("batch") for _ in range(BATCH_ITEMS)]
        items = [self.match(event, external_id=f"event-{event.number}") for event in events[:-1]]
        items.append(self.held(events[-1]))
        self.deliver(self.load.batch_path, self.batch(items), events)
        self.load.sessions.put(events[-1].number)

    def post_keyed_batch(self) -> None:
        events = [self.load.new_event("keyed batch") for _ in range(BATCH_ITEMS)]
        items = [self.match(event) for event in events]
        self.deliver(self.load.batch_path, self.batch(items), events, key=f"batch-{events[0].number}")

    def match(self, event: Event, **attributes: Any) -> dict[str, Any]:
        return {
            "visitor_identity": KNOWN_IDENTITY,
            "goal_matched_at": "2026-02-05T12:00:00Z",
            "goal_value": str(event.value),
            "rooms": self.load.rooms,
            **attributes,
        }

    def held(self, event: Event) -> dict[str, Any]:
        return self.match(
            event,
            visitor_identity=f"late-{event.number}",
            external_id=f"event-{event.number}",
            if_unmatched="hold",
        )

    def batch(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        return {"matches": [{"goal_id": self.load.goal_id, **item} for item in items]}

    # How they post.

    def deliver(self, path: str, body: Any, events: list[Event], key: str | None = None) -> None:
        """Send until it is acknowledged; note the ids."""
        delivery = Delivery(path, body, events, key)
        self.load.deliveries.append(delivery)
        answer = delivery.answer = self.insist(delivery)
        rows = read_rows(answer, len(events))
        for event, (match_id, is_held) in zip(events, rows, strict=True):
            event.match_id, event.is_held = match_id, is_held

    def insist(self, delivery: Delivery) -> Answer:
        give_up_at = time.monotonic() + PATIENCE
        while True:
            answer = self.send(delivery)
            if answer is not None:
                status, _, body = answer
                if status in {200, 201, 202}:
                    return answer
                is_running = status == 409 and body.get("code") == "idempotency_key_in_use"
                assert status == 503 or is_running, f"{delivery.path} was answered {status}: {body}"
            assert time.monotonic() < give_up_at, f"{delivery.path} was not answered in {PATIENCE} s"
            time.sleep(0.05)

    def send(self, delivery: Delivery) -> Answer | None:
        """Make one attempt; None when the connection broke."""
        headers = {"Authorization": f"Token {self.load.key}", "Content-Type": "application/json"}
        if delivery.key is not None:
            headers["Idempotency-Key"] = delivery.key
        delivery.attempts += 1
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.load.service.port, timeout=PATIENCE
                )
            self.connection.request("POST", delivery.path, json.dumps(delivery.body), headers)
            response = self.connection.getresponse()
            answer = response.status, response.headers, json.loads(response.read())
        except (OSError, http.client.HTTPException):
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            return None
        self.load.statuses[answer[0]] += 1
        return answer


class SessionClient(Client):
    """Reports the sessions that held matches wait for."""

    def run(self) -> None:
        try:
            while (number := self.load.sessions.get()) is not None:
                report = {
                    "visitor_session_id": f"late-{number}",
                    "visitor_id": f"late-{number}",
                    "visitor_identity": f"late-{number}",
                    "started_at": "2026-02-05T11:00:00Z",
                    "rooms": self.load.rooms,
                }
                self.insist(Delivery(self.load.session_path, report, []))
        except Exception as error:
            self.load.errors.append(error)


def read_rows(answer: Answer, count: int) -> list[tuple[str | None, bool]]:
    """Of each match in an acknowledgement: its id, if it has one already, and whether it is held."""
    status, _, body = answer
    results = body.get("results", [{"match" if status == 200 else "pending_match": body}])
    assert len(results) == count
    rows: list[tuple[str | None, bool]] = []
    for result in results:
        if "match" in result:
            rows.append((result["match"]["id"], False))
        else:
            assert "pending_match" in result, result
            rows.append((result["pending_match"]["match_id"], True))
    return rows


class Load:
    """The clients of one service, and what they have been told. The service may be replaced meanwhile."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.began_at = datetime.now(UTC)  # what is older is the demo world's
        found = re.search(r"integrator's token +(\w+)", service.text)
        assert found, service.text
        self.key = found[1]
        organization = self.fetch("/api/v5/users/me")["organization_id"]
        base = f"/api/v5/orgs/{organization}"
        self.rooms = [room["id"] for room in self.fetch(f"{base}/rooms")["results"]]
        listed = re.search(r"goals +(\S+)", service.text)
        assert listed
        self.goal_id = listed[1]
        self.goal_path = f"{base}/goals/{self.goal_id}/matches"
        self.batch_path = f"{base}/matches/batch"
        self.session_path = f"{base}/visitor_sessions"
        self.sessions: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self.deliveries: list[Delivery] = []
        self.statuses: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.errors: list[Exception] = []
        self.is_over = threading.Event()
        self._numbers = itertools.count(1)

    def fetch(self, path: str) -> Any:
        client = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=PATIENCE)
        try:
            client.request("GET", path, headers={"Authorization": f"Token {self.key}"})
            return json.loads(client.getresponse().read())
        finally:
            client.close()

    def new_event(self, kind: str) -> Event:
        return Event(next(self._numbers), kind)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Inside the block the clients post; at its end everything with a name has been acknowledged."""
        clients = [Client(self, number) for number in range(CLIENTS)]
        reporter = SessionClient(self, CLIENTS)
        for client in [*clients, reporter]:
            client.start()
        try:
            yield
        finally:
            self.is_over.set()
            for client in clients:
                client.join(2 * PATIENCE)
            self.sessions.put(None)
            reporter.join(2 * PATIENCE)
        assert not any(client.is_alive() for client in [*clients, reporter])
        assert not self.errors, self.errors

    def acknowledged(self) -> int:
        return self.statuses[200] + self.statuses[202]

    def progress(self, requests: int = 60) -> None:
        """Return when that many more posts have been acknowledged."""
        wanted = self.acknowledged() + requests
        wait_until(lambda: self.errors or self.acknowledged() >= wanted, lambda: self.service.text[-4000:])
        assert not self.errors, self.errors

    # Faults.

    def kill_a_worker(self) -> None:
        before = self.service.workers()
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: set(self.service.workers()) - set(before))
        self.faults["worker"] += 1

    def kill_the_server(self) -> None:
        """Serve and its workers in one stroke; the database is left to whoever starts next."""
        self.service.kill()
        self.start_anew()
        self.faults["server"] += 1

    def kill_the_database(self) -> None:
        killed = postmaster(self.service.data)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: postmaster(self.service.data) not in {None, killed})
        self.faults["database"] += 1

    def upgrade(self) -> None:
        """Stop the service politely and start it again, as an upgrade does."""
        assert self.service.stop() == 0, self.service.text
        self.start_anew()
        self.faults["upgrade"] += 1

    def start_anew(self) -> None:
        self.service = Service(self.service.data, port=self.service.port)
        self.service.__enter__()

    # The books.

    def compare(self) -> Books:
        """Compare what was acknowledged with what the database holds; ask for much of it once more."""
        books = Books(faults=self.faults, statuses=self.statuses)
        before = self.written()
        for delivery in self.deliveries:
            books.retried += delivery.attempts > 1
            for event in delivery.events:
                ids = before.get(event.value, [])
                books.doubled += len(ids) > 1
                books.held += event.is_held
                if delivery.answer is None:
                    assert event.kind == "plain"
                    books.unanswered += 1
                    books.unanswered_written += bool(ids)
                    continue
                books.acknowledged += 1
                is_there = ids != [] if event.match_id is None else event.match_id in ids
                books.found += is_there
                books.lost += not is_there
        books.unsettled = self.unsettled()
        client = Client(self, 0)
        named = [delivery for delivery in self.deliveries if delivery.events[0].kind != "plain"]
        retried = [delivery for delivery in named if delivery.attempts > 1]
        for delivery in [*retried[-100:], *named[:: max(1, len(named) // 100)]]:
            books.replayed += 1
            books.replayed_wrongly += not self.is_replay(delivery, client.insist(delivery), before)
        books.replayed_wrongly += self.written() != before
        return books

    def is_replay(self, delivery: Delivery, answer: Answer, written: dict[Decimal, list[str]]) -> bool:
        _, headers, body = answer
        assert delivery.answer is not None
        if delivery.key is not None:
            return headers[REPLAYED] == "true" and body == delivery.answer[2]
        is_marked = (
            all(result.get("is_replay") for result in body["results"])
            if "results" in body
            else headers[REPLAYED] == "true"
        )
        rows = zip(delivery.events, read_rows(answer, len(delivery.events)), strict=True)
        return is_marked and all(written[event.value] == [match_id] for event, (match_id, _) in rows)

    def written(self) -> dict[Decimal, list[str]]:
        """The ids of the matches that the clients have made, by value."""
        with self.service.connect() as database:
            rows = database.execute(
                "SELECT goal_value, array_agg(id::text) FROM matching_externalmatch "
                "WHERE created_at > %s GROUP BY goal_value",
                [self.began_at],
            ).fetchall()
        return dict(rows)

    def unsettled(self) -> int:
        with self.service.connect() as database:
            row = database.execute(
                "SELECT count(*) FROM matching_pendingmatch WHERE status <> 'matched' AND created_at > %s",
                [self.began_at],
            ).fetchone()
        assert row
        return int(row[0])


@contextmanager
def loaded_service(folder: Path) -> Iterator[Load]:
    """A service with the demo world and clients that are ready to start; it is stopped whatever happened."""
    service = Service(folder, "--demo").__enter__()
    load = None
    try:
        load = Load(service)
        yield load
    finally:
        last = load.service if load else service
        if last.process.poll() is None:
            last.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill a loaded service again and again; compare the books.")
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: %(default)s)")
    arguments = parser.parse_args()
    with open_folder() as folder, loaded_service(folder) as load:
        until = time.monotonic() + arguments.seconds
        with load.running():
            faults = itertools.cycle(
                [load.kill_a_worker, load.kill_the_server, load.kill_the_database, load.upgrade]
            )
            while time.monotonic() < until:
                load.progress()
                next(faults)()
            load.progress()
        books = load.compare()
    print(books)
    if books.lost or books.doubled or books.unsettled or books.replayed_wrongly:
        sys.exit("The books do not agree.")


if __name__ == "__main__":
    main()
