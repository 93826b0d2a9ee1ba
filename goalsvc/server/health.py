"""The probes: is the process alive, and can it serve? Without credentials."""

from collections.abc import Callable

from django.core.exceptions import MiddlewareNotUsed
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.utils import timezone
from rest_framework.permissions import AllowAny

from goalsvc.api.errors import ServiceUnavailable, refuse, unavailability
from goalsvc.api.rendering import Response
from goalsvc.api.viewsets import APIView, Request
from goalsvc.database import lifecycle
from goalsvc.database.fitness import QUESTIONS, fault, migrations
from goalsvc.database.statements import Statement
from goalsvc.orgs.callers import AUTHENTICATE, fetch_first

# What is asked from inside, often by an address and not by a name; /metrics has a secret of its own.
FROM_INSIDE = frozenset({"/healthz", "/readyz", "/metrics"})
IS_READ_ONLY = Statement("SHOW transaction_read_only")
FITNESS = Statement(QUESTIONS)
PATIENCE_SECONDS = 2.0  # for a probe's statements: probers themselves give up after a few seconds


class HostMiddleware(CommonMiddleware):
    """Checks ALLOWED_HOSTS, except for probes and Prometheus, which often send an IP address or no Host."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        return None if request.path_info in FROM_INSIDE else super().process_request(request)


class NotMigrated(ServiceUnavailable):
    default_detail = "The database has not been migrated to this version yet. Try again shortly."


class MigrationsMiddleware:
    """Refuses requests until the migrations are applied that `serve --no-migrate` has found missing.

    A version on the schema of an older one might answer, and write what it should not have.
    """

    is_needed = False  # set by serve, before the middleware is made

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not self.is_needed:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.is_migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not self.is_migrated and request.path_info not in FROM_INSIDE:
            # Asked for each request: once /readyz has answered 200, none is refused.
            self.is_migrated = not migrations().missing
            if not self.is_migrated:
                return refuse(request, NotMigrated())
        return self.get_response(request)


class ProbeView(APIView):
    """Open to everybody; GET and HEAD alone."""

    authentication_classes = []
    permission_classes = [AllowAny]
    http_method_names = ["get", "head"]
    schema = None


class LivenessView(ProbeView):
    def get(self, request: Request) -> Response:
        """Answer as long as the process does; the database is not asked."""
        return Response({"status": "ok"})


class ReadinessView(ProbeView):
    def get(self, request: Request) -> Response:
        """Answer 200 when requests can be served, 503 saying which check failed otherwise."""
        with lifecycle.patience(PATIENCE_SECONDS):
            checks = self.check()
        if set(checks.values()) == {"ok"}:
            return Response({"status": "ok", "checks": checks})
        headers = {"Retry-After": str(ServiceUnavailable.wait)}
        return Response({"status": "unavailable", "checks": checks}, status=503, headers=headers)

    def check(self) -> dict[str, str]:
        checks = {"database": "unreachable", "migrations": "unknown"}
        try:
            if fetch_first(IS_READ_ONLY) == ("on",):
                checks["database"] = "read-only"
                lifecycle.forget_dead_connections(including_this=True)  # the next may lead elsewhere
            else:
                checks["database"] = fault(fetch_first(FITNESS) or ()) or "ok"
            checks["migrations"] = "not all applied" if migrations().missing else "ok"
            if set(checks.values()) == {"ok"}:
                # Authentication's own statement, with a digest that no key has.
                now = timezone.now()
                fetch_first(AUTHENTICATE, digest="", at=now, unless_since=now)
        except (DatabaseError, InterfaceError) as error:
            checks["database"] = "unreachable" if unavailability(error) else "refuses requests"
        return checks
