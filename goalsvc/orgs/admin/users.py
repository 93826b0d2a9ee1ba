"""The admin of users: their permission scopes, passwords and API tokens."""

from copy import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.access import acting_user, is_allowed, manageable, may_manage
from goalsvc.orgs.admin.display import column, first_few, id_column, moment_column
from goalsvc.orgs.admin.password_reset import password_link
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, ScopedForm, without_fields
from goalsvc.orgs.admin.shown_once import MINUTES, recall, show_once
from goalsvc.orgs.history import Action, Changes, Kind
from goalsvc.orgs.models import User
from goalsvc.orgs.scopes import OPEN_TO_ALL, Scope


class PersonForm(ScopedForm):
    """What both forms of users share: operators alone may belong to no organization."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("organization"):
            is_operator = self.data.get("is_superuser") if self.is_bound else self.instance.is_superuser
            field.required = not is_operator
            field.error_messages["required"] = "Only an operator may belong to no organization."
            field.help_text = "Whose rooms, goals and matches the user works with. Operators may have none."


class UserForm(PersonForm, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, Any] = {}


class NewUserForm(PersonForm, AdminUserCreationForm):
    usable_password = forms.ChoiceField(
        label="Password",
        required=False,
        initial="true",
        choices={"true": "Set one here", "false": "None"},
        widget=forms.RadioSelect(attrs={"class": "radiolist inline"}),
        help_text=(
            "None: for a program, which works with API tokens; or for a person to whom you then give a link "
            "to set a password, from the page of the saved user."
        ),
    )

    class Meta:
        model = User
        fields = ("email",)
        field_classes: dict[str, Any] = {}


OTHER = "another"
PERSON = ("email", "first_name", "last_name", "is_bot")
ACCESS = ("is_active", "is_staff", "scopes", "is_superuser")


@admin.register(User)
class UserAdmin(OrganizationScopedAdmin, DjangoUserAdmin):
    organization_path = "organization_id"
    history_kind = Kind.USER
    history_fields = ("organization_id", *PERSON, *ACCESS)
    view_scope = Scope.USERS
    change_scope = Scope.USERS
    operator_fields = ("organization", "is_superuser")
    fixed_fields = ()  # operators may move users
    form = UserForm
    add_form = NewUserForm
    add_form_template = None
    list_display = ("email", "full_name", "scope_names", "is_active", "is_staff", "is_bot")
    list_filter = ("is_active", "is_staff", "is_bot")
    search_fields = ("email", "first_name", "last_name")
    search_help_text = "By e-mail, name or id."
    ordering = ("email", "id")
    filter_horizontal = ()
    autocomplete_fields = ("organization",)
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name", "is_bot", "row_id")}),
        ("Access", {"fields": ("in_words", "organization", *ACCESS)}),
        ("API tokens", {"fields": ("api_tokens",)}),
        ("History", {"fields": ("logged_in", "made", "revised")}),
    )
    add_fieldsets = (
        (None, {"fields": PERSON}),
        ("Access", {"fields": ("organization", *ACCESS)}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )
    readonly_fields = ("row_id", "in_words", "api_tokens", "logged_in", "made", "revised")
    TOKENS_SHOWN = 50

    class Media:
        css = {"all": ("admin/css/unusable_password_field.css",)}  # hides the fields when there is to be none

    row_id = id_column()

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (
            obj is None or may_manage(acting_user(request), obj)
        )

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return without_fields(fieldsets, ["password"])

    def formfield_for_dbfield(self, db_field: models.Field, request: Any, **kwargs: Any) -> Any:
        if db_field.name != "scopes":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        # Only scopes that the editor holds; users with more scopes are not editable at all.
        held = [scope for scope in Scope if is_allowed(request, scope)]
        return forms.MultipleChoiceField(
            choices=[(scope.value, f"{scope.label}: {scope.opens}") for scope in held],
            widget=forms.CheckboxSelectMultiple,
            required=False,
            help_text=f"{db_field.help_text} {OPEN_TO_ALL}",
        )

    def get_search_results(self, request: HttpRequest, rows: QuerySet, term: str) -> tuple[QuerySet, bool]:
        users, may_have_duplicates = super().get_search_results(request, rows, term)
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            # Users are chosen for API tokens only.
            users = manageable(users, acting_user(request)).exclude(is_active=False)
            users = users.exclude(organization=None)
        return users, may_have_duplicates

    def record(self, request: HttpRequest, row: User, action: Action, changes: Changes) -> None:
        """Record what was done to a user, in the histories of both organizations if the user has moved.

        Neither entry names the other organization.
        """
        former, present = changes.get("organization_id", (None, None))
        if former is None:
            super().record(request, row, action, changes)
            return
        super().record(request, row, action, {**changes, "organization_id": [OTHER, present]})
        left = copy(row)
        left.organization_id = former
        gone = None if present is None else OTHER
        super().record(request, left, action, {**changes, "organization_id": [former, gone]})

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Change a user's password, and record that it changed, without the passwords."""
        with transaction.atomic():
            known = User.objects.filter(pk__in=filter(None, [parse_uuid(id)]))
            stored = known.values_list("password", flat=True)
            before = stored.first()
            response = super().user_change_password(request, id, form_url)
            if request.method == "POST" and stored.first() != before:
                self.record(request, User.objects.get(pk=id), Action.CHANGED, {"password": ["…", "…"]})
        return response

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.password_link_page)
        return [path("<path:object_id>/password_link/", page, name="orgs_user_link"), *super().get_urls()]

    def password_link_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """On POST make a link with which the user sets a password; show it for a few minutes."""
        user = self.row_to_change(request, object_id)
        if request.method == "POST" and not user.why_no_login:
            self.record(request, user, Action.CHANGED, {"password_link": [None, "made"]})
            return show_once(request, request.path, {"link": password_link(request, user)})
        return self.page(
            request,
            "user/password_link.html",
            title="Link to set a password",
            person=user,
            link=recall(request).get("link"),
            minutes=MINUTES,
        )

    logged_in = moment_column("last login", "last_login", "never")
    scope_names = column("scopes", lambda user: ", ".join(sorted(user.scopes)) or "-")

    @admin.display(description="what this means")
    def in_words(self, user: User) -> SafeString:
        """Say what the user can do now, and what is missing."""
        if user.why_no_login:
            login = user.why_no_login
        elif not user.has_usable_password():
            login = "May log in to this admin, but has no password yet: make a link to set one."
        else:
            login = "Logs in to this admin with a password."
        organization = user.organization
        if organization and not organization.is_subscription_active(timezone.now().date()):
            through_api = f"{organization} has no active subscription, so API calls are answered 403."
        else:
            through_api = user.why_no_token or "May use the API with a token."
        sentences = dict.fromkeys([login, through_api])
        return format_html_join(mark_safe("<br>"), "{}", ((sentence,) for sentence in sentences))

    @admin.display(description="tokens")
    def api_tokens(self, user: User) -> str:
        now = timezone.now()
        context = first_few(user.api_tokens.all(), self.TOKENS_SHOWN)
        context["rows"] = [(token, token.state_at(now)) for token in context["rows"]]
        return render_to_string("admin/orgs/user/api_tokens.html", {**context, "user": user})
