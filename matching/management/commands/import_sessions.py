from typing import Any

from matching.management.import_command import ImportCommand
from matching.management.naming import organization_named
from matching.models import ImportRun


class Command(ImportCommand):
    help = (
        "Import visitor sessions from a CSV or NDJSON file of any size. Sessions merge with what is known; "
        "failed rows go, with their reasons, to a results file. Interrupted, the same command goes on."
    )

    def handle(self, *, organization: str, **options: Any) -> None:
        self.import_file(ImportRun.Kind.SESSIONS, organization_named(organization), **options)
