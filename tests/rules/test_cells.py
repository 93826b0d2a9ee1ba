"""Cells that a spreadsheet would run: made harmless, and read back as they were."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.imports.rows import defuse, restore

# What the rule looks at is common in them.
CELLS = st.text(st.one_of(st.sampled_from("'=+-@\t\r\n.05 "), st.characters(codec="utf-8")), max_size=12)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-", "'-"),
        ("-5.00", "-5.00"),
        ("+358501234567", "+358501234567"),
        ("-5.00\n", "'-5.00\n"),
        ("-1e5", "'-1e5"),
        ("-٣", "'-٣"),
        ("+358 50 1234567", "'+358 50 1234567"),
        ("1-2", "1-2"),
        ("", ""),
        ("it's", "it's"),
        ("'plain", "'plain"),
        ("'=1", "''=1"),
    ],
)
def test_a_cell_that_would_be_run_is_preceded_by_an_apostrophe(cell: str, written: str) -> None:
    assert defuse(cell) == written
    assert restore(written) == cell


@given(CELLS)
def test_every_cell_is_read_back_as_it_was(cell: str) -> None:
    assert restore(defuse(cell)) == cell


@given(CELLS)
def test_no_written_cell_is_run(cell: str) -> None:
    written = defuse(cell)
    assert written[:1] not in set("=+-@\t\r") or re.fullmatch(r"[+-][0-9]+(\.[0-9]+)?", written)


@given(CELLS)
def test_nothing_else_is_changed(cell: str) -> None:
    assert defuse(cell) in {cell, f"'{cell}"}
    assert restore(cell) in {cell, cell.removeprefix("'")}


def test_a_number_that_somebody_else_has_made_text_is_read_too() -> None:
    assert restore("'+358501234567") == "+358501234567"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="00123"', "00123"),
        ('="3.58401E+11"', "3.58401E+11"),
        ('=""', ""),
        ('="a"&"b"', '="a"&"b"'),
        ("=1", "=1"),
    ],
)
def test_a_formula_that_is_a_text_is_that_text(cell: str, text: str) -> None:
    assert restore(cell) == text
