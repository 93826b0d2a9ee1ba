"""What happens to every request: its id, its line in the log, its body's length, its way to the view."""

import logging
import re
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import lru_cache
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.exception import convert_exception_to_response
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import ResolverMatch, get_resolver
from django.utils.module_loading import import_string
from rest_framework.request import Request
from uuid_utils.compat import uuid7

from goalsvc.api.errors import HTTPSRequired, LengthRequired, handle, server_error
from goalsvc.api.fields import parse_uuid

logger = logging.getLogger(__name__)

# Of a Content-Length. Python refuses to read a number of thousands of digits; too large is too large.
MOST_DIGITS = 18

# All that programs call, but not the page that documents it.
FOR_PROGRAMS = re.compile(r"/api(?!/v5/docs$)(/|$)")

# What the server says of a request in its environment. That it must be refused, by which exception:
REFUSAL = "goalsvc.refusal"
# That its body has not come yet: to read it ends this look at the request (goalsvc.server.reception).
AWAITED = "goalsvc.awaited"
# That the application takes this body as a file, of at most so many bytes (goalsvc.server.uploads).
UPLOAD = "goalsvc.upload"
SEEN = "goalsvc.seen"  # that it was looked at before, without its body
# For how many seconds the answer is to be kept back: whoever asks without pause is slowed down by it.
KEPT_BACK = "goalsvc.kept_back"

# What a caller's own request id may look like; anything else could forge log lines or headers.
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")

current_request_id: ContextVar[str | None] = ContextVar("current_request_id", default=None)

NOTES = "notes_for_log"  # the attribute of a request that has what its line of the log says besides

DATABASE_SECONDS = "database_seconds"  # and the one that has how long its statements took


def note(request: HttpRequest | Request, **facts: Any) -> None:
    """Add facts to the request's line of the log, such as what was decided: ids and words, no identities."""
    of = getattr(request, "_request", request)
    setattr(of, NOTES, {**getattr(of, NOTES, {}), **facts})


# An address as some gateways write it into X-Forwarded-For: `198.51.100.7:51234`, `[2001:db8::7]:51234`.
WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|([0-9.]+):\d+")

# How many bits of an address a log may have that is not to tell who it was: a provider's network.
SHORTENED_BITS = {4: 24, 6: 48}

GetResponse = Callable[[HttpRequest], Any]


class RequestMiddleware:
    """The outermost middleware: names the request, lets it through and logs one line about it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        others = settings.MIDDLEWARE[settings.MIDDLEWARE.index(f"{__name__}.{type(self).__name__}") + 1 :]
        self.short_way = ShortWay([name for name in others if name not in settings.PAGE_MIDDLEWARE]).answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        sent = request.META.get("HTTP_X_REQUEST_ID")
        request_id = sent if sent and SANE_REQUEST_ID.fullmatch(sent) else str(uuid7())
        token = current_request_id.set(request_id)
        queries = 0
        waited = 0.0  # for the database, in seconds

        def count(execute: Callable[..., Any], *args: Any) -> Any:
            nonlocal queries, waited
            queries += 1
            began = time.perf_counter()
            try:
                return execute(*args)
            finally:
                waited += time.perf_counter() - began

        started = time.perf_counter()
        try:
            drop_trailing_slash(request)
            measure_body(request)
            response: HttpResponseBase
            with connection.execute_wrapper(count):
                if (refusal := refusal_of(request)) is not None:
                    response = handle(refusal, {}) or server_error(request)
                elif request.path_info == "/" or request.path_info.startswith(settings.PAGES):
                    response = self.get_response(request)
                else:
                    response = self.short_way(request)
            response["X-Request-ID"] = request_id
            route = request.resolver_match
            # Empty where it is no UUID: whatever else an address says may be an identity.
            organization = parse_uuid(route.kwargs.get("organization_id", "")) if route else None
            fields = {
                "method": request.method,
                "route": f"/{route.route}" if route else None,
                "organization": str(organization or "") if route else None,
                "status": response.status_code,
                "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                "queries": queries,
                "database_ms": round(waited * 1000, 1),
                "client": shown_address(connected_from(request), settings.LOG_CLIENT_ADDRESS),
                **({"code": code} if (code := code_of(response)) else {}),
                **getattr(request, NOTES, {}),
            }
            logger.info("request", extra={"fields": fields})
            setattr(request, DATABASE_SECONDS, waited)
            return response
        finally:
            current_request_id.reset(token)


def code_of(response: HttpResponseBase) -> str | None:
    """Return the `code` of an answer that is an error; errors by field have none, and one here."""
    data = getattr(response, "data", None) if response.status_code >= 400 else None
    if not isinstance(data, dict):
        return None
    code = data.get("code")
    return str(code) if isinstance(code, str) else "validation_error" if response.status_code == 400 else None


def connected_from(request: HttpRequest) -> tuple[str, str]:
    """Return what tells a client's address: what the outermost of our proxies says, and who connected.

    Each proxy appends an address to X-Forwarded-For, and what stands before those of ours can be forged.
    """
    meta = request.META
    count = settings.PROXY_COUNT
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if count else []
    return forwarded[-count] if 0 < count <= len(forwarded) else "", meta.get("REMOTE_ADDR", "")


def address_of(told: tuple[str, str]) -> IPv4Address | IPv6Address | None:
    """Return the client's address by `connected_from`; None when the connection has none."""
    seen, connected = told
    address = read_address(seen) or read_address(connected)
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    found = WITH_PORT.fullmatch(text.strip())
    try:
        return ip_address(found[1] or found[2] if found else text.strip())
    except ValueError:
        return None


@lru_cache(maxsize=256)
def shown_address(told: tuple[str, str], extent: str) -> str | None:
    """Return what the log has of a client's address (LOG_CLIENT_ADDRESS)."""
    address = address_of(told) if extent != "NONE" else None
    if address is None or extent == "WHOLE":
        return str(address) if address else None
    return str(ip_network((address, SHORTENED_BITS[address.version]), strict=False))


def refusal_of(request: HttpRequest) -> Exception | None:
    """Return why a request is refused whatever it asks for; None if it is not."""
    refusal: Exception | None = request.META.get(REFUSAL)
    if refusal is None and settings.HTTPS and not request.is_secure():
        return HTTPSRequired() if FOR_PROGRAMS.match(request.path_info) else None
    return refusal


def drop_trailing_slash(request: HttpRequest) -> None:
    """Serve `/goals/` as `/goals`: a redirect would lose method and body. The admin keeps its slashes."""
    path = request.path_info
    if len(path) > 1 and path.endswith("/") and not path.startswith("/admin"):
        request.path_info = path[:-1]


def measure_body(request: HttpRequest) -> None:
    """Give a body of unannounced length (`Transfer-Encoding: chunked`) a length.

    Django reads only as many bytes as are announced, so it would look empty. `serve` announces each. A server
    that hands over such bodies says so (`wsgi.input_terminated`); others show them as empty.
    """
    meta = request.META
    length = meta.get("CONTENT_LENGTH") or ""
    if len(length) > MOST_DIGITS and length.isdecimal():
        meta["CONTENT_LENGTH"] = "9" * MOST_DIGITS
    if length or REFUSAL in meta or "chunked" not in meta.get("HTTP_TRANSFER_ENCODING", "").lower():
        return
    if not meta.get("wsgi.input_terminated"):
        meta[REFUSAL] = LengthRequired()
        return
    stream: Any = meta["wsgi.input"]
    try:
        body = stream.read(settings.MAX_BATCH_BODY_BYTES + 1)
    except OSError:
        # The client is gone. The parser, which reads the stream again, answers that.
        meta["CONTENT_LENGTH"] = "1"
        request._stream = stream
        return
    # Of one that is too large for memory the rest is not read: only an address that takes files goes on.
    meta["CONTENT_LENGTH"] = str(len(body))
    is_whole = len(body) <= settings.MAX_BATCH_BODY_BYTES
    request._stream = BytesIO(body) if is_whole else cast(BinaryIO, Begun(body, stream))


class Begun:
    """A body of which the beginning is read, and the rest is still in the stream."""

    def __init__(self, beginning: bytes, rest: Any) -> None:
        self.beginning = BytesIO(beginning)
        self.rest = rest

    def read(self, *size: int) -> bytes:
        part = self.beginning.read(*size)
        return part if part and size else part + self.rest.read(*size)


class ShortWay:
    """Calls a view through the middleware that follows the first, without that of pages.

    It stands in for Django's own chain: `settings.MIDDLEWARE` without `settings.PAGE_MIDDLEWARE`, with the
    hooks `process_view` and `process_exception`, and addresses that are resolved once. It saves a
    goal GET and a match POST 10 % of their processor time (docs/layers.md); a chain of Django's that can
    differ by address would let it go.
    """

    def __init__(self, middleware: Sequence[str]) -> None:
        """Args: middleware: classes or functions by their dotted names, the outermost first."""
        self.view_hooks: list[Callable[..., HttpResponseBase | None]] = []
        self.exception_hooks: list[Callable[..., HttpResponseBase | None]] = []
        chain: GetResponse = convert_exception_to_response(self.call_view)
        for name in reversed(middleware):
            try:
                made = import_string(name)(chain)
            except MiddlewareNotUsed:
                continue
            if hasattr(made, "process_view"):
                self.view_hooks.insert(0, made.process_view)
            if hasattr(made, "process_exception"):
                self.exception_hooks.append(made.process_exception)
            chain = convert_exception_to_response(made)
        self.answer = chain

    def call_view(self, request: HttpRequest) -> HttpResponseBase:
        """Answer by the view of the request's address. Raises: Http404 where there is none."""
        path = request.path_info
        # An identity is not kept anywhere but where it belongs, not even in memory.
        is_usual = len(path) < 200 and "/visitor_" not in path
        request.resolver_match = match = find_view(path) if is_usual else get_resolver().resolve(path)
        try:
            for hook in self.view_hooks:
                if (response := hook(request, match.func, match.args, match.kwargs)) is not None:
                    return response
            answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        except Exception as error:
            for hook in self.exception_hooks:
                if (response := hook(request, error)) is not None:
                    return response
            raise
        if isinstance(answer, SimpleTemplateResponse):  # that of DRF, from a view that is not of ours
            answer.render()
        return answer


@lru_cache(maxsize=2048)  # the same organizations and goals are named again and again
def find_view(path: str) -> ResolverMatch:
    return get_resolver().resolve(path)
