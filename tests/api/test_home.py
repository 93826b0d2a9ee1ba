"""The root: where people and programs go on from."""

import pytest

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_a_browser_is_led_to_the_admin_and_the_docs(as_nobody):
    page = as_nobody.get("/", HTTP_ACCEPT=BROWSER)

    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for address in ("/admin/", "/api/v5/docs", "/static/orgs/icon.svg"):
        assert f'href="http://testserver{address}"' in page.text or f'href="{address}"' in page.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html"])
def test_a_program_is_told_the_addresses(accept, as_nobody):
    answer = as_nobody.get("/", HTTP_ACCEPT=accept)

    assert answer.json() == {
        "admin": "http://testserver/admin/",
        "docs": "http://testserver/api/v5/docs",
        "schema": "http://testserver/api/v5/schema",
        "caller": "http://testserver/api/v5/users/me",
    }


@pytest.mark.parametrize(
    ("method", "accept", "code"),
    [("POST", "*/*", "method_not_allowed"), ("GET", "image/png", "not_acceptable")],
)
def test_anything_else_is_refused_in_json(method, accept, code, as_nobody):
    assert as_nobody.generic(method, "/", HTTP_ACCEPT=accept).json()["code"] == code


def test_there_is_an_icon_wherever_a_page_names_none(as_nobody):
    icon = as_nobody.get("/favicon.ico", follow=True)

    assert (icon.status_code, icon.headers["Content-Type"]) == (200, "image/svg+xml")
