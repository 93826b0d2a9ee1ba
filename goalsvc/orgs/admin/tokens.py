"""The admin of API tokens. A key is shown once, when its token is made."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone

from goalsvc.orgs.admin.access import acting_user, manageable, may_manage
from goalsvc.orgs.admin.display import column, moment_column
from goalsvc.orgs.admin.filters import PartsFilter
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin
from goalsvc.orgs.admin.shown_once import MINUTES, recall, show_once
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import ApiToken, Organization, User
from goalsvc.orgs.scopes import Scope


class ApiTokenForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("expires_at"):  # two boxes, of which the label names neither
            boxes: Any = field.widget
            for box, part in zip(boxes.widgets, ("date", "time"), strict=True):
                box.attrs["aria-label"] = f"Expires at: {part}"

    def clean_user(self) -> User:
        user: User = self.cleaned_data["user"]
        if reason := user.why_no_token:
            raise ValidationError(reason)
        return user


class TokenStateFilter(PartsFilter):
    title = "state"
    parameter_name = "state"

    def parts(self) -> dict[str, tuple[str, Q]]:
        now = timezone.now()
        last_day = "user__organization__subscription_expires_on"
        invalid = (
            Q(expires_at__lte=now)
            | Q(revoked_at__isnull=False)
            | Q(user__is_active=False)
            | Q(**{f"{last_day}__lt": now.date()})
            | Q(**{last_day: None})
        )
        return {"valid": ("Valid", ~invalid), "invalid": ("Not valid, for whatever reason", invalid)}


def show_key(request: HttpRequest, token: ApiToken, key: str) -> HttpResponse:
    return show_once(request, reverse("admin:orgs_apitoken_key", args=[token.pk]), {"key": key})


@admin.register(ApiToken)
class ApiTokenAdmin(OrganizationScopedAdmin):
    organization_path = "user__organization_id"
    history_kind = Kind.API_TOKEN
    history_fields = ("user_id", "description", "expires_at")
    view_scope = Scope.USERS
    change_scope = Scope.USERS
    form = ApiTokenForm
    operator_fields = ()
    fixed_fields = ("user",)
    related = ("user__organization",)
    list_display = ("prefix", "description", "user", "state", "expires", "used")
    list_filter = (TokenStateFilter,)
    linked_lookups = ("user__id__exact",)
    search_fields = ("prefix", "description", "user__email")
    search_help_text = "By the key's first 8 characters, description, the user's e-mail or id."
    autocomplete_fields = ("user",)
    actions = ("revoke",)
    add_fieldsets = ((None, {"fields": ("user", "description", "expires_at")}),)
    fieldsets = (
        (None, {"fields": ("user", "prefix", "description", "expires_at", "state")}),
        ("History", {"fields": ("id", "made", "used", "revoked")}),
    )
    readonly_fields = ("id", "prefix", "state", "made", "used", "revoked")

    expires = moment_column("expires", "expires_at", "never")
    used = moment_column("last used", "last_used_at", "never")
    revoked = moment_column("revoked", "revoked_at")

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return super().has_change_permission(request, obj) and (
            obj is None or may_manage(acting_user(request), obj.user)
        )

    def get_field_queryset(self, db: Any, db_field: models.Field, request: HttpRequest | None) -> QuerySet:
        # A token has its user's permissions, so it may be made only for users that one may manage.
        users = super().get_field_queryset(db, db_field, request)
        return manageable(users, acting_user(request)) if request else users.none()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        # Saving a new token leads to its key and nowhere else.
        if kwargs.get("add"):
            context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if not change:
            request.issued_key = obj.take_new_key()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ApiToken, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead to the page of the key; a message would be stored in a cookie or session."""
        return show_key(request, obj, request.issued_key)  # type: ignore[attr-defined]

    def get_urls(self) -> list[Any]:
        key = self.admin_site.admin_view(self.key_page)
        return [path("<path:object_id>/key/", key, name="orgs_apitoken_key"), *super().get_urls()]

    def key_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the key of a token that was just made, again and again for a few minutes."""
        token = self.row_to_change(request, object_id)
        key = recall(request).get("key")
        return self.page(
            request, "apitoken/key.html", title="API token", token=token, key=key, minutes=MINUTES
        )

    def history_label(self, row: ApiToken) -> str:
        return row.description  # not the prefix, which is a part of the key

    @admin.action(description="Revoke the selected API tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        # Also tokens of users that one may not manage: to revoke one grants nothing.
        def change(token: ApiToken, *, at: datetime, **_: object) -> None:
            self.record(request, token, Action.REVOKED, {"revoked_at": [None, at]})
            token.revoked_at = at
            token.save(update_fields=["revoked_at"])

        self.change_each(request, queryset.filter(revoked_at=None), change, Action.REVOKED)

    state = column("state", lambda token: token.state_at(timezone.now()))

    @admin.display(ordering="user__organization")
    def organization(self, token: ApiToken) -> Organization | None:
        return token.user.organization
