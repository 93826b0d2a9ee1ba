"""Statements of the hot path behave as the driver's own cursors do."""

import pytest
from django.db import DataError, OperationalError, connection, transaction

from goalsvc import database
from goalsvc.statements import Statement

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


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_is_an_operational_error():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    with pytest.raises(OperationalError):
        ADD.fetch(a=1, b=2)
    connection.close()
    database.forget_dead_connections()
    assert ADD.fetch(a=1, b=2) == [("3", "1", None)]
