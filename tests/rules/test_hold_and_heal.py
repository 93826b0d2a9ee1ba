"""A match that comes before its session or identity is held, and settled by whatever it lacked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from goalsvc.orgs.models import Organization, Room
from matching.models import ExternalMatch, PendingMatch
from tests import cluster
from tests.concurrency import PATIENCE, at_once, on_own_connection, wait_for_lock, while_it_waits
from tests.conftest import Client
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    OrganizationFactory,
    PendingMatchFactory,
    RoomFactory,
    UserFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    allow_rooms,
    ids,
    issue_token,
)

CUSTOMER = "customer-12345678"
BEFORE = "2016-10-10T20:00:00Z"
MATCHED_AT = "2016-10-10T22:00:49.123Z"


@pytest.fixture
def body(body):
    return body | {"goal_value": "123.45", "if_unmatched": "hold"}


@pytest.fixture
def hold(as_integrator, url, body):
    """Post a match to be held; return the answer's body."""

    def post(**changes):
        response = as_integrator.post(url, body | changes)
        assert response.status_code == 202, response.content
        return response.json()

    return post


def session_body(*rooms: Room, **changes: Any) -> dict[str, Any]:
    return {
        "visitor_session_id": "session-of-the-phone",
        "visitor_id": "phone",
        "started_at": BEFORE,
        "rooms": ids(*rooms),
    } | changes


# Held


def test_a_match_that_comes_too_early_is_held_with_202(
    as_integrator, url, body, organization, goal, room, integrator
):
    response = as_integrator.post(url, body | {"external_id": "receipt-1"})

    assert response.status_code == 202, response.content
    held = response.json()
    assert held == {
        "id": held["id"],
        "status": "pending",
        "code": "session_not_found",
        "reason": {
            "message": "The identity is unknown: it has not been submitted for any visitor yet.",
            "is_identity_known": False,
            "visitor_count": 0,
            "earliest_session_started_at": None,
            "next_session_started_at": None,
            "next_session_starts_after_seconds": None,
            "time_zone_slip_hours": None,
        },
        "expires_at": held["expires_at"],
        "organization_id": str(organization.id),
        "goal_id": str(goal.id),
        "visitor_identity": CUSTOMER,
        "goal_matched_at": MATCHED_AT,
        "goal_value": "123.45",
        "rooms": [str(room.id)],
        "external_id": "receipt-1",
        "match_id": None,
        "created_at": held["created_at"],
        "created_by_user_id": str(integrator.id),
        "resolved_at": None,
    }
    assert "Idempotent-Replay" not in response.headers
    kept_for = datetime.fromisoformat(held["expires_at"]) - datetime.fromisoformat(held["created_at"])
    assert kept_for == timedelta(days=30)
    assert not ExternalMatch.objects.exists()


@pytest.mark.parametrize("word", ["reject", None])
def test_without_hold_it_is_refused_and_nothing_is_held(word, as_integrator, url, body):
    body.pop("if_unmatched")
    response = as_integrator.post(url, body if word is None else body | {"if_unmatched": word})

    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")
    assert not PendingMatch.objects.exists()


@pytest.mark.parametrize("word", ["Hold", "", None, True, "later", ["hold"]])
def test_if_unmatched_is_one_of_two_words(word, as_integrator, url, body):
    response = as_integrator.post(url, body | {"if_unmatched": word})

    assert response.status_code == 400
    assert list(response.json()) == ["if_unmatched"]
    assert not PendingMatch.objects.exists()


def test_what_matches_is_answered_at_once(as_integrator, url, body, visitor):
    response = as_integrator.post(url, body)

    assert (response.status_code, response.json()["goal_value"]) == (200, "123.45")
    assert not PendingMatch.objects.exists()


def test_what_no_arrival_can_heal_is_refused(
    as_integrator, org_url, url, body, second_room, foreign_room, goal
):
    goal.is_any_room_allowed = False
    goal.save()
    identity = VisitorIdentityFactory.create(organization=goal.organization, identity=CUSTOMER)
    VisitorSessionFactory.create(visitor=identity.visitor, started_at=BEFORE, room_ids=[second_room.id])

    not_allowed = as_integrator.post(url, body)
    foreign = as_integrator.post(url, body | {"rooms": ids(foreign_room)})
    no_goal = as_integrator.post(f"{org_url}/goals/{foreign_room.id}/matches", body)

    assert [answer.status_code for answer in (not_allowed, foreign, no_goal)] == [400, 400, 404]
    assert not PendingMatch.objects.exists()


# Settled by what arrives


def post_identity(client: Client, org_url: str, room: Room) -> Any:
    return client.post(f"{org_url}/visitor_identities", {"visitor_identity": CUSTOMER, "visitor_id": "phone"})


def post_identities(client: Client, org_url: str, room: Room) -> Any:
    report = {"visitor_identity": CUSTOMER, "visitor_id": "phone"}
    other = {"visitor_identity": "somebody else", "visitor_id": "laptop"}
    return client.post(f"{org_url}/visitor_identities/batch", {"visitor_identities": [other, report]})


def post_session(client: Client, org_url: str, room: Room) -> Any:
    return client.post(f"{org_url}/visitor_sessions", session_body(room))


def post_sessions(client: Client, org_url: str, room: Room) -> Any:
    other = session_body(room, visitor_id="laptop", visitor_session_id="another")
    return client.post(f"{org_url}/visitor_sessions/batch", {"visitor_sessions": [other, session_body(room)]})


def post_session_with_identity(client: Client, org_url: str, room: Room) -> Any:
    return client.post(f"{org_url}/visitor_sessions", session_body(room, visitor_identity=CUSTOMER))


def post_sessions_with_identity(client: Client, org_url: str, room: Room) -> Any:
    # One report has the session, another report of the same visitor the identity.
    reports = [
        session_body(room),
        session_body(visitor_session_id="x", started_at=MATCHED_AT, visitor_identity=CUSTOMER),
    ]
    return client.post(f"{org_url}/visitor_sessions/batch", {"visitor_sessions": reports})


def with_session(organization: Organization, room: Room) -> None:
    visitor = VisitorFactory.create(organization=organization, visitor_id="phone")
    VisitorSessionFactory.create(visitor=visitor, started_at=BEFORE, room_ids=[room.id])


def with_identity(organization: Organization, room: Room) -> None:
    visitor = VisitorFactory.create(organization=organization, visitor_id="phone")
    VisitorIdentityFactory.create(visitor=visitor, identity=CUSTOMER)


def with_session_in_no_room(organization: Organization, room: Room) -> None:
    with_identity(organization, room)
    VisitorSessionFactory.create(
        visitor=organization.visitors.get(),
        visitor_session_id="session-of-the-phone",
        started_at=BEFORE,
        room_ids=[],
    )


def with_session_that_starts_too_late(organization: Organization, room: Room) -> None:
    with_identity(organization, room)
    VisitorSessionFactory.create(
        visitor=organization.visitors.get(),
        visitor_session_id="session-of-the-phone",
        started_at=MATCHED_AT,
        room_ids=[room.id],
    )


def with_nothing(organization: Organization, room: Room) -> None:
    pass


ARRIVALS = {
    "an identity": (with_session, post_identity),
    "a batch of identities": (with_session, post_identities),
    "a session": (with_identity, post_session),
    "a batch of sessions": (with_identity, post_sessions),
    "a session with its identity": (with_nothing, post_session_with_identity),
    "a batch with session and identity apart": (with_nothing, post_sessions_with_identity),
    "a report that adds the room": (with_session_in_no_room, post_session),
    "a report of an earlier start": (with_session_that_starts_too_late, post_session),
}
each_arrival = pytest.mark.parametrize(("before", "arrive"), ARRIVALS.values(), ids=ARRIVALS)


@each_arrival
def test_what_it_lacked_settles_it(
    before, arrive, as_integrator, org_url, organization, room, hold, integrator
):
    before(organization, room)
    held = hold(external_id="receipt-1")

    assert arrive(as_integrator, org_url, room).status_code in {200, 201}

    settled = as_integrator.get(f"{org_url}/pending_matches/{held['id']}").json()
    match = as_integrator.get(f"{org_url}/matches/{settled['match_id']}").json()
    assert settled["status"] == "matched"
    assert settled["resolved_at"] == match["created_at"] > held["created_at"]
    assert {
        name: match[name]
        for name in ("visitor_identity", "visitor_id", "goal_matched_at", "goal_value", "external_id")
    } == {
        "visitor_identity": CUSTOMER,
        "visitor_id": "phone",
        "goal_matched_at": MATCHED_AT,
        "goal_value": "123.45",
        "external_id": "receipt-1",
    }
    assert match["session_started_at"] == "2016-10-10T20:00:00.000Z"
    assert match["created_by_user_id"] == str(integrator.id)
    assert ExternalMatch.objects.count() == 1


@each_arrival
def test_it_stays_settled_when_the_same_arrives_again(
    before, arrive, as_integrator, org_url, organization, room, hold
):
    before(organization, room)
    hold()

    for _ in range(2):
        arrive(as_integrator, org_url, room)

    assert ExternalMatch.objects.count() == 1
    assert PendingMatch.objects.get().status == "matched"


@each_arrival
def test_however_many_are_settled_it_takes_the_same_statements(
    before,
    arrive,
    as_integrator,
    org_url,
    organization,
    room,
    goal,
    django_assert_num_queries,
    django_assert_max_num_queries,
):
    before(organization, room)
    as_integrator.get("/api/v5/users/me")
    PendingMatchFactory.create_batch(40, goal=goal, visitor_identity=CUSTOMER, room_ids=[room.id])

    # The rule of both: token, begin, arrivals, one upsert or two, visitors locked; held ones locked, their
    # goals, facts, matches, statuses; commit. Identities also ask whose sessions they name.
    with django_assert_max_num_queries(13):
        arrive(as_integrator, org_url, room)

    assert set(PendingMatch.objects.values_list("status", flat=True)) == {"matched"}
    assert ExternalMatch.objects.count() == 40


def test_its_value_is_the_goals_default_value_when_it_gave_none(
    as_integrator, org_url, organization, room, goal, hold
):
    hold(goal_value=None)
    goal.default_value = "5.00"
    goal.save()

    post_session_with_identity(as_integrator, org_url, room)

    match = ExternalMatch.objects.get()
    assert (str(match.goal_value), match.goal_value_source) == ("5.00", "goal_default")


def test_what_arrives_for_others_leaves_it_held(as_integrator, org_url, room, second_room, hold):
    held = hold()

    post_session(as_integrator, org_url, room)
    as_integrator.post(
        f"{org_url}/visitor_sessions",
        session_body(room, visitor_session_id="b", visitor_id="laptop", visitor_identity="somebody else"),
    )

    assert as_integrator.get(f"{org_url}/pending_matches/{held['id']}").json() == held


def test_what_does_not_heal_it_says_what_is_lacking_now(as_integrator, org_url, room, second_room, hold):
    held = hold()

    as_integrator.post(f"{org_url}/visitor_sessions", session_body(second_room, visitor_identity=CUSTOMER))

    now = as_integrator.get(f"{org_url}/pending_matches/{held['id']}").json()
    assert (now["status"], now["code"]) == ("pending", "no_connected_rooms")
    assert now["reason"]["session_rooms"] == ids(second_room)
    assert now["reason"]["posted_rooms"] == ids(room)


def test_an_arrival_of_another_organization_settles_nothing(as_stranger, other_organization, room, hold):
    hold()
    room_of_theirs = RoomFactory.create(organization=other_organization)

    post_session_with_identity(as_stranger, f"/api/v5/orgs/{other_organization.id}", room_of_theirs)

    assert PendingMatch.objects.get().status == "pending"


def test_an_arrival_settles_what_it_can_and_leaves_the_rest(
    as_integrator, org_url, room, second_room, goal, hold
):
    early = hold(goal_matched_at="2016-10-10T19:00:00Z")
    elsewhere = hold(rooms=ids(second_room))
    fine = hold()

    post_session_with_identity(as_integrator, org_url, room)

    codes = {str(held.id): (held.status, held.code) for held in PendingMatch.objects.all()}
    assert codes == {
        early["id"]: ("pending", "session_not_found"),
        elsewhere["id"]: ("pending", "no_connected_rooms"),
        fine["id"]: ("matched", "session_not_found"),
    }


def test_a_held_match_of_a_deleted_goal_is_not_settled(as_integrator, org_url, room, goal, hold):
    hold()
    goal.discard(by=None, at=timezone.now())

    assert post_session_with_identity(as_integrator, org_url, room).status_code == 201

    held = PendingMatch.objects.get()
    assert (held.status, held.code) == ("pending", "goal_not_found")
    assert not ExternalMatch.objects.exists()


# Repetitions


def test_a_repetition_of_a_held_match_is_202_again_and_holds_no_second(as_integrator, url, body, hold):
    held = hold(external_id="receipt-1")

    again = as_integrator.post(url, body | {"external_id": "receipt-1"})

    assert (again.status_code, again.json()) == (202, held)
    assert again.headers["Idempotent-Replay"] == "true"
    assert PendingMatch.objects.count() == 1


def test_a_different_payload_under_the_external_id_of_a_held_match_is_a_conflict(
    as_integrator, url, body, hold
):
    hold(external_id="receipt-1")

    answer = as_integrator.post(url, body | {"external_id": "receipt-1", "goal_value": "1.00"})

    assert (answer.status_code, answer.json()["code"]) == (409, "external_id_conflict")
    assert PendingMatch.objects.count() == 1


def test_a_repetition_after_it_was_settled_is_200_with_its_match(
    as_integrator, org_url, url, body, room, hold
):
    hold(external_id="receipt-1")
    post_session_with_identity(as_integrator, org_url, room)

    again = as_integrator.post(url, body | {"external_id": "receipt-1"})

    assert (again.status_code, again.json()["id"]) == (200, str(ExternalMatch.objects.get().id))
    assert again.headers["Idempotent-Replay"] == "true"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("if_unmatched", ["hold", "reject"])
def test_a_repetition_that_matches_by_now_settles_what_is_held(
    if_unmatched, as_integrator, url, body, room, goal, hold
):
    """A goal's rooms are no arrival: nothing settles what they let match, until it is asked for again."""
    second_room = RoomFactory.create(organization=goal.organization)
    goal.is_any_room_allowed = False
    goal.save()
    allow_rooms(goal, [room])
    identity = VisitorIdentityFactory.create(organization=goal.organization, identity=CUSTOMER)
    VisitorSessionFactory.create(visitor=identity.visitor, started_at=BEFORE, room_ids=[second_room.id])
    rooms = ids(room, second_room)
    held = hold(external_id="receipt-1", rooms=rooms)
    allow_rooms(goal, [second_room])

    again = as_integrator.post(
        url, body | {"external_id": "receipt-1", "rooms": rooms, "if_unmatched": if_unmatched}
    )

    assert again.status_code == 200, again.content
    [settled] = PendingMatch.objects.all()
    assert (str(settled.id), settled.status, str(settled.match_id)) == (
        held["id"],
        "matched",
        again.json()["id"],
    )


def test_events_without_an_id_are_held_each(as_integrator, org_url, room, hold):
    assert hold()["id"] != hold()["id"]

    post_session_with_identity(as_integrator, org_url, room)

    assert ExternalMatch.objects.count() == 2


# Given up: expired, cancelled


LONG_AGO = datetime(2016, 11, 10, tzinfo=UTC)


def overdue(goal, room, **attributes):
    attributes = {"visitor_identity": CUSTOMER, "room_ids": [room.id], "expires_at": LONG_AGO} | attributes
    return PendingMatchFactory.create(goal=goal, **attributes)


def test_what_has_waited_too_long_is_expired_even_before_the_sweep(as_integrator, org_url, room, goal):
    pending = overdue(goal, room)

    shown = as_integrator.get(f"{org_url}/pending_matches/{pending.id}").json()
    listed = as_integrator.get(f"{org_url}/pending_matches?status=expired").json()["results"]

    assert shown["status"] == "expired"
    assert listed == [shown]
    assert as_integrator.get(f"{org_url}/pending_matches?status=pending").json()["results"] == []


def test_what_has_waited_too_long_is_not_settled(as_integrator, org_url, room, goal):
    overdue(goal, room)

    post_session_with_identity(as_integrator, org_url, room)

    assert not ExternalMatch.objects.exists()


def test_an_expired_event_that_comes_again_is_held_anew(as_integrator, url, body, goal, room, hold):
    first = hold(external_id="receipt-1")
    PendingMatch.objects.update(expires_at=LONG_AGO)

    second = hold(external_id="receipt-1")

    assert second["id"] != first["id"]
    assert second["status"] == "pending"
    assert dict(PendingMatch.objects.values_list("id", "status")) == {
        PendingMatch.objects.earliest("id").id: "expired",
        PendingMatch.objects.latest("id").id: "pending",
    }


def test_an_expired_event_does_not_keep_its_external_id(as_integrator, hold):
    hold(external_id="receipt-1")
    PendingMatch.objects.update(expires_at=LONG_AGO)

    assert hold(external_id="receipt-1", goal_value="1.00")["goal_value"] == "1.00"


def test_an_expired_event_that_comes_again_and_matches_is_matched(
    as_integrator, org_url, url, body, room, hold
):
    hold(external_id="receipt-1")
    PendingMatch.objects.update(expires_at=LONG_AGO)
    post_session_with_identity(as_integrator, org_url, room)

    answer = as_integrator.post(url, body | {"external_id": "receipt-1"})

    assert answer.status_code == 200, answer.content
    assert "Idempotent-Replay" not in answer.headers
    assert PendingMatch.objects.get().status == "expired"


def test_a_cancelled_event_that_comes_again_is_held_anew(as_integrator, org_url, hold):
    first = hold(external_id="receipt-1")
    as_integrator.delete(f"{org_url}/pending_matches/{first['id']}")

    second = hold(external_id="receipt-1")

    assert second["id"] != first["id"]


def test_a_cancelled_match_is_not_settled(as_integrator, org_url, room, hold):
    held = hold()
    assert as_integrator.delete(f"{org_url}/pending_matches/{held['id']}").status_code == 204

    post_session_with_identity(as_integrator, org_url, room)

    assert not ExternalMatch.objects.exists()
    assert as_integrator.get(f"{org_url}/pending_matches/{held['id']}").json()["status"] == "cancelled"


@pytest.mark.parametrize("status", ["matched", "expired", "cancelled", "overdue"])
def test_only_a_pending_match_can_be_cancelled(status, as_integrator, org_url, organization, goal, room):
    changes: dict[str, Any] = {"status": status, "resolved_at": LONG_AGO}
    if status == "overdue":
        changes = {"expires_at": LONG_AGO}
    if status == "matched":
        changes["match"] = ExternalMatchFactory.create(goal=goal)
    pending = PendingMatchFactory.create(goal=goal, **changes)

    answer = as_integrator.delete(f"{org_url}/pending_matches/{pending.id}")

    assert answer.status_code == 409
    assert answer.json() == {
        "detail": "Only a pending match can be cancelled.",
        "code": "pending_match_resolved",
    }


# The sweep


def sweep(capsys):
    call_command("resolve_pending")
    return capsys.readouterr().out


def test_the_sweep_settles_expires_and_leaves(capsys, visitor, goal, room, second_room):
    make = partial(PendingMatchFactory.create, goal=goal, visitor_identity=CUSTOMER)
    curable = make(room_ids=[room.id])
    hopeless = make(room_ids=[second_room.id])
    late = make(room_ids=[room.id], expires_at=LONG_AGO)
    elsewhere = PendingMatchFactory.create(expires_at=LONG_AGO)

    assert sweep(capsys) == "1 matched, 2 expired, 1 still held.\n"

    statuses = dict(PendingMatch.objects.values_list("id", "status"))
    assert statuses == {
        curable.id: "matched",
        hopeless.id: "pending",
        late.id: "expired",
        elsewhere.id: "expired",
    }
    late.refresh_from_db()
    assert late.resolved_at is not None
    assert sweep(capsys) == "0 matched, 0 expired, 1 still held.\n"


def test_the_sweep_goes_through_more_than_a_chunk(capsys, monkeypatch, visitor, goal, room):
    monkeypatch.setattr("matching.management.commands.resolve_pending.CHUNK", 2)
    for n in range(5):
        PendingMatchFactory.create(
            goal=goal, visitor_identity=CUSTOMER if n % 2 else "unknown", room_ids=[room.id]
        )

    assert sweep(capsys) == "2 matched, 0 expired, 3 still held.\n"


# At the same moment, each on a connection of its own


class World:
    """An organization that other connections see."""

    def __init__(self) -> None:
        self.organization = OrganizationFactory.create()
        self.room = RoomFactory.create(organization=self.organization)
        self.goal = GoalFactory.create(organization=self.organization)
        self.key = issue_token(UserFactory.create(organization=self.organization))
        self.url = f"/api/v5/orgs/{self.organization.id}"

    def hold(self, client: Client, identity: str = CUSTOMER, **changes: Any) -> Any:
        body = {
            "visitor_identity": identity,
            "goal_matched_at": MATCHED_AT,
            "rooms": ids(self.room),
            "if_unmatched": "hold",
        }
        return client.post(f"{self.url}/goals/{self.goal.id}/matches", body | changes)

    def session(self, client: Client, visitor: str = "phone", **changes: Any) -> Any:
        body = session_body(self.room, visitor_id=visitor, visitor_session_id=f"of {visitor}")
        return client.post(f"{self.url}/visitor_sessions", body | changes)

    def identity(self, client: Client, identity: str = CUSTOMER, visitor: str = "phone") -> Any:
        body = {"visitor_identity": identity, "visitor_id": visitor}
        return client.post(f"{self.url}/visitor_identities", body)

    def sessions(self, client: Client) -> Any:
        bodies = [
            session_body(self.room, visitor_id="phone", visitor_session_id=f"of phone {number}")
            for number in range(2)
        ]
        return client.post(f"{self.url}/visitor_sessions/batch", {"visitor_sessions": bodies})

    def identities(self, client: Client) -> Any:
        bodies = [{"visitor_identity": name, "visitor_id": "phone"} for name in (CUSTOMER, "another")]
        return client.post(f"{self.url}/visitor_identities/batch", {"visitor_identities": bodies})

    def statuses(self) -> set[str]:
        return set(PendingMatch.objects.values_list("status", flat=True))


@pytest.fixture
def world(transactional_db):
    return World()


ORDERS: dict[str, tuple[Callable[[World, Client], Any], Callable[[World, Client], Any]]] = {
    "the session first": (World.session, World.identity),
    "the identity first": (World.identity, World.session),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_visitor_known", [True, False])
@pytest.mark.parametrize(("first", "second"), ORDERS.values(), ids=ORDERS)
def test_session_and_identity_that_arrive_at_the_same_moment_do_not_pass_each_other(
    first, second, is_visitor_known, world
):
    """Neither sees the other before it has committed, and only together are they what is lacking."""
    client = Client(world.key)
    if is_visitor_known:
        VisitorFactory.create(organization=world.organization, visitor_id="phone")
    assert world.hold(client).status_code == 202

    answer = while_it_waits(world.key, lambda: first(world, client), lambda other: second(world, other))

    assert answer.status_code == 201
    assert world.statuses() == {"matched"}


@pytest.mark.django_db(transaction=True)
def test_a_match_to_be_held_waits_for_an_arrival_in_progress_and_is_matched(world):
    client = Client(world.key)
    world.identity(client)

    answer = while_it_waits(world.key, lambda: world.session(client), world.hold)

    assert answer.status_code == 200
    assert not PendingMatch.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", [World.identity, World.session])
def test_an_arrival_waits_for_a_match_that_is_being_held_and_settles_it(before, world):
    client = Client(world.key)
    before(world, client)
    arrive = World.session if before is World.identity else World.identity

    answer = while_it_waits(world.key, lambda: world.hold(client), lambda other: arrive(world, other))

    assert answer.status_code == 201
    assert world.statuses() == {"matched"}


ROUNDS = 12


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("report", [World.sessions, World.identities])
def test_arrivals_that_met_the_first_match_to_be_held_lock_their_visitors_after_all(report, world):
    """Announced while nothing was held, they are announced anew: what else arrives of a visitor waits."""
    world.session(Client(world.key), started_at="2016-10-10T23:00:00Z")
    announced: list[str] = []

    def arrive(client):
        with CaptureQueriesContext(connection) as captured:
            answer = report(world, client)
        announced.extend(each["sql"] for each in captured if "INSERT INTO matching_visitor AS" in each["sql"])
        return answer

    answer = while_it_waits(world.key, lambda: world.hold(Client(world.key)), arrive)

    assert answer.json()["summary"]["failed"] == 0
    # On a cluster each part of the statement looks anew, so it has seen that the match is held.
    assert len(announced) == (1 if cluster.URL else 2)


@pytest.mark.django_db(transaction=True)
def test_where_nothing_is_held_arrivals_of_a_visitor_do_not_wait_for_each_other(world):
    world.session(Client(world.key), visitor_session_id="first")
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert world.session(Client(world.key), visitor_session_id="second").status_code == 201
        assert world.identity(Client(world.key), "somebody").status_code == 201
        session = partial(world.session, visitor_session_id="third")
        other = pool.submit(on_own_connection, world.key, session)
        identity = pool.submit(on_own_connection, world.key, world.identity)

        assert other.result(PATIENCE).status_code == identity.result(PATIENCE).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_matches_and_what_they_lack_posted_at_once_are_never_left_held(world):
    """Each round: two holds of each of two identities, their identities and sessions, all at once."""
    for round_ in range(ROUNDS):
        calls = []
        for person in (f"{round_} a", f"{round_} b"):
            holds = [partial(lambda client, **body: world.hold(client, **body), identity=person)] * 2
            calls += [
                holds[0],
                partial(lambda client, **body: world.session(client, **body), visitor=person),
                partial(
                    lambda client, **body: world.identity(client, **body), identity=person, visitor=person
                ),
                holds[1],
            ]
        answers = at_once(world.key, calls)
        assert {answer.status_code for answer in answers} <= {200, 201, 202}

    assert world.statuses() <= {"matched"}
    assert ExternalMatch.objects.count() == ROUNDS * 4


@pytest.mark.django_db(transaction=True)
def test_batches_that_hold_and_batches_that_arrive_never_wait_in_a_circle(world):
    """Orders differ from batch to batch, as do the statements' locks: none may fail, none be left held."""
    people = [f"person {n}" for n in range(30)]

    def holds(client, order):
        matches = [
            {
                "goal_id": str(world.goal.id),
                "visitor_identity": people[n],
                "goal_matched_at": MATCHED_AT,
                "rooms": ids(world.room),
                "if_unmatched": "hold",
                "external_id": f"receipt {n}",
            }
            for n in order
        ]
        return client.post(f"{world.url}/matches/batch", {"matches": matches})

    def sessions(client, order):
        reports = [
            session_body(world.room, visitor_id=people[n], visitor_session_id=people[n]) for n in order
        ]
        return client.post(f"{world.url}/visitor_sessions/batch", {"visitor_sessions": reports})

    def identities(client, order):
        reports = [{"visitor_identity": people[n], "visitor_id": people[n]} for n in order]
        return client.post(f"{world.url}/visitor_identities/batch", {"visitor_identities": reports})

    forwards, backwards = range(30), range(29, -1, -1)
    calls = [
        partial(call, order=order)
        for call in (holds, sessions, identities)
        for order in (forwards, backwards)
    ]
    answers = at_once(world.key, calls)

    assert [answer.status_code for answer in answers] == [200] * 6
    assert {result["status"] for answer in answers for result in answer.json()["results"]} <= {200, 201, 202}
    assert world.statuses() <= {"matched"}
    assert ExternalMatch.objects.count() == 30


@pytest.mark.django_db(transaction=True)
def test_one_event_held_by_many_at_once_is_held_once(world):
    answers = at_once(world.key, [partial(world.hold, external_id="receipt-1")] * 8)

    assert [answer.status_code for answer in answers] == [202] * 8
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert PendingMatch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_settles_and_holds_does_not_wait_in_a_circle_with_an_arrival(world):
    """The batch meets a held match that matches by now, and holds another; the arrival wants the first."""
    client = Client(world.key)
    visitor = VisitorFactory.create(organization=world.organization, visitor_id="phone")
    VisitorIdentityFactory.create(visitor=visitor, identity=CUSTOMER)
    VisitorSessionFactory.create(visitor=visitor, visitor_session_id="of phone", room_ids=[world.room.id])
    other_room = RoomFactory.create(organization=world.organization)
    goal = GoalFactory.create(rooms=[other_room])
    match = {
        "goal_id": str(goal.id),
        "visitor_identity": CUSTOMER,
        "goal_matched_at": MATCHED_AT,
        "rooms": ids(world.room, other_room),
        "if_unmatched": "hold",
        "external_id": "receipt-1",
    }
    lacking = match | {"visitor_identity": "nobody", "external_id": "receipt-2"}
    batch_url = f"{world.url}/matches/batch"
    assert client.post(batch_url, {"matches": [match]}).json()["summary"]["pending"] == 1
    allow_rooms(goal, [world.room])

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            world.session(client, visitor="laptop")
            batch = pool.submit(
                on_own_connection,
                world.key,
                lambda other: other.post(batch_url, {"matches": [match, lacking]}),
            )
            wait_for_lock(batch)
            assert world.session(client).status_code == 200
        answer = batch.result(PATIENCE)

    assert [result["status"] for result in answer.json()["results"]] == [200, 202]
    assert ExternalMatch.objects.count() == 1
