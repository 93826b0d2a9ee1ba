"""POST and GET /orgs/<org>/visitor_identities"""

from datetime import UTC, datetime

import pytest

from matching.models import Visitor, VisitorIdentity
from tests.factories import VisitorFactory, VisitorIdentityFactory, VisitorSessionFactory, ids


@pytest.fixture
def url(org_url):
    return f"{org_url}/visitor_identities"


BODY = {"visitor_identity": "customer-12345678", "visitor_id": "8d5e957f297893487bd98fa830fa6413"}


def test_a_new_identity_is_201(as_integrator, url, organization):
    response = as_integrator.post(url, BODY | {"visitor_session_id": "b3c1a7d29e5f4a60"})

    assert response.status_code == 201, response.content
    answer = response.json()
    assert answer == {
        "id": answer["id"],
        "organization_id": str(organization.id),
        "visitor_identity": "customer-12345678",
        "visitor_id": "8d5e957f297893487bd98fa830fa6413",
        "visitor_session_id": "b3c1a7d29e5f4a60",
        "created_at": answer["created_at"],
    }
    assert as_integrator.get(url).json()["results"] == [answer]


def test_a_known_identity_is_200_and_the_same(as_integrator, url):
    first = as_integrator.post(url, BODY)
    again = as_integrator.post(url, BODY)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first.json()["visitor_session_id"] is None
    assert VisitorIdentity.objects.count() == 1


def test_one_identity_may_have_many_visitors_and_one_visitor_many_identities(as_integrator, url):
    answers = [
        as_integrator.post(url, {"visitor_identity": identity, "visitor_id": visitor})
        for identity in ("customer", "card")
        for visitor in ("phone", "laptop")
    ]

    assert [answer.status_code for answer in answers] == [201] * 4
    assert Visitor.objects.count() == 2
    assert VisitorIdentity.objects.count() == 4


def test_the_same_names_in_another_organization_are_another_identity(
    as_integrator, as_stranger, url, other_organization
):
    own = as_integrator.post(url, BODY)
    foreign = as_stranger.post(f"/api/v5/orgs/{other_organization.id}/visitor_identities", BODY)

    assert (own.status_code, foreign.status_code) == (201, 201)
    assert own.json()["id"] != foreign.json()["id"]
    assert as_integrator.get(url).json()["results"] == [own.json()]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [(None, "a", "a"), ("a", None, "a"), ("a", "b", "b"), (None, None, None), ("a", "a", "a")],
)
def test_the_session_that_was_told_last_is_kept(first, second, kept, as_integrator, url):
    as_integrator.post(url, BODY | {"visitor_session_id": first})

    response = as_integrator.post(url, BODY | {"visitor_session_id": second})

    assert response.status_code == 200
    assert response.json()["visitor_session_id"] == kept


def test_the_identity_may_be_called_custom_visitor_identity(as_integrator, url):
    body = {"custom_visitor_identity": "customer-12345678", "visitor_id": "phone"}

    response = as_integrator.post(url, body)

    assert response.status_code == 201
    assert response.json()["visitor_identity"] == "customer-12345678"
    assert "custom_visitor_identity" not in response.json()


def test_names_of_the_identity_that_disagree_are_both_refused(as_integrator, url):
    response = as_integrator.post(url, BODY | {"custom_visitor_identity": "another"})

    assert response.status_code == 400
    sentence = "visitor_identity and custom_visitor_identity disagree."
    assert response.json() == {"visitor_identity": [sentence], "custom_visitor_identity": [sentence]}


def test_a_session_of_another_visitor_is_409_and_leaves_nothing_behind(as_integrator, url, organization):
    owner = VisitorFactory.create(organization=organization, visitor_id="owner")
    VisitorSessionFactory.create(visitor=owner, visitor_session_id="b3c1a7d29e5f4a60")

    response = as_integrator.post(url, BODY | {"visitor_session_id": "b3c1a7d29e5f4a60"})

    assert response.status_code == 409
    assert response.json() == {
        "detail": "This visitor_session_id is a session of another visitor.",
        "code": "session_visitor_conflict",
    }
    assert list(Visitor.objects.all()) == [owner]
    assert not VisitorIdentity.objects.exists()


def test_a_session_of_the_same_visitor_is_fine(as_integrator, url, organization):
    visitor = VisitorFactory.create(organization=organization, visitor_id=BODY["visitor_id"])
    VisitorSessionFactory.create(visitor=visitor, visitor_session_id="b3c1a7d29e5f4a60")

    response = as_integrator.post(url, BODY | {"visitor_session_id": "b3c1a7d29e5f4a60"})

    assert response.status_code == 201
    assert Visitor.objects.count() == 1


def test_a_session_of_that_name_in_another_organization_is_no_conflict(as_integrator, url):
    VisitorSessionFactory.create(visitor_session_id="b3c1a7d29e5f4a60")

    response = as_integrator.post(url, BODY | {"visitor_session_id": "b3c1a7d29e5f4a60"})

    assert response.status_code == 201


def test_a_session_that_is_not_known_yet_makes_none(as_integrator, url, org_url):
    as_integrator.post(url, BODY | {"visitor_session_id": "b3c1a7d29e5f4a60"})

    assert as_integrator.get(f"{org_url}/visitor_sessions").json()["results"] == []


@pytest.mark.parametrize("missing", ["visitor_identity", "visitor_id"])
def test_a_required_attribute_is_required(missing, as_integrator, url):
    response = as_integrator.post(url, {name: value for name, value in BODY.items() if name != missing})

    assert response.status_code == 400
    assert response.json() == {missing: ["This field is required."]}


@pytest.mark.parametrize(
    ("name", "limit"), [("visitor_identity", 255), ("visitor_id", 64), ("visitor_session_id", 64)]
)
def test_names_have_their_greatest_lengths(name, limit, as_integrator, url):
    longest = as_integrator.post(url, BODY | {name: "ä" * limit})
    longer = as_integrator.post(url, BODY | {name: "ä" * (limit + 1)})

    assert longest.json()[name] == "ä" * limit
    assert longer.status_code == 400
    assert longer.json() == {name: [f"Ensure this field has no more than {limit} characters."]}


def test_names_are_told_apart_by_case_and_form(as_integrator, url):
    names = ["straße", "STRASSE", "Straße", "é", "e\u0301"]

    answers = [as_integrator.post(url, BODY | {"visitor_identity": name}) for name in names]

    assert [answer.status_code for answer in answers] == [201] * 5
    assert [answer.json()["visitor_identity"] for answer in answers] == names


# The list


def test_identities_are_listed_newest_first(as_integrator, url, organization):
    old, new, middle = (
        VisitorIdentityFactory.create(
            organization=organization, created_at=datetime(2016, 10, day, tzinfo=UTC)
        )
        for day in (1, 3, 2)
    )

    assert [row["id"] for row in as_integrator.get(url).json()["results"]] == ids(new, middle, old)


def test_identities_are_filtered_by_identity_and_visitor(as_integrator, url, organization):
    phone = VisitorFactory.create(organization=organization, visitor_id="phone")
    laptop = VisitorFactory.create(organization=organization, visitor_id="laptop")
    rows = {
        (visitor.visitor_id, name): VisitorIdentityFactory.create(visitor=visitor, identity=name)
        for visitor in (phone, laptop)
        for name in ("customer", "card")
    }

    def found(**filters):
        return {row["id"] for row in as_integrator.get(url, filters).json()["results"]}

    assert found(visitor_identity="customer") == set(
        ids(rows["phone", "customer"], rows["laptop", "customer"])
    )
    assert found(visitor_id="phone") == set(ids(rows["phone", "customer"], rows["phone", "card"]))
    assert found(visitor_id="phone", visitor_identity="card") == set(ids(rows["phone", "card"]))
    assert found(visitor_identity="custom") == set()
    assert found(visitor_identity="CUSTOMER") == set()
    assert found(visitor_identity="%") == set()
    assert found(visitor_id="") == set()


def test_a_filter_says_nothing_of_another_organization(as_integrator, url):
    VisitorIdentityFactory.create(identity="customer")

    known = as_integrator.get(url, {"visitor_identity": "customer"})
    unknown = as_integrator.get(url, {"visitor_identity": "nobody"})

    assert known.status_code == unknown.status_code == 200
    assert known.json() == unknown.json() == {"next": None, "previous": None, "results": []}


def test_an_identity_is_found_by_the_session_it_was_given_in_reported_or_not(as_integrator, org_url):
    for name in ("reported", "unreported"):
        body = {"visitor_identity": name, "visitor_id": f"of-{name}", "visitor_session_id": f"in-{name}"}
        assert as_integrator.post(f"{org_url}/visitor_identities", body).status_code == 201
    session = {
        "visitor_session_id": "in-reported",
        "visitor_id": "of-reported",
        "started_at": "2016-10-10T20:00:00Z",
        "rooms": [],
    }
    assert as_integrator.post(f"{org_url}/visitor_sessions", session).status_code == 201

    for name in ("reported", "unreported"):
        page = as_integrator.get(f"{org_url}/visitor_identities?visitor_session_id=in-{name}").json()
        assert [row["visitor_identity"] for row in page["results"]] == [name]
