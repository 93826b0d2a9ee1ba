"""What is counted of matches; see goalsvc.server.metrics. Nothing happens where metrics are off."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import timezone
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
            expired = count_expired(timezone.now())
        except (DatabaseError, InterfaceError):
            return  # the other metrics are needed most when the database is away
        counted, since, given_up = self.families()
        counted.add_metric([], count)
        if oldest is not None:
            since.add_metric([], oldest.timestamp())
        given_up.add_metric([], expired)
        yield from (counted, since, given_up)

    def describe(self) -> Iterator[Metric]:
        """Say that there is something, without asking the database at the start."""
        yield from self.families()

    def families(self) -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
        return (
            GaugeMetricFamily(
                "goalsvc_pending_matches", f"Matches held at present, counted up to {MAX_COUNTED}."
            ),
            GaugeMetricFamily(
                "goalsvc_oldest_pending_match_seconds",
                "When the oldest held match was posted, in seconds since 1970; missing where there is none.",
            ),
            GaugeMetricFamily(
                "goalsvc_expired_matches",
                f"Held matches that expired in the last 24 hours, counted up to {MAX_COUNTED}.",
            ),
        )


def count_expired(at: datetime) -> int:
    """Count the pending matches that expired in the 24 hours before `at`.

    Of those that ever did only the latest are looked at, by their ids, which begin with the moment of making:
    none waits longer than PENDING_MATCH_DAYS, and a week more if no worker has run.
    """
    oldest = at - timedelta(days=settings.PENDING_MATCH_DAYS + 7)
    expired = PendingMatch.objects.filter(
        status=PendingMatch.Status.EXPIRED,
        id__gte=UUID(int=int(oldest.timestamp() * 1000) << 80),
        resolved_at__gt=at - timedelta(days=1),
    )
    return expired.order_by().values("pk")[:MAX_COUNTED].count()


LOOKED_UP.register(PendingMatches())
