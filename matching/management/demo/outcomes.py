"""What became of the customers' posts: matches, held matches and rejected attempts."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from goals.refusals import GoalNotFound
from goalsvc.api.rendering import moment
from matching.management.demo.customers import Post
from matching.management.demo.setting import Setting, stamped_id
from matching.matches.answers import RowAnswer, failed_for
from matching.matches.posting import read_posted, readable_moment
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from matching.rule.reasons import explain
from matching.rule.resemblance import MAX_IDENTITIES
from matching.rule.resolver import Resolution, RowRefusal

Status = PendingMatch.Status


class Refused(NamedTuple):
    """A post that the rule refused, and why."""

    post: Post
    refusal: RowRefusal
    reason: dict[str, Any] | None


def match_of(setting: Setting, post: Post, resolution: Resolution) -> ExternalMatch:
    """Make the match that a post has led to, as it was before any correction."""
    request = setting.request_of(post)
    written_at = post.settled_at or post.posted_at
    return ExternalMatch(
        id=stamped_id(written_at, f"match {post.external_id}"),
        organization_id=setting.organization.id,
        goal_id=request.goal_id,
        session_id=resolution.session.pk,
        visitor_identity=post.identity,
        goal_matched_at=post.matched_at,
        session_started_at=resolution.session.started_at,
        goal_value=resolution.goal_value,
        goal_value_source=resolution.goal_value_source,
        room_ids=resolution.room_ids,
        unconnected_room_ids=resolution.unconnected_room_ids,
        external_id=post.external_id,
        request_digest=request.digest,
        created_at=written_at,
        created_by_id=request.by_id,
    )


def pending_id(post: Post) -> UUID:
    return stamped_id(post.posted_at, f"held {post.external_id}")


def expiry_of(post: Post) -> datetime:
    return post.posted_at + timedelta(days=settings.PENDING_MATCH_DAYS)


def pending_of(setting: Setting, refused: Refused, match: ExternalMatch | None) -> PendingMatch:
    """Make the held match of a post, as it stands now; `match`: what it has become."""
    post, refusal, reason = refused
    request = setting.request_of(post)
    expires_at = expiry_of(post)
    status, resolved_at = Status.PENDING, None
    if match is not None:
        status, resolved_at = Status.MATCHED, match.created_at
    elif post.cancelled_at is not None and post.cancelled_at <= min(setting.now, expires_at):
        status, resolved_at = Status.CANCELLED, post.cancelled_at
    elif expires_at <= setting.now:
        status, resolved_at = Status.EXPIRED, expires_at
    return PendingMatch(
        id=pending_id(post),
        organization_id=setting.organization.id,
        goal_id=request.goal_id,
        visitor_identity=post.identity,
        goal_matched_at=post.matched_at,
        goal_value=post.value,
        room_ids=request.rooms,
        external_id=post.external_id,
        request_digest=request.digest,
        status=status,
        code=refusal.code,
        reason=reason,
        match_id=match.id if match is not None else None,
        created_at=post.posted_at,
        created_by_id=request.by_id,
        expires_at=expires_at,
        resolved_at=resolved_at,
    )


def explained(setting: Setting, refused: Sequence[tuple[Post, RowRefusal]]) -> Iterator[Refused]:
    """Add the reasons, as things stand in the database."""
    # No more at a time than are compared with known identities.
    for start in range(0, len(refused), MAX_IDENTITIES):
        some = refused[start : start + MAX_IDENTITIES]
        requests = {
            number: (setting.request_of(post), refusal) for number, (post, refusal) in enumerate(some)
        }
        reasons = explain(setting.organization, requests)
        for number, (post, refusal) in enumerate(some):
            yield Refused(post, refusal, reasons.get(number))


def attempt_of(setting: Setting, refused: Refused) -> MatchAttempt:
    """Make the rejected attempt that a refused post is kept as."""
    post, refusal, reason = refused
    goal_id = None if refusal.error is GoalNotFound else setting.request_of(post).goal_id
    return rejected(
        setting, post, failed_for(refusal, reason), goal_id=goal_id, goal_matched_at=post.matched_at
    )


def malformed_attempt_of(setting: Setting, post: Post) -> MatchAttempt:
    """Make the rejected attempt of a post that could not be read."""
    assert post.goal is not None
    sent = {
        "visitor_identity": post.identity,
        "goal_matched_at": moment(post.matched_at),
        "rooms": setting.rooms_of(post.rooms),
        "external_id": post.external_id,
        **post.malformed,
    }
    goal_id = setting.goals[post.goal]
    answer = read_posted(sent, goal_id, by_id=setting.by_id(post)).answer
    assert answer is not None, "it can be read"
    matched_at = readable_moment(sent["goal_matched_at"])
    return rejected(setting, post, answer, goal_id=goal_id, goal_matched_at=matched_at)


def rejected(setting: Setting, post: Post, answer: RowAnswer[Any], **facts: Any) -> MatchAttempt:
    attempt_id = stamped_id(post.posted_at, f"attempt {post.external_id}")
    request_id = attempt_id
    if post.source == MatchAttempt.Source.BATCH:
        request_id = stamped_id(post.posted_at, "batch")
    return MatchAttempt(
        id=attempt_id,
        organization_id=setting.organization.id,
        source=post.source,
        visitor_identity=post.identity,
        goal_value=post.value,
        external_id=post.external_id,
        code=answer.code or "",
        detail=answer.detail or "",
        errors=answer.errors,
        reason=answer.reason,
        request_id=None if post.source == MatchAttempt.Source.IMPORT else str(request_id),
        created_at=post.posted_at,
        created_by_id=setting.by_id(post),
        **facts,
    )
