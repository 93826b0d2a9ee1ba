"""Goals in the admin: checked as the API checks them, saved as the model saves them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from goals.models import Goal, GoalQuerySet
from goals.refusals import UnknownRoomsError
from goalsvc.orgs.models import HistoryEntry, Organization, Room, User
from tests.factories import GoalFactory, RoomFactory

GOAL_LIST = "/admin/goals/goal/"
LEAD = {"type": 27, "value": "", "negate": False, "settings": {}}
CHECKOUT = {"type": 16, "value": "/checkout", "negate": True, "settings": {"deep": [0.1, "ä"]}}


def page_of(goal: Goal) -> str:
    return f"{GOAL_LIST}{goal.pk}/change/"


def goals() -> GoalQuerySet:
    return Goal.objects.with_allowed_rooms()


def form(**attributes: Any) -> dict[str, Any]:
    return {"name": "Lead", "default_value": "", "conditions": "[]", **attributes}


def form_of(client: Client, goal: Goal, **changes: Any) -> dict[str, Any]:
    """What a browser would send back for the goal's page, with some changes."""
    shown = client.get(page_of(goal)).context["adminform"].form
    sent = {name: shown[name].value() for name in shown.fields}
    sent["rooms"] = [str(pk) for pk in shown["rooms"].value() or []]
    sent["conditions"] = shown.fields["conditions"].prepare_value(sent["conditions"])
    sent |= changes
    return {name: value for name, value in sent.items() if value not in (None, False)}


def errors(response: Any, field: str) -> list[str]:
    assert response.status_code == 200
    return list(response.context["adminform"].form.errors.get(field, []))


@pytest.fixture
def goal(organization: Organization, room: Room) -> Goal:
    return GoalFactory.create(rooms=[room], name="User sent a lead", conditions=[LEAD])


def test_staff_add_a_goal(
    as_staff: Client, staff: User, organization: Organization, room: Room, second_room: Room
) -> None:
    sent = form(
        rooms=[str(second_room.pk)], default_value="10.5", conditions=json.dumps([CHECKOUT, {"type": 27}])
    )
    assert as_staff.post(f"{GOAL_LIST}add/", sent).status_code == 302
    goal = goals().get()
    assert (goal.name, goal.organization) == ("Lead", organization)
    assert (goal.is_any_room_allowed, goal.allowed_room_ids) == (False, [second_room.pk])
    assert goal.default_value == Decimal("10.50")
    assert goal.conditions == [CHECKOUT, LEAD]
    assert goal.created_by == goal.updated_by == staff
    assert goal.created_at == goal.updated_at
    assert [(entry.object_id, entry.action) for entry in HistoryEntry.objects.all()] == [(goal.pk, "created")]


def test_operators_choose_the_organization_first_and_its_rooms_with_the_goal(
    as_operator: Client, organization: Organization, other_organization: Organization, foreign_room: Room
) -> None:
    choice = as_operator.get(f"{GOAL_LIST}add/").content.decode()
    assert f"?organization={organization.pk}" in choice
    address = f"{GOAL_LIST}add/?organization={other_organization.pk}"
    assert f"?organization={other_organization.pk}" in choice

    shown = as_operator.get(address).context["adminform"].form
    assert list(shown.fields["rooms"].queryset) == [foreign_room]
    assert as_operator.post(address, form(rooms=[str(foreign_room.pk)])).status_code == 302

    goal = goals().get()
    assert (goal.organization, goal.allowed_room_ids) == (other_organization, [foreign_room.pk])


def test_the_only_organization_needs_no_choice(
    as_operator: Client, organization: Organization, room: Room
) -> None:
    shown = as_operator.get(f"{GOAL_LIST}add/").context["adminform"].form
    assert list(shown.fields["rooms"].queryset) == [room]


def test_the_list_of_an_organization_leads_to_its_form(
    as_operator: Client, organization: Organization, other_organization: Organization, foreign_room: Room
) -> None:
    filters = {"_changelist_filters": f"organization={other_organization.pk}"}
    shown = as_operator.get(f"{GOAL_LIST}add/", filters).context["adminform"].form
    assert list(shown.fields["rooms"].queryset) == [foreign_room]


def test_rooms_of_another_organization_are_not_taken_with_a_new_goal(
    as_operator: Client, organization: Organization, foreign_room: Room
) -> None:
    address = f"{GOAL_LIST}add/?organization={organization.pk}"
    assert errors(as_operator.post(address, form(rooms=[str(foreign_room.pk)])), "rooms")
    assert not Goal.objects.exists()


@pytest.mark.parametrize("unknown", ["01a0f0f8-5c3a-7b1e-8d2f-6a9b0c1d2e3f", "x", "\x00"])
def test_an_unknown_organization_leads_back_to_the_choice(
    unknown: str, as_operator: Client, organization: Organization, other_organization: Organization
) -> None:
    for response in (
        as_operator.get(f"{GOAL_LIST}add/", {"organization": unknown}),
        as_operator.post(f"{GOAL_LIST}add/?organization={quote(unknown)}", form()),
    ):
        assert response.status_code == 200
        assert "There is no such organization." in response.content.decode()
    assert not Goal.objects.exists()


def test_organizations_are_found_by_name(
    as_operator: Client, organization: Organization, other_organization: Organization
) -> None:
    found = as_operator.get(f"{GOAL_LIST}add/", {"q": other_organization.name[:5].lower()})
    assert found.context["rows"] == [other_organization]
    nothing = as_operator.get(f"{GOAL_LIST}add/", {"q": "<b>\x00"}).content.decode()
    assert "No organization has “&lt;b&gt;” in its name." in nothing


def test_staff_choose_no_organization(as_staff: Client, organization: Organization, room: Room) -> None:
    other = RoomFactory.create().organization
    for query in ({}, {"organization": str(other.pk)}):
        shown = as_staff.get(f"{GOAL_LIST}add/", query).context["adminform"].form
        assert list(shown.fields["rooms"].queryset) == [room]


NEVER = "No room is chosen and not any room is allowed, so this goal can never match."


def test_a_goal_that_can_never_match_is_told_everywhere(as_staff: Client, organization: Organization) -> None:
    after = as_staff.post(f"{GOAL_LIST}add/", form(), follow=True).content.decode()
    assert NEVER in after
    assert "no room: can never match" in after
    goal = Goal.objects.get()
    assert NEVER in as_staff.get(page_of(goal)).content.decode()
    assert list(as_staff.get(GOAL_LIST, {"allowed_in": "none"}).context["cl"].result_list) == [goal]

    staying = as_staff.post(page_of(goal), form_of(as_staff, goal, _continue="1"), follow=True)
    assert staying.content.decode().count(NEVER) == 1


def test_a_goal_whose_rooms_are_all_archived_can_never_match(
    as_staff: Client, goal: Goal, room: Room
) -> None:
    assert NEVER not in as_staff.get(page_of(goal)).content.decode()
    Room.objects.update(archived_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert NEVER in as_staff.get(page_of(goal)).content.decode()
    assert list(as_staff.get(GOAL_LIST, {"allowed_in": "chosen"}).context["cl"].result_list) == []


def test_a_change_is_a_revision(as_staff: Client, staff: User, goal: Goal, second_room: Room) -> None:
    created_at = goal.created_at
    sent = form_of(as_staff, goal, name="Sent a lead", rooms=[str(second_room.pk)])
    assert as_staff.post(page_of(goal), sent).status_code == 302
    goal = goals().get()
    assert (goal.name, goal.allowed_room_ids) == ("Sent a lead", [second_room.pk])
    assert goal.conditions == [LEAD]
    assert (goal.created_at, goal.created_by, goal.updated_by) == (created_at, None, staff)
    assert goal.updated_at > created_at


def test_saving_without_a_change_changes_nothing(as_staff: Client, goal: Goal) -> None:
    before = Goal.objects.values().get()
    assert as_staff.post(page_of(goal), form_of(as_staff, goal)).status_code == 302
    assert Goal.objects.values().get() == before


def test_a_revision_holds_the_row_s_lock(as_staff: Client, goal: Goal) -> None:
    sent = form_of(as_staff, goal, name="Sent a lead")
    with CaptureQueriesContext(connection) as captured:
        as_staff.post(page_of(goal), sent)
    statements = [statement["sql"] for statement in captured.captured_queries]
    [locked] = [number for number, sql in enumerate(statements) if sql.endswith(" FOR UPDATE")]
    [written] = [number for number, sql in enumerate(statements) if sql.startswith('UPDATE "goals_goal"')]
    assert locked < written


def test_two_people_do_not_overwrite_each_other_unseen(as_staff: Client, goal: Goal) -> None:
    sent = form_of(as_staff, goal, name="Mine")
    goal.revise({"name": "Theirs"}, by=None, at=datetime(2026, 1, 1, tzinfo=UTC))
    response = as_staff.post(page_of(goal), sent)
    assert errors(response, "__all__") == [
        "Somebody has changed this goal since you opened it. Open the page anew, and edit it then."
    ]
    assert Goal.objects.get().name == "Theirs"


def test_a_form_that_does_not_say_what_was_seen_is_refused(as_staff: Client, goal: Goal) -> None:
    assert errors(as_staff.post(page_of(goal), form_of(as_staff, goal, seen="")), "__all__")


@pytest.mark.parametrize(
    ("attribute", "value", "line"),
    [
        ("name", "", "This field is required."),
        ("name", "a\x07b", "Control characters and lone surrogates are not allowed."),
        ("default_value", "1.234", "Ensure that there are no more than 2 decimal places."),
        ("default_value", "NaN", "Enter a number."),
    ],
)
def test_other_values_are_checked_as_the_api_does(
    attribute: str, value: str, line: str, as_staff: Client, goal: Goal
) -> None:
    sent = form_of(as_staff, goal) | {attribute: value}
    assert errors(as_staff.post(page_of(goal), sent), attribute) == [line]


def test_rooms_of_others_and_archived_ones_are_neither_offered_nor_taken(
    as_staff: Client, goal: Goal, room: Room, foreign_room: Room
) -> None:
    archived = RoomFactory.create(
        organization=room.organization, archived_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    offered = as_staff.get(page_of(goal)).context["adminform"].form.fields["rooms"].queryset
    assert list(offered) == [room]
    for refused in (foreign_room, archived):
        response = as_staff.post(page_of(goal), form_of(as_staff, goal, rooms=[str(refused.pk)]))
        assert errors(response, "rooms")
    assert goals().get().allowed_room_ids == [room.pk]


def test_a_room_archived_at_this_moment_is_no_crash(
    as_staff: Client, goal: Goal, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def revise(*args: Any, **kwargs: Any) -> None:
        raise UnknownRoomsError([str(room.pk)])

    monkeypatch.setattr(Goal, "revise", revise)
    response = as_staff.post(page_of(goal), form_of(as_staff, goal, name="New"), follow=True)
    assert "A room that you chose has just been archived." in response.content.decode()


def test_a_deleted_goal_is_filtered_and_restored(
    as_staff: Client, goal: Goal, as_manager: Any, org_url: str
) -> None:
    assert "Its matches stay" in " ".join(
        as_staff.get(f"{GOAL_LIST}{goal.pk}/delete/").content.decode().split()
    )
    assert as_staff.post(f"{GOAL_LIST}{goal.pk}/delete/", {"post": "yes"}).status_code == 302
    assert Goal.objects.get().deleted_at is not None
    assert as_manager.get(f"{org_url}/goals/{goal.pk}").status_code == 404

    def shown(state: str) -> list[Goal]:
        return list(as_staff.get(GOAL_LIST, {"state": state} if state else {}).context["cl"].result_list)

    assert (shown(""), shown("retired"), shown("all")) == ([], [goal], [goal])
    assert as_staff.post(page_of(goal), form(name="New")).status_code == 403
    as_staff.post(f"{GOAL_LIST}?state=retired", {"action": "restore", "_selected_action": [str(goal.pk)]})
    assert Goal.objects.get().deleted_at is None
    assert as_manager.get(f"{org_url}/goals/{goal.pk}").status_code == 200


def test_selected_goals_are_deleted_and_no_foreign_one(
    as_staff: Client, goal: Goal, foreign_room: Room
) -> None:
    foreign = GoalFactory.create(rooms=[foreign_room])
    selected = {
        "action": "delete_selected",
        "_selected_action": [str(goal.pk), str(foreign.pk)],
        "post": "yes",
    }
    as_staff.post(GOAL_LIST, selected)
    assert list(Goal.objects.live()) == [foreign]
    assert Goal.objects.count() == 2


def test_a_clerk_neither_deletes_nor_restores(as_clerk: Client, goal: Goal) -> None:
    as_clerk.post(GOAL_LIST, {"action": "delete_selected", "_selected_action": [str(goal.pk)], "post": "yes"})
    assert Goal.objects.get().deleted_at is None


def test_goals_are_found_by_name_and_id(as_staff: Client, goal: Goal) -> None:
    GoalFactory.create(organization=goal.organization)
    for term in ("sent a", str(goal.pk)):
        assert list(as_staff.get(GOAL_LIST, {"q": term}).context["cl"].result_list) == [goal]


def test_a_goal_leads_to_its_matches(as_staff: Client, as_operator: Client, goal: Goal) -> None:
    link = f"/admin/matching/externalmatch/?goal__id__exact={goal.pk}"
    for client in (as_staff, as_operator):
        for page in (page_of(goal), GOAL_LIST):
            assert link in client.get(page).content.decode()
        assert client.get(link).status_code == 200
