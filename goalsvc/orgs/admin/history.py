"""The admin of the history: who changed what. Read-only."""

import json
from functools import cache
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.access import of_acting_user
from goalsvc.orgs.admin.display import column, link_to, moment_column
from goalsvc.orgs.admin.filters import RowFilter
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
    SHOWN = 80  # characters of a value in the list

    def get_queryset(self, request: HttpRequest) -> QuerySet[HistoryEntry]:
        # Entries of a kind are for those who may see its things, such as users and tokens.
        kinds = [kind for kind, its in admins_by_kind().items() if its.has_view_permission(request)]
        return super().get_queryset(request).filter(kind__in=kinds)

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
        text = entry.label or str(entry.object_id or "-")
        if entry.object_id is None or entry.kind in {Kind.VISITOR_IDENTITY, Kind.VISITOR_SESSION}:
            return text
        model = admins_by_kind()[Kind(entry.kind)].model
        return link_to(model(pk=entry.object_id), text)

    @admin.display(description="from what to what")
    def what(self, entry: HistoryEntry) -> str:
        return ", ".join(
            f"{name}: {self.short(before)} → {self.short(after)}"
            for name, (before, after) in entry.changes.items()
            if before != after or name == "password"
        )

    def short(self, value: Any) -> str:
        text = as_text(value)
        return text if len(text) <= self.SHOWN else f"{text[: self.SHOWN]}…"

    @admin.display(description="from what to what")
    def from_what_to_what(self, entry: HistoryEntry) -> str:
        changes = [(name, as_text(before), as_text(after)) for name, (before, after) in entry.changes.items()]
        return render_to_string("admin/orgs/historyentry/changes.html", {"changes": changes})


@cache
def admins_by_kind() -> dict[Kind, OrganizationScopedAdmin]:
    """Return by kind the admin of its things, which knows their pages and who may see them."""
    return {
        model_admin.history_kind: model_admin
        for model_admin in scoped_admins(admin.site)
        if model_admin.history_kind is not None
    }


def as_text(value: Any) -> str:
    """Write a value of the history for a page."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
