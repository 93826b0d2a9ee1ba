"""The README and the pages of docs/, and what tests take out of them."""

import re

from tests.service.processes import ROOT

README = (ROOT / "README.md").read_text()
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def page(name: str) -> str:
    """The text of a page of docs/, by its name without `.md`."""
    return (ROOT / "docs" / f"{name}.md").read_text()


def section(text: str, title: str) -> str:
    """What stands below a heading of a page, up to the next of its rank or above."""
    prose = without_blocks(text)
    heading = re.search(rf"^(#+) {re.escape(title)}$", prose, re.M)
    assert heading, f"the page has no section {title}"
    end = re.compile(rf"^#{{1,{len(heading[1])}}} ", re.M).search(prose, heading.end())
    return text[heading.end() : end.start() if end else None]


def without_blocks(text: str) -> str:
    """The page with blanks in the place of its fenced blocks, in which a line may begin with `#`."""
    return re.sub(r"^```.*?^```$", lambda block: " " * len(block[0]), text, flags=re.M | re.S)


def blocks(text: str, language: str = r"\w+") -> list[tuple[str, str]]:
    """The fenced blocks: language and content."""
    return re.findall(rf"^```({language})\n(.*?)^```$", text, re.M | re.S)


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", without_blocks(text))


def table(text: str) -> dict[str, str]:
    """The rows of tables, by the code in their first cell; each as the text of its second."""
    rows = re.findall(r"^\| `([^`]+)`[^|]*\| ([^|]*) \|", text, re.M)
    assert len(rows) == len(dict(rows))
    return dict(rows)
