"""Columns of rows that travel in one statement: many rows and one row arrive as what they were."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.db import connection

from goalsvc.database.columns import Columns
from matching.matches.inserts import ATTEMPT, MATCH, PENDING
from matching.models import ExternalMatch, MatchAttempt, PendingMatch, VisitorSession
from matching.visitors.sessions import WRITTEN

ID = UUID("0199d6a4-4c9e-7f0a-8a35-90d2c4b1e631")
OTHER_ID = UUID("0199d6a4-4c9e-7f0a-8a35-90d2c4b1e632")


class Thing(NamedTuple):
    id: UUID | None
    amount: int | None
    price: Decimal | None
    name: str | None
    at: datetime | None
    digest: bytes | None
    ids: Any
    facts: Any


THING = Columns(
    id="uuid",
    amount="int",
    price="numeric",
    name="text",
    at="timestamptz",
    digest="bytea",
    ids="uuid[]",
    facts="jsonb",
)
THINGS = [
    Thing(
        ID,
        7,
        Decimal("12.50"),
        'a "b", \\c {NULL}',
        datetime(2016, 10, 10, 22, 0, 49, 123000, UTC),
        b"\x00\\\xff",
        [ID, OTHER_ID],
        {"a": ['"', None, "\\", "ä"]},
    ),
    Thing(None, None, None, None, None, None, [], None),
    Thing(None, None, None, None, None, None, [], {}),
    Thing(OTHER_ID, 0, Decimal("0"), "NULL", datetime(1970, 1, 1, tzinfo=UTC), b"", [ID], []),
    Thing(ID, -1, Decimal("-1"), "", datetime(2100, 1, 1, tzinfo=UTC), b"NULL", [], "null"),
]


def select(source: str, parameters: dict[str, Any]) -> list[Thing]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {THING.selected} FROM {source}", parameters)
        things = [Thing._make(row) for row in cursor]
    # As Django's cursors give it, JSON is text.
    assert "null" not in [thing.facts for thing in things]
    return [thing._replace(facts=thing.facts and json.loads(thing.facts)) for thing in things]


@pytest.mark.django_db
def test_many_rows_arrive_as_they_were():
    assert select(THING.rows("thing"), THING.parameters_of_rows(THINGS)) == THINGS


@pytest.mark.django_db
def test_values_that_are_no_attributes_may_be_given():
    rows = select(THING.rows("thing"), THING.parameters_of_rows(THINGS, amount=[1, 2, 3, 4, 5]))

    assert [row.amount for row in rows] == [1, 2, 3, 4, 5]


@pytest.mark.django_db
@pytest.mark.parametrize("thing", THINGS)
def test_one_row_arrives_as_it_was(thing):
    assert select(THING.row("thing"), THING.parameters_of_row(thing)) == [thing]


@pytest.mark.parametrize(
    ("columns", "model", "others"),
    [
        (
            MATCH,
            ExternalMatch,
            {"organization_id", "created_at", "retracted_at", "retracted_by_id", "retraction_reason"},
        ),
        (
            ATTEMPT,
            MatchAttempt,
            {"organization_id", "source", "request_id", "created_at", "created_by_id"},
        ),
        (PENDING, PendingMatch, {"organization_id", "status", "match_id", "resolved_at"}),
        (WRITTEN, VisitorSession, {"organization_id", "visitor_id", "created_at", "updated_at"}),
    ],
)
def test_a_column_that_is_added_to_a_model_is_written(columns, model, others):
    assert {*columns.types, *others} == {field.column for field in model._meta.concrete_fields}
