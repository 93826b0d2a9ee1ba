from argparse import ArgumentParser
from typing import Any

from goalsvc.orgs.provisioning.commands import CreateCommand, given
from goalsvc.orgs.provisioning.rows import Outcome, ensure_room, organization_called


class Command(CreateCommand):
    help = "Make a room of an organization, unless it has one of this domain, or else of this name."

    def add_attributes(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--organization", metavar="NAME-OR-ID", required=True)
        parser.add_argument("--domain", help="of a web shop, such as shop.example.com")
        parser.add_argument("--language-code", metavar="CODE", help="such as fi; without it en")

    def ensure(
        self,
        *,
        update: bool,
        name: str,
        organization: str,
        domain: str | None,
        language_code: str | None,
        **options: Any,
    ) -> Outcome:
        stated = given(name=name, domain=domain, language_code=language_code)
        return ensure_room(organization_called(organization), stated, may_change=update)
