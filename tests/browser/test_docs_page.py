"""The page that documents the API in a browser: read, authorized with one bare key, and tried."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import every_look

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


def test_the_word_before_the_key_may_be_pasted_too(docs, demo):
    page = docs().page
    for before in ("Token ", "bearer ", "Authorization: Token ", "  "):
        authorize(page, f"{before}{'0' * 40} ")
        # It is asked for without them; they alone would make it no key.
        expect(page.get_by_role("status")).to_contain_text("The API token is unknown, revoked or expired.")
        authorize(page, "two words")
        expect(page.get_by_role("status")).to_contain_text("A key is 40 letters and digits")
    authorize(page, f"Authorization: Token {key_of(demo, 'manager')} ")
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


def test_what_is_no_key_is_told(docs):
    page = docs().page
    for text, words in (
        ("0" * 40, "The API token is unknown, revoked or expired. Nothing was authorized."),
        ("two words", "A key is 40 letters and digits, without blanks."),
        ("f" * 40, "The API token is unknown, revoked or expired. Nothing was authorized."),
        ("<b>ключ</b>", "A key is 40 letters and digits, without blanks."),
    ):
        authorize(page, text)
        expect(page.get_by_role("status")).to_contain_text(words)
        expect(page.get_by_role("button", name="Forget the key")).to_be_hidden()


def test_without_a_key_examples_say_where_to_find_ids(docs):
    opened = docs()
    try_out(opened.page)
    body = opened.page.locator(f"{POST_MATCH} textarea.body-param__text")
    expect(body).to_have_value(re.compile("<a room's id: GET …/rooms>"))
    assert opened.complaints == []
