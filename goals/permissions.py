"""The permission that managing goals takes, on top of access and subscription."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from goalsvc.orgs.models import User
from goalsvc.orgs.scopes import Scope


class SettingsScope(BasePermission):
    """The caller holds the `settings` scope."""

    code = "settings_permission_required"
    message = "This takes the settings permission in the organization."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and request.user.has_scope(Scope.SETTINGS)
