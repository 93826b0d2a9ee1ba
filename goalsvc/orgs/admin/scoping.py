"""The base of every admin: it limits rows to the user's organization, and actions to the user's scopes."""

from collections.abc import Callable, Collection, Iterator, Sequence
from operator import attrgetter
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import (
    FieldDoesNotExist,
    ImproperlyConfigured,
    PermissionDenied,
    ValidationError,
)
from django.db import IntegrityError, models, transaction
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.access import acting_user, is_allowed, is_operator, of_acting_user
from goalsvc.orgs.admin.display import moment_column
from goalsvc.orgs.admin.filters import OrganizationFilter
from goalsvc.orgs.history import Action, Changes, Kind, differences
from goalsvc.orgs.keys import OrganizationModel
from goalsvc.orgs.models import HistoryEntry, Organization
from goalsvc.orgs.scopes import Scope


def without_fields(fieldsets: Any, names: Collection[str]) -> list[Any]:
    """Return the fieldsets without the fields of these names."""
    return [
        (title, {**options, "fields": [name for name in options["fields"] if name not in names]})
        for title, options in fieldsets
    ]


class ScopedForm(forms.ModelForm):
    """The form of a row whose organization is set by the admin, or fixed already."""

    organization_id: ClassVar[UUID | None] = None  # of a new row; set by get_form for staff

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding and self.organization_id is not None:
            self.instance.organization_id = self.organization_id

    def _get_validation_exclusions(self) -> set[str]:
        # So that constraints with the organization are validated although the form does not show it.
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc] # not in the stubs
        return exclusions if "organization" in self.fields else exclusions - {"organization"}


class OrganizationScopedAdmin(admin.ModelAdmin):
    """The admin of rows that belong to an organization. Every registered admin is one.

    It fails closed: without a path to the organization a subclass can't be registered, and without scopes
    only operators change anything.
    """

    # The lookup from a row to its organization's id, also read as a path of attributes.
    organization_path = ""
    # The scope that staff need to see the rows (None: no scope) and to change them (None: operators alone).
    view_scope: Scope | None = None
    change_scope: Scope | None = None
    # Fields that operators alone see and set, and fields that nobody sets once the row is made.
    operator_fields: Collection[str] = ("organization",)
    fixed_fields: Collection[str] = ("organization",)
    # The fields of a form that makes a row, where they are not `fieldsets`.
    add_fieldsets: Any = None
    # What rows and pages show of other tables, in the same query.
    related: Sequence[str] = ("organization",)
    # The column that operators see in lists.
    organization_column = "organization"
    # Lookups that links of other pages use, such as `goal__id__exact`.
    linked_lookups: Sequence[str] = ()
    # Where else to look, under a list without rows.
    empty_hint = ""
    # The rows' kind in the history (None: they have none), and the fields that are recorded when a form is
    # saved. Changes by the models' own methods are recorded there.
    history_kind: Kind | None = None
    history_fields: Sequence[str] = ()

    made = moment_column("created", "created_at")
    revised = moment_column("last changed", "updated_at")

    list_per_page = 50
    show_facets = ShowFacets.NEVER  # they count every row

    class Media:
        css = {"all": ("orgs/setup.css",)}
        js = (Script("orgs/copy.js", defer=True),)

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
        rows = of_acting_user(request, super().get_queryset(request), self.organization_path)
        return rows.select_related(*self.related) if self.related else rows

    def get_field_queryset(self, db: Any, db_field: models.Field, request: HttpRequest | None) -> QuerySet:
        """Offer in forms only the rows that the user sees in the related model's own admin."""
        model = db_field.related_model
        assert isinstance(model, type)
        if request is None or not self.admin_site.is_registered(model):
            return model._default_manager.none()
        related_admin = self.admin_site.get_model_admin(model)
        assert isinstance(related_admin, OrganizationScopedAdmin)
        return related_admin.get_queryset(request)

    def get_search_results(self, request: HttpRequest, rows: QuerySet, term: str) -> tuple[QuerySet, bool]:
        """Search by id when the term is one, else by `search_fields`."""
        term = term.replace("\0", "").strip()
        if (pk := parse_uuid(term)) is not None:
            return rows.filter(pk=pk), False
        return super().get_search_results(request, rows, term)

    # Who may do what. Users with scopes, never a permission table.

    def is_permitted(self, request: HttpRequest, scope: Scope | None, row: Any) -> bool:
        """Tell whether staff hold the scope (None: it takes none), and the row is their organization's."""
        if not is_allowed(request, scope):
            return False
        user = acting_user(request)
        return user.is_superuser or row is None or self.organization_id_of(row) == user.organization_id

    def row_to_change(self, request: HttpRequest, object_id: str) -> Any:
        """Return the row that a page of our own is about. Raises: PermissionDenied, Http404."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        return row

    def page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        """Build a page of our own from `admin/orgs/…`."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **context}
        return TemplateResponse(request, f"admin/orgs/{template}", context)

    def organization_id_of(self, row: Any) -> Any:
        return attrgetter(self.organization_path.replace("__", "."))(row)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_permitted(request, self.view_scope, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if self.change_scope is None:
            return is_operator(request)
        return self.is_permitted(request, self.change_scope, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Not self.has_change_permission: subclasses refuse it for single rows.
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
        is_new = obj is None and self.add_fieldsets is not None
        fieldsets = self.add_fieldsets if is_new else super().get_fieldsets(request, obj)
        return fieldsets if is_operator(request) else without_fields(fieldsets, self.operator_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        readonly = tuple(super().get_readonly_fields(request, obj))
        return readonly if obj is None else (*readonly, *self.fixed_fields)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if issubclass(form, ScopedForm) and not is_operator(request):
            form.organization_id = acting_user(request).organization_id
        return form

    # The history (goalsvc.orgs.history), which replaces the log of Django's admin.

    def log_nothing(self, *args: Any, **kwargs: Any) -> Any:
        """Stand in for the methods that write Django's log."""

    log_addition = log_change = log_deletions = log_nothing

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the row, and write into the history what has changed."""
        before: dict[str, Any] = {}
        if self.history_kind and change:
            rows = self.get_queryset(request).select_related(None)
            before = rows.values(*self.history_fields).get(pk=obj.pk)
        super().save_model(request, obj, form, change)
        if self.history_kind:
            changes = differences(before, {name: getattr(obj, name) for name in self.history_fields})
            if changes or not change:
                self.record(request, obj, Action.CHANGED if change else Action.CREATED, changes)

    def record(self, request: HttpRequest, row: Any, action: Action, changes: Changes) -> None:
        """Record in the history what the user has done to a row."""
        assert self.history_kind
        HistoryEntry.objects.record(
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

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect to the row's entries in the history."""
        row = self.get_object(request, object_id)
        if row is None or self.history_kind is None or not self.has_view_permission(request, row):
            return super().history_view(request, object_id, *args, **kwargs)
        page = reverse("admin:orgs_historyentry_changelist")
        return HttpResponseRedirect(f"{page}?object_id__exact={row.pk}")

    # What requests may ask for.

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow the lookups of the list's own filters and of `linked_lookups`.

        Django allows more: `?digest__startswith=…` would probe a column, or scan the whole table.
        """
        if request is None:
            return False
        filters = self.get_list_filter(request)
        names = [getattr(each, "parameter_name", each) for each in filters]
        names += [name for each in filters for name in getattr(each, "more_parameters", ())]
        allowed = {*self.linked_lookups, *names, *(f"{name}__exact" for name in names)}
        year, *finer = (f"{self.date_hierarchy}__{part}" for part in ("year", "month", "day"))
        if self.date_hierarchy:
            allowed |= {year, *finer} if year in request.GET else {year}
        return lookup in allowed

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrityError:
            # A race: the form was validated before another one was saved.
            return self.refuse(request, "Somebody else has just saved something that excludes this.")

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        try:
            return super().response_action(request, *args, **kwargs)
        except ValidationError:  # a selected id that is none
            return self.refuse(request, "A row that you selected does not exist.")

    def refuse(self, request: HttpRequest, reason: str) -> HttpResponse:
        """Go back to the page and say why nothing was saved."""
        self.message_user(request, f"{reason} Nothing was saved; please look again.", messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    def locked(self, request: HttpRequest, rows: QuerySet[Any]) -> list[Any]:
        """Lock the rows, and return them as they are then, by key.

        Of an organization at a time, and the bare rows: a database that is spread locks no others.
        """
        if not issubclass(self.model, OrganizationModel):
            return list(rows.order_by("pk").select_for_update(of=("self",)))
        bare: Any = self.model._default_manager
        found: dict[UUID, list[UUID]] = {}
        for owner, pk in rows.order_by("organization_id", "pk").values_list("organization_id", "pk"):
            found.setdefault(owner, []).append(pk)
        for owner, pks in found.items():
            own = bare.filter(organization=owner, pk__in=pks).order_by("pk")
            list(own.select_for_update().values_list("pk"))
        locked = [pk for pks in found.values() for pk in pks]
        return list(rows.filter(pk__in=locked).order_by("pk"))

    def change_each(
        self, request: HttpRequest, rows: QuerySet[Any], change: Callable[..., object], action: Action
    ) -> None:
        """Change each of the rows under its lock, and say how many there were.

        Args:
            change: changes a row and records it; called with the row, `by` (the user) and `at` (now).
        """
        user, now = acting_user(request), timezone.now()
        with transaction.atomic():
            changed = self.locked(request, rows)
            for row in changed:
                change(row, by=user, at=now)
        plural = self.opts.verbose_name_plural
        self.message_user(request, f"{action.label} {len(changed)} of the selected {plural}.")


class ReadOnlyAdmin(OrganizationScopedAdmin):
    """The admin of rows that nobody adds or changes here."""

    actions: Sequence[str] | None = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def scoped_admins(site: admin.AdminSite) -> Iterator[OrganizationScopedAdmin]:
    """Yield the site's admins, in the order of their models."""
    for model in apps.get_models():
        if site.is_registered(model):
            model_admin = site.get_model_admin(model)
            assert isinstance(model_admin, OrganizationScopedAdmin)
            yield model_admin
