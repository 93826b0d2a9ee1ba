"""Examples, refusals and shapes that the descriptions of matching share."""

from typing import Any

from rest_framework.serializers import ListField, Serializer

from goals.serializers import GOAL_EXAMPLE
from goalsvc.api.pagination import MAX_ROWS_READ
from goalsvc.api.schema import PAGE, PAGE_PARAMETERS, Answer, FieldErrors, page_example, page_of, refusal_of
from goalsvc.orgs.documentation import ORGANIZATION_EXAMPLE, ROOM_EXAMPLE, USER_EXAMPLE
from matching import refusals
from matching.api.parameters import Query
from matching.limits import MAX_BATCH_ITEMS

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
BAD_MATCH = FieldErrors(
    "bad attributes",
    {
        "visitor_identity": ["This field is required."],
        "goal_matched_at": ["Not an ISO 8601 date and time, such as 2016-10-10T22:00:49.123Z."],
        "rooms": [f"{OTHER_ROOM} is not a room of the organization."],
    },
)
MATCH_INPUT = {
    "visitor_identity": "customer-12345678",
    "goal_matched_at": "2016-10-10T22:00:49.123Z",
    "goal_value": "123.45",
    "rooms": [ROOM_EXAMPLE["id"], OTHER_ROOM],
    "external_id": "receipt-2016-000123",
}
MATCH = {
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
IDENTITY_INPUT = {
    "visitor_identity": "customer-12345678",
    "visitor_id": "8d5e957f297893487bd98fa830fa6413",
    "visitor_session_id": "b3c1a7d29e5f4a60",
}
IDENTITY = {
    "id": "0199d6a6-2b40-7e61-8f0d-1a9c3b5d7e60",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    **IDENTITY_INPUT,
    "created_at": "2016-10-10T20:15:11.007Z",
}
SESSION = {
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
PENDING = {
    "id": "0199d6a6-4d82-7bb3-a5f9-6a3e7d9b1c80",
    "status": "pending",
    "code": "session_not_found",
    "reason": SESSION_REASON,
    "expires_at": "2016-11-10T06:00:00.512Z",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    "goal_id": GOAL_EXAMPLE["id"],
    **MATCH_INPUT,
    "match_id": None,
    "created_at": "2016-10-11T06:00:00.512Z",
    "created_by_user_id": USER_EXAMPLE["id"],
    "resolved_at": None,
}
MATCH_RECORD = {**MATCH, "retracted_at": None, "retracted_by_user_id": None, "retraction_reason": None}
ATTEMPT = {
    "id": "0199d6a6-5e93-7cc4-96fa-7b4f8e0c2d90",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    "goal_id": GOAL_EXAMPLE["id"],
    "source": "single",
    "visitor_identity": "customer-12345678",
    "goal_matched_at": "2016-10-10T22:00:49.123Z",
    "goal_value": "123.45",
    "external_id": "receipt-2016-000123",
    "code": SESSION_NOT_FOUND.code,
    "detail": SESSION_NOT_FOUND.detail,
    "errors": None,
    "reason": SESSION_REASON,
    "request_id": "0199d6a6-6fa4-7dd5-870b-8c5a9f1d3ea0",
    "created_at": "2016-10-11T05:00:00.512Z",
    "created_by_user_id": USER_EXAMPLE["id"],
}
CHANGE = {
    "id": "0199d6a6-70b5-7ee6-b81c-9d6b0a2e4fb0",
    "match_id": MATCH["id"],
    "kind": "restated",
    "old_value": "123.45",
    "new_value": "100.00",
    "reason": "Partly sent back",
    "changed_at": "2016-10-12T08:30:00.000Z",
    "changed_by_user_id": USER_EXAMPLE["id"],
    "changed_by_user": USER_EXAMPLE,
}
TALLY = {
    "received": 12,
    "matched": 8,
    "replayed": 2,
    "pending": 1,
    "rejected": 1,
    "rejected_by_code": {"session_not_found": 1},
    "match_rate": 0.8,
    "last_success": "2016-10-11T06:00:00.512Z",
}

BAD_FILTER = FieldErrors(
    "bad filter", {"visitor_id": ["Control characters and lone surrogates are not allowed."]}
)
AS_CSV = "As CSV (`format=csv`, or `Accept: text/csv`) the answer is all rows at once, without pages."
SHORT_PAGES = (
    "With filters a page may hold fewer rows than asked for, even none, and have a `next`: it ends after "
    f"{MAX_ROWS_READ:,} rows that were looked at. Go on until `next` is null."
)


def listing(query: type[Query], row: type[Serializer], example: Any, *refusals: Any) -> dict[str, Any]:
    """Return what an Operation tells of a list; besides the refusals of pages, it has these."""
    return {
        "answers": {200: Answer(page_of(row), page_example(example))},
        "refusals": (*PAGE, *refusals),
        "parameters": (*query.parameters(), *PAGE_PARAMETERS),
    }


def batch_of(name: str, item: type[Serializer]) -> dict[str, type[Serializer]]:
    """Return what a batch's body may be, by media type."""
    items = ListField(child=item(), min_length=1, max_length=MAX_BATCH_ITEMS)
    title = name.title().replace("_", "")
    batch = type(f"{title}BatchSerializer", (Serializer,), {name: items})
    return {"application/json": batch, "application/x-ndjson": item}


def bad_envelope(name: str) -> FieldErrors:
    return FieldErrors("bad envelope", {name: [f"Must have 1 to {MAX_BATCH_ITEMS} items, not 0."]})
