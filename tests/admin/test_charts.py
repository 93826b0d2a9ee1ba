"""The script that draws charts, which is another's, is the one that was published."""

import hashlib
from pathlib import Path

from django.contrib.staticfiles import finders


def static_file(name: str) -> Path:
    found = finders.find(f"matching/{name}")
    assert found, name
    return Path(found)


def test_the_library_of_charts_is_as_it_was_published() -> None:
    library = static_file("chart.umd.js")
    checksum, name = static_file("chart.umd.js.sha256").read_text().split()
    assert name == library.name
    assert hashlib.sha256(library.read_bytes()).hexdigest() == checksum


def test_the_library_comes_with_its_licence() -> None:
    assert "Released under the MIT License" in static_file("chart.umd.js").read_text()[:200]
    assert static_file("chart.LICENSE.md").read_text().startswith("The MIT License")
