"""The pool of database connections that the threads of a worker share."""

from collections.abc import Callable, Iterator
from copy import deepcopy

import psycopg
import pytest
from django.db import ProgrammingError, connection

from goalsvc.database.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)

NewUser = Callable[[], DatabaseWrapper]


@pytest.fixture(params=[{}, {"isolation_level": psycopg.IsolationLevel.SERIALIZABLE}], ids=["plain", "level"])
def new_user(request: pytest.FixtureRequest) -> Iterator[NewUser]:
    """Makes what a thread has: its own way to the database, through a pool that all of them share."""
    settings = deepcopy(connection.settings_dict)
    settings["TIME_ZONE"] = "Asia/Tokyo"  # not what the server has by itself
    settings["OPTIONS"] |= {"pool": {"min_size": 0, "max_size": 3, "timeout": 3}, **request.param}
    users: list[DatabaseWrapper] = []

    def make() -> DatabaseWrapper:
        users.append(DatabaseWrapper(settings, alias="pooled"))
        return users[-1]

    yield make
    for user in users:
        user.close()
    users[0].close_pool()


def ask(user: DatabaseWrapper, question: str) -> object:
    with user.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def backend(user: DatabaseWrapper) -> object:
    """Which server process the user talks to."""
    return ask(user, "SELECT pg_backend_pid()")


def test_the_connection_that_came_back_last_is_handed_out_first(new_user):
    first, second, third = users = [new_user() for _ in range(3)]
    backends = [backend(user) for user in users]
    assert len(set(backends)) == 3
    for user in (second, third, first):
        user.close()
    assert [backend(new_user()) for _ in range(3)] == [backends[0], backends[2], backends[1]]


def test_of_unused_connections_the_one_that_rested_longest_is_closed(new_user):
    first, second, third = users = [new_user() for _ in range(3)]
    backends = [backend(user) for user in users]
    for user in (second, third, first):
        user.close()
    for _ in range(2):  # from one look to the next
        first.pool._shrink_pool()
    assert [backend(new_user()) for _ in range(2)] == [backends[0], backends[2]]
    assert backend(new_user()) not in backends


def test_a_transaction_left_open_is_rolled_back_before_the_connection_is_used_again(new_user):
    careless = new_user()
    before = backend(careless)
    careless.set_autocommit(False)
    ask(careless, "SELECT set_config('goalsvc.left', 'behind', false)")
    careless.close()

    user = new_user()
    assert backend(user) == before
    assert user.get_autocommit()
    assert ask(user, "SELECT current_setting('goalsvc.left', true)") in {None, ""}
    # Each statement is a transaction of its own again.
    first, second = (ask(user, "SELECT pg_current_xact_id()") for _ in range(2))
    assert first != second


def test_a_broken_connection_is_not_handed_out_again(new_user):
    user = new_user()
    before = backend(user)
    user.connection.close()
    user.errors_occurred = True
    user.close_if_unusable_or_obsolete()
    assert user.connection is None
    assert backend(new_user()) != before


def test_a_failed_statement_does_not_spoil_the_connection_for_the_next_user(new_user):
    user = new_user()
    before = backend(user)
    with pytest.raises(ProgrammingError):
        ask(user, "SELECT no_such_column")
    user.close_if_unusable_or_obsolete()
    assert backend(new_user()) == before


def test_each_connection_has_the_time_zone_and_the_isolation_level_that_are_set(new_user):
    for _ in range(2):  # a new connection, and one that came back
        user = new_user()
        level = user.settings_dict["OPTIONS"].get("isolation_level", psycopg.IsolationLevel.READ_COMMITTED)
        assert ask(user, "SHOW timezone") == "Asia/Tokyo"
        user.set_autocommit(False)
        assert ask(user, "SHOW transaction_isolation") == level.name.lower().replace("_", " ")
        user.close()


def test_a_connection_goes_back_at_once_when_its_user_is_done(new_user):
    user = new_user()
    before = backend(user)
    user.close_if_unusable_or_obsolete()
    assert user.connection is None
    assert backend(user) == before
