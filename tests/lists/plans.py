"""How PostgreSQL carries out the statements of a request: what each has read, and thrown away."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg import sql as composing

TOLD = {"Node Type", "Index Name", "Relation Name", "Index Cond", "Filter", "Actual Rows", "Actual Loops"}


@dataclass(frozen=True)
class Plan:
    statement: str
    plan: dict[str, Any]  # of EXPLAIN (ANALYZE, FORMAT JSON)

    def nodes(self) -> Iterator[dict[str, Any]]:
        waiting = [self.plan]
        while waiting:
            node = waiting.pop()
            waiting += node.get("Plans", [])
            yield node

    @property
    def removed(self) -> int:
        """The most rows that a node has read, or made, in vain."""
        return max(
            sum(value for name, value in node.items() if name.startswith("Rows Removed"))
            * node["Actual Loops"]
            for node in self.nodes()
        )

    @property
    def scanned(self) -> int:
        """The most rows that a scan of a table or an index has come upon."""
        return max(
            (
                (node["Actual Rows"] + sum(v for name, v in node.items() if name.startswith("Rows Removed")))
                * node["Actual Loops"]
                for node in self.nodes()
                if "Relation Name" in node or "Index Name" in node
            ),
            default=0,
        )

    def __str__(self) -> str:
        def lines(node: dict[str, Any], depth: int) -> Iterator[str]:
            told = {name: value for name, value in node.items() if name in TOLD or name.startswith("Rows")}
            yield "  " * depth + str(told)
            for child in node.get("Plans", []):
                yield from lines(child, depth + 1)

        return "\n".join([self.statement, *lines(self.plan, 0)])


class Plans:
    """Explains each statement that reads the tables of matching, before it is executed.

    A hook of Django's `connection.execute_wrapper`.

    Args:
        is_generic: by the plan for any values in place of the one for the statement's own.
    """

    def __init__(self, *, is_generic: bool = False) -> None:
        self.is_generic = is_generic
        self.found: list[Plan] = []
        self.is_explaining = False

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        is_read = re.match(r"\(*SELECT", sql) is not None and '"matching_' in sql
        if is_read and not self.is_explaining:
            self.is_explaining = True
            explain = self.explain_generic if self.is_generic else self.explain
            self.found.append(Plan(sql, explain(sql, params or ())))
            self.is_explaining = False
        return execute(sql, params, many, context)

    def explain(self, sql: str, params: Any) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            return plan_in(cursor.fetchone())

    def explain_generic(self, sql: str, params: Any) -> dict[str, Any]:
        count = 0

        def number(_: object) -> str:
            nonlocal count
            count += 1
            return f"${count}"

        values = composing.SQL(", ").join(composing.Literal(value) for value in params)
        shown = f"({values.as_string(connection.connection)})" if params else ""
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('plan_cache_mode')")
            [mode] = cursor.fetchone()
            cursor.execute(f"PREPARE explained AS {re.sub('%s', number, sql)}")
            try:
                cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE explained {shown}".replace("%", "%%"))
                return plan_in(cursor.fetchone())
            finally:
                cursor.execute("DEALLOCATE explained")
                cursor.execute(f"SET LOCAL plan_cache_mode = {mode}")


def plan_in(row: tuple[Any, ...]) -> dict[str, Any]:
    [explained] = json.loads(row[0]) if isinstance(row[0], str) else row[0]
    plan: dict[str, Any] = explained["Plan"]
    return plan
