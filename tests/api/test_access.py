"""Who may call what: every endpoint, for every kind of caller."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from goals.models import Goal
from goalsvc.orgs.models import ApiToken, Organization
from tests.api.endpoints import ENDPOINTS, Endpoint, Place, goal_body, make_place, methods_of, routes, send
from tests.conftest import Client
from tests.factories import UNKNOWN_ID, UserFactory, issue_token

NOT_AUTHENTICATED = (401, "not_authenticated")
INVALID_TOKEN = (401, "invalid_token")
ACCESS_DENIED = (403, "organization_access_denied")
INACTIVE = (403, "subscription_inactive")
NO_SETTINGS = (403, "settings_permission_required")
NO_REPORTS = (403, "reports_permission_required")

# What each kind of caller lacks of what an endpoint may ask for, and the refusal. An endpoint without an
# organization in its address has nothing to refuse an authenticated caller for.
CALLERS: dict[str, dict[str, tuple[int, str]]] = {
    "anonymous": {"authenticated": NOT_AUTHENTICATED},
    "with a malformed header": {"authenticated": INVALID_TOKEN},
    "with an unknown token": {"authenticated": INVALID_TOKEN},
    "with a revoked token": {"authenticated": INVALID_TOKEN},
    "with an expired token": {"authenticated": INVALID_TOKEN},
    "disabled": {"authenticated": INVALID_TOKEN},
    "manager of another organization": {"access": ACCESS_DENIED},
    "operator without an organization": {"access": ACCESS_DENIED},
    "manager, to an unknown organization": {"access": ACCESS_DENIED},
    "manager, to a malformed organization": {"access": ACCESS_DENIED},
    "manager of an expired organization": {"subscribed": INACTIVE},
    "integrator of an expired organization": {"subscribed": INACTIVE},
    "integrator": {"settings": NO_SETTINGS, "reports": NO_REPORTS},
    "with all scopes but settings": {"settings": NO_SETTINGS},
    "with all scopes but reports": {"reports": NO_REPORTS},
    "manager": {},
}


@dataclass(frozen=True)
class World:
    own: Place
    expired: Place


@pytest.fixture
def world(place: Place, expired_organization: Organization) -> World:
    return World(place, make_place(expired_organization))


def call(caller: str, world: World, request: pytest.FixtureRequest) -> tuple[Client, Place]:
    """Make the caller, and say of which place it asks."""
    cast = request.getfixturevalue
    match caller:
        case "anonymous":
            return Client(), world.own
        case "with a malformed header":
            return Client("not a key"), world.own
        case "with an unknown token":
            return Client("0123456789abcdef0123456789abcdef01234567"), world.own
        case "with a revoked token":
            revoked_at = datetime(2016, 10, 10, tzinfo=UTC)
            return Client(issue_token(cast("manager"), revoked_at=revoked_at)), world.own
        case "with an expired token":
            expires_at = datetime(2016, 10, 10, tzinfo=UTC)
            return Client(issue_token(cast("manager"), expires_at=expires_at)), world.own
        case "disabled":
            user = UserFactory.create(organization=cast("organization"), scopes=["settings"], is_active=False)
            return Client(issue_token(user)), world.own
        case "manager of another organization":
            return cast("as_stranger"), world.own
        case "operator without an organization":
            user = UserFactory.create(
                organization=None, is_superuser=True, is_staff=True, scopes=["settings"]
            )
            return Client(issue_token(user)), world.own
        case "manager, to an unknown organization":
            return cast("as_manager"), replace(world.own, organization_id=UNKNOWN_ID)
        case "manager, to a malformed organization":
            return cast("as_manager"), replace(world.own, organization_id="not-an-id")
        case "manager of an expired organization":
            return cast("as_expired_manager"), world.expired
        case "integrator of an expired organization":
            user = UserFactory.create(organization=cast("expired_organization"))
            return Client(issue_token(user)), world.expired
        case "integrator":
            return cast("as_integrator"), world.own
        case "with all scopes but settings":
            user = UserFactory.create(organization=cast("organization"), scopes=["reports", "users"])
            return Client(issue_token(user)), world.own
        case "with all scopes but reports":
            user = UserFactory.create(organization=cast("organization"), scopes=["settings", "users"])
            return Client(issue_token(user)), world.own
        case "manager":
            return cast("as_manager"), world.own
    raise AssertionError(caller)


def expected(caller: str, endpoint: Endpoint) -> tuple[int, str]:
    lacks = CALLERS[caller]
    return next((lacks[asked] for asked in endpoint.rule if asked in lacks), (endpoint.succeeds, ""))


@pytest.mark.parametrize("caller", CALLERS)
def test_each_endpoint_lets_in_whom_it_should(caller, world, request):
    """One test for all endpoints: a world for each of them would take most of the time."""
    client, place = call(caller, world, request)
    answered = {}
    for endpoint in ENDPOINTS:
        with transaction.atomic():
            response = send(client, endpoint, place)
            transaction.set_rollback(True)
        wanted = expected(caller, endpoint)
        code = response.json()["code"] if wanted[1] else ""
        answered[endpoint] = (response.status_code, code)
        if code:
            assert set(response.json()) == {"detail", "code"}, endpoint
        if response.status_code == 401:
            assert response.headers["WWW-Authenticate"] == "Token", endpoint

    assert answered == {endpoint: expected(caller, endpoint) for endpoint in ENDPOINTS}


def test_a_foreign_and_an_unknown_organization_get_the_same_answer(as_manager, other_organization):
    foreign = as_manager.get(f"/api/v5/orgs/{other_organization.id}/goals")
    unknown = as_manager.get(f"/api/v5/orgs/{UNKNOWN_ID}/goals")

    assert foreign.status_code == unknown.status_code == 403
    assert foreign.content == unknown.content


def test_a_refused_write_changes_nothing(as_integrator, as_stranger, as_nobody, world):
    before = list(Goal.objects.order_by("id").values())
    for client in (as_integrator, as_stranger, as_nobody):
        client.patch(world.own.url("goal-detail"), {"name": "Changed"})
        client.delete(world.own.url("goal-detail"))
        client.post(world.own.url("goal-list"), goal_body(world.own))

    assert list(Goal.objects.order_by("id").values()) == before


def test_a_used_token_remembers_when_at_most_once_an_hour(as_manager, manager):
    [token] = ApiToken.objects.filter(user=manager)
    assert token.last_used_at is None

    as_manager.get("/api/v5/users/me")
    token.refresh_from_db()
    first = token.last_used_at
    as_manager.get("/api/v5/users/me")
    token.refresh_from_db()

    assert first is not None
    assert token.last_used_at == first


def test_a_database_that_only_reads_lets_a_caller_in_and_writes_nothing(as_manager, manager):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        response = as_manager.get("/api/v5/users/me")
        transaction.set_rollback(True)

    assert response.status_code == 200
    assert ApiToken.objects.get(user=manager).last_used_at is None


def test_every_route_and_method_is_in_the_table():
    served = {(method, pattern.name) for pattern in routes() for method in methods_of(pattern)}

    assert served == {(endpoint.method, endpoint.route) for endpoint in ENDPOINTS}
