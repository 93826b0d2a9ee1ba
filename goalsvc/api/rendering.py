"""Writes JSON, with the contract's forms of datetimes, decimals and ids."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpResponse
from rest_framework.renderers import BaseRenderer

# Lazy strings and the like become text; UUIDs and decimals are known to the encoder.
_encoder = msgspec.json.Encoder(enc_hook=str)


def moment(value: datetime) -> str:
    """Write a UTC datetime as the API does: `2016-10-10T22:00:49.123Z`."""
    return value.isoformat(timespec="milliseconds")[:-6] + "Z"


def moment_of(text: str) -> str:
    """Convert a UTC moment from PostgreSQL's text (`2016-10-10 22:00:49.123+00`) to the API's."""
    return f"{text[:10]}T{text[11:19]}.{text[20:-3]:0<3.3}Z"


def encode(data: Any) -> bytes:
    """Write JSON."""
    body: bytes = _encoder.encode(data)
    return body


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8 by definition
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return b"" if data is None else encode(data)


class Response(HttpResponse):
    """An answer as JSON; `data` is what was encoded, None for an answer without a body."""

    def __init__(self, data: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.data = data
        if data is None:
            super().__init__(status=status, headers=headers)
            del self.headers["Content-Type"]
        else:
            headers = {"Content-Type": "application/json", **(headers or {})}
            super().__init__(encode(data), status=status, headers=headers)
