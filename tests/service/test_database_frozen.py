"""PostgreSQL stopped in its tracks: it neither answers nor ends its connections."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.endpoints import ENDPOINTS
from tests.service.processes import Postgres, Service, open_folder
from tests.service.test_database_faults import WITHOUT_DATABASE, World

STATEMENT_TIMEOUT = 2  # seconds
# Of what the service promises: a busy machine adds to it.
WITHIN, READY_WITHIN, SLACK = STATEMENT_TIMEOUT + 5, 5, 3


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_folder() as folder:
        postgres = Postgres(folder / "database")
        postgres.start()
        environment = {
            "DATABASE_URL": postgres.url,
            "DATABASE_STATEMENT_TIMEOUT_MS": str(STATEMENT_TIMEOUT * 1000),
        }
        try:
            with Service(folder, "--demo", environment=environment) as service:
                yield World(service, postgres)
        finally:
            postgres.stop()


def test_each_request_is_given_up_in_time_and_all_is_well_when_the_database_goes_on(world):
    world.assert_full_service()
    with world.postgres.frozen():
        answers = world.call_all(ENDPOINTS)
        codes = set()
        for endpoint in ENDPOINTS:
            answer = answers[str(endpoint)]
            if endpoint.route in WITHOUT_DATABASE:
                assert answer.status == endpoint.succeeds, endpoint
                continue
            assert answer.status == 503, (endpoint, answer)
            assert int(answer.headers["Retry-After"]) > 0
            if endpoint.route != "readyz":
                codes.add(json.loads(answer.text)["code"])
            assert answer.seconds < WITHIN + SLACK, endpoint
        # Those that had no connection waited for one, and not for an answer.
        assert {"timeout"} <= codes <= {"timeout", "service_unavailable"}
    world.assert_full_service()


def test_a_probe_is_told_sooner(world):
    world.assert_full_service()
    with world.postgres.frozen():
        answer = world.ask("GET", "/readyz")
        assert (answer.status, json.loads(answer.text)["checks"]["database"]) == (503, "unreachable")
        assert answer.seconds < READY_WITHIN + SLACK
    world.assert_full_service()


def test_once_it_is_known_nobody_waits_any_more(world):
    world.assert_full_service()
    with world.postgres.frozen():
        until = time.monotonic() + 60
        while world.ask("GET", "/api/v5/users/me").seconds > 1:  # of each worker
            assert time.monotonic() < until
        with ThreadPoolExecutor(100) as threads:
            crowd = list(threads.map(lambda _: world.ask("GET", "/api/v5/users/me"), range(100)))
        assert {answer.status for answer in crowd} == {503}
        assert world.ask("GET", "/healthz").status == 200
    world.assert_full_service()
