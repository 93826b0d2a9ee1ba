"""Times without an offset and decimal commas: read as whoever imports says, or refused, or counted."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from matching.models import ExternalMatch, VisitorSession
from tests.factories import VisitorFactory, VisitorIdentityFactory, VisitorSessionFactory

HEADER = "visitor_identity;goal_matched_at;rooms;goal_value;external_id"


@pytest.fixture
def sessions(organization, room):
    """A session each morning and each afternoon (UTC) of one customer."""
    visitor = VisitorFactory.create(organization=organization)
    VisitorIdentityFactory.create(visitor=visitor, identity="customer-1")
    for month, day in [(1, 1), (3, 2), (3, 28), (10, 24)]:
        for hour in (11, 14):
            VisitorSessionFactory.create(
                visitor=visitor,
                room_ids=[room.id],
                started_at=datetime(2026, month, day, hour, tzinfo=UTC),
                visitor_session_id=f"{month}-{day}-{hour}",
            )


@pytest.fixture
def run(tmp_path, organization, goal, room, sessions, capsys):
    """Import sales of a time and a value each; return what was printed."""

    def imported(*sales: tuple[str, str], **options: Any) -> str:
        rows = [
            f"customer-1;{time};{room.id};{value};receipt-{number}"
            for number, (time, value) in enumerate(sales)
        ]
        (tmp_path / "sales.csv").write_text("\n".join([HEADER, *rows, ""]))
        call_command(
            "import_matches",
            tmp_path / "sales.csv",
            organization=str(organization.id),
            goal=str(goal.id),
            **options,
        )
        return str(capsys.readouterr().out)

    return imported


def moments() -> list[str]:
    times = ExternalMatch.objects.order_by("external_id").values_list("goal_matched_at", flat=True)
    return [f"{time:%m-%d %H:%M}" for time in times]


def values() -> list[str]:
    return [str(match.goal_value) for match in ExternalMatch.objects.order_by("external_id")]


def results_of(tmp_path: Any) -> str:
    return str((tmp_path / "sales.failed.csv").read_text())


# Times


def test_times_of_a_zone_are_read_in_it(run):
    printed = run(
        ("2026-03-02 15:30", "1"),
        ("2026-07-01T12:00:00", "1"),
        ("2026-03-02 15:30:00 +0000", "1"),
        ("2026-03-02T15:30:00Z", "1"),
        time_zone="Europe/Helsinki",
    )

    assert moments() == ["03-02 13:30", "07-01 09:00", "03-02 15:30", "03-02 15:30"]
    [session] = VisitorSession.objects.filter(matches__external_id="receipt-0")
    assert session.visitor_session_id == "3-2-11"  # that of 14:00 began after the sale
    assert "read as UTC" not in printed


@pytest.mark.parametrize("dry_run", [False, True])
def test_without_a_zone_they_are_utc_and_are_counted(dry_run, run):
    printed = run(
        ("2026-03-02 15:30", "1"),
        ("2026-03-02T16:30:00", "1"),
        ("2026-03-02T17:30:00+02:00", "1"),
        ("yesterday", "1"),
        dry_run=dry_run,
    )

    assert "2 rows have times without an offset, which were read as UTC." in printed
    assert "say --time-zone ZONE." in printed
    assert moments() == ([] if dry_run else ["03-02 15:30", "03-02 16:30", "03-02 15:30"])


def test_the_count_is_kept_with_the_import(run):
    sales = [("2026-03-02 15:30", "1")]
    run(*sales)

    assert "1 rows have times without an offset" in run(*sales)


def test_a_time_that_clocks_show_twice_or_never_is_refused(run, tmp_path):
    printed = run(("2026-03-29 03:30", "1"), ("2026-10-25 03:30:00", "1"), time_zone="Europe/Helsinki")

    assert "2  failed" in printed
    assert (
        "The clocks of Europe/Helsinki never showed 2026-03-29 03:30:00: they were put forward over it. "
        "Write the offset, or say --ambiguous earlier or later."
    ) in results_of(tmp_path)
    assert (
        "The clocks of Europe/Helsinki showed 2026-10-25 03:30:00 twice, when they were put back. "
        "Write the offset, or say --ambiguous earlier or later."
    ) in results_of(tmp_path)


@pytest.mark.parametrize(
    ("ambiguous", "expected"),
    [("earlier", ["03-29 00:30", "10-25 00:30"]), ("later", ["03-29 01:30", "10-25 01:30"])],
)
def test_which_of_the_two_it_is_can_be_said(ambiguous, expected, run):
    run(
        ("2026-03-29 03:30", "1"),
        ("2026-10-25 03:30", "1"),
        time_zone="Europe/Helsinki",
        ambiguous=ambiguous,
    )

    assert moments() == expected


@pytest.mark.parametrize(
    "time", ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "2026-02-30 10:00", "2026-03-02"]
)
def test_a_time_that_cannot_be_meant_is_refused_in_the_words_of_the_api(time, run, tmp_path):
    assert "1  failed" in run((time, "1"), time_zone="America/New_York")
    assert "goal_matched_at: " in results_of(tmp_path)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"time_zone": "europe/helsinky"}, "there is no such time zone. Perhaps Europe/Helsinki?"),
        ({"time_zone": "../../etc/passwd"}, "there is no such time zone."),
        ({"time_zone": "+02:00"}, "there is no such time zone."),
        ({"ambiguous": "later"}, "--ambiguous: This is of times in a time zone, and none is given."),
    ],
)
def test_a_zone_that_does_not_exist_is_refused(options, sentence, run):
    with pytest.raises(CommandError) as refused:
        run(("2026-03-02 15:30", "1"), **options)

    assert sentence in str(refused.value)
    assert moments() == []


def test_it_is_the_same_for_lines_of_json_and_for_sessions(tmp_path, organization, room, capsys):
    path = tmp_path / "sessions.ndjson"
    session = {
        "visitor_session_id": "s-1",
        "visitor_id": "v-1",
        "started_at": "2026-03-02 15:30",
        "ended_at": "2026-03-02T15:40:00",
        "rooms": [str(room.id)],
    }
    path.write_text(json.dumps(session) + "\n")

    call_command("import_sessions", path, organization=str(organization.id), dry_run=True)
    assert "1 rows have times without an offset" in capsys.readouterr().out
    call_command("import_sessions", path, organization=str(organization.id), time_zone="Asia/Kolkata")

    known = VisitorSession.objects.get()
    assert known.started_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert known.ended_at == datetime(2026, 3, 2, 10, 10, tzinfo=UTC)


# Numbers

NOON = "2026-03-02T12:00:00Z"


def test_decimal_commas_are_read_where_that_is_said(run):
    run((NOON, "12,50"), (NOON, "1250"), (NOON, "-3,5"), (NOON, "60,0000"), (NOON, ""), decimal_comma=True)

    assert values() == ["12.50", "1250.00", "-3.50", "60.00", "None"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("12.50", "“12.50” has a point, and --decimal-comma was said"),
        ("1.250,00", "“1.250,00” has a point, and --decimal-comma was said"),
        ("1.250", "“1.250” has a point, and --decimal-comma was said"),
        ("1,250", "“1,250” may be 1250.00 or 1.25. Write the one that is meant, with two decimals."),
        ("1,2,3", "Not a decimal number."),
        ("1 250,00", "Not a decimal number."),
        ("12,50 €", "Not a decimal number."),
        ("12,345", "“12,345” may be 12345.00 or 12.345."),
        ("12,3456", "At most 14 digits are allowed, 2 of them decimals."),
    ],
)
def test_other_marks_are_refused_then(value, sentence, run, tmp_path):
    assert "1  failed" in run((NOON, value), decimal_comma=True)
    assert sentence in results_of(tmp_path)


@pytest.mark.parametrize("value", ["12,50", "1,250.00", "1.250,00", "1,250"])
def test_commas_are_refused_without_it(value, run, tmp_path):
    assert "1  failed" in run((NOON, value))
    assert "has a comma; write decimals with a point, as in 12.50, or say --decimal-comma" in results_of(
        tmp_path
    )


def test_the_same_file_read_otherwise_is_another_import(run):
    sales = [("2026-03-02 15:30", "12,50")]
    run(*sales)

    assert "1  created" in run(*sales, decimal_comma=True, time_zone="Europe/Helsinki")
    assert values() == ["12.50"]
