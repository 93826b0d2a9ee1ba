"""The README and the pages beside it, and what tests take out of them."""

import re

from tests.service.processes import ROOT

README = (ROOT / "README.md").read_text()


def section(title: str, page: str = README) -> str:
    """The text below a heading, up to the next of its rank or above."""
    prose = without_blocks(page)
    heading = re.search(rf"^(#+) {re.escape(title)}$", prose, re.M)
    assert heading, f"the page has no section {title}"
    end = re.compile(rf"^#{{1,{len(heading[1])}}} ", re.M).search(prose, heading.end())
    return page[heading.end() : end.start() if end else None]


def without_blocks(page: str) -> str:
    """The page with blanks in the place of its fenced blocks, in which a line may begin with `#`."""
    return re.sub(r"^```.*?^```$", lambda block: " " * len(block[0]), page, flags=re.M | re.S)


def blocks(text: str, language: str = r"\w+") -> list[tuple[str, str]]:
    """The fenced blocks: language and content."""
    return re.findall(rf"^```({language})\n(.*?)^```$", text, re.M | re.S)
