from collections.abc import Sequence
from datetime import datetime
from typing import Any

from goalsvc.orgs.models import Organization
from matching.imports.columns import SESSION_COLUMNS, Columns
from matching.imports.runs import Outcome
from matching.management.import_command import ImportCommand
from matching.models import ImportRun
from matching.visitors.reports import ReportAnswer, report_sessions


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
        is_rehearsal: bool,
    ) -> list[Outcome]:
        answers = report_sessions(organization, items, at=at, is_rehearsal=is_rehearsal)
        return [outcome_of(answer) for answer in answers]


def outcome_of(answer: ReportAnswer) -> Outcome:
    """Say in words what an answer of the API says."""
    if answer.known is None:
        return Outcome.failed(answer)
    return Outcome("created" if answer.known.is_new else "known", answer.status)
