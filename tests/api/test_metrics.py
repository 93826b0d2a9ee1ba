"""/metrics: what is counted, and that nobody but the holder of METRICS_TOKEN sees it."""

import json
import platform
import re
import tomllib
from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.utils import timezone
from prometheus_client import generate_latest
from psycopg_pool import PoolTimeout

from goalsvc.database.base import Pool
from goalsvc.orgs.models import ApiToken
from goalsvc.server import metrics
from matching.matches import metrics as matching_metrics
from matching.models import ImportRun, PendingMatch
from tests.api.endpoints import match_body
from tests.conftest import Client
from tests.factories import ImportRunFactory, PendingMatchFactory, issue_token
from tests.service.processes import ROOT, free_port

TOKEN = "a secret of Prometheus"
LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)


@pytest.fixture
def switched_on(settings):
    settings.METRICS_TOKEN = TOKEN
    settings.MIDDLEWARE = ["goalsvc.server.metrics.MetricsMiddleware", *configured.MIDDLEWARE]


def read_metrics() -> Counter[str]:
    """The samples, by name and labels as they are written."""
    response = Client().get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    samples = LINE.findall(response.content.decode())
    return Counter(
        {f"{name}{{{labels}}}" if labels else name: float(value) for name, labels, value in samples}
    )


def changes(before: Counter[str], name: str) -> dict[str, float]:
    now = read_metrics()
    return {key: now[key] - before[key] for key in now if key.startswith(name) and now[key] != before[key]}


def test_switched_off_there_is_no_such_address(as_nobody, as_manager):
    for client, extra in ((as_nobody, {}), (as_manager, {}), (as_nobody, {"HTTP_AUTHORIZATION": "Bearer "})):
        response = client.get("/metrics", **extra)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_prometheus_may_come_by_any_name_and_in_plain(switched_on, settings, db):
    settings.ALLOWED_HOSTS = ["goals.example.com"]
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = True
    for name in ("10.0.0.7:8000", "service", ""):
        answer = Client().get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}", HTTP_HOST=name)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Bearer x", f"Token {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe4", TOKEN]
)
def test_nobody_else_sees_it(sent, switched_on, as_nobody):
    response = as_nobody.get("/metrics", HTTP_AUTHORIZATION=sent)

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_no_api_token_is_any_good(switched_on, manager):
    for scheme in ("Token", "Bearer"):
        answer = Client().get("/metrics", HTTP_AUTHORIZATION=f"{scheme} {issue_token(manager)}")
        assert answer.status_code == 401


def test_requests_are_counted_by_route_method_and_status(switched_on, manager, org_url):
    client = Client(issue_token(manager))
    before = read_metrics()

    client.get(f"{org_url}/goals")
    client.get(f"{org_url}/goals/")
    client.get(f"{org_url}/goals?page_size=0")
    client.generic("BREW", f"{org_url}/goals")
    client.get("/nothing/here/4711")

    goals = "/api/v5/orgs/<str:organization_id>/goals"
    assert changes(before, "goalsvc_requests_total") == {
        f'goalsvc_requests_total{{method="GET",route="{goals}",status="200"}}': 2,
        f'goalsvc_requests_total{{method="GET",route="{goals}",status="400"}}': 1,
        f'goalsvc_requests_total{{method="other",route="{goals}",status="405"}}': 1,
        'goalsvc_requests_total{method="GET",route="none",status="404"}': 1,
        'goalsvc_requests_total{method="GET",route="/metrics",status="200"}': 1,
    }
    durations = changes(before, "goalsvc_request_duration_seconds_count")
    assert durations[f'goalsvc_request_duration_seconds_count{{method="GET",route="{goals}"}}'] == 3


def test_the_time_of_statements_is_counted_by_route(switched_on, manager, org_url):
    client = Client(issue_token(manager))
    before = read_metrics()
    client.get(f"{org_url}/goals")
    client.get("/healthz")

    [(sample, seconds)] = [
        each for each in changes(before, "goalsvc_database_seconds_total").items() if "/goals" in each[0]
    ]
    route = "/api/v5/orgs/<str:organization_id>/goals"
    assert sample == f'goalsvc_database_seconds_total{{method="GET",route="{route}"}}'
    taken = changes(before, "goalsvc_request_duration_seconds_sum")
    assert 0 < seconds < taken[f'goalsvc_request_duration_seconds_sum{{method="GET",route="{route}"}}']


def test_no_fact_of_a_tenant_is_in_the_metrics(switched_on, place, manager, organization):
    Client(issue_token(manager)).post(place.url("goal-match-list"), match_body(place))
    page = Client().get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").content.decode()

    assert "goalsvc_matches_total" in page
    for fact in (organization.id, organization.name, place.goal_id, manager.email, "customer-12345678"):
        assert str(fact) not in page


def test_matches_are_counted_by_verdict(switched_on, place, integrator):
    client = Client(issue_token(integrator))
    before = read_metrics()
    url, sale = place.url("goal-match-list"), match_body(place) | {"external_id": "receipt-1"}
    item = {"goal_id": str(place.goal_id), **match_body(place)}

    client.post(url, sale)
    client.post(url, sale)
    client.post(url, match_body(place) | {"visitor_identity": "nobody"})
    client.post(url, match_body(place) | {"visitor_identity": "nobody", "if_unmatched": "hold"})
    client.post(f"{url}?validate_only=true", match_body(place))
    client.send("POST", url, b"no JSON")
    client.post(place.url("match-batch"), {"matches": [item, item, {}]})
    for _ in range(2):
        client.post(url, match_body(place), HTTP_IDEMPOTENCY_KEY="order-77")

    def sample(verdict: str, code: str, source: str) -> str:
        return f'goalsvc_matches_total{{code="{code}",source="{source}",verdict="{verdict}"}}'

    assert changes(before, "goalsvc_matches_total") == {
        sample("created", "", "single"): 2,
        sample("replayed", "", "single"): 2,
        sample("pending", "", "single"): 1,
        sample("failed", "session_not_found", "single"): 1,
        sample("failed", "parse_error", "single"): 1,
        sample("created", "", "batch"): 2,
        sample("failed", "validation_error", "batch"): 1,
    }


def test_pending_matches_are_counted_when_asked(switched_on, organization, monkeypatch):
    assert read_metrics()["goalsvc_pending_matches"] == 0
    PendingMatchFactory.create_batch(3, organization=organization)
    assert read_metrics()["goalsvc_pending_matches"] == 3
    monkeypatch.setattr(matching_metrics, "MAX_COUNTED", 2)
    assert read_metrics()["goalsvc_pending_matches"] == 2


def test_since_when_the_oldest_is_held_is_told(switched_on, organization):
    assert "goalsvc_oldest_pending_match_seconds" not in read_metrics()
    oldest, _ = PendingMatchFactory.create_batch(2, organization=organization)
    assert read_metrics()["goalsvc_oldest_pending_match_seconds"] == oldest.created_at.timestamp()


def test_refusals_are_counted_by_their_code(switched_on, manager, integrator, org_url):
    client = Client(issue_token(manager))
    before = read_metrics()

    Client("x").get(f"{org_url}/goals")
    Client(issue_token(integrator)).post(f"{org_url}/goals", {})
    client.post(f"{org_url}/goals", {})
    client.get(f"{org_url}/goals?page_size=0")
    client.get(f"{org_url}/goals?misspelt=1")
    client.get("/nothing/here/4711")
    client.get(f"{org_url}/goals")

    def sample(status: int, code: str, route: str = "/api/v5/orgs/<str:organization_id>/goals") -> str:
        return f'goalsvc_errors_total{{code="{code}",route="{route}",status="{status}"}}'

    assert changes(before, "goalsvc_errors_total") == {
        sample(401, "invalid_token"): 1,
        sample(403, "settings_permission_required"): 1,
        sample(400, "validation_error"): 2,
        sample(400, "unknown_parameter"): 1,
        sample(404, "not_found", "none"): 1,
    }


def test_held_matches_that_expired_within_a_day_are_counted(switched_on, organization):
    now = timezone.now()
    held = PendingMatchFactory.create_batch(4, organization=organization)
    for match, since in zip(
        held, (timedelta(hours=1), timedelta(hours=23), timedelta(hours=25)), strict=False
    ):
        PendingMatch.objects.filter(pk=match.pk).update(status="expired", resolved_at=now - since)
    assert read_metrics()["goalsvc_expired_matches"] == 2


def test_imports_are_told_whoever_runs_them(switched_on, organization, stranger):
    finished = {"status": ImportRun.Status.FINISHED, "counts": {"created": 5, "failed": 2, "code x": 2}}
    running = {"status": ImportRun.Status.RUNNING, "rows_done": 40, "rows_total": 100}
    ImportRunFactory.create(organization=organization, **finished)
    ImportRunFactory.create(organization=organization, **finished, options={"format": "csv", "dry_run": True})
    ImportRunFactory.create(organization=organization, **running, counts={"created": 40})
    ImportRunFactory.create(
        organization=stranger.organization, **running, counts={"known": 40}, kind="sessions"
    )
    samples = read_metrics()

    assert {
        name: value for name, value in samples.items() if name.startswith("goalsvc_imported_rows_total")
    } == {
        'goalsvc_imported_rows_total{kind="matches",verdict="created"}': 45,
        'goalsvc_imported_rows_total{kind="matches",verdict="failed"}': 2,
        'goalsvc_imported_rows_total{kind="sessions",verdict="known"}': 40,
    }
    assert samples['goalsvc_import_rows{state="done"}'] == 80
    assert samples['goalsvc_import_rows{state="total"}'] == 200


def test_tokens_that_were_used_and_are_no_more_are_counted(switched_on, manager):
    now = timezone.now()
    day, week = timedelta(days=1), timedelta(days=7)
    for used, rest in (
        (now - 2 * day, {}),
        (now - 2 * day, {"expires_at": now + day}),
        (now - 2 * day, {"expires_at": now - day}),
        (now - 2 * day, {"revoked_at": now}),
        (now - day / 2, {}),
        (now - week - day, {}),
        (None, {}),
    ):
        issue_token(manager, last_used_at=used, **rest)
    assert ApiToken.objects.count() == 7
    assert read_metrics()["goalsvc_silent_tokens"] == 2


def test_the_versions_are_told(switched_on, db):
    samples = read_metrics()
    [build] = [name for name in samples if name.startswith("goalsvc_build_info")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f'version="{project["version"]}"' in build
    assert f'python="{platform.python_version()}"' in build
    version = connection.connection.info.server_version
    assert samples[f'goalsvc_postgresql_info{{version="{version // 10000}.{version % 10000}"}}'] == 1


def test_a_scrape_takes_nine_statements(switched_on, as_nobody, django_assert_num_queries):
    with django_assert_num_queries(9):
        as_nobody.get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")


def test_without_the_database_the_other_metrics_are_there(switched_on, db, monkeypatch):
    def unreachable(*args, **kwargs):
        raise OperationalError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", unreachable)
        samples = read_metrics()

    assert "goalsvc_pending_matches" not in samples
    assert any(name.startswith("goalsvc_build_info") for name in samples)
    assert any(name.startswith("goalsvc_requests_total") for name in read_metrics())


def test_the_connections_of_the_pool_are_told(switched_on, manager):
    Client(issue_token(manager)).get("/api/v5/users/me")
    samples = read_metrics()
    assert {name for name in samples if name.startswith("goalsvc_database_connections")} == {
        f'goalsvc_database_connections{{state="{state}"}}' for state in ("open", "idle", "waiting")
    }


def test_what_a_pool_could_not_give_is_counted(switched_on, db, monkeypatch):
    monkeypatch.setattr(metrics, "counted_before", {})
    nowhere = {"host": "127.0.0.1", "port": free_port(), "connect_timeout": 1}
    with Pool(kwargs=nowhere, min_size=0, max_size=1, timeout=0.5, reconnect_timeout=0) as pool:
        for _ in range(2):
            with pytest.raises(PoolTimeout):
                pool.getconn()
            metrics.count_since("replica", pool.get_stats())

    samples = read_metrics()
    assert samples['goalsvc_database_pool_timeouts_total{database="replica"}'] == 2
    assert samples['goalsvc_database_connections_failed_total{database="replica"}'] >= 2
    assert 1 <= samples['goalsvc_database_pool_wait_seconds_total{database="replica"}'] < 60


def test_switched_off_nothing_is_counted(place, integrator, settings):
    settings.METRICS_TOKEN = ""
    before = generate_latest(metrics.COUNTED)
    Client(issue_token(integrator)).post(place.url("goal-match-list"), match_body(place))
    assert generate_latest(metrics.COUNTED) == before
    assert "goalsvc.server.metrics.MetricsMiddleware" not in configured.MIDDLEWARE


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE"])
def test_another_method_is_405_in_json(method, switched_on, as_nobody):
    response = as_nobody.generic(method, "/metrics")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    assert json.loads(response.content)["code"] == "method_not_allowed"


def test_processes_that_count_apart_say_so_instead_of_a_part(switched_on, db):
    several = Client(None, **{"wsgi.multiprocess": True})
    answer = several.get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert answer.status_code == 503
    assert "PROMETHEUS_MULTIPROC_DIR" in answer.json()["detail"]


def test_a_folder_that_is_not_there_is_refused_at_the_start(switched_on, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/nowhere")
    with pytest.raises(ImproperlyConfigured, match="PROMETHEUS_MULTIPROC_DIR must name a folder"):
        metrics.share_as_told()
