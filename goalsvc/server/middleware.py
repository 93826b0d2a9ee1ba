"""The middleware that only pages for people need: sessions, logins, forms, messages, what browsers may load.

The API knows its callers by their tokens; it need not pay for any of this.
"""

from collections.abc import Callable
from typing import Any

from axes.middleware import AxesMiddleware
from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware

from goalsvc.orgs.history import current_page

ADMIN = "/admin/"
DOCS = "/api/v5/docs"


class AdminSlashMiddleware:
    """Leads from `/admin`, as people type it, to the admin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == ADMIN[:-1]:
            return HttpResponseRedirect(ADMIN)
        return self.get_response(request)


class ForPages:
    """Lets every request pass by, but for those of a page (mixed into a middleware of Django's)."""

    get_response: Any  # the middleware's
    pages: tuple[str, ...] = (ADMIN,)

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(self.pages):
            return super().__call__(request)  # type: ignore[misc] # the middleware's
        return self.get_response(request)


class Marked:
    """Sets `current_page`, which the history and pages ask for (mixed into a middleware of Django's)."""

    def __call__(self, request: HttpRequest) -> Any:
        token = current_page.set(request)
        try:
            return super().__call__(request)  # type: ignore[misc] # the middleware's
        finally:
            current_page.reset(token)


class PageSessionMiddleware(ForPages, Marked, SessionMiddleware):
    pass


class PageCsrfMiddleware(ForPages, CsrfViewMiddleware):
    pass


class PageAuthenticationMiddleware(ForPages, AuthenticationMiddleware):
    pass


class PageMessageMiddleware(ForPages, MessageMiddleware):
    pass


class PageAxesMiddleware(ForPages, AxesMiddleware):  # type: ignore[misc] # axes has no types
    """Shows the page of goalsvc.orgs.logins.locked_out instead of the login."""


class PagePolicyMiddleware(ForPages, CSPMiddleware):
    """Tells browsers to run and load nothing that is not a file of ours (CONTENT_SECURITY_POLICY)."""

    pages = (ADMIN, DOCS)
