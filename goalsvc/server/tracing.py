"""OpenTelemetry traces: a span of each request, of each job in the background, and of their statements.

Only settings name this module, where OTEL_EXPORTER_OTLP_ENDPOINT is set: without it nothing of OpenTelemetry
is loaded. Its instrumentations of Django and psycopg do not fit. That of Django puts addresses into spans,
which may name an identity, and never learns the route of a request that takes the short way
(goalsvc.api.requests). That of psycopg sees no statement that goes through libpq
(goalsvc.database.statements).
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from multiprocessing.util import Finalize
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from procrastinate import JobContext
from procrastinate.worker import Worker

from goalsvc.api.requests import code_of, note
from goalsvc.server.health import FROM_INSIDE
from goalsvc.server.metrics import COUNTED_METHODS

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 2  # for what is left when the process stops; less than `serve` gives its workers
LONGEST_TEXT = 2000  # of a statement

# A literal of SQL: a string, a number. Values are parameters, which no span has; this is for safety.
LITERAL = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$|\b\d+(?:\.\d+)?\b", re.S)
TABLE = re.compile(r'\b(INSERT INTO|DELETE FROM|UPDATE|FROM)\s+(?:ONLY\s+)?"?(\w+)', re.I)

starting = threading.Lock()


class Exporter(OTLPSpanExporter):
    """Says once that the collector is away, and once that it is back; the library says it at each attempt."""

    is_reached = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        if (is_reached := result is SpanExportResult.SUCCESS) != self.is_reached:
            self.is_reached = is_reached
            if is_reached:
                logger.warning("traces are taken again")
            else:
                logger.error("traces are lost: what OTEL_EXPORTER_OTLP_ENDPOINT names does not take them")
        return result


def tracer() -> Tracer:
    """Return this process's tracer, made at the first span: its thread would not survive a fork."""
    with starting:  # or two first threads would each make one
        return make_tracer()


@cache
def make_tracer() -> Tracer:
    own = Resource.create({"service.name": "goalsvc", "service.version": settings.VERSION})
    said = OTELResourceDetector().detect()  # OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
    provider = TracerProvider(resource=own.merge(said), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Exporter()))
    # `atexit` does nothing in a worker of `serve`, which multiprocessing has forked.
    Finalize(None, flush, args=(provider,), exitpriority=0)
    return provider.get_tracer("goalsvc")


def flush(provider: TracerProvider) -> None:
    """Send what is left, for at most FLUSH_SECONDS: no collector keeps a process from stopping."""
    sender = threading.Thread(target=provider.shutdown, daemon=True)
    sender.start()
    sender.join(FLUSH_SECONDS)


class TracingMiddleware:
    """Makes a span of each request, but those of probes and Prometheus."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info in FROM_INSIDE:
            return self.get_response(request)
        # Without the caller's `tracestate`, which may say anything.
        sent = {"traceparent": request.META.get("HTTP_TRACEPARENT", "")}
        caller = TraceContextTextMapPropagator().extract(sent)
        with traced("request", SpanKind.SERVER, caller) as span:
            if span.is_recording():
                note(request, trace_id=format_trace_id(span.get_span_context().trace_id))
            with connection.execute_wrapper(trace_statement):
                response = self.get_response(request)
            describe(span, request, response)
            return response


def describe(span: Span, request: HttpRequest, response: HttpResponseBase) -> None:
    """Say in a span what was asked for and answered; nothing that a client has written."""
    method = request.method if request.method in COUNTED_METHODS else "_OTHER"
    route = f"/{request.resolver_match.route}" if request.resolver_match else None
    span.update_name(f"{method} {route}" if route else str(method))
    span.set_attribute("http.request.method", str(method))
    span.set_attribute("http.response.status_code", response.status_code)
    if route:
        span.set_attribute("http.route", route)
    if code := code_of(response):
        span.set_attribute("goalsvc.code", code)
    if response.status_code >= 500:
        span.set_status(StatusCode.ERROR)
        span.set_attribute("error.type", code or str(response.status_code))


@contextmanager
def traced(
    name: str, kind: SpanKind, parent: Context | None = None, attributes: dict[str, Any] | None = None
) -> Iterator[Span]:
    """Inside the block a span is the current one. Of an exception it has the class; messages may quote."""
    with tracer().start_as_current_span(
        name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_status(StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__qualname__)
            raise


def trace_statement(execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
    """Make a span of a statement, as one of Django's execute wrappers."""
    name, attributes = description_of(sql if isinstance(sql, str) else "")
    with traced(name, SpanKind.CLIENT, attributes=attributes):
        return execute(sql, *rest)


@lru_cache(maxsize=1024)
def description_of(sql: str) -> tuple[str, dict[str, Any]]:
    """Return the name and the attributes of a statement's span."""
    text = LITERAL.sub("?", " ".join(sql.split()))
    found = TABLE.search(text)
    first = text.partition(" ")[0].upper()
    operation = first or "statement"
    if found and first in {"SELECT", "WITH"}:
        operation = {"FROM": "SELECT"}.get(found[1].upper(), found[1].partition(" ")[0].upper())
    table = found[2] if found else None
    attributes = {"db.system.name": "postgresql", "db.query.text": text[:LONGEST_TEXT]}
    attributes |= {"db.operation.name": operation, **({"db.collection.name": table} if table else {})}
    return f"{operation} {table}" if table else operation, attributes


def trace_job(run: Callable[[], Any], context: JobContext, worker: Worker) -> Any:
    """Make a span of a job in the background, as one of procrastinate's task middlewares."""
    with traced(context.job.task_name, SpanKind.CONSUMER), connection.execute_wrapper(trace_statement):
        return run()
