"""The admin's page of all that is held about a visitor identity: looked up, downloaded, erased."""

import json
from typing import Any

import pytest
from django.test import Client

from goalsvc.orgs.models import HistoryEntry, Organization, User
from matching.models import ExternalMatch, VisitorIdentity
from tests.admin.samples import url, words
from tests.factories import (
    ExternalMatchFactory,
    PendingMatchFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

PAGE = "/admin/matching/visitoridentity/held/"
WHO = "somebody <b>&/%2F"


@pytest.fixture
def tie(organization: Organization) -> VisitorIdentity:
    tie = VisitorIdentityFactory.create(organization=organization, identity=WHO)
    session = VisitorSessionFactory.create(visitor=tie.visitor)
    ExternalMatchFactory.create(session=session, visitor_identity=WHO)
    PendingMatchFactory.create(organization=organization, visitor_identity=WHO)
    return tie


@pytest.fixture
def foreign_tie(other_organization: Organization) -> VisitorIdentity:
    return VisitorIdentityFactory.create(organization=other_organization, identity=WHO)


def test_all_that_is_held_is_shown(
    as_staff: Client, tie: VisitorIdentity, foreign_tie: VisitorIdentity
) -> None:
    text = words(as_staff.post(PAGE, {"identity": f" {WHO} ", "show": "1"}))

    assert f"About {WHO} " in text
    assert f"visitors 1 {tie.visitor.visitor_id} : used by this identity alone" in text
    for part in ("visitor sessions 1 ", "pending matches 1 ", "match attempts 0 -", "stored answers 0 -"):
        assert part in text
    assert foreign_tie.visitor.visitor_id not in text


def test_it_is_one_click_from_the_identity(as_staff: Client, tie: VisitorIdentity) -> None:
    lists = url(VisitorIdentity, "changelist")
    assert "All that is held" in words(as_staff.get(url(VisitorIdentity, "change", tie.pk)))
    assert PAGE in as_staff.get(lists).content.decode()

    shown = as_staff.post(lists, {"action": "show_holdings", "_selected_action": str(tie.pk)})

    assert f"About {WHO} " in words(shown)


def test_the_download_is_what_the_api_shows(
    as_staff: Client, staff: User, tie: VisitorIdentity, foreign_tie: VisitorIdentity
) -> None:
    response: Any = as_staff.post(PAGE, {"identity": WHO, "download": "1"})

    assert response.headers["Content-Disposition"] == 'attachment; filename="visitor-identity.json"'
    assert "no-store" in response.headers["Cache-Control"]
    held = json.loads(b"".join(response.streaming_content))
    assert (held["organization_id"], held["visitor_identity"]) == (str(staff.organization_id), WHO)
    assert [each["visitor_id"] for each in held["visitors"]["results"]] == [tie.visitor.visitor_id]
    assert [held[name]["count"] for name in ("visitor_sessions", "matches", "pending_matches")] == [1, 1, 1]


def test_an_erasure_takes_a_confirmation(
    as_staff: Client, staff: User, tie: VisitorIdentity, foreign_tie: VisitorIdentity
) -> None:
    asked = words(as_staff.post(PAGE, {"identity": WHO, "erase": "1"}))
    assert "Erase this identity? It cannot be undone" in asked
    assert "at 1 visitor, those" in asked
    assert "and 1 held match. " in asked
    assert "without the identity: 1 match, 0 refused attempts" in asked
    assert VisitorIdentity.objects.count() == 2

    text = words(as_staff.post(PAGE, {"identity": WHO, "erase": "1", "confirmed": "yes"}, follow=True))

    told = (
        "1 visitor identity deleted, 1 visitor deleted, 1 visitor session deleted, "
        "1 pending match deleted, 1 match kept without the identity."
    )
    assert f"The visitor identity was erased: {told}" in text
    assert WHO not in text
    assert list(VisitorIdentity.objects.all()) == [foreign_tie]
    assert ExternalMatch.objects.get().visitor_identity is None
    [entry] = HistoryEntry.objects.all()
    assert (entry.changed_by, entry.channel, entry.organization) == (staff, "admin", staff.organization)


def test_an_erased_match_has_a_page(as_staff: Client, tie: VisitorIdentity) -> None:
    as_staff.post(PAGE, {"identity": WHO, "erase": "1", "confirmed": "yes"})

    text = words(as_staff.get(url(ExternalMatch, "change", ExternalMatch.objects.get().pk)))

    assert "The visitor identity has been erased" in text
    assert as_staff.get(url(ExternalMatch, "changelist")).status_code == 200


def test_operators_say_of_which_organization(
    as_operator: Client, tie: VisitorIdentity, foreign_tie: VisitorIdentity
) -> None:
    assert "This field is required." in words(as_operator.post(PAGE, {"identity": WHO, "erase": "1"}))

    asked = {"identity": WHO, "organization": str(foreign_tie.organization_id)}
    assert foreign_tie.visitor.visitor_id in words(as_operator.post(PAGE, asked))
    as_operator.post(PAGE, {**asked, "erase": "1", "confirmed": "yes"})

    assert list(VisitorIdentity.objects.all()) == [tie]


def test_staff_choose_no_organization(
    as_staff: Client, tie: VisitorIdentity, foreign_tie: VisitorIdentity
) -> None:
    asked = {"identity": WHO, "organization": str(foreign_tie.organization_id)}
    as_staff.post(PAGE, {**asked, "erase": "1", "confirmed": "yes"})

    assert list(VisitorIdentity.objects.all()) == [foreign_tie]


@pytest.mark.parametrize("sent", [{}, {"show": "1"}, {"download": "1"}, {"erase": "1", "confirmed": "yes"}])
def test_it_takes_the_settings_scope(sent: dict[str, str], as_clerk: Client, tie: VisitorIdentity) -> None:
    assert as_clerk.get(PAGE).status_code == 403
    assert as_clerk.post(PAGE, {"identity": WHO, **sent}).status_code == 403
    assert VisitorIdentity.objects.exists()


@pytest.mark.parametrize("who", ["", " ", "nobody", "a\0b", "a\x07b", "x" * 256])
def test_an_identity_that_is_none_is_no_crash(who: str, as_staff: Client, tie: VisitorIdentity) -> None:
    for action in ("show", "erase"):
        response = as_staff.post(PAGE, {"identity": who, action: "1", "confirmed": "yes"})
        assert response.status_code in {200, 302}
    assert VisitorIdentity.objects.exists()


def test_who_is_no_staff_is_asked_to_log_in(client: Client, tie: VisitorIdentity) -> None:
    assert client.post(PAGE, {"identity": WHO}).headers["Location"].startswith("/admin/login/")
