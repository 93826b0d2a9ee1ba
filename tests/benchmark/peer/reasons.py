"""Why a match was refused, in facts that its sender can act on; asked in one statement for any number."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from matching.limits import MAX_VISITORS
from tests.benchmark.peer.answers import Refusal, moment
from tests.benchmark.peer.bodies import Fields

WHAT_IS_KNOWN = f"""
    SELECT request.number, known.visitors, known.earliest, known.next
    FROM unnest($2::text[], $3::timestamptz[]) WITH ORDINALITY AS request (identity, moment, number)
    CROSS JOIN LATERAL (
        SELECT count(*) AS visitors, min(first.started_at) AS earliest, min(later.started_at) AS next
        FROM (
            SELECT i.visitor_id FROM matching_visitoridentity AS i
            WHERE i.organization_id = $1 AND i.identity = request.identity
            ORDER BY i.visitor_id DESC LIMIT {MAX_VISITORS}
        ) AS carried
        LEFT JOIN LATERAL (
            SELECT s.started_at FROM matching_visitorsession AS s
            WHERE s.organization_id = $1 AND s.visitor_id = carried.visitor_id
            ORDER BY s.started_at, s.id LIMIT 1
        ) AS first ON TRUE
        LEFT JOIN LATERAL (
            SELECT s.started_at FROM matching_visitorsession AS s
            WHERE s.organization_id = $1 AND s.visitor_id = carried.visitor_id
              AND s.started_at >= request.moment
            ORDER BY s.started_at, s.id LIMIT 1
        ) AS later ON TRUE
    ) AS known
"""


async def explain_missing_sessions(
    connection: Any, organization: UUID, refusals: Iterable[tuple[Fields, Refusal]]
) -> None:
    """Give those of the refusals that are `session_not_found` their reasons."""
    missing = [(fields, refusal) for fields, refusal in refusals if refusal.code == "session_not_found"]
    if not missing:
        return
    sought = list(
        dict.fromkeys((fields["visitor_identity"], fields["goal_matched_at"]) for fields, _ in missing)
    )
    rows = await connection.fetch(
        WHAT_IS_KNOWN, organization, [identity for identity, _ in sought], [at for _, at in sought]
    )
    known = {sought[row["number"] - 1]: row for row in rows}
    for fields, refusal in missing:
        matched_at = fields["goal_matched_at"]
        refusal.reason = missing_session(matched_at, known[fields["visitor_identity"], matched_at])


def missing_session(matched_at: datetime, known: Any) -> dict[str, Any]:
    earliest, following = known["earliest"], known["next"]
    gap = following - matched_at if following is not None else None
    hours, rest = divmod(gap, timedelta(hours=1)) if gap is not None else (0, None)
    slip = hours if not rest and 1 <= hours <= 26 else None
    if known["visitors"] == 0:
        message = "The identity is unknown: it has not been submitted for any visitor yet."
    elif gap is None:
        message = "The identity is known, but its visitors have no session yet."
    elif slip is not None:
        message = (
            f"The first session began exactly {slip} hours after goal_matched_at: perhaps a local time was "
            "sent as UTC."
        )
    else:
        message = f"The first session began {gap} after goal_matched_at."
    return {
        "message": message,
        "is_identity_known": known["visitors"] > 0,
        "visitor_count": known["visitors"],
        "earliest_session_started_at": moment(earliest) if earliest else None,
        "next_session_started_at": moment(following) if following else None,
        "next_session_starts_after_seconds": round(gap.total_seconds(), 3) if gap is not None else None,
        "time_zone_slip_hours": slip,
    }


def unconnected_rooms(fields: Fields, goal: Any, session: Any) -> dict[str, Any]:
    return {
        "message": "The chosen session was in none of the posted rooms that the goal allows.",
        "visitor_id": session["visitor_id"],
        "visitor_session_id": session["visitor_session_id"],
        "session_started_at": moment(session["started_at"]),
        "session_rooms": session["room_ids"],
        "posted_rooms": fields["rooms"],
        "is_any_room_allowed": goal["is_any_room_allowed"],
        "allowed_rooms": goal["allowed"],
    }
