"""The columns of rows that are sent to PostgreSQL in one statement, each named once.

The columns of an INSERT, its SELECT, its rows and its parameters are all made from one list, so that a new
column cannot be forgotten in one of them.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from goalsvc.database.parameters import array, bytes_array, ids_array, moment_array, text_array

# unnest flattens an array of arrays and does not parse JSON, so such values travel as texts.
TRAVELLING = {"uuid[]": "text", "jsonb": "text"}


def json_or_null(value: Any) -> str | None:
    """Write a value as JSON; None is NULL, not JSON's `null`."""
    return None if value is None else json.dumps(value)


# How a column's values are written: for many rows as an array; for one row, where `str` is not what
# PostgreSQL reads.
OF_MANY: dict[str, Callable[[Iterable[Any]], str]] = {
    "uuid": array,
    "int": array,
    "numeric": array,
    "text": text_array,
    "jsonb": lambda values: text_array(map(json_or_null, values)),
    "timestamptz": moment_array,
    "bytea": bytes_array,
    "uuid[]": ids_array,
}
OF_ONE: dict[str, Callable[[Any], str | None]] = {
    "bytea": lambda value: None if value is None else f"\\x{value.hex()}",
    "jsonb": json_or_null,
    "uuid[]": array,
}


class Columns:
    """Columns by name, each with its SQL type; their parameters have the same names."""

    def __init__(self, **types: str) -> None:
        self.types = types
        self.names = ", ".join(types)
        # The values of the rows sent, with the table's types.
        self.selected = ", ".join(
            f"{name}::{type}" if type in TRAVELLING else name for name, type in types.items()
        )
        self.writers = {name: OF_MANY[type] for name, type in types.items()}
        self.special = {name: OF_ONE[type] for name, type in types.items() if type in OF_ONE}

    def rows(self, alias: str) -> str:
        """Return SQL of any number of rows, for FROM."""
        arrays = ", ".join(f"%({name})s::{travelling(type)}[]" for name, type in self.types.items())
        return f"unnest({arrays}) AS {alias} ({self.names})"

    def row(self, alias: str) -> str:
        """Return SQL of one row, for FROM.

        With unnest the planner cannot see that it is one row, and would not keep a generic plan.
        """
        values = ", ".join(f"%({name})s::{travelling(type)} AS {name}" for name, type in self.types.items())
        return f"(SELECT {values}) AS {alias}"

    def parameters_of_rows(self, rows: Sequence[Any], **values: Iterable[Any]) -> dict[str, str]:
        """Return the parameters of `rows`, read from attributes with the columns' names.

        Args:
            values: by column, those that are no attributes.
        """
        return {
            name: write(values[name] if name in values else map(attrgetter(name), rows))
            for name, write in self.writers.items()
        }

    def parameters_of_row(self, row: Any) -> dict[str, Any]:
        """Return the parameters of `row`, read from attributes with the columns' names."""
        values = {name: getattr(row, name) for name in self.types}
        for name, write in self.special.items():
            values[name] = write(values[name])
        return values


def travelling(type: str) -> str:
    return TRAVELLING.get(type, type)
