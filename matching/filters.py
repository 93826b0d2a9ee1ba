"""The filters of lists, read from the query string; each returns arguments of `QuerySet.filter`."""

from collections.abc import Collection
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from goalsvc.api.errors import field_error
from goalsvc.api.parsing import FORBIDDEN_CHARACTERS, FORBIDDEN_CHARACTERS_MESSAGE, MomentField, parse_uuid

MOMENT = MomentField()


def text_filters(request: Request, **lookups: str) -> dict[str, str]:
    """Read exact-text filters.

    Args:
        lookups: the parameter's name, and the lookup that it stands for.

    Raises: ValidationError naming a parameter that no stored text can equal.
    """
    wanted = {}
    for parameter, lookup in lookups.items():
        text = request.query_params.get(parameter)
        if text is None:
            continue
        if FORBIDDEN_CHARACTERS.search(text):
            raise field_error(parameter, FORBIDDEN_CHARACTERS_MESSAGE)
        wanted[lookup] = text.strip()
    return wanted


def uuid_filters(request: Request, **lookups: str) -> dict[str, Any]:
    """Read filters by id. An id that is none of the organization's finds nothing, whoever's it is.

    Raises: ValidationError naming a parameter that is no UUID.
    """
    wanted: dict[str, Any] = {}
    for parameter, lookup in lookups.items():
        text = request.query_params.get(parameter)
        if text is None:
            continue
        if (value := parse_uuid(text)) is None:
            raise field_error(parameter, "Not a UUID.")
        wanted[lookup] = [value] if lookup.endswith("__contains") else value
    return wanted


def moment_filters(request: Request, **lookups: str) -> dict[str, Any]:
    """Read filters by moment.

    Raises: ValidationError naming a parameter that is no date and time.
    """
    wanted = {}
    for parameter, lookup in lookups.items():
        # An offset's plus sign arrives as a space from clients that do not escape it.
        text = request.query_params.get(parameter)
        if text is None:
            continue
        try:
            wanted[lookup] = MOMENT.run_validation(text.replace(" ", "+") if "T" in text else text)
        except ValidationError as error:
            raise ValidationError({parameter: error.detail}) from None
    return wanted


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
