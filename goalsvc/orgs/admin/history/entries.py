"""The admin of the history: who changed what. Read-only."""

from functools import cache
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.access import of_acting_user
from goalsvc.orgs.admin.display import column, link_to, moment_column
from goalsvc.orgs.admin.filters import RowFilter
from goalsvc.orgs.admin.history.words import changes_of, find_names
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, ReadOnlyAdmin, scoped_admins
from goalsvc.orgs.history import Kind
from goalsvc.orgs.models import HistoryEntry, User


class ActorFilter(RowFilter):
    """By the user who made the change."""

    title = "person"
    parameter_name = "person"
    path = "changed_by"

    def known(self, request: HttpRequest) -> QuerySet[User]:
        return of_acting_user(request, User.objects.order_by("email"), "organization_id")

    def offered(self, request: HttpRequest) -> QuerySet[User]:
        return self.known(request).filter(is_active=True)


class HistoryChangeList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        """Name what the entries of the page have ids of, all at once."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        names = find_names(request, self.result_list)
        for entry in self.result_list:
            entry.names = names


@admin.register(HistoryEntry)
class HistoryEntryAdmin(ReadOnlyAdmin):
    organization_path = "organization_id"
    date_hierarchy = "changed_at"
    list_display = ("changed", "person", "channel", "kind", "thing", "action", "what")
    list_filter = ("kind", "action", "channel", ActorFilter)
    related = ("organization", "changed_by")
    linked_lookups = ("object_id__exact",)
    search_fields = ("label", "changed_by_name")
    search_help_text = "By the name or id of what was changed, by whom, or the request's id."
    show_full_result_count = False
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("organization", "changed", "person", "channel", "request_id")}),
        (None, {"fields": ("kind", "thing", "action", "from_what_to_what")}),
        ("History", {"fields": ("id",)}),
    )
    SHOWN = 200  # characters of a value in the list

    def get_queryset(self, request: HttpRequest) -> QuerySet[HistoryEntry]:
        # Entries of a kind are for those who may see its things, such as users and tokens.
        kinds = [kind for kind, its in admins_by_kind().items() if its.has_view_permission(request)]
        return super().get_queryset(request).filter(kind__in=kinds)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        entry: Any = super().get_object(request, object_id, from_field)
        if entry is not None:
            entry.names = find_names(request, [entry])
        return entry

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return HistoryChangeList

    def get_search_results(self, request: HttpRequest, rows: QuerySet, term: str) -> tuple[QuerySet, bool]:
        term = term.replace("\0", "").strip()
        if (pk := parse_uuid(term)) is not None:
            return rows.filter(Q(pk=pk) | Q(object_id=pk) | Q(request_id=term)), False
        if term and rows.filter(request_id=term).exists():
            return rows.filter(request_id=term), False
        return super().get_search_results(request, rows, term)

    changed = moment_column("changed", "changed_at")
    person = column("by", lambda entry: entry.changed_by_name or "-")

    @admin.display(description="what")
    def thing(self, entry: HistoryEntry) -> str:
        """Name what was changed, and link to it where there is a page of it."""
        if entry.object_id is None:
            return entry.label or "-"
        if entry.kind in {Kind.VISITOR_IDENTITY, Kind.VISITOR_SESSION}:
            return entry.label or str(entry.object_id)
        model = admins_by_kind()[Kind(entry.kind)].model
        # Of an id without a name the end tells rows apart; its beginning is a time.
        return link_to(model(pk=entry.object_id), entry.label or f"…{str(entry.object_id)[-8:]}")

    @admin.display(description="from what to what")
    def what(self, entry: Any) -> SafeString:
        lines = []
        for title, before, after in changes_of(entry, entry.names):
            was = "" if before is None else f"{Truncator(before).chars(self.SHOWN)} → "
            lines.append((f"{title}: {was}{Truncator(after).chars(self.SHOWN)}",))
        return format_html_join(mark_safe("<br>"), "{}", lines) or mark_safe("-")

    @admin.display(description="from what to what")
    def from_what_to_what(self, entry: Any) -> str:
        return render_to_string(
            "admin/orgs/historyentry/changes.html", {"changes": list(changes_of(entry, entry.names))}
        )


@cache
def admins_by_kind() -> dict[Kind, OrganizationScopedAdmin]:
    """Return by kind the admin of its things, which knows their pages and who may see them."""
    return {
        model_admin.history_kind: model_admin
        for model_admin in scoped_admins(admin.site)
        if model_admin.history_kind is not None
    }
