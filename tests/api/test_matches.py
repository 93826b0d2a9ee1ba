"""Reading matches, and correcting them: value restated, match retracted, history kept."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest

from goalsvc.orgs.models import HistoryEntry
from matching.models import ExternalMatch
from tests.concurrency import at_once
from tests.conftest import Client
from tests.factories import (
    UNKNOWN_ID,
    ExternalMatchFactory,
    GoalFactory,
    UserFactory,
    VisitorFactory,
    VisitorSessionFactory,
    ids,
    issue_token,
)


@pytest.fixture
def match(organization, goal, room, second_room, integrator):
    visitor = VisitorFactory.create(organization=organization, visitor_id="phone")
    session = VisitorSessionFactory.create(visitor=visitor, visitor_session_id="a", room_ids=[room.id])
    return ExternalMatchFactory.create(
        goal=goal,
        session=session,
        goal_value="123.45",
        unconnected_room_ids=[second_room.id],
        external_id="receipt-1",
        created_by=integrator,
    )


@pytest.fixture
def url(org_url, match):
    return f"{org_url}/matches/{match.id}"


# Reading


def test_a_match_is_read_whole(as_integrator, url, match, organization, goal, room, second_room, integrator):
    whole = {
        "id": str(match.id),
        "organization_id": str(organization.id),
        "goal_id": str(goal.id),
        "visitor_identity": "customer-12345678",
        "visitor_id": "phone",
        "visitor_session_id": "a",
        "session_started_at": "2016-10-10T20:00:00.000Z",
        "goal_matched_at": "2016-10-10T22:00:49.123Z",
        "goal_value": "123.45",
        "goal_value_source": "request",
        "rooms": ids(room),
        "unconnected_rooms": ids(second_room),
        "external_id": "receipt-1",
        "created_at": "2016-10-11T06:00:00.000Z",
        "created_by_user_id": str(integrator.id),
        "is_retracted": False,
        "retracted_at": None,
        "retracted_by_user_id": None,
        "retraction_reason": None,
    }

    assert as_integrator.get(url).json() == whole | {"rejected_attempts": []}
    for listed in ("matches", f"goals/{goal.id}/matches"):
        page = as_integrator.get(f"/api/v5/orgs/{organization.id}/{listed}").json()
        assert page == {"next": None, "previous": None, "results": [whole]}


def test_a_match_is_listed_by_the_very_next_request(as_integrator, org_url, match, goal, room):
    body = {
        "visitor_identity": "customer-12345678",
        "goal_matched_at": "2016-10-10T22:00:49.123Z",
        "rooms": ids(room),
    }
    match.session.visitor.identities.create(
        organization=goal.organization, identity="customer-12345678", created_at=match.created_at
    )

    posted = as_integrator.post(f"{org_url}/goals/{goal.id}/matches", body).json()

    [newest, oldest] = as_integrator.get(f"{org_url}/goals/{goal.id}/matches").json()["results"]
    assert (newest["id"], oldest["id"]) == (posted["id"], str(match.id))
    assert posted.items() <= newest.items()


@pytest.mark.parametrize(
    ("method", "suffix"), [("get", ""), ("patch", ""), ("delete", ""), ("get", "/history")]
)
@pytest.mark.parametrize("which", ["unknown", "malformed", "foreign"])
def test_another_match_is_404(method, which, suffix, as_manager, org_url, other_organization):
    foreign = ExternalMatchFactory.create(organization=other_organization)
    match_id = {"unknown": UNKNOWN_ID, "malformed": "not-an-id", "foreign": foreign.id}[which]

    response = getattr(as_manager, method)(f"{org_url}/matches/{match_id}{suffix}", {"goal_value": "x"})

    assert (response.status_code, response.json()) == (
        404,
        {"detail": "The organization has no such match.", "code": "not_found"},
    )
    foreign.refresh_from_db()
    assert foreign.retracted_at is None


def test_the_matches_of_a_goal_are_those_of_no_other(as_integrator, org_url, goal, organization):
    mine = ExternalMatchFactory.create(goal=goal)
    ExternalMatchFactory.create(organization=organization)
    ExternalMatchFactory.create()

    assert found(as_integrator, f"{org_url}/goals/{goal.id}/matches") == ids(mine)


@pytest.mark.parametrize("which", ["unknown", "malformed", "foreign", "deleted"])
def test_the_matches_of_another_goal_are_404(which, as_integrator, org_url, organization, other_organization):
    goal_id = {
        "unknown": UNKNOWN_ID,
        "malformed": "x",
        "foreign": GoalFactory.create(organization=other_organization).id,
        "deleted": GoalFactory.create(organization=organization, deleted_at="2016-10-11T00:00:00Z").id,
    }[which]

    response = as_integrator.get(f"{org_url}/goals/{goal_id}/matches")

    assert (response.status_code, response.json()["code"]) == (404, "goal_not_found")


# Filters


def found(client, url):
    response = client.get(url)
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


@pytest.fixture
def three(organization, goal, room, second_room):
    """Matches of which each differs from the others in what can be filtered."""

    def make(day: int, **attributes):
        return ExternalMatchFactory.create(
            organization=organization,
            goal_matched_at=datetime(2016, 10, day, 12, tzinfo=UTC),
            session_started_at=datetime(2016, 10, 1, tzinfo=UTC),
            **attributes,
        )

    return {
        "a": make(11, goal=goal, visitor_identity="ann", external_id="x", room_ids=[room.id]),
        "b": make(12, visitor_identity="bob", external_id="y", room_ids=[room.id, second_room.id]),
        "c": make(13, visitor_identity="ann", external_id="z", retracted_at="2016-10-14T00:00:00Z"),
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "cba"),
        ("goal_id={goal}", "a"),
        ("goal_id={unknown}", ""),
        ("visitor_identity=ann", "ca"),
        ("visitor_identity=%20ann%20", "ca"),
        ("visitor_identity=ANN", ""),
        ("external_id=y", "b"),
        ("room={room}", "ba"),
        ("room={second_room}", "b"),
        ("room={unknown}", ""),
        ("matched_from=2016-10-12T12:00:00Z", "cb"),
        ("matched_to=2016-10-12T12:00:00Z", "a"),
        ("matched_from=2016-10-12T15:00:00%2B03:00&matched_to=2016-10-13T12:00:00Z", "b"),
        ("matched_from=2016-10-12T15:00:00+03:00&matched_to=2016-10-13T12:00:00Z", "b"),
        ("is_retracted=true", "c"),
        ("is_retracted=false", "ba"),
        ("visitor_identity=ann&is_retracted=false", "a"),
    ],
)
def test_matches_are_filtered(query, names, as_integrator, org_url, three, goal, room, second_room):
    query = query.format(goal=goal.id, room=room.id, second_room=second_room.id, unknown=UNKNOWN_ID)

    assert found(as_integrator, f"{org_url}/matches?{query}") == ids(*(three[name] for name in names))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("goal_id=x", "goal_id"),
        ("room=x", "room"),
        ("matched_from=2016-10-12", "matched_from"),
        ("matched_to=x", "matched_to"),
        ("is_retracted=1", "is_retracted"),
        ("visitor_identity=%00", "visitor_identity"),
        ("external_id=%00", "external_id"),
    ],
)
def test_a_filter_that_means_nothing_is_400_naming_it(query, field, as_integrator, org_url):
    response = as_integrator.get(f"{org_url}/matches?{query}")

    assert (response.status_code, list(response.json())) == (400, [field])


@pytest.mark.parametrize("name", ["goal_id", "room"])
def test_a_foreign_id_filters_like_an_unknown_one(name, as_integrator, org_url, three, foreign_room):
    foreign = {"room": foreign_room.id, "goal_id": ExternalMatchFactory.create().goal_id}[name]

    assert found(as_integrator, f"{org_url}/matches?{name}={foreign}") == []


def test_pages_keep_their_filter(as_integrator, org_url, three):
    first = as_integrator.get(f"{org_url}/matches?visitor_identity=ann&page_size=1").json()
    second = as_integrator.get(first["next"]).json()

    assert [row["id"] for row in first["results"] + second["results"]] == ids(three["c"], three["a"])
    assert second["next"] is None


# Correcting


def test_a_value_is_restated_and_the_old_one_stays_in_the_history(
    as_manager, url, match, manager, organization
):
    before = as_manager.get(url).json()

    response = as_manager.patch(url, {"goal_value": "100"})

    assert response.status_code == 200, response.content
    del before["rejected_attempts"]
    assert response.json() == before | {"goal_value": "100.00"}
    [change] = as_manager.get(f"{url}/history").json()["results"]
    assert change == {
        "id": change["id"],
        "match_id": str(match.id),
        "kind": "restated",
        "old_value": "123.45",
        "new_value": "100.00",
        "reason": None,
        "changed_at": change["changed_at"],
        "changed_by_user_id": str(manager.id),
        "changed_by_user": {
            "id": str(manager.id),
            "full_name": "Mira Manager",
            "first_name": "Mira",
            "last_name": "Manager",
            "organization_id": str(organization.id),
            "is_bot": False,
        },
    }


def test_a_value_taken_away_leaves_none(as_manager, url):
    answer = as_manager.patch(url, {"goal_value": None}).json()

    assert (answer["goal_value"], answer["goal_value_source"]) == (None, "none")


def test_a_value_given_later_is_the_requests(as_manager, org_url, goal):
    match = ExternalMatchFactory.create(goal=goal)

    answer = as_manager.patch(f"{org_url}/matches/{match.id}", {"goal_value": 5}).json()

    assert (answer["goal_value"], answer["goal_value_source"]) == ("5.00", "request")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "This field is required."),
        ({"rooms": []}, "This field is required."),
        ({"goal_value": "x"}, "Not a decimal number."),
        ({"goal_value": "1.2345"}, "At most 14 digits are allowed, 2 of them decimals."),
        ({"goal_value": []}, "Not a decimal number."),
    ],
)
def test_a_correction_is_a_value(body, sentence, as_manager, url):
    response = as_manager.patch(url, body)

    assert (response.status_code, response.json()) == (400, {"goal_value": [sentence]})
    assert not HistoryEntry.objects.exists()


def test_nothing_but_the_value_can_be_corrected(as_manager, url, match):
    before = as_manager.get(url).json()

    as_manager.patch(
        url, {**before, "visitor_identity": "x", "rooms": [], "external_id": "y", "goal_value": "1.00"}
    )

    after = as_manager.get(url).json()
    assert {name for name in before if before[name] != after[name]} == {"goal_value"}


def test_a_retracted_match_is_read_as_such_and_counts_no_more(as_manager, url, org_url, manager):
    response = as_manager.delete(url)

    assert (response.status_code, response.content) == (204, b"")
    answer = as_manager.get(url).json()
    assert (answer["is_retracted"], answer["retracted_by_user_id"]) == (True, str(manager.id))
    assert answer["retracted_at"] is not None
    assert found(as_manager, f"{org_url}/matches?is_retracted=false") == []


def test_a_match_is_retracted_once(as_manager, url):
    as_manager.delete(url)
    first = as_manager.get(url).json()

    assert as_manager.delete(url).status_code == 204
    assert as_manager.get(url).json() == first
    assert [each["kind"] for each in as_manager.get(f"{url}/history").json()["results"]] == ["retracted"]


def test_corrections_say_why(as_manager, url):
    as_manager.patch(url, {"goal_value": "1.00", "reason": " Partly sent back "})
    assert as_manager.delete(f"{url}?retraction_reason=All%20sent%20back").status_code == 204
    as_manager.delete(f"{url}?retraction_reason=Once%20more")

    assert as_manager.get(url).json()["retraction_reason"] == "All sent back"
    changes = as_manager.get(f"{url}/history").json()["results"]
    assert [each["reason"] for each in changes] == ["All sent back", "Partly sent back"]


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("x" * 501, "Must have at most 500 characters."),
        ("a%00b", "Control characters and lone surrogates are not allowed."),
    ],
)
def test_a_reason_that_cannot_be_kept_is_400_and_retracts_nothing(reason, sentence, as_manager, url):
    response = as_manager.delete(f"{url}?retraction_reason={reason}")

    assert (response.status_code, response.json()) == (400, {"retraction_reason": [sentence]})
    assert as_manager.get(url).json()["is_retracted"] is False


def test_an_empty_reason_is_none(as_manager, url):
    as_manager.delete(f"{url}?retraction_reason=%20%20")

    assert as_manager.get(url).json()["retraction_reason"] is None


def test_a_reason_of_a_correction_is_text(as_manager, url):
    for reason in ("x" * 501, "a\0b", 5, ""):
        response = as_manager.patch(url, {"goal_value": "1.00", "reason": reason})
        assert (response.status_code, list(response.json())) == (400, ["reason"])


def test_a_retracted_match_has_no_value_to_correct(as_manager, url, match):
    as_manager.delete(url)

    response = as_manager.patch(url, {"goal_value": "1.00"})

    assert (response.status_code, response.json()["code"]) == (409, "match_retracted")
    match.refresh_from_db()
    assert str(match.goal_value) == "123.45"


def test_a_retracted_event_that_comes_again_is_still_the_same(as_manager, url, org_url, goal, match, room):
    """Else the retry of a delivery would undo the correction."""
    body = {
        "visitor_identity": "customer-12345678",
        "goal_matched_at": "2016-10-10T22:00:49.123Z",
        "rooms": ids(room),
        "external_id": "receipt-2",
    }
    match.session.visitor.identities.create(
        organization=goal.organization, identity="customer-12345678", created_at=match.created_at
    )
    first = as_manager.post(f"{org_url}/goals/{goal.id}/matches", body).json()
    as_manager.delete(f"{org_url}/matches/{first['id']}")

    again = as_manager.post(f"{org_url}/goals/{goal.id}/matches", body)

    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert ExternalMatch.objects.filter(retracted_at=None).count() == 1


def test_the_history_is_newest_first_in_pages(as_manager, url):
    for value in ("1.00", "2.00", "3.00"):
        as_manager.patch(url, {"goal_value": value})
    as_manager.delete(url)

    first = as_manager.get(f"{url}/history?page_size=3").json()
    second = as_manager.get(first["next"]).json()

    changes = first["results"] + second["results"]
    assert [(change["kind"], change["old_value"], change["new_value"]) for change in changes] == [
        ("retracted", "3.00", "3.00"),
        ("restated", "2.00", "3.00"),
        ("restated", "1.00", "2.00"),
        ("restated", "123.45", "1.00"),
    ]
    assert second["next"] is None


def test_a_match_that_was_not_corrected_has_no_history(as_manager, url):
    assert as_manager.get(f"{url}/history").json()["results"] == []


def test_a_correction_outlives_its_author(as_manager, as_integrator, url, manager):
    as_manager.patch(url, {"goal_value": "1.00"})
    manager.delete()

    [change] = as_integrator.get(f"{url}/history").json()["results"]
    assert (change["changed_by_user_id"], change["changed_by_user"]) == (None, None)


def test_an_integrator_reads_and_does_not_correct(as_integrator, url, match):
    refusals = [as_integrator.patch(url, {"goal_value": "1.00"}), as_integrator.delete(url)]

    assert [(each.status_code, each.json()["code"]) for each in refusals] == [
        (403, "settings_permission_required")
    ] * 2
    assert as_integrator.get(url).json()["goal_value"] == "123.45"


@pytest.mark.django_db(transaction=True)
def test_corrections_at_the_same_moment_follow_each_other():
    """Each old value is the new one of the change before it."""
    match = ExternalMatchFactory.create(goal_value="0.00")
    key = issue_token(UserFactory.create(organization=match.organization, scopes=["settings"]))
    url = f"/api/v5/orgs/{match.organization_id}/matches/{match.id}"

    answers = at_once(
        key, [partial(Client.patch, path=url, data={"goal_value": f"{n}.00"}) for n in range(1, 9)]
    )

    assert [answer.status_code for answer in answers] == [200] * 8
    changes = {Decimal(old): Decimal(new) for entry in match.changes for old, new in entry.changes.values()}
    value: Decimal | None = Decimal("0.00")
    steps = 0
    while value in changes:
        value, steps = changes[value], steps + 1
    match.refresh_from_db()
    assert (value, steps) == (match.goal_value, 8)


@pytest.mark.parametrize("count", [1, 30])
def test_a_history_takes_three_statements(count, as_manager, url, match, django_assert_num_queries):
    for user in UserFactory.create_batch(count, organization=match.organization):
        match.restate(None, by=user, at=datetime(2016, 10, 12, tzinfo=UTC))

    as_manager.get("/api/v5/users/me")
    with django_assert_num_queries(3):  # token, match, history
        assert len(as_manager.get(f"{url}/history").json()["results"]) == count
