"""Matches and their corrections, as clients send them."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from goalsvc.api.fields import (
    MoneyField,
    PlausibleMomentField,
    RoomIdsField,
    StrictChoiceField,
    TextField,
)
from goalsvc.api.identifiers import IdentifierField
from goalsvc.api.serializers import ObjectSerializer
from matching.limits import MAX_EXTERNAL_ID_LENGTH, MAX_IDENTITY_LENGTH, MAX_REASON_LENGTH, MAX_ROOMS

IDENTITY = "visitor_identity"
# giosg's published client types use this name for the same attribute.
IDENTITY_ALIAS = "custom_visitor_identity"


class IdentifiedInput(ObjectSerializer):
    """An object whose `visitor_identity` may also be called `custom_visitor_identity`."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping) and IDENTITY_ALIAS in data:
            if data.get(IDENTITY, data[IDENTITY_ALIAS]) != data[IDENTITY_ALIAS]:
                sentence = f"{IDENTITY} and {IDENTITY_ALIAS} disagree."
                raise serializers.ValidationError({IDENTITY: [sentence], IDENTITY_ALIAS: [sentence]})
            data = {**data, IDENTITY: data[IDENTITY_ALIAS]}
        attributes: dict[str, Any] = super().to_internal_value(data)
        return attributes

    def read(self, data: dict[str, Any]) -> dict[str, Any] | None:
        return None if IDENTITY_ALIAS in data else super().read(data)


class MatchInput(IdentifiedInput):
    """An event outside the web page."""

    visitor_identity = IdentifierField(
        max_length=MAX_IDENTITY_LENGTH,
        help_text="Who it was; submitted beforehand. Also taken as `custom_visitor_identity`.",
    )
    goal_matched_at = PlausibleMomentField(
        help_text=f"When it was; at most {PlausibleMomentField.TOLERANCE_HOURS} hours in the future."
    )
    rooms = RoomIdsField(
        min_length=1, max_length=MAX_ROOMS, help_text="Where it was: rooms of the organization."
    )
    goal_value = MoneyField(
        allow_null=True, default=None, help_text="Null or absent: the goal's default value."
    )
    external_id = IdentifierField(
        allow_null=True,
        default=None,
        max_length=MAX_EXTERNAL_ID_LENGTH,
        help_text="Your own id of the event: sent again for the same goal, it writes nothing new.",
    )
    if_unmatched = StrictChoiceField(
        ["reject", "hold"],
        default="reject",
        help_text="`hold`: instead of a 404, keep the match until its session or identity arrives.",
    )


class RestatementInput(ObjectSerializer):
    """The correction of a match: its value, and why."""

    goal_value = MoneyField(allow_null=True, help_text="The right value; null: none.")
    reason = TextField(
        allow_null=True, default=None, max_length=MAX_REASON_LENGTH, help_text="Why, for the history."
    )


class MatchOfBatchInput(MatchInput):
    """An event outside the web page, and the goal that it matches."""

    goal_id = serializers.UUIDField()


def check_match(data: Any) -> dict[str, Any]:
    """Return the checked attributes of a posted match.

    Raises: ValidationError naming each attribute at fault.
    """
    attributes = MATCH.check(data)
    attributes["is_pending_if_unmatched"] = attributes.pop("if_unmatched") == "hold"
    return attributes


# Stateless, so one of each serves every request.
MATCH = MatchInput()
RESTATEMENT = RestatementInput()
