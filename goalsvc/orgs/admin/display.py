"""How the admin's pages show rows, users, moments and numbers."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from goalsvc.orgs.history import current_page
from goalsvc.orgs.models import User

Column = Callable[[Any, Any], object]


def link_to(row: models.Model, text: object = None) -> SafeString:
    """Link to the row's page."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, row if text is None else text)


def copyable(text: object, name: str) -> SafeString:
    """Show a text that people copy, with a button for it (copy.js); `name` says what is copied."""
    return format_html('<code class="id copyable" data-name="{}">{}</code>', name, text)


def link_to_user(user: User | None, nobody: str = "-") -> str:
    """Name a user; inside a request of the admin, with a link if its user may open it."""
    if user is None:
        return nobody
    page = current_page.get()
    is_open = page is not None and admin.site.get_model_admin(User).has_view_permission(page, user)
    return link_to(user) if is_open else str(user)


def to_milliseconds(moment: datetime | None) -> str:
    """Write a moment in words, to the millisecond, because matching compares moments exactly."""
    return "-" if moment is None else f"{moment:%-d %b %Y %H:%M:%S}.{moment.microsecond // 1000:03} UTC"


def show_moment(moment: datetime | None, nothing: str = "-") -> str:
    """Show a moment, and how long ago it was or how soon it will be. Lists leave out its seconds."""
    if moment is None:
        return nothing
    return format_html(
        '<time datetime="{}" title="{}"><span class="day">{}</span> {}<span class="exact">:{}.{:03}</span>'
        " UTC <small>{}</small></time>",
        moment.isoformat(),
        to_milliseconds(moment),
        f"{moment:%-d %b %Y}",
        f"{moment:%H:%M}",
        f"{moment:%S}",
        moment.microsecond // 1000,
        from_now(moment - timezone.now()),
    )


# The units of spans of time, and how many seconds each has.
UNITS = (("y", 31_557_600), ("mo", 2_629_800), ("d", 86_400), ("h", 3600), ("min", 60))


def from_now(span: timedelta) -> str:
    """Write roughly how far away something is: `2 h ago`, `in 3 d`."""
    seconds = abs(span.total_seconds())
    for unit, length in UNITS:
        if seconds >= length:
            count = f"{int(seconds // length)} {unit}"
            return f"in {count}" if span > timedelta(0) else f"{count} ago"
    return "now"


def show_number(number: Decimal | int | None, note: str = "") -> str:
    """Show a number with thousands separators, and what is to be said of it; columns set it to the right."""
    if number is None:
        return "-"
    return format_html('<span class="number">{}{}</span>', f"{number:,}", note and f" {note}")


def counted(count: int, name: str, plural: str | None = None) -> str:
    """Write how many there are: `1 session`, `1,200 sessions`, `2 identities`."""
    if plural is None:
        plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
    return f"{count:,} {name if count == 1 else plural}"


def first_few(rows: models.QuerySet, limit: int) -> dict[str, Any]:
    """Return as a template's context the first `rows`, and whether there are more: `is_cut`."""
    found = list(rows[: limit + 1])
    return {"rows": found[:limit], "is_cut": len(found) > limit}


def faults(errors: Any, *path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each fault of an answer's nested errors: the path of names to where it is, and the sentence."""
    if isinstance(errors, dict):
        for name, inner in errors.items():
            yield from faults(inner, *path, *([] if name == "non_field_errors" else [str(name)]))
    elif isinstance(errors, list):
        for inner in errors:
            yield from faults(inner, *path)
    else:
        yield path, str(errors)


# Columns of lists and fields of pages, to be attributes of an admin.


def column(title: str, show: Callable[[Any], object], *, ordering: str | None = None) -> Column:
    """Make a column with this title; `show` tells what it shows of a row, `ordering` what it is sorted by."""

    @admin.display(description=title, ordering=ordering)
    def cell(model_admin: Any, row: Any) -> object:
        return show(row)

    return cell


def moment_column(title: str, field: str, nothing: str = "-") -> Column:
    return column(title, lambda row: show_moment(getattr(row, field), nothing), ordering=field)


def number_column(title: str, field: str) -> Column:
    return column(title, lambda row: show_number(getattr(row, field)), ordering=field)


def link_column(title: str, field: str) -> Column:
    """Make a column that links to the row of a foreign key."""
    return column(title, lambda row: link_to(getattr(row, field)) if getattr(row, field) else "-")


def id_column() -> Column:
    """Make the field of a saved row's id, with a button that copies it."""
    return column("id", lambda row: copyable(row.pk, "the id"))


def user_column(title: str, field: str) -> Column:
    return column(title, lambda row: link_to_user(getattr(row, field)))
