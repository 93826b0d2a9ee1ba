"""Which session of an identity was chosen for an event, and why not the others, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from goalsvc.orgs.admin.display import to_milliseconds
from matching.models import ExternalMatch
from matching.refusals import NoConnectedRooms, SessionNotFound, TooManyPending
from matching.rule.reasons import duration
from matching.visitors.timeline import SessionAround, Timeline

SECOND = timedelta(seconds=1)
OVERTAKEN = (
    "A later session has become known since the match was recorded; the match keeps the one that was chosen "
    "then."
)
# What has to do with sessions and their rooms, of all that is refused.
OF_SESSIONS = {error.default_code for error in (SessionNotFound, NoConnectedRooms, TooManyPending)}


@dataclass(frozen=True)
class Event:
    """What a match, a held match or a rejected attempt says of its event, and of the choice made for it."""

    organization_id: UUID
    identity: str
    moment: datetime
    tried_at: datetime
    chosen_id: UUID | None = None
    code: str = ""  # why none was chosen
    looked_at: str | None = None  # the tracking site's id of the session that was in no room that counts
    counting_rooms: frozenset[str] = frozenset()

    @classmethod
    def of(cls, row: Any) -> "Event | None":
        """Read a row; None where it names no identity or no moment."""
        if not row.visitor_identity or row.goal_matched_at is None:
            return None
        match = row if isinstance(row, ExternalMatch) else getattr(row, "match", None)
        common = (row.organization_id, row.visitor_identity, row.goal_matched_at)
        if match is not None:
            return cls(*common, tried_at=match.created_at, chosen_id=match.session_id)
        reason = row.reason if isinstance(row.reason, dict) else {}
        posted, allowed = (rooms_in(reason.get(name)) for name in ("posted_rooms", "allowed_rooms"))
        return cls(
            *common,
            tried_at=row.created_at,
            code=row.code,
            looked_at=reason.get("visitor_session_id"),
            counting_rooms=posted if reason.get("is_any_room_allowed") is True else posted & allowed,
        )

    def gap(self, session: SessionAround) -> str:
        """Write how long before or after the event a session began."""
        if session.started_at == self.moment:
            return "at the very moment of the event"
        gap = abs(self.moment - session.started_at)
        words = duration(gap) if gap >= SECOND else in_short(gap)
        return f"{words} {self.side(session)} the event"

    def side(self, session: SessionAround) -> str:
        return "before" if is_before(self, session) else "after"


def is_before(event: Event, session: SessionAround) -> bool:
    return session.started_at < event.moment


def in_short(gap: timedelta) -> str:
    """Write a positive time span in few letters: its two largest units."""
    milliseconds = gap // timedelta(milliseconds=1)
    if gap < SECOND:
        return f"{milliseconds} ms" if milliseconds else "< 1 ms"
    days, rest = divmod(gap, timedelta(days=1))
    hours, rest = divmod(rest, timedelta(hours=1))
    minutes, rest = divmod(rest, timedelta(minutes=1))
    amounts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest.seconds, "s"))
    return " ".join([f"{amount} {unit}" for amount, unit in amounts if amount][:2])


def rooms_in(value: Any) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()


class Verdict(NamedTuple):
    """What became of a session."""

    word: str  # that marks it in the drawing: of the one that was chosen, or looked at
    sentence: str


def judge(event: Event, sessions: Sequence[SessionAround]) -> list[Verdict]:
    """Say of each session, in their order, whether it was chosen or why not."""
    deciding = deciding_session(event, sessions)
    return [verdict_on(event, session, deciding, sessions) for session in sessions]


def deciding_session(event: Event, sessions: Sequence[SessionAround]) -> SessionAround | None:
    """Return the session that was chosen, or the one whose rooms were looked at."""
    for session in sessions:
        if session.id == event.chosen_id or (
            event.code == NoConnectedRooms.default_code and session.visitor_session_id == event.looked_at
        ):
            return session
    return None


def verdict_on(
    event: Event, session: SessionAround, deciding: SessionAround | None, sessions: Sequence[SessionAround]
) -> Verdict:
    if session.id == event.chosen_id:
        return Verdict("chosen", "Chosen: the latest that was known to begin before the event.")
    if session is deciding:
        fault = rooms_at_fault(event, session)
        return Verdict("looked at", f"Looked at as the latest before the event, but it {fault}.")
    if session.started_at == event.moment:
        return Verdict("", "It began at the very moment of the event; it must begin before.")
    if session.started_at > event.moment:
        return Verdict("", "It began after the event.")
    return Verdict("", why_not_earlier_one(event, session, deciding, sessions))


def why_not_earlier_one(
    event: Event, session: SessionAround, deciding: SessionAround | None, sessions: Sequence[SessionAround]
) -> str:
    """Say why a session was not chosen that began before the event, as is known today."""
    was_unknown = "It was not known yet when the match was tried"
    if session.known_at is not None and session.known_at > event.tried_at:
        was_unknown += f", but from {to_milliseconds(session.known_at)} on"
    if deciding is not None:
        if session.place > deciding.place:
            return f"{was_unknown}."
        counts = event.counting_rooms & rooms_in(session.room_ids)
        although = ", although it was in a room that counts" if counts else ""
        return f"Session {sessions.index(deciding) + 1} began later{although}."
    if event.code == SessionNotFound.default_code:
        return f"{was_unknown}."
    latest = max(each.place for each in sessions if is_before(event, each))
    if session.place == latest:
        return "The latest before the event, as is known today: the rule would take it."
    return "Only the latest before the event counts."


def rooms_at_fault(event: Event, session: SessionAround) -> str:
    """Say what was wrong with the rooms of the session that was looked at."""
    if not session.room_ids:
        return "was in no room, as far as is known"
    if event.counting_rooms & rooms_in(session.room_ids):
        return "was not known yet to be in a room that counts"
    return "was in no posted room that the goal allows"


def in_words(event: Event, around: Timeline, verdicts: Sequence[Verdict]) -> str:
    """Say in a sentence or two what the drawing shows."""
    sessions = around.sessions
    if not sessions:
        return without_sessions(around.visitor_count)
    for number, (session, verdict) in enumerate(zip(sessions, verdicts, strict=True), 1):
        if session.id == event.chosen_id:
            summary = f"Session {number} was chosen: it began {event.gap(session)}."
            is_overtaken = any(session.place < each.place and is_before(event, each) for each in sessions)
            return f"{summary} {OVERTAKEN}" if is_overtaken else summary
        if verdict.word:
            return (
                f"None was chosen: session {number}, the latest before the event, "
                f"{rooms_at_fault(event, session)}. Earlier ones do not count."
            )
    if event.code not in OF_SESSIONS:
        return f"It was not the sessions that stood against the match, but {event.code}."
    if event.code == NoConnectedRooms.default_code:
        return "None was chosen. The session that was looked at then is not among these today."
    if not around.before_count:
        return f"None was chosen: none began before the event. The nearest began {event.gap(sessions[0])}."
    if event.code == SessionNotFound.default_code:
        return "None was chosen: what began before the event was not known yet when the match was tried."
    return "None was chosen then. These are known today."


def without_sessions(visitor_count: int) -> str:
    if not visitor_count:
        return "No visitor carries the identity, as far as is known today: it has no sessions."
    carriers = "1 visitor carries" if visitor_count == 1 else f"{visitor_count:,} visitors carry"
    return f"{carriers} the identity, and no session of theirs is known."
