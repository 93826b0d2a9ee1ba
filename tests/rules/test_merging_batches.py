"""Batches of reports at the same moment: none waits in a circle, and nothing that was told is lost."""

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from matching.models import Visitor, VisitorIdentity, VisitorSession
from tests.concurrency import PATIENCE, at_once, on_own_connection, wait_for_lock
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

pytestmark = pytest.mark.django_db(transaction=True)

STARTED_AT = "2016-10-10T20:00:00Z"


class World:
    def __init__(self) -> None:
        self.organization = OrganizationFactory.create()
        self.rooms = ids(*RoomFactory.create_batch(8, organization=self.organization))
        self.key = issue_token(UserFactory.create(organization=self.organization))
        self.url = f"/api/v5/orgs/{self.organization.id}"

    def report(self, session: str, visitor: str, *rooms: str, **more: Any) -> dict[str, Any]:
        return {
            "visitor_session_id": session,
            "visitor_id": visitor,
            "started_at": STARTED_AT,
            "rooms": list(rooms),
            **more,
        }

    def sessions(self, client: Client, reports: list[dict[str, Any]]) -> Any:
        return client.post(f"{self.url}/visitor_sessions/batch", {"visitor_sessions": reports})

    def identities(self, client: Client, reports: list[dict[str, Any]]) -> Any:
        return client.post(f"{self.url}/visitor_identities/batch", {"visitor_identities": reports})


@pytest.fixture
def world(transactional_db):
    return World()


@pytest.mark.parametrize("is_known", [True, False])
def test_batches_of_the_same_sessions_in_different_orders_lose_no_room(is_known, world):
    """Each batch brings another room, start and end to each of the sessions, in an order of its own."""
    numbers = range(60)
    if is_known:
        reports = [world.report(f"session {n}", f"visitor {n % 20}") for n in numbers]
        assert world.sessions(Client(world.key), reports).status_code == 200

    def call(client: Client, batch: int) -> Any:
        order = random.Random(batch).sample(numbers, len(numbers))
        reports = [
            world.report(
                f"session {n}",
                f"visitor {n % 20}",
                world.rooms[batch],
                started_at=f"2016-10-10T20:0{batch}:00Z",
                ended_at=f"2016-10-10T21:0{batch}:00Z",
                visitor_identity=f"customer {n % 10}",
            )
            for n in order
        ]
        return world.sessions(client, reports)

    answers = at_once(world.key, [partial(call, batch=batch) for batch in range(8)])

    assert [answer.status_code for answer in answers] == [200] * 8
    created = sum(answer.json()["summary"]["created"] for answer in answers)
    assert created == (0 if is_known else 60)
    sessions = VisitorSession.objects.values_list("room_ids", "started_at", "ended_at")
    assert len(sessions) == 60
    for room_ids, started_at, ended_at in sessions:
        assert ended_at is not None
        assert sorted(map(str, room_ids)) == sorted(world.rooms)
        assert (started_at.minute, ended_at.minute) == (0, 7)
    assert Visitor.objects.count() == VisitorIdentity.objects.count() == 20


def test_batches_of_identities_and_sessions_of_new_visitors_never_wait_in_a_circle(world):
    people = [f"person {n}" for n in range(40)]
    for round_ in range(4):
        names = [f"{round_} {name}" for name in people]
        sessions = [world.report(name, name, world.rooms[0], visitor_identity=name) for name in names]
        identities = [{"visitor_identity": name, "visitor_id": name} for name in names]
        calls = [
            partial(world.sessions, reports=sessions),
            partial(world.sessions, reports=sessions[::-1]),
            partial(world.identities, reports=identities),
            partial(world.identities, reports=identities[::-1]),
            partial(world.identities, reports=identities[20:] + identities[:20]),
            *(partial(Client.post, path=f"{world.url}/visitor_sessions", data=each) for each in sessions[:3]),
        ]

        answers = at_once(world.key, calls)

        assert {answer.status_code for answer in answers} <= {200, 201}

    assert Visitor.objects.count() == VisitorIdentity.objects.count() == VisitorSession.objects.count() == 160


def test_a_batch_that_disputes_a_session_does_not_wait_in_a_circle(world):
    """The owner's report comes second in the batch, and another batch has already touched that session."""
    owner = VisitorFactory.create(organization=world.organization, visitor_id="owner")
    for name in "ab":
        VisitorSessionFactory.create(visitor=owner, visitor_session_id=name)
    Client(world.key).get("/api/v5/users/me")
    disputing = [
        world.report("a", "somebody else", world.rooms[0]),
        world.report("a", "owner", world.rooms[0]),
        world.report("b", "owner", world.rooms[0]),
    ]

    sessions = owner.organization.visitor_sessions
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            session = sessions.select_for_update().get(visitor_session_id="a")
            batch = pool.submit(on_own_connection, world.key, partial(world.sessions, reports=disputing))
            wait_for_lock(batch)
            sessions.select_for_update(nowait=True).get(visitor_session_id="b")
            assert session.room_ids == []
        answer = batch.result(PATIENCE)

    assert [result["status"] for result in answer.json()["results"]] == [409, 200, 200]
    assert not Visitor.objects.filter(visitor_id="somebody else").exists()


def test_visitors_that_claim_the_same_sessions_in_batches_at_once_each_get_whole_answers(world):
    """Whoever is first has a session; the others are refused, and leave no visitor behind."""

    def claim(client: Client, number: int) -> Any:
        order = random.Random(number).sample(range(30), 30)
        return world.sessions(
            client, [world.report(f"session {n}", f"visitor {number}", world.rooms[0]) for n in order]
        )

    answers = at_once(world.key, [partial(claim, number=number) for number in range(6)])

    assert [answer.status_code for answer in answers] == [200] * 6
    assert sum(answer.json()["summary"]["created"] for answer in answers) == 30
    assert sum(answer.json()["summary"]["failed"] for answer in answers) == 150
    assert VisitorSession.objects.count() == 30
    owners = set(VisitorSession.objects.values_list("visitor__visitor_id", flat=True))
    assert set(Visitor.objects.values_list("visitor_id", flat=True)) == owners


@pytest.mark.parametrize("others", [0, 1])
def test_a_report_of_a_visitor_who_is_deleted_meanwhile_makes_the_visitor_anew(others, world):
    """It has read that the visitor is there, and waits for the session while both are deleted."""
    visitor = VisitorFactory.create(organization=world.organization, visitor_id="visitor")
    session = VisitorSessionFactory.create(visitor=visitor, visitor_session_id="session")
    reports = [
        world.report(f"session{number or ''}", "visitor", world.rooms[0]) for number in range(1 + others)
    ]
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            world.organization.visitor_sessions.select_for_update().get(pk=session.pk)
            posted = pool.submit(
                on_own_connection,
                world.key,
                lambda client: client.post(
                    f"{world.url}/visitor_sessions/batch", {"visitor_sessions": reports}
                ),
            )
            wait_for_lock(posted)
            VisitorSession.objects.filter(pk=session.pk).delete()
            Visitor.objects.filter(pk=visitor.pk).delete()
        answer = posted.result(PATIENCE)

    assert answer.json()["summary"]["created"] == 1 + others
    [made] = Visitor.objects.all()
    assert (made.visitor_id, made.pk != visitor.pk) == ("visitor", True)
    assert made.sessions.count() == 1 + others
