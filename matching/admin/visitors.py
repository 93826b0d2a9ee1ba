"""The admin of visitors, identities and sessions."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from goalsvc.orgs.admin.access import acting_user
from goalsvc.orgs.admin.display import link_to, to_milliseconds
from goalsvc.orgs.history import Kind
from matching.admin.lists import Button, ReceivedAdmin
from matching.admin.privacy import IdentityForm, holdings_page, may_see_holdings, show
from matching.admin.rooms import name_rooms, room_links
from matching.models import Visitor, VisitorIdentity, VisitorSession
from matching.refusals import SessionHasMatches
from matching.visitors.sessions import take_back_session


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
        return to_milliseconds(visitor.created_at)

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
    history_kind = Kind.VISITOR_IDENTITY
    actions = ("show_holdings",)
    buttons = {"show_holdings": Button("All that is held")}
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

    # All that is held about an identity: for the person who asks, and before it is erased.

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(partial(holdings_page, self))
        return [path("held/", view, name="matching_visitoridentity_held"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        context = {**(kwargs.pop("extra_context", None) or {}), "may_see_holdings": may_see_holdings(request)}
        return super().changelist_view(request, *args, extra_context=context, **kwargs)

    @admin.action(description="Show all that is held about the selected identity", permissions=["correct"])
    def show_holdings(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        ties = list(queryset.select_related("organization").order_by()[:2])
        if len(ties) != 1:
            self.message_user(request, "Select one visitor identity.", messages.WARNING)
            return None
        [tie] = ties
        asked = {"organization": tie.organization_id, "identity": tie.identity}
        form = IdentityForm(asked, asked_by=request)
        return show(self, request, form, tie.organization, tie.identity)

    @admin.display(description="visitor")
    def visitor_link(self, identity: VisitorIdentity) -> SafeString:
        return link_to(identity.visitor)

    @admin.display(description="submitted (UTC)")
    def created(self, identity: VisitorIdentity) -> str:
        return to_milliseconds(identity.created_at)


@admin.register(VisitorSession)
class VisitorSessionAdmin(ReceivedAdmin):
    history_kind = Kind.VISITOR_SESSION
    newest_first = ("-started_at", "-id")
    list_display = ("visitor_session_id", "visitor_link", "started", "ended", "rooms")
    related = ("organization", "visitor")
    linked_lookups = ("visitor__id__exact",)
    search_help_text = "By the exact session id, visitor id or identity."
    actions = ("take_back",)
    buttons = {
        "take_back": Button("Take back", "Delete this session? It can only be reported anew."),
    }
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

    @admin.action(description="Take back the selected sessions", permissions=["correct"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[VisitorSession]) -> None:
        taken, kept = 0, 0
        for session in queryset.select_related("organization").order_by("pk"):
            try:
                taken += take_back_session(
                    session.organization,
                    session.visitor_session_id,
                    by=acting_user(request),
                    at=timezone.now(),
                )
            except SessionHasMatches:
                kept += 1
        if taken:
            self.message_user(request, f"Sessions taken back: {taken}.", messages.SUCCESS)
        if kept:
            self.message_user(
                request,
                f"Sessions that stay, because matches hang on them: {kept}.",
                messages.WARNING,
            )

    def applicable(self, row: VisitorSession) -> tuple[str, ...]:
        return ("take_back",)

    @admin.display(description="started (UTC)")
    def started(self, session: VisitorSession) -> str:
        return to_milliseconds(session.started_at)

    @admin.display(description="ended (UTC)")
    def ended(self, session: VisitorSession) -> str:
        return to_milliseconds(session.ended_at)

    @admin.display
    def rooms(self, session: Any) -> str:
        return room_links(session)

    @admin.display(description="first reported (UTC)")
    def created(self, session: VisitorSession) -> str:
        return to_milliseconds(session.created_at)

    @admin.display(description="last reported (UTC)")
    def updated(self, session: VisitorSession) -> str:
        return to_milliseconds(session.updated_at)
