"""What the history says has changed, in words: names instead of ids, and no code."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpRequest

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.access import of_acting_user
from goalsvc.orgs.admin.display import counted, to_milliseconds
from goalsvc.orgs.history import Action
from goalsvc.orgs.models import HistoryEntry, Organization, Room, User

# Attributes whose values are ids, by what they are ids of and the lookup of its organization.
IDS: dict[str, tuple[type[Any], str]] = {
    "allowed_rooms": (Room, "organization_id"),
    "user_id": (User, "organization_id"),
    "organization_id": (Organization, "id"),
}
TITLES = {
    "goal_value": "value",
    "is_any_room_allowed": "allowed in any room",
    "is_bot": "is a program",
    "is_staff": "may enter the admin",
    "is_superuser": "is an operator",
    "subscription_expires_on": "last day of the subscription",
    "idempotency_keys": "stored answers",
}

Names = Mapping[UUID, str]


class Change(NamedTuple):
    """What an attribute was, and what it became; a first value has no `before`."""

    title: str
    before: str | None
    after: str


def find_names(request: HttpRequest, entries: Iterable[HistoryEntry]) -> Names:
    """Return the names of what the entries have ids of, a statement for each kind."""
    wanted: dict[str, set[UUID]] = {}
    for entry in entries:
        for name in IDS.keys() & entry.changes.keys():
            for value in entry.changes[name]:
                ids = [parse_uuid(str(each)) for each in (value if isinstance(value, list) else [value])]
                wanted.setdefault(name, set()).update(filter(None, ids))
    names: dict[UUID, str] = {}
    for name, pks in wanted.items():
        model, organization_path = IDS[name]
        rows = of_acting_user(request, model.objects.filter(pk__in=pks), organization_path)
        names |= {row.pk: str(row) for row in rows}
    return names


def changes_of(entry: HistoryEntry, names: Names) -> Iterator[Change]:
    """Yield what has changed. What a new thing has not is passed over."""
    for name, (before, after) in entry.changes.items():
        title = TITLES.get(name) or name.removeprefix("is_").removesuffix("_id").replace("_", " ")
        if entry.action == Action.ERASED:
            yield erasure(title, before, after)
        elif name == "password":
            yield Change(title, None, "changed")
        elif before is None and entry.action == Action.CREATED:
            if after not in (None, False, "", []):
                yield Change(title, None, in_words(name, after, names))
        elif name == "reason" or before == after:
            yield Change(title, None, in_words(name, after, names))
        else:
            yield Change(title, in_words(name, before, names), in_words(name, after, names))


def erasure(plural: str, before: int, after: int) -> Change:
    """Say what became of the rows that told of a person."""
    singular = plural
    for ending, single in (("ties", "ty"), ("ches", "ch"), ("s", "")):
        if plural.endswith(ending):
            singular = plural.removesuffix(ending) + single
            break
    became = "deleted" if after == 0 else "kept without the identity"
    return Change(counted(before, singular, plural), None, became)


def erasure_in_words(changes: Mapping[str, Iterable[int]]) -> str:
    """Say in a sentence what an erasure did: `1 visitor deleted, 2 matches kept without the identity`."""
    told = [erasure(TITLES.get(name, name.replace("_", " ")), *counts) for name, counts in changes.items()]
    return ", ".join(f"{each.title} {each.after}" for each in told)


def in_words(name: str, value: Any, names: Names) -> str:
    """Write a value of an attribute for people."""
    if value is None or value == "" or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "conditions" and isinstance(value, list):
        return f"{counted(len(value), 'condition')}: {json.dumps(value, ensure_ascii=False)}"
    if isinstance(value, list):
        return ", ".join(in_words(name, each, names) for each in value)
    if name.endswith("_at") and isinstance(value, str):
        try:
            return to_milliseconds(datetime.fromisoformat(value).astimezone(UTC))
        except ValueError:
            return value
    if name in IDS and (pk := parse_uuid(str(value))) is not None:
        return names.get(pk, str(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
