"""The names of rooms on the pages of rows that hold their ids."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.display import link_to
from goalsvc.orgs.models import Room


def name_rooms(rows: Iterable[Any]) -> None:
    """Give each row `rooms_by_id`, which names the rooms of all of them; one query."""
    rooms = Room.objects.in_bulk({room_id for row in rows for room_id in all_room_ids(row)})
    for row in rows:
        row.rooms_by_id = rooms


def all_room_ids(row: Any) -> Iterator[UUID]:
    """Yield the ids that the row holds, those in its reason included."""
    yield from getattr(row, "room_ids", ())
    yield from getattr(row, "unconnected_room_ids", ())
    for name, value in (getattr(row, "reason", None) or {}).items():
        if is_rooms(name, value):
            yield from filter(None, map(parse_uuid, value))


def is_rooms(name: str, value: Any) -> bool:
    """Tell whether a fact of a reason is a list of room ids."""
    return name.endswith("rooms") and isinstance(value, list) and all(isinstance(each, str) for each in value)


def room_link(row: Any, room_id: UUID) -> SafeString:
    """Name a room of the row's organization; an id that is no such room stays an id."""
    room = row.rooms_by_id.get(room_id)
    if room is None or room.organization_id != row.organization_id:
        return format_html("{}", room_id)
    return link_to(room, room.display_name)


def room_links(row: Any) -> str:
    """Name the rooms of the row."""
    if not hasattr(row, "rooms_by_id"):
        name_rooms([row])
    return format_html_join(", ", "{}", ((room_link(row, room_id),) for room_id in row.room_ids)) or "-"
