"""The filters that the lists of several models share."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.models import Organization


class OrganizationFilter(admin.SimpleListFilter):
    """For operators: the rows of one organization. Offers the first few, and the one selected by a link."""

    title = "organization"
    parameter_name = "organization"
    OFFERED = 15

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: Any
    ) -> None:
        self.path: str = model_admin.organization_path
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
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
