from argparse import ArgumentParser
from typing import Any

from goalsvc.orgs.provisioning.commands import CreateCommand, given
from goalsvc.orgs.provisioning.rows import Outcome, ensure_organization


class Command(CreateCommand):
    help = "Make an organization, unless there is one of this name."

    def add_attributes(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--subscription-expires-on",
            metavar="DATE",
            help="the last day of the subscription (UTC), such as 2027-12-31; without one API calls are "
            "answered 403",
        )

    def ensure(
        self, *, update: bool, name: str, subscription_expires_on: str | None, **options: Any
    ) -> Outcome:
        stated = given(name=name, subscription_expires_on=subscription_expires_on)
        return ensure_organization(stated, may_change=update)
