"""Keys, passwords and identities: whatever is done with them, they are in no log, error page or history."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client as Browser

from goalsvc.api.log import JSONFormatter
from goalsvc.orgs.models import ApiToken, HistoryEntry, User
from goalsvc.orgs.views import RoomViewSet
from matching.models import ExternalMatch, PendingMatch, VisitorIdentity
from tests.admin.samples import act
from tests.conftest import Client
from tests.factories import GoalFactory, issue_token

IDENTITY = "customer-marked-7f3a"
UNKNOWN = f"unknown-{IDENTITY}"
PASSWORD = "marked pass phrase 9c1e"


class Log:
    """All that is logged, down to the least level, as it is written."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    handler = logging.StreamHandler(log.stream)
    handler.setFormatter(JSONFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield log
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
def key(manager: User) -> str:
    return issue_token(manager)


@pytest.fixture
def api(key: str) -> Client:
    return Client(key)


def histories() -> str:
    return str([list(model.objects.values()) for model in (HistoryEntry, LogEntry, AccessAttempt)])


def use_the_api(api: Client, key: str, org_url: str, room_id: str, goal_id: str) -> None:
    """Do all sorts of things with the identity and the key."""
    session = {
        "visitor_session_id": "visit-1",
        "visitor_id": "laptop-7",
        "started_at": "2016-10-10T20:00:00Z",
        "rooms": [room_id],
        "visitor_identity": IDENTITY,
    }
    match = {"visitor_identity": IDENTITY, "goal_matched_at": "2016-10-10T22:00:00Z", "rooms": [room_id]}
    held = match | {"visitor_identity": UNKNOWN, "if_unmatched": "hold"}
    matches = f"{org_url}/goals/{goal_id}/matches"
    answers = [
        (
            201,
            api.post(
                f"{org_url}/visitor_identities", {"visitor_identity": IDENTITY, "visitor_id": "phone-8"}
            ),
        ),
        (201, api.post(f"{org_url}/visitor_sessions", session)),
        (200, api.post(matches, match | {"external_id": "receipt-1"})),
        (409, api.post(matches, match | {"external_id": "receipt-1", "goal_value": 3})),
        (404, api.post(matches, match | {"visitor_identity": UNKNOWN})),
        (202, api.post(matches, held | {"external_id": "receipt-2"})),
        (400, api.post(matches, match | {"visitor_identity": IDENTITY * 20})),
        (200, api.post(matches, match, HTTP_IDEMPOTENCY_KEY=key)),
        (
            200,
            api.post(f"{org_url}/matches/batch", {"matches": [match, IDENTITY, held | {"goal_id": goal_id}]}),
        ),
        (400, api.send("POST", matches, f'{{"visitor_identity": "{IDENTITY}'.encode())),
        (200, api.get(f"{org_url}/matches?visitor_identity={IDENTITY}")),
        (400, api.get(f"{org_url}/matches?visitor_identity={IDENTITY}&token={key}")),
        (404, api.get(f"{org_url}/visitor_identities/{IDENTITY}/nothing")),
        (404, api.get(f"{org_url}/rooms/{IDENTITY}")),
        (403, api.get(f"/api/v5/orgs/{IDENTITY}/rooms")),
        (404, api.get(f"/{key}")),
        (400, api.get("/api/v5/users/me", HTTP_HOST="evil.example")),
        (401, Client(f"{key}x").get("/api/v5/users/me")),
        (401, Client().get("/api/v5/users/me", HTTP_AUTHORIZATION=f"Basic {key}")),
    ]
    for status, answer in answers:
        assert answer.status_code == status, answer.content


def use_the_admin(browser: Browser, user: User) -> None:
    """Do with the rows of the identity, and with a new token, all that the admin offers."""
    rows: list[Any] = [ExternalMatch.objects.first(), PendingMatch.objects.first()]
    lists = ["/admin/matching/externalmatch/", "/admin/matching/pendingmatch/"]
    identity = VisitorIdentity.objects.get(visitor__visitor_id="phone-8")
    for page in (*lists, "/admin/matching/visitoridentity/", "/admin/matching/matchattempt/"):
        assert browser.get(page, {"q": IDENTITY}).status_code == 200
    assert browser.get(f"/admin/matching/visitoridentity/{identity.pk}/change/").status_code == 200
    for page, row, actions in zip(
        lists, rows, (("retract", "restore"), ("try_again", "cancel")), strict=True
    ):
        assert IDENTITY in browser.get(f"{page}{row.pk}/change/").content.decode()
        for action in actions:
            assert act(browser, page, action, row)
    assert browser.get(f"/admin/matching/visitoridentity/?identity__startswith={IDENTITY}").status_code == 400
    form = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    assert browser.post(f"/admin/orgs/user/{user.pk}/password/", form).status_code == 302
    login = {"username": user.email, "password": PASSWORD + "!", "next": f"/admin/?q={IDENTITY}"}
    assert Browser().post(f"/admin/login/?next=/admin/?q={IDENTITY}", login).status_code == 200


def test_they_are_in_no_log_and_no_history(
    log: Log, api: Client, key: str, org_url: str, room: Any, goal: Any, manager: User, as_operator: Browser
) -> None:
    use_the_api(api, key, org_url, str(room.id), str(goal.id))
    use_the_admin(as_operator, manager)
    page = as_operator.post(
        "/admin/orgs/apitoken/add/", {"user": str(manager.pk), "description": "Till"}, follow=True
    )
    new_key = page.context["key"]
    token = ApiToken.objects.get(description="Till")
    as_operator.post("/admin/orgs/apitoken/", {"action": "revoke", "_selected_action": [str(token.pk)]})

    assert HistoryEntry.objects.count() >= 5
    assert AccessAttempt.objects.count() == 1
    assert sum(line["message"] == "request" for line in log.lines) > 30
    for secret in (key, new_key, PASSWORD, IDENTITY, ApiToken.digest_of(key)):
        assert secret not in log.text
        assert secret not in histories()


def test_a_crash_tells_neither_the_caller_nor_the_log_what_it_quoted(
    log: Log, api: Client, key: str, org_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(self: Any, request: Any, **kwargs: Any) -> None:
        try:
            raise KeyError(IDENTITY)
        except KeyError:
            raise ValueError(f"{IDENTITY} of {request.META['HTTP_AUTHORIZATION']}") from None

    monkeypatch.setattr(RoomViewSet, "retrieve", crash)
    answer = api.get(f"{org_url}/rooms/{IDENTITY}")

    assert answer.status_code == 500
    [line] = [line for line in log.lines if line["level"] == "error"]
    assert line["message"] == (
        "Internal Server Error: /api/v5/orgs/<str:organization_id>/rooms/<str:room_id>"
    )
    assert line["request_id"] == answer.headers["X-Request-ID"]
    # Where it happened, and what kind of error, is there.
    assert line["exception"].endswith("ValueError")
    assert ", in crash\n" in line["exception"]
    for secret in (key, IDENTITY):
        assert secret not in answer.content.decode()
        assert secret not in log.text


def test_an_error_of_the_database_is_told_without_its_values(
    log: Log, api: Client, org_url: str, room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: Any, **kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO orgs_organization (id, name, created_at, updated_at)"
                " VALUES (gen_random_uuid(), repeat(%s, 9), now(), now())",
                [IDENTITY],
            )

    monkeypatch.setattr(RoomViewSet, "retrieve", crash)
    api.get(f"{org_url}/rooms/{room.id}")

    [line] = [line for line in log.lines if line["level"] == "error"]
    assert line["exception"].count("Traceback") == 2
    assert "django.db.utils.DataError sqlstate=22001" in line["exception"]
    assert IDENTITY not in log.text


def test_a_constraint_that_is_violated_is_named(
    log: Log, api: Client, org_url: str, room: Any, organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: Any, **kwargs: Any) -> None:
        GoalFactory.create(organization=organization, name="")

    monkeypatch.setattr(RoomViewSet, "retrieve", crash)
    api.get(f"{org_url}/rooms/{room.id}")

    [line] = [line for line in log.lines if line["level"] == "error"]
    assert "sqlstate=23514 table_name=goals_goal constraint_name=goal_name_not_empty" in line["exception"]
    assert "DETAIL" not in line["exception"]


def test_an_error_of_the_program_keeps_its_message(
    log: Log, api: Client, org_url: str, room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RoomViewSet, "retrieve", lambda *args, **kwargs: room.no_such_thing)
    api.get(f"{org_url}/rooms/{room.id}")

    [line] = [line for line in log.lines if line["level"] == "error"]
    assert line["exception"].endswith("AttributeError: 'Room' object has no attribute 'no_such_thing'")


def test_a_refusal_for_safetys_sake_is_one_line_without_a_traceback(log: Log, api: Client) -> None:
    api.get("/api/v5/users/me", HTTP_HOST="evil.example")

    [line] = [line for line in log.lines if line["level"] == "error"]
    assert line["logger"] == "django.security.DisallowedHost"
    assert "ALLOWED_HOSTS" in line["message"]
    assert "exception" not in line
