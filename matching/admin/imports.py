"""The admin of import runs: how far each file has come. They are few, a row a file."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from goalsvc.orgs.admin.display import to_milliseconds
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin
from goalsvc.orgs.scopes import Scope
from matching.imports.runs import CODE
from matching.models import ImportRun


@admin.register(ImportRun)
class ImportRunAdmin(OrganizationScopedAdmin):
    organization_path = "organization_id"
    view_scope = Scope.SETTINGS
    list_display = ("started", "kind", "short_digest", "rows_done", "verdicts", "finished")
    list_filter = ("kind",)
    list_select_related = ("organization",)
    ordering = ("-id",)
    actions = None
    fieldsets = (
        (None, {"fields": ("organization", "kind", "short_digest", "rows_done", "verdicts")}),
        ("History", {"fields": ("started", "finished")}),
    )
    DIGEST_SHOWN = 12

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="digest")
    def short_digest(self, run: ImportRun) -> str:
        return f"{run.digest[: self.DIGEST_SHOWN]}…"

    @admin.display
    def verdicts(self, run: ImportRun) -> str:
        """How many rows got which verdict: “3 created, 2 failed (2 session_not_found)”."""
        of_rows = {word: count for word, count in run.counts.items() if not word.startswith(f"{CODE} ")}
        of_codes = {
            word.removeprefix(f"{CODE} "): count for word, count in run.counts.items() if word not in of_rows
        }
        text = in_words(of_rows)
        return f"{text} ({in_words(of_codes)})" if of_codes else text or "-"

    @admin.display(description="started (UTC)")
    def started(self, run: ImportRun) -> str:
        return to_milliseconds(run.started_at)

    @admin.display(description="finished (UTC)")
    def finished(self, run: ImportRun) -> str:
        return "not yet" if run.finished_at is None else to_milliseconds(run.finished_at)


def in_words(counts: dict[str, int]) -> str:
    """Write counts, the greatest first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {word}" for word, count in ordered)
