"""One search over everything, and what it finds of whom."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from goalsvc.orgs.models import Organization, User
from matching.models import VisitorIdentity
from tests.admin.samples import make_attempt, url, words
from tests.factories import (
    UNKNOWN_ID,
    ExternalMatchFactory,
    GoalFactory,
    PendingMatchFactory,
    RoomFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

PAGE = "/admin/search/"
WHO = "kim@example.com"


class World:
    """Somebody of whom an organization knows a row of each kind, and the goal of all of it."""

    def __init__(self, organization: Organization, name: str) -> None:
        self.goal = GoalFactory.create(organization=organization, name=f"Purchase of {name}")
        self.visitor = VisitorFactory.create(organization=organization, visitor_id=f"browser-{name}")
        self.tie = VisitorIdentityFactory.create(visitor=self.visitor, identity=WHO)
        self.session = VisitorSessionFactory.create(
            visitor=self.visitor, visitor_session_id=f"visit-{name}", room_ids=[]
        )
        self.match = ExternalMatchFactory.create(
            session=self.session, goal=self.goal, visitor_identity=WHO, external_id=f"order-{name}"
        )
        self.held = PendingMatchFactory.create(goal=self.goal, visitor_identity=WHO)
        self.attempt = make_attempt(
            organization,
            goal=self.goal,
            visitor_identity=WHO,
            code="no_connected_rooms",
            reason={"message": "The session was in no room of the goal."},
            request_id=f"request-{name}",
        )
        self.rows: list[Model] = [
            self.tie, self.match, self.held, self.attempt, self.session, self.visitor, self.goal
        ]  # fmt: skip


@pytest.fixture
def own(organization: Organization) -> World:
    return World(organization, "ours")


@pytest.fixture
def foreign(other_organization: Organization) -> World:
    """The same person, as another organization knows them."""
    return World(other_organization, "theirs")


def found(client: Client, term: object, **query: Any) -> dict[str, list[str]]:
    """The first words of each line that is found, by the title of its group."""
    response = client.get(PAGE, {"q": term, **query})
    assert response.status_code == 200
    return {group.title: [line.title for line in group.lines] for group in response.context["groups"]}


def is_linked(client: Client, row: Any, term: object, **query: Any) -> bool:
    return url(type(row), "change", row.pk) in client.get(PAGE, {"q": term, **query}).content.decode()


def test_an_identity_finds_all_of_the_person(as_staff: Client, own: World, foreign: World) -> None:
    response = as_staff.get(PAGE, {"q": f"  {WHO} "})
    text = words(response)

    for row in own.rows[:5]:
        assert url(type(row), "change", row.pk) in response.content.decode()
    for row in foreign.rows:
        assert str(row.pk) not in response.content.decode()
    for part in (
        "Matches (1) Match Purchase of ours",
        "no value , external id order-ours",
        "Held matches (1)",
        "still waits",
        "The session was in no room of the goal.",
        "Sessions (1) Session visit-ours",
    ):
        assert part in text.replace(", ", " , ").replace("  ", " ").replace(" ,", " ,") or part in text, part


@pytest.mark.parametrize(
    ("term", "titles"),
    [
        ("order-ours", {"Matches"}),
        ("visit-ours", {"Sessions"}),
        ("browser-ours", {"Identities", "Sessions", "Visitors"}),
        ("request-ours", {"Refused attempts"}),
        ("chase of our", {"Matches", "Held matches", "Goals"}),
    ],
)
def test_each_name_finds_what_it_names(
    term: str, titles: set[str], as_staff: Client, own: World, foreign: World
) -> None:
    assert found(as_staff, term).keys() == titles
    assert found(as_staff, term.replace("our", "their")) == {}


def test_the_id_of_anything_finds_it(as_staff: Client, own: World, foreign: World) -> None:
    room = RoomFactory.create(organization=own.goal.organization)
    for row in [*own.rows, room, own.goal.organization]:
        assert is_linked(as_staff, row, row.pk), row
    for row in [*foreign.rows, foreign.goal.organization, RoomFactory.create()]:
        assert found(as_staff, row.pk) == {}, row


def test_operators_find_all_or_those_of_an_organization(
    as_operator: Client, own: World, foreign: World
) -> None:
    for row in (*own.rows[:5], *foreign.rows[:5]):
        assert is_linked(as_operator, row, WHO)
    chosen = str(own.goal.organization_id)
    for mine, theirs in zip(own.rows[:5], foreign.rows[:5], strict=True):
        assert is_linked(as_operator, mine, WHO, organization=chosen)
        assert not is_linked(as_operator, theirs, WHO, organization=chosen)
    assert found(as_operator, WHO, organization="nonsense").keys() == found(as_operator, WHO).keys()


def test_staff_choose_no_other_organization(as_staff: Client, own: World, foreign: World) -> None:
    theirs = str(foreign.goal.organization_id)
    assert is_linked(as_staff, own.match, WHO, organization=theirs)
    assert not is_linked(as_staff, foreign.match, WHO, organization=theirs)


def test_what_is_known_of_persons_takes_the_settings_scope(as_clerk: Client, own: World) -> None:
    assert found(as_clerk, WHO) == {}
    assert found(as_clerk, own.match.pk) == {}
    assert found(as_clerk, "Purchase") == {"Goals": [f'<a href="/admin/goals/goal/{own.goal.pk}/change/">'
                                                     f"{own.goal.name}</a>"]}  # fmt: skip
    assert "takes the scope “settings”" in words(as_clerk.get(PAGE, {"q": WHO}))


def test_the_first_few_are_shown_and_a_link_to_all(as_staff: Client, own: World) -> None:
    ExternalMatchFactory.create_batch(6, session=own.session, goal=own.goal, visitor_identity=WHO)

    response = as_staff.get(PAGE, {"q": WHO})

    [group] = [group for group in response.context["groups"] if group.title == "Matches"]
    assert (len(group.lines), group.count) == (5, 7)
    assert "All 7" in words(response)
    assert as_staff.get(group.address).context["cl"].result_count == 7


def test_one_result_is_still_a_page(as_staff: Client, own: World) -> None:
    assert as_staff.get(PAGE, {"q": "order-ours"}).status_code == 200


@pytest.mark.parametrize(
    ("known", "sought", "difference"),
    [("kim@example.com", "KIM@EXAMPLE.COM", "case"), ("+49170", "49170", "a plus sign")],
)
def test_nothing_found_hints_at_what_is_spelt_nearly_so(
    known: str, sought: str, difference: str, as_staff: Client, other_staff: User,
    organization: Organization, browser: Callable[[User], Client],
) -> None:  # fmt: skip
    VisitorIdentityFactory.create(organization=organization, identity=known)

    text = words(as_staff.get(PAGE, {"q": sought}))
    assert f"Nothing found for {sought}" in text
    assert f"{known} : it differs in {difference}." in text
    assert "The search is exact" in text
    assert known not in words(browser(other_staff).get(PAGE, {"q": sought}))


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("", "Type an identity"),
        ("   ", "Type an identity"),
        ("a\0b", "control characters"),
        ("x" * 5000, "5,000 characters"),
        ("%", "stand for themselves"),
        ("a*_%\\", "stand for themselves"),
        ("<script>alert(1)</script>", "Nothing found for <script>"),
        (UNKNOWN_ID, "Nothing found"),
        ("' OR 1=1 --", "Nothing found"),
    ],
)
def test_what_cannot_be_found_is_said_in_words(
    term: str, said: str, as_staff: Client, organization: Organization
) -> None:
    assert said in words(as_staff.get(PAGE, {"q": term}))


@pytest.mark.parametrize(
    "query", ["q=%ED%A0%80", "q=%FF%FE", "q=%00", "q=a&q=b", "organization=%00&q=a", "q"]
)
def test_bytes_that_are_no_text_are_no_crash(query: str, as_staff: Client, as_operator: Client) -> None:
    for client in (as_staff, as_operator):
        assert client.get(f"{PAGE}?{query}").status_code == 200


def test_statements_are_as_many_however_much_is_found(as_staff: Client, own: World) -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            as_staff.get(PAGE, {"q": WHO})
        return len(captured)

    as_staff.get(PAGE, {"q": WHO})
    ExternalMatchFactory.create_batch(6, session=own.session, goal=own.goal, visitor_identity=WHO)
    PendingMatchFactory.create_batch(6, goal=own.goal, visitor_identity=WHO)
    few = statements()
    ExternalMatchFactory.create_batch(60, session=own.session, goal=own.goal, visitor_identity=WHO)
    PendingMatchFactory.create_batch(60, goal=own.goal, visitor_identity=WHO)
    assert statements() == few
    assert few <= 35


def test_the_box_is_on_every_page_for_staff_alone(as_staff: Client, client: Client, own: World) -> None:
    for page in ("/admin/", url(VisitorIdentity, "changelist"), url(VisitorIdentity, "change", own.tie.pk)):
        assert 'id="search-box"' in as_staff.get(page).content.decode(), page
    assert 'id="search-box"' not in client.get("/admin/login/").content.decode()
    assert as_staff.post(PAGE, {"q": WHO}).status_code == 405


def test_nothing_keeps_what_was_searched_for(
    as_staff: Client, own: World, caplog: pytest.LogCaptureFixture
) -> None:
    response = as_staff.get(PAGE, {"q": WHO})
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cache-Control"].startswith("no-store")
    assert WHO not in caplog.text
