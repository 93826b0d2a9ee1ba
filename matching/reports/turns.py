"""Long readings take turns: a client that asks for many at once holds up itself alone.

Each holds one of a worker's connections for as long as it lasts, up to the limit of a statement.
"""

from django.db import connection
from rest_framework import status
from rest_framework.exceptions import APIException

from goalsvc.orgs.models import Organization

# Long readings of one organization at a time, all workers together.
READINGS_AT_ONCE = 4
# The locks end with the transaction, and so with whatever ends the reading.
TAKE_TURN = """
    SELECT turn FROM generate_series(%s::int, %s::int) AS turn
    WHERE pg_try_advisory_xact_lock(hashtext(%s), turn) LIMIT 1
"""


class TooManyReadings(APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "rate_limited"
    default_detail = (
        f"{READINGS_AT_ONCE} reports or CSV files of this organization are being read at this moment. "
        "Try again when one of them has ended."
    )
    wait = 5  # seconds


def take_turn(organization: Organization) -> None:
    """Take one of the organization's READINGS_AT_ONCE, until the transaction ends.

    Raises: TooManyReadings when all are taken. Also in the middle of a streaming answer, before any of it is
    sent (goalsvc.server.reception).
    """
    with connection.cursor() as cursor:
        cursor.execute(TAKE_TURN, [1, READINGS_AT_ONCE, f"reading {organization.pk}"])
        if cursor.fetchone() is None:
            raise TooManyReadings
