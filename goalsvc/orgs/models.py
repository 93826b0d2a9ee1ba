"""Who may call the service: organizations, their users and rooms, and the users' API tokens."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from uuid_utils.compat import uuid7

from goalsvc.api.requests import current_request_id
from goalsvc.orgs.history import Action, Changes, Channel, Kind, as_json, current_channel
from goalsvc.orgs.keys import OrganizationModel
from goalsvc.orgs.scopes import Scope


class Organization(models.Model):
    """A customer: the owner of everything else. What it may do depends on its subscription."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=64)
    subscription_expires_on = models.DateField(
        null=True, blank=True, help_text="The last day of the subscription (UTC). Empty: no subscription."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="organization_name_not_empty"),)

    def __str__(self) -> str:
        return self.name

    def is_subscription_active(self, on: date) -> bool:
        """Tell whether the subscription covers the day `on`; its last day is included."""
        return self.subscription_expires_on is not None and on <= self.subscription_expires_on


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        # The address is unique without regard to case.
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **attributes: Any) -> "User":
        """Create a user who logs in with `email`; without a password, through API tokens alone."""
        user = self.model(email=self.normalize_email(email), **attributes)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **attributes: Any) -> "User":
        """Create an operator of the installation: sees every organization in the admin."""
        with transaction.atomic():
            user = self.create_user(email, password, is_staff=True, is_superuser=True, **attributes)
            HistoryEntry.objects.record(
                user.organization_id,
                Kind.USER,
                user.id,
                Action.CREATED,
                {"email": [None, user.email], "is_superuser": [None, True]},
                by=None,
                at=user.created_at,
                label=user.email,
            )
        return user


class User(AbstractBaseUser):
    """A person or a program that belongs to one organization and holds some of its permission scopes.

    Operators of the installation (superusers) may belong to none: they use the admin, not the API.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField("e-mail address", max_length=254)
    first_name = models.CharField(max_length=64, blank=True)
    last_name = models.CharField(max_length=64, blank=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="users", null=True, blank=True
    )
    scopes = ArrayField(
        models.CharField(max_length=16, choices=Scope),
        default=list,
        blank=True,
        help_text="What the user may do in the organization, through the API and in the admin.",
    )
    is_bot = models.BooleanField("program", default=False, help_text="A program, not a person.")
    is_active = models.BooleanField(
        "active", default=True, help_text="Without this, neither the password nor any API token works."
    )
    is_staff = models.BooleanField("staff", default=False, help_text="May log in to this admin.")
    is_superuser = models.BooleanField(
        "operator", default=False, help_text="Operates the installation: sees every organization."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        ordering = ("email", "id")
        constraints = (
            models.UniqueConstraint(
                Lower("email"), name="user_email_unique", violation_error_message="This e-mail is taken."
            ),
            models.CheckConstraint(
                condition=Q(organization__isnull=False) | Q(is_superuser=True),
                name="user_organization_unless_operator",
                violation_error_message="Only an operator may belong to no organization.",
            ),
            models.CheckConstraint(condition=Q(scopes__contained_by=Scope.values), name="user_scopes_known"),
        )

    def __str__(self) -> str:
        return self.email

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def why_no_token(self) -> str:
        """Why an API token of this user would open nothing, in a sentence; empty when it would."""
        if not self.is_active:
            return "The user is disabled, so a token would not work."
        if self.organization_id is None:
            return "The user belongs to no organization, so a token would open nothing."
        return ""

    @property
    def why_no_login(self) -> str:
        """Why a password of this user would open nothing, in a sentence; empty when it would."""
        if not self.is_active:
            return "The user is disabled, so a password would not work."
        if self.is_bot:
            return "The user is a program: it works with API tokens, not with a password."
        if not self.is_staff:
            return "The user may not log in to this admin (“Staff”), so a password would open nothing."
        return ""

    def has_scope(self, scope: str) -> bool:
        """Tell whether the user holds the permission scope: the one rule for the API and the admin."""
        return self.organization_id is not None and scope in self.scopes

    # Django's admin asks these. Only operators hold Django's permissions; what staff may do follows from
    # their scopes and organization (goalsvc.orgs.admin).
    def has_perm(self, perm: object, obj: object = None) -> bool:
        return self.is_active and self.is_superuser

    has_perms = has_perm

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


class RoomQuerySet(models.QuerySet["Room"]):
    def active(self) -> "RoomQuerySet":
        """The rooms that the API knows: those that are not archived."""
        return self.filter(archived_at=None)

    def unknown_among(self, ids: Iterable[str]) -> list[str]:
        """Return in their order those of `ids` (lower case) that are no active room of these; one query."""
        ids = list(dict.fromkeys(ids))
        if not ids:
            return []
        known = set(self.active().filter(id__in=ids).order_by().values_list("id", flat=True))
        return [room_id for room_id in ids if UUID(room_id) not in known]


class Room(OrganizationModel):
    """A place where the organization meets visitors: a web shop's domain, or a shop."""

    DOMAIN = RegexValidator(r"^[\w-]+(\.[\w-]+)*\Z", "The name alone, such as shop.example.com.")
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="rooms")
    name = models.CharField(max_length=255)
    domain = models.CharField(max_length=253, null=True, blank=True, validators=[DOMAIN])
    language_code = models.CharField(max_length=16, default="en")
    archived_at = models.DateTimeField(
        null=True, blank=True, help_text="An archived room is unknown to the API; its history stays."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = RoomQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="room_name_not_empty"),
            models.CheckConstraint(condition=~Q(domain=""), name="room_domain_not_empty"),
            models.UniqueConstraint(
                fields=["organization", "domain"],
                name="room_domain_unique",
                violation_error_message="Another room of the organization has this domain.",
            ),
        )
        indexes = (
            # GET /orgs/<org>/rooms
            models.Index(fields=["organization", "created_at", "id"], name="room_list"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        return f"{self.name} ({self.domain})" if self.domain else self.name


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def issue(self, user: User, description: str) -> tuple["ApiToken", str]:
        """Make a token for `user`; the key is returned here and can never be read again."""
        token = ApiToken(user=user, description=description)
        key = token.take_new_key()
        token.save(using=self.db, force_insert=True)
        return token, key


class ApiToken(models.Model):
    """A key to the API with its user's permissions. Only the SHA-256 of the key is stored."""

    KEY = re.compile(r"[0-9a-f]{40}")
    # `last_used_at` is written at most once in this time, not at every request.
    TOUCH_INTERVAL = timedelta(hours=1)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    description = models.CharField(max_length=255, help_text="What uses it, for example “CRM export”.")
    prefix = models.CharField(max_length=8, editable=False, help_text="The key's first 8 characters.")
    digest = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    revoked_at = models.DateTimeField(null=True, blank=True, help_text="A revoked token never works again.")
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=["digest"], name="api_token_digest_unique"),
            models.CheckConstraint(condition=Q(digest__regex="^[0-9a-f]{64}$"), name="api_token_digest"),
        )

    def __str__(self) -> str:
        return f"{self.prefix}… {self.description}"

    def state_at(self, moment: datetime) -> str:
        """Say in a word whether the token works at the moment, or why not."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= moment:
            return "expired"
        if not self.user.is_active:
            return "user disabled"
        organization = self.user.organization
        if organization is None or not organization.is_subscription_active(moment.date()):
            return "organization has no subscription"
        return "valid"

    @staticmethod
    def digest_of(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    def take_new_key(self) -> str:
        """Give this token a fresh random key (40 lower-case hex characters) and return it; not saved."""
        key = secrets.token_hex(20)
        self.prefix = key[:8]
        self.digest = self.digest_of(key)
        return key


class HistoryEntryManager(models.Manager["HistoryEntry"]):
    def record(
        self,
        organization_id: UUID | None,
        kind: Kind,
        object_id: UUID | None,
        action: Action,
        changes: Changes,
        *,
        by: User | None,
        at: datetime,
        label: str = "",
    ) -> None:
        """Write a change into the history; one statement.

        Args:
            organization_id: whose history it is; None: the operators'.
            changes: by attribute, the value before and the value after.
            by: who did it; None: a command.
            label: what the thing was called then.
        """
        self.create(
            organization_id=organization_id,
            kind=kind,
            object_id=object_id,
            label=label[:255],
            action=action,
            changes={name: [as_json(value) for value in pair] for name, pair in changes.items()},
            changed_at=at,
            changed_by=by,
            changed_by_name=by.email if by else "",
            channel=current_channel(),
            request_id=current_request_id.get(),
        )


class HistoryEntry(models.Model):
    """A change of something that people answer for; see goalsvc.orgs.history. Written once, never changed.

    The database itself refuses to change or delete one (a trigger, made in the migration). It refers to
    nothing but the organization, so that nothing that goes takes its history along.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="history",
        null=True,
        db_index=False,
        help_text="Null: of the installation, such as an operator.",
    )
    kind = models.CharField(max_length=16, choices=Kind)
    object_id = models.UUIDField(null=True)
    label = models.CharField(max_length=255, blank=True, help_text="What it was called then.")
    action = models.CharField(max_length=9, choices=Action)
    changes = models.JSONField(default=dict, help_text="By attribute, the value before and the value after.")
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        User,
        on_delete=models.DO_NOTHING,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
        help_text="Stays when the user goes. Null: a command.",
    )
    changed_by_name = models.CharField(
        max_length=254, blank=True, help_text="The user's e-mail address then."
    )
    channel = models.CharField(max_length=7, choices=Channel)
    request_id = models.CharField(max_length=128, null=True)

    objects = HistoryEntryManager()

    class Meta:
        verbose_name_plural = "history entries"
        ordering = ("-changed_at", "-id")
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="history_kind_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="history_channel_known"),
        )
        indexes = (
            # The history of an organization, newest first.
            models.Index(fields=["organization", "changed_at", "id"], name="history_list"),
            # Of one thing: GET /orgs/<org>/matches/<match>/history, and the history of a row in the admin.
            models.Index(fields=["object_id", "changed_at", "id"], name="history_of_object"),
            # Of one person.
            models.Index(fields=["changed_by", "changed_at", "id"], name="history_of_person"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.action}"


class RateWindow(models.Model):
    """How many requests a token has made since its window began; see goalsvc.orgs.authentication.

    The table is unlogged: counting costs no write to the disk, and a crash of the database forgets the count.
    """

    token = models.OneToOneField(
        ApiToken, on_delete=models.CASCADE, primary_key=True, related_name="rate_window"
    )
    started_at = models.DateTimeField()
    requests = models.PositiveIntegerField()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(requests__gte=1), name="rate_window_has_requests"),)

    def __str__(self) -> str:
        return f"{self.requests} requests since {self.started_at}"
