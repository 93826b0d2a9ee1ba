"""Reads goals as the API shows them: with their rooms and the users who made and changed them."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from goals.models import Goal
from goals.refusals import GoalNotFound
from goalsvc.api.fields import parse_uuid
from goalsvc.api.pagination import Slice
from goalsvc.database.statements import Ahead, Row, Statement
from goalsvc.orgs.callers import with_caller
from goalsvc.orgs.models import Organization

# The rooms that a goal allows and that still exist; `goal` is its row. The organization is the parameter in
# each of these tables: what a database that is spread by organization sends on to one machine.
ALLOWED_ROOMS = """ARRAY(
               SELECT allowed.room_id FROM goals_goalroom AS allowed
               JOIN orgs_room AS room
                 ON room.organization_id = allowed.organization_id AND room.id = allowed.room_id
               WHERE allowed.organization_id = %(organization)s AND allowed.goal_id = goal.id
                 AND room.archived_at IS NULL
               ORDER BY room.created_at, room.id
           )"""

USER_COLUMNS = ("id", "first_name", "last_name", "organization_id", "is_bot")
# As texts, since they are only written out again: making objects of them took most of a page's time.
COLUMNS = {
    **{field.attname: f"goal.{field.column}" for field in Goal._meta.concrete_fields},
    "allowed_rooms": f"array_to_json({ALLOWED_ROOMS})",
    **{f"{user}_{column}": f"{user}.{column}" for user in ("creator", "editor") for column in USER_COLUMNS},
}
GOALS = f"""
    SELECT {", ".join(COLUMNS.values())}
    FROM goals_goal AS goal
    LEFT JOIN orgs_user AS creator ON creator.id = goal.created_by_id
    LEFT JOIN orgs_user AS editor ON editor.id = goal.updated_by_id
    WHERE goal.organization_id = %(organization)s AND goal.deleted_at IS NULL
"""
ONE_GOAL = f"{GOALS} AND goal.id = %(goal)s"
GOAL = Statement(ONE_GOAL)
GOAL_WITH_CALLER = with_caller(ONE_GOAL)
# By the index goal_list: which way, and from where, a page goes on.
FIRST_PAGE = Statement(f"{GOALS} ORDER BY goal.created_at, goal.id LIMIT %(limit)s")
LAST_PAGE = Statement(f"{GOALS} ORDER BY goal.created_at DESC, goal.id DESC LIMIT %(limit)s")
NEXT_PAGE = Statement(f"""{GOALS} AND (goal.created_at, goal.id) > (%(moment)s, %(id)s)
    ORDER BY goal.created_at, goal.id LIMIT %(limit)s""")
PREVIOUS_PAGE = Statement(f"""{GOALS} AND (goal.created_at, goal.id) < (%(moment)s, %(id)s)
    ORDER BY goal.created_at DESC, goal.id DESC LIMIT %(limit)s""")


class GoalRow(SimpleNamespace):
    """A goal as it is read: COLUMNS as PostgreSQL writes them, moments in UTC, flags as `t` and `f`.

    Those of a user who is gone are None.
    """


def find_goal(organization: Organization, goal_id: str) -> Goal:
    """Return the organization's goal with this id. Raises: GoalNotFound, also for an id that is none."""
    pk = parse_uuid(goal_id)
    goal = organization.goals.live().filter(id=pk).first() if pk else None
    if goal is None:
        raise GoalNotFound
    return goal


def read_goal(organization: Organization, goal_id: UUID) -> GoalRow | None:
    """Return the organization's goal with this id, unless it is deleted or there is none."""
    rows = fetch(GOAL, {"organization": organization.id, "goal": goal_id})
    return rows[0] if rows else None


def goal_found(ahead: Ahead) -> GoalRow | None:
    """Return the goal that GOAL_WITH_CALLER was asked for, unless it is deleted or there is none."""
    row = ahead.consume()
    return row_of(row) if row is not None and row[0] is not None else None


def read_goals(organization: Organization, page: Slice) -> list[GoalRow]:
    """Return a slice of the organization's goals, in the order of the slice."""
    parameters: dict[str, Any] = {"organization": organization.id, "limit": page.limit}
    if page.after is None:
        return fetch(LAST_PAGE if page.is_descending else FIRST_PAGE, parameters)
    parameters |= {"moment": page.after[0], "id": page.after[1]}
    return fetch(PREVIOUS_PAGE if page.is_descending else NEXT_PAGE, parameters)


def fetch(statement: Statement, parameters: dict[str, Any]) -> list[GoalRow]:
    return [row_of(row) for row in statement.fetch(**parameters)]


def row_of(row: Row) -> GoalRow:
    return GoalRow(**dict(zip(COLUMNS, row, strict=True)))
