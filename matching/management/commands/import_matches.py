from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError

from goalsvc.api.fields import parse_uuid
from matching.imports.columns import MATCH_COLUMNS
from matching.management.import_command import ImportCommand
from matching.management.naming import organization_named
from matching.matches.posting import post_matches
from matching.matches.recording import MatchAnswer
from matching.models import ImportRun, MatchAttempt


class Command(ImportCommand):
    help = (
        "Import external goal matches from a CSV or NDJSON file of any size. Every row gets the verdict that "
        "the API would give; failed rows go, with their reasons, to a results file that can be mended and "
        "imported again. Interrupted, the same command goes on where it stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--goal", metavar="ID", help="the goal of rows that name none in goal_id")
        parser.add_argument(
            "--hold", action="store_true", help="keep matches that come too early, instead of failing them"
        )

    def handle(self, *, organization: str, goal: str | None, hold: bool, **options: Any) -> None:
        owner = organization_named(organization)
        columns, defaults = MATCH_COLUMNS, {}
        if goal is None:
            columns = replace(MATCH_COLUMNS, required=MATCH_COLUMNS.required | {"goal_id"})
        else:
            goal_id = parse_uuid(goal)
            if goal_id is None or not owner.goals.live().filter(id=goal_id).exists():
                raise CommandError(f"The organization has no goal {goal}.")
            goal = defaults["goal_id"] = str(goal_id)
        if hold:
            defaults["if_unmatched"] = "hold"

        def record(items: Sequence[Any], *, at: datetime, validate_only: bool) -> list[MatchAnswer]:
            return post_matches(
                owner,
                [{**defaults, **item} if isinstance(item, dict) else item for item in items],
                by=None,
                at=at,
                source=MatchAttempt.Source.IMPORT,
                validate_only=validate_only,
            )

        meaning = {"goal": goal, "hold": hold}
        self.import_file(ImportRun.Kind.MATCHES, owner, columns, record, meaning=meaning, **options)
