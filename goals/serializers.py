"""What a client may send for a goal."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from goals.conditions import ConditionsField
from goalsvc.api.fields import MoneyField, RoomIdsField, StrictBooleanField, TextField
from goalsvc.api.serializers import ObjectSerializer

# `is_any_room_allowed` is the attribute's name; the public page also writes it in two other ways.
FLAG = "is_any_room_allowed"
FLAG_SPELLINGS = (FLAG, "allow_any_room", "allowed_any_room")

REQUIRED = "This field is required."


class GoalInput(ObjectSerializer):
    """A goal's editable attributes. Attributes that are not listed here are ignored."""

    name = TextField(max_length=255)
    is_any_room_allowed = StrictBooleanField(
        required=False, help_text="Required, in one of its three spellings. The goal can match in any room."
    )
    allow_any_room = StrictBooleanField(required=False, help_text="The same as `is_any_room_allowed`.")
    allowed_any_room = StrictBooleanField(required=False, help_text="The same as `is_any_room_allowed`.")
    allowed_rooms = RoomIdsField(
        help_text="Rooms that the organization owns. Kept, but ignored, while any room is allowed."
    )
    default_value = MoneyField(
        required=False, allow_null=True, default=None, help_text="The value of a match that brings none."
    )
    conditions = ConditionsField(help_text="At most 100, in order. May be empty: an offline goal has none.")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            attributes: dict[str, Any] = super().to_internal_value(data)
        except serializers.ValidationError as error:
            # All that is wrong is said at once, the missing flag included.
            if isinstance(data, Mapping) and isinstance(error.detail, dict) and self.is_flag_missing(data):
                raise serializers.ValidationError({**error.detail, FLAG: [REQUIRED]}) from None
            raise
        if self.is_flag_missing(data):
            raise serializers.ValidationError({FLAG: [REQUIRED]})
        given = {name: attributes.pop(name) for name in FLAG_SPELLINGS if name in attributes}
        if len(set(given.values())) > 1:
            raise serializers.ValidationError(
                {name: ["The spellings of this flag disagree."] for name in given}
            )
        for value in given.values():
            attributes[FLAG] = value
        return attributes

    def is_flag_missing(self, data: Mapping[str, Any]) -> bool:
        return not self.partial and not any(name in data for name in FLAG_SPELLINGS)


# Stateless, so one of each serves every request.
WHOLE_GOAL = GoalInput()
PART_OF_GOAL = GoalInput(partial=True)
