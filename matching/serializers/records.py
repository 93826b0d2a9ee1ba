"""What was rejected, and the counts of what was received."""

from typing import Any

from rest_framework import serializers

from goalsvc.api.fields import MomentField
from matching.models import MatchAttempt
from matching.serializers.rows import ReasonField, RowSerializer


class MatchAttemptSerializer(RowSerializer):
    """A rejected attempt."""

    id = serializers.UUIDField()
    organization_id = serializers.UUIDField()
    goal_id = serializers.UUIDField(allow_null=True)
    source = serializers.ChoiceField(  # type: ignore[assignment] # an attribute, not Field.source
        MatchAttempt.Source.values
    )
    visitor_identity = serializers.CharField(allow_null=True)
    goal_matched_at = MomentField(allow_null=True)
    external_id = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    errors = serializers.DictField(allow_null=True)  # type: ignore[assignment] # not Serializer.errors
    reason = ReasonField(allow_null=True)
    request_id = serializers.CharField(allow_null=True)
    created_at = MomentField()
    created_by_user_id = serializers.UUIDField(source="created_by_id", allow_null=True)


class TallySerializer(RowSerializer):
    """What became of what was received."""

    received = serializers.IntegerField()
    matched = serializers.IntegerField()
    replayed = serializers.IntegerField(help_text="Repetitions, which wrote nothing.")
    pending = serializers.IntegerField(help_text="Held, and not settled yet.")
    rejected = serializers.IntegerField()
    rejected_by_code = serializers.DictField(source="rejected", child=serializers.IntegerField())
    match_rate = serializers.FloatField(allow_null=True, help_text="matched / (received - replayed).")
    last_success = MomentField(allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Show a Tally."""
        return super().to_representation(instance) | {"rejected": instance.rejected.total()}


class DayTallySerializer(TallySerializer):
    """What became of what was received for a goal on a day."""

    day = serializers.DateField(source="*")
    goal_id = serializers.UUIDField(
        source="*", allow_null=True, help_text="Null: attempts that named no goal."
    )

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        return {name: fields.pop(name) for name in ("day", "goal_id")} | fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Show an item of a Summary's `tallies`."""
        (day, goal_id), tally = instance
        return {"day": day, "goal_id": goal_id, **super().to_representation(tally)}


class MatchSummarySerializer(RowSerializer):
    """The health of matching: what was received, by day and goal, and in all."""

    # "from" is a word of the language, so the attribute is declared in `get_fields`.
    to = serializers.DateField(source="last_day")
    total = TallySerializer()
    results = DayTallySerializer(many=True, source="*")

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(source="first_day"), **super().get_fields()}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Show a Summary."""
        results = self.fields["results"].to_representation(instance.tallies.items())
        return super().to_representation(instance) | {"results": results}
