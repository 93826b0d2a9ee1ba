"""The WSGI application that `serve` and every other server runs."""

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goalsvc.settings")

from django.core.wsgi import get_wsgi_application

handler = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Serve a request; the body of the response comes in one piece.

    That the server keeps until the client has read it. A response in parts, as every static file is, would
    keep a thread meanwhile: a few clients that do not read would stop the whole service.
    """
    response = handler(environ, start_response)
    try:
        return [b"".join(response)]
    finally:
        response.close()  # gives the database connection back
