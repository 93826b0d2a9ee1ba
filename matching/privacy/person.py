"""All that is held about a person, in order of time.

What that is, `export` lists; here it is merged, and read in bounded pieces however much there is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from goalsvc.api.pagination import Place, Slice, planned_by_rows, rows_in
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import HistoryEntry, Organization
from matching.privacy.export import (
    attempts_of,
    matches_of,
    pending_matches_of,
    sessions_of_identity,
    visitors_of,
)

# How many of each kind, the last recorded, are put in order by when they happened: no index has that order.
# Sessions are in it however many they are.
RECENT = 1000


class Occurrence(NamedTuple):
    """Something that happened to a person: a row, and its moment."""

    at: datetime
    row: Any

    @property
    def place(self) -> Place:
        return self.at, self.row.pk


@dataclass(frozen=True)
class Summary:
    """A person in a few figures."""

    first_seen: datetime | None  # the beginning of the first session that is known
    last_seen: datetime | None
    matches: int  # that count, among the last RECENT recorded
    retracted: int
    value: Decimal | None
    cut: list[str]  # the kinds of which more than RECENT are held, whose older ones are left out

    RECENT = RECENT


@dataclass(frozen=True)
class Person:
    """Whoever an organization knows by an identity."""

    organization: Organization
    identity: str

    def summarize(self) -> Summary:
        """Return the person's figures, in a fixed number of statements."""
        with planned_by_rows():
            matches, pendings, attempts = self.matches(), self.pending_matches(), self.attempts()
            figures = recent(matches).aggregate(
                count=Count("pk"),
                retracted=Count("pk", filter=Q(retracted_at__isnull=False)),
                value=Sum("goal_value", filter=Q(retracted_at=None)),
            )
            counts = {
                "matches": matches.order_by()[: RECENT + 1].count(),
                "held matches": pendings.order_by()[: RECENT + 1].count(),
                "refused attempts": attempts.order_by()[: RECENT + 1].count(),
            }
            [first], [last] = ([*self.sessions(Slice(way, None, 1)), None][:1] for way in (False, True))
        return Summary(
            first_seen=first and first.started_at,
            last_seen=last and last.started_at,
            matches=figures["count"] - figures["retracted"],
            retracted=figures["retracted"],
            value=figures["value"],
            cut=[name for name, count in counts.items() if count > RECENT],
        )

    def occurrences(self, before: Place | None, limit: int) -> list[Occurrence]:
        """Return what happened last before a place (None: of all), newest first; at most `limit`.

        In a fixed number of statements, each of which reads `limit` rows or RECENT.
        """
        wanted = Slice(True, before, limit)
        with planned_by_rows():
            found = [Occurrence(session.started_at, session) for session in self.sessions(wanted)]
            for rows in self.events():
                found += [Occurrence(row.at, row) for row in rows_in(rows, wanted, "at")]
        return sorted(found, key=lambda each: each.place, reverse=True)[:limit]

    def restated_among(self, match_ids: list[UUID]) -> set[UUID | None]:
        """Return those of the matches whose value has been corrected."""
        corrections = self.history(Kind.MATCH).filter(action=Action.RESTATED, object_id__in=match_ids)
        return set(corrections.values_list("object_id", flat=True))

    def other_identities(self, limit: int) -> list[str]:
        """Return other identities of the person's visitors, at most `limit`."""
        own = self.organization.visitor_identities.filter(identity=self.identity)
        visitors = own.order_by("-visitor_id").values("visitor_id")[:RECENT]
        with planned_by_rows():
            ties = self.organization.visitor_identities.filter(visitor_id__in=visitors)
            names = ties.exclude(identity=self.identity).order_by().values_list("identity", flat=True)
            return sorted(set(names[:limit]))

    # What is held, by kind.

    def matches(self) -> QuerySet[Any]:
        rows = matches_of(self.organization, self.identity)
        return rows.select_related("goal").defer("request_digest", "goal__conditions")

    def pending_matches(self) -> QuerySet[Any]:
        rows = pending_matches_of(self.organization, self.identity)
        return rows.select_related("goal").defer("request_digest", "goal__conditions")

    def attempts(self) -> QuerySet[Any]:
        rows = attempts_of(self.organization, self.identity)
        return rows.select_related("goal").defer("goal__conditions")

    def sessions(self, wanted: Slice) -> list[Any]:
        sessions = self.organization.visitor_sessions.select_related("visitor")
        return sessions_of_identity(self.organization, self.identity, sessions, [], wanted)

    def history(self, kind: Kind) -> QuerySet[HistoryEntry]:
        return HistoryEntry.objects.filter(organization=self.organization, kind=kind)

    def events(self) -> Iterator[QuerySet[Any]]:
        """Yield all but the sessions, each kind with the moment `at`."""
        ties = visitors_of(self.organization, self.identity)
        newest = ties.order_by("-visitor_id").values("pk")[:RECENT]  # ids grow with time
        yield ties.filter(pk__in=newest).annotate(at=F("created_at"))
        for rows in (self.matches(), self.pending_matches(), self.attempts()):
            among = rows.filter(pk__in=recent(rows).values("pk"))
            yield among.annotate(at=Coalesce("goal_matched_at", "created_at"))
        for kind, rows in ((Kind.MATCH, self.matches()), (Kind.PENDING_MATCH, self.pending_matches())):
            changes = self.history(kind).filter(object_id__in=recent(rows).values("pk"))
            yield changes.select_related("changed_by").annotate(at=F("changed_at"))


def recent(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the last rows recorded, by the index that has them in this order."""
    return rows.order_by("-created_at", "-id")[:RECENT]
