"""The admin of import runs: how far each file has come. They are few, a row a file."""

from django.contrib import admin

from goalsvc.orgs.admin.display import column, moment_column, to_milliseconds
from goalsvc.orgs.admin.scoping import ReadOnlyAdmin
from goalsvc.orgs.scopes import Scope
from matching.imports.runs import CODE
from matching.models import ImportRun


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    organization_path = "organization_id"
    view_scope = Scope.SETTINGS
    list_display = ("started", "kind", "short_digest", "rows_done", "verdicts", "finished")
    list_filter = ("kind",)
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("organization", "kind", "short_digest", "rows_done", "verdicts")}),
        ("History", {"fields": ("started", "finished")}),
    )

    started = moment_column("started", "started_at")
    short_digest = column("digest", lambda run: f"{run.digest[:12]}…")

    @admin.display
    def verdicts(self, run: ImportRun) -> str:
        """How many rows got which verdict: “3 created, 2 failed (2 session_not_found)”."""
        of_rows = {word: count for word, count in run.counts.items() if not word.startswith(f"{CODE} ")}
        of_codes = {
            word.removeprefix(f"{CODE} "): count for word, count in run.counts.items() if word not in of_rows
        }
        text = in_words(of_rows)
        return f"{text} ({in_words(of_codes)})" if of_codes else text or "-"

    @admin.display(description="finished (UTC)")
    def finished(self, run: ImportRun) -> str:
        return "not yet" if run.finished_at is None else to_milliseconds(run.finished_at)


def in_words(counts: dict[str, int]) -> str:
    """Write counts, the greatest first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {word}" for word, count in ordered)
