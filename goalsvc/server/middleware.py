"""Middleware of the admin's pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from goalsvc.orgs.history import current_page

ADMIN = "/admin/"


class AdminSlashMiddleware:
    """Redirects `/admin` to `/admin/`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == ADMIN[:-1]:
            return HttpResponseRedirect(ADMIN)
        return self.get_response(request)


class CurrentPageMiddleware:
    """Sets `current_page`, which the history and pages ask for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = current_page.set(request)
        try:
            return self.get_response(request)
        finally:
            current_page.reset(token)
