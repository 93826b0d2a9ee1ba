"""What /metrics tells of processes, versions and tokens, looked up when it is asked."""

import os
import platform
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import django
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q
from django.utils import timezone
from prometheus_client import ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from goalsvc.orgs.models import ApiToken

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"  # where the workers' files are, once they share them


def processes() -> Iterator[tuple[str, int]]:
    """Yield the number and the process id of each process that shares these metrics."""
    directory = os.environ.get(DIRECTORY)
    if not directory:
        yield "0", os.getpid()
        return
    for path in sorted(Path(directory).glob("*.lock")):
        with suppress(OSError, ValueError):
            yield path.stem, int(path.read_text())


class Processes(Collector):
    """Tells what the processes of a `serve` use; prometheus_client's own collector knows one alone."""

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        proportional = GaugeMetricFamily(
            "goalsvc_process_proportional_memory_bytes",
            "Memory of its own, and its part of what it shares with the others (Pss).",
            labels=["worker"],
        )
        for number, pid in processes():
            for found in ProcessCollector("goalsvc", partial(int, pid), registry=None).collect():
                family = families.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                for sample in found.samples:
                    family.add_sample(sample.name, {"worker": number}, sample.value)
            with suppress(OSError):
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                if pss := re.search(r"^Pss:\s+(\d+) kB", rollup, re.M):
                    proportional.add_metric([number], int(pss[1]) * 1024)
        yield from (*families.values(), proportional)

    def describe(self) -> Iterator[Metric]:
        return iter(())


class Versions(Collector):
    """Tells what runs: an upgrade that was left half done shows."""

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "goalsvc_build_info", "1, with the versions that run.", labels=["version", "python", "django"]
        )
        build.add_metric([settings.VERSION, platform.python_version(), django.__version__], 1)
        yield build
        server = GaugeMetricFamily(
            "goalsvc_postgresql_info", "1, with the version of the database.", labels=["version"]
        )
        with suppress(DatabaseError, InterfaceError):  # while it is away
            connection.ensure_connection()
            number = connection.connection.info.server_version
            server.add_metric([f"{number // 10000}.{number % 10000}"], 1)
        yield server

    def describe(self) -> Iterator[Metric]:
        return iter(())


class SilentTokens(Collector):
    """Counts the tokens whose programs may have stopped; which they are, the admin alone says."""

    def collect(self) -> Iterator[Metric]:
        [family] = self.describe()
        now = timezone.now()
        silent = ApiToken.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            revoked_at=None,
            last_used_at__range=(now - timedelta(days=7), now - timedelta(days=1)),
        )
        with suppress(DatabaseError, InterfaceError):
            family.add_metric([], silent.count())
        yield family

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(
            "goalsvc_silent_tokens", "API tokens that were used within 7 days, but not within 24 hours."
        )
