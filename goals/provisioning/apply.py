"""Makes what a provisioning file states. It deletes nothing, and says what is there and was not stated."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from goals.provisioning.goal import ensure_goal
from goalsvc.orgs.history import Kind
from goalsvc.orgs.models import Organization, User
from goalsvc.orgs.provisioning.rows import (
    FaultError,
    Outcome,
    called,
    ensure_organization,
    ensure_room,
    ensure_token,
    ensure_user,
    within,
)

PARTS = ("rooms", "users", "goals")


class Application:
    """The making of what one file states, within the caller's transaction.

    Attributes:
        outcomes: what became of each row that is stated, in the order of the file.
    """

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.seen: set[UUID] = set()

    def apply(self, content: Mapping[str, Any]) -> None:
        """Make and change rows until all is as stated. Raises: FaultError."""
        if unknown := next((key for key in content if key not in ("organizations", "users")), None):
            raise FaultError("There is no such key. There are: organizations, users.", unknown)
        for index, stated in tables(content, "organizations"):
            with within("organizations", index):
                self.apply_organization(stated)
        for index, stated in tables(content, "users"):
            with within("users", index):
                self.apply_user(None, stated)

    def apply_organization(self, stated: Mapping[str, Any]) -> None:
        own = {key: value for key, value in stated.items() if key not in PARTS}
        organization = self.note(ensure_organization(own))
        for index, room in tables(stated, "rooms"):
            with within("rooms", index):
                self.note(ensure_room(organization, room))
        for index, user in tables(stated, "users"):
            with within("users", index):
                self.apply_user(organization, user)
        for index, goal in tables(stated, "goals"):
            with within("goals", index):
                self.note(ensure_goal(organization, goal))

    def apply_user(self, organization: Organization | None, stated: Mapping[str, Any]) -> None:
        own = {**stated}
        descriptions = own.pop("tokens", [])
        user = self.note(ensure_user(organization, own))
        if not isinstance(descriptions, list):
            raise FaultError("Not a list of descriptions.", "tokens")
        for index, description in enumerate(descriptions):
            with within("tokens", index):
                self.note(ensure_token(user, description))

    def note(self, outcome: Outcome) -> Any:
        """Keep what became of a row, and return the row. Raises: FaultError if it was stated before."""
        if outcome.row.id in self.seen:
            raise FaultError(f"This {called(outcome.kind)} is stated twice in the file.")
        self.seen.add(outcome.row.id)
        self.outcomes.append(outcome)
        return outcome.row

    def not_stated(self) -> Iterator[tuple[Kind, UUID, str, UUID | None]]:
        """Yield what is there beside what was stated: kind, id, name and organization of each row.

        Of organizations that were not stated, only themselves.
        """
        others = Organization.objects.exclude(id__in=self.seen)
        yield from self.rest(Kind.ORGANIZATION, others, "name", None)
        yield from self.rest(Kind.USER, User.objects.filter(organization=None), "email", None)
        for each in self.outcomes:
            if isinstance(organization := each.row, Organization):
                pk = organization.id
                yield from self.rest(Kind.ROOM, organization.rooms.active(), "name", pk)
                yield from self.rest(Kind.USER, organization.users.all(), "email", pk)
                yield from self.rest(Kind.GOAL, organization.goals.live(), "name", pk)

    def rest(
        self, kind: Kind, rows: QuerySet[Any], name: str, organization_id: UUID | None
    ) -> Iterator[tuple[Kind, UUID, str, UUID | None]]:
        for pk, text in rows.order_by(name, "id").values_list("id", name):
            if pk not in self.seen:
                yield kind, pk, text, organization_id


def tables(parent: Mapping[str, Any], key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the tables of a list with their positions. Raises: FaultError where it is none."""
    found = parent.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise FaultError("Not a list of tables: write each with its header in double brackets.", key)
    yield from enumerate(found)
