"""What a database or a role has for its sessions changes nothing; what cannot be used at all is named."""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from goalsvc.database.embedded import socket_directory
from goalsvc.database.fitness import SESSION, fault
from tests.service.processes import Postgres, Service, free_port, open_folder
from tests.service.test_database_configuration import manage
from tests.service.test_database_faults import World
from tests.service.traffic import Traffic

# What a role or a database may have, and the service must not take over.
FOREIGN = {
    "default_transaction_isolation": "repeatable read",
    "DateStyle": "German, DMY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Pacific/Chatham",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "client_encoding": "LATIN1",
    "statement_timeout": "1",
}
ROUNDS = 40


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with open_folder() as folder, running(folder) as postgres:
        yield postgres


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    postgres = Postgres(folder / "database")
    postgres.start()
    try:
        yield postgres
    finally:
        postgres.stop()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_folder() as folder, running(folder) as postgres:
        for whose in ("DATABASE goalsvc", "ROLE postgres"):
            postgres.execute(*(f"ALTER {whose} SET {name} = '{value}'" for name, value in FOREIGN.items()))
        with Service(folder, "--demo", environment={"DATABASE_URL": postgres.url}) as service:
            yield World(service, postgres)


def test_requests_are_answered_as_ever(world):
    with Traffic(world, each=60) as traffic:
        traffic.join()
    assert traffic.failures() == {}
    match = json.loads(world.ask("GET", world.place.url("match-detail")).text)
    assert match["session_started_at"].endswith("Z")
    assert match["goal_matched_at"] == "2026-02-05T12:00:00.000Z"


def test_a_held_match_and_its_session_at_the_same_moment_find_each_other(world):
    """In `repeatable read` the one that waits for the other's lock would not see what the other wrote."""

    def meet(_: int) -> str:
        name = uuid.uuid4().hex
        session = {
            "visitor_session_id": name, "visitor_id": name, "visitor_identity": name,
            "started_at": "2026-02-05T11:00:00Z", "rooms": world.match["rooms"],
        }  # fmt: skip
        match = {**world.held, "visitor_identity": name}
        with ThreadPoolExecutor(2) as both:
            calls = [
                both.submit(world.ask, "POST", world.place.url(route), body)
                for route, body in (("goal-match-list", match), ("visitor-session-list", session))
            ]
            assert [call.result().status for call in calls] in ([200, 201], [202, 201])
        return name

    with ThreadPoolExecutor(4) as rounds:
        names = list(rounds.map(meet, range(ROUNDS)))
    for name in names:
        found = world.ask("GET", f"{world.place.url('match-list')}?visitor_identity={name}")
        assert len(json.loads(found.text)["results"]) == 1, name


# What cannot be used.


def refusal(url: str) -> str:
    finished = manage("serve", "--port", str(free_port()), DATABASE_URL=url)
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1, finished.stderr
    return finished.stderr


def test_a_database_that_is_not_utf8_is_refused_in_a_sentence(postgres):
    postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    said = refusal(postgres.url.replace("/goalsvc?", "/latin?"))
    assert "The database cannot be used: its encoding is LATIN1, and UTF8 is needed." in said


def test_a_role_that_may_not_create_tables_is_refused_in_a_sentence(postgres):
    postgres.execute("CREATE ROLE weak LOGIN", "CREATE DATABASE empty")
    weak = postgres.url.replace("postgres@", "weak@")
    said = refusal(weak.replace("/goalsvc?", "/empty?"))
    assert "The database cannot be used: the role weak may not create tables in the schema public." in said


def test_a_role_that_may_not_apply_a_missing_migration_is_refused_in_a_sentence(postgres):
    postgres.execute(
        "CREATE DATABASE old TEMPLATE goalsvc", "CREATE ROLE reader LOGIN IN ROLE pg_read_all_data"
    )
    old = postgres.url.replace("/goalsvc?", "/old?")
    assert manage("migrate", "sessions", "zero", DATABASE_URL=old).returncode == 0
    said = refusal(old.replace("postgres@", "reader@"))
    assert "The database cannot be used: migrations have to be applied, which its role may not do: " in said


def test_tables_that_are_not_where_new_ones_would_be_made_are_named(postgres):
    postgres.execute("CREATE ROLE astray LOGIN SUPERUSER", "CREATE DATABASE two TEMPLATE goalsvc")
    two = postgres.url.replace("/goalsvc?", "/two?")
    postgres.execute("ALTER ROLE astray SET search_path = other, public")
    assert manage("migrate", "--plan", DATABASE_URL=two.replace("postgres@", "astray@")).returncode == 0
    made = manage("with_database", "psql", "--command=CREATE SCHEMA other", DATABASE_URL=two)
    assert made.returncode == 0
    said = refusal(two.replace("postgres@", "astray@"))
    assert (
        "its tables are in the schema public, but the search_path of the role astray begins with other"
        in said
    )


def test_of_several_hosts_the_one_that_answers_is_used(postgres):
    there = quote(str(socket_directory(postgres.data)), safe="")
    for hosts in (f"%2Fnowhere,{there}", f"{there}:5432,127.0.0.1:1"):
        finished = manage("migrate", "--plan", DATABASE_URL=f"postgres://postgres@{hosts}/goalsvc")
        assert (finished.returncode, finished.stderr) == (0, "")


GOOD = ["150018", "UTF8", "shop", "public", "true", "public", *SESSION.values()]


@pytest.mark.parametrize(
    ("place", "answer", "said"),
    [
        (0, "140011", "it is PostgreSQL 14, and 15 or newer is needed"),
        (1, "SQL_ASCII", "its encoding is SQL_ASCII"),
        (3, None, "names no schema"),
        (5, "other", "its tables are in the schema other"),
        (6, "serializable", "default_transaction_isolation is 'serializable'"),
        (7, "German, DMY", "DateStyle is 'German, DMY'"),
        (10, "0", "extra_float_digits is '0'"),
    ],
)
def test_each_fault_is_named(place, answer, said):
    assert fault(GOOD) is None
    assert said in (fault([*GOOD[:place], answer, *GOOD[place + 1 :]]) or "")


@pytest.mark.parametrize(("place", "answer"), [(0, "180000"), (4, "false"), (7, "ISO, DMY"), (10, "3")])
def test_what_does_no_harm_is_no_fault(place, answer):
    assert fault([*GOOD[:place], answer, *GOOD[place + 1 :]]) is None
