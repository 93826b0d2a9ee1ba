"""What /metrics tells of the work in the background (goalsvc.server.metrics), the same from all workers."""

from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError
from django.db.models import Count
from procrastinate.contrib.django.models import ProcrastinateJob
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from goalsvc.server.metrics import LOOKED_UP
from matching.models import Chore, ImportRun


class Work(Collector):
    """Asks the database when Prometheus asks."""

    def collect(self) -> Iterator[Metric]:
        imports, failed, succeeded = self.families()
        try:
            counts = dict(ImportRun.objects.open().order_by().values_list("status").annotate(Count("pk")))
            for status in ImportRun.OPEN:
                imports.add_metric([status], counts.get(status, 0))
            failed.add_metric([], ProcrastinateJob.objects.filter(status="failed").count())
            for chore in Chore.objects.exclude(succeeded_at=None):
                assert chore.succeeded_at is not None
                succeeded.add_metric([chore.name], chore.succeeded_at.timestamp())
        except (DatabaseError, InterfaceError):
            return  # the other metrics are needed most when the database is away
        yield from (imports, failed, succeeded)

    def describe(self) -> Iterator[Metric]:
        """Say that there is something, without asking the database at the start."""
        yield from self.families()

    def families(self) -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
        return (
            GaugeMetricFamily("goalsvc_imports", "Uploaded files that wait or run.", labels=["status"]),
            GaugeMetricFamily("goalsvc_failed_jobs", "Jobs in the background that were given up."),
            GaugeMetricFamily(
                "goalsvc_chore_last_success_seconds",
                "When each daily chore last succeeded, in seconds since 1970.",
                labels=["chore"],
            ),
        )


LOOKED_UP.register(Work())
