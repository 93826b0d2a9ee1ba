"""The WSGI application that `serve` and every other server runs."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goalsvc.settings")

from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection
from django.http import FileResponse

from goalsvc.server import memory

handler = get_wsgi_application()

# Django's own receivers have nothing to do here, yet take a twentieth of a short request: `application`
# returns the connection to the pool, no cache holds connections, and there is one URLconf.
request_started.disconnect(close_old_connections)
request_finished.disconnect(close_old_connections)
request_finished.disconnect(close_caches)
request_finished.disconnect(reset_urlconf)


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
        return parts_of(response) if is_long else [b"".join(response)]
    finally:
        connection.close_if_unusable_or_obsolete()  # first: the metrics count connections on close
        if response is not None and not is_long:
            response.close()
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdecimal() and int(length) > memory.LARGE_REQUEST_BYTES:
            memory.trim()
