"""Reads SQL as a database that is spread by organization does: is each table of ours tied to an organization?

Such a database sends a statement to one machine only where every table of it that is spread is tied: its
`organization_id` is compared with a parameter, or by equality with that of a table that is tied. It can go
once the tests run against such a database by themselves.
"""

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial, wraps
from typing import Any

from django.http import HttpRequest
from pglast import ast, parse_sql
from pglast.enums import BoolExprType, JoinType

from goalsvc.orgs.keys import organization_models

COLUMN = "organization_id"
END = object()
PARAMETER = re.compile(r"%(?:\((\w+)\))?s|(%%)")


@cache
def untied_tables(sql: str) -> frozenset[str]:
    """The tables of organizations that a statement reads or writes without being tied."""
    tables = frozenset(model._meta.db_table for model in organization_models())
    if not any(table in sql for table in tables):
        return frozenset()
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        if found[2]:
            return "%"
        return f"${names.setdefault(found[1] or str(len(names)), len(names) + 1)}"

    return frozenset(
        table
        for statement in parse_sql(PARAMETER.sub(number, sql))
        for table in examined(statement.stmt, Scope(tables))
    )


@dataclass
class Scope:
    """What a query sees of those around it."""

    tables: frozenset[str]
    tied: frozenset[str] = frozenset()  # aliases
    hidden: frozenset[str] = frozenset()  # names of CTEs


@dataclass
class Equality:
    """That two things are equal; `of`, where given, are the aliases for which that is known."""

    sides: tuple[Any, Any]
    of: frozenset[str] | None = None


@dataclass
class Query:
    """The tables of one query by alias, and what is known to be equal in it."""

    scope: Scope
    aliases: dict[str, str] = field(default_factory=dict)
    equalities: list[Equality] = field(default_factory=list)

    def add_from(self, item: Any) -> frozenset[str]:
        """Take up an item of FROM; return its aliases."""
        if isinstance(item, ast.RangeVar):
            alias = str(item.alias.aliasname if item.alias else item.relname)
            is_ours = item.relname in self.scope.tables and item.relname not in self.scope.hidden
            self.aliases[alias] = str(item.relname) if is_ours else ""
            return frozenset({alias})
        if isinstance(item, ast.JoinExpr):
            left, right = self.add_from(item.larg), self.add_from(item.rarg)
            of_side = {JoinType.JOIN_LEFT: right, JoinType.JOIN_RIGHT: left, JoinType.JOIN_FULL: frozenset()}
            self.add_where(item.quals, of_side.get(item.jointype) if item.jointype else None)
            return left | right
        return frozenset({item.alias.aliasname}) if getattr(item, "alias", None) else frozenset()

    def add_where(self, condition: Any, of: frozenset[str] | None = None) -> None:
        if isinstance(condition, ast.BoolExpr) and condition.boolop == BoolExprType.AND_EXPR:
            for each in condition.args or ():
                self.add_where(each, of)
        elif isinstance(condition, ast.A_Expr):
            [operator] = [each.sval for each in condition.name or ()][-1:]
            if operator == "=":  # of IN and of ANY as well
                self.equalities.append(Equality((condition.lexpr, condition.rexpr), of))

    def tied_aliases(self) -> frozenset[str]:
        """The aliases that are tied, those of the queries around this one included."""
        tied = set(self.scope.tied - self.aliases.keys())
        alone = next(iter(self.aliases)) if len(self.aliases) == 1 else None

        def owner(side: Any) -> str | None:
            """The alias whose organization it is."""
            if not isinstance(side, ast.ColumnRef):
                return None
            *qualifier, column = [getattr(each, "sval", "*") for each in side.fields or ()]
            if column == COLUMN:
                return qualifier[-1] if qualifier else alone
            return (
                qualifier[-1]
                if column == "id" and qualifier and not self.aliases.get(qualifier[-1])
                else None
            )

        while True:
            before = len(tied)
            for each in self.equalities:
                for ours, theirs in (each.sides, each.sides[::-1]):
                    alias = owner(ours)
                    if alias and (each.of is None or alias in each.of) and is_given(theirs, owner, tied):
                        tied.add(alias)
            if len(tied) == before:
                return frozenset(tied)


def is_given(side: Any, owner: Any, tied: set[str]) -> bool:
    """Tell whether it is a parameter or a constant, or several, or the organization of a tied table."""
    if isinstance(side, ast.TypeCast):
        return is_given(side.arg, owner, tied)
    if isinstance(side, tuple):
        return all(is_given(each, owner, tied) for each in side)
    return isinstance(side, ast.ParamRef | ast.A_Const) or owner(side) in tied


def examined(statement: Any, scope: Scope) -> Iterator[str]:
    """Yield the untied tables of a statement, and of those within it."""
    for cte in statement.withClause.ctes if getattr(statement, "withClause", None) else ():
        yield from examined(cte.ctequery, scope)
        scope = Scope(scope.tables, scope.tied, scope.hidden | {cte.ctename})
    if isinstance(statement, ast.SelectStmt):
        yield from examined_select(statement, scope)
    elif isinstance(statement, ast.InsertStmt):
        yield from examined_insert(statement, scope)
    elif isinstance(statement, ast.UpdateStmt):
        sources = [statement.relation, *(statement.fromClause or ())]
        yield from examined_query(sources, statement.whereClause, [statement.targetList], scope)
    elif isinstance(statement, ast.DeleteStmt):
        sources = [statement.relation, *(statement.usingClause or ())]
        yield from examined_query(sources, statement.whereClause, [], scope)
    else:
        yield from within(statement, scope)


def examined_select(statement: ast.SelectStmt, scope: Scope) -> Iterator[str]:
    if statement.larg:
        yield from examined(statement.larg, scope)
        yield from examined(statement.rarg, scope)
        return
    parts = [statement.targetList, statement.havingClause, statement.sortClause, statement.valuesLists]
    yield from examined_query(statement.fromClause or (), statement.whereClause, parts, scope)


def examined_insert(statement: Any, scope: Scope) -> Iterator[str]:
    columns = [column.name for column in statement.cols or ()]
    if statement.relation.relname in scope.tables and COLUMN not in columns:
        yield statement.relation.relname
    if statement.selectStmt:
        yield from examined(statement.selectStmt, scope)
    if statement.onConflictClause:  # of the row that is inserted
        yield from within(statement.onConflictClause, scope)


def examined_query(sources: Iterable[Any], where: Any, parts: Sequence[Any], scope: Scope) -> Iterator[str]:
    query = Query(scope)
    for source in sources:
        query.add_from(source)
    query.add_where(where)
    tied = query.tied_aliases()
    yield from (table for alias, table in query.aliases.items() if table and alias not in tied)
    yield from within([sources, where, parts], Scope(scope.tables, tied, scope.hidden))


def within(node: Any, scope: Scope) -> Iterator[str]:
    """Yield the untied tables of the queries within a part of a statement."""
    if isinstance(node, ast.SelectStmt):
        yield from examined(node, scope)
    elif isinstance(node, list | tuple):
        for each in node:
            yield from within(each, scope)
    elif isinstance(node, ast.Node):
        for name in node:
            yield from within(getattr(node, name), scope)


# What may be untied, and why.
EXCEPTIONS = {
    "The metrics are of the whole installation.": [
        r"SELECT COUNT\(\*\) FROM \(SELECT .* FROM \"matching_pendingmatch\" WHERE .* LIMIT \d+\)",
        r"SELECT \"matching_pendingmatch\".\"created_at\" .*\"status\" = %s ORDER BY .* LIMIT 1$",
        r"SELECT \"matching_importrun\".\"status\" AS \"status\", COUNT\(.* GROUP BY 1",
        r"SELECT \"matching_importrun\".\"kind\" AS \"kind\", SUM\(.* GROUP BY 1$",
        r"SELECT SUM\(\"matching_importrun\".\"rows_done\"\) AS .*\"status\" = %s$",
    ],
    "Chores look for what is due in all organizations; they change it in one after the other.": [
        r"SELECT COUNT\(\*\) AS \"__count\" FROM \"matching_pendingmatch\" WHERE [^=]* = %s\)?$",
        r"SELECT DISTINCT \"orgs_organization\".* INNER JOIN \"matching_pendingmatch\"",
        r"SELECT \"(\w+)\".\"id\" AS \"pk\", \"\1\".\"organization_id\" .* LIMIT \d+$",
    ],
}
IS_EXCEPTED = re.compile("|".join(f"^{each}" for patterns in EXCEPTIONS.values() for each in patterns))


class Examination:
    """Collects the untied statements of requests and commands, those of the tests themselves left out."""

    def __init__(self) -> None:
        self.found: dict[str, frozenset[str]] = {}
        self.running = threading.local()  # a test may call in other threads as well

    def __call__(self, execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        """Look at a statement, as one of Django's execute wrappers, and run it."""
        is_examined = getattr(self.running, "depth", 0) and not self.is_operators
        if is_examined and not IS_EXCEPTED.match(sql) and (untied := untied_tables(sql)):
            self.found[sql] = untied
        return execute(sql, parameters, many, context)

    @property
    def is_operators(self) -> bool:
        """Whether the request is of one who operates the installation, and sees all organizations."""
        user = getattr(self.running.request, "_cached_user", None)
        return user is not None and user.is_superuser

    def during(self, call: Any) -> Any:
        """Return a function that does the same as `call`, examined."""

        @wraps(call)
        def examined_call(*args: Any, **kwargs: Any) -> Any:
            running = self.running
            depth, before = getattr(running, "depth", 0), getattr(running, "request", None)
            running.depth = depth + 1
            running.request = next((each for each in args if isinstance(each, HttpRequest)), before)
            try:
                answer = call(*args, **kwargs)
            finally:
                running.depth, running.request = depth, before
            if getattr(answer, "streaming", False):  # what goes on to be read
                following = partial(next, iter(answer.streaming_content), END)
                answer.streaming_content = iter(self.during(following), END)
            return answer

        return examined_call
