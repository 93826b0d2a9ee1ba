"""docs/monitoring: Prometheus reads what is there, and the alerts fire when they should."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.service.pages import page
from tests.service.processes import (
    PATIENCE,
    ROOT,
    Service,
    free_port,
    migrated_folder,
    wait_until,
)

FOLDER = ROOT / "docs" / "monitoring"
ALERTS, DASHBOARD, CONFIGURATION = (
    FOLDER / name for name in ("alerts.yml", "dashboard.json", "prometheus.yml")
)
METRIC = re.compile(r"\bgoalsvc_\w+")
# Where there is nothing of the kind, the metric is missing.
SOMETIMES = {
    "goalsvc_chore_last_success_seconds",
    "goalsvc_oldest_pending_match_seconds",
    "goalsvc_replica_readable",
    "goalsvc_reads_total",
    "goalsvc_matches_total",
    "goalsvc_errors_total",
    "goalsvc_imported_rows_total",
    "goalsvc_database_pool_timeouts_total",
    "goalsvc_database_connections_failed_total",
}

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool")
needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="there is no prometheus")


def promtool(*arguments: str) -> None:
    ran = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@needs_promtool
def test_the_alerts_fire_when_they_should_and_not_before(tmp_path: Path) -> None:
    promtool("check", "rules", str(ALERTS))
    tested: set[str] = set()
    for name in ("alerts.test.yml", "slow_alerts.test.yml"):
        cases = Path(__file__).with_name(name).read_text()
        (tmp_path / name).write_text(cases.replace("ALERTS", str(ALERTS)))
        promtool("test", "rules", str(tmp_path / name))
        tested |= set(re.findall(r"alertname: (\w+)", cases))
    assert tested == set(re.findall(r"alert: (\w+)", ALERTS.read_text()))


def test_the_dashboard_shows_metrics_of_the_documentation() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    documented = {
        f"{name}{suffix}" for name in METRIC.findall(page("monitoring")) for suffix in ("", "_bucket", "_sum")
    }

    assert len({panel["id"] for panel in panels}) == len(panels) >= 10
    used = {name for panel in panels for each in panel["targets"] for name in METRIC.findall(each["expr"])}
    assert used | set(METRIC.findall(ALERTS.read_text())) <= documented


class Prometheus:
    """Inside the block Prometheus runs with the configuration of the documentation, for a service."""

    def __init__(self, folder: Path, service: Service, token: str) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        text = CONFIGURATION.read_text().replace("127.0.0.1:8000", f"127.0.0.1:{service.port}")
        (folder / "prometheus.yml").write_text(text.replace("15s", "1s"))
        (folder / "goalsvc.token").write_text(token)
        shutil.copy(ALERTS, folder)
        self.command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}"]
        self.command += [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={self.address}"]

    def __enter__(self) -> "Prometheus":
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.kill()  # it has nothing to keep
        self.process.wait(PATIENCE)

    def read(self, path: str) -> Any:
        with urlopen(f"http://{self.address}/api/v1/{path}", timeout=PATIENCE) as answer:
            return json.load(answer)["data"]

    def target(self) -> dict[str, Any]:
        """The service as Prometheus has seen it, once it has."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                [found] = self.read("targets")["activeTargets"]
            except (OSError, ValueError):
                found = {"health": "unknown"}
            if found["health"] != "unknown":
                return dict(found)
            time.sleep(0.1)
        raise AssertionError("Prometheus has not asked the service")


@needs_prometheus
def test_prometheus_reads_a_service_and_is_told_of_a_wrong_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "a secret of Prometheus")
    with migrated_folder() as folder, Service(folder) as service:
        right, wrong = tmp_path / "right", tmp_path / "wrong"
        right.mkdir()
        wrong.mkdir()
        with Prometheus(wrong, service, "another secret") as prometheus:
            target = prometheus.target()
        assert (target["health"], "401" in target["lastError"]) == ("down", True)

        with Prometheus(right, service, "a secret of Prometheus") as prometheus:
            target = prometheus.target()
            assert (target["health"], target["lastError"]) == ("up", "")
            [group] = prometheus.read("rules")["groups"]
            assert [rule["name"] for rule in group["rules"]] == re.findall(
                r"alert: (\w+)", ALERTS.read_text()
            )
            wait_until(
                lambda: "goalsvc_database_pool_wait_seconds_total" in prometheus.read("label/__name__/values")
            )
            names = set(prometheus.read("label/__name__/values"))
    used = set(METRIC.findall(ALERTS.read_text() + DASHBOARD.read_text()))
    assert used - SOMETIMES <= names
