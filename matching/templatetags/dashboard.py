"""The dashboard as a tag, so that the index of the admin stays a page of Django's own site."""

from typing import Any

from django import template

from matching.admin.dashboard import describe

register = template.Library()


@register.inclusion_tag("admin/matching/dashboard.html", takes_context=True)
def dashboard(context: dict[str, Any]) -> dict[str, Any]:
    """Show the dashboard. Raises: PermissionDenied unless the user may see reports."""
    return describe(context["request"])
