"""Visitor identities and sessions: what matching needs beforehand (API.md section 4)."""

from django.utils import timezone

from goalsvc.api.dispatch import Request
from goalsvc.api.pagination import paginate
from goalsvc.api.parsing import read_items
from goalsvc.api.rendering import Response
from goalsvc.api.schema import describe
from goalsvc.orgs.models import Organization
from matching import documentation as docs
from matching.filters import text_filters
from matching.ingestion import KnownIdentity, KnownSession
from matching.rendering import render_known, render_report_batch
from matching.reports import ReportAnswer, report_identities, report_sessions
from matching.views import MAX_BATCH_ITEMS, BatchAPIView, MatchingAPIView


class VisitorIdentitiesView(MatchingAPIView):
    @describe(docs.LIST_IDENTITIES)
    def get(self, request: Request, organization_id: str) -> Response:
        wanted = text_filters(request, visitor_identity="identity", visitor_id="visitor__visitor_id")
        identities = self.organization.visitor_identities.filter(**wanted).select_related("visitor")
        return Response(
            paginate(
                request,
                identities,
                lambda row: render_known(KnownIdentity.of(row), self.organization),
                by="created_at",
                newest_first=True,
            )
        )

    @describe(docs.CREATE_IDENTITY)
    def post(self, request: Request, organization_id: str) -> Response:
        [answer] = report_identities(self.organization, [request.data], at=timezone.now())
        return respond(answer, self.organization)


class VisitorSessionsView(MatchingAPIView):
    @describe(docs.LIST_SESSIONS)
    def get(self, request: Request, organization_id: str) -> Response:
        wanted = text_filters(
            request, visitor_identity="visitor__identities__identity", visitor_id="visitor__visitor_id"
        )
        sessions = self.organization.visitor_sessions.filter(**wanted).select_related("visitor")
        return Response(
            paginate(
                request,
                sessions,
                lambda row: render_known(KnownSession.of(row), self.organization),
                by="started_at",
                newest_first=True,
            )
        )

    @describe(docs.CREATE_SESSION)
    def post(self, request: Request, organization_id: str) -> Response:
        [answer] = report_sessions(self.organization, [request.data], at=timezone.now())
        return respond(answer, self.organization)


class VisitorIdentityBatchView(BatchAPIView):
    @describe(docs.CREATE_IDENTITIES)
    def post(self, request: Request, organization_id: str) -> Response:
        items = read_items(request.data, "visitor_identities", MAX_BATCH_ITEMS)
        answers = report_identities(self.organization, items, at=timezone.now())
        return Response(render_report_batch(answers, "visitor_identity", self.organization))


class VisitorSessionBatchView(BatchAPIView):
    @describe(docs.CREATE_SESSIONS)
    def post(self, request: Request, organization_id: str) -> Response:
        items = read_items(request.data, "visitor_sessions", MAX_BATCH_ITEMS)
        answers = report_sessions(self.organization, items, at=timezone.now())
        return Response(render_report_batch(answers, "visitor_session", self.organization))


def respond(answer: ReportAnswer, organization: Organization) -> Response:
    """Render the answer to a single report."""
    if answer.known is not None:
        return Response(render_known(answer.known, organization), status=answer.status)
    body = answer.errors or {"detail": answer.detail, "code": answer.code}
    return Response(body, status=answer.status)
