"""What files of offices and shops look like: read rightly, or refused with what to do."""

import codecs
import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from matching.models import ExternalMatch
from tests.factories import VisitorFactory, VisitorIdentityFactory, VisitorSessionFactory

CUSTOMER = "käyttäjä-1"
MATCHED_AT = "2016-10-10T22:00:49.123Z"
HEADER = "visitor_identity,goal_matched_at,rooms,goal_value,external_id"


@pytest.fixture
def row(organization, room):
    visitor = VisitorFactory.create(organization=organization)
    VisitorIdentityFactory.create(visitor=visitor, identity=CUSTOMER)
    VisitorSessionFactory.create(visitor=visitor, room_ids=[room.id])
    return f"{CUSTOMER},{MATCHED_AT},{room.id},12.50,receipt-1"


@pytest.fixture
def run(tmp_path, organization, goal, capsys):
    """Import what a file has; return what was printed."""

    def imported(content: bytes | str, name: str = "sales.csv", **options: Any) -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        call_command("import_matches", path, organization=str(organization.id), goal=str(goal.id), **options)
        return str(capsys.readouterr().out)

    return imported


def refusal(run: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(CommandError) as refused:
        run(*arguments, **options)
    assert not ExternalMatch.objects.exists()
    return str(refused.value)


def created() -> list[tuple[str | None, str]]:
    return [
        (match.external_id, str(match.goal_value)) for match in ExternalMatch.objects.order_by("external_id")
    ]


def workbook() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


# Encodings and line ends


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
    ],
)
def test_what_is_marked_or_utf8_is_read_without_a_word(encoding, mark, run, row):
    printed = run(mark + f"{HEADER}\n{row}\n".encode(encoding))

    assert created() == [("receipt-1", "12.50")]
    assert "Read as" not in printed


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp1252", "windows-1252"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")],
)
def test_an_encoding_that_was_found_out_is_said(encoding, name, run, row):
    printed = run(f"{HEADER}\n{row}\n".encode(encoding))

    assert created() == [("receipt-1", "12.50")]
    assert f"Read as {name}. If that is wrong, say another --encoding." in printed


def test_an_encoding_can_be_said(run, row):
    printed = run(f"{HEADER}\n{row}\n".encode("mac-roman"), encoding="mac-roman")

    assert created() == [("receipt-1", "12.50")]
    assert "Read as" not in printed


@pytest.mark.parametrize("encoding", ["utf-9", "base64", "undefined"])
def test_an_encoding_that_does_not_exist_is_refused(encoding, run, row):
    assert f"{encoding!r} is no encoding" in refusal(run, f"{HEADER}\n{row}\n", encoding=encoding)


def test_an_encoding_that_is_not_that_of_the_file_is_refused(run, row):
    content = f"{HEADER}\n{row}\n".encode("cp1252")

    assert refusal(run, content, encoding="utf-8").startswith("Line 2 is not UTF-8.")
    assert "not ascii" in refusal(run, content, encoding="ascii")


def test_bytes_that_are_no_text_are_refused(run):
    assert "its encoding cannot be told" in refusal(run, bytes(range(256)) * 20)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way(end, run, row):
    run(end.join([HEADER, row, row.replace("receipt-1", "receipt-2"), ""]))

    assert [external_id for external_id, _ in created()] == ["receipt-1", "receipt-2"]


def test_a_packed_file_is_read_as_it_is(run, row, tmp_path):
    printed = run(gzip.compress(f"{HEADER}\n{row}\nx{row},1\n".encode()), "sales.csv.gz")

    assert created() == [("receipt-1", "12.50")]
    assert f"are in {tmp_path / 'sales.failed.csv'}." in printed


def test_a_damaged_packed_file_is_refused(run, row):
    content = gzip.compress(f"{HEADER}\n{row}\n".encode() * 50)

    assert refusal(run, content[: len(content) // 2], "sales.csv.gz").startswith(
        "The file is compressed with gzip, and damaged:"
    )


# What is no file of rows


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (
            workbook(),
            "sales.xlsx",
            "This is an Excel workbook, or another ZIP archive. Save it as “CSV UTF-8”",
        ),
        (
            workbook(),
            "sales.csv",
            "This is an Excel workbook, or another ZIP archive. Save it as “CSV UTF-8”",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "sales.xls", "This is an Excel workbook of the old kind."),
        (b"%PDF-1.7\n", "sales.pdf", "This is a PDF."),
        (b"BZh91AY", "sales.csv", "This is compressed with bzip2."),
        (b"PAR1\0\0", "sales.parquet", "This is a Parquet file."),
        (
            '[{"a": 1},\n {"a": 2}]',
            "sales.json",
            "This is one JSON document. Needed is one JSON object a line",
        ),
        ('[{"a": 1}]', "sales.ndjson", "This is one JSON document."),
        ('[{"a": 1}]', "sales.csv", "This is one JSON document."),
        ('\n{\n  "a": 1\n}\n', "sales.json", "This is one JSON document."),
        ('{"a": 1}\n{"a": 2}\n', "sales.csv", "The file has JSON objects, not CSV."),
        ("<!DOCTYPE html>\n<p>Log in", "sales.csv", "This is HTML or XML, not CSV."),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "sales.csv", "This is HTML or XML, not CSV."),
        ("", "sales.csv", "The file is empty: a CSV file needs a header row."),
        (",,,\n\n ;;\n", "sales.csv", "The file is empty: a CSV file needs a header row."),
        ('"visitor_identity,goal_matched_at\n', "sales.csv", "The header row is no CSV:"),
    ],
)
def test_another_kind_of_file_is_refused_in_a_sentence(content, name, sentence, run):
    assert refusal(run, content, name).startswith(sentence)


# Rows


@pytest.mark.parametrize(
    "lines",
    [
        ["", ",,,,", HEADER, "", "ROW", ",,,,", " , , ,,", ""],
        ["sep=,", HEADER, "ROW"],
        [HEADER, "ROW", "\x1a"],
        ['"sep=,"', "", HEADER, "ROW"],
        [f"{HEADER},,", "ROW,,"],
        [f"{HEADER},,", "ROW"],
        [HEADER, "ROW,,,"],
    ],
)
def test_what_says_nothing_is_passed_over(lines, run, row, tmp_path):
    printed = run("".join(f"{line.replace('ROW', row)}\n" for line in lines))

    assert created() == [("receipt-1", "12.50")]
    assert "failed" not in printed


def test_the_separator_that_is_said_is_obeyed(run, row):
    """Also where the header has another one more often."""
    header = "visitor_identity;goal_matched_at;rooms;Note, of the cashier, or of us, or nobody"
    cells = row.rpartition(",12.50")[0].replace(",", ";")

    assert "1  created" in run(f"sep=;\n{header}\n{cells};\n")


def test_empty_cells_at_the_end_may_lack(run, row):
    run(f"{HEADER}\n{row.rpartition(',12.50')[0]}\n")

    assert created() == [(None, "None")]


@pytest.mark.parametrize(
    ("header", "tail", "sentence"),
    [
        (f"{HEADER},", ",lost", "Cell 6 is under a column without a name: “lost”."),
        (HEADER, ",lost", "The row has 6 cells, and the header 5."),
        (HEADER, ",,,lost", "The row has 8 cells, and the header 5."),
    ],
)
def test_a_filled_cell_without_a_column_is_a_failure(header, tail, sentence, run, row, tmp_path):
    printed = run(f"{header}\n{row}{tail}\n")

    assert "1  failed" in printed
    assert sentence in (tmp_path / "sales.failed.csv").read_text()
    assert created() == []


# Columns


def test_names_are_taken_without_case_spaces_hyphens_and_underscores(run, row):
    run(f"Visitor Identity,goalMatchedAt,ROOMS,goal-value,External_ID\n{row}\n")

    assert created() == [("receipt-1", "12.50")]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("goal_value", "amount"),
        ("goal_value", "Total Price"),
        ("goal_value", "goal_vlaue"),
        ("goal_value", "Goal value (EUR)"),
        ("goal_value", "Amount (EUR)"),
        ("goal_value", "amount_usd"),
        ("goal_value", "Order Total"),
        ("goal_value", "netRevenue"),
        ("goal_value", "Total [incl. VAT]"),
        ("goal_value", "Umsatz"),
        ("goal_value", "Summa"),
        ("external_id", "Order #"),
        ("external_id", "Receipt No."),
        ("external_id", "Shopify order id"),
        ("external_id", "Tilausnumero"),
        ("external_id", "order id"),
        ("external_id", "Transaction-ID"),
        ("visitor_identity", "Email"),
        ("visitor_identity", "customer_id"),
        ("visitor_identity", "visitor_identiy"),
        ("goal_matched_at", "Timestamp"),
        ("goal_matched_at", "created_at"),
        ("rooms", "Store"),
    ],
)
def test_a_column_that_is_plainly_meant_stops_the_import_until_that_is_said(ours, theirs, run, row):
    content = f"{HEADER.replace(ours, theirs)}\n{row}\n"
    said = refusal(run, content)
    assert f"The column “{theirs}” is probably {ours}, which is missing: say --column {ours}=" in said
    assert "or --ignore-column " in said

    run(content, column=[f"{ours}={theirs}"])
    assert created() == [("receipt-1", "12.50")]


def test_a_column_of_something_else_stops_nothing(run, row):
    others = [
        "Cashier",
        "Discount code",
        "Currency",
        "Valued customer",
        "Totally",
        "Orders",
        "Shipping",
    ]
    header = HEADER.removesuffix(",goal_value,external_id")

    printed = run(f"{header},{','.join(others)}\n{row.removesuffix(',12.50,receipt-1')},x\n")

    assert "1  created" in printed
    assert f"Columns that nobody reads: {', '.join(others)}." in printed


def test_a_column_that_is_not_meant_is_named_as_unread(run, row):
    content = f"{HEADER.replace('goal_value', 'amount')},Note\n{row},x\n"

    printed = run(content, ignore_column=["Amount"])

    assert [external_id for external_id, _ in created()] == ["receipt-1"]
    assert "Columns that nobody reads: amount, Note." in printed


def test_a_column_of_ours_can_be_ignored_too(run, row):
    printed = run(f"{HEADER}\n{row}\n", ignore_column=["external_id"])

    assert created() == [(None, "12.50")]
    assert "Columns that nobody reads: external_id." in printed


def test_a_rehearsal_says_the_same_of_the_file(run, row):
    printed = run(f"{HEADER},Note\n{row},x\n".encode("cp1252"), dry_run=True)

    assert "Read as windows-1252." in printed
    assert "Columns that nobody reads: Note." in printed
    assert created() == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"column": ["amount"]}, "--column: amount: needed is OURS=THEIRS"),
        ({"column": ["price=amount"]}, "--column: price=amount: needed is OURS=THEIRS"),
        ({"column": ["goal_value=a", "goal_value=b"]}, "--column: goal_value=b: it is given twice."),
        ({"column": ["goal_value=amount"]}, "The file has no column amount."),
        ({"ignore_column": ["amount"]}, "The file has no column amount."),
    ],
)
def test_an_option_that_names_no_column_is_refused(options, sentence, run, row):
    assert refusal(run, f"{HEADER}\n{row}\n", **options).startswith(sentence)


@pytest.mark.parametrize("tail", ["", ",,"])
def test_the_results_can_be_imported_again(tail, run, row, tmp_path: Path):
    run(f"{HEADER}\n{row.replace('12.50', 'x')}{tail}\n")
    results = tmp_path / "sales.failed.csv"
    mended = results.read_text().replace(",x,", ",12.50,", 1)

    printed = run(mended, "mended.csv")

    assert created() == [("receipt-1", "12.50")]
    assert "nobody reads" not in printed
