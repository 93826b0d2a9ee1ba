from argparse import ArgumentParser
from typing import Any

from goalsvc.orgs.provisioning.commands import CreateCommand
from goalsvc.orgs.provisioning.rows import FaultError, Outcome, ensure_token, user_called


class Command(CreateCommand):
    help = (
        "Make an API token for a user and print its key, once: it can never be read again. Where the user "
        "has a token of this description that works, none is made."
    )
    has_update = False

    def add_attributes(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="the user's e-mail address")
        parser.add_argument("--description", required=True, help="what will use the token")

    def ensure(self, *, update: bool, email: str, description: str, **options: Any) -> Outcome:
        user = user_called(email)
        if user is None:
            raise FaultError(f"There is no user with the e-mail address {email}.")
        return ensure_token(user, description)

    def tell(self, outcome: Outcome) -> None:
        if outcome.key is not None:
            self.stdout.write(outcome.key)
            return
        # Not on stdout, where a script looks for a key.
        self.stderr.write(
            "The user has a token of this description already, whose key cannot be read again: nothing was "
            "made. Another description makes another token."
        )
