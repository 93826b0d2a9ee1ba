import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from matching.management.naming import identity_named, organization_named
from matching.privacy.export import count_holdings, export_identity


class Command(BaseCommand):
    help = "Write all that is held about a visitor identity as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("identity", metavar="IDENTITY", help="“-”: read from standard input")
        parser.add_argument("--organization", metavar="ID", required=True)
        parser.add_argument("--output", metavar="FILE", type=Path, help="without it, to standard output")

    def handle(self, *, identity: str, organization: str, output: Path | None, **options: Any) -> None:
        owner = organization_named(organization)
        identity = identity_named(identity)
        counts = count_holdings(owner, identity)
        if not any(counts.values()):
            raise CommandError("Nothing is held about this visitor identity.")
        parts = export_identity(owner, identity, counts, at=timezone.now())
        if output is None:
            for part in parts:
                self.stdout.write(part.decode(), ending="")
            return
        with output.open("wb") as file:
            file.writelines(parts)
        sys.stderr.write(f"Written to {output}.\n")
