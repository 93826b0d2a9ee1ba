from functools import partial
from typing import Any

from matching.imports.columns import SESSION_COLUMNS
from matching.management.import_command import ImportCommand
from matching.management.naming import organization_named
from matching.models import ImportRun
from matching.visitors.reports import report_sessions


class Command(ImportCommand):
    help = (
        "Import visitor sessions from a CSV or NDJSON file of any size. Sessions merge with what is known; "
        "failed rows go, with their reasons, to a results file. Interrupted, the same command goes on."
    )

    def handle(self, *, organization: str, **options: Any) -> None:
        owner = organization_named(organization)
        record = partial(report_sessions, owner)
        self.import_file(ImportRun.Kind.SESSIONS, owner, SESSION_COLUMNS, record, **options)
