"""PostgreSQL away, read-only or full: 503 and nothing else, and full service again by itself."""

import http.client
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.endpoints import ENDPOINTS, Endpoint, Place
from tests.service.processes import PATIENCE, Postgres, Service, open_folder, wait_until

CROWD = 200
WITHOUT_DATABASE = {"home", "healthz", "metrics", "schema", "docs"}
UNAVAILABLE = {
    "detail": "The database cannot be used right now. Try again shortly.",
    "code": "service_unavailable",
}
READS = [each for each in ENDPOINTS if each.method == "GET" and each.route not in WITHOUT_DATABASE]
WRITES = [each for each in ENDPOINTS if each.method != "GET"]


@dataclass
class Answered:
    status: int
    headers: http.client.HTTPMessage
    text: str
    seconds: float


class World:
    """The service on that PostgreSQL, with the demo world and one thing of each kind."""

    def __init__(self, service: Service, postgres: Any = None) -> None:
        self.service = service
        self.postgres = postgres
        key = re.search(r"manager's token +(\w+)", service.text)
        assert key
        self.key = key[1]
        [organization], rooms, [goal, *_] = (
            re.findall(rf"^  {name} +(.+)$", service.text, re.M)[0].split()
            for name in ("organization", "rooms", "goals")
        )
        self.place = Place(organization, rooms[0], goal, None, None, None)
        self.match = {
            "visitor_identity": "customer-12345678",
            "goal_matched_at": "2026-02-05T12:00:00Z",
            "rooms": rooms,
        }
        self.held = {**self.match, "visitor_identity": "customer-unheard-of", "if_unmatched": "hold"}
        url = self.place.url("goal-match-list")
        match = self.ask("POST", url, self.match)
        pending = self.ask("POST", url, self.held)
        [upload] = [each for each in ENDPOINTS if each.file and each.method == "POST"]
        started = self.call(upload)
        assert (match.status, pending.status, started.status) == (200, 202, 202)
        self.place = Place(
            organization,
            rooms[0],
            goal,
            json.loads(match.text)["id"],
            json.loads(pending.text)["id"],
            json.loads(started.text)["id"],
            visitor_session_id=json.loads(match.text)["visitor_session_id"],
        )

    def ask(self, method: str, url: str, body: Any = None, **headers: str) -> Answered:
        """Send a body: a file's bytes as they are, everything else as JSON."""
        client = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=PATIENCE)
        try:
            started = time.monotonic()
            client.request(
                method,
                url,
                body if body is None or isinstance(body, bytes) else json.dumps(body),
                {
                    "Authorization": f"Token {self.key}",
                    "Content-Type": "text/csv" if isinstance(body, bytes) else "application/json",
                    **headers,
                },
            )
            response = client.getresponse()
            text = response.read().decode()
            return Answered(response.status, response.headers, text, time.monotonic() - started)
        finally:
            client.close()

    def call(self, endpoint: Endpoint) -> Answered:
        body = endpoint.file(self.place) if endpoint.file else endpoint.body(self.place)
        return self.ask(endpoint.method, endpoint.url(self.place), body)

    def call_all(self, endpoints: list[Endpoint]) -> dict[str, Answered]:
        with ThreadPoolExecutor(len(endpoints)) as threads:
            answers = threads.map(self.call, endpoints)
            return {str(endpoint): answer for endpoint, answer in zip(endpoints, answers, strict=True)}

    def is_in_full_service(self, rounds: int = 1) -> bool:
        wanted = {str(endpoint): endpoint.succeeds for endpoint in READS}
        return all(
            {name: answer.status for name, answer in self.call_all(READS).items()} == wanted
            for _ in range(rounds)
        )

    def assert_full_service(self) -> None:
        """All works soon, with nobody's help, and from then on nothing fails any more."""
        wait_until(self.is_in_full_service, lambda: self.service.text[-4000:])
        assert self.is_in_full_service(rounds=3)
        assert self.ask("POST", self.place.url("goal-match-list"), self.match).status == 200


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_folder() as folder:
        postgres = Postgres(folder / "database")
        postgres.start()
        try:
            with Service(folder, "--demo", environment={"DATABASE_URL": postgres.url}) as service:
                yield World(service, postgres)
        finally:
            postgres.stop()


def assert_unavailable(answer: Answered, name: str) -> None:
    assert answer.status == 503, (name, answer)
    assert int(answer.headers["Retry-After"]) > 0, name
    assert answer.headers["Content-Type"] == "application/json", name
    if name != "GET-readyz":
        assert json.loads(answer.text) == UNAVAILABLE, name


def test_without_postgresql_each_endpoint_says_so_within_5_seconds_and_recovers_by_itself(world):
    world.assert_full_service()
    world.postgres.stop()
    for _ in range(2):  # with connections that just died, and without any
        answers = world.call_all(ENDPOINTS)
        for endpoint in ENDPOINTS:
            answer = answers[str(endpoint)]
            if endpoint.route in WITHOUT_DATABASE:
                assert answer.status == endpoint.succeeds, endpoint
            else:
                assert_unavailable(answer, str(endpoint))
        # All at once on a busy machine may take longer than each alone.
        slow = [endpoint for endpoint in ENDPOINTS if answers[str(endpoint)].seconds >= 5]
        assert [str(endpoint) for endpoint in slow if world.call(endpoint).seconds >= 5] == []
    assert json.loads(answers["GET-readyz"].text) == {
        "status": "unavailable",
        "checks": {"database": "unreachable", "migrations": "unknown"},
    }
    page = world.ask("GET", "/admin/", Cookie="sessionid=0123456789abcdef0123456789abcdef")
    assert (page.status, page.headers["Retry-After"]) == (503, "2")

    world.postgres.start()
    world.assert_full_service()


def test_a_crowd_without_postgresql_is_answered_as_soon_and_the_process_stays_alive(world):
    """More requests at once than the service has threads: they must not wait for each other in vain."""
    world.assert_full_service()
    world.postgres.stop()
    try:
        for _ in range(3):  # a busy machine may need another try
            with ThreadPoolExecutor(CROWD) as threads:
                crowd = [threads.submit(world.ask, "GET", "/api/v5/users/me") for _ in range(CROWD)]
                alive = world.ask("GET", "/healthz")
                answers = [request.result() for request in crowd]
            for answer in answers:
                assert_unavailable(answer, "GET-caller")
            assert alive.status == 200
            slowest = max(answer.seconds for answer in [*answers, alive])
            if slowest < 5:
                break
        assert slowest < 5
    finally:
        world.postgres.start()
    world.assert_full_service()


def test_a_read_only_database_is_503_and_writes_nothing(world):
    world.postgres.execute("ALTER DATABASE goalsvc SET default_transaction_read_only = on")
    world.postgres.end_connections()
    try:
        for name, answer in world.call_all(WRITES).items():
            assert_unavailable(answer, name)
        assert_unavailable(world.ask("POST", world.place.url("goal-match-list"), world.held), "hold")
        ready = world.ask("GET", "/readyz")
        assert (ready.status, json.loads(ready.text)["checks"]["database"]) == (503, "read-only")
    finally:
        # As after a switch to another server: the connections live on and stay read-only.
        world.postgres.execute("ALTER DATABASE goalsvc RESET default_transaction_read_only")
    time.sleep(int(ready.headers["Retry-After"]) + 0.1)
    assert world.is_in_full_service(rounds=3)  # and none waits in a pool for a request that it would fail
    world.assert_full_service()


def test_a_full_disk_is_503_and_writes_nothing(world):
    world.assert_full_service()
    tables = [
        "goals_goal", "matching_externalmatch", "matching_pendingmatch", "orgs_historyentry",
        "matching_visitoridentity", "matching_visitorsession", "matching_matchattempt",
    ]  # fmt: skip
    world.postgres.execute(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
        END $$
        """,
        *(
            f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
            for table in tables
        ),
    )
    try:
        # Others have nothing to write, as has the same file again; a cancellation finds place in its page.
        succeeding = [each for each in WRITES if each.succeeds < 400 and "import" not in each.route]
        for name, answer in world.call_all(succeeding).items():
            assert_unavailable(answer, name)
        for body in (
            world.held,
            {**world.match, "visitor_identity": "customer-unheard-of"},
        ):  # held, or an attempt kept
            assert_unavailable(world.ask("POST", world.place.url("goal-match-list"), body), str(body))
    finally:
        world.postgres.execute("DROP FUNCTION refuse CASCADE")
    world.assert_full_service()
