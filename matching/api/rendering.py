"""How matches, identities and sessions look in answers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from goalsvc.api.rendering import Response, moment
from goalsvc.orgs.models import HistoryEntry, Organization
from goalsvc.orgs.serializers import NestedUserSerializer
from matching.matches.answers import Answer, Verdict, summary_of
from matching.matches.idempotency import REPLAY_HEADER
from matching.matches.inserts import NewMatch
from matching.matches.summary import Tally
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from matching.rule.reasons import in_order
from matching.visitors.identities import KnownIdentity
from matching.visitors.sessions import KnownSession


def render_match(match: NewMatch | ExternalMatch) -> dict[str, Any]:
    """The match as a JSON object; it was just made, or loaded `with_visitors`."""
    return {
        "id": match.id,
        "organization_id": match.organization_id,
        "goal_id": match.goal_id,
        "visitor_identity": match.visitor_identity,
        "visitor_id": match.visitor_id,
        "visitor_session_id": match.visitor_session_id,
        "session_started_at": moment(match.session_started_at),
        "goal_matched_at": moment(match.goal_matched_at),
        "goal_value": match.goal_value,
        "goal_value_source": match.goal_value_source,
        "rooms": match.room_ids,
        "unconnected_rooms": match.unconnected_room_ids,
        "external_id": match.external_id,
        "created_at": moment(match.created_at),
        "created_by_user_id": match.created_by_id,
        "is_retracted": match.retracted_at is not None,
    }


def render_identity(identity: KnownIdentity, organization: Organization) -> dict[str, Any]:
    return {
        "id": identity.id,
        "organization_id": organization.id,
        "visitor_identity": identity.visitor_identity,
        "visitor_id": identity.visitor_id,
        "visitor_session_id": identity.visitor_session_id,
        "created_at": moment(identity.created_at),
    }


def render_session(session: KnownSession, organization: Organization) -> dict[str, Any]:
    return {
        "id": session.id,
        "organization_id": organization.id,
        "visitor_session_id": session.visitor_session_id,
        "visitor_id": session.visitor_id,
        "started_at": moment(session.started_at),
        "ended_at": moment(session.ended_at) if session.ended_at else None,
        "rooms": session.room_ids,
        "created_at": moment(session.created_at),
        "updated_at": moment(session.updated_at),
    }


def render_match_record(match: ExternalMatch) -> dict[str, Any]:
    """The match as lists show it: also when it was retracted, and by whom."""
    return {
        **render_match(match),
        "retracted_at": moment(match.retracted_at) if match.retracted_at else None,
        "retracted_by_user_id": match.retracted_by_id,
    }


def render_change(change: HistoryEntry) -> dict[str, Any]:
    """A correction of a match, out of the history; it was loaded with its user."""
    old_value, new_value = change.changes["goal_value"]
    return {
        "id": change.id,
        "match_id": change.object_id,
        "kind": change.action,
        "old_value": old_value,
        "new_value": new_value,
        "changed_at": moment(change.changed_at),
        "changed_by_user_id": change.changed_by.id if change.changed_by else None,
        "changed_by_user": NestedUserSerializer(change.changed_by).data if change.changed_by else None,
    }


def render_pending(pending: PendingMatch, *, at: datetime) -> dict[str, Any]:
    """A pending match, with its status at a moment."""
    return {
        "id": pending.id,
        "status": pending.status_at(at),
        "code": pending.code,
        "reason": in_order(pending.reason),
        "expires_at": moment(pending.expires_at),
        "organization_id": pending.organization_id,
        "goal_id": pending.goal_id,
        "visitor_identity": pending.visitor_identity,
        "goal_matched_at": moment(pending.goal_matched_at),
        "goal_value": pending.goal_value,
        "rooms": pending.room_ids,
        "external_id": pending.external_id,
        "match_id": pending.match_id,
        "created_at": moment(pending.created_at),
        "created_by_user_id": pending.created_by_id,
        "resolved_at": moment(pending.resolved_at) if pending.resolved_at else None,
    }


def render_attempt(attempt: MatchAttempt) -> dict[str, Any]:
    """A rejected attempt."""
    return {
        "id": attempt.id,
        "organization_id": attempt.organization_id,
        "goal_id": attempt.goal_id,
        "source": attempt.source,
        "visitor_identity": attempt.visitor_identity,
        "goal_matched_at": moment(attempt.goal_matched_at) if attempt.goal_matched_at else None,
        "external_id": attempt.external_id,
        "code": attempt.code,
        "detail": attempt.detail,
        "errors": attempt.errors,
        "reason": in_order(attempt.reason),
        "request_id": attempt.request_id,
        "created_at": moment(attempt.created_at),
        "created_by_user_id": attempt.created_by_id,
    }


def respond(answer: Answer[Any], organization: Organization, *, at: datetime) -> Response:
    """Render the answer to a single posted match, identity or session."""
    headers = {REPLAY_HEADER: "true"} if answer.verdict is Verdict.REPLAYED else {}
    if answer.row is not None:
        _, body = render_row(answer.row, organization, at=at)
    elif answer.errors is not None:
        body = answer.errors
    else:
        body = {"detail": answer.detail, "code": answer.code}
        if answer.reason is not None:
            body["reason"] = answer.reason
    return Response(body, status=answer.status, headers=headers)


def render_batch(
    answers: Sequence[Answer[Any]], verdicts: Sequence[Verdict], organization: Organization, *, at: datetime
) -> dict[str, Any]:
    """The answers to a batch in its order, and their summary.

    Args:
        verdicts: those to be counted in the summary.
    """
    results = [render_result(index, answer, organization, at=at) for index, answer in enumerate(answers)]
    return {"results": results, "summary": summary_of(answers, verdicts)}


def render_result(
    index: int, answer: Answer[Any], organization: Organization, *, at: datetime
) -> dict[str, Any]:
    """One result of a batch: what the single call would have answered."""
    result: dict[str, Any] = {"index": index, "status": answer.status}
    if answer.row is not None:
        name, result_row = render_row(answer.row, organization, at=at)
        result[name] = result_row
        if answer.verdict is Verdict.REPLAYED:
            result["is_replay"] = True
        return result
    result |= {"code": answer.code, "detail": answer.detail}
    if answer.errors is not None:
        result["errors"] = answer.errors
    if answer.reason is not None:
        result["reason"] = answer.reason
    return result


def render_row(row: Any, organization: Organization, *, at: datetime) -> tuple[str, dict[str, Any]]:
    """Return the name in a batch's result of what is stored of a posted row, and how it looks at a moment."""
    match row:
        case NewMatch() | ExternalMatch():
            return "match", render_match(row)
        case PendingMatch():
            return "pending_match", render_pending(row, at=at)
        case KnownIdentity():
            return "visitor_identity", render_identity(row, organization)
        case KnownSession():
            return "visitor_session", render_session(row, organization)
    raise TypeError(row)


def render_summary(
    tallies: Mapping[tuple[date, UUID | None], Tally], *, days: int, at: datetime
) -> dict[str, Any]:
    """The health of matching: what was received, by day and goal, and in all."""
    total = Tally()
    results = []
    for (day, goal_id), tally in tallies.items():
        results.append({"day": day.isoformat(), "goal_id": goal_id, **render_tally(tally)})
        total.include(tally)
    return {
        "from": (at.date() - timedelta(days=days - 1)).isoformat(),
        "to": at.date().isoformat(),
        "total": render_tally(total),
        "results": results,
    }


def render_tally(tally: Tally) -> dict[str, Any]:
    return {
        "received": tally.received,
        "matched": tally.matched,
        "replayed": tally.replayed,
        "pending": tally.pending,
        "rejected": tally.rejected.total(),
        "rejected_by_code": tally.rejected,
        "match_rate": tally.match_rate,
        "last_success": moment(tally.last_success) if tally.last_success else None,
    }
