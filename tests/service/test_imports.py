"""import_matches, import_sessions: what a file may look like, and what becomes of its rows."""

import csv
import io
import json
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from matching.imports import runs
from matching.matches.posting import read_posted
from matching.matches.retries import CollisionError
from matching.models import (
    ExternalMatch,
    ImportRun,
    MatchAttempt,
    PendingMatch,
    ReplayTally,
    VisitorIdentity,
    VisitorSession,
)
from tests.factories import (
    UNKNOWN_ID,
    GoalFactory,
    VisitorFactory,
    VisitorSessionFactory,
)

CUSTOMER = "customer-12345678"
MATCHED_AT = "2016-10-10T22:00:49.123Z"
HEADER = "goal_id,visitor_identity,goal_matched_at,rooms,goal_value,external_id"


@pytest.fixture
def row(goal, room, visitor):
    """A line of CSV, by what differs."""

    def line(external_id="", value="", identity=CUSTOMER, moment=MATCHED_AT, rooms=None):
        return f"{goal.id},{identity},{moment},{room.id if rooms is None else rooms},{value},{external_id}"

    return line


@pytest.fixture
def path(tmp_path):
    return tmp_path / "matches.csv"


@pytest.fixture
def run(path, organization, capsys):
    """Write the file (lines, or its bytes) and import it; return what was printed on stdout."""

    def imported(content: Any = None, command: str = "import_matches", **options: Any) -> str:
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            path.write_text("".join(f"{line}\n" for line in content))
        call_command(command, options.pop("path", path), organization=str(organization.id), **options)
        return str(capsys.readouterr().out)

    return imported


def results(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.with_suffix(".failed.csv").read_text())))


# What becomes of rows


def test_each_row_gets_the_verdict_of_the_api(run, path, row, organization, goal, room):
    printed = run(
        [
            HEADER,
            row("a", "12.50"),
            row("a", "12.50"),
            row("a", "13.00"),
            row("b", identity="nobody"),
            row("c", moment="yesterday", value="1.2345"),
        ]
    )

    assert printed == (
        "           5  rows\n"
        "           1    external_id_conflict\n"
        "           1    session_not_found\n"
        "           1    validation_error\n"
        "           1  created\n"
        "           3  failed\n"
        "           1  replayed\n"
        f"The failed rows, each with its reason, are in {path.with_suffix('.failed.csv')}.\n"
    )
    match = ExternalMatch.objects.get()
    assert (match.external_id, str(match.goal_value), match.created_by) == ("a", "12.50", None)
    assert match.room_ids == [room.id]
    goal_id, room_id = str(goal.id), str(room.id)
    base = {"goal_id": goal_id, "visitor_identity": CUSTOMER, "rooms": room_id, "reason": ""}
    assert results(path) == [
        base
        | {
            "goal_matched_at": MATCHED_AT,
            "goal_value": "13.00",
            "external_id": "a",
            "row": "3",
            "status": "409",
            "code": "external_id_conflict",
            "detail": "This external_id already stands for a different match of the goal.",
            "reason": (
                "It stands for a match in which goal_value differs. PATCH …/matches/<match_id> corrects its "
                "value; another event needs another external_id."
            ),
        },
        base
        | {
            "visitor_identity": "nobody",
            "goal_matched_at": MATCHED_AT,
            "goal_value": "",
            "external_id": "b",
            "row": "4",
            "status": "404",
            "code": "session_not_found",
            "detail": "No session of this visitor identity started before goal_matched_at.",
            "reason": "The identity is unknown: it has not been submitted for any visitor yet.",
        },
        base
        | {
            "goal_matched_at": "yesterday",
            "goal_value": "1.2345",
            "external_id": "c",
            "row": "5",
            "status": "400",
            "code": "validation_error",
            "detail": "goal_matched_at: Not an ISO 8601 date and time, such as 2016-10-10T22:00:49.123Z.; "
            "goal_value: At most 14 digits are allowed, 2 of them decimals.",
        },
    ]
    assert MatchAttempt.objects.filter(source="import").count() == 3
    assert ReplayTally.objects.get().count == 1


def test_the_results_can_be_mended_and_imported_again(run, path, row):
    run([HEADER, row("a"), row("b", value="x"), row("c", identity="nobody"), row("d")])
    failed = path.with_suffix(".failed.csv")
    failed.write_text(failed.read_text().replace(",x,", ",1.00,"))

    printed = run(path=failed)

    assert "1  created\n" in printed
    assert set(ExternalMatch.objects.values_list("external_id", flat=True)) == {"a", "b", "d"}
    [still] = csv.DictReader(io.StringIO(failed.with_suffix(".failed.csv").read_text()))
    assert (still["external_id"], still["row"], still["code"]) == ("c", "2", "session_not_found")
    assert list(still) == [*HEADER.split(","), "row", "status", "code", "detail", "reason"]


def test_no_cell_of_the_results_is_run_by_a_spreadsheet_and_all_are_read_back(run, path, row):
    names = [
        '=HYPERLINK("x")',
        "+1+2",
        "-2+3",
        "@SUM(A1)",
        "'=quoted twice",
        "+358501234567",
        "it's",
        "'plain",
    ]
    cells = [name.replace('"', '""') for name in names]
    run([HEADER, *(row(f'"{cell}"', value="-5.00", identity=f'"{cell}"') for cell in cells)])

    failed = path.with_suffix(".failed.csv")
    written = list(csv.reader(io.StringIO(failed.read_text())))
    assert [cell for line in written for cell in line if cell[:1] in "=+-@" and cell] == [
        *["-5.00"] * 5, "+358501234567", "-5.00", "+358501234567", "-5.00", "-5.00",
    ]  # fmt: skip

    failed.write_text(failed.read_text().replace(",-5.00,", ",5.00,"))
    run(path=failed, hold=True)
    held = PendingMatch.objects.order_by("id").values_list("visitor_identity", "external_id")
    kept = [name if name != "'=quoted twice" else "=quoted twice" for name in names]
    assert list(held) == [(name, name) for name in kept]


def test_the_same_file_again_does_nothing(run, path, row):
    first = run([HEADER, row(), row(identity="nobody")])
    results_then = path.with_suffix(".failed.csv").read_bytes()

    again = run()

    assert again.startswith("This file was imported before, by ")
    assert again.endswith(first)
    assert ExternalMatch.objects.count() == MatchAttempt.objects.count() == 1
    assert path.with_suffix(".failed.csv").read_bytes() == results_then


def test_the_same_content_under_another_name_is_the_same_file(run, path, row):
    run([HEADER, row()])
    copy = path.with_name("copy.csv")
    copy.write_bytes(path.read_bytes())

    assert run(path=copy).startswith("This file was imported before")
    assert ExternalMatch.objects.count() == 1


@pytest.mark.parametrize("options", [{"hold": True}, {"format": "ndjson"}])
def test_options_that_change_what_its_rows_mean_make_another_file(options, run, path, row):
    run([HEADER, row(identity="nobody")])

    assert not run(**options).startswith("This file was imported before")


def test_another_organization_may_import_the_same_file(run, path, row, other_organization, capsys):
    run([HEADER, row()])

    call_command("import_matches", path, organization=str(other_organization.id))

    assert "1    goal_not_found" in capsys.readouterr().out


def test_where_nothing_failed_there_is_no_results_file(run, path, row):
    run([HEADER, row()])

    assert not path.with_suffix(".failed.csv").exists()


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_was_filled_is_analyzed(dry_run, run, row):
    """On statistics of an empty table PostgreSQL reads a full one as a whole."""
    with CaptureQueriesContext(connection) as captured:
        run([HEADER, row("a")], dry_run=dry_run)

    analyzed = [query["sql"] for query in captured if query["sql"].startswith("ANALYZE")]
    assert analyzed == ([] if dry_run else 2 * [
        "ANALYZE matching_externalmatch, matching_pendingmatch, matching_matchattempt"
    ])  # fmt: skip


def test_only_tables_that_are_known_to_be_large_are_left_to_autovacuum(run, row, monkeypatch):
    monkeypatch.setattr(runs, "KNOWN_ROWS", f"SELECT relname, 20 FROM ({runs.KNOWN_ROWS}) AS known")
    monkeypatch.setattr(runs, "LARGE", 20)

    with CaptureQueriesContext(connection) as small:
        run([HEADER, *[row(f"a{number}") for number in range(11)]])
    with CaptureQueriesContext(connection) as larger:
        run([HEADER, *[row(f"b{number}") for number in range(10)]])

    analyzed = [sum(query["sql"].startswith("ANALYZE") for query in captured) for captured in (small, larger)]
    assert analyzed == [2, 0]


def test_rows_go_through_in_chunks(run, path, row, monkeypatch):
    monkeypatch.setattr(runs, "CHUNK_ROWS", 2)

    printed = run([HEADER, *(row(f"receipt-{n // 2}", value="x" if n == 3 else "") for n in range(7))])

    assert "4  created\n" in printed
    assert "2  replayed\n" in printed
    assert [failed["row"] for failed in results(path)] == ["4"]
    assert ImportRun.objects.get().rows_done == 7


def test_of_long_rows_a_chunk_has_fewer(run, row, monkeypatch):
    monkeypatch.setattr(runs, "CHUNK_BYTES", 1)
    sizes, write = [], runs.Import.write_chunk

    def write_chunk(self: Any, run: Any, chunk: Any, *args: Any, **more: Any) -> None:
        sizes.append(len(chunk))
        write(self, run, chunk, *args, **more)

    monkeypatch.setattr(runs.Import, "write_chunk", write_chunk)
    run([HEADER, *(row(f"receipt-{n}") for n in range(3))])

    assert sizes == [1, 1, 1]


def test_the_next_chunk_is_read_while_one_is_written(run, row, monkeypatch):
    monkeypatch.setattr(runs, "CHUNK_ROWS", 1)
    read, write = Event(), runs.Import.write_chunk

    def reading(item: Any, *args: Any, **more: Any) -> Any:
        if item["external_id"] == "second":
            read.set()
        return read_posted(item, *args, **more)

    def write_chunk(*args: Any, **more: Any) -> None:
        assert read.wait(timeout=10)
        write(*args, **more)

    monkeypatch.setattr("matching.imports.options.read_posted", reading)
    monkeypatch.setattr(runs.Import, "write_chunk", write_chunk)

    assert "2  created\n" in run([HEADER, row("first"), row("second")])


@pytest.mark.django_db(transaction=True)
def test_a_chunk_that_collides_is_written_again_as_it_was_read(run, row, path, monkeypatch):
    keep, attempts = runs.Import.keep, []

    def collide_once(job: Any, import_run: ImportRun, *names: str) -> None:
        keep(job, import_run, *names)
        if "counts" in names:
            attempts.append(names)
            if len(attempts) == 1:
                raise CollisionError

    monkeypatch.setattr(runs.Import, "keep", collide_once)

    printed = run([HEADER, row("a"), row("b", value="x"), row("c", identity="nobody")])

    assert len(attempts) == 2
    assert "1  created\n" in printed
    assert "2  failed\n" in printed
    assert [failed["row"] for failed in results(path)] == ["2", "3"]
    assert ExternalMatch.objects.count() == 1


def test_progress_is_shown_on_stderr(path, row, organization, capsys):
    path.write_text(f"{HEADER}\n{row()}\n")

    call_command("import_matches", path, organization=str(organization.id))

    assert "matches.csv" in capsys.readouterr().err


# --goal, --hold, --results, --dry-run


def test_goal_is_for_rows_that_name_none(run, path, row, goal, room, organization):
    other = GoalFactory.create(organization=organization)
    lines = [f"{CUSTOMER},{MATCHED_AT},{room.id},", f"{CUSTOMER},{MATCHED_AT},{room.id},{other.id}"]

    run(["visitor_identity,goal_matched_at,rooms,goal_id", *lines], goal=str(goal.id))

    assert list(ExternalMatch.objects.order_by("id").values_list("goal_id", flat=True)) == [goal.id, other.id]


def test_with_goal_the_file_needs_no_column_for_it(run, goal, room, visitor):
    run(["visitor_identity,goal_matched_at,rooms", f"{CUSTOMER},{MATCHED_AT},{room.id}"], goal=str(goal.id))

    assert ExternalMatch.objects.get().goal == goal


@pytest.mark.parametrize("goal_id", ["x", str(UNKNOWN_ID)])
def test_goal_is_one_of_the_organizations(goal_id, run, row):
    with pytest.raises(CommandError, match=f"The organization has no goal {goal_id}"):
        run([HEADER, row()], goal=goal_id)


def test_hold_keeps_what_comes_too_early(run, path, row):
    printed = run([HEADER, row("a", identity="nobody"), row("b")], hold=True)

    assert "1  created\n" in printed
    assert "1  pending\n" in printed
    assert PendingMatch.objects.get().external_id == "a"
    assert not path.with_suffix(".failed.csv").exists()


def test_results_go_where_they_are_wanted(run, path, row, tmp_path):
    wanted = tmp_path / "elsewhere.txt"

    run([HEADER, row(value="x")], results=wanted)

    assert "Not a decimal number." in wanted.read_text()
    assert not path.with_suffix(".failed.csv").exists()


def test_the_results_of_an_earlier_import_are_named_only_where_they_are(run, path, row, tmp_path):
    lines = [HEADER, row(value="x")]
    assert f"The failed rows, each with its reason, are in {path.with_suffix('.failed.csv')}." in run(lines)

    elsewhere = tmp_path / "elsewhere" / path.name
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(path.read_bytes())
    said = run(path=elsewhere)

    assert "This file was imported before" in said
    assert f"There is no file {elsewhere.with_suffix('.failed.csv')} any more with the failed rows." in said


@pytest.mark.parametrize(
    ("results", "said"),
    [("/dev/full", "No space left on device"), ("/nowhere/results.csv", "No such file or directory")],
)
def test_results_that_cannot_be_written_are_told_in_a_sentence_and_the_import_goes_on(
    results, said, run, path, row
):
    lines = [HEADER, row("a"), row("b", value="x")]
    with pytest.raises(CommandError, match=rf"^{results}: {said}\. The same command goes on where it stop"):
        run(lines, results=Path(results))
    assert ExternalMatch.objects.count() == 0

    assert "1  created" in run(lines)


def test_results_do_not_go_over_the_file_itself(run, path, row):
    with pytest.raises(CommandError, match="would overwrite the file"):
        run([HEADER, row()], results=path)
    assert path.read_text().startswith(HEADER)


def test_a_dry_run_says_what_would_happen_and_writes_nothing(run, path, row):
    printed = run([HEADER, row("a"), row("b", identity="nobody"), row("c", value="x")], dry_run=True)

    assert printed.startswith("Nothing was written. What an import would do:\n           3  rows\n")
    assert "1  created\n" in printed
    assert "2  failed\n" in printed
    for model in (ExternalMatch, PendingMatch, MatchAttempt, ReplayTally, ImportRun):
        assert not model._default_manager.exists()
    assert "1  created\n" in run()


def test_a_dry_run_leaves_the_results_of_the_import_alone(run, path, row):
    run([HEADER, row(value="x")])
    kept = path.with_suffix(".failed.csv").read_bytes()

    run(dry_run=True)

    assert path.with_suffix(".failed.csv").read_bytes() == kept
    assert "Not a decimal number." in path.with_suffix(".dry-run.csv").read_text()


# CSV as people have it


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_of_every_kind_is_read(delimiter, bom, newline, run, goal, room, second_room, visitor):
    cells = [str(goal.id), CUSTOMER, MATCHED_AT, f'"{room.id} {second_room.id}"', '"12.50"', '"a ""b"""']
    lines = [HEADER.replace(",", delimiter), delimiter.join(cells), ""]

    run(bom + newline.join(lines).encode())

    match = ExternalMatch.objects.get()
    assert (match.room_ids, match.unconnected_room_ids) == ([room.id], [second_room.id])
    assert (str(match.goal_value), match.external_id) == ("12.50", 'a "b"')


@pytest.mark.parametrize("separator", [" ", ",", ";", "|", ", ", "\n"])
def test_rooms_may_be_apart_in_many_ways(separator, run, row, room, second_room):
    run([HEADER, row(rooms=f'"{separator.join(map(str, (room.id, second_room.id)))}"')])

    assert ExternalMatch.objects.get().unconnected_room_ids == [second_room.id]


def test_headers_in_other_case_order_and_name_are_known(run, goal, room, visitor):
    run(
        [
            "note, Rooms ,GOAL_ID,custom_visitor_identity,goal_matched_at",
            f"ignored,{room.id},{goal.id},{CUSTOMER},{MATCHED_AT}",
        ]
    )

    assert ExternalMatch.objects.get().goal == goal


def test_cells_may_hold_lines_and_empty_lines_are_none(run, row):
    run([HEADER, "", row('"a\nb"'), "", row("c")])

    assert list(ExternalMatch.objects.order_by("id").values_list("external_id", flat=True)) == ["a\nb", "c"]


@pytest.mark.parametrize(("delimiter", "value"), [(";", "12,50"), (",", '"12,50"'), (";", "1.234,50")])
def test_a_decimal_comma_is_refused_clearly(delimiter, value, run, path, goal, room, visitor):
    cells = [str(goal.id), CUSTOMER, MATCHED_AT, str(room.id), value, "a"]

    run([HEADER.replace(",", delimiter), delimiter.join(cells)])

    text = path.with_suffix(".failed.csv").read_text()
    [failed] = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    bare = value.strip('"')
    assert failed["detail"] == (
        f"goal_value: “{bare}” has a comma; write decimals with a point, as in 12.50, or say --decimal-comma "
        "if that is what commas are in this file."
    )
    assert failed["goal_value"] == bare
    assert not ExternalMatch.objects.exists()


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("", "The file is empty: a CSV file needs a header row."),
        ("\n", "The file is empty: a CSV file needs a header row."),
        (
            "goal_id,visitor_identity,goal_matched_at\n",
            "The header lacks rooms. It has: goal_id, visitor_identity, goal_matched_at.",
        ),
        ("a;b\n", "The header lacks goal_id, goal_matched_at, rooms, visitor_identity. It has: a, b."),
        (f"{HEADER},rooms\n", "The header has a column twice: rooms."),
        (f"{HEADER},custom_visitor_identity\n", "The header has a column twice: visitor_identity."),
    ],
)
def test_a_file_without_the_columns_is_refused(header, sentence, run, row):
    with pytest.raises(CommandError) as refusal:
        run(header.encode())

    assert str(refusal.value) == sentence


def test_a_last_line_that_was_cut_off_fails_alone(run, path, row):
    whole = row("b")

    run(f"{HEADER}\n{row('a')}\n{whole[: len(whole) // 2]}".encode())

    assert ExternalMatch.objects.get().external_id == "a"
    [failed] = results(path)
    assert (failed["code"], failed["row"]) == ("parse_error", "2")
    assert failed["detail"].startswith("The row has 3 of 6 cells, and the file ends there")


def test_a_last_line_that_was_cut_off_in_a_quoted_cell_fails_alone(run, path, row):
    run(f'{HEADER}\n{row("a")}\n"{row("b")}'.encode())

    assert ExternalMatch.objects.get().external_id == "a"
    assert [failed["code"] for failed in results(path)] == ["parse_error"]


def test_a_row_with_too_many_cells_keeps_them_all(run, path, goal, room, visitor):
    """An unquoted decimal comma, say."""
    run([HEADER, f"{goal.id},{CUSTOMER},{MATCHED_AT},{room.id},12,50,receipt-1"])

    [failed] = results(path)
    assert failed["detail"] == "The row has 7 cells, and the header 6."
    assert (failed["goal_value"], failed["external_id"]) == ("12", "50,receipt-1")


@pytest.mark.parametrize("stray", ['"Big" shop', '"', 'x"', '"unclosed'])
def test_a_stray_quote_spoils_its_own_row_alone(stray, run, path, row):
    broken = row("b", identity=stray)

    run([HEADER, row("a"), broken, *(row(f"c{n}") for n in range(3))])

    created = list(ExternalMatch.objects.order_by("id").values_list("external_id", flat=True))
    assert created == ["a", "c0", "c1", "c2"]
    [failed] = results(path)
    assert failed["row"] == "2"
    if failed["code"] == "parse_error":
        assert failed["goal_id"] == broken


def test_a_line_that_is_no_row_at_all_is_refused_before_anything_is_written(run, row):
    with pytest.raises(CommandError, match="Line 3 is longer than 1048576 characters"):
        run(f"{HEADER}\n{row('a')}\n{'x' * (1024 * 1024 + 1)}\n".encode())

    assert not ExternalMatch.objects.exists()


def test_a_cell_of_formula_or_text_for_a_date_is_a_failure_of_its_row(run, path, row):
    run([HEADER, row("a", moment="10.10.2016 22:00"), row("b", moment="2016-10-10 22:00:49")])

    assert ExternalMatch.objects.get().external_id == "b"
    assert [failed["external_id"] for failed in results(path)] == ["a"]


@pytest.mark.parametrize("organization_id", ["x", str(UNKNOWN_ID)])
def test_the_organization_is_one_that_there_is(organization_id, path, row):
    path.write_text(f"{HEADER}\n{row()}\n")

    with pytest.raises(CommandError, match="There is no organization"):
        call_command("import_matches", path, organization=organization_id)


def test_the_file_is_one_that_there_is(run, path):
    with pytest.raises(CommandError, match="There is no file"):
        run(path=path.with_name("nothing.csv"))


# NDJSON


@pytest.mark.parametrize("name", ["matches.ndjson", "matches.jsonl", "matches.txt"])
def test_ndjson_is_read_line_by_line(name, run, path, goal, room, visitor):
    item = {
        "goal_id": str(goal.id),
        "visitor_identity": CUSTOMER,
        "goal_matched_at": MATCHED_AT,
        "rooms": [str(room.id)],
        "external_id": "ä",
    }
    path = path.with_name(name)
    lines = ["\ufeff" + json.dumps(item), "", "{broken", json.dumps(item | {"goal_value": 1.5}), "5"]
    path.write_bytes("\r\n".join(lines).encode() + b'\n{"goal_id": "\xff"}')

    run(path=path, **({"format": "ndjson"} if name.endswith("txt") else {}))

    assert ExternalMatch.objects.get().external_id == "ä"
    failed = [json.loads(line) for line in path.with_suffix(f".failed{path.suffix}").read_text().splitlines()]
    assert [(each["row"], each["code"]) for each in failed] == [
        (2, "parse_error"),
        (3, "external_id_conflict"),
        (4, "validation_error"),
        (5, "parse_error"),
    ]
    assert failed[0]["line"] == "{broken\r\n"
    assert item.items() <= failed[1].items()


def test_ndjson_results_can_be_mended_and_imported_again(run, path, goal, room, visitor):
    path = path.with_name("matches.ndjson")
    item = {
        "goal_id": str(goal.id),
        "visitor_identity": CUSTOMER,
        "goal_matched_at": MATCHED_AT,
        "rooms": [str(room.id)],
    }
    path.write_text("\n".join(json.dumps(item | {"goal_value": value}) for value in ("a lot", 12.5)))
    run(path=path)
    failed = path.with_suffix(".failed.ndjson")
    failed.write_text(failed.read_text().replace("a lot", "100.00"))

    assert "1  created" in run(path=failed)
    assert sorted(str(match.goal_value) for match in ExternalMatch.objects.all()) == ["100.00", "12.50"]


# Sessions


def test_sessions_are_imported_and_merge(run, path, organization, room, second_room):
    VisitorSessionFactory.create(
        visitor=VisitorFactory.create(organization=organization, visitor_id="laptop"),
        visitor_session_id="known",
    )

    printed = run(
        [
            "visitor_session_id;visitor_id;started_at;ended_at;rooms;visitor_identity",
            f"a;phone;2016-10-10T20:00:00Z;;{room.id};{CUSTOMER}",
            f"a;phone;2016-10-10T19:00:00Z;2016-10-10T21:00:00Z;{second_room.id};",
            f"known;laptop;2016-10-10T20:00:00Z;;{room.id},{second_room.id};",
            f"known;tablet;2016-10-10T20:00:00Z;;{room.id};",
            "b;phone;2016-10-10T20:00:00Z;2016-10-10T19:00:00Z;;",
        ],
        command="import_sessions",
    )

    assert [line.split() for line in printed.splitlines()[:-1]] == [
        ["5", "rows"],
        ["1", "session_visitor_conflict"],
        ["1", "validation_error"],
        ["1", "created"],
        ["2", "failed"],
        ["2", "known"],
    ]
    session = VisitorSession.objects.get(visitor_session_id="a")
    assert (session.started_at.hour, session.room_ids) == (19, sorted([room.id, second_room.id]))
    assert VisitorIdentity.objects.get().identity == CUSTOMER
    text = path.with_suffix(".failed.csv").read_text()
    assert [failed["row"] for failed in csv.DictReader(io.StringIO(text), delimiter=";")] == ["4", "5"]


def test_imported_sessions_settle_what_is_held(run, path, row, room, organization):
    run([HEADER, row("a", identity="new")], hold=True)

    run(
        [
            "visitor_session_id,visitor_id,started_at,rooms,visitor_identity",
            f"s,tablet,2016-10-10T20:00:00Z,{room.id},new",
        ],
        command="import_sessions",
    )

    assert PendingMatch.objects.get().status == "matched"


def test_a_dry_run_of_sessions_writes_nothing(run, room):
    printed = run(
        ["visitor_session_id,visitor_id,started_at,rooms", f"s,phone,2016-10-10T20:00:00Z,{room.id}"],
        command="import_sessions",
        dry_run=True,
    )

    assert "1  created" in printed
    assert not VisitorSession.objects.exists()
