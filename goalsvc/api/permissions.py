"""The permission of a view that names none."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class Nobody(BasePermission):
    """Lets nobody in, so that a view without a rule is closed rather than open."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False
