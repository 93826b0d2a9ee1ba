from collections import defaultdict
from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.db.models import QuerySet
from django.utils import timezone

from goalsvc.orgs.keys import OrganizationModel
from goalsvc.orgs.models import RateWindow
from matching.models import IdempotencyKey, MatchAttempt, ReplayTally

CHUNK = 10_000

# The longest period of RATE_LIMIT: a window that began before counts for nothing.
LONGEST_PERIOD = timedelta(days=1)


class Command(BaseCommand):
    help = (
        "Delete what has outlived its keep: answers to requests with an Idempotency-Key, rejected attempts, "
        "tallies of repetitions, failed logins, ended sessions of the admin, and counts of rate limits. In "
        "small steps that hold up nobody. Run it daily."
    )

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        attempts_since = now - timedelta(days=settings.MATCH_ATTEMPT_DAYS)
        keys_since = now - timedelta(hours=settings.IDEMPOTENCY_KEY_HOURS)
        logins_since = now - settings.AXES_COOLOFF_TIME
        outlived: dict[str, list[QuerySet[Any]]] = {
            "idempotency keys": [IdempotencyKey.objects.filter(created_at__lt=keys_since)],
            "rejected attempts": [MatchAttempt.objects.filter(created_at__lt=attempts_since)],
            "tallies of repetitions": [ReplayTally.objects.filter(day__lt=attempts_since.date())],
            "failed logins": [
                model._default_manager.filter(attempt_time__lt=logins_since)
                for model in (AccessAttempt, AccessFailureLog, AccessLog)
            ],
            "sessions of the admin": [Session.objects.filter(expire_date__lt=now)],
            "counts of rate limits": [RateWindow.objects.filter(started_at__lt=now - LONGEST_PERIOD)],
        }
        counts = [f"{sum(map(delete, rows))} {name}" for name, rows in outlived.items()]
        self.stdout.write(f"Deleted: {', '.join(counts)}.")


def delete(rows: QuerySet[Any]) -> int:
    """Delete rows in steps, each a transaction of its own; return how many they were.

    A step is of one organization, where rows belong to organizations: it finds them by the primary key.
    """
    owner = "organization_id" if issubclass(rows.model, OrganizationModel) else None
    total = 0
    while found := list(rows.order_by().values_list("pk", owner or "pk")[:CHUNK]):
        steps = defaultdict(list)
        for pk, owner_id in found:
            steps[owner_id if owner else None].append(pk)
        for owner_id, pks in steps.items():
            own = rows.filter(**{owner: owner_id}) if owner else rows
            # The condition once more: a row may have been renewed meanwhile.
            total += own.filter(pk__in=pks).delete()[0]
    return total
