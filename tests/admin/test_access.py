"""Who sees and changes what in the admin: every registered model, every kind of caller.

A test holds a rule against all models at once: a world and a login for each would take longer than the rest.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.test import Client, RequestFactory
from django.urls import reverse

from goals.models import Goal
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin
from goalsvc.orgs.models import ApiToken, HistoryEntry, Organization, Room, User
from matching.models import (
    ExternalMatch,
    ImportRun,
    MatchAttempt,
    PendingMatch,
    Visitor,
    VisitorIdentity,
    VisitorSession,
)
from tests.admin.samples import MODELS, SAMPLES, all_rows, shown_ids, url
from tests.factories import UNKNOWN_ID, UserFactory

Rows = dict[type[models.Model], Any]

# What each kind of caller may do to a row of the organization: view, add, change, delete; nothing where it
# says nothing.
NOTHING, VIEW = "----", "v---"
PERMISSIONS: dict[type[models.Model], dict[str, str]] = {
    # The clerk is staff without a scope; `settings`, `users` and `reports` hold that scope alone. What a row
    # says of visitors takes the settings scope.
    Organization: {"operator": "vac-", "clerk": VIEW, "settings": VIEW, "users": VIEW, "reports": VIEW},
    User: {"operator": "vac-", "users": "vac-"},
    ApiToken: {"operator": "vac-", "users": "vac-"},
    Room: {"operator": "vac-", "clerk": VIEW, "settings": "vac-", "users": VIEW, "reports": VIEW},
    Goal: {"operator": "vacd", "clerk": VIEW, "settings": "vacd", "users": VIEW, "reports": VIEW},
    Visitor: {"operator": VIEW, "settings": VIEW},
    VisitorIdentity: {"operator": VIEW, "settings": VIEW},
    VisitorSession: {"operator": VIEW, "settings": VIEW},
    ExternalMatch: {"operator": VIEW, "settings": VIEW},
    PendingMatch: {"operator": VIEW, "settings": VIEW},
    MatchAttempt: {"operator": VIEW, "settings": VIEW},
    ImportRun: {"operator": VIEW, "settings": VIEW},
    HistoryEntry: {"operator": VIEW, "clerk": VIEW, "settings": VIEW, "users": VIEW, "reports": VIEW},
}

# The actions that each kind of caller is offered in lists; where it says nothing, none.
ROOM_ACTIONS, GOAL_ACTIONS = {"archive", "restore"}, {"delete_selected", "restore"}
MATCH_ACTIONS, PENDING_ACTIONS = {"retract", "restore"}, {"try_again", "cancel"}
ACTIONS: dict[type[models.Model], dict[str, set[str]]] = {
    ApiToken: {"operator": {"revoke"}, "users": {"revoke"}},
    Room: {"operator": ROOM_ACTIONS, "settings": ROOM_ACTIONS},
    Goal: {"operator": GOAL_ACTIONS, "settings": GOAL_ACTIONS},
    ExternalMatch: {"operator": MATCH_ACTIONS, "settings": MATCH_ACTIONS},
    PendingMatch: {"operator": PENDING_ACTIONS, "settings": PENDING_ACTIONS},
    VisitorIdentity: {"operator": {"show_holdings"}, "settings": {"show_holdings"}},
    VisitorSession: {"operator": {"take_back"}, "settings": {"take_back"}},
}


@pytest.fixture
def own(organization: Organization) -> Rows:
    """A row of each model, of the organization."""
    return {model: SAMPLES[model](organization) for model in MODELS}


@pytest.fixture
def foreign(other_organization: Organization) -> Rows:
    """A row of each model, of another organization."""
    return {model: SAMPLES[model](other_organization) for model in MODELS}


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


def test_operators_see_the_rows_of_all_organizations(as_operator: Client, own: Rows, foreign: Rows) -> None:
    for model in MODELS:
        assert {own[model].pk, foreign[model].pk} <= shown_ids(as_operator.get(all_rows(model))), model
        assert as_operator.get(url(model, "change", foreign[model].pk)).status_code == 200, model


def test_operators_can_narrow_a_list_to_an_organization(
    as_operator: Client, organization: Organization, own: Rows, foreign: Rows
) -> None:
    for model in MODELS:
        if model is not Organization:
            narrowed = {"organization": str(organization.pk)}
            shown = shown_ids(as_operator.get(url(model, "changelist"), narrowed))
            assert own[model].pk in shown, model
            assert foreign[model].pk not in shown, model


def test_staff_see_the_rows_of_their_organization_alone(as_staff: Client, own: Rows, foreign: Rows) -> None:
    for model in MODELS:
        shown = shown_ids(as_staff.get(all_rows(model)))
        assert own[model].pk in shown, model
        assert foreign[model].pk not in shown, model


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_foreign_row_is_answered_as_an_unknown_one(
    model: type[models.Model], as_staff: Client, other_organization: Organization
) -> None:
    foreign = SAMPLES[model](other_organization)

    def answers(pk: object) -> list[tuple[int, str | None, list[str]]]:
        found = []
        for method, page in (
            ("get", "change"), ("post", "change"), ("get", "delete"), ("post", "delete"), ("get", "history")
        ):  # fmt: skip
            as_staff.cookies.pop("messages", None)  # those of the answer before
            response = getattr(as_staff, method)(url(model, page, pk), {"post": "yes"})
            texts = [str(text).replace(str(pk), "<id>") for text in get_messages(response.wsgi_request)]
            found.append((response.status_code, response.headers.get("Location"), texts))
        return found

    answered = answers(foreign.pk)
    assert answered == answers(UNKNOWN_ID)
    status, location, texts = answered[0]
    assert (status, location) == (302, "/admin/")
    assert texts[0].startswith(f"{model._meta.verbose_name} with ID “<id>” doesn")
    assert model._default_manager.filter(pk=foreign.pk).exists()


def test_a_foreign_row_is_not_found_by_its_id(as_staff: Client, foreign: Rows) -> None:
    for model in MODELS:
        assert shown_ids(as_staff.get(url(model, "changelist"), {"q": foreign[model].pk})) == set(), model


@pytest.mark.parametrize("is_anonymous", [False, True])
def test_who_is_no_staff_is_asked_to_log_in(
    is_anonymous: bool, own: Rows, outsider: User, browser: Callable[[User | None], Client]
) -> None:
    client = browser(None if is_anonymous else outsider)
    for model, row in own.items():
        for page in (
            url(model, "changelist"),
            url(model, "add"),
            url(model, "change", row.pk),
            url(model, "delete", row.pk),
            url(model, "history", row.pk),
        ):
            response = client.get(page)
            assert (response.status_code, response.headers["Location"]) == (302, f"/admin/login/?next={page}")


@pytest.mark.parametrize("caller", ["operator", "clerk", "settings", "users", "reports"])
def test_what_each_caller_may_do(
    caller: str,
    organization: Organization,
    own: Rows,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    user = (
        request.getfixturevalue(caller)
        if caller in {"operator", "clerk"}
        else UserFactory.create(organization=organization, is_staff=True, scopes=[caller])
    )
    client = browser(user)
    permissions, actions = {}, {}
    for model, row in own.items():
        listed = client.get(url(model, "changelist"))
        added = client.get(url(model, "add"))
        changed = client.get(url(model, "change", row.pk))
        deleted = client.get(url(model, "delete", row.pk))
        may_change = changed.status_code == 200 and changed.context["has_change_permission"]
        permissions[model] = "".join(
            (
                "v" if listed.status_code == changed.status_code == 200 else "-",
                "a" if added.status_code == 200 else "-",
                "c" if may_change else "-",
                "d" if deleted.status_code == 200 else "-",
            )
        )
        form = listed.context["action_form"] if listed.status_code == 200 else None
        actions[model] = {name for name, _ in form.fields["action"].choices if name} if form else set()
        # A refused page refuses the form as well.
        if not may_change:
            assert client.post(url(model, "change", row.pk), {"name": "x"}).status_code == 403, model
        if added.status_code != 200:
            assert client.post(url(model, "add"), {"name": "x"}).status_code == 403, model
        if deleted.status_code != 200:
            assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model
    assert permissions == {model: PERMISSIONS[model].get(caller, NOTHING) for model in MODELS}
    assert actions == {model: ACTIONS.get(model, {}).get(caller, set()) for model in MODELS}


@pytest.mark.parametrize("caller", ["clerk", "staff"])
def test_no_page_links_to_one_that_the_viewer_may_not_open(
    caller: str,
    organization: Organization,
    own: Rows,
    operator: User,
    browser: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    client = browser(request.getfixturevalue(caller))
    by = {"created_by": operator}
    colleague = UserFactory.create(organization=organization)
    Goal.objects.update(**by, updated_by=colleague)
    ExternalMatch.objects.update(**by)
    own[ExternalMatch].retract(by=operator, at=own[ExternalMatch].created_at)
    PendingMatch.objects.update(
        **by, match=own[ExternalMatch], status="matched", resolved_at=own[ExternalMatch].created_at
    )
    MatchAttempt.objects.update(**by)
    links: dict[str, str] = {}
    for model, row in own.items():
        for page in (url(model, "changelist"), url(model, "change", row.pk)):
            response = client.get(page)
            if response.status_code == 200:
                linked = re.findall(r'href="(/admin/[^"?]*)', response.content.decode())
                links |= dict.fromkeys(linked, page)
    assert url(Goal, "change", own[Goal].pk) in links
    if caller == "staff":  # who may open users' pages, but not an operator's; the clerk opens the others
        users = url(User, "changelist")
        links = {link: page for link, page in links.items() if link.startswith(users)}
        assert url(User, "change", colleague.pk) in links
    for link, page in links.items():
        assert client.get(link, follow=True).status_code == 200, (link, page)


def test_without_the_settings_scope_no_page_shows_a_visitor(
    organization: Organization, own: Rows, browser: Callable[[User], Client]
) -> None:
    """Follows the links, from the start page on and from the page of each row."""
    Visitor.objects.update(visitor_id=Concat(Value("marked-visitor-"), Cast("id", CharField())))
    VisitorSession.objects.update(
        visitor_session_id=Concat(Value("marked-session-"), Cast("id", CharField()))
    )
    VisitorIdentity.objects.update(identity="marked-identity")
    for model in (ExternalMatch, PendingMatch, MatchAttempt):
        model.objects.update(visitor_identity="marked-identity")
    ImportRun.objects.update(filename="marked-file.csv")
    match = own[ExternalMatch]
    match.retract(by=UserFactory.create(organization=organization), at=match.created_at)
    own[PendingMatch].cancel(by=None, at=match.created_at)

    def walk(scopes: list[str]) -> str:
        client = browser(UserFactory.create(organization=organization, is_staff=True, scopes=scopes))
        waiting = {"/admin/", *(url(model, "change", row.pk) for model, row in own.items())}
        seen: set[str] = set()
        texts = []
        while waiting - seen:
            page = min(waiting - seen)
            seen.add(page)
            response: Any = client.get(page)
            text = response.getvalue().decode()  # of files too
            texts.append(text)
            # Without what narrows a list: each filter doubles the addresses.
            links = {urljoin(page, link) for link in re.findall(r'href="([^"?#]*)', text)}
            waiting |= {link for link in links if link.startswith("/admin/")}
        assert len(seen) > 20
        return "\n".join(texts)

    marked = {"marked-visitor", "marked-session", "marked-identity", "marked-file"}
    for scopes in ([], ["users"], ["reports"], ["users", "reports"]):
        text = walk(scopes)
        assert [each for each in sorted(marked) if each in text] == [], scopes
    # What proves that the walk would have found them.
    text = walk(["settings"])
    assert [each for each in sorted(marked) if each in text] == sorted(marked)


def test_staff_without_an_organization_see_nothing(own: Rows) -> None:
    # The database admits no such user; the admin does not rely on it.
    request = RequestFactory().get("/admin/")
    request.user = User(is_staff=True, scopes=["settings", "users"])
    for model, row in own.items():
        model_admin: Any = admin.site.get_model_admin(model)
        assert not model_admin.get_queryset(request).exists()
        assert not model_admin.has_view_permission(request, row)
        assert not model_admin.has_change_permission(request, row)
        assert not model_admin.has_add_permission(request)
        assert not model_admin.get_actions(request)


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
    app: str, model: str, field: str, as_staff: Client, staff: User, own: Rows, foreign: Rows
) -> None:
    visible = {
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
    assert offered <= visible


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


def test_odd_addresses_of_lists_are_no_crash(as_operator: Client) -> None:
    for model in MODELS:
        for query in ("q=%00", "p=0&o=-99.x", "p=999999&all=", "organization=x", "e=1"):
            response = as_operator.get(f"{url(model, 'changelist')}?{query}")
            assert response.status_code in {200, 302, 400}, (model, query)


def test_odd_selections_of_actions_are_no_crash(as_staff: Client, own: Rows) -> None:
    for model, actions in ACTIONS.items():
        for action in actions["operator"]:
            for selected in ("x", UNKNOWN_ID):
                form = {"action": action, "_selected_action": str(selected), "post": "yes"}
                assert as_staff.post(url(model, "changelist"), form).status_code == 302, (model, action)


def test_staff_choose_their_organization_nowhere(as_staff: Client) -> None:
    for model in MODELS:
        response = as_staff.get(url(model, "add"))
        if response.status_code == 200:
            assert "organization" not in response.context["adminform"].form.fields, model
        response = as_staff.get(url(model, "changelist"), {"organization": str(UNKNOWN_ID)})
        assert response.status_code in {302, 400}, model


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
