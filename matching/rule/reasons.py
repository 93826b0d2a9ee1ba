"""Why a request became no match, in facts that its sender can act on. Built only where it failed."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rest_framework.exceptions import APIException

from goals.refusals import GoalNotFound
from goalsvc.api.rendering import moment
from goalsvc.database.parameters import moment_array, text_array
from goalsvc.database.statements import Statement
from goalsvc.orgs.models import Organization
from matching.limits import MAX_VISITORS
from matching.models import ExternalMatch, PendingMatch
from matching.refusals import (
    ExternalIdConflict,
    NoAllowedRooms,
    NoConnectedRooms,
    SessionNotFound,
    UnknownRooms,
)
from matching.rule.facts import CARRIED_BY_MANY, CARRIED_BY_ONE
from matching.rule.resemblance import find_differences
from matching.rule.resolver import MatchRequest, RowRefusal

# The offsets of time zones are whole hours but for a few; nobody is farther apart than this.
MAX_HOURS_APART = 26
# Nobody is farther ahead of UTC, or behind it, than this: so much is mistaken where one side takes the
# other's UTC for its own time.
MAX_HOURS_FROM_UTC = 14

# The facts of a reason in the order in which they are told. As stored, JSON has an order of its own.
ORDER = (
    "message",
    "is_identity_known",
    "visitor_count",
    "earliest_session_started_at",
    "next_session_started_at",
    "next_session_starts_after_seconds",
    "time_zone_slip_hours",
    "visitor_id",
    "visitor_session_id",
    "session_started_at",
    "session_rooms",
    "posted_rooms",
    "is_any_room_allowed",
    "allowed_rooms",
    "match_id",
    "pending_match_id",
    "differing_attributes",
)

# Per request: how many visitors carry the identity, when their sessions began, and when the first one
# began and ended that the moment was too early for. Two index descents a visitor, of those that count.
WHAT_IS_KNOWN = """
    SELECT request.number, known.visitors, known.earliest, known.next, known.next_ended
    FROM {sought}
    CROSS JOIN LATERAL (
        SELECT count(*) AS visitors, min(first.started_at) AS earliest, min(later.started_at) AS next,
               (array_agg(later.ended_at ORDER BY later.started_at, later.ended_at DESC))[1]
                   AS next_ended
        FROM (
            SELECT i.visitor_id
            FROM matching_visitoridentity AS i
            WHERE i.organization_id = %(organization)s AND {carried}
            LIMIT {max_visitors}
        ) AS carried
        LEFT JOIN LATERAL (
            SELECT s.started_at FROM matching_visitorsession AS s
            WHERE s.organization_id = %(organization)s AND s.visitor_id = carried.visitor_id
            ORDER BY s.started_at, s.id LIMIT 1
        ) AS first ON TRUE
        LEFT JOIN LATERAL (
            SELECT s.started_at, s.ended_at FROM matching_visitorsession AS s
            WHERE s.organization_id = %(organization)s AND s.visitor_id = carried.visitor_id
              AND s.started_at >= request.moment
            ORDER BY s.started_at, s.id LIMIT 1
        ) AS later ON TRUE
    ) AS known
"""
KNOWN_OF_ONE = Statement(
    WHAT_IS_KNOWN.format(
        sought="""(
            SELECT 1 AS number, %(identity)s::text AS identity, %(moment)s::timestamptz AS moment
        ) AS request""",
        carried=CARRIED_BY_ONE,
        max_visitors=MAX_VISITORS,
    )
)
KNOWN_OF_MANY = Statement(
    WHAT_IS_KNOWN.format(
        sought="""unnest(%(identities)s::text[], %(moments)s::timestamptz[])
         WITH ORDINALITY AS request (identity, moment, number)""",
        carried=CARRIED_BY_MANY,
        max_visitors=MAX_VISITORS,
    ),
    is_planned_anew=True,
)


def explain(
    organization: Organization, refusals: Mapping[int, tuple[MatchRequest, RowRefusal]]
) -> dict[int, dict[str, Any]]:
    """Return the reasons of the curable refusals, by the same keys; at most four statements.

    Every reason is a JSON object with a `message` and the facts behind it, all of the organization's own.
    """
    requests: dict[type[APIException], dict[int, MatchRequest]] = defaultdict(dict)
    for index, (request, refusal) in refusals.items():
        requests[refusal.error][index] = request
    return {
        **explain_missing_sessions(organization, requests[SessionNotFound]),
        **explain_conflicts(organization, requests[ExternalIdConflict]),
        **{
            index: explain_unconnected_rooms(request, refusals[index][1])
            for index, request in requests[NoConnectedRooms].items()
        },
    }


def explain_conflicts(
    organization: Organization, requests: Mapping[int, MatchRequest]
) -> dict[int, dict[str, Any]]:
    """Say what the external ids stand for, and what differs; two statements.

    What differs is told by name only: reasons are kept, and who is named there could not be erased.
    """
    if not requests:
        return {}
    goals = {request.goal_id for request in requests.values()}
    names = {request.external_id for request in requests.values()}
    first: dict[tuple[UUID, str | None], ExternalMatch | PendingMatch] = {}
    pending = organization.pending_matches.filter(status=PendingMatch.Status.PENDING)
    for rows in (pending, organization.matches):
        for row in rows.filter(goal_id__in=goals, external_id__in=names).order_by():
            first[row.goal_id, row.external_id] = row
    return {
        index: conflict(request, first[request.goal_id, request.external_id])
        for index, request in requests.items()
        if (request.goal_id, request.external_id) in first
    }


def conflict(request: MatchRequest, first: ExternalMatch | PendingMatch) -> dict[str, Any]:
    """Make the reason of `external_id_conflict`."""
    rooms = {*map(str, first.room_ids)}
    if isinstance(first, ExternalMatch):
        rooms |= {*map(str, first.unconnected_room_ids)}
        is_given = first.goal_value_source == ExternalMatch.ValueSource.REQUEST
        what, key, way_out = "match", "match_id", "PATCH …/matches/<match_id> corrects its value"
    else:
        is_given = True
        what, key = "held match", "pending_match_id"
        way_out = "DELETE …/pending_matches/<pending_match_id> gives it up"
    differing = {
        "visitor_identity": request.visitor_identity != first.visitor_identity,
        "goal_matched_at": request.goal_matched_at != first.goal_matched_at,
        "rooms": {*map(str, request.rooms)} != rooms,
        "goal_value": request.goal_value != (first.goal_value if is_given else None),
    }
    names = [name for name, differs in differing.items() if differs] or ["goal_value"]
    return {
        "message": (
            f"It stands for a {what} in which {', '.join(names)} differ"
            f"{'s' if len(names) == 1 else ''}. {way_out}; another event needs another external_id."
        ),
        key: str(first.pk),
        "differing_attributes": names,
    }


def explain_missing_sessions(
    organization: Organization, requests: Mapping[int, MatchRequest]
) -> dict[int, dict[str, Any]]:
    """Say what is known of identities none of whose sessions began before the moment."""
    if not requests:
        return {}
    # Each once, however many requests share it.
    sought = list(
        dict.fromkeys((request.visitor_identity, request.goal_matched_at) for request in requests.values())
    )
    if len(sought) == 1:
        [(identity, moment)] = sought
        rows = KNOWN_OF_ONE.fetch(organization=organization.id, identity=identity, moment=moment)
    else:
        rows = KNOWN_OF_MANY.fetch(
            organization=organization.id,
            identities=text_array(identity for identity, _ in sought),
            moments=moment_array(moment for _, moment in sought),
        )
    known = {}
    for number, visitors, *moments in rows:
        earliest, following, ended = map(moment_in, moments)
        known[sought[int(number) - 1]] = (int(visitors), earliest, following, ended)
    reasons = {
        index: missing_session(
            request.goal_matched_at, *known[request.visitor_identity, request.goal_matched_at]
        )
        for index, request in requests.items()
    }
    unknown = [
        requests[index].visitor_identity
        for index, reason in reasons.items()
        if not reason["is_identity_known"]
    ]
    differences = find_differences(organization, unknown)
    for index, reason in reasons.items():
        if difference := differences.get(requests[index].visitor_identity):
            reason["message"] += (
                f" One that differs from it in {difference} alone is known: send it exactly as it was "
                "submitted."
            )
    return reasons


def moment_in(text: str | None) -> datetime | None:
    """Read a moment as PostgreSQL writes it."""
    return None if text is None else datetime.fromisoformat(text)


# The reason of a pending match that no arriving identity or session can cure any more.
SENTENCES: dict[type[APIException], str] = {
    GoalNotFound: "The goal was deleted.",
    UnknownRooms: "A posted room is no longer one of the organization's.",
    NoAllowedRooms: "The goal is allowed in none of the posted rooms any more.",
}


def in_short(refusal: RowRefusal) -> dict[str, Any]:
    """Return the reason of a pending match for a refusal that `explain` has none for."""
    return {"message": SENTENCES.get(refusal.error, "The external_id stands for a different match.")}


def missing_session(
    matched_at: datetime,
    visitors: int,
    earliest: datetime | None,
    following: datetime | None,
    ended: datetime | None,
) -> dict[str, Any]:
    """Make the reason of `session_not_found`.

    Args:
        visitors: how many visitors carry the identity, of those that count.
        earliest: when their first session began.
        following: when their first session began that did not begin before the moment.
        ended: when that session ended, as far as is known.
    """
    gap = following - matched_at if following is not None else None
    slip = time_zone_slip(gap) if gap is not None else None
    if visitors == 0:
        message = "The identity is unknown: it has not been submitted for any visitor yet."
    elif earliest is None or following is None or gap is None:
        message = "The identity is known, but its visitors have no session yet."
    elif not gap:
        message = "The first session began at exactly goal_matched_at; it must begin before."
    elif slip is not None:
        message = (
            f"The first session began exactly {in_hours(slip)} after goal_matched_at: perhaps a local time "
            "was sent as UTC."
        )
    else:
        message = f"The first session began {duration(gap)} after goal_matched_at."
        if hours := hours_into_session(matched_at, following, ended):
            message += (
                f" It would have matched if goal_matched_at were {in_hours(hours)} later, as with a time "
                "zone slip."
            )
    return {
        "message": message,
        "is_identity_known": visitors > 0,
        "visitor_count": visitors,
        "earliest_session_started_at": moment(earliest) if earliest else None,
        "next_session_started_at": moment(following) if following else None,
        "next_session_starts_after_seconds": round(gap.total_seconds(), 3) if gap is not None else None,
        "time_zone_slip_hours": slip,
    }


def time_zone_slip(gap: timedelta) -> int | None:
    """Return by how many hours a time zone was probably mistaken, if the gap is so many hours exactly."""
    hours, rest = divmod(gap, timedelta(hours=1))
    return hours if not rest and 1 <= hours <= MAX_HOURS_APART else None


def hours_into_session(matched_at: datetime, started_at: datetime, ended_at: datetime | None) -> int | None:
    """Return the fewest hours by which the moment would have to be later to lie within the session.

    A sale happens some minutes into a visit, so a mistaken time zone seldom shows as a gap of whole hours.
    """
    hours = (started_at - matched_at) // timedelta(hours=1) + 1  # the session has to begin before
    is_within = ended_at is not None and matched_at + timedelta(hours=hours) <= ended_at
    return hours if is_within and hours <= MAX_HOURS_FROM_UTC else None


def in_hours(hours: int) -> str:
    return f"{hours} hour" if hours == 1 else f"{hours} hours"


def duration(gap: timedelta) -> str:
    """Write a positive time span for people: its two largest units."""
    if gap < timedelta(seconds=1):
        return "less than a second"
    days, rest = divmod(gap, timedelta(days=1))
    hours, rest = divmod(rest, timedelta(hours=1))
    minutes, rest = divmod(rest, timedelta(minutes=1))
    amounts = ((days, "day"), (hours, "hour"), (minutes, "minute"), (rest.seconds, "second"))
    parts = [f"{amount} {unit}{'' if amount == 1 else 's'}" for amount, unit in amounts if amount]
    return " and ".join(parts[:2])


def explain_unconnected_rooms(request: MatchRequest, refusal: RowRefusal) -> dict[str, Any]:
    """Make the reason of `no_connected_rooms`."""
    goal, session = refusal.goal, refusal.session
    assert goal is not None
    assert session is not None
    message = "The chosen session was in none of the posted rooms that the goal allows."
    if any(room in session.room_ids for room in request.rooms):
        message = "The chosen session was only in posted rooms that the goal does not allow."
    elif not session.room_ids:
        message = "The chosen session was in no room at all, as far as is known."
    return {
        "message": message,
        "visitor_id": session.visitor_id,
        "visitor_session_id": session.visitor_session_id,
        "session_started_at": moment(session.started_at),
        "session_rooms": list(session.room_ids),
        "posted_rooms": list(request.rooms),
        "is_any_room_allowed": goal.is_any_room_allowed,
        "allowed_rooms": list(goal.allowed_room_ids),
    }


def in_order(reason: Any) -> Any:
    """Return a reason that was stored as it was first told; None stays None."""
    if reason is None:
        return None
    told = {name: reason[name] for name in ORDER if name in reason}
    return told | reason
