"""How many requests each API token may make (`RATE_LIMIT`), counted for all workers and replicas together.

A window begins with a token's first request and ends a period later; the next request begins another.
"""

from math import ceil

from django.db import IntegrityError, connection

from goalsvc.api.errors import RateLimited, invalid_token
from goalsvc.orgs.models import ApiToken

SECONDS_OF = {"second": 1, "minute": 60, "hour": 3600, "day": 24 * 3600}

# One statement, so that the lock on the row makes the count exact; the clock is the database's, which all
# workers share. Once the limit is passed the count stays where it is: a client that goes on asking cannot
# make it overflow.
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

    Raises: RateLimited, saying how long to wait, when it is one too many; AuthenticationFailed when the token
        was deleted at this very moment.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(COUNT_REQUEST, {"token": token.id, "limit": limit, "seconds": SECONDS_OF[period]})
            requests, seconds_left = cursor.fetchone()
    except IntegrityError:
        raise invalid_token() from None
    if requests > limit:
        raise RateLimited(limit, period, wait=max(1, ceil(seconds_left)))
