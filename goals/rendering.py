"""How a goal looks in answers."""

from typing import Any

import msgspec

from goals.reading import GoalRow
from goalsvc.api.preconditions import entity_tag
from goalsvc.api.rendering import JSONRenderer, moment_of
from goalsvc.orgs.models import Organization
from goalsvc.orgs.rendering import nested_user, render_nested_organization


def represent_goal(goal: GoalRow, organization: Organization) -> tuple[bytes, str]:
    """Return the goal's answer as JSON text, and its entity tag.

    The tag is of the whole text, because more than the goal itself shows in it: archived rooms leave it, and
    it names the organization and the users. A revision always shows, in `updated_at`.
    """
    body = JSONRenderer().render(render_goal(goal, organization))
    return body, entity_tag(body)


def render_goal(goal: GoalRow, organization: Organization) -> dict[str, Any]:
    """The goal as a JSON object."""
    return {
        "id": goal.id,
        "name": goal.name,
        "organization_id": organization.id,
        "organization": render_nested_organization(organization),
        "is_any_room_allowed": goal.is_any_room_allowed,
        "allow_any_room": goal.is_any_room_allowed,
        # What is JSON already is not read just to be written.
        "allowed_rooms": msgspec.Raw(goal.allowed_room_ids.encode()),
        "default_value": goal.default_value,
        "conditions": msgspec.Raw(goal.conditions.encode()),
        "created_at": moment_of(goal.created),
        "created_by_user_id": goal.creator_id,
        "created_by_user": nested_user(*goal[8:13]),
        "updated_at": moment_of(goal.updated),
        "updated_by_user_id": goal.editor_id,
        "updated_by_user": nested_user(*goal[13:18]),
    }
