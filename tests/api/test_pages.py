"""Every list: its order, its pages, and cursors that stay true while rows come and go.

A new list takes one line in LISTS.
"""

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.db import connection

from goalsvc.api import pagination
from goalsvc.orgs.models import Organization, Room
from matching.models import ExternalMatch, MatchAttempt
from tests.conftest import Client
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    PendingMatchFactory,
    RoomFactory,
    UserFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    issue_token,
)

NOON = datetime(2016, 10, 10, 12, 0, 0, 123456, tzinfo=UTC)


def make_room(organization: Organization, moment: datetime) -> Any:
    room = RoomFactory.create(organization=organization)
    Room.objects.filter(pk=room.pk).update(created_at=moment)
    return room


def make_goal(organization: Organization, moment: datetime) -> Any:
    return GoalFactory.create(organization=organization, created_at=moment)


def make_identity(organization: Organization, moment: datetime) -> Any:
    return VisitorIdentityFactory.create(organization=organization, created_at=moment)


def make_session(organization: Organization, moment: datetime) -> Any:
    return VisitorSessionFactory.create(organization=organization, started_at=moment)


def make_match(organization: Organization, moment: datetime) -> Any:
    return ExternalMatchFactory.create(organization=organization, created_at=moment)


def make_pending_match(organization: Organization, moment: datetime) -> Any:
    return PendingMatchFactory.create(organization=organization, created_at=moment)


def make_attempt(organization: Organization, moment: datetime) -> Any:
    return MatchAttempt.objects.create(
        organization=organization, source="single", code="session_not_found", created_at=moment
    )


@dataclass(frozen=True)
class List:
    path: str
    make: Callable[[Organization, datetime], Any]  # a row of the list, at that moment of its order
    newest_first: bool

    def __str__(self) -> str:
        return self.path


LISTS = [
    List("rooms", make_room, newest_first=False),
    List("goals", make_goal, newest_first=False),
    List("visitor_identities", make_identity, newest_first=True),
    List("visitor_sessions", make_session, newest_first=True),
    List("matches", make_match, newest_first=True),
    List("pending_matches", make_pending_match, newest_first=True),
    List("match_attempts", make_attempt, newest_first=True),
]
every_list = pytest.mark.parametrize("listed", LISTS, ids=str)


def make_rows(listed: List, organization: Organization, minutes: list[int]) -> list[str]:
    """Make a row at each of the minutes after noon; return the ids in the order of the list."""
    rows = []
    for minute in minutes:
        moment = NOON + timedelta(minutes=minute)
        rows.append((moment, listed.make(organization, moment).pk))
    return [str(pk) for _, pk in sorted(rows, reverse=listed.newest_first)]


def walk(client: Any, url: str | None, towards: str = "next") -> list[list[str]]:
    """The ids of all pages from `url` on."""
    pages: list[list[str]] = []
    while url:
        assert len(pages) < 20, "the pages go round in circles"
        page = client.get(url).json()
        assert set(page) == {"next", "previous", "results"}
        pages.append([row["id"] for row in page["results"]])
        url = page[towards]
    return pages


def rows_of(pages: Iterable[list[str]]) -> list[str]:
    return list(chain.from_iterable(pages))


def last_page_url(client: Any, url: str) -> str:
    while following := client.get(url).json()["next"]:
        url = following
    return url


@every_list
def test_an_empty_list_is_one_empty_page(listed, as_manager, org_url):
    assert as_manager.get(f"{org_url}/{listed.path}").json() == {
        "next": None,
        "previous": None,
        "results": [],
    }


@every_list
def test_a_walk_gives_every_row_once_in_order_however_many_share_their_moment(
    listed, as_manager, organization, org_url
):
    expected = make_rows(listed, organization, [5, 1, 1, 1, 3, 1, 0])

    pages = walk(as_manager, f"{org_url}/{listed.path}?page_size=2")

    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert rows_of(pages) == expected


@every_list
def test_a_walk_back_gives_the_same_rows(listed, as_manager, organization, org_url):
    expected = make_rows(listed, organization, [5, 1, 1, 1, 3, 1, 0])
    start = last_page_url(as_manager, f"{org_url}/{listed.path}?page_size=2")

    pages = walk(as_manager, start, towards="previous")

    assert [len(page) for page in pages] == [1, 2, 2, 2]
    assert rows_of(reversed(pages)) == expected


@every_list
def test_a_full_last_page_has_no_next(listed, as_manager, organization, org_url):
    make_rows(listed, organization, [1, 2, 3, 4])

    pages = walk(as_manager, f"{org_url}/{listed.path}?page_size=2")

    assert [len(page) for page in pages] == [2, 2]


@every_list
def test_the_first_page_has_no_previous_even_after_coming_back(listed, as_manager, organization, org_url):
    make_rows(listed, organization, [1, 2, 3, 4])
    first = as_manager.get(f"{org_url}/{listed.path}?page_size=2").json()
    second = as_manager.get(first["next"]).json()

    back = as_manager.get(second["previous"]).json()

    assert first["previous"] is None
    assert back["previous"] is None
    assert back["results"] == first["results"]
    assert as_manager.get(back["next"]).json()["results"] == second["results"]


@every_list
def test_rows_inserted_meanwhile_shift_and_repeat_nothing(listed, as_manager, organization, org_url):
    expected = make_rows(listed, organization, [10, 20, 30, 40, 50])
    first = as_manager.get(f"{org_url}/{listed.path}?page_size=2").json()

    make_rows(listed, organization, [0, 60])  # one before all, one after all
    rest = walk(as_manager, first["next"])

    seen = [row["id"] for row in first["results"]] + rows_of(rest)
    assert [pk for pk in seen if pk in expected] == expected
    assert len(seen) == len(set(seen))


@every_list
def test_a_cursor_stays_true_when_its_row_is_gone(listed, as_manager, organization, org_url):
    expected = make_rows(listed, organization, [10, 20, 30, 40])
    first = as_manager.get(f"{org_url}/{listed.path}?page_size=2").json()
    model = type(listed.make(organization, NOON - timedelta(days=1) * (-1 if listed.newest_first else 1)))

    model._default_manager.filter(pk=expected[1]).delete()
    second = as_manager.get(first["next"]).json()

    assert [row["id"] for row in second["results"]][:2] == expected[2:]


@every_list
def test_the_moments_of_the_order_count_by_the_microsecond(listed, as_manager, organization, org_url):
    moments = [NOON + timedelta(microseconds=n) for n in (1, 0, 2)]
    rows = {moment: str(listed.make(organization, moment).pk) for moment in moments}
    expected = [rows[moment] for moment in sorted(rows, reverse=listed.newest_first)]

    assert rows_of(walk(as_manager, f"{org_url}/{listed.path}?page_size=1")) == expected


# Rows of others


@every_list
def test_a_list_holds_no_rows_of_another_organization(
    listed, as_manager, organization, other_organization, org_url
):
    own = make_rows(listed, organization, [1, 3])
    make_rows(listed, other_organization, [0, 2, 4])

    assert rows_of(walk(as_manager, f"{org_url}/{listed.path}?page_size=1")) == own


@every_list
def test_a_cursor_of_another_organization_is_but_a_place_in_the_own_list(
    listed, as_manager, as_stranger, organization, other_organization, org_url
):
    own = make_rows(listed, organization, [1, 2, 3, 4])
    make_rows(listed, other_organization, [0, 1, 2, 5])
    foreign_page = as_stranger.get(f"/api/v5/orgs/{other_organization.id}/{listed.path}?page_size=2").json()
    [cursor] = parse_qs(urlsplit(foreign_page["next"]).query)["cursor"]

    response = as_manager.get(f"{org_url}/{listed.path}", {"cursor": cursor})

    assert response.status_code == 200
    assert {row["id"] for row in response.json()["results"]} <= set(own)


# Addresses of pages


@every_list
def test_the_addresses_of_pages_are_full_and_keep_the_page_size(listed, as_manager, organization, org_url):
    make_rows(listed, organization, [1, 2])

    address = urlsplit(as_manager.get(f"{org_url}/{listed.path}?page_size=1").json()["next"])

    assert (address.scheme, address.netloc, address.path) == (
        "http",
        "testserver",
        f"{org_url}/{listed.path}",
    )
    assert parse_qs(address.query).keys() == {"page_size", "cursor"}
    assert parse_qs(address.query)["page_size"] == ["1"]


@pytest.mark.parametrize("path", ["visitor_identities", "visitor_sessions"])
def test_the_addresses_of_pages_keep_the_filters(path, as_manager, organization, org_url):
    for _ in range(2):
        visitor = VisitorFactory.create(organization=organization)
        VisitorIdentityFactory.create(visitor=visitor, identity="a&b=c é")
        VisitorSessionFactory.create(visitor=visitor)
    VisitorIdentityFactory.create(organization=organization, identity="another")
    VisitorSessionFactory.create(organization=organization)

    pages = walk(as_manager, f"{org_url}/{path}?visitor_identity={quote('a&b=c é')}&page_size=1")

    assert [len(page) for page in pages] == [1, 1]


# Filters that no index serves: a page ends after so many rows that were looked at

PATTERNS = ["1", "0", "10000000001", "0000010000", "1101100111", "0110000000"]
MOST = [2, 3, 5, 100]  # rows that are looked at for a page
every_pattern = pytest.mark.parametrize("pattern", PATTERNS)


def make_matches(organization: Organization, room: Room, pattern: str) -> list[str]:
    """Make a match a minute, in the room where the pattern says 1; return the ids of those, newest first."""
    found = []
    for minute, digit in enumerate(pattern):
        rooms = {"room_ids": [room.id]} if digit == "1" else {}
        match = ExternalMatchFactory.create(
            organization=organization, created_at=NOON + timedelta(minutes=minute // 2), **rooms
        )
        if rooms:
            found.append((match.created_at, match.pk))
    return [str(pk) for _, pk in sorted(found, reverse=True)]


@every_pattern
def test_a_walk_gives_each_row_once_however_few_are_looked_at(
    pattern, as_manager, organization, org_url, room, monkeypatch
):
    expected = make_matches(organization, room, pattern)
    url = f"{org_url}/matches?room={room.id}&page_size=2"

    for most in MOST:
        monkeypatch.setattr(pagination, "MAX_ROWS_READ", most)
        assert rows_of(walk(as_manager, url)) == expected, most
        back = walk(as_manager, last_page_url(as_manager, url), towards="previous")
        assert rows_of(reversed(back)) == expected, most


@every_pattern
def test_of_two_filters_either_may_be_the_rare_one(
    pattern, as_manager, organization, org_url, goal, monkeypatch
):
    another = GoalFactory.create(organization=organization)
    rooms = {"room_ids": [RoomFactory.create(organization=organization).id]}
    expected: list[str] = []
    for minute, digit in enumerate(pattern * 2):
        match = PendingMatchFactory.create(
            goal=goal,
            visitor_identity="ann" if digit == "1" else "bob",
            created_at=NOON + timedelta(minutes=minute),
            **rooms,
        )
        PendingMatchFactory.create(goal=another, visitor_identity="ann", created_at=NOON, **rooms)
        if digit == "1":
            expected.insert(0, str(match.pk))
    url = f"{org_url}/pending_matches?goal={goal.id}&identity=ann&page_size=2"

    for most in MOST:
        monkeypatch.setattr(pagination, "MAX_ROWS_READ", most)
        assert rows_of(walk(as_manager, url)) == expected, most
        back = walk(as_manager, last_page_url(as_manager, url), towards="previous")
        assert rows_of(reversed(back)) == expected, most


def test_a_page_that_ends_before_it_is_full_has_a_next(as_manager, organization, org_url, room, monkeypatch):
    monkeypatch.setattr(pagination, "MAX_ROWS_READ", 2)
    make_matches(organization, room, "1000001")

    pages = walk(as_manager, f"{org_url}/matches?room={room.id}")

    assert [len(page) for page in pages] == [1, 0, 0, 1]


def test_from_an_empty_page_leads_a_way_back(as_manager, organization, org_url, room, monkeypatch):
    monkeypatch.setattr(pagination, "MAX_ROWS_READ", 2)
    expected = make_matches(organization, room, "1000011")
    first = as_manager.get(f"{org_url}/matches?room={room.id}").json()
    empty = as_manager.get(first["next"]).json()
    assert empty["results"] == []

    assert rows_of(reversed(walk(as_manager, empty["previous"], towards="previous"))) == expected[:2]
    assert rows_of(walk(as_manager, empty["next"])) == expected[2:]


def test_from_an_empty_end_leads_a_way_back_to_all_rows(as_manager, organization, org_url):
    expected = make_rows(LISTS[4], organization, [1, 2, 3])
    first = as_manager.get(f"{org_url}/matches?page_size=2").json()
    ExternalMatch.objects.filter(pk=expected[2]).delete()

    end = as_manager.get(first["next"]).json()
    back = as_manager.get(end["previous"]).json()

    assert (end["results"], end["next"]) == ([], None)
    assert back["results"] == first["results"]


def test_a_search_is_not_given_up_while_a_filter_has_an_index(
    as_manager, organization, org_url, goal, monkeypatch
):
    monkeypatch.setattr(pagination, "MAX_ROWS_READ", 2)
    match = ExternalMatchFactory.create(goal=goal, created_at=NOON)
    make_matches(organization, RoomFactory.create(organization=organization), "1111111")

    assert walk(as_manager, f"{org_url}/matches?goal_id={goal.id}") == [[str(match.pk)]]


def test_rows_erased_while_a_page_is_read_do_not_end_the_list(
    as_manager, organization, org_url, room, monkeypatch
):
    expected = make_matches(organization, room, "11111")
    search = pagination.search

    def and_erase(*args: Any) -> Any:
        found = search(*args)
        with connection.cursor() as cursor:
            sql = "DELETE FROM matching_externalmatch WHERE organization_id = %s AND id = %s"
            cursor.execute(sql, [organization.id, expected[1]])
        return found

    monkeypatch.setattr(pagination, "search", and_erase)

    seen = rows_of(walk(as_manager, f"{org_url}/matches?room={room.id}&page_size=2"))

    assert seen == [expected[0], *expected[2:]]


# Page sizes


def test_a_page_holds_fifty_rows_unless_asked_otherwise(as_manager, organization, org_url):
    RoomFactory.create_batch(51, organization=organization)

    assert len(as_manager.get(f"{org_url}/rooms").json()["results"]) == 50
    assert len(as_manager.get(f"{org_url}/rooms?page_size=51").json()["results"]) == 51


def test_a_page_holds_two_hundred_rows_at_most(as_manager, organization, org_url):
    RoomFactory.create_batch(201, organization=organization)

    page = as_manager.get(f"{org_url}/rooms?page_size=200").json()

    assert len(page["results"]) == 200
    assert len(as_manager.get(page["next"]).json()["results"]) == 1


BAD_SIZES = [
    "0", "-1", "201", "1e2", "1.0", "", " ", "ten", "%00", "%ff", "%D9%A3", "%C2%B2", "9" * 5000, "1_0", "+1",
]  # fmt: skip


@every_list
def test_a_page_size_out_of_range_is_400(listed, as_manager, org_url):
    answers = {size: as_manager.get(f"{org_url}/{listed.path}?page_size={size}") for size in BAD_SIZES}

    assert {size: (answer.status_code, answer.json()) for size, answer in answers.items()} == dict.fromkeys(
        BAD_SIZES, (400, {"page_size": ["Must be a whole number from 1 to 200."]})
    )


# Bad cursors


def encoded(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


ID = "0199d6a4-0000-7000-8000-000000000000"
MOMENT = "2016-10-10T12:00:00Z"
BAD_CURSORS = {
    "empty": "",
    "a letter": "a",
    "no base64": "%",
    "a NUL": "%00",
    "not UTF-8": "%ff%fe",
    "not ASCII": "é",
    "a lone surrogate": "%ed%a0%80",
    "huge": "W" * 20_000,
    "a page number": "2",
    "encoded nothing": encoded(""),
    "encoded garbage": encoded("garbage"),
    "encoded NUL": encoded("\0"),
    "null": encoded(None),
    "a number": encoded(1),
    "an object": encoded({"backwards": False, "moment": MOMENT, "id": ID}),
    "an empty list": encoded([]),
    "too short": encoded([False, MOMENT]),
    "too long": encoded([False, MOMENT, ID, 1]),
    "a number for the direction": encoded([1, MOMENT, ID]),
    "a word for the direction": encoded(["false", MOMENT, ID]),
    "a number for the moment": encoded([False, 1476100800, ID]),
    "null for the moment": encoded([False, None, ID]),
    "a moment without an offset": encoded([False, "2016-10-10T12:00:00", ID]),
    "no moment": encoded([False, "2016-02-30T12:00:00Z", ID]),
    "a number for the id": encoded([False, MOMENT, 1]),
    "no id": encoded([False, MOMENT, "x"]),
    "null for the id": encoded([False, MOMENT, None]),
    "deep": encoded("[" * 5000 + "]" * 5000),
    "a good one with something behind it": encoded([False, MOMENT, ID]) + "!",
}


@every_list
def test_a_bad_cursor_is_404(listed, as_manager, org_url):
    answers = {
        name: as_manager.get(f"{org_url}/{listed.path}?cursor={cursor}")
        for name, cursor in BAD_CURSORS.items()
    }

    assert {name: (answer.status_code, answer.json()) for name, answer in answers.items()} == dict.fromkeys(
        BAD_CURSORS, (404, {"detail": "There is no such page.", "code": "not_found"})
    )


def test_the_bad_cursors_are_bad_for_their_fault_alone(as_manager, org_url):
    assert as_manager.get(f"{org_url}/rooms?cursor={encoded([False, MOMENT, ID])}").status_code == 200


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00"]
)
@every_list
def test_a_cursor_at_the_end_of_time_is_no_crash(
    listed, moment, backwards, as_manager, organization, org_url
):
    [row] = make_rows(listed, organization, [0])
    before = moment.startswith("0001")

    response = as_manager.get(f"{org_url}/{listed.path}", {"cursor": encoded([backwards, moment, ID])})

    assert response.status_code == 200
    is_ahead = before != listed.newest_first
    assert [each["id"] for each in response.json()["results"]] == ([row] if is_ahead != backwards else [])


def test_the_cursor_is_not_read_before_the_caller_is_let_in(as_nobody, as_stranger, org_url):
    assert as_nobody.get(f"{org_url}/goals?cursor=!").status_code == 401
    assert as_stranger.get(f"{org_url}/goals?cursor=!").status_code == 403


def test_a_user_without_the_scope_learns_nothing_from_a_cursor(as_manager, organization, org_url):
    make_rows(LISTS[1], organization, [1, 2])
    following = as_manager.get(f"{org_url}/goals?page_size=1").json()["next"]
    reader = Client(issue_token(UserFactory.create(organization=organization)))

    assert reader.get(following).json()["code"] == "settings_permission_required"
