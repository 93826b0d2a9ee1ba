"""The dashboard on the admin's index: what came of the last weeks, what is wrong, and first steps.

For operators and staff with the reports scope. Operators see all organizations together, or the one that they
choose (`?organization=<id>`); staff see their own, whatever they ask for.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import NotSupportedError, models
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from goals.models import Goal
from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.access import acting_user, is_allowed, of_acting_user
from goalsvc.orgs.models import ApiToken, Organization, Room, User
from goalsvc.orgs.scopes import Scope
from matching.admin.events.filters import EventFilter
from matching.admin.reports import PAGE
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from matching.reports.dashboard import DAYS, Counts, Day, Figures, match_rate, read_figures
from matching.reports.health import About, Line, diagnose, percent, when

LINES_SHOWN = 20
TOKENS_SHOWN = 20
# The form that chooses an organization offers this many.
OFFERED = 500
# The words of the link after a line.
LOOK_AT = {
    About.MATCHES: "Matches",
    About.ATTEMPTS: "Refused attempts",
    About.HELD: "Held matches",
    About.TOKENS: "API tokens",
    About.ORGANIZATION: "Organization",
}
LISTS: dict[About, tuple[type[models.Model], dict[str, str]]] = {
    About.MATCHES: (ExternalMatch, {}),
    About.ATTEMPTS: (MatchAttempt, {}),
    About.HELD: (PendingMatch, {"status": PendingMatch.Status.PENDING}),
    About.TOKENS: (ApiToken, {}),
}


class Tile(NamedTuple):
    """A figure with what it is compared to."""

    title: str
    figure: str
    remark: str


class Chart(NamedTuple):
    """Days of the last 30, and those 30 days before, as a chart and as a table."""

    title: str
    what: str
    described: str  # what it shows, for those who do not see it
    data: str
    rows: Sequence[tuple[str, str | None, str, str]]


class Step(NamedTuple):
    title: str
    is_done: bool
    link: str | None


def describe(request: HttpRequest) -> dict[str, Any]:
    """Return the context of the dashboard. Raises: PermissionDenied unless the user may see reports."""
    if not is_allowed(request, Scope.REPORTS):
        raise PermissionDenied
    organizations = list(of_acting_user(request, Organization.objects.order_by("name", "id"), "id"))
    asked = request.GET.get("organization", "") if acting_user(request).is_superuser else ""
    chosen = [each for each in organizations if each.pk == parse_uuid(asked)]
    links = Links(request, chosen[0] if chosen else None)
    choice = {
        "is_operator": acting_user(request).is_superuser,
        "offered": organizations[:OFFERED],
        "chosen": chosen[0] if chosen else None,
        "is_unknown": bool(asked) and not chosen,
    }
    try:
        figures = read_figures(chosen or organizations, timezone.now())
    except NotSupportedError:  # of several at once, where the database is spread over machines
        return {**choice, "is_of_one_alone": True, "is_empty": True}
    lines = diagnose(figures)
    return {
        **choice,
        "lines": [
            (line, links.of_line(line), LOOK_AT[line.about], len(figures.organizations) > 1)
            for line in lines[:LINES_SHOWN]
        ],
        "more_lines": len(lines) - LINES_SHOWN,
        "steps": [] if figures.existing.match else first_steps(request, figures),
        **(describe_figures(figures, links) if is_anything_there(figures) else {"is_empty": True}),
    }


def is_anything_there(figures: Figures) -> bool:
    return figures.existing.match or figures.existing.attempt or figures.existing.held


def describe_figures(figures: Figures, links: "Links") -> dict[str, Any]:
    week, month = ({code: counts[part] for code, counts in figures.all_refused.items()} for part in (1, 0))
    latest = {
        user: rhythm.latest for theirs in figures.rhythms.values() for user, rhythm in theirs.items() if user
    }
    # Whose it is, where there are several.
    names: dict[UUID | None, str] = {
        each.pk: each.name for each in figures.organizations if len(figures.organizations) > 1
    }
    by_use = sorted(
        figures.tokens,
        key=lambda token: (bool(token.last_used_at), token.last_used_at or token.created_at, token.pk),
        reverse=True,
    )
    return {
        "figures": figures,
        "tiles": tiles(figures),
        "charts": [
            chart("Matches a day", figures, lambda day: day.matches, "{:,}", links),
            chart("Value a day", figures, lambda day: day.value, "{:,.2f}", links),
        ],
        "report": links.to_report(),
        "refusals": [
            (code, f"{week[code]:,}", f"{month[code]:,}", links.to_attempts(code))
            for code in figures.all_refused
        ],
        "held_link": links.to_list(About.HELD),
        "next_expiry": when_exactly(figures.held.next_expiry, "none"),
        "goals": [
            (
                reverse("admin:goals_goal_change", args=[goal.id]),
                goal.name,
                f"{goal.matches:,}",
                money(goal.value),
                names.get(goal.organization_id),
            )
            for goal in figures.top_goals
        ],
        "tokens": [
            (
                links.to_token(token),
                token,
                token.state_at(figures.at),
                when_exactly(token.last_used_at, "never"),
                when_exactly(latest.get(token.user_id), f"none in {DAYS} days"),
                names.get(token.user.organization_id),
            )
            for token in by_use[:TOKENS_SHOWN]
        ],
        "more_tokens": len(by_use) - TOKENS_SHOWN,
        "tokens_link": links.to_list(About.TOKENS),
    }


def tiles(figures: Figures) -> list[Tile]:
    count, before = (sum(day.matches for day in days) for days in (figures.days, figures.days_before))
    value, value_before = (sum(day.value for day in days) for days in (figures.days, figures.days_before))
    recorded, refused = figures.all_recorded, Counts.sum(figures.all_refused.values())
    held = figures.held
    return [
        Tile("Matches, 30 days", f"{count:,}", compared(count, before, f"{before:,}")),
        Tile("Value, 30 days", f"{value:,.2f}", compared(value, value_before, f"{value_before:,.2f}")),
        Tile(
            f"Match rate, {figures.week_days} days",
            rate(recorded.week, refused.week),
            f"{figures.month_days} days: {rate(recorded.month, refused.month)}; "
            f"{refused.week:,} refused in {figures.week_days} days",
        ),
        Tile(
            "Held",
            f"{held.total:,}",
            f"next one expires {when(held.next_expiry, figures.at, 'on ')}"
            if held.next_expiry
            else "none waits",
        ),
    ]


def rate(recorded: int, refused: int) -> str:
    share = match_rate(recorded, refused)
    return "-" if share is None else percent(share)


def compared(now: Any, before: Any, written: str) -> str:
    """Compare with the 30 days before, in words."""
    if not before:
        return "none in the 30 days before" if now else "none in the 30 days before either"
    change = round(100 * (now - before) / before)
    than = f"{written} in the 30 days before"
    if change == 0:
        return f"as many as before: {than}"
    return f"{abs(change):,} % {'more' if change > 0 else 'less'}: {than}"


def chart(title: str, figures: Figures, figure_of: Any, form: str, links: "Links") -> Chart:
    """Draw a figure of each day as bars, with the day 30 days before as a dashed line."""
    what = title.removesuffix(" a day")
    pairs = list(zip(figures.days, figures.days_before, strict=True))
    data = {
        "type": "bar",
        "labels": [day.day.isoformat() for day in figures.days],
        "series": [
            series(what, figures.days, figure_of, is_before=False),
            series("30 days before", figures.days_before, figure_of, is_before=True),
        ],
        "links": [links.to_day(day.day) for day in figures.days],
    }
    best: Day = max(figures.days, key=figure_of)
    return Chart(
        title,
        what,
        f"{title} in the last 30 days, and in the 30 days before. "
        f"Most on {best.day}: {form.format(figure_of(best))}. The figures are in the table below.",
        json.dumps(data),
        [
            (str(day.day), links.to_day(day.day), form.format(figure_of(day)), form.format(figure_of(before)))
            for day, before in reversed(pairs)
        ],
    )


def series(label: str, days: Sequence[Day], figure_of: Any, *, is_before: bool) -> dict[str, Any]:
    return {
        "label": label,
        "kind": "line" if is_before else "bar",
        "axis": "left",
        "dashed": is_before,
        "unit": "",
        "values": [float(figure_of(day)) for day in days],
        "names": [day.day.isoformat() for day in days] if is_before else None,
    }


def first_steps(request: HttpRequest, figures: Figures) -> list[Step]:
    """Say what leads to the first match, in order; each is done once there is one such row."""
    there = figures.existing
    docs = reverse("docs")
    operator = acting_user(request).is_superuser
    steps = (
        [
            Step(
                "Set up an organization: subscription, first room, manager, API token",
                bool(figures.organizations),
                reverse("admin:orgs_organization_setup"),
            ),
        ]
        if operator
        else []
    )
    return [
        *steps,
        Step(
            "Make a room: the web shop, or the shop, where visitors come",
            there.room,
            link_to_add(request, Room),
        ),
        Step("Make a goal: what shall count", there.goal, link_to_add(request, Goal)),
        Step(
            "Make a user, and an API token, for the program that posts",
            there.token,
            link_to_add(request, ApiToken if there.user else User),
        ),
        Step("Report the first visitor session", there.session, docs),
        Step("Post the first match", there.match, docs),
    ]


def link_to_add(request: HttpRequest, model: type[models.Model]) -> str | None:
    """Return the page that makes such a row; None if the user may not."""
    if not admin.site.get_model_admin(model).has_add_permission(request):
        return None
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


def when_exactly(moment: datetime | None, none: str) -> str:
    return none if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def money(value: Any) -> str:
    return "-" if value is None else f"{value:,.2f}"


class Links:
    """Where lines and figures lead: to the lists that the user may open, of the organization chosen."""

    def __init__(self, request: HttpRequest, chosen: Organization | None) -> None:
        self.is_operator = acting_user(request).is_superuser
        self.chosen = chosen
        self.allowed = {
            model
            for model in (ExternalMatch, MatchAttempt, PendingMatch, ApiToken, User, Organization)
            if admin.site.get_model_admin(model).has_view_permission(request)
        }

    def to_list(self, about: About, organization: Organization | None = None, **query: str) -> str | None:
        """Link to the list; None if the user may not open it."""
        model, narrowed = LISTS[about]
        if model not in self.allowed:
            return None
        organization = organization or self.chosen
        of_one = {"organization": str(organization.pk)} if self.is_operator and organization else {}
        asked = urlencode(of_one | narrowed | query)
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        return f"{page}?{asked}" if asked else page

    def to_attempts(self, code: str) -> str | None:
        """Link to the attempts with the code. Of all organizations together there is no such list."""
        if self.is_operator and self.chosen is None:
            return None
        return self.to_list(About.ATTEMPTS, code=code)

    def to_day(self, day: date) -> str | None:
        """Link to the matches of a day; of all organizations together no index has them."""
        if self.is_operator and self.chosen is None:
            return None
        return self.to_list(About.MATCHES, None, **{EventFilter.parameter_name: EventFilter.of(day, day)})

    def to_report(self) -> str:
        of_one = {"organization_id": str(self.chosen.pk)} if self.is_operator and self.chosen else {}
        return f"{reverse(PAGE)}?{urlencode(of_one)}" if of_one else reverse(PAGE)

    def to_token(self, token: ApiToken) -> str | None:
        return reverse("admin:orgs_apitoken_change", args=[token.pk]) if ApiToken in self.allowed else None

    def of_line(self, line: Line) -> str | None:
        if line.about == About.ORGANIZATION:
            return reverse("admin:orgs_organization_change", args=[line.organization.pk])
        return self.to_list(line.about, line.organization)
