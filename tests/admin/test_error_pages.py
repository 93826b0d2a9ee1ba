"""The admin's pages of what is refused or fails: in its own look, with a way back, and telling no secret."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from goals.models import Goal
from goalsvc.orgs.models import ApiToken, Organization, User
from matching.models import ExternalMatch
from tests.admin.samples import SAMPLES, url
from tests.factories import GoalFactory


def text_of(response: Any, status: int, title: str) -> str:
    """The page, which has the admin's look, this title, and a way back."""
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    page: str = response.content.decode()
    assert f"<title>{title} | goalsvc</title>" in page
    assert f"<h1>{title}</h1>" in page
    assert "orgs/admin.css" in page
    assert 'href="/admin/"' in page
    return " ".join(page.split())


@pytest.mark.parametrize(
    ("page", "lacks"),
    [
        (url(ExternalMatch, "changelist"), "“Settings”"),
        (url(ApiToken, "changelist"), "“Users”"),
        (url(Goal, "add"), "“Settings”"),
        (url(Organization, "add"), "operators of the installation"),
        ("/admin/reports/", "“Reports”"),
        ("/admin/matching/visitoridentity/held/", "“Settings”"),
    ],
)
def test_a_403_says_which_permission_is_missing(page: str, lacks: str, as_clerk: Client) -> None:
    assert lacks in text_of(as_clerk.get(page), 403, "Not allowed")


def test_a_403_of_who_holds_the_scope_names_none(as_staff: Client, organization: Organization) -> None:
    goal = GoalFactory.create(organization=organization, deleted_at="2026-01-01T00:00:00Z")
    page = text_of(as_staff.post(url(Goal, "change", goal.pk), {"name": "x"}), 403, "Not allowed")
    assert "scope" not in page


def test_a_row_of_another_organization_is_as_one_that_is_not(
    as_clerk: Client, other_organization: Organization, organization: Organization
) -> None:
    """Neither the answer nor its words differ."""
    for model in (ExternalMatch, ApiToken, User):
        foreign = SAMPLES[model](other_organization)
        page = as_clerk.get(url(model, "change", foreign.pk)).content
        foreign.delete()
        assert as_clerk.get(url(model, "change", foreign.pk)).content == page


def test_a_form_without_its_cookie_says_what_to_do(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    page = text_of(client.post("/admin/login/", {"username": "x", "password": "y"}), 403, "Not allowed")
    assert "load the page again" in page


def test_an_unknown_page_is_a_404_and_says_nothing_of_rows(as_staff: Client) -> None:
    page = text_of(as_staff.get("/admin/orgs/nothing/here/"), 404, "Not found")
    assert "nothing that you may see" in page


def test_who_is_not_logged_in_meets_the_login(client: Client, db: None) -> None:
    response = client.get("/admin/orgs/nothing/here/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")


def test_a_lookup_that_is_not_offered_is_a_400(as_operator: Client) -> None:
    text_of(as_operator.get("/admin/orgs/user/?password__startswith=argon2"), 400, "Not understood")


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (RuntimeError("customer-12345678"), 500, "Something went wrong"),
        (OperationalError("customer-12345678"), 503, "Not available"),
    ],
)
def test_a_failure_says_nothing_of_its_cause_and_asks_nothing_of_the_database(
    error: Exception,
    status: int,
    title: str,
    as_operator: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr("goals.admin.GoalAdmin.get_queryset", fail)
    as_operator.raise_request_exception = False
    with django_assert_num_queries(1):  # who it is
        response = as_operator.get(url(Goal, "changelist"))
    assert "customer" not in text_of(response, status, title)


def test_programs_get_json(client: Client, db: None) -> None:
    response = client.get("/api/v5/nothing")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
