"""The README says what is so: its variables, commands, addresses and links, and its five minutes."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern

from goalsvc.orgs.scopes import Scope
from goalsvc.urls import urlpatterns
from tests.service.processes import Service, open_folder

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
OURS = ("goalsvc", "goals", "matching")
# Read, but not settings of the service: where programs are, and which module has the settings.
OF_THE_SYSTEM = {"_RJEM_MALLOC_CONF", "PATH", "DJANGO_SETTINGS_MODULE"}


def section(title: str) -> str:
    """The text below a heading, up to the next of its rank or above."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*)", README, re.M | re.S)
    assert found, f"the README has no section {title}"
    rank = len(found[1])
    return re.split(rf"^#{{1,{rank}}} ", found[2], maxsplit=1, flags=re.M)[0]


def table(text: str) -> dict[str, str]:
    """The rows of the first table, by the code in their first cell; each as the text of its second."""
    rows = re.findall(r"^\| `([^`]+)`[^|]*\| ([^|]*) \|", text, re.M)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def blocks(text: str) -> list[tuple[str, str]]:
    """The fenced blocks: language and content."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)


# What the code reads.


def variables() -> dict[str, object]:
    """The environment variables that the code reads, and their defaults, where those are constants.

    Found in the syntax: a method of `os.environ`, or a function that hands its own parameter to one.
    """
    trees = code()
    readers = {
        function.name
        for tree in trees
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and any(isinstance(name, ast.Name) for name, _ in uses_of_environ(function))
    }
    found: dict[str, object] = {}
    for tree in trees:
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
        read = [(call.args[0], second(call)) for call in calls if name_of(call.func) in readers]
        for name, default in [*uses_of_environ(tree), *read]:
            if isinstance(name, ast.Constant):
                value = default.value if isinstance(default, ast.Constant) else None
                found[str(name.value)] = found.get(str(name.value)) or value
    return found


@cache
def code() -> list[ast.Module]:
    paths = [ROOT / "manage.py", *(path for name in OURS for path in (ROOT / name).rglob("*.py"))]
    return [ast.parse(path.read_text()) for path in paths]


def uses_of_environ(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Yield the expressions of the variable's name and of its default."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and is_environ(node.value):
            yield node.slice, None
        elif isinstance(node, ast.Call) and node.args and is_environ(getattr(node.func, "value", None)):
            yield node.args[0], second(node)


def second(call: ast.Call) -> ast.expr | None:
    return call.args[1] if len(call.args) > 1 else None


def is_environ(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ"


def name_of(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


def test_the_search_overlooks_no_variable():
    found = variables()
    assert found["DATABASE_POOL_SIZE"] == 16
    assert found["ALLOWED_HOSTS"] == "localhost,127.0.0.1,[::1]"
    assert {"HTTPS", "STATIC_ROOT", "DATABASE_URL", "LOG_TO_STDOUT"} <= found.keys()
    for tree in code():
        mentions = [node for node in ast.walk(tree) if is_environ(node)]
        assert len(mentions) == len(list(uses_of_environ(tree)))
        for name, _ in uses_of_environ(tree):
            assert isinstance(name, ast.Constant | ast.Name)
        assert not re.search(r"getenv|from os import|environb", ast.unparse(tree))


def test_every_variable_is_in_the_table_and_none_besides():
    assert set(table(section("Configuration"))) == variables().keys() - OF_THE_SYSTEM


def test_the_table_says_the_defaults():
    documented = table(section("Configuration"))
    for name, default in variables().items():
        if name in documented and default not in (None, "", True, False):
            assert str(default) in documented[name], name


# Commands.


def our_commands() -> set[str]:
    files = [path for name in OURS for path in (ROOT / name).rglob("management/commands/*.py")]
    return {path.stem for path in files} - {"__init__"}


def test_every_command_is_in_the_table_and_none_besides():
    rows = table(section("Commands"))
    assert {row.split()[0] for row in rows} == our_commands()


def test_the_table_of_commands_names_options_that_exist():
    for row, meaning in re.findall(r"^\| `([^`]+)` \| (.*) \|$", section("Commands"), re.M):
        command = row.split()[0]
        parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
        for option in re.findall(r"--[a-z-]+", f"{row} {meaning}"):
            assert option in parser._option_string_actions, f"{command} {option}"


def test_the_commands_of_the_examples_parse():
    scripts = "\n".join(content for language, content in blocks(README) if language == "sh")
    lines = [line.partition("manage.py ")[2] for line in scripts.splitlines() if "manage.py " in line]
    assert {line.split()[0] for line in lines} >= our_commands() - {"load_demo", "import_sessions"}
    for line in lines:
        command, *arguments = shlex.split(line)
        parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
        parser.parse_args(arguments)  # raises CommandError


def test_the_two_commands_start_from_nothing_but_python():
    assert [content.strip() for _, content in blocks(section("Run"))] == [
        "python3 -m venv .venv && .venv/bin/pip install -r requirements.lock "
        "&& .venv/bin/python manage.py serve --demo"
    ]
    [(_, test_command)] = blocks(section("Test"))
    assert test_command.strip() == (
        "python3 -m venv .venv && .venv/bin/pip install -r requirements-dev.lock && .venv/bin/pytest"
    )
    assert (ROOT / "requirements.lock").is_file()
    assert (ROOT / "requirements-dev.lock").is_file()


def test_ci_runs_the_readmes_test_command():
    [(_, test_command)] = blocks(section("Test"))
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


def test_the_locks_are_made_as_the_readme_says():
    for name in ("requirements.lock", "requirements-dev.lock"):
        command = (ROOT / name).read_text().splitlines()[1].removeprefix("#").strip()
        assert f"\n{command}\n" in section("Development")


# Addresses and links.


def test_every_address_is_in_the_table():
    named = "\n".join(re.findall(r"^\| (.*?) \|", section("API"), re.M))
    named = named.replace("…/", "/orgs/<organization_id>/")
    others = section("API")
    for pattern in urlpatterns:
        if not isinstance(pattern, URLPattern):
            continue  # the admin
        address = "/" + re.sub(r"<\w+:(\w+)>", r"<\1>", str(pattern.pattern))
        short = address.removeprefix("/api/v5")
        assert f"`{short}`" in named or f"`{address}`" in others, address


def test_every_scope_is_described():
    assert table(section("Who may what")).keys() == set(Scope.values)


def test_links_lead_somewhere():
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.M | re.S)
    targets = re.findall(r"\]\(([^)]+)\)", prose)
    headings = re.findall(r"^#+ (.+)$", prose, re.M)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert any(target.startswith("#") for target in targets)
    for target in targets:
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://"):
            assert (ROOT / target).exists(), target


# The walk.

END_OF_BLOCK = "----- end of block -----"


@pytest.fixture
def demo() -> Iterator[Service]:
    """The service with the demo world, in a folder that the database's own user can reach."""
    with open_folder() as folder, Service(folder, "--demo") as service:
        yield service


@pytest.mark.skipif(shutil.which("curl") is None, reason="the walk is made with curl")
def test_the_five_minutes_go_as_written(demo, tmp_path):
    walk = blocks(section("Five minutes"))
    token = re.search(r"integrator's token +(\w+)", demo.text)
    assert token
    script = ["set -eu"]
    for language, content in walk:
        if language == "sh":
            script += [content, f"echo '{END_OF_BLOCK}'"]
    text = "\n".join(script)
    for written, here in {
        "TOKEN=paste-the-token-of-the-integrator\n": f"TOKEN={token[1]}\n",
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
        expected = walk[index + 1][1] if walk[index + 1][0] != "sh" else ""
        assert re.fullmatch(pattern_of(expected), unspaced(answer), re.S), f"{walk[index][1]}\n{answer}"
    assert len(answers) == len(commands) + 1


def pattern_of(expected: str) -> str:
    """What an answer may be; `…` stands for anything, and layout does not count."""
    return ".*".join(re.escape(part) for part in unspaced(expected).split("…"))


def unspaced(text: str) -> str:
    return re.sub(r"\s", "", text)
