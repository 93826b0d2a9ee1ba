"""The middleware that only pages for people need: sessions, logins, forms, messages.

The API knows its callers by their tokens; it need not pay for any of this.
"""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware

from goalsvc.orgs.history import is_page


class ForPages:
    """Lets every request pass by, but for those of a page (mixed into a middleware of Django's)."""

    get_response: Any  # the middleware's

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith("/admin"):
            return super().__call__(request)  # type: ignore[misc] # the middleware's
        return self.get_response(request)


class Marked:
    """Lets the history know that a change comes through a page (mixed into a middleware of Django's)."""

    def __call__(self, request: HttpRequest) -> Any:
        token = is_page.set(True)
        try:
            return super().__call__(request)  # type: ignore[misc] # the middleware's
        finally:
            is_page.reset(token)


class PageSessionMiddleware(ForPages, Marked, SessionMiddleware):
    pass


class PageCsrfMiddleware(ForPages, CsrfViewMiddleware):
    pass


class PageAuthenticationMiddleware(ForPages, AuthenticationMiddleware):
    pass


class PageMessageMiddleware(ForPages, MessageMiddleware):
    pass
