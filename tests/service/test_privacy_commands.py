"""The commands for what is held about people: export_identity, erase_identity, prune_sessions."""

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from goalsvc.orgs.models import HistoryEntry
from matching.models import ExternalMatch, Visitor, VisitorIdentity, VisitorSession
from matching.privacy import export, retention
from tests.concurrency import while_it_waits
from tests.conftest import Client
from tests.factories import (
    UNKNOWN_ID,
    ExternalMatchFactory,
    GoalFactory,
    PendingMatchFactory,
    RoomFactory,
    UserFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    issue_token,
)

LONG_AGO = datetime(2016, 10, 10, 20, tzinfo=UTC)


def run(command: str, *arguments: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, *map(str, arguments), stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def identity(organization):
    """An identity with a visitor, three sessions, a match and a held match."""
    tie = VisitorIdentityFactory.create(organization=organization, identity="ä somebody/1")
    for day in range(3):
        session = VisitorSessionFactory.create(visitor=tie.visitor, started_at=LONG_AGO + timedelta(days=day))
    ExternalMatchFactory.create(
        session=session, visitor_identity=tie.identity, goal_matched_at=LONG_AGO + timedelta(days=9)
    )
    PendingMatchFactory.create(organization=organization, visitor_identity=tie.identity)
    return tie.identity


# export_identity


def test_an_export_is_what_the_api_shows(identity, organization, org_url, as_manager, monkeypatch):
    monkeypatch.setattr(export, "CHUNK", 2)

    exported = json.loads(run("export_identity", identity, "--organization", organization.id))

    assert exported == as_manager.get(f"{org_url}/visitor_identities/{identity}").json()
    assert exported["visitor_sessions"]["count"] == len(exported["visitor_sessions"]["results"]) == 3


def test_an_export_goes_into_a_file_and_the_identity_may_come_from_standard_input(
    identity, organization, tmp_path, monkeypatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{identity}\n"))
    path = tmp_path / "export.json"

    assert run("export_identity", "-", "--organization", organization.id, "--output", path) == ""

    assert json.loads(path.read_bytes())["visitor_identity"] == identity


@pytest.mark.parametrize("command", ["export_identity", "erase_identity"])
@pytest.mark.parametrize(
    ("who", "sentence"),
    [("nobody", "Nothing is held"), ("", "1 to 255 characters"), ("a\0b", "1 to 255 characters")],
)
def test_nothing_is_held_about_anybody_else(command, who, sentence, identity, organization):
    options = {"yes": True} if command == "erase_identity" else {}
    with pytest.raises(CommandError, match=sentence):
        run(command, who, "--organization", organization.id, **options)


@pytest.mark.parametrize("command", ["export_identity", "erase_identity"])
def test_anothers_identity_is_not_found(command, identity, other_organization):
    options = {"yes": True} if command == "erase_identity" else {}
    with pytest.raises(CommandError, match="Nothing is held"):
        run(command, identity, "--organization", other_organization.id, **options)
    with pytest.raises(CommandError, match="There is no organization"):
        run(command, identity, "--organization", UNKNOWN_ID, **options)


# erase_identity


@pytest.mark.parametrize("answer", ["yes", "no", ""])
def test_an_erasure_is_asked_for(answer, identity, organization, monkeypatch):
    questions: list[str] = []

    def ask(text: str) -> str:
        questions.append(text)
        return answer

    monkeypatch.setattr("builtins.input", ask)

    if answer == "yes":
        told = run("erase_identity", identity, "--organization", organization.id)
        assert [line.split() for line in told.splitlines()] == [
            ["1", "visitor_identities"], ["1", "visitors"], ["3", "visitor_sessions"],
            ["1", "pending_matches"], ["1", "matches"], ["0", "match_attempts"], ["0", "idempotency_keys"],
        ]  # fmt: skip
        [entry] = HistoryEntry.objects.all()
        assert (entry.action, entry.channel, entry.changed_by) == ("erased", "command", None)
    else:
        with pytest.raises(CommandError, match=r"Nothing was erased\."):
            run("erase_identity", identity, "--organization", organization.id)
    assert VisitorIdentity.objects.exists() == (answer != "yes")
    assert "3 visitor_sessions" in questions[0]


def test_with_the_identity_on_standard_input_nothing_can_be_asked(identity, organization):
    with pytest.raises(CommandError, match="add --yes"):
        run("erase_identity", "-", "--organization", organization.id)


# prune_sessions


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(retention, "STEP_ROWS", 2)


def test_old_sessions_without_a_match_are_deleted(organization, other_organization, small_steps):
    visitor = VisitorFactory.create(organization=organization)
    old = [VisitorSessionFactory.create(visitor=visitor, started_at=ago(401)) for _ in range(5)]
    same_moment = ago(500)
    old += [VisitorSessionFactory.create(visitor=visitor, started_at=same_moment) for _ in range(5)]
    foreign = VisitorSessionFactory.create(organization=other_organization, started_at=ago(401))
    young = VisitorSessionFactory.create(visitor=visitor, started_at=ago(399))
    long_open = VisitorSessionFactory.create(visitor=visitor, started_at=ago(401), ended_at=ago(399))
    matched = VisitorSessionFactory.create(visitor=visitor, started_at=ago(402))
    ExternalMatchFactory.create(session=matched, goal_matched_at=ago(401))

    rehearsed = run("prune_sessions", "--older-than", "400d", "--dry-run")
    assert (rehearsed, VisitorSession.objects.count()) == ("To delete: 11 sessions.\n", len(old) + 4)
    told = run("prune_sessions", "--older-than", "400d", "--organization", organization.id)
    assert told == "Deleted: 10 sessions.\n"
    assert set(VisitorSession.objects.all()) == {foreign, young, long_open, matched}
    assert run("prune_sessions", "--older-than", "400d") == "Deleted: 1 sessions.\n"
    assert set(VisitorSession.objects.all()) == {young, long_open, matched}
    assert Visitor.objects.filter(pk=foreign.visitor_id).exists()


def test_visitors_of_whom_nothing_is_left_are_deleted_when_asked_for(organization, small_steps):
    def visitor(**attributes: Any) -> Visitor:
        return VisitorFactory.create(organization=organization, **attributes)

    for _ in range(5):
        VisitorSessionFactory.create(visitor=visitor(), started_at=ago(500))
    identified, active, young = visitor(), visitor(), visitor(created_at=ago(399))
    VisitorIdentityFactory.create(visitor=identified)
    VisitorSessionFactory.create(visitor=active, started_at=ago(1))

    rehearsed = run("prune_sessions", "--older-than", "400d", "--visitors", "--dry-run")
    assert rehearsed == "To delete: 5 sessions and 0 visitors.\n"  # who still have a session
    told = run("prune_sessions", "--older-than", "400d", "--visitors")
    assert told == "Deleted: 5 sessions and 5 visitors.\n"
    assert set(Visitor.objects.all()) == {identified, active, young}


@pytest.mark.parametrize("age", ["400", "0d", "-1d", "1y", "d", "4.5d", ""])
def test_an_age_is_a_number_of_days(age):
    with pytest.raises(CommandError, match="such as 400d"):
        run("prune_sessions", f"--older-than={age}")


def test_the_walk_over_old_sessions_is_by_an_index(organization, other_organization):
    VisitorSessionFactory.create_batch(30, organization=organization)
    VisitorSessionFactory.create_batch(90, organization=other_organization)
    parameters = {
        "organization": organization.id, "before": timezone.now(), "after": "-infinity",
        "after_id": UNKNOWN_ID, "limit": 2,
    }  # fmt: skip
    with connection.cursor() as cursor:
        # What is remembered of other tests' rows may make any index look as good.
        cursor.execute("ANALYZE matching_visitor, matching_visitorsession")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_incremental_sort = off")
        for statement in (retention.OLD_SESSIONS, retention.VISITORS):
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plan = "\n".join(line for (line,) in cursor.fetchall())
            # Which of the indexes in that order is for the planner to say: few rows make it no difference.
            assert re.search(r"Index (Only )?Scan using \w+_(list|pkey)", plan)
            assert "Sort" not in plan
            assert "Seq Scan" not in plan


class World:
    """An organization with an old session, committed so that threads see it."""

    def __init__(self) -> None:
        self.goal = GoalFactory.create()
        self.organization = self.goal.organization
        self.room = RoomFactory.create(organization=self.organization)
        self.visitor = VisitorFactory.create(organization=self.organization)
        VisitorIdentityFactory.create(visitor=self.visitor, identity="somebody")
        self.session = VisitorSessionFactory.create(visitor=self.visitor, room_ids=[self.room.id])
        self.key = issue_token(UserFactory.create(organization=self.organization))

    def post_match(self, client: Client) -> Any:
        return client.post(
            f"/api/v5/orgs/{self.organization.id}/goals/{self.goal.id}/matches",
            {
                "visitor_identity": "somebody",
                "goal_matched_at": "2016-10-10T22:00:00Z",
                "rooms": [str(self.room.id)],
            },
        )

    def report_session(self, client: Client) -> Any:
        return client.post(
            f"/api/v5/orgs/{self.organization.id}/visitor_sessions",
            {
                "visitor_session_id": self.session.visitor_session_id,
                "visitor_id": self.visitor.visitor_id,
                "started_at": "2016-10-10T20:00:00Z",
                "rooms": [],
            },
        )


@pytest.mark.django_db(transaction=True)
def test_a_match_whose_session_is_just_being_pruned_finds_none():
    world = World()

    answer = while_it_waits(
        world.key,
        lambda: retention.prune_sessions(world.organization, before=timezone.now()),
        world.post_match,
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")
    assert not ExternalMatch.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_session_whose_match_is_just_being_committed_stays():
    """Neither of the two waits for the other."""
    world = World()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        # What the commit of a match does to its session.
        cursor.execute("SELECT FROM matching_visitorsession FOR KEY SHARE")
        try:
            deleted = on_other_thread(
                lambda: retention.prune_sessions(world.organization, before=timezone.now())
            )
        finally:
            cursor.execute("ROLLBACK")

    assert deleted == 0
    assert VisitorSession.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_session_reported_again_while_it_is_pruned_is_there_afterwards():
    world = World()

    answer = while_it_waits(
        world.key,
        lambda: retention.prune_sessions(world.organization, before=timezone.now()),
        world.report_session,
    )

    assert answer.status_code == 201
    assert VisitorSession.objects.get().visitor_session_id == world.session.visitor_session_id


@pytest.mark.django_db(transaction=True)
def test_a_visitor_heard_of_again_while_pruned_is_there_afterwards():
    world = World()
    VisitorSession.objects.all().delete()
    VisitorIdentity.objects.all().delete()

    answer = while_it_waits(
        world.key,
        lambda: retention.prune_visitors(world.organization, before=timezone.now()),
        world.report_session,
    )

    assert answer.status_code == 201
    assert VisitorSession.objects.get().visitor.visitor_id == world.visitor.visitor_id


def on_other_thread(call: Any) -> Any:
    def closing() -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing).result(30)
