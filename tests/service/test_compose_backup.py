"""The backup of docker-compose.yml, and the restore that docs/deploy/README.md describes; no Docker."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from tests.service.pages import section
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


def environment(debian: Debian) -> dict[str, str]:
    own = {"PGHOST": str(debian.folder), "PGPORT": str(PORT), "PGUSER": ROLE, "PGDATABASE": ROLE}
    return {"PATH": f"{PROGRAMS[-1]}{os.pathsep}{os.environ['PATH']}", "BACKUP_DAYS": "14", **own}


def test_a_dump_is_made_old_ones_go_and_it_can_be_restored(debian: Debian, tmp_path: Path) -> None:
    debian.execute("CREATE TABLE kept AS SELECT generate_series(1, 7) AS number", database=ROLE)
    for name, days in (("goalsvc-old.dump", 20), ("goalsvc-new.dump", 3), ("other", 20)):
        (tmp_path / name).write_text("")
        before = tmp_path.stat().st_mtime - days * DAY
        os.utime(tmp_path / name, (before, before))
    backup = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["backup"]
    script = [part.replace("$$", "$").replace("/backups", str(tmp_path)) for part in backup["command"]]
    process = subprocess.Popen(script, env=environment(debian), start_new_session=True)
    try:
        wait_until(lambda: not (tmp_path / "goalsvc-old.dump").exists())
    finally:
        os.killpg(process.pid, 15)
        process.wait()
    [made] = tmp_path.glob("goalsvc-2*.dump")
    assert made.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [made.name, "goalsvc-new.dump", "other"]
    )
    page = (ROOT / "docs" / "deploy" / "README.md").read_text()
    commands = re.findall(r"run --rm backup (.+)$", section(page, "Backups with Compose"), re.M)
    assert len(commands) == 4
    for command in commands:
        line = command.replace("/backups/goalsvc-20260302T040000Z.dump", str(made))
        subprocess.run(["bash", "-ec", line], env=environment(debian), check=True)
    with psycopg.connect(url(debian.folder, ROLE)) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (7,)


def test_what_fails_deletes_nothing(debian: Debian, tmp_path: Path) -> None:
    (tmp_path / "goalsvc-old.dump").write_text("")
    os.utime(tmp_path / "goalsvc-old.dump", (0, 0))
    backup = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["backup"]
    script = [part.replace("$$", "$").replace("/backups", str(tmp_path)) for part in backup["command"]]
    ends = [*script[:2], script[2].replace("sleep 86400", "exit 3")]
    assert ends != script
    finished = subprocess.run(
        ends,
        env=environment(debian) | {"PGDATABASE": "none"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 3
    assert finished.stderr.endswith("the dump failed\n")
    assert [path.name for path in tmp_path.iterdir()] == ["goalsvc-old.dump"]
