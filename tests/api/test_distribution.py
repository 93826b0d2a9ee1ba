"""What it takes to spread the tables over machines by organization.

A distributed engine keeps a key only where it holds the column that rows are spread by, and answers a
statement on one machine only where every table of it is tied to one organization. That is looked at in every
test of a request or a command (`every_table_is_tied` in tests/conftest.py).
"""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from goalsvc.orgs.keys import OrganizationForeignKey, organization_models
from tests.ties import untied_tables

TABLES = [model._meta.db_table for model in organization_models()]
BY_ORGANIZATION = ["organization_id", "id"]
CONSTRAINTS = """
    SELECT conrelid::regclass::text, contype::text, conname::text, condeferrable, confrelid::regclass::text,
           ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
                 JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place),
           ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS key (number, place)
                 JOIN pg_attribute ON attrelid = confrelid AND attnum = number ORDER BY place)
    FROM pg_constraint WHERE conrelid = ANY(%s::text[]::regclass[])
"""
UNIQUE_INDEXES = """
    SELECT indrelid::regclass::text, indexrelid::regclass::text, array_agg(attname::text)
    FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
    WHERE indisunique AND indrelid = ANY(%s::text[]::regclass[])
    GROUP BY 1, 2
"""
COLUMNS_THAT_COUNT = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_name = ANY(%s) AND (is_identity = 'YES' OR column_default LIKE 'nextval%%')
"""
TRIGGERS = """
    SELECT tgrelid::regclass::text, tgname FROM pg_trigger
    WHERE tgrelid = ANY(%s::text[]::regclass[]) AND NOT tgisinternal
"""


def rows(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [TABLES])
        return cursor.fetchall()


def test_a_model_with_an_organization_that_it_must_have_is_one_of_an_organization():
    required = {
        model
        for model in apps.get_models()
        if any(field.name == "organization" and not field.null for field in model._meta.concrete_fields)
    }

    assert required == set(organization_models())


@pytest.mark.django_db
def test_the_primary_key_of_each_table_begins_with_the_organization():
    keys = {table: columns for table, kind, _, _, _, columns, _ in rows(CONSTRAINTS) if kind == "p"}

    assert keys == dict.fromkeys(TABLES, BY_ORGANIZATION)


@pytest.mark.django_db
def test_every_unique_index_holds_the_organization():
    found = rows(UNIQUE_INDEXES)

    assert len(found) >= 20
    assert [(table, name) for table, name, columns in found if "organization_id" not in columns] == []


@pytest.mark.django_db
def test_each_key_between_them_that_a_model_has_is_in_the_database_with_the_organization():
    of_models = {
        (model._meta.db_table, field.remote_field.model._meta.db_table, field.column)
        for model in organization_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.remote_field.model in organization_models()
    }

    of_database = {
        (table, to, columns[1])
        for table, kind, _, is_deferrable, to, columns, their_columns in rows(CONSTRAINTS)
        if kind == "f" and to in TABLES
        and (is_deferrable, columns[0], their_columns) == (False, "organization_id", BY_ORGANIZATION)
    }  # fmt: skip

    assert len(of_models) == 10
    assert of_database == of_models
    assert sum(kind == "f" and to in TABLES for _, kind, _, _, to, *_ in rows(CONSTRAINTS)) == len(of_models)


@pytest.mark.django_db
def test_the_organization_of_each_row_is_there_by_a_key_of_its_own_or_of_what_it_must_belong_to():
    required = {
        (model._meta.db_table, field.column)
        for model in organization_models()
        for field in model._meta.concrete_fields
        if not field.null
    }
    keys = [(table, to, columns) for table, kind, _, _, to, columns, _ in rows(CONSTRAINTS) if kind == "f"]

    held = {table for table, to, columns in keys if to == "orgs_organization"}
    for _ in TABLES:  # what belongs to what is held, is held
        held |= {table for table, to, columns in keys if to in held and (table, columns[-1]) in required}

    assert held == set(TABLES)
    assert "matching_externalmatch" not in {table for table, to, _ in keys if to == "orgs_organization"}


def test_each_key_between_them_names_the_organization_in_joins():
    assert [
        field
        for model in organization_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and field.remote_field.model in organization_models()
        and not isinstance(field, OrganizationForeignKey)
    ] == []


@pytest.mark.django_db
def test_no_column_counts_and_no_trigger_runs():
    assert rows(COLUMNS_THAT_COUNT) == []
    assert rows(TRIGGERS) == []


OF_ONE = "SELECT FROM matching_visitor AS v WHERE v.organization_id = %s"
SESSION_OF_SAME = "matching_visitorsession AS s ON s.organization_id = v.organization_id"


@pytest.mark.parametrize(
    ("statement", "untied"),
    [
        (OF_ONE, []),
        ("SELECT FROM matching_visitor WHERE organization_id = %(organization)s AND id = %(id)s", []),
        ("SELECT FROM matching_visitor WHERE id = %s", ["visitor"]),
        ("SELECT v.organization_id FROM matching_visitor AS v WHERE v.id = %s", ["visitor"]),
        ("SELECT FROM matching_visitor AS v WHERE id = %s -- v.organization_id = %s", ["visitor"]),
        ("SELECT FROM matching_visitor AS v WHERE v.organization_id = %s OR v.id = %s", ["visitor"]),
        ("SELECT FROM matching_visitor AS v WHERE v.organization_id <> %s", ["visitor"]),
        ("SELECT FROM matching_visitor AS v WHERE v.organization_id = ANY(%s::uuid[])", []),
        ("SELECT FROM matching_visitor AS v WHERE v.organization_id IN (%s, %s)", []),
        (f"SELECT FROM matching_visitor AS v JOIN {SESSION_OF_SAME} WHERE v.organization_id = %s", []),
        (f"SELECT FROM matching_visitor AS v JOIN {SESSION_OF_SAME} WHERE s.organization_id = %s", []),
        (f"SELECT FROM matching_visitor AS v JOIN {SESSION_OF_SAME}", ["visitor", "visitorsession"]),
        (f"SELECT FROM matching_visitor AS v LEFT JOIN {SESSION_OF_SAME} WHERE v.organization_id = %s", []),
        (
            f"SELECT FROM matching_visitor AS v LEFT JOIN {SESSION_OF_SAME} WHERE s.organization_id = %s",
            ["visitor"],
        ),
        (f"{OF_ONE} AND EXISTS (SELECT FROM matching_visitorsession AS s WHERE s.organization_id = "
         "v.organization_id)", []),
        (f"{OF_ONE} AND EXISTS (SELECT FROM matching_visitorsession AS s WHERE s.visitor_id = v.id)",
         ["visitorsession"]),
        (f"{OF_ONE} UNION SELECT FROM matching_visitor AS v", ["visitor"]),
        ("WITH known AS (SELECT FROM matching_visitor) SELECT FROM known", ["visitor"]),
        ("SELECT FROM matching_visitor AS v JOIN orgs_organization AS o ON o.id = v.organization_id "
         "WHERE o.id = %s", []),
        ("INSERT INTO matching_visitor (id, organization_id) SELECT FROM unnest(%s)", []),
        ("INSERT INTO matching_visitor (id) VALUES (%s)", ["visitor"]),
        ("UPDATE matching_visitor SET id = %s WHERE id = %s", ["visitor"]),
        ('DELETE FROM "matching_visitor" WHERE "matching_visitor"."organization_id" = %s', []),
    ],
)  # fmt: skip
def test_what_is_tied_is_read_as_the_engine_does(statement, untied):
    assert sorted(untied_tables(statement)) == [f"matching_{table}" for table in untied]
