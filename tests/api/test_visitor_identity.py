"""All that is held about a visitor identity, and its erasure."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.urls import reverse

from goalsvc.orgs.models import HistoryEntry
from matching.models import (
    ExternalMatch,
    IdempotencyKey,
    MatchAttempt,
    PendingMatch,
    Visitor,
    VisitorIdentity,
    VisitorSession,
)
from tests.api.endpoints import match_body
from tests.concurrency import at_once, while_it_waits
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
    issue_token,
)

NOON = datetime(2016, 10, 10, 12, tzinfo=UTC)
NOTHING = {"detail": "Nothing is held about this visitor identity.", "code": "not_found"}


def address(org_url: str, identity: str) -> str:
    return f"{org_url}/visitor_identities/{quote(identity, safe='')}"


def post_match(client: Client, place: Any, **attributes: Any) -> Any:
    headers = attributes.pop("headers", {})
    return client.post(place.url("goal-match-list"), match_body(place) | attributes, headers=headers)


# Reading


def test_all_that_is_held_is_shown_newest_first_as_the_lists_show_it(as_manager, org_url, place):
    visitor = VisitorIdentity.objects.get().visitor
    other = VisitorIdentityFactory.create(visitor=visitor, identity="somebody else")
    VisitorSessionFactory.create(visitor=visitor, started_at=NOON)
    PendingMatchFactory.create(goal_id=place.goal_id, organization=visitor.organization,
                               visitor_identity="customer-12345678")  # fmt: skip
    post_match(as_manager, place, goal_matched_at="2016-10-01T00:00:00Z")  # rejected
    post_match(as_manager, place, headers={"Idempotency-Key": "mine"})

    answer = as_manager.get(address(org_url, "customer-12345678")).json()

    assert list(answer) == [
        "organization_id", "visitor_identity", "visitors", "visitor_sessions", "matches", "pending_matches",
        "match_attempts", "idempotency_keys",
    ]  # fmt: skip
    assert answer["visitor_identity"] == "customer-12345678"
    [shown] = answer["visitors"]["results"]
    assert (shown["visitor_id"], shown["is_shared"]) == (visitor.visitor_id, True)
    assert other.identity not in str(answer)
    counts = {name: answer[name]["count"] for name in list(answer)[2:]}
    assert counts == {
        "visitors": 1, "visitor_sessions": 2, "matches": 2, "pending_matches": 1, "match_attempts": 1,
        "idempotency_keys": 1,
    }  # fmt: skip
    for name in ("visitor_sessions", "matches", "pending_matches", "match_attempts"):
        listed = as_manager.get(f"{org_url}/{name}?visitor_identity=customer-12345678").json()
        assert answer[name]["results"] == listed["results"], name
        assert answer[name]["next"] is None


def test_what_is_too_much_for_one_answer_goes_on_in_the_lists(as_manager, org_url, organization):
    ties = [
        VisitorIdentityFactory.create(organization=organization, identity="ä b/c", created_at=NOON + each)
        for each in (timedelta(days=day) for day in range(5))
    ]
    for tie in ties:
        VisitorSessionFactory.create(visitor=tie.visitor, started_at=tie.created_at)

    answer = as_manager.get(f"{address(org_url, 'ä b/c')}?page_size=2").json()

    for name in ("visitors", "visitor_sessions"):
        section, ids = answer[name], [each["visitor_id"] for each in answer[name]["results"]]
        assert (section["count"], len(ids)) == (5, 2)
        page = as_manager.get(section["next"]).json()
        ids += [each["visitor_id"] for each in page["results"]]
        ids += [each["visitor_id"] for each in as_manager.get(page["next"]).json()["results"]]
        assert ids == [tie.visitor.visitor_id for tie in reversed(ties)]


@pytest.mark.parametrize(
    "identity",
    [
        "customer-1",
        "a/b",
        "//a//",
        "a/",
        "a%2Fb",
        "100%",
        "%",
        "ä ö/ü",
        "\N{SNOWMAN}\N{PILE OF POO}",
        "a?b#c&d=e",
        "-",
        "a'b\"c\\d",
        "a\tb",
        "a\nb",
        "x" * 255,
        "\N{SNOWMAN}" * 255,
        "visitor_identities/batch",
        "batch/x",
        "+49 170 1234567",
        "somebody@example.com",
        "***:(?i)[x]{3}|^$.*",
        "\N{CIRCLED LATIN CAPITAL LETTER A}",
        "\N{DEVANAGARI LETTER RA}\N{DEVANAGARI VOWEL SIGN AA}",
    ],
)
def test_an_identity_may_be_any_text(identity, as_manager, org_url, organization):
    VisitorIdentityFactory.create(organization=organization, identity=identity)
    keep = VisitorIdentityFactory.create(organization=organization, identity="a")

    found = as_manager.get(address(org_url, identity))
    erased = as_manager.delete(address(org_url, identity))

    assert (found.status_code, found.json()["visitor_identity"]) == (200, identity)
    assert (erased.status_code, erased.content) == (204, b"")
    assert as_manager.get(address(org_url, identity)).status_code == (200 if identity == "a/" else 404)
    assert list(VisitorIdentity.objects.all()) == [keep]


@pytest.mark.parametrize("identity", ["batch", "/", ".", "..", "a/", "customer-1"])
def test_what_an_address_cannot_carry_is_named_in_the_query(identity, as_manager, org_url, organization):
    VisitorIdentityFactory.create(organization=organization, identity=identity)
    url = f"{org_url}/visitor_identities/-?visitor_identity={quote(identity, safe='')}"

    assert as_manager.get(url).json()["visitor_identity"] == identity
    assert as_manager.delete(url).status_code == 204
    assert not VisitorIdentity.objects.exists()


@pytest.mark.parametrize("path", ["nobody", "%00", "%20", "x" * 256, "%C3%28", "-?visitor_identity=", "%0A"])
@pytest.mark.parametrize("method", ["get", "delete"])
def test_nothing_is_held_about_it(method, path, as_manager, org_url, place):
    response = getattr(as_manager, method)(f"{org_url}/visitor_identities/{path}")

    assert (response.status_code, response.json()) == (404, NOTHING)


@pytest.mark.parametrize("method", ["get", "delete"])
def test_anothers_identity_is_as_good_as_unknown(method, as_manager, org_url, place, other_organization):
    VisitorIdentityFactory.create(organization=other_organization, identity="theirs")
    ExternalMatchFactory.create(organization=other_organization, visitor_identity="theirs")

    response = getattr(as_manager, method)(address(org_url, "theirs"))

    assert (response.status_code, response.json()) == (404, NOTHING)
    assert VisitorIdentity.objects.filter(identity="theirs").exists()


@pytest.mark.parametrize("rows", [1, 30])
def test_reading_takes_eight_statements(rows, as_manager, org_url, place, django_assert_num_queries):
    session = VisitorSession.objects.get()
    for _ in range(rows):
        ExternalMatchFactory.create(
            session=session, goal=GoalFactory.create(organization=session.organization)
        )
        VisitorSessionFactory.create(visitor=session.visitor)
        PendingMatchFactory.create(organization=session.organization, visitor_identity="customer-12345678")
        post_match(as_manager, place, goal_matched_at="2016-10-01T00:00:00Z")

    with django_assert_num_queries(8):  # token, counts, stored answers; five kinds of rows
        assert as_manager.get(address(org_url, "customer-12345678")).status_code == 200


# Erasing


def everywhere(text: str) -> list[str]:
    """The columns of the database in which a text stands, in whatever form: text, JSON, array, bytes."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        )
        for table, column in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" WHERE position(%(text)s IN "{column}"::text) > 0'
                f' OR position(%(bytes)s IN "{column}"::text) > 0',
                {"text": text, "bytes": text.encode().hex()},
            )
            if cursor.fetchone()[0]:
                found.append(f"{table}.{column}")
    return found


@pytest.mark.parametrize("unique", ["somebody-f3b9c1", "Somebody \N{SNOWMAN} f3b9c1/%2F"])
def test_an_erased_identity_is_nowhere_in_the_database(unique, as_manager, org_url, place, organization):
    as_manager.post(place.url("visitor-identity-list"), {"visitor_identity": unique, "visitor_id": "laptop"})
    session = {
        "visitor_session_id": "visit-f3b9c1", "visitor_id": "laptop", "started_at": "2016-10-10T20:00:00Z",
        "rooms": [str(place.room_id)], "visitor_identity": unique,
    }  # fmt: skip
    as_manager.post(place.url("visitor-session-list"), session)
    who = {"visitor_identity": unique}
    too_early = {"goal_matched_at": "2016-10-01T00:00:00Z"}
    post_match(as_manager, place, **who, external_id=f"{unique}:1")
    post_match(as_manager, place, **who, external_id="receipt-1", headers={"Idempotency-Key": "key-1"})
    if unique.isascii():
        post_match(as_manager, place, **who, headers={"Idempotency-Key": f"of {unique}"})
    held = {**who, **too_early, "if_unmatched": "hold"}
    post_match(as_manager, place, **held, external_id="receipt-2", headers={"Idempotency-Key": "key-2"})
    post_match(as_manager, place, **who, **too_early, headers={"X-Request-ID": "of-somebody-f3b9c1"})
    post_match(as_manager, place, **who, rooms=[unique], goal_value=unique, external_id=unique)
    post_match(as_manager, place, visitor_identity=None, rooms=[unique], external_id=unique)
    batch = [
        {"goal_id": str(place.goal_id), **match_body(place), **attributes}
        for attributes in (who, {}, {**who, **too_early}, {**who, "rooms": [unique]}, held)
    ]
    as_manager.post(place.url("match-batch"), {"matches": batch}, headers={"Idempotency-Key": "batch-1"})
    match = ExternalMatch.objects.filter(external_id="receipt-1").get()
    as_manager.patch(f"{org_url}/matches/{match.id}", {"goal_value": "1.00"})
    as_manager.delete(f"{org_url}/matches/{match.id}")
    in_tables = {column.split(".")[0] for column in everywhere(unique)}
    assert {"matching_visitoridentity", "matching_externalmatch", "matching_pendingmatch",
            "matching_matchattempt", "matching_idempotencykey"} <= in_tables  # fmt: skip

    response = as_manager.delete(address(org_url, unique))

    assert response.status_code == 204
    assert everywhere(unique) == []
    assert everywhere("f3b9c1") == []
    assert everywhere("laptop") == []


def test_what_others_use_stays(as_manager, org_url, place, organization):
    own = VisitorIdentityFactory.create(organization=organization, identity="mine").visitor
    shared = VisitorIdentity.objects.get(identity="customer-12345678").visitor
    VisitorIdentityFactory.create(visitor=shared, identity="mine")
    own_session = VisitorSessionFactory.create(visitor=own)
    [shared_session] = shared.sessions.all()
    sessions = (own_session, shared_session)
    mine = [ExternalMatchFactory.create(session=each, visitor_identity="mine") for each in sessions]
    held = PendingMatchFactory.create(organization=own.organization, visitor_identity="mine")
    other_held = PendingMatch.objects.exclude(pk=held.pk).get()
    other_match = ExternalMatch.objects.get(pk=place.match_id)

    assert as_manager.delete(address(org_url, "mine")).status_code == 204

    assert list(Visitor.objects.all()) == [shared]
    assert list(VisitorSession.objects.all()) == [shared_session]
    assert [tie.identity for tie in VisitorIdentity.objects.all()] == ["customer-12345678"]
    assert list(PendingMatch.objects.all()) == [other_held]
    for match in mine:
        match.refresh_from_db()
    assert [(m.visitor_identity, m.session) for m in mine] == [(None, None), (None, shared_session)]
    other_match.refresh_from_db()
    assert (other_match.visitor_identity, other_match.session) == ("customer-12345678", shared_session)


def test_an_erased_match_stays_in_the_lists_and_the_figures(as_manager, org_url, place):
    url = f"{org_url}/matches/{place.match_id}"
    before = as_manager.get(url).json()
    summary = as_manager.get(f"{org_url}/match_attempts/summary").json()

    as_manager.delete(address(org_url, "customer-12345678"))

    gone = {"visitor_identity": None, "visitor_id": None, "visitor_session_id": None}
    assert as_manager.get(url).json() == before | gone
    assert [each["id"] for each in as_manager.get(f"{org_url}/matches").json()["results"]] == [before["id"]]
    assert as_manager.get(f"{org_url}/match_attempts/summary").json() == summary
    assert as_manager.patch(url, {"goal_value": "7.00"}).json()["goal_value"] == "7.00"
    assert as_manager.delete(url).status_code == 204


def test_an_event_of_an_erased_identity_is_still_written_once(as_manager, org_url, place):
    event = {"external_id": "receipt-1"}
    first = post_match(as_manager, place, **event, headers={"Idempotency-Key": "mine"}).json()
    keyed = post_match(as_manager, place, headers={"Idempotency-Key": "other"}).json()
    as_manager.delete(address(org_url, "customer-12345678"))

    again = post_match(as_manager, place, **event)
    other = post_match(as_manager, place, **event, goal_value="1.00")
    stored = post_match(as_manager, place, headers={"Idempotency-Key": "other"})

    gone = {"visitor_identity": None, "visitor_id": None, "visitor_session_id": None}
    assert (again.status_code, again.json()) == (200, first | gone)
    assert again.headers["Idempotent-Replay"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "external_id_conflict")
    assert (stored.status_code, stored.json()) == (200, keyed | gone)
    assert post_match(as_manager, place).json()["code"] == "session_not_found"
    assert ExternalMatch.objects.count() == 3


def test_an_erasure_keeps_the_answers_about_others_in_a_batch(as_manager, org_url, place):
    VisitorIdentityFactory.create(visitor=Visitor.objects.get(), identity="somebody else")
    items = [
        {"goal_id": str(place.goal_id), **match_body(place), "visitor_identity": identity}
        for identity in ("somebody else", "customer-12345678")
    ]
    first = as_manager.post(place.url("match-batch"), {"matches": items}, headers={"Idempotency-Key": "b"})

    as_manager.delete(address(org_url, "customer-12345678"))
    again = as_manager.post(place.url("match-batch"), {"matches": items}, headers={"Idempotency-Key": "b"})

    others, erased = again.json()["results"]
    assert others == first.json()["results"][0]
    assert erased["match"]["visitor_identity"] is None
    assert IdempotencyKey.objects.count() == 1


def test_a_part_of_another_identity_is_not_erased(as_manager, org_url, place, organization):
    VisitorIdentityFactory.create(organization=organization, identity="customer")
    post_match(as_manager, place, external_id="receipt-customers", headers={"Idempotency-Key": "mine"})
    before = post_match(as_manager, place, headers={"Idempotency-Key": "mine"})

    as_manager.delete(address(org_url, "customer"))

    assert post_match(as_manager, place, external_id="receipt-customers").status_code == 200
    assert before.status_code == 422
    assert b"customer-12345678" in bytes(IdempotencyKey.objects.get().body)
    assert ExternalMatch.objects.filter(visitor_identity="customer-12345678").count() == 2


def test_only_attempts_can_be_held(as_manager, org_url, place):
    post_match(as_manager, place, visitor_identity="nobody-yet")

    assert as_manager.get(address(org_url, "nobody-yet")).json()["match_attempts"]["count"] == 1
    assert as_manager.delete(address(org_url, "nobody-yet")).status_code == 204
    [attempt] = MatchAttempt.objects.all()
    assert (attempt.code, attempt.visitor_identity, attempt.reason) == ("session_not_found", None, None)
    assert as_manager.delete(address(org_url, "nobody-yet")).status_code == 404


def test_the_history_tells_of_an_erasure_and_not_of_whom(as_manager, manager, org_url, place):
    as_manager.delete(address(org_url, "customer-12345678"))

    [entry] = HistoryEntry.objects.all()
    assert (entry.kind, entry.action, entry.changed_by) == ("visitor_identity", "erased", manager)
    assert (entry.object_id, entry.label, entry.channel) == (None, "", "api")
    assert entry.changes == {
        "visitor_identities": [1, 0], "visitors": [1, 0], "visitor_sessions": [1, 0], "matches": [1, 1]
    }  # fmt: skip


def test_the_trailing_slash_of_an_address_is_none_of_the_identity(as_manager, org_url, place):
    answer = as_manager.get(f"{org_url}/visitor_identities/customer-12345678/").json()

    assert answer["visitor_identity"] == "customer-12345678"


# At the same moment


class World:
    """An organization with a visitor of an identity, committed so that threads see it."""

    def __init__(self, sessions: int = 1) -> None:
        self.organization = OrganizationFactory.create()
        self.room = RoomFactory.create(organization=self.organization)
        self.goal = GoalFactory.create(organization=self.organization)
        self.key = issue_token(UserFactory.create(organization=self.organization, scopes=["settings"]))
        visitor = VisitorFactory.create(organization=self.organization)
        VisitorIdentityFactory.create(visitor=visitor, identity="somebody")
        for number in range(sessions):
            VisitorSessionFactory.create(
                visitor=visitor, room_ids=[self.room.id], started_at=NOON + timedelta(minutes=number)
            )
        self.base = f"/api/v5/orgs/{self.organization.id}"
        self.match = partial(
            Client.post,
            path=reverse(
                "goal-match-list", kwargs={"organization_id": self.organization.id, "goal_id": self.goal.id}
            ),
            data=self.event,
        )
        self.erase = partial(Client.delete, path=f"{self.base}/visitor_identities/somebody")

    @property
    def event(self) -> dict[str, Any]:
        return {
            "visitor_identity": "somebody",
            "goal_matched_at": "2016-10-10T22:00:00Z",
            "rooms": [str(self.room.id)],
        }

    def post(self, path: str, body: Any) -> Any:
        return partial(Client.post, path=f"{self.base}/{path}", data=body)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_batch", [False, True])
@pytest.mark.parametrize("is_keyed", [False, True])
def test_a_match_whose_session_is_just_being_erased_finds_none(is_batch, is_keyed):
    """The match has chosen its session, and waits for the erasure that is not committed yet."""
    world = World()
    event = {"goal_id": str(world.goal.id), **world.event}
    call = world.post("matches/batch", {"matches": [event, event]}) if is_batch else world.match
    headers = {"Idempotency-Key": "mine"} if is_keyed else {}

    def erase() -> None:
        # As an erasure does that began after the match had looked: the identity can still be read.
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM matching_visitorsession")
            cursor.execute("DELETE FROM matching_visitoridentity")

    answer = while_it_waits(world.key, erase, partial(call, headers=headers))

    if is_batch:
        assert [each["code"] for each in answer.json()["results"]] == ["session_not_found"] * 2
    else:
        assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")
    assert not ExternalMatch.objects.exists()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_erasure_among_matches_and_arrivals_leaves_nothing_behind():
    world = World(sessions=3)
    event = {"goal_id": str(world.goal.id), **world.event}
    earlier = {**event, "goal_matched_at": "2016-10-10T12:01:30Z"}
    calls = [
        world.erase,
        *[world.match] * 3,
        world.post("matches/batch", {"matches": [event, earlier]}),
        world.post("matches/batch", {"matches": [earlier, event]}),
        world.post(
            "visitor_sessions",
            {"visitor_session_id": "late", "visitor_id": "another", "started_at": "2016-10-10T20:00:00Z",
             "rooms": []},
        ),
        world.post("visitor_identities", {"visitor_identity": "somebody else", "visitor_id": "another"}),
    ]  # fmt: skip

    answers = at_once(world.key, calls)

    assert [answer.status_code for answer in answers[:1]] == [204]
    assert {answer.status_code for answer in answers[1:]} <= {200, 201, 404}
    written = sum(answer.status_code == 200 for answer in answers[1:4])
    written += sum(each["status"] == 200 for answer in answers[4:6] for each in answer.json()["results"])
    assert ExternalMatch.objects.filter(visitor_identity=None, session=None).count() == written
    assert ExternalMatch.objects.count() == written
    assert not VisitorIdentity.objects.filter(identity="somebody").exists()
    assert [session.visitor_session_id for session in VisitorSession.objects.all()] == ["late"]


@pytest.mark.django_db(transaction=True)
def test_of_two_erasures_at_once_one_erases():
    world = World()

    answers = at_once(world.key, [world.erase] * 3)

    assert sorted(answer.status_code for answer in answers) == [204, 404, 404]
    assert HistoryEntry.objects.count() == 1
