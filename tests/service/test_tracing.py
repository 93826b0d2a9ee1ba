"""Traces of a service and its worker, sent to a collector that the test is."""

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SpanExportResult

from goalsvc.server.tracing import Exporter, description_of
from tests.service.conftest import DemoWorld
from tests.service.processes import OWN, PATIENCE, ROOT, Service, free_port, migrated_folder, wait_until

CUSTOMER = "customer-of-nobody-4711"
MATCHES = "/api/v5/orgs/<str:organization_id>/goals/<str:goal_id>/matches"
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}  # in milliseconds; 5000 if nothing is said


class Span:
    def __init__(self, span: Any) -> None:
        self.name, self.kind, self.status = span.name, span.kind, span.status.code
        self.trace, self.id, self.parent = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
        self.attributes = {each.key: each.value for each in span.attributes}

    def said(self, name: str) -> Any:
        value = self.attributes[name]
        return getattr(value, value.WhichOneof("value"))


class Collector(ThreadingHTTPServer):
    """Takes what OTLP over HTTP sends."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Taker)
        self.bodies: list[bytes] = []
        self.addresses: set[str] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> list[Span]:
        sent = [ExportTraceServiceRequest.FromString(body) for body in list(self.bodies)]
        return [
            Span(span)
            for each in sent
            for resource in each.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def trace(self, trace_id: str, *, of: int) -> list[Span]:
        """The spans of a trace, once there are so many."""
        wait_until(lambda: len([span for span in self.spans() if span.trace == trace_id]) >= of)
        return [span for span in self.spans() if span.trace == trace_id]


class Taker(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.bodies.append(body)
        self.server.addresses.add(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class World(DemoWorld):
    """A service that sends its traces, and the collector that they come to."""

    def __init__(self, service: Service, collector: Collector) -> None:
        super().__init__(service)
        self.collector = collector
        self.count = 0

    def call(
        self, method: str, path: str, body: bytes | dict | None = None, **headers: str
    ) -> tuple[int, str]:
        """Call the API below the organization with a trace of its own; return the status and the trace."""
        self.count += 1
        trace = f"{self.count:032x}"
        request = Request(
            f"{self.url}/api/v5/orgs/{self.organization}{path}",
            json.dumps(body).encode() if isinstance(body, dict) else body,
            {
                "Authorization": f"Token {self.manager}",
                "Content-Type": "application/json",
                "traceparent": f"00-{trace}-00000000000000aa-01",
                "tracestate": f"shop={CUSTOMER}",
                **headers,
            },
            method=method,
        )
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, trace
        except HTTPError as error:
            return error.code, trace


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    collector = Collector()
    with ExitStack() as life:
        life.callback(collector.shutdown)
        folder = life.enter_context(migrated_folder())
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **SOON}
        service = life.enter_context(Service(folder, "--demo", environment=environment))
        yield World(service, collector)


def test_a_posted_match_is_a_span_with_its_statements(world):
    body = {
        "visitor_identity": CUSTOMER,
        "goal_matched_at": "2026-02-05T12:00:00Z",
        "rooms": world.rooms[:1],
        "external_id": "receipt-0815",
    }
    status, trace = world.call("POST", f"/goals/{world.goals[0]}/matches", body)
    assert status == 404
    request, *rest = sorted(
        world.collector.trace(trace, of=3), key=lambda span: span.parent != "00000000000000aa"
    )

    assert (request.name, request.parent, request.kind) == (f"POST {MATCHES}", "00000000000000aa", 2)
    assert request.said("http.route") == MATCHES
    assert request.said("http.request.method") == "POST"
    assert request.said("http.response.status_code") == 404
    assert request.said("goalsvc.code") == "session_not_found"
    assert request.status == 0  # the client's fault is none of ours
    assert {span.parent for span in rest} == {request.id}
    assert {span.said("db.system.name") for span in rest} == {"postgresql"}
    assert {"SELECT orgs_apitoken"} < {span.name for span in rest}
    texts = [span.said("db.query.text") for span in rest]
    assert any("matching_matchattempt" in text for text in texts)  # whose values are the customer's
    assert any("%(" in text for text in texts)  # the names of parameters
    [line] = [json.loads(line) for line in world.service.output if trace in line]
    assert (line["trace_id"], line["status"]) == (trace, 404)


def test_no_identity_is_sent_and_no_address(world):
    identity = {"visitor_identity": CUSTOMER, "visitor_id": f"{CUSTOMER}-laptop"}
    for _, trace in (
        world.call("GET", f"/visitor_identities?visitor_identity={CUSTOMER}"),
        world.call("GET", f"/goals/{CUSTOMER}"),
        world.call("POST", "/visitor_identities", identity),
    ):
        world.collector.trace(trace, of=2)  # either worker sends its own
    status, last = world.call("BREW", f"/{CUSTOMER}")
    assert status == 404
    [span] = world.collector.trace(last, of=1)
    assert (span.name, span.attributes.keys()) == (
        "_OTHER", {"http.request.method", "http.response.status_code", "goalsvc.code"}
    )  # fmt: skip
    sent = b"".join(world.collector.bodies)
    assert b"visitor_identities" in sent
    for secret in (CUSTOMER, "4711", world.manager, world.manager[:8], world.organization, "127.0.0.1"):
        assert secret.encode() not in sent


def test_spans_go_to_the_address_of_traces_as_goalsvc_and_none_of_probes(world):
    assert world.service.get("/readyz") == 200
    assert world.service.get("/healthz") == 200
    _, trace = world.call("GET", "/goals")
    world.collector.trace(trace, of=2)
    assert world.collector.addresses == {"/v1/traces"}
    assert not [span for span in world.collector.spans() if "z" in span.name.rpartition("/")[2]]
    first = ExportTraceServiceRequest.FromString(world.collector.bodies[0])
    resource = {each.key: each.value.string_value for each in first.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "goalsvc"


def test_who_asks_not_to_be_traced_is_not(world):
    status, _ = world.call("GET", "/goals", traceparent=f"00-{'b' * 32}-{'c' * 16}-00")
    _, trace = world.call("GET", "/goals")
    world.collector.trace(trace, of=2)
    assert status == 200
    assert "b" * 32 not in {span.trace for span in world.collector.spans()}
    assert "b" * 32 not in world.service.text


def test_a_job_of_the_worker_is_a_span_sent_before_it_ends(world):
    options = {"kind": "matches", "goal_id": world.goals[0], "filename": "sales.csv"}
    status, _ = world.call(
        "POST",
        f"/imports?{urlencode(options)}",
        b"visitor_identity,goal_matched_at,rooms\n",
        **{"Content-Type": "text/csv"},
    )
    assert status in {200, 201, 202}
    ran = subprocess.run(
        [sys.executable, "manage.py", "work", "--until-idle"],
        cwd=ROOT,
        env={
            **os.environ,
            **OWN,
            "GOALSVC_DATA": str(world.service.data),
            "OTEL_EXPORTER_OTLP_ENDPOINT": world.collector.url,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    [job] = [span for span in world.collector.spans() if span.name == "run_import"]
    below = [span for span in world.collector.spans() if span.parent == job.id]
    assert {span.trace for span in below} == {job.trace}
    assert "UPDATE matching_importrun" in {span.name for span in below}


def test_what_is_left_is_sent_when_the_service_stops():
    collector = Collector()
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "3600000"}
    with migrated_folder() as folder:
        with Service(folder, environment=environment) as service:
            assert service.get("/api/v5/users/me", key="0" * 40) == 401
            assert collector.bodies == []
        [request] = [span for span in collector.spans() if span.kind == 2]
        assert request.said("http.response.status_code") == 401
        collector.shutdown()


def test_that_the_collector_is_away_is_said_once_and_that_it_is_back(caplog):
    port = free_port()
    exporter = Exporter(endpoint=f"http://127.0.0.1:{port}/v1/traces", timeout=0.1)
    for _ in range(3):
        assert exporter.export([]) is SpanExportResult.FAILURE
    collector = Collector(port)
    for _ in range(2):
        assert exporter.export([]) is SpanExportResult.SUCCESS
    collector.shutdown()
    said = [record.message for record in caplog.records if record.name == "goalsvc.server.tracing"]
    assert [message.partition(":")[0] for message in said] == ["traces are lost", "traces are taken again"]


def test_without_a_collector_requests_are_answered():
    nowhere = f"http://127.0.0.1:{free_port()}"
    with (
        migrated_folder() as folder,
        Service(
            folder, "--workers", "1", environment={"OTEL_EXPORTER_OTLP_ENDPOINT": nowhere, **SOON}
        ) as service,
    ):
        for _ in range(30):
            assert service.get("/api/v5/users/me", key="0" * 40) == 401
        service.wait_for_line("traces are lost")
        for _ in range(30):
            assert service.get("/api/v5/users/me", key="0" * 40) == 401
    lines = [json.loads(line) for line in service.output if line.startswith("{")]
    about = [line["message"] for line in lines if line["message"] != "request" and line["level"] != "info"]
    assert about == ["traces are lost: what OTEL_EXPORTER_OTLP_ENDPOINT names does not take them"]


def test_without_the_variable_nothing_of_opentelemetry_is_loaded(tmp_path):
    program = "import sys, goalsvc.wsgi, matching.management.commands.work; print(*sys.modules)"
    environment = {**os.environ, "GOALSVC_DATA": str(tmp_path / "data")}

    def loaded(**more: str) -> bool:
        ran = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "goalsvc.api.requests" in ran.stdout
        return "opentelemetry" in ran.stdout

    assert not loaded()
    assert loaded(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")


def test_an_address_that_is_none_is_refused_at_the_start(tmp_path):
    ran = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env={
            **os.environ,
            "GOALSVC_DATA": str(tmp_path / "data"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 1
    assert re.fullmatch(r"OTEL_EXPORTER_OTLP_ENDPOINT must be the address of .*:4318\.\n", ran.stderr)


@pytest.mark.parametrize(
    ("sql", "name", "text"),
    [
        ('SELECT "a"."b" FROM "goals_goal" "a" WHERE x = %s', "SELECT goals_goal", None),
        ("UPDATE t SET name = 'O''Hara', age = 42", "UPDATE t", "UPDATE t SET name = ?, age = ?"),
        ("SELECT $a$it's$a$, 1.5, x1 FROM t", "SELECT t", "SELECT ?, ?, x1 FROM t"),
        ("WITH new AS (INSERT INTO t (a) VALUES (%(a)s)) SELECT a FROM new", "INSERT t", None),
        ("DELETE FROM ONLY t", "DELETE t", None),
        ("SAVEPOINT s12_x3", "SAVEPOINT", None),
        ("", "statement", None),
    ],
)  # fmt: skip
def test_a_statement_is_named_and_has_no_values(sql, name, text):
    found, attributes = description_of(sql)
    assert found == name
    assert attributes["db.query.text"] == (text or sql)
