"""`ETag`, `If-Match` and `If-None-Match` on goals"""

import re
from datetime import UTC, datetime

import pytest

from goals.models import Goal
from goalsvc.orgs.models import Organization, Room, User
from tests.api.endpoints import goal_body
from tests.concurrency import at_once, while_it_waits
from tests.factories import UNKNOWN_ID, GoalFactory, ids, issue_token

WHOLE = {"name": "Another name", "is_any_room_allowed": True, "allowed_rooms": [], "conditions": []}
STRONG = re.compile(r'"[0-9a-f]{32}"')
STALE = '"0123456789abcdef0123456789abcdef"'
WRITES = {
    "put": lambda client, url, **headers: client.put(url, WHOLE, **headers),
    "patch": lambda client, url, **headers: client.patch(url, {"name": "Another name"}, **headers),
    "delete": lambda client, url, **headers: client.delete(url, **headers),
}


@pytest.fixture
def goal(room, manager):
    return GoalFactory.create(rooms=[room], name="User sent a lead", created_by=manager, updated_by=manager)


@pytest.fixture
def url(org_url, goal):
    return f"{org_url}/goals/{goal.id}"


def etag(client, url):
    return client.get(url).headers["ETag"]


def test_every_answer_that_shows_a_goal_carries_its_tag(as_manager, url, org_url, place):
    created = as_manager.post(f"{org_url}/goals", goal_body(place))
    read = as_manager.get(created.headers["Location"])
    assert STRONG.fullmatch(created.headers["ETag"])
    assert (read.headers["ETag"], read.content) == (created.headers["ETag"], created.content)
    assert as_manager.head(created.headers["Location"]).headers["ETag"] == created.headers["ETag"]

    for changed in (as_manager.put(url, WHOLE), as_manager.patch(url, {"name": "A"})):
        assert STRONG.fullmatch(changed.headers["ETag"])
        last = changed
    assert etag(as_manager, url) == last.headers["ETag"]


def test_a_tag_stays_while_nothing_changes(as_manager, url):
    assert etag(as_manager, url) == etag(as_manager, url)


CHANGES = {
    "its name": lambda goal: Goal.objects.update(name="Another"),
    "its flag": lambda goal: Goal.objects.update(is_any_room_allowed=True),
    "its value": lambda goal: Goal.objects.update(default_value=3),
    "its conditions": lambda goal: Goal.objects.update(conditions=[{"type": 27}]),
    "its rooms": lambda goal: goal.allowed_rooms.clear(),
    "an archived room": lambda goal: Room.objects.update(archived_at=datetime(2026, 1, 1, tzinfo=UTC)),
    "nothing but the moment": lambda goal: goal.revise({}, by=goal.updated_by, at=goal.updated_at),
    "its editor": lambda goal: Goal.objects.update(updated_by=None),
    "its creator's name": lambda goal: User.objects.update(first_name="Mirjam"),
    "its organization's name": lambda goal: Organization.objects.update(name="Renamed Ltd."),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_tag_changes_with_whatever_is_seen(change, as_manager, url, goal):
    before = as_manager.get(url)

    change(goal)

    after = as_manager.get(url)
    assert after.content != before.content
    assert after.headers["ETag"] != before.headers["ETag"]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("form", ["{0}", f"{STALE}, {{0}}", f'W/"weak",{{0}} ,{STALE}', "*", " * "])
def test_a_write_on_what_was_read_is_done(write, form, as_manager, url):
    response = write(as_manager, url, HTTP_IF_MATCH=form.format(etag(as_manager, url)))

    assert response.status_code in {200, 204}
    assert not Goal.objects.live().filter(name="User sent a lead").exists()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("form", [STALE, f"W/{STALE}", f'{STALE[:-1]}-gzip"', '""', '"a,b"'])
def test_a_write_on_what_is_no_longer_so_is_refused_and_changes_nothing(write, form, as_manager, url):
    before = as_manager.get(url)

    response = write(as_manager, url, HTTP_IF_MATCH=form.format(before.headers["ETag"]))

    assert response.status_code == 412
    assert response.json() == {
        "detail": "This has changed since you read it. Nothing was changed; read it anew.",
        "code": "precondition_failed",
    }
    assert as_manager.get(url).content == before.content


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize(
    "form", ['W/"{0}"', f'{STALE}, W/"{{0}}"', '"{0}-gzip"', 'W/"{0};br"', '"{0}--gzip"', '"{0}-df"']
)
def test_a_tag_that_a_proxy_has_changed_is_refused_with_what_to_switch_off(write, form, as_manager, url):
    before = as_manager.get(url)
    sent = form.format(before.headers["ETag"].strip('"'))

    response = write(as_manager, url, HTTP_IF_MATCH=sent)

    assert response.status_code == 412
    assert response.json() == {
        "detail": (
            f"This is unchanged, but {sent.rpartition(', ')[2]} is not its tag: a proxy that compresses "
            "answers has made it weak (W/) or changed its end. Nothing was changed. Switch compression "
            "off in the proxy for this address."
        ),
        "code": "precondition_failed",
    }
    assert as_manager.get(url).content == before.content


def test_the_second_of_two_who_read_the_same_is_refused(as_manager, url):
    tag = etag(as_manager, url)

    assert as_manager.patch(url, {"name": "First"}, HTTP_IF_MATCH=tag).status_code == 200
    assert as_manager.patch(url, {"name": "Second"}, HTTP_IF_MATCH=tag).status_code == 412
    assert as_manager.delete(url, HTTP_IF_MATCH=tag).status_code == 412
    assert Goal.objects.get().name == "First"
    assert Goal.objects.get().deleted_at is None


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize(
    "malformed",
    ["", " ", "0a1b2c", '"a', 'a"', '"a" "b"', '"a",', ',"a"', 'w/"a"', '*, "a"', '"a b"', "'a'"],
)
def test_a_malformed_condition_is_told_and_not_ignored(malformed, write, as_manager, url):
    before = as_manager.get(url).content

    response = write(as_manager, url, HTTP_IF_MATCH=malformed)

    assert response.status_code == 400
    assert response.json() == {"If-Match": ['Must be * or entity tags in double quotes, such as "0a1b2c".']}
    assert as_manager.get(url).content == before


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("condition", [STALE, "*", "malformed"])
def test_a_goal_that_the_api_does_not_know_is_404_whatever_the_condition(
    condition, write, as_manager, org_url, other_organization
):
    foreign = GoalFactory.create(organization=other_organization)

    for goal_id in (UNKNOWN_ID, foreign.id, "no-id"):
        response = write(as_manager, f"{org_url}/goals/{goal_id}", HTTP_IF_MATCH=condition)
        assert (response.status_code, response.json()["code"]) == (404, "goal_not_found")


def test_a_condition_comes_before_the_payload(as_manager, url):
    assert as_manager.patch(url, {"name": ""}, HTTP_IF_MATCH=STALE).status_code == 412
    assert as_manager.patch(url, {"name": ""}, HTTP_IF_MATCH=etag(as_manager, url)).status_code == 400
    assert as_manager.send("PUT", url, b"{", HTTP_IF_MATCH=STALE).status_code == 412


def test_who_may_not_write_learns_nothing_from_a_condition(as_integrator, as_stranger, url):
    for client in (as_integrator, as_stranger):
        answers = {client.patch(url, {}, HTTP_IF_MATCH=tag).content for tag in (STALE, "*", "malformed")}
        assert len(answers) == 1
        assert client.patch(url, {}).status_code == 403


@pytest.mark.parametrize("form", ["{0}", "W/{0}", f"{STALE}, {{0}}", "*"])
def test_who_has_it_already_gets_no_body(form, as_manager, url):
    whole = as_manager.get(url)
    tag = whole.headers["ETag"]

    response = as_manager.get(url, HTTP_IF_NONE_MATCH=form.format(tag))

    assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", tag)
    assert "Content-Type" not in response.headers
    assert response.headers["Content-Length"] == str(len(whole.content))


@pytest.mark.parametrize("form", [STALE, f"W/{STALE}", "", "malformed", '"a'])
def test_who_has_something_else_gets_the_goal(form, as_manager, url):
    response = as_manager.get(url, HTTP_IF_NONE_MATCH=form)

    assert (response.status_code, response.json()["name"]) == (200, "User sent a lead")


def test_a_tag_costs_no_statement_and_a_condition_one_at_each_look(
    as_manager, url, django_assert_num_queries
):
    tag = etag(as_manager, url)

    with django_assert_num_queries(1):  # caller and goal
        as_manager.get(url, HTTP_IF_NONE_MATCH=STALE)
    with django_assert_num_queries(1):
        as_manager.get(url, HTTP_IF_NONE_MATCH=tag)
    with django_assert_num_queries(8):  # the seven of a change without rooms; the goal as it is
        assert as_manager.patch(url, {"name": "A"}, HTTP_IF_MATCH=tag).status_code == 200
    # Token, begin, goal locked, the goal as it is, rollback (which is two within the transaction of a test).
    with django_assert_num_queries(6):
        assert as_manager.patch(url, {"name": "A"}, HTTP_IF_MATCH=tag).status_code == 412


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["patch", "put", "delete"])
def test_a_write_that_waited_for_another_looks_again(name, manager, org_url, goal, as_manager, url):
    """Its condition was true when it came, and no longer is when its turn comes."""
    tag = etag(as_manager, url)

    def revise():
        Goal.objects.select_for_update().get().revise({"name": "First"}, by=None, at=goal.updated_at)

    answer = while_it_waits(
        issue_token(manager), revise, lambda client: WRITES[name](client, url, HTTP_IF_MATCH=tag)
    )

    assert answer.status_code == 412
    assert (Goal.objects.get().name, Goal.objects.get().deleted_at) == ("First", None)


@pytest.mark.django_db(transaction=True)
def test_a_write_that_waited_for_the_goal_to_be_deleted_finds_none(manager, goal, as_manager, url):
    tag = etag(as_manager, url)

    answer = while_it_waits(
        issue_token(manager),
        lambda: Goal.objects.select_for_update().get().discard(by=None, at=datetime(2026, 1, 1, tzinfo=UTC)),
        lambda client: client.patch(url, {"name": "Second"}, HTTP_IF_MATCH=tag),
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "goal_not_found")


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_moment_one_writes(manager, goal, as_manager, url):
    tag = etag(as_manager, url)
    calls = [
        lambda client, number=number: client.patch(url, {"name": f"Mine {number}"}, HTTP_IF_MATCH=tag)
        for number in range(5)
    ]

    answers = at_once(issue_token(manager), calls)

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    [written] = [answer for answer in answers if answer.status_code == 200]
    assert as_manager.get(url).content == written.content
    assert ids(goal) == [written.json()["id"]]
