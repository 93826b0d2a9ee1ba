"""Every error answer of the service: `{"detail", "code"}`, or fields with their sentences; always JSON."""

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError

from goalsvc.api.rendering import Response
from goalsvc.database import lifecycle
from goalsvc.database.connection import OUTDATED, UnansweredError

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2

# statement_timeout and lock_timeout of PostgreSQL; the transaction is rolled back.
TIMEOUTS = frozenset({"57014", "55P03"})


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

    def __init__(self) -> None:
        super().__init__(
            f"The body did not arrive within {settings.BODY_TIMEOUT_SECONDS} seconds. Nothing was done."
        )


class HTTPSRequired(APIException):
    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "https_required"
    default_detail = "This service is reached through https:// alone. Nothing was done; change the address."


class ServiceUnavailable(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "service_unavailable"
    default_detail = "The database cannot be used right now. Try again shortly."
    wait = RETRY_AFTER_SECONDS


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
    """Turn an exception of a view into its answer; None (a 500) for an unexpected one.

    Installed as Django REST framework's EXCEPTION_HANDLER.
    """
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif is_database_unavailable(exc):
        note_unavailable_database(exc)
        exc = unavailability(exc)()
    if not isinstance(exc, APIException):
        return None
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(wait)
    return Response(body_of(exc), status=exc.status_code, headers=headers)


def is_database_unavailable(exc: BaseException | None) -> bool:
    """Tell whether the database caused the error: it is away, restarting, full, read-only or too slow."""
    if isinstance(exc, (OperationalError, InterfaceError)) or is_read_only(exc):
        return True
    return sqlstate_of(exc) in OUTDATED  # inside a transaction the statement cannot be prepared anew


def unavailability(exc: BaseException | None) -> type[ServiceUnavailable]:
    """Return the kind of 503 that answers an error of the database."""
    if isinstance(exc, DatabaseError) and isinstance(exc.__cause__, UnansweredError):
        return Unanswered
    return Timeout if sqlstate_of(exc) in TIMEOUTS else ServiceUnavailable


def sqlstate_of(exc: BaseException | None) -> str | None:
    cause = exc.__cause__ if isinstance(exc, DatabaseError) else None
    return getattr(cause, "sqlstate", None)


def is_read_only(exc: BaseException | None) -> bool:
    return isinstance(exc, DatabaseError) and isinstance(exc.__cause__, psycopg.errors.ReadOnlySqlTransaction)


def note_unavailable_database(exc: BaseException | None) -> None:
    """Log it, and close pooled connections that no longer work, before other requests get them."""
    logger.error("database unavailable: %s", type(exc.__cause__ or exc).__name__ if exc else None)
    if unavailability(exc) is Timeout:
        return  # the connection still works
    lifecycle.forget_dead_connections(including_this=is_read_only(exc))


def body_of(exc: APIException) -> dict[str, Any]:
    """Return the JSON body of an API exception."""
    if isinstance(exc, ValidationError):
        if isinstance(exc.detail, dict):
            return exc.detail
        return {"non_field_errors": exc.detail}
    detail = exc.detail
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        detail = detail[0]
    assert isinstance(detail, ErrorDetail)
    # DRF's own sentences quote headers unescaped.
    return {"detail": printable(detail), "code": detail.code}


def json_error(status_code: int, code: str, detail: str) -> HttpResponse:
    """Build an error answer outside the API's views."""
    return Response({"detail": detail, "code": code}, status=status_code)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Installed as handler400: answers what Django itself refuses, such as an unknown Host."""
    if is_page(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, DisallowedHost):
        name = quoted(request.META.get("HTTP_HOST", ""))
        detail = (
            f"The service does not go by the name {name}, which the Host "
            "header says. If it should, its operator adds the name to ALLOWED_HOSTS."
        )
    else:
        detail = "The request was refused: " + type(exception).__name__ + "."
    return json_error(400, "bad_request", detail)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Installed as handler403. Only the admin gets here; its pages stay HTML."""
    if is_page(request):
        return defaults.permission_denied(request, exception)
    return json_error(403, "permission_denied", "You do not have permission to perform this action.")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Installed as handler404: JSON for every unrouted path outside the admin."""
    if is_page(request):
        return defaults.page_not_found(request, exception)
    return json_error(404, "not_found", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Installed as handler500. The cause is in the log alone, under the request's id.

    It answers 503 for errors of the database outside the API's views (inside, `handle` does).
    """
    exc = sys.exc_info()[1]
    if is_database_unavailable(exc):
        note_unavailable_database(exc)
        return unavailable(request, unavailability(exc))
    if is_page(request):
        return defaults.server_error(request)
    return json_error(500, "internal_error", "Something went wrong on our side; the log has the details.")


def unavailable(request: HttpRequest, kind: type[ServiceUnavailable]) -> HttpResponse:
    detail, code = kind.default_detail, kind.default_code
    if is_page(request):
        response = HttpResponse(detail, status=503, content_type="text/plain; charset=utf-8")
    else:
        response = json_error(503, code, detail)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def is_page(request: HttpRequest) -> bool:
    """Tell whether a person with a browser is asking, rather than a program."""
    return request.path_info.startswith("/admin/")
