"""How the admin's pages show rows, users and moments."""

from datetime import datetime

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from goalsvc.orgs.history import current_page
from goalsvc.orgs.models import User


def link_to(row: models.Model, text: object = None) -> SafeString:
    """Link to the row's page."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, row if text is None else text)


def link_where_allowed(request: HttpRequest, row: models.Model) -> SafeString:
    """Link to the row's page if the user may open it, else return its name."""
    model = type(row)
    site = admin.site
    if site.is_registered(model) and site.get_model_admin(model).has_view_permission(request, row):
        return link_to(row)
    return format_html("{}", row)


def link_to_user(user: User | None, nobody: str = "-") -> str:
    """Name a user; inside a request of the admin, with a link if its user may open it."""
    page = current_page.get()
    if user is None:
        return nobody
    return str(user) if page is None else link_where_allowed(page, user)


def to_milliseconds(moment: datetime | None) -> str:
    """Write a moment in UTC to the millisecond, because matching compares moments exactly."""
    return "-" if moment is None else moment.isoformat(sep=" ", timespec="milliseconds")[:-6]
