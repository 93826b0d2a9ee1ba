"""Of visitor identities and sessions."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import Serializer

from goalsvc.api.schema import BAD_PAGE_SIZE, PAGE_SIZE, Answer, FieldErrors, Operation, Refusal, refusal_of
from goalsvc.orgs.documentation import ORGANIZATION_EXAMPLE, ROOM_EXAMPLE
from matching import refusals
from matching.api.documentation import examples
from matching.api.documentation.examples import BAD_FILTER, SHORT_PAGES, bad_envelope, batch_of, listing
from matching.api.parameters import VisitorIdentityQuery, VisitorSessionQuery
from matching.api.results import VisitorIdentityBatchSerializer, VisitorSessionBatchSerializer
from matching.limits import MAX_BATCH_ITEMS, MAX_PENDING, MAX_VISITORS
from matching.serializers.visitors import (
    IdentityHoldingsSerializer,
    VisitorIdentitySerializer,
    VisitorSessionSerializer,
)

IDENTITY_NOT_FOUND = refusal_of(refusals.VisitorIdentityNotFound)
IDENTITY_TOO_COMMON = refusal_of(refusals.IdentityTooCommon)
SESSION_VISITOR_CONFLICT = refusal_of(refusals.SessionVisitorConflict)
IDENTIFIED_VISITOR = {
    "id": examples.IDENTITY["id"],
    "visitor_id": "8d5e957f297893487bd98fa830fa6413",
    "visitor_session_id": "b3c1a7d29e5f4a60",
    "visitor_created_at": "2016-10-10T20:14:02.310Z",
    "created_at": "2016-10-10T20:15:11.007Z",
    "is_shared": False,
}
SESSION_INPUT = {
    "visitor_session_id": "b3c1a7d29e5f4a60",
    "visitor_id": "8d5e957f297893487bd98fa830fa6413",
    "started_at": "2016-10-10T20:14:02.000Z",
    "rooms": [ROOM_EXAMPLE["id"]],
    "visitor_identity": "customer-12345678",
}


def in_query(name: str, place: str, value: str) -> OpenApiParameter:
    """Return the parameter of what is named in the query, as no address can carry it."""
    text = (
        f"Where the address has `-` in the place of {place}: {value}. For those that an address cannot "
        "carry: `batch`, `/`, `.` and `..`."
    )
    return OpenApiParameter(name, str, description=text)


def batch_answer(batch: type[Serializer], row: dict[str, Any]) -> Answer:
    """Return the answer to a single report, sent as a batch."""
    summary = {"received": 1, "created": 1, "known": 0, "failed": 0, "by_code": {}}
    return Answer(batch, {"results": [{"index": 0, "status": 201, **row}], "summary": summary})


IDENTITY_IN_QUERY = in_query("visitor_identity", "the identity", "the identity")
LIST_IDENTITIES = Operation(
    id="list_visitor_identities",
    tag="visitors",
    summary="List visitor identities",
    description=f"Newest first. {SHORT_PAGES}",
    **listing(VisitorIdentityQuery, VisitorIdentitySerializer, examples.IDENTITY, BAD_FILTER),
)
CREATE_IDENTITY = Operation(
    id="create_visitor_identity",
    tag="visitors",
    summary="Tie an identity to a visitor",
    description=(
        f"One identity may have many visitors (phone, laptop), up to {MAX_VISITORS:,}, one visitor many "
        "identities. Held matches that lacked it are matched at once, up to "
        f"{MAX_PENDING:,} of them, the others by `resolve_pending`."
    ),
    request=VisitorIdentitySerializer,
    request_examples={"An identity": examples.IDENTITY_INPUT},
    answers={
        201: Answer(VisitorIdentitySerializer, examples.IDENTITY, "New"),
        200: Answer(VisitorIdentitySerializer, examples.IDENTITY, "Known before"),
    },
    refusals=(
        FieldErrors("bad attributes", {"visitor_id": ["This field may not be blank."]}),
        SESSION_VISITOR_CONFLICT,
        IDENTITY_TOO_COMMON,
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
                "visitors": {"count": 1, "next": None, "results": [IDENTIFIED_VISITOR]},
                "visitor_sessions": {"count": 1, "next": None, "results": [examples.SESSION]},
                "matches": {"count": 1, "next": None, "results": [examples.MATCH_RECORD]},
                "pending_matches": {"count": 0, "next": None, "results": []},
                "match_attempts": {"count": 1, "next": None, "results": [examples.ATTEMPT]},
                "idempotency_keys": {"count": 0},
            },
        )
    },
    refusals=(IDENTITY_NOT_FOUND, BAD_PAGE_SIZE),
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
    refusals=(IDENTITY_NOT_FOUND,),
    parameters=(IDENTITY_IN_QUERY,),
)
LIST_SESSIONS = Operation(
    id="list_visitor_sessions",
    tag="visitors",
    summary="List visitor sessions",
    description=f"By their start, newest first. {SHORT_PAGES}",
    **listing(VisitorSessionQuery, VisitorSessionSerializer, examples.SESSION, BAD_FILTER),
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
        refusal_of(refusals.VisitorSessionNotFound),
        Refusal(
            refusals.SessionHasMatches.status_code,
            refusals.SessionHasMatches.default_code,
            refusals.SessionHasMatches.sentence(2),
        ),
    ),
    parameters=(in_query("visitor_session_id", "the session's id", "the id"),),
)
CREATE_SESSION = Operation(
    id="create_visitor_session",
    tag="visitors",
    summary="Report a visitor's session",
    description=(
        "Reports of the same session merge, whatever their order: the earliest start, the latest end, all "
        "rooms. So it is safe to repeat one. An identity that comes along is tied to the visitor; where that "
        "is refused, nothing of the report is recorded. Held matches that lacked the session are matched at "
        f"once, up to {MAX_PENDING:,} of them, the others by `resolve_pending`."
    ),
    request=VisitorSessionSerializer,
    request_examples={"A session": SESSION_INPUT},
    answers={
        201: Answer(VisitorSessionSerializer, examples.SESSION, "New"),
        200: Answer(
            VisitorSessionSerializer, examples.SESSION, "Known before; the answer shows the merged session"
        ),
    },
    refusals=(
        FieldErrors(
            "bad attributes",
            {
                "rooms": [f"{examples.OTHER_ROOM} is not a room of the organization."],
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
    summary=f"Tie up to {MAX_BATCH_ITEMS:,} identities to visitors",
    description="Items and verdicts as of the single call. The body may also be `application/x-ndjson`.",
    request=batch_of("visitor_identities", VisitorIdentitySerializer),
    request_examples={"An identity": {"visitor_identities": [examples.IDENTITY_INPUT]}},
    answers={200: batch_answer(VisitorIdentityBatchSerializer, {"visitor_identity": examples.IDENTITY})},
    refusals=(bad_envelope("visitor_identities"),),
)
CREATE_SESSIONS = Operation(
    id="create_visitor_sessions",
    tag="visitors",
    summary=f"Report up to {MAX_BATCH_ITEMS:,} sessions",
    description=(
        "Items and verdicts as of the single call; reports of one session merge within the batch too, and "
        "each shows it as it stands after the last. The body may also be `application/x-ndjson`."
    ),
    request=batch_of("visitor_sessions", VisitorSessionSerializer),
    request_examples={"A session": {"visitor_sessions": [SESSION_INPUT]}},
    answers={200: batch_answer(VisitorSessionBatchSerializer, {"visitor_session": examples.SESSION})},
    refusals=(bad_envelope("visitor_sessions"),),
)
