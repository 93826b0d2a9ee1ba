"""What it takes to spread the tables over machines by organization: each key and hot query can name it.

A distributed engine keeps a unique constraint only where it holds the column that rows are spread by, and
answers a query on one machine only where every table of it is tied to one organization.
"""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.endpoints import ENDPOINTS, send

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
HOT = [
    "POST-goal-match-list",
    "POST-match-batch",
    "POST-visitor-session-list",
    "POST-visitor-session-batch",
    "POST-visitor-identity-list",
    "POST-visitor-identity-batch",
    "GET-goal-list",
    "GET-goal-detail",
]
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


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if str(each) in HOT], ids=str)
def test_every_table_of_a_hot_query_is_tied_to_the_organization(endpoint, place, as_manager):
    tables = tables_of_organizations()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = send(as_manager, endpoint, place)

    assert response.status_code == endpoint.succeeds
    untied = {
        (table, statement["sql"])
        for statement in captured.captured_queries
        for table, alias in tables_in(statement["sql"])
        if table in tables and not is_tied(statement["sql"], alias or table)
    }
    assert untied == set()


def tables_in(statement: str) -> list[tuple[str, str]]:
    """The tables that a statement names, each with its alias."""
    words = r"(?:FROM|JOIN|INTO|UPDATE)\s+\"?(\w+)\"?(?:\s+AS\s+\"?(\w+)\"?)?"
    return re.findall(words, re.sub(r"--.*", "", statement))


def is_tied(statement: str, alias: str) -> bool:
    names = (f"{alias}.organization_id", f'"{alias}"."organization_id"')
    is_insert = re.search(rf"INTO\s+\w+(\s+AS\s+{alias})?\s*\([^)]*\borganization_id\b", statement)
    is_alone = alias not in re.findall(r"AS\s+\"?(\w+)", statement) and "organization_id =" in statement
    return any(name in statement for name in names) or bool(is_insert) or is_alone


def test_the_hot_endpoints_are_all_there():
    assert {str(endpoint) for endpoint in ENDPOINTS} >= set(HOT)
