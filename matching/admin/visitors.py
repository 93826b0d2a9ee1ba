"""The admin of visitors, identities and sessions."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone

from goalsvc.orgs.admin.access import acting_user
from goalsvc.orgs.admin.display import column, first_few, link_column, moment_column
from goalsvc.orgs.history import Kind
from matching.admin.explanation import name_rooms, room_links
from matching.admin.finding.person import describe_person
from matching.admin.lists import Button, ReceivedAdmin
from matching.admin.privacy import IdentityForm, holdings_page, show
from matching.models import Visitor, VisitorIdentity, VisitorSession
from matching.refusals import SessionHasMatches
from matching.visitors.sessions import take_back_session


@admin.register(Visitor)
class VisitorAdmin(ReceivedAdmin):
    newest_first = ("-id",)
    list_display = ("visitor_id", "created")
    exact = ("visitor_id",)
    search_help_text = "By the exact visitor id."
    fieldsets = (
        (None, {"fields": ("organization", "visitor_id", "id", "created", "identities", "sessions")}),
    )
    SHOWN = 20

    created = moment_column("first heard of", "created_at")

    @admin.display
    def identities(self, visitor: Visitor) -> str:
        context = first_few(
            visitor.organization.visitor_identities.filter(visitor=visitor).order_by("-created_at", "-id"),
            self.SHOWN,
        )
        return render_to_string("admin/matching/visitor/identities.html", {**context, "visitor": visitor})

    @admin.display
    def sessions(self, visitor: Visitor) -> str:
        context = first_few(
            visitor.organization.visitor_sessions.filter(visitor=visitor).order_by("-started_at", "-id"),
            self.SHOWN,
        )
        name_rooms(context["rows"])
        context["rows"] = [(session, room_links(session)) for session in context["rows"]]
        return render_to_string("admin/matching/visitor/sessions.html", {**context, "visitor": visitor})


@admin.register(VisitorIdentity)
class VisitorIdentityAdmin(ReceivedAdmin):
    history_kind = Kind.VISITOR_IDENTITY
    actions = ("show_holdings",)
    list_display = ("identity", "visitor_link", "visitor_session_id", "created")
    related = ("organization", "visitor")
    linked_lookups = ("visitor__id__exact",)
    exact = ("identity", "visitor__visitor_id")
    search_help_text = "By the exact identity or visitor id."
    fieldsets = (
        (
            None,
            {"fields": ("organization", "identity", "visitor_link", "visitor_session_id", "id", "created")},
        ),
    )

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        context |= describe_person(request, kwargs["obj"])
        return super().render_change_form(request, context, *args, **kwargs)

    # All that is held about an identity: for the person who asks, and before it is erased.

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(partial(holdings_page, self))
        return [path("held/", view, name="matching_visitoridentity_held"), *super().get_urls()]

    @admin.action(description="Show all that is held about the selected identity", permissions=["correct"])
    def show_holdings(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        ties = list(queryset.order_by()[:2])
        if len(ties) != 1:
            self.message_user(request, "Select one visitor identity.", messages.WARNING)
            return None
        [tie] = ties
        asked = {"organization": tie.organization_id, "identity": tie.identity}
        form = IdentityForm(asked, asked_by=request)
        return show(self, request, form, tie.organization, tie.identity)

    visitor_link = link_column("visitor", "visitor")
    created = moment_column("submitted", "created_at")


@admin.register(VisitorSession)
class VisitorSessionAdmin(ReceivedAdmin):
    history_kind = Kind.VISITOR_SESSION
    newest_first = ("-started_at", "-id")
    moment = "started"
    list_display = ("visitor_session_id", "visitor_link", "started", "ended", "rooms")
    related = ("organization", "visitor")
    linked_lookups = ("visitor__id__exact",)
    exact = ("visitor_session_id", "visitor__visitor_id", "visitor__identities__identity")
    search_help_text = "By the exact session id, visitor id or identity."
    actions = ("take_back",)
    buttons = {"take_back": Button("Take back", "Delete this session? It can only be reported anew.")}
    fieldsets = (
        (
            None,
            {"fields": ("organization", "visitor_session_id", "visitor_link", "started", "ended", "rooms")},
        ),
        ("History", {"fields": ("id", "created", "updated")}),
    )

    @admin.action(description="Take back the selected sessions", permissions=["correct"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[VisitorSession]) -> None:
        user, now = acting_user(request), timezone.now()
        taken, kept = 0, 0
        for session in queryset.order_by("pk"):
            try:
                taken += take_back_session(session.organization, session.visitor_session_id, by=user, at=now)
            except SessionHasMatches:
                kept += 1
        if taken:
            self.message_user(request, f"Sessions taken back: {taken}.", messages.SUCCESS)
        if kept:
            text = f"Sessions that stay, because matches hang on them: {kept}."
            self.message_user(request, text, messages.WARNING)

    visitor_link = link_column("visitor", "visitor")
    started = moment_column("started", "started_at")
    ended = moment_column("ended", "ended_at")
    rooms = column("rooms", room_links)
    created = moment_column("first reported", "created_at")
    updated = moment_column("last reported", "updated_at")
