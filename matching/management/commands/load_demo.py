import json
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from goalsvc.orgs.models import Organization
from matching.management.demo.cast import ORGANIZATIONS, demo_id, load
from matching.management.demo.chronicle import analyze

REPORTED_DAYS = 30


class Command(BaseCommand):
    help = (
        "Load a demo world: organizations, users, rooms, goals, and ninety days of visitors and matches. Run "
        "again, it duplicates nothing and prints new tokens and a new password; the earlier ones stop "
        "working. On a later day it adds what has happened since."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        parser.add_argument(
            "--force", action="store_true", help="also on a database with organizations of its own"
        )

    def handle(self, *, force: bool, **options: Any) -> None:
        now = timezone.now()
        with transaction.atomic():
            # Two at once would otherwise both find nothing and both create everything.
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [demo_id("lock").int & (2**63 - 1)])
            own = Organization.objects.exclude(id__in=[demo_id(name) for name in ORGANIZATIONS])
            if own.exists() and not force:
                raise CommandError(
                    "This database has organizations of its own, so the demo world was not loaded. "
                    "Add --force to load it all the same."
                )
            world = load(now)
        analyze()
        self.stdout.write(json.dumps(world, default=str) if options["json"] else introduce(world, now))


def introduce(world: dict[str, Any], now: datetime) -> str:
    """Say to a person what there is and what to try first."""
    base = f"http://127.0.0.1:8000/api/v5/orgs/{world['organization_id']}"
    body = json.dumps(
        {
            "visitor_identity": world["visitor_identities"][0],
            "goal_matched_at": "2026-02-05T12:00:00Z",
            "goal_value": "123.45",
            "rooms": [str(room) for room in world["rooms"]],
        }
    )
    first_day = now.date() - timedelta(days=REPORTED_DAYS - 1)
    return f"""\
The demo world is loaded.

  organization        {world["organization_id"]}
  rooms               {"  ".join(map(str, world["rooms"]))}
  goals               {"  ".join(map(str, world["goals"]))}
  visitor identities  {"  ".join(world["visitor_identities"])}
  manager's token     {world["tokens"]["manager"]}
  integrator's token  {world["tokens"]["integrator"]}
  admin               {world["admin"]["email"]}  {world["admin"]["password"]}

Try:

  curl -H 'Authorization: Token {world["tokens"]["manager"]}' \\
    {base}/goals

  curl -H 'Authorization: Token {world["tokens"]["integrator"]}' -H 'Content-Type: application/json' \\
    -d '{body}' \\
    {base}/goals/{world["goals"][0]}/matches

Reports of the last {REPORTED_DAYS} days, also on the admin's first page:

  curl -H 'Authorization: Token {world["tokens"]["manager"]}' \\
    '{base}/reports/goals?start_date={first_day}&end_date={now.date()}'

  http://127.0.0.1:8000/api/v5/docs   http://127.0.0.1:8000/admin/"""
