"""The permission of a view that names none."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module, as a default of its own


class Nobody(BasePermission):
    """Lets nobody in, so that a view without a rule is closed rather than open."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return False
