"""How organizations, users and rooms look in answers."""

from typing import Any
from uuid import UUID

from goalsvc.api.rendering import moment
from goalsvc.orgs.models import Organization, Room, User


def render_nested_organization(organization: Organization) -> dict[str, Any]:
    return {"id": organization.id, "name": organization.name}


def render_organization(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.id,
        "name": organization.name,
        "created_at": moment(organization.created_at),
        "updated_at": moment(organization.updated_at),
    }


def nested_user(
    id: UUID | str | None,
    first_name: str | None,
    last_name: str | None,
    organization_id: UUID | str | None,
    is_bot: bool | None,
) -> dict[str, Any] | None:
    """The user inside another object; None once the user is gone (and all the arguments are None)."""
    if id is None:
        return None
    return {
        "id": id,
        "full_name": f"{first_name} {last_name}".strip(),
        "first_name": first_name,
        "last_name": last_name,
        "organization_id": organization_id,
        "is_bot": is_bot,
    }


def render_nested_user(user: User | None) -> dict[str, Any] | None:
    """The user inside another object; None once the user is gone."""
    if user is None:
        return None
    return nested_user(user.id, user.first_name, user.last_name, user.organization_id, user.is_bot)


def render_caller(user: User) -> dict[str, Any]:
    """The caller, to the caller."""
    nested = render_nested_user(user)
    assert nested is not None
    return {
        **nested,
        "email": user.email,
        "organization": render_nested_organization(user.organization) if user.organization else None,
        "permissions": sorted(user.scopes),
        "created_at": moment(user.created_at),
        "updated_at": moment(user.updated_at),
    }


def render_room(room: Room, organization: Organization) -> dict[str, Any]:
    return {
        "id": room.id,
        "organization_id": organization.id,
        "organization": render_nested_organization(organization),
        "name": room.name,
        "display_name": room.display_name,
        "domain": room.domain,
        "language_code": room.language_code,
        "created_at": moment(room.created_at),
        "updated_at": moment(room.updated_at),
    }
