"""What the OpenAPI description says of the Goals API."""

from drf_spectacular.utils import OpenApiParameter

from goals.condition_types import TYPES
from goals.conditions import WHICH_TYPE
from goals.refusals import GoalNotFound
from goals.serializers import GOAL_EXAMPLE, INPUT_EXAMPLE, GoalSerializer
from goalsvc.api.preconditions import PreconditionFailed
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

GOAL_NOT_FOUND = refusal_of(GoalNotFound)

TYPES_TABLE = "\n\n| type | |\n|---|---|\n" + "\n".join(
    f"| {kind.number} | {kind.name}{'' if kind.is_value_required else ' (no value)'} |"
    for kind in TYPES.values()
)
BAD_GOAL = FieldErrors(
    "bad attributes",
    {
        "name": ["This field is required."],
        "allowed_rooms": ["0199d6a4-4c9e-7f0a-8a35-90d2c4b1e631 is not a room of the organization."],
        "conditions": {"0": {"type": [WHICH_TYPE]}},
    },
)

ETAG = {"ETag": "The state of the goal and all that its answer shows, for `If-Match` and `If-None-Match`."}
GOAL = Answer(GoalSerializer, GOAL_EXAMPLE, headers=ETAG)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of what you have read (or several): if the goal has changed since, the answer is "
    "412 and nothing is changed.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of what you have: if it is still so, the answer is 304, without a body.",
)
CHANGED = (
    refusal_of(PreconditionFailed),
    FieldErrors(
        "bad If-Match", {"If-Match": ['Must be * or entity tags in double quotes, such as "0a1b2c".']}
    ),
)


LIST_GOALS = Operation(
    id="list_goals",
    tag="goals",
    summary="List the organization's goals",
    description="By creation time, ascending.",
    answers={200: Answer(page_of(GoalSerializer), page_example(GOAL_EXAMPLE))},
    refusals=PAGE,
    parameters=PAGE_PARAMETERS,
)
CREATE_GOAL = Operation(
    id="create_goal",
    tag="goals",
    summary="Create a goal",
    description="The types of conditions:" + TYPES_TABLE,
    request=GoalSerializer,
    request_examples={"A goal with a condition": INPUT_EXAMPLE},
    answers={
        201: Answer(GoalSerializer, GOAL_EXAMPLE, headers={"Location": "The address of the goal.", **ETAG})
    },
    refusals=(BAD_GOAL,),
)
RETRIEVE_GOAL = Operation(
    id="retrieve_goal",
    tag="goals",
    summary="Retrieve a goal",
    answers={200: GOAL, 304: Answer(None, description="It is what you have.", headers=ETAG)},
    refusals=(GOAL_NOT_FOUND,),
    parameters=(IF_NONE_MATCH,),
)
REPLACE_GOAL = Operation(
    id="replace_goal",
    tag="goals",
    summary="Replace a goal's attributes",
    description="An omitted `default_value` becomes null.",
    request=GoalSerializer,
    request_examples={"All attributes": INPUT_EXAMPLE},
    answers={200: GOAL},
    refusals=(GOAL_NOT_FOUND, *CHANGED, BAD_GOAL),
    parameters=(IF_MATCH,),
)
UPDATE_GOAL = Operation(
    id="update_goal",
    tag="goals",
    summary="Change some of a goal's attributes",
    request=GoalSerializer(partial=True),
    request_examples={"A new default value": {"default_value": 20}},
    answers={200: GOAL},
    refusals=(GOAL_NOT_FOUND, *CHANGED, BAD_GOAL),
    parameters=(IF_MATCH,),
)
DELETE_GOAL = Operation(
    id="delete_goal",
    tag="goals",
    summary="Delete a goal",
    description="The goal leaves the API. Its matches are kept, and an administrator can restore it.",
    answers={204: Answer(None)},
    refusals=(GOAL_NOT_FOUND, *CHANGED),
    parameters=(IF_MATCH,),
)
