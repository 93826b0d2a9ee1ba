from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from goalsvc.orgs.provisioning.commands import CreateCommand, given
from goalsvc.orgs.provisioning.rows import Outcome, ensure_user, organization_called
from goalsvc.orgs.scopes import Scope

FLAGS = {
    "bot": "a program, not a person",
    "active": "may use a password and tokens, as is usual",
    "staff": "may log in to the admin",
    "operator": "operates the installation",
}


class Command(CreateCommand):
    help = "Make a user without a password, unless there is one of this e-mail address."

    def add_attributes(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--organization", metavar="NAME-OR-ID", help="only an operator may have none")
        parser.add_argument("--first-name", metavar="NAME")
        parser.add_argument("--last-name", metavar="NAME")
        parser.add_argument(
            "--scope", choices=Scope.values, action="append", help="may be given several times"
        )
        # Each also as --no-…; one that is left out is not changed.
        for name, meaning in FLAGS.items():
            parser.add_argument(f"--{name}", action=BooleanOptionalAction, help=meaning)

    def ensure(self, *, update: bool, email: str, organization: str | None, **options: Any) -> Outcome:
        stated = given(
            email=email,
            first_name=options["first_name"],
            last_name=options["last_name"],
            scopes=options["scope"],
            is_bot=options["bot"],
            is_active=options["active"],
            is_staff=options["staff"],
            is_superuser=options["operator"],
        )
        owner = None if organization is None else organization_called(organization)
        return ensure_user(owner, stated, may_change=update)
