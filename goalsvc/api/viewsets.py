"""The view and the request that every endpoint builds on: DRF's, changed through DRF's own hooks."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase, QueryDict
from rest_framework import request as rest
from rest_framework import views
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from goalsvc.api.requests import AWAITED
from goalsvc.database.statements import Ahead

MAX_BYTES_AHEAD = 64 * 1024  # the largest body that is parsed before authentication


class Request(rest.Request):
    """The request as views see it."""

    ahead: Ahead | None = None  # rows read in the statement of authentication
    _fault: APIException | None = None

    @property
    def data(self) -> Any:
        """The decoded body; where there is none, an empty object.

        Raises: UnsupportedMediaType, and what the view's parser raises. A second reading is then empty.
        """
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        data = super().data
        return {} if isinstance(data, QueryDict) else data

    def read_ahead(self) -> Any:
        """Return the decoded body if it is small; None if not, or if it has a fault, which `data` raises."""
        length = self.META.get("CONTENT_LENGTH", "")
        if not length.isdecimal() or int(length) > MAX_BYTES_AHEAD or AWAITED in self.META:
            return None
        try:
            return self.data
        except APIException as fault:
            self._fault = fault
            return None


class APIView(views.APIView):
    """A view of the API."""

    request: Request

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> rest.Request:
        return Request(
            request,
            parsers=self.get_parsers(),
            authenticators=self.get_authenticators(),
            negotiator=self.get_content_negotiator(),
            parser_context=self.get_parser_context(request),
        )

    def initial(self, request: rest.Request, *args: Any, **kwargs: Any) -> None:
        self.request.ahead = self.look_ahead()
        super().initial(request, *args, **kwargs)

    def look_ahead(self) -> Ahead | None:
        """Return what authentication's statement shall read as well, to save a round trip; None for nothing.

        It is called before the caller is known, so it must not raise.
        """
        return None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request, then break the reference cycles between view, request and response.

        DRF makes them (`head`, `parser_context`, `renderer_context`). Only the garbage collector would free
        them, thousands of requests later, and with them bodies of megabytes.
        """
        try:
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, Response):
                response.render()
                vars(response).pop("renderer_context")
            return response
        finally:
            if isinstance(self.request, Request):
                self.request.parser_context = {}
            vars(self).clear()
