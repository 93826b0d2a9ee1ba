"""Which modules may import which, where imports stand, and how large files and folders may become.

What does not hold yet is listed with its reason. An entry that is no longer needed fails, so that whoever
mends the place deletes the line.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

# Each room of the house, with the rooms right below it. It may import from all that are below.
BELOW = {
    "goalsvc.database": [],
    "goalsvc.api": ["goalsvc.database"],
    "goalsvc.replica": ["goalsvc.api"],
    "goalsvc.orgs": ["goalsvc.replica"],
    "goalsvc.server": ["goalsvc.orgs"],
    "goals": ["goalsvc.orgs"],
    "matching.apps": [],
    "matching.limits": [],
    "matching.refusals": ["goals", "matching.limits"],
    "matching.models": ["goals", "matching.limits"],
    "matching.rule": ["matching.models", "matching.refusals"],
    "matching.serializers": ["matching.rule"],
    "matching.matches": ["matching.serializers"],
    "matching.visitors": ["matching.matches"],
    "matching.imports": ["matching.visitors"],
    "matching.privacy": ["matching.imports"],
    "matching.reports": ["matching.imports"],
    "matching.admin": ["matching.privacy", "matching.reports"],
    "matching.templatetags": ["matching.admin"],
    "matching.api": ["matching.privacy", "matching.reports"],
    "matching.management": ["matching.privacy", "matching.reports"],
    # These alone know all apps.
    "goalsvc.settings": ["goalsvc.server", "matching.admin", "matching.api", "matching.management"],
    "goalsvc.urls": ["goalsvc.server", "matching.admin", "matching.api", "matching.management"],
    "goalsvc.wsgi": ["goalsvc.server", "matching.admin", "matching.api", "matching.management"],
    "manage": ["goalsvc.database"],
}

# A module that imports from a room which is not below its own, and why.
UPWARD = {
    ("goalsvc.orgs.management.commands.serve", "goalsvc.server"): "the command starts the server",
    ("goalsvc.orgs.management.commands.serve", "goalsvc.wsgi"): "and loads the application that it serves",
    ("matching.matches.metrics", "goalsvc.server"): "its counters are in the registry that /metrics shows",
    ("matching.imports.metrics", "goalsvc.server"): "and so are its figures",
}

# Modules that import each other, and why.
CIRCLES: dict[tuple[str, ...], str] = {}

# A function, or the block under TYPE_CHECKING, that has imports of its own, and why.
HIDDEN = {
    ("manage", "main"): "as in Django's own: DJANGO_SETTINGS_MODULE is set before anything is loaded",
    ("goalsvc.orgs.management.commands.serve", "serve"): (
        "the allocator of Granian's library reads its options from the environment when it is loaded, and "
        "loading the application makes the handler with all middleware, which only who serves needs"
    ),
}

MAX_LINES = 400
# Longer files, with the length beyond which they must not grow.
LONG_FILES: dict[str, int] = {}

MAX_MODULES = 12  # of a folder
# Fuller folders, with the number of modules beyond which they must not grow.
FULL_FOLDERS = {
    "goalsvc/api": 15,
    "goalsvc/database": 13,
    "goalsvc/orgs": 13,
    "goalsvc/server": 14,
}


class Import(NamedTuple):
    """An import of a module of the product, or of a library."""

    module: str
    place: str | None  # the function it stands in, or TYPE_CHECKING; None for a whole module's


def product_files() -> dict[str, Path]:
    """The product's modules by name, without the migrations, whose order Django knows."""
    paths = [ROOT / "manage.py"]
    for top in ("goals", "goalsvc", "matching"):
        paths += (path for path in (ROOT / top).rglob("*.py") if "migrations" not in path.parts)
    return {module_name(path): path for path in sorted(paths)}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = product_files()


def imports_of(source: str) -> list[Import]:
    """Return what a module imports, in the order of its text."""
    return list(walk(ast.parse(source), None))


def walk(node: ast.AST, place: str | None) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, place) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "relative imports hide where they lead"
            for alias in child.names:
                full = f"{child.module}.{alias.name}"
                yield Import(full if full in FILES else str(child.module), place)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from walk(child, child.name)
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from walk(child, place or "TYPE_CHECKING")
        else:
            yield from walk(child, place)


IMPORTS = {name: imports_of(path.read_text()) for name, path in FILES.items()}


def room_of(module: str) -> str | None:
    """Return the room that a module is in; None for the packages around the rooms."""
    return next((room for room in BELOW if module == room or module.startswith(f"{room}.")), None)


@cache
def all_below(room: str) -> frozenset[str]:
    return frozenset(BELOW[room]).union(*(all_below(lower) for lower in BELOW[room]))


def circles() -> set[tuple[str, ...]]:
    """Return the groups of modules that import each other, whether at once or through others."""
    reached: dict[str, set[str]] = {}
    for start in FILES:
        found, ahead = set[str](), [start]
        while ahead:
            further = {each.module for each in IMPORTS[ahead.pop()] if each.module in FILES} - found
            found |= further
            ahead += further
        reached[start] = found
    return {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in FILES
        if module in reached[module]
    }


def test_every_module_is_in_a_room() -> None:
    homeless = [name for name in FILES if room_of(name) is None]
    assert [name for name in homeless if FILES[name].read_text().strip()] == []


def test_imports_lead_downward() -> None:
    upward = set()
    for name, imports in IMPORTS.items():
        room = room_of(name)
        for each in imports:
            target = room_of(each.module)
            if room is not None and target not in {None, room, *all_below(room)}:
                upward.add((name, target))
    assert upward == UPWARD.keys()


def test_no_modules_import_each_other() -> None:
    assert circles() == CIRCLES.keys()


def test_imports_stand_at_the_head_of_their_module() -> None:
    hidden = {(name, each.place) for name, imports in IMPORTS.items() for each in imports if each.place}
    assert hidden == HIDDEN.keys()


def test_files_stay_readable() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in FILES.values()}
    long = {name: count for name, count in lengths.items() if count > MAX_LINES}
    assert long.keys() == LONG_FILES.keys()
    assert {name: count for name, count in long.items() if count > LONG_FILES[name]} == {}


def test_folders_stay_readable() -> None:
    counts: dict[str, int] = {}
    for path in FILES.values():
        if path.name != "__init__.py":
            folder = str(path.parent.relative_to(ROOT))
            counts[folder] = counts.get(folder, 0) + 1
    full = {folder: count for folder, count in counts.items() if count > MAX_MODULES}
    assert full.keys() == FULL_FOLDERS.keys()
    assert {folder: count for folder, count in full.items() if count > FULL_FOLDERS[folder]} == {}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os", [Import("os", None)]),
        ("from goalsvc.api import errors", [Import("goalsvc.api.errors", None)]),
        ("from goalsvc.api.errors import quoted", [Import("goalsvc.api.errors", None)]),
        ("try:\n    import os\nexcept ImportError:\n    pass", [Import("os", None)]),
        ("def f():\n    if True:\n        import os", [Import("os", "f")]),
        ("class A:\n    async def f(self):\n        import os", [Import("os", "f")]),
        ("if TYPE_CHECKING:\n    import os", [Import("os", "TYPE_CHECKING")]),
        ("if typing.TYPE_CHECKING:\n    import os", [Import("os", "TYPE_CHECKING")]),
    ],
)
def test_imports_are_found_wherever_they_stand(source: str, expected: list[Import]) -> None:
    assert imports_of(source) == expected
