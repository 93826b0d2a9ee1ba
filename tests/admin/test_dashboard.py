"""The dashboard on the admin's index: figures, what is wrong in words, first steps, and who sees which."""

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from goals.models import Goal
from goalsvc.orgs.models import ApiToken, Organization, User
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from matching.reports.dashboard import Figures, Held, read_figures
from matching.reports.health import diagnose, percent, when
from matching.templatetags.dashboard import dashboard
from tests.admin.samples import make_attempt, url, words
from tests.factories import (
    BEGINNING,
    UNKNOWN_ID,
    ExternalMatchFactory,
    GoalFactory,
    OrganizationFactory,
    PendingMatchFactory,
    RoomFactory,
    UserFactory,
    VisitorSessionFactory,
)

NOW = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)  # a Thursday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# The user, the organizations, 8 of figures, their plan, and two of the transaction, here a savepoint.
STATEMENTS = 12


def make_matches(
    organization: Organization, moments: Iterable[datetime], **attributes: Any
) -> list[ExternalMatch]:
    """Matches of one session, each at its moment and posted then."""
    goal = attributes.pop("goal", None) or GoalFactory.create(organization=organization)
    session = VisitorSessionFactory.create(organization=organization, started_at=BEGINNING)
    room = RoomFactory.create(organization=organization)
    value = attributes.get("goal_value")
    return ExternalMatch.objects.bulk_create(
        (
            ExternalMatch(
                **{
                    "id": uuid7(),
                    "organization": organization,
                    "goal": goal,
                    "session": session,
                    "visitor_identity": "customer-12345678",
                    "session_started_at": BEGINNING,
                    "goal_matched_at": moment,
                    "goal_value_source": "none" if value is None else "request",
                    "room_ids": [room.pk],
                    "created_at": moment,
                    **attributes,
                }
            )
            for moment in moments
        ),
        batch_size=1000,
    )


def make_attempts(organization: Organization, count: int, **attributes: Any) -> list[MatchAttempt]:
    return [make_attempt(organization, **attributes) for _ in range(count)]


def figures_of(*organizations: Organization, at: datetime = NOW) -> Figures:
    return read_figures(organizations, at)


def said(*organizations: Organization, at: datetime = NOW) -> list[str]:
    return [line.text for line in diagnose(figures_of(*organizations, at=at))]


# The figures.


def test_days_are_counted_by_the_event_and_compared_with_the_30_before(organization: Organization) -> None:
    goal = GoalFactory.create(organization=organization, name="Sale")
    midnight = datetime(2026, 11, 26, tzinfo=UTC)
    money = {"goal": goal, "goal_value": Decimal("10.50")}
    make_matches(organization, [midnight, NOW, midnight - timedelta(microseconds=1)], **money)
    make_matches(organization, [midnight - 29 * DAY], goal=goal)  # the first day, without a value
    make_matches(
        organization, [midnight - 29 * DAY - timedelta(microseconds=1), midnight - 59 * DAY], **money
    )
    make_matches(organization, [midnight - 59 * DAY - timedelta(microseconds=1)], **money)  # too long ago
    make_matches(organization, [midnight], retracted_at=NOW, **money)

    figures = figures_of(organization)

    assert len(figures.days) == len(figures.days_before) == 30
    assert [day for day in figures.days if day.matches] == [
        (date(2026, 10, 28), 1, Decimal("0.00")),
        (date(2026, 11, 25), 1, Decimal("10.50")),
        (date(2026, 11, 26), 2, Decimal("21.00")),
    ]
    assert [day for day in figures.days_before if day.matches] == [
        (date(2026, 9, 28), 1, Decimal("10.50")),
        (date(2026, 10, 27), 1, Decimal("10.50")),
    ]
    assert figures.top_goals == [(organization.pk, goal.pk, "Sale", 4, Decimal("31.50"))]


def test_the_top_goals_are_those_of_the_last_30_days(organization: Organization) -> None:
    goals = [GoalFactory.create(organization=organization, name=f"Goal {n}") for n in range(7)]
    for number, goal in enumerate(goals):
        make_matches(organization, [NOW - DAY] * (number + 1), goal=goal)
    make_matches(organization, [NOW - 40 * DAY] * 20, goal=goals[0])
    goals[6].discard(by=None, at=NOW)
    assert [(goal.name, goal.matches) for goal in figures_of(organization).top_goals] == [
        ("Goal 6", 7), ("Goal 5", 6), ("Goal 4", 5), ("Goal 3", 4), ("Goal 2", 3),
    ]  # fmt: skip


def test_what_was_posted_is_counted_by_its_arrival(organization: Organization) -> None:
    ages = {"day": 23 * HOUR, "week": 6 * DAY, "month": 29 * DAY, "long ago": 31 * DAY}
    for age in ages.values():
        old_event = {"goal_matched_at": NOW - 90 * DAY}
        make_matches(organization, [NOW - age], **old_event)
        make_attempts(organization, 2, created_at=NOW - age, code="session_not_found")
        make_attempt(organization, created_at=NOW - age, code="goal_not_found")

    figures = figures_of(organization)

    assert figures.all_recorded == (3, 2, 1)
    assert figures.all_refused == {"session_not_found": (6, 4, 2), "goal_not_found": (3, 2, 1)}
    assert list(figures.all_refused) == ["session_not_found", "goal_not_found"]


def test_where_attempts_are_kept_for_fewer_days_so_are_matches(
    organization: Organization, as_staff: Client, settings: Any
) -> None:
    settings.MATCH_ATTEMPT_DAYS = 5
    now = timezone.now()
    for days in (1, 6):
        make_matches(organization, [now - days * DAY])
    make_attempt(organization, created_at=now - DAY)
    figures = figures_of(organization, at=now)
    assert figures.all_recorded[:2] == (1, 1)
    text = shown(as_staff)
    assert "Match rate, 5 days 50 % 5 days: 50 %; 1 refused in 5 days" in text
    assert "Code 5 days 5 days" in text


@pytest.mark.usefixtures("goal")
def test_figures_are_read_by_their_indexes(organization: Organization) -> None:
    fill(organization, NOW)
    make_matches(organization, office_hours(NOW, 5))
    with CaptureQueriesContext(connection) as captured:
        figures_of(organization)
    statements = [each["sql"] for each in captured.captured_queries if "FROM matching_" in each["sql"]]
    assert len(statements) == 6
    plans = []
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        for plan in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{plan} = off")
        for sql in statements:
            cursor.execute(f"EXPLAIN {sql}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    assert [plan for plan in plans if re.search(r"(Seq|Heap) Scan on matching_", plan)] == []
    for index in ("match_report", "match_list"):
        assert any(f"Index Only Scan using {index} on" in plan for plan in plans), index


def test_held_matches_are_counted_by_age(organization: Organization) -> None:
    def hold(age: timedelta, rest: timedelta, **attributes: Any) -> None:
        PendingMatchFactory.create(
            organization=organization, created_at=NOW - age, expires_at=NOW + rest, **attributes
        )

    hold(HOUR, 30 * DAY)
    hold(2 * DAY, 28 * DAY)
    hold(6 * DAY, 24 * DAY)
    hold(29 * DAY, DAY)
    hold(30 * DAY, -HOUR)  # overdue: given up, though not yet written down
    hold(HOUR, 30 * DAY, status=PendingMatch.Status.CANCELLED, resolved_at=NOW)

    held = figures_of(organization).held

    assert held == Held(1, 2, 1, 1, NOW + DAY)
    assert held.total == 4
    assert figures_of(OrganizationFactory.create()).held == Held()


def test_nothing_of_another_organization_is_counted(
    organization: Organization, other_organization: Organization
) -> None:
    fill(other_organization, NOW)
    empty, filled, both = (
        figures_of(*asked)
        for asked in ([organization], [other_organization], [organization, other_organization])
    )
    assert empty == figures_of(organization)
    assert not any(empty.existing)
    assert not any(day.matches for day in (*empty.days, *empty.days_before))
    assert not any((empty.top_goals, empty.refused, empty.slips, empty.rhythms, empty.tokens))
    assert empty.held == Held()
    for name in ("existing", "days", "days_before", "top_goals", "refused", "rhythms", "held", "tokens"):
        assert getattr(both, name) == getattr(filled, name), name

    fill(organization, NOW)
    figures = figures_of(organization, other_organization)
    assert figures.recorded_of(organization) == figures.recorded_of(other_organization) == (3, 3, 3)
    assert figures.all_recorded == (6, 6, 6)
    assert figures.all_refused["session_not_found"] == (2, 2, 2)
    assert figures.held.total == 2
    assert len(figures.tokens) == 2


def fill(organization: Organization, at: datetime) -> ApiToken:
    """Some of everything that the dashboard shows."""
    user = UserFactory.create(organization=organization)
    token, _ = ApiToken.objects.issue(user, f"Token of {organization.name}")
    goal = GoalFactory.create(organization=organization, name=f"Goal of {organization.name}")
    make_matches(organization, [at - HOUR] * 3, goal=goal, created_by=user, goal_value=Decimal("1234.50"))
    reason = {"next_session_starts_after_seconds": 17_000}
    make_attempt(organization, created_at=at - HOUR, code="session_not_found", reason=reason)
    PendingMatchFactory.create(goal=goal, created_at=at - HOUR, expires_at=at + 20 * DAY)
    return token


# What is wrong, in words.


def office_hours(until: datetime, an_hour: int = 12) -> Iterator[datetime]:
    """Moments of posting: from Monday to Friday between 8 and 18 o'clock, for four weeks."""
    hour = until.replace(minute=0) - 28 * DAY
    while hour <= until:
        if hour.weekday() < 5 and 8 <= hour.hour < 18:
            moments = (hour + number * HOUR / an_hour + timedelta(minutes=1) for number in range(an_hour))
            yield from (moment for moment in moments if moment <= until)
        hour += HOUR


@pytest.fixture
def export(integrator: User) -> ApiToken:
    return ApiToken.objects.issue(integrator, "CRM export")[0]


LAST = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)  # the Tuesday before


@pytest.fixture
def exported(organization: Organization, export: ApiToken) -> None:
    moments = [*office_hours(LAST - timedelta(minutes=1)), LAST]
    make_matches(organization, moments, created_by=export.user)


def test_a_token_that_fell_silent_is_named(organization: Organization, exported: None) -> None:
    assert said(organization) == [
        "No match since Tuesday 14:05 from token CRM export; before, about 12 an hour."
    ]


def test_a_silence_is_told_after_three_busy_hours(organization: Organization, exported: None) -> None:
    for now, since in (
        (LAST + HOUR, None),
        (datetime(2026, 11, 24, 17, 59, tzinfo=UTC), None),  # two whole hours
        (datetime(2026, 11, 24, 18, 0, tzinfo=UTC), "today 14:05"),
        (datetime(2026, 11, 25, 3, 0, tzinfo=UTC), "yesterday 14:05"),
        (datetime(2026, 12, 2, 9, 0, tzinfo=UTC), "2026-11-24 14:05"),
    ):
        told = f"No match since {since} from token CRM export; before, about 12 an hour."
        assert said(organization, at=now) == ([told] if since else []), now


def test_nights_and_weekends_are_no_silence(organization: Organization, export: ApiToken) -> None:
    friday = datetime(2026, 11, 27, 17, 59, tzinfo=UTC)
    make_matches(organization, office_hours(friday), created_by=export.user)
    for now in (
        datetime(2026, 11, 28, 16, tzinfo=UTC),  # Saturday
        datetime(2026, 11, 29, 23, tzinfo=UTC),  # Sunday
        datetime(2026, 11, 30, 7, 59, tzinfo=UTC),  # Monday, before work
        datetime(2026, 11, 30, 10, 30, tzinfo=UTC),  # and not long after it should have begun
    ):
        assert said(organization, at=now) == [], now


def test_who_posts_once_a_night_is_silent_after_three_nights(
    organization: Organization, export: ApiToken
) -> None:
    nights = [datetime(2026, 11, 22, 2, 10, tzinfo=UTC) - number * DAY for number in range(25)]
    make_matches(organization, (night for night in nights for _ in range(50)), created_by=export.user)
    assert said(organization, at=datetime(2026, 11, 25, 1, tzinfo=UTC)) == []
    assert said(organization, at=datetime(2026, 11, 25, 12, tzinfo=UTC)) == [
        "No match since Sunday 02:10 from token CRM export; before, about 50 a day."
    ]


def test_who_posts_rarely_or_has_just_begun_is_never_silent(
    organization: Organization, export: ApiToken
) -> None:
    rare = [NOW - 3 * DAY - number * 31 * HOUR for number in range(20)]
    make_matches(organization, rare, created_by=export.user)
    fresh = UserFactory.create(organization=organization)
    ApiToken.objects.issue(fresh, "Fresh")
    make_matches(
        organization, (NOW - 2 * DAY - number * HOUR / 10 for number in range(1000)), created_by=fresh
    )
    assert said(organization) == []


def test_a_silence_is_expected_where_the_tokens_were_revoked(
    organization: Organization, export: ApiToken, exported: None
) -> None:
    ApiToken.objects.issue(export.user, "Reserve")
    [text] = said(organization)
    assert "from token CRM export or Reserve;" in text
    ApiToken.objects.update(revoked_at=NOW)
    assert said(organization) == []


def test_imports_of_files_have_no_token(organization: Organization) -> None:
    make_matches(organization, [*office_hours(LAST - timedelta(minutes=1)), LAST])
    [text] = said(organization)
    assert text == "No match since Tuesday 14:05 from imports of files; before, about 12 an hour."


def reason(seconds: float | None, slip: int | None = None) -> dict[str, Any]:
    """Facts of matching.rule.reasons."""
    return {
        "message": "…",
        "is_identity_known": seconds is not None,
        "next_session_starts_after_seconds": seconds,
        "time_zone_slip_hours": slip,
    }


def test_refusals_for_a_mistaken_time_zone_are_told(organization: Organization) -> None:
    at = {"created_at": NOW - 2 * HOUR}
    make_matches(organization, [NOW - 2 * HOUR] * 69)
    make_attempts(organization, 10, code="session_not_found", reason=reason(5 * 3600, 5), **at)
    make_attempts(organization, 12, code="session_not_found", reason=reason(4.7 * 3600), **at)
    make_attempts(organization, 6, code="session_not_found", reason=reason(None), **at)
    make_attempts(organization, 3, code="session_not_found", reason=reason(70.0), **at)
    assert said(organization) == [
        "31 % refused since yesterday 10:00: session_not_found, 5 hours off: a time zone?"
    ]


def test_refusals_that_increase_are_told(organization: Organization) -> None:
    make_matches(organization, [NOW - HOUR] * 60)
    make_matches(organization, [NOW - 3 * DAY] * 95)
    make_attempts(organization, 5, code="goal_not_found", created_at=NOW - 3 * DAY)
    make_attempts(organization, 30, code="no_connected_rooms", created_at=NOW - HOUR)
    make_attempts(organization, 10, code="goal_not_found", created_at=NOW - HOUR)
    assert said(organization) == [
        "40 % refused since yesterday 10:00: mostly no_connected_rooms. Before, it was 5 %."
    ]


@pytest.mark.parametrize(
    ("recorded", "refused", "before"),
    [
        (0, 19, 0),  # few
        (300, 30, 0),  # a small part
        (70, 30, 30),  # as ever
    ],
)
def test_usual_refusals_are_not_told(
    recorded: int, refused: int, before: int, organization: Organization
) -> None:
    make_matches(organization, [NOW - HOUR] * recorded)
    make_attempts(organization, refused, code="goal_not_found", created_at=NOW - HOUR)
    make_matches(organization, [NOW - 3 * DAY] * (100 - before))
    make_attempts(organization, before, code="goal_not_found", created_at=NOW - 3 * DAY)
    assert said(organization) == []


def test_what_ends_soon_is_told(organization: Organization, integrator: User) -> None:
    PendingMatchFactory.create(organization=organization, created_at=NOW - DAY, expires_at=NOW + 30 * HOUR)
    for name, expires_at in (
        ("Shop", NOW + 6 * DAY), ("Old", NOW - 2 * DAY), ("Older", NOW - 9 * DAY), ("Later", NOW + 9 * DAY)
    ):  # fmt: skip
        token, _ = ApiToken.objects.issue(integrator, name)
        ApiToken.objects.filter(pk=token.pk).update(expires_at=expires_at)
    organization.subscription_expires_on = date(2026, 12, 8)
    lines = diagnose(figures_of(organization))
    assert [(line.is_urgent, line.text) for line in lines] == [
        (True, "Token Old expired on Tuesday 10:30."),
        (False, "The subscription ends on Tuesday, 2026-12-08, in 12 days."),
        (False, "1 held match expires within two days, the next tomorrow 16:30."),
        (False, "Token Shop expires on Wednesday 10:30."),
    ]


REFUSES = ": the API refuses goals and matches."


@pytest.mark.parametrize(
    ("last_day", "alone", "among_others"),
    [
        (None, f"There is no subscription{REFUSES}", False),
        (date(2020, 12, 31), f"The subscription ended on Thursday, 2020-12-31{REFUSES}", False),
        (date(2026, 11, 25), f"The subscription ended on Wednesday, 2026-11-25{REFUSES}", True),
        (date(2026, 11, 26), "The subscription ends on Thursday, 2026-11-26, today.", True),
        (date(2026, 11, 27), "The subscription ends on Friday, 2026-11-27, tomorrow.", True),
        (date(2026, 12, 11), "", False),
    ],
)  # fmt: skip
def test_a_subscription_that_ends_is_told(
    last_day: date | None,
    alone: str,
    among_others: bool,
    organization: Organization,
    other_organization: Organization,
) -> None:
    organization.subscription_expires_on = last_day
    assert said(organization) == ([alone] if alone else [])
    assert said(organization, other_organization) == ([alone] if among_others else [])


def test_moments_and_shares_are_written_for_people() -> None:
    assert when(NOW, NOW) == "today 10:30"
    assert when(NOW + DAY, NOW, "on ") == "tomorrow 10:30"
    assert when(NOW - 6 * DAY, NOW) == "Friday 10:30"
    assert when(NOW - 7 * DAY, NOW, "on ") == "on 2026-11-19 10:30"
    assert [percent(share) for share in (0, 0.001, 0.314, 0.999, 1)] == [
        "0 %", "under 1 %", "31 %", "over 99 %", "100 %"
    ]  # fmt: skip


# The page.


def shown(client: Client, **query: Any) -> str:
    return words(client.get("/admin/", query))


def test_staff_with_the_scope_see_the_figures_of_their_organization(
    as_staff: Client, organization: Organization, other_organization: Organization
) -> None:
    now = timezone.now()
    token = fill(organization, now)
    fill(other_organization, now)
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    make_attempts(organization, 2, created_at=now - 20 * DAY, code="goal_not_found")

    text = shown(as_staff, organization=other_organization.pk)

    assert "Matches, 30 days 3 none in the 30 days before" in text
    assert "Value, 30 days 3,703.50 none in the 30 days before" in text
    assert "Match rate, 7 days 75 % 30 days: 50 %; 1 refused in 7 days" in text
    assert "Held 1 next one expires on" in text
    assert "Goal Matches Value Goal of Example Ltd. 3 3,703.50" in text
    assert "Code 7 days 30 days goal_not_found 0 2 session_not_found 1 1" in text
    assert "under a day 1 1 to 7 days 0 longer 0" in text
    assert f"Token of Example Ltd. {token.user} valid {now:%Y-%m-%d %H:%M} " in text
    assert "Nothing needs attention." in text
    assert "First steps" not in text
    assert "Another Ltd." not in text
    assert "Organization All together" not in text
    assert "Goals" in text  # the list of apps, below


def test_the_figures_lead_on(as_staff: Client, organization: Organization) -> None:
    token = fill(organization, timezone.now())
    page = as_staff.get("/admin/").content.decode()
    links = html.unescape(page[: page.index('id="content-main"')])
    goal = Goal.objects.get(organization=organization, name__startswith="Goal of")
    for link in (
        url(Goal, "change", goal.pk),
        f"{url(MatchAttempt, 'changelist')}?code=session_not_found",
        f"{url(PendingMatch, 'changelist')}?status=pending",
        url(ApiToken, "change", token.pk),
        f"{url(ExternalMatch, 'changelist')}?event={timezone.now():%Y-%m-%d}",
        reverse("admin_report"),
    ):
        assert f'href="{link}"' in links
        assert as_staff.get(link).status_code == 200


def test_nobody_is_led_where_they_may_not_go(
    organization: Organization, browser: Callable[[User], Client]
) -> None:
    now = timezone.now()
    token = fill(organization, now)
    ApiToken.objects.filter(pk=token.pk).update(expires_at=now + DAY)
    make_attempts(organization, 30, created_at=now - HOUR, code="session_not_found")
    reader = UserFactory.create(organization=organization, is_staff=True, scopes=["reports"])
    client = browser(reader)
    response = client.get("/admin/")
    assert "30" in words(response)
    assert f"Token {token.description} expires tomorrow" in words(response)
    for link in re.findall(r'href="(/admin/[^"]*)', response.content.decode()):
        assert client.get(html.unescape(link)).status_code == 200, link


@pytest.mark.parametrize("scopes", [[], ["settings", "users"]])
def test_staff_without_the_scope_see_the_list_of_apps_alone(
    scopes: list[str], organization: Organization, browser: Callable[[User], Client]
) -> None:
    fill(organization, timezone.now())
    staff = UserFactory.create(organization=organization, is_staff=True, scopes=scopes)
    with CaptureQueriesContext(connection) as captured:
        response = browser(staff).get("/admin/")
    text = words(response)
    assert "Goals" in text
    assert "History" in text
    for word in ("30 days", "Match rate", "First steps", "Token of", "attention"):
        assert word not in text
    assert 'id="figures"' not in response.content.decode()
    assert "charts.js" not in response.content.decode()
    assert not any("matching_externalmatch" in each["sql"] for each in captured.captured_queries)


def test_the_tag_itself_refuses_who_may_not_see_reports(clerk: User) -> None:
    request = RequestFactory().get("/admin/")
    request.user = clerk
    with pytest.raises(PermissionDenied):
        dashboard({"request": request})


def test_operators_see_all_organizations_or_one(
    as_operator: Client, organization: Organization, other_organization: Organization
) -> None:
    now = timezone.now()
    fill(organization, now)
    fill(other_organization, now)
    make_attempts(other_organization, 30, created_at=now - HOUR, code="goal_not_found")

    everything = shown(as_operator)
    assert "Matches, 30 days 6 " in everything
    assert "Goal of Example Ltd." in everything
    assert "Goal of Another Ltd. of Another Ltd." in everything
    assert "Token of Another Ltd. of Another Ltd." in everything
    assert "Problem Another Ltd.: 91 % refused since yesterday" in everything

    ours = as_operator.get("/admin/", {"organization": str(organization.pk)})
    assert "Matches, 30 days 3 " in words(ours)
    assert "Another Ltd." not in words(ours).replace("All together Another Ltd. Example Ltd. Show", "")
    narrowed = f"?organization={organization.pk}&amp;code=session_not_found"
    assert url(MatchAttempt, "changelist") + narrowed in ours.content.decode()
    assert f'<option value="{organization.pk}" selected>' in ours.content.decode()


@pytest.mark.parametrize("asked", ["x", "\0", str(UNKNOWN_ID)])
def test_an_unknown_organization_is_told(asked: str, as_operator: Client, organization: Organization) -> None:
    fill(organization, timezone.now())
    text = shown(as_operator, organization=asked)
    assert "There is no such organization; these are the figures of all." in text
    assert "Matches, 30 days 3 " in text


def test_an_expired_subscription_hides_no_figures(
    expired_organization: Organization, browser: Callable[[User], Client]
) -> None:
    fill(expired_organization, timezone.now())
    staff = UserFactory.create(organization=expired_organization, is_staff=True, scopes=["reports"])
    text = shown(browser(staff))
    assert "The subscription ended on Thursday, 2020-12-31: the API refuses goals and matches." in text
    assert "Matches, 30 days 3 " in text


def test_charts_have_their_figures_as_a_table_and_as_data(
    as_staff: Client, organization: Organization
) -> None:
    now = timezone.now()
    fill(organization, now)
    page = as_staff.get("/admin/").content.decode()
    charts = [json.loads(html.unescape(data)) for data in re.findall(r'data-chart="([^"]*)"', page)]
    assert [chart["series"][0]["label"] for chart in charts] == ["Matches", "Value"]
    for chart, total in zip(charts, (3, 3703.5), strict=True):
        bars, line = chart["series"]
        assert len(chart["labels"]) == len(bars["values"]) == len(line["values"]) == 30
        assert chart["labels"][-1] == f"{now:%Y-%m-%d}"
        assert (bars["kind"], bars["dashed"], line["kind"], line["dashed"]) == ("bar", False, "line", True)
        assert chart["links"][-1].endswith(f"?event={now:%Y-%m-%d}")
        assert (sum(bars["values"]), sum(line["values"])) == (total, 0)
    assert page.count("<canvas ") == page.count('role="img" aria-label="') == 2
    assert page.count("<details>") == 2
    assert '<script src="/static/matching/charts.js" defer></script>' in page


def test_the_number_of_statements_is_fixed(
    as_operator: Client, as_staff: Client, organization: Organization, other_organization: Organization
) -> None:
    def count(client: Client, **query: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/admin/", query)
        return len(captured.captured_queries)

    def counts() -> list[int]:
        return [count(as_staff), count(as_operator), count(as_operator, organization=organization.pk)]

    assert counts() == [STATEMENTS] * 3
    for each in (organization, other_organization):
        fill(each, timezone.now())
        fill(each, timezone.now() - 10 * DAY)
    assert counts() == [STATEMENTS] * 3


# First steps.


def steps(response: Any) -> list[tuple[str, bool, str]]:
    """The title of each step, whether it is ticked off, and where it leads."""
    items = re.findall(r'<li class="(done|open)">(.*?)</li>', response.content.decode(), re.S)
    found = []
    for state, item in items:
        link = re.search(r'<a href="([^"]*)">([^<]*)</a>', item)
        assert link
        found.append((link[2], state == "done", link[1]))
        assert ("✓" in item) == ("(done)" in item) == (state == "done")
    return found


def test_an_empty_installation_shows_operators_their_first_steps(as_operator: Client, db: None) -> None:
    response = as_operator.get("/admin/")
    assert [(title.split(":")[0].split(",")[0], link) for title, _, link in steps(response)] == [
        ("Set up an organization", "/admin/orgs/organization/setup/"),
        ("Make a room", "/admin/orgs/room/add/"),
        ("Make a goal", "/admin/goals/goal/add/"),
        ("Make a user", "/admin/orgs/user/add/"),
        ("Report the first visitor session", "/api/v5/docs"),
        ("Post the first match", "/api/v5/docs"),
    ]
    assert not any(is_done for _, is_done, _ in steps(response))
    assert all(as_operator.get(link).status_code == 200 for _, _, link in steps(response))
    for word in ("Match rate", "held-title", "Nothing needs attention", "<canvas"):
        assert word not in response.content.decode()


def test_steps_are_ticked_off_until_the_first_match(as_staff: Client, organization: Organization) -> None:
    def done() -> list[bool]:
        return [is_done for _, is_done, _ in steps(as_staff.get("/admin/"))]

    assert done() == [False] * 5
    room = RoomFactory.create(organization=organization)
    assert done() == [True, False, False, False, False]
    goal = GoalFactory.create(rooms=[room])
    user = UserFactory.create(organization=organization)
    assert steps(as_staff.get("/admin/"))[2][1:] == (False, "/admin/orgs/apitoken/add/")
    ApiToken.objects.issue(user, "Shop")
    assert done() == [True, True, True, False, False]
    session = VisitorSessionFactory.create(organization=organization)
    assert done() == [True, True, True, True, False]
    make_attempt(organization, created_at=timezone.now(), code="session_not_found")
    assert done() == [True, True, True, True, False]
    assert "session_not_found 1 1" in shown(as_staff)  # whoever tries sees why it did not work
    ExternalMatchFactory.create(goal=goal, session=session)
    assert done() == []
    assert "First steps" not in shown(as_staff)


def test_rows_of_others_tick_nothing_off(as_staff: Client, other_organization: Organization) -> None:
    fill(other_organization, timezone.now())
    assert [is_done for _, is_done, _ in steps(as_staff.get("/admin/"))] == [False] * 5


def test_steps_that_one_may_not_take_have_no_link(
    organization: Organization, browser: Callable[[User], Client]
) -> None:
    reader = UserFactory.create(organization=organization, is_staff=True, scopes=["reports"])
    response = browser(reader).get("/admin/")
    assert "Make a goal: what shall count" in words(response)
    assert 'href="/admin/goals/goal/add/"' not in response.content.decode()
