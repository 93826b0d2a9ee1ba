"""The history: who changed what, when, through what, from what to what.

Whatever changes a thing of one of these kinds says so with `HistoryEntry.objects.record`, in the transaction
of the change. Keys and the identities of visitors never come into it.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.http import HttpRequest

from goalsvc.api.rendering import moment
from goalsvc.api.requests import current_request_id


class Kind(models.TextChoices):
    ORGANIZATION = "organization", "Organization"
    USER = "user", "User"
    ROOM = "room", "Room"
    API_TOKEN = "api_token", "API token"
    GOAL = "goal", "Goal"
    MATCH = "match", "External match"
    PENDING_MATCH = "pending_match", "Pending match"
    VISITOR_IDENTITY = "visitor_identity", "Visitor identity"
    VISITOR_SESSION = "visitor_session", "Visitor session"


class Action(models.TextChoices):
    CREATED = "created", "Created"
    CHANGED = "changed", "Changed"
    DELETED = "deleted", "Deleted"
    RESTORED = "restored", "Restored"
    ARCHIVED = "archived", "Archived"
    REVOKED = "revoked", "Revoked"
    RESTATED = "restated", "Value restated"
    RETRACTED = "retracted", "Retracted"
    CANCELLED = "cancelled", "Cancelled"
    RETRIED = "retried", "Tried again"
    ERASED = "erased", "Erased"


class Channel(models.TextChoices):
    API = "api", "API"
    ADMIN = "admin", "Admin"
    COMMAND = "command", "Command"


# The request for a page of the admin, while it is answered; set by goalsvc.server.middleware.
current_page: ContextVar[HttpRequest | None] = ContextVar("current_page", default=None)

# From what to what, by attribute.
Changes = Mapping[str, Iterable[Any]]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return from what to what the attributes changed, of those that did."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if as_json(before.get(name)) != as_json(value)
    }


def current_channel() -> Channel:
    """Tell through what the change comes: a request of the API, a page of the admin, or a command."""
    if current_page.get() is not None:
        return Channel.ADMIN
    return Channel.COMMAND if current_request_id.get() is None else Channel.API


def as_json(value: Any) -> Any:
    """Write a value as answers of the API do."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(each) for each in value]
    if isinstance(value, dict | str | int | float | bool) or value is None:
        return value
    return str(value)
