"""The history: who changed what, when, through what, from what to what; read by staff, changed by nobody."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from goals.models import Goal
from goalsvc.orgs.admin.history import admins_by_kind
from goalsvc.orgs.history import Kind
from goalsvc.orgs.models import ApiToken, HistoryEntry, Organization, Room, User
from matching.models import ImportRun, MatchAttempt, Visitor
from tests.admin.samples import SAMPLES, act, found, make_entry, url, words
from tests.api.endpoints import Place, match_body
from tests.conftest import Client as ApiClient
from tests.factories import ExternalMatchFactory, GoalFactory, PendingMatchFactory, RoomFactory, UserFactory

HISTORY = url(HistoryEntry, "changelist")


def told() -> list[tuple[Any, ...]]:
    """What the history tells, the oldest first."""
    entries = HistoryEntry.objects.order_by("id")
    return [(entry.kind, entry.action, entry.channel, entry.changes) for entry in entries]


# What is written into it


def test_changes_of_goals_through_the_api_are_told(
    as_manager: ApiClient, manager: User, org_url: str, room: Room, second_room: Room
) -> None:
    body = {
        "name": "Lead", "is_any_room_allowed": False, "allowed_rooms": [str(room.pk)], "default_value": 5,
        "conditions": [],
    }  # fmt: skip
    goal = as_manager.post(f"{org_url}/goals", body, headers={"X-Request-ID": "mine"}).json()
    address = f"{org_url}/goals/{goal['id']}"
    as_manager.patch(address, {"default_value": "5.00", "name": "Lead"})  # changes nothing
    as_manager.patch(address, {"default_value": None, "allowed_rooms": [str(second_room.pk), str(room.pk)]})
    as_manager.patch(address, {"allowed_rooms": [str(room.pk), str(second_room.pk)]})  # nor does this
    as_manager.delete(address)
    as_manager.delete(address)

    rooms = sorted(map(str, (room.pk, second_room.pk)))
    assert told() == [
        ("goal", "created", "api", {
            "name": [None, "Lead"], "is_any_room_allowed": [None, False], "default_value": [None, "5.00"],
            "allowed_rooms": [None, [str(room.pk)]], "conditions": [None, []],
        }),
        ("goal", "changed", "api", {
            "default_value": ["5.00", None], "allowed_rooms": [[str(room.pk)], rooms]
        }),
        ("goal", "deleted", "api", {"is_deleted": [False, True]}),
    ]  # fmt: skip
    for entry in HistoryEntry.objects.all():
        assert (entry.organization, entry.changed_by) == (manager.organization, manager)
        assert (str(entry.object_id), entry.label) == (goal["id"], "Lead")
        assert entry.changed_by_name == manager.email
    assert HistoryEntry.objects.earliest("id").request_id == "mine"


def test_a_refused_change_is_not_told(
    as_manager: ApiClient, org_url: str, goal: Goal, foreign_room: Room
) -> None:
    as_manager.patch(f"{org_url}/goals/{goal.pk}", {"name": "x", "allowed_rooms": [str(foreign_room.pk)]})
    as_manager.patch(f"{org_url}/goals/{goal.pk}", {"name": ""})

    assert told() == []


def test_corrections_of_matches_are_told_without_the_identity(
    as_manager: ApiClient, org_url: str, goal: Goal
) -> None:
    match = ExternalMatchFactory.create(goal=goal, goal_value="1.00", visitor_identity="somebody")
    held = PendingMatchFactory.create(goal=goal, visitor_identity="somebody")
    as_manager.patch(f"{org_url}/matches/{match.pk}", {"goal_value": "2.00"})
    as_manager.delete(f"{org_url}/matches/{match.pk}")
    as_manager.delete(f"{org_url}/matches/{match.pk}")
    as_manager.delete(f"{org_url}/pending_matches/{held.pk}")

    assert told() == [
        ("match", "restated", "api", {"goal_value": ["1.00", "2.00"]}),
        ("match", "retracted", "api", {"goal_value": ["2.00", "2.00"], "is_retracted": [False, True]}),
        ("pending_match", "cancelled", "api", {"status": ["pending", "cancelled"]}),
    ]
    assert "somebody" not in str(list(HistoryEntry.objects.values()))


def test_the_subscription_is_told(as_operator: Client, operator: User, organization: Organization) -> None:
    page = url(Organization, "change", organization.pk)
    as_operator.post(page, {"name": organization.name, "subscription_expires_on": "2030-01-31"})

    assert told() == [
        ("organization", "changed", "admin", {"subscription_expires_on": ["2099-12-31", "2030-01-31"]})
    ]
    [entry] = HistoryEntry.objects.all()
    assert (entry.organization, entry.changed_by) == (organization, operator)
    as_operator.post(url(Organization, "add"), {"name": "New Ltd.", "subscription_expires_on": ""})
    assert told()[1] == ("organization", "created", "admin", {"name": [None, "New Ltd."]})


def test_the_rights_of_users_are_told_and_no_password(
    as_operator: Client, organization: Organization, other_organization: Organization
) -> None:
    user = UserFactory.create(organization=organization, email="ulla@example.com")
    form = {"email": user.email, "organization": organization.pk, "is_active": "on", "scopes": ["settings"]}
    as_operator.post(url(User, "change", user.pk), form)
    as_operator.post(
        url(User, "change", user.pk), form | {"is_active": "", "organization": other_organization.pk}
    )
    secret = {"password1": "a long enough secret", "password2": "a long enough secret"}
    as_operator.post(f"{url(User, 'changelist')}{user.pk}/password/", {**secret, "usable_password": "true"})

    assert told() == [
        ("user", "changed", "admin", {"scopes": [[], ["settings"]]}),
        (
            "user", "changed", "admin",
            {"is_active": [True, False], "organization_id": ["another", str(other_organization.pk)]},
        ),
        (
            "user", "changed", "admin",
            {"is_active": [True, False], "organization_id": [str(organization.pk), "another"]},
        ),
        ("user", "changed", "admin", {"password": ["…", "…"]}),
    ]  # fmt: skip
    organizations = [entry.organization for entry in HistoryEntry.objects.order_by("id")]
    assert organizations == [organization, other_organization, organization, other_organization]


def test_tokens_are_told_and_no_key(as_staff: Client, staff: User, outsider: User) -> None:
    as_staff.post(url(ApiToken, "add"), {"user": outsider.pk, "description": "Till"})
    token = ApiToken.objects.get()
    as_staff.post(url(ApiToken, "change", token.pk), {"description": "Till in Turku"})
    act(as_staff, url(ApiToken, "changelist"), "revoke", token)

    assert [(entry.action, entry.label) for entry in HistoryEntry.objects.order_by("id")] == [
        ("created", "Till"), ("changed", "Till in Turku"), ("revoked", "Till in Turku")
    ]  # fmt: skip
    assert {entry.organization for entry in HistoryEntry.objects.all()} == {staff.organization}
    assert token.prefix not in str(list(HistoryEntry.objects.values("label", "changes")))


def test_commands_are_told(outsider: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_token", outsider.email, description="Till")
    User.objects.create_superuser("olga@example.com", "a long enough secret")

    assert [(kind, action, channel) for kind, action, channel, _ in told()] == [
        ("api_token", "created", "command"), ("user", "created", "command")
    ]  # fmt: skip
    assert {entry.changed_by for entry in HistoryEntry.objects.all()} == {None}


def test_posting_matches_is_not_told(as_manager: ApiClient, place: Place) -> None:
    assert as_manager.post(place.url("goal-match-list"), match_body(place)).status_code == 200
    assert told() == []


def test_there_is_no_second_history(as_staff: Client, organization: Organization) -> None:
    as_staff.post(url(Room, "add"), {"name": "Kiosk", "language_code": "fi"})
    room = Room.objects.get()
    act(as_staff, url(Room, "changelist"), "archive", room)

    assert [action for _, action, _, _ in told()] == ["created", "archived"]
    assert not LogEntry.objects.exists()


# It is append-only


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orgs_historyentry SET label = 'x'",
        "UPDATE orgs_historyentry SET label = 'x' WHERE FALSE",
        "DELETE FROM orgs_historyentry",
    ],
)
def test_the_database_changes_and_deletes_no_entry(statement: str, organization: Organization) -> None:
    make_entry(organization)
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert HistoryEntry.objects.count() == 1


def test_an_entry_outlives_the_user_and_the_thing(organization: Organization, staff: User) -> None:
    goal = GoalFactory.create(organization=organization)
    goal.discard(by=staff, at=goal.created_at)
    goal_id, staff_id, email = goal.pk, staff.pk, staff.email
    goal.delete()
    staff.delete()

    [entry] = HistoryEntry.objects.all()
    assert (entry.object_id, entry.changed_by_id, entry.changed_by_name) == (goal_id, staff_id, email)


# Reading it


def test_the_history_says_who_what_when_and_from_what_to_what(
    as_staff: Client, staff: User, organization: Organization
) -> None:
    goal = GoalFactory.create(organization=organization, name="Lead")
    goal.revise({"name": "Sale"}, by=staff, at=goal.created_at)
    [entry] = HistoryEntry.objects.all()

    listed = words(as_staff.get(HISTORY))
    assert (
        "1 Jan 2016 00:00:00.000 UTC stella@example.com Command Goal Sale Changed name: Lead → Sale" in listed
    )
    page = as_staff.get(url(HistoryEntry, "change", entry.pk))
    assert "name Lead Sale" in words(page)
    assert url(Goal, "change", goal.pk) in page.content.decode()


def test_changes_are_told_in_words(
    as_staff: Client, organization: Organization, room: Room, second_room: Room
) -> None:
    user = UserFactory.create(organization=organization, email="ulla@example.com")
    made = {"name": [None, "Lead"], "is_any_room_allowed": [None, False], "conditions": [None, []]}
    rooms = [[str(room.pk)], [str(room.pk), str(second_room.pk)]]
    for attributes, told in (
        ({"action": "created", "changes": made}, "Created name: Lead 1 history entry"),
        ({"changes": {"allowed_rooms": rooms}}, f"allowed rooms: {room} → {room}, {second_room}"),
        ({"changes": {"user_id": [None, str(user.pk)]}}, "user: none → ulla@example.com"),
        ({"changes": {"is_deleted": [False, True]}}, "deleted: no → yes"),
        ({"changes": {"archived_at": [None, "2026-02-05T12:00:00.000Z"]}},
         "archived at: none → 5 Feb 2026 12:00:00.000 UTC"),
        ({"action": "erased", "changes": {"visitors": [2, 0], "matches": [1, 1]}},
         "1 match: kept without the identity 2 visitors: deleted"),
    ):  # fmt: skip
        entry = make_entry(organization, **attributes)
        one = {"q": str(entry.pk)}
        assert told in words(as_staff.get(HISTORY, one)), told
        assert as_staff.get(url(HistoryEntry, "change", entry.pk)).status_code == 200


def test_an_id_of_another_organization_gets_no_name(
    as_staff: Client, organization: Organization, foreign_room: Room
) -> None:
    make_entry(organization, changes={"allowed_rooms": [[], [str(foreign_room.pk)]]})
    listed = words(as_staff.get(HISTORY))
    assert str(foreign_room.pk) in listed
    assert str(foreign_room) not in listed


def test_names_take_no_more_statements_for_more_entries(
    as_staff: Client, organization: Organization, room: Room
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            as_staff.get(HISTORY)
        return len(captured)

    make_entry(organization, changes={"allowed_rooms": [[], [str(room.pk)]]})
    few = statements()
    for _ in range(5):
        made = RoomFactory.create(organization=organization)
        make_entry(organization, changes={"allowed_rooms": [[], [str(made.pk)]]})
    assert statements() == few


def test_what_has_no_history_leads_to_none(as_staff: Client, organization: Organization) -> None:
    for model in (ImportRun, MatchAttempt, Visitor):
        row = SAMPLES[model](organization)
        assert "historylink" not in as_staff.get(url(model, "change", row.pk)).content.decode()
    goal = GoalFactory.create(organization=organization)
    assert "historylink" in as_staff.get(url(Goal, "change", goal.pk)).content.decode()


def test_it_is_filtered_by_kind_action_channel_person_and_date(
    as_staff: Client, staff: User, organization: Organization
) -> None:
    first = make_entry(organization, changed_by=staff, changed_by_name=staff.email)
    second = make_entry(organization, kind="match", action="retracted", channel="admin", label="x")
    third = make_entry(organization, changed_at=datetime(2020, 5, 5, tzinfo=UTC), request_id="req-1")

    for query, entries in (
        ({"kind__exact": "match"}, [second]),
        ({"action__exact": "retracted"}, [second]),
        ({"channel__exact": "admin"}, [second]),
        ({"person": str(staff.pk)}, [first]),
        ({"changed_at__year": "2020"}, [third]),
        ({"object_id__exact": str(first.object_id)}, [first]),
        ({"q": str(first.object_id)}, [first]),
        ({"q": "req-1"}, [third]),
        ({"q": "stella"}, [first]),
    ):
        assert found(as_staff, HISTORY, **query) == entries, query


def test_the_history_of_a_row_is_its_part_of_the_history(
    as_staff: Client, staff: User, organization: Organization
) -> None:
    goal, other = GoalFactory.create_batch(2, organization=organization)
    goal.discard(by=staff, at=goal.created_at)
    other.discard(by=staff, at=goal.created_at)

    response: Any = as_staff.get(url(Goal, "history", goal.pk), follow=True)

    assert [entry.object_id for entry in response.context["cl"].result_list] == [goal.pk]


def test_every_kind_of_thing_has_an_admin() -> None:
    assert set(admins_by_kind()) == set(Kind)


def test_what_became_of_a_thing_is_for_those_who_may_see_it(
    organization: Organization, browser: Callable[[User], Client]
) -> None:
    entries = {kind: make_entry(organization, kind=kind) for kind in Kind.values}
    of_users = {entries[kind].pk for kind in ("user", "api_token")}
    of_visitors = {
        entries[kind].pk for kind in ("match", "pending_match", "visitor_identity", "visitor_session")
    }
    for scopes, unseen in (
        ([], of_users | of_visitors),
        (["reports"], of_users | of_visitors),
        (["settings"], of_users),
        (["users"], of_visitors),
        (["settings", "users"], set()),
    ):
        client = browser(UserFactory.create(organization=organization, is_staff=True, scopes=scopes))
        seen = {entry.pk for entry in found(client, HISTORY)}
        assert {entry.pk for entry in entries.values()} - seen == unseen


def test_what_belongs_to_no_organization_is_for_operators(as_staff: Client, as_operator: Client) -> None:
    User.objects.create_superuser("olga@example.com", "a long enough secret")

    assert found(as_staff, HISTORY) == []
    assert [entry.label for entry in found(as_operator, HISTORY)] == ["olga@example.com"]


def test_nobody_adds_changes_or_deletes_an_entry(as_operator: Client, organization: Organization) -> None:
    entry = make_entry(organization)
    for page in (url(HistoryEntry, "add"), url(HistoryEntry, "delete", entry.pk)):
        assert as_operator.get(page).status_code == 403
        assert as_operator.post(page, {"post": "yes"}).status_code == 403
    assert as_operator.post(url(HistoryEntry, "change", entry.pk), {"label": "x"}).status_code == 403
