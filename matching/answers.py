"""What a posted match is answered: one verdict, the same from a single call, a batch or a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError

from goals.models import Goal
from goalsvc.api.errors import NotFound, body_of
from goalsvc.api.parsing import parse_uuid
from goalsvc.orgs.models import Organization, User
from matching import recording, resolver
from matching.attempts import count_replays, keep_attempts
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from matching.recording import Held, Recorded, Refused, Verdict, record_matches
from matching.resolver import MatchRequest
from matching.serializers import check_match

VALIDATION_ERROR = "validation_error"
INVALID = "Some attributes are missing or invalid."

# Status and sentence of each refusal by the rule; the codes that are fields' errors follow below.
REFUSALS = {
    recording.GOAL_NOT_FOUND: (
        status.HTTP_404_NOT_FOUND,
        "The organization has no such goal.",
    ),
    resolver.SESSION_NOT_FOUND: (
        status.HTTP_404_NOT_FOUND,
        "No session of this visitor identity started before goal_matched_at.",
    ),
    resolver.NO_CONNECTED_ROOMS: (
        status.HTTP_404_NOT_FOUND,
        "The latest session before goal_matched_at was in none of the rooms that count.",
    ),
    recording.EXTERNAL_ID_CONFLICT: (
        status.HTTP_409_CONFLICT,
        "This external_id already stands for a different match of the goal.",
    ),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one posted match.

    With a 2xx status either `match` or `pending` is set; else `detail` and `code`, and `errors` by
    attribute where the status is 400.
    """

    status: int
    match: ExternalMatch | None = None
    pending: PendingMatch | None = None
    is_replay: bool = False
    code: str | None = None
    detail: str | None = None
    errors: dict[str, Any] | None = None
    reason: dict[str, Any] | None = None


def answer_to(verdict: Verdict) -> Answer:
    """Say what a verdict means to the one who asked."""
    match verdict:
        case Recorded(match, is_replay):
            return Answer(status.HTTP_200_OK, match=match, is_replay=is_replay)
        case Held(pending, is_replay):
            return Answer(status.HTTP_202_ACCEPTED, pending=pending, is_replay=is_replay)
        case Refused(refusal, reason):
            if refusal.code == resolver.UNKNOWN_ROOMS:
                return invalid(
                    {"rooms": [f"{room} is not a room of the organization." for room in refusal.room_ids]}
                )
            if refusal.code == resolver.NO_ALLOWED_ROOMS:
                return invalid({"rooms": ["The goal is allowed in none of these rooms."]})
            status_code, detail = REFUSALS[refusal.code]
            return Answer(status_code, code=refusal.code, detail=detail, reason=reason)


def invalid(errors: dict[str, Any]) -> Answer:
    return Answer(status.HTTP_400_BAD_REQUEST, code=VALIDATION_ERROR, detail=INVALID, errors=errors)


def answer_to_error(error: APIException) -> Answer:
    """Say of one item what an exception says of a request."""
    if isinstance(error, ValidationError):
        return invalid(body_of(error))
    body = body_of(error)
    return Answer(error.status_code, code=body["code"], detail=body["detail"])


def post_matches(
    organization: Organization,
    items: Sequence[Any],
    *,
    by: User | None,
    at: datetime,
    source: MatchAttempt.Source,
    goal: Goal | None = None,
    is_rehearsal: bool = False,
) -> list[Answer]:
    """Answer posted matches, in their order; each as if it came alone after those before it.

    Args:
        items: JSON objects as they were sent, not yet checked; or, in the place of one that could not
            even be read, the APIException that says why.
        goal: the goal of all of them, loaded `with_allowed_rooms`; else each names its `goal_id`.
        is_rehearsal: give the verdicts and write nothing.

    The number of statements does not depend on the number of items. More than one, or one that is to be
    held, are written in one transaction.
    """
    goals = find_goals(organization, items) if goal is None else {}
    answers: dict[int, Answer] = {}
    requests: dict[int, MatchRequest] = {}
    for index, item in enumerate(items):
        try:
            requests[index] = read_request(item, goal, goals, by=by, at=at)
        except APIException as error:
            answers[index] = answer_to_error(error)
    is_one_write = len(items) == 1 and not any(r.is_held_if_unmatched for r in requests.values())
    if is_one_write and not is_rehearsal:
        verdicts = record_matches(organization, list(requests.values()), at=at) if requests else []
    else:
        with transaction.atomic():
            verdicts = record_matches(organization, list(requests.values()), at=at, is_rehearsal=is_rehearsal)
            transaction.set_rollback(is_rehearsal)
    answers |= {index: answer_to(verdict) for index, verdict in zip(requests, verdicts, strict=True)}
    ordered = [answers[index] for index in range(len(items))]
    if not is_rehearsal:
        goal_id = goal.id if goal else None
        keep_attempts(organization, items, ordered, requests, goal_id=goal_id, by=by, at=at, source=source)
        replayed = (answer.match or answer.pending for answer in ordered if answer.is_replay)
        count_replays(organization, (delivery.goal_id for delivery in replayed if delivery), at=at)
    return ordered


def find_goals(organization: Organization, items: Sequence[Any]) -> dict[UUID, Goal]:
    """Return the goals that the items name, by id; one query."""
    named = (item.get("goal_id") for item in items if isinstance(item, dict))
    ids = {goal_id for text in named if isinstance(text, str) and (goal_id := parse_uuid(text))}
    if not ids:
        return {}
    goals: dict[UUID, Goal] = organization.goals.live().with_allowed_rooms().in_bulk(ids)
    return goals


def read_request(
    item: Any, goal: Goal | None, goals: Mapping[UUID, Goal], *, by: User | None, at: datetime
) -> MatchRequest:
    """Check one item, in the order of the contract: its goal, then its attributes.

    Raises: APIException, as the single call would.
    """
    if isinstance(item, APIException):
        raise item
    if goal is None and isinstance(item, dict):
        goal = find_goal_of(item, goals, at=at)
    attributes = check_match(item, at=at)
    assert goal is not None, "what is no object has been refused"
    return MatchRequest(goal=goal, by_id=by.id if by else None, **attributes)


def find_goal_of(item: dict[str, Any], goals: Mapping[UUID, Goal], *, at: datetime) -> Goal:
    """Return the goal that an item of a batch names.

    Raises: NotFound (`goal_not_found`); ValidationError, naming the item's other faults as well, when it
        names none.
    """
    text = item.get("goal_id")
    if isinstance(text, str) and text:
        goal_id = parse_uuid(text)
        if goal_id is None or goal_id not in goals:
            raise NotFound(recording.GOAL_NOT_FOUND, REFUSALS[recording.GOAL_NOT_FOUND][1])
        return goals[goal_id]
    sentence = "This field is required." if text in (None, "") else "Not a string."
    errors: Any = {"goal_id": [sentence]}
    try:
        check_match(item, at=at)
    except ValidationError as error:
        errors |= error.detail
    raise ValidationError(errors)
