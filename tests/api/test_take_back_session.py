"""DELETE /orgs/<org>/visitor_sessions/<visitor_session_id>."""

import pytest

from goalsvc.orgs.models import HistoryEntry
from matching.models import Visitor, VisitorSession
from tests.factories import (
    ExternalMatchFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

GONE = {"detail": "The organization has no such visitor session.", "code": "not_found"}


@pytest.fixture
def session(organization, room):
    visitor = VisitorFactory.create(organization=organization)
    return VisitorSessionFactory.create(
        visitor=visitor, visitor_session_id="wrong-1", room_ids=[room.id], started_at="2016-10-10T20:00:00Z"
    )


@pytest.fixture
def url(org_url):
    return f"{org_url}/visitor_sessions/wrong-1"


def test_a_session_is_taken_back_and_its_visitor_stays(session, url, as_manager, manager, organization):
    other = VisitorSessionFactory.create(visitor=session.visitor)

    response = as_manager.delete(url)

    assert (response.status_code, response.content) == (204, b"")
    assert VisitorSession.objects.get() == other
    assert Visitor.objects.get() == session.visitor
    entry = HistoryEntry.objects.get()
    assert (entry.kind, entry.action, entry.object_id) == ("visitor_session", "deleted", session.id)
    assert (entry.organization, entry.changed_by, entry.label) == (organization, manager, "")
    again = as_manager.delete(url)
    assert (again.status_code, again.json()) == (404, GONE)


def test_a_right_report_mends_what_a_wrong_one_has_spoilt(session, url, as_manager, org_url, room, goal):
    VisitorIdentityFactory.create(visitor=session.visitor, identity="customer-1")
    report = {
        "visitor_session_id": "wrong-1",
        "visitor_id": session.visitor.visitor_id,
        "started_at": "2016-10-10T21:00:00Z",
        "rooms": [str(room.id)],
    }
    assert (
        as_manager.post(f"{org_url}/visitor_sessions", report)
        .json()["started_at"]
        .startswith("2016-10-10T20:00")
    )

    assert as_manager.delete(url).status_code == 204
    answer = as_manager.post(f"{org_url}/visitor_sessions", report)

    assert (answer.status_code, answer.json()["started_at"]) == (201, "2016-10-10T21:00:00.000Z")


@pytest.mark.parametrize(
    ("count", "sentence"), [(1, "1 match hangs on this session."), (2, "2 matches hang on this session.")]
)
def test_a_session_of_matches_stays(count, sentence, session, url, as_manager, goal):
    ExternalMatchFactory.create_batch(count, goal=goal, session=session)

    response = as_manager.delete(url)

    assert response.status_code == 409
    assert response.json() == {
        "detail": f"{sentence} Nothing was changed.",
        "code": "session_has_matches",
    }
    assert VisitorSession.objects.get() == session
    assert not HistoryEntry.objects.exists()


@pytest.mark.parametrize("name", ["batch", "/", "a/b", "..", "-", "é x", "a/"])
def test_any_id_can_be_named(name, as_manager, org_url, organization):
    VisitorSessionFactory.create(
        visitor=VisitorFactory.create(organization=organization), visitor_session_id=name
    )

    response = as_manager.generic(
        "DELETE", f"{org_url}/visitor_sessions/-", QUERY_STRING=f"visitor_session_id={name}"
    )

    assert response.status_code == 204
    assert not VisitorSession.objects.exists()


@pytest.mark.parametrize("name", ["nobody", "%00", "x" * 300, "null", "-"])
def test_what_is_no_session_is_404(name, session, as_manager, org_url):
    response = as_manager.delete(f"{org_url}/visitor_sessions/{name}")

    assert (response.status_code, response.json()) == (404, GONE)
    assert VisitorSession.objects.get() == session


def test_another_organizations_session_is_like_none(as_manager, url, other_organization):
    foreign = VisitorSessionFactory.create(
        visitor=VisitorFactory.create(organization=other_organization), visitor_session_id="wrong-1"
    )

    response = as_manager.delete(url)

    assert (response.status_code, response.json()) == (404, GONE)
    assert VisitorSession.objects.get() == foreign
