"""The history: who changed what, when, through what, from what to what.

Whatever changes one of the things below says so with `record_change`, in the transaction of the change. Keys
and the identities of visitors never come into it.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from goalsvc.api.rendering import moment
from goalsvc.api.requests import current_request_id
from goalsvc.orgs.models import HistoryEntry, User

Kind = HistoryEntry.Kind
Action = HistoryEntry.Action
Channel = HistoryEntry.Channel

# The request for a page of the admin, while it is answered; set by goalsvc.server.middleware.
current_page: ContextVar[HttpRequest | None] = ContextVar("current_page", default=None)

# From what to what, by attribute.
Changes = Mapping[str, Iterable[Any]]


def record_change(
    organization_id: UUID | None,
    kind: HistoryEntry.Kind,
    object_id: UUID | None,
    action: HistoryEntry.Action,
    changes: Changes,
    *,
    by: User | None,
    at: datetime,
    label: str = "",
) -> None:
    """Write a change into the history; one statement.

    Args:
        organization_id: whose history it is; None: the operators'.
        changes: by attribute, the value before and the value after.
        by: who did it; None: a command.
        label: what the thing was called then.
    """
    HistoryEntry.objects.create(
        organization_id=organization_id,
        kind=kind,
        object_id=object_id,
        label=label[:255],
        action=action,
        changes={name: [plain(value) for value in pair] for name, pair in changes.items()},
        changed_at=at,
        changed_by=by,
        changed_by_name=by.email if by else "",
        channel=current_channel(),
        request_id=current_request_id.get(),
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return from what to what the attributes changed, of those that did."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if plain(before.get(name)) != plain(value)
    }


def current_channel() -> HistoryEntry.Channel:
    """Tell through what the change comes: a request of the API, a page of the admin, or a command."""
    if current_page.get() is not None:
        return Channel.ADMIN
    return Channel.COMMAND if current_request_id.get() is None else Channel.API


def plain(value: Any) -> Any:
    """Write a value as answers of the API do."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, dict | str | int | float | bool) or value is None:
        return value
    return str(value)
