"""Limits failed logins to the admin, and the load that logins may cause.

django-axes counts failures by client and e-mail address; FailureCounts adds a count by client alone. The
counts are in the database, so that all workers and replicas share them. The API has no logins.
"""

import threading
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, IPv6Network
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.template.response import TemplateResponse

from goalsvc.api.requests import KEPT_BACK, address_of, connected_from
from goalsvc.orgs.passwords import BusyError

# Whose POSTs are limited.
LOGIN = "/admin/login/"
RESET = "/admin/password_reset/"

# Logins that a worker handles at a time. It hashes one password at a time; the others wait or query.
LOGINS_AT_ONCE = 4

# Delay of the answer to a refused login; it takes no thread.
SECONDS_KEPT_BACK = 1.0

LOGIN_RETRY_SECONDS = 5

_free = threading.BoundedSemaphore(LOGINS_AT_ONCE)


class LoginMiddleware:
    """Answers 429 at once while LOGINS_AT_ONCE are in work, requests for a new password among them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in (LOGIN, RESET) or request.method != "POST":
            return self.get_response(request)
        if not _free.acquire(blocking=False):
            return busy(request)
        try:
            return self.get_response(request)
        finally:
            _free.release()

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 429 where a password, of a login or another form, could not be hashed in time."""
        return busy(request) if isinstance(exception, BusyError) else None


def busy(request: HttpRequest) -> HttpResponse:
    """Build the page of a 429 for too many logins at once."""
    request.META[KEPT_BACK] = SECONDS_KEPT_BACK
    headers = {"Retry-After": str(LOGIN_RETRY_SECONDS), "Cache-Control": "no-store"}
    return HttpResponse(render_to_string("429.html"), status=429, headers=headers)


class FailureCounts(AxesDatabaseHandler):  # type: ignore[misc] # axes has no types
    """Counts a client's failures with all e-mail addresses too.

    AXES_LOCKOUT_PARAMETERS could not: they share one limit, and a successful login would reset the count.
    """

    def get_failures(self, request: Any, credentials: Any = None) -> int:
        failures: int = super().get_failures(request, credentials)
        address = request.axes_ip_address
        if address is None:  # unknown: it would be everybody's count
            return failures
        attempts = AccessAttempt.objects.filter(
            ip_address=address, attempt_time__gte=get_cool_off_threshold(request)
        )
        of_client = attempts.aggregate(failures=Sum("failures_since_start"))["failures"] or 0
        is_locked_out = of_client >= settings.LOGIN_FAILURES_OF_CLIENT
        return max(failures, settings.AXES_FAILURE_LIMIT) if is_locked_out else failures


def client_address(request: HttpRequest) -> str | None:
    """Return the address that failures are counted by; None when the connection has none.

    An IPv6 client has a whole /64 network, so that is counted as one address.
    """
    address = address_of(connected_from(request))
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False).network_address)
    return str(address) if address else None


def login_name(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str:
    """Return the e-mail address that failures are counted by."""
    return folded(str((credentials or request.POST).get("username") or ""))


def folded(name: str) -> str:
    """Fold an e-mail address as users are looked up.

    Upper case first, as Django's `iexact` compares UPPER(), which equates more letters than LOWER().
    """
    return name.strip().upper().lower()


def locked_out(request: HttpRequest, response: HttpResponse, credentials: Any) -> HttpResponse:
    """Build the page of a lock-out, which says how long it lasts."""
    wait = settings.AXES_COOLOFF_TIME
    request.META[KEPT_BACK] = SECONDS_KEPT_BACK
    return TemplateResponse(
        request,
        "admin/locked_out.html",
        {
            **admin.site.each_context(request),
            "title": "Too many failed logins",
            "minutes": int(wait.total_seconds() // 60),
        },
        status=429,
        headers={"Retry-After": str(int(wait.total_seconds())), "Cache-Control": "no-store"},
    ).render()
