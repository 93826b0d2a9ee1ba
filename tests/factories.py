"""Builds objects for tests: each the least valid one, so that a test writes out whatever it is about."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from factory.declarations import LazyAttribute, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from goals.models import Goal, GoalRoom
from goalsvc.orgs.models import ApiToken, Organization, Room, User
from matching.models import ExternalMatch, ImportRun, PendingMatch, Visitor, VisitorIdentity, VisitorSession

# When the world of the tests was made: long before anything that happens in it.
BEGINNING = datetime(2016, 1, 1, tzinfo=UTC)


class OrganizationFactory(DjangoModelFactory[Organization]):
    """An organization whose subscription is active."""

    class Meta:
        model = Organization

    name = Sequence(lambda n: f"Organization {n}")
    subscription_expires_on = date(2099, 12, 31)


class UserFactory(DjangoModelFactory[User]):
    """A user without any scope, who can't log in with a password."""

    class Meta:
        model = User

    email = Sequence(lambda n: f"user{n}@example.com")
    organization = SubFactory(OrganizationFactory)
    password = "!"  # what Django writes for "has none"


class RoomFactory(DjangoModelFactory[Room]):
    class Meta:
        model = Room

    organization = SubFactory(OrganizationFactory)
    name = Sequence(lambda n: f"Room {n}")


class GoalFactory(DjangoModelFactory[Goal]):
    """A goal that can match in any room, without conditions or a default value.

    `GoalFactory.create(rooms=[room])` makes one that is allowed in these rooms
    alone and belongs to their organization.
    """

    class Meta:
        model = Goal
        skip_postgeneration_save = True

    class Params:
        rooms: Any = ()

    organization = LazyAttribute(
        lambda goal: goal.rooms[0].organization if goal.rooms else OrganizationFactory.create()
    )
    name = Sequence(lambda n: f"Goal {n}")
    is_any_room_allowed = LazyAttribute(lambda goal: not goal.rooms)
    created_at = BEGINNING
    updated_at = SelfAttribute("created_at")

    @classmethod
    def create(cls, **attributes: Any) -> Goal:
        goal: Goal = super().create(**attributes)
        allow_rooms(goal, attributes.get("rooms", ()))
        return goal


def allow_rooms(goal: Goal, rooms: Iterable[Room]) -> None:
    """Add rooms of the goal's organization to those in which it may match."""
    GoalRoom.objects.bulk_create(
        GoalRoom(organization_id=goal.organization_id, goal=goal, room=room) for room in rooms
    )


class VisitorFactory(DjangoModelFactory[Visitor]):
    class Meta:
        model = Visitor

    organization = SubFactory(OrganizationFactory)
    visitor_id = Sequence(lambda n: f"visitor-{n}")
    created_at = BEGINNING


class VisitorIdentityFactory(DjangoModelFactory[VisitorIdentity]):
    """An identity of the visitor given, or of a new one of the organization given."""

    class Meta:
        model = VisitorIdentity

    organization = SubFactory(OrganizationFactory)
    visitor = SubFactory(VisitorFactory, organization=SelfAttribute("..organization"))
    identity = Sequence(lambda n: f"customer-{n}")
    created_at = BEGINNING

    @classmethod
    def create(cls, **attributes: Any) -> VisitorIdentity:
        return super().create(**with_organization_of("visitor", attributes))


class VisitorSessionFactory(DjangoModelFactory[VisitorSession]):
    """A session without an end, in no room, of the visitor given, or of a new one."""

    class Meta:
        model = VisitorSession

    organization = SubFactory(OrganizationFactory)
    visitor = SubFactory(VisitorFactory, organization=SelfAttribute("..organization"))
    visitor_session_id = Sequence(lambda n: f"session-{n}")
    started_at = datetime(2016, 10, 10, 20, 0, tzinfo=UTC)
    created_at = BEGINNING
    updated_at = BEGINNING

    @classmethod
    def create(cls, **attributes: Any) -> VisitorSession:
        return super().create(**with_organization_of("visitor", attributes))


class ExternalMatchFactory(DjangoModelFactory[ExternalMatch]):
    """A match without a value, of the goal given, or of a new one, two hours after its session began."""

    class Meta:
        model = ExternalMatch

    organization = SubFactory(OrganizationFactory)
    goal = SubFactory(GoalFactory, organization=SelfAttribute("..organization"))
    session = SubFactory(VisitorSessionFactory, organization=SelfAttribute("..organization"))
    visitor_identity = "customer-12345678"
    goal_matched_at = datetime(2016, 10, 10, 22, 0, 49, 123000, tzinfo=UTC)
    session_started_at = SelfAttribute("session.started_at")
    goal_value: Decimal | None = None
    goal_value_source = LazyAttribute(lambda match: "none" if match.goal_value is None else "request")
    room_ids = LazyAttribute(
        lambda match: match.session.room_ids or [RoomFactory.create(organization=match.organization).id]
    )
    external_id: str | None = None
    request_digest = LazyAttribute(lambda match: None if match.external_id is None else b"\0" * 16)
    created_at = datetime(2016, 10, 11, 6, 0, tzinfo=UTC)

    @classmethod
    def create(cls, **attributes: Any) -> ExternalMatch:
        return super().create(**with_organization_of("session", with_organization_of("goal", attributes)))


class PendingMatchFactory(DjangoModelFactory[PendingMatch]):
    """A held match without a value, whose identity is unknown; it would expire in 2099."""

    class Meta:
        model = PendingMatch

    organization = SubFactory(OrganizationFactory)
    goal = SubFactory(GoalFactory, organization=SelfAttribute("..organization"))
    visitor_identity = "customer-34567890"
    goal_matched_at = datetime(2016, 10, 10, 22, 0, 49, 123000, tzinfo=UTC)
    room_ids = LazyAttribute(lambda held: [RoomFactory.create(organization=held.organization).id])
    code = "session_not_found"
    reason = LazyAttribute(lambda held: {"message": "The identity is unknown."})
    created_at = datetime(2016, 10, 11, 6, 0, tzinfo=UTC)
    expires_at = datetime(2099, 12, 31, tzinfo=UTC)

    @classmethod
    def create(cls, **attributes: Any) -> PendingMatch:
        return super().create(**with_organization_of("goal", attributes))


class ImportRunFactory(DjangoModelFactory[ImportRun]):
    """An upload that waits."""

    class Meta:
        model = ImportRun

    organization = SubFactory(OrganizationFactory)
    kind = ImportRun.Kind.MATCHES
    status = ImportRun.Status.QUEUED
    digest = Sequence(lambda number: f"{number:064x}")
    filename = "purchases.csv"
    size = 1000
    options = LazyAttribute(lambda run: {"format": "csv"})
    created_at = datetime(2016, 10, 11, 6, 0, tzinfo=UTC)


def with_organization_of(relation: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """Take the organization of a related object that is given, unless one is given itself."""
    related = attributes.get(relation)
    return attributes if related is None else {"organization": related.organization, **attributes}


def issue_token(user: User, **attributes: Any) -> str:
    """Issue an API token, with other attributes (`revoked_at`, `expires_at`) when given; return its key."""
    token, key = ApiToken.objects.issue(user, "Tests")
    if attributes:
        ApiToken.objects.filter(pk=token.pk).update(**attributes)
    return key


def ids(*objects: Any) -> list[str]:
    """The ids of objects, as answers show them."""
    return [str(each.pk) for each in objects]


UNKNOWN_ID = UUID("0199d6a4-0000-7000-8000-000000000000")
