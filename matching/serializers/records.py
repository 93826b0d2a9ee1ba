"""What was rejected, and the counts of what was received."""

from typing import Any

from rest_framework import serializers

from goalsvc.api.fields import MomentField
from goalsvc.api.rendering import moment
from matching.models import MatchAttempt
from matching.rule.reasons import in_order


class MatchAttemptSerializer(serializers.Serializer):
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
    reason = serializers.DictField(allow_null=True)
    request_id = serializers.CharField(allow_null=True)
    created_at = MomentField()
    created_by_user_id = serializers.UUIDField(allow_null=True)

    def to_representation(self, instance: MatchAttempt) -> dict[str, Any]:
        return {
            "id": instance.id,
            "organization_id": instance.organization_id,
            "goal_id": instance.goal_id,
            "source": instance.source,
            "visitor_identity": instance.visitor_identity,
            "goal_matched_at": moment(instance.goal_matched_at) if instance.goal_matched_at else None,
            "external_id": instance.external_id,
            "code": instance.code,
            "detail": instance.detail,
            "errors": instance.errors,
            "reason": in_order(instance.reason),
            "request_id": instance.request_id,
            "created_at": moment(instance.created_at),
            "created_by_user_id": instance.created_by_id,
        }


class TallySerializer(serializers.Serializer):
    """What became of what was received."""

    received = serializers.IntegerField()
    matched = serializers.IntegerField()
    replayed = serializers.IntegerField(help_text="Repetitions, which wrote nothing.")
    pending = serializers.IntegerField(help_text="Held, and not settled yet.")
    rejected = serializers.IntegerField()
    rejected_by_code = serializers.DictField(child=serializers.IntegerField())
    match_rate = serializers.FloatField(allow_null=True, help_text="matched / (received - replayed).")
    last_success = MomentField(allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Show a Tally."""
        return {
            "received": instance.received,
            "matched": instance.matched,
            "replayed": instance.replayed,
            "pending": instance.pending,
            "rejected": instance.rejected.total(),
            "rejected_by_code": instance.rejected,
            "match_rate": instance.match_rate,
            "last_success": moment(instance.last_success) if instance.last_success else None,
        }


class DayTallySerializer(TallySerializer):
    """What became of what was received for a goal on a day."""

    day = serializers.DateField()
    goal_id = serializers.UUIDField(allow_null=True, help_text="Null: attempts that named no goal.")

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        return {name: fields.pop(name) for name in ("day", "goal_id")} | fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Show an item of a Summary's `tallies`."""
        (day, goal_id), tally = instance
        return {"day": day.isoformat(), "goal_id": goal_id, **super().to_representation(tally)}


class MatchSummarySerializer(serializers.Serializer):
    """The health of matching: what was received, by day and goal, and in all."""

    # "from" is a word of the language, so the attribute is declared in `get_fields`.
    to = serializers.DateField()
    total = TallySerializer()
    results = DayTallySerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(), **super().get_fields()}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Show a Summary."""
        return {
            "from": instance.first_day.isoformat(),
            "to": instance.last_day.isoformat(),
            "total": self.fields["total"].to_representation(instance.total),
            "results": self.fields["results"].to_representation(instance.tallies.items()),
        }
