"""Of matches: posted, listed, corrected."""

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter

from goals.documentation import GOAL_NOT_FOUND
from goals.serializers import GOAL_EXAMPLE
from goalsvc.api.schema import (
    PAGE,
    PAGE_PARAMETERS,
    Answer,
    FieldErrors,
    Operation,
    page_example,
    page_of,
    refusal_of,
)
from matching import refusals
from matching.api.documentation.examples import (
    ATTEMPT_EXAMPLE,
    BAD_MATCH,
    CHANGE_EXAMPLE,
    EXTERNAL_ID_CONFLICT,
    IDEMPOTENT,
    MATCH_EXAMPLE,
    MATCH_INPUT_EXAMPLE,
    MATCH_NOT_FOUND,
    MATCH_RECORD_EXAMPLE,
    NO_CONNECTED_ROOMS,
    PENDING_EXAMPLE,
    SESSION_NOT_FOUND,
    SESSION_REASON,
    SHORT_PAGES,
    TOO_MANY_PENDING,
    bad_envelope,
    batch_of,
)
from matching.api.filters import GoalMatchQuery, MatchQuery, PostingQuery
from matching.api.results import MatchBatchSerializer
from matching.limits import MAX_BATCH_ITEMS, MAX_KEY_LENGTH, MAX_PENDING
from matching.serializers.inputs import MatchInput, MatchOfBatchInput, RestatementInput
from matching.serializers.matches import (
    MatchChangeSerializer,
    MatchDetailSerializer,
    MatchRecordSerializer,
    MatchSerializer,
    PendingMatchSerializer,
)

RESTATED_VALUE = FieldErrors("bad attributes", {"goal_value": ["This field is required."]})
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
    request_examples={"A sale": MATCH_INPUT_EXAMPLE},
    answers={
        200: Answer(MatchSerializer, MATCH_EXAMPLE, "Matched", REPLAY_HEADERS),
        202: Answer(PendingMatchSerializer, PENDING_EXAMPLE, "Held until it can be matched", REPLAY_HEADERS),
    },
    refusals=(
        GOAL_NOT_FOUND,
        BAD_MATCH,
        SESSION_NOT_FOUND,
        NO_CONNECTED_ROOMS,
        EXTERNAL_ID_CONFLICT,
        TOO_MANY_PENDING,
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
        bad_envelope("matches"),
        *IDEMPOTENT,
    ),
    parameters=(*PostingQuery.parameters(), IDEMPOTENCY_KEY),
)
LIST_GOAL_MATCHES = Operation(
    id="list_goal_matches",
    tag="matches",
    summary="List a goal's matches",
    description=f"Newest first. {SHORT_PAGES}",
    answers={200: Answer(page_of(MatchRecordSerializer), page_example(MATCH_RECORD_EXAMPLE))},
    refusals=(GOAL_NOT_FOUND, *PAGE, BAD_MATCH_FILTER),
    parameters=(*GoalMatchQuery.parameters(), *PAGE_PARAMETERS),
)
LIST_MATCHES = Operation(
    id="list_matches",
    tag="matches",
    summary="List the organization's matches",
    description=f"Newest first. {SHORT_PAGES}",
    answers={200: Answer(page_of(MatchRecordSerializer), page_example(MATCH_RECORD_EXAMPLE))},
    refusals=(*PAGE, BAD_MATCH_FILTER),
    parameters=(*MatchQuery.parameters(), *PAGE_PARAMETERS),
)
RETRIEVE_MATCH = Operation(
    id="retrieve_match",
    tag="matches",
    summary="Retrieve a match",
    description="With the rejected attempts at the same event, if there were any.",
    answers={
        200: Answer(MatchDetailSerializer, {**MATCH_RECORD_EXAMPLE, "rejected_attempts": [ATTEMPT_EXAMPLE]})
    },
    refusals=(MATCH_NOT_FOUND,),
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
        MATCH_NOT_FOUND,
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
    refusals=(MATCH_NOT_FOUND,),
)
LIST_MATCH_CHANGES = Operation(
    id="list_match_changes",
    tag="matches",
    summary="The history of a match",
    description="Its corrections, newest first.",
    answers={200: Answer(page_of(MatchChangeSerializer), page_example(CHANGE_EXAMPLE))},
    refusals=(MATCH_NOT_FOUND, *PAGE),
    parameters=PAGE_PARAMETERS,
)
