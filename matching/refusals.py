"""What matching refuses: the status, the code and the sentence of each refusal, wherever it is told.

They are raised, put in the place of a result in a batch, and shown in the API's description.
"""

from collections.abc import Sequence

from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound

from goals.refusals import GoalNotFound
from goalsvc.api.fields import name_some
from matching.limits import MAX_PENDING, MAX_VISITORS

# The code and the sentence of what names attributes at fault, where there is one for them as a whole.
VALIDATION_ERROR = "validation_error"
INVALID = "Some attributes are missing or invalid."


class UnknownRooms(serializers.ValidationError):
    """A 400 that names the attribute `rooms`, as the next one; only pending matches tell their codes."""

    default_code = "unknown_rooms"

    def __init__(self, room_ids: Sequence[str]) -> None:
        is_wrong, are_wrong = "is not a room of the organization.", "are not rooms of the organization."
        super().__init__({"rooms": name_some(room_ids, is_wrong, are_wrong)})


class NoAllowedRooms(serializers.ValidationError):
    default_code = "no_allowed_rooms"

    def __init__(self, room_ids: Sequence[str]) -> None:
        super().__init__({"rooms": ["The goal is allowed in none of these rooms."]})


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT


class SessionNotFound(APIException):
    status_code = status.HTTP_404_NOT_FOUND
    default_code = "session_not_found"
    default_detail = "No session of this visitor identity started before goal_matched_at."


class NoConnectedRooms(APIException):
    status_code = status.HTTP_404_NOT_FOUND
    default_code = "no_connected_rooms"
    default_detail = "The latest session before goal_matched_at was in none of the rooms that count."


class ExternalIdConflict(Conflict):
    default_code = "external_id_conflict"
    default_detail = "This external_id already stands for a different match of the goal."


class TooManyPending(Conflict):
    default_code = "too_many_pending"
    default_detail = (
        f"{MAX_PENDING:,} matches are held for this visitor identity already: it seems to name nobody in "
        "particular."
    )


# A posted match that one of these refuses is kept as a rejected attempt, with its code.
OF_POSTED_MATCHES: tuple[type[APIException], ...] = (
    GoalNotFound,
    SessionNotFound,
    NoConnectedRooms,
    ExternalIdConflict,
    TooManyPending,
)


class IdempotencyKeyInUse(Conflict):
    default_code = "idempotency_key_in_use"
    default_detail = "The first request with this Idempotency-Key is still running."


class IdempotencyKeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for a request with a different payload."


class MatchNotFound(NotFound):
    default_detail = "The organization has no such match."


class MatchRetracted(Conflict):
    default_code = "match_retracted"
    default_detail = "A retracted match has no value to correct."


class PendingMatchNotFound(NotFound):
    default_detail = "The organization has no such pending match."


class PendingMatchResolved(Conflict):
    default_code = "pending_match_resolved"
    default_detail = "Only a pending match can be cancelled."


class ImportNotFound(NotFound):
    default_detail = "The organization has no such import."


class NoFailedRows(NotFound):
    default_detail = "There is no file of refused rows: none was refused, or the file was deleted meanwhile."


class ImportFinished(Conflict):
    default_code = "import_finished"
    default_detail = "Only a queued or running import can be cancelled."


class SessionVisitorConflict(Conflict):
    default_code = "session_visitor_conflict"
    default_detail = "This visitor_session_id is a session of another visitor."


class IdentityTooCommon(Conflict):
    default_code = "identity_too_common"
    default_detail = (
        f"{MAX_VISITORS:,} visitors carry this visitor identity already: it names nobody. Nothing was "
        "recorded."
    )


class VisitorIdentityNotFound(NotFound):
    default_detail = "Nothing is held about this visitor identity."


class VisitorSessionNotFound(NotFound):
    default_detail = "The organization has no such visitor session."


class SessionHasMatches(Conflict):
    default_code = "session_has_matches"

    def __init__(self, count: int) -> None:
        super().__init__(self.sentence(count))

    @staticmethod
    def sentence(count: int) -> str:
        matches = "1 match hangs" if count == 1 else f"{count:,} matches hang"
        return f"{matches} on this session. Nothing was changed."
