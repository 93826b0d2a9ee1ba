"""Who is calling: found by a statement of its own, or by the one that does the work."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import Request

from tests.benchmark.peer.answers import refused
from tests.benchmark.peer.bodies import read_uuid

KEY = re.compile(r"[0-9a-f]{40}")

# $1 is the token's digest, $2 the moment.
CALLER = """
    SELECT t.id AS token_id, u.id AS user_id, u.scopes, o.id AS caller_organization_id,
           o.name AS organization_name, o.subscription_expires_on,
           t.last_used_at IS NULL OR t.last_used_at < $2::timestamptz - interval '1 hour' AS is_touch_due
    FROM orgs_apitoken AS t JOIN orgs_user AS u ON u.id = t.user_id
    LEFT JOIN orgs_organization AS o ON o.id = u.organization_id
    WHERE t.digest = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)
      AND u.is_active
"""
# Whether a caller may do what takes no scope; $3 is the organization.
IS_ALLOWED = (
    "caller_organization_id = $3 AND subscription_expires_on >= ($2::timestamptz AT TIME ZONE 'UTC')::date"
)
TOUCH = """
    UPDATE orgs_apitoken SET last_used_at = $2
    WHERE id = $1 AND revoked_at IS NULL
      AND (last_used_at IS NULL OR last_used_at < $2::timestamptz - interval '1 hour')
"""


def read_digest(request: Request) -> str:
    """Return the digest of the request's token. Raises: RefusedError."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() not in ("token", "bearer") or not KEY.fullmatch(key):
        raise refused(401, "invalid_token")
    return hashlib.sha256(key.encode()).hexdigest()


def organization_of(request: Request) -> UUID | None:
    return read_uuid(request.path_params["organization"])


async def verify(
    connection: Any, caller: Any, organization: UUID | None, now: datetime, *, needs_settings: bool = False
) -> Any:
    """Return the row of a caller who is allowed. Raises: RefusedError."""
    if caller is None:
        raise refused(401, "invalid_token")
    if caller["is_touch_due"]:
        await connection.execute(TOUCH, caller["token_id"], now)
    if organization is None or caller["caller_organization_id"] != organization:
        raise refused(403, "organization_access_denied")
    expires_on = caller["subscription_expires_on"]
    if expires_on is None or now.date() > expires_on:
        raise refused(403, "subscription_inactive")
    if needs_settings and "settings" not in caller["scopes"]:
        raise refused(403, "settings_permission_required")
    return caller


async def authenticate(connection: Any, request: Request, *, needs_settings: bool = False) -> Any:
    """Return the row of the caller. Raises: RefusedError."""
    now = datetime.now(UTC)
    caller = await connection.fetchrow(CALLER, read_digest(request), now)
    return await verify(connection, caller, organization_of(request), now, needs_settings=needs_settings)
