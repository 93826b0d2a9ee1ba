"""Lets the replica answer the admin's pages; installed only where there is one."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS

from goalsvc.api.errors import is_page
from goalsvc.replica.answers import READS, answer
from goalsvc.replica.models import note_write
from goalsvc.replica.standby import standby

# A browser that has it has just changed something, and reads the primary.
COOKIE = "has_just_written"


class ReplicaMiddleware:
    """The innermost middleware of pages: what the others read and write is the primary's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if is_page(request) and request.method not in SAFE_METHODS:
            organization_id = getattr(request.user, "organization_id", None)
            if organization_id is not None:  # colleagues, and the programs of theirs
                note_write(organization_id)
            response.set_cookie(
                COOKIE,
                "1",
                max_age=settings.DATABASE_REPLICA_LAG + 1,  # browsers count in whole seconds
                path="/admin/",
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if not is_page(request) or request.method not in READS or COOKIE in request.COOKIES:
            return None
        if not standby.is_fresh() or not request.user.is_authenticated:  # which the primary is asked for
            return None
        return answer(view, request, *args, **kwargs)
