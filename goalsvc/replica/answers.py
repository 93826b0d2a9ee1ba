"""Answers requests that only read by the replica, and again by the primary where that fails."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from rest_framework.request import Request

from goalsvc.api.requests import note
from goalsvc.database import lifecycle
from goalsvc.replica.standby import standby

logger = logging.getLogger(__name__)

READS = frozenset({"GET", "HEAD"})
# The request takes too long, which it would on the primary as well.
STATEMENT_TIMEOUT = "57014"


@contextmanager
def reading_replica() -> Iterator[None]:
    """Inside the block this thread's statements go to the replica; a transaction ends where it has begun."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    database.close()
    database.reads_replica = True
    try:
        yield
    finally:
        database.reads_replica = False
        if not database.in_atomic_block:  # else an answer is being streamed, which closes it
            database.close()


def answer(
    view: Callable[..., HttpResponseBase], request: HttpRequest | Request, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    """Return a view's answer to a request that only reads, read from the replica or else from the primary.

    Of a streaming answer the first part is read at once, while the primary can still take over.
    """
    note(request, database="replica")
    with reading_replica():
        try:
            response = view(request, *args, **kwargs)
            if isinstance(response, TemplateResponse):  # DRF renders its own
                response.render()
            is_long = isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse)
            if is_long and request.method == "GET":
                begin(response)
        except (Error, psycopg.Error) as error:  # the driver's own where Django closes a cursor
            cause = error.__cause__ or error
            if getattr(cause, "sqlstate", None) == STATEMENT_TIMEOUT:
                raise
            logger.warning("the replica failed, the primary answers: %s", type(cause).__name__)
            standby.doubt()
            lifecycle.forget_dead_connections()
        else:
            return response
    note(request, database="primary")
    return view(request, *args, **kwargs)


def begin(response: Any) -> None:
    """Read the first part of a streaming answer."""
    parts = iter(response.streaming_content)
    response.streaming_content = chain([next(parts, b"")], parts)
