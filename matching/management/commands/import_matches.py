from argparse import ArgumentParser
from typing import Any

from matching.management.import_command import ImportCommand
from matching.management.naming import organization_named
from matching.models import ImportRun


class Command(ImportCommand):
    help = (
        "Import external goal matches from a CSV or NDJSON file of any size. Every row gets the verdict that "
        "the API would give; failed rows go, with their reasons, to a results file that can be mended and "
        "imported again. Interrupted, the same command goes on where it stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--goal", metavar="ID", dest="goal_id", help="the goal of rows that name none in goal_id"
        )
        parser.add_argument(
            "--hold", action="store_true", help="keep matches that come too early, instead of failing them"
        )

    def handle(self, *, organization: str, **options: Any) -> None:
        self.import_file(ImportRun.Kind.MATCHES, organization_named(organization), **options)
