"""Serializers, views and addresses of the floor."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from rest_framework import exceptions, generics, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from goals.models import Goal
from goalsvc.orgs.models import Organization, Room, User
from matching.models import ExternalMatch, Visitor, VisitorSession


class HasAccess(permissions.BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        organization: Any = request.user.organization  # type: ignore[union-attr] # authenticated
        return bool(
            str(organization.id) == view.kwargs["organization"]
            and organization.subscription_expires_on >= timezone.now().date()
        )


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ("id", "full_name", "first_name", "last_name", "organization_id", "is_bot")


class OrganizationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Organization
        fields = ("id", "name")


class GoalSerializer(serializers.ModelSerializer):
    organization = OrganizationSerializer()
    created_by_user = UserSerializer(source="created_by")
    updated_by_user = UserSerializer(source="updated_by")

    class Meta:
        model = Goal
        fields = (
            "id", "name", "organization_id", "organization", "is_any_room_allowed", "allowed_rooms",
            "default_value", "conditions", "created_at", "created_by_user_id", "created_by_user",
            "updated_at",
            "updated_by_user_id", "updated_by_user",
        )  # fmt: skip
        extra_kwargs = {
            "created_by_user_id": {"source": "created_by_id"},
            "updated_by_user_id": {"source": "updated_by_id"},
        }

    created_by_user_id = serializers.UUIDField(source="created_by_id")
    updated_by_user_id = serializers.UUIDField(source="updated_by_id")


class MatchSerializer(serializers.ModelSerializer):
    rooms = serializers.PrimaryKeyRelatedField(many=True, queryset=Room.objects.all(), write_only=True)
    visitor_id = serializers.CharField(source="session.visitor.visitor_id", read_only=True)
    visitor_session_id = serializers.CharField(source="session.visitor_session_id", read_only=True)

    class Meta:
        model = ExternalMatch
        fields = (
            "id", "organization_id", "goal_id", "visitor_identity", "visitor_id", "visitor_session_id",
            "session_started_at", "goal_matched_at", "goal_value", "goal_value_source", "rooms", "room_ids",
            "unconnected_room_ids", "external_id", "created_at", "created_by_id",
        )  # fmt: skip
        read_only_fields = (
            "session_started_at", "goal_value_source", "room_ids", "unconnected_room_ids", "created_at",
        )  # fmt: skip
        extra_kwargs = {"goal_value": {"required": False}, "external_id": {"required": False}}

    def create(self, validated_data: dict[str, Any]) -> ExternalMatch:
        view = self.context["view"]
        organization = self.context["request"].user.organization
        try:
            goal = Goal.objects.get(organization=organization, pk=view.kwargs["goal"], deleted_at=None)
        except Goal.DoesNotExist:
            raise exceptions.NotFound from None
        rooms = validated_data.pop("rooms")
        if any(room.organization_id != organization.id for room in rooms):
            raise serializers.ValidationError({"rooms": ["Invalid room."]})
        session = (
            VisitorSession.objects.filter(
                visitor__identities__identity=validated_data["visitor_identity"],
                organization=organization,
                started_at__lt=validated_data["goal_matched_at"],
            )
            .order_by("-started_at", "-id")
            .select_related("visitor")
            .first()
        )
        if session is None:
            raise exceptions.NotFound
        allowed = set(goal.allowed_rooms.values_list("id", flat=True))
        counting = [room.id for room in rooms if goal.is_any_room_allowed or room.id in allowed]
        connected = [room for room in counting if room in session.room_ids]
        if not connected:
            raise exceptions.NotFound
        value = validated_data.pop("goal_value", None)
        return ExternalMatch.objects.create(
            organization=organization,
            goal=goal,
            session=session,
            session_started_at=session.started_at,
            goal_value=value if value is not None else goal.default_value,
            goal_value_source="request" if value is not None else "goal_default",
            room_ids=connected,
            unconnected_room_ids=[room.id for room in rooms if room.id not in connected],
            created_at=timezone.now(),
            created_by=self.context["request"].user,
            **validated_data,
        )


class SessionSerializer(serializers.ModelSerializer):
    visitor_id = serializers.CharField(source="visitor.visitor_id")
    rooms = serializers.PrimaryKeyRelatedField(many=True, queryset=Room.objects.all(), write_only=True)

    class Meta:
        model = VisitorSession
        fields = ("id", "visitor_session_id", "visitor_id", "started_at", "ended_at", "rooms", "room_ids")
        read_only_fields = ("room_ids",)

    def create(self, validated_data: dict[str, Any]) -> VisitorSession:
        organization = self.context["request"].user.organization
        now = timezone.now()
        visitor, _ = Visitor.objects.get_or_create(
            organization=organization,
            visitor_id=validated_data.pop("visitor")["visitor_id"],
            defaults={"created_at": now},
        )
        rooms = [room.id for room in validated_data.pop("rooms")]
        session, _ = VisitorSession.objects.update_or_create(
            organization=organization,
            visitor_session_id=validated_data.pop("visitor_session_id"),
            defaults={"visitor": visitor, "room_ids": rooms, "updated_at": now, **validated_data},
            create_defaults={
                "visitor": visitor, "room_ids": rooms, "created_at": now, "updated_at": now, **validated_data
            },
        )  # fmt: skip
        return session


class Goals(generics.ListAPIView):
    permission_classes = [permissions.IsAuthenticated, HasAccess]
    serializer_class = GoalSerializer

    def get_queryset(self) -> QuerySet[Goal]:
        return (
            Goal.objects.filter(organization_id=self.kwargs["organization"], deleted_at=None)
            .select_related("organization", "created_by", "updated_by")
            .prefetch_related("allowed_rooms")
            .order_by("created_at", "id")
        )


class OneGoal(generics.RetrieveAPIView):
    permission_classes = Goals.permission_classes
    serializer_class = GoalSerializer
    lookup_url_kwarg = "goal"
    get_queryset = Goals.get_queryset


class Matches(generics.CreateAPIView):
    permission_classes = Goals.permission_classes
    serializer_class = MatchSerializer

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().create(request, *args, **kwargs)
        response.status_code = 200  # as the contract has it
        return response


class Sessions(generics.CreateAPIView):
    permission_classes = Goals.permission_classes
    serializer_class = SessionSerializer


urlpatterns = [
    path("api/v5/orgs/<str:organization>/goals", Goals.as_view()),
    path("api/v5/orgs/<str:organization>/goals/<str:goal>", OneGoal.as_view()),
    path("api/v5/orgs/<str:organization>/goals/<str:goal>/matches", Matches.as_view()),
    path("api/v5/orgs/<str:organization>/visitor_sessions", Sessions.as_view()),
]
