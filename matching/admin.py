"""The admin of visitors, identities, sessions and matches: read-only, and made for millions of rows.

No page counts or sorts such a table: lists are ordered by an index, their count stops at a limit, and what is
searched for is an exact value that an index finds.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import F, Max, Min, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.dates import MONTHS
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from goals.models import Goal
from goalsvc.api.parsing import parse_uuid
from goalsvc.orgs.admin import OrganizationScopedAdmin, is_operator, link_to, of_acting_user, precise
from goalsvc.orgs.models import Organization, Room
from matching.models import ExternalMatch, Visitor, VisitorIdentity, VisitorSession


class BoundedPaginator(Paginator):
    """Counts to a limit and no further; behind its last page there may be more."""

    LIMIT = 5000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.LIMIT].count())

    @property
    def is_cut(self) -> bool:
        return self.count == self.LIMIT


class IndexOrderedChangeList(ChangeList):
    """A list in its one order: any other would sort the whole table."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return list(self.model_admin.get_ordering(request))

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            return super().get_filters(request)
        except (ValueError, OverflowError) as error:  # the year 9999 has no next one
            raise IncorrectLookupParameters(error) from error

    def get_results(self, request: HttpRequest) -> None:
        """Name the rooms of all rows of the page, in one query."""
        super().get_results(request)
        # With a limit the planner takes the index, also where Django has counted so few that it sets none.
        self.result_list = list(self.result_list[: self.list_max_show_all])
        if "rooms" in self.list_display:
            name_rooms(self.result_list)


class DatedChangeList(IndexOrderedChangeList):
    """A list with years, months and days to choose from.

    Django's own date hierarchy collects the distinct dates of all rows; this one reads the first and the
    last moment from an index, and offers what lies between.
    """

    def date_links(self) -> dict[str, Any]:
        """Return the context of the template `admin/date_hierarchy.html`."""
        field = self.date_hierarchy
        span = self.root_queryset.order_by().aggregate(first=Min(field), last=Max(field))
        if span["first"] is None:
            return {"show": False}
        days = [span["first"].date(), span["last"].date()]

        def chosen(part: str) -> int | None:
            text = self.params.get(f"{field}__{part}", "")
            return int(text) if text.isascii() and text.isdecimal() else None

        def link(title: object, **parts: int) -> dict[str, object]:
            query = {f"{field}__{part}": value for part, value in parts.items()}
            return {"link": self.get_query_string(query, [f"{field}__"]), "title": str(title)}

        year, month, day = chosen("year"), chosen("month"), chosen("day")
        years = range(days[0].year, days[1].year + 1)
        if year is None:
            return {"show": True, "choices": [link(each, year=each) for each in years]}
        if month is None:
            return {
                "show": True,
                "back": link("All dates"),
                "choices": [
                    link(f"{MONTHS[each]} {year}", year=year, month=each)
                    for each in range(1, 13)
                    if (days[0].year, days[0].month) <= (year, each) <= (days[1].year, days[1].month)
                ],
            }
        if day is None:
            return {
                "show": True,
                "back": link(year, year=year),
                "choices": [
                    link(f"{MONTHS[month]} {each.day}", year=year, month=month, day=each.day)
                    for each in days_of(year, month)
                    if days[0] <= each <= days[1]
                ],
            }
        return {
            "show": True,
            "back": link(f"{MONTHS[month]} {year}", year=year, month=month),
            "choices": [{"title": f"{MONTHS[month]} {day}"}],
        }


def days_of(year: int, month: int) -> Iterator[date]:
    """Yield the days of a month; none when there is no such month."""
    if not (1 <= year <= 9999 and 1 <= month <= 12):
        return
    for number in range(1, monthrange(year, month)[1] + 1):
        yield date(year, month, number)


def name_rooms(rows: Iterable[Any]) -> None:
    """Give each row `rooms_by_id`, which names the rooms of all of them; one query."""
    rooms = Room.objects.in_bulk({room_id for row in rows for room_id in all_room_ids(row)})
    for row in rows:
        row.rooms_by_id = rooms


def all_room_ids(row: Any) -> list[UUID]:
    return [*row.room_ids, *getattr(row, "unconnected_room_ids", ())]


def room_link(row: Any, room_id: UUID) -> SafeString:
    """Name a room of the row's organization; an id that is no such room stays an id."""
    room = row.rooms_by_id.get(room_id)
    if room is None or room.organization_id != row.organization_id:
        return format_html("{}", room_id)
    return link_to(room, room.display_name)


def room_links(row: Any) -> str:
    if not hasattr(row, "rooms_by_id"):
        name_rooms([row])
    links = format_html_join(", ", "{}", ((room_link(row, room_id),) for room_id in row.room_ids))
    return links or "-"


class ReceivedAdmin(OrganizationScopedAdmin):
    """The admin of what arrives through the API by the million: to be looked at and found, not changed."""

    organization_path = "organization_id"
    # The order of an organization's rows, which an index of the model has.
    newest_first: tuple[str, ...] = ("-created_at", "-id")
    # What rows and pages show of other tables, in the same query.
    related: tuple[str, ...] = ("organization",)
    # Large columns of them that no page shows.
    unseen: tuple[str, ...] = ()

    paginator = BoundedPaginator
    show_full_result_count = False
    sortable_by = ()
    actions = None
    search_fields = ("id",)  # shows the search box; see `found`

    # How many rows a search takes of each thing that it may have meant.
    SEARCH_LIMIT = 200

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return IndexOrderedChangeList

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        # Across organizations only the primary key is in order; it grows with time.
        narrowed = {"organization", *self.linked_lookups} & request.GET.keys()
        return self.newest_first if narrowed or not is_operator(request) else ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.related).defer(*self.unseen)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search for the exact term: each thing that it may mean is asked of its index."""
        term = search_term.replace("\0", "").strip()
        if not term:
            return queryset, False
        rows = queryset.select_related(None).order_by(*self.newest_first)
        if is_operator(request):
            # The indexes begin with the organization, so each is asked for its own.
            rows = rows.filter(organization__in=Organization.objects.order_by().values("pk"))
        meanings = [rows.filter(pk=pk)] if (pk := parse_uuid(term)) else []
        meanings += self.found(request, rows, term)
        first, *others = (meaning.values_list("pk", flat=True)[: self.SEARCH_LIMIT] for meaning in meanings)
        found = first.union(*others, all=True) if others else first
        # As a list: the planner then knows how few they are, and does not look for them in the whole table.
        return queryset.filter(pk__in=list(found)), False

    def found(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> list[QuerySet[Any]]:
        """Return the rows that the term names, a queryset for each way of naming them."""
        raise NotImplementedError


@admin.register(Visitor)
class VisitorAdmin(ReceivedAdmin):
    newest_first = ("-id",)
    list_display = ("visitor_id", "created")
    search_help_text = "By the exact visitor id."
    fieldsets = (
        (None, {"fields": ("organization", "visitor_id", "id", "created", "identities", "sessions")}),
    )
    SHOWN = 20

    def found(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> list[QuerySet[Any]]:
        return [rows.filter(visitor_id=term)]

    @admin.display(description="first heard of (UTC)")
    def created(self, visitor: Visitor) -> str:
        return precise(visitor.created_at)

    @admin.display
    def identities(self, visitor: Visitor) -> str:
        newest = list(visitor.identities.order_by("-created_at", "-id")[: self.SHOWN + 1])
        return self.newest_of("identities", visitor, newest)

    @admin.display
    def sessions(self, visitor: Visitor) -> str:
        newest = list(visitor.sessions.order_by("-started_at", "-id")[: self.SHOWN + 1])
        name_rooms(newest)
        return self.newest_of("sessions", visitor, [(session, room_links(session)) for session in newest])

    def newest_of(self, name: str, visitor: Visitor, rows: Sequence[Any]) -> str:
        """Show the newest few of a visitor's rows, and where the others are."""
        return render_to_string(
            f"admin/matching/visitor/{name}.html",
            {"rows": rows[: self.SHOWN], "is_cut": len(rows) > self.SHOWN, "visitor": visitor},
        )


@admin.register(VisitorIdentity)
class VisitorIdentityAdmin(ReceivedAdmin):
    list_display = ("identity", "visitor_link", "visitor_session_id", "created")
    related = ("organization", "visitor")
    linked_lookups = ("visitor__id__exact",)
    search_help_text = "By the exact identity or visitor id."
    fieldsets = (
        (
            None,
            {"fields": ("organization", "identity", "visitor_link", "visitor_session_id", "id", "created")},
        ),
    )

    def found(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> list[QuerySet[Any]]:
        return [
            rows.filter(identity=term),
            rows.filter(visitor__visitor_id=term, visitor__organization=F("organization")),
        ]

    @admin.display(description="visitor")
    def visitor_link(self, identity: VisitorIdentity) -> SafeString:
        return link_to(identity.visitor)

    @admin.display(description="submitted (UTC)")
    def created(self, identity: VisitorIdentity) -> str:
        return precise(identity.created_at)


@admin.register(VisitorSession)
class VisitorSessionAdmin(ReceivedAdmin):
    newest_first = ("-started_at", "-id")
    list_display = ("visitor_session_id", "visitor_link", "started", "ended", "rooms")
    related = ("organization", "visitor")
    linked_lookups = ("visitor__id__exact",)
    search_help_text = "By the exact session id, visitor id or identity."
    fieldsets = (
        (
            None,
            {"fields": ("organization", "visitor_session_id", "visitor_link", "started", "ended", "rooms")},
        ),
        ("History", {"fields": ("id", "created", "updated")}),
    )

    def found(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> list[QuerySet[Any]]:
        return [
            rows.filter(visitor_session_id=term),
            rows.filter(visitor__visitor_id=term, visitor__organization=F("organization")),
            rows.filter(
                visitor__identities__identity=term, visitor__identities__organization=F("organization")
            ),
        ]

    @admin.display(description="visitor")
    def visitor_link(self, session: VisitorSession) -> SafeString:
        return link_to(session.visitor)

    @admin.display(description="started (UTC)")
    def started(self, session: VisitorSession) -> str:
        return precise(session.started_at)

    @admin.display(description="ended (UTC)")
    def ended(self, session: VisitorSession) -> str:
        return precise(session.ended_at)

    @admin.display
    def rooms(self, session: Any) -> str:
        return room_links(session)

    @admin.display(description="first reported (UTC)")
    def created(self, session: VisitorSession) -> str:
        return precise(session.created_at)

    @admin.display(description="last reported (UTC)")
    def updated(self, session: VisitorSession) -> str:
        return precise(session.updated_at)


@admin.register(ExternalMatch)
class ExternalMatchAdmin(ReceivedAdmin):
    date_hierarchy = "created_at"
    list_display = ("created", "goal_link", "visitor_identity", "matched", "value", "external_id")
    related = ("organization", "goal", "session__visitor")
    unseen = ("request_digest", "goal__conditions")
    linked_lookups = ("goal__id__exact", "session__id__exact")
    search_help_text = (
        "By the exact identity, external id, id of the match or of its goal, or by words of the goal's name."
    )
    fieldsets = (
        (None, {"fields": ("organization", "goal_link", "visitor_identity", "matched", "value", "rooms")}),
        ("Which session was chosen, and why", {"fields": ("why",)}),
        ("History", {"fields": ("id", "external_id", "created", "created_by", "retracted")}),
    )
    GOALS_SEARCHED = 10
    VISITORS_SHOWN = 20

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DatedChangeList

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return self.newest_first  # the index match_newest has it across organizations too

    def found(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> list[QuerySet[Any]]:
        goals = of_acting_user(request, Goal.objects.order_by("created_at", "id"), "organization_id")
        goals = goals.filter(pk=pk) if (pk := parse_uuid(term)) else goals.filter(name__icontains=term)
        goal_ids = goals.values_list("pk", flat=True)[: self.GOALS_SEARCHED]
        return [
            rows.filter(visitor_identity=term),
            # Its index has the goal between the organization and the external id.
            rows.filter(external_id=term, organization=F("goal__organization")),
            *(rows.filter(goal=goal_id) for goal_id in goal_ids),
        ]

    @admin.display(description="goal")
    def goal_link(self, match: ExternalMatch) -> SafeString:
        return link_to(match.goal)

    @admin.display(description="goal matched (UTC)")
    def matched(self, match: ExternalMatch) -> str:
        return precise(match.goal_matched_at)

    @admin.display
    def value(self, match: ExternalMatch) -> str:
        if match.goal_value is None:
            return "-"
        suffix = " (default)" if match.goal_value_source == ExternalMatch.ValueSource.GOAL_DEFAULT else ""
        return f"{match.goal_value}{suffix}"

    @admin.display
    def rooms(self, match: Any) -> str:
        return room_links(match)

    @admin.display(description="recorded (UTC)")
    def created(self, match: ExternalMatch) -> str:
        return precise(match.created_at)

    @admin.display(description="retracted (UTC)")
    def retracted(self, match: ExternalMatch) -> str:
        if match.retracted_at is None:
            return "-"
        return f"{precise(match.retracted_at)} by {match.retracted_by or 'a former user'}"

    @admin.display(description="explanation")
    def why(self, match: Any) -> str:
        """Retell the rule of matching/resolver.py with what is known today of the identity's visitors."""
        earlier = VisitorSession.objects.filter(visitor=OuterRef("visitor")).before(match.goal_matched_at)
        carriers = list(
            VisitorIdentity.objects.filter(
                organization=match.organization_id, identity=match.visitor_identity
            )
            .select_related("visitor")
            .annotate(latest_session_id=Subquery(earlier.values("pk")[:1]))
            .order_by("created_at", "id")[: self.VISITORS_SHOWN + 1]
        )
        is_cut = len(carriers) > self.VISITORS_SHOWN
        del carriers[self.VISITORS_SHOWN :]
        latest = VisitorSession.objects.in_bulk([carrier.latest_session_id for carrier in carriers])
        candidates = [(carrier.visitor, latest.get(carrier.latest_session_id)) for carrier in carriers]
        candidates.sort(key=lambda pair: (pair[1] is not None, *place(pair[1])), reverse=True)

        session = match.session
        rows = [match, session, *latest.values()]
        name_rooms(rows)
        return render_to_string(
            "admin/matching/externalmatch/why.html",
            {
                "match": match,
                "session": session,
                "matched_at": precise(match.goal_matched_at),
                "session_started_at": precise(match.session_started_at),
                "session_started_at_today": precise(session.started_at),
                "before": match.goal_matched_at - match.session_started_at,
                "candidates": [
                    {
                        "visitor": visitor,
                        "session": candidate,
                        "started_at": precise(candidate.started_at) if candidate else None,
                        "rooms": room_links(candidate) if candidate else None,
                        "is_chosen": candidate == session,
                    }
                    for visitor, candidate in candidates
                ],
                "is_cut": is_cut,
                # The rule would choose another session today: one that was reported after the match.
                "is_overtaken": any(
                    candidate and place(candidate) > place(session) for _, candidate in candidates
                ),
                "connected": room_links(match),
                "unconnected": [
                    (room_link(match, room_id), room_id in session.room_ids)
                    for room_id in match.unconnected_room_ids
                ],
            },
        )


def place(session: VisitorSession | None) -> tuple[Any, ...]:
    """Where the session stands in the order of the rule."""
    return () if session is None else (session.started_at, session.id)
