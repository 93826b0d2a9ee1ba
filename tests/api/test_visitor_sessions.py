"""POST and GET /orgs/<org>/visitor_sessions (merging: tests/rules)"""

from datetime import UTC, datetime

import pytest

from matching.models import Visitor, VisitorIdentity, VisitorSession
from tests.factories import (
    UNKNOWN_ID,
    RoomFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    ids,
)


@pytest.fixture
def url(org_url):
    return f"{org_url}/visitor_sessions"


@pytest.fixture
def body(room):
    return {
        "visitor_session_id": "b3c1a7d29e5f4a60",
        "visitor_id": "8d5e957f297893487bd98fa830fa6413",
        "started_at": "2016-10-10T20:14:02Z",
        "rooms": ids(room),
    }


def test_a_new_session_is_201(as_integrator, url, body, organization, room):
    response = as_integrator.post(url, body | {"ended_at": "2016-10-10T23:15:00+03:00"})

    assert response.status_code == 201, response.content
    answer = response.json()
    assert answer == {
        "id": answer["id"],
        "organization_id": str(organization.id),
        "visitor_session_id": "b3c1a7d29e5f4a60",
        "visitor_id": "8d5e957f297893487bd98fa830fa6413",
        "started_at": "2016-10-10T20:14:02.000Z",
        "ended_at": "2016-10-10T20:15:00.000Z",
        "rooms": [str(room.id)],
        "created_at": answer["created_at"],
        "updated_at": answer["created_at"],
    }
    assert as_integrator.get(url).json()["results"] == [answer]


def test_a_known_session_is_200_and_the_same(as_integrator, url, body):
    first = as_integrator.post(url, body)
    again = as_integrator.post(url, body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() | {"updated_at": None} == first.json() | {"updated_at": None}
    assert first.json()["ended_at"] is None
    assert VisitorSession.objects.count() == 1


@pytest.mark.parametrize("name", ["visitor_identity", "custom_visitor_identity"])
def test_an_identity_that_comes_along_is_tied_to_the_visitor(name, as_integrator, url, body, org_url):
    as_integrator.post(url, body | {name: "customer-12345678"})

    [identity] = as_integrator.get(f"{org_url}/visitor_identities").json()["results"]
    assert (identity["visitor_identity"], identity["visitor_id"], identity["visitor_session_id"]) == (
        "customer-12345678",
        "8d5e957f297893487bd98fa830fa6413",
        "b3c1a7d29e5f4a60",
    )


def test_an_identity_that_comes_with_a_known_session_is_tied_as_well(as_integrator, url, body):
    as_integrator.post(url, body)
    as_integrator.post(url, body | {"visitor_identity": "customer-12345678"})
    as_integrator.post(url, body | {"visitor_identity": "customer-12345678"})
    as_integrator.post(url, body | {"visitor_identity": None})

    assert VisitorIdentity.objects.get().identity == "customer-12345678"


def test_a_session_of_another_visitor_is_409_and_leaves_nothing_behind(as_integrator, url, body, room):
    as_integrator.post(url, body)
    before = VisitorSession.objects.values().get()

    response = as_integrator.post(
        url,
        body
        | {
            "visitor_id": "another",
            "started_at": "2016-10-10T19:00:00Z",
            "ended_at": "2016-10-10T21:00:00Z",
            "visitor_identity": "customer-12345678",
        },
    )

    assert response.status_code == 409
    assert response.json() == {
        "detail": "This visitor_session_id is a session of another visitor.",
        "code": "session_visitor_conflict",
    }
    assert VisitorSession.objects.values().get() == before
    assert Visitor.objects.get().visitor_id == "8d5e957f297893487bd98fa830fa6413"
    assert not VisitorIdentity.objects.exists()


def test_a_session_of_that_name_in_another_organization_is_another(
    as_integrator, as_stranger, url, body, other_organization, foreign_room
):
    as_integrator.post(url, body)

    response = as_stranger.post(
        f"/api/v5/orgs/{other_organization.id}/visitor_sessions",
        body | {"visitor_id": "another", "rooms": ids(foreign_room)},
    )

    assert response.status_code == 201


@pytest.mark.parametrize("missing", ["visitor_session_id", "visitor_id", "started_at", "rooms"])
def test_a_required_attribute_is_required(missing, as_integrator, url, body):
    response = as_integrator.post(url, {name: value for name, value in body.items() if name != missing})

    assert response.status_code == 400
    assert response.json() == {missing: ["This field is required."]}


@pytest.mark.parametrize(("name", "limit"), [("visitor_session_id", 64), ("visitor_id", 64)])
def test_names_have_their_greatest_lengths(name, limit, as_integrator, url, body):
    longest = as_integrator.post(url, body | {name: "x" * limit})
    longer = as_integrator.post(url, body | {name: "x" * (limit + 1)})

    assert longest.status_code == 201
    assert longer.status_code == 400
    assert longer.json() == {name: [f"Ensure this field has no more than {limit} characters."]}


@pytest.mark.parametrize(
    "moments",
    [
        {"ended_at": "2016-10-10T20:14:01.999999Z"},
        {"ended_at": "2016-10-10T20:14:02+00:01"},
        {"started_at": "2026-11-01T00:00:00Z", "ended_at": "2016-10-10T20:14:02Z"},
    ],
)
def test_a_session_cannot_end_before_it_starts(moments, as_integrator, url, body):
    response = as_integrator.post(url, body | moments)

    assert response.status_code == 400
    assert response.json() == {"ended_at": ["A session cannot end before it starts."]}
    assert not VisitorSession.objects.exists()


@pytest.mark.parametrize("ended_at", ["2016-10-10T20:14:02Z", "2026-11-01T23:59:59.999999Z", None])
def test_a_session_may_end_whenever_it_has_begun_or_be_open(ended_at, as_integrator, url, body):
    assert as_integrator.post(url, body | {"ended_at": ended_at}).status_code == 201


@pytest.mark.parametrize("name", ["started_at", "ended_at"])
@pytest.mark.parametrize("sent", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_beyond_the_calendar_is_refused(sent, name, as_integrator, url, body):
    response = as_integrator.post(url, body | {name: sent})

    assert response.status_code == 400
    assert response.json() == {name: ["Outside the years 1 to 9999 (in UTC)."]}


def test_each_room_that_is_not_the_organizations_is_named(
    as_integrator, url, body, room, foreign_room, organization
):
    archived = RoomFactory.create(organization=organization, archived_at="2016-10-10T00:00:00Z")
    bad = [str(UNKNOWN_ID), *ids(foreign_room, archived)]

    response = as_integrator.post(url, body | {"rooms": [*ids(room), *bad]})

    assert response.status_code == 400
    assert response.json() == {"rooms": [f"{room_id} is not a room of the organization." for room_id in bad]}
    assert not VisitorSession.objects.exists()


def test_a_session_may_have_been_in_no_room_yet(as_integrator, url, body):
    response = as_integrator.post(url, body | {"rooms": []})

    assert response.status_code == 201
    assert response.json()["rooms"] == []


def test_rooms_are_taken_once_in_either_case(as_integrator, url, body, room):
    response = as_integrator.post(url, body | {"rooms": [str(room.id).upper(), *ids(room, room)]})

    assert response.json()["rooms"] == ids(room)


# The list


def test_sessions_are_listed_by_their_start_newest_first(as_integrator, url, organization):
    old, new, middle = (
        VisitorSessionFactory.create(organization=organization, started_at=f"2016-10-{day}T00:00:00Z")
        for day in (10, 30, 20)
    )

    assert [row["id"] for row in as_integrator.get(url).json()["results"]] == ids(new, middle, old)


def test_sessions_are_filtered_by_identity_and_visitor(as_integrator, url, organization):
    sessions = {}
    for name in ("phone", "laptop", "neighbour"):
        visitor = VisitorFactory.create(organization=organization, visitor_id=name)
        sessions[name] = VisitorSessionFactory.create(visitor=visitor)
        VisitorIdentityFactory.create(
            visitor=visitor, identity="neighbour" if name == "neighbour" else "customer"
        )
        VisitorIdentityFactory.create(visitor=visitor, identity="newsletter")

    def found(**filters):
        rows = [row["id"] for row in as_integrator.get(url, filters).json()["results"]]
        assert len(rows) == len(set(rows))
        return set(rows)

    assert found() == set(ids(*sessions.values()))
    assert found(visitor_identity="customer") == set(ids(sessions["phone"], sessions["laptop"]))
    assert found(visitor_id="phone") == set(ids(sessions["phone"]))
    assert found(visitor_id="phone", visitor_identity="customer") == set(ids(sessions["phone"]))
    assert found(visitor_id="phone", visitor_identity="neighbour") == set()
    assert found(visitor_identity="nobody") == set()
    assert found(visitor_identity="") == set()


def test_a_filter_says_nothing_of_another_organization(as_integrator, url):
    foreign = VisitorSessionFactory.create()
    VisitorIdentityFactory.create(visitor=foreign.visitor, identity="customer")

    known = as_integrator.get(url, {"visitor_identity": "customer"})
    unknown = as_integrator.get(url, {"visitor_identity": "nobody"})

    assert known.json() == unknown.json() == {"next": None, "previous": None, "results": []}


def test_the_sessions_of_an_identity_are_in_one_order_whichever_visitor_had_them(
    as_integrator, org_url, organization
):
    visitors = [
        VisitorIdentityFactory.create(organization=organization, identity="ann").visitor for _ in range(3)
    ]
    VisitorIdentityFactory.create(visitor=visitors[0], identity="bob")
    VisitorSessionFactory.create(organization=organization)  # of a visitor without an identity
    sessions = [
        VisitorSessionFactory.create(
            visitor=visitors[n % 3], started_at=datetime(2016, 10, 1 + n, tzinfo=UTC)
        )
        for n in (4, 0, 6, 2, 5, 1, 3)
    ]
    expected = [session.visitor_session_id for session in sorted(sessions, key=lambda s: s.started_at)][::-1]
    url, found = f"{org_url}/visitor_sessions?identity=ann&page_size=2", []

    while url:
        page = as_integrator.get(url).json()
        found += [row["visitor_session_id"] for row in page["results"]]
        url, before = page["next"], page["previous"]

    assert found == expected
    back = as_integrator.get(before).json()["results"]
    assert [row["visitor_session_id"] for row in back] == expected[-3:-1]
    of_one = as_integrator.get(f"{org_url}/visitor_sessions?identity=ann&visitor_id={visitors[1].visitor_id}")
    assert {row["visitor_id"] for row in of_one.json()["results"]} == {visitors[1].visitor_id}
