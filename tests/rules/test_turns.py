"""Long readings of an organization take turns: reports and lists as CSV."""

from contextlib import closing

import psycopg
import pytest
from django.db import connection

from matching.reports.turns import READINGS_AT_ONCE, TAKE_TURN, TooManyReadings

pytestmark = pytest.mark.django_db(transaction=True)  # turns end with it
DAY = {"start_date": "2016-10-10", "end_date": "2016-10-10"}
BUSY = {"detail": str(TooManyReadings.default_detail), "code": "rate_limited"}


@pytest.fixture
def readings(organization):
    """Take all turns of the organization but for one; return what takes a further one."""
    with closing(psycopg.connect(**connection.get_connection_params())) as other:

        def take(turn):  # each by itself: a connection would get one that it has again
            assert other.execute(TAKE_TURN, [turn, turn, f"reading {organization.pk}"]).fetchone()

        for turn in range(1, READINGS_AT_ONCE):
            take(turn)
        yield lambda: take(READINGS_AT_ONCE)


def test_one_reading_too_many_is_told_to_come_back(as_manager, org_url, goal, readings):
    paths = [f"{org_url}/reports/goals", f"{org_url}/goals/{goal.id}/report"]
    assert [as_manager.get(path, DAY).status_code for path in paths] == [200, 200]
    readings()

    for path in paths:
        answer = as_manager.get(path, DAY)
        assert (answer.status_code, answer.json(), answer["Retry-After"]) == (429, BUSY, "5")


@pytest.mark.parametrize("path", ["reports/goals", "matches"])
def test_so_is_one_as_csv(path, as_manager, org_url, readings):
    asked = {"format": "csv", **(DAY if path == "reports/goals" else {})}
    assert as_manager.get(f"{org_url}/{path}", asked).getvalue()
    readings()

    with pytest.raises(TooManyReadings):  # which the server turns into a 429: see tests/service/test_limits
        as_manager.get(f"{org_url}/{path}", asked).getvalue()


def test_lists_and_other_organizations_are_served_meanwhile(
    as_manager, as_stranger, org_url, other_organization, readings
):
    others = f"/api/v5/orgs/{other_organization.id}/matches"
    readings()

    assert as_manager.get(f"{org_url}/matches").status_code == 200
    assert as_stranger.get(others, {"format": "csv"}).getvalue()


def test_a_reading_that_has_ended_makes_room(as_manager, org_url, readings):
    for _ in range(READINGS_AT_ONCE + 1):
        assert as_manager.get(f"{org_url}/reports/goals", DAY).status_code == 200
