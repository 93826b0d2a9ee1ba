"""How many requests each API token may make (`RATE_LIMIT`), counted for all workers and replicas together.

A window begins with a token's first request and ends a period later; the next request begins another.
"""

from math import ceil

from django.db import IntegrityError, connection

from goalsvc.api.errors import RateLimited, invalid_token
from goalsvc.orgs.models import ApiToken

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
