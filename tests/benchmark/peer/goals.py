"""Goals: one, and a list."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import Request, Response

from tests.benchmark.peer.answers import answer, moment, refused
from tests.benchmark.peer.bodies import read_uuid
from tests.benchmark.peer.callers import CALLER, authenticate, organization_of, read_digest, verify

GOALS = """
    SELECT g.id, g.name, g.is_any_room_allowed,
           ARRAY(SELECT a.room_id FROM goals_goalroom AS a JOIN orgs_room AS r ON r.id = a.room_id
                 WHERE a.goal_id = g.id AND r.archived_at IS NULL ORDER BY r.created_at, r.id) AS rooms,
           g.default_value, g.conditions::text AS conditions, g.created_at, g.updated_at,
           c.id AS c_id, c.first_name AS c_first, c.last_name AS c_last, c.organization_id AS c_org,
           c.is_bot AS c_bot,
           e.id AS e_id, e.first_name AS e_first, e.last_name AS e_last, e.organization_id AS e_org,
           e.is_bot AS e_bot
    FROM goals_goal AS g
    LEFT JOIN orgs_user AS c ON c.id = g.created_by_id
    LEFT JOIN orgs_user AS e ON e.id = g.updated_by_id
    WHERE g.deleted_at IS NULL AND
"""
LIST = f"{GOALS} g.organization_id = $1 ORDER BY g.created_at, g.id LIMIT $2"
ONE_WITH_CALLER = f"""
    SELECT caller.*, goal.*
    FROM ({CALLER}) AS caller
    LEFT JOIN LATERAL ({GOALS} g.organization_id = $3 AND g.id = $4) AS goal
        ON caller.caller_organization_id = $3
"""


def render_user(row: Any, prefix: str) -> Any:
    if row[f"{prefix}_id"] is None:
        return None
    return {
        "id": row[f"{prefix}_id"],
        "full_name": f"{row[f'{prefix}_first']} {row[f'{prefix}_last']}".strip(),
        "first_name": row[f"{prefix}_first"],
        "last_name": row[f"{prefix}_last"],
        "organization_id": row[f"{prefix}_org"],
        "is_bot": row[f"{prefix}_bot"],
    }


def render_goal(row: Any, caller: Any) -> dict[str, Any]:
    organization = caller["caller_organization_id"]
    return {
        "id": row["id"],
        "name": row["name"],
        "organization_id": organization,
        "organization": {"id": organization, "name": caller["organization_name"]},
        "is_any_room_allowed": row["is_any_room_allowed"],
        "allow_any_room": row["is_any_room_allowed"],
        "allowed_rooms": row["rooms"],
        "default_value": row["default_value"],
        "conditions": msgspec.Raw(row["conditions"].encode()),
        "created_at": moment(row["created_at"]),
        "created_by_user_id": row["c_id"],
        "created_by_user": render_user(row, "c"),
        "updated_at": moment(row["updated_at"]),
        "updated_by_user_id": row["e_id"],
        "updated_by_user": render_user(row, "e"),
    }


async def list_goals(request: Request) -> Response:
    size = int(request.query_params.get("page_size", 50))
    async with request.app.state.pool.acquire() as connection:
        caller = await authenticate(connection, request, needs_settings=True)
        rows = await connection.fetch(LIST, caller["caller_organization_id"], size + 1)
    return answer(
        {"next": None, "previous": None, "results": [render_goal(row, caller) for row in rows[:size]]}
    )


async def get_goal(request: Request) -> Response:
    now = datetime.now(UTC)
    organization, goal = organization_of(request), read_uuid(request.path_params["goal"])
    async with request.app.state.pool.acquire() as connection:
        row = await connection.fetchrow(ONE_WITH_CALLER, read_digest(request), now, organization, goal)
        await verify(connection, row, organization, now, needs_settings=True)
    if row["id"] is None:
        raise refused(404, "goal_not_found")
    return answer(render_goal(row, row))
