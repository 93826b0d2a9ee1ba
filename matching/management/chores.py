"""What is to be done every day, and is, by the worker (`manage.py work`)."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

from django.core.management import call_command
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from matching.imports.uploads import forget_old
from matching.models import Chore

logger = logging.getLogger(__name__)

# Looked at every hour, so that no day is left out where no worker ran at some hour. A little less than a day,
# so that they do not come an hour later each day.
EVERY = timedelta(hours=23, minutes=30)
FAILED_JOBS_KEPT = timedelta(days=30)


def command(name: str) -> Callable[[], str]:
    """Return a function that runs a command and returns what it says."""

    def run() -> str:
        said = StringIO()
        call_command(name, stdout=said)
        return said.getvalue().strip()

    return run


def forget_uploads() -> str:
    counts = forget_old(at=timezone.now())
    found = ProcrastinateJob.objects.filter(
        status="failed", procrastinateevent__at__lt=timezone.now() - FAILED_JOBS_KEPT
    ).values_list("pk", flat=True)
    old = set(found)
    jobs = ProcrastinateJob.objects.filter(pk__in=old)
    jobs._raw_delete(jobs.db)  # its rows are read-only for Django
    counts["jobs that failed"] = len(old)
    return f"Deleted: {', '.join(f'{count} {name}' for name, count in counts.items())}."


CHORES: dict[str, Callable[[], str]] = {
    Chore.Name.PRUNE: command("prune"),
    Chore.Name.HELD_MATCHES: command("resolve_pending"),
    Chore.Name.UPLOADS: forget_uploads,
}


@app.periodic(cron="*/20 * * * *")
@app.task(name="do_chores", queueing_lock="do_chores", lock="do_chores")
def do_chores(timestamp: int) -> None:
    """Do each chore that was not done since a day; what fails is tried again by the next call."""
    for name in CHORES:
        do_if_due(name, at=timezone.now())


def do_if_due(name: str, *, at: datetime) -> None:
    """Do a chore unless it was done less than a day ago, and note how it went."""
    chore, _ = Chore.objects.get_or_create(name=name)
    if chore.succeeded_at is not None and chore.succeeded_at > at - EVERY:
        return
    rows = Chore.objects.filter(pk=name)
    rows.update(started_at=at, finished_at=None, error="")
    try:
        outcome = CHORES[name]()
    except Exception as error:
        logger.exception("a chore failed", extra={"fields": {"chore": name}})
        rows.update(finished_at=timezone.now(), error=type(error).__name__)
    else:
        now = timezone.now()
        rows.update(finished_at=now, succeeded_at=now, outcome=outcome)
