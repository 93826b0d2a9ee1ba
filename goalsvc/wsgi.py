"""The WSGI application that `serve` and every other server runs."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goalsvc.settings")

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import FileResponse

from goalsvc.api.requests import AWAITED
from goalsvc.database import lifecycle
from goalsvc.server import memory
from goalsvc.server.rests import MOST_BYTES

PART_BYTES = 64 * 1024  # of a body, read at a time

handler = get_wsgi_application()


def parts_of(response: Any) -> Iterator[bytes]:
    """Yield the parts of a streaming response, then close it."""
    try:
        yield from response
    finally:
        connection.close_if_unusable_or_obsolete()
        response.close()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Serve a request. The body is one part unless the response is streaming; static files are small."""
    lifecycle.watch()
    if "wsgi.file_wrapper" in environ:  # Django would return that, and no response
        environ = {name: value for name, value in environ.items() if name != "wsgi.file_wrapper"}
    response = None
    is_long = False
    try:
        response = handler(environ, start_response)
        if response.status_code >= 400 and AWAITED not in environ:
            drop_rest(environ["wsgi.input"])
        if environ["REQUEST_METHOD"] == "HEAD":
            return []  # not every server leaves the body out
        is_long = response.streaming and not isinstance(response, FileResponse)
        return parts_of(response) if is_long else [b"".join(response)]
    finally:
        connection.close_if_unusable_or_obsolete()  # Django does so where there is a response to be closed
        if response is not None and not is_long:
            response.close()
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdecimal() and int(length) > memory.LARGE_REQUEST_BYTES:
            memory.trim()


def drop_rest(body: Any) -> None:
    """Read what is left of a refused body, so that the client can read why (goalsvc.server.rests)."""
    size = 0
    with suppress(OSError):
        while size < MOST_BYTES and (part := body.read(PART_BYTES)):
            size += len(part)
