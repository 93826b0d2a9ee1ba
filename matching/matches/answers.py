"""What a posted match is answered: one verdict, the same from a single call, a batch or a file."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError

from goalsvc.api.errors import NotFound, body_of
from goalsvc.api.parsing import name_some, parse_uuid
from goalsvc.database.statements import Ahead
from goalsvc.orgs.models import Organization, User
from matching.limits import MAX_PENDING
from matching.matches import recording
from matching.matches.attempts import count_replays, keep_attempts
from matching.matches.inserts import NewMatch
from matching.matches.metrics import count_answers
from matching.matches.recording import Outcome, Pending, Recorded, Refused, record_matches
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from matching.rule import resolver
from matching.rule.resolver import MatchRequest
from matching.serializers import check_match

VALIDATION_ERROR = "validation_error"
INVALID = "Some attributes are missing or invalid."

# Status and sentence of each refusal by the rule; the codes that are fields' errors follow below.
REFUSALS = {
    resolver.GOAL_NOT_FOUND: (
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
    resolver.EXTERNAL_ID_CONFLICT: (
        status.HTTP_409_CONFLICT,
        "This external_id already stands for a different match of the goal.",
    ),
    recording.TOO_MANY_PENDING: (
        status.HTTP_409_CONFLICT,
        f"{MAX_PENDING:,} matches are held for this visitor identity already: it seems to name "
        "nobody in particular.",
    ),
}


class Answer(NamedTuple):
    """The answer to one posted match.

    With a 2xx status either `match` or `pending` is set; else `detail` and `code`, and `errors` by
    attribute where the status is 400.
    """

    status: int
    match: NewMatch | ExternalMatch | None = None
    pending: PendingMatch | None = None
    is_replay: bool = False
    code: str | None = None
    detail: str | None = None
    errors: dict[str, Any] | None = None
    reason: dict[str, Any] | None = None


def answer_to(outcome: Outcome) -> Answer:
    """Return the answer that tells of an outcome."""
    match outcome:
        case Recorded(match, is_replay):
            return Answer(status.HTTP_200_OK, match=match, is_replay=is_replay)
        case Pending(pending, is_replay):
            return Answer(status.HTTP_202_ACCEPTED, pending=pending, is_replay=is_replay)
        case Refused(refusal, reason):
            if refusal.code == resolver.UNKNOWN_ROOMS:
                return invalid({"rooms": foreign_rooms(refusal.room_ids)})
            if refusal.code == resolver.NO_ALLOWED_ROOMS:
                return invalid({"rooms": ["The goal is allowed in none of these rooms."]})
            status_code, detail = REFUSALS[refusal.code]
            return Answer(status_code, code=refusal.code, detail=detail, reason=reason)


def foreign_rooms(room_ids: Sequence[str]) -> list[str]:
    """Say of rooms that they are not the organization's."""
    return name_some(room_ids, "is not a room of the organization.", "are not rooms of the organization.")


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
    goal_id: UUID | None = None,
    validate_only: bool = False,
    ahead: Ahead | None = None,
) -> list[Answer]:
    """Answer posted matches, in their order; each as if it came alone after those before it.

    Args:
        items: JSON objects as they were sent, not yet checked; or, in the place of one that could not
            even be read, the APIException that says why; or a MatchRequest, of one that is checked.
        goal_id: the goal of all of them; else each names its own as `goal_id`.
        validate_only: give the verdicts and write nothing.
        ahead: what `look_for_facts` asked of the only item.

    The number of statements does not depend on the number of items. More than one, or one that is to be
    held, are written in one transaction.
    """
    answers: dict[int, Answer] = {}
    requests: dict[int, MatchRequest] = {}
    by_id = by.id if by else None
    for index, item in enumerate(items):
        if isinstance(item, APIException):
            answers[index] = answer_to_error(item)  # not raised: it would keep its traceback
            continue
        try:
            requests[index] = read_request(item, goal_id, by_id=by_id)
        except APIException as error:
            answers[index] = answer_to_error(error)
    goals_of_refused = look_for_goals(organization, items, goal_id, answers)
    is_one_write = len(items) == 1 and not any(r.is_pending_if_unmatched for r in requests.values())
    with nullcontext() if is_one_write and not validate_only else transaction.atomic():
        outcomes: list[Outcome] = []
        if requests:
            outcomes = record_matches(
                organization, list(requests.values()), at=at, validate_only=validate_only, ahead=ahead
            )
        answers |= {index: answer_to(outcome) for index, outcome in zip(requests, outcomes, strict=True)}
        ordered = [answers[index] for index in range(len(items))]
        if validate_only:
            transaction.set_rollback(True)
            forget_ids(ordered, at=at)
        else:
            keep_attempts(
                organization, items, ordered, requests, goals_of_refused, by=by, at=at, source=source
            )
            count_answers(ordered, source)
            replayed = (answer.match or answer.pending for answer in ordered if answer.is_replay)
            count_replays(organization, (delivery.goal_id for delivery in replayed if delivery), at=at)
    return ordered


def forget_ids(answers: Sequence[Answer], *, at: datetime) -> None:
    """Take the ids off what was made at the moment `at`, in a rehearsal: it will never be."""
    forgotten = set()
    for answer in answers:
        for row in (answer.match, answer.pending):
            if row is not None and row.created_at == at and row.id is not None:
                forgotten.add(str(row.id))
                row.id = None
    for answer in answers:
        for name in ("match_id", "pending_match_id"):
            if answer.reason is not None and answer.reason.get(name) in forgotten:
                answer.reason[name] = None


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

    Raises: NotFound (`goal_not_found`) for what cannot be the id of one; ValidationError, naming the
        item's other faults as well, when it names none.
    """
    text = item.get("goal_id")
    if isinstance(text, str) and text:
        if goal_id := parse_uuid(text):
            return goal_id
        raise goal_not_found()
    sentence = "This field is required." if text in (None, "") else "Not a string."
    errors: Any = {"goal_id": [sentence]}
    try:
        check_match(item)
    except ValidationError as error:
        errors |= error.detail
    raise ValidationError(errors)


def goal_not_found() -> NotFound:
    return NotFound(resolver.GOAL_NOT_FOUND, REFUSALS[resolver.GOAL_NOT_FOUND][1])


def look_for_goals(
    organization: Organization, items: Sequence[Any], goal_id: UUID | None, answers: dict[int, Answer]
) -> dict[int, UUID]:
    """Where an item is refused and its goal does not exist either, let the answer say that: it comes first.

    Returns: the goals of those refused whose goal does exist, by index.

    One query where anything was refused, else none.
    """
    named: dict[int, UUID] = {}
    for index in answers:
        item = items[index]
        text = item.get("goal_id") if isinstance(item, dict) else None
        if pk := goal_id or (parse_uuid(text) if isinstance(text, str) else None):
            named[index] = pk
    if not named:
        return {}
    known = set(organization.goals.live().filter(id__in=named.values()).values_list("id", flat=True))
    for index, pk in named.items():
        if pk not in known:
            answers[index] = answer_to_error(goal_not_found())
    return {index: pk for index, pk in named.items() if pk in known}
