"""What /metrics tells of the work in the background (goalsvc.server.metrics), the same from all workers."""

from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.db.models import BigIntegerField, Count, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from procrastinate.contrib.django.models import ProcrastinateJob
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from goalsvc.server.metrics import LOOKED_UP
from matching.matches.answers import Verdict
from matching.models import Chore, ImportRun


class Work(Collector):
    """Asks the database when Prometheus asks."""

    def collect(self) -> Iterator[Metric]:
        imports, progress, imported, failed, succeeded = self.families()
        try:
            counts = dict(ImportRun.objects.open().order_by().values_list("status").annotate(Count("pk")))
            for status in ImportRun.OPEN:
                imports.add_metric([status], counts.get(status, 0))
            rows = ImportRun.objects.running().aggregate(done=Sum("rows_done"), total=Sum("rows_total"))
            for state, count in rows.items():
                progress.add_metric([state], count or 0)
            for kind, verdict, count in imported_rows():
                imported.add_metric([kind, verdict], count)
            failed.add_metric([], ProcrastinateJob.objects.filter(status="failed").count())
            for chore in Chore.objects.exclude(succeeded_at=None):
                assert chore.succeeded_at is not None
                succeeded.add_metric([chore.name], chore.succeeded_at.timestamp())
        except (DatabaseError, InterfaceError):
            return  # the other metrics are needed most when the database is away
        yield from (imports, progress, imported, failed, succeeded)

    def describe(self) -> Iterator[Metric]:
        """Say that there is something, without asking the database at the start."""
        yield from self.families()

    def families(self) -> tuple[Any, ...]:
        return (
            GaugeMetricFamily("goalsvc_imports", "Files that wait or run.", labels=["status"]),
            GaugeMetricFamily(
                "goalsvc_import_rows", "Rows of the files that run: done, and in total.", labels=["state"]
            ),
            CounterMetricFamily(
                "goalsvc_imported_rows",
                "Rows of imported files, those of commands included, by what became of them.",
                labels=["kind", "verdict"],
            ),
            GaugeMetricFamily("goalsvc_failed_jobs", "Jobs in the background that were given up."),
            GaugeMetricFamily(
                "goalsvc_chore_last_success_seconds",
                "When each daily chore last succeeded, in seconds since 1970.",
                labels=["chore"],
            ),
        )


def imported_rows() -> Iterator[tuple[str, str, int]]:
    """Yield a kind of files, a verdict, and how many rows had it: each import keeps its own counts."""
    sums = {
        verdict.value: Sum(Cast(KeyTextTransform(verdict.value, "counts"), BigIntegerField()))
        for verdict in Verdict
    }
    written = ImportRun.objects.exclude(options__contains={"dry_run": True}).order_by()
    for kind, *counts in written.values("kind").annotate(**sums).values_list("kind", *sums):
        yield from ((kind, verdict, count) for verdict, count in zip(sums, counts, strict=True) if count)


LOOKED_UP.register(Work())
