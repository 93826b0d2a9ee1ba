"""The WSGI application that `serve` and every other server runs."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goalsvc.settings")

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import FileResponse

from goalsvc.server import memory

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
    response = None
    is_long = False
    try:
        response = handler(environ, start_response)
        is_long = response.streaming and not isinstance(response, FileResponse)
        if is_long and environ["REQUEST_METHOD"] == "HEAD":
            is_long = False
            return []
        return parts_of(response) if is_long else [b"".join(response)]
    finally:
        connection.close_if_unusable_or_obsolete()  # Django does so where there is a response to be closed
        if response is not None and not is_long:
            response.close()
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdecimal() and int(length) > memory.LARGE_REQUEST_BYTES:
            memory.trim()
