"""Authentication by the API token in the `Authorization` header, and how many requests each may make.

A window of `RATE_LIMIT` begins with a token's first request and ends a period later; the next request begins
another. The count is in the database, for all workers and replicas together.
"""

from math import ceil

from django.conf import settings
from django.db import IntegrityError, connection
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from goalsvc.api.errors import RateLimited, invalid_token
from goalsvc.api.requests import SEEN, note
from goalsvc.orgs.callers import find_token
from goalsvc.orgs.models import ApiToken, User

SECONDS_OF = {"second": 1, "minute": 60, "hour": 3600, "day": 24 * 3600}

# One statement: its row lock makes the count exact. The clock is the database's, as workers' clocks differ.
# The count stops at limit + 1, so that it cannot overflow.
COUNT_REQUEST = """
    INSERT INTO orgs_ratewindow AS known (token_id, started_at, requests)
    VALUES (%(token)s, clock_timestamp(), 1)
    ON CONFLICT (token_id) DO UPDATE SET
        requests = CASE
            WHEN known.started_at + %(seconds)s * interval '1 second' <= excluded.started_at THEN 1
            ELSE least(known.requests, %(limit)s) + 1
        END,
        started_at = CASE
            WHEN known.started_at + %(seconds)s * interval '1 second' <= excluded.started_at
            THEN excluded.started_at
            ELSE known.started_at
        END
    RETURNING requests, %(seconds)s - extract(epoch FROM clock_timestamp() - started_at)
"""


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token <key>`, or `Bearer <key>`: one query for token, user and organization."""

    SCHEMES = frozenset({"token", "bearer"})

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the caller, or None when the header is absent or of another scheme.

        Raises: AuthenticationFailed (`invalid_token`) for an unknown, revoked or expired key, or a disabled
            user, without telling which; RateLimited.
        """
        scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() not in self.SCHEMES:
            return None
        key = key.strip()
        if not ApiToken.KEY.fullmatch(key):
            raise invalid_token()
        note(request, token=key[:8])  # as the admin shows it: which program it was, even of a revoked one
        token = find_token(key, at=timezone.now(), ahead=getattr(request, "ahead", None))
        if token is None:
            raise invalid_token()
        if settings.RATE_LIMIT is not None and SEEN not in request.META:
            count_request(token, *settings.RATE_LIMIT)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Token"


def count_request(token: ApiToken, limit: int, period: str) -> None:
    """Count a request of the token; one statement.

    Raises: RateLimited, with how long to wait; AuthenticationFailed when the token has just been deleted.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(COUNT_REQUEST, {"token": token.id, "limit": limit, "seconds": SECONDS_OF[period]})
            requests, seconds_left = cursor.fetchone()
    except IntegrityError:
        raise invalid_token() from None
    if requests > limit:
        raise RateLimited(limit, period, wait=max(1, ceil(seconds_left)))
