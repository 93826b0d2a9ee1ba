import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from tqdm import tqdm

from goalsvc.orgs.models import Organization
from matching.management.naming import organization_named
from matching.privacy.retention import count_prunable, prune_sessions, prune_visitors


def days(text: str) -> timedelta:
    """Read an age such as `400d`."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})d", text, re.ASCII)
    if found is None:
        raise ArgumentTypeError(f"must be a number of days such as 400d, not {text!r}")
    return timedelta(days=int(found[1]))


class Command(BaseCommand):
    help = (
        "Delete sessions that ended long ago and have no match. Sessions of matches stay. In short steps "
        "that hold up nobody; it may be interrupted at any time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--older-than", metavar="DAYS", type=days, required=True, help="such as 400d")
        parser.add_argument("--organization", metavar="ID", help="without it, of all organizations")
        parser.add_argument(
            "--visitors",
            action="store_true",
            help="delete also visitors as old as that who have neither a session nor an identity",
        )
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *, older_than: timedelta, organization: str | None, **options: Any) -> None:
        visitors, dry_run = options["visitors"], options["dry_run"]
        before = timezone.now() - older_than
        owners = [organization_named(organization)] if organization else list(Organization.objects.all())
        session_count = visitor_count = 0
        with tqdm(unit=" rows", unit_scale=True, file=sys.stderr) as bar:
            for owner in owners:
                if dry_run:
                    sessions, unused = count_prunable(owner, before=before)
                    bar.update(sessions)
                else:
                    sessions = prune_sessions(owner, before=before, progress=bar.update)
                    unused = prune_visitors(owner, before=before, progress=bar.update) if visitors else 0
                session_count += sessions
                visitor_count += unused if visitors else 0
        verb = "To delete" if dry_run else "Deleted"
        text = f"{verb}: {session_count} sessions"
        self.stdout.write(f"{text} and {visitor_count} visitors." if visitors else f"{text}.")
