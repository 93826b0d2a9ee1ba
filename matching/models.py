"""Visitors, what is known of them beforehand, and the matches of goals outside the web page."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from goals.models import Goal
from goalsvc.orgs.models import Organization, User


class Visitor(models.Model):
    """A visitor as the tracking site knows it: one browser, say. A person may be several visitors."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="visitors")
    visitor_id = models.CharField(max_length=64)
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


class VisitorIdentity(models.Model):
    """The customer's own name for a person (an e-mail hash, a card number), tied to a visitor."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="visitor_identities", db_index=False
    )
    identity = models.CharField(max_length=255)
    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="identities")
    visitor_session_id = models.CharField(
        max_length=64, null=True, help_text="The session in which the identity was last given, when told."
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
        )

    def __str__(self) -> str:
        return self.identity


class VisitorSessionQuerySet(models.QuerySet["VisitorSession"]):
    def before(self, moment: datetime) -> "VisitorSessionQuerySet":
        """The sessions that had started strictly before the moment, the latest first (tie: greater id)."""
        return self.filter(started_at__lt=moment).order_by("-started_at", "-id")


class VisitorSession(models.Model):
    """A visit: when it began and ended, and the rooms it was in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="visitor_sessions", db_index=False
    )
    visitor_session_id = models.CharField(max_length=64)
    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="sessions", db_index=False)
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
            # The matching rule: the latest session of a visitor before a moment is one descent.
            models.Index(F("visitor"), F("started_at").desc(), F("id").desc(), name="session_latest"),
            # GET /orgs/<org>/visitor_sessions
            models.Index(fields=["organization", "started_at", "id"], name="session_list"),
        )

    def __str__(self) -> str:
        return self.visitor_session_id


class ExternalMatchQuerySet(models.QuerySet["ExternalMatch"]):
    def with_visitors(self) -> "ExternalMatchQuerySet":
        """Add `visitor_id` and `visitor_session_id`, the tracking site's own ids, as answers show them."""
        return self.annotate(
            visitor_id=F("session__visitor__visitor_id"),
            visitor_session_id=F("session__visitor_session_id"),
        )


class ExternalMatch(models.Model):
    """A goal that matched outside the web page, linked to the visitor's session before it."""

    class ValueSource(models.TextChoices):
        REQUEST = "request", "Given with the match"
        GOAL_DEFAULT = "goal_default", "The goal's default value"
        NONE = "none", "No value"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="matches", db_index=False
    )
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="matches", db_index=False)
    session = models.ForeignKey(VisitorSession, on_delete=models.PROTECT, related_name="matches")
    visitor_identity = models.CharField(max_length=255)
    goal_matched_at = models.DateTimeField()
    # What the session said when it was chosen: a late delivery may still move its beginning.
    session_started_at = models.DateTimeField()
    goal_value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    goal_value_source = models.CharField(max_length=12, choices=ValueSource)
    room_ids = ArrayField(models.UUIDField(), help_text="The connected rooms.")
    unconnected_room_ids = ArrayField(
        models.UUIDField(), default=list, help_text="Posted, but not connected or not allowed."
    )
    external_id = models.CharField(max_length=255, null=True)
    # What was asked for under the external id, so that a retry can be told from a different event.
    request_digest = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, db_index=False
    )

    # The tracking site's own ids of the session; where just made or loaded `with_visitors`.
    visitor_id: str
    visitor_session_id: str

    objects = ExternalMatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "external matches"
        ordering = ("-created_at", "-id")
        constraints = (
            # Exactly once: finds the first match of a retried event, and lets no second one in.
            models.UniqueConstraint(
                fields=["organization", "goal", "external_id"],
                condition=Q(external_id__isnull=False),
                name="match_external_id_once_a_goal",
            ),
            models.CheckConstraint(
                condition=Q(external_id=None, request_digest=None)
                | Q(external_id__isnull=False, request_digest__isnull=False),
                name="match_external_id_has_digest",
            ),
            models.CheckConstraint(condition=~Q(external_id=""), name="match_external_id_not_empty"),
            models.CheckConstraint(condition=~Q(visitor_identity=""), name="match_identity_not_empty"),
            models.CheckConstraint(condition=Q(room_ids__len__gte=1), name="match_has_connected_rooms"),
            models.CheckConstraint(
                condition=Q(session_started_at__lt=F("goal_matched_at")), name="match_after_session_start"
            ),
            models.CheckConstraint(
                condition=Q(goal_value_source__in=["request", "goal_default"], goal_value__isnull=False)
                | Q(goal_value_source="none", goal_value=None),
                name="match_value_has_source",
            ),
        )
        indexes = (
            # The matches of an organization, newest first: admin and lists.
            models.Index(fields=["organization", "created_at", "id"], name="match_list"),
            # The matches of a goal, newest first.
            models.Index(fields=["goal", "created_at", "id"], name="match_goal_list"),
            # The matches of an identity: support's first question.
            models.Index(fields=["organization", "visitor_identity"], name="match_identity"),
        )

    def __str__(self) -> str:
        return str(self.id)
