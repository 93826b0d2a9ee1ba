"""Every address of the service, on one screen."""

from django.contrib import admin
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from rest_framework.routers import SimpleRouter

from goals.views import GoalViewSet
from goalsvc.api.views import DocsView, SchemaView
from goalsvc.orgs.views import CallerView, OrganizationView, RoomViewSet
from goalsvc.server.health import LivenessView, ReadinessView
from goalsvc.server.metrics import MetricsView
from matching.api.matches import (
    GoalMatchesView,
    MatchAttemptSummaryView,
    MatchAttemptsView,
    MatchBatchView,
    MatchesView,
    MatchHistoryView,
    MatchView,
    PendingMatchesView,
    PendingMatchView,
)
from matching.api.visitors import (
    VisitorIdentitiesView,
    VisitorIdentityBatchView,
    VisitorIdentityView,
    VisitorSessionBatchView,
    VisitorSessionsView,
    VisitorSessionView,
)


class TextConverter(StringConverter):
    """Any text, slashes and line breaks included."""

    regex = "(?s:.+)"


register_converter(TextConverter, "text")

ORG = "api/v5/orgs/<str:organization_id>"

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register(f"{ORG}/rooms", RoomViewSet, basename="room")
router.register(f"{ORG}/goals", GoalViewSet, basename="goal")

urlpatterns = [
    path("api/v5/users/me", CallerView.as_view(), name="caller"),
    path(ORG, OrganizationView.as_view(), name="organization"),
    *router.urls,
    path(f"{ORG}/goals/<str:goal_id>/matches", GoalMatchesView.as_view(), name="goal-matches"),
    path(f"{ORG}/matches", MatchesView.as_view(), name="matches"),
    path(f"{ORG}/matches/batch", MatchBatchView.as_view(), name="match-batch"),
    path(f"{ORG}/matches/<str:match_id>", MatchView.as_view(), name="match"),
    path(f"{ORG}/matches/<str:match_id>/history", MatchHistoryView.as_view(), name="match-history"),
    path(f"{ORG}/pending_matches", PendingMatchesView.as_view(), name="pending-matches"),
    path(f"{ORG}/pending_matches/<str:pending_id>", PendingMatchView.as_view(), name="pending-match"),
    path(f"{ORG}/match_attempts", MatchAttemptsView.as_view(), name="match-attempts"),
    path(f"{ORG}/match_attempts/summary", MatchAttemptSummaryView.as_view(), name="match-attempt-summary"),
    path(f"{ORG}/visitor_identities/batch", VisitorIdentityBatchView.as_view(), name="identity-batch"),
    path(f"{ORG}/visitor_sessions/batch", VisitorSessionBatchView.as_view(), name="session-batch"),
    path(f"{ORG}/visitor_identities", VisitorIdentitiesView.as_view(), name="visitor-identities"),
    path(f"{ORG}/visitor_sessions", VisitorSessionsView.as_view(), name="visitor-sessions"),
    # After those of batches, because an identity may be any text, slashes included.
    path(
        f"{ORG}/visitor_identities/<text:visitor_identity>",
        VisitorIdentityView.as_view(),
        name="visitor-identity",
    ),
    path(
        f"{ORG}/visitor_sessions/<text:visitor_session_id>",
        VisitorSessionView.as_view(),
        name="visitor-session",
    ),
    path("api/v5/schema", SchemaView.as_view(), name="schema"),
    path("api/v5/docs", DocsView.as_view(), name="docs"),
    path("healthz", LivenessView.as_view(), name="healthz"),
    path("readyz", ReadinessView.as_view(), name="readyz"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("admin/", admin.site.urls),
]

handler400 = "goalsvc.api.errors.bad_request"
handler403 = "goalsvc.api.errors.permission_denied"
handler404 = "goalsvc.api.errors.page_not_found"
handler500 = "goalsvc.api.errors.server_error"
