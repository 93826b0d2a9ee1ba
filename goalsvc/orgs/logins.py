"""What guards the admin's login against guessing, and the API against logins.

django-axes counts failures by client and e-mail address, and here by client alone. The counts are in the
database, so that every worker and replica knows them. The API, which knows its callers by their tokens, takes
no part.
"""

import threading
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
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

from goalsvc.api.requests import KEPT_BACK
from goalsvc.orgs.passwords import BusyError

LOGIN = "/admin/login/"

# How many logins a worker has in work at a time: one is hashed, the others wait or ask the database.
LOGINS_AT_ONCE = 4

# How long the answer to a refused login is kept back, without a thread.
SECONDS_KEPT_BACK = 1.0

LOGIN_RETRY_SECONDS = 5

_free = threading.BoundedSemaphore(LOGINS_AT_ONCE)


class LoginMiddleware:
    """Refuses logins that are too many at once with 429, before anything is done for them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info != LOGIN or request.method != "POST":
            return self.get_response(request)
        if not _free.acquire(blocking=False):
            return busy(request)
        try:
            return self.get_response(request)
        finally:
            _free.release()

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer where a password, of a login or another form, could not be hashed in time."""
        return busy(request) if isinstance(exception, BusyError) else None


def busy(request: HttpRequest) -> HttpResponse:
    """Build the page that says that there are too many logins at this moment."""
    request.META[KEPT_BACK] = SECONDS_KEPT_BACK
    headers = {"Retry-After": str(LOGIN_RETRY_SECONDS), "Cache-Control": "no-store"}
    return HttpResponse(render_to_string("429.html"), status=429, headers=headers)


class FailureCounts(AxesDatabaseHandler):  # type: ignore[misc] # axes has no types
    """Counts the failures of a client with all e-mail addresses too.

    Not by AXES_LOCKOUT_PARAMETERS: those have one limit, and a login that succeeds would forgive the others.
    """

    def get_failures(self, request: Any, credentials: Any = None) -> int:
        failures: int = super().get_failures(request, credentials)
        if self.failures_of_client(request) >= settings.LOGIN_FAILURES_OF_CLIENT:
            return max(failures, settings.AXES_FAILURE_LIMIT)
        return failures

    def failures_of_client(self, request: Any) -> int:
        if request.axes_ip_address is None:  # not known, so anybody's
            return 0
        attempts = AccessAttempt.objects.filter(
            ip_address=request.axes_ip_address, attempt_time__gte=get_cool_off_threshold(request)
        )
        return attempts.aggregate(failures=Sum("failures_since_start"))["failures"] or 0


def client_address(request: HttpRequest) -> str | None:
    """Return the address whose failures are counted together; None when the connection has none.

    A client that has IPv6 has a whole network of addresses (64 bits), so that counts as one.
    """
    connected = request.META.get("REMOTE_ADDR", "")
    address = read_address(forwarded_for(request)) or read_address(connected)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Network((address, 64), strict=False).network_address
    return str(address) if address else None


def forwarded_for(request: HttpRequest) -> str:
    """Return the client as the outermost of our own proxies has met it; empty without proxies.

    Each proxy adds an address at the end of X-Forwarded-For; what stands before ours anybody can send.
    """
    addresses = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    count = settings.PROXY_COUNT
    return addresses[-count] if 0 < count <= len(addresses) else ""


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip())
    except ValueError:
        return None


def login_name(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str:
    """Return the e-mail address whose failures are counted together, however it is written.

    Upper case first: users are found without regard to case, which makes more letters alike than lower case.
    """
    given = (credentials or request.POST).get("username") or ""
    return str(given).strip().upper().lower()


def locked_out(request: HttpRequest, response: HttpResponse, credentials: Any) -> HttpResponse:
    """Build the page that says why no password is tried any more, and until when."""
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
