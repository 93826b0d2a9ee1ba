from argparse import ArgumentParser
from typing import Any

from rest_framework.exceptions import APIException

from goals.provisioning.goal import ensure_goal
from goalsvc.api.bodies import decode
from goalsvc.orgs.provisioning.commands import CreateCommand, given
from goalsvc.orgs.provisioning.rows import FaultError, Outcome, organization_called


class Command(CreateCommand):
    help = "Make a goal of an organization, unless it has one of this name."

    def add_attributes(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--organization", metavar="NAME-OR-ID", required=True)
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--any-room", action="store_true", help="it can match in any room")
        where.add_argument(
            "--room",
            metavar="NAME",
            action="append",
            help="it can match in this room, named by domain, name or id; may be given several times",
        )
        parser.add_argument("--default-value", metavar="AMOUNT", help="of a match that brings none")
        parser.add_argument("--conditions", metavar="JSON", help="a list, as in the API")

    def ensure(self, *, update: bool, name: str, organization: str, **options: Any) -> Outcome:
        stated = given(
            name=name,
            is_any_room_allowed=True if options["any_room"] else False if options["room"] else None,
            allowed_rooms=options["room"],
            default_value=options["default_value"],
            conditions=read(options["conditions"]),
        )
        return ensure_goal(organization_called(organization), stated, may_change=update)


def read(text: str | None) -> Any:
    """Return what the JSON says. Raises: FaultError."""
    if text is None:
        return None
    try:
        return decode(text.encode(errors="replace"))
    except APIException as error:
        sentence = str(error.detail).replace("The request body", "The text")
        raise FaultError(sentence, "conditions") from None
