"""The peer: FastAPI and asyncpg with hand-written SQL, for the same tables, rules and checks.

Written as someone who wants it fast would: one pool, statements prepared by asyncpg, orjson-like encoding
by msgspec, no ORM, no response models.
"""

import hashlib
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from fastapi import FastAPI, Request, Response
from uuid_utils.compat import uuid7

KEY = re.compile(r"[0-9a-f]{40}")
UUID_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
decoder = msgspec.json.Decoder(float_hook=Decimal)
encoder = msgspec.json.Encoder()

AUTHENTICATE = """
    WITH touched AS (
        UPDATE orgs_apitoken SET last_used_at = $2
        WHERE digest = $1 AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < $3)
    )
    SELECT u.id, u.scopes, o.id AS organization_id, o.name AS organization_name, o.subscription_expires_on
    FROM orgs_apitoken AS t JOIN orgs_user AS u ON u.id = t.user_id
    LEFT JOIN orgs_organization AS o ON o.id = u.organization_id
    WHERE t.digest = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)
      AND u.is_active
"""
FACTS = """
    SELECT g.id AS goal, g.is_any_room_allowed, g.default_value,
           ARRAY(SELECT a.room_id FROM goals_goalroom AS a JOIN orgs_room AS r ON r.id = a.room_id
                 WHERE a.goal_id = g.id AND r.archived_at IS NULL) AS allowed,
           ARRAY(SELECT id FROM orgs_room
                 WHERE organization_id = $1 AND archived_at IS NULL AND id = ANY($3::uuid[])) AS known,
           s.id AS session, s.visitor_id, s.visitor_session_id, s.started_at, s.room_ids
    FROM goals_goal AS g
    LEFT JOIN LATERAL (
        SELECT x.* FROM matching_visitoridentity AS i
        CROSS JOIN LATERAL (
            SELECT s.id, v.visitor_id, s.visitor_session_id, s.started_at, s.room_ids
            FROM matching_visitorsession AS s JOIN matching_visitor AS v ON v.id = s.visitor_id
            WHERE s.visitor_id = i.visitor_id AND s.started_at < $5
            ORDER BY s.started_at DESC, s.id DESC LIMIT 1
        ) AS x
        WHERE i.organization_id = $1 AND i.identity = $4
        ORDER BY x.started_at DESC, x.id DESC LIMIT 1
    ) AS s ON TRUE
    WHERE g.organization_id = $1 AND g.id = $2 AND g.deleted_at IS NULL
"""
INSERT = """
    INSERT INTO matching_externalmatch (
        id, organization_id, goal_id, session_id, visitor_identity, goal_matched_at, session_started_at,
        goal_value, goal_value_source, room_ids, unconnected_room_ids, external_id, request_digest,
        created_at, created_by_id
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT (organization_id, goal_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
    RETURNING id
"""
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
    WHERE g.organization_id = $1 AND g.deleted_at IS NULL
"""
ROOMS = "SELECT id FROM orgs_room WHERE organization_id = $1 AND archived_at IS NULL AND id = ANY($2::uuid[])"
SESSION = """
    WITH known AS (
        SELECT id FROM matching_visitor WHERE organization_id = $1 AND visitor_id = $2
    ), added AS (
        INSERT INTO matching_visitor (id, organization_id, visitor_id, created_at)
        SELECT $3, $1, $2, $9 WHERE NOT EXISTS (SELECT FROM known)
        ON CONFLICT (organization_id, visitor_id) DO UPDATE SET visitor_id = excluded.visitor_id
        RETURNING id
    ), visitor AS (SELECT id FROM known UNION ALL SELECT id FROM added)
    INSERT INTO matching_visitorsession AS s (
        id, organization_id, visitor_session_id, visitor_id, started_at, ended_at, room_ids, created_at,
        updated_at
    )
    SELECT $4, $1, $5, visitor.id, $6, $7, $8::uuid[], $9, $9 FROM visitor
    ON CONFLICT (organization_id, visitor_session_id) DO UPDATE SET
        started_at = least(s.started_at, excluded.started_at),
        ended_at = greatest(s.ended_at, excluded.ended_at),
        room_ids = ARRAY(SELECT DISTINCT unnest(s.room_ids || excluded.room_ids) ORDER BY 1),
        updated_at = excluded.updated_at
    WHERE s.visitor_id = excluded.visitor_id
    RETURNING s.id, s.started_at, s.ended_at, s.room_ids, s.created_at, s.updated_at, xmax = 0 AS is_new
"""


class RefusedError(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def refusal(status: int, code: str) -> RefusedError:
    return RefusedError(status, {"detail": code, "code": code})


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=16)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.exception_handler(RefusedError)
async def refuse(request: Request, error: RefusedError) -> Response:
    return answer(error.body, error.status)


def answer(body: Any, status: int = 200) -> Response:
    return Response(
        encoder.encode(body), status, media_type="application/json", headers={"X-Request-ID": str(uuid7())}
    )


def moment(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds")[:-6] + "Z"


async def authenticate(connection: Any, request: Request, organization: str, *, needs_settings: bool) -> Any:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer") or not KEY.fullmatch(key):
        raise refusal(401, "invalid_token")
    now = datetime.now(UTC)
    caller = await connection.fetchrow(
        AUTHENTICATE, hashlib.sha256(key.encode()).hexdigest(), now, now - timedelta(hours=1)
    )
    if caller is None:
        raise refusal(401, "invalid_token")
    if str(caller["organization_id"]) != organization.lower():
        raise refusal(403, "organization_access_denied")
    expires_on = caller["subscription_expires_on"]
    if expires_on is None or now.date() > expires_on:
        raise refusal(403, "subscription_inactive")
    if needs_settings and "settings" not in caller["scopes"]:
        raise refusal(403, "settings_permission_required")
    return caller


def read_moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError
    read = datetime.fromisoformat(value)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def read_rooms(value: Any, minimum: int) -> list[UUID]:
    if not isinstance(value, list) or not minimum <= len(value) <= 100:
        raise ValueError
    if not all(isinstance(item, str) and UUID_FORM.fullmatch(item) for item in value):
        raise ValueError
    return list(dict.fromkeys(map(UUID, value)))


def read_value(value: Any) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError
    read = Decimal(value)
    if not read.is_finite() or abs(read) >= 10**12 or read != read.quantize(Decimal("0.01")):
        raise ValueError
    return read.quantize(Decimal("0.01"))


def read_text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= longest:
        raise ValueError
    return value.strip()


@app.post("/api/v5/orgs/{organization}/goals/{goal}/matches")
async def post_match(request: Request, organization: str, goal: str) -> Response:
    async with request.app.state.pool.acquire() as connection:
        caller = await authenticate(connection, request, organization, needs_settings=False)
        now = datetime.now(UTC)
        errors = {}
        fields: dict[str, Any] = {}
        try:
            data = decoder.decode(await request.body())
        except msgspec.DecodeError:
            raise refusal(400, "parse_error") from None
        readers = {
            "visitor_identity": lambda v: read_text(v, 255),
            "goal_matched_at": read_moment,
            "rooms": lambda v: read_rooms(v, 1),
            "goal_value": read_value,
            "external_id": lambda v: None if v is None else read_text(v, 255),
        }
        for name, read in readers.items():
            try:
                fields[name] = read(data.get(name))
            except (ValueError, InvalidOperation):
                errors[name] = ["Invalid."]
        if not errors and fields["goal_matched_at"] > now + timedelta(hours=24):
            errors["goal_matched_at"] = ["More than 24 hours in the future."]
        facts = None
        if UUID_FORM.fullmatch(goal):
            facts = await connection.fetchrow(
                FACTS,
                caller["organization_id"],
                UUID(goal),
                fields.get("rooms") or [],
                fields.get("visitor_identity"),
                fields.get("goal_matched_at") or now,
            )
        if facts is None:
            raise refusal(404, "goal_not_found")
        if not errors:
            known = set(facts["known"])
            if unknown := [room for room in fields["rooms"] if room not in known]:
                errors["rooms"] = [f"{room} is not a room of the organization." for room in unknown]
        if errors:
            raise RefusedError(400, errors)
        if facts["session"] is None:
            raise refusal(404, "session_not_found")
        allowed = set(facts["allowed"])
        counting = [room for room in fields["rooms"] if facts["is_any_room_allowed"] or room in allowed]
        if not counting:
            raise RefusedError(400, {"rooms": ["The goal is allowed in none of these rooms."]})
        in_session = set(facts["room_ids"])
        connected = [room for room in counting if room in in_session]
        if not connected:
            raise refusal(404, "no_connected_rooms")
        unconnected = [room for room in fields["rooms"] if room not in connected]
        value, source = fields["goal_value"], "request"
        if value is None:
            value, source = facts["default_value"], "goal_default"
        if value is None:
            source = "none"
        digest = None
        if fields["external_id"] is not None:
            parts = (fields["visitor_identity"], str(fields["goal_matched_at"]), str(value))
            digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()
        pk = uuid7()
        written = await connection.fetchval(
            INSERT, pk, caller["organization_id"], facts["goal"], facts["session"],
            fields["visitor_identity"], fields["goal_matched_at"], facts["started_at"], value, source,
            connected, unconnected, fields["external_id"], digest, now, caller["id"],
        )  # fmt: skip
        if written is None:
            raise refusal(409, "external_id_conflict")
    return answer(
        {
            "id": pk,
            "organization_id": caller["organization_id"],
            "goal_id": facts["goal"],
            "visitor_identity": fields["visitor_identity"],
            "visitor_id": facts["visitor_id"],
            "visitor_session_id": facts["visitor_session_id"],
            "session_started_at": moment(facts["started_at"]),
            "goal_matched_at": moment(fields["goal_matched_at"]),
            "goal_value": value,
            "goal_value_source": source,
            "rooms": connected,
            "unconnected_rooms": unconnected,
            "external_id": fields["external_id"],
            "created_at": moment(now),
            "created_by_user_id": caller["id"],
        }
    )


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
    return {
        "id": row["id"],
        "name": row["name"],
        "organization_id": caller["organization_id"],
        "organization": {"id": caller["organization_id"], "name": caller["organization_name"]},
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


@app.get("/api/v5/orgs/{organization}/goals")
async def list_goals(request: Request, organization: str, page_size: int = 50) -> Response:
    async with request.app.state.pool.acquire() as connection:
        caller = await authenticate(connection, request, organization, needs_settings=True)
        rows = await connection.fetch(
            f"{GOALS} ORDER BY g.created_at, g.id LIMIT $2", caller["organization_id"], page_size + 1
        )
    return answer(
        {"next": None, "previous": None, "results": [render_goal(row, caller) for row in rows[:page_size]]}
    )


@app.get("/api/v5/orgs/{organization}/goals/{goal}")
async def get_goal(request: Request, organization: str, goal: str) -> Response:
    async with request.app.state.pool.acquire() as connection:
        caller = await authenticate(connection, request, organization, needs_settings=True)
        row = None
        if UUID_FORM.fullmatch(goal):
            row = await connection.fetchrow(f"{GOALS} AND g.id = $2", caller["organization_id"], UUID(goal))
    if row is None:
        raise refusal(404, "goal_not_found")
    return answer(render_goal(row, caller))


@app.post("/api/v5/orgs/{organization}/visitor_sessions")
async def post_session(request: Request, organization: str) -> Response:
    async with request.app.state.pool.acquire() as connection:
        caller = await authenticate(connection, request, organization, needs_settings=False)
        now = datetime.now(UTC)
        data = decoder.decode(await request.body())
        try:
            session_id = read_text(data.get("visitor_session_id"), 64)
            visitor_id = read_text(data.get("visitor_id"), 64)
            started_at = read_moment(data.get("started_at"))
            ended_at = read_moment(data["ended_at"]) if data.get("ended_at") else None
            rooms = read_rooms(data.get("rooms"), 0)
        except ValueError:
            raise RefusedError(400, {"non_field_errors": ["Invalid."]}) from None
        async with connection.transaction():
            known = {row["id"] for row in await connection.fetch(ROOMS, caller["organization_id"], rooms)}
            if unknown := [str(room) for room in rooms if room not in known]:
                raise RefusedError(400, {"rooms": unknown})
            row = await connection.fetchrow(
                SESSION, caller["organization_id"], visitor_id, uuid7(), uuid7(), session_id, started_at,
                ended_at, sorted(rooms), now,
            )  # fmt: skip
            if row is None:
                raise refusal(409, "session_visitor_conflict")
    return answer(
        {
            "id": row["id"],
            "organization_id": caller["organization_id"],
            "visitor_session_id": session_id,
            "visitor_id": visitor_id,
            "started_at": moment(row["started_at"]),
            "ended_at": moment(row["ended_at"]) if row["ended_at"] else None,
            "rooms": row["room_ids"],
            "created_at": moment(row["created_at"]),
            "updated_at": moment(row["updated_at"]),
        },
        201 if row["is_new"] else 200,
    )
