"""Is the process alive, and can it serve: what probes ask, without credentials."""

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process does; the database is not asked."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when requests can be served, 503 saying which check failed otherwise."""
    checks = {"database": "ok", "migrations": "ok"}
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            checks["migrations"] = "not all applied"
    except (DatabaseError, InterfaceError):
        checks = {"database": "unreachable", "migrations": "unknown"}
    is_ready = set(checks.values()) == {"ok"}
    return JsonResponse(
        {"status": "ok" if is_ready else "unavailable", "checks": checks}, status=200 if is_ready else 503
    )
