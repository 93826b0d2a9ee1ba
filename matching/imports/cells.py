"""Cells of CSV files that a spreadsheet would run as a formula: made harmless going out, read back coming in.

The apostrophe is what people type themselves to have a spreadsheet take something as text.
"""

import re

# Apostrophes count with it: `restore` then takes off what `defuse` has put there, and no other.
RUNS = re.compile(r"'*[=+\-@\t\r]")
NUMBER = re.compile(r"[+-][0-9]+(\.[0-9]+)?")


def defuse(cell: str) -> str:
    """Put an apostrophe before a cell that a spreadsheet would run; a number such as `-5.00` it may read."""
    return f"'{cell}" if RUNS.match(cell) and not NUMBER.fullmatch(cell) else cell


# A formula that is a text: with it programs keep a spreadsheet from shortening a number, as in ="00123".
TEXT = re.compile(r'="([^"]*)"')


def restore(cell: str) -> str:
    """Take the apostrophe off again, and a text out of its formula."""
    if cell.startswith("'") and RUNS.match(cell):
        return cell[1:]
    text = TEXT.fullmatch(cell)
    return text[1] if text else cell
