"""A goal as it is stated, with its rooms by name."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from functools import partial
from typing import Any

from django.utils import timezone

from goals.models import Goal
from goals.serializers import GoalSerializer
from goalsvc.api.bodies import MAX_DEPTH
from goalsvc.api.errors import quoted
from goalsvc.orgs.history import Action, Kind, differences
from goalsvc.orgs.models import Organization, Room
from goalsvc.orgs.provisioning.rows import FaultError, Outcome, checked, differs, only_one, within


def ensure_goal(organization: Organization, stated: Mapping[str, Any], *, may_change: bool = True) -> Outcome:
    """Make the goal that is stated, or change the one of this name, by the rules of the API.

    Args:
        stated: the attributes of the API; `allowed_rooms` by domain, name or id.
        may_change: whether one that differs is changed, and not refused.
    Raises: FaultError.
    """
    verify_json(stated.get("conditions"), "conditions")
    given = {**stated}
    if isinstance(rooms := stated.get("allowed_rooms"), list):
        given["allowed_rooms"] = room_ids(organization, rooms)
    name: str = checked(GoalSerializer(partial=True), given).get("name", "")
    called = organization.goals.live().filter(name=name)
    # The bare rows, as a database that is spread locks no others. Posts of matches do not wait for this.
    list(called.select_for_update(no_key=True).values_list("pk"))
    with within("name"):
        goal: Goal | None = only_one(called.with_allowed_rooms(), f"goals are called {quoted(name)}")
    outcome = partial(Outcome, kind=Kind.GOAL, name=name, organization_id=organization.id)
    if goal is None:
        attributes: Any = checked(GoalSerializer(), {"allowed_rooms": [], "conditions": [], **given})
        goal = Goal.create(organization, attributes, by=None, at=timezone.now())
        created = differences({}, attributes)
        return outcome(row=goal, action=Action.CREATED, changes=created)
    attributes = checked(GoalSerializer(partial=True), given)
    before = {each: getattr(goal, each) for each in attributes if each != "allowed_rooms"}
    after = dict(attributes)
    if "allowed_rooms" in attributes:  # whose order says nothing
        before["allowed_rooms"] = sorted(map(str, goal.allowed_room_ids))
        after["allowed_rooms"] = sorted(attributes["allowed_rooms"])
    changes = differences(before, after)
    if not changes:
        return outcome(row=goal, action=None)
    if not may_change:
        raise differs(Kind.GOAL, before, changes)
    revised: Any = {each: attributes[each] for each in changes}
    goal.revise(revised, by=None, at=timezone.now())
    return outcome(row=goal, action=Action.CHANGED, changes=changes)


def room_ids(organization: Organization, stated: Sequence[Any]) -> list[str]:
    """Return the ids of rooms that are named by domain, name or id. Raises: FaultError."""
    rooms = list(organization.rooms.active())
    found = []
    for index, text in enumerate(stated):
        with within("allowed_rooms", index):
            found.append(str(room_called(rooms, text).id))
    return found


def room_called(rooms: Sequence[Room], text: Any) -> Room:
    for names in (lambda room: str(room.id), lambda room: room.domain, lambda room: room.name):
        room: Room | None = only_one(
            [each for each in rooms if names(each) == text], f"rooms are called {quoted(text)}"
        )
        if room is not None:
            return room
    raise FaultError(f"The organization has no room {quoted(text)}.")


def verify_json(value: Any, *path: str | int) -> None:
    """Raise FaultError for what TOML can say and JSON cannot, and for what is too deep for the API."""
    if isinstance(value, date | time):  # a datetime is a date
        raise FaultError("A date cannot stand here. Write it in quotes.", *path)
    if len(path) > MAX_DEPTH:
        raise FaultError(f"It is nested deeper than {MAX_DEPTH} levels.", *path[:3])
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            verify_json(inner, *path, key)
