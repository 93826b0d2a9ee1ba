import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from goals.provisioning.apply import Application
from goals.provisioning.file import read_file
from goalsvc.orgs.history import Action
from goalsvc.orgs.provisioning.commands import all_or_nothing, as_object, line_of, note_writes
from goalsvc.orgs.provisioning.rows import FaultError, Outcome, called

NAMED = 20  # of each kind that is there and not stated, in words


class Command(BaseCommand):
    help = (
        "Make organizations, rooms, users, goals and API tokens as a TOML file states them, and change those "
        "that differ: all of it or nothing. Nothing is deleted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="“-”: read from standard input")
        parser.add_argument(
            "--dry-run", "--check", action="store_true", help="only say what would be changed"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *, file: str, dry_run: bool, **options: Any) -> None:
        try:
            stated = read_file(file)
        except FaultError as fault:
            raise CommandError(f"{fault} Nothing was changed.") from None
        application = Application()
        with all_or_nothing(is_trial=dry_run, say=stated.locate):
            application.apply(stated.content)
            rest = list(application.not_stated())
        if not dry_run:
            note_writes(application.outcomes)
        if options["json"]:
            self.stdout.write(json.dumps(answer(application, rest, dry_run), default=str, ensure_ascii=False))
        else:
            self.tell(application, rest, dry_run)

    def tell(self, application: Application, rest: list[Any], is_trial: bool) -> None:
        """Say what was changed, a line each, then what is as it was and what was not stated."""
        changed = [each for each in application.outcomes if each.action]
        for each in changed:
            key = f": key {each.key}" if each.key and not is_trial else ""
            self.stdout.write(f"{line_of(each)}{key}")
        named: Counter[str] = Counter()
        for kind, _, name, _ in rest:
            named[kind.label] += 1
            if named[kind.label] <= NAMED:
                self.stdout.write(f"not stated {called(kind)} {name}")
        counts = Counter(each.action or "unchanged" for each in application.outcomes)
        figures = [f"{counts[word]} {word}" for word in (Action.CREATED, Action.CHANGED, "unchanged")]
        trial = " A dry run: nothing was changed." if is_trial else ""
        self.stdout.write(f"{', '.join(figures)}, {len(rest)} not stated.{trial}")


def answer(application: Application, rest: list[Any], is_trial: bool) -> dict[str, Any]:
    """Return what is printed with --json. A dry run has no ids and keys of what it did not make."""
    outcomes = application.outcomes
    unmade = {each.row.id for each in outcomes if is_trial and each.action == Action.CREATED}
    names = ("kind", "id", "name", "organization_id")
    return {
        "changed": any(each.action for each in outcomes),
        "dry_run": is_trial,
        "rows": [hidden(each, unmade) for each in outcomes],
        "not_stated": [dict(zip(names, each, strict=True)) for each in rest],
    }


def hidden(outcome: Outcome, unmade: set[Any]) -> dict[str, Any]:
    """Return what became of a row, without what is made anew by each run."""
    described = as_object(outcome)
    for name in ("id", "organization_id"):
        if described[name] in unmade:
            described[name] = None
    if outcome.row.id in unmade and "key" in described:
        described["key"] = None
    return described
