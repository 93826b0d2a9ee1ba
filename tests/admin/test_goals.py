"""Goals in the admin: checked as the API checks them, saved as the model saves them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

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


def test_operators_add_a_goal_and_choose_its_rooms_then(
    as_operator: Client, other_organization: Organization, foreign_room: Room, room: Room
) -> None:
    sent = form(organization=str(other_organization.pk))
    response = as_operator.post(f"{GOAL_LIST}add/", sent)
    goal = goals().get()
    assert goal.organization == other_organization
    assert response.headers["Location"] == page_of(goal)
    offered = as_operator.get(page_of(goal)).context["adminform"].form.fields["rooms"].queryset
    assert list(offered) == [foreign_room]


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
    [locked] = [number for number, sql in enumerate(statements) if 'FOR UPDATE OF "goals_goal"' in sql]
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
    ("conditions", "lines"),
    [
        ('[{"type": 8, "value": "x"}, {"type": 99}, 3]', [
            "Condition 1, value: Must be an amount of at most two decimals, as “10.00”. "
            "(type 8, cart size more than)",
            "Condition 2, type: Must be an integer from 1 to 37.",
            "Condition 3: Not a JSON object.",
        ]),
        ('[{"type": 27, "colour": "red"}]', ["Condition 1, colour: A condition has no such attribute."]),
        ('[{"type": 27, "settings": {"a": NaN}}]', [
            "Condition 1, settings: Numbers must be finite and fit 64 bits."
        ]),
        ('{"type": 27}', ["Not a list of conditions."]),
        ("[" * 30 + "]" * 30, ["The JSON is nested deeper than 20 levels."]),
        (json.dumps([LEAD] * 101), ["At most 100 conditions are allowed."]),
    ],
    ids=["several", "attribute", "number", "object", "deep", "many"],
)  # fmt: skip
def test_conditions_at_fault_are_told_in_lines(
    conditions: str, lines: list[str], as_staff: Client, goal: Goal
) -> None:
    response = as_staff.post(page_of(goal), form_of(as_staff, goal, conditions=conditions))
    assert errors(response, "conditions") == lines
    # What was typed is there to be mended.
    assert response.context["adminform"].form["conditions"].value() == conditions
    assert Goal.objects.get().conditions == [LEAD]


def test_conditions_that_are_no_json_are_told(as_staff: Client, goal: Goal) -> None:
    response = as_staff.post(page_of(goal), form_of(as_staff, goal, conditions="[1,"))
    [line] = errors(response, "conditions")
    assert line.startswith("The text is not JSON: ")


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


def test_the_types_of_conditions_are_named(as_staff: Client, as_clerk: Client, goal: Goal) -> None:
    assert "27, visitor sent lead" in as_staff.get(page_of(goal)).content.decode()
    page = as_clerk.get(page_of(goal)).content.decode()
    assert "27, visitor sent lead" in page
    assert "Web shop (shop.example.com)" in page
    assert "<textarea" not in page


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
        assert link in client.get(page_of(goal)).content.decode()
        assert client.get(link).status_code == 200
