import sys
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from goalsvc.orgs.models import Organization
from matching.matches.recording import settle
from matching.matches.retries import retried_on_collision
from matching.models import PendingMatch

CHUNK = 1000


@retried_on_collision
def resolve(organization: Organization, ids: list[UUID], *, at: datetime) -> tuple[int, int]:
    """Return how many of these pending matches are matched now, and how many have expired."""
    with transaction.atomic():
        pendings = organization.pending_matches.filter(id__in=ids)
        return settle(organization, pendings, at=at), pendings.expire(at)


class Command(BaseCommand):
    help = (
        "Try every held match again and let those that have waited too long expire. Arrivals settle held "
        "matches by themselves; this is for what changed otherwise, such as a goal's rooms. Run it daily."
    )

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        matched = expired = 0
        pendings = PendingMatch.objects.filter(status=PendingMatch.Status.PENDING)
        with tqdm(total=pendings.count(), unit=" held", file=sys.stderr, disable=None) as bar:
            for organization in Organization.objects.filter(pending_matches__in=pendings).distinct():
                still_pending = organization.pending_matches.filter(status=PendingMatch.Status.PENDING)
                in_order = still_pending.order_by("id").values_list("id", flat=True)
                ids = list(in_order[:CHUNK])
                while ids:
                    settled, given_up = resolve(organization, ids, at=now)
                    matched += settled
                    expired += given_up
                    bar.update(len(ids))
                    ids = list(in_order.filter(id__gt=ids[-1])[:CHUNK])
        still = PendingMatch.objects.open(now).count()
        self.stdout.write(f"{matched} matched, {expired} expired, {still} still held.")
