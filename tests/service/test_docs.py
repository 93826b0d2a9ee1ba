"""The pages of docs/ say what is so: their variables, commands, addresses, names of columns and links."""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern

from goalsvc.orgs.scopes import Scope
from goalsvc.urls import urlpatterns
from matching.imports.columns import MATCH_COLUMNS, OTHER_NAMES, SESSION_COLUMNS, Columns, is_meant, plain
from tests.service.pages import PAGES, README, blocks, links, page, section, table, without_blocks
from tests.service.processes import ROOT

OURS = ("goalsvc", "goals", "matching")
# Read, but no settings of the service: where programs are, the module of the settings, what systemd gives.
OF_THE_SYSTEM = {"_RJEM_MALLOC_CONF", "PATH", "DJANGO_SETTINGS_MODULE", "NOTIFY_SOCKET"}


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
        copies = ast.unparse(tree).count("os.environ.copy()")  # all of it, for a child
        assert len(mentions) == len(list(uses_of_environ(tree))) + copies
        for name, _ in uses_of_environ(tree):
            assert isinstance(name, ast.Constant | ast.Name)
        assert not re.search(r"getenv|from os import|environb", ast.unparse(tree))


def test_every_variable_is_in_the_table_and_none_besides():
    assert set(table(page("configuration"))) == variables().keys() - OF_THE_SYSTEM


def test_the_table_says_the_defaults():
    documented = table(page("configuration"))
    for name, default in variables().items():
        if name in documented and default not in (None, "", True, False):
            assert str(default) in documented[name], name


# Commands.


def our_commands() -> set[str]:
    files = [path for name in OURS for path in (ROOT / name).rglob("management/commands/*.py")]
    return {path.stem for path in files} - {"__init__"}


def test_every_command_is_in_the_table_and_none_besides():
    rows = table(section(page("operations"), "Commands"))
    assert {row.split()[0] for row in rows} == our_commands()


def test_the_table_of_commands_names_options_that_exist():
    for row, meaning in re.findall(
        r"^\| `([^`]+)` \| (.*) \|$", section(page("operations"), "Commands"), re.M
    ):
        command = row.split()[0]
        parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
        for option in re.findall(r"--[a-z-]+", f"{row} {meaning}"):
            assert option in parser._option_string_actions, f"{command} {option}"


def test_the_commands_of_the_examples_parse():
    pages = [README, *(file.read_text() for file in PAGES)]
    scripts = "\n".join(content for text in pages for _, content in blocks(text, "sh|bash")).replace(
        "\\\n", " "
    )
    lines = [line.partition("manage.py ")[2] for line in scripts.splitlines() if "manage.py " in line]
    assert {line.split()[0] for line in lines} >= our_commands() - {"load_demo", "import_sessions"}
    for line in lines:
        command, *arguments = shlex.split(re.sub(r" [<>|] .*", "", line))  # what the shell does with it
        parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
        parser.parse_args(arguments)  # raises CommandError


# Dependencies.


def test_the_locks_are_made_as_the_page_says():
    for name in ("requirements.lock", "requirements-dev.lock"):
        command = (ROOT / name).read_text().splitlines()[1].removeprefix("#").strip()
        assert f"\n{command}\n" in section(page("development"), "Dependencies")


# Addresses and links.


def test_every_address_is_in_the_table():
    named = "\n".join(re.findall(r"^\| (.*?) \|", page("api"), re.M))
    named = named.replace("…/", "/orgs/<organization_id>/")
    others = page("api")
    for pattern in urlpatterns:
        if not isinstance(pattern, URLPattern) or str(pattern.pattern).startswith(("admin", "favicon")):
            continue  # the admin, its own pages, the redirect to it, and its icon
        address = "/" + re.sub(r"<\w+:(\w+)>", r"<\1>", str(pattern.pattern))
        short = address.removeprefix("/api/v5")
        assert f"`{short}`" in named or f"`{address}`" in others, address


def test_every_scope_is_described():
    assert table(section(page("security"), "Who may what")).keys() == set(Scope.values)


@pytest.mark.parametrize("file", [ROOT / "README.md", *PAGES], ids=lambda file: file.name)
def test_links_lead_somewhere(file):
    targets = links(file.read_text())
    assert any(target.startswith("#") for target in targets)
    for target in targets:
        path, _, anchor = target.partition("#")
        if target.startswith("https://"):
            continue
        led_to = file.parent / path if path else file
        assert led_to.exists(), target
        assert not anchor or anchor in anchors(led_to.read_text()), target


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", without_blocks(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Columns of files.


def test_every_other_name_of_a_column_is_in_the_table():
    text = section(page("imports"), "Other names of columns")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.M)
    documented = {ours: theirs.split(", ") for ours, theirs in rows}
    assert len(documented) == len(rows)
    assert documented == {ours: theirs.split() for ours, theirs in OTHER_NAMES.items()}
    for names in documented.values():
        assert names == [plain(name) for name in names]
    examples = re.findall(r"`([^`]+)`", text.partition("\n|")[0])
    assert len(examples) > 5
    for example in examples:
        assert any(is_meant(example, ours) for ours in OTHER_NAMES), example


@pytest.mark.parametrize(
    ("command", "columns"), [("import_matches", MATCH_COLUMNS), ("import_sessions", SESSION_COLUMNS)]
)
def test_every_column_is_in_the_table(command: str, columns: Columns):
    text = section(page("imports"), "Columns")
    [(required, optional)] = re.findall(rf"^\| `{command}` \| (.*) \| (.*) \|$", text, re.M)
    always, _, _ = required.partition(";")
    assert set(re.findall(r"`(\w+)`", always)) == columns.required
    assert set(re.findall(r"`(\w+)`", optional)) == columns.optional
