"""What the pages of received rows say in words: rooms by name, why a match came about, and why not."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.admin.display import faults, link_to, to_milliseconds
from goalsvc.orgs.history import Action
from goalsvc.orgs.models import Room
from matching.models import VisitorIdentity
from matching.rule.reasons import duration


def name_rooms(rows: Iterable[Any]) -> None:
    """Give each row `rooms_by_id`, which names the rooms of all of them; one query."""
    rows = list(rows)
    theirs = Room.objects.filter(organization__in={row.organization_id for row in rows})
    rooms = theirs.in_bulk({room_id for row in rows for room_id in all_room_ids(row)})
    for row in rows:
        row.rooms_by_id = rooms


def name_people(rows: Iterable[Any]) -> None:
    """Give each row `person_id`, of an identity's page; None where the identity is unknown. One query."""
    named = [row for row in rows if row.visitor_identity]
    ties = VisitorIdentity.objects.filter(
        organization__in={row.organization_id for row in named},
        identity__in={row.visitor_identity for row in named},
    )
    ties = ties.order_by("organization_id", "identity").distinct("organization_id", "identity")
    known = {(tie.organization_id, tie.identity): tie.pk for tie in ties}
    for row in named:
        row.person_id = known.get((row.organization_id, row.visitor_identity))


def person_link(row: Any) -> SafeString | str:
    """Name the identity, with a link to its page if it is known."""
    if not row.visitor_identity:
        return "-"
    if not hasattr(row, "person_id"):
        name_people([row])
    if row.person_id is None:
        return format_html('<span class="id">{}</span>', row.visitor_identity)
    return link_to(VisitorIdentity(pk=row.person_id), row.visitor_identity)


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


def explain_match(match: Any) -> str:
    """Retell the rule of matching/rule/resolver.py with what the match and its session say."""
    if match.visitor_identity is None:
        return "The visitor identity has been erased, and with it what could explain the match."
    session = match.session
    name_rooms([match, session])
    return render_to_string(
        "admin/matching/externalmatch/why.html",
        {
            "match": match,
            "session": session,
            "before": match.goal_matched_at - match.session_started_at,
            "is_restated": match.changes.filter(action=Action.RESTATED).exists(),
            "connected": room_links(match),
            "unconnected": [
                (room_link(match, room_id), room_id in session.room_ids)
                for room_id in match.unconnected_room_ids
            ],
        },
    )


# The facts of a reason (matching.rule.reasons): what each is called, in the order in which they are told.
FACTS = {
    "is_identity_known": "The identity is known",
    "visitor_count": "Visitors that carry it",
    "earliest_session_started_at": "Their first session began",
    "next_session_started_at": "The first one that did not begin before the goal matched began",
    "next_session_starts_after_seconds": "Too late by",
    "time_zone_slip_hours": "As if a time zone was mistaken, by hours",
    "visitor_id": "The chosen session's visitor",
    "visitor_session_id": "The chosen session",
    "session_started_at": "It began",
    "session_rooms": "It was in the rooms",
    "posted_rooms": "Rooms posted",
    "is_any_room_allowed": "The goal is allowed in any room",
    "allowed_rooms": "Rooms in which the goal is allowed",
}
# The list where the visitor or the session of a reason is found.
FOUND_IN = {"visitor_id": "visitor", "visitor_session_id": "visitorsession"}


def explain_reason(row: Any) -> str:
    """Tell the reason of a held match or a rejected attempt: its message, and the facts behind it."""
    reason = dict(row.reason or {})
    if not reason:
        return "-"
    if not hasattr(row, "rooms_by_id"):
        name_rooms([row])
    message = reason.pop("message", "")
    known = {name: reason[name] for name in (*FACTS, *reason) if reason.get(name) is not None}
    if known.get("is_any_room_allowed") is True:
        known.pop("allowed_rooms", None)
    facts = [(FACTS.get(name, name), fact_in_words(row, name, value)) for name, value in known.items()]
    return render_to_string("admin/matching/reason.html", {"message": message, "facts": facts})


def fact_in_words(row: Any, name: str, value: Any) -> SafeString | str:
    """Write a fact for people; one that this version does not know, as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if is_rooms(name, value):
        rooms = ((room_link(row, pk) if (pk := parse_uuid(each)) else each,) for each in value)
        return format_html_join(", ", "{}", rooms) or "none"
    if name in FOUND_IN and isinstance(value, str):
        found_in = reverse(f"admin:matching_{FOUND_IN[name]}_changelist")
        return format_html('<a href="{}?{}">{}</a>', found_in, urlencode({"q": value}), value)
    if name.endswith("_at") and isinstance(value, str):
        try:
            return to_milliseconds(datetime.fromisoformat(value).astimezone(UTC))
        except ValueError:
            return value
    if name.endswith("_seconds") and isinstance(value, int | float):
        return duration(timedelta(seconds=value)) if value > 0 else "nothing: it began at that very moment"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def tell_errors(errors: Any) -> str:
    """Tell what was wrong with which attribute."""
    if not errors:
        return "-"
    told = [(", ".join(path), sentence) for path, sentence in faults(errors)]
    return render_to_string("admin/matching/errors.html", {"errors": told})
