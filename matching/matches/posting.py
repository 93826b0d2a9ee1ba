"""Posting matches, alone, in a batch or in a file: read, recorded, answered, counted; rejected ones kept."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from rest_framework.exceptions import APIException, ValidationError
from uuid_utils.compat import uuid7

from goals.refusals import GoalNotFound
from goalsvc.api.fields import FORBIDDEN_CHARACTERS, MomentField, MoneyField, parse_uuid
from goalsvc.api.requests import current_request_id
from goalsvc.database.statements import Ahead
from goalsvc.orgs.models import Organization, User
from matching.matches.answers import Verdict, failed_by
from matching.matches.inserts import NewAttempt, insert_attempts
from matching.matches.metrics import count_answers
from matching.matches.recording import MatchAnswer, record_matches
from matching.matches.summary import count_replays
from matching.models import MatchAttempt
from matching.rule.resolver import MatchRequest
from matching.serializers.inputs import IDENTITY, IDENTITY_ALIAS, check_match

MOMENT, MONEY = MomentField(), MoneyField()


@dataclass(slots=True)
class PostedMatch:
    """A posted match on its way: as it was sent, as it was read, and what it is answered."""

    item: Any  # as `post_matches` takes it
    request: MatchRequest | None = None  # None: it could not be read
    answer: MatchAnswer | None = None
    goal_id: UUID | None = None  # of one that could not be read: the organization's goal that it names


def post_matches(
    organization: Organization,
    items: Sequence[Any],
    *,
    by: User | None,
    at: datetime,
    source: MatchAttempt.Source,
    goal_id: UUID | None = None,
    validate_only: bool = False,
    ahead: Ahead | None = None,
) -> list[MatchAnswer]:
    """Answer posted matches, in their order; each as if it came alone after those before it.

    The number of statements does not depend on the number of items. More than one, or one that may become
    pending, are written in one transaction.

    Args:
        items: JSON objects as they were sent, not yet checked; or, in the place of one that could not
            even be read, the APIException that says why; or a MatchRequest, of one that is checked; or a
            PostedMatch, of one that `read_posted` has read.
        goal_id: the goal of all of them; else each names its own as `goal_id`.
        validate_only: give the verdicts and write nothing.
        ahead: what `look_for_facts` asked of the only item.
    """
    by_id = by.id if by else None
    posted = [
        item if isinstance(item, PostedMatch) else read_posted(item, goal_id, by_id=by_id) for item in items
    ]
    refuse_unknown_goals(organization, [match for match in posted if match.request is None], goal_id)
    readable = [(match, match.request) for match in posted if match.request is not None]
    may_be_pending = any(request.is_pending_if_unmatched for _, request in readable)
    is_one_write = len(items) == 1 and not may_be_pending
    # What fails in the caller's transaction fails all of it, so only a rollback on purpose needs a savepoint.
    with nullcontext() if is_one_write and not validate_only else transaction.atomic(savepoint=validate_only):
        if readable:
            requests = [request for _, request in readable]
            recorded = record_matches(organization, requests, at=at, validate_only=validate_only, ahead=ahead)
            for (match, _), answer in zip(readable, recorded, strict=True):
                match.answer = answer
        answers = [match.answer for match in posted if match.answer is not None]
        if validate_only:
            transaction.set_rollback(True)
            forget_ids(answers, at=at)
        else:
            keep_attempts(organization, posted, by=by, at=at, source=source)
            count_answers(answers, source)
            replayed = [answer.row for answer in answers if answer.verdict is Verdict.REPLAYED]
            count_replays(organization, (row.goal_id for row in replayed if row is not None), at=at)
    return answers


def forget_ids(answers: Sequence[MatchAnswer], *, at: datetime) -> None:
    """With validate_only, blank the ids of rows that were made in this call, at the moment `at`."""
    forgotten = set()
    for answer in answers:
        row = answer.row
        if row is not None and row.created_at == at and row.id is not None:
            forgotten.add(str(row.id))
            row.id = None
    for answer in answers:
        for name in ("match_id", "pending_match_id"):
            if answer.reason is not None and answer.reason.get(name) in forgotten:
                answer.reason[name] = None


def read_posted(item: Any, goal_id: UUID | None, *, by_id: UUID | None) -> PostedMatch:
    """Check one item; what is wrong with it becomes its answer."""
    if isinstance(item, APIException):
        return PostedMatch(item, answer=failed_by(item))  # not raised: it would keep its traceback
    try:
        return PostedMatch(item, read_request(item, goal_id, by_id=by_id))
    except APIException as error:
        return PostedMatch(item, answer=failed_by(error))


def read_request(item: Any, goal_id: UUID | None, *, by_id: UUID | None) -> MatchRequest:
    """Check one item.

    Raises: APIException, as the single call would, naming all that is at fault.
    """
    if isinstance(item, MatchRequest):
        return item._replace(by_id=by_id)
    if goal_id is None and isinstance(item, dict):
        goal_id = read_goal_id(item)
    attributes = check_match(item)
    assert goal_id is not None, "what is no object has been refused"
    return MatchRequest(goal_id=goal_id, by_id=by_id, **attributes)


def read_goal_id(item: dict[str, Any]) -> UUID:
    """Return the id of the goal that an item of a batch names.

    Raises: GoalNotFound for what cannot be the id of one; ValidationError, naming the
        item's other faults as well, when it names none.
    """
    text = item.get("goal_id")
    if isinstance(text, str) and text:
        if goal_id := parse_uuid(text):
            return goal_id
        raise GoalNotFound
    sentence = "This field is required." if text in (None, "") else "Not a string."
    errors: Any = {"goal_id": [sentence]}
    try:
        check_match(item)
    except ValidationError as error:
        errors |= error.detail
    raise ValidationError(errors)


def refuse_unknown_goals(
    organization: Organization, refused: Sequence[PostedMatch], goal_id: UUID | None
) -> None:
    """Let the answer to what was refused say that there is no such goal, where that is so: it comes first.

    One query where anything was refused, else none.

    Args:
        goal_id: the goal of all of them; else each names its own.
    """
    for match in refused:
        text = match.item.get("goal_id") if isinstance(match.item, dict) else None
        match.goal_id = goal_id or (parse_uuid(text) if isinstance(text, str) else None)
    named = {match.goal_id for match in refused if match.goal_id is not None}
    if not named:
        return
    known = set(organization.goals.live().filter(id__in=named).values_list("id", flat=True))
    for match in refused:
        if match.goal_id is not None and match.goal_id not in known:
            match.answer, match.goal_id = failed_by(GoalNotFound()), None


def keep_attempts(
    organization: Organization,
    posted: Sequence[PostedMatch],
    *,
    by: User | None,
    at: datetime,
    source: MatchAttempt.Source,
) -> None:
    """Keep the rejected ones of posted matches; of those that could not be read, as much as can be."""
    attempts = []
    for match in posted:
        answer, request = match.answer, match.request
        if answer is None or answer.code is None:
            continue
        sent = match.item if isinstance(match.item, dict) else {}
        identity = sent.get(IDENTITY, sent.get(IDENTITY_ALIAS))
        moment = sent.get("goal_matched_at")
        goal_id = request.goal_id if request else match.goal_id
        attempt = NewAttempt(
            id=uuid7(),
            goal_id=None if answer.code == GoalNotFound.default_code else goal_id,
            visitor_identity=request.visitor_identity if request else readable(identity),
            goal_matched_at=request.goal_matched_at if request else readable_moment(moment),
            goal_value=request.goal_value if request else readable_value(sent.get("goal_value")),
            external_id=request.external_id if request else readable(sent.get("external_id")),
            code=answer.code,
            detail=answer.detail or "",
            errors=answer.errors,
            reason=answer.reason,
        )
        attempts.append(attempt)
    insert_attempts(
        organization.id,
        attempts,
        source=source,
        request_id=current_request_id.get(),
        at=at,
        by_id=by.id if by else None,
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


def readable_value(value: Any) -> Decimal | None:
    """Return the value that a faulty item brought, if it is one."""
    try:
        amount: Decimal = MONEY.run_validation(value)
    except ValidationError:
        return None
    return amount
