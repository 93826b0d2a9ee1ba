"""Every error answer of the service: `{"detail", "code"}`, or fields with their sentences; always JSON."""

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError

from goalsvc.api.rendering import Response
from goalsvc.database import lifecycle
from goalsvc.database.connection import OUTDATED, UnansweredError

logger = logging.getLogger(__name__)

# statement_timeout and lock_timeout of PostgreSQL; the transaction is rolled back.
TIMEOUTS = frozenset({"57014", "55P03"})
READ_ONLY = "25006"  # a server that has become a standby


class PayloadTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "payload_too_large"

    def __init__(self, limit: int, unit: str = "bytes") -> None:
        than = "is larger than" if unit == "bytes" else "has more than"
        super().__init__(f"The request body {than} {limit} {unit}.")


def invalid_token() -> exceptions.AuthenticationFailed:
    """Build the 401 of a token that does not work, the same for every reason."""
    return exceptions.AuthenticationFailed("The API token is unknown, revoked or expired.", "invalid_token")


class RateLimited(APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "rate_limited"

    def __init__(self, requests: int, period: str, wait: int) -> None:
        super().__init__(f"This API token may make {requests} requests a {period}. Nothing was done.")
        self.wait = wait


class RequestTimeout(APIException):
    status_code = status.HTTP_408_REQUEST_TIMEOUT
    default_code = "request_timeout"
    default_detail = (
        f"The body did not arrive within {settings.BODY_TIMEOUT_SECONDS} seconds. Nothing was done."
    )


class LengthRequired(APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = (
        "The server takes no body without an announced length (Transfer-Encoding: chunked). Nothing was "
        "done; send the Content-Length."
    )


class HTTPSRequired(APIException):
    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "https_required"
    default_detail = "This service is reached through https:// alone. Nothing was done; change the address."


class ServiceUnavailable(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "service_unavailable"
    default_detail = "The database cannot be used right now. Try again shortly."
    wait = 2  # seconds


class Timeout(ServiceUnavailable):
    default_code = "timeout"
    default_detail = "The request took too long and was given up; nothing was written. Try again shortly."


class Unanswered(ServiceUnavailable):
    """The server stopped answering, so whether the statement was committed is unknown."""

    default_code = "timeout"
    default_detail = (
        "The database did not answer, and the request was given up. It may have been written all the same: "
        "send it again with the same external_id or Idempotency-Key."
    )


def field_error(field: str, *sentences: str) -> ValidationError:
    """Build the 400 that says of `field` what is wrong with it."""
    return ValidationError({field: list(sentences)})


def quoted(value: object, limit: int = 64) -> str:
    """Quote what a client sent, inside a sentence: shortened, and always printable as UTF-8."""
    return f"“{printable(str(value), limit)}”"


def printable(text: str, limit: int = 1000) -> str:
    """Shorten what may hold anything a client sent, and replace what is not printable as UTF-8."""
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def handle(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn an exception of a view into its answer; None (a 500) for an unexpected one. EXCEPTION_HANDLER."""
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif kind := unavailability(exc):
        note_unavailable_database(exc)
        exc = kind()
    return answer_of(exc) if isinstance(exc, APIException) else None


def answer_of(exc: APIException) -> Response:
    """Return the answer that tells an exception."""
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(wait)
    return Response(body_of(exc), status=exc.status_code, headers=headers)


def body_of(exc: APIException) -> dict[str, Any]:
    """Return the JSON body of an API exception."""
    detail = exc.detail
    if isinstance(exc, ValidationError):
        return detail if isinstance(detail, dict) else {"non_field_errors": detail}
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        detail = detail[0]
    assert isinstance(detail, ErrorDetail)
    # DRF's own sentences quote headers unescaped.
    return {"detail": printable(detail), "code": detail.code}


def unavailability(exc: BaseException | None) -> type[ServiceUnavailable] | None:
    """Return the 503 for a database that is away, restarting, full, read-only or slow; None for others."""
    if isinstance(exc, DatabaseError) and isinstance(exc.__cause__, UnansweredError):
        return Unanswered
    state = sqlstate_of(exc)
    if state in TIMEOUTS:
        return Timeout
    # Of OUTDATED: inside a transaction the statement cannot be prepared anew.
    is_refused = isinstance(exc, (OperationalError, InterfaceError)) or state in {READ_ONLY, *OUTDATED}
    return ServiceUnavailable if is_refused else None


def sqlstate_of(exc: BaseException | None) -> str | None:
    return getattr(exc.__cause__, "sqlstate", None) if isinstance(exc, DatabaseError) else None


def note_unavailable_database(exc: BaseException | None) -> None:
    """Log it, and close pooled connections that no longer work, before other requests get them."""
    logger.error("database unavailable: %s", type(exc.__cause__ or exc).__name__ if exc else None)
    if unavailability(exc) is not Timeout:  # after that, the connection still works
        lifecycle.forget_dead_connections(including_this=sqlstate_of(exc) == READ_ONLY)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Installed as handler400: answers what Django itself refuses, such as an unknown Host."""
    if is_page(request):
        return defaults.bad_request(request, exception)
    detail = f"The request was refused: {type(exception).__name__}."
    if isinstance(exception, DisallowedHost):
        name = quoted(request.META.get("HTTP_HOST", ""))
        detail = (
            f"The service does not go by the name {name}, which the Host "
            "header says. If it should, its operator adds the name to ALLOWED_HOSTS."
        )
    return answer_of(exceptions.ParseError(detail, "bad_request"))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Installed as handler404: JSON for every unrouted path outside the admin."""
    if is_page(request):
        return defaults.page_not_found(request, exception)
    return answer_of(nothing_there())


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Installed as handler500. The cause is in the log alone, under the request's id.

    It answers 503 for errors of the database outside the API's views (inside, `handle` does).
    """
    return refuse(request, refusal_for(sys.exc_info()[1]))


def refuse(request: HttpRequest, refusal: APIException) -> HttpResponseBase:
    """Return the answer to whoever asks: a page for a person, JSON for a program."""
    if not is_page(request):
        return answer_of(refusal)
    if isinstance(refusal, ServiceUnavailable):
        page = render_to_string("503.html", {"reason": refusal.detail})
        return HttpResponse(page, status=503, headers={"Retry-After": str(refusal.wait)})
    return defaults.server_error(request)


def refusal_for(exc: BaseException | None) -> APIException:
    """Return what answers an exception outside DRF's views: a 503 where it is the database's, else a 500."""
    if isinstance(exc, APIException):
        return exc
    if kind := unavailability(exc):
        note_unavailable_database(exc)
        return kind()
    return APIException("Something went wrong on our side; the log has the details.", "internal_error")


def nothing_there() -> exceptions.NotFound:
    """Build the 404 of an address that is not the service's."""
    return exceptions.NotFound("There is nothing at this address.")


def is_page(request: HttpRequest) -> bool:
    """Tell whether a person with a browser is asking, rather than a program."""
    return request.path_info.startswith("/admin/")
