"""The OpenAPI description: what a view says of itself, and what all of them have in common.

A view method is described by an `Operation`, kept in its app's `documentation` module, so that views stay
readable and every example stands beside the others. The method takes no query parameters but those in it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast

from django.conf import settings
from django.http import QueryDict
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from goalsvc.api import errors, identifiers
from goalsvc.api.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from goalsvc.api.rendering import JSONRenderer
from goalsvc.api.serializers import ObjectSerializer

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V", bound=APIView)

# The two shapes of every error, as components of the description.
ERROR_SCHEMAS = {
    "Error": {
        "type": "object",
        "properties": {
            "detail": {"type": "string", "description": "A sentence for people."},
            "code": {"type": "string", "description": "A word for programs."},
            "reason": {"type": "object", "description": "Why, in facts. Of matches alone."},
        },
        "required": ["detail", "code"],
    },
    "FieldErrors": {
        "type": "object",
        "description": "The attributes at fault, each with its sentences.",
        "additionalProperties": {},
    },
}


class UnknownParameter(APIException):
    """An unknown query parameter. To ignore a misspelt filter would return everything."""

    status_code = 400
    default_code = "unknown_parameter"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known))
        super().__init__(f"Unknown query parameter {errors.quoted(name)}. Known here: {names}.")


@dataclass(frozen=True)
class Refusal:
    """A documented error answer of the shape `{"detail", "code"}`."""

    status: int
    code: str
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    component = "Error"

    @property
    def name(self) -> str:
        return f"{self.code}: {self.detail}"[:80]

    @property
    def body(self) -> Mapping[str, Any]:
        return {"detail": self.detail, "code": self.code, **self.extra}


@dataclass(frozen=True)
class FieldErrors:
    """A documented 400 that names fields."""

    name: str
    body: Mapping[str, Any]
    status = 400
    component = "FieldErrors"


def refusal_of(error: APIException | type[APIException], **extra: Any) -> Refusal:
    """Describe a refusal as it is told."""
    if isinstance(error, type):
        error = error()
    assert isinstance(error.detail, ErrorDetail)
    return Refusal(error.status_code, str(error.detail.code), str(error.detail), extra)


@dataclass(frozen=True)
class Answer:
    """A documented success: its body's serializer (None: no body), an example of it, extra headers."""

    body: type[Serializer] | Serializer | None
    example: Any = None
    description: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """All that the OpenAPI description says of one method of one endpoint."""

    id: str
    tag: str
    summary: str
    answers: Mapping[int, Answer]
    refusals: tuple[Refusal | FieldErrors, ...] = ()  # besides those of COMMON, BODY and the permissions
    description: str = ""
    request: Any = None
    request_examples: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[OpenApiParameter, ...] = ()


NOT_FOUND = Refusal(404, "not_found", "The organization has no such room.")
BAD_PAGE_SIZE = FieldErrors(
    "bad page size", {"page_size": [f"Must be a whole number from 1 to {MAX_PAGE_SIZE}."]}
)
# Of every address below /api/v5 that takes a token.
COMMON = (
    refusal_of(errors.HTTPSRequired),
    refusal_of(UnknownParameter("goal_ids", ["cursor", "format", "page_size"])),
    refusal_of(exceptions.NotAcceptable("Only JSON is served here.")),
    refusal_of(errors.RateLimited(600, "minute", wait=1)),
    refusal_of(errors.ServiceUnavailable),
    refusal_of(errors.Timeout),
)
UNAUTHENTICATED = (refusal_of(exceptions.NotAuthenticated), refusal_of(errors.invalid_token()))
BODY = (
    Refusal(400, "parse_error", "The request body is not JSON: “Expecting value: line 1 column 1 (char 0)”."),
    refusal_of(errors.RequestTimeout),
    refusal_of(errors.PayloadTooLarge(settings.MAX_BODY_BYTES)),
    Refusal(
        415,
        "unsupported_media_type",
        "The media type “text/plain” is not supported. Send the Content-Type application/json.",
    ),
)
PAGE = (Refusal(404, "not_found", "There is no such page."), BAD_PAGE_SIZE)

PAGE_SIZE = OpenApiParameter(
    "page_size",
    {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
    description="Rows a page.",
)
PAGE_PARAMETERS = (
    OpenApiParameter("cursor", str, description="A place in the list, as `next` and `previous` give it."),
    PAGE_SIZE,
)

PATH_PARAMETERS = {
    "organization_id": "The caller's organization.",
    "goal_id": "A goal of the organization.",
    "room_id": "A room of the organization.",
    "match_id": "A match of the organization.",
    "import_id": "An import of the organization.",
    "pending_id": "A held match of the organization.",
    "visitor_identity": "An identity, percent-encoded, a slash as `%2F`.",
    "visitor_session_id": "The tracking site's id of a session, percent-encoded, a slash as `%2F`.",
}
# Those that are no UUIDs.
TEXT_PARAMETERS = {
    "visitor_identity": {"type": "string", "minLength": 1, "maxLength": 255},
    "visitor_session_id": {"type": "string", "minLength": 1, "maxLength": 64},
}


def describe(method: F, operation: Operation, permissions: Sequence[Any]) -> F:
    """Attach the description to a view's method, which then refuses unknown query parameters.

    Args:
        permissions: what the method asks of its caller: each with a `code` is a 403.
    """
    responses: dict[Any, Any] = {}
    request = operation.request
    media_type = next(iter(request)) if isinstance(request, dict) else JSONRenderer.media_type
    examples = [
        OpenApiExample(name, value=value, request_only=True, media_type=media_type)
        for name, value in operation.request_examples.items()
    ]
    parameters = list(operation.parameters)
    for status, answer in operation.answers.items():
        responses[status] = OpenApiResponse(answer.body, answer.description or HTTPStatus(status).phrase)
        parameters.extend(
            OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, response=[status])
            for name, text in answer.headers.items()
        )
        if answer.example is not None:
            name, summary = f"{operation.id} {status}", answer.description or "Success"
            examples.append(response_example(status, name, answer.example, summary))
    forbidden = (Refusal(403, each.code, each.message) for each in permissions if hasattr(each, "code"))
    body = BODY if operation.request else ()
    by_status: dict[int, list[Refusal | FieldErrors]] = defaultdict(list)
    for refusal in (*COMMON, *body, *UNAUTHENTICATED, *forbidden, *operation.refusals):
        by_status[refusal.status].append(refusal)
    for status, refusals in sorted(by_status.items()):
        components = sorted({refusal.component for refusal in refusals})
        schemas = [{"$ref": f"#/components/schemas/{component}"} for component in components]
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        responses[status] = OpenApiResponse(schema, HTTPStatus(status).phrase)
        examples.extend(response_example(status, each.name, dict(each.body)) for each in refusals)
    described = extend_schema(
        operation_id=operation.id,
        tags=[operation.tag],
        summary=operation.summary,
        description=operation.description or f"{operation.summary}.",
        request=operation.request,
        responses=responses,
        examples=examples,
        parameters=parameters,
    )
    known = {each.name: each for each in operation.parameters if each.location == OpenApiParameter.QUERY}
    repeatable = {name for name, each in known.items() if is_repeatable(each)}
    return described(checking_query(method, frozenset({*known, "format"}), frozenset(repeatable)))


def is_repeatable(parameter: OpenApiParameter) -> bool:
    return isinstance(parameter.type, dict) and parameter.type.get("type") == "array"


def response_example(status: int, name: str, body: Any, summary: str = "") -> OpenApiExample:
    return OpenApiExample(name, body, summary=summary, response_only=True, status_codes=[str(status)])


def checking_query(method: F, known: frozenset[str], repeatable: frozenset[str]) -> F:
    """Have a view's method refuse unknown query parameters before it runs.

    The view's `refusal` may raise a 404 instead: that the addressed object is missing takes precedence.
    """

    @wraps(method)
    def checked(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.META.get("QUERY_STRING") and (fault := fault_in(request.query_params, known, repeatable)):
            raise view.refusal(fault)
        return method(view, request, *args, **kwargs)

    return cast(F, checked)


def fault_in(query: QueryDict, known: frozenset[str], repeatable: frozenset[str]) -> APIException | None:
    """Return what is wrong with the parameters' names: one unknown, or one given twice and differently."""
    for name, values in query.lists():
        if name not in known:
            return UnknownParameter(name, known)
        if name not in repeatable and any(value != values[0] for value in values):
            return errors.field_error(name, "Given more than once, and differently.")
    return None


def describe_actions(**operations: Operation) -> Callable[[type[V]], type[V]]:
    """Attach descriptions to a viewset's actions, or to a view's methods.

    That they refuse who may not call follows from the view's permission classes.
    """

    def decorate(view: type[V]) -> type[V]:
        for name, operation in operations.items():
            permissions = view(action=name).get_permissions()
            setattr(view, name, describe(getattr(view, name), operation, permissions))
        return view

    return decorate


@cache
def page_of(row: type[Serializer]) -> type[Serializer]:
    """Return the serializer of a page of rows."""
    fields = {
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": row(many=True),
    }
    return type(f"{row.__name__.removesuffix('Serializer')}PageSerializer", (Serializer,), fields)


def page_example(row: Any) -> dict[str, Any]:
    return {
        "next": "https://goals.example.com/api/v5/orgs/0199d6a4-2f60-7c3e-b6a5-3d8f5b9a1c10/goals?cursor=W2ZhbHNlXQ",
        "previous": None,
        "results": [row],
    }


class AutoSchema(SpectacularAutoSchema):
    """Names the path parameters; everything else comes from `describe`, pages (`page_of`) included."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def map_renderers(self, attribute: str) -> list[Any]:
        """Of the media types of an answer, JSON alone has its serializer's schema."""
        return [JSONRenderer.media_type if attribute == "media_type" else JSONRenderer.format]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Add the other media types of an answer, as texts."""
        operation = super().get_operation(*args, **kwargs)
        if operation is not None and self.method == "GET" and "200" in operation["responses"]:
            content = operation["responses"]["200"].get("content", {})
            for renderer in self.view.get_renderers():
                content.setdefault(str(renderer.media_type), {"schema": {"type": "string"}})
        return operation

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """An object that is sent and answered with one serializer is answered whole."""
        mapped = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "response" and isinstance(serializer, ObjectSerializer):
            mapped["required"] = sorted(mapped["properties"])
        return mapped

    def _resolve_path_parameters(self, variables: Any) -> list[Any]:
        return [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": PATH_PARAMETERS.get(name, ""),
                "schema": TEXT_PARAMETERS.get(name, {"type": "string", "format": "uuid"}),
            }
            for name in variables
        ]


class MoneyFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call] # its hook has no types
    target_class = "goalsvc.api.fields.MoneyField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        text = {"type": "string", "format": "decimal"}
        return text if direction == "response" else {"oneOf": [{"type": "number"}, text]}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # its hook has no types
    target_class = "goalsvc.orgs.authentication.TokenAuthentication"
    name = ["token", "bearer"]

    def get_security_definition(self, auto_schema: Any) -> Any:
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Token <key>`: the word, a space and the 40 characters of an API token.",
            },
            {"type": "http", "scheme": "bearer", "description": "The same key as a bearer token."},
        ]


def add_common_parts(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add the components and headers that all operations share. A hook of drf-spectacular."""
    result["info"]["description"] += f"\n\n{identifiers.DESCRIPTION}"
    result["components"]["schemas"] |= ERROR_SCHEMAS
    request_id = {
        "description": "The caller's request id, or one made up; in every log line of the request.",
        "schema": {"type": "string"},
    }
    for path in result["paths"].values():
        for operation in path.values():
            if operation.get("security"):
                operation["security"] = [{"token": []}, {"bearer": []}]  # either, not both
            for status, response in operation["responses"].items():
                headers = response.setdefault("headers", {})
                headers["X-Request-ID"] = request_id
                if status == "401":
                    headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
                if status in {"429", "503"}:
                    headers["Retry-After"] = {"schema": {"type": "integer"}}
    return result
