"""Reports in a browser: the first page of the admin, the page of reports, and time lines."""

import csv
import io
import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError, expect

from tests.browser.conftest import PASSWORD, every_look


@pytest.fixture
def reader(window, staff):
    """Somebody of the demo's organization who may see reports, and the matches behind them."""

    def log_in(**look):
        opened = window(**look)
        opened.log_in(staff("settings", "reports"), PASSWORD)
        return opened

    return log_in


def number(text):
    return int(re.sub(r"\D", "", text))


@every_look
def test_the_first_page_and_the_reports_are_usable_and_complain_of_nothing(width, dark, reader):
    opened = reader(width=width, dark=dark)
    expect(opened.page.locator("canvas.chart").first).to_be_visible()
    opened.check()

    opened.open("/admin/reports/")
    expect(opened.page.locator("canvas.chart").first).to_be_visible()
    opened.check()


@every_look
def test_a_match_has_a_time_line_that_marks_the_chosen_session(width, dark, reader):
    opened = reader(width=width, dark=dark)
    opened.open("/admin/matching/externalmatch/")
    opened.page.click("#result_list tbody th a")

    expect(opened.page.get_by_text("The identity's sessions around the event")).to_be_visible()
    expect(opened.page.locator("svg").filter(has_text="chosen").first).to_be_visible()
    opened.check()


def test_a_refused_attempt_has_one_that_says_why_none_was_chosen(reader):
    opened = reader()
    opened.open("/admin/matching/matchattempt/?code=no_connected_rooms")
    opened.page.click("#result_list tbody th a")

    expect(opened.page.get_by_text("None was chosen").first).to_be_visible()
    opened.check()


def test_without_the_scope_there_are_no_figures(window, staff):
    opened = window()
    opened.log_in(staff("settings"), PASSWORD)

    expect(opened.page.locator("canvas.chart")).to_have_count(0)
    expect(opened.page.get_by_role("link", name="Matches and value")).to_have_count(0)
    assert opened.page.goto(f"{opened.url}/admin/reports/").status in {403, 404}


def test_the_first_page_and_a_report_of_the_same_days_have_the_same_figures(reader):
    opened = reader()
    tile = opened.page.locator(".dashboard").get_by_text("Matches, 30 days").locator("..")
    on_the_first_page = number(tile.inner_text().splitlines()[1])

    opened.open("/admin/reports/")
    opened.page.get_by_role("link", name="Last 30 days").click()
    matches = opened.page.locator(".report-tiles > div", has_text="Matches").locator(".figure").first

    assert on_the_first_page > 100
    assert number(matches.inner_text()) == on_the_first_page


def test_a_range_changes_the_report_and_its_address(reader):
    opened = reader()
    opened.open("/admin/reports/")
    tile = opened.page.locator(".report-tiles .figure").first
    before = number(tile.inner_text())

    opened.page.get_by_role("link", name="Last 7 days").click()

    assert "start_date=" in opened.page.url
    after = number(tile.inner_text())
    assert 0 < after < before
    opened.page.reload()
    assert number(tile.inner_text()) == after


def test_a_bar_leads_to_its_matches(reader):
    opened = reader()
    opened.open("/admin/reports/")
    canvas = opened.page.locator("canvas.chart").first
    box = canvas.bounding_box()

    # The lower end of bars, until one is there: a day may have none.
    for place in range(40, 90, 5):
        canvas.click(position={"x": box["width"] * place / 100, "y": box["height"] * 0.80})
        with suppress(TimeoutError):
            opened.page.wait_for_url("**/admin/matching/externalmatch/?*", timeout=1000)
            break

    expect(opened.page.locator("#result_list tbody tr").first).to_be_visible()


def test_the_csv_has_the_figures_of_the_page(reader):
    opened = reader()
    opened.open("/admin/reports/")
    shown = number(opened.page.locator(".report-tiles .figure").first.inner_text())

    with opened.page.expect_download() as download:
        opened.page.get_by_role("link", name="Download CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(text)))
    assert sum(int(row["match_count"]) for row in rows) == shown


def test_without_scripts_the_figures_are_in_tables(browser, demo, staff):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{demo.port}/admin/login/?next=/admin/reports/")
    page.fill("#id_username", staff("settings", "reports"))
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")

    expect(page.locator("canvas.chart").first).to_be_hidden()
    assert page.locator(".report-series tbody tr").count() >= 28
    context.close()
