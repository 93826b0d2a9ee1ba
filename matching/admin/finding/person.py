"""The page of an identity: everything about the person, newest first, and what can be done about it."""

from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import NotFound

from goalsvc.api.pagination import Cursor, Place, decode_cursor, encode_cursor
from goalsvc.orgs.admin.access import is_allowed
from goalsvc.orgs.scopes import Scope
from matching.admin.explanation import name_rooms
from matching.admin.finding.recognition import Line, recognise
from matching.models import ExternalMatch, VisitorIdentity, VisitorSession
from matching.privacy.person import Occurrence, Person

SHOWN = 50
IDENTITIES = 20


def place_before(request: HttpRequest) -> tuple[Place | None, bool]:
    """Read where the list begins; and whether the address named a place that is none."""
    text = request.GET.get("before")
    if not text:
        return None, False
    try:
        cursor = decode_cursor(text)
    except NotFound:
        return None, True
    return (cursor.moment, cursor.id), False


def describe_person(request: HttpRequest, tie: VisitorIdentity) -> dict[str, Any]:
    """Return the template's context; a fixed number of statements."""
    person = Person(tie.organization, tie.identity)
    before, is_lost = place_before(request)
    found = person.occurrences(before, SHOWN + 1)
    shown = found[:SHOWN]
    others = person.other_identities(IDENTITIES + 1)
    return {
        "person": person,
        "summary": person.summarize(),
        "lines": lines_of(person, shown),
        "is_newest": before is None,
        "is_lost": is_lost,
        "older": encode_cursor(Cursor(False, *shown[-1].place)) if len(found) > SHOWN else "",
        "others": others[:IDENTITIES],
        "has_more_others": len(others) > IDENTITIES,
        "may_correct": is_allowed(request, Scope.SETTINGS),
    }


def lines_of(person: Person, occurrences: list[Occurrence]) -> list[Line]:
    """Tell each occurrence in a line. The identity is that of the page, and not repeated."""
    rows = [occurrence.row for occurrence in occurrences]
    name_rooms(row for row in rows if isinstance(row, VisitorSession))
    restated = person.restated_among([row.pk for row in rows if isinstance(row, ExternalMatch)])
    lines = []
    for row in rows:
        line = recognise(row)
        if isinstance(row, VisitorIdentity):
            line = Line("Became known", line.title, line.moment, line.facts)
        if row.pk in restated:
            line.facts.insert(1, "corrected")
        lines.append(line)
    return lines
