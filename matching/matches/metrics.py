"""What is counted of matches; see goalsvc.server.metrics. Nothing happens where metrics are off."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from goalsvc.server.metrics import COUNTED, LOOKED_UP
from matching.matches.answers import RowAnswer, Verdict
from matching.models import PendingMatch

# Beyond this, pending matches are not counted on: the answer is "too many" either way.
MAX_COUNTED = 100_000

MATCHES = Counter(
    "goalsvc_matches",
    "Posted matches by verdict: created, replayed, pending or failed, the last with its code.",
    ["verdict", "code", "source"],
    registry=COUNTED,
)


def count_answers(answers: Iterable[RowAnswer[Any]], source: str) -> None:
    """Count the verdicts of a request, unless it was to be validated only."""
    if settings.METRICS_TOKEN:
        for answer in answers:
            MATCHES.labels(answer.verdict.value, answer.code or "", source).inc()


def count_stored_answer(matches: int, source: str) -> None:
    """Count the matches of a request that was answered as its Idempotency-Key's first."""
    if settings.METRICS_TOKEN:
        MATCHES.labels(Verdict.REPLAYED.value, "", source).inc(matches)


class PendingMatches(Collector):
    """Counts the pending matches when Prometheus asks; they are the same for all workers."""

    def collect(self) -> Iterator[Metric]:
        pendings = PendingMatch.objects.filter(status=PendingMatch.Status.PENDING).order_by()
        try:
            count = pendings.values("pk")[:MAX_COUNTED].count()
            oldest = pendings.order_by("id").values_list("created_at", flat=True).first()
        except (DatabaseError, InterfaceError):
            return  # the other metrics are needed most when the database is away
        counted, since = self.families()
        counted.add_metric([], count)
        if oldest is not None:
            since.add_metric([], oldest.timestamp())
        yield from (counted, since)

    def describe(self) -> Iterator[Metric]:
        """Say that there is something, without asking the database at the start."""
        yield from self.families()

    def families(self) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
        return (
            GaugeMetricFamily(
                "goalsvc_pending_matches", f"Matches held at present, counted up to {MAX_COUNTED}."
            ),
            GaugeMetricFamily(
                "goalsvc_oldest_pending_match_seconds",
                "When the oldest held match was posted, in seconds since 1970; missing where there is none.",
            ),
        )


LOOKED_UP.register(PendingMatches())
