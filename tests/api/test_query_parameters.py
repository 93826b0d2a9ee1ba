"""Query parameters: an address knows those of its description; all lists have the same names for filters."""

from datetime import UTC, datetime
from typing import Any

import pytest

from matching.models import ExternalMatch, MatchAttempt
from tests.api.endpoints import ENDPOINTS, PUBLIC, REPORTS, SETTINGS, match_body, methods_of, routes, send
from tests.api.test_openapi import description
from tests.api.test_pages import LISTS, NOON, make_rows, rows_of, walk
from tests.factories import (
    UNKNOWN_ID,
    ExternalMatchFactory,
    PendingMatchFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    ids,
)

OUTSIDE = {endpoint.route for endpoint in ENDPOINTS if endpoint.rule == PUBLIC}
# Out of the router, not out of the table of endpoints: a new one cannot be forgotten.
OF_THE_API = sorted(
    (str(pattern.name), method)
    for pattern in routes()
    if pattern.name not in OUTSIDE
    for method in methods_of(pattern)
)
every_address = pytest.mark.parametrize(("route", "method"), OF_THE_API, ids="-".join)
inside = pytest.mark.parametrize(
    "endpoint", [each for each in ENDPOINTS if each.route not in OUTSIDE], ids=str
)


def known_at(place: Any, route: str, method: str) -> list[str]:
    """The query parameters that the OpenAPI description names."""
    [pattern] = [pattern for pattern in routes() if pattern.name == route]
    path = "/" + str(pattern.pattern)
    for name in pattern.pattern.converters:
        for kind in ("str", "text"):
            path = path.replace(f"<{kind}:{name}>", f"{{{name}}}")
    parameters = description["paths"][path][method.lower()].get("parameters", [])
    return sorted({"format", *(each["name"] for each in parameters if each["in"] == "query")})


@every_address
def test_an_unknown_parameter_is_400_naming_it_and_the_known_ones(route, method, as_manager, place):
    response = as_manager.generic(method, place.url(route) + "?format=json&goal_idd=1")

    known = ", ".join(known_at(place, route, method))
    assert (response.status_code, response.json()) == (
        400,
        {
            "detail": f"Unknown query parameter “goal_idd”. Known here: {known}.",
            "code": "unknown_parameter",
        },
    )


@every_address
def test_the_parameters_of_pages_belong_to_lists(route, method, as_manager, place):
    response = as_manager.generic(method, place.url(route) + "?cursor=!")

    is_list = "cursor" in known_at(place, route, method)
    assert (response.status_code, response.json()["code"]) == (
        (404, "not_found") if is_list else (400, "unknown_parameter")
    )


@inside
def test_a_refused_request_has_done_nothing(endpoint, as_manager, place):
    assert send(as_manager, endpoint, place, "?dryrun=true").status_code == 400

    assert send(as_manager, endpoint, place).status_code == endpoint.succeeds


@inside
def test_a_known_parameter_given_twice_and_differently_is_400(endpoint, as_manager, place):
    for name in known_at(place, endpoint.route, endpoint.method):
        if name == "format":
            continue  # another one is 406
        if name in {"column", "ignore_column"}:
            continue  # may be given several times
        response = send(as_manager, endpoint, place, f"?{name}=1&{name}=2")

        assert (response.status_code, response.json()) == (
            400,
            {name: ["Given more than once, and differently."]},
        )


def test_a_parameter_given_twice_and_alike_is_given(as_manager, org_url, room):
    assert as_manager.get(f"{org_url}/rooms?page_size=1&page_size=1").status_code == 200


@pytest.mark.parametrize("route", sorted(OUTSIDE - {"metrics"}))
def test_outside_the_api_nobody_minds(route, as_nobody, place):
    """Probes are called with parameters of all kinds."""
    assert as_nobody.get(place.url(route) + "?unknown=1").status_code == 200


def test_a_name_is_quoted_printable_and_short(as_manager, org_url):
    detail = as_manager.get(f"{org_url}/rooms?%00{'x' * 500}=1").json()["detail"]

    assert detail.startswith("Unknown query parameter “\N{REPLACEMENT CHARACTER}xxx")
    assert len(detail) < 200


def test_head_knows_what_get_knows(as_manager, org_url):
    assert as_manager.head(f"{org_url}/rooms?page_size=1").status_code == 200
    assert as_manager.head(f"{org_url}/rooms?size=1").status_code == 400


# Which fault answers


@inside
def test_who_may_not_call_learns_nothing_of_parameters(
    endpoint, as_nobody, as_stranger, as_integrator, place
):
    assert send(as_nobody, endpoint, place, "?x=1").status_code == 401
    if endpoint.route != "caller":
        assert send(as_stranger, endpoint, place, "?x=1").json()["code"] == "organization_access_denied"
    if endpoint.rule in {SETTINGS, REPORTS}:
        code = f"{endpoint.rule[-1]}_permission_required"
        assert send(as_integrator, endpoint, place, "?x=1").json()["code"] == code


@pytest.mark.parametrize("goal_id", [str(UNKNOWN_ID), "not-an-id"])
@pytest.mark.parametrize(
    "endpoint",
    [each for each in ENDPOINTS if each.route in {"goal-detail", "goal-match-list", "goal-report"}],
    ids=str,
)
def test_that_there_is_no_such_goal_comes_first(endpoint, goal_id, as_manager, place):
    url = endpoint.url(place, "?x=1").replace(str(place.goal_id), goal_id)

    response = as_manager.generic(endpoint.method, url, "{", content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (404, "goal_not_found")


@pytest.mark.parametrize(
    "route",
    ["room-detail", "match-detail", "match-history", "pending-match-detail", "visitor-identity-detail"],
)
def test_that_there_is_no_such_thing_comes_first(route, as_manager, place):
    url = place.url(route)
    for thing in (place.room_id, place.match_id, place.pending_id, place.visitor_identity):
        url = url.replace(str(thing), str(UNKNOWN_ID))

    assert as_manager.get(f"{url}?x=1").json()["code"] == "not_found"


@pytest.mark.parametrize("route", ["goal-match-list", "match-batch"])
def test_a_refused_match_is_kept_as_a_rejected_attempt(route, as_manager, place):
    """Somebody meant to post it."""
    [endpoint] = [each for each in ENDPOINTS if str(each) == f"POST-{route}"]

    send(as_manager, endpoint, place, "?hold=true")

    attempt = MatchAttempt.objects.get()
    assert attempt.code == "unknown_parameter"
    assert ExternalMatch.objects.count() == 1  # the place's own
    if route == "goal-match-list":
        assert attempt.goal_id == place.goal_id
        assert attempt.visitor_identity == match_body(place)["visitor_identity"]


def test_a_refused_rehearsal_is_not_kept(as_manager, place):
    as_manager.post(place.url("goal-match-list") + "?validate_only=true&x=1", match_body(place))

    assert not MatchAttempt.objects.exists()


# Names of filters


@pytest.fixture
def two(organization, goal) -> dict[str, Any]:
    """Of each kind two rows, the second of which the filters find."""
    visitors = [VisitorFactory.create(organization=organization, visitor_id=name) for name in ("a", "b")]
    moments = [datetime(2016, 10, 10, tzinfo=UTC), datetime(2016, 10, 12, tzinfo=UTC)]
    both = list(zip(visitors, moments, strict=True))
    sessions = [
        VisitorSessionFactory.create(visitor=visitor, started_at=at, visitor_session_id=f"of-{visitor}")
        for visitor, at in both
    ]
    own, others = {"goal": goal}, {"organization": organization}
    return {
        "matches": [
            ExternalMatchFactory.create(
                session=session, visitor_identity=str(visitor), created_at=at, goal_matched_at=at,
                session_started_at=NOON.replace(year=2015), **(own if str(visitor) == "b" else others),
            )
            for session, (visitor, at) in zip(sessions, both, strict=True)
        ],
        "pending_matches": [
            PendingMatchFactory.create(
                visitor_identity=str(visitor), created_at=at, **(own if str(visitor) == "b" else others)
            )
            for visitor, at in both
        ],
        "match_attempts": [
            MatchAttempt.objects.create(
                organization=organization, source="single", code="x", visitor_identity=str(visitor),
                created_at=at, goal=goal if str(visitor) == "b" else None,
            )
            for visitor, at in both
        ],
        "visitor_identities": [
            VisitorIdentityFactory.create(
                visitor=visitor, identity=str(visitor), created_at=at, visitor_session_id=f"of-{visitor}"
            )
            for visitor, at in both
        ],
        "visitor_sessions": sessions,
    }  # fmt: skip


GOAL = ["goal_id={goal}", "goal={goal}", "goal={goal}&goal_id={goal}"]
IDENTITY = [f"{name}=b" for name in ("visitor_identity", "identity", "custom_visitor_identity")]
VISITOR = [*IDENTITY, "visitor_id=b", "visitor_session_id=of-b", "identity=b&visitor_id=b"]
FROM, SPLIT = "2016-10-11T00:00:00Z", "2016-10-12T00:00:00Z"


def spans(name: str) -> list[str]:
    return [f"{name}_from={FROM}", f"{name}_from={SPLIT}&{name}_to=2016-10-12T00:00:00.000001Z"]


SHORT_SPAN = [f"from={SPLIT}", f"from={SPLIT}&to=2017-01-01T00:00:00Z"]
NAMES = {
    "matches": [*GOAL, *IDENTITY, *spans("matched"), *spans("created")],
    "goals/{goal}/matches": [*IDENTITY, *spans("matched"), *spans("created")],
    "pending_matches": [*GOAL, *IDENTITY, *spans("created"), *SHORT_SPAN],
    "match_attempts": [*GOAL, *IDENTITY, *spans("created"), *SHORT_SPAN],
    "visitor_identities": [*VISITOR, *spans("created"), *SHORT_SPAN],
    "visitor_sessions": [*VISITOR, *spans("started"), *SHORT_SPAN],
}
every_name = pytest.mark.parametrize(
    ("path", "query"), [(path, query) for path, queries in NAMES.items() for query in queries]
)


@every_name
def test_lists_take_the_same_names(path, query, as_integrator, org_url, two, goal):
    url = f"{org_url}/{path}?{query}".format(goal=goal.id)
    [first, second] = two[path.split("/")[-1]]

    found = [row["id"] for row in as_integrator.get(url).json()["results"]]

    assert found == ids(second)
    assert first.organization_id == second.organization_id


@every_name
def test_they_find_nothing_of_another_organization(path, query, as_stranger, other_organization, two, goal):
    if path.startswith("goals/"):
        return  # a goal of another organization is 404
    url = f"/api/v5/orgs/{other_organization.id}/{path}?{query}".format(goal=goal.id)

    assert as_stranger.get(url).json() == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [
        ("matches", f"goal_id={UNKNOWN_ID}&goal=0199d6a4-0000-7000-8000-000000000001", ["goal_id", "goal"]),
        ("matches", "visitor_identity=a&identity=b", ["visitor_identity", "identity"]),
        ("pending_matches", "identity=a&custom_visitor_identity=b", ["identity", "custom_visitor_identity"]),
        ("match_attempts", f"created_from={FROM}&from={SPLIT}", ["created_from", "from"]),
        ("visitor_sessions", f"started_to={FROM}&to={SPLIT}", ["started_to", "to"]),
    ],
)
def test_two_names_of_a_filter_that_disagree_are_400_on_both(path, query, names, as_integrator, org_url):
    response = as_integrator.get(f"{org_url}/{path}?{query}")

    sentence = f"{' and '.join(names)} are one filter, and disagree."
    assert (response.status_code, response.json()) == (400, {name: [sentence] for name in names})


def test_two_names_that_mean_the_same_agree(as_integrator, org_url):
    pk = str(UNKNOWN_ID)
    query = f"goal_id={pk.upper()}&goal={pk}&identity=%20a%20&visitor_identity=a"

    assert as_integrator.get(f"{org_url}/matches?{query}").status_code == 200


NO_MOMENT = "Not an ISO 8601 date and time, such as 2016-10-10T22:00:49.123Z."


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("goal=", {"goal": ["Not a UUID."]}),
        ("created_from=", {"created_from": [NO_MOMENT]}),
        ("status=", {"status": ["Must be one of: pending, matched, expired, cancelled."]}),
        ("identity=", None),
        ("external_id=", None),
    ],
)  # fmt: skip
def test_an_empty_value_is_a_value(query, expected, as_integrator, org_url, two):
    response = as_integrator.get(f"{org_url}/pending_matches?{query}")

    if expected is None:
        assert response.json()["results"] == []
    else:
        assert (response.status_code, response.json()) == (400, expected)


def test_a_list_with_two_kinds_of_moments_does_not_guess_which(as_integrator, org_url):
    answer = as_integrator.get(f"{org_url}/matches?from={FROM}").json()

    assert answer["code"] == "unknown_parameter"
    assert "created_from, created_to" in answer["detail"]
    assert "matched_from, matched_to" in answer["detail"]


@pytest.mark.parametrize("listed", [each for each in LISTS if each.newest_first], ids=str)
def test_a_span_ends_where_the_next_begins(listed, as_integrator, organization, org_url):
    expected = make_rows(listed, organization, [1, 2, 3])
    split = "2016-10-10T12:02:00.123456Z"
    name = {"visitor_sessions": "started"}.get(listed.path, "created")

    earlier = rows_of(walk(as_integrator, f"{org_url}/{listed.path}?{name}_to={split}&page_size=1"))
    later = rows_of(walk(as_integrator, f"{org_url}/{listed.path}?{name}_from={split}&page_size=1"))

    assert (later, earlier) == (expected[:2], expected[2:])
