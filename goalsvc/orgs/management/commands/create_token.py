from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import ApiToken, HistoryEntry, User


class Command(BaseCommand):
    help = "Make an API token for a user and print its key, once: it can never be read again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="the user's e-mail address")
        parser.add_argument("--description", required=True, help="what will use the token")

    def handle(self, *, email: str, description: str, **options: Any) -> None:
        description = description.strip()
        if not 1 <= len(description) <= 255:
            raise CommandError("The description must have 1 to 255 characters.")
        try:
            user = User.objects.get_by_natural_key(email)
        except User.DoesNotExist:
            raise CommandError(f"There is no user with the e-mail address {email}.") from None
        if reason := user.why_no_token:
            raise CommandError(reason)
        with transaction.atomic():
            token, key = ApiToken.objects.issue(user, description)
            HistoryEntry.objects.record(
                user.organization_id,
                Kind.API_TOKEN,
                token.id,
                Action.CREATED,
                {"user_id": [None, user.id], "description": [None, description]},
                by=None,
                at=timezone.now(),
                label=description,
            )
        self.stdout.write(key)
