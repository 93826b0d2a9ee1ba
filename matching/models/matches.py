"""Matches of goals outside the web page, and pending ones, which wait for an identity or a session."""

from datetime import datetime
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from goals.models import Goal
from goalsvc.orgs.history import Action, Changes, Kind
from goalsvc.orgs.keys import OrganizationForeignKey, OrganizationModel
from goalsvc.orgs.models import HistoryEntry, Organization, User
from matching.limits import MAX_EXTERNAL_ID_LENGTH, MAX_IDENTITY_LENGTH, MAX_REASON_LENGTH
from matching.models.visitors import VisitorSession

EXTERNAL_ID_HAS_DIGEST = Q(external_id=None, request_digest=None) | Q(
    external_id__isnull=False, request_digest__isnull=False
)


class ExternalMatchQuerySet(models.QuerySet["ExternalMatch"]):
    def with_visitors(self) -> "ExternalMatchQuerySet":
        """Add `visitor_id` and `visitor_session_id`, the tracking site's own ids, as answers show them."""
        return self.annotate(
            visitor_id=F("session__visitor__visitor_id"), visitor_session_id=F("session__visitor_session_id")
        )


class ExternalMatch(OrganizationModel):
    """A goal that matched outside the web page, linked to the visitor's session before it."""

    class ValueSource(models.TextChoices):
        REQUEST = "request", "Given with the match"
        GOAL_DEFAULT = "goal_default", "The goal's default value"
        NONE = "none", "No value"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The goal's foreign key ties it to the organization, and the goal is tied to that itself.
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="matches", db_index=False, db_constraint=False
    )
    goal = OrganizationForeignKey(Goal, on_delete=models.PROTECT, related_name="matches", db_index=False)
    # Both are null once the identity has been erased; the session only where it was erased with it.
    session = OrganizationForeignKey(
        VisitorSession, on_delete=models.PROTECT, related_name="matches", null=True
    )
    visitor_identity = models.CharField(max_length=MAX_IDENTITY_LENGTH, null=True)
    goal_matched_at = models.DateTimeField()
    # What the session said when it was chosen: a late delivery may still move its beginning.
    session_started_at = models.DateTimeField()
    goal_value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    goal_value_source = models.CharField(max_length=12, choices=ValueSource)
    room_ids = ArrayField(models.UUIDField(), help_text="The connected rooms.")
    unconnected_room_ids = ArrayField(
        models.UUIDField(), default=list, help_text="Posted, but not connected or not allowed."
    )
    external_id = models.CharField(max_length=MAX_EXTERNAL_ID_LENGTH, null=True)
    # What was asked for under the external id, so that a retry can be told from a different event.
    request_digest = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, db_index=False
    )
    # A retracted match stays, but leaves the reports.
    retracted_at = models.DateTimeField(null=True, editable=False)
    retracted_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, editable=False, db_index=False
    )
    retraction_reason = models.CharField(max_length=MAX_REASON_LENGTH, null=True, editable=False)

    # The tracking site's own ids of the session; where just made or loaded `with_visitors`.
    visitor_id: str | None
    visitor_session_id: str | None

    objects = ExternalMatchQuerySet.as_manager()

    class Meta:
        verbose_name = "match"
        verbose_name_plural = "matches"
        ordering = ("-created_at", "-id")
        constraints = (
            # Exactly once: finds the first match of a retried event, and lets no second one in.
            models.UniqueConstraint(
                fields=["organization", "goal", "external_id"],
                condition=Q(external_id__isnull=False),
                name="match_external_id_once_a_goal",
            ),
            models.CheckConstraint(condition=EXTERNAL_ID_HAS_DIGEST, name="match_external_id_has_digest"),
            models.CheckConstraint(condition=~Q(external_id=""), name="match_external_id_not_empty"),
            models.CheckConstraint(condition=~Q(visitor_identity=""), name="match_identity_not_empty"),
            models.CheckConstraint(
                condition=Q(session__isnull=False) | Q(visitor_identity=None),
                name="match_has_session_unless_erased",
            ),
            models.CheckConstraint(condition=Q(room_ids__len__gte=1), name="match_has_connected_rooms"),
            models.CheckConstraint(
                condition=Q(session_started_at__lt=F("goal_matched_at")), name="match_after_session_start"
            ),
            models.CheckConstraint(
                condition=Q(goal_value_source__in=["request", "goal_default"], goal_value__isnull=False)
                | Q(goal_value_source="none", goal_value=None),
                name="match_value_has_source",
            ),
            models.CheckConstraint(
                condition=Q(retraction_reason=None) | Q(retracted_at__isnull=False),
                name="match_reason_is_of_retraction",
            ),
        )
        indexes = (
            # The matches of an organization, newest first: admin and lists. With the user for the dashboard,
            # which counts those of a month without reading the rows.
            models.Index(
                fields=["organization", "created_at", "id"], include=["created_by"], name="match_list"
            ),
            # The matches of a goal, newest first.
            models.Index(fields=["goal", "created_at", "id"], name="match_goal_list"),
            # The matches of all organizations, newest first, and of a day: the operators' admin.
            models.Index(fields=["created_at", "id"], name="match_newest"),
            # The matches of an identity, newest first: support's first question.
            models.Index(
                fields=["organization", "visitor_identity", "created_at", "id"], name="match_identity_list"
            ),
            # The matches of a report: those of a time. With what the dashboard adds up of two months.
            models.Index(
                fields=["organization", "goal_matched_at"],
                include=["goal", "goal_value"],
                condition=Q(retracted_at=None),
                name="match_report",
            ),
            # The retracted matches, of an organization and of all, newest first: few among very many.
            models.Index(
                fields=["organization", "created_at", "id"],
                condition=Q(retracted_at__isnull=False),
                name="match_retracted_list",
            ),
            models.Index(
                fields=["created_at", "id"],
                condition=Q(retracted_at__isnull=False),
                name="match_retracted_newest",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def changes(self) -> "models.QuerySet[HistoryEntry]":
        """The corrections of the match, out of the history."""
        return HistoryEntry.objects.filter(
            organization=self.organization_id, kind=Kind.MATCH, object_id=self.id
        ).order_by("-changed_at", "-id")

    # Corrections. The caller holds the row's lock. Each tells whether it did something.

    def restate(
        self, value: Decimal | None, *, by: User | None, at: datetime, reason: str | None = None
    ) -> bool:
        """Correct the value; the old one stays in the history. A retracted match has none to correct."""
        if self.retracted_at is not None:
            return False
        self.record(Action.RESTATED, {"goal_value": [self.goal_value, value]}, by=by, at=at, reason=reason)
        self.goal_value = value
        self.goal_value_source = self.ValueSource.NONE if value is None else self.ValueSource.REQUEST
        self.save(update_fields=["goal_value", "goal_value_source"])
        return True

    def retract(self, *, by: User | None, at: datetime, reason: str | None = None) -> bool:
        """Take the match out of the reports. Done twice, it is done once."""
        if self.retracted_at is not None:
            return False
        self.mark(Action.RETRACTED, by=by, at=at, reason=reason)
        return True

    def restore(self, *, by: User | None, at: datetime, reason: str | None = None) -> bool:
        """Undo a retraction."""
        if self.retracted_at is None:
            return False
        self.mark(Action.RESTORED, by=by, at=at, reason=reason)
        return True

    def mark(self, action: Action, *, by: User | None, at: datetime, reason: str | None) -> None:
        is_retracted = action == Action.RETRACTED
        changes: Changes = {
            "is_retracted": [not is_retracted, is_retracted],
            "goal_value": [self.goal_value, self.goal_value],
        }
        self.record(action, changes, by=by, at=at, reason=reason)
        self.retracted_at = at if is_retracted else None
        self.retracted_by = by if is_retracted else None
        self.retraction_reason = reason if is_retracted else None
        self.save(update_fields=["retracted_at", "retracted_by", "retraction_reason"])

    def record(
        self, action: Action, changes: Changes, *, by: User | None, at: datetime, reason: str | None
    ) -> None:
        """Write a change of the match into the history."""
        if reason:
            changes = {**changes, "reason": [None, reason]}
        HistoryEntry.objects.record(self.organization_id, Kind.MATCH, self.id, action, changes, by=by, at=at)


class PendingMatchQuerySet(models.QuerySet["PendingMatch"]):
    def open(self, at: datetime) -> "PendingMatchQuerySet":
        """Those that can still be settled at the moment `at`."""
        return self.filter(status=PendingMatch.Status.PENDING, expires_at__gt=at)

    def expire(self, at: datetime) -> int:
        """Give up those that have waited too long by the moment `at`; return how many they were."""
        overdue = self.filter(status=PendingMatch.Status.PENDING, expires_at__lte=at)
        return overdue.update(status=PendingMatch.Status.EXPIRED, resolved_at=at)

    def in_status(self, status: str, at: datetime) -> "PendingMatchQuerySet":
        """Those of a status as `status_at` shows it."""
        if status == PendingMatch.Status.PENDING:
            return self.open(at)
        if status == PendingMatch.Status.EXPIRED:
            return self.filter(
                Q(status=PendingMatch.Status.EXPIRED)
                | Q(status=PendingMatch.Status.PENDING, expires_at__lte=at)
            )
        return self.filter(status=status)


class PendingMatch(OrganizationModel):
    """A match that waits until the identity or the session that it lacks arrives."""

    class Status(models.TextChoices):
        PENDING = "pending", "Held"
        MATCHED = "matched", "Matched"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="pending_matches",
        db_index=False,
        db_constraint=False,  # as with a match
    )
    goal = OrganizationForeignKey(
        Goal, on_delete=models.PROTECT, related_name="pending_matches", db_index=False
    )
    visitor_identity = models.CharField(max_length=MAX_IDENTITY_LENGTH)
    goal_matched_at = models.DateTimeField()
    goal_value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    room_ids = ArrayField(models.UUIDField(), help_text="The posted rooms.")
    external_id = models.CharField(max_length=MAX_EXTERNAL_ID_LENGTH, null=True)
    request_digest = models.BinaryField(null=True, editable=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    code = models.CharField(max_length=32, help_text="Why it could not be matched when last tried.")
    reason = models.JSONField(help_text="The facts behind the code.")
    match = OrganizationForeignKey(
        ExternalMatch, on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, related_name="+", null=True)
    expires_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    objects = PendingMatchQuerySet.as_manager()

    class Meta:
        verbose_name = "held match"
        verbose_name_plural = "held matches"
        ordering = ("-created_at", "-id")
        constraints = (
            # A repeated delivery finds the pending match, and makes no second one.
            models.UniqueConstraint(
                fields=["organization", "goal", "external_id"],
                condition=Q(external_id__isnull=False, status="pending"),
                name="pending_external_id_once_a_goal",
            ),
            # The match first: the same index finds what a match has settled.
            models.UniqueConstraint(fields=["match", "organization"], name="pending_match_settled_once"),
            models.CheckConstraint(condition=EXTERNAL_ID_HAS_DIGEST, name="pending_external_id_has_digest"),
            models.CheckConstraint(
                condition=Q(status="pending", resolved_at=None, match=None)
                | Q(status__in=["expired", "cancelled"], resolved_at__isnull=False, match=None)
                | Q(status="matched", resolved_at__isnull=False, match__isnull=False),
                name="pending_resolution_fits_status",
            ),
        )
        indexes = (
            # What an arriving session or identity may settle, the oldest first.
            models.Index(
                fields=["organization", "visitor_identity", "id"],
                condition=Q(status="pending"),
                name="pending_by_identity",
            ),
            # GET /orgs/<org>/pending_matches
            models.Index(fields=["organization", "created_at", "id"], name="pending_list"),
            # The pending matches of a status, of an organization and of all, newest first, for the admin's
            # filter: few are cancelled or still pending, among all that ever were.
            models.Index(fields=["organization", "status", "created_at", "id"], name="pending_status_list"),
            models.Index(fields=["status", "id"], name="pending_status_newest"),
            # The pending matches of a goal, newest first.
            models.Index(fields=["goal", "created_at", "id"], name="pending_goal_list"),
            # The pending matches of an identity, whatever became of them, newest first.
            models.Index(
                fields=["organization", "visitor_identity", "created_at", "id"], name="pending_identity_list"
            ),
            # The pending matches of an external id, whatever became of them.
            models.Index(
                fields=["organization", "external_id"],
                condition=Q(external_id__isnull=False),
                name="pending_external_id",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    def cancel(self, *, by: User | None, at: datetime) -> bool:
        """Give the match up; False when it was no longer pending."""
        with transaction.atomic(savepoint=False):
            itself = PendingMatch.objects.filter(organization=self.organization_id, pk=self.pk)
            still_open = itself.open(at)
            is_cancelled = still_open.update(status=self.Status.CANCELLED, resolved_at=at) > 0
            if is_cancelled:
                changes = {"status": [self.Status.PENDING, self.Status.CANCELLED]}
                self.record(Action.CANCELLED, changes, by=by, at=at)
        return is_cancelled

    def record(self, action: Action, changes: Changes, *, by: User | None, at: datetime) -> None:
        """Write what somebody did with the pending match into the history."""
        HistoryEntry.objects.record(
            self.organization_id, Kind.PENDING_MATCH, self.id, action, changes, by=by, at=at
        )

    def status_at(self, at: datetime) -> str:
        """The status at a moment: what is overdue is expired, even before the sweep has written it down."""
        if self.status == self.Status.PENDING and self.expires_at <= at:
            return self.Status.EXPIRED.value
        return self.status
