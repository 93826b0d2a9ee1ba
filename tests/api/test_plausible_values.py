"""Moments that are placeholders and sums that may be a thousand times as much are refused, with a way out."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import ExternalMatchFactory

PLACEHOLDERS = [
    "0001-01-01T00:00:00Z", "1601-01-01T00:00:00Z", "1899-12-30T00:00:00Z", "1900-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z", "1999-12-31T23:59:59.999Z", "1980-01-01T00:00:00+02:00",
]  # fmt: skip
AHEAD = ["9999-12-31T23:59:59Z", "2126-03-02T08:00:00Z", "2038-01-19T03:14:07Z"]
PAST = "Before the year 2000: it looks like a placeholder. Send the real moment."
FUTURE = "More than 24 hours in the future: it looks like a placeholder. Send the real moment."


@pytest.fixture
def session(room):
    return {
        "visitor_session_id": "visit-1",
        "visitor_id": "laptop-1",
        "started_at": "2016-10-10T20:00:00Z",
        "rooms": [str(room.id)],
    }


@pytest.fixture
def match(room):
    return {
        "visitor_identity": "customer-1",
        "goal_matched_at": "2016-10-10T22:00:49Z",
        "rooms": [str(room.id)],
    }


@pytest.mark.parametrize(
    ("moment", "sentence"), [*((each, PAST) for each in PLACEHOLDERS), *((each, FUTURE) for each in AHEAD)]
)
def test_a_moment_that_cannot_be_meant_is_refused(
    moment, sentence, as_integrator, org_url, goal, session, match
):
    for attribute in ("started_at", "ended_at"):
        response = as_integrator.post(f"{org_url}/visitor_sessions", session | {attribute: moment})
        assert (response.status_code, response.json()) == (400, {attribute: [sentence]})
    response = as_integrator.post(f"{org_url}/goals/{goal.id}/matches", match | {"goal_matched_at": moment})
    assert (response.status_code, response.json()) == (400, {"goal_matched_at": [sentence]})


@pytest.mark.parametrize(
    "moment", ["2000-01-01T00:00:00Z", "2016-10-10 20:00:00 +0300", "2016-10-10T20:00:00 Z"]
)
def test_a_plausible_moment_is_taken(moment, as_integrator, org_url, session):
    response = as_integrator.post(f"{org_url}/visitor_sessions", session | {"started_at": moment})

    assert response.status_code == 201


def test_a_space_before_the_offset_changes_nothing(as_integrator, org_url, session):
    response = as_integrator.post(
        f"{org_url}/visitor_sessions", session | {"started_at": "2016-10-10 20:00:00 +0300"}
    )

    assert response.json()["started_at"] == "2016-10-10T17:00:00.000Z"


def test_a_little_future_is_no_mistake(as_integrator, org_url, session):
    soon = (datetime.now(UTC) + timedelta(hours=23)).isoformat()

    assert (
        as_integrator.post(f"{org_url}/visitor_sessions", session | {"started_at": soon}).status_code == 201
    )


GROUPED = {
    "1.000": ("1000.00", "1"), "1.250": ("1250.00", "1.25"), "12.500": ("12500.00", "12.5"),
    "3.500": ("3500.00", "3.5"), "1.234": ("1234.00", "1.234"), "-2.500": ("-2500.00", "-2.5"),
    "+2.500": ("2500.00", "2.5"), "999.999": ("999999.00", "999.999"), " 1.250 ": ("1250.00", "1.25"),
}  # fmt: skip


@pytest.mark.parametrize("text", GROUPED)
def test_a_text_that_may_be_thousands_is_refused_everywhere(
    text, as_manager, org_url, goal, match, room, organization
):
    grouped, decimal = GROUPED[text]
    said = [
        f"“{text.strip()}” may be {grouped} or {decimal}. Write the one that is meant, with two decimals."
    ]
    written = ExternalMatchFactory.create(organization=organization)
    path = f"{org_url}/goals/{goal.id}"

    for response, attribute in (
        (as_manager.post(f"{path}/matches", match | {"goal_value": text}), "goal_value"),
        (as_manager.patch(path, {"default_value": text}), "default_value"),
        (as_manager.patch(f"{org_url}/matches/{written.id}", {"goal_value": text}), "goal_value"),
    ):
        assert (response.status_code, response.json()) == (400, {attribute: said})


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("60.0000", "60.00"),
        ("1.25", "1.25"),
        ("1250", "1250.00"),
        (1.25, "1.25"),
        ("1.2", "1.20"),
        ("1e3", "1000.00"),
    ],
)
def test_a_value_that_is_clear_is_taken(sent, value, as_manager, org_url, goal):
    response = as_manager.patch(f"{org_url}/goals/{goal.id}", {"default_value": sent})

    assert (response.status_code, response.json()["default_value"]) == (200, value)


def test_a_number_with_three_decimals_is_no_text(as_manager, org_url, goal):
    response = as_manager.send("PATCH", f"{org_url}/goals/{goal.id}", b'{"default_value": 1.250}')

    assert response.json()["default_value"] == "1.25"
