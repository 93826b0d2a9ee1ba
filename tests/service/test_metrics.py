"""/metrics of a service of several workers: one count, whichever of them is asked, and after one has died."""

import errno
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from django.core.management.base import CommandError

from goalsvc.server import metrics
from tests.service.processes import Service, migrated_folder, open_folder, wait_until

TOKEN = "a secret of Prometheus"
PROMTOOL = shutil.which("promtool")
CONNECTIONS = re.compile(r'^goalsvc_database_connections\{state="(\w+)"\} (\S+)$', re.M)
STARTS = re.compile(r'^goalsvc_worker_starts_total\{worker="(\w+)"\} (\S+)$', re.M)
MEMORY = re.compile(r'^goalsvc_process_(\w+)_memory_bytes\{worker="(\w+)"\} (\S+)$', re.M)
ANSWERED = re.compile(r'^goalsvc_requests_total\{method="GET",route="/healthz",status="200"\} (\S+)$', re.M)


def read(service: Service) -> str:
    request = Request(
        f"http://127.0.0.1:{service.port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urlopen(request, timeout=15) as answer:
        return str(answer.read().decode())


def counted(service: Service) -> int:
    """The number of requests to /healthz, the same from each worker: so several ask."""
    numbers = set()
    for _ in range(10):
        found = ANSWERED.search(read(service))
        numbers.add(float(found[1]) if found else 0)
    [number] = numbers
    return int(number)


def test_all_workers_count_together_and_a_dead_ones_count_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    left = tmp_path / "goalsvc-metrics-left"
    left.mkdir()
    (left / "0.lock").touch()
    with migrated_folder() as folder:
        with Service(folder) as service:
            assert not left.exists()
            for _ in range(30):
                assert service.get("/healthz") == 200
            assert counted(service) == 30
            assert dict(STARTS.findall(read(service))) == {"1": "1.0", "2": "1.0"}

            killed = service.workers()
            for worker in killed:
                os.kill(worker, signal.SIGKILL)
            wait_until(lambda: len(set(service.workers()) - set(killed)) == 2)
            wait_until(lambda: service.answers("/readyz"))
            assert counted(service) == 30
            for _ in range(30):
                assert service.get("/healthz") == 200
            assert counted(service) == 60
            text = read(service)
            assert dict(STARTS.findall(text)) == {"1": "2.0", "2": "2.0"}
            bytes_of = {(kind, worker): float(count) for kind, worker, count in MEMORY.findall(text)}
            for number in ("0", "1", "2"):
                whole, part = bytes_of["resident", number], bytes_of["proportional", number]
                assert 1e6 < part < whole

            files = list(Path(tmp_path).glob("goalsvc-metrics-*/*.db"))
            # A worker that got no request has none; a new one goes on with a dead one's.
            assert {file.name.rpartition("_")[2] for file in files} <= {"1.db", "2.db"}
        assert list(tmp_path.iterdir()) == []


def test_a_request_that_is_over_holds_no_connection(monkeypatch):
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    with migrated_folder() as folder, Service(folder) as service:
        for _ in range(10):
            assert service.get("/api/v5/users/me", key="0" * 40) == 401
        text = read(service)
        counts = dict(CONNECTIONS.findall(text))
        waits = re.search(r'^goalsvc_database_pool_waits_total\{database="primary"\} (\S+)$', text, re.M)
    assert float(counts["open"]) >= 1
    assert counts["idle"] == counts["open"]
    assert waits
    assert float(waits[1]) >= 1  # the first request's, for a connection to be made


def test_without_a_folder_for_temporary_files_it_says_so(monkeypatch, settings):
    """As in a container with a read-only root and no /tmp."""
    settings.METRICS_TOKEN = TOKEN

    def refuse():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp', '/app']")

    monkeypatch.setattr(metrics, "gettempdir", refuse)
    with pytest.raises(CommandError, match=r"^METRICS_TOKEN takes a folder for temporary files"):
        metrics.shared().__enter__()


@pytest.mark.skipif(not PROMTOOL, reason="Debian's package prometheus is not installed")
def test_promtool_finds_nothing_wrong_with_them(monkeypatch):
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    with migrated_folder() as folder, Service(folder) as service:
        assert service.get("/healthz") == 200
        text = read(service)
    said = subprocess.run([str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize("token", ["short", " " * 20 + "x"])
def test_a_secret_that_is_too_short_is_refused_at_the_start(token, monkeypatch):
    monkeypatch.setenv("METRICS_TOKEN", token)
    with open_folder() as folder:
        service = Service(folder)
        assert service.process.wait(20) == 1
        wait_until(lambda: "METRICS_TOKEN must have at least 16 characters." in service.text)
