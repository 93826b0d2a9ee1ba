"""What the templates of the admin's pages ask of goalsvc.orgs.admin."""

from django import template
from django.http import HttpRequest

from goalsvc.orgs.admin.access import is_allowed
from goalsvc.orgs.admin.display import link_to_user, to_milliseconds
from goalsvc.orgs.scopes import Scope

register = template.Library()
register.filter("link_to_user", link_to_user)
register.filter("to_milliseconds", to_milliseconds)


@register.filter
def allows(request: HttpRequest, scope: str) -> bool:
    """Tell whether the user may do what takes the scope. Raises: ValueError for an unknown one."""
    return is_allowed(request, Scope(scope))
