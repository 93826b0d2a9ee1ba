"""Rows as they are stated: found by name, made where they are missing, changed where they differ.

What is not stated stays as it is. Each function takes a mapping of attributes as a person has written it,
checks it, and records what it changes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import Q
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from goalsvc.api.errors import quoted
from goalsvc.api.fields import (
    FORBIDDEN_CHARACTERS,
    StrictBooleanField,
    StrictChoiceField,
    TextField,
    parse_uuid,
)
from goalsvc.api.serializers import ObjectSerializer
from goalsvc.orgs.admin.display import faults
from goalsvc.orgs.history import Action, Changes, Kind, as_json, differences
from goalsvc.orgs.models import ApiToken, HistoryEntry, Organization, Room, User
from goalsvc.orgs.scopes import Scope

# Neither TOML nor a command line has a null, so an empty text takes these away.
MAY_BE_NONE = ("subscription_expires_on", "domain", "default_value")
HOW_TO_CHANGE = "Add --update to change it."


class FaultError(Exception):
    """What is wrong with what was stated.

    Attributes:
        path: where, as keys and positions from the outermost on.
    """

    def __init__(self, sentence: str, *path: str | int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.path = path


@contextmanager
def within(*path: str | int) -> Iterator[None]:
    """Add the path to what is found wrong inside the block."""
    try:
        yield
    except FaultError as fault:
        raise FaultError(fault.sentence, *path, *fault.path) from None


@dataclass(frozen=True)
class Outcome:
    """What became of a row that was stated.

    Attributes:
        action: None where it was as stated already.
        changes: by attribute, the value before and the value after.
        key: of a new token; it can never be read again.
    """

    row: Any
    kind: Kind
    name: str
    organization_id: UUID | None
    action: Action | None
    changes: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None


# What may be stated. These check the types, and the models all else.


class OrganizationInput(ObjectSerializer):
    id = serializers.UUIDField(required=False)
    name = TextField()
    subscription_expires_on = serializers.DateField(
        required=False, allow_null=True, error_messages={"invalid": "Not a date, such as 2027-12-31."}
    )


class RoomInput(ObjectSerializer):
    name = TextField()
    domain = TextField(required=False, allow_null=True)
    language_code = TextField(required=False)


class UserInput(ObjectSerializer):
    email = TextField()
    first_name = TextField(required=False, allow_blank=True)
    last_name = TextField(required=False, allow_blank=True)
    scopes = serializers.ListField(child=StrictChoiceField(choices=Scope.choices), required=False)
    is_bot = StrictBooleanField(required=False)
    is_active = StrictBooleanField(required=False)
    is_staff = StrictBooleanField(required=False)
    is_superuser = StrictBooleanField(required=False)


def checked(serializer: ObjectSerializer, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that were stated, as the serializer reads them. Raises: FaultError."""
    known = [name for name, each in serializer.fields.items() if not each.read_only]
    if unknown := next((name for name in stated if name not in known), None):
        raise FaultError(f"There is no such key. There are: {', '.join(known)}.", unknown)
    given = {
        name: None if value == "" and name in MAY_BE_NONE else value  # a null, see above
        for name, value in stated.items()
    }
    try:
        attributes: dict[str, Any] = serializer.run_validation(given)
    except ValidationError as error:
        path, sentence = next(faults(error.detail))
        raise FaultError(sentence, *(int(each) if each.isdecimal() else each for each in path)) from None
    return {name: sorted(set(value)) if name == "scopes" else value for name, value in attributes.items()}


def ensure_organization(stated: Mapping[str, Any], *, may_change: bool = True) -> Outcome:
    """Make the organization that is stated, or change the one of this id or else of this name.

    Args:
        may_change: whether one that differs is changed, and not refused.
    Raises: FaultError.
    """
    attributes = checked(OrganizationInput(), stated)
    pk, name = attributes.pop("id", None), attributes["name"]
    if pk is not None:
        with within("id"):
            row = organization_called(str(pk))
    else:
        with within("name"):
            row = only_one(Organization.objects.filter(name=name), f"organizations are called {quoted(name)}")
    return settle(row or Organization(), attributes, may_change=may_change)


def organization_called(text: str) -> Organization:
    """Return the organization of this id or name. Raises: FaultError."""
    rows = Organization.objects.none()
    if pk := parse_uuid(text):
        rows = Organization.objects.filter(id=pk)
    elif not FORBIDDEN_CHARACTERS.search(text):  # which PostgreSQL would not take
        rows = Organization.objects.filter(name=text)
    row: Organization | None = only_one(rows, f"organizations are called {quoted(text)}")
    if row is None:
        raise FaultError(f"There is no organization {quoted(text)}.")
    return row


def user_called(email: str) -> User | None:
    """Return the user of this e-mail address, in whatever case it is written."""
    if FORBIDDEN_CHARACTERS.search(email):  # which PostgreSQL would not take
        return None
    return User.objects.select_related("organization").filter(email__iexact=email).first()


def only_one(rows: Iterable[Any], are_called: str) -> Any:
    """Return the row, or None where there is none. Raises: FaultError where there are several."""
    rows = list(rows)
    if len(rows) > 1:
        ids = ", ".join(str(row.id) for row in rows[:5])
        raise FaultError(f"{len(rows)} {are_called}, so it is unclear which is meant: {ids}.")
    return rows[0] if rows else None


def ensure_room(organization: Organization, stated: Mapping[str, Any], *, may_change: bool = True) -> Outcome:
    """Make the room that is stated, or change the one of this domain or else of this name.

    A room without a domain becomes the stated one of its name. Raises: FaultError.
    """
    attributes = checked(RoomInput(), stated)
    name, domain = attributes["name"], attributes.get("domain")
    rooms = organization.rooms.active()
    row = rooms.filter(domain=domain).first() if domain else None
    if row is None:
        if domain and organization.rooms.filter(domain=domain).exists():
            raise FaultError("The room with this domain is archived. Restore it in the admin.", "domain")
        if domain:
            rooms = rooms.filter(domain=None)
        with within("name"):
            row = only_one(rooms.filter(name=name), f"rooms are called {quoted(name)}")
    return settle(row or Room(organization=organization), attributes, may_change=may_change)


def ensure_user(
    organization: Organization | None, stated: Mapping[str, Any], *, may_change: bool = True
) -> Outcome:
    """Make the user that is stated, or change the one of this e-mail address.

    Args:
        organization: None: of an operator who belongs to none.
    Raises: FaultError, also for a user of another organization.
    """
    attributes = checked(UserInput(), stated)
    attributes["email"] = email = User.objects.normalize_email(attributes["email"])
    row = user_called(email)
    if row is None:
        row = User(organization=organization)
        row.set_unusable_password()
    elif row.organization != organization:
        where = f"organization {quoted(row.organization)}" if row.organization else "installation alone"
        raise FaultError(f"{quoted(email)} is a user of the {where}. Users are moved in the admin.", "email")
    elif row.email != email:
        raise FaultError(f"This user's address is written {quoted(row.email)}. Write it so.", "email")
    return settle(row, attributes, may_change=may_change)


def settle(row: Any, attributes: Mapping[str, Any], *, may_change: bool) -> Outcome:
    """Give a row these attributes, and save and record it where it is new or differs. Raises: FaultError."""
    described: Any = admin.site.get_model_admin(type(row))  # so the history is that of the admin
    is_new = row._state.adding
    before = {} if is_new else {name: getattr(row, name) for name in attributes}
    if "scopes" in before:  # which have no order
        before["scopes"] = sorted(before["scopes"])
    for name, value in attributes.items():
        setattr(row, name, value)
    names = described.history_fields if is_new else attributes
    changes = differences(before, {name: getattr(row, name) for name in names})
    label, owner = described.history_label(row), described.organization_id_of(row)
    if not is_new and not changes:
        return Outcome(row, described.history_kind, label, owner, None)
    if not is_new and not may_change:
        raise differs(described.history_kind, before, changes)
    try:
        # Without the id, for which it would look in the tables of all organizations.
        row.full_clean(exclude={"id"})
    except ModelValidationError as error:
        [(name, sentences), *_] = error.message_dict.items()
        raise FaultError(sentences[0], *([] if name == "__all__" else [name])) from None
    if is_new:
        row.save(force_insert=True)
    else:  # what others change meanwhile stays
        row.save(update_fields=[*changes, "updated_at"])
    action = Action.CREATED if is_new else Action.CHANGED
    HistoryEntry.objects.record(
        owner, described.history_kind, row.id, action, changes, by=None, at=timezone.now(), label=label
    )
    return Outcome(row, described.history_kind, label, owner, action, changes)


def differs(kind: Kind, before: Mapping[str, Any], changes: Mapping[str, Any]) -> FaultError:
    """Build the refusal to change a row that a command would only make."""
    said = [f"{name} is {shown(before[name])}, not {shown(after)}" for name, (_, after) in changes.items()]
    return FaultError(f"The {called(kind)} exists and differs: {'; '.join(said)}. {HOW_TO_CHANGE}")


def called(kind: Kind) -> str:
    """Name a kind inside a sentence."""
    return kind.label if kind == Kind.API_TOKEN else kind.label.lower()


def shown(value: Any) -> str:
    """Show an attribute's value in a sentence."""
    return json.dumps(as_json(value), ensure_ascii=False)


def ensure_token(user: User, description: Any) -> Outcome:
    """Issue a token of this description, unless the user has one that is neither revoked nor expired.

    Raises: FaultError, also where a token would open nothing.
    """
    text = description.strip() if isinstance(description, str) else ""
    if not 1 <= len(text) <= 255 or FORBIDDEN_CHARACTERS.search(text):
        raise FaultError("The description must have 1 to 255 characters.")
    if reason := user.why_no_token:
        raise FaultError(reason)
    now = timezone.now()
    lasting = Q(expires_at=None) | Q(expires_at__gt=now)
    found = user.api_tokens.filter(lasting, description=text, revoked_at=None).first()
    if found is not None:
        return Outcome(found, Kind.API_TOKEN, text, user.organization_id, None)
    token, key = ApiToken.objects.issue(user, text)
    changes: Changes = {"user_id": [None, user.id], "description": [None, text]}
    HistoryEntry.objects.record(
        user.organization_id, Kind.API_TOKEN, token.id, Action.CREATED, changes, by=None, at=now, label=text
    )
    return Outcome(token, Kind.API_TOKEN, text, user.organization_id, Action.CREATED, changes, key)
