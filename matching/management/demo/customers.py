"""The customers of the demo world: their visits, and what tills and other systems post about them.

What a customer does follows from nothing but the day of the first visit and a number. So a load on another
day tells the same of the customers that both know. No clock and no database here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar

from django.conf import settings

from matching.models import MatchAttempt

NEW_CUSTOMERS = 46  # on a usual day, today
GROWTH = 1.007  # a day
# By hour (UTC) and by weekday, from Monday: when people visit web sites in Helsinki.
HOURS = (1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 12, 13, 12, 12, 13, 14, 16, 19, 20, 18, 13, 8, 4, 2)
WEEK = (1.0, 0.95, 0.95, 1.05, 1.15, 1.25, 0.8)
SATURDAY, SUNDAY = 5, 6
VISITS = {1: 45, 2: 22, 3: 14, 4: 9, 5: 6, 6: 4}

SHOP, BLOG, STORE = range(3)  # rooms
VISITED = {
    (SHOP,): 54,
    (BLOG, SHOP): 22,
    (BLOG,): 13,
    (STORE,): 5,  # the tablet in the store
    (SHOP, STORE): 5,
    (): 1,
}
BOUGHT, LEAD, PICKED_UP, SIGNED = range(4)  # goals
EVENTS = {BOUGHT: 50, LEAD: 26, PICKED_UP: 17, SIGNED: 7}
NAMES = {BOUGHT: "till", LEAD: "lead", PICKED_UP: "pickup", SIGNED: "contract"}
PRICES = {BOUGHT: (18, 48, 260), PICKED_UP: (25, 85, 400), SIGNED: (600, 1400, 5200)}  # least, usual, most
CENTS = ("0.00", "0.50", "0.90", "0.95")

# On some days a partner's clock shows the time of New York, which is read as UTC.
HOURS_OFF = timedelta(hours=5)
DAYS_BETWEEN_SLIPS = 16

Drawn = TypeVar("Drawn")


@dataclass(frozen=True, slots=True)
class Visit:
    visitor_id: str
    visitor_session_id: str
    started_at: datetime
    ended_at: datetime
    rooms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a manager did to a match later: gave it another value, or retracted it (no value)."""

    at: datetime
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A match as it was posted."""

    external_id: str
    goal: int | None  # None: one that does not exist
    identity: str
    matched_at: datetime
    rooms: tuple[int, ...]
    value: Decimal | None
    posted_at: datetime
    source: MatchAttempt.Source
    malformed: dict[str, str] = field(default_factory=dict)  # attributes that were sent in another form
    is_conflict: bool = False  # another event with the external id of an earlier post
    is_repeated: bool = False
    is_held: bool = False  # as the identity is not known yet
    settled_at: datetime | None = None  # when it becomes known
    cancelled_at: datetime | None = None
    correction: Correction | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    identity: str | None  # None: never submitted
    known_at: datetime | None  # when the identity was submitted, if later than the first visit
    visits: list[Visit]
    posts: list[Post]


def customers_until(now: datetime) -> Iterator[Customer]:
    """Draw the customers whose first visit was on one of the last ninety days, today included.

    What they do later may lie after `now`.
    """
    for age in reversed(range(settings.DEMO_DAYS)):
        day = now.date() - timedelta(days=age)
        luck = Random(str(day)).uniform(0.85, 1.15)  # noqa: S311 - not a secret
        count = round(NEW_CUSTOMERS * GROWTH**-age * WEEK[day.weekday()] * luck)
        for number in range(count):
            yield Life(day, number).tell()


class Life:
    """Draws what a customer does."""

    def __init__(self, day: date, number: int) -> None:
        self.day = day
        self.name = f"{day:%y%m%d}-{number:03}"
        self.chance = Random(f"{day} {number}")  # noqa: S311 - not a secret

    def tell(self) -> Customer:
        visits = list(self.visit())
        if not self.happens(0.6):
            return Customer(None, None, visits, list(self.meet_strangers(visits)))
        identity = f"customer-{self.day.toordinal() % 10_000:04}{self.name[-3:]}"
        posts = [post for number, visit in enumerate(visits) for post in self.follow(identity, visit, number)]
        if posts and posts[0].goal is not None and not posts[0].malformed and self.happens(0.12):
            known_at, post = self.hold(posts[0])
            return Customer(identity if known_at else None, known_at, visits, [post])
        return Customer(identity, None, visits, posts)

    def visit(self) -> Iterator[Visit]:
        count = self.one_of(VISITS)
        devices = ("laptop", "phone") if self.happens(0.25) else (self.chance.choice(("laptop", "phone")),)
        day = self.day
        for number in range(count):
            visitor_id = f"{self.chance.choice(devices)}-{self.name}"
            started_at = datetime.combine(day, time(self.one_of(dict(enumerate(HOURS)))), UTC)
            started_at += timedelta(milliseconds=self.chance.randrange(3_600_000))
            minutes = min(1 + self.chance.expovariate(1 / 6), 45)
            ended_at = started_at + timedelta(seconds=round(60 * minutes))
            yield Visit(visitor_id, f"{visitor_id}-{number}", started_at, ended_at, self.one_of(VISITED))
            ahead = [day + timedelta(days=days) for days in range(1, 15)]
            day = self.one_of({each: WEEK[each.weekday()] * 0.8**days for days, each in enumerate(ahead)})

    def follow(self, identity: str, visit: Visit, number: int) -> Iterator[Post]:
        """Draw what comes of a visit, and what goes wrong with it."""
        if not self.happens(0.5):
            return
        goal = self.one_of(EVENTS)
        matched_at = self.event_after(visit, goal)
        post = Post(
            external_id=f"{NAMES[goal]}-{self.name}-{number}",
            goal=goal,
            identity=identity,
            matched_at=matched_at,
            rooms=self.rooms_of(goal),
            value=None if goal == LEAD or self.happens(0.1) else self.price(*PRICES[goal]),
            posted_at=self.posted_after(matched_at, goal),
            source=source_of(goal),
        )
        fault = self.chance.random()
        is_day_of_slips = post.posted_at.toordinal() % DAYS_BETWEEN_SLIPS < 2
        if goal in (BOUGHT, LEAD) and number == 0 and fault < (0.5 if is_day_of_slips else 0.02):
            yield replace(post, matched_at=visit.started_at - HOURS_OFF)
            if self.happens(0.6):  # sent again by somebody who has read the reason
                yield replace(post, posted_at=post.posted_at + timedelta(hours=self.chance.uniform(2, 20)))
        elif fault < 0.03:
            yield replace(post, identity=identity.upper())
        elif fault < 0.04:
            sent = {"goal_value": "1.249,90"} if self.happens(0.5) else {"goal_matched_at": str(self.day)}
            yield replace(post, malformed=sent)
        elif fault < 0.045:
            yield replace(post, goal=None)
        else:
            yield replace(post, is_repeated=self.happens(0.06), correction=self.correction_of(post))
            if fault > 0.985 and post.value is not None:
                again = replace(post, value=post.value + 10, source=MatchAttempt.Source.SINGLE)
                later = post.posted_at + timedelta(hours=self.chance.uniform(1, 30))
                yield replace(again, posted_at=later, is_conflict=True)

    def meet_strangers(self, visits: list[Visit]) -> Iterator[Post]:
        """Draw the purchases of people who were never on the web site: as many as visitors say."""
        if self.happens(0.16):
            matched_at = self.event_after(visits[0], BOUGHT)
            yield Post(
                external_id=f"{NAMES[BOUGHT]}-{self.name}-x",
                goal=BOUGHT,
                identity=f"card-{self.chance.randrange(10**9):09}",
                matched_at=matched_at,
                rooms=self.rooms_of(BOUGHT),
                value=self.price(*PRICES[BOUGHT]),
                posted_at=self.posted_after(matched_at, BOUGHT),
                source=source_of(BOUGHT),
            )

    def hold(self, post: Post) -> tuple[datetime | None, Post]:
        """Draw how long a post has to wait for its customer's identity; None: for ever."""
        source = MatchAttempt.Source.SINGLE
        held = replace(post, is_held=True, is_repeated=False, correction=None, source=source)
        if self.happens(0.6):
            known_at = held.posted_at + timedelta(hours=self.chance.uniform(3, 200))
            return known_at, replace(held, settled_at=known_at)
        if self.happens(0.2):
            days = self.chance.uniform(2, 12)
            return None, replace(held, cancelled_at=held.posted_at + timedelta(days=days))
        return None, held

    def event_after(self, visit: Visit, goal: int) -> datetime:
        """Draw when a goal is reached: hours after the visit, or days."""
        if goal == LEAD:
            return visit.ended_at + timedelta(minutes=2 + self.chance.expovariate(1 / 90))
        if goal == BOUGHT:
            hours = min(0.4 + self.chance.lognormvariate(1.8, 1), 96)
        else:
            hours = self.chance.uniform(20, 100) if goal == PICKED_UP else self.chance.uniform(70, 360)
        moment = visit.ended_at + timedelta(hours=hours)
        while not is_open(moment, is_office=goal == SIGNED):
            moment += timedelta(hours=1)
        return moment

    def posted_after(self, moment: datetime, goal: int) -> datetime:
        """Return when an event is posted: at once, in the night after it, or with the week's file."""
        if goal in (BOUGHT, LEAD):
            return moment + timedelta(seconds=self.chance.uniform(1, 50))
        if goal == SIGNED:
            return datetime.combine(moment.date() + timedelta(days=1), time(1, 30, 4), UTC)
        monday = moment.date() + timedelta(days=7 - moment.weekday())
        return datetime.combine(monday, time(4, 30, 6), UTC)

    def rooms_of(self, goal: int) -> tuple[int, ...]:
        if goal == LEAD:
            return (BLOG,) if self.happens(0.03) else (SHOP,)
        return (SHOP, BLOG, STORE) if goal == SIGNED or self.happens(0.7) else (SHOP, STORE)

    def correction_of(self, post: Post) -> Correction | None:
        if post.value is None:
            return None
        fate, at = self.chance.random(), post.posted_at + timedelta(days=self.chance.uniform(1, 9))
        if fate < 0.03:
            return Correction(at)
        return Correction(at, post.value - Decimal("5.50")) if fate < 0.07 else None

    def price(self, least: int, usual: int, most: int) -> Decimal:
        return int(self.chance.triangular(least, most, usual)) + Decimal(self.chance.choice(CENTS))

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def one_of(self, weights: Mapping[Drawn, float]) -> Drawn:
        return self.chance.choices(list(weights), list(weights.values()))[0]


def is_open(moment: datetime, *, is_office: bool) -> bool:
    """Tell whether the store sells, or the office signs contracts."""
    if is_office:
        return moment.weekday() < SATURDAY and 7 <= moment.hour < 15
    return 10 <= moment.hour < 16 if moment.weekday() == SUNDAY else 7 <= moment.hour < 18


def source_of(goal: int) -> MatchAttempt.Source:
    if goal == PICKED_UP:
        return MatchAttempt.Source.IMPORT
    return MatchAttempt.Source.BATCH if goal == SIGNED else MatchAttempt.Source.SINGLE
