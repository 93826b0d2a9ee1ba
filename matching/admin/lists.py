"""The lists of what arrives through the API by the million.

No page counts or sorts such a table: lists are ordered by an index, their count stops at a limit, and what is
searched for is an exact value that an index finds.
"""

import re
from calendar import monthrange
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property, partial
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import connection, transaction
from django.db.models import F, Max, Min, QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.dates import MONTHS

from goals.models import Goal
from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.access import is_allowed, is_operator, of_acting_user
from goalsvc.orgs.admin.filters import OrganizationFilter
from goalsvc.orgs.admin.scoping import ReadOnlyAdmin
from goalsvc.orgs.models import Organization
from goalsvc.orgs.scopes import Scope
from matching.admin.events.downloads import download
from matching.admin.events.filters import GoalFilter
from matching.admin.explanation import name_people, name_rooms

# The fields that matches, held matches and rejected attempts have in common.
EVENT = ("organization", "goal_link", "customer", "matched")


class BoundedPaginator(Paginator):
    """Counts to a limit and no further; behind its last page there may be more."""

    LIMIT = 5000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.LIMIT].count())

    @property
    def is_cut(self) -> bool:
        return self.count == self.LIMIT


class Chip(NamedTuple):
    """What a list is filtered by, and its address without that."""

    title: str
    text: str
    without: str


class ReceivedChangeList(ChangeList):
    """A list in an order that an index has, as any other would sort the whole table."""

    request: HttpRequest
    model_admin: Any

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(request, *args, **kwargs)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        asked = self.params.get("o", "").partition(".")[0]
        number = int(asked.lstrip("-")) if re.fullmatch(r"-?[0-9]{1,2}", asked) else None
        columns = dict(enumerate(self.list_display))
        name = "" if number is None else columns.get(number, "")
        order = self.model_admin.orders(request).get(name)
        if order is None:
            return list(self.model_admin.get_ordering(request))
        return list(order) if asked.startswith("-") else [each.removeprefix("-") for each in order]

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            return super().get_filters(request)
        except (ValueError, OverflowError) as error:  # the year 9999 has no next one
            raise IncorrectLookupParameters(error) from error

    def get_results(self, request: HttpRequest) -> None:
        """Name the rooms of all rows of the page, in one query."""
        super().get_results(request)
        # With a limit the planner takes the index, also where Django has counted so few that it sets none.
        self.result_list = list(self.result_list[: self.list_max_show_all])
        if "rooms" in self.list_display:
            name_rooms(self.result_list)
        if "customer" in self.list_display:
            name_people(self.result_list)
        self.model_admin.complete(self.result_list)

    @property
    def may_select_all(self) -> bool:
        """Whether an action may be taken on all rows of the list, beyond the page."""
        limit = self.model_admin.ACTION_LIMIT
        return bool(self.model_admin.is_narrowed(self.request) and self.result_count <= limit)

    def chips(self) -> Iterator[Chip]:
        """Yield what the list is filtered by."""
        if self.query:
            yield self.chip("Search", f"“{self.query}”", "q")
        known: set[str] = set()
        for spec in self.filter_specs:
            names = [name for name in spec.expected_parameters() if name in self.params]
            known |= set(names)
            if any(self.params[name] for name in names):
                chosen = (str(each["display"]) for each in spec.choices(self) if each.get("selected"))
                text = spec.chip() if hasattr(spec, "chip") else next(chosen, self.params[names[0]])
                yield self.chip(str(spec.title).capitalize(), text, *names)
        if dates := [name for name in self.params if name.startswith(f"{self.date_hierarchy}__")]:
            parts = [self.params.get(f"{self.date_hierarchy}__{part}") for part in ("year", "month", "day")]
            yield self.chip("Recorded", "-".join(f"{part:>02}" for part in parts if part), *dates)
        for name in self.model_admin.linked_lookups:
            if name in self.params and name not in known:
                field = name.partition("__")[0]
                row = self.result_list[0] if self.result_list else None
                text = getattr(row, field, None) or self.params[name]
                yield self.chip(field.capitalize(), str(text), name)

    def chip(self, title: str, text: str, *names: str) -> Chip:
        return Chip(title, text, self.get_query_string({**dict.fromkeys(names), "p": None}))

    def elsewhere(self) -> list[tuple[str, str]]:
        """Return where else a customer may be found: other lists, with links that keep the search."""
        kept = {name: self.params[name] for name in ("q", "organization") if self.params.get(name)}
        return [
            (name, reverse(f"admin:matching_{model}_changelist", query=kept or None))
            for model, name in EVENT_LISTS.items()
            if model != self.opts.model_name
        ]

    def csv_address(self) -> str:
        """Return the address of the file of all rows of the list; empty where there is none."""
        if self.model_admin.serializer_class is None:
            return ""
        return "download/" + self.get_query_string({"p": None, "all": None})

    def date_links(self) -> dict[str, Any]:
        """Return the years, months or days to choose from: the context of `admin/date_hierarchy.html`.

        Django's own collects the distinct dates of all rows; this reads the first and the last moment from
        an index, and offers what lies between.
        """
        field = self.date_hierarchy
        span = self.root_queryset.order_by().aggregate(first=Min(field), last=Max(field))
        if span["first"] is None:
            return {"show": False}
        first, last = span["first"].date(), span["last"].date()

        def chosen(part: str) -> int | None:
            text = self.params.get(f"{field}__{part}", "")
            return int(text) if text.isascii() and text.isdecimal() else None

        def link(title: object, **parts: int) -> dict[str, object]:
            query = {f"{field}__{part}": value for part, value in parts.items()}
            return {"link": self.get_query_string(query, [f"{field}__"]), "title": str(title)}

        year, month, day = chosen("year"), chosen("month"), chosen("day")
        back = None
        if year is None:
            choices = [link(each, year=each) for each in range(first.year, last.year + 1)]
        elif month is None:
            back = link("All dates")
            choices = [
                link(f"{MONTHS[each]} {year}", year=year, month=each)
                for each in range(1, 13)
                if (first.year, first.month) <= (year, each) <= (last.year, last.month)
            ]
        elif day is None:
            back = link(year, year=year)
            choices = [
                link(f"{MONTHS[month]} {each.day}", year=year, month=month, day=each.day)
                for each in days_of(year, month)
                if first <= each <= last
            ]
        else:
            back = link(f"{MONTHS[month]} {year}", year=year, month=month)
            choices = [{"title": f"{MONTHS[month]} {day}"}]
        return {"show": True, "back": back, "choices": choices}


@contextmanager
def planned_for_values() -> Iterator[None]:
    """Have statements planned for what they ask: a plan for all values reads the table for a rare one."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        yield


def days_of(year: int, month: int) -> list[date]:
    """Return the days of a month; none when there is no such month."""
    if not (1 <= year <= 9999 and 1 <= month <= 12):
        return []
    return [date(year, month, number + 1) for number in range(monthrange(year, month)[1])]


# The lists of events, in which one may be that a customer asks about.
EVENT_LISTS = {
    "externalmatch": "matches",
    "pendingmatch": "held matches",
    "matchattempt": "refused attempts",
}


class Button(NamedTuple):
    """An action as a button on a row's page."""

    label: str
    warning: str = ""  # of what cannot be undone, where no page of its own asks
    page: str = ""  # below the row's, where it has one; else it is posted


class ReceivedAdmin(ReadOnlyAdmin):
    """The admin of what arrives through the API by the million. Staff correct it by named actions alone."""

    organization_path = "organization_id"
    # Rows name visitors. Not for staff without scopes either: whoever manages users could log in as one.
    view_scope = Scope.SETTINGS
    # The order of an organization's rows, which an index of the model has.
    newest_first: tuple[str, ...] = ("-created_at", "-id")
    # The same across organizations, for operators. The primary key has one organization after the other.
    newest_first_of_all: tuple[str, ...] = ("-organization_id", "-id")
    # Lookups, each with an index, of what a search term may be; see `found`.
    exact: tuple[str, ...] = ()
    # Large columns of `related` tables that no page shows.
    unseen: tuple[str, ...] = ()
    # The actions that a row's page offers too.
    buttons: dict[str, Button] = {}

    # The column of the moment that lists are ordered by, which may be turned.
    moment = "created"
    # What a file of the list shows of a row; None: there is no file.
    serializer_class: Any = None

    paginator = BoundedPaginator
    show_full_result_count = False
    search_fields = ("id",)  # shows the search box

    # How many rows of a filtered list an action takes at once.
    ACTION_LIMIT = 1000
    # How many rows a search takes of each thing that it may have meant.
    SEARCH_LIMIT = 200
    # And how many goals, where it may have meant one.
    GOALS_SEARCHED = 10

    @property
    def media(self) -> Any:
        media = super().media + Media(css={"all": ("matching/lists.css",)})
        return media + GoalFilter.widget().media if GoalFilter in self.list_filter else media

    def has_correct_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may take the actions; whose rows they are, the list's queryset decides."""
        return is_allowed(request, Scope.SETTINGS)

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """Act on the rows that were selected one by one, or on all of a filtered list: on so many at most."""
        post: Any = request.POST.copy()
        if "chosen" in post:  # of a page that asks whether to go on
            post.setlist(ACTION_CHECKBOX_NAME, post["chosen"].split()[: self.ACTION_LIMIT])
        elif post.get("select_across") == "1":
            rows: QuerySet[Any] = kwargs["queryset"]
            found = list(rows.values_list("pk", flat=True)[: self.ACTION_LIMIT + 1])
            if not self.is_narrowed(request) or len(found) > self.ACTION_LIMIT:
                plural, limit = self.opts.verbose_name_plural, f"{self.ACTION_LIMIT:,}"
                text = f"An action takes all {plural} of a filtered list, {limit} at most. Filter it further."
                self.message_user(request, f"{text} Nothing was done.", messages.ERROR)
                return None
            post.setlist(ACTION_CHECKBOX_NAME, found)
        post["select_across"] = "0"
        request.POST = post
        response = super().response_action(request, *args, **kwargs)
        if "from_page" in post and isinstance(response, HttpResponseRedirect):
            row = self.get_queryset(request).filter(pk__in=post.getlist(ACTION_CHECKBOX_NAME)).first()
            if row is not None and response.url == request.get_full_path():
                return HttpResponseRedirect(self.page_of(row))
        return response

    def is_narrowed(self, request: HttpRequest) -> bool:
        """Tell whether the list is filtered or searched."""
        others = {"o", "p", "all", "e", OrganizationFilter.parameter_name}
        return any(value for name, value in request.GET.items() if name not in others)

    def page_of(self, row: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        if self.buttons and self.has_correct_permission(request):
            context["buttons"] = [(name, self.buttons[name]) for name in self.applicable(kwargs["obj"])]
        return super().render_change_form(request, context, *args, **kwargs)

    def applicable(self, row: Any) -> Collection[str]:
        """Return the names of the buttons that make sense for the row as it is."""
        return self.buttons

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "GET":
            return super().changelist_view(request, *args, **kwargs)
        with planned_for_values():
            return super().changelist_view(request, *args, **kwargs)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Say what was wrong with a filter; Django then shows the list without any."""
        try:
            return super().get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            reason = str(error) or "There is no such page, or a filter has a value that it cannot have."
            self.message_user(request, f"{reason} Nothing is filtered now.", messages.ERROR)
            raise

    def get_urls(self) -> list[Any]:
        urls: list[Any] = super().get_urls()
        if self.serializer_class is None:
            return urls
        view = self.admin_site.admin_view(partial(download, self))
        return [path("download/", view, name=f"matching_{self.opts.model_name}_download"), *urls]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ReceivedChangeList

    def complete(self, rows: list[Any]) -> None:
        """Give the rows of a page what lists show of other tables."""

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        is_narrowed = not is_operator(request) or {"organization", *self.linked_lookups} & request.GET.keys()
        return self.newest_first if is_narrowed else self.newest_first_of_all

    def orders(self, request: HttpRequest) -> dict[str, tuple[str, ...]]:
        """Return the columns that the list may be sorted by: for each the order, the newest first."""
        return {self.moment: ReceivedAdmin.get_ordering(self, request)}

    def get_sortable_by(self, request: HttpRequest) -> Any:
        return tuple(self.orders(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.unseen)

    def get_search_results(self, request: HttpRequest, rows: QuerySet, term: str) -> tuple[QuerySet, bool]:
        """Search for the exact term: each thing that it may mean is asked of its index."""
        term = term.replace("\0", "").strip()
        if not term:
            return rows, False
        named = rows.select_related(None).order_by(*self.newest_first)
        if is_operator(request):
            # The indexes begin with the organization, so each is asked for its own.
            named = named.filter(organization__in=Organization.objects.order_by().values("pk"))
        meanings = [named.filter(pk=pk)] if (pk := parse_uuid(term)) else []
        meanings += self.found(request, named, term)
        first, *others = (meaning.values_list("pk", flat=True)[: self.SEARCH_LIMIT] for meaning in meanings)
        found = first.union(*others, all=True) if others else first
        # As a list: the planner then knows how few they are, and does not look for them in the whole table.
        return rows.filter(pk__in=list(found)), False

    def found(self, request: HttpRequest, rows: QuerySet, term: str) -> list[QuerySet]:
        """Return the rows that the term names, a queryset for each way of naming them."""

        def named(lookup: str) -> QuerySet:
            table = lookup.rpartition("__")[0]
            own = {f"{table}__organization": F("organization")} if table else {}
            return rows.filter(**{lookup: term}, **own)

        return [named(lookup) for lookup in self.exact]

    def of_goals_named(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> list[QuerySet[Any]]:
        """Return the rows of each goal whose id or name the term may be."""
        goals = of_acting_user(request, Goal.objects.order_by("created_at", "id"), "organization_id")
        goals = goals.filter(pk=pk) if (pk := parse_uuid(term)) else goals.filter(name__icontains=term)
        return [rows.filter(goal=pk) for pk in goals.values_list("pk", flat=True)[: self.GOALS_SEARCHED]]
