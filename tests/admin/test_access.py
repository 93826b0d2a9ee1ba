"""Who sees and changes what in the admin: every registered model, every kind of caller."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse

from goals.models import Goal
from goalsvc.orgs.admin import OrganizationScopedAdmin
from goalsvc.orgs.models import ApiToken, Organization, Room, User
from matching.models import ExternalMatch, Visitor, VisitorIdentity, VisitorSession
from tests.factories import (
    UNKNOWN_ID,
    ExternalMatchFactory,
    GoalFactory,
    RoomFactory,
    UserFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)


def make_token(organization: Organization) -> ApiToken:
    return ApiToken.objects.issue(UserFactory.create(organization=organization), "Tests")[0]


# How to make a row of each registered model that belongs to an organization.
SAMPLES: dict[type[models.Model], Callable[[Organization], Any]] = {
    Organization: lambda organization: organization,
    User: lambda organization: UserFactory.create(organization=organization),
    Room: lambda organization: RoomFactory.create(organization=organization),
    ApiToken: make_token,
    Goal: lambda organization: GoalFactory.create(organization=organization),
    Visitor: lambda organization: VisitorFactory.create(organization=organization),
    VisitorIdentity: lambda organization: VisitorIdentityFactory.create(organization=organization),
    VisitorSession: lambda organization: VisitorSessionFactory.create(organization=organization),
    ExternalMatch: lambda organization: ExternalMatchFactory.create(organization=organization),
}

# What each kind of caller may do to a row of the organization: view, add, change, delete.
NOTHING, VIEW = "----", "v---"
PERMISSIONS: dict[type[models.Model], dict[str, str]] = {
    # `settings` and `users` are staff who hold that scope alone.
    Organization: {"operator": "vac-", "clerk": VIEW, "settings": VIEW, "users": VIEW},
    User: {"operator": "vac-", "clerk": NOTHING, "settings": NOTHING, "users": "vac-"},
    ApiToken: {"operator": "vac-", "clerk": NOTHING, "settings": NOTHING, "users": "vac-"},
    Room: {"operator": "vac-", "clerk": VIEW, "settings": "vac-", "users": VIEW},
    Goal: {"operator": "vacd", "clerk": VIEW, "settings": "vacd", "users": VIEW},
    Visitor: {"operator": VIEW, "clerk": VIEW, "settings": VIEW, "users": VIEW},
    VisitorIdentity: {"operator": VIEW, "clerk": VIEW, "settings": VIEW, "users": VIEW},
    VisitorSession: {"operator": VIEW, "clerk": VIEW, "settings": VIEW, "users": VIEW},
    ExternalMatch: {"operator": VIEW, "clerk": VIEW, "settings": VIEW, "users": VIEW},
}

MODELS = sorted(SAMPLES, key=lambda model: model.__name__)
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


def url(model: type[models.Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def shown_ids(response: Any) -> set[Any]:
    return {row.pk for row in response.context["cl"].result_list}


def all_rows(model: type[models.Model]) -> str:
    """The list with nothing hidden by default."""
    return url(model, "changelist") + ("?state=all" if model in {Goal, Room} else "")


def test_the_tables_cover_every_registered_model() -> None:
    assert set(SAMPLES) == set(admin.site._registry)
    assert set(PERMISSIONS) == set(admin.site._registry)


def test_every_registered_admin_is_scoped() -> None:
    assert [
        model_admin
        for model_admin in admin.site._registry.values()
        if not isinstance(model_admin, OrganizationScopedAdmin)
    ] == []


@pytest.mark.parametrize("path", ["", "name", "user__email", "nonsense"])
def test_an_admin_without_a_path_to_the_organization_cannot_be_registered(path: str) -> None:
    unscoped = type("UnscopedAdmin", (OrganizationScopedAdmin,), {"organization_path": path})
    with pytest.raises(ImproperlyConfigured):
        unscoped(Room, admin.site)


@every_model
def test_operators_see_the_rows_of_all_organizations(
    model: type[models.Model],
    as_operator: Client,
    organization: Organization,
    other_organization: Organization,
) -> None:
    rows = {SAMPLES[model](each).pk for each in (organization, other_organization)}
    assert rows <= shown_ids(as_operator.get(all_rows(model)))
    for pk in rows:
        assert as_operator.get(url(model, "change", pk)).status_code == 200


@every_model
def test_operators_can_narrow_a_list_to_an_organization(
    model: type[models.Model],
    as_operator: Client,
    organization: Organization,
    other_organization: Organization,
) -> None:
    if model is Organization:
        return
    own, foreign = SAMPLES[model](organization), SAMPLES[model](other_organization)
    shown = shown_ids(as_operator.get(url(model, "changelist"), {"organization": str(organization.pk)}))
    assert own.pk in shown
    assert foreign.pk not in shown


@every_model
def test_staff_see_the_rows_of_their_organization_alone(
    model: type[models.Model], as_staff: Client, organization: Organization, other_organization: Organization
) -> None:
    own, foreign = SAMPLES[model](organization), SAMPLES[model](other_organization)
    shown = shown_ids(as_staff.get(all_rows(model)))
    assert own.pk in shown
    assert foreign.pk not in shown
    assert as_staff.get(url(model, "change", own.pk)).status_code == 200


@every_model
def test_a_foreign_row_is_answered_as_an_unknown_one(
    model: type[models.Model],
    staff: User,
    browser: Callable[[User], Client],
    other_organization: Organization,
) -> None:
    foreign = SAMPLES[model](other_organization)

    def answers(pk: object) -> list[tuple[int, str | None, list[str]]]:
        found = []
        for page in ("change", "delete", "history"):
            for method, body in (("get", {}), ("post", {"post": "yes"})):
                response = getattr(browser(staff), method)(url(model, page, pk), body)
                texts = [str(text).replace(str(pk), "<id>") for text in get_messages(response.wsgi_request)]
                found.append((response.status_code, response.headers.get("Location"), texts))
        return found

    answered = answers(foreign.pk)
    assert answered == answers(UNKNOWN_ID)
    status, location, texts = answered[0]
    assert (status, location) == (302, "/admin/")
    assert texts[0].startswith(f"{model._meta.verbose_name} with ID “<id>” doesn")
    assert model._default_manager.filter(pk=foreign.pk).exists()


@every_model
def test_a_foreign_row_is_not_found_by_its_id(
    model: type[models.Model], as_staff: Client, other_organization: Organization
) -> None:
    foreign = SAMPLES[model](other_organization)
    assert shown_ids(as_staff.get(url(model, "changelist"), {"q": foreign.pk})) == set()


@every_model
@pytest.mark.parametrize("is_anonymous", [False, True])
def test_who_is_no_staff_is_asked_to_log_in(
    model: type[models.Model],
    is_anonymous: bool,
    organization: Organization,
    outsider: User,
    browser: Callable[[User | None], Client],
) -> None:
    row = SAMPLES[model](organization)
    client = browser(None if is_anonymous else outsider)
    for page in (
        url(model, "changelist"),
        url(model, "add"),
        url(model, "change", row.pk),
        url(model, "delete", row.pk),
        url(model, "history", row.pk),
    ):
        response = client.get(page)
        assert (response.status_code, response.headers["Location"]) == (302, f"/admin/login/?next={page}")


@every_model
@pytest.mark.parametrize("caller", ["operator", "clerk", "settings", "users"])
def test_what_each_caller_may_do(
    model: type[models.Model],
    caller: str,
    organization: Organization,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    user = (
        request.getfixturevalue(caller)
        if caller in {"operator", "clerk"}
        else UserFactory.create(organization=organization, is_staff=True, scopes=[caller])
    )
    row = SAMPLES[model](organization)
    client = browser(user)
    listed = client.get(url(model, "changelist"))
    added = client.get(url(model, "add"))
    changed = client.get(url(model, "change", row.pk))
    deleted = client.get(url(model, "delete", row.pk))
    may_change = changed.status_code == 200 and changed.context["has_change_permission"]
    granted = (
        "v" if listed.status_code == changed.status_code == 200 else "-",
        "a" if added.status_code == 200 else "-",
        "c" if may_change else "-",
        "d" if deleted.status_code == 200 else "-",
    )
    assert "".join(granted) == PERMISSIONS[model][caller]
    if not may_change:
        # A refused page refuses the form as well.
        assert client.post(url(model, "change", row.pk), {"name": "x"}).status_code == 403
    if granted[1] == "-":
        assert client.post(url(model, "add"), {"name": "x"}).status_code == 403
    if granted[3] == "-":
        assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


@every_model
def test_staff_without_an_organization_see_nothing(
    model: type[models.Model], organization: Organization
) -> None:
    # The database admits no such user; the admin does not rely on it.
    request = RequestFactory().get("/admin/")
    request.user = User(is_staff=True, scopes=["settings", "users"])
    row = SAMPLES[model](organization)
    model_admin = admin.site._registry[model]
    assert not model_admin.get_queryset(request).exists()
    assert not model_admin.has_view_permission(request, row)
    assert not model_admin.has_change_permission(request, row)
    assert not model_admin.has_add_permission(request)


# Whom each relation of a form offers, and how autocompletion names it.
RELATIONS = [
    ("goals", "goal", "organization"),
    ("orgs", "room", "organization"),
    ("orgs", "user", "organization"),
    ("orgs", "apitoken", "user"),
    ("goals", "goal", "created_by"),
    ("goals", "goalroom", "room"),
    ("matching", "externalmatch", "goal"),
    ("matching", "externalmatch", "session"),
    ("matching", "visitorsession", "visitor"),
    ("matching", "visitoridentity", "visitor"),
    ("admin", "logentry", "user"),
]


@pytest.mark.parametrize(("app", "model", "field"), RELATIONS)
def test_autocompletion_offers_only_what_staff_may_see(
    app: str, model: str, field: str, as_staff: Client, staff: User, other_organization: Organization
) -> None:
    for sample in SAMPLES.values():
        sample(other_organization)
        sample(staff.organization)  # type: ignore[arg-type] # not an operator
    own = {
        str(pk)
        for model_admin in admin.site._registry.values()
        for pk in model_admin.model._default_manager.filter(
            **{model_admin.organization_path: staff.organization_id}  # type: ignore[attr-defined]
        ).values_list("pk", flat=True)
    }
    asked = {"app_label": app, "model_name": model, "field_name": field, "term": ""}
    response = as_staff.get(reverse("admin:autocomplete"), asked)
    assert response.status_code == 200
    offered = {result["id"] for result in response.json()["results"]}
    assert offered
    assert offered <= own


def test_autocompletion_takes_the_right_to_view(as_clerk: Client) -> None:
    asked = {"app_label": "orgs", "model_name": "apitoken", "field_name": "user", "term": ""}
    assert as_clerk.get(reverse("admin:autocomplete"), asked).status_code == 403


def test_autocompletion_of_odd_text_finds_nothing(as_staff: Client) -> None:
    asked = {"app_label": "orgs", "model_name": "apitoken", "field_name": "user", "term": "\0nobody"}
    assert as_staff.get(reverse("admin:autocomplete"), asked).json()["results"] == []


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        (ApiToken, "digest__startswith"),
        (ApiToken, "user__password__startswith"),
        (User, "password__startswith"),
        (User, "organization__name__startswith"),
        (Goal, "organization__id__exact"),
        (ExternalMatch, "visitor_identity__icontains"),
        (ExternalMatch, "created_at__month"),
        (VisitorSession, "visitor__visitor_id__contains"),
    ],
)
def test_no_column_can_be_probed_through_the_address(
    model: type[models.Model], lookup: str, as_staff: Client
) -> None:
    assert as_staff.get(url(model, "changelist"), {lookup: "1"}).status_code == 400


@every_model
def test_odd_addresses_of_lists_are_no_crash(model: type[models.Model], as_operator: Client) -> None:
    for query in ("q=%00", "p=0", "p=999999", "o=-99.x", "organization=x", "e=1", "all="):
        assert as_operator.get(f"{url(model, 'changelist')}?{query}").status_code in {200, 302, 400}, query


@every_model
def test_staff_choose_their_organization_nowhere(model: type[models.Model], as_staff: Client) -> None:
    response = as_staff.get(url(model, "add"))
    if response.status_code == 200:
        assert "organization" not in response.context["adminform"].form.fields
    assert as_staff.get(url(model, "changelist"), {"organization": str(UNKNOWN_ID)}).status_code in {302, 400}


def test_people_log_in_with_their_address_however_written(client: Client, staff: User) -> None:
    staff.set_password("a long enough secret")
    staff.save()
    page = client.get("/admin/login/").content.decode()
    assert "E-mail address:" in page
    assert re.search(r"<title>[^<]*goalsvc", page)
    response = client.post(
        "/admin/login/",
        {"username": "STELLA@example.com", "password": "a long enough secret", "next": "/admin/"},
    )
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")


def test_the_start_page_lists_what_one_may_see(as_clerk: Client) -> None:
    page = as_clerk.get("/admin/").content.decode()
    assert url(Goal, "changelist") in page
    assert url(User, "changelist") not in page
    assert url(ApiToken, "changelist") not in page
    assert url(Goal, "add") not in page


def test_groups_which_are_not_used_are_not_there(as_operator: Client) -> None:
    assert "/admin/auth/" not in as_operator.get("/admin/").content.decode()
