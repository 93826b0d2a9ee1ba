"""Reports of one session merge to the same session, in whatever order and however often they arrive."""

from functools import partial
from itertools import permutations

import pytest

from matching.models import Visitor, VisitorIdentity, VisitorSession
from tests.concurrency import at_once, while_it_waits
from tests.conftest import Client
from tests.factories import (
    OrganizationFactory,
    RoomFactory,
    UserFactory,
    VisitorFactory,
    VisitorSessionFactory,
    ids,
    issue_token,
)

REPORTS = {
    "opened": {"started_at": "2016-10-10T20:00:00Z", "rooms": ["web"]},
    "moved to the store": {"started_at": "2016-10-10T20:05:00Z", "rooms": ["store"]},
    "ended": {
        "started_at": "2016-10-10T20:00:00Z",
        "ended_at": "2016-10-10T20:30:00Z",
        "rooms": ["store", "web"],
    },
    "began earlier, ended later": {
        "started_at": "2016-10-10T19:59:00Z",
        "ended_at": "2016-10-10T20:31:00Z",
        "rooms": [],
    },
}


@pytest.fixture
def rooms(room, second_room):
    return {"web": str(room.id), "store": str(second_room.id)}


@pytest.fixture
def report(as_integrator, org_url, rooms):
    def post(name, **changes):
        body = REPORTS[name] | changes
        body |= {
            "visitor_session_id": "b3c1a7d29e5f4a60",
            "visitor_id": "phone",
            "rooms": [rooms[name] for name in body["rooms"]],
        }
        return as_integrator.post(f"{org_url}/visitor_sessions", body)

    return post


def facts(answer):
    return {name: answer[name] for name in ("started_at", "ended_at", "rooms")}


@pytest.mark.parametrize("order", list(permutations(REPORTS)), ids=" - ".join)
def test_the_order_of_reports_makes_no_difference(order, report, rooms):
    statuses, answers = zip(*((r.status_code, r.json()) for r in map(report, order)), strict=True)

    assert statuses == (201, 200, 200, 200)
    assert len({answer["id"] for answer in answers}) == 1
    assert facts(answers[-1]) == {
        "started_at": "2016-10-10T19:59:00.000Z",
        "ended_at": "2016-10-10T20:31:00.000Z",
        "rooms": sorted(rooms.values()),
    }


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_that_comes_again_changes_nothing(name, report):
    for each in REPORTS:
        last = report(each)

    again = report(name)

    assert again.status_code == 200
    assert facts(again.json()) == facts(last.json())


def test_an_open_report_does_not_open_an_ended_session_again(report):
    report("ended")

    assert report("opened", ended_at=None).json()["ended_at"] == "2016-10-10T20:30:00.000Z"


def test_reports_that_overlap_only_together_merge_all_the_same(report):
    """The later one begins after the earlier one ended: as a whole the session is still in order."""
    report("opened", started_at="2016-10-10T20:10:00Z", ended_at="2016-10-10T20:11:00Z")
    answer = report("opened", started_at="2016-10-10T20:00:00Z", ended_at="2016-10-10T20:01:00Z").json()

    assert (answer["started_at"], answer["ended_at"]) == (
        "2016-10-10T20:00:00.000Z",
        "2016-10-10T20:11:00.000Z",
    )


def test_created_at_stays_and_updated_at_moves(report):
    first = report("opened").json()
    second = report("ended").json()

    assert second["created_at"] == first["created_at"]
    assert second["updated_at"] >= first["updated_at"]


@pytest.mark.django_db(transaction=True)
def test_reports_at_the_same_moment_make_one_session_one_visitor_one_identity():
    organization = OrganizationFactory.create()
    rooms = RoomFactory.create_batch(8, organization=organization)
    body = {
        "visitor_session_id": "b3c1a7d29e5f4a60",
        "visitor_id": "phone",
        "visitor_identity": "customer",
        "started_at": "2016-10-10T20:00:00Z",
    }
    url = f"/api/v5/orgs/{organization.id}/visitor_sessions"
    key = issue_token(UserFactory.create(organization=organization))

    answers = at_once(
        key, [partial(Client.post, path=url, data=body | {"rooms": ids(room)}) for room in rooms]
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert sorted(map(str, VisitorSession.objects.get().room_ids)) == sorted(ids(*rooms))
    assert Visitor.objects.count() == VisitorIdentity.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_visitors_that_claim_one_session_at_once_one_gets_it():
    organization = OrganizationFactory.create()
    body = {"visitor_session_id": "b3c1a7d29e5f4a60", "started_at": "2016-10-10T20:00:00Z", "rooms": []}
    url = f"/api/v5/orgs/{organization.id}/visitor_sessions"
    key = issue_token(UserFactory.create(organization=organization))

    answers = at_once(
        key, [partial(Client.post, path=url, data=body | {"visitor_id": f"visitor-{n}"}) for n in range(6)]
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    [winner] = [answer.json()["visitor_id"] for answer in answers if answer.status_code == 201]
    assert VisitorSession.objects.get().visitor.visitor_id == winner


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_loses_the_race_leaves_nothing_behind():
    organization = OrganizationFactory.create()
    key = issue_token(UserFactory.create(organization=organization))
    body = {
        "visitor_session_id": "b3c1a7d29e5f4a60",
        "visitor_id": "loser",
        "visitor_identity": "customer",
        "started_at": "2016-10-10T20:00:00Z",
        "rooms": [],
    }

    def claim():
        winner = VisitorFactory.create(organization=organization, visitor_id="winner")
        VisitorSessionFactory.create(visitor=winner, visitor_session_id="b3c1a7d29e5f4a60")

    answer = while_it_waits(
        key, claim, lambda client: client.post(f"/api/v5/orgs/{organization.id}/visitor_sessions", body)
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "session_visitor_conflict")
    assert [visitor.visitor_id for visitor in Visitor.objects.all()] == ["winner"]
    assert not VisitorIdentity.objects.exists()
