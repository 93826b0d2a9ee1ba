"""Goals, as clients send them and as answers show them."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import msgspec
from django.utils import timezone
from rest_framework import serializers

from goals.conditions import ConditionsField
from goals.models import Goal
from goals.reading import USER_COLUMNS, GoalRow, read_goal
from goals.refusals import GoalNotFound
from goalsvc.api.fields import MomentField, MoneyField, RoomIdsField, StrictBooleanField, TextField
from goalsvc.api.rendering import moment_of
from goalsvc.api.serializers import ObjectSerializer
from goalsvc.database.statements import BOOLEANS
from goalsvc.orgs.documentation import CREATED, ORGANIZATION_EXAMPLE, ROOM_EXAMPLE, USER_EXAMPLE
from goalsvc.orgs.serializers import NestedOrganizationSerializer, NestedUserSerializer, represent_user

# `is_any_room_allowed` is the attribute's name; the public page also writes it in two other ways.
FLAG = "is_any_room_allowed"
FLAG_SPELLINGS = (FLAG, "allow_any_room", "allowed_any_room")
DISAGREE = "The spellings of this flag disagree."

CREATOR, EDITOR = (attrgetter(*(f"{who}_{each}" for each in USER_COLUMNS)) for who in ("creator", "editor"))


class GoalSerializer(ObjectSerializer):
    """A goal. Attributes that are not listed here are ignored."""

    id = serializers.UUIDField(read_only=True)
    name = TextField(max_length=255)
    organization_id = serializers.UUIDField(read_only=True)
    organization = NestedOrganizationSerializer(read_only=True)
    is_any_room_allowed = StrictBooleanField(
        required=False, help_text="Required, in one of its three spellings. The goal can match in any room."
    )
    allow_any_room = StrictBooleanField(required=False, help_text="The same as `is_any_room_allowed`.")
    allowed_any_room = StrictBooleanField(
        required=False, write_only=True, help_text="The same as `is_any_room_allowed`."
    )
    allowed_rooms = RoomIdsField(
        help_text="Rooms that the organization owns. Kept, but ignored, while any room is allowed."
    )
    default_value = MoneyField(
        required=False, allow_null=True, default=None, help_text="The value of a match that brings none."
    )
    conditions = ConditionsField(help_text="At most 100, in order. May be empty: an offline goal has none.")
    created_at = MomentField(read_only=True)
    created_by_user_id = serializers.UUIDField(read_only=True, allow_null=True)
    created_by_user = NestedUserSerializer(read_only=True, allow_null=True)
    updated_at = MomentField(read_only=True)
    updated_by_user_id = serializers.UUIDField(read_only=True, allow_null=True)
    updated_by_user = NestedUserSerializer(read_only=True, allow_null=True)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        missing: dict[str, Any] = {}
        if not self.partial and isinstance(data, Mapping) and data.keys().isdisjoint(FLAG_SPELLINGS):
            missing = {FLAG: ["This field is required."]}
        try:
            attributes: dict[str, Any] = super().to_internal_value(data)
        except serializers.ValidationError as error:
            # All that is wrong is said at once, the missing flag included.
            faults: Any = error.detail
            raise serializers.ValidationError(faults | missing) from None
        if missing:
            raise serializers.ValidationError(missing)
        given = {name: attributes.pop(name) for name in FLAG_SPELLINGS if name in attributes}
        if len(set(given.values())) > 1:
            raise serializers.ValidationError({name: [DISAGREE] for name in given})
        for value in given.values():
            attributes[FLAG] = value
        return attributes

    def create(self, validated_data: dict[str, Any]) -> Goal:
        """Raises: UnknownRoomsError, naming rooms that are not the organization's."""
        organization, by = validated_data.pop("organization"), validated_data.pop("by")
        return Goal.create(organization, validated_data, by=by, at=timezone.now())  # type: ignore[arg-type] # a checked dict

    def update(self, instance: Goal, validated_data: dict[str, Any]) -> Goal:
        """Change a goal whose row the caller has locked. Raises: as `create`."""
        by = validated_data.pop("by")
        instance.revise(validated_data, by=by, at=timezone.now())  # type: ignore[arg-type] # a checked dict
        return instance

    def to_representation(self, instance: Goal | GoalRow) -> dict[str, Any]:
        """Return the goal as it stands in the database. Raises: GoalNotFound when it was just deleted."""
        organization = self.context["organization"]
        goal = instance if isinstance(instance, GoalRow) else read_goal(organization, instance.id)
        if goal is None:
            raise GoalNotFound
        is_any_room_allowed = BOOLEANS[goal.is_any_room_allowed]
        return {
            "id": goal.id,
            "name": goal.name,
            "organization_id": organization.id,
            "organization": {"id": organization.id, "name": organization.name},
            "is_any_room_allowed": is_any_room_allowed,
            "allow_any_room": is_any_room_allowed,
            # What is JSON already is not read just to be written.
            "allowed_rooms": msgspec.Raw(goal.allowed_rooms.encode()),
            "default_value": goal.default_value,
            "conditions": msgspec.Raw(goal.conditions.encode()),
            "created_at": moment_of(goal.created_at),
            "created_by_user_id": goal.creator_id,
            "created_by_user": represent_user(*CREATOR(goal)),
            "updated_at": moment_of(goal.updated_at),
            "updated_by_user_id": goal.editor_id,
            "updated_by_user": represent_user(*EDITOR(goal)),
        }


CONDITION_EXAMPLE = {"type": 27, "value": "", "negate": False, "settings": {}}
GOAL_EXAMPLE = {
    "id": "0199d6a5-7b20-7d44-a1f3-2c6e8d0b4f40",
    "name": "User sent a lead",
    "organization_id": ORGANIZATION_EXAMPLE["id"],
    "organization": ORGANIZATION_EXAMPLE,
    "is_any_room_allowed": False,
    "allow_any_room": False,
    "allowed_rooms": [ROOM_EXAMPLE["id"]],
    "default_value": "10.00",
    "conditions": [CONDITION_EXAMPLE],
    "created_by_user_id": USER_EXAMPLE["id"],
    "created_by_user": USER_EXAMPLE,
    "updated_by_user_id": USER_EXAMPLE["id"],
    "updated_by_user": USER_EXAMPLE,
    **CREATED,
}
INPUT_EXAMPLE = {
    "name": "Bought in the shop",
    "is_any_room_allowed": True,
    "allowed_rooms": [],
    "default_value": "14.15",
    "conditions": [{"type": 1, "value": "Helsinki", "negate": False, "settings": {}}],
}
