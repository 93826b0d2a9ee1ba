"""Matches, their corrections, what waits to become one, what was rejected, and the counts: as shown."""

from typing import Any

from rest_framework import serializers

from goalsvc.api.fields import MomentField, MoneyField
from goalsvc.api.rendering import moment
from goalsvc.orgs.history import Action
from goalsvc.orgs.models import HistoryEntry
from goalsvc.orgs.serializers import NestedUserSerializer
from matching.limits import MAX_IDENTITY_LENGTH
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from matching.serializers.rows import ReasonField, RowSerializer


class MatchSerializer(serializers.Serializer):
    """A match."""

    id = serializers.UUIDField(allow_null=True, help_text="Null in a rehearsal.")
    organization_id = serializers.UUIDField()
    goal_id = serializers.UUIDField()
    visitor_identity = serializers.CharField(
        max_length=MAX_IDENTITY_LENGTH, allow_null=True, help_text="Null once it has been erased."
    )
    visitor_id = serializers.CharField(
        allow_null=True, help_text="Whose session was chosen. Null once it has been erased."
    )
    visitor_session_id = serializers.CharField(
        allow_null=True, help_text="The session that was chosen. Null once it has been erased."
    )
    session_started_at = MomentField()
    goal_matched_at = MomentField()
    goal_value = MoneyField(allow_null=True)
    goal_value_source = serializers.ChoiceField(ExternalMatch.ValueSource.values)
    rooms = serializers.ListField(child=serializers.UUIDField(), help_text="The connected rooms.")
    unconnected_rooms = serializers.ListField(
        child=serializers.UUIDField(), help_text="Posted, but not connected or not allowed."
    )
    external_id = serializers.CharField(allow_null=True)
    created_at = MomentField()
    created_by_user_id = serializers.UUIDField(allow_null=True)
    is_retracted = serializers.BooleanField(help_text="True where a repetition meets a retracted match.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Show a NewMatch, or an ExternalMatch that was loaded `with_visitors`.

        Written out, as batches show thousands: RowSerializer would take a microsecond longer for each.
        """
        return {
            "id": instance.id,
            "organization_id": instance.organization_id,
            "goal_id": instance.goal_id,
            "visitor_identity": instance.visitor_identity,
            "visitor_id": instance.visitor_id,
            "visitor_session_id": instance.visitor_session_id,
            "session_started_at": moment(instance.session_started_at),
            "goal_matched_at": moment(instance.goal_matched_at),
            "goal_value": instance.goal_value,
            "goal_value_source": instance.goal_value_source,
            "rooms": instance.room_ids,
            "unconnected_rooms": instance.unconnected_room_ids,
            "external_id": instance.external_id,
            "created_at": moment(instance.created_at),
            "created_by_user_id": instance.created_by_id,
            "is_retracted": instance.retracted_at is not None,
        }


class MatchRecordSerializer(MatchSerializer):
    """A match as lists show it: also when it was retracted, and by whom."""

    retracted_at = MomentField(allow_null=True)
    retracted_by_user_id = serializers.UUIDField(allow_null=True)
    retraction_reason = serializers.CharField(
        allow_null=True, help_text="Why it is retracted; null: nobody said, or it is not."
    )

    def to_representation(self, instance: ExternalMatch) -> dict[str, Any]:
        return {
            **super().to_representation(instance),
            "retracted_at": moment(instance.retracted_at) if instance.retracted_at else None,
            "retracted_by_user_id": instance.retracted_by_id,
            "retraction_reason": instance.retraction_reason,
        }


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
    goal_value = MoneyField(allow_null=True)
    external_id = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    errors = serializers.DictField(allow_null=True)  # type: ignore[assignment] # not Serializer.errors
    reason = ReasonField(allow_null=True)
    request_id = serializers.CharField(allow_null=True)
    created_at = MomentField()
    created_by_user_id = serializers.UUIDField(source="created_by_id", allow_null=True)


class MatchDetailSerializer(MatchRecordSerializer):
    """A match, and what was rejected before it."""

    rejected_attempts = MatchAttemptSerializer(
        many=True, help_text="Earlier attempts at the same event, newest first."
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Show a match that was given its `rejected_attempts`."""
        attempts = self.fields["rejected_attempts"].to_representation(instance.rejected_attempts)
        return {**super().to_representation(instance), "rejected_attempts": attempts}


class MatchChangeSerializer(RowSerializer):
    """A correction of a match, out of the history."""

    id = serializers.UUIDField()
    match_id = serializers.UUIDField(source="object_id")
    kind = serializers.ChoiceField([Action.RESTATED, Action.RETRACTED, Action.RESTORED], source="action")
    old_value = MoneyField(source="changes", allow_null=True)
    new_value = MoneyField(source="changes", allow_null=True)
    reason = serializers.CharField(source="changes", allow_null=True, help_text="Why; null: nobody said.")
    changed_at = MomentField()
    changed_by_user_id = serializers.UUIDField(source="changed_by_id", allow_null=True)
    changed_by_user = NestedUserSerializer(source="changed_by", allow_null=True)

    def to_representation(self, instance: HistoryEntry) -> dict[str, Any]:
        """Show an entry that was loaded with its user, whose id stays in the row when the user is gone."""
        shown = super().to_representation(instance)
        shown["old_value"], shown["new_value"] = instance.changes["goal_value"]
        shown["reason"] = instance.changes.get("reason", [None, None])[1]
        shown["changed_by_user_id"] = instance.changed_by.id if instance.changed_by else None
        return shown


class PendingMatchSerializer(RowSerializer):
    """A pending match, with its status at the moment."""

    id = serializers.UUIDField(allow_null=True, help_text="Null in a rehearsal.")
    status = serializers.ChoiceField(PendingMatch.Status.values)
    code = serializers.CharField(help_text="Why it could not be matched when last tried.")
    reason = ReasonField()
    expires_at = MomentField()
    organization_id = serializers.UUIDField()
    goal_id = serializers.UUIDField()
    visitor_identity = serializers.CharField(
        max_length=MAX_IDENTITY_LENGTH,
        allow_null=True,
        help_text="Null in a stored answer once it has been erased.",
    )
    goal_matched_at = MomentField()
    goal_value = MoneyField(allow_null=True)
    rooms = serializers.ListField(
        source="room_ids", child=serializers.UUIDField(), help_text="The posted rooms."
    )
    external_id = serializers.CharField(allow_null=True)
    match_id = serializers.UUIDField(allow_null=True, help_text="What settled it.")
    created_at = MomentField()
    created_by_user_id = serializers.UUIDField(source="created_by_id", allow_null=True)
    resolved_at = MomentField(allow_null=True)

    def to_representation(self, instance: PendingMatch) -> dict[str, Any]:
        """Show it as it stands at the moment `at` of the context."""
        shown = super().to_representation(instance)
        shown["status"] = instance.status_at(self.context["at"])
        return shown


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
