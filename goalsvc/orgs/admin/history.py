"""The admin of the history: who changed what. Read-only."""

import json
from functools import cache
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.access import of_acting_user
from goalsvc.orgs.admin.display import to_milliseconds
from goalsvc.orgs.admin.filters import OrganizationFilter
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, scoped_admins
from goalsvc.orgs.history import Kind
from goalsvc.orgs.models import HistoryEntry, User


class ActorFilter(admin.SimpleListFilter):
    """By the user who made the change. Offers the first few users, and the one selected by a link."""

    title = "person"
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        users = of_acting_user(request, User.objects.all(), "organization_id").filter(is_active=True)
        offered = list(users.order_by("email")[: OrganizationFilter.OFFERED])
        chosen = parse_uuid(self.value() or "")
        if chosen and chosen not in {user.pk for user in offered}:
            offered += of_acting_user(request, User.objects.filter(pk=chosen), "organization_id")
        return [(str(user.pk), user.email) for user in offered]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        pk = parse_uuid(self.value() or "")
        if pk is None:
            raise IncorrectLookupParameters
        return queryset.filter(changed_by=pk)


@admin.register(HistoryEntry)
class HistoryEntryAdmin(OrganizationScopedAdmin):
    """Who changed what. Nobody adds, changes or deletes entries here."""

    organization_path = "organization_id"
    date_hierarchy = "changed_at"
    list_display = ("changed", "person", "channel", "kind", "thing", "action", "what")
    list_filter = ("kind", "action", "channel", ActorFilter)
    list_select_related = ("organization", "changed_by")
    linked_lookups = ("object_id__exact",)
    search_fields = ("label", "changed_by_name")
    search_help_text = "By the name or id of what was changed, by whom, or the request's id."
    show_full_result_count = False
    sortable_by = ()
    actions = None
    ordering = ("-changed_at", "-id")
    fieldsets = (
        (None, {"fields": ("organization", "changed", "person", "channel", "request_id")}),
        (None, {"fields": ("kind", "thing", "action", "from_what_to_what")}),
        ("History", {"fields": ("id",)}),
    )
    SHOWN = 80  # characters of a value in the list

    def get_queryset(self, request: HttpRequest) -> QuerySet[HistoryEntry]:
        rows = super().get_queryset(request).select_related("organization", "changed_by")
        # Entries of a kind are for those who may see its things, such as users and tokens.
        return rows.filter(kind__in=[kind for kind in Kind if self.may_see(request, kind)])

    @staticmethod
    def may_see(request: HttpRequest, kind: Kind) -> bool:
        return admins_by_kind()[kind].has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.replace("\0", "").strip()
        if (pk := parse_uuid(term)) is not None:
            return queryset.filter(Q(pk=pk) | Q(object_id=pk) | Q(request_id=term)), False
        if term and queryset.filter(request_id=term).exists():
            return queryset.filter(request_id=term), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="changed (UTC)")
    def changed(self, entry: HistoryEntry) -> str:
        return to_milliseconds(entry.changed_at)

    @admin.display(description="by")
    def person(self, entry: HistoryEntry) -> str:
        return entry.changed_by_name or "-"

    @admin.display(description="what")
    def thing(self, entry: HistoryEntry) -> str:
        """Name what was changed, and link to it where there is a page of it."""
        text = entry.label or str(entry.object_id or "-")
        if entry.object_id is None or entry.kind in {Kind.VISITOR_IDENTITY, Kind.VISITOR_SESSION}:
            return text
        opts = admins_by_kind()[Kind(entry.kind)].opts
        page = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[entry.object_id])
        return format_html('<a href="{}">{}</a>', page, text)

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
        return render_to_string(
            "admin/orgs/historyentry/changes.html",
            {
                "changes": [
                    (name, as_text(before), as_text(after)) for name, (before, after) in entry.changes.items()
                ]
            },
        )


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
