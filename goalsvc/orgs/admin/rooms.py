"""The admin of rooms."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from goalsvc.orgs.admin.display import column, id_column, moment_column
from goalsvc.orgs.admin.filters import StateFilter
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, ScopedForm
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import Room
from goalsvc.orgs.scopes import Scope


class ArchivedFilter(StateFilter):
    retired_at = "archived_at"
    retired = "Archived"


@admin.register(Room)
class RoomAdmin(OrganizationScopedAdmin):
    organization_path = "organization_id"
    history_kind = Kind.ROOM
    history_fields = ("organization_id", "name", "domain", "language_code")
    change_scope = Scope.SETTINGS
    form = ScopedForm
    list_display = ("name", "domain", "language_code", "state")
    list_filter = (ArchivedFilter,)
    search_fields = ("name", "domain")
    search_help_text = "By name, domain or id."
    autocomplete_fields = ("organization",)
    actions = ("archive", "restore")
    readonly_fields = ("row_id", "archived", "made", "revised")
    fieldsets = (
        (None, {"fields": ("organization", "name", "domain", "language_code", "row_id")}),
        ("History", {"fields": ("archived", "made", "revised")}),
    )
    # Without the id: what a new row gets is known once it is saved.
    add_fieldsets = ((None, {"fields": ("organization", "name", "domain", "language_code")}),)

    row_id = id_column()

    archived = moment_column("archived", "archived_at")
    state = column("state", lambda room: "in use" if room.archived_at is None else "archived")

    @admin.action(description="Archive the selected rooms", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.set_archived_at(request, queryset.filter(archived_at=None), timezone.now(), Action.ARCHIVED)

    @admin.action(description="Restore the selected rooms", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.set_archived_at(request, queryset.exclude(archived_at=None), None, Action.RESTORED)

    def set_archived_at(
        self, request: HttpRequest, rooms: QuerySet[Room], moment: datetime | None, action: Action
    ) -> None:
        def change(room: Room, **_: object) -> None:
            self.record(request, room, action, {"archived_at": [room.archived_at, moment]})
            room.archived_at = moment
            room.save(update_fields=["archived_at", "updated_at"])

        self.change_each(request, rooms, change, action)
