"""Every address of the service, on one screen."""

from django.conf import settings
from django.contrib import admin
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.views.generic import RedirectView
from rest_framework.routers import SimpleRouter

from goals.views import GoalViewSet
from goalsvc.api.views import SchemaView
from goalsvc.orgs.admin.errors import nothing_there
from goalsvc.orgs.admin.password_reset import CompleteView, NewPasswordView, ResetDoneView, ResetView
from goalsvc.orgs.views import CallerView, DocsView, HomeView, OrganizationView, RoomViewSet
from goalsvc.server.health import LivenessView, ReadinessView
from goalsvc.server.metrics import MetricsView
from matching.admin.chores import chores_page
from matching.admin.finding.search import search_page
from matching.admin.reports import report_page
from matching.api.imports import ImportViewSet
from matching.api.matches import MatchAttemptViewSet, MatchViewSet, PendingMatchViewSet
from matching.api.posting import GoalMatchViewSet, MatchBatchView
from matching.api.reports import GoalReportView, ReportsView
from matching.api.visitors import (
    VisitorIdentityBatchView,
    VisitorIdentityViewSet,
    VisitorSessionBatchView,
    VisitorSessionViewSet,
)


class TextConverter(StringConverter):
    """Any text, slashes and line breaks included."""

    regex = "(?s:.+)"


register_converter(TextConverter, "text")

ORG = "api/v5/orgs/<str:organization_id>"

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register(f"{ORG}/rooms", RoomViewSet, basename="room")
router.register(f"{ORG}/goals", GoalViewSet, basename="goal")
router.register(f"{ORG}/goals/<str:goal_id>/matches", GoalMatchViewSet, basename="goal-match")
router.register(f"{ORG}/matches", MatchViewSet, basename="match")
router.register(f"{ORG}/pending_matches", PendingMatchViewSet, basename="pending-match")
router.register(f"{ORG}/match_attempts", MatchAttemptViewSet, basename="match-attempt")
router.register(f"{ORG}/imports", ImportViewSet, basename="import")
router.register(f"{ORG}/visitor_identities", VisitorIdentityViewSet, basename="visitor-identity")
router.register(f"{ORG}/visitor_sessions", VisitorSessionViewSet, basename="visitor-session")

urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("api/v5/users/me", CallerView.as_view(), name="caller"),
    path(ORG, OrganizationView.as_view(), name="organization"),
    # Before the router's: there, the last part of such an address would be an id.
    path(f"{ORG}/goals/<str:goal_id>/report", GoalReportView.as_view(), name="goal-report"),
    path(f"{ORG}/reports/goals", ReportsView.as_view(), name="goals-report"),
    path(f"{ORG}/matches/batch", MatchBatchView.as_view(), name="match-batch"),
    path(
        f"{ORG}/visitor_identities/batch", VisitorIdentityBatchView.as_view(), name="visitor-identity-batch"
    ),
    path(f"{ORG}/visitor_sessions/batch", VisitorSessionBatchView.as_view(), name="visitor-session-batch"),
    *router.urls,
    path("api/v5/schema", SchemaView.as_view(), name="schema"),
    path("api/v5/docs", DocsView.as_view(), name="docs"),
    path("healthz", LivenessView.as_view(), name="healthz"),
    path("readyz", ReadinessView.as_view(), name="readyz"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("admin", RedirectView.as_view(url="/admin/"), name="admin"),
    # Browsers ask for it wherever a page names none.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}orgs/icon.svg"), name="favicon"),
    path("admin/reports/", admin.site.admin_view(report_page), name="admin_report"),
    path("admin/search/", admin.site.admin_view(search_page), name="admin_search"),
    path("admin/password_reset/", ResetView.as_view(), name="admin_password_reset"),  # as the login names it
    path("admin/password_reset/done/", ResetDoneView.as_view(), name="password_reset_done"),
    path("admin/reset/<uidb64>/<token>/", NewPasswordView.as_view(), name="password_reset_confirm"),
    path("admin/reset/done/", CompleteView.as_view(), name="password_reset_complete"),
    path("admin/chores/", admin.site.admin_view(chores_page), name="admin_chores"),
    # Nothing is shown on another site; Django's own view fails at ids that are not of the kind asked for.
    path("admin/r/<text:address>", admin.site.admin_view(nothing_there)),
    path("admin/", admin.site.urls),
]

handler400 = "goalsvc.api.errors.bad_request"
handler403 = "goalsvc.orgs.admin.errors.permission_denied"
handler404 = "goalsvc.api.errors.page_not_found"
handler500 = "goalsvc.api.errors.server_error"
