"""What guards the admin's login against guessing: django-axes counts failures by client and e-mail address.

The counts are in the database, so that every worker and replica knows them. The API, which knows its callers
by their tokens, takes no part.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse


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
