"""The admin of import runs: the list of files, a row each, and where their pages are."""

import re
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_exempt

from goalsvc.orgs.admin.display import column, moment_column, number_column, show_number, user_column
from goalsvc.orgs.admin.scoping import ReadOnlyAdmin
from goalsvc.orgs.scopes import Scope
from matching.admin.imports.pages import import_page, look_at_progress
from matching.admin.imports.upload import upload_page
from matching.admin.imports.words import progress_of
from matching.imports.uploads import failed_rows
from matching.models import ImportRun


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    organization_path = "organization_id"
    view_scope = Scope.SETTINGS
    related = ("organization", "created_by")
    list_display = ("name", "state", "rows", "refused", "kind", "person", "created")
    list_filter = ("status", "kind")
    sortable_by = ()
    search_fields = ("filename",)
    search_help_text = "By words of the file's name, or by the id of the import."
    ordering = ("-created_at", "-id")

    @admin.display(description="file")
    def name(self, run: ImportRun) -> str:
        return run.filename or f"A file of {run.kind}"

    @admin.display(description="status")
    def state(self, run: ImportRun) -> SafeString:
        share = progress_of(run, at=timezone.now()).share if run.is_open else None
        text = run.get_status_display() if share is None else f"{run.get_status_display()}, {share:.0%}"
        return format_html('<span class="import-status {}">{}</span>', run.status, text)

    person = user_column("by", "created_by")
    rows = number_column("rows", "rows_done")
    refused = column("refused", lambda run: show_number(run.counts.get("failed", 0)))
    created = moment_column("uploaded", "created_at")

    class Media:
        css = {"all": ("matching/imports.css",)}

    def get_urls(self) -> list[URLPattern]:
        def page(address: str, view: Any, name: str) -> URLPattern:
            found: URLPattern = path(
                address, self.admin_site.admin_view(view), name=f"matching_importrun_{name}"
            )
            return found

        return [
            page("upload/", csrf_exempt(self.upload_view), "upload"),
            page("<path:object_id>/progress/", self.progress_view, "progress"),
            page("<path:object_id>/failed_rows/", self.failed_rows_view, "failed_rows"),
            *super().get_urls(),
        ]

    def find(self, request: HttpRequest, object_id: str) -> ImportRun:
        """Return an import that the user may see. Raises: Http404, PermissionDenied."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run: ImportRun | None = self.get_object(request, unquote(object_id))
        if run is None:
            raise Http404
        return run

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if object_id is None or not self.has_view_permission(request):
            return super().changeform_view(request, object_id, *args, **kwargs)
        run = self.get_object(request, unquote(object_id))
        if run is None and request.method == "POST":
            # As Django does for GET alone.
            self.message_user(request, "There is no such import, or it was discarded.", messages.WARNING)
            return HttpResponseRedirect(reverse("admin:index"))
        if run is None:
            return super().changeform_view(request, object_id, *args, **kwargs)
        return import_page(self, request, run)

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        return upload_page(self, request)

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer how far an import has come, for the script of its page."""
        run = self.find(request, object_id)
        progress = look_at_progress(run)
        return JsonResponse(progress.as_json(), headers={"Cache-Control": "no-store"})

    def failed_rows_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Answer the file of refused rows, to be mended and uploaded."""
        run = self.find(request, object_id)
        try:
            parts = failed_rows(run) if run.has_results else None
        except FileNotFoundError:
            parts = None
        if parts is None:
            raise Http404
        ending = run.options["format"]
        stem = re.sub(r"(\.failed)?(\.(csv|tsv|txt|ndjson|jsonl|json|gz))*$", "", run.filename, flags=re.I)
        return StreamingHttpResponse(
            parts,
            content_type="text/csv; charset=utf-8" if ending == "csv" else "application/x-ndjson",
            headers={
                "Content-Disposition": content_disposition_header(True, f"{stem or 'rows'}.failed.{ending}"),
                "Cache-Control": "no-store",
            },
        )
