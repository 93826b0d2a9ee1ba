"""Middleware of pages."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from goalsvc.orgs.history import current_page


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
