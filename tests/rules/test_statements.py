"""Statements of the hot path behave as the driver's own cursors do."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import cycle

import pytest
from django.db import DatabaseError, DataError, OperationalError, connection, transaction

from goalsvc.database import lifecycle
from goalsvc.database.statements import Statement
from matching.matches.retries import retried_on_collision

ADD = Statement("SELECT %(a)s::int + %(b)s::int, %(a)s::int, NULL")
DIVIDE = Statement("SELECT 1 / %(by)s::int")


@pytest.mark.django_db
def test_values_travel_as_texts_in_any_order_and_more_than_once():
    assert ADD.fetch(b=2, a=40) == [("42", "40", None)]
    assert ADD.fetch(b=None, a=1) == [(None, "1", None)]


@pytest.mark.django_db
def test_statements_are_counted(django_assert_num_queries):
    with django_assert_num_queries(2):
        ADD.fetch(a=1, b=2)
        ADD.fetch(a=3, b=4)


@pytest.mark.django_db(transaction=True)
def test_after_a_rollback_they_work_again():
    """The driver then deallocates what is prepared in the session."""
    for _ in range(3):
        with transaction.atomic(), connection.cursor() as cursor:
            for _ in range(3):
                cursor.execute("SELECT 1 + %s::int", [1])
            ADD.fetch(a=1, b=2)
            transaction.set_rollback(True)
        assert ADD.fetch(a=1, b=2) == [("3", "1", None)]


@pytest.mark.django_db(transaction=True)
def test_they_take_part_in_the_transaction_even_as_its_first_statement():
    write = Statement("SELECT set_config('goalsvc.test', %(value)s, true)")
    read = Statement("SELECT current_setting('goalsvc.test', true)")
    with transaction.atomic():
        write.fetch(value="inside")
        assert read.fetch() == [("inside",)]
    assert read.fetch() in ([("",)], [(None,)])


@pytest.mark.django_db(transaction=True)
def test_errors_are_djangos():
    with pytest.raises(DataError, match="division by zero"):
        DIVIDE.fetch(by=0)
    assert DIVIDE.fetch(by=1) == [("1",)]


# A table that has changed.


@pytest.fixture
def changing_table(transactional_db: None) -> Iterator[Callable[[], None]]:
    """Make a table of one row; return what gives its column another type, back and forth."""

    def execute(statement: str) -> None:
        with closing(connection.copy()) as other, other.cursor() as cursor:
            cursor.execute(statement)

    types = cycle(["varchar(9)", "varchar(8)"])
    execute("CREATE TABLE changing AS SELECT 'a'::varchar(8) AS name")
    yield lambda: execute(f"ALTER TABLE changing ALTER name TYPE {next(types)}")
    connection.close()
    execute("DROP TABLE changing")


NAME = Statement("SELECT name FROM changing WHERE name = %(name)s::varchar")


def by_statement() -> str:
    [[name]] = NAME.fetch(name="a")
    return name


def by_cursor() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM changing WHERE name = %s::varchar", ["a"])
        [[name]] = cursor.fetchall()
    return name


@pytest.fixture(params=[by_statement, by_cursor])
def look(request: pytest.FixtureRequest, changing_table: Callable[[], None]) -> Callable[[], str]:
    for _ in range(3):  # more than prepare_threshold
        request.param()
    return request.param


def test_what_is_prepared_is_prepared_anew_when_a_table_has_changed(changing_table, look):
    for _ in range(2):
        changing_table()
        assert [look() for _ in range(4)] == ["a"] * 4


def test_it_is_as_the_first_of_a_transaction(changing_table, look):
    changing_table()
    with transaction.atomic():
        assert look() == "a"
        changed = ADD.fetch(a=1, b=2)
    assert changed == [("3", "1", None)]


def test_later_in_a_transaction_the_transaction_has_to_begin_anew(changing_table, look):
    changing_table()
    attempts = []

    def transact() -> str:
        with transaction.atomic():
            attempts.append(ADD.fetch(a=1, b=2))
            return look()

    with pytest.raises(DatabaseError, match="cached plan"):
        transact()
    assert [transact() for _ in range(3)] == ["a"] * 3
    changing_table()
    attempts.clear()
    assert retried_on_collision(transact)() == "a"
    assert len(attempts) == 2


def test_a_statement_that_is_not_there_any_more_is_prepared_again(changing_table, look):
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
        connection.connection.pgconn.exec_(b"DEALLOCATE ALL")  # behind the driver's back
    assert [look() for _ in range(4)] == ["a"] * 4


def test_a_name_that_is_taken_is_freed(changing_table, look):
    connection.connection.prepared.clear()
    connection.connection._prepared._names.clear()
    connection.connection._prepared._prepared_idx = 0
    assert [look() for _ in range(4)] == ["a"] * 4


def test_a_name_follows_from_the_statement_alone():
    assert Statement(ADD.sql).name == ADD.name != DIVIDE.name
    assert ADD.name == b"goalsvc_8fed5a27b3da61bd6271aa39"


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_is_an_operational_error():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s::int, 5000::bigint)", [pid])
    other.close()
    with pytest.raises(OperationalError):
        ADD.fetch(a=1, b=2)
    connection.close()
    lifecycle.forget_dead_connections()
    assert ADD.fetch(a=1, b=2) == [("3", "1", None)]
