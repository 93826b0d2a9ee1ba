"""POST …/visitor_sessions/batch and …/visitor_identities/batch (one by one: tests/rules)"""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from matching.models import Visitor, VisitorIdentity, VisitorSession
from tests.factories import VisitorFactory, VisitorSessionFactory, ids


@pytest.fixture
def session(room):
    return {
        "visitor_session_id": "session-1",
        "visitor_id": "phone",
        "started_at": "2016-10-10T20:00:00Z",
        "rooms": ids(room),
    }


IDENTITY = {"visitor_identity": "customer-12345678", "visitor_id": "phone"}


def test_sessions_merge_within_a_batch_and_with_what_is_known(
    as_integrator, org_url, session, organization, room, second_room, foreign_room
):
    laptop = VisitorFactory.create(organization=organization, visitor_id="laptop")
    VisitorSessionFactory.create(
        visitor=laptop, visitor_session_id="known", started_at="2016-10-10T21:00:00Z"
    )

    response = as_integrator.post(
        f"{org_url}/visitor_sessions/batch",
        {
            "visitor_sessions": [
                session,
                session | {"started_at": "2016-10-10T19:00:00Z", "rooms": ids(second_room)},
                session | {"visitor_session_id": "known", "visitor_id": "laptop"},
                session | {"visitor_session_id": "known", "visitor_id": "tablet"},
                session | {"visitor_session_id": "lost", "rooms": ids(foreign_room)},
                session | {"visitor_session_id": "lost", "started_at": "x"},
                5,
            ]
        },
    )

    assert response.status_code == 200, response.content
    results = response.json()["results"]
    first, _, known, *_ = (result.get("visitor_session") for result in results)
    merged = {
        "id": first["id"],
        "organization_id": str(organization.id),
        "visitor_session_id": "session-1",
        "visitor_id": "phone",
        "started_at": "2016-10-10T19:00:00.000Z",
        "ended_at": None,
        "rooms": sorted(ids(room, second_room)),
        "created_at": first["created_at"],
        "updated_at": first["updated_at"],
    }
    invalid = {"code": "validation_error", "detail": "Some attributes are missing or invalid."}
    assert results == [
        {"index": 0, "status": 201, "visitor_session": merged},
        {"index": 1, "status": 200, "visitor_session": merged},
        {"index": 2, "status": 200, "visitor_session": known},
        {
            "index": 3,
            "status": 409,
            "code": "session_visitor_conflict",
            "detail": "This visitor_session_id is a session of another visitor.",
        },
        {
            "index": 4,
            "status": 400,
            **invalid,
            "errors": {"rooms": [f"{foreign_room.id} is not a room of the organization."]},
        },
        {
            "index": 5,
            "status": 400,
            **invalid,
            "errors": {
                "started_at": ["Not an ISO 8601 date and time, such as 2016-10-10T22:00:49.123Z."],
            },
        },
        {"index": 6, "status": 400, **invalid, "errors": {"non_field_errors": ["Not a JSON object."]}},
    ]
    assert (known["started_at"], known["rooms"]) == ("2016-10-10T20:00:00.000Z", ids(room))
    assert response.json()["summary"] == {
        "received": 7,
        "created": 1,
        "known": 2,
        "failed": 4,
        "by_code": {"validation_error": 3, "session_visitor_conflict": 1},
    }
    assert sorted(Visitor.objects.values_list("visitor_id", flat=True)) == ["laptop", "phone"]


def test_identities_merge_within_a_batch_and_with_what_is_known(as_integrator, org_url, organization):
    laptop = VisitorFactory.create(organization=organization, visitor_id="laptop")
    VisitorSessionFactory.create(visitor=laptop, visitor_session_id="of the laptop")

    response = as_integrator.post(
        f"{org_url}/visitor_identities/batch",
        {
            "visitor_identities": [
                IDENTITY | {"visitor_session_id": "a"},
                IDENTITY,
                IDENTITY | {"visitor_id": "laptop"},
                {"custom_visitor_identity": "customer-12345678", "visitor_id": "phone"},
                IDENTITY | {"visitor_id": "tablet", "visitor_session_id": "of the laptop"},
                {"visitor_identity": ""},
            ]
        },
    )

    results = response.json()["results"]
    assert [result["status"] for result in results] == [201, 200, 201, 200, 409, 400]
    assert results[0]["visitor_identity"] == {
        "id": results[0]["visitor_identity"]["id"],
        "organization_id": str(organization.id),
        "visitor_identity": "customer-12345678",
        "visitor_id": "phone",
        "visitor_session_id": "a",
        "created_at": results[0]["visitor_identity"]["created_at"],
    }
    assert results[3]["visitor_identity"] == results[0]["visitor_identity"]
    assert results[4]["code"] == "session_visitor_conflict"
    assert results[5]["errors"] == {
        "visitor_identity": ["This field may not be blank."],
        "visitor_id": ["This field is required."],
    }
    assert response.json()["summary"] == {
        "received": 6,
        "created": 2,
        "known": 2,
        "failed": 2,
        "by_code": {"session_visitor_conflict": 1, "validation_error": 1},
    }
    assert VisitorIdentity.objects.count() == 2
    assert not Visitor.objects.filter(visitor_id="tablet").exists()


def test_ndjson_is_taken_line_by_line(as_integrator, org_url, session):
    lines = [json.dumps(session), "{broken", json.dumps(session | {"visitor_session_id": "b"})]

    response = as_integrator.send(
        "POST", f"{org_url}/visitor_sessions/batch", "\n".join(lines).encode(), "application/x-ndjson"
    )

    assert [result["status"] for result in response.json()["results"]] == [201, 400, 201]


def statements_of(client, url, body):
    client.get("/api/v5/users/me")
    with CaptureQueriesContext(connection) as statements:
        response = client.post(url, body)
    assert response.status_code == 200, response.content
    return len(statements)


def test_5000_sessions_take_the_statements_of_one(as_integrator, org_url, session, room, second_room):
    """Of one session with its identity that has to be refused in part: each step has something to do."""
    url = f"{org_url}/visitor_sessions/batch"
    conflict = session | {"visitor_id": "tablet"}

    def reports(count):
        return [
            session
            | {
                "visitor_session_id": f"of {count}: {n // 2}",
                "visitor_id": f"visitor {n // 2}",
                "visitor_identity": f"customer {n // 4}",
                "rooms": ids(room if n % 2 else second_room),
            }
            for n in range(count)
        ]

    as_integrator.post(f"{org_url}/visitor_sessions", session)
    counts = [
        statements_of(as_integrator, url, {"visitor_sessions": [conflict, *reports(count)]})
        for count in (1, 9, 4999)
    ]

    assert counts == [counts[0]] * 3
    assert VisitorSession.objects.count() == 1 + 1 + 5 + 2500
    assert VisitorIdentity.objects.values("identity").distinct().count() == 1250


def test_5000_identities_take_the_statements_of_two(as_integrator, org_url):
    url = f"{org_url}/visitor_identities/batch"

    def reports(count):
        return [
            {"visitor_identity": f"of {count}: {n}", "visitor_id": f"visitor {n}", "visitor_session_id": "s"}
            for n in range(count)
        ]

    counts = [
        statements_of(as_integrator, url, {"visitor_identities": reports(count)}) for count in (2, 10, 5000)
    ]

    assert counts == [counts[0]] * 3
    assert VisitorIdentity.objects.count() == 5012
