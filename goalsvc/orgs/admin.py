"""The admin of organizations, users, rooms and API tokens, and the scoping that every admin page obeys.

Staff of an organization meet that organization's rows alone; operators (superusers) meet all. What staff may
change follows from their permission scopes. Django's own permission tables are not used.
"""

import json
from collections.abc import Callable, Collection, Sequence
from copy import copy
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters, ShowFacets
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from goalsvc.api.parsing import parse_uuid
from goalsvc.orgs.history import Action, Changes, Kind, differences, record_change
from goalsvc.orgs.models import ApiToken, HistoryEntry, Organization, Room, User

admin.site.site_header = "goalsvc"
admin.site.site_title = "goalsvc"
admin.site.index_title = "Administration"
admin.site.site_url = "/api/v5/docs"
admin.site.unregister(Group)  # permissions are the users' scopes
admin.site.index_template = "admin/orgs/index.html"


def acting_user(request: HttpRequest) -> User:
    """Return the user who works in the admin. Raises: PermissionDenied for anybody else."""
    user = request.user
    if not (isinstance(user, User) and user.is_active and user.is_staff):
        raise PermissionDenied
    return user


def is_operator(request: HttpRequest) -> bool:
    return acting_user(request).is_superuser


def of_acting_user(request: HttpRequest, rows: QuerySet[Any], organization_path: str) -> QuerySet[Any]:
    """Return those of `rows` that the user may meet: their organization's, or all for operators."""
    user = acting_user(request)
    if user.is_superuser:
        return rows
    if user.organization_id is None:
        return rows.none()
    return rows.filter(**{organization_path: user.organization_id})


def link_to(row: models.Model, text: object = None) -> SafeString:
    """Link to the row's page."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, row if text is None else text)


def link_where_allowed(request: HttpRequest, row: models.Model, text: object = None) -> SafeString:
    """Link to the row's page if the user may open it, else only name the row."""
    model_admin = admin.site._registry.get(type(row))
    if model_admin is not None and model_admin.has_view_permission(request, row):
        return link_to(row, text)
    return format_html("{}", row if text is None else text)


def person(page_of: Any, user: User | None, nobody: str = "-") -> str:
    """Name a user on the page of a row."""
    return nobody if user is None else link_where_allowed(page_of.shown_in, user)


def precise(moment: datetime | None) -> str:
    """Write a moment, in UTC, to the millisecond: in matching, the smallest difference decides."""
    return "-" if moment is None else moment.isoformat(sep=" ", timespec="milliseconds")[:-6]


def without_fields(fieldsets: Any, names: Collection[str]) -> list[Any]:
    return [
        (title, {**options, "fields": [name for name in options["fields"] if name not in names]})
        for title, options in fieldsets
    ]


class OrganizationFilter(admin.SimpleListFilter):
    """For operators: the rows of one organization. Offers some, and the one that a link has chosen."""

    title = "organization"
    parameter_name = "organization"
    OFFERED = 15

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.path: str = model_admin.organization_path
        organizations = list(Organization.objects.all()[: self.OFFERED])
        chosen = parse_uuid(self.value() or "")
        if chosen and chosen not in {organization.pk for organization in organizations}:
            organizations += Organization.objects.filter(pk=chosen)
        return [(str(organization.pk), organization.name) for organization in organizations]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        pk = parse_uuid(self.value() or "")
        if pk is None:
            raise IncorrectLookupParameters
        return queryset.filter(**{self.path: pk})


class ScopedForm(forms.ModelForm):
    """The form of a row whose organization is not asked for, or no longer."""

    organization_id: ClassVar[UUID | None] = None  # of the staff who add a row; set by get_form

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding and self.organization_id is not None:
            self.instance.organization_id = self.organization_id

    def _get_validation_exclusions(self) -> set[str]:
        # Constraints that name the organization are to be checked although the form does not show it.
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc] # not in the stubs
        return exclusions if "organization" in self.fields else exclusions - {"organization"}


class OrganizationScopedAdmin(admin.ModelAdmin):
    """The admin of rows that belong to an organization. Every registered admin is one.

    What a subclass does not state is refused: without a path to the organization it can't be registered,
    and without scopes only operators change anything.
    """

    # The lookup from a row to its organization's id; also an attribute path.
    organization_path = ""
    # What staff must hold to see the rows (None: nothing more) and to change them (None: operators alone).
    view_scope: User.Scope | None = None
    change_scope: User.Scope | None = None
    # Fields that operators alone see and set.
    operator_fields: Collection[str] = ("organization",)
    # The column that operators see in lists.
    organization_column = "organization"
    # Lookups that links of other pages bring to the list, such as `goal__id__exact`.
    linked_lookups: Sequence[str] = ()
    # What the history calls the rows (None: they have none), and the fields whose changes it tells when a
    # form is saved. Changes made by the models' own methods are told there.
    history_kind: HistoryEntry.Kind | None = None
    history_fields: Sequence[str] = ()

    list_per_page = 50
    show_facets = ShowFacets.NEVER  # they count every row

    class Media:
        css = {"all": ("orgs/admin.css",)}

    def __init__(self, model: type[Any], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        try:
            field = get_fields_from_path(model, self.organization_path)[-1]
        except FieldDoesNotExist:
            field = None
        if field is not Organization._meta.pk and getattr(field, "related_model", None) != Organization:
            raise ImproperlyConfigured(
                f"{type(self).__name__}.organization_path does not lead to an organization."
            )

    # The rows.

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return of_acting_user(request, super().get_queryset(request), self.organization_path)

    def get_field_queryset(
        self, db: str | None, db_field: models.Field, request: HttpRequest | None
    ) -> QuerySet[Any]:
        """Offer in forms only the rows that the user meets in the related model's own admin."""
        model = db_field.related_model
        assert isinstance(model, type)
        related_admin = self.admin_site._registry.get(model)
        if request is None or not isinstance(related_admin, OrganizationScopedAdmin):
            return model._default_manager.none()
        return related_admin.get_queryset(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by id when the term is one, else by `search_fields`."""
        term = search_term.replace("\0", "").strip()
        if (pk := parse_uuid(term)) is not None:
            return queryset.filter(pk=pk), False
        return super().get_search_results(request, queryset, term)

    # Who may do what. Users with scopes, never a permission table.

    def is_permitted(self, request: HttpRequest, scope: User.Scope | None, row: Any) -> bool:
        """Tell whether staff hold the scope (None: it takes none), and the row is their organization's."""
        user = acting_user(request)
        if user.is_superuser:
            return True
        if user.organization_id is None or not (scope is None or user.has_scope(scope)):
            return False
        return row is None or self.organization_id_of(row) == user.organization_id

    def organization_id_of(self, row: Any) -> Any:
        for name in self.organization_path.split("__"):
            row = getattr(row, name)
        return row

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_permitted(request, self.view_scope, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if self.change_scope is None:
            return is_operator(request)
        return self.is_permitted(request, self.change_scope, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Not has_change_permission: what that says of single rows does not matter here.
        return OrganizationScopedAdmin.has_change_permission(self, request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # rows are archived, revoked, disabled; history stays

    # What operators see beyond the organization's staff.

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        columns = tuple(super().get_list_display(request))
        if not self.shows_organization(request):
            return columns
        return (columns[0], self.organization_column, *columns[1:])

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        filters = tuple(super().get_list_filter(request))
        return (OrganizationFilter, *filters) if self.shows_organization(request) else filters

    def shows_organization(self, request: HttpRequest) -> bool:
        return bool(self.organization_column) and is_operator(request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if is_operator(request) else without_fields(fieldsets, self.operator_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        readonly = tuple(super().get_readonly_fields(request, obj))
        return readonly if obj is None else (*readonly, "organization")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if issubclass(form, ScopedForm) and not is_operator(request):
            form.organization_id = acting_user(request).organization_id
        return form

    # The history: one for all, in the place of Django's own log of the admin.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """See goalsvc.orgs.history."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """See goalsvc.orgs.history."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """See goalsvc.orgs.history."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the row, and write into the history what has changed."""
        before: dict[str, Any] = {}
        if self.history_kind and change:
            before = self.model._default_manager.values(*self.history_fields).get(pk=obj.pk)
        super().save_model(request, obj, form, change)
        if self.history_kind:
            changes = differences(before, {name: getattr(obj, name) for name in self.history_fields})
            if changes or not change:
                self.record(request, obj, Action.CHANGED if change else Action.CREATED, changes)

    def record(self, request: HttpRequest, row: Any, action: Action, changes: Changes) -> None:
        """Write what the user has done to a row into the history."""
        assert self.history_kind
        record_change(
            self.organization_id_of(row),
            self.history_kind,
            row.pk,
            action,
            changes,
            by=acting_user(request),
            at=timezone.now(),
            label=self.history_label(row),
        )

    def history_label(self, row: Any) -> str:
        return str(row)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the row's part of the history."""
        row = self.get_object(request, object_id)
        if row is None or self.history_kind is None or not self.has_view_permission(request, row):
            return super().history_view(request, object_id, extra_context)
        page = reverse("admin:orgs_historyentry_changelist")
        return HttpResponseRedirect(f"{page}?object_id__exact={row.pk}")

    # What requests may ask for.

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow what the list's own filters and known links bring.

        By default every column can be probed: `?digest__startswith=…`, or a scan of the whole table.
        """
        if request is None:
            return False
        allowed = set(self.linked_lookups)
        for list_filter in self.get_list_filter(request):
            name = getattr(list_filter, "parameter_name", list_filter)
            allowed |= {name, f"{name}__exact"}
        if self.date_hierarchy:
            allowed.add(f"{self.date_hierarchy}__year")
            if f"{self.date_hierarchy}__year" in request.GET:
                allowed |= {f"{self.date_hierarchy}__month", f"{self.date_hierarchy}__day"}
        return lookup in allowed

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError:
            # Two people at the same moment: the form saw no conflict, the database did.
            return self.refuse(request, "Somebody else has just saved something that excludes this.")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if kwargs.get("obj") is not None:
            kwargs["obj"].shown_in = request  # for columns that depend on who looks; see `person`
        return super().render_change_form(request, context, *args, **kwargs)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        try:
            return super().response_action(request, queryset, *args, **kwargs)
        except ValidationError:  # a selected id that is none
            return self.refuse(request, "A row that you selected does not exist.")

    def refuse(self, request: HttpRequest, reason: str) -> HttpResponse:
        """Go back to the page and say why nothing was saved."""
        self.message_user(request, f"{reason} Nothing was saved; please look again.", messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    def change_each(
        self, request: HttpRequest, rows: QuerySet[Any], change: Callable[[Any], object], done: str
    ) -> None:
        """Apply an action, which writes its own history, to each of the rows, under its lock."""
        with transaction.atomic():
            count = 0
            for row in rows.order_by("pk").select_for_update(of=("self",)):
                change(row)
                count += 1
        self.message_user(request, f"{done} {count} of the selected {self.opts.verbose_name_plural}.")


class SubscriptionFilter(admin.SimpleListFilter):
    title = "subscription"
    parameter_name = "subscription"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "Active"), ("expired", "Expired"), ("none", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Organization]) -> QuerySet[Organization]:
        today = timezone.now().date()
        match self.value():
            case "active":
                return queryset.filter(subscription_expires_on__gte=today)
            case "expired":
                return queryset.filter(subscription_expires_on__lt=today)
            case "none":
                return queryset.filter(subscription_expires_on=None)
        return queryset


@admin.register(Organization)
class OrganizationAdmin(OrganizationScopedAdmin):
    organization_path = "id"
    history_kind = Kind.ORGANIZATION
    history_fields = ("name", "subscription_expires_on")
    organization_column = ""
    operator_fields = ("rows",)
    list_display = ("name", "subscription", "created_at")
    list_filter = (SubscriptionFilter,)
    search_fields = ("name",)
    search_help_text = "By name or id."
    fieldsets = (
        (None, {"fields": ("name", "subscription", "subscription_expires_on", "rows")}),
        ("History", {"fields": ("id", "created_at", "updated_at")}),
    )
    add_fieldsets: Any = ((None, {"fields": ("name", "subscription_expires_on")}),)
    readonly_fields = ("id", "subscription", "rows", "created_at", "updated_at")

    def get_fieldsets(self, request: HttpRequest, obj: Organization | None = None) -> Any:
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> tuple[Any, ...]:
        return self.readonly_fields

    @admin.display(ordering="subscription_expires_on")
    def subscription(self, organization: Organization) -> str:
        last_day = organization.subscription_expires_on
        if last_day is None:
            return "none"
        if organization.is_subscription_active(timezone.now().date()):
            return f"active until {last_day}"
        return f"expired on {last_day}"

    @admin.display(description="its rows")
    def rows(self, organization: Organization) -> SafeString:
        """Link to the lists, narrowed to the organization; their filter offers only some."""
        options = [
            model_admin.opts
            for model_admin in self.admin_site._registry.values()
            if getattr(model_admin, "organization_column", "")
        ]
        links = (
            (
                reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"),
                OrganizationFilter.parameter_name,
                organization.pk,
                opts.verbose_name_plural,
            )
            for opts in options
        )
        return format_html_join(", ", '<a href="{}?{}={}">{}</a>', links)


class StateFilter(admin.SimpleListFilter):
    """Rows in use, retired ones, or all; in use unless asked otherwise."""

    title = "state"
    parameter_name = "state"
    retired_at: str
    in_use: str
    retired: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("retired", self.retired), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        default, *others = super().choices(changelist)
        yield {**default, "display": self.in_use}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "retired":
                return queryset.exclude(**{self.retired_at: None})
            case "all":
                return queryset
        return queryset.filter(**{self.retired_at: None})


class ArchivedFilter(StateFilter):
    retired_at = "archived_at"
    in_use = "In use"
    retired = "Archived"


@admin.register(Room)
class RoomAdmin(OrganizationScopedAdmin):
    organization_path = "organization_id"
    history_kind = Kind.ROOM
    history_fields = ("organization_id", "name", "domain", "language_code")
    change_scope = User.Scope.SETTINGS
    form = ScopedForm
    list_display = ("name", "domain", "language_code", "state")
    list_filter = (ArchivedFilter,)
    list_select_related = ("organization",)
    search_fields = ("name", "domain")
    search_help_text = "By name, domain or id."
    autocomplete_fields = ("organization",)
    actions = ("archive", "restore")
    fieldsets = (
        (None, {"fields": ("organization", "name", "domain", "language_code")}),
        ("History", {"fields": ("id", "archived_at", "created_at", "updated_at")}),
    )
    readonly_fields = ("id", "archived_at", "created_at", "updated_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        return super().get_queryset(request).select_related("organization")

    @admin.display
    def state(self, room: Room) -> str:
        return "in use" if room.archived_at is None else "archived"

    @admin.action(description="Archive the selected rooms", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.set_archived_at(request, queryset.filter(archived_at=None), timezone.now(), "Archived")

    @admin.action(description="Restore the selected rooms", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.set_archived_at(request, queryset.exclude(archived_at=None), None, "Restored")

    def set_archived_at(
        self, request: HttpRequest, rooms: QuerySet[Room], moment: datetime | None, done: str
    ) -> None:
        def change(room: Room) -> None:
            action = Action.RESTORED if moment is None else Action.ARCHIVED
            self.record(request, room, action, {"archived_at": [room.archived_at, moment]})
            room.archived_at = moment
            room.save(update_fields=["archived_at", "updated_at"])

        self.change_each(request, rooms, change, done)


def may_manage(actor: User, user: User) -> bool:
    """Tell whether the actor may edit the user, who could otherwise serve to gain more permissions.

    Whoever sets the password of a user, or makes a token for one, may do what that user may.
    """
    return actor.is_superuser or (
        user.organization_id == actor.organization_id
        and not user.is_superuser
        and set(user.scopes) <= set(actor.scopes)
    )


def manageable(users: QuerySet[User], actor: User) -> QuerySet[User]:
    """Those of `users` for whom `may_manage` is true."""
    if actor.is_superuser:
        return users
    if actor.organization_id is None:
        return users.none()
    return users.filter(
        organization_id=actor.organization_id, is_superuser=False, scopes__contained_by=actor.scopes
    )


class UserForm(ScopedForm, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007 - the admin's fieldsets decide
        field_classes: dict[str, Any] = {}


class NewUserForm(ScopedForm, AdminUserCreationForm):
    usable_password = AdminUserCreationForm.create_usable_password_field(
        "Without a password the user works through API tokens alone."
    )

    class Meta:
        model = User
        fields = ("email",)
        field_classes: dict[str, Any] = {}


OTHER = "another"


@admin.register(User)
class UserAdmin(OrganizationScopedAdmin, DjangoUserAdmin):
    organization_path = "organization_id"
    history_kind = Kind.USER
    history_fields = (
        "organization_id",
        "email",
        "first_name",
        "last_name",
        "is_bot",
        "is_active",
        "is_staff",
        "is_superuser",
        "scopes",
    )
    view_scope = User.Scope.USERS
    change_scope = User.Scope.USERS
    operator_fields = ("organization", "is_superuser")
    form = UserForm
    add_form = NewUserForm
    add_form_template = None
    list_display = ("email", "full_name", "scope_names", "is_active", "is_staff", "is_bot")
    list_filter = ("is_active", "is_staff", "is_bot")
    list_select_related = ("organization",)
    search_fields = ("email", "first_name", "last_name")
    search_help_text = "By e-mail, name or id."
    ordering = ("email", "id")
    filter_horizontal = ()
    autocomplete_fields = ("organization",)
    access: Any = ("Access", {"fields": ("organization", "is_active", "is_staff", "scopes", "is_superuser")})
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name", "is_bot")}),
        access,
        ("API tokens", {"fields": ("api_tokens",)}),
        ("History", {"fields": ("id", "last_login", "created_at", "updated_at")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "first_name", "last_name", "is_bot")}),
        access,
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )
    readonly_fields = ("id", "api_tokens", "last_login", "created_at", "updated_at")
    TOKENS_SHOWN = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).select_related("organization")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (
            obj is None or may_manage(acting_user(request), obj)
        )

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return without_fields(fieldsets, ["password"])

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[Any, ...]:
        # Operators may move a user, and turn one into an operator of no organization and back.
        return self.readonly_fields

    def formfield_for_dbfield(
        self, db_field: models.Field, request: Any, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name != "scopes":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        actor = acting_user(request)
        return forms.MultipleChoiceField(
            # Nobody gives what they do not have; nor is a user shown here who has more.
            choices=[
                (scope.value, f"{scope.label}: {scope.opens}")
                for scope in User.Scope
                if actor.is_superuser or actor.has_scope(scope)
            ],
            widget=forms.CheckboxSelectMultiple,
            required=False,
            help_text=db_field.help_text,
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        users, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            # Users are chosen for API tokens only.
            users = manageable(users, acting_user(request)).exclude(is_active=False)
            users = users.exclude(organization=None)
        return users, may_have_duplicates

    def record(self, request: HttpRequest, row: User, action: Action, changes: Changes) -> None:
        """Write what was done to a user into the history, and into that of the organization they left.

        Neither tells which the other organization is.
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
        """Change a user's password; the history says so, and neither of the two."""
        with transaction.atomic():
            stored = User.objects.filter(pk__in=filter(None, [parse_uuid(id)])).values_list(
                "password", flat=True
            )
            before = stored.first()
            response = super().user_change_password(request, id, form_url)
            if request.method == "POST" and stored.first() != before:
                user = User.objects.get(pk=id)
                self.record(request, user, Action.CHANGED, {"password": ["…", "…"]})
        return response

    @admin.display(description="scopes")
    def scope_names(self, user: User) -> str:
        return ", ".join(sorted(user.scopes)) or "-"

    @admin.display(description="tokens")
    def api_tokens(self, user: User) -> str:
        tokens = list(user.api_tokens.all()[: self.TOKENS_SHOWN + 1])
        now = timezone.now()
        return render_to_string(
            "admin/orgs/user/api_tokens.html",
            {
                "user": user,
                "rows": [(token, token_state(token, user, now)) for token in tokens[: self.TOKENS_SHOWN]],
                "is_cut": len(tokens) > self.TOKENS_SHOWN,
            },
        )


def token_state(token: ApiToken, user: User, at: datetime) -> str:
    """Say in a word whether the token works at the moment `at`, or why not."""
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is not None and token.expires_at <= at:
        return "expired"
    return "valid" if user.is_active else "user disabled"


class ApiTokenForm(forms.ModelForm):
    def clean_user(self) -> User:
        user: User = self.cleaned_data["user"]
        if reason := user.why_no_token:
            raise ValidationError(reason)
        return user


class TokenStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("valid", "Valid"), ("invalid", "Revoked, expired or user disabled")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
        expired = Q(expires_at__lte=timezone.now())
        invalid = expired | Q(revoked_at__isnull=False) | Q(user__is_active=False)
        match self.value():
            case "valid":
                return queryset.exclude(invalid)
            case "invalid":
                return queryset.filter(invalid)
        return queryset


@admin.register(ApiToken)
class ApiTokenAdmin(OrganizationScopedAdmin):
    organization_path = "user__organization_id"
    history_kind = Kind.API_TOKEN
    history_fields = ("user_id", "description", "expires_at")
    view_scope = User.Scope.USERS
    change_scope = User.Scope.USERS
    form = ApiTokenForm
    operator_fields = ()
    list_display = ("prefix", "description", "user", "state", "expires_at", "last_used_at")
    list_filter = (TokenStateFilter,)
    list_select_related = ("user__organization",)
    linked_lookups = ("user__id__exact",)
    search_fields = ("prefix", "description", "user__email")
    search_help_text = "By the key's first 8 characters, description, the user's e-mail or id."
    autocomplete_fields = ("user",)
    actions = ("revoke",)
    add_fieldsets = ((None, {"fields": ("user", "description", "expires_at")}),)
    fieldsets = (
        (None, {"fields": ("user", "prefix", "description", "expires_at", "state")}),
        ("History", {"fields": ("id", "created_at", "last_used_at", "revoked_at")}),
    )
    readonly_fields = ("id", "prefix", "state", "created_at", "last_used_at", "revoked_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        return super().get_queryset(request).select_related("user__organization")

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return super().has_change_permission(request, obj) and (
            obj is None or may_manage(acting_user(request), obj.user)
        )

    def get_fieldsets(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        return self.add_fieldsets if obj is None else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[Any, ...]:
        return self.readonly_fields if obj is None else ("user", *self.readonly_fields)

    def get_field_queryset(
        self, db: str | None, db_field: models.Field, request: HttpRequest | None
    ) -> QuerySet[Any]:
        # A token has its user's permissions, so it is made for those whom one may manage.
        users = super().get_field_queryset(db, db_field, request)
        return manageable(users, acting_user(request)) if request else users.none()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        # Saving a new token leads to its key and nowhere else.
        if kwargs.get("add"):
            context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if not change:
            request.issued_key = obj.take_new_key()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key, this once, in the answer itself: a message would be kept in a cookie or session."""
        context = {
            **self.admin_site.each_context(request),
            "title": "API token",
            "opts": self.opts,
            "token": obj,
            "key": request.issued_key,  # type: ignore[attr-defined]
        }
        return TemplateResponse(
            request, "admin/orgs/apitoken/key.html", context, headers={"Cache-Control": "no-store"}
        )

    def history_label(self, row: ApiToken) -> str:
        return row.description  # not the prefix, which is a part of the key

    @admin.action(description="Revoke the selected API tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        # Also of users who may more than oneself: revoking gives nobody anything.
        now = timezone.now()

        def change(token: ApiToken) -> None:
            self.record(request, token, Action.REVOKED, {"revoked_at": [None, now]})
            token.revoked_at = now
            token.save(update_fields=["revoked_at"])

        self.change_each(request, queryset.filter(revoked_at=None), change, "Revoked")

    @admin.display
    def state(self, token: ApiToken) -> str:
        return token_state(token, token.user, timezone.now())

    @admin.display(ordering="user__organization")
    def organization(self, token: ApiToken) -> Organization | None:
        return token.user.organization


class ActorFilter(admin.SimpleListFilter):
    """By who made the change; offers nothing, but heeds what a link has chosen."""

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


# Where the history's objects are found, and by whose rights one sees what became of them.
MODELS_OF_KINDS = {
    Kind.ORGANIZATION: "orgs.organization",
    Kind.USER: "orgs.user",
    Kind.ROOM: "orgs.room",
    Kind.API_TOKEN: "orgs.apitoken",
    Kind.GOAL: "goals.goal",
    Kind.MATCH: "matching.externalmatch",
    Kind.PENDING_MATCH: "matching.pendingmatch",
    Kind.VISITOR_IDENTITY: "matching.visitoridentity",
    Kind.VISITOR_SESSION: "matching.visitorsession",
}


@admin.register(HistoryEntry)
class HistoryEntryAdmin(OrganizationScopedAdmin):
    """Who changed what. To be read: nobody adds to it, changes or deletes it here."""

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
        # What became of users and tokens is for those who may see users and tokens.
        return rows.filter(kind__in=[kind for kind in Kind if self.may_see(request, kind)])

    @staticmethod
    def may_see(request: HttpRequest, kind: HistoryEntry.Kind) -> bool:
        return admin_of(kind).has_view_permission(request)

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
        return precise(entry.changed_at)

    @admin.display(description="by")
    def person(self, entry: HistoryEntry) -> str:
        return entry.changed_by_name or "-"

    @admin.display(description="what")
    def thing(self, entry: HistoryEntry) -> str:
        """Name what was changed, and link to it where there is a page of it."""
        text = entry.label or str(entry.object_id or "-")
        if entry.object_id is None or entry.kind in {Kind.VISITOR_IDENTITY, Kind.VISITOR_SESSION}:
            return text
        opts = admin_of(HistoryEntry.Kind(entry.kind)).opts
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
        text = in_words(value)
        return text if len(text) <= self.SHOWN else f"{text[: self.SHOWN]}…"

    @admin.display(description="from what to what")
    def from_what_to_what(self, entry: HistoryEntry) -> str:
        return render_to_string(
            "admin/orgs/historyentry/changes.html",
            {
                "changes": [
                    (name, in_words(before), in_words(after))
                    for name, (before, after) in entry.changes.items()
                ]
            },
        )


def admin_of(kind: HistoryEntry.Kind) -> admin.ModelAdmin:
    return admin.site._registry[apps.get_model(MODELS_OF_KINDS[kind])]


def in_words(value: Any) -> str:
    """Write a value of the history for people."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
