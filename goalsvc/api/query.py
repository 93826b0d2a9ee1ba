"""The query parameters that an address knows: those of its OpenAPI description, and `format`."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import QueryDict
from rest_framework import status
from rest_framework.exceptions import APIException

from goalsvc.api.errors import field_error, quoted

F = TypeVar("F", bound=Callable[..., Any])


class UnknownParameter(APIException):
    """An unknown query parameter. To ignore a misspelt filter would return everything."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "unknown_parameter"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"Unknown query parameter {quoted(name)}. Known here: {', '.join(sorted(known))}.")


def fault_in(query: QueryDict, known: Iterable[str]) -> APIException | None:
    """Return what is wrong with the parameters' names: one unknown, or one given twice and differently."""
    for name, values in query.lists():
        if name not in known:
            return UnknownParameter(name, known)
        if any(value != values[0] for value in values):
            return field_error(name, "Given more than once, and differently.")
    return None


def checking_query(known: Iterable[str]) -> Callable[[F], F]:
    """Decorate a view's method to refuse unknown query parameters before it runs.

    The view's `refusal` may raise a 404 instead: that the addressed object is missing takes precedence.
    """
    names = frozenset(known) | {"format"}

    def decorate(method: F) -> F:
        @wraps(method)
        def checked(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            if request.META.get("QUERY_STRING") and (fault := fault_in(request.query_params, names)):
                raise view.refusal(fault)
            return method(view, request, *args, **kwargs)

        return cast(F, checked)

    return decorate
