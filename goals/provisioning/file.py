"""A provisioning file: TOML, and where in it each key stands."""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from goalsvc.orgs.provisioning.commands import said_of
from goalsvc.orgs.provisioning.rows import FaultError

Place = tuple[str | int, ...]

TABLE = re.compile(r"\s*\[\[\s*([\w-]+(?:\s*\.\s*[\w-]+)*)\s*\]\]")
KEY = re.compile(r"\s*([\w-]+)\s*[.=]")


@dataclass(frozen=True)
class ProvisioningFile:
    """What a file says.

    Attributes:
        lines: where its tables and their keys begin, as far as they stand on lines of their own.
    """

    name: str
    content: Mapping[str, Any]
    lines: Mapping[Place, int]

    def locate(self, fault: FaultError) -> str:
        """Say in which file and line something is wrong, and what."""
        known = [fault.path[:length] for length in range(len(fault.path), 0, -1)]
        line = next((self.lines[place] for place in known if place in self.lines), None)
        return f"{self.name}{f', line {line}' if line else ''}: {said_of(fault)} Nothing was changed."


def read_file(name: str) -> ProvisioningFile:
    """Read a file, or standard input for “-”. Raises: FaultError, with one sentence."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        name = "standard input" if name == "-" else name
    except OSError as error:
        raise FaultError(f"{name} cannot be read: {error.strerror}.") from error
    try:
        text = content.decode("utf-8-sig")
        return ProvisioningFile(name, tomllib.loads(text, parse_float=Decimal), lines_of(text))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FaultError(f"{name}, line {line}: it is not UTF-8.") from None
    except (ValueError, ArithmeticError) as error:  # also of a number that is too long
        hint = " YAML is not read." if name.endswith((".yaml", ".yml")) else ""
        raise FaultError(f"{name} is no TOML: {error}.{hint}") from None
    except RecursionError:
        raise FaultError(f"{name} is nested too deep.") from None


def lines_of(text: str) -> dict[Place, int]:
    """Return the lines where tables in lists (`[[…]]`) and their keys begin, by their paths."""
    found: dict[Place, int] = {}
    counts: Counter[Place] = Counter()
    table: Place = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := TABLE.match(line):
            *outer, last = re.split(r"\s*\.\s*", header[1])
            table = ()
            for name in outer:
                table = (*table, name, counts[*table, name] - 1)
            counts[*table, last] += 1
            table = (*table, last, counts[*table, last] - 1)
            found[table] = number
        elif key := KEY.match(line):
            found.setdefault((*table, key[1]), number)
    return found
