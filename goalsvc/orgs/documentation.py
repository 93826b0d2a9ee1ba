"""What the OpenAPI description says of the endpoints of this app."""

from goalsvc.api.schema import NOT_FOUND, PAGE, PAGE_PARAMETERS, Answer, Operation, page_example, page_of
from goalsvc.orgs.serializers import CallerSerializer, OrganizationSerializer, RoomSerializer

ORGANIZATION_EXAMPLE = {"id": "0199d6a4-2f60-7c3e-b6a5-3d8f5b9a1c10", "name": "Example Ltd."}
USER_EXAMPLE = {
    "id": "0199d6a4-3111-7d02-9c41-6f1b2e7a5d20",
    "full_name": "Mira Manager",
    "first_name": "Mira",
    "last_name": "Manager",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    "is_bot": False,
}
CREATED = {"created_at": "2016-09-01T11:31:36.042Z", "updated_at": "2016-09-01T15:31:36.042Z"}
ROOM_EXAMPLE = {
    "id": "0199d6a4-4c9e-7f0a-8a35-90d2c4b1e630",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    "organization": ORGANIZATION_EXAMPLE,
    "name": "Web shop",
    "display_name": "Web shop (shop.example.com)",
    "domain": "shop.example.com",
    "language_code": "en",
    **CREATED,
}


CALLER = Operation(
    id="retrieve_caller",
    tag="users",
    summary="The caller",
    description="The user whose API token made the request, with the permission scopes it holds.",
    answers={
        200: Answer(
            CallerSerializer,
            {
                **USER_EXAMPLE,
                "email": "mira@example.com",
                "organization": ORGANIZATION_EXAMPLE,
                "permissions": ["settings"],
                **CREATED,
            },
        )
    },
)
ORGANIZATION = Operation(
    id="retrieve_organization",
    tag="organizations",
    summary="The organization",
    answers={200: Answer(OrganizationSerializer, {**ORGANIZATION_EXAMPLE, **CREATED})},
)
ROOMS = Operation(
    id="list_rooms",
    tag="rooms",
    summary="List the organization's rooms",
    description="By creation time, ascending. Archived rooms are left out.",
    answers={200: Answer(page_of(RoomSerializer), page_example(ROOM_EXAMPLE))},
    refusals=PAGE,
    parameters=PAGE_PARAMETERS,
)
ROOM = Operation(
    id="retrieve_room",
    tag="rooms",
    summary="Retrieve a room",
    answers={200: Answer(RoomSerializer, ROOM_EXAMPLE)},
    refusals=(NOT_FOUND,),
)
