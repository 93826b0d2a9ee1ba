"""Reads goals as the API shows them: with their rooms and the users who made and changed them."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from goalsvc.api.pagination import Slice
from goalsvc.database.statements import BOOLEANS, Ahead, Row, Statement
from goalsvc.orgs.callers import with_caller
from goalsvc.orgs.models import Organization

# The rooms that a goal allows and that still exist; `goal` is its row.
ALLOWED_ROOMS = """ARRAY(
               SELECT allowed.room_id FROM goals_goalroom AS allowed
               JOIN orgs_room AS room
                 ON room.organization_id = allowed.organization_id AND room.id = allowed.room_id
               WHERE allowed.organization_id = goal.organization_id AND allowed.goal_id = goal.id
                 AND room.archived_at IS NULL
               ORDER BY room.created_at, room.id
           )"""

# As texts, since they are only written out again: making objects of them took most of a page's time.
LIVE_GOALS = f"""
    SELECT goal.id::text, goal.name, goal.is_any_room_allowed,
           array_to_json({ALLOWED_ROOMS})::text,
           goal.default_value::text, goal.conditions::text, goal.created_at::text, goal.updated_at::text,
           creator.id::text, creator.first_name, creator.last_name, creator.organization_id::text,
           creator.is_bot,
           editor.id::text, editor.first_name, editor.last_name, editor.organization_id::text, editor.is_bot
    FROM goals_goal AS goal
    LEFT JOIN orgs_user AS creator ON creator.id = goal.created_by_id
    LEFT JOIN orgs_user AS editor ON editor.id = goal.updated_by_id
    WHERE goal.deleted_at IS NULL
"""
ONE_GOAL = f"{LIVE_GOALS} AND goal.id = %(goal)s"
GOAL = Statement(f"{ONE_GOAL} AND goal.organization_id = %(organization)s")
GOAL_WITH_CALLER = with_caller(f"{ONE_GOAL} AND goal.organization_id = organization.id")
GOALS = f"{LIVE_GOALS} AND goal.organization_id = %(organization)s"
# By the index goal_list: which way, and from where, a page goes on.
FIRST_PAGE = Statement(f"{GOALS} ORDER BY goal.created_at, goal.id LIMIT %(limit)s")
LAST_PAGE = Statement(f"{GOALS} ORDER BY goal.created_at DESC, goal.id DESC LIMIT %(limit)s")
NEXT_PAGE = Statement(f"""{GOALS} AND (goal.created_at, goal.id) > (%(moment)s, %(id)s)
    ORDER BY goal.created_at, goal.id LIMIT %(limit)s""")
PREVIOUS_PAGE = Statement(f"""{GOALS} AND (goal.created_at, goal.id) < (%(moment)s, %(id)s)
    ORDER BY goal.created_at DESC, goal.id DESC LIMIT %(limit)s""")


class GoalRow(NamedTuple):
    """A goal as it is read, in texts; the columns of a user who is gone are None."""

    id: str
    name: str
    is_any_room_allowed: bool
    allowed_room_ids: str  # JSON
    default_value: str | None
    conditions: str  # JSON
    created: str  # as PostgreSQL writes a moment, in UTC
    updated: str
    creator_id: str | None
    creator_first_name: str | None
    creator_last_name: str | None
    creator_organization_id: str | None
    creator_is_bot: bool | None
    editor_id: str | None
    editor_first_name: str | None
    editor_last_name: str | None
    editor_organization_id: str | None
    editor_is_bot: bool | None

    @property
    def created_at(self) -> datetime:
        """The place in the order of a list."""
        return datetime.fromisoformat(self.created)


def read_goal(organization: Organization, goal_id: UUID) -> GoalRow | None:
    """Return the organization's goal with this id, unless it is deleted or there is none."""
    rows = fetch(GOAL, {"organization": organization.id, "goal": goal_id})
    return rows[0] if rows else None


def look_for_goal(goal_id: UUID) -> Ahead:
    """Ask for a goal of the caller's organization along with the caller."""
    return Ahead(GOAL_WITH_CALLER, {"goal": goal_id})


def goal_found(ahead: Ahead) -> GoalRow | None:
    """Return the goal that was asked for, unless it is deleted or there is none."""
    row = ahead.take()
    return goal_in(row) if row is not None and row[0] is not None else None


def read_goals(organization: Organization, page: Slice) -> list[GoalRow]:
    """Return a slice of the organization's goals, in the order of the slice."""
    parameters: dict[str, Any] = {"organization": organization.id, "limit": page.limit}
    if page.after is None:
        return fetch(LAST_PAGE if page.is_descending else FIRST_PAGE, parameters)
    parameters |= {"moment": page.after[0], "id": page.after[1]}
    return fetch(PREVIOUS_PAGE if page.is_descending else NEXT_PAGE, parameters)


def fetch(statement: Statement, parameters: dict[str, Any]) -> list[GoalRow]:
    return [goal_in(row) for row in statement.fetch(**parameters)]


def goal_in(row: Row) -> GoalRow:
    return GoalRow._make(
        (*row[:2], BOOLEANS[row[2]], *row[3:12], BOOLEANS[row[12]], *row[13:17], BOOLEANS[row[17]])
    )
