"""What the commands share that make and change rows: all or nothing, one at a time, and what they say."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, IntegrityError, connection, transaction

from goalsvc.api.errors import TIMEOUTS, sqlstate_of, unavailability
from goalsvc.orgs.history import as_json
from goalsvc.orgs.provisioning.rows import FaultError, Outcome, called, shown
from goalsvc.replica.models import note_write

LOCK = 0x70726F766973696F  # any number that nobody else takes


def said_of(fault: FaultError) -> str:
    """Say where something is wrong, and what."""
    place = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in fault.path)
    return f"{place[1:]}: {fault.sentence}" if place else fault.sentence


@contextmanager
def all_or_nothing(*, is_trial: bool = False, say: Callable[[FaultError], str] = said_of) -> Iterator[None]:
    """Do the block in one transaction, while no other block of these runs.

    Two at once would both find a name free, and both take it.

    Args:
        is_trial: take everything back in the end.
        say: makes the sentence of a fault.
    Raises: CommandError, for whatever is wrong with what was stated or with the database.
    """
    is_done = False
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            yield
            transaction.set_rollback(is_trial)
            is_done = True
    except FaultError as fault:
        raise CommandError(say(fault)) from None
    except RecursionError:
        raise CommandError("It is nested too deep. Nothing was changed.") from None
    except Error as error:
        if (reason := reason_of(error)) is None:
            raise
        left = "Nothing was changed" if not is_done else "Either all or nothing was changed"
        raise CommandError(f"{reason} {left}: run the command again.") from error


def reason_of(error: Error) -> str | None:
    """Say what is the matter with the database; None for an error of ours, which keeps its traceback."""
    state = sqlstate_of(error)
    if isinstance(error, IntegrityError):
        return "Somebody else has just saved something that excludes this."
    if state in TIMEOUTS:
        return "Somebody else kept the rows too long."
    if unavailability(error):
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        return f"The database cannot be used: {first.rstrip('.')}."
    return None


def as_object(outcome: Outcome) -> dict[str, Any]:
    """Return what became of a row, for --json."""
    described = {
        "action": outcome.action or "unchanged",
        "kind": outcome.kind,
        "id": outcome.row.id,
        "name": outcome.name,
        "organization_id": outcome.organization_id,
        "changes": {name: [as_json(value) for value in pair] for name, pair in outcome.changes.items()},
    }
    return described | ({"key": outcome.key} if outcome.kind == "api_token" else {})


def line_of(outcome: Outcome) -> str:
    """Return what became of a row, for a person."""
    text = f"{outcome.action or 'unchanged'} {called(outcome.kind)} {outcome.name}"
    if outcome.action == "changed":
        pairs = [f"{name} {shown(old)} → {shown(new)}" for name, (old, new) in outcome.changes.items()]
        text = f"{text}: {', '.join(pairs)}"
    return text


def note_writes(outcomes: Iterable[Outcome]) -> None:
    """Note for the replica which organizations were written; call it once that is committed."""
    for organization_id in {each.organization_id for each in outcomes if each.action}:
        if organization_id:
            note_write(organization_id)


class CreateCommand(BaseCommand):
    """A command that makes one row, unless it is there."""

    has_update = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.add_attributes(parser)
        if self.has_update:
            parser.add_argument(
                "--update",
                action="store_true",
                help="change it if it is there and differs from this",
            )
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def add_attributes(self, parser: ArgumentParser) -> None:
        raise NotImplementedError

    def ensure(self, *args: Any, **options: Any) -> Outcome:
        """Make, find or change the row. Raises: FaultError."""
        raise NotImplementedError

    def handle(self, **options: Any) -> None:
        with all_or_nothing():
            outcome = self.ensure(**{"update": False, **options})
        note_writes([outcome])
        if options["json"]:
            self.stdout.write(json.dumps(as_object(outcome), default=str, ensure_ascii=False))
        else:
            self.tell(outcome)

    def tell(self, outcome: Outcome) -> None:
        self.stdout.write(f"{line_of(outcome)} (id {outcome.row.id})")


def given(**attributes: Any) -> dict[str, Any]:
    """Return the attributes that the command line names."""
    return {name: value for name, value in attributes.items() if value is not None}
