"""What schemathesis loads besides: the ids of the world that `tests.fuzz` hands over."""

import json
import os
from typing import Any

import requests
import schemathesis

from tests.fuzz import cases

# The demo world as `load_demo --json` prints it, with `url`, `key` (empty: nobody's) and lists of ids.
WORLD: dict[str, Any] = json.loads(os.environ["FUZZ_WORLD"])
IDS = {
    "organization_id": [WORLD["organization_id"]],
    "goal_id": WORLD["goals"],
    "room_id": WORLD["rooms"],
    "match_id": WORLD["matches"],
    "pending_id": WORLD["pending_matches"],
    "import_id": WORLD["imports"],
    "visitor_identity": WORLD["visitor_identities"],
    "visitor_session_id": [f"reported-{number}" for number in range(3)],
}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    cases.make_real(case, IDS)
    if (
        case.method == "DELETE"
        and case.path_parameters.get("goal_id") in IDS["goal_id"]
        and (goal := make_goal())
    ):
        case.path_parameters["goal_id"] = goal  # the others are needed


def make_goal() -> str | None:
    body: dict[str, Any] = {
        "name": "To delete",
        "is_any_room_allowed": True,
        "allowed_rooms": [],
        "conditions": [],
    }
    answer = requests.post(
        f"{WORLD['url']}/api/v5/orgs/{WORLD['organization_id']}/goals",
        json=body,
        headers={"Authorization": f"Token {WORLD['key']}"},
        timeout=30,
    )
    return answer.json()["id"] if answer.status_code == 201 else None
