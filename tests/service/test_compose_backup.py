"""The backup of docker-compose.yml, and the restore that docs/backup.md describes; no Docker."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from tests.service.pages import page, section
from tests.service.pooler import PORT, PROGRAMS, ROLE, Debian, url
from tests.service.processes import ROOT, open_folder, wait_until

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="Debian's package postgresql is not installed")

DAY = 24 * 3600


@pytest.fixture(scope="module")
def debian() -> Iterator[Debian]:
    with open_folder() as folder:
        server = Debian(folder / "server")
        with server.running():
            # The image makes its user a superuser.
            server.execute(f"ALTER ROLE {ROLE} SUPERUSER")
            yield server


def environment(debian: Debian, folder: Path) -> dict[str, str]:
    """Of the containers: what is common to them, and where Debian's programs find the database."""
    own = {"PGHOST": str(debian.folder), "PGPORT": str(PORT), "DATABASE_URL": url(debian.folder, ROLE)}
    programs = {"PATH": f"{PROGRAMS[-1]}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(folder)}
    return {**os.environ, **programs, **own, "BACKUP_DAYS": "14"}


def in_container(command: str, folder: Path) -> str:
    command = command.replace("/backups", str(folder / "backups"))
    return command.replace("python manage.py", f"{sys.executable} {ROOT}/manage.py")


def script(folder: Path) -> list[str]:
    """What the container runs, in the folder."""
    backup = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["backup"]
    return [in_container(part.replace("$$", "$"), folder) for part in backup["command"]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a folder `backups`, which has an old dump, a new one and something else."""
    with open_folder() as folder:
        backups = folder / "backups"
        backups.mkdir()
        for name, days in (("goalsvc-old.dump", 20), ("goalsvc-new.dump", 3), ("other", 20)):
            (backups / name).write_text("")
            before = backups.stat().st_mtime - days * DAY
            os.utime(backups / name, (before, before))
        yield folder


def test_a_dump_is_made_and_tried_old_ones_go_and_it_can_be_restored(debian: Debian, folder: Path) -> None:
    here = environment(debian, folder)
    for command in ("migrate --verbosity=0", "create_organization Example --json"):
        subprocess.run([sys.executable, f"{ROOT}/manage.py", *command.split()], env=here, check=True)
    backups = folder / "backups"
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(script(folder), env=here, stdout=said, start_new_session=True)
    try:
        wait_until(lambda: not (backups / "goalsvc-old.dump").exists())
    finally:
        os.killpg(process.pid, 15)
        process.wait()
    assert (folder / "said").read_text().endswith("The backup is good.\n")
    [made] = backups.glob("goalsvc-2*.dump")
    assert made.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in backups.iterdir()} == {made.name, "goalsvc-new.dump", "other"}

    lines = section(page("backup"), "With Docker Compose").splitlines()
    restore = lines[lines.index("docker compose stop service worker") + 1 :]
    restore = restore[: restore.index("docker compose start service worker")]
    assert len(restore) == 3
    for line in restore:
        command = re.sub(r"^docker compose (exec|run --rm( -T)?) (database|service) ", "", line)
        assert command != line
        command = in_container(command, folder).replace("goalsvc.dump", str(made))
        subprocess.run(["bash", "-ec", command], env=here, check=True)
    with psycopg.connect(url(debian.folder, ROLE)) as connection:
        assert connection.execute("SELECT name FROM orgs_organization").fetchall() == [("Example",)]


@pytest.mark.parametrize("database", ["none", "postgres"])
def test_what_fails_deletes_nothing(debian: Debian, folder: Path, database: str) -> None:
    """A database that is not there cannot be dumped; the dump of an empty one fails the trial, and stays."""
    own = script(folder)
    ends = [*own[:2], own[2].replace("sleep 86400", "exit 3")]
    assert ends != own
    finished = subprocess.run(
        ends,
        env=environment(debian, folder) | {"DATABASE_URL": url(debian.folder, database)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 3
    assert finished.stderr.endswith("the backup failed\n")
    assert ("none of goalsvc" in finished.stderr) == (database == "postgres")
    backups = [path.name for path in (folder / "backups").iterdir()]
    assert {"goalsvc-old.dump", "goalsvc-new.dump", "other"} <= set(backups)
    assert len(backups) == (4 if database == "postgres" else 3)
    assert not [name for name in backups if name.endswith(".part")]
