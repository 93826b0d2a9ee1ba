"""Which database is used, how, and what is said when there is none that can be used."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from goalsvc.database import configuration
from goalsvc.database.embedded import DATABASE
from tests.service.processes import PATIENCE, ROOT, free_port

URL = "postgres://shop:p%40ss@db.example.com:6432/goals"


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch):
    for name in (
        "DATABASE_URL",
        "DATABASE_REPLICA_URL",
        "DATABASE_POOL_SIZE",
        "DATABASE_PREPARED_STATEMENTS",
        "DATABASE_STATEMENT_TIMEOUT_MS",
    ):
        monkeypatch.delenv(name, raising=False)


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_without_a_url_the_embedded_server_is_used_and_not_started(tmp_path):
    configured = configuration.configuration(tmp_path)
    assert configured["ENGINE"] == "goalsvc.database"
    assert configured["HOST"].startswith((str(tmp_path), "/tmp/goalsvc-"))
    assert list(tmp_path.iterdir()) == []


def test_the_url_is_used_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", URL)
    configured = configuration.configuration(tmp_path)
    keys = ("ENGINE", "HOST", "PORT", "NAME", "USER", "PASSWORD", "CONN_MAX_AGE")
    assert {key: configured[key] for key in keys} == {
        "ENGINE": "goalsvc.database",
        "HOST": "db.example.com",
        "PORT": 6432,
        "NAME": "goals",
        "USER": "shop",
        "PASSWORD": "p@ss",
        "CONN_MAX_AGE": 0,
    }


def test_limits_of_the_url_win_but_the_way_to_read_is_ours(tmp_path, monkeypatch):
    query = "?sslmode=require&connect_timeout=9&options=-c%20statement_timeout%3D7%20-c%20DateStyle%3DSQL"
    monkeypatch.setenv("DATABASE_URL", URL + query)
    options = configuration.configuration(tmp_path)["OPTIONS"]
    assert options["sslmode"] == "require"
    assert options["connect_timeout"] == 9
    assert options["options"].startswith("-c statement_timeout=30000 ")
    limit, style = "-c statement_timeout=7 -c DateStyle=SQL", "-c DateStyle=ISO"
    assert 0 < options["options"].index(limit) < options["options"].index(style)


def test_limits_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_POOL_SIZE", "3")
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT_MS", "1500")
    options = configuration.configuration(tmp_path)["OPTIONS"]
    assert options["pool"]["max_size"] == 3
    assert "-c statement_timeout=1500 -c lock_timeout=" in options["options"]


def test_a_statement_timeout_of_0_lifts_all_limits(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT_MS", "0")
    options = configuration.configuration(tmp_path)["OPTIONS"]["options"]
    assert options.startswith(
        "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 "
    )


def test_without_prepared_statements_nothing_is_asked_of_a_session(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_PREPARED_STATEMENTS", "0")
    configured = configuration.configuration(tmp_path)
    assert configured["DISABLE_SERVER_SIDE_CURSORS"]
    assert configured["OPTIONS"]["prepare_threshold"] is None
    assert "options" not in configured["OPTIONS"]


@pytest.mark.parametrize(
    ("hosts", "host", "port"),
    [
        ("a.example:5432,b.example:5433", "a.example,b.example", "5432,5433"),
        ("a.example,b.example", "a.example,b.example", ","),
        ("[::1]:5432,[fe80::2]", "::1,fe80::2", "5432,"),
        ("%2Fvar%2FRun,b.example:7", "/var/Run,b.example", ",7"),
    ],
)
def test_a_url_may_name_several_hosts(tmp_path, monkeypatch, hosts, host, port):
    query = "target_session_attrs=read-write"
    monkeypatch.setenv("DATABASE_URL", f"postgres://shop:p%40s%2Cs@{hosts}/goals?{query}")
    configured = configuration.configuration(tmp_path)
    assert (configured["HOST"], configured["PORT"]) == (host, port)
    assert (configured["USER"], configured["PASSWORD"], configured["NAME"]) == ("shop", "p@s,s", "goals")
    assert configured["OPTIONS"]["target_session_attrs"] == "read-write"


def test_the_replica_is_configured_as_the_database_is(tmp_path, monkeypatch):
    assert configuration.replica_configuration() is None
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("DATABASE_REPLICA_URL", URL.replace("db.", "standby."))
    database, replica = configuration.configuration(tmp_path), configuration.replica_configuration()
    assert replica is not None
    assert replica["HOST"] == "standby.example.com"
    assert replica["OPTIONS"]["options"] == database["OPTIONS"]["options"]  # its limits
    same = ("ENGINE", "NAME", "USER", "PASSWORD", "PORT", "CONN_MAX_AGE")
    assert [replica[name] for name in same] == [database[name] for name in same]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("mysql://shop:secret@db/goals", "PostgreSQL only"),
        ("postgres://shop:secret@db", "names no database"),
        ("postgres://shop:secret@one:5432,two:5432/goals", "one server"),
        ("postgres://shop:secret@/goals?host=one,two", "one server"),
    ],
)
def test_a_replica_that_makes_no_sense_is_named_without_its_secrets(monkeypatch, value, said):
    monkeypatch.setenv("DATABASE_REPLICA_URL", value)
    with pytest.raises(ImproperlyConfigured) as refused:
        configuration.replica_configuration()
    assert str(refused.value).startswith("DATABASE_REPLICA_URL")
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql://shop:secret@db/goals", "PostgreSQL only"),
        ("DATABASE_URL", "sqlite:///goals.sqlite3", "PostgreSQL only"),
        ("DATABASE_URL", "db.example.com", "PostgreSQL only"),
        ("DATABASE_URL", "postgres://shop:secret@db:port/goals", "percent-encoded"),
        ("DATABASE_URL", "postgres://shop:sec[ret@db/goals", "percent-encoded"),
        ("DATABASE_URL", "postgres://shop:secret@db", "names no database"),
        ("DATABASE_URL", "postgres://shop:secret@db,/goals", "percent-encoded"),
        ("DATABASE_URL", "postgres://shop:secret@db:1,other:port/goals", "a port is a number"),
        ("DATABASE_PREPARED_STATEMENTS", "no", "must be 1 or 0"),
        ("DATABASE_POOL_SIZE", "0", "must be a whole number, 1 or more"),
        ("DATABASE_POOL_SIZE", "many", "must be a whole number, 1 or more"),
        ("DATABASE_STATEMENT_TIMEOUT_MS", "-1", "must be a whole number, 0 or more"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_without_its_secrets(tmp_path, monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as refused:
        configuration.configuration(tmp_path)
    assert str(refused.value).startswith(name)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_bad_url_ends_a_command_with_one_sentence():
    finished = manage("check", DATABASE_URL="mysql://db/goals")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == (
        "DATABASE_URL must look like postgres://user:password@host:5432/name; "
        "goalsvc runs on PostgreSQL only.\n"
    )


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_an_unreachable_database_ends_a_command_with_one_sentence(command):
    options = ["--port", str(free_port())] if command == "serve" else []
    finished = manage(command, *options, DATABASE_URL="postgres://shop@127.0.0.1:1/goals")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert "The database cannot be used: " in finished.stderr
    assert "Connection refused" in finished.stderr
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["resolve_pending", "prune"])
def test_a_daily_job_without_its_environment_makes_no_database(command, tmp_path):
    finished = manage(command, GOALSVC_DATA=str(tmp_path), DATABASE_URL="")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == (
        f"There is no database here ({tmp_path}/postgresql): set DATABASE_URL, or run `serve` first.\n"
    )
    assert not list(tmp_path.glob("postgresql*"))


@pytest.mark.django_db
def test_an_unknown_database_ends_a_command_with_one_sentence():
    from django.db import connection

    host = connection.settings_dict["HOST"].replace("/", "%2F")
    if not host.startswith("%2F"):
        pytest.skip("the tests run on a configured database")
    finished = manage("migrate", DATABASE_URL=f"postgres://postgres@{host}:5432/nowhere")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert 'database "nowhere" does not exist' in finished.stderr
    assert finished.stderr.count("\n") == 1


@pytest.mark.django_db
def test_requests_have_time_limits_and_commands_have_none():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        assert cursor.fetchone() == ("30s", "10s")
    question = (
        "from django.conf import settings; print(settings.DATABASES['default']['OPTIONS'].get('options'))"
    )
    finished = manage("shell", "--no-imports", "-c", question)
    assert finished.stdout.startswith("-c statement_timeout=0 -c lock_timeout=0 "), finished.stderr


@pytest.mark.django_db
@pytest.mark.skipif(not configuration.is_embedded(), reason="the tests run on a configured database")
def test_the_log_of_the_embedded_server_repeats_no_values():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('log_error_verbosity'), current_setting('log_min_error_statement')"
        )
        assert cursor.fetchone() == ("terse", "panic")


def test_the_secret_key_is_made_once_and_private(tmp_path):
    data_dir = tmp_path / "new" / "data"
    key = configuration.own_secret_key(data_dir)
    assert len(key) >= 50
    assert configuration.own_secret_key(data_dir) == key
    assert stat.S_IMODE((data_dir / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o755


def test_first_starts_at_once_end_with_one_secret_key(tmp_path):
    with ThreadPoolExecutor(16) as starts:
        assert len(set(starts.map(lambda _: configuration.own_secret_key(tmp_path), range(64)))) == 1


def test_a_start_killed_before_it_wrote_the_key_does_not_matter(tmp_path):
    (tmp_path / "secret_key").touch(mode=0o600)
    assert len(configuration.own_secret_key(tmp_path)) >= 50


def test_a_data_folder_that_cannot_be_used_ends_a_command_with_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    finished = manage("check", GOALSVC_DATA=str(tmp_path / "file" / "data"), SECRET_KEY="")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("The data folder cannot be used (")
    assert finished.stderr.count("\n") == 1


@pytest.mark.django_db
def test_the_database_is_told_whose_connections_these_are():
    with connection.cursor() as cursor:
        cursor.execute("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        assert cursor.fetchone() == ("goalsvc",)


@pytest.mark.django_db
def test_a_program_on_the_database_needs_not_be_told_where_that_is():
    asked = manage("with_database", "psql", "--no-psqlrc", "--csv", "--command=SELECT current_database()")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout == f"current_database\n{DATABASE}\n"
    refused = manage("with_database", "psql", "--no-psqlrc", "--command=SELECT nonsense")
    assert refused.returncode == 1
    assert 'column "nonsense" does not exist' in refused.stderr
    unknown = manage("with_database", "no-such-program")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == "CommandError: no-such-program cannot be run: No such file or directory.\n"
