"""What is wrong, in words, as the figures of the dashboard show it.

- **A user falls silent** whose matches came before in the same stretch of the week: from its last match to
  the present hour, one week ago and two weeks ago alike, its matches came in at least `SILENT_HOURS` whole
  hours, and there were at least `SILENT_MATCHES` of them. Nights and weekends are silent every week, so they
  never alarm; who posts 40 an hour alarms after three hours, and who posts once a night after three nights.
  Silences are seen for four weeks, of users who had posted for two weeks before and whose tokens were not
  revoked.
- **Refusals** since this hour yesterday: at least `REFUSALS`, and `REFUSED_SHARE` of what was posted; and
  twice the share of the days before (of 30, if attempts are kept so long), or half of all. Where at least
  half of those without a session came too early by the same number of hours, it is perhaps a time zone, and
  said even where it was always so.
- **Soon**: held matches that expire, tokens, subscriptions.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from goalsvc.orgs.models import ApiToken, Organization
from matching.reports.dashboard import MISSING, TOKEN_SOON, Counts, Figures, Rhythm

SILENT_HOURS = 3
SILENT_MATCHES = 10
REFUSALS = 20
REFUSED_SHARE = 0.1
# Of the refusals, for a code that is named alone; of those without a session, for a time zone.
MOST = 0.9
SAME_SLIP = 0.5
SUBSCRIPTION_SOON = timedelta(days=14)
SUBSCRIPTION_ENDED = timedelta(days=30)


class About(StrEnum):
    """Where the reader of a line goes on."""

    MATCHES = "matches"
    ATTEMPTS = "attempts"
    HELD = "held"
    TOKENS = "tokens"
    ORGANIZATION = "organization"


class Line(NamedTuple):
    """Something that is wrong (urgent), or will be."""

    organization: Organization
    about: About
    text: str
    is_urgent: bool = True


def diagnose(figures: Figures) -> list[Line]:
    """Say what is wrong with each of the organizations, what is urgent first."""
    lines = [line for organization in figures.organizations for line in diagnose_one(figures, organization)]
    return sorted(lines, key=lambda line: not line.is_urgent)


def diagnose_one(figures: Figures, organization: Organization) -> Iterator[Line]:
    yield from subscription(organization, figures)
    yield from silences(organization, figures)
    yield from refusals(organization, figures)
    yield from held_matches(organization, figures)
    yield from tokens(organization, figures)


def subscription(organization: Organization, figures: Figures) -> Iterator[Line]:
    """Say that the subscription ends soon, or has just ended; of a single organization, that it has none."""
    today, last = figures.at.date(), organization.subscription_expires_on
    is_single = len(figures.organizations) == 1
    if last is None:
        if is_single:
            text = "There is no subscription: the API refuses goals and matches."
            yield Line(organization, About.ORGANIZATION, text)
    elif last < today:
        if is_single or today - last <= SUBSCRIPTION_ENDED:
            text = f"The subscription ended on {named(last)}: the API refuses goals and matches."
            yield Line(organization, About.ORGANIZATION, text)
    elif last - today <= SUBSCRIPTION_SOON:
        text = f"The subscription ends on {named(last)}, {in_days(last - today)}."
        yield Line(organization, About.ORGANIZATION, text, is_urgent=False)


def silences(organization: Organization, figures: Figures) -> Iterator[Line]:
    """Say which users have fallen silent, unless all their tokens were revoked."""
    theirs = figures.tokens_by_organization.get(organization.pk, ())
    for user_id, rhythm in figures.rhythms.get(organization.pk, {}).items():
        if is_alarming(rhythm) and (source := source_of(user_id, theirs)):
            since = when(rhythm.latest, figures.at)
            text = f"No match since {since} from {source}; before, about {pace(rhythm)}."
            yield Line(organization, About.MATCHES, text)


def is_alarming(rhythm: Rhythm) -> bool:
    return rhythm.silent_hours >= SILENT_HOURS and rhythm.silent_count >= SILENT_MATCHES


def source_of(user_id: UUID | None, tokens: Iterable[ApiToken]) -> str:
    """Name what posts as the user: its tokens; empty where all of them were revoked."""
    if user_id is None:
        return "imports of files"
    theirs = [token for token in tokens if token.user_id == user_id]
    names = sorted({token.description for token in theirs})
    if len(names) > 3:
        return f"the {len(names)} tokens of {theirs[0].user}"
    return f"token {' or '.join(names)}" if names else ""


def pace(rhythm: Rhythm) -> str:
    """Say how many matches came in an hour in which any came, or in a day where those hours are few."""
    if rhythm.hours >= 4 * rhythm.days:
        return f"{round(rhythm.matches / rhythm.hours):,} an hour"
    return f"{round(rhythm.matches / rhythm.days):,} a day"


def refusals(organization: Organization, figures: Figures) -> Iterator[Line]:
    """Say that many of the last day's posted matches were refused, and why."""
    by_code = figures.refused.get(organization.pk, {})
    refused = Counts.sum(by_code.values())
    recorded = figures.recorded_of(organization)
    share = share_of(refused.day, recorded.day)
    usual = share_of(refused.month - refused.day, recorded.month - recorded.day)
    if refused.day < REFUSALS or share < REFUSED_SHARE:
        return
    code, counts = max(by_code.items(), key=lambda item: (item[1].day, item[0]))
    hours = slip_of(organization, figures) if code == MISSING else None
    if hours is None and share < max(2 * usual, REFUSED_SHARE) and share < 0.5:
        return
    why = code if counts.day >= MOST * refused.day else f"mostly {code}"
    end = "."
    if hours is not None:
        why, end = f"{why}, {hours} hour{'' if hours == 1 else 's'} off: a time zone", "?"
    text = f"{percent(share)} refused since {when(figures.since, figures.at)}: {why}{end}"
    if refused.month + recorded.month > refused.day + recorded.day:
        text += f" Before, it was {percent(usual)}."
    yield Line(organization, About.ATTEMPTS, text)


def slip_of(organization: Organization, figures: Figures) -> int | None:
    """Return by how many hours most attempts without a session came too early, if by whole hours."""
    slips = figures.slips.get(organization.pk, {})
    hours, count = max(
        ((hours, count) for hours, count in slips.items() if hours is not None),
        key=lambda item: (item[1], -item[0]),
        default=(None, 0),
    )
    return hours if count >= SAME_SLIP * sum(slips.values()) else None


def held_matches(organization: Organization, figures: Figures) -> Iterator[Line]:
    """Say that held matches will be given up soon."""
    held = figures.held_by_organization.get(organization.pk)
    if held and held.expiring and held.next_expiry:
        count = "1 held match expires" if held.expiring == 1 else f"{held.expiring:,} held matches expire"
        text = f"{count} within two days, the next {when(held.next_expiry, figures.at, preposition='on ')}."
        yield Line(organization, About.HELD, text, is_urgent=False)


def tokens(organization: Organization, figures: Figures) -> Iterator[Line]:
    """Say which tokens expire soon, or have just expired."""
    for token in figures.tokens_by_organization.get(organization.pk, ()):
        expiry = token.expires_at
        if expiry and figures.at - TOKEN_SOON < expiry <= figures.at + TOKEN_SOON:
            is_over = expiry <= figures.at
            moment = when(expiry, figures.at, preposition="on ")
            text = f"Token {token.description} {'expired' if is_over else 'expires'} {moment}."
            yield Line(organization, About.TOKENS, text, is_urgent=is_over)


def share_of(refused: int, recorded: int) -> float:
    return refused / (refused + recorded) if refused else 0.0


def percent(share: float) -> str:
    """Write a share in whole percent; not 0 nor 100 where it is neither."""
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{round(100 * share)} %"


def when(moment: datetime, now: datetime, preposition: str = "") -> str:
    """Write a moment near to now in UTC: “Tuesday 14:05”; farther away than six days with its date."""
    days = (moment.date() - now.date()).days
    clock = f"{moment:%H:%M}"
    if days in NEAR:
        return f"{NEAR[days]} {clock}"
    return f"{preposition}{moment:%A} {clock}" if abs(days) < 7 else f"{preposition}{moment.date()} {clock}"


NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}


def named(day: date) -> str:
    return f"{day:%A}, {day}"


def in_days(span: timedelta) -> str:
    return {0: "today", 1: "tomorrow"}.get(span.days, f"in {span.days} days")
