"""The sessions of an identity around an event: drawn as a time line, and told in a table under it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import log1p
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from matching.admin.choice import Event, Verdict, in_short, in_words, is_before, judge
from matching.admin.explanation import name_rooms, room_link
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from matching.visitors.timeline import COUNTED, SessionAround, sessions_around

# A section of a row's page, whose admin has `timeline = column("time line", show_timeline)`.
TIMELINE: tuple[str, Any] = ("The identity's sessions around the event", {"fields": ("timeline",)})

ROOMS_NAMED = 4
ERASED = "The visitor identity has been erased, and with it what tied the match to sessions."


def has_timeline(attempt: MatchAttempt) -> bool:
    """Tell whether the attempt names an identity and a moment."""
    return Event.of(attempt) is not None


def show_timeline(row: ExternalMatch | PendingMatch | MatchAttempt) -> str:
    """Show the sessions of the row's identity around its event, drawn and as a table; two statements."""
    event = Event.of(row)
    if event is None:
        return ERASED
    around = sessions_around(event.organization_id, event.identity, event.moment, chosen_id=event.chosen_id)
    if not around.sessions:
        return in_words(event, around, [])
    name_rooms(around.sessions)
    verdicts = judge(event, around.sessions)
    rows = [
        {
            "number": number,
            "session": session,
            "is_before": is_before(event, session),
            "gap": event.gap(session),
            "rooms": rooms_of(session),
            "verdict": verdict,
        }
        for number, (session, verdict) in enumerate(zip(around.sessions, verdicts, strict=True), 1)
    ]
    before = [row for row in rows if row["is_before"]]
    later = rows[len(before) :]
    context = {
        "moment": event.moment,
        "summary": in_words(event, around, verdicts),
        "drawing": Drawing.of(event, around.sessions, verdicts),
        "before": before,
        "later": later,
        "more_before": how_many_more(around.before_count, of_identity(around.sessions[: len(before)])),
        "more_later": how_many_more(around.later_count, of_identity(around.sessions[len(before) :])),
    }
    return render_to_string("admin/matching/timeline.html", context)


def of_identity(sessions: Sequence[SessionAround]) -> int:
    """Count the sessions whose visitors carry the identity: one that was chosen may not any more."""
    return sum(session.known_at is not None for session in sessions)


def how_many_more(count: int, shown: int) -> str:
    """Write how many sessions there are beyond those shown; empty for none."""
    if count > COUNTED:
        return f"more than {COUNTED - shown:,} more sessions"
    more = count - shown
    return f"{more:,} more session{'' if more == 1 else 's'}" if more else ""


def rooms_of(session: SessionAround) -> SafeString | str:
    """Name the first few rooms of a session."""
    named = ((room_link(session, room_id),) for room_id in session.room_ids[:ROOMS_NAMED])
    rooms = format_html_join(", ", "{}", named)
    more = len(session.room_ids) - ROOMS_NAMED
    return (format_html("{} and {} more", rooms, more) if more > 0 else rooms) or "none"


# The drawing. Positions across are percentages, so that it fills any width while its letters keep their size;
# downward they are pixels, a lane a session, so that no labels meet.

LEFT, RIGHT = 8.0, 97.0
TOP, LANE, BOTTOM = 28, 32, 26
# Letters are that wide at most, on the narrowest screen, in percent of its width.
LETTER = 2.1
LONG = timedelta(days=30)
BROKEN = timedelta(days=1)


@dataclass(frozen=True)
class Lane:
    """A session as it is drawn: a dot where it began, a bar to its end, a label over them."""

    number: int
    y: int
    kind: str
    title: str
    start: str
    bar_width: str  # empty where no end is known
    label: str
    label_dx: int
    label_anchor: str

    @property
    def bar_y(self) -> int:
        return self.y - 4

    @property
    def label_y(self) -> int:
        return self.y - 11

    @property
    def number_y(self) -> int:
        return self.y + 4


@dataclass(frozen=True)
class Drawing:
    """A time line on which long gaps are drawn short."""

    lanes: list[Lane]
    event_x: str
    event_anchor: str
    breaks: list[str]
    first: datetime
    last: datetime

    @classmethod
    def of(cls, event: Event, sessions: Sequence[SessionAround], verdicts: Sequence[Verdict]) -> "Drawing":
        ends = [session.ended_at for session in sessions if session.ended_at is not None]
        moments = sorted({event.moment, *(session.started_at for session in sessions), *ends})
        places = places_of(moments, event.moment)
        lanes = [
            lane_of(number, event, session, verdict, places)
            for number, (session, verdict) in enumerate(zip(sessions, verdicts, strict=True), 1)
        ]
        breaks = [
            percent((places[earlier] + places[later]) / 2)
            for earlier, later in pairwise(moments)
            if later - earlier >= BROKEN
        ]
        x = places[event.moment]
        anchor = "start" if x < LEFT + 10 else "end" if x > RIGHT - 10 else "middle"
        return cls(lanes, percent(x), anchor, breaks, moments[0], moments[-1])

    @property
    def bottom(self) -> int:
        return TOP + LANE * len(self.lanes) + 4

    @property
    def height(self) -> int:
        return self.bottom + BOTTOM

    @property
    def dates_y(self) -> int:
        return self.height - 6


def places_of(moments: Sequence[datetime], event: datetime) -> dict[datetime, float]:
    """Return how far to the right each of the moments is, in percent.

    The logarithm of a gap decides its width: sessions milliseconds apart can be told, and weeks fit. What is
    next to the event stands off from it.
    """
    widths = [
        1
        + 3 * min(1, log1p((later - earlier).total_seconds()) / log1p(LONG.total_seconds()))
        + 3 * (event in (earlier, later))
        for earlier, later in pairwise(moments)
    ]
    if not widths:
        return {event: (LEFT + RIGHT) / 2}
    places, x = {moments[0]: LEFT}, LEFT
    for moment, width in zip(moments[1:], widths, strict=True):
        x += width * (RIGHT - LEFT) / sum(widths)
        places[moment] = x
    return places


def lane_of(
    number: int, event: Event, session: SessionAround, verdict: Verdict, places: dict[datetime, float]
) -> Lane:
    start = places[session.started_at]
    end = start if session.ended_at is None else places[session.ended_at]
    gap = abs(session.started_at - event.moment)
    label = f"{in_short(gap)} {event.side(session)}" if gap else "at that moment"
    if verdict.word:
        label = f"{verdict.word}, {label}"
    kind = "before" if is_before(event, session) else "later"
    is_to_the_left = points_left(start, len(label) * LETTER, is_wished=kind == "before")
    return Lane(
        number=number,
        y=TOP + LANE * number - 9,
        kind=f"{kind} {verdict.word.replace(' ', '-')}".strip(),
        title=f"{number}: {session.visitor_session_id}, {event.gap(session)}. {verdict.sentence}",
        start=percent(start),
        bar_width=percent(end - start) if session.ended_at is not None else "",
        label=label,
        label_dx=6 if is_to_the_left else -6,
        label_anchor="end" if is_to_the_left else "start",
    )


def points_left(x: float, width: float, *, is_wished: bool) -> bool:
    """Tell whether a label goes to the left of where it begins: as is wished, if there is room for it."""
    return x >= width if is_wished else 100 - x < width


def percent(number: float) -> str:
    return f"{number:.2f}%"
