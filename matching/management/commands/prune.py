from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db.models import Model, QuerySet
from django.utils import timezone

from matching.models import IdempotencyKey, MatchAttempt, ReplayTally

CHUNK = 10_000


class Command(BaseCommand):
    help = (
        "Delete what has outlived its keep: answers to requests with an Idempotency-Key, rejected attempts "
        "and tallies of repetitions. In small steps that hold up nobody. Run it daily."
    )

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        attempts_since = now - timedelta(days=settings.MATCH_ATTEMPT_DAYS)
        keys_since = now - timedelta(hours=settings.IDEMPOTENCY_KEY_HOURS)
        keys = delete(IdempotencyKey.objects.filter(created_at__lt=keys_since))
        attempts = delete(MatchAttempt.objects.filter(created_at__lt=attempts_since))
        delete(ReplayTally.objects.filter(day__lt=attempts_since.date()))
        self.stdout.write(f"Deleted {keys} idempotency keys and {attempts} rejected attempts.")


def delete(rows: QuerySet[Any, Any]) -> int:
    """Delete rows in steps, each a transaction of its own; return how many they were."""
    model: type[Model] = rows.model
    total = 0
    while pks := list(rows.order_by().values_list("pk", flat=True)[:CHUNK]):
        total += model._default_manager.filter(pk__in=pks).delete()[0]
    return total
