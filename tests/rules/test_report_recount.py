"""Reports are what a plain recount says: held against each other on generated worlds.

The recount knows no SQL: it goes through all matches and sessions of a world, with a clock of the zone on the
wall, and counts with sets and sorted lists.

More examples, new ones each time: PROPERTY_EXAMPLES=2000 pytest tests/rules/test_report_recount.py
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import event, given
from hypothesis import strategies as st

from goals.models import Goal
from goalsvc.orgs.models import Organization, Room
from matching.models import ExternalMatch, VisitorSession
from matching.privacy.erasure import erase_identity
from tests.conftest import Client
from tests.factories import GoalFactory, RoomFactory, VisitorFactory, VisitorIdentityFactory
from tests.rules.test_batch_is_one_by_one import examples

# Around each of these moments something happens: clocks change, a day is left out, a year ends mid-week.
TURNS = [
    ("Europe/Helsinki", datetime(2016, 10, 30, 1, tzinfo=UTC)),  # a day of 25 hours
    ("Europe/Helsinki", datetime(2017, 3, 26, 1, tzinfo=UTC)),  # of 23
    ("America/Sao_Paulo", datetime(2017, 10, 15, 3, tzinfo=UTC)),  # midnight is left out
    ("America/Havana", datetime(2017, 11, 5, 5, tzinfo=UTC)),  # midnight comes twice
    ("Australia/Lord_Howe", datetime(2017, 4, 1, 15, tzinfo=UTC)),  # by half an hour
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),  # a day is left out
    ("Asia/Kathmandu", datetime(2016, 12, 31, 18, 15, tzinfo=UTC)),
    ("UTC", datetime(2021, 1, 3, tzinfo=UTC)),  # week 53 of the year before
    ("Pacific/Kiritimati", datetime(2016, 2, 28, 10, tzinfo=UTC)),  # before a leap day
]
VISITORS, GOALS = 3, 3  # the last goal is deleted
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Session:
    visitor: int
    started_at: datetime
    rooms: tuple[int, ...]


@dataclass(frozen=True)
class Match:
    session: int
    goal: int
    matched_at: datetime
    rooms: tuple[int, ...]
    value: Decimal | None
    is_retracted: bool
    restated: Decimal | None


@dataclass
class World:
    zone: str
    turn: datetime
    sessions: list[Session] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    erased: int | None = None  # a visitor whose identity was erased, and with it the visitor and the sessions


rooms_of = st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=3, unique=True).map(tuple)
amount = st.none() | st.decimals("-500", "500", places=2)


@st.composite
def worlds(draw: Any) -> World:
    zone, turn = draw(st.sampled_from(TURNS))
    world = World(zone, turn)
    for _ in range(draw(st.integers(0, 6))):
        # Hours, and moments right at and beside a boundary.
        hours, beside = draw(st.integers(-80, 80)), draw(st.sampled_from([-1, 0, 0, 1, 4_500_000_000]))
        started_at = turn + timedelta(hours=hours / 2) + beside * MICROSECOND
        world.sessions.append(Session(draw(st.integers(0, VISITORS - 1)), started_at, draw(rooms_of)))
    if world.sessions:
        for _ in range(draw(st.integers(0, 9))):
            session = draw(st.integers(0, len(world.sessions) - 1))
            lag = timedelta(
                hours=draw(st.integers(0, 60)) / 2,
                microseconds=draw(st.sampled_from([1, 499_999, 500_000, 1_500_000])),
            )
            matched_at = world.sessions[session].started_at + lag
            world.matches.append(
                Match(
                    session,
                    draw(st.integers(0, GOALS - 1)),
                    matched_at,
                    draw(rooms_of),
                    draw(amount),
                    draw(st.integers(0, 4)) == 0,
                    draw(amount) if draw(st.integers(0, 4)) == 0 else None,
                )
            )
    if draw(st.integers(0, 3)) == 0:
        world.erased = draw(st.integers(0, VISITORS - 1))
    return world


@st.composite
def questions(draw: Any) -> dict[str, Any]:
    """What is asked: days before and after the turn, and the other parameters."""
    return {
        "before": draw(st.integers(0, 40)),
        "after": draw(st.integers(0, 9)),
        "granularity": draw(st.sampled_from(["day", "week", "month"])),
        "room": draw(st.sampled_from([None, None, 0, 2])),
        "by_room": draw(st.booleans()),
    }


# The recount


def percentile(lags: list[float], share: float) -> int | None:
    """The value at this share of the way through the sorted lags, between two of them in proportion."""
    if not lags:
        return None
    lags = sorted(lags)
    place = share * (len(lags) - 1)
    low = int(place)
    high = min(low + 1, len(lags) - 1)
    return round(lags[low] + (place - low) * (lags[high] - lags[low]))


@dataclass
class Recount:
    world: World
    zone: ZoneInfo
    first: date
    last: date
    granularity: str

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def start_of(self, day: date) -> date:
        if self.granularity == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.granularity == "month" else day

    @property
    def starts(self) -> list[date]:
        days = [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]
        return sorted({self.start_of(day) for day in days})

    def is_within(self, moment: datetime, start: date | None) -> bool:
        day = self.day_of(moment)
        return self.first <= day <= self.last and start in {None, self.start_of(day)}

    def figures(self, goal: int | None, room: int | None, start: date | None) -> dict[str, Any]:
        world = self.world
        matches = [
            match
            for match in world.matches
            if not match.is_retracted
            and goal in {None, match.goal}
            and (room is None or room in match.rooms)
            and self.is_within(match.matched_at, start)
        ]
        started = [
            session
            for session in world.sessions
            if session.visitor != world.erased
            and (room is None or room in session.rooms)
            and self.is_within(session.started_at, start)
        ]
        known = {match.session for match in matches if world.sessions[match.session].visitor != world.erased}
        values = [match.value if match.restated is None else match.restated for match in matches]
        amounts = [value for value in values if value is not None]
        total = sum(amounts, Decimal("0.00"))
        lags = [
            (match.matched_at - world.sessions[match.session].started_at).total_seconds() for match in matches
        ]
        return {
            "match_count": len(matches),
            "session_count": len(known),
            "visitor_count": len({world.sessions[session].visitor for session in known}),
            "started_session_count": len(started),
            "value_sum": str(total),
            "value_avg": cents(total / len(amounts)) if amounts else None,
            "value_count": len(amounts),
            "conversion_rate": cents(Decimal(100 * len(known)) / len(started)) if started else None,
            "lag_seconds_median": percentile(lags, 0.5),
            "lag_seconds_p90": percentile(lags, 0.9),
        }

    def part(self, goal: int | None, room: int | None) -> dict[str, Any]:
        return {
            "totals": self.figures(goal, room, None),
            "series": [{"start": str(start), **self.figures(goal, room, start)} for start in self.starts],
        }


def cents(number: Decimal) -> str:
    return str(number.quantize(Decimal("0.01"), ROUND_HALF_UP))


# The service


@dataclass(frozen=True)
class Cast:
    organization: Organization
    rooms: list[Room]
    goals: list[Goal]
    client: Client
    url: str


@pytest.fixture
def cast(organization, other_organization, as_manager, org_url):
    rooms = RoomFactory.create_batch(2, organization=organization)
    rooms.append(RoomFactory.create(organization=organization, archived_at=datetime(2022, 1, 1, tzinfo=UTC)))
    goals = GoalFactory.create_batch(GOALS - 1, organization=organization)
    goals.append(GoalFactory.create(organization=organization, deleted_at=datetime(2022, 1, 1, tzinfo=UTC)))
    return Cast(organization, rooms, goals, as_manager, org_url)


def make(world: World, cast: Cast) -> None:
    organization = cast.organization
    visitors = VisitorFactory.create_batch(VISITORS, organization=organization)
    for number, visitor in enumerate(visitors):
        VisitorIdentityFactory.create(visitor=visitor, identity=f"customer-{number + 1000}")
    now = datetime(2022, 1, 1, tzinfo=UTC)
    sessions = VisitorSession.objects.bulk_create(
        VisitorSession(
            organization=organization,
            visitor=visitors[session.visitor],
            visitor_session_id=f"session-{number}",
            started_at=session.started_at,
            room_ids=[cast.rooms[room].id for room in session.rooms],
            created_at=now,
            updated_at=now,
        )
        for number, session in enumerate(world.sessions)
    )
    matches = ExternalMatch.objects.bulk_create(
        ExternalMatch(
            organization=organization,
            goal=cast.goals[match.goal],
            session=sessions[match.session],
            visitor_identity=f"customer-{world.sessions[match.session].visitor + 1000}",
            goal_matched_at=match.matched_at,
            session_started_at=world.sessions[match.session].started_at,
            goal_value=match.value,
            goal_value_source="none" if match.value is None else "request",
            room_ids=[cast.rooms[room].id for room in match.rooms],
            created_at=now,
        )
        for match in world.matches
    )
    for row, match in zip(matches, world.matches, strict=True):
        if match.restated is not None:
            row.restate(match.restated, by=None, at=now)
        if match.is_retracted:
            row.retract(by=None, at=now)
    if world.erased is not None:
        erase_identity(organization, f"customer-{world.erased + 1000}", by=None, at=now)


@examples(40)
@given(world=worlds(), question=questions())
def test_a_report_is_what_a_recount_says(world, question, cast):
    zone = ZoneInfo(world.zone)
    turn = world.turn.astimezone(zone).date()
    first, last = (
        turn - timedelta(days=question["before"]),
        turn + timedelta(days=question["after"]),
    )
    room, by_room = question["room"], question["by_room"]
    recount = Recount(world, zone, first, last, question["granularity"])
    asked = {
        "start_date": str(first),
        "end_date": str(last),
        "granularity": question["granularity"],
        "timezone": world.zone,
    }
    if room is not None:
        asked["room"] = str(cast.rooms[room].id)
    if by_room:
        asked["group_by"] = "room"
    with transaction.atomic():
        make(world, cast)
        report = cast.client.get(f"{cast.url}/reports/goals", asked).json()
        single = cast.client.get(f"{cast.url}/goals/{cast.goals[0].id}/report", asked).json()
        transaction.set_rollback(True)

    def goal_part(goal):
        part = recount.part(goal, room)
        if by_room:
            part["rooms"] = [
                {"room_id": str(cast.rooms[each].id), "name": cast.rooms[each].name, **shown}
                for each in ([0, 1, 2] if room is None else [room])
                if (shown := recount.part(goal, each))["totals"]["match_count"]
            ]
        return part

    goals = [goal_part(goal) for goal in range(GOALS)]
    shown = [
        {
            "goal_id": str(cast.goals[number].id),
            "name": cast.goals[number].name,
            "is_deleted": number == GOALS - 1,
            **part,
        }
        for number, part in enumerate(goals)
        if number < GOALS - 1 or part["totals"]["match_count"]
    ]
    assert {name: report[name] for name in ("totals", "series")} == recount.part(None, room)
    assert report["goals"] == shown
    assert {name: single[name] for name in goals[0]} == goals[0]
    event(f"matches: {report['totals']['match_count']}")
