"""Goals: the events that an organization wants to see, and in which of its rooms they count."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, models, transaction
from django.db.models import F, Func, OuterRef, Q, Value
from django.db.models.lookups import Exact
from uuid_utils.compat import uuid7

from goals.refusals import UnknownRoomsError
from goalsvc.orgs.history import Action, Changes, Kind, differences
from goalsvc.orgs.keys import OrganizationForeignKey, OrganizationModel
from goalsvc.orgs.models import HistoryEntry, Organization, Room, User


class GoalAttributes(TypedDict, total=False):
    """What a client may set on a goal, checked by `goals.serializers.GoalSerializer`."""

    name: str
    is_any_room_allowed: bool
    allowed_rooms: Sequence[str]
    default_value: Decimal | None
    conditions: list[dict[str, Any]]


class GoalQuerySet(models.QuerySet["Goal"]):
    def live(self) -> "GoalQuerySet":
        """The goals that the API knows: those that are not deleted."""
        return self.filter(deleted_at=None)

    def with_allowed_rooms(self) -> "GoalQuerySet":
        """Add `allowed_room_ids`: the goal's allowed rooms by creation, archived ones left out."""
        room_ids = (
            GoalRoom.objects.filter(
                organization=OuterRef("organization"), goal=OuterRef("pk"), room__archived_at=None
            )
            .order_by("room__created_at", "room_id")
            .values("room_id")
        )
        return self.annotate(allowed_room_ids=ArraySubquery(room_ids))


class Goal(OrganizationModel):
    """An event that can be triggered for a visitor; see API.md section 2."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="goals")
    name = models.CharField(max_length=255)
    is_any_room_allowed = models.BooleanField(
        verbose_name="any room", help_text="The goal can match in any room, also in rooms yet to come."
    )
    allowed_rooms = models.ManyToManyField(
        Room,
        through="GoalRoom",
        related_name="goals",
        blank=True,
        help_text="Where the goal can match. Kept, but ignored, while any room is allowed.",
    )
    default_value = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True, help_text="For a match without a value."
    )
    conditions = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, editable=False
    )
    updated_at = models.DateTimeField(editable=False)
    updated_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, editable=False
    )
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = GoalQuerySet.as_manager()

    if TYPE_CHECKING:
        allowed_room_ids: list[UUID]  # where loaded with `with_allowed_rooms`

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="goal_name_not_empty"),
            models.CheckConstraint(
                condition=Exact(
                    Func(F("conditions"), function="jsonb_typeof", output_field=models.TextField()),
                    Value("array"),
                ),
                name="goal_conditions_is_array",
            ),
            models.CheckConstraint(
                condition=Q(updated_at__gte=F("created_at")), name="goal_updated_after_created"
            ),
        )
        indexes = (
            # GET /orgs/<org>/goals
            models.Index(
                fields=["organization", "created_at", "id"], condition=Q(deleted_at=None), name="goal_list"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def can_match(self) -> bool:
        """Whether there is a room in which it counts. Needs `with_allowed_rooms`."""
        return self.is_any_room_allowed or bool(self.allowed_room_ids)

    @classmethod
    def create(
        cls,
        organization: Organization,
        attributes: GoalAttributes,
        *,
        by: User | None,
        at: datetime,
        id: UUID | None = None,
    ) -> "Goal":
        """Create a goal from checked attributes, all required ones included. Raises: UnknownRoomsError."""
        columns: dict[str, Any] = {**attributes}
        room_ids = columns.pop("allowed_rooms", [])
        audit = {"created_at": at, "created_by": by, "updated_at": at, "updated_by": by}
        goal = cls(id=id or uuid7(), organization=organization, **columns, **audit)
        with transaction.atomic():
            check_rooms(organization, room_ids)
            goal.save(force_insert=True)
            goal.allow_rooms(room_ids)
            created = differences({}, columns | {"allowed_rooms": room_ids})
            goal.record(Action.CREATED, created, by=by, at=at)
        return goal

    def revise(self, attributes: GoalAttributes, *, by: User | None, at: datetime) -> None:
        """Change the given attributes and leave the others. The caller holds the goal's row lock.

        Raises: UnknownRoomsError; then nothing has changed.
        """
        columns: dict[str, Any] = {**attributes}
        room_ids = columns.pop("allowed_rooms", None)
        before, after = {name: getattr(self, name) for name in columns}, {**columns}
        for name, value in columns.items():
            setattr(self, name, value)
        # Answers show milliseconds, and every change has to change `updated_at` there.
        self.updated_at = max(at, self.updated_at + timedelta(milliseconds=1))
        self.updated_by = by
        with transaction.atomic(savepoint=False):
            if room_ids is not None:
                check_rooms(self.organization, room_ids)
            self.save(update_fields=[*columns, "updated_at", "updated_by"])
            if room_ids is not None:
                # Sorted, because another order of the same rooms is no change.
                before["allowed_rooms"], after["allowed_rooms"] = self.forbid_rooms(), sorted(room_ids)
                self.allow_rooms(room_ids)
            if changes := differences(before, after):
                self.record(Action.CHANGED, changes, by=by, at=at)

    def record(self, action: Action, changes: Changes, *, by: User | None, at: datetime) -> None:
        """Record a change of the goal in the history."""
        HistoryEntry.objects.record(
            self.organization_id, Kind.GOAL, self.id, action, changes, by=by, at=at, label=self.name
        )

    def forbid_rooms(self) -> list[UUID]:
        """Remove all allowed rooms; return their ids, sorted. One statement."""
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM goals_goalroom WHERE organization_id = %s AND goal_id = %s RETURNING room_id",
                [self.organization_id, self.id],
            )
            return sorted(row[0] for row in cursor.fetchall())

    def allow_rooms(self, room_ids: Sequence[str]) -> None:
        GoalRoom.objects.bulk_create(
            GoalRoom(organization_id=self.organization_id, goal=self, room_id=room_id) for room_id in room_ids
        )

    def discard(self, *, by: User | None, at: datetime) -> None:
        """Delete the goal softly: it leaves the API, its matches stay, and `restore` undoes it."""
        self.set_deleted_at(at, Action.DELETED, by=by, at=at)

    def restore(self, *, by: User | None, at: datetime) -> None:
        """Undo `discard`."""
        self.set_deleted_at(None, Action.RESTORED, by=by, at=at)

    def set_deleted_at(
        self, moment: datetime | None, action: Action, *, by: User | None, at: datetime
    ) -> None:
        with transaction.atomic(savepoint=False):
            # Of two concurrent calls only one updates the row and records it.
            others = Goal.objects.filter(
                organization=self.organization_id, pk=self.pk, deleted_at__isnull=moment is not None
            )
            if others.update(deleted_at=moment):
                self.record(action, {"is_deleted": [moment is None, moment is not None]}, by=by, at=at)
        self.deleted_at = moment


def check_rooms(organization: Organization, room_ids: Sequence[str]) -> None:
    """Raise UnknownRoomsError unless each id is an active room of the organization."""
    if unknown := organization.rooms.unknown_among(room_ids):
        raise UnknownRoomsError(unknown)


class GoalRoom(OrganizationModel):
    """A room in which a goal is allowed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    goal = OrganizationForeignKey(Goal, on_delete=models.CASCADE, related_name="+", db_index=False)
    room = OrganizationForeignKey(Room, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "allowed room"
        constraints = (
            models.UniqueConstraint(fields=["organization", "goal", "room"], name="goal_room_unique"),
        )

    def __str__(self) -> str:
        return f"{self.goal_id} in {self.room_id}"
