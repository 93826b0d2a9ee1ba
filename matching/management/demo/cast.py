"""Who and what the demo world is about: organizations, users, rooms, goals, and three named customers."""

import secrets
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid5

from django.db.models import Model
from django.utils import timezone

from goals.models import Goal, GoalAttributes
from goalsvc.orgs.history import Action, Changes, Kind
from goalsvc.orgs.models import ApiToken, HistoryEntry, Organization, Room, User
from goalsvc.orgs.scopes import Scope
from matching.management.demo.chronicle import write_history
from matching.management.demo.setting import Setting
from matching.visitors.arrivals import SessionReport
from matching.visitors.sessions import record_sessions

# The cast has ids derived from names, so a second run finds it again.
NAMESPACE = UUID("6d3d5a43-5a4e-4b0c-9f5e-7f2c6b1a9d10")
FAR_AWAY = date(2099, 12, 31)
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN_DESCRIPTION = "Demo"  # noqa: S105 - not a secret

ORGANIZATION = "Example Ltd."
OTHER_ORGANIZATION = "Another Ltd."
EXPIRED_ORGANIZATION = "Expired Ltd."
ORGANIZATIONS = (ORGANIZATION, OTHER_ORGANIZATION, EXPIRED_ORGANIZATION)
ADMIN = "admin@example.com"
PLAIN_GOAL = {"is_any_room_allowed": True, "allowed_rooms": [], "default_value": None, "conditions": []}
IDENTITIES = ("customer-12345678", "customer-23456789", "customer-34567890")


Made = TypeVar("Made", bound=Model)


def demo_id(name: str) -> UUID:
    return uuid5(NAMESPACE, name)


def load(now: datetime) -> dict[str, Any]:
    """Make or renew the demo world; return what a caller needs to try it."""
    organization = make_organization(ORGANIZATION, FAR_AWAY)
    other = make_organization(OTHER_ORGANIZATION, FAR_AWAY)
    expired = make_organization(EXPIRED_ORGANIZATION, date(2020, 12, 31))

    rooms = [
        make_room(organization, "Web shop", "shop.example.com"),
        make_room(organization, "Blog", "blog.example.com"),
        make_room(organization, "Store in Helsinki", None),
    ]
    make_room(other, "Other shop", "shop.example.net")

    settings = [Scope.SETTINGS, Scope.REPORTS, Scope.USERS]
    users = {
        "manager": make_user("mira.manager@example.com", organization, scopes=settings),
        "integrator": make_user("ivo.integrator@example.com", organization, scopes=[], is_bot=True),
        "other": make_user("olga.other@example.net", other, scopes=settings),
        "expired": make_user("eve.expired@example.org", expired, scopes=settings),
    }
    tokens = {name: issue_token(user, now) for name, user in users.items()}
    goals = make_goals(users["manager"], rooms)
    make_goal(users["other"], 0, name="Another organization's goal")
    record_named_customers(organization, rooms, now)
    write_history(
        Setting(
            organization=organization,
            rooms=[str(room.id) for room in rooms],
            goals=[goal.id for goal in goals],
            manager=users["manager"],
            integrator=users["integrator"],
            now=now,
        )
    )
    return {
        "organization_id": organization.id,
        "other_organization_id": other.id,
        "expired_organization_id": expired.id,
        "rooms": [room.id for room in rooms],
        "goals": [goal.id for goal in goals],
        "tokens": tokens,
        "visitor_identities": list(IDENTITIES),
        "admin": {"email": ADMIN, "password": make_admin(now)},
    }


def make_goals(manager: User, rooms: list[Room]) -> list[Goal]:
    """Make the organization's goals, in the order of matching.management.demo.customers."""
    in_web_shop = {"is_any_room_allowed": False, "allowed_rooms": [str(rooms[0].id)]}
    lead = [{"type": 27, "value": "", "negate": False, "settings": {}}]
    return [
        make_goal(manager, 0, name="Bought in the shop", default_value=Decimal("14.15")),
        make_goal(manager, 1, name="User sent a lead", **in_web_shop, conditions=lead),
        make_goal(manager, 2, name="Picked up in the store"),
        make_goal(manager, 3, name="Signed a contract"),
    ]


def record_named_customers(organization: Organization, rooms: list[Room], now: datetime) -> None:
    """Record the customers of the examples that people and programs post."""
    # Two visitors carry the first identity (laptop and phone); each has sessions on several days.
    visitors = [(IDENTITIES[0], "demo-laptop"), (IDENTITIES[0], "demo-phone")]
    visitors += [(identity, f"demo-visitor-{number}") for number, identity in enumerate(IDENTITIES[1:], 2)]
    record_sessions(
        organization,
        [
            SessionReport(
                visitor_session_id=f"{visitor_id}-{day}",
                visitor_id=visitor_id,
                started_at=BEGINNING + timedelta(days=day, hours=9 + offset),
                ended_at=BEGINNING + timedelta(days=day, hours=9 + offset, minutes=20),
                rooms=[str(rooms[(day + offset) % 2].id)],
                visitor_identity=identity,
            )
            for offset, (identity, visitor_id) in enumerate(visitors)
            for day in range(0, 40, 10)
        ],
        at=now,
    )


def make(model: type[Made], key: str, **attributes: Any) -> Made:
    """Make or renew the row whose id is derived from a key."""
    row, _ = model._default_manager.update_or_create(id=demo_id(key), defaults=attributes)
    return row


def make_organization(name: str, expires_on: date) -> Organization:
    return make(Organization, name, name=name, subscription_expires_on=expires_on)


def make_room(organization: Organization, name: str, domain: str | None) -> Room:
    key: dict[str, Any] = {"organization": organization, "id": demo_id(f"{organization.name} {name}")}
    attributes = {"name": name, "domain": domain, "archived_at": None}
    room, _ = Room.objects.update_or_create(**key, defaults=attributes)
    return room


def make_user(email: str, organization: Organization, **rights: Any) -> User:
    """Make a user whose name is in the e-mail address."""
    first_name, last_name = email.partition("@")[0].title().split(".")
    names = {"email": email, "first_name": first_name, "last_name": last_name}
    return make(User, email, **names, organization=organization, is_active=True, **rights)


def make_admin(now: datetime) -> str:
    """Make or renew the operator; return the new password."""
    password = secrets.token_urlsafe(12)
    admin = User.objects.filter(email=ADMIN).first() or User(id=demo_id(ADMIN), email=ADMIN)
    admin.first_name, admin.last_name = "Ada", "Admin"
    admin.is_staff = admin.is_superuser = admin.is_active = True
    admin.set_password(password)
    admin.save()
    rights: Changes = {"is_superuser": [None, True], "password": ["…", "…"]}
    record = partial(HistoryEntry.objects.record, by=None, at=now)
    record(None, Kind.USER, admin.id, Action.CHANGED, rights, label=admin.email)
    return password


def issue_token(user: User, now: datetime) -> str:
    """Issue the user's token anew; the earlier one stops working. Return its key."""
    ApiToken.objects.filter(user=user, description=TOKEN_DESCRIPTION).delete()
    token, key = ApiToken.objects.issue(user, TOKEN_DESCRIPTION)
    owner: Changes = {"user_id": [None, user.id]}
    record = partial(HistoryEntry.objects.record, by=None, at=now)
    record(user.organization_id, Kind.API_TOKEN, token.id, Action.CREATED, owner, label=TOKEN_DESCRIPTION)
    return key


def make_goal(user: User, number: int, **attributes: Any) -> Goal:
    """Make a goal of the user's organization: allowed in any room where nothing else is said."""
    organization = user.organization
    assert organization is not None
    goal_id = demo_id(f"{organization.name} goal {number}")
    goal = organization.goals.filter(id=goal_id).first()
    checked = GoalAttributes(**{**PLAIN_GOAL, **attributes})  # type: ignore[typeddict-item] # literals
    if goal is None:
        return Goal.create(organization, checked, by=user, at=BEGINNING + timedelta(days=number), id=goal_id)
    if goal.deleted_at is not None:
        goal.restore(by=user, at=timezone.now())
    goal.revise(checked, by=user, at=timezone.now())
    return goal
