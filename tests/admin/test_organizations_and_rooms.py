"""Organizations with their subscriptions, and rooms."""

from datetime import date

import pytest
from django.test import Client

from goalsvc.orgs.models import HistoryEntry, Organization, Room
from tests.factories import OrganizationFactory, RoomFactory

ORGANIZATION_LIST = "/admin/orgs/organization/"
ROOM_LIST = "/admin/orgs/room/"


@pytest.mark.parametrize(
    ("expires_on", "text", "state"),
    [
        (date(2099, 12, 31), "active until 2099-12-31", "active"),
        (date(2020, 12, 31), "expired on 2020-12-31: API calls are answered 403", "expired"),
        (None, "no subscription: API calls are answered 403", "none"),
    ],
)
def test_the_subscription_is_seen_and_filtered(
    expires_on: date | None, text: str, state: str, as_operator: Client
) -> None:
    organization = OrganizationFactory.create(name="Subscriber Ltd.", subscription_expires_on=expires_on)
    for other in ("active", "expired", "none"):
        response = as_operator.get(ORGANIZATION_LIST, {"subscription": other, "q": "Subscriber"})
        rows = list(response.context["cl"].result_list)
        assert rows == ([organization] if other == state else [])
    assert f">{text}<" in as_operator.get(ORGANIZATION_LIST, {"q": "Subscriber"}).content.decode()
    assert text in as_operator.get(f"{ORGANIZATION_LIST}{organization.pk}/change/").content.decode()


def test_an_operator_renews_a_subscription(as_operator: Client, expired_organization: Organization) -> None:
    form = {"name": "Expired Ltd.", "subscription_expires_on": "2099-12-31"}
    page = f"{ORGANIZATION_LIST}{expired_organization.pk}/change/"
    assert as_operator.post(page, form).status_code == 302
    expired_organization.refresh_from_db()
    assert expired_organization.subscription_expires_on == date(2099, 12, 31)


def test_an_operator_adds_an_organization(as_operator: Client) -> None:
    assert as_operator.post(f"{ORGANIZATION_LIST}add/", {"name": "New Ltd."}).status_code == 302
    assert Organization.objects.get(name="New Ltd.").subscription_expires_on is None


def test_an_organization_links_to_its_rows_for_operators(
    as_operator: Client, as_clerk: Client, organization: Organization
) -> None:
    page = f"{ORGANIZATION_LIST}{organization.pk}/change/"
    link = f"/admin/matching/externalmatch/?organization={organization.pk}"
    assert link in as_operator.get(page).content.decode()
    assert link not in as_clerk.get(page).content.decode()


def test_a_room_has_no_id_before_it_is_saved(as_operator: Client, room: Room) -> None:
    assert "row_id" not in as_operator.get(f"{ROOM_LIST}add/").content.decode()
    page = as_operator.get(f"{ROOM_LIST}{room.pk}/change/").content.decode()
    assert f'<code class="id copyable" data-name="the id">{room.pk}</code>' in page
    assert "orgs/copy.js" in page


def test_staff_add_a_room_to_their_organization(
    as_staff: Client, organization: Organization, other_organization: Organization
) -> None:
    form = {
        "name": "Shop", "domain": "", "language_code": "en", "organization": str(other_organization.pk),
    }  # fmt: skip
    assert as_staff.post(f"{ROOM_LIST}add/", form).status_code == 302
    room = Room.objects.get()
    assert (room.organization, room.domain) == (organization, None)


def test_a_domain_that_another_room_has_is_refused(as_staff: Client, room: Room, second_room: Room) -> None:
    form = {"name": "Shop", "domain": room.domain, "language_code": "en"}
    for page in (f"{ROOM_LIST}add/", f"{ROOM_LIST}{second_room.pk}/change/"):
        response = as_staff.post(page, form)
        assert response.status_code == 200
        assert "Another room of the organization has this domain." in response.content.decode()


@pytest.mark.parametrize("domain", ["https://shop.example.com", "shop.example.com/", "shop example", "a:1"])
def test_what_is_no_domain_is_refused(domain: str, as_staff: Client) -> None:
    form = {"name": "Shop", "domain": domain, "language_code": "en"}
    response = as_staff.post(f"{ROOM_LIST}add/", form)
    assert response.status_code == 200
    assert "The name alone, such as shop.example.com" in response.content.decode()


def test_a_room_stays_in_its_organization(
    as_operator: Client, room: Room, organization: Organization, other_organization: Organization
) -> None:
    form = {"name": "Renamed", "language_code": "fi", "organization": str(other_organization.pk)}
    assert as_operator.post(f"{ROOM_LIST}{room.pk}/change/", form).status_code == 302
    room.refresh_from_db()
    assert (room.name, room.organization) == ("Renamed", organization)


def test_rooms_are_archived_and_restored(as_staff: Client, room: Room, foreign_room: Room) -> None:
    def act(action: str) -> None:
        selected = [str(room.pk), str(foreign_room.pk)]
        page = ROOM_LIST + ("?state=retired" if action == "restore" else "")
        as_staff.post(page, {"action": action, "_selected_action": selected})
        room.refresh_from_db()
        foreign_room.refresh_from_db()

    def shown(state: str) -> list[Room]:
        return list(as_staff.get(ROOM_LIST, {"state": state} if state else {}).context["cl"].result_list)

    act("archive")
    assert room.archived_at is not None
    assert foreign_room.archived_at is None
    assert (shown(""), shown("retired"), shown("all")) == ([], [room], [room])
    act("restore")
    assert room.archived_at is None
    assert [entry.action for entry in HistoryEntry.objects.order_by("id")] == ["archived", "restored"]


def test_a_clerk_archives_nothing(as_clerk: Client, room: Room) -> None:
    as_clerk.post(ROOM_LIST, {"action": "archive", "_selected_action": [str(room.pk)]})
    room.refresh_from_db()
    assert room.archived_at is None


def test_a_conflict_in_the_database_is_no_crash(
    as_staff: Client, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As when two people save at the same moment: validation sees no conflict.
    monkeypatch.setattr(Room, "validate_constraints", lambda self, exclude=None: None)
    form = {"name": "Shop", "domain": room.domain, "language_code": "en"}
    response = as_staff.post(f"{ROOM_LIST}add/", form, follow=True)
    assert response.status_code == 200
    assert "Nothing was saved" in response.content.decode()
    assert Room.objects.count() == 1


def test_rooms_are_found_by_name_domain_and_id(as_staff: Client, room: Room) -> None:
    RoomFactory.create(organization=room.organization, name="Elsewhere")
    for term in ("Web sh", "shop.example", str(room.pk)):
        assert list(as_staff.get(ROOM_LIST, {"q": term}).context["cl"].result_list) == [room]
