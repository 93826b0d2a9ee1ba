"""Converts Granian's RSGI scope into a WSGI environment."""

import sys
from functools import lru_cache
from typing import Any


def environ_of(scope: Any) -> dict[str, Any]:
    """Make the environment that WSGI (PEP 3333) defines of Granian's scope."""
    server, client = scope.server, scope.client
    given = scope.headers
    headers = given.items()
    environ: dict[str, Any] = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server.rpartition(":")[0],
        "SERVER_PORT": server.rpartition(":")[2],
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": client.rpartition(":")[0].strip("[]"),
        "HTTP_HOST": scope.authority or "",
    }
    # `items` leaves out repeated headers, and those with characters outside ASCII.
    if len(headers) != len(given):
        joints = {"cookie": "; "}
        headers = [(name, joints.get(name, ",").join(given.get_all(name))) for name in given]
    for name, value in headers:
        # WSGI maps `_` and `-` to the same name: X_Forwarded_Proto would forge a proxy's X-Forwarded-Proto.
        if "_" not in name:
            environ[variable_of(name)] = value
    if "," in environ.get("CONTENT_LENGTH", ""):  # repeated; Granian has checked that the values agree
        environ["CONTENT_LENGTH"] = environ["CONTENT_LENGTH"].partition(",")[0].strip()
    return environ


@lru_cache(maxsize=256)  # clients send the same few
def variable_of(header: str) -> str:
    """Return the WSGI variable of a header."""
    name = header.upper().replace("-", "_")
    return name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"
