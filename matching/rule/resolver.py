"""The matching rule: which session a goal belongs to, and in which rooms (API.md section 3).

`decide` applies the rule to one request; matching.rule.facts asks the database for the facts, once for any
number of requests. One match and a thousand obey the same lines. Nothing here writes, and nothing knows of
HTTP.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from rest_framework.exceptions import APIException

from goals.refusals import GoalNotFound
from matching.models import ExternalMatch
from matching.refusals import NoAllowedRooms, NoConnectedRooms, SessionNotFound, UnknownRooms


class MatchRequest(NamedTuple):
    """What an integrator posts: somebody did something, then, in these rooms."""

    goal_id: UUID  # as it was named: perhaps no goal of the organization
    visitor_identity: str
    goal_matched_at: datetime
    rooms: Sequence[str]
    goal_value: Decimal | None = None
    external_id: str | None = None
    is_pending_if_unmatched: bool = False
    by_id: UUID | None = None

    @property
    def digest(self) -> bytes | None:
        """A digest of what is asked for, which tells a repetition from another event with its external id.

        None without an external id.
        """
        if self.external_id is None:
            return None
        parts = (
            self.visitor_identity,
            self.goal_matched_at.isoformat(),
            ",".join(sorted(self.rooms)),
            str(self.goal_value),
        )
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


class ChosenSession(NamedTuple):
    """The session that step 1 found."""

    pk: str
    visitor_id: str
    visitor_session_id: str
    started_at: datetime
    room_ids: Sequence[str]


class GoalRule(NamedTuple):
    """What a goal says about where it matches and what that is worth."""

    id: UUID
    is_any_room_allowed: bool
    allowed_room_ids: Sequence[str]  # of rooms that still exist
    default_value: Decimal | None


class Delivery(NamedTuple):
    """What an external id already stands for, a match or a pending one, and the digest of its request."""

    pk: UUID
    request_digest: bytes


class Facts(NamedTuple):
    """What the rule needs to know of one request."""

    goal: GoalRule | None  # None: the organization has no such goal
    session: ChosenSession | None  # the latest of the identity that started strictly before the moment
    match: Delivery | None = None
    pending: Delivery | None = None


class Resolution(NamedTuple):
    """What a request leads to when it matches."""

    session: ChosenSession
    goal_value: Decimal | None
    goal_value_source: str
    room_ids: Sequence[str]
    unconnected_room_ids: Sequence[str]


class RowRefusal(NamedTuple):
    """Why a request became no match, or a report of a visitor no row, and what it takes to explain it."""

    error: type[APIException]
    room_ids: Sequence[str] = ()
    goal: GoalRule | None = None
    session: ChosenSession | None = None

    @property
    def code(self) -> str:
        """The API's word for it."""
        return self.error.default_code


def decide(request: MatchRequest, known_rooms: frozenset[str], facts: Facts) -> Resolution | RowRefusal:
    """Apply the rule to one request, in the contract's order of steps.

    Args:
        known_rooms: which rooms are the organization's, at least among the posted ones.
    """
    goal, session = facts.goal, facts.session
    if goal is None:
        return RowRefusal(GoalNotFound)
    if not known_rooms.issuperset(request.rooms):
        return RowRefusal(UnknownRooms, [room for room in request.rooms if room not in known_rooms])

    # 1. The session, chosen before rooms are looked at.
    if session is None:
        return RowRefusal(SessionNotFound)

    # 2. The rooms that count.
    counting = request.rooms
    if not goal.is_any_room_allowed:
        counting = [room for room in request.rooms if room in goal.allowed_room_ids]
    if not counting:
        return RowRefusal(NoAllowedRooms, request.rooms)

    # 3. The connected rooms.
    visited = set(session.room_ids)
    connected = [room for room in counting if room in visited]
    if not connected:
        return RowRefusal(NoConnectedRooms, counting, goal, session)

    # 4. The value.
    if request.goal_value is not None:
        value, source = request.goal_value, ExternalMatch.ValueSource.REQUEST
    elif goal.default_value is not None:
        value, source = goal.default_value, ExternalMatch.ValueSource.GOAL_DEFAULT
    else:
        value, source = None, ExternalMatch.ValueSource.NONE

    matched = set(connected)
    unconnected = [room for room in request.rooms if room not in matched]
    return Resolution(session, value, source.value, connected, unconnected)
