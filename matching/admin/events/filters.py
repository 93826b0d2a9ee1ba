"""The filters of the lists of matches, held matches and refused attempts: those that an index serves."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from rest_framework.exceptions import ValidationError

from goals.models import Goal
from goalsvc.api.fields import MoneyField, parse_uuid
from goalsvc.orgs.admin.access import is_operator, of_acting_user
from goalsvc.orgs.admin.filters import OrganizationFilter, PartsFilter, RowFilter
from matching.models import ExternalMatch
from matching.reports.periods import Period, PeriodError, find_zone

MONEY = MoneyField()


class GoalFilter(RowFilter):
    """By the goal. Offers the first few; a box finds others by words of their name."""

    title = "goal"
    parameter_name = "goal__id__exact"
    path = "goal"
    template = "admin/matching/goal_filter.html"

    def known(self, request: HttpRequest) -> QuerySet[Goal]:
        goals = of_acting_user(request, Goal.objects.all(), "organization_id")
        chosen = request.GET.get(OrganizationFilter.parameter_name)
        return goals.filter(organization=parse_uuid(chosen)) if chosen and is_operator(request) else goals

    def offered(self, request: HttpRequest) -> QuerySet[Goal]:
        if is_operator(request) and not request.GET.get(OrganizationFilter.parameter_name):
            return Goal.objects.none()
        return self.known(request).filter(deleted_at=None).order_by("created_at", "id")

    @staticmethod
    def widget() -> AutocompleteSelect:
        relation = ExternalMatch._meta.get_field("goal")
        widget = AutocompleteSelect(relation, admin.site, attrs={"aria-label": "Goal", "data-width": "100%"})
        field = forms.ModelChoiceField(Goal.objects.none(), widget=widget, required=False)
        return cast(AutocompleteSelect, field.widget)

    def box(self) -> SafeString | str:
        """Return a box that finds a goal; nothing where all are offered."""
        if len(self.lookup_choices) < self.OFFERED:
            return ""
        return self.widget().render(self.parameter_name, None, {"id": "goal-filter"})

    def others(self) -> list[tuple[str, Any]]:
        """Return the list's other parameters, which the box keeps."""
        return [
            (name, value)
            for name, value in self.request.GET.items()
            if name not in {self.parameter_name, "p"}
        ]


class RetractedFilter(PartsFilter):
    title = "state"
    parameter_name = "retracted"

    def parts(self) -> dict[str, tuple[str, Q]]:
        return {
            "no": ("Not retracted", Q(retracted_at=None)),
            "yes": ("Retracted", Q(retracted_at__isnull=False)),
        }


class EventFilter(admin.SimpleListFilter):
    """By the days of the event, as reports count them: those of UTC, or of a zone that a link names.

    The index of reports serves it, so it leaves retracted matches out unless they are asked for.
    """

    title = "day of the event"
    parameter_name = "event"
    SHAPE = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?(?: (\S+))?", re.ASCII)

    @staticmethod
    def of(first: date, last: date, zone: str = "UTC") -> str:
        """Write days, both included, as the value of the filter."""
        days = f"{first}" if first == last else f"{first}..{last}"
        return days if zone == "UTC" else f"{days} {zone}"

    @classmethod
    def last_month(cls) -> str:
        today = timezone.now().date()
        return cls.of(today - timedelta(days=29), today)

    def period(self) -> Period:
        """Read the value. Raises: IncorrectLookupParameters."""
        found = self.SHAPE.fullmatch(self.value() or "")
        try:
            first, last, zone = found.groups() if found else ("", "", "")
            return Period(
                date.fromisoformat(first), date.fromisoformat(last or first), find_zone(zone or "UTC")
            )
        except (PeriodError, ValueError) as error:
            raise IncorrectLookupParameters(f"“{self.value()}” is no day of the event: {error}.") from error

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        today = timezone.now().date()
        before = [today - timedelta(days=days) for days in range(30)]
        offered = {
            self.of(today, today): "Today",
            self.of(before[1], before[1]): "Yesterday",
            self.of(before[6], today): "Last 7 days",
            self.last_month(): "Last 30 days",
        }
        chosen = self.value()
        if chosen and chosen not in offered:
            offered[chosen] = chosen
        return list(offered.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        period = self.period()
        rows = queryset.filter(goal_matched_at__gte=period.begin, goal_matched_at__lt=period.end)
        is_state_chosen = request.GET.get(RetractedFilter.parameter_name) in {"no", "yes"}
        return rows if is_state_chosen else rows.filter(retracted_at=None)


class ValueFilter(admin.SimpleListFilter):
    """By the value: none, the goal's default, or from one to another.

    The index of reports has the value beside the day of the event, so these are chosen as well.
    """

    title = "value"
    parameter_name = "value"
    template = "admin/matching/value_filter.html"
    more_parameters = ("value_from", "value_to")
    SOURCES = {"none": "No value", "goal_default": "The goal's default value"}

    def __init__(self, request: HttpRequest, params: dict[str, Any], *args: Any) -> None:
        super().__init__(request, params, *args)
        self.ends = {name: (params.pop(name, None) or [""])[-1].strip() for name in self.more_parameters}

    @classmethod
    def is_asked(cls, request: HttpRequest) -> bool:
        return any(request.GET.get(name) for name in (cls.parameter_name, *cls.more_parameters))

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.SOURCES.items())

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter_name, *self.more_parameters]

    def others(self) -> list[tuple[str, Any]]:
        """Return the list's other parameters, which the boxes keep."""
        own = {*self.expected_parameters(), "p"}
        return [(name, value) for name, value in self.request.GET.items() if name not in own]

    def chip(self) -> str:
        """Say what is chosen."""
        first, last = (self.ends[name] for name in self.more_parameters)
        words = [self.SOURCES.get(self.value() or "", ""), first and f"from {first}", last and f"to {last}"]
        return " ".join(filter(None, words))

    def end(self, name: str) -> Decimal:
        try:
            value: Decimal = MONEY.run_validation(self.ends[name])
        except ValidationError as error:
            detail: Any = error.detail
            raise IncorrectLookupParameters(f"{self.ends[name]!r} is no value. {detail[0]}") from error
        return value

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.is_asked(request):
            return queryset
        if not request.GET.get(EventFilter.parameter_name):
            raise IncorrectLookupParameters("Matches of a value are looked for among days: choose these too.")
        match self.value() or "":
            case "none":
                queryset = queryset.filter(goal_value=None)
            case "goal_default" as source:
                queryset = queryset.filter(goal_value_source=source)
            case "":
                pass
            case other:
                raise IncorrectLookupParameters(f"{other!r} is no choice of values.")
        if self.ends["value_from"]:
            queryset = queryset.filter(goal_value__gte=self.end("value_from"))
        if self.ends["value_to"]:
            queryset = queryset.filter(goal_value__lte=self.end("value_to"))
        return queryset
