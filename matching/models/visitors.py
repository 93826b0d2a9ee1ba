"""Visitors as the tracking site knows them: their identities and their sessions."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from goalsvc.orgs.keys import OrganizationForeignKey, OrganizationModel
from goalsvc.orgs.models import Organization
from matching.limits import MAX_IDENTITY_LENGTH, MAX_TRACKING_ID_LENGTH


class Visitor(OrganizationModel):
    """A visitor as the tracking site knows it: one browser, say. A person may be several visitors."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="visitors", db_index=False
    )
    visitor_id = models.CharField(max_length=MAX_TRACKING_ID_LENGTH)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            # Finds the visitor of an incoming session or identity.
            models.UniqueConstraint(fields=["organization", "visitor_id"], name="visitor_unique"),
            models.CheckConstraint(condition=~Q(visitor_id=""), name="visitor_id_not_empty"),
        )

    def __str__(self) -> str:
        return self.visitor_id


class VisitorIdentity(OrganizationModel):
    """The customer's own name for a person (an e-mail hash, a card number), tied to a visitor."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The visitor's foreign key ties it to the organization, and the visitor is tied to that itself.
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="visitor_identities",
        db_index=False,
        db_constraint=False,
    )
    identity = models.CharField(max_length=MAX_IDENTITY_LENGTH)
    visitor = OrganizationForeignKey(
        Visitor, on_delete=models.CASCADE, related_name="identities", db_index=False
    )
    visitor_session_id = models.CharField(
        max_length=MAX_TRACKING_ID_LENGTH,
        null=True,
        help_text="The session in which the identity was last given, when told.",
    )
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "visitor identities"
        ordering = ("-created_at", "-id")
        constraints = (
            # Finds the visitors of an identity: the first step of every match.
            models.UniqueConstraint(
                fields=["organization", "identity", "visitor"], name="visitor_identity_unique"
            ),
            models.CheckConstraint(condition=~Q(identity=""), name="visitor_identity_not_empty"),
            models.CheckConstraint(condition=~Q(visitor_session_id=""), name="visitor_identity_session_id"),
        )
        indexes = (
            # GET /orgs/<org>/visitor_identities
            models.Index(fields=["organization", "created_at", "id"], name="visitor_identity_list"),
            # The identities of a visitor, newest first: a shop's own tablet has all of its customers'.
            models.Index(fields=["visitor", "created_at", "id"], name="identity_visitor_list"),
        )

    def __str__(self) -> str:
        return self.identity


class VisitorSessionQuerySet(models.QuerySet["VisitorSession"]):
    def before(self, moment: datetime) -> "VisitorSessionQuerySet":
        """The sessions that had started strictly before the moment, the latest first (tie: greater id)."""
        return self.filter(started_at__lt=moment).order_by("-started_at", "-id")


class VisitorSession(OrganizationModel):
    """A visit: when it began and ended, and the rooms it was in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="visitor_sessions",
        db_index=False,
        db_constraint=False,  # as with an identity
    )
    visitor_session_id = models.CharField(max_length=MAX_TRACKING_ID_LENGTH)
    visitor = OrganizationForeignKey(
        Visitor, on_delete=models.CASCADE, related_name="sessions", db_index=False
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    room_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = VisitorSessionQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = (
            # Finds the session of a repeated or continued delivery.
            models.UniqueConstraint(
                fields=["organization", "visitor_session_id"], name="visitor_session_unique"
            ),
            models.CheckConstraint(condition=~Q(visitor_session_id=""), name="visitor_session_id_not_empty"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="visitor_session_ends_after_start",
            ),
        )
        indexes = (
            # The matching rule: the latest session of a visitor before a moment is one descent. With the
            # organization it is the cheaper index even where there are no statistics.
            models.Index(
                F("visitor"), F("organization"), F("started_at").desc(), F("id").desc(), name="session_latest"
            ),
            # GET /orgs/<org>/visitor_sessions
            models.Index(fields=["organization", "started_at", "id"], name="session_list"),
        )

    def __str__(self) -> str:
        return self.visitor_session_id
