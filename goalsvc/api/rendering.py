"""How values leave the service: JSON, with the contract's forms of datetimes, decimals and ids."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

# Lazy strings and the like become text; UUIDs and decimals are known to the encoder.
_encoder = msgspec.json.Encoder(enc_hook=str)


def moment(value: datetime) -> str:
    """Write a UTC datetime as the API does: `2016-10-10T22:00:49.123Z`."""
    return value.isoformat(timespec="milliseconds")[:-6] + "Z"


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8 by definition
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        body: bytes = _encoder.encode(data)
        return body


class JSONNegotiation(BaseContentNegotiation):
    """JSON is all there is: `?format=json` or an `Accept` that admits it; else 406."""

    RANGES = frozenset({("*", "*"), ("application", "*"), ("application", "json")})

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        wanted = request.query_params.get("format")
        if wanted is not None:
            acceptable = wanted == renderer.format
        else:
            accept = request.headers.get("Accept", "").strip()
            # Whatever parameters a client adds (`; charset=utf-8`), there is one JSON to give.
            acceptable = accept in {"", "*/*"} or any(
                (media.main_type, media.sub_type) in self.RANGES for media in request._request.accepted_types
            )
        if not acceptable:
            raise NotAcceptable("Only JSON is served here.")
        return renderer, "application/json"
