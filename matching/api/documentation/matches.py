"""Of matches: posted, held, listed, corrected; and of rejected attempts."""

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter

from goals.documentation import GOAL_NOT_FOUND
from goals.serializers import GOAL_EXAMPLE
from goalsvc.api.schema import Answer, FieldErrors, Operation, refusal_of
from matching import refusals
from matching.api.documentation import examples
from matching.api.documentation.examples import AS_CSV, SHORT_PAGES, bad_envelope, batch_of, listing
from matching.api.parameters import (
    GoalMatchQuery,
    MatchAttemptQuery,
    MatchQuery,
    PendingMatchQuery,
    PostingQuery,
    Query,
    RetractionQuery,
    SummaryQuery,
)
from matching.api.results import MatchBatchSerializer
from matching.limits import MAX_BATCH_ITEMS, MAX_KEY_LENGTH, MAX_PENDING, MAX_REASON_LENGTH
from matching.models import PendingMatch
from matching.serializers.inputs import MatchInput, MatchOfBatchInput, RestatementInput
from matching.serializers.matches import (
    MatchAttemptSerializer,
    MatchChangeSerializer,
    MatchDetailSerializer,
    MatchRecordSerializer,
    MatchSerializer,
    MatchSummarySerializer,
    PendingMatchSerializer,
)

MATCH_NOT_FOUND = refusal_of(refusals.MatchNotFound)
PENDING_MATCH_NOT_FOUND = refusal_of(refusals.PendingMatchNotFound)
IDEMPOTENT = (refusal_of(refusals.IdempotencyKeyInUse), refusal_of(refusals.IdempotencyKeyReused))
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH, "pattern": "^[\\x21-\\x7e]+$"},
    OpenApiParameter.HEADER,
    description=(
        f"Your own name for this request, 1 to {MAX_KEY_LENGTH} printable ASCII characters. Sent again with "
        f"the same payload within {settings.IDEMPOTENCY_KEY_HOURS} hours, the stored answer is given, with "
        "`Idempotent-Replay: true`. Refusals are not stored, as they wrote nothing."
    ),
)
BAD_MATCH_FILTER = FieldErrors("bad filter", {"is_retracted": ["Must be one of: true, false."]})
BAD_GOAL_ID = FieldErrors("bad filter", {"goal_id": ["Not a UUID."]})
BAD_STATUS = FieldErrors(
    "bad filter", {"status": [f"Must be one of: {', '.join(PendingMatch.Status.values)}."]}
)
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
        "soon as the identity or session that it lacks arrives, for up to "
        f"{settings.PENDING_MATCH_DAYS} days. For one identity {MAX_PENDING:,} matches are held at "
        "a time.\n\n"
        "`is_retracted` is true where a repetition is answered a match that was retracted since."
    ),
    request=MatchInput,
    request_examples={"A sale": examples.MATCH_INPUT},
    answers={
        200: Answer(MatchSerializer, examples.MATCH, "Matched", REPLAY_HEADERS),
        202: Answer(PendingMatchSerializer, examples.PENDING, "Held until it can be matched", REPLAY_HEADERS),
    },
    refusals=(
        GOAL_NOT_FOUND,
        examples.BAD_MATCH,
        examples.SESSION_NOT_FOUND,
        examples.NO_CONNECTED_ROOMS,
        refusal_of(refusals.ExternalIdConflict),
        refusal_of(refusals.TooManyPending),
        *IDEMPOTENT,
    ),
    parameters=(*PostingQuery.parameters(), IDEMPOTENCY_KEY),
)
CREATE_MATCHES = Operation(
    id="create_matches",
    tag="matches",
    summary=f"Post up to {MAX_BATCH_ITEMS:,} matches",
    description=(
        "Each item is a match as the single call takes it, with its `goal_id`, and gets exactly the verdict "
        "that the single call would have given at its place. One bad item harms no other. Besides "
        '`{"matches": [...]}` the body may be `application/x-ndjson`, an item a line.'
    ),
    request=batch_of("matches", MatchOfBatchInput),
    request_examples={"Two sales": {"matches": [{"goal_id": GOAL_EXAMPLE["id"], **examples.MATCH_INPUT}]}},
    answers={
        200: Answer(
            MatchBatchSerializer,
            {
                "results": [
                    {"index": 0, "status": 200, "match": examples.MATCH},
                    {
                        "index": 1,
                        "status": 404,
                        "code": "session_not_found",
                        "detail": examples.SESSION_NOT_FOUND.detail,
                        "reason": examples.SESSION_REASON,
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
    refusals=(bad_envelope("matches"), *IDEMPOTENT),
    parameters=(*PostingQuery.parameters(), IDEMPOTENCY_KEY),
)
LIST_GOAL_MATCHES = Operation(
    id="list_goal_matches",
    tag="matches",
    summary="List a goal's matches",
    description=f"Newest first. {SHORT_PAGES}\n\n{AS_CSV}",
    **listing(GoalMatchQuery, MatchRecordSerializer, examples.MATCH_RECORD, GOAL_NOT_FOUND, BAD_MATCH_FILTER),
)
LIST_MATCHES = Operation(
    id="list_matches",
    tag="matches",
    summary="List the organization's matches",
    description=f"Newest first. {SHORT_PAGES}\n\n{AS_CSV}",
    **listing(MatchQuery, MatchRecordSerializer, examples.MATCH_RECORD, BAD_MATCH_FILTER),
)
RETRIEVE_MATCH = Operation(
    id="retrieve_match",
    tag="matches",
    summary="Retrieve a match",
    description="With the rejected attempts at the same event, if there were any.",
    answers={
        200: Answer(MatchDetailSerializer, {**examples.MATCH_RECORD, "rejected_attempts": [examples.ATTEMPT]})
    },
    refusals=(MATCH_NOT_FOUND,),
)
RESTATE_MATCH = Operation(
    id="restate_match",
    tag="matches",
    summary="Correct a match's value",
    description="The old value stays in the history.",
    request=RestatementInput,
    request_examples={"A refund": {"goal_value": "100.00", "reason": "Partly sent back"}},
    answers={200: Answer(MatchRecordSerializer, {**examples.MATCH_RECORD, "goal_value": "100.00"})},
    refusals=(
        MATCH_NOT_FOUND,
        FieldErrors("bad attributes", {"goal_value": ["This field is required."]}),
        refusal_of(refusals.MatchRetracted),
    ),
)
RETRACT_MATCH = Operation(
    id="retract_match",
    tag="matches",
    summary="Retract a match",
    description=(
        "The match stays, marked, and leaves the reports. An administrator can restore it. The reason may be "
        "given in the address, as not every client and proxy lets a DELETE have a body. A match that is "
        "retracted already keeps its reason."
    ),
    answers={204: Answer(None)},
    refusals=(
        MATCH_NOT_FOUND,
        FieldErrors(
            "bad reason", {"retraction_reason": [f"Must have at most {MAX_REASON_LENGTH} characters."]}
        ),
    ),
    parameters=RetractionQuery.parameters(),
)
LIST_MATCH_CHANGES = Operation(
    id="list_match_changes",
    tag="matches",
    summary="The history of a match",
    description="Its corrections, newest first.",
    **listing(Query, MatchChangeSerializer, examples.CHANGE, MATCH_NOT_FOUND),
)
LIST_PENDING_MATCHES = Operation(
    id="list_pending_matches",
    tag="held matches",
    summary="List held matches",
    description=f"Newest first, whatever has become of them. {SHORT_PAGES}\n\n{AS_CSV}",
    **listing(PendingMatchQuery, PendingMatchSerializer, examples.PENDING, BAD_STATUS),
)
RETRIEVE_PENDING_MATCH = Operation(
    id="retrieve_pending_match",
    tag="held matches",
    summary="Retrieve a held match",
    answers={200: Answer(PendingMatchSerializer, examples.PENDING)},
    refusals=(PENDING_MATCH_NOT_FOUND,),
)
CANCEL_PENDING_MATCH = Operation(
    id="cancel_pending_match",
    tag="held matches",
    summary="Give up a held match",
    description="It stays, as cancelled, and will not be matched any more.",
    answers={204: Answer(None)},
    refusals=(PENDING_MATCH_NOT_FOUND, refusal_of(refusals.PendingMatchResolved)),
)
LIST_MATCH_ATTEMPTS = Operation(
    id="list_match_attempts",
    tag="attempts",
    summary="List rejected attempts",
    description=(
        "Every attempt to post a match that was rejected, newest first. "
        f"Kept for {settings.MATCH_ATTEMPT_DAYS} days. {SHORT_PAGES}\n\n{AS_CSV}"
    ),
    **listing(MatchAttemptQuery, MatchAttemptSerializer, examples.ATTEMPT, BAD_GOAL_ID),
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
                "total": examples.TALLY,
                "results": [{"day": "2016-10-11", "goal_id": GOAL_EXAMPLE["id"], **examples.TALLY}],
            },
        )
    },
    refusals=(
        FieldErrors(
            "bad days", {"days": [f"Must be a whole number from 1 to {settings.MATCH_ATTEMPT_DAYS}."]}
        ),
    ),
    parameters=SummaryQuery.parameters(),
)
