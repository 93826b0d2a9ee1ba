from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.models import Organization
from matching.imports.columns import MATCH_COLUMNS, Columns
from matching.management.import_command import ImportCommand
from matching.matches.answers import RowAnswer
from matching.matches.posting import post_matches
from matching.models import ImportRun, MatchAttempt


class Command(ImportCommand):
    help = (
        "Import external goal matches from a CSV or NDJSON file of any size. Every row gets the verdict that "
        "the API would give; failed rows go, with their reasons, to a results file that can be mended and "
        "imported again. Interrupted, the same command goes on where it stopped."
    )
    kind = ImportRun.Kind.MATCHES

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--goal", metavar="ID", help="the goal of rows that name none in goal_id")
        parser.add_argument(
            "--hold", action="store_true", help="keep matches that come too early, instead of failing them"
        )

    def read_options(self, organization: Organization, options: dict[str, Any]) -> dict[str, Any]:
        goal = options["goal"]
        if goal is not None:
            goal_id = parse_uuid(goal)
            if goal_id is None or not organization.goals.live().filter(id=goal_id).exists():
                raise CommandError(f"The organization has no goal {goal}.")
            goal = str(goal_id)
        return {"goal": goal, "hold": options["hold"]}

    def columns(self, options: dict[str, Any]) -> Columns:
        if options["goal"] is not None:
            return MATCH_COLUMNS
        return replace(MATCH_COLUMNS, required=MATCH_COLUMNS.required | {"goal_id"})

    def record(
        self,
        organization: Organization,
        items: Sequence[Any],
        at: datetime,
        options: dict[str, Any],
        validate_only: bool,
    ) -> Sequence[RowAnswer[Any]]:
        defaults = {}
        if options["goal"] is not None:
            defaults["goal_id"] = options["goal"]
        if options["hold"]:
            defaults["if_unmatched"] = "hold"
        return post_matches(
            organization,
            [{**defaults, **item} if isinstance(item, dict) else item for item in items],
            by=None,
            at=at,
            source=MatchAttempt.Source.IMPORT,
            validate_only=validate_only,
        )
