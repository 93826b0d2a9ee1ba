"""The filters of lists, read from the query string. All lists take the same names for the same thing.

An empty value is a value: no stored text equals it, and it is no id and no moment.
"""

from collections.abc import Callable, Collection
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from goalsvc.api.errors import field_error
from goalsvc.api.fields import FORBIDDEN_CHARACTERS, FORBIDDEN_CHARACTERS_MESSAGE, MomentField, parse_uuid
from goalsvc.api.pagination import Filter

T = TypeVar("T")

MOMENT = MomentField()

# Each filter's name, and what else it is called.
GOAL = ("goal_id", "goal")
IDENTITY = ("visitor_identity", "identity", "custom_visitor_identity")


def read(request: Request, names: Collection[str], parse: Callable[[str, str], T]) -> T | None:
    """Read the parameter that has any of the names; None when it is not given.

    Args:
        parse: makes the value of a parameter's name and text.

    Raises: ValidationError, also for two names that disagree; it names both.
    """
    given = {
        name: parse(name, text) for name in names if (text := request.query_params.get(name)) is not None
    }
    values = list(given.values())
    if any(value != values[0] for value in values):
        sentence = f"{' and '.join(given)} are one filter, and disagree."
        raise ValidationError({name: [sentence] for name in given})
    return values[0] if values else None


def text_filter(request: Request, *names: str, lookup: str, is_indexed: bool = False) -> list[Filter]:
    """Read a filter by exact text. Raises: ValidationError naming it if no stored text can equal it."""
    text = read(request, names, parse_text)
    return [] if text is None else [Filter(Q(**{lookup: text}), is_indexed)]


def uuid_filter(request: Request, *names: str, lookup: str, is_indexed: bool = False) -> list[Filter]:
    """Read a filter by id. An id that is none of the organization's finds nothing, whoever's it is.

    Raises: ValidationError naming it if it is no UUID.
    """
    pk = read(request, names, parse_id)
    if pk is None:
        return []
    return [Filter(Q(**{lookup: [pk] if lookup.endswith("__contains") else pk}), is_indexed)]


def span(request: Request, column: str, name: str, *, is_only: bool = False) -> Q:
    """Read a span of moments, `…_from` (inclusive) and `…_to` (exclusive), as a condition on the column.

    Args:
        is_only: the list has no other kind of moment, so `from` and `to` are clear enough.

    Raises: ValidationError naming what is no date and time.
    """
    condition = Q()
    for end, comparison in (("from", "gte"), ("to", "lt")):
        names = [f"{name}_{end}", end] if is_only else [f"{name}_{end}"]
        if (moment := read(request, names, parse_moment)) is not None:
            condition &= Q(**{f"{column}__{comparison}": moment})
    return condition


def span_filter(request: Request, column: str, name: str) -> list[Filter]:
    """Read a filter by a span of moments. Raises: ValidationError naming what is no date and time."""
    condition = span(request, column, name)
    return [Filter(condition)] if condition else []


def parse_text(name: str, text: str) -> str:
    if FORBIDDEN_CHARACTERS.search(text):
        raise field_error(name, FORBIDDEN_CHARACTERS_MESSAGE)
    return text.strip()


def parse_id(name: str, text: str) -> UUID:
    if (value := parse_uuid(text)) is None:
        raise field_error(name, "Not a UUID.")
    return value


def parse_moment(name: str, text: str) -> Any:
    try:
        # An offset's plus sign arrives as a space from clients that do not escape it.
        return MOMENT.run_validation(text.replace(" ", "+") if "T" in text else text)
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from None


def choice_filter(request: Request, parameter: str, choices: Collection[str]) -> str | None:
    """Read a filter by one of a few words. Raises: ValidationError naming it."""
    text: str | None = request.query_params.get(parameter)
    if text is not None and text not in choices:
        raise field_error(parameter, f"Must be one of: {', '.join(choices)}.")
    return text


def whole_number(request: Request, parameter: str, *, default: int, maximum: int) -> int:
    """Read a number from 1 to `maximum`. Raises: ValidationError naming it."""
    text = request.query_params.get(parameter, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= maximum):
        raise field_error(parameter, f"Must be a whole number from 1 to {maximum}.")
    return int(text)


def flag(request: Request, parameter: str) -> bool | None:
    """Read `true` or `false`; None when it is not given. Raises: ValidationError naming it."""
    text = choice_filter(request, parameter, ("true", "false"))
    return None if text is None else text == "true"
