"""What the OpenAPI description says of matches, visitor identities and visitor sessions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from goals.documentation import GOAL_EXAMPLE, GOAL_NOT_FOUND
from goalsvc.api.pagination import MAX_ROWS_READ
from goalsvc.api.schema import (
    BAD_PAGE_SIZE,
    BODY,
    PAGE,
    PAGE_PARAMETERS,
    PAGE_SIZE,
    SETTINGS,
    SUBSCRIBED,
    Answer,
    FieldErrors,
    Operation,
    Refusal,
    page_example,
    page_of,
    refusal_of,
)
from goalsvc.orgs.documentation import ORGANIZATION_EXAMPLE, ROOM_EXAMPLE, USER_EXAMPLE
from matching import refusals
from matching.api.filters import GOAL, IDENTITY
from matching.api.results import (
    MatchBatchSerializer,
    VisitorIdentityBatchSerializer,
    VisitorSessionBatchSerializer,
)
from matching.limits import MAX_BATCH_ITEMS
from matching.serializers.inputs import MatchInput, MatchOfBatchInput, RestatementInput
from matching.serializers.matches import (
    MatchChangeSerializer,
    MatchDetailSerializer,
    MatchRecordSerializer,
    MatchSerializer,
    PendingMatchSerializer,
)
from matching.serializers.records import MatchAttemptSerializer, MatchSummarySerializer
from matching.serializers.visitors import (
    IdentityHoldingsSerializer,
    VisitorIdentitySerializer,
    VisitorSessionSerializer,
)

OTHER_ROOM = "0199d6a4-4c9e-7f0a-8a35-90d2c4b1e631"


SESSION_REASON = {
    "message": (
        "The first session began exactly 3 hours after goal_matched_at: perhaps a local time was sent as UTC."
    ),
    "is_identity_known": True,
    "visitor_count": 1,
    "earliest_session_started_at": "2016-10-11T01:00:49.123Z",
    "next_session_started_at": "2016-10-11T01:00:49.123Z",
    "next_session_starts_after_seconds": 10800.0,
    "time_zone_slip_hours": 3,
}
ROOMS_REASON = {
    "message": "The chosen session was in none of the posted rooms that the goal allows.",
    "visitor_id": "8d5e957f297893487bd98fa830fa6413",
    "visitor_session_id": "b3c1a7d29e5f4a60",
    "session_started_at": "2016-10-10T20:14:02.000Z",
    "session_rooms": [ROOM_EXAMPLE["id"]],
    "posted_rooms": [OTHER_ROOM],
    "is_any_room_allowed": True,
    "allowed_rooms": [],
}
SESSION_NOT_FOUND = refusal_of(refusals.SessionNotFound, reason=SESSION_REASON)
NO_CONNECTED_ROOMS = refusal_of(refusals.NoConnectedRooms, reason=ROOMS_REASON)
IDEMPOTENCY_KEY_IN_USE = refusal_of(refusals.IdempotencyKeyInUse)
IDEMPOTENCY_KEY_REUSED = refusal_of(refusals.IdempotencyKeyReused)
IDEMPOTENT = (IDEMPOTENCY_KEY_IN_USE, IDEMPOTENCY_KEY_REUSED)
MATCH_NOT_FOUND = refusal_of(refusals.MatchNotFound)
PENDING_STATUSES = ["pending", "matched", "expired", "cancelled"]
PENDING_NOT_FOUND = refusal_of(refusals.PendingMatchNotFound)
EXTERNAL_ID_CONFLICT = refusal_of(refusals.ExternalIdConflict)
TOO_MANY_PENDING = refusal_of(refusals.TooManyPending)
IDENTITY_TOO_COMMON = refusal_of(refusals.IdentityTooCommon)
SESSION_VISITOR_CONFLICT = refusal_of(refusals.SessionVisitorConflict)
BAD_MATCH = FieldErrors(
    "bad attributes",
    {
        "visitor_identity": ["This field is required."],
        "goal_matched_at": ["Not an ISO 8601 date and time, such as 2016-10-10T22:00:49.123Z."],
        "rooms": [f"{OTHER_ROOM} is not a room of the organization."],
    },
)
MATCH_INPUT_EXAMPLE = {
    "visitor_identity": "customer-12345678",
    "goal_matched_at": "2016-10-10T22:00:49.123Z",
    "goal_value": "123.45",
    "rooms": [ROOM_EXAMPLE["id"], OTHER_ROOM],
    "external_id": "receipt-2016-000123",
}
MATCH_EXAMPLE = {
    "id": "0199d6a6-10aa-7b1e-93c2-7d5f8e6a4b50",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    "goal_id": GOAL_EXAMPLE["id"],
    "visitor_identity": "customer-12345678",
    "visitor_id": "8d5e957f297893487bd98fa830fa6413",
    "visitor_session_id": "b3c1a7d29e5f4a60",
    "session_started_at": "2016-10-10T20:14:02.000Z",
    "goal_matched_at": "2016-10-10T22:00:49.123Z",
    "goal_value": "123.45",
    "goal_value_source": "request",
    "rooms": [ROOM_EXAMPLE["id"]],
    "unconnected_rooms": [OTHER_ROOM],
    "external_id": "receipt-2016-000123",
    "created_at": "2016-10-11T06:00:00.512Z",
    "created_by_user_id": USER_EXAMPLE["id"],
    "is_retracted": False,
}
IDENTITY_EXAMPLE = {
    "id": "0199d6a6-2b40-7e61-8f0d-1a9c3b5d7e60",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    "visitor_identity": "customer-12345678",
    "visitor_id": "8d5e957f297893487bd98fa830fa6413",
    "visitor_session_id": "b3c1a7d29e5f4a60",
    "created_at": "2016-10-10T20:15:11.007Z",
}
SESSION_EXAMPLE = {
    "id": "0199d6a6-3c71-7a92-b4e8-5f2d6c8a0b70",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    "visitor_session_id": "b3c1a7d29e5f4a60",
    "visitor_id": "8d5e957f297893487bd98fa830fa6413",
    "started_at": "2016-10-10T20:14:02.000Z",
    "ended_at": None,
    "rooms": [ROOM_EXAMPLE["id"]],
    "created_at": "2016-10-10T20:14:02.310Z",
    "updated_at": "2016-10-10T20:14:02.310Z",
}
PENDING_EXAMPLE = {
    "id": "0199d6a6-4d82-7bb3-a5f9-6a3e7d9b1c80",
    "status": "pending",
    "code": "session_not_found",
    "reason": SESSION_REASON,
    "expires_at": "2016-11-10T06:00:00.512Z",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    "goal_id": GOAL_EXAMPLE["id"],
    "visitor_identity": "customer-12345678",
    "goal_matched_at": "2016-10-10T22:00:49.123Z",
    "goal_value": "123.45",
    "rooms": [ROOM_EXAMPLE["id"], OTHER_ROOM],
    "external_id": "receipt-2016-000123",
    "match_id": None,
    "created_at": "2016-10-11T06:00:00.512Z",
    "created_by_user_id": USER_EXAMPLE["id"],
    "resolved_at": None,
}
MATCH_RECORD_EXAMPLE = {
    **MATCH_EXAMPLE,
    "retracted_at": None,
    "retracted_by_user_id": None,
}
ATTEMPT_EXAMPLE = {
    "id": "0199d6a6-5e93-7cc4-96fa-7b4f8e0c2d90",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    "goal_id": GOAL_EXAMPLE["id"],
    "source": "single",
    "visitor_identity": "customer-12345678",
    "goal_matched_at": "2016-10-10T22:00:49.123Z",
    "external_id": "receipt-2016-000123",
    "code": SESSION_NOT_FOUND.code,
    "detail": SESSION_NOT_FOUND.detail,
    "errors": None,
    "reason": SESSION_REASON,
    "request_id": "0199d6a6-6fa4-7dd5-870b-8c5a9f1d3ea0",
    "created_at": "2016-10-11T05:00:00.512Z",
    "created_by_user_id": USER_EXAMPLE["id"],
}
CHANGE_EXAMPLE = {
    "id": "0199d6a6-70b5-7ee6-b81c-9d6b0a2e4fb0",
    "match_id": MATCH_EXAMPLE["id"],
    "kind": "restated",
    "old_value": "123.45",
    "new_value": "100.00",
    "changed_at": "2016-10-12T08:30:00.000Z",
    "changed_by_user_id": USER_EXAMPLE["id"],
    "changed_by_user": USER_EXAMPLE,
}
TALLY_EXAMPLE = {
    "received": 12,
    "matched": 8,
    "replayed": 2,
    "pending": 1,
    "rejected": 1,
    "rejected_by_code": {"session_not_found": 1},
    "match_rate": 0.8,
    "last_success": "2016-10-11T06:00:00.512Z",
}


def filter_by(name: str, kind: Any, description: str, *others: str) -> tuple[OpenApiParameter, ...]:
    """Describe a filter, and its other names."""
    return (
        OpenApiParameter(name, kind, description=description),
        *(OpenApiParameter(other, kind, description=f"Another name of `{name}`.") for other in others),
    )


def span_of(name: str, what: str, *, is_only: bool = False) -> tuple[OpenApiParameter, ...]:
    """Describe a filter by a span of moments; where a list has no other kind, by its short names too."""
    others = (["from"], ["to"]) if is_only else ([], [])
    return (
        *filter_by(f"{name}_from", datetime, f"Only with {what} at or after this.", *others[0]),
        *filter_by(f"{name}_to", datetime, f"Only with {what} before this.", *others[1]),
    )


GOAL_FILTER = filter_by("goal_id", UUID, "Only of this goal.", *GOAL[1:])
IDENTITY_FILTER = filter_by("visitor_identity", str, "Only of exactly this identity.", *IDENTITY[1:])
VISITOR_FILTERS = (
    *filter_by("visitor_identity", str, "Only of visitors with exactly this identity.", *IDENTITY[1:]),
    *filter_by("visitor_id", str, "Only of the visitor with exactly this id."),
)
EVENT_FILTER = filter_by("external_id", str, "Only with exactly this external id.")
CREATED_FILTER = span_of("created", "created_at", is_only=True)
SHORT_PAGES = (
    "With filters a page may hold fewer rows than asked for, even none, and have a `next`: it ends after "
    f"{MAX_ROWS_READ:,} rows that were looked at. Go on until `next` is null."
)


def batch_of(name: str, item: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """Return the serializer of a batch's body."""
    items = serializers.ListField(child=item(), min_length=1, max_length=MAX_BATCH_ITEMS)
    title = name.title().replace("_", "")
    return type(f"{title}BatchSerializer", (serializers.Serializer,), {name: items})


BAD_FILTER = FieldErrors(
    "bad filter", {"visitor_id": ["Control characters and lone surrogates are not allowed."]}
)


RESTATED_VALUE = FieldErrors("bad attributes", {"goal_value": ["This field is required."]})
VALIDATE_ONLY = OpenApiParameter(
    "validate_only",
    {"type": "string", "enum": ["true", "false"]},
    description="`true`: the full verdict, the match as it would be written (id null), and nothing written.",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    OpenApiParameter.HEADER,
    description=(
        "Your own name for this request, 1 to 255 printable ASCII characters. Sent again with the same "
        "payload within 24 hours, the stored answer is given, with `Idempotent-Replay: true`. Refusals are "
        "not stored, as they wrote nothing."
    ),
)
MATCH_FILTERS = (
    *IDENTITY_FILTER,
    *EVENT_FILTER,
    *filter_by("room", UUID, "Only with this connected room."),
    *span_of("matched", "goal_matched_at"),
    *span_of("created", "created_at"),
    *filter_by(
        "is_retracted", {"type": "string", "enum": ["true", "false"]}, "Only retracted ones, or only others."
    ),
)
BAD_MATCH_FILTER = FieldErrors("bad filter", {"is_retracted": ["Must be one of: true, false."]})
REPLAY_HEADERS = {"Idempotent-Replay": "`true` when an earlier request had been answered so."}

CREATE_MATCH = Operation(
    id="create_match",
    tag="matches",
    summary="Post an external goal match",
    description=(
        "Links the event to the visitor's latest session that started strictly before `goal_matched_at`, "
        "writes the match and answers it. The rooms of the answer are the posted ones in which that session "
        "was, and in which the goal may match.\n\n"
        "With an `external_id`, or an `Idempotency-Key`, the event is written once: a repetition answers "
        "the first match with `Idempotent-Replay: true`.\n\n"
        "With `if_unmatched` = `hold` there is no 404: the match is kept and answered 202, and written as "
        "soon as the identity or session that it lacks arrives. For one identity 1,000 matches are held at "
        "a time.\n\n"
        "`is_retracted` is true where a repetition is answered a match that was retracted since."
    ),
    request=MatchInput,
    request_examples={"A sale": MATCH_INPUT_EXAMPLE},
    answers={
        200: Answer(MatchSerializer, MATCH_EXAMPLE, "Matched", REPLAY_HEADERS),
        202: Answer(PendingMatchSerializer, PENDING_EXAMPLE, "Held until it can be matched", REPLAY_HEADERS),
    },
    refusals=(
        *SUBSCRIBED,
        GOAL_NOT_FOUND,
        *BODY,
        BAD_MATCH,
        SESSION_NOT_FOUND,
        NO_CONNECTED_ROOMS,
        EXTERNAL_ID_CONFLICT,
        TOO_MANY_PENDING,
        *IDEMPOTENT,
    ),
    parameters=(VALIDATE_ONLY, IDEMPOTENCY_KEY),
)
CREATE_MATCHES = Operation(
    id="create_matches",
    tag="matches",
    summary="Post up to 5,000 matches",
    description=(
        "Each item is a match as the single call takes it, with its `goal_id`, and gets exactly the verdict "
        "that the single call would have given at its place. One bad item harms no other. Besides "
        '`{"matches": [...]}` the body may be `application/x-ndjson`, an item a line.'
    ),
    request={
        "application/json": batch_of("matches", MatchOfBatchInput),
        "application/x-ndjson": MatchOfBatchInput,
    },
    request_examples={"Two sales": {"matches": [{"goal_id": GOAL_EXAMPLE["id"], **MATCH_INPUT_EXAMPLE}]}},
    answers={
        200: Answer(
            MatchBatchSerializer,
            {
                "results": [
                    {"index": 0, "status": 200, "match": MATCH_EXAMPLE},
                    {
                        "index": 1,
                        "status": 404,
                        "code": "session_not_found",
                        "detail": SESSION_NOT_FOUND.detail,
                        "reason": SESSION_REASON,
                    },
                ],
                "summary": {
                    "received": 2,
                    "created": 1,
                    "replayed": 0,
                    "pending": 0,
                    "failed": 1,
                    "by_code": {"session_not_found": 1},
                },
            },
            "The verdicts, in the order of the items",
            REPLAY_HEADERS,
        )
    },
    refusals=(
        *SUBSCRIBED,
        *BODY,
        FieldErrors("bad envelope", {"matches": ["Must have 1 to 5000 items, not 0."]}),
        *IDEMPOTENT,
    ),
    parameters=(VALIDATE_ONLY, IDEMPOTENCY_KEY),
)
LIST_GOAL_MATCHES = Operation(
    id="list_goal_matches",
    tag="matches",
    summary="List a goal's matches",
    description=f"Newest first. {SHORT_PAGES}",
    answers={200: Answer(page_of(MatchRecordSerializer), page_example(MATCH_RECORD_EXAMPLE))},
    refusals=(*SUBSCRIBED, GOAL_NOT_FOUND, *PAGE, BAD_MATCH_FILTER),
    parameters=(*MATCH_FILTERS, *PAGE_PARAMETERS),
)
LIST_MATCHES = Operation(
    id="list_matches",
    tag="matches",
    summary="List the organization's matches",
    description=f"Newest first. {SHORT_PAGES}",
    answers={200: Answer(page_of(MatchRecordSerializer), page_example(MATCH_RECORD_EXAMPLE))},
    refusals=(*SUBSCRIBED, *PAGE, BAD_MATCH_FILTER),
    parameters=(*GOAL_FILTER, *MATCH_FILTERS, *PAGE_PARAMETERS),
)
RETRIEVE_MATCH = Operation(
    id="retrieve_match",
    tag="matches",
    summary="Retrieve a match",
    description="With the rejected attempts at the same event, if there were any.",
    answers={
        200: Answer(MatchDetailSerializer, {**MATCH_RECORD_EXAMPLE, "rejected_attempts": [ATTEMPT_EXAMPLE]})
    },
    refusals=(*SUBSCRIBED, MATCH_NOT_FOUND),
)
RESTATE_MATCH = Operation(
    id="restate_match",
    tag="matches",
    summary="Correct a match's value",
    description="The old value stays in the history.",
    request=RestatementInput,
    request_examples={"A refund": {"goal_value": "100.00"}},
    answers={200: Answer(MatchRecordSerializer, {**MATCH_RECORD_EXAMPLE, "goal_value": "100.00"})},
    refusals=(
        *SETTINGS,
        MATCH_NOT_FOUND,
        *BODY,
        RESTATED_VALUE,
        refusal_of(refusals.MatchRetracted),
    ),
)
RETRACT_MATCH = Operation(
    id="retract_match",
    tag="matches",
    summary="Retract a match",
    description="The match stays, marked, and leaves the reports. An administrator can restore it.",
    answers={204: Answer(None)},
    refusals=(*SETTINGS, MATCH_NOT_FOUND),
)
LIST_MATCH_CHANGES = Operation(
    id="list_match_changes",
    tag="matches",
    summary="The history of a match",
    description="Its corrections, newest first.",
    answers={200: Answer(page_of(MatchChangeSerializer), page_example(CHANGE_EXAMPLE))},
    refusals=(*SUBSCRIBED, MATCH_NOT_FOUND, *PAGE),
    parameters=PAGE_PARAMETERS,
)
LIST_PENDING_MATCHES = Operation(
    id="list_pending_matches",
    tag="held matches",
    summary="List held matches",
    description=f"Newest first, whatever has become of them. {SHORT_PAGES}",
    answers={200: Answer(page_of(PendingMatchSerializer), page_example(PENDING_EXAMPLE))},
    refusals=(
        *SUBSCRIBED,
        *PAGE,
        FieldErrors("bad filter", {"status": ["Must be one of: pending, matched, expired, cancelled."]}),
    ),
    parameters=(
        OpenApiParameter(
            "status", {"type": "string", "enum": ["pending", "matched", "expired", "cancelled"]}
        ),
        *GOAL_FILTER,
        *IDENTITY_FILTER,
        *EVENT_FILTER,
        *CREATED_FILTER,
        *PAGE_PARAMETERS,
    ),
)
RETRIEVE_PENDING_MATCH = Operation(
    id="retrieve_pending_match",
    tag="held matches",
    summary="Retrieve a held match",
    answers={200: Answer(PendingMatchSerializer, PENDING_EXAMPLE)},
    refusals=(*SUBSCRIBED, PENDING_NOT_FOUND),
)
CANCEL_PENDING_MATCH = Operation(
    id="cancel_pending_match",
    tag="held matches",
    summary="Give up a held match",
    description="It stays, as cancelled, and will not be matched any more.",
    answers={204: Answer(None)},
    refusals=(
        *SUBSCRIBED,
        PENDING_NOT_FOUND,
        refusal_of(refusals.PendingMatchResolved),
    ),
)
LIST_MATCH_ATTEMPTS = Operation(
    id="list_match_attempts",
    tag="attempts",
    summary="List rejected attempts",
    description=(
        "Every attempt to post a match that was rejected, newest first. Kept for 30 days. " + SHORT_PAGES
    ),
    answers={200: Answer(page_of(MatchAttemptSerializer), page_example(ATTEMPT_EXAMPLE))},
    refusals=(*SUBSCRIBED, *PAGE, FieldErrors("bad filter", {"goal_id": ["Not a UUID."]})),
    parameters=(
        OpenApiParameter("code", str, description="Only with this code."),
        *GOAL_FILTER,
        *IDENTITY_FILTER,
        *CREATED_FILTER,
        *PAGE_PARAMETERS,
    ),
)
SUMMARIZE_MATCH_ATTEMPTS = Operation(
    id="summarize_match_attempts",
    tag="attempts",
    summary="The health of matching",
    description=(
        "What was received on the last days (UTC, today included), by day and goal: single calls, batches "
        "and imports alike. A held match counts on the day it was posted, as what has become of it."
    ),
    answers={
        200: Answer(
            MatchSummarySerializer,
            {
                "from": "2016-10-05",
                "to": "2016-10-11",
                "total": TALLY_EXAMPLE,
                "results": [{"day": "2016-10-11", "goal_id": GOAL_EXAMPLE["id"], **TALLY_EXAMPLE}],
            },
        )
    },
    refusals=(*SUBSCRIBED, FieldErrors("bad days", {"days": ["Must be a whole number from 1 to 30."]})),
    parameters=(OpenApiParameter("days", {"type": "integer", "minimum": 1, "maximum": 30, "default": 7}),),
)
LIST_IDENTITIES = Operation(
    id="list_visitor_identities",
    tag="visitors",
    summary="List visitor identities",
    description=f"Newest first. {SHORT_PAGES}",
    answers={200: Answer(page_of(VisitorIdentitySerializer), page_example(IDENTITY_EXAMPLE))},
    refusals=(*SUBSCRIBED, *PAGE, BAD_FILTER),
    parameters=(
        *VISITOR_FILTERS,
        *filter_by("visitor_session_id", str, "Only last given in exactly this session."),
        *CREATED_FILTER,
        *PAGE_PARAMETERS,
    ),
)
CREATE_IDENTITY = Operation(
    id="create_visitor_identity",
    tag="visitors",
    summary="Tie an identity to a visitor",
    description=(
        "One identity may have many visitors (phone, laptop), up to 1,000, one visitor many identities. Held "
        "matches that lacked it are matched at once, up to 1,000 of them, the others by `resolve_pending`."
    ),
    request=VisitorIdentitySerializer,
    request_examples={
        "An identity": {
            "visitor_identity": "customer-12345678",
            "visitor_id": "8d5e957f297893487bd98fa830fa6413",
            "visitor_session_id": "b3c1a7d29e5f4a60",
        }
    },
    answers={
        201: Answer(VisitorIdentitySerializer, IDENTITY_EXAMPLE, "New"),
        200: Answer(VisitorIdentitySerializer, IDENTITY_EXAMPLE, "Known before"),
    },
    refusals=(
        *SUBSCRIBED,
        *BODY,
        FieldErrors("bad attributes", {"visitor_id": ["This field may not be blank."]}),
        SESSION_VISITOR_CONFLICT,
        IDENTITY_TOO_COMMON,
    ),
)
SESSION_HAS_MATCHES = Refusal(
    refusals.SessionHasMatches.status_code,
    refusals.SessionHasMatches.default_code,
    refusals.SessionHasMatches.sentence(2),
)
IDENTITY_NOT_FOUND = refusal_of(refusals.VisitorIdentityNotFound)
IDENTITY_IN_QUERY = OpenApiParameter(
    "visitor_identity",
    str,
    description=(
        "Where the address has `-` in the place of the identity: the identity. For those that an address "
        "cannot carry: `batch`, `/`, `.` and `..`."
    ),
)
RETRIEVE_IDENTITY = Operation(
    id="retrieve_visitor_identity",
    tag="visitors",
    summary="Retrieve all that is held about an identity",
    description=(
        "Its visitors, their sessions, its matches, held matches and rejected attempts; of each kind the "
        "`page_size` newest, how many there are in all, and the address of the list that goes on with the "
        "others. 404 when nothing is held. `manage.py export_identity` writes it all into one file."
    ),
    answers={
        200: Answer(
            IdentityHoldingsSerializer,
            {
                "organization_id": ORGANIZATION_EXAMPLE["id"],
                "visitor_identity": "customer-12345678",
                "visitors": {
                    "count": 1,
                    "next": None,
                    "results": [
                        {
                            "id": IDENTITY_EXAMPLE["id"],
                            "visitor_id": "8d5e957f297893487bd98fa830fa6413",
                            "visitor_session_id": "b3c1a7d29e5f4a60",
                            "visitor_created_at": "2016-10-10T20:14:02.310Z",
                            "created_at": "2016-10-10T20:15:11.007Z",
                            "is_shared": False,
                        }
                    ],
                },
                "visitor_sessions": {"count": 1, "next": None, "results": [SESSION_EXAMPLE]},
                "matches": {"count": 1, "next": None, "results": [MATCH_RECORD_EXAMPLE]},
                "pending_matches": {"count": 0, "next": None, "results": []},
                "match_attempts": {"count": 1, "next": None, "results": [ATTEMPT_EXAMPLE]},
                "idempotency_keys": {"count": 0},
            },
        )
    },
    refusals=(*SETTINGS, IDENTITY_NOT_FOUND, BAD_PAGE_SIZE),
    parameters=(IDENTITY_IN_QUERY, PAGE_SIZE),
)
ERASE_IDENTITY = Operation(
    id="erase_visitor_identity",
    tag="visitors",
    summary="Erase an identity",
    description=(
        "Deletes the identity, the visitors that no other identity uses, their sessions, and the held "
        "matches of the identity. Matches stay for the figures: their `visitor_identity` becomes null, and "
        "so do `visitor_id` and `visitor_session_id` where the visitor goes. Rejected attempts and stored "
        "answers stay without what is personal in them. It cannot be undone.\n\n"
        "A match keeps its `external_id`: the same event posted again is answered that match, as it is now, "
        "and written no second time. Only an external id that tells the identity itself is taken off too."
    ),
    answers={204: Answer(None)},
    refusals=(*SETTINGS, IDENTITY_NOT_FOUND),
    parameters=(IDENTITY_IN_QUERY,),
)
LIST_SESSIONS = Operation(
    id="list_visitor_sessions",
    tag="visitors",
    summary="List visitor sessions",
    description=f"By their start, newest first. {SHORT_PAGES}",
    answers={200: Answer(page_of(VisitorSessionSerializer), page_example(SESSION_EXAMPLE))},
    refusals=(*SUBSCRIBED, *PAGE, BAD_FILTER),
    parameters=(
        *VISITOR_FILTERS,
        *filter_by("visitor_session_id", str, "Only exactly this session."),
        *span_of("started", "started_at", is_only=True),
        *PAGE_PARAMETERS,
    ),
)
DELETE_SESSION = Operation(
    id="delete_visitor_session",
    tag="visitors",
    summary="Take back a visitor's session",
    description=(
        "For one that was reported wrongly: reports only merge, so another report does not mend it. Its "
        "visitor stays, with the other sessions. While matches hang on it, retracted ones as well, it stays."
    ),
    answers={204: Answer(None)},
    refusals=(
        *SETTINGS,
        refusal_of(refusals.VisitorSessionNotFound),
        SESSION_HAS_MATCHES,
    ),
    parameters=(
        OpenApiParameter(
            "visitor_session_id",
            str,
            description=(
                "Where the address has `-` in the place of the session's id: the id. For those that an "
                "address cannot carry: `batch`, `/`, `.` and `..`."
            ),
        ),
    ),
)
CREATE_SESSION = Operation(
    id="create_visitor_session",
    tag="visitors",
    summary="Report a visitor's session",
    description=(
        "Reports of the same session merge, whatever their order: the earliest start, the latest end, all "
        "rooms. So it is safe to repeat one. An identity that comes along is tied to the visitor; where that "
        "is refused, nothing of the report is recorded. Held matches that lacked the session are matched at "
        "once, up to 1,000 of them, the others by `resolve_pending`."
    ),
    request=VisitorSessionSerializer,
    request_examples={
        "A session": {
            "visitor_session_id": "b3c1a7d29e5f4a60",
            "visitor_id": "8d5e957f297893487bd98fa830fa6413",
            "started_at": "2016-10-10T20:14:02.000Z",
            "rooms": [ROOM_EXAMPLE["id"]],
            "visitor_identity": "customer-12345678",
        }
    },
    answers={
        201: Answer(VisitorSessionSerializer, SESSION_EXAMPLE, "New"),
        200: Answer(
            VisitorSessionSerializer, SESSION_EXAMPLE, "Known before; the answer shows the merged session"
        ),
    },
    refusals=(
        *SUBSCRIBED,
        *BODY,
        FieldErrors(
            "bad attributes",
            {
                "rooms": [f"{OTHER_ROOM} is not a room of the organization."],
                "ended_at": ["A session cannot end before it starts."],
            },
        ),
        SESSION_VISITOR_CONFLICT,
        IDENTITY_TOO_COMMON,
    ),
)
CREATE_IDENTITIES = Operation(
    id="create_visitor_identities",
    tag="visitors",
    summary="Tie up to 5,000 identities to visitors",
    description="Items and verdicts as of the single call. The body may also be `application/x-ndjson`.",
    request={
        "application/json": batch_of("visitor_identities", VisitorIdentitySerializer),
        "application/x-ndjson": VisitorIdentitySerializer,
    },
    request_examples={
        "An identity": {
            "visitor_identities": [
                {"visitor_identity": "customer-12345678", "visitor_id": "8d5e957f297893487bd98fa830fa6413"}
            ]
        }
    },
    answers={
        200: Answer(
            VisitorIdentityBatchSerializer,
            {
                "results": [{"index": 0, "status": 201, "visitor_identity": IDENTITY_EXAMPLE}],
                "summary": {"received": 1, "created": 1, "known": 0, "failed": 0, "by_code": {}},
            },
        )
    },
    refusals=(
        *SUBSCRIBED,
        *BODY,
        FieldErrors("bad envelope", {"visitor_identities": ["Must have 1 to 5000 items, not 0."]}),
    ),
)
CREATE_SESSIONS = Operation(
    id="create_visitor_sessions",
    tag="visitors",
    summary="Report up to 5,000 sessions",
    description=(
        "Items and verdicts as of the single call; reports of one session merge within the batch too, and "
        "each shows it as it stands after the last. The body may also be `application/x-ndjson`."
    ),
    request={
        "application/json": batch_of("visitor_sessions", VisitorSessionSerializer),
        "application/x-ndjson": VisitorSessionSerializer,
    },
    request_examples={
        "A session": {
            "visitor_sessions": [
                {
                    "visitor_session_id": "b3c1a7d29e5f4a60",
                    "visitor_id": "8d5e957f297893487bd98fa830fa6413",
                    "started_at": "2016-10-10T20:14:02.000Z",
                    "rooms": [ROOM_EXAMPLE["id"]],
                }
            ]
        }
    },
    answers={
        200: Answer(
            VisitorSessionBatchSerializer,
            {
                "results": [{"index": 0, "status": 201, "visitor_session": SESSION_EXAMPLE}],
                "summary": {"received": 1, "created": 1, "known": 0, "failed": 0, "by_code": {}},
            },
        )
    },
    refusals=(
        *SUBSCRIBED,
        *BODY,
        FieldErrors("bad envelope", {"visitor_sessions": ["Must have 1 to 5000 items, not 0."]}),
    ),
)
