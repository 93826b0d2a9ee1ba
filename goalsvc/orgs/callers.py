"""Finds the caller (token, user and organization) in one statement, the first of nearly every request.

It is hand-written SQL, and its rows become instances without `Model.from_db`, because every request pays for
it. A request may add a row of its own to it, which saves a round trip.
"""

from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, models
from django.db.models.base import ModelState

from goalsvc.database import lifecycle
from goalsvc.database.connection import UnansweredError
from goalsvc.database.statements import BOOLEANS, Ahead, Row, Statement
from goalsvc.orgs.models import ApiToken, Organization, User

M = TypeVar("M", bound=models.Model)

# What every request needs of its caller. Other columns are deferred.
CALLER_COLUMNS = {
    "token_id": "token.id",
    "user_id": "caller.id",
    "email": "caller.email",
    "first_name": "caller.first_name",
    "last_name": "caller.last_name",
    "scopes": "array_to_string(caller.scopes, ',')",
    "is_bot": "caller.is_bot",
    "is_staff": "caller.is_staff",
    "is_superuser": "caller.is_superuser",
    "organization_id": "organization.id",
    "organization_name": "organization.name",
    "subscription_expires_on": "organization.subscription_expires_on",
    # Not on a standby, nor where the operator lets nothing be written.
    "is_touch_due": """(token.last_used_at IS NULL OR token.last_used_at < %(unless_since)s::timestamptz)
          AND current_setting('transaction_read_only') = 'off'""",
}
CALLER_SQL = """
    SELECT {columns}
    FROM orgs_apitoken AS token
    JOIN orgs_user AS caller ON caller.id = token.user_id
    LEFT JOIN orgs_organization AS organization ON organization.id = caller.organization_id{ahead}
    WHERE token.digest = %(digest)s
      AND token.revoked_at IS NULL
      AND (token.expires_at IS NULL OR token.expires_at > %(at)s::timestamptz)
      AND caller.is_active
"""
AUTHENTICATE = Statement(CALLER_SQL.format(columns=", ".join(CALLER_COLUMNS.values()), ahead=""))
# The condition once more: of many requests at the same moment one writes.
TOUCH = Statement("""
    UPDATE orgs_apitoken SET last_used_at = %(at)s::timestamptz
    WHERE id = %(token)s AND revoked_at IS NULL
      AND (last_used_at IS NULL OR last_used_at < %(unless_since)s::timestamptz)
""")


def with_caller(sql: str) -> Statement:
    """Make the statement that finds the caller and in the same round trip runs `sql`.

    Args:
        sql: a SELECT of at most one row, of the organization `%(organization)s`. It is joined where that is
            the caller's own, so that nobody reads another one's rows, whatever the address says. The
            parameter itself ties its tables, as a database that is spread by organization needs.
    """
    return Statement(
        CALLER_SQL.format(
            columns=", ".join([*CALLER_COLUMNS.values(), "ahead.*"]),
            ahead=f"\n    LEFT JOIN LATERAL ({sql}) AS ahead ON organization.id = %(organization)s",
        )
    )


def find_token(key: str, *, at: datetime, ahead: Ahead | None = None) -> ApiToken | None:
    """Return the valid token with this key, its user and their organization loaded; one statement.

    A second one updates the token's `last_used_at`, at most once in TOUCH_INTERVAL. Sets the row of `ahead`.
    """
    unless_since = at - ApiToken.TOUCH_INTERVAL
    row = fetch_first(
        ahead.statement if ahead else AUTHENTICATE,
        digest=ApiToken.digest_of(key),
        at=at,
        unless_since=unless_since,
        **(ahead.values if ahead else {}),
    )
    if row is None:
        return None
    if ahead:
        ahead.row = row[len(CALLER_COLUMNS) :]
    found = dict(zip(CALLER_COLUMNS, row, strict=False))  # the columns of `ahead` follow them
    if BOOLEANS[found["is_touch_due"]]:
        TOUCH.fetch(token=found["token_id"], at=at, unless_since=unless_since)
    organization = None
    if found["organization_id"] is not None:
        last_day = found["subscription_expires_on"]
        organization = loaded(
            Organization,
            id=UUID(found["organization_id"]),
            name=found["organization_name"],
            subscription_expires_on=date.fromisoformat(last_day) if last_day else None,
        )
    user = loaded(
        User,
        id=UUID(found["user_id"]),
        email=found["email"],
        first_name=found["first_name"],
        last_name=found["last_name"],
        organization_id=organization.id if organization else None,
        scopes=found["scopes"].split(",") if found["scopes"] else [],
        is_bot=BOOLEANS[found["is_bot"]],
        is_active=True,
        is_staff=BOOLEANS[found["is_staff"]],
        is_superuser=BOOLEANS[found["is_superuser"]],
    )
    token = loaded(ApiToken, id=UUID(found["token_id"]), user_id=user.id)
    ApiToken.user.field.set_cached_value(token, user)
    User.organization.field.set_cached_value(user, organization)
    return token


def fetch_first(statement: Statement, **parameters: Any) -> Row | None:
    """Run the first statement of a request; return its first row.

    If the connection has died in the pool, because the database was restarted, dead connections are dropped
    and the statement is run again; not if the server does not answer.
    """
    try:
        rows = statement.fetch(**parameters)
    except (OperationalError, InterfaceError) as error:
        if connection.connection is None or connection.in_atomic_block:
            raise
        if isinstance(error.__cause__, UnansweredError) or connection.is_usable():
            raise
        lifecycle.forget_dead_connections()
        rows = statement.fetch(**parameters)
    return rows[0] if rows else None


def loaded(model: type[M], **values: Any) -> M:
    """Make an instance with these values, other fields deferred, in a fifth of the time of `Model.from_db`.

    It skips the signals `pre_init` and `post_init`, which have no receivers.
    """
    instance = model.__new__(model)
    instance._state = ModelState()
    instance._state.adding = False
    instance._state.db = DEFAULT_DB_ALIAS
    instance.__dict__.update(values)
    return instance
