"""How a request of the API reaches its view and how its answer leaves: what every endpoint goes through.

Django REST framework's way, in its order of steps (media type, caller, permissions, method), without what
this API has no use for: versions, template responses, a choice of renderers. They took longer than all the
rest of a short request.
"""

from typing import Any, ClassVar, NoReturn

from django.http import HttpRequest, HttpResponseBase
from rest_framework import request as rest
from rest_framework import views
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, NotAcceptable, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from goalsvc.api.errors import quoted
from goalsvc.api.requests import AWAITED
from goalsvc.database.statements import Ahead

ACCEPTABLE = frozenset({("*", "*"), ("application", "*"), ("application", "json")})
NOT_READ = object()
# Of a body, in bytes, that is read before its sender is known.
MOST_AHEAD = 64 * 1024


class Request(rest.Request):
    """The request as views see it; what is asked often is an attribute, not looked for each time."""

    query_params: Any = None  # in place of a property
    ahead: Ahead | None = None

    def __init__(self, request: HttpRequest, view: "APIView") -> None:
        self._request = request
        self._view = type(view)  # not the view: that would make a circle (see setup)
        self._user: Any = None
        self._auth: Any = None
        self._authenticator: Any = None
        self._content: Any = NOT_READ
        self._fault: APIException | None = None
        self.authenticators = view.authenticators
        self.META = request.META
        self.method = request.method
        self.query_params = request.GET

    def accept(self, authenticator: BaseAuthentication, caller: tuple[Any, Any]) -> None:
        """Note who is calling, and how that is known."""
        self._authenticator = authenticator
        self.user, self.auth = caller

    @property
    def user(self) -> Any:
        """Who is calling; None if nobody has said. It is known before any view or permission asks."""
        return self._user

    @user.setter
    def user(self, user: Any) -> None:
        self._user = self._request.user = user

    @property
    def data(self) -> Any:
        """The decoded body; where there is none, an empty object.

        Raises: UnsupportedMediaType, and what the view's parser raises. A second reading is then empty.
        """
        if self._content is NOT_READ:
            self._content = {}
            self._content = self._read()
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        return self._content

    def glance(self) -> Any:
        """The decoded body if it is a small one; None if not, or if there is a fault, which `data` raises."""
        length = self.META.get("CONTENT_LENGTH", "")
        if not length.isdecimal() or int(length) > MOST_AHEAD or AWAITED in self.META:
            return None
        if self._content is NOT_READ:
            self._content = {}
            try:
                self._content = self._read()
            except APIException as fault:
                self._fault = fault
        return self._content if self._fault is None else None

    def _read(self) -> Any:
        length = self.META.get("CONTENT_LENGTH", "")
        if not length.isdecimal() or int(length) == 0:  # a senseless one is none
            return {}
        content_type = self.META.get("CONTENT_TYPE", "")
        parser = self._view.parsers.get(content_type.partition(";")[0].strip().lower())
        if parser is None:
            wanted = " or ".join(list(self._view.parsers)[:2])
            what = (
                f"The media type {quoted(content_type)} is not supported."
                if content_type
                else "There is no Content-Type."
            )
            raise UnsupportedMediaType(content_type, f"{what} Send the Content-Type {wanted}.")
        stream: Any = self._request
        return parser.parse(stream, content_type, {"view": self._view})


class APIView(views.APIView):
    """A view of the API."""

    request: Request
    # What each view's classes amount to: none of it holds the state of a request.
    authenticators: ClassVar[list[BaseAuthentication]]
    parsers: ClassVar[dict[str, BaseParser]]
    allow: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.authenticators = [authenticator() for authenticator in cls.authentication_classes]
        parsers = [parser() for parser in cls.parser_classes]
        cls.parsers = {parser.media_type: parser for parser in parsers if parser.media_type}
        served = (name for name in cls.http_method_names if hasattr(cls, "get" if name == "head" else name))
        cls.allow = ", ".join(name.upper() for name in served)

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Leave the rest to `dispatch`.

        Django's gives the view a method of its own as `head`. In such a circle the view and all that hangs on
        it stay in memory until garbage is collected, thousands of requests later.
        """
        self.request = request  # type: ignore[assignment] # dispatch wraps it

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.args, self.kwargs = args, kwargs
        self.request = wrapped = Request(request, self)
        try:
            verify_acceptable(request)
            wrapped.ahead = self.look_ahead()
            for authenticator in self.authenticators:
                caller = authenticator.authenticate(wrapped)
                if caller is not None:
                    wrapped.accept(authenticator, caller)
                    break
            self.check_permissions(wrapped)
            if self.throttle_classes:
                self.check_throttles(wrapped)
            name = str(request.method).lower()
            if name == "head":
                name = "get"
            handler = getattr(self, name, None) if name in self.http_method_names else None
            response = (handler or self.http_method_not_allowed)(wrapped, *args, **kwargs)
        except Exception as error:
            response = self.handle_exception(error)
        response["Allow"] = self.allow
        return response

    def look_ahead(self) -> Ahead | None:
        """Say what is to be read along with the caller, where the request tells it already.

        What is found counts only once the caller is found to be allowed: nothing may be raised here.
        """
        return None

    def raise_uncaught_exception(self, exc: Exception) -> NoReturn:
        raise exc


def verify_acceptable(request: HttpRequest) -> None:
    """See that the client takes JSON, which is all there is: `?format=json`, or an `Accept` that admits it.

    Raises: NotAcceptable.
    """
    wanted = request.GET.get("format") if request.META.get("QUERY_STRING") else None
    if wanted is not None:
        is_acceptable = wanted == "json"
    else:
        accept = request.META.get("HTTP_ACCEPT", "").strip()
        # Whatever parameters a client adds (`; charset=utf-8`), there is one JSON to give.
        is_acceptable = accept in {"", "*/*", "application/json"} or any(
            (media.main_type, media.sub_type) in ACCEPTABLE for media in request.accepted_types
        )
    if not is_acceptable:
        raise NotAcceptable("Only JSON is served here.")
