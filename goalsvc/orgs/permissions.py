"""May the caller act in the organization of the URL? No query: authentication has loaded all it takes.

The order of a view's permission classes is the order of the contract's checks. A `code` and a `message`
become the 403's body; before any of them, an anonymous caller gets 401.
"""

from functools import cache

from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from goalsvc.orgs.models import User
from goalsvc.orgs.scopes import Scope


class OrganizationAccess(BasePermission):
    """The organization of the URL is the caller's own. One answer for a foreign and an unknown one."""

    code = "organization_access_denied"
    message = "You do not have access to this organization."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return (
            isinstance(request.user, User)
            and request.user.organization_id is not None
            and str(request.user.organization_id) == view.kwargs["organization_id"].lower()
        )


class ActiveSubscription(BasePermission):
    """The organization has a subscription that covers today (UTC)."""

    code = "subscription_inactive"
    message = "The organization has no active subscription."

    def has_permission(self, request: Request, view: APIView) -> bool:
        organization = request.user.organization if isinstance(request.user, User) else None
        return organization is not None and organization.is_subscription_active(on=timezone.now().date())


@cache
def HasScope(scope: Scope) -> type[BasePermission]:  # noqa: N802 - it stands among classes, and makes one
    """Make the permission class that lets in callers who hold the permission scope."""

    class ScopePermission(BasePermission):
        code = f"{scope.value}_permission_required"
        message = f"This takes the {scope.value} permission in the organization."

        def has_permission(self, request: Request, view: APIView) -> bool:
            return isinstance(request.user, User) and request.user.has_scope(scope)

    return ScopePermission
