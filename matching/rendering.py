"""How matches, identities and sessions look in answers."""

from typing import Any

from goalsvc.api.rendering import moment
from goalsvc.orgs.models import Organization
from matching.ingestion import KnownIdentity, KnownSession
from matching.models import ExternalMatch


def render_match(match: ExternalMatch) -> dict[str, Any]:
    """The match as a JSON object; it was just made, or loaded `with_visitors`."""
    return {
        "id": match.id,
        "organization_id": match.organization_id,
        "goal_id": match.goal_id,
        "visitor_identity": match.visitor_identity,
        "visitor_id": match.visitor_id,
        "visitor_session_id": match.visitor_session_id,
        "session_started_at": moment(match.session_started_at),
        "goal_matched_at": moment(match.goal_matched_at),
        "goal_value": match.goal_value,
        "goal_value_source": match.goal_value_source,
        "rooms": match.room_ids,
        "unconnected_rooms": match.unconnected_room_ids,
        "external_id": match.external_id,
        "created_at": moment(match.created_at),
        "created_by_user_id": match.created_by_id,
    }


def render_identity(identity: KnownIdentity, organization: Organization) -> dict[str, Any]:
    return {
        "id": identity.id,
        "organization_id": organization.id,
        "visitor_identity": identity.visitor_identity,
        "visitor_id": identity.visitor_id,
        "visitor_session_id": identity.visitor_session_id,
        "created_at": moment(identity.created_at),
    }


def render_session(session: KnownSession, organization: Organization) -> dict[str, Any]:
    return {
        "id": session.id,
        "organization_id": organization.id,
        "visitor_session_id": session.visitor_session_id,
        "visitor_id": session.visitor_id,
        "started_at": moment(session.started_at),
        "ended_at": moment(session.ended_at) if session.ended_at else None,
        "rooms": session.room_ids,
        "created_at": moment(session.created_at),
        "updated_at": moment(session.updated_at),
    }
