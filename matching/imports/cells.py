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


def restore(cell: str) -> str:
    """Take the apostrophe off again."""
    return cell[1:] if cell.startswith("'") and RUNS.match(cell) else cell
