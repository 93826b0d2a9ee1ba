"""The OpenAPI description: what a view says of itself, and what all of them have in common.

A view method is described by an `Operation`, kept in its app's `documentation` module, so that views stay
readable and every example stands beside the others.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any, TypeVar

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from goalsvc.api import identifiers
from goalsvc.api.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from goalsvc.api.query import checking_query
from goalsvc.api.rendering import JSONRenderer
from goalsvc.api.serializers import ObjectSerializer

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V", bound=APIView)


@dataclass(frozen=True)
class Refusal:
    """A documented error answer of the shape `{"detail", "code"}`."""

    status: int
    code: str
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict)


def refusal_of(error: type[APIException], **extra: Any) -> Refusal:
    """Describe a refusal as it is told."""
    return Refusal(error.status_code, str(error.default_code), str(error.default_detail), extra)


@dataclass(frozen=True)
class FieldErrors:
    """A documented 400 that names fields."""

    name: str
    body: Mapping[str, Any]


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


NOT_AUTHENTICATED = Refusal(401, "not_authenticated", "Authentication credentials were not provided.")
INVALID_TOKEN = Refusal(401, "invalid_token", "The API token is unknown, revoked or expired.")
NOT_FOUND = Refusal(404, "not_found", "The organization has no such room.")
BAD_CURSOR = Refusal(404, "not_found", "There is no such page.")
NOT_ACCEPTABLE = Refusal(406, "not_acceptable", "Only JSON is served here.")
PARSE_ERROR = Refusal(
    400, "parse_error", "The request body is not JSON: “Expecting value: line 1 column 1 (char 0)”."
)
UNKNOWN_PARAMETER = Refusal(
    400, "unknown_parameter", "Unknown query parameter “goal_ids”. Known here: cursor, format, page_size."
)
PAYLOAD_TOO_LARGE = Refusal(
    413, "payload_too_large", f"The request body is larger than {settings.MAX_BODY_BYTES} bytes."
)
UNSUPPORTED_MEDIA_TYPE = Refusal(
    415,
    "unsupported_media_type",
    "The media type “text/plain” is not supported. Send the Content-Type application/json.",
)
REQUEST_TIMEOUT = Refusal(
    408,
    "request_timeout",
    f"The body did not arrive within {settings.BODY_TIMEOUT_SECONDS} seconds. Nothing was done.",
)
HTTPS_REQUIRED = Refusal(
    400,
    "https_required",
    "This service is reached through https:// alone. Nothing was done; change the address.",
)
RATE_LIMITED = Refusal(
    429, "rate_limited", "This API token may make 600 requests a minute. Nothing was done."
)
SERVICE_UNAVAILABLE = Refusal(
    503,
    "service_unavailable",
    "The database cannot be used right now. Try again shortly.",
)
TIMEOUT = Refusal(
    503,
    "timeout",
    "The request took too long and was given up; nothing was written. Try again shortly.",
)
BAD_PAGE_SIZE = FieldErrors(
    "bad page size", {"page_size": [f"Must be a whole number from 1 to {MAX_PAGE_SIZE}."]}
)

# Of every address below /api/v5 that takes a token.
COMMON = (HTTPS_REQUIRED, UNKNOWN_PARAMETER, NOT_ACCEPTABLE, RATE_LIMITED, SERVICE_UNAVAILABLE, TIMEOUT)
BODY = (PARSE_ERROR, REQUEST_TIMEOUT, PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)
PAGE = (BAD_CURSOR, BAD_PAGE_SIZE)

CURSOR = OpenApiParameter("cursor", str, description="A place in the list, as `next` and `previous` give it.")
PAGE_SIZE = OpenApiParameter(
    "page_size",
    {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
    description="Rows a page.",
)
PAGE_PARAMETERS = (CURSOR, PAGE_SIZE)

# The two shapes of every error, as components of the description.
COMPONENTS = {
    "schemas": {
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
}
ERROR = {"$ref": "#/components/schemas/Error"}
FIELD_ERRORS = {"$ref": "#/components/schemas/FieldErrors"}

PATH_PARAMETERS = {
    "organization_id": "The caller's organization.",
    "goal_id": "A goal of the organization.",
    "room_id": "A room of the organization.",
    "match_id": "A match of the organization.",
    "pending_id": "A held match of the organization.",
    "visitor_identity": "An identity, percent-encoded, a slash as `%2F`.",
    "visitor_session_id": "The tracking site's id of a session, percent-encoded, a slash as `%2F`.",
}
# Those that are no UUIDs.
TEXT_PARAMETERS = {
    "visitor_identity": {"type": "string", "minLength": 1, "maxLength": 255},
    "visitor_session_id": {"type": "string", "minLength": 1, "maxLength": 64},
}


def describe(operation: Operation, permissions: Sequence[Any]) -> Callable[[F], F]:
    """Attach the description to a view's method, which then takes no query parameters but those in it.

    Args:
        permissions: what the method asks of its caller.
    """
    responses: dict[Any, Any] = {}
    examples: list[OpenApiExample] = []
    headers: list[OpenApiParameter] = []
    for status, answer in operation.answers.items():
        responses[status] = OpenApiResponse(
            response=answer.body, description=answer.description or HTTPStatus(status).phrase
        )
        headers.extend(
            OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, response=[status])
            for name, text in answer.headers.items()
        )
        if answer.example is not None:
            examples.append(
                OpenApiExample(
                    f"{operation.id} {status}",
                    summary=answer.description or "Success",
                    value=answer.example,
                    response_only=True,
                    status_codes=[str(status)],
                )
            )
    by_status: dict[int, list[Refusal | FieldErrors]] = defaultdict(list)
    common = (*COMMON, *(BODY if operation.request else ()), *refusals_by(permissions))
    for refusal in (*common, *operation.refusals):
        by_status[refusal.status if isinstance(refusal, Refusal) else 400].append(refusal)
    for status, refusals in sorted(by_status.items()):
        schemas = []
        if any(isinstance(refusal, Refusal) for refusal in refusals):
            schemas.append(ERROR)
        if any(isinstance(refusal, FieldErrors) for refusal in refusals):
            schemas.append(FIELD_ERRORS)
        responses[status] = OpenApiResponse(
            response=schemas[0] if len(schemas) == 1 else {"anyOf": schemas},
            description=HTTPStatus(status).phrase,
        )
        examples.extend(refusal_example(refusal, status) for refusal in refusals)
    examples.extend(
        OpenApiExample(name, value=value, request_only=True)
        for name, value in operation.request_examples.items()
    )
    described = extend_schema(
        operation_id=operation.id,
        tags=[operation.tag],
        summary=operation.summary,
        description=operation.description or f"{operation.summary}.",
        request=operation.request,
        responses=responses,
        examples=examples,
        parameters=[*operation.parameters, *headers],
    )
    known = [each.name for each in operation.parameters if each.location == OpenApiParameter.QUERY]
    checked = checking_query(known)
    return lambda method: described(checked(method))


def describe_actions(**operations: Operation) -> Callable[[type[V]], type[V]]:
    """Attach descriptions to a viewset's actions, or to a view's methods.

    That they refuse who may not call follows from the view's permission classes.
    """

    def decorate(view: type[V]) -> type[V]:
        for name, operation in operations.items():
            permissions = view(action=name).get_permissions()
            setattr(view, name, describe(operation, permissions)(getattr(view, name)))
        return view

    return decorate


def refusals_by(permissions: Sequence[Any]) -> list[Refusal]:
    """Return the refusals of who may not call: without a valid token, and by each permission with a code."""
    told = [permission for permission in permissions if hasattr(permission, "code")]
    forbidden = [Refusal(403, permission.code, permission.message) for permission in told]
    return [NOT_AUTHENTICATED, INVALID_TOKEN, *forbidden]


@cache
def page_of(row: type[Serializer]) -> type[Serializer]:
    """Return the serializer of a page of rows."""
    fields = {
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": row(many=True),
    }
    return type(f"{row.__name__.removesuffix('Serializer')}PageSerializer", (Serializer,), fields)


def refusal_example(refusal: Refusal | FieldErrors, status: int) -> OpenApiExample:
    if isinstance(refusal, FieldErrors):
        return OpenApiExample(
            refusal.name, value=dict(refusal.body), response_only=True, status_codes=["400"]
        )
    return OpenApiExample(
        f"{refusal.code}: {refusal.detail}"[:80],
        value={"detail": refusal.detail, "code": refusal.code, **refusal.extra},
        response_only=True,
        status_codes=[str(status)],
    )


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
    result["components"]["schemas"] |= COMPONENTS["schemas"]
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
