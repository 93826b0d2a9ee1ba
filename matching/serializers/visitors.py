"""Visitor identities and sessions, and all that is held about an identity."""

from functools import cached_property
from typing import Any
from uuid import UUID

from rest_framework import serializers

from goalsvc.api.fields import MomentField, PlausibleMomentField, RoomIdsField
from goalsvc.api.identifiers import IdentifierField
from goalsvc.api.rendering import moment
from goalsvc.orgs.models import Organization
from matching.limits import MAX_IDENTITY_LENGTH, MAX_ROOMS, MAX_TRACKING_ID_LENGTH
from matching.serializers.inputs import IdentifiedInput
from matching.serializers.matches import MatchAttemptSerializer, MatchRecordSerializer, PendingMatchSerializer
from matching.serializers.rows import RowSerializer


class OfOrganizationSerializer(IdentifiedInput):
    """What is shown with the organization of the context, which the rows themselves do not tell."""

    id = serializers.UUIDField(read_only=True)
    organization_id = serializers.UUIDField(read_only=True)

    @cached_property
    def organization_pk(self) -> UUID:
        organization: Organization = self.context["organization"]
        return organization.id


class VisitorIdentitySerializer(OfOrganizationSerializer):
    """An identity of a visitor."""

    visitor_identity = IdentifierField(
        max_length=MAX_IDENTITY_LENGTH, help_text="Also taken as `custom_visitor_identity`."
    )
    visitor_id = IdentifierField(
        max_length=MAX_TRACKING_ID_LENGTH, help_text="The visitor's id on the tracking site."
    )
    visitor_session_id = IdentifierField(
        allow_null=True,
        default=None,
        max_length=MAX_TRACKING_ID_LENGTH,
        help_text="The session it was given in.",
    )
    created_at = MomentField(read_only=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Show a KnownIdentity."""
        return {
            "id": instance.id,
            "organization_id": self.organization_pk,
            "visitor_identity": instance.visitor_identity,
            "visitor_id": instance.visitor_id,
            "visitor_session_id": instance.visitor_session_id,
            "created_at": moment(instance.created_at),
        }


class VisitorSessionSerializer(OfOrganizationSerializer):
    """A visitor's session, or as much of it as is known."""

    visitor_session_id = IdentifierField(
        max_length=MAX_TRACKING_ID_LENGTH, help_text="The session's id on the tracking site."
    )
    visitor_id = IdentifierField(
        max_length=MAX_TRACKING_ID_LENGTH, help_text="The visitor's id on the tracking site."
    )
    started_at = PlausibleMomentField()
    ended_at = PlausibleMomentField(allow_null=True, default=None)
    rooms = RoomIdsField(max_length=MAX_ROOMS, help_text="The rooms it has been in so far.")
    visitor_identity = IdentifierField(
        write_only=True,
        allow_null=True,
        default=None,
        max_length=MAX_IDENTITY_LENGTH,
        help_text="Ties the identity to the visitor as well.",
    )
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ends_before_start(attrs):
            raise serializers.ValidationError({"ended_at": ["A session cannot end before it starts."]})
        return attrs

    def read(self, data: dict[str, Any]) -> dict[str, Any] | None:
        attributes = super().read(data)
        return None if attributes is None or ends_before_start(attributes) else attributes

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Show a KnownSession."""
        return {
            "id": instance.id,
            "organization_id": self.organization_pk,
            "visitor_session_id": instance.visitor_session_id,
            "visitor_id": instance.visitor_id,
            "started_at": moment(instance.started_at),
            "ended_at": moment(instance.ended_at) if instance.ended_at else None,
            "rooms": instance.room_ids,
            "created_at": moment(instance.created_at),
            "updated_at": moment(instance.updated_at),
        }


def ends_before_start(session: dict[str, Any]) -> bool:
    return session["ended_at"] is not None and bool(session["ended_at"] < session["started_at"])


class IdentifiedVisitorSerializer(RowSerializer):
    """A visitor of an identity: whose data it would lose, and whether the visitor would go with it."""

    id = serializers.UUIDField()
    visitor_id = serializers.CharField(source="visitor.visitor_id", max_length=MAX_TRACKING_ID_LENGTH)
    visitor_session_id = serializers.CharField(max_length=MAX_TRACKING_ID_LENGTH, allow_null=True)
    visitor_created_at = MomentField(source="visitor.created_at")
    created_at = MomentField(help_text="When the identity was tied to the visitor.")
    is_shared = serializers.BooleanField(help_text="Another identity uses the visitor too: it would stay.")


class HoldingsSerializer(serializers.Serializer):
    """Rows of one kind that are held about an identity, newest first."""

    count = serializers.IntegerField(help_text="How many there are in all.")
    next = serializers.URLField(allow_null=True, help_text="The list that goes on with the others.")


def held(name: str, row: type[serializers.Serializer]) -> serializers.Serializer:
    """Return what shows rows of one kind; the description calls its class by the name."""
    holdings: type[HoldingsSerializer] = type(name, (HoldingsSerializer,), {"results": row(many=True)})
    return holdings()


class HeldKeysSerializer(serializers.Serializer):
    count = serializers.IntegerField(help_text="Stored answers that hold the identity.")


class IdentityHoldingsSerializer(serializers.Serializer):
    """All that is held about an identity."""

    organization_id = serializers.UUIDField()
    visitor_identity = serializers.CharField(max_length=MAX_IDENTITY_LENGTH)
    visitors = held("HeldVisitorsSerializer", IdentifiedVisitorSerializer)
    visitor_sessions = held("HeldSessionsSerializer", VisitorSessionSerializer)
    matches = held("HeldMatchesSerializer", MatchRecordSerializer)
    pending_matches = held("HeldPendingMatchesSerializer", PendingMatchSerializer)
    match_attempts = held("HeldAttemptsSerializer", MatchAttemptSerializer)
    idempotency_keys = HeldKeysSerializer()

    def row(self, name: str) -> serializers.BaseSerializer:
        """Return what shows a row of one kind."""
        holdings: Any = self.fields[name]
        shown: serializers.BaseSerializer = holdings.fields["results"].child
        return shown


# Stateless, so one of each checks for every request.
IDENTITY_OF_VISITOR = VisitorIdentitySerializer()
SESSION = VisitorSessionSerializer()
