"""Where the customers' doings are written to: an organization up to a moment, and how rows get there."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Model

from goalsvc.database.columns import Columns
from goalsvc.orgs.models import Organization, User
from matching.management.demo.customers import Post
from matching.models import MatchAttempt
from matching.rule.facts import find_facts
from matching.rule.resolver import MatchRequest, Resolution, RowRefusal, decide

NO_GOAL = UUID("6d3d5a43-0000-7000-8000-000000000000")

SQL_TYPES = {
    "ArrayField": "uuid[]",
    "BinaryField": "bytea",
    "CharField": "text",
    "DateTimeField": "timestamptz",
    "DecimalField": "numeric",
    "ForeignKey": "uuid",
    "UUIDField": "uuid",
}

Decision = Resolution | RowRefusal


@dataclass(frozen=True)
class Setting:
    """The demo organization up to a moment; its rooms and goals in the order that customers name them by."""

    organization: Organization
    rooms: Sequence[str]
    goals: Sequence[UUID]
    manager: User
    integrator: User
    now: datetime

    def rooms_of(self, rooms: Iterable[int]) -> list[str]:
        return [self.rooms[room] for room in rooms]

    def by_id(self, post: Post) -> UUID | None:
        """Return who posted it; nobody, where a file was imported."""
        return None if post.source == MatchAttempt.Source.IMPORT else self.integrator.id

    def request_of(self, post: Post) -> MatchRequest:
        return MatchRequest(
            goal_id=NO_GOAL if post.goal is None else self.goals[post.goal],
            visitor_identity=post.identity,
            goal_matched_at=post.matched_at,
            rooms=self.rooms_of(post.rooms),
            goal_value=post.value,
            external_id=post.external_id,
            is_pending_if_unmatched=post.is_held,
            by_id=self.by_id(post),
        )

    def decide(self, posts: Sequence[Post]) -> list[tuple[Post, Decision]]:
        """Apply the rule to posts, as things stand in the database."""
        requests = [self.request_of(post) for post in posts]
        known_rooms, facts = find_facts(self.organization, requests)
        decisions = [
            decide(request, known_rooms, fact) for request, fact in zip(requests, facts, strict=True)
        ]
        return list(zip(posts, decisions, strict=True))


def stamped_id(moment: datetime, name: str) -> UUID:
    """Make a UUIDv7 of the moment that is the same each time."""
    rest = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=10).digest(), "big")
    high, low = rest >> 64 & 0xFFF, rest & (1 << 62) - 1
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | high << 64 | 2 << 62 | low)


def insert(rows: Iterable[Model]) -> None:
    """Insert rows of one model; those that are there already stay as they are."""
    made = list(rows)
    if made:
        type(made[0])._default_manager.bulk_create(made, ignore_conflicts=True)


def insert_thousands(rows: Collection[Model]) -> None:
    """Insert rows of one model in half the time, as arrays; its columns are of the types above."""
    for first in list(rows)[:1]:
        fields = first._meta.local_concrete_fields
        columns = Columns(**{str(field.column): SQL_TYPES[field.get_internal_type()] for field in fields})
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {first._meta.db_table} ({columns.names}) SELECT {columns.selected} "  # noqa: S608
                f"FROM {columns.rows('made')} ON CONFLICT DO NOTHING",
                columns.parameters_of_rows(list(rows)),
            )
