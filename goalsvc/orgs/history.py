"""The vocabulary of the history: kinds of things, actions, channels, and how values are written.

Code that changes a thing of one of these kinds calls `HistoryEntry.objects.record` in the same transaction.
Keys of tokens and identities of visitors are never recorded.
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
    MATCH = "match", "Match"
    PENDING_MATCH = "pending_match", "Held match"
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


# The request of the admin's page that is being answered; set by goalsvc.server.middleware.
current_page: ContextVar[HttpRequest | None] = ContextVar("current_page", default=None)

# By attribute, the value before and the value after.
Changes = Mapping[str, Iterable[Any]]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the attributes of `after` that differ from `before`, with both values."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if as_json(before.get(name)) != as_json(value)
    }


def current_channel() -> Channel:
    """Tell where a change made now comes from: the API, the admin or a command."""
    if current_page.get() is not None:
        return Channel.ADMIN
    return Channel.COMMAND if current_request_id.get() is None else Channel.API


def as_json(value: Any) -> Any:
    """Convert a value to JSON, in the API's forms."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(each) for each in value]
    if isinstance(value, dict | str | int | float | bool) or value is None:
        return value
    return str(value)
