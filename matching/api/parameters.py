"""Query parameters as fields of a serializer: read, checked, described, and what a list is filtered by."""

from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from goalsvc.api.fields import FORBIDDEN_CHARACTERS, FORBIDDEN_CHARACTERS_MESSAGE, MomentField, parse_uuid
from goalsvc.api.pagination import Filter


class Parameter(serializers.Field):
    """A query parameter, which may have other names, and what it filters by."""

    schema: Any = {"type": "string"}  # of the value, for the description

    def __init__(
        self, *aliases: str, lookup: str | None = None, is_indexed: bool = False, **kwargs: Any
    ) -> None:
        """Declare a parameter.

        Args:
            lookup: what a list is filtered by; None where its Query has a method `by_<name>`, or no need.
            is_indexed: as of Filter.
        """
        self.aliases = aliases
        self.lookup = lookup
        self.is_indexed = is_indexed
        super().__init__(required=False, **kwargs)

    @property
    def names(self) -> tuple[str, ...]:
        return (str(self.field_name), *self.aliases)

    def read(self, query: QueryDict) -> Any:
        """Return the value; the default, or None, when it is not given.

        Raises: ValidationError, also for two names that disagree; it names both.
        """
        given = {}
        for name in self.names:
            if name in query:
                try:
                    given[name] = self.to_internal_value(query[name])
                except serializers.ValidationError as error:
                    raise serializers.ValidationError({name: error.detail}) from None
        values = list(given.values())
        if any(value != values[0] for value in values):
            sentence = f"{' and '.join(given)} are one filter, and disagree."
            raise serializers.ValidationError({name: [sentence] for name in given})
        if values:
            return values[0]
        return None if self.default is serializers.empty else self.default

    def filters(self, value: Any) -> list[Filter]:
        return [] if self.lookup is None else [Filter(Q(**{self.lookup: value}), self.is_indexed)]

    def described(self) -> list[OpenApiParameter]:
        """Describe it, and its other names."""
        other = f"Another name of `{self.field_name}`."
        texts = [self.help_text or "", *(other for _ in self.aliases)]
        return [
            OpenApiParameter(name, self.schema, description=text)
            for name, text in zip(self.names, texts, strict=True)
        ]


class Text(Parameter):
    """Exactly this text."""

    default_error_messages = {"forbidden": FORBIDDEN_CHARACTERS_MESSAGE}

    def to_internal_value(self, data: str) -> str:
        if FORBIDDEN_CHARACTERS.search(data):
            self.fail("forbidden")
        return data.strip()


class Id(Parameter):
    """An id. One that is none of the organization's finds nothing, whoever's it is."""

    schema = {"type": "string", "format": "uuid"}
    default_error_messages = {"invalid": "Not a UUID."}

    def to_internal_value(self, data: str) -> UUID:
        pk = parse_uuid(data)
        if pk is None:
            self.fail("invalid")
        return pk


class Moment(Parameter):
    """An end of a span of moments: the first one within, or the first one after it.

    Where it is of the moment that the list is ordered by, the walk through it begins or ends there.
    """

    schema = {"type": "string", "format": "date-time"}
    of = MomentField()

    def to_internal_value(self, data: str) -> Any:
        # An offset's plus sign arrives as a space from clients that do not escape it.
        return self.of.run_validation(data.replace(" ", "+") if "T" in data else data)


def begin(column: str, *aliases: str) -> Moment:
    return Moment(*aliases, lookup=f"{column}__gte", help_text=f"Only with {column} at or after this.")


def end(column: str, *aliases: str) -> Moment:
    return Moment(*aliases, lookup=f"{column}__lt", help_text=f"Only with {column} before this.")


class Choice(Parameter):
    """One of a few words."""

    def __init__(self, choices: Collection[str], **kwargs: Any) -> None:
        self.choices = choices
        self.schema = {"type": "string", "enum": list(choices)}
        super().__init__(**kwargs)

    def to_internal_value(self, data: str) -> Any:
        if data not in self.choices:
            raise serializers.ValidationError([f"Must be one of: {', '.join(self.choices)}."])
        return data


class Flag(Choice):
    """true or false."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(["true", "false"], **kwargs)

    def to_internal_value(self, data: str) -> bool:
        return bool(super().to_internal_value(data) == "true")


class WholeNumber(Parameter):
    """A number from 1 on."""

    default_error_messages = {"invalid": "Must be a whole number from 1 to {maximum}."}

    def __init__(self, *, maximum: int, default: int) -> None:
        self.maximum = maximum
        self.schema = {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}
        super().__init__(default=default)

    def to_internal_value(self, data: str) -> int:
        if not (data.isascii() and data.isdecimal() and len(data) <= 9 and 1 <= int(data) <= self.maximum):
            self.fail("invalid", maximum=self.maximum)
        return int(data)


class Query(serializers.Serializer):
    """The query parameters of an address."""

    @classmethod
    def check(cls, query: QueryDict) -> dict[str, Any]:
        """Return the values given, by the parameters' own names.

        Raises: ValidationError, of the first fault.
        """
        values = {name: parameter.read(query) for name, parameter in parameters_of(cls).items()}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def parameters(cls) -> tuple[OpenApiParameter, ...]:
        """Describe the parameters, other names included."""
        return tuple(each for parameter in parameters_of(cls).values() for each in parameter.described())


@cache
def parameters_of(query: type[Query]) -> dict[str, Any]:
    """Return the parameters of a query by name. They hold no state of a request, so all share them."""
    return dict(query().fields)
