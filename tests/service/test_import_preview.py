"""What is told of a file before it is imported; of its rows, the verdicts that an import would give."""

import gzip
from dataclasses import replace
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from matching.imports import preview as module
from matching.imports.columns import MATCH_COLUMNS, SESSION_COLUMNS
from matching.imports.files import Encoding, UnusableFileError
from matching.imports.options import read_match
from matching.imports.preview import Preview, SeenColumn, preview
from matching.imports.readings import Reading
from matching.matches.posting import post_matches
from matching.models import ExternalMatch, MatchAttempt, VisitorSession
from matching.visitors.reports import read_session, report_sessions

HEADER = "visitor_identity,goal_matched_at,rooms,goal_value"
MATCHED_AT = "2016-10-10T22:00:49.123Z"


@pytest.fixture
def look(tmp_path, organization, goal):
    """Write a file (its text or bytes) and look at it as a file of matches of the goal."""

    def look_at(content: Any, *, format: str = "csv", **given: Any) -> Preview:
        path = tmp_path / f"file.{format}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

        told: dict[str, Any] = {
            "encoding": None,
            "columns": MATCH_COLUMNS,
            "reading": Reading(),
            "read": partial(read_match, {"goal_id": str(goal.id)}, None),
            "record": partial(post_matches, organization, by=None, source=MatchAttempt.Source.IMPORT),
            **given,
        }
        return preview(path, format=format, **told)

    return look_at


@pytest.fixture
def line(room, visitor):
    def of(identity="customer-12345678", moment=MATCHED_AT, value="12.50", rooms=None):
        return f"{identity},{moment},{room.id if rooms is None else rooms},{value}\n"

    return of


def verdicts(found: Preview) -> list[tuple[int, str, str | None]]:
    return [
        (seen.row.number, seen.answer.verdict.value, seen.answer.code)
        for seen in found.rows
        if seen.answer is not None
    ]


def test_rows_get_the_verdicts_of_an_import_and_nothing_is_written(look, line):
    found = look(f"{HEADER}\n{line()}{line('nobody')}{line(moment='yesterday')}")

    assert verdicts(found) == [
        (1, "created", None),
        (2, "failed", "session_not_found"),
        (3, "failed", "validation_error"),
    ]
    assert found.verdicts == {"created": 1, "failed": 2}
    assert found.codes == {"session_not_found": 1, "validation_error": 1}
    assert (found.row_count, found.is_row_count_exact) == (3, True)
    assert found.is_importable
    assert not ExternalMatch.objects.exists()
    assert not MatchAttempt.objects.exists()


def test_it_tells_encoding_delimiter_and_columns(look, line):
    header = HEADER.replace(",", ";") + ";Kassiererin Bärbel"
    found = look(f"{header}\n{line().strip().replace(',', ';')};Zoë\n".encode("windows-1252"))

    assert found.encoding == Encoding("windows-1252", is_guessed=True)
    assert found.delimiter == ";"
    assert [column.title for column in found.unread] == ["Kassiererin Bärbel"]
    assert found.columns[0] == SeenColumn("visitor_identity", "visitor_identity")
    assert found.is_importable


def test_columns_that_are_probably_ours_are_named_and_no_row_is_rehearsed(look, line):
    found = look(f"Customer,Date,Store,Total EUR\n{line()}")

    assert [(column.title, column.probable) for column in found.columns] == [
        ("Customer", "visitor_identity"),
        ("Date", "goal_matched_at"),
        ("Store", "rooms"),
        ("Total EUR", "goal_value"),
    ]
    assert found.lacking == ["goal_matched_at", "rooms", "visitor_identity"]
    assert [seen.row.source[0] for seen in found.rows] == ["customer-12345678"]
    assert verdicts(found) == []
    assert not found.is_importable


def test_columns_of_other_names_are_read_as_what_is_said(look, line):
    renamed = {"Customer": "visitor_identity", "Date": "goal_matched_at", "Store": "rooms"}
    columns = replace(MATCH_COLUMNS, renamed=renamed, ignored=["Total EUR"])
    found = look(f"Customer,Date,Store,Total EUR\n{line()}", columns=columns)

    assert verdicts(found) == [(1, "created", None)]
    assert found.columns[0].name == "visitor_identity"
    assert found.columns[3] == SeenColumn("Total EUR", None, is_ignored=True)


def test_two_columns_that_are_read_as_the_same_are_named(look, line):
    found = look(f"{HEADER},Goal Value\n{line()}")

    assert found.doubled == ["goal_value"]
    assert not found.is_importable


def test_a_results_file_is_fed_back_without_its_verdicts(look, line):
    found = look(f"{HEADER},row,status,code,detail,reason\n{line().strip()},1,404,x,y,z\n")

    assert [column.title for column in found.columns if column.is_ignored] == [
        "row",
        "status",
        "code",
        "detail",
        "reason",
    ]
    assert verdicts(found) == [(1, "created", None)]


def test_times_without_an_offset_are_counted(look, line):
    content = f"{HEADER}\n{line(moment='2016-10-10 23:00')}"

    assert look(content).assumed_times == 1
    assert look(content, reading=Reading(ZoneInfo("Europe/Helsinki"))).assumed_times == 0


def test_ndjson_has_attributes_in_the_place_of_columns(look, room, visitor):
    found = look(
        f'{{"custom_visitor_identity": "customer-12345678", "goal_matched_at": "{MATCHED_AT}",'
        f' "rooms": ["{room.id}"], "shop": 3}}\nno JSON\n',
        format="ndjson",
    )

    assert found.columns == [
        SeenColumn("custom_visitor_identity", "visitor_identity"),
        SeenColumn("goal_matched_at", "goal_matched_at"),
        SeenColumn("rooms", "rooms"),
        SeenColumn("shop", None),
    ]
    assert verdicts(found) == [(1, "created", None), (2, "failed", "parse_error")]


def test_of_a_long_file_the_beginning_is_read(look, line, monkeypatch):
    monkeypatch.setattr(module, "REHEARSED_ROWS", 20)
    monkeypatch.setattr(module, "LOOKED_AT", 1024)
    content = f"{HEADER}\n{line() * 30_000}"

    found = look(content)
    assert (len(found.rows), found.rehearsed) == (10, 20)
    assert found.row_count is not None
    assert not found.is_row_count_exact
    assert abs(found.row_count - 30_000) < 300
    assert look(gzip.compress(content.encode())).row_count is None


def test_of_blank_lines_not_all_are_read(look, line, monkeypatch):
    monkeypatch.setattr(module, "MOST_LINES", 5)

    found = look(f"{HEADER}\n{line()},,,\n\n\n\n{line()}")
    assert (found.rehearsed, found.is_row_count_exact) == (1, False)
    with pytest.raises(UnusableFileError, match="empty"):
        look("\n" * 10 + f"{HEADER}\n{line()}")


def test_of_long_rows_fewer_are_read(look, line):
    found = look(f"{HEADER},note\n" + f"{line().strip()},{'x' * 100_000}\n" * 100)

    assert found.rehearsed == 42
    assert len(found.rows) == 10


def test_sessions_are_rehearsed_too(look, organization, room):
    found = look(
        f"visitor_session_id,visitor_id,started_at,rooms\ns-1,phone,{MATCHED_AT},{room.id}\n",
        columns=SESSION_COLUMNS,
        read=read_session,
        record=partial(report_sessions, organization),
    )

    assert verdicts(found) == [(1, "created", None)]
    assert not VisitorSession.objects.exists()


def test_a_file_without_rows_is_told_and_not_importable(look):
    found = look(f"{HEADER}\n\n")

    assert (found.row_count, found.is_importable) == (0, False)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"%PDF-1.7 ...", "This is a PDF"),
        (b"a," * 1001, "1002 columns"),
        (b"[{}]", "one JSON document"),
        (b"x" * 1_100_000, "longer than"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_a_sentence(look, content, sentence):
    with pytest.raises(UnusableFileError, match=sentence):
        look(content)
