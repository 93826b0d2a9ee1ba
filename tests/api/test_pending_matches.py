"""GET, DELETE …/pending_matches: what is held, and giving it up (holding and settling: tests/rules)"""

from datetime import UTC, datetime

import pytest

from matching.models import PendingMatch
from tests.factories import UNKNOWN_ID, ExternalMatchFactory, GoalFactory, PendingMatchFactory, ids

LONG_AGO = datetime(2016, 11, 10, tzinfo=UTC)


@pytest.fixture
def held(organization, goal):
    """One held match of each status; the overdue one has not been swept yet."""
    gone = {"resolved_at": LONG_AGO}
    match = ExternalMatchFactory.create(goal=goal)
    return {
        "pending": PendingMatchFactory.create(
            goal=goal, visitor_identity="ann", external_id="x", request_digest=b"x"
        ),
        "overdue": PendingMatchFactory.create(goal=goal, expires_at=LONG_AGO),
        "matched": PendingMatchFactory.create(goal=goal, status="matched", match=match, **gone),
        "expired": PendingMatchFactory.create(organization=organization, status="expired", **gone),
        "cancelled": PendingMatchFactory.create(
            organization=organization, status="cancelled", visitor_identity="bob", **gone
        ),
    }


def found(client, url):
    response = client.get(url)
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "cancelled expired matched overdue pending"),
        ("status=pending", "pending"),
        ("status=matched", "matched"),
        ("status=expired", "expired overdue"),
        ("status=cancelled", "cancelled"),
        ("goal_id={goal}", "matched overdue pending"),
        ("goal={goal}", "matched overdue pending"),
        ("goal={unknown}", ""),
        ("visitor_identity=ann", "pending"),
        ("identity=bob", "cancelled"),
        ("external_id=x", "pending"),
        ("goal={goal}&status=expired", "overdue"),
        ("identity=ann&status=matched", ""),
    ],
)
def test_held_matches_are_filtered(query, names, as_integrator, org_url, held, goal):
    PendingMatchFactory.create(visitor_identity="ann")  # of another organization
    query = query.format(goal=goal.id, unknown=UNKNOWN_ID)

    assert found(as_integrator, f"{org_url}/pending_matches?{query}") == ids(
        *(held[name] for name in names.split())
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=open", "status"),
        ("status=", "status"),
        ("goal=x", "goal"),
        ("goal_id=x", "goal_id"),
        ("identity=%00", "identity"),
    ],
)
def test_a_filter_that_means_nothing_is_400_naming_it(query, field, as_integrator, org_url):
    response = as_integrator.get(f"{org_url}/pending_matches?{query}")

    assert (response.status_code, list(response.json())) == (400, [field])


def test_each_status_is_shown_with_when_it_came_and_what_settled_it(as_integrator, org_url, held):
    shown = {
        name: as_integrator.get(f"{org_url}/pending_matches/{pending.id}").json()
        for name, pending in held.items()
    }

    assert {name: row["status"] for name, row in shown.items()} == {
        "pending": "pending",
        "overdue": "expired",
        "matched": "matched",
        "expired": "expired",
        "cancelled": "cancelled",
    }
    assert {name for name, row in shown.items() if row["resolved_at"] == "2016-11-10T00:00:00.000Z"} == {
        "matched",
        "expired",
        "cancelled",
    }
    assert {name: row["match_id"] for name, row in shown.items() if row["match_id"]} == {
        "matched": str(held["matched"].match_id)
    }


@pytest.mark.parametrize("method", ["get", "delete"])
@pytest.mark.parametrize("which", ["unknown", "malformed", "foreign"])
def test_another_held_match_is_404(method, which, as_integrator, org_url):
    foreign = PendingMatchFactory.create()
    pending_id = {"unknown": UNKNOWN_ID, "malformed": "x", "foreign": foreign.id}[which]

    response = getattr(as_integrator, method)(f"{org_url}/pending_matches/{pending_id}")

    assert (response.status_code, response.json()) == (
        404,
        {"detail": "The organization has no such pending match.", "code": "not_found"},
    )
    assert PendingMatch.objects.get(id=foreign.id).status == "pending"


def test_a_held_match_is_cancelled_once(as_integrator, org_url, held):
    url = f"{org_url}/pending_matches/{held['pending'].id}"

    first, again = as_integrator.delete(url), as_integrator.delete(url)

    assert (first.status_code, first.content, again.status_code) == (204, b"", 409)
    cancelled = as_integrator.get(url).json()
    assert (cancelled["status"], cancelled["match_id"]) == ("cancelled", None)
    assert cancelled["resolved_at"] > cancelled["created_at"]


def test_the_held_matches_of_a_deleted_goal_are_still_listed(as_integrator, org_url, organization):
    goal = GoalFactory.create(organization=organization, deleted_at=LONG_AGO)
    pending = PendingMatchFactory.create(goal=goal)

    assert found(as_integrator, f"{org_url}/pending_matches?goal={goal.id}") == ids(pending)
