"""Visitors, what is known of them beforehand, and the matches of goals outside the web page."""

from datetime import datetime
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from goals.models import Goal
from goalsvc.orgs.history import Action, Changes, Kind
from goalsvc.orgs.models import HistoryEntry, Organization, User


class Visitor(models.Model):
    """A visitor as the tracking site knows it: one browser, say. A person may be several visitors."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="visitors", db_index=False
    )
    visitor_id = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            # Finds the visitor of an incoming session or identity.
            models.UniqueConstraint(fields=["organization", "visitor_id"], name="visitor_unique"),
            models.CheckConstraint(condition=~Q(visitor_id=""), name="visitor_id_not_empty"),
        )
        indexes = (
            # The visitors of an organization in the admin, newest first: ids grow with time.
            models.Index(fields=["organization", "id"], name="visitor_list"),
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
    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="identities", db_index=False)
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
            # The identities of a visitor, newest first: a shop's own tablet has all of its customers'.
            models.Index(fields=["visitor", "created_at", "id"], name="identity_visitor_list"),
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
            # The matching rule: the latest session of a visitor before a moment is one descent. With the
            # organization it is the cheaper index even where there are no statistics.
            models.Index(
                F("visitor"),
                F("organization"),
                F("started_at").desc(),
                F("id").desc(),
                name="session_latest",
            ),
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
    # Both are null once the identity has been erased; the session only where it was erased with it.
    session = models.ForeignKey(VisitorSession, on_delete=models.PROTECT, related_name="matches", null=True)
    visitor_identity = models.CharField(max_length=255, null=True)
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
    # A retracted match stays, but leaves the reports.
    retracted_at = models.DateTimeField(null=True, editable=False)
    retracted_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, editable=False, db_index=False
    )

    # The tracking site's own ids of the session; where just made or loaded `with_visitors`.
    visitor_id: str | None
    visitor_session_id: str | None

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
        )
        indexes = (
            # The matches of an organization, newest first: admin and lists.
            models.Index(fields=["organization", "created_at", "id"], name="match_list"),
            # The matches of a goal, newest first.
            models.Index(fields=["goal", "created_at", "id"], name="match_goal_list"),
            # The matches of all organizations, newest first, and of a day: the operators' admin.
            models.Index(fields=["created_at", "id"], name="match_newest"),
            # The matches of an identity, newest first: support's first question.
            models.Index(
                fields=["organization", "visitor_identity", "created_at", "id"], name="match_identity_list"
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

    def restate(self, value: Decimal | None, *, by: User | None, at: datetime) -> None:
        """Correct the value; the old one stays in the history. The caller holds the row's lock."""
        self.record(Action.RESTATED, {"goal_value": [self.goal_value, value]}, by=by, at=at)
        self.goal_value = value
        self.goal_value_source = self.ValueSource.NONE if value is None else self.ValueSource.REQUEST
        self.save(update_fields=["goal_value", "goal_value_source"])

    def retract(self, *, by: User | None, at: datetime) -> None:
        """Take the match out of the reports. Done twice, it is done once. The caller holds the row's lock."""
        if self.retracted_at is None:
            self.mark(Action.RETRACTED, by=by, at=at)

    def restore(self, *, by: User | None, at: datetime) -> None:
        """Undo a retraction. The caller holds the row's lock."""
        if self.retracted_at is not None:
            self.mark(Action.RESTORED, by=by, at=at)

    def mark(self, action: Action, *, by: User | None, at: datetime) -> None:
        is_retracted = action == Action.RETRACTED
        changes: Changes = {
            "is_retracted": [not is_retracted, is_retracted],
            "goal_value": [self.goal_value, self.goal_value],
        }
        self.record(action, changes, by=by, at=at)
        self.retracted_at = at if is_retracted else None
        self.retracted_by = by if is_retracted else None
        self.save(update_fields=["retracted_at", "retracted_by"])

    def record(self, action: Action, changes: Changes, *, by: User | None, at: datetime) -> None:
        """Write a change of the match into the history."""
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


class PendingMatch(models.Model):
    """A match that is held until the identity or the session that it lacks arrives."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        MATCHED = "matched", "Matched"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="pending_matches", db_index=False
    )
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="pending_matches", db_index=False)
    visitor_identity = models.CharField(max_length=255)
    goal_matched_at = models.DateTimeField()
    goal_value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    room_ids = ArrayField(models.UUIDField(), help_text="The posted rooms.")
    external_id = models.CharField(max_length=255, null=True)
    request_digest = models.BinaryField(null=True, editable=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    code = models.CharField(max_length=32, help_text="Why it could not be matched when last tried.")
    reason = models.JSONField(help_text="The facts behind the code.")
    match = models.ForeignKey(
        ExternalMatch, on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, related_name="+", null=True)
    expires_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    objects = PendingMatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "pending matches"
        ordering = ("-created_at", "-id")
        constraints = (
            # A repeated delivery of a held event finds it, and holds no second one.
            models.UniqueConstraint(
                fields=["organization", "goal", "external_id"],
                condition=Q(external_id__isnull=False, status="pending"),
                name="pending_external_id_once_a_goal",
            ),
            # The match first: the same index finds what a match has settled.
            models.UniqueConstraint(fields=["match", "organization"], name="pending_match_settled_once"),
            models.CheckConstraint(
                condition=Q(external_id=None, request_digest=None)
                | Q(external_id__isnull=False, request_digest__isnull=False),
                name="pending_external_id_has_digest",
            ),
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
            # The held matches of a status, of an organization and of all, newest first: the admin's filter.
            # Few are cancelled or still pending, among all that ever were.
            models.Index(fields=["organization", "status", "created_at", "id"], name="pending_status_list"),
            models.Index(fields=["status", "id"], name="pending_status_newest"),
            # The held matches of a goal, newest first.
            models.Index(fields=["goal", "created_at", "id"], name="pending_goal_list"),
            # The held matches of an identity, whatever became of them, newest first.
            models.Index(
                fields=["organization", "visitor_identity", "created_at", "id"], name="pending_identity_list"
            ),
            # The held matches of an external id, whatever became of them.
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
            is_cancelled = bool(
                PendingMatch.objects.open(at)
                .filter(pk=self.pk)
                .update(status=self.Status.CANCELLED, resolved_at=at)
            )
            if is_cancelled:
                self.record(
                    Action.CANCELLED, {"status": [self.Status.PENDING, self.Status.CANCELLED]}, by=by, at=at
                )
        return is_cancelled

    def record(self, action: Action, changes: Changes, *, by: User | None, at: datetime) -> None:
        """Write what somebody did with the held match into the history."""
        HistoryEntry.objects.record(
            self.organization_id, Kind.PENDING_MATCH, self.id, action, changes, by=by, at=at
        )

    def status_at(self, at: datetime) -> str:
        """The status at a moment: what is overdue is expired, even before the sweep has written it down."""
        if self.status == self.Status.PENDING and self.expires_at <= at:
            return self.Status.EXPIRED.value
        return self.status


class MatchAttemptQuerySet(models.QuerySet["MatchAttempt"]):
    def before_match(self, match: ExternalMatch) -> "MatchAttemptQuerySet":
        """The attempts at the event that this match finally is: of one external id, or else alike."""
        if match.visitor_identity is None:
            return self.none()  # erased, and with it all that tied the attempts to the event
        is_same_event = Q(visitor_identity=match.visitor_identity, goal_matched_at=match.goal_matched_at)
        if match.external_id is not None:
            is_same_event |= Q(external_id=match.external_id)
        return self.filter(is_same_event, goal=match.goal_id, created_at__lte=match.created_at)


class MatchAttempt(models.Model):
    """A rejected attempt to post a match: kept for a while, so that nobody has to ask where it went."""

    class Source(models.TextChoices):
        SINGLE = "single", "Single call"
        BATCH = "batch", "Batch"
        IMPORT = "import", "File import"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="match_attempts", db_index=False
    )
    goal = models.ForeignKey(
        Goal, on_delete=models.CASCADE, related_name="match_attempts", null=True, db_index=False
    )
    source = models.CharField(max_length=6, choices=Source)
    visitor_identity = models.CharField(max_length=255, null=True)
    goal_matched_at = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=255, null=True)
    code = models.CharField(max_length=32)
    detail = models.TextField(blank=True)
    errors = models.JSONField(null=True, help_text="The attributes at fault.")
    reason = models.JSONField(null=True, help_text="The facts behind the code.")
    request_id = models.CharField(max_length=128, null=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, db_index=False
    )

    objects = MatchAttemptQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (
            # GET /orgs/<org>/match_attempts and its summary
            models.Index(fields=["organization", "created_at", "id"], name="match_attempt_list"),
            # The attempts of all organizations, newest first, and of a day: the operators' admin, pruning.
            models.Index(fields=["created_at", "id"], name="match_attempt_newest"),
            # Filters by code and by source, newest first: one of many faults may be rare.
            models.Index(fields=["organization", "code", "created_at", "id"], name="match_attempt_code"),
            models.Index(fields=["organization", "source", "created_at", "id"], name="match_attempt_source"),
            # The attempts at a goal, newest first; those of a goal that is deleted.
            models.Index(fields=["goal", "created_at", "id"], name="match_attempt_goal_list"),
            # The rejected attempts of an event that later matched; filter by identity, newest first: a
            # faulty client may send the same wrong one a million times.
            models.Index(
                fields=["organization", "visitor_identity", "created_at", "id"],
                name="match_attempt_identity_list",
            ),
            # The attempts of a request, which a client names in its question to support. A batch has many.
            models.Index(
                fields=["organization", "request_id", "created_at", "id"],
                condition=Q(request_id__isnull=False),
                name="match_attempt_request",
            ),
            models.Index(
                fields=["organization", "external_id"],
                condition=Q(external_id__isnull=False),
                name="match_attempt_external_id",
            ),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.created_at}"


class ReplayTally(models.Model):
    """How many deliveries of a goal's matches were repetitions, a day: all that is kept of them."""

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="replay_tallies", db_index=False
    )
    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "goal", "day"], name="replay_tally_unique"),
        )

    def __str__(self) -> str:
        return f"{self.day}: {self.count}"


class IdempotencyKey(models.Model):
    """A client's own name for a request (header `Idempotency-Key`), and the answer that it got."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="idempotency_keys", db_index=False
    )
    endpoint = models.CharField(max_length=128)
    key = models.CharField(max_length=255)
    request_digest = models.BinaryField()
    status_code = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "endpoint", "key"], name="idempotency_key_unique"
            ),
        )
        indexes = (
            # Pruning.
            models.Index(fields=["created_at"], name="idempotency_key_age"),
        )

    def __str__(self) -> str:
        return self.key


class ImportRun(models.Model):
    """How far a file has been imported, written with its rows: the same command again goes on from there."""

    class Kind(models.TextChoices):
        MATCHES = "matches", "Matches"
        SESSIONS = "sessions", "Sessions"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="import_runs", db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    # Of the file's bytes and of the options that change what its rows mean.
    digest = models.CharField(max_length=64)
    rows_done = models.PositiveBigIntegerField(default=0)
    results_bytes = models.PositiveBigIntegerField(default=0, help_text="The length of the results file.")
    counts = models.JSONField(default=dict, help_text="How many rows got which verdict.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "kind", "digest"], name="import_run_unique"),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.rows_done} rows"
