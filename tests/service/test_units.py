"""The systemd units of docs/deploy/, as far as they can be checked where systemd does not run."""

import os
import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.service.processes import PATIENCE, ROOT, Service, migrated_folder

FOLDER = ROOT / "docs" / "deploy"
BACKUP = FOLDER / "goalsvc-backup.service"
UNITS = sorted({*FOLDER.glob("*.service")} - {BACKUP})
PYTHON = "/opt/goalsvc/.venv/bin/python"
SCRIPT = "/opt/goalsvc/docs/deploy/backup.sh"


def command(unit: Path) -> list[str]:
    found = re.search(r"^ExecStart=(.*)$", unit.read_text(), re.M)
    assert found
    return shlex.split(found[1])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_to_say(tmp_path: Path) -> None:
    for unit in [*UNITS, BACKUP, BACKUP.with_suffix(".timer")]:
        # It wants the program to be there.
        text = unit.read_text().replace(PYTHON, "/bin/true").replace(SCRIPT, "/bin/true")
        (tmp_path / unit.name).write_text(text)
    said = subprocess.run(
        ["systemd-analyze", "verify", *sorted(map(str, tmp_path.iterdir()))],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_they_start_commands_that_there_are(unit: Path) -> None:
    python, manage, name, *arguments = command(unit)
    assert (python, manage) == (PYTHON, "manage.py")
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    parser.parse_args(arguments)  # raises CommandError


def test_the_work_in_the_background_is_done_by_one_of_them() -> None:
    assert [unit.name for unit in UNITS] == ["goalsvc-worker.service", "goalsvc.service"]
    assert [command(unit)[2:4] for unit in UNITS] == [["work"], ["serve", "--no-worker"]]


def test_they_share_their_user_their_folder_and_their_hardening() -> None:
    worker, service, backup = (unit.read_text() for unit in [*UNITS, BACKUP])
    hardening = service.partition("\nStateDirectory=")[2]
    assert worker.partition("\nStateDirectory=")[2] == hardening
    after = backup.partition("\nStateDirectory=")[2].replace("goalsvc/backups", "", 1).replace(" \n", "\n", 1)
    assert after.strip() == hardening.partition("\n[Install]")[0].strip()
    for name in ("User", "WorkingDirectory", "EnvironmentFile", "Environment"):
        pattern = rf"^{name}=.*$"
        of_service = re.findall(pattern, service, re.M)
        assert re.findall(pattern, worker, re.M) == of_service
        assert [each for each in re.findall(pattern, backup, re.M) if "TMPDIR" not in each] == of_service


def test_the_backup_runs_the_script_in_the_folder_that_the_unit_has() -> None:
    script, folder, days = command(BACKUP)
    assert (script, folder, days) == (SCRIPT, "%S/goalsvc/backups", "14")
    assert os.access(FOLDER / Path(script).name, os.X_OK)


@pytest.mark.parametrize("kind", ["a file", "no file"])
def test_systemd_is_told_when_the_service_listens(kind: str) -> None:
    with migrated_folder() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.settimeout(PATIENCE)
        name = str(folder / "notify")
        supervisor.bind(name if kind == "a file" else f"\0{name}")
        address = name if kind == "a file" else f"@{name}"
        with Service(folder, environment={"NOTIFY_SOCKET": address}) as service:
            assert supervisor.recv(100) == b"READY=1"
            assert service.get("/healthz") == 200
