"""The report page: what matches there were and what they brought, by day, goal and room.

The address says everything, so that a report can be kept and passed on.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from goals.models import Goal
from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.access import acting_user, is_allowed, is_operator, of_acting_user
from goalsvc.orgs.models import Organization, Room
from goalsvc.orgs.scopes import Scope
from matching.admin.chores import PAGE as CHORES
from matching.admin.events.filters import EventFilter
from matching.admin.report_figures import (
    COLUMNS,
    MATCHES,
    SESSIONS,
    VALUE,
    Question,
    Report,
    bucket_days,
    chart_of,
    read_report,
    show_parts,
    show_series,
    show_tiles,
)
from matching.reports.downloads import MAX_ROWS, csv_response, report_header, report_rows
from matching.reports.periods import GRANULARITIES, Period, PeriodError, find_zone, zone_names
from matching.reports.turns import TooManyReadings

PAGE = "admin_report"
KEPT = ("start_date", "end_date", "granularity", "group_by", "timezone")
OFFERED = 200  # goals, rooms and organizations, of which there may be very many

Range = tuple[str, date, date, str]


def usual_ranges(today: date) -> list[Range]:
    """Return the ranges that people ask for: name, first and last day, granularity."""
    end_of_last_month = today.replace(day=1) - timedelta(days=1)
    quarter = today.replace(month=today.month - (today.month - 1) % 3, day=1)
    return [
        ("Yesterday", today - timedelta(days=1), today - timedelta(days=1), "day"),
        ("Last 7 days", today - timedelta(days=6), today, "day"),
        ("Last 30 days", today - timedelta(days=29), today, "day"),
        ("Last month", end_of_last_month.replace(day=1), end_of_last_month, "day"),
        ("This quarter", quarter, today, "week"),
    ]


def offer(rows: QuerySet[Any], offered: QuerySet[Any], chosen: str) -> dict[str, Any]:
    """Return the first few rows that are offered, and the one that is chosen, by id.

    Args:
        rows: those that may be chosen. Any other id is unknown, whoever's it is.
    """
    found = {str(row.pk): row for row in offered[:OFFERED]}
    pk = parse_uuid(chosen)
    if pk and str(pk) not in found:
        found |= {str(row.pk): row for row in rows.filter(pk=pk)}
    return found


def list_apps(request: HttpRequest, app_label: str | None = None) -> list[Any]:
    """List what the index and the menu at the side offer: besides the models also this page, for those who
    may see it. Stands in for the site's own `get_app_list`.
    """
    apps = admin.AdminSite.get_app_list(admin.site, request, app_label)
    if not app_label and admin.site.has_permission(request) and is_operator(request):
        page = {
            "name": "Chores",
            "object_name": "Chores",
            "admin_url": reverse(CHORES),
            "view_only": True,
        }
        apps.append(
            {
                "name": "Installation",
                "app_label": "installation",
                "app_url": reverse(CHORES),
                "models": [page],
            }
        )
    if app_label or not admin.site.has_permission(request) or not is_allowed(request, Scope.REPORTS):
        return apps
    page = {
        "name": "Matches and value",
        "object_name": "Report",
        "admin_url": reverse(PAGE),
        "view_only": True,
    }
    return [{"name": "Reports", "app_label": "reports", "app_url": reverse(PAGE), "models": [page]}, *apps]


class OrganizationForm(forms.Form):
    """Whose report it is. Staff have one organization; operators choose."""

    organization_id = forms.ChoiceField(
        label="Organization", error_messages={"invalid_choice": "There is no such organization."}
    )

    def __init__(self, request: HttpRequest) -> None:
        known = of_acting_user(request, Organization.objects.all(), "id")
        chosen = request.GET.get("organization_id") or str(acting_user(request).organization_id or "")
        self.found = offer(known, known, chosen)
        if not chosen and len(self.found) == 1:
            [chosen] = self.found
        pk = str(parse_uuid(chosen) or chosen)  # in lower case
        super().__init__({"organization_id": pk} if chosen else None)
        titles = [(pk, organization.name) for pk, organization in self.found.items()]
        self.fields["organization_id"].choices = [("", "Choose one"), *titles]  # type: ignore[attr-defined]

    @property
    def organization(self) -> Organization | None:
        return self.found[self.cleaned_data["organization_id"]] if self.is_valid() else None


def day_field(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Not a day such as 2016-10-10."},
    )


class ReportForm(forms.Form):
    """The parameters of a report, as the API names them. Without days it is about the last thirty."""

    start_date = day_field("From")
    end_date = day_field("To")
    granularity = forms.ChoiceField(label="By", choices=[(name, name.capitalize()) for name in GRANULARITIES])
    goal = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": "There is no such goal in the organization."}
    )
    room = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": "There is no such room in the organization."}
    )
    group_by = forms.ChoiceField(
        label="Broken down by", choices=[("", "Goal"), ("room", "Goal and room")], required=False
    )
    timezone = forms.CharField(
        label="Time zone", widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"})
    )

    def __init__(self, query: Mapping[str, str], organization: Organization) -> None:
        asked = {"granularity": "day", "timezone": "UTC"}
        asked |= {name: query[name].strip() for name in self.base_fields if name in query}
        self.today = timezone.now().astimezone(zone_or_utc(asked["timezone"])).date()
        if not asked.get("start_date") and not asked.get("end_date"):
            asked |= {"start_date": f"{self.today - timedelta(days=29)}", "end_date": f"{self.today}"}
        super().__init__(asked)
        self.asked = asked
        self.organization = organization
        goals, rooms = organization.goals.defer("conditions"), organization.rooms.all()
        self.goals = self.offer_rows("goal", "All goals", goals, goals.filter(deleted_at=None), title_of_goal)
        self.rooms = self.offer_rows(
            "room", "All rooms", rooms, rooms.filter(archived_at=None), title_of_room
        )

    def offer_rows(
        self, name: str, all: str, rows: QuerySet[Any], offered: QuerySet[Any], title: Callable[[Any], str]
    ) -> dict[str, Any]:
        """Fill a field's choices; return the rows that it offers by id."""
        chosen = self.asked.get(name, "")
        if pk := parse_uuid(chosen):
            self.asked[name] = str(pk)  # in lower case
        found = offer(rows, offered, chosen)
        titles = sorted(((pk, title(row)) for pk, row in found.items()), key=lambda each: each[1].casefold())
        self.fields[name].choices = [("", all), *titles]  # type: ignore[attr-defined] # of a ChoiceField
        return found

    def clean_timezone(self) -> ZoneInfo:
        try:
            return find_zone(self.cleaned_data["timezone"])
        except PeriodError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        names = ("start_date", "end_date", "timezone", "granularity")
        if cleaned.keys() >= set(names):
            try:
                cleaned["period"] = Period(*(cleaned[name] for name in names))
            except PeriodError as error:
                self.add_error(error.field, str(error).replace("start_date", "the first day"))
        return cleaned

    @property
    def goal_chosen(self) -> Goal | None:
        return self.goals.get(self.asked.get("goal", ""))

    def question(self) -> Question:
        """Return what a valid form asks for."""
        cleaned = self.cleaned_data
        goal, room = self.goal_chosen, self.rooms.get(cleaned["room"])
        return Question(
            self.organization,
            cleaned["period"],
            goal_id=goal.pk if goal else None,
            room_id=room.pk if room else None,
            by_room=bool(cleaned["group_by"]),
        )

    def has_too_many_rows(self) -> bool:
        """Tell whether the report as CSV would be too long, and then say so at the field to change."""
        period = self.cleaned_data["period"]
        goals = 1 if self.goal_chosen else Goal.objects.live().filter(organization=self.organization).count()
        if goals * len(period.starts) <= MAX_ROWS:
            return False
        self.add_error(
            "granularity",
            f"The CSV would have more than {MAX_ROWS:,} rows. Ask for fewer days, for weeks or months, or "
            "for a single goal.",
        )
        return True


def zone_or_utc(name: str) -> ZoneInfo:
    """Return a zone to tell today by, also where the form refuses its name."""
    try:
        return find_zone(name)
    except PeriodError:
        return ZoneInfo("UTC")


def title_of_goal(goal: Goal) -> str:
    return goal.name if goal.deleted_at is None else f"{goal.name} (deleted)"


def title_of_room(room: Room) -> str:
    return room.display_name if room.archived_at is None else f"{room.display_name} (archived)"


def report_page(request: HttpRequest) -> HttpResponseBase:
    """Answer the page, or with `format=csv` the file. Raises: PermissionDenied without the scope."""
    if not is_allowed(request, Scope.REPORTS):
        raise PermissionDenied
    chooser = OrganizationForm(request)
    context = {
        **admin.site.each_context(request),
        "title": "Reports",
        "page": reverse(PAGE),
        "chooser": chooser,
        "is_operator": is_operator(request),
    }
    organization = chooser.organization
    if organization is not None:
        form = ReportForm(request.GET.dict(), organization)
        is_csv = request.GET.get("format") == "csv"
        if form.is_valid() and not (is_csv and form.has_too_many_rows()):
            if is_csv:
                return download(form.question())
            try:
                context |= show(request, form)
            except TooManyReadings as refusal:
                form.add_error(None, str(refusal.detail))
        context |= show_form(request, form)
    return TemplateResponse(
        request, "admin/matching/report.html", context, headers={"Cache-Control": "no-store"}
    )


def download(question: Question) -> HttpResponseBase:
    """Answer the report as CSV."""
    period, by_room = question.period, question.by_room
    name = f"goal-{question.goal_id}" if question.goal_id else "goals"
    response = csv_response(
        f"{name}-{period.start_date}-{period.end_date}",
        report_header(by_room=by_room),
        report_rows(question.read(), period, by_room=by_room),
        for_excel=True,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def address_of(request: HttpRequest, form: ReportForm, **changes: object) -> str:
    """Return the address of the report that the form asks for, with other values of some parameters."""
    asked = form.asked | {name: str(value) for name, value in changes.items()}
    if is_operator(request):
        asked = {"organization_id": str(form.organization.pk), **asked}
    return f"{reverse(PAGE)}?{urlencode({name: value for name, value in asked.items() if value})}"


def show_form(request: HttpRequest, form: ReportForm) -> dict[str, Any]:
    """Return what the page shows whether or not the parameters are right."""
    days = (form.asked["start_date"], form.asked["end_date"]) if form.is_valid() else None
    return {
        "form": form,
        "organization": form.organization,
        "goal": form.goal_chosen,
        "of_all_goals": address_of(request, form, goal=""),
        # What stays when operators choose another organization.
        "kept": [(name, form.asked[name]) for name in KEPT if name in form.asked],
        "zones": sorted(zone_names()),
        "ranges": [
            {
                "name": name,
                "days": f"{first} to {last}",
                "is_chosen": days == (f"{first}", f"{last}"),
                "address": address_of(
                    request, form, start_date=first, end_date=last, granularity=granularity
                ),
            }
            for name, first, last, granularity in usual_ranges(form.today)
        ],
    }


def show(request: HttpRequest, form: ReportForm) -> dict[str, Any]:
    """Return what the page shows of the figures."""
    question = form.question()
    report = read_report(question)
    period = report.period
    links = links_to_matches(request, form, report)
    return {
        "question": question,
        "period": period,
        "before": period.before,
        "tiles": show_tiles(report),
        "charts": [(each.title, chart_of(report, each, links)) for each in (MATCHES, VALUE)],
        "series": show_series(report, links),
        "columns": [each.title for each in COLUMNS],
        "goals": show_goals(request, form, report),
        "goals_left_out": report.goal_count - len(report.goals),
        "rooms": list(show_parts((room, None) for room in report.rooms)),
        "parts_columns": [each.title for each in COLUMNS if each is not SESSIONS],
        "csv": address_of(request, form, format="csv"),
    }


def show_goals(request: HttpRequest, form: ReportForm, report: Report) -> list[dict[str, Any]]:
    goals = show_parts((goal.part, goal.before) for goal in report.goals)
    return [
        {
            **shown,
            "address": address_of(request, form, goal=goal.part.id),
            "rooms": list(show_parts((room, None) for room in goal.rooms)),
        }
        for shown, goal in zip(goals, report.goals, strict=True)
    ]


def links_to_matches(request: HttpRequest, form: ReportForm, report: Report) -> list[str | None]:
    """Return for each bucket the list of its matches; None where it has none, or they may not be seen.

    The list knows no rooms, so the report of a room has no such links.
    """
    question = form.question()
    if question.room_id or not is_allowed(request, Scope.SETTINGS):
        return [None] * len(report.together.series)
    page = reverse("admin:matching_externalmatch_changelist")
    others = {"retracted": "no"}
    if question.goal_id:
        others["goal__id__exact"] = str(question.goal_id)
    if is_operator(request):
        others["organization"] = str(question.organization.pk)
    zone = question.period.zone.key
    return [
        f"{page}?{urlencode({'event': EventFilter.of(first, last, zone), **others})}"
        if figures.match_count
        else None
        for (first, last), figures in zip(bucket_days(report.period), report.together.series, strict=True)
    ]
