"""What templates ask of goalsvc.orgs.admin.access."""

from django import template
from django.http import HttpRequest

from goalsvc.orgs.admin.access import is_allowed
from goalsvc.orgs.scopes import Scope

register = template.Library()


@register.filter
def allows(request: HttpRequest, scope: str) -> bool:
    """Tell whether the user may do what takes the scope. Raises: ValueError for an unknown one."""
    return is_allowed(request, Scope(scope))
