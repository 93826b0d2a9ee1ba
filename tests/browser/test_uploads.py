"""A file from its upload to its last row, in a browser, with a worker that is killed half way."""

import csv
import io
import os
import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, every_look
from tests.service.processes import children_of, wait_until

ROWS = 10_000
REFUSED = ROWS // 10
UPLOAD = "/admin/matching/importrun/upload/"
SLOW = 120_000  # milliseconds


@pytest.fixture
def person(window, staff):
    """Somebody of the demo's organization who may import."""

    def log_in(**look):
        opened = window(**look)
        opened.log_in(staff("settings"), PASSWORD)
        return opened

    return log_in


@dataclass
class Sales:
    """Rows of matches of one session of the demo; every tenth names nobody."""

    identity: str
    moment: datetime
    room: UUID

    def rows(self, count, prefix, *, padding=0):
        lines = ["external_id,visitor_identity,goal_matched_at,rooms,goal_value,note"]
        for number in range(count):
            who = self.identity if number % 10 else f"nobody-{number}"
            at = self.moment.isoformat()
            lines.append(f"{prefix}-{number},{who},{at},{self.room},1.50,{'x' * padding}")
        return "\n".join(lines) + "\n"


@pytest.fixture
def sales(demo):
    with demo.connect() as database:
        found = database.execute(
            "SELECT identity.identity, session.started_at + interval '1 minute', session.room_ids[1]"
            " FROM matching_visitorsession session"
            " JOIN matching_visitoridentity identity ON identity.visitor_id = session.visitor_id"
            " WHERE session.organization_id = (SELECT id FROM orgs_organization ORDER BY created_at LIMIT 1)"
            " AND cardinality(session.room_ids) > 0 ORDER BY session.started_at DESC LIMIT 1"
        ).fetchone()
    assert found
    return Sales(*found)


def choose(opened, name, content):
    opened.open(UPLOAD)
    opened.page.set_input_files("#id_file", {"name": name, "mimeType": "text/csv", "buffer": content})
    opened.page.select_option("#id_goal_id", index=1)
    opened.page.get_by_role("button", name="Upload and look at it").click()
    opened.page.wait_for_url("**/change/")


def background_workers(service):
    found = []
    for pid in children_of(service.process.pid):
        with suppress(OSError):
            if "work" in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                found.append(pid)
    return found


def test_a_file_is_imported_although_the_worker_is_killed_and_its_refused_rows_are_mended(
    person, demo, sales, tmp_path
):
    opened = person()
    page = opened.page
    path = tmp_path / "purchases.csv"
    path.write_text(sales.rows(ROWS, "sale", padding=1850))
    assert path.stat().st_size > 18 * 1024**2  # more than any other body may have
    opened.open(UPLOAD)
    page.set_input_files("#id_file", path)
    page.select_option("#id_goal_id", index=1)
    page.get_by_role("button", name="Upload and look at it").click()

    expect(page.get_by_text("Nothing is imported yet")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("450 would be imported, 50 would be refused")).to_be_visible()
    expect(page.get_by_label("note")).to_have_value("")  # not read
    opened.check()
    page.get_by_role("button", name=re.compile("^Import about 10,000 rows$")).click()

    with demo.connect() as database:
        database.autocommit = True

        def done():
            query = "SELECT rows_done FROM matching_importrun WHERE filename = 'purchases.csv'"
            return database.execute(query).fetchone()[0]

        wait_until(lambda: done() > 0)
        for pid in background_workers(demo):
            os.kill(pid, signal.SIGKILL)
        assert done() < ROWS
        # As if it had been silent for long: tests/service/test_worker.py waits for that.
        database.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    expect(page.get_by_text("goes on by itself")).to_be_visible()
    expect(page.get_by_text("What became of the 10,000 rows")).to_be_visible(timeout=SLOW)  # by its script
    opened.check()

    with page.expect_download() as download:
        page.get_by_role("link", name="Download the refused rows").click()
    assert download.value.suggested_filename == "purchases.failed.csv"
    refused = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert len(refused) == REFUSED
    assert {row["code"] for row in refused} == {"session_not_found"}

    page.get_by_role("link", name="Upload the mended file").click()
    text = Path(download.value.path()).read_text()
    mended = tmp_path / download.value.suggested_filename
    mended.write_text(re.sub(r"nobody-\d+", sales.identity, text))
    page.set_input_files("#id_file", mended)
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.get_by_text("500 would be imported.")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name=re.compile("^Import about 1,000 rows$")).click()
    expect(page.get_by_text("What became of the 1,000 rows")).to_be_visible(timeout=SLOW)

    with demo.connect() as database:
        query = "SELECT count(*), count(DISTINCT external_id) FROM matching_externalmatch"
        found = database.execute(f"{query} WHERE external_id LIKE 'sale-%'").fetchone()
    assert found == (ROWS, ROWS)  # none twice, none lost


@every_look
def test_the_pages_are_usable_and_complain_of_nothing(width, dark, person, sales):
    opened = person(width=width, dark=dark)
    page = opened.page
    opened.open(UPLOAD)
    page.get_by_text("Times, decimals, encoding").click()
    opened.check()

    content = sales.rows(30, f"{width}-{dark}").replace("external_id", "Order ID")
    choose(opened, "orders.csv", content.encode())
    expect(page.get_by_label("Order ID")).to_have_value("external_id")
    opened.check()
    page.locator("[name=look]").click()
    expect(page.get_by_text("27 would be imported, 3 would be refused")).to_be_visible()
    page.get_by_text("Change how the file is read").click()
    opened.check()

    page.get_by_role("button", name="Import 30 rows").click()
    expect(page.get_by_text("What became of the 30 rows")).to_be_visible(timeout=SLOW)
    opened.check()


def test_what_cannot_be_imported_is_told_and_discarded(person):
    opened = person()
    choose(opened, "invoice.csv", b"%PDF-1.7")
    expect(opened.page.get_by_text("This is a PDF")).to_be_visible()
    opened.page.get_by_text("Discard…").click()
    opened.page.get_by_role("button", name="Discard it").click()
    expect(opened.page.get_by_text("was discarded")).to_be_visible()


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(person):
    opened = person()
    opened.open(UPLOAD)
    opened.page.set_input_files(
        "#id_file", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    )
    opened.page.evaluate("document.getElementById('import-upload').dataset.maxBytes = 4")
    opened.page.get_by_role("button", name="Upload and look at it").click()
    expect(opened.page.get_by_text("larger than 2 GB")).to_be_visible()


def test_without_scripts_a_file_is_uploaded_and_imported_too(browser, demo, staff, sales):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{demo.port}/admin/login/?next={UPLOAD}")
    page.fill("#id_username", staff("settings"))
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")
    content = sales.rows(10, "plain").encode()
    page.set_input_files("#id_file", {"name": "plain.csv", "mimeType": "text/csv", "buffer": content})
    page.select_option("#id_goal_id", index=1)
    page.get_by_role("button", name="Upload and look at it").click()
    page.get_by_role("button", name="Import 10 rows").click()

    def is_there():
        page.reload()
        return page.get_by_text("What became of the 10 rows").count()

    wait_until(is_there)
    context.close()
