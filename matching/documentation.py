"""What the OpenAPI description says of matches, visitor identities and visitor sessions."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from goals.documentation import GOAL_EXAMPLE, GOAL_NOT_FOUND
from goalsvc.api.schema import (
    BODY,
    PAGE,
    PAGE_PARAMETERS,
    SUBSCRIBED,
    Answer,
    FieldErrors,
    Operation,
    Refusal,
    page_example,
)
from goalsvc.orgs.documentation import ORGANIZATION_EXAMPLE, ROOM_EXAMPLE, USER_EXAMPLE
from matching.serializers import IdentityInput, MatchInput, SessionInput

OTHER_ROOM = "0199d6a4-4c9e-7f0a-8a35-90d2c4b1e631"

SESSION_NOT_FOUND = Refusal(
    404, "session_not_found", "No session of this visitor identity started before goal_matched_at."
)
NO_CONNECTED_ROOMS = Refusal(
    404,
    "no_connected_rooms",
    "The latest session before goal_matched_at was in none of the rooms that count.",
)
EXTERNAL_ID_CONFLICT = Refusal(
    409, "external_id_conflict", "This external_id already stands for a different match of the goal."
)
SESSION_VISITOR_CONFLICT = Refusal(
    409, "session_visitor_conflict", "This visitor_session_id is a session of another visitor."
)
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
VISITOR_FILTERS = (
    OpenApiParameter("visitor_identity", str, description="Only of visitors with exactly this identity."),
    OpenApiParameter("visitor_id", str, description="Only of the visitor with exactly this id."),
)
BAD_FILTER = FieldErrors(
    "bad filter", {"visitor_id": ["Control characters and lone surrogates are not allowed."]}
)


class ExternalMatch(serializers.Serializer):
    id = serializers.UUIDField()
    organization_id = serializers.UUIDField()
    goal_id = serializers.UUIDField()
    visitor_identity = serializers.CharField(max_length=255)
    visitor_id = serializers.CharField(help_text="Whose session was chosen.")
    visitor_session_id = serializers.CharField(help_text="The session that was chosen.")
    session_started_at = serializers.DateTimeField()
    goal_matched_at = serializers.DateTimeField()
    goal_value = serializers.DecimalField(14, 2, allow_null=True)
    goal_value_source = serializers.ChoiceField(["request", "goal_default", "none"])
    rooms = serializers.ListField(child=serializers.UUIDField(), help_text="The connected rooms.")
    unconnected_rooms = serializers.ListField(
        child=serializers.UUIDField(), help_text="Posted, but not connected or not allowed."
    )
    external_id = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    created_by_user_id = serializers.UUIDField(allow_null=True)


class VisitorIdentity(serializers.Serializer):
    id = serializers.UUIDField()
    organization_id = serializers.UUIDField()
    visitor_identity = serializers.CharField(max_length=255)
    visitor_id = serializers.CharField(max_length=64)
    visitor_session_id = serializers.CharField(max_length=64, allow_null=True)
    created_at = serializers.DateTimeField()


class VisitorIdentityPage(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = VisitorIdentity(many=True)


class VisitorSession(serializers.Serializer):
    id = serializers.UUIDField()
    organization_id = serializers.UUIDField()
    visitor_session_id = serializers.CharField(max_length=64)
    visitor_id = serializers.CharField(max_length=64)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    rooms = serializers.ListField(child=serializers.UUIDField())
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class VisitorSessionPage(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = VisitorSession(many=True)


CREATE_MATCH = Operation(
    id="create_match",
    tag="matches",
    summary="Post an external goal match",
    description=(
        "Links the event to the visitor's latest session that started strictly before `goal_matched_at`, "
        "writes the match and answers it. The rooms of the answer are the posted ones in which that session "
        "was, and in which the goal may match.\n\n"
        "With an `external_id` the event is written once: a repetition answers the first match with "
        "`Idempotent-Replay: true`."
    ),
    request=MatchInput,
    request_examples={"A sale": MATCH_INPUT_EXAMPLE},
    answers={
        200: Answer(
            ExternalMatch,
            MATCH_EXAMPLE,
            headers={"Idempotent-Replay": "`true` when an earlier delivery had written the match."},
        )
    },
    refusals=(
        *SUBSCRIBED,
        GOAL_NOT_FOUND,
        *BODY,
        BAD_MATCH,
        SESSION_NOT_FOUND,
        NO_CONNECTED_ROOMS,
        EXTERNAL_ID_CONFLICT,
    ),
)
LIST_IDENTITIES = Operation(
    id="list_visitor_identities",
    tag="visitors",
    summary="List visitor identities",
    description="Newest first.",
    answers={200: Answer(VisitorIdentityPage, page_example(IDENTITY_EXAMPLE))},
    refusals=(*SUBSCRIBED, *PAGE, BAD_FILTER),
    parameters=(*VISITOR_FILTERS, *PAGE_PARAMETERS),
)
CREATE_IDENTITY = Operation(
    id="create_visitor_identity",
    tag="visitors",
    summary="Tie an identity to a visitor",
    description="One identity may have many visitors (phone, laptop), one visitor many identities.",
    request=IdentityInput,
    request_examples={
        "An identity": {
            "visitor_identity": "customer-12345678",
            "visitor_id": "8d5e957f297893487bd98fa830fa6413",
            "visitor_session_id": "b3c1a7d29e5f4a60",
        }
    },
    answers={
        201: Answer(VisitorIdentity, IDENTITY_EXAMPLE, "New"),
        200: Answer(VisitorIdentity, IDENTITY_EXAMPLE, "Known before"),
    },
    refusals=(
        *SUBSCRIBED,
        *BODY,
        FieldErrors("bad attributes", {"visitor_id": ["This field may not be blank."]}),
        SESSION_VISITOR_CONFLICT,
    ),
)
LIST_SESSIONS = Operation(
    id="list_visitor_sessions",
    tag="visitors",
    summary="List visitor sessions",
    description="By their start, newest first.",
    answers={200: Answer(VisitorSessionPage, page_example(SESSION_EXAMPLE))},
    refusals=(*SUBSCRIBED, *PAGE, BAD_FILTER),
    parameters=(*VISITOR_FILTERS, *PAGE_PARAMETERS),
)
CREATE_SESSION = Operation(
    id="create_visitor_session",
    tag="visitors",
    summary="Report a visitor's session",
    description=(
        "Reports of the same session merge, whatever their order: the earliest start, the latest end, all "
        "rooms. So it is safe to repeat one."
    ),
    request=SessionInput,
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
        201: Answer(VisitorSession, SESSION_EXAMPLE, "New"),
        200: Answer(VisitorSession, SESSION_EXAMPLE, "Known before; the answer shows the merged session"),
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
    ),
)
