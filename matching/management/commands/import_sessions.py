from collections.abc import Sequence
from datetime import datetime
from typing import Any

from goalsvc.orgs.models import Organization
from matching.imports.columns import SESSION_COLUMNS, Columns
from matching.management.import_command import ImportCommand
from matching.matches.answers import RowAnswer
from matching.models import ImportRun
from matching.visitors.reports import report_sessions


class Command(ImportCommand):
    help = (
        "Import visitor sessions from a CSV or NDJSON file of any size. Sessions merge with what is known; "
        "failed rows go, with their reasons, to a results file. Interrupted, the same command goes on."
    )
    kind = ImportRun.Kind.SESSIONS

    def columns(self, options: dict[str, Any]) -> Columns:
        return SESSION_COLUMNS

    def record(
        self,
        organization: Organization,
        items: Sequence[Any],
        at: datetime,
        options: dict[str, Any],
        validate_only: bool,
    ) -> Sequence[RowAnswer[Any]]:
        return report_sessions(organization, items, at=at, validate_only=validate_only)
