"""Records of what was posted: rejected attempts, counts of replays, idempotency keys, imports of files."""

from datetime import datetime

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from goals.models import Goal
from goalsvc.orgs.keys import OrganizationForeignKey, OrganizationModel
from goalsvc.orgs.models import Organization, User
from matching.limits import MAX_EXTERNAL_ID_LENGTH, MAX_IDENTITY_LENGTH, MAX_KEY_LENGTH
from matching.models.matches import ExternalMatch


def in_words(code: str) -> str:
    """Write the code of a refusal as people say it: `No connected rooms`."""
    return code.replace("_", " ").capitalize()


class MatchAttemptQuerySet(models.QuerySet["MatchAttempt"]):
    def before_match(self, match: ExternalMatch) -> "MatchAttemptQuerySet":
        """The attempts at the event that this match finally is: of one external id, or else alike."""
        if match.visitor_identity is None:
            return self.none()  # erased, and with it all that tied the attempts to the event
        is_same_event = Q(visitor_identity=match.visitor_identity, goal_matched_at=match.goal_matched_at)
        if match.external_id is not None:
            is_same_event |= Q(external_id=match.external_id)
        return self.filter(is_same_event, goal=match.goal_id, created_at__lte=match.created_at)


class MatchAttempt(OrganizationModel):
    """A rejected attempt to post a match: kept for a while, so that nobody has to ask where it went."""

    class Source(models.TextChoices):
        SINGLE = "single", "Single call"
        BATCH = "batch", "Batch"
        IMPORT = "import", "File import"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="match_attempts", db_index=False
    )
    goal = OrganizationForeignKey(
        Goal, on_delete=models.CASCADE, related_name="match_attempts", null=True, db_index=False
    )
    source = models.CharField(max_length=6, choices=Source)
    visitor_identity = models.CharField(max_length=MAX_IDENTITY_LENGTH, null=True)
    goal_matched_at = models.DateTimeField(null=True)
    goal_value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    external_id = models.CharField(max_length=MAX_EXTERNAL_ID_LENGTH, null=True)
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
        verbose_name = "refused attempt"
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
        parts = [self.code_in_words, f"{self.created_at:%-d %b %Y %H:%M} UTC"]
        if self.visitor_identity:
            parts.append(f"customer {self.visitor_identity}")
        return " · ".join(parts)

    @property
    def code_in_words(self) -> str:
        return in_words(self.code)


class ReplayTally(OrganizationModel):
    """How many deliveries of a goal's matches were repetitions, a day: all that is kept of them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="replay_tallies", db_index=False
    )
    goal = OrganizationForeignKey(Goal, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "goal", "day"], name="replay_tally_unique"),
        )

    def __str__(self) -> str:
        return f"{self.day}: {self.count}"


class IdempotencyKey(OrganizationModel):
    """A client's own name for a request (header `Idempotency-Key`), and the answer that it got."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="idempotency_keys", db_index=False
    )
    endpoint = models.CharField(max_length=128)
    key = models.CharField(max_length=MAX_KEY_LENGTH)
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


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def open(self) -> "ImportRunQuerySet":
        """Those that wait or run."""
        return self.filter(status__in=ImportRun.OPEN)

    def begun(self) -> "ImportRunQuerySet":
        return self.exclude(status=ImportRun.Status.DRAFT)

    def running(self) -> "ImportRunQuerySet":
        return self.filter(status=ImportRun.Status.RUNNING)


def uploads() -> Storage:
    """Return where uploaded files are kept."""
    return storages["uploads"]


class ImportRun(OrganizationModel):
    """The import of a file, and how far it has come, written with its rows: it always goes on from there."""

    class Kind(models.TextChoices):
        MATCHES = "matches", "Matches"
        SESSIONS = "sessions", "Sessions"

    class Status(models.TextChoices):
        DRAFT = "draft", "Not begun"  # an upload that waits for its importer's decision (the admin)
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Failed"  # the file cannot be imported at all: `error` says why
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="import_runs", db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    status = models.CharField(max_length=9, choices=Status, default=Status.RUNNING)
    # Of the file's bytes and of the options that change what its rows mean.
    digest = models.CharField(max_length=64)
    filename = models.CharField(max_length=255, blank=True, help_text="As its sender calls it.")
    # In the storage of uploads; empty once it is deleted, and of a file that a command imports.
    file = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes of the file.")
    options = models.JSONField(default=dict, help_text="How the file is to be read.")
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_total = models.PositiveBigIntegerField(
        null=True, help_text="Lines of the file, until it is finished; unknown before it is read."
    )
    results_bytes = models.PositiveBigIntegerField(default=0, help_text="The length of the results file.")
    counts = models.JSONField(default=dict, help_text="How many rows got which verdict.")
    unread_columns = models.JSONField(default=list, help_text="Columns of the file that nobody reads.")
    remarks = models.JSONField(default=list, help_text="What its importer should know of the file.")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, db_index=False
    )
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True, help_text="Also of what failed or was cancelled.")

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "kind", "digest"], name="import_run_unique"),
        )
        indexes = (
            # GET /orgs/<org>/imports
            models.Index(fields=["organization", "created_at", "id"], name="import_run_list"),
            # What waits or runs, for the worker and the metrics.
            models.Index(
                fields=["created_at"], condition=Q(status__in=["queued", "running"]), name="import_run_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.filename or self.kind}: {self.rows_done} rows"

    def take_up(self, *, at: datetime) -> bool:
        """Begin or go on with it; False where its status has changed since it was read: cancelled, say."""
        values = {"status": self.Status.RUNNING, "started_at": self.started_at or at, "finished_at": None}
        as_read = ImportRun.objects.filter(organization=self.organization_id, pk=self.pk, status=self.status)
        if not as_read.update(**values):
            return False
        for name, value in values.items():
            setattr(self, name, value)
        return True

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def is_lost(self) -> bool:
        """Tell whether its file was lost before all of it was imported."""
        return self.status == self.Status.FAILED and not self.file

    @property
    def is_dry_run(self) -> bool:
        return bool(self.options.get("dry_run"))

    @property
    def results_name(self) -> str:
        """The name of the file of refused rows in the storage of uploads."""
        return f"{self.id}.failed.{self.options['format']}"

    @property
    def has_results(self) -> bool:
        """Tell whether there are refused rows to download."""
        return bool(self.file and self.counts.get("failed"))


class Chore(models.Model):
    """Something that is done every day: when it last was, and how it went."""

    class Name(models.TextChoices):
        PRUNE = "prune", "Delete what has outlived its keep"
        HELD_MATCHES = "resolve_pending", "Try held matches again, and let old ones expire"
        UPLOADS = "uploads", "Delete old uploads"

    name = models.CharField(max_length=32, primary_key=True, choices=Name)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True, help_text="What it said when it last succeeded.")
    error = models.CharField(max_length=200, blank=True, help_text="Of the last time, if that failed.")

    def __str__(self) -> str:
        return self.get_name_display()

    @property
    def is_running(self) -> bool:
        return self.started_at is not None and self.finished_at is None
