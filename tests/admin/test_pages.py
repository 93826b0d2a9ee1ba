"""The admin's pages as browsers get them: what they may load, where they may be shown, what is refused."""

import re
from typing import Any

import pytest
from django.test import Client

from goalsvc.orgs.models import Organization
from tests.admin.samples import MODELS, SAMPLES, all_rows, url

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# What the policy forbids, and what would therefore quietly not work.
INLINE = re.compile(
    r"<style|<[^>]+\s(?:style|on[a-z]+)=|<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|javascript:",
    re.I,
)


def policy_of(response: Any) -> set[str]:
    return set(response.headers["Content-Security-Policy"].split("; "))


@pytest.mark.parametrize("page", ["/admin/", "/admin/login/", "/admin/nothing/", "/api/v5/docs"])
def test_pages_tell_browsers_to_load_nothing_but_our_files(page: str, client: Client, db: None) -> None:
    response = client.get(page)
    assert policy_of(response) == POLICY
    assert response.headers.items() >= HEADERS.items()


def test_the_api_is_not_burdened_with_a_policy(as_manager: Any) -> None:
    response = as_manager.get("/api/v5/users/me")
    assert "Content-Security-Policy" not in response.headers
    assert response.headers.items() >= HEADERS.items()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_page_needs_what_the_policy_forbids(
    model: Any, as_operator: Client, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = SAMPLES[model](organization)
    pages = [all_rows(model), url(model, "change", row.pk), url(model, "history", row.pk), url(model, "add")]
    for page in pages:
        response = as_operator.get(page, follow=True)  # the history of a row leads to that of all
        assert response.status_code in {200, 403}, page
        assert not INLINE.search(response.content.decode()), page
        assert policy_of(response) == POLICY


def test_other_pages_need_no_more(as_operator: Client, client: Client) -> None:
    for browser, page in (
        (as_operator, "/admin/"),
        (as_operator, "/admin/password_change/"),
        (client, "/admin/login/"),
        (client, "/api/v5/docs"),
    ):
        response = browser.get(page)
        assert response.status_code == 200
        assert not INLINE.search(response.content.decode()), page


@pytest.mark.parametrize(
    "inline",
    [
        "<style>",
        '<a style="x">',
        '<p onclick="x">',
        "<script>x",
        '<script nonce="n">',
        '<a href="javascript:x">',
    ],
)
def test_the_search_for_what_is_forbidden_finds_it(inline: str) -> None:
    assert INLINE.search(inline)
    assert not INLINE.search('<script src="/static/a.js"></script><link rel="stylesheet" href="/b.css">')


def test_the_admin_is_found_without_its_slash(client: Client, db: None) -> None:
    response = client.get("/admin")
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")
    assert client.get("/administrators").json()["code"] == "not_found"


def test_a_lookup_that_the_admin_does_not_offer_is_refused_with_a_page(
    as_operator: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = as_operator.get("/admin/orgs/user/?password__startswith=argon2")
    assert response.status_code == 400
    assert response.headers["Content-Type"].startswith("text/html")
    assert "<h1>Not understood</h1>" in response.content.decode()


def test_a_page_that_crashes_says_nothing_of_it(as_operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("customer-12345678")

    monkeypatch.setattr("goals.admin.GoalAdmin.get_queryset", crash)
    as_operator.raise_request_exception = False
    response = as_operator.get("/admin/goals/goal/")
    assert response.status_code == 500
    assert response.headers["Content-Type"].startswith("text/html")
    assert "customer" not in response.content.decode()
    assert "RuntimeError" not in response.content.decode()


def test_forms_from_elsewhere_are_refused(organization: Organization, operator: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    response = client.post("/admin/orgs/organization/add/", {"name": "Forged Ltd."})
    assert response.status_code == 403
    assert Organization.objects.count() == 1


def test_over_tls_cookies_are_secure(operator: Any, settings: Any) -> None:
    """As HTTPS=1 sets it; see tests.service.test_settings."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    operator.set_password("correct horse battery")
    operator.save()
    client = Client()
    client.get("/admin/login/", secure=True)
    form = {"username": operator.email, "password": "correct horse battery", "next": "/admin/"}
    cookies = client.post("/admin/login/", form, secure=True).cookies
    assert cookies["sessionid"]["httponly"]
    for name in ("sessionid", "csrftoken"):
        assert cookies[name]["secure"]
        assert cookies[name]["samesite"] == "Lax"
