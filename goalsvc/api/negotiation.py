"""Which parser reads a body, and which renderer writes an answer (DEFAULT_CONTENT_NEGOTIATION_CLASS)."""

from collections.abc import Iterable

from rest_framework.exceptions import NotAcceptable, UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from goalsvc.api.errors import quoted

# What most clients send as `Accept`; Django would parse the header for each request.
USUAL = frozenset({"", "*/*", "application/json"})


class ContentNegotiation(BaseContentNegotiation):
    """Negotiates by media type alone, ignoring parameters such as `; charset=utf-8`."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """Return the parser of the body's media type. Raises: UnsupportedMediaType, saying what to send."""
        sent = request.content_type
        media_type = sent.partition(";")[0].strip().lower()
        for parser in parsers:
            if parser.media_type == media_type:
                return parser
        wanted = " or ".join(str(parser.media_type) for parser in [*parsers][:2])
        what = f"The media type {quoted(sent)} is not supported." if sent else "There is no Content-Type."
        raise UnsupportedMediaType(sent, f"{what} Send the Content-Type {wanted}.")

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer of `?format=`, or the first that `Accept` admits. Raises: NotAcceptable."""
        accept = request.META.get("HTTP_ACCEPT", "").strip()
        wanted = request.query_params.get("format")
        for renderer in renderers:
            is_admitted = accept in USUAL or admits(request, renderer)
            if is_admitted if wanted is None else renderer.format == wanted:
                return renderer, str(renderer.media_type)
        served = " or ".join(renderer.format.upper() for renderer in renderers)
        raise NotAcceptable(f"Only {served} is served here.")


def admits(request: Request, renderer: BaseRenderer) -> bool:
    main, _, sub = str(renderer.media_type).partition("/")
    return any(
        media.main_type in {"*", main} and media.sub_type in {"*", sub} for media in request.accepted_types
    )
