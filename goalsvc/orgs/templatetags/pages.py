"""What the templates of the admin's pages ask of goalsvc.orgs.admin."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from goalsvc.orgs.admin.access import is_allowed
from goalsvc.orgs.admin.display import counted, link_to_user, show_moment, show_number, to_milliseconds
from goalsvc.orgs.scopes import Scope

register = template.Library()
register.simple_tag(counted)
register.filter("link_to_user", link_to_user)
register.filter("to_milliseconds", to_milliseconds)
register.filter("show_moment", show_moment)
register.filter("show_number", show_number)


@register.filter
def allows(request: HttpRequest, scope: str) -> bool:
    """Tell whether the user may do what takes the scope. Raises: ValueError for an unknown one."""
    return is_allowed(request, Scope(scope))


@register.filter
def labelled(cells: Sequence[SafeString], headers: Sequence[Mapping[str, Any]]) -> Iterator[SafeString]:
    """Write into each cell of a list's row the title of its column, which cards on small screens show."""
    for cell, header in zip(cells, headers, strict=True):
        tag, rest = cell[:3], SafeString(cell[3:])  # <td or <th
        title = "" if "<" in header["text"] else capfirst(str(header["text"]))
        is_nothing = strip_tags(cell).strip() in {"", "-"} and "<img" not in cell and "<input" not in cell
        yield format_html(
            '{}{} data-label="{}"{}', SafeString(tag), " data-nothing" if is_nothing else "", title, rest
        )
