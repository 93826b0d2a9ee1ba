"""Matches, held matches and attempts as CSV: all rows of a filter at once."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from matching.models import MatchAttempt
from tests.factories import ExternalMatchFactory, PendingMatchFactory, VisitorSessionFactory

LISTS = ["matches", "goals/{goal}/matches", "pending_matches", "match_attempts"]
every_list = pytest.mark.parametrize("path", LISTS)


@pytest.fixture
def rows(organization, goal, room):
    session = VisitorSessionFactory.create(organization=organization, room_ids=[room.id])
    at = datetime(2016, 10, 12, tzinfo=UTC)
    for number in range(3):
        ExternalMatchFactory.create(
            goal=goal,
            session=session,
            visitor_identity=f"=customer-{number}",
            goal_value=Decimal("-5.00"),
            external_id=f"+35850{number}",
            created_at=at + timedelta(minutes=number),
        )
        PendingMatchFactory.create(goal=goal, visitor_identity=f"@customer-{number}")
        MatchAttempt.objects.create(
            organization=organization,
            goal=goal,
            source="single",
            visitor_identity="Äiti, “12”\nline",
            code="session_not_found",
            errors={"rooms": ["No."]},
            created_at=at + timedelta(minutes=number),
        )


def read(response):
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.getvalue().decode(), newline="")))


@every_list
def test_the_csv_has_all_rows_of_the_list_in_its_order_and_all_its_attributes(
    path, as_manager, org_url, goal, rows
):
    url = f"{org_url}/{path.format(goal=goal.id)}"

    shown = as_manager.get(url).json()["results"]
    lines = read(as_manager.get(f"{url}?format=csv"))

    assert len(lines) == 3
    assert [line["id"] for line in lines] == [each["id"] for each in shown]
    assert list(lines[0]) == list(shown[0])


def test_values_are_written_as_the_api_writes_them(as_manager, org_url, room, rows):
    match = as_manager.get(f"{org_url}/matches").json()["results"][0]
    line = read(as_manager.get(f"{org_url}/matches", HTTP_ACCEPT="text/csv"))[0]

    assert line["goal_matched_at"] == match["goal_matched_at"]
    assert line["goal_value"] == "-5.00"
    assert line["rooms"] == str(room.id)
    assert (line["is_retracted"], line["retracted_at"]) == ("false", "")


def test_what_a_spreadsheet_would_run_has_an_apostrophe_and_a_plain_number_has_none(
    as_manager, org_url, rows
):
    line = read(as_manager.get(f"{org_url}/matches?format=csv"))[0]
    held = read(as_manager.get(f"{org_url}/pending_matches?format=csv"))[0]

    assert (line["visitor_identity"], line["external_id"]) == ("'=customer-2", "+358502")
    assert held["visitor_identity"].startswith("'@customer-")


def test_objects_are_json_and_text_is_kept(as_manager, org_url, rows):
    line = read(as_manager.get(f"{org_url}/match_attempts?format=csv"))[0]

    assert line["errors"] == '{"rooms": ["No."]}'
    assert line["visitor_identity"] == "Äiti, “12”\nline"


@every_list
def test_filters_narrow_it(path, as_manager, org_url, goal, rows):
    url = f"{org_url}/{path.format(goal=goal.id)}?format=csv"

    assert read(as_manager.get(f"{url}&visitor_identity=nobody")) == []
    assert len(read(as_manager.get(f"{url}&created_from=2016-10-11T00:00:00Z"))) == 3


@every_list
def test_more_rows_than_a_page_are_all_there(path, as_manager, org_url, organization, goal):
    if path == "pending_matches":
        PendingMatchFactory.create_batch(60, goal=goal)
    elif path == "match_attempts":
        MatchAttempt.objects.bulk_create(
            MatchAttempt(
                organization=organization,
                goal=goal,
                source="batch",
                code="session_not_found",
                created_at=datetime(2016, 10, 12, tzinfo=UTC),
            )
            for _ in range(60)
        )
    else:
        session = VisitorSessionFactory.create(organization=organization)
        ExternalMatchFactory.create_batch(60, goal=goal, session=session)

    assert len(read(as_manager.get(f"{org_url}/{path.format(goal=goal.id)}?format=csv"))) == 60


@every_list
@pytest.mark.parametrize("name", ["cursor", "page_size"])
def test_a_page_of_a_csv_is_400(name, path, as_manager, org_url, goal):
    url = f"{org_url}/{path.format(goal=goal.id)}?format=csv&{name}=10"

    response = as_manager.get(url)

    sentence = "A CSV has no pages: it has all rows. Leave this parameter out."
    assert (response.status_code, response.json()) == (400, {name: [sentence]})


def test_foreign_rows_are_not_in_it(as_stranger, other_organization, rows):
    assert read(as_stranger.get(f"/api/v5/orgs/{other_organization.id}/matches?format=csv")) == []


def test_lists_of_other_things_are_json_alone(as_manager, org_url):
    response = as_manager.get(f"{org_url}/visitor_sessions?format=csv")

    assert (response.status_code, response.json()["detail"]) == (406, "Only JSON is served here.")
