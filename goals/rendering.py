"""How a goal looks in answers."""

from typing import Any

from goals.models import Goal
from goalsvc.api.rendering import moment
from goalsvc.orgs.models import Organization
from goalsvc.orgs.rendering import render_nested_organization, render_nested_user


def render_goal(goal: Goal, organization: Organization) -> dict[str, Any]:
    """The goal as a JSON object; it must have been loaded `with_details`."""
    return {
        "id": goal.id,
        "name": goal.name,
        "organization_id": organization.id,
        "organization": render_nested_organization(organization),
        "is_any_room_allowed": goal.is_any_room_allowed,
        "allow_any_room": goal.is_any_room_allowed,
        "allowed_rooms": goal.allowed_room_ids,
        "default_value": goal.default_value,
        "conditions": goal.conditions,
        "created_at": moment(goal.created_at),
        "created_by_user_id": goal.created_by_id,
        "created_by_user": render_nested_user(goal.created_by),
        "updated_at": moment(goal.updated_at),
        "updated_by_user_id": goal.updated_by_id,
        "updated_by_user": render_nested_user(goal.updated_by),
    }
