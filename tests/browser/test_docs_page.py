"""The page that documents the API in a browser: read, authorized with one bare key, and tried."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, WIDE

every_look = pytest.mark.parametrize(
    ("width", "dark"), [(WIDE, False), (WIDE, True), (NARROW, False), (NARROW, True)]
)
POST_MATCH = "#operations-matches-create_match"


def key_of(demo, whose):
    [key] = re.findall(rf"{whose}'s token +(\S+)", demo.text)
    return key


@pytest.fixture
def docs(window):
    def open_docs(**look):
        opened = window(**look)
        opened.open("/api/v5/docs")
        expect(opened.page.locator(POST_MATCH)).to_be_visible(timeout=30_000)  # it is a large script
        return opened

    return open_docs


def authorize(page, text):
    page.get_by_label("API key").fill(text)
    page.get_by_role("button", name="Authorize").click()


def try_out(page):
    page.locator(f"{POST_MATCH} .opblock-summary-control").click()
    page.locator(f"{POST_MATCH} .try-out__btn").click()


@every_look
def test_an_example_works_as_it_stands_with_a_bare_key(width, dark, docs, demo):
    opened = docs(width=width, dark=dark)
    page = opened.page
    authorize(page, key_of(demo, "integrator"))
    expect(page.get_by_role("status")).to_contain_text(
        "This is the key of Ivo Integrator, Example Ltd., with no scope."
    )
    try_out(page)

    page.locator(f"{POST_MATCH} .execute").click()

    answer = page.locator(f"{POST_MATCH} .live-responses-table tbody .response-col_status")
    expect(answer).to_contain_text("200")
    curl = page.locator(f"{POST_MATCH} .curl-command").inner_text()
    assert f"-H 'Authorization: Token {key_of(demo, 'integrator')}'" in curl
    assert "csrf" not in curl.lower()
    opened.check()


@pytest.mark.parametrize("before", ["Token ", "bearer ", "Authorization: Token ", "  "])
def test_the_word_before_the_key_may_be_pasted_too(before, docs, demo):
    page = docs().page
    authorize(page, before + key_of(demo, "manager") + " ")
    expect(page.get_by_role("status")).to_contain_text("This is the key of Mira Manager")


def test_the_key_is_kept_for_the_tab_alone(docs, demo):
    opened = docs()
    page = opened.page
    authorize(page, key_of(demo, "manager"))
    expect(page.get_by_role("status")).to_contain_text("This is the key of Mira Manager")
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("This is the key of Mira Manager")
    assert page.evaluate("localStorage.length") == 0

    other = page.context.new_page()
    other.goto(f"{opened.url}/api/v5/docs")
    expect(other.get_by_role("status")).to_contain_text("With a key you can try each request")

    page.get_by_role("button", name="Forget the key").click()
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("With a key you can try each request")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0" * 40, "The API token is unknown, revoked or expired. Nothing was authorized."),
        ("two words", "A key is 40 letters and digits, without blanks."),
        ("<b>ключ</b>", "A key is 40 letters and digits, without blanks."),
    ],
)
def test_what_is_no_key_is_told(text, words, docs):
    page = docs().page
    authorize(page, text)
    expect(page.get_by_role("status")).to_contain_text(words)
    expect(page.get_by_role("button", name="Forget the key")).to_be_hidden()


def test_without_a_key_examples_say_where_to_find_ids(docs):
    opened = docs()
    try_out(opened.page)
    body = opened.page.locator(f"{POST_MATCH} textarea.body-param__text")
    expect(body).to_have_value(re.compile("<a room's id: GET …/rooms>"))
    opened.check()
