"""What became of posted matches that were not written: kept, found again, and counted."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from goals.models import Goal
from matching.models import ExternalMatch, MatchAttempt, PendingMatch
from tests.api.endpoints import match_body
from tests.factories import (
    UNKNOWN_ID,
    GoalFactory,
    PendingMatchFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    ids,
)

CUSTOMER = "customer-12345678"
MATCHED_AT = "2016-10-10T22:00:49.123Z"


@pytest.fixture
def attempts(as_integrator, org_url):
    def get(query: str = "") -> Any:
        response = as_integrator.get(f"{org_url}/match_attempts?{query}")
        assert response.status_code == 200, response.content
        return response.json()["results"]

    return get


def arrive(organization, room, identity=CUSTOMER):
    known = VisitorIdentityFactory.create(organization=organization, identity=identity)
    VisitorSessionFactory.create(visitor=known.visitor, room_ids=[room.id])


# Kept


def test_a_refused_match_is_kept_with_all_that_support_asks_for(
    as_integrator, url, body, attempts, organization, goal, integrator
):
    body |= {"external_id": "receipt-1", "goal_value": 12.5}
    refused = as_integrator.post(url, body, HTTP_X_REQUEST_ID="request-1").json()

    [attempt] = attempts()
    assert attempt == {
        "id": attempt["id"],
        "organization_id": str(organization.id),
        "goal_id": str(goal.id),
        "source": "single",
        "visitor_identity": CUSTOMER,
        "goal_matched_at": MATCHED_AT,
        "goal_value": "12.50",
        "external_id": "receipt-1",
        "code": "session_not_found",
        "detail": refused["detail"],
        "errors": None,
        "reason": refused["reason"],
        "request_id": "request-1",
        "created_at": attempt["created_at"],
        "created_by_user_id": str(integrator.id),
    }
    assert MatchAttempt.objects.filter(errors__isnull=True).exists()
    age = timezone.now() - datetime.fromisoformat(attempt["created_at"])
    assert timedelta(0) <= age < timedelta(minutes=1)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no session": ({}, "session_not_found"),
    "bad attributes": ({"goal_value": "x"}, "validation_error"),
    "an unknown room": ({"rooms": [str(UNKNOWN_ID)]}, "validation_error"),
    "no room": ({"rooms": []}, "validation_error"),
    "another name of the identity": (
        {"custom_visitor_identity": CUSTOMER, "rooms": None},
        "validation_error",
    ),
}


@pytest.mark.parametrize("way", ["single", "batch", "ndjson", "import"])
@pytest.mark.parametrize(("change", "code"), REFUSED.values(), ids=REFUSED)
def test_whichever_way_it_came_the_same_is_kept(
    way, change, code, as_integrator, org_url, url, body, attempts, organization, goal, tmp_path
):
    body = body | {"goal_value": "12.50"} | change
    if "custom_visitor_identity" in change:
        del body["visitor_identity"]
    item = body | {"goal_id": str(goal.id)}
    match way:
        case "single":
            as_integrator.post(url, body)
        case "batch":
            as_integrator.post(f"{org_url}/matches/batch", {"matches": [item]})
        case "ndjson":
            as_integrator.send(
                "POST", f"{org_url}/matches/batch", json.dumps(item).encode(), "application/x-ndjson"
            )
        case "import":
            file = tmp_path / "matches.ndjson"
            file.write_text(json.dumps(item))
            call_command("import_matches", file, organization=str(organization.id))

    [attempt] = attempts()
    assert (attempt["code"], attempt["goal_id"]) == (code, str(goal.id))
    assert (attempt["visitor_identity"], attempt["goal_matched_at"]) == (CUSTOMER, MATCHED_AT)
    assert attempt["goal_value"] == (None if item.get("goal_value") == "x" else "12.50")
    assert attempt["source"] == ("batch" if way == "ndjson" else way)
    assert (attempt["created_by_user_id"] is None) == (way == "import")
    assert (attempt["request_id"] is None) == (way == "import")


@pytest.mark.parametrize(
    ("sent", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "parse_error"),
        (b"[" * 30, "application/json", 400, "parse_error"),
        (b"x" * (1024 * 1024 + 1), "application/json", 413, "payload_too_large"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"[]", "application/json", 400, "validation_error"),
        (b"", "application/json", 400, "validation_error"),
    ],
)
def test_what_cannot_be_read_is_kept_as_well(
    sent, content_type, status, code, as_integrator, url, attempts, goal, integrator
):
    response = as_integrator.send("POST", url, sent, content_type)

    assert response.status_code == status
    [attempt] = attempts()
    assert (attempt["code"], attempt["goal_id"], attempt["created_by_user_id"]) == (
        code,
        str(goal.id),
        str(integrator.id),
    )


@pytest.mark.parametrize(
    ("sent", "content_type", "code"),
    [
        (b"{", "application/json", "parse_error"),
        (b"x" * (16 * 1024 * 1024 + 1), "application/json", "payload_too_large"),
        (b"a;b", "text/csv", "unsupported_media_type"),
        (b"{}", "application/json", "validation_error"),
    ],
)
def test_a_batch_that_cannot_be_read_is_kept_as_one_attempt(
    sent, content_type, code, as_integrator, org_url, attempts
):
    as_integrator.send("POST", f"{org_url}/matches/batch", sent, content_type)

    [attempt] = attempts()
    assert (attempt["code"], attempt["source"], attempt["goal_id"]) == (code, "batch", None)


@pytest.mark.parametrize("which", ["unknown", "malformed", "foreign", "deleted"])
def test_an_attempt_at_no_goal_is_kept_without_one(
    which, as_integrator, org_url, body, attempts, organization, other_organization
):
    goal_id = {
        "unknown": UNKNOWN_ID,
        "malformed": "x",
        "foreign": GoalFactory.create(organization=other_organization).id,
        "deleted": GoalFactory.create(organization=organization, deleted_at="2016-10-11T00:00:00Z").id,
    }[which]

    as_integrator.post(f"{org_url}/goals/{goal_id}/matches", body)

    [attempt] = attempts()
    assert (attempt["code"], attempt["goal_id"]) == ("goal_not_found", None)
    assert (attempt["visitor_identity"], attempt["goal_matched_at"]) == (CUSTOMER, MATCHED_AT)


def test_conflicts_and_misused_keys_are_kept(as_integrator, url, body, attempts, organization, room):
    arrive(organization, room)
    as_integrator.post(url, body | {"external_id": "x"}, HTTP_IDEMPOTENCY_KEY="key")

    as_integrator.post(url, body | {"external_id": "x", "goal_value": 1})
    as_integrator.post(url, body | {"external_id": "y"}, HTTP_IDEMPOTENCY_KEY="key")
    as_integrator.post(url, body, HTTP_IDEMPOTENCY_KEY="x" * 300)

    assert [(attempt["code"], attempt["visitor_identity"]) for attempt in attempts()] == [
        ("validation_error", CUSTOMER),
        ("idempotency_key_reused", CUSTOMER),
        ("external_id_conflict", CUSTOMER),
    ]


@pytest.mark.parametrize(
    "identity", ["", "   ", 5, None, [], {"a": 1}, "a\x00b", "x" * 10000, "\ud800", "\x85"]
)
def test_whatever_was_sent_can_be_kept(identity, as_integrator, url, org_url, body, attempts, goal):
    faulty = body | {"visitor_identity": identity, "external_id": identity, "goal_matched_at": identity}
    batch = {"matches": [faulty | {"goal_id": str(goal.id)}]}
    for where, what in ((url, faulty), (f"{org_url}/matches/batch", batch)):
        as_integrator.send("POST", where, json.dumps(what).encode())

    assert [attempt["code"] for attempt in attempts()] == ["validation_error"] * 2


def test_who_may_not_post_leaves_no_attempt(as_stranger, as_nobody, url, body):
    as_stranger.post(url, body)
    as_nobody.post(url, body)

    assert not MatchAttempt.objects.exists()


def test_success_keeps_nothing_and_costs_nothing(
    as_integrator, url, body, organization, room, django_assert_num_queries
):
    arrive(organization, room)
    as_integrator.get("/api/v5/users/me")

    with django_assert_num_queries(2):  # caller and facts, match
        as_integrator.post(url, body)

    assert not MatchAttempt.objects.exists()


# Found again


@pytest.fixture
def kept(organization, goal):
    def make(day: int, **attributes: Any) -> MatchAttempt:
        return MatchAttempt.objects.create(
            organization=organization,
            source="single",
            created_at=datetime(2016, 10, day, 12, tzinfo=UTC),
            **attributes,
        )

    return {
        "a": make(11, code="session_not_found", visitor_identity="ann", goal=goal),
        "b": make(12, code="parse_error"),
        "c": make(13, code="session_not_found", visitor_identity="bob", goal=goal),
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "cba"),
        ("code=session_not_found", "ca"),
        ("code=nonsense", ""),
        ("goal={goal}", "ca"),
        ("goal_id={goal}", "ca"),
        ("goal={unknown}", ""),
        ("identity=ann", "a"),
        ("visitor_identity=bob", "c"),
        ("from=2016-10-12T12:00:00Z", "cb"),
        ("to=2016-10-12T12:00:00Z", "a"),
        ("from=2016-10-12T12:00:00Z&to=2016-10-13T12:00:00Z", "b"),
        ("code=session_not_found&identity=ann&from=2016-10-11T15:00:00%2B03:00", "a"),
    ],
)
def test_attempts_are_filtered(query, names, attempts, kept, goal, other_organization):
    MatchAttempt.objects.create(
        organization=other_organization,
        code="session_not_found",
        visitor_identity="ann",
        created_at=datetime(2016, 10, 12, 12, tzinfo=UTC),
    )

    found = attempts(query.format(goal=goal.id, unknown=UNKNOWN_ID))

    assert [attempt["id"] for attempt in found] == ids(*(kept[name] for name in names))


@pytest.mark.parametrize(
    ("query", "field"),
    [("goal=x", "goal"), ("from=yesterday", "from"), ("to=2016", "to"), ("code=%00", "code")],
)
def test_a_filter_that_means_nothing_is_400_naming_it(query, field, as_integrator, org_url):
    response = as_integrator.get(f"{org_url}/match_attempts?{query}")

    assert (response.status_code, list(response.json())) == (400, [field])


def rejected_before(client, org_url, match_id):
    return [each["code"] for each in client.get(f"{org_url}/matches/{match_id}").json()["rejected_attempts"]]


def test_a_match_tells_of_the_attempts_that_were_rejected_before_it(
    as_integrator, org_url, url, body, organization, goal, room, attempts
):
    as_integrator.post(url, body | {"goal_value": "x"})
    as_integrator.post(url, body)
    as_integrator.post(f"{org_url}/matches/batch", {"matches": [body | {"goal_id": str(goal.id)}]})
    # Of other events: another identity, moment, goal.
    other_goal = GoalFactory.create(organization=organization)
    as_integrator.post(url, body | {"visitor_identity": "somebody else"})
    as_integrator.post(url, body | {"goal_matched_at": "2016-10-10T22:00:49.124Z"})
    as_integrator.post(f"{org_url}/goals/{other_goal.id}/matches", body)
    arrive(organization, room)

    match = as_integrator.post(url, body).json()
    as_integrator.post(url, body | {"goal_value": "y"})  # after it

    shown = as_integrator.get(f"{org_url}/matches/{match['id']}").json()["rejected_attempts"]
    assert [(each["code"], each["source"]) for each in shown] == [
        ("session_not_found", "batch"),
        ("session_not_found", "single"),
        ("validation_error", "single"),
    ]
    assert shown == attempts(f"goal={goal.id}&identity={CUSTOMER}")[2:]


def test_an_event_with_an_id_is_found_by_it_whatever_else_was_wrong(
    as_integrator, org_url, url, body, organization, room
):
    as_integrator.post(url, body | {"external_id": "receipt-1", "visitor_identity": "a typo"})
    as_integrator.post(url, body | {"external_id": "receipt-2", "visitor_identity": "a typo"})
    arrive(organization, room)

    match = as_integrator.post(url, body | {"external_id": "receipt-1"}).json()

    assert rejected_before(as_integrator, org_url, match["id"]) == ["session_not_found"]


def test_at_most_20_attempts_are_shown_with_a_match(as_integrator, org_url, url, body, organization, room):
    for _ in range(21):
        as_integrator.post(url, body)
    arrive(organization, room)

    match = as_integrator.post(url, body).json()

    assert len(rejected_before(as_integrator, org_url, match["id"])) == 20


# Counted


@pytest.fixture
def summary(as_integrator, org_url):
    def get(query: str = "") -> Any:
        response = as_integrator.get(f"{org_url}/match_attempts/summary?{query}")
        assert response.status_code == 200, response.content
        return response.json()

    return get


EMPTY = {
    "received": 0,
    "matched": 0,
    "replayed": 0,
    "pending": 0,
    "rejected": 0,
    "rejected_by_code": {},
    "match_rate": None,
    "last_success": None,
}


def test_an_organization_without_matches_has_an_empty_summary(summary):
    today = timezone.now().date()

    assert summary() == {
        "from": (today - timedelta(days=6)).isoformat(),
        "to": today.isoformat(),
        "total": EMPTY,
        "results": [],
    }


@pytest.mark.parametrize("way", ["single", "batch", "import"])
def test_matches_are_counted_alike_whichever_way_they_came(
    way, as_integrator, org_url, url, body, organization, goal, room, summary, tmp_path
):
    arrive(organization, room)
    lost = body | {"visitor_identity": "nobody"}
    held = lost | {"if_unmatched": "hold"}
    bodies = [
        body,
        body | {"external_id": "x"},
        body | {"external_id": "x"},
        body | {"external_id": "x"},
        body | {"external_id": "x", "goal_value": 1},
        lost,
        lost,
        body | {"rooms": []},
        held,
        held | {"external_id": "y"},
        held | {"external_id": "y"},
    ]
    items = [each | {"goal_id": str(goal.id)} for each in bodies]
    match way:
        case "single":
            for each in bodies:
                as_integrator.post(url, each)
        case "batch":
            as_integrator.post(f"{org_url}/matches/batch", {"matches": items})
        case "import":
            file = tmp_path / "matches.ndjson"
            file.write_text("\n".join(map(json.dumps, items)))
            call_command("import_matches", file, organization=str(organization.id))

    counted = summary("days=1")

    tally = {
        "received": 11,
        "matched": 2,
        "replayed": 3,
        "pending": 2,
        "rejected": 4,
        "rejected_by_code": {"external_id_conflict": 1, "session_not_found": 2, "validation_error": 1},
        "match_rate": 0.25,
        "last_success": as_integrator.get(url).json()["results"][0]["created_at"],
    }
    assert counted["total"] == tally
    assert counted["results"] == [{"day": counted["to"], "goal_id": str(goal.id), **tally}]


def test_a_held_match_is_counted_once_as_what_has_become_of_it(
    as_integrator, org_url, url, body, organization, room, summary
):
    hold = body | {"if_unmatched": "hold"}
    as_integrator.post(url, hold)
    cancelled, expired = (as_integrator.post(url, hold | {"visitor_identity": n}).json() for n in "ab")
    as_integrator.delete(f"{org_url}/pending_matches/{cancelled['id']}")
    PendingMatch.objects.filter(id=expired["id"]).update(expires_at="2016-11-10T00:00:00Z")
    assert summary()["total"]["pending"] == 1

    as_integrator.post(
        f"{org_url}/visitor_sessions",
        {
            "visitor_session_id": "s",
            "visitor_id": "phone",
            "started_at": "2016-10-10T20:00:00Z",
            "rooms": ids(room),
            "visitor_identity": CUSTOMER,
        },
    )

    total = summary()["total"]
    assert (total["received"], total["matched"], total["pending"]) == (3, 1, 0)
    assert total["rejected_by_code"] == {"cancelled": 1, "expired": 1}
    assert total["last_success"] is not None
    # Swept, they are counted as before.
    call_command("resolve_pending")
    assert summary()["total"] == total


def test_retracted_matches_are_left_out(
    as_integrator, as_manager, org_url, url, body, organization, room, summary
):
    body |= {"if_unmatched": "hold"}
    as_integrator.post(url, body)
    call = {"visitor_identity": CUSTOMER, "visitor_id": "phone"}
    as_integrator.post(f"{org_url}/visitor_identities", call)
    as_integrator.post(
        f"{org_url}/visitor_sessions",
        {
            "visitor_session_id": "s",
            "visitor_id": "phone",
            "started_at": "2016-10-10T20:00:00Z",
            "rooms": ids(room),
        },
    )
    as_integrator.post(url, body)
    assert summary()["total"]["matched"] == 2

    for match in ExternalMatch.objects.all():
        as_manager.delete(f"{org_url}/matches/{match.id}")

    assert summary()["total"] == EMPTY


def test_days_are_utc_and_today_is_one_of_them(as_integrator, url, body, summary, goal):
    today = timezone.now().date()
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC)
    for moment in (
        midnight,
        midnight - timedelta(microseconds=1),
        midnight - timedelta(days=6),
        midnight - timedelta(days=6, microseconds=1),
    ):
        as_integrator.post(url, body)
        MatchAttempt.objects.filter(id=MatchAttempt.objects.latest("id").id).update(created_at=moment)

    def days_of(query: str) -> list[str]:
        return [each["day"] for each in summary(query)["results"]]

    def day(ago: int) -> str:
        return (today - timedelta(days=ago)).isoformat()

    assert days_of("") == days_of("days=7") == [day(6), day(1), day(0)]
    assert days_of("days=8") == [day(7), day(6), day(1), day(0)]
    assert days_of("days=1") == [day(0)]


@pytest.mark.parametrize("days", ["0", "31", "-1", "1.5", "x", "", "9" * 20])
def test_days_are_as_many_as_attempts_are_kept(days, as_integrator, org_url):
    response = as_integrator.get(f"{org_url}/match_attempts/summary?days={days}")

    assert response.status_code == 400
    assert response.json() == {"days": ["Must be a whole number from 1 to 30."]}


def test_the_summary_is_of_the_callers_organization(
    as_stranger, as_integrator, url, body, other_organization
):
    as_integrator.post(url, body)

    theirs = as_stranger.get(f"/api/v5/orgs/{other_organization.id}/match_attempts/summary").json()

    assert theirs["total"] == EMPTY


@pytest.mark.parametrize("goals", [1, 15])
def test_the_summary_takes_two_statements(
    goals, as_integrator, org_url, organization, summary, django_assert_num_queries
):
    for goal in GoalFactory.create_batch(goals, organization=organization):
        PendingMatchFactory.create(goal=goal, created_at=timezone.now())
    as_integrator.get("/api/v5/users/me")

    with django_assert_num_queries(2):
        assert len(summary()["results"]) == goals


@pytest.mark.parametrize("goal_matched_at", ["2016-10-01T00:00:00Z", "2016-10-10T22:00:49.123Z"])
def test_a_stored_reason_has_the_order_of_the_first_one(goal_matched_at, as_manager, org_url, place, room):
    body = match_body(place) | {"goal_matched_at": goal_matched_at, "rooms": [str(room.id)]}
    Goal.objects.update(is_any_room_allowed=True)
    told = as_manager.post(place.url("goal-match-list"), body).json()["reason"]
    as_manager.post(place.url("goal-match-list"), body | {"if_unmatched": "hold"})

    [attempt] = as_manager.get(f"{org_url}/match_attempts").json()["results"]
    held = as_manager.get(f"{org_url}/pending_matches").json()["results"][0]

    assert list(attempt["reason"].items()) == list(held["reason"].items()) == list(told.items())
