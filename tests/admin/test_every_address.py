"""Every address of the admin, found by walking its URLs, for every kind of caller.

What each caller may do with rows is in test_access; a page that is added, by whomever, is found here.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver

from goalsvc.orgs.models import HistoryEntry, Organization, User
from goalsvc.urls import urlpatterns
from tests.admin.samples import MODELS, SAMPLES, url
from tests.admin.test_access import NOTHING, PERMISSIONS, Rows

Browser = Callable[[User | None], Client]

# Pages of no row. Whoever is not logged in may see the first ones, staff see all of them.
OPEN_PAGES = {"login"} | {
    f"{prefix}password_reset{page}"
    for prefix, page in (("admin_", ""), ("", "_done"), ("", "_confirm"), ("", "_complete"))
}
STAFF_PAGES = {"index", "admin_search", "app_list", "password_change", "password_change_done", "jsi18n"}
# Neither: what Django answers there says nothing of any row, or is tested in test_access.
OTHER_PAGES = {"logout", "autocomplete", "view_on_site", None}
# What a page of a row takes, as a letter of test_access.PERMISSIONS.
LETTERS = {"changelist": "v", "add": "a", "change": "v", "history": "v", "download": "v", "delete": "d"}
# Pages of our own, and which callers may see them.
OWN_PAGES = {
    "auth_user_password_change": {"operator"},
    "orgs_user_link": {"operator"},  # and whoever may manage the user
    "orgs_apitoken_key": {"operator"},
    "orgs_organization_setup": {"operator"},
    "orgs_organization_ready": {"operator"},
    "matching_visitoridentity_held": {"operator"},  # and whoever holds the settings scope: test_privacy
    "matching_externalmatch_correct": {"operator"},  # and whoever may correct the match: test_corrections
    "admin_chores": {"operator"},
    "admin_report": {"operator"},  # and whoever holds the reports scope: test_reports
    # And whoever holds the settings scope: test_imports.
    "matching_importrun_upload": {"operator"},
    "matching_importrun_progress": {"operator"},
    "matching_importrun_failed_rows": {"operator"},
}
# Those of which the sample has nothing.
EMPTY_PAGES = {"matching_importrun_failed_rows"}


def addresses(rows: Rows) -> Iterator[tuple[str | None, str, type[models.Model] | None]]:
    """The name, the path and the model of every address, with the ids of these rows."""
    by_prefix = {f"{model._meta.app_label}/{model._meta.model_name}/": model for model in rows}
    for outer in admin.site.urls[0]:
        prefix = str(outer.pattern)
        if isinstance(outer, URLResolver):
            model = by_prefix[prefix]
            for inner in outer.url_patterns:
                path = str(inner.pattern)
                for parameter in ("<path:object_id>", "<id>"):
                    path = path.replace(parameter, str(rows[model].pk))
                yield getattr(inner, "name", None), f"/admin/{prefix}{path}", model
        else:
            path = prefix.replace("<path:content_type_id>/<path:object_id>", "1/1")
            name = getattr(outer, "name", None)
            path = "goals/" if name == "app_list" else path.replace("(?P<url>.*)$", "x")
            yield name, f"/admin/{path}", None
    for page in urlpatterns:  # beside the site's own
        if isinstance(page, URLPattern) and str(page.pattern).startswith("admin/"):
            yield page.name, f"/{page.pattern}", None


@pytest.fixture
def own(organization: Organization) -> Rows:
    return {model: SAMPLES[model](organization) for model in MODELS}


def kind_of(name: str | None) -> str:
    return (name or "").rpartition("_")[2]


def everything() -> list[Any]:
    models = [model for model in apps.get_models() if model._meta.app_label in {"orgs", "goals", "matching"}]
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def test_every_page_is_of_a_kind_that_is_known(own: Rows) -> None:
    found = list(addresses(own))
    assert {model for _, _, model in found} == {*MODELS, None}
    for name, path, model in found:
        if model is None:
            assert name in OPEN_PAGES | STAFF_PAGES | OTHER_PAGES | OWN_PAGES.keys(), path
        else:
            assert name is None or kind_of(name) in LETTERS or name in OWN_PAGES, path


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_who_is_no_staff_gets_nothing_but_the_login(
    is_anonymous: bool, own: Rows, outsider: User, browser: Browser
) -> None:
    client = browser(None if is_anonymous else outsider)
    before = everything()
    for name, path, _ in addresses(own):
        for method in ("get", "post"):
            with transaction.atomic():
                response = getattr(client, method)(path, {"post": "yes"} if method == "post" else {})
                transaction.set_rollback(True)
            if name in OPEN_PAGES:
                assert response.status_code in {200, 405}, path
            elif name == "logout":
                assert response.status_code in {200, 302, 405}, path
            else:
                assert response.status_code == 302, (method, path)
                assert response.headers["Location"].startswith("/admin/login/?next=/admin/"), (method, path)
    assert everything() == before


def test_staff_of_another_organization_get_no_page_of_a_row_of_ours(
    own: Rows, other_staff: User, browser: Browser
) -> None:
    client = browser(other_staff)
    before = everything()
    for _, path, model in addresses(own):
        if model is None or str(own[model].pk) not in path:
            continue
        for method in ("get", "post"):
            response = getattr(client, method)(path, {"post": "yes"} if method == "post" else {}, follow=True)
            # Led away as from an unknown id (test_access), or told that nobody may do so with any row.
            ended_at = response.redirect_chain[-1][0] if response.redirect_chain else ""
            assert ended_at == "/admin/" or response.status_code in {403, 404}, (method, path, ended_at)
            shown = response.content.decode().replace(str(own[model].pk), "<the id that was asked for>")
            assert str(own[model]) not in shown, (method, path)
    assert everything() == before


@pytest.mark.parametrize("caller", ["operator", "clerk"])
def test_staff_get_the_pages_that_the_table_gives_them(
    caller: str, own: Rows, browser: Browser, request: pytest.FixtureRequest
) -> None:
    client = browser(request.getfixturevalue(caller))
    for name, path, model in addresses(own):
        response = client.get(path)
        if kind_of(name) == "history" and response.status_code == 302:
            history = url(HistoryEntry, "changelist")  # of all rows, narrowed to this one
            assert model is not None
            assert response.headers["Location"] == f"{history}?object_id__exact={own[model].pk}"
            response = client.get(response.headers["Location"])
        status = response.status_code
        if name in OWN_PAGES:
            found = 404 if name in EMPTY_PAGES else 200
            assert status == (found if caller in OWN_PAGES[name] else 403), path
        elif model is None:
            assert name not in STAFF_PAGES or status == 200, path
        elif kind_of(name) in LETTERS:
            allowed = LETTERS[kind_of(name)] in PERMISSIONS[model].get(caller, NOTHING)
            assert status == (200 if allowed else 403), path
