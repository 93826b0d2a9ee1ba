"""The filters that the lists of several models share."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.models import Organization


class RowFilter(admin.SimpleListFilter):
    """By a row of another table. Offers the first few, and the one selected by a link."""

    OFFERED = 15
    path: str  # the lookup of its id

    def known(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows that the user may select."""
        raise NotImplementedError

    def offered(self, request: HttpRequest) -> QuerySet[Any]:
        """Return those of them that are offered first."""
        return self.known(request)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = list(self.offered(request)[: self.OFFERED])
        chosen = parse_uuid(self.value() or "")
        if chosen and chosen not in {row.pk for row in rows}:
            rows += self.known(request).filter(pk=chosen)
        return [(str(row.pk), str(row)) for row in rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        pk = parse_uuid(self.value() or "")
        if pk is None:
            raise IncorrectLookupParameters(f"{self.value()!r} is no id of {self.title}.")
        return queryset.filter(**{self.path: pk})


class OrganizationFilter(RowFilter):
    """For operators: the rows of one organization."""

    title = "organization"
    parameter_name = "organization"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.path = model_admin.organization_path
        return super().lookups(request, model_admin)

    def known(self, request: HttpRequest) -> QuerySet[Organization]:
        return Organization.objects.all()


class PartsFilter(admin.SimpleListFilter):
    """Each choice is a part of the rows: those that meet its condition."""

    def parts(self) -> dict[str, tuple[str, Q]]:
        """Return the title and the condition of each choice by its value in the address."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, title) for value, (title, _) in self.parts().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        part = self.parts().get(self.value() or "")
        if part is None:
            raise IncorrectLookupParameters(f"{self.value()!r} is no choice of {self.title}.")
        return queryset.filter(part[1])


class StateFilter(PartsFilter):
    """Rows in use, retired ones, or all; in use unless asked otherwise."""

    title = "state"
    parameter_name = "state"
    retired_at: str
    retired: str

    def parts(self) -> dict[str, tuple[str, Q]]:
        return {"retired": (self.retired, ~Q(**{self.retired_at: None})), "all": ("All", Q())}

    def choices(self, changelist: Any) -> Any:
        default, *others = super().choices(changelist)
        yield {**default, "display": "In use"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in self.parts():
            return super().queryset(request, queryset)
        return queryset.filter(**{self.retired_at: None})
