"""An unknown identity that only differs from a known one as programs make it differ: the reason says so."""

import unicodedata

import pytest

from tests.factories import VisitorFactory, VisitorIdentityFactory

MATCHED_AT = "2016-10-10T22:00:49.123Z"
UNKNOWN = "The identity is unknown: it has not been submitted for any visitor yet."


@pytest.fixture
def reason_of(as_integrator, org_url, goal, room):
    def posted(identity: str) -> str:
        body = {"visitor_identity": identity, "goal_matched_at": MATCHED_AT, "rooms": [str(room.id)]}
        answer = as_integrator.post(f"{org_url}/goals/{goal.id}/matches", body).json()
        assert answer["code"] == "session_not_found"
        return str(answer["reason"]["message"])

    return posted


def know(organization, identity):
    VisitorIdentityFactory.create(visitor=VisitorFactory.create(organization=organization), identity=identity)


@pytest.mark.parametrize(
    ("known", "posted", "difference"),
    [
        ("fld-1", "Fld-1", "case"),
        ("FLD-1", "fld-1", "case"),
        ("Anna.M@Example.com", "anna.m@example.com", None),  # any case at all is no exact look-up
        ("anna.m@example.com", "Anna.M@Example.com", "case"),
        ("anna.müller", unicodedata.normalize("NFD", "anna.müller"), "its Unicode form"),
        (unicodedata.normalize("NFD", "anna.müller"), "anna.müller", "its Unicode form"),
        ("customer-1", "\uff43ustomer-1", "its Unicode form"),
        ("customer-é", unicodedata.normalize("NFD", "Customer-é"), "case and its Unicode form"),
        ("+358401234567", "358401234567", "a plus sign"),
        ("358401234567", "+358401234567", "a plus sign"),
        ("+358401234567", "00358401234567", "a plus sign and leading zeros"),
        ("00358401234567", "+358401234567", "a plus sign and leading zeros"),
        ("00123", "123", "leading zeros"),
        ("123", "00123", "leading zeros"),
        ("customer-1", '"customer-1"', "surrounding quotes"),
        ("customer-1", "'customer-1'", "surrounding quotes"),
        ("'customer-1'", "customer-1", "surrounding quotes"),
        ("123", "123.0", "a final .0"),
        ("123.0", "123", "a final .0"),
        ("customer-1", "customer-2", None),
    ],
)
def test_in_what_it_differs_is_said(known, posted, difference, reason_of, organization):
    know(organization, known)

    hint = f" One that differs from it in {difference} alone is known: send it exactly as it was submitted."
    assert reason_of(posted) == UNKNOWN + (hint if difference else "")


def test_nobody_hears_of_another_organizations_identities(reason_of, other_organization):
    know(other_organization, "fld-1")

    assert reason_of("Fld-1") == UNKNOWN


def test_in_a_batch_each_hears_its_own(as_integrator, org_url, goal, room, organization):
    know(organization, "fld-1")
    items = [
        {
            "goal_id": str(goal.id),
            "visitor_identity": identity,
            "goal_matched_at": MATCHED_AT,
            "rooms": [str(room.id)],
        }
        for identity in ("Fld-1", "somebody", "FLD-1", "Fld-1")
    ]

    results = as_integrator.post(f"{org_url}/matches/batch", {"matches": items}).json()["results"]

    hinted = [" in case alone " in result["reason"]["message"] for result in results]
    assert hinted == [True, False, True, True]
