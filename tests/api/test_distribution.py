"""What it takes to spread the tables over machines by organization: each key and hot query can name it.

A distributed engine keeps a unique constraint only where it holds the column that rows are spread by, and
answers a query on one machine only where every table of it is tied to one organization.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.api.endpoints import Endpoint, Place
from tests.api.test_isolation import ASKED, Asked, requests_to
from tests.conftest import Client

UNIQUE_INDEXES = """
    SELECT class.relname, index.relname, array_agg(attribute.attname::text)
    FROM pg_index AS i
    JOIN pg_class AS class ON class.oid = i.indrelid
    JOIN pg_class AS index ON index.oid = i.indexrelid
    JOIN pg_attribute AS attribute ON attribute.attrelid = i.indrelid AND attribute.attnum = ANY(i.indkey)
    WHERE i.indisunique AND NOT i.indisprimary AND class.relname = ANY(%s)
    GROUP BY class.relname, index.relname
"""
TABLES = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name = 'organization_id'
"""
# Users belong to organizations, but are found by their tokens before the organization is known.
REFERENCES = {"orgs_user", "orgs_apitoken", "orgs_organization"}


def tables_of_organizations() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return {name for (name,) in cursor.fetchall()} - REFERENCES


@pytest.mark.django_db
def test_every_unique_constraint_of_an_organizations_table_holds_the_organization():
    with connection.cursor() as cursor:
        cursor.execute(UNIQUE_INDEXES, [list(tables_of_organizations())])
        found = cursor.fetchall()

    assert len(found) >= 8
    assert [(table, name) for table, name, columns in found if "organization_id" not in columns] == []


def all_requests_to(endpoint: Endpoint, place: Place) -> Iterator[Asked]:
    """What test_isolation asks of an endpoint, refusals among it, and what touches more rows of ours."""
    yield from requests_to(endpoint, place)
    body = endpoint.body(place) or {}
    for name in body.keys() & {"visitor_identities", "visitor_sessions"}:
        [item] = body[name]
        items = [
            item | {"visitor_identity": "customer-34567890"},  # a pending match waits for it
            item | {"visitor_session_id": place.visitor_session_id},  # another visitor's
        ]
        yield Asked("POST", endpoint.url(place), {name: items})


def statements_of(endpoint: Endpoint, place: Place, client: Client) -> set[str]:
    with CaptureQueriesContext(connection) as captured:
        for asked in all_requests_to(endpoint, place):
            with transaction.atomic():
                content = b"" if asked.body is None else json.dumps(asked.body).encode()
                client.send(asked.method, asked.url, content, **dict(asked.headers))
                transaction.set_rollback(True)
    return {each["sql"] for each in captured.captured_queries}


@pytest.mark.parametrize("endpoint", ASKED, ids=str)
def test_every_table_of_a_statement_is_tied_to_the_organization(endpoint, place, as_manager):
    tables = tables_of_organizations()

    statements = statements_of(endpoint, place, as_manager)

    assert {
        (table, statement)
        for statement in statements
        for table in untied_tables(statement, tables)
        if not any(each.allows(table, statement) for each in EXCEPTIONS)
    } == set()


@dataclass(frozen=True)
class Untied:
    """Why a table may stand untied in a statement; `endpoint` is one that runs such a statement."""

    pattern: str
    endpoint: str
    reason: str

    def allows(self, table: str, statement: str) -> bool:
        return re.search(self.pattern.replace("TABLE", table), statement, re.DOTALL) is not None

    def __str__(self) -> str:
        return self.pattern


EXCEPTIONS = [
    Untied(
        r'JOIN "TABLE" ON \("\w+"\."\w+" = "TABLE"\."\w+"\)',
        "GET-match-list",
        "Django joins by a foreign key alone, here from a row that is tied",
    ),
    Untied(
        r'^UPDATE "TABLE" SET .*"TABLE"\."id" = ',
        "PATCH-goal-detail",
        "Django saves by the key alone, here of a row that was read with its organization",
    ),
    Untied(
        r"LEFT JOIN TABLE AS match ON match\.id = p\.match_id|FROM TABLE AS p WHERE p\.match_id = match\.id",
        "GET-match-attempt-summary",
        "a pending match and the match that it became, one found by the id that the other holds",
    ),
    Untied(
        r'FROM "TABLE" U0 WHERE \(U0\."visitor_id" = |FROM TABLE AS other\s+WHERE other\.visitor_id = v\.id',
        "GET-visitor-identity-detail",
        "the other identities of a visitor, by the id of one that is tied",
    ),
    Untied(
        r"^\s*(UPDATE|DELETE FROM) TABLE\s.*WHERE id = ANY\(",
        "DELETE-visitor-identity-detail",
        "an erasure changes rows that it has read and locked with their organization, by their ids",
    ),
]


@pytest.mark.parametrize("exception", EXCEPTIONS, ids=str)
def test_every_exception_is_still_needed(exception, place, as_manager):
    [endpoint] = [each for each in ASKED if str(each) == exception.endpoint]
    tables = tables_of_organizations()

    assert any(
        exception.allows(table, statement)
        for statement in statements_of(endpoint, place, as_manager)
        for table in untied_tables(statement, tables)
    )


@pytest.mark.parametrize(
    ("statement", "untied"),
    [
        ("SELECT FROM visitor AS v WHERE v.organization_id = %s", []),
        ("SELECT FROM visitor WHERE organization_id = %s AND id = %s", []),
        ("SELECT FROM visitor WHERE id = %s", ["visitor"]),
        ("SELECT v.organization_id FROM visitor AS v WHERE v.id = %s", ["visitor"]),
        ("SELECT FROM visitor AS v WHERE id = %s -- v.organization_id = %s", ["visitor"]),
        ("SELECT FROM visitor AS v JOIN session AS s ON s.organization_id = v.organization_id", []),
        ("SELECT FROM visitor AS v JOIN session AS s ON s.v = v.id AND v.organization_id = %s", ["session"]),
        ("SELECT FROM visitor AS v, (SELECT FROM visitor AS v WHERE v.organization_id = %s)", ["visitor"]),
        ("SELECT FROM visitor AS v WHERE v.organization_id = %s UNION SELECT FROM visitor AS v", ["visitor"]),
        ("INSERT INTO visitor AS v (id, organization_id) SELECT FROM unnest(%s)", []),
        ("INSERT INTO visitor (id) VALUES (%s) ON CONFLICT DO UPDATE SET id = %s", ["visitor"]),
        ('DELETE FROM "visitor" WHERE "visitor"."organization_id" = %s', []),
    ],
)  # fmt: skip
def test_what_is_tied_is_read_by_alias_and_query(statement, untied):
    assert list(untied_tables(statement, {"visitor", "session"})) == untied


# The words that may follow a table's name without being its alias.
KEYWORDS = "WHERE|ON|SET|USING|JOIN|LEFT|INNER|CROSS|ORDER|GROUP|LIMIT|FOR|RETURNING|VALUES|SELECT|UNION|AS"


def untied_tables(statement: str, tables: set[str]) -> Iterator[str]:
    """The tables that a statement reads or writes without naming their organization in the same query.

    A table is tied where its alias's `organization_id` is compared, or is among the columns of its INSERT.
    """
    names = "|".join(sorted(tables))
    named = re.compile(rf'(?<![."\w])"?({names})"?(?![."\w])(?:\s+(?:AS\s+)?(?!(?:{KEYWORDS})\b)"?(\w+)"?)?')
    for query in queries_of(statement):
        found = named.findall(query)
        for table, alias in found:
            column = rf'(?:"?{alias or table}"?\.)"?organization_id"?'
            if len(found) == 1:
                column = rf'(?:{column}|(?<![."\w])"?organization_id"?)'
            is_compared = re.search(rf"{column}\s*=|=\s*{column}", query)
            is_inserted = re.search(rf'INTO\s+"?{table}"?[^()]*\([^()]*\borganization_id\b', query)
            if not is_compared and not is_inserted:
                yield table


def queries_of(statement: str) -> Iterator[str]:
    """The text of each query of a statement, without that of the queries within it."""
    text = re.sub(r"--.*|'(?:[^']|'')*'", " ", statement)
    query = re.compile(r"\((?=\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b)")
    while start := [each.start() for each in query.finditer(text)]:
        # The last to begin holds no other. Its end is where its parentheses are even.
        depth, end = 0, start[-1]
        while True:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
            if depth == 0:
                break
        yield from re.split(r"\bUNION\b", text[start[-1] + 1 : end - 1])
        text = text[: start[-1]] + " " + text[end:]
    yield from re.split(r"\bUNION\b", text)
