"""Rejected attempts to post a match, kept for a while as records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework.exceptions import ValidationError

from goals.refusals import GoalNotFound
from goalsvc.api.fields import FORBIDDEN_CHARACTERS, MomentField
from goalsvc.api.requests import current_request_id
from goalsvc.orgs.models import Organization, User
from matching.matches.answers import RowAnswer
from matching.matches.inserts import NewMatch
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from matching.rule.resolver import MatchRequest
from matching.serializers.inputs import IDENTITY, IDENTITY_ALIAS

MOMENT = MomentField()


MatchAnswer = RowAnswer[NewMatch | ExternalMatch | PendingMatch]


@dataclass(slots=True)
class PostedMatch:
    """A posted match on its way: as it was sent, as it was read, and what it is answered."""

    item: Any  # as `post_matches` takes it
    request: MatchRequest | None = None  # None: it could not be read
    answer: MatchAnswer | None = None
    goal_id: UUID | None = None  # of one that could not be read: the organization's goal that it names


def keep_attempts(
    organization: Organization,
    posted: Sequence[PostedMatch],
    *,
    by: User | None,
    at: datetime,
    source: MatchAttempt.Source,
) -> None:
    """Keep the rejected ones of posted matches; nothing happens where none was."""
    attempts = [
        new_attempt(organization, match, match.answer, by=by, at=at, source=source)
        for match in posted
        if match.answer is not None and match.answer.code is not None
    ]
    if attempts:
        MatchAttempt.objects.bulk_create(attempts)


def new_attempt(
    organization: Organization,
    match: PostedMatch,
    answer: MatchAnswer,
    *,
    by: User | None,
    at: datetime,
    source: MatchAttempt.Source,
) -> MatchAttempt:
    """Make the record of a rejected attempt; of a faulty item, with as much as can be read."""
    request = match.request
    sent = match.item if isinstance(match.item, dict) else {}
    identity = sent.get(IDENTITY, sent.get(IDENTITY_ALIAS))
    goal_id = request.goal_id if request else match.goal_id
    return MatchAttempt(
        organization_id=organization.id,
        goal_id=None if answer.code == GoalNotFound.default_code else goal_id,
        source=source,
        visitor_identity=request.visitor_identity if request else readable(identity),
        goal_matched_at=request.goal_matched_at if request else readable_moment(sent.get("goal_matched_at")),
        external_id=request.external_id if request else readable(sent.get("external_id")),
        code=answer.code or "",
        detail=answer.detail or "",
        errors=answer.errors,
        reason=answer.reason,
        request_id=current_request_id.get(),
        created_at=at,
        created_by_id=by.id if by else None,
    )


def readable(value: Any) -> str | None:
    """Return the text that a faulty item brought, if it is one that can be stored."""
    if not isinstance(value, str) or not value.strip() or FORBIDDEN_CHARACTERS.search(value):
        return None
    return value.strip()[:255]


def readable_moment(value: Any) -> datetime | None:
    """Return the moment that a faulty item brought, if it is one."""
    try:
        moment: datetime = MOMENT.run_validation(value)
    except ValidationError:
        return None
    return moment
