"""Organizations, users and rooms in answers."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from goalsvc.api.serializers import ModelSerializer
from goalsvc.database.statements import BOOLEANS
from goalsvc.orgs.models import Organization, Room, User
from goalsvc.orgs.scopes import Scope


class NestedOrganizationSerializer(ModelSerializer):
    """The organization inside another object."""

    class Meta:
        model = Organization
        fields = ("id", "name")
        read_only_fields = fields


class OrganizationSerializer(ModelSerializer):
    class Meta:
        model = Organization
        fields = ("id", "name", "created_at", "updated_at")
        read_only_fields = fields


class NestedUserSerializer(ModelSerializer):
    """The user inside another object; null once the user is gone."""

    full_name = serializers.CharField(read_only=True)

    class Meta:
        model = User
        fields = ("id", "full_name", "first_name", "last_name", "organization_id", "is_bot")
        extra_kwargs: ClassVar[dict[str, Any]] = {"is_bot": {"label": "Is bot"}}  # not the admin's label
        read_only_fields = fields


def represent_user(
    id: str | None, first_name: str, last_name: str, organization_id: str | None, is_bot: str
) -> dict[str, Any] | None:
    """Return what NestedUserSerializer shows of columns as they are read; None once the user is gone."""
    if id is None:
        return None
    return {
        "id": id,
        "full_name": f"{first_name} {last_name}".strip(),
        "first_name": first_name,
        "last_name": last_name,
        "organization_id": organization_id,
        "is_bot": BOOLEANS[is_bot],
    }


class CallerSerializer(NestedUserSerializer):
    """The caller, to the caller."""

    organization = NestedOrganizationSerializer(read_only=True, allow_null=True)
    permissions = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = (
            *NestedUserSerializer.Meta.fields,
            "email",
            "organization",
            "permissions",
            "created_at",
            "updated_at",
        )
        extra_kwargs = NestedUserSerializer.Meta.extra_kwargs
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(sorted(Scope.values))))
    def get_permissions(self, user: User) -> list[str]:
        return sorted(user.scopes)


class RoomSerializer(ModelSerializer):
    organization = NestedOrganizationSerializer(read_only=True)
    display_name = serializers.CharField(read_only=True)

    class Meta:
        model = Room
        fields = (
            "id",
            "organization_id",
            "organization",
            "name",
            "display_name",
            "domain",
            "language_code",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields
