"""Of pending matches and rejected attempts."""

from django.conf import settings

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
    PENDING_EXAMPLE,
    PENDING_NOT_FOUND,
    SHORT_PAGES,
    TALLY_EXAMPLE,
)
from matching.api.filters import MatchAttemptQuery, PendingMatchQuery, SummaryQuery
from matching.models import PendingMatch
from matching.serializers.matches import PendingMatchSerializer
from matching.serializers.records import MatchAttemptSerializer, MatchSummarySerializer

LIST_PENDING_MATCHES = Operation(
    id="list_pending_matches",
    tag="held matches",
    summary="List held matches",
    description=f"Newest first, whatever has become of them. {SHORT_PAGES}",
    answers={200: Answer(page_of(PendingMatchSerializer), page_example(PENDING_EXAMPLE))},
    refusals=(
        *PAGE,
        FieldErrors("bad filter", {"status": [f"Must be one of: {', '.join(PendingMatch.Status.values)}."]}),
    ),
    parameters=(*PendingMatchQuery.parameters(), *PAGE_PARAMETERS),
)
RETRIEVE_PENDING_MATCH = Operation(
    id="retrieve_pending_match",
    tag="held matches",
    summary="Retrieve a held match",
    answers={200: Answer(PendingMatchSerializer, PENDING_EXAMPLE)},
    refusals=(PENDING_NOT_FOUND,),
)
CANCEL_PENDING_MATCH = Operation(
    id="cancel_pending_match",
    tag="held matches",
    summary="Give up a held match",
    description="It stays, as cancelled, and will not be matched any more.",
    answers={204: Answer(None)},
    refusals=(
        PENDING_NOT_FOUND,
        refusal_of(refusals.PendingMatchResolved),
    ),
)
LIST_MATCH_ATTEMPTS = Operation(
    id="list_match_attempts",
    tag="attempts",
    summary="List rejected attempts",
    description=(
        "Every attempt to post a match that was rejected, newest first. "
        f"Kept for {settings.MATCH_ATTEMPT_DAYS} days. {SHORT_PAGES}"
    ),
    answers={200: Answer(page_of(MatchAttemptSerializer), page_example(ATTEMPT_EXAMPLE))},
    refusals=(*PAGE, FieldErrors("bad filter", {"goal_id": ["Not a UUID."]})),
    parameters=(*MatchAttemptQuery.parameters(), *PAGE_PARAMETERS),
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
    refusals=(
        FieldErrors(
            "bad days", {"days": [f"Must be a whole number from 1 to {settings.MATCH_ATTEMPT_DAYS}."]}
        ),
    ),
    parameters=SummaryQuery.parameters(),
)
