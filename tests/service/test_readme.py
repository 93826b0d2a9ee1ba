"""The README is what a newcomer reads: its two commands, its five minutes, and the way to every page.

The pages that go on from the five minutes are run here too, in the same shell.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.service.pages import PAGES, README, blocks, links, page, section
from tests.service.processes import ROOT, Service, open_folder


def test_it_is_read_in_a_few_minutes():
    assert len(README.splitlines()) <= 200


def test_the_readme_leads_to_every_page():
    assert len(PAGES) > 10
    for file in PAGES:
        assert file.relative_to(ROOT).as_posix() in links(README)


def test_the_two_commands_start_from_nothing_but_python():
    assert [content.strip() for _, content in blocks(section(README, "Run"))] == [
        "python3 -m venv .venv && .venv/bin/pip install -r requirements.lock "
        "&& .venv/bin/python manage.py serve --demo"
    ]
    [(_, test_command)] = blocks(section(README, "Test"))
    assert test_command.strip() == (
        "python3 -m venv .venv && .venv/bin/pip install -r requirements-dev.lock && .venv/bin/pytest"
    )
    assert (ROOT / "requirements.lock").is_file()
    assert (ROOT / "requirements-dev.lock").is_file()


def test_ci_runs_the_readmes_test_command():
    [(_, test_command)] = blocks(section(README, "Test"))
    wanted = [shlex.split(command) for command in test_command.split("&&")]
    ci = (ROOT / ".ci/run").read_text().replace("\\\n", " ")
    # It has an environment elsewhere, asks for less output, and finds pytest through PATH.
    ci = ci.replace('"$work/venv/bin/pip"', ".venv/bin/pip").replace('"$work/venv"', ".venv")
    steps = [shlex.split(line)[2:] for line in ci.splitlines() if line.startswith("run ")]
    ran = [
        [word for word in step if word not in ("--quiet", "--disable-pip-version-check")] for step in steps
    ]
    assert ran[:3] == [*wanted[:2], ["pytest"]]
    assert 'PATH="$work/venv/bin:$PATH"' in ci
    assert wanted[2] == [".venv/bin/pytest"]


# The walk.

END_OF_BLOCK = "----- end of block -----"


@pytest.fixture
def demo() -> Iterator[Service]:
    """The service with the demo world, in a folder that the database's own user can reach."""
    with open_folder() as folder, Service(folder, "--demo") as service:
        yield service


@pytest.mark.skipif(shutil.which("curl") is None, reason="the walk is made with curl")
def test_the_five_minutes_go_as_written(demo, tmp_path):
    walk = [
        *blocks(section(README, "Five minutes")),
        *blocks(page("guide")),
        *blocks(section(page("imports"), "An example")),
        *blocks(page("reports")),
    ]
    token = re.search(r"integrator's token +(\w+)", demo.text)
    manager = re.search(r"manager's token +(\w+)", demo.text)
    assert token
    assert manager
    script = ["set -eu"]
    for language, content in walk:
        if language == "sh":
            script += [content, f"echo '{END_OF_BLOCK}'"]
    text = "\n".join(script)
    for written, here in {
        "TOKEN=paste-the-token-of-the-integrator\n": f"TOKEN={token[1]}\n",
        "MANAGER=paste-the-token-of-the-manager\n": f"MANAGER={manager[1]}\n",
        "http://127.0.0.1:8000/": f"http://127.0.0.1:{demo.port}/",
        ".venv/bin/python manage.py": shlex.join([sys.executable, str(ROOT / "manage.py")]),
    }.items():
        assert written in text
        text = text.replace(written, here)
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    ran = subprocess.run(
        ["bash", "-c", text],
        cwd=tmp_path,
        env=environment | {"GOALSVC_DATA": str(demo.data)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    answers = ran.stdout.split(f"{END_OF_BLOCK}\n")
    commands = [index for index, (language, _) in enumerate(walk) if language == "sh"]
    for index, answer in zip(commands, answers, strict=False):
        following = walk[index + 1] if index + 1 < len(walk) else ("sh", "")
        expected = following[1] if following[0] != "sh" else ""
        assert re.fullmatch(pattern_of(expected), unspaced(answer), re.S), f"{walk[index][1]}\n{answer}"
    assert len(answers) == len(commands) + 1


def pattern_of(expected: str) -> str:
    """What an answer may be; `…` stands for anything, and layout does not count."""
    return ".*".join(re.escape(part) for part in unspaced(expected).split("…"))


def unspaced(text: str) -> str:
    return re.sub(r"\s", "", text)
