"""Visitor identities and sessions: what matching needs beforehand (API.md section 4)."""

from functools import partial
from typing import Any

from django.db.models import Q, Subquery
from django.urls import reverse
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException

from goalsvc.api.pagination import Filter, page_size, paginate, url_after
from goalsvc.api.rendering import Response
from goalsvc.api.schema import describe
from goalsvc.api.viewsets import Request
from goalsvc.orgs.models import Organization
from goalsvc.orgs.permissions import ActiveSubscription, HasScope, OrganizationAccess
from goalsvc.orgs.scopes import Scope
from goalsvc.orgs.views import OrganizationAPIView
from matching.api import documentation as docs
from matching.api.filters import IDENTITY, parse_text, read, span, text_filter
from matching.api.matches import BatchAPIView, MatchingAPIView
from matching.api.results import (
    VisitorIdentityBatchSerializer,
    VisitorIdentityResultSerializer,
    VisitorSessionBatchSerializer,
    VisitorSessionResultSerializer,
    respond,
)
from matching.privacy.erasure import erase_identity
from matching.privacy.export import (
    SECTIONS,
    Section,
    can_be_identity,
    count_holdings,
    newest,
    sessions_of_identity,
)
from matching.refusals import VisitorIdentityNotFound, VisitorSessionNotFound
from matching.serializers.visitors import (
    Holdings,
    IdentityHoldingsSerializer,
    VisitorIdentitySerializer,
    VisitorSessionSerializer,
)
from matching.visitors.identities import KnownIdentity
from matching.visitors.reports import report_identities, report_sessions
from matching.visitors.sessions import KnownSession
from matching.visitors.withdrawal import take_back_session


class VisitorIdentitiesView(MatchingAPIView):
    @describe(docs.LIST_IDENTITIES)
    def get(self, request: Request, organization_id: str) -> Response:
        identities = self.organization.visitor_identities.filter(
            span(request, "created_at", "created", is_only=True)
        )
        filters = [
            *text_filter(request, *IDENTITY, lookup="identity", is_indexed=True),
            *visitor_filter(request, self.organization),
            *session_filter(request, self.organization),
        ]
        return Response(
            paginate(
                request,
                identities.select_related("visitor"),
                lambda row: VisitorIdentitySerializer(
                    context={"organization": self.organization}
                ).to_representation(KnownIdentity.of(row)),
                by="created_at",
                newest_first=True,
                filters=filters,
            )
        )

    @describe(docs.CREATE_IDENTITY)
    def post(self, request: Request, organization_id: str) -> Response:
        now = timezone.now()
        [answer] = report_identities(self.organization, [request.data], at=now)
        return respond(answer, VisitorIdentityResultSerializer(context={"organization": self.organization}))


def visitor_filter(request: Request, organization: Organization) -> list[Filter]:
    """Read the filter by the tracking site's id of the visitor."""
    visitor_id = read(request, ["visitor_id"], parse_text)
    if visitor_id is None:
        return []
    visitor = organization.visitors.filter(visitor_id=visitor_id).values("pk")
    return [Filter(Q(visitor=Subquery(visitor.order_by())), is_indexed=True)]


def session_filter(request: Request, organization: Organization) -> list[Filter]:
    """Read the filter of identities by the session that they were last given in.

    They have no index by it, which each of their sessions would have to change. A session that has been
    reported tells its visitor, whose identities have one.
    """
    session_id = read(request, ["visitor_session_id"], parse_text)
    if session_id is None:
        return []
    given = [Filter(Q(visitor_session_id=session_id))]
    session = organization.visitor_sessions.filter(visitor_session_id=session_id).order_by().first()
    return given if session is None else [Filter(Q(visitor=session.visitor_id), is_indexed=True), *given]


class VisitorIdentityView(OrganizationAPIView):
    """All that is held about an identity, and its erasure."""

    permission_classes = [OrganizationAccess, ActiveSubscription, HasScope(Scope.SETTINGS)]

    @describe(docs.RETRIEVE_IDENTITY)
    def get(self, request: Request, organization_id: str, visitor_identity: str) -> Response:
        identity, counts = self.find(visitor_identity)
        size, now = page_size(request), timezone.now()
        held: dict[str, Any] = {"visitor_identity": identity}
        for section in SECTIONS:
            count = counts[section.name]
            rows = newest(section, self.organization, identity, size) if count else []
            more = self.url_after(section, rows[-1], identity) if count > size else None
            held[section.name] = Holdings(count, more, [section.read(row) for row in rows])
        held["idempotency_keys"] = counts["idempotency_keys"]
        context = {"organization": self.organization, "at": now}
        return Response(IdentityHoldingsSerializer(held, context=context).data)

    @describe(docs.ERASE_IDENTITY)
    def delete(self, request: Request, organization_id: str, visitor_identity: str) -> Response:
        for identity in named(request, "visitor_identity", visitor_identity):
            if erase_identity(self.organization, identity, by=self.user, at=timezone.now()):
                return Response(status=status.HTTP_204_NO_CONTENT)
        raise VisitorIdentityNotFound

    def refusal(self, fault: APIException) -> APIException:
        """That nothing is held about the identity comes first. Raises: VisitorIdentityNotFound."""
        self.find(self.kwargs["visitor_identity"])
        return fault

    def find(self, visitor_identity: str) -> tuple[str, dict[str, int]]:
        """Return the identity that the address names, and how much is held about it."""
        for identity in named(self.request, "visitor_identity", visitor_identity):
            counts = count_holdings(self.organization, identity)
            if any(counts.values()):
                return identity, counts
        raise VisitorIdentityNotFound

    def url_after(self, section: Section, row: Any, identity: str) -> str:
        path = reverse(section.list_route, kwargs={"organization_id": self.organization.id})
        return url_after(self.request, path, row, section.by, visitor_identity=identity)


# An address with this in the place of an id may name it in its query. So can be named what no address
# can carry: `batch`, which is another address, `/`, which leaves the address of the list, and `.` and `..`,
# which clients resolve.
IN_QUERY = "-"


def named(request: Request, parameter: str, given: str) -> list[str]:
    """Return the ids of somebody else's that the address may name, the likeliest first.

    A slash at its end is not looked at elsewhere; here it may be the id's own.

    Args:
        parameter: of the query, which names it where the address cannot.
        given: in the address.
    """
    if given == IN_QUERY:
        names = [request.query_params.get(parameter, IN_QUERY)]
    elif request.path.endswith("/"):
        names = [f"{given}/", given]
    else:
        names = [given]
    return [name.strip() for name in names if can_be_identity(name.strip())]


class VisitorSessionsView(MatchingAPIView):
    @describe(docs.LIST_SESSIONS)
    def get(self, request: Request, organization_id: str) -> Response:
        sessions = self.organization.visitor_sessions.filter(
            span(request, "started_at", "started", is_only=True)
        ).select_related("visitor")
        filters = [
            *visitor_filter(request, self.organization),
            *text_filter(request, "visitor_session_id", lookup="visitor_session_id", is_indexed=True),
        ]
        identity = read(request, IDENTITY, parse_text)
        rows: Any = sessions
        if identity is not None:
            rows = partial(sessions_of_identity, self.organization, identity, sessions, filters)
        return Response(
            paginate(
                request,
                rows,
                lambda row: VisitorSessionSerializer(
                    context={"organization": self.organization}
                ).to_representation(KnownSession.of(row)),
                by="started_at",
                newest_first=True,
                filters=filters,
            )
        )

    @describe(docs.CREATE_SESSION)
    def post(self, request: Request, organization_id: str) -> Response:
        now = timezone.now()
        [answer] = report_sessions(self.organization, [request.data], at=now)
        return respond(answer, VisitorSessionResultSerializer(context={"organization": self.organization}))


class VisitorSessionView(OrganizationAPIView):
    """A session that was reported wrongly."""

    permission_classes = [OrganizationAccess, ActiveSubscription, HasScope(Scope.SETTINGS)]

    @describe(docs.DELETE_SESSION)
    def delete(self, request: Request, organization_id: str, visitor_session_id: str) -> Response:
        for name in named(request, "visitor_session_id", visitor_session_id):
            if take_back_session(self.organization, name, by=self.user, at=timezone.now()):
                return Response(status=status.HTTP_204_NO_CONTENT)
        raise VisitorSessionNotFound

    def refusal(self, fault: APIException) -> APIException:
        """That there is no such session comes first. Raises: VisitorSessionNotFound."""
        names = named(self.request, "visitor_session_id", self.kwargs["visitor_session_id"])
        if not self.organization.visitor_sessions.filter(visitor_session_id__in=names).exists():
            raise VisitorSessionNotFound
        return fault


class VisitorIdentityBatchView(BatchAPIView):
    items_name = "visitor_identities"

    @describe(docs.CREATE_IDENTITIES)
    def post(self, request: Request, organization_id: str) -> Response:
        now = timezone.now()
        answers = report_identities(self.organization, self.read_items(), at=now)
        return Response(
            VisitorIdentityBatchSerializer(context={"organization": self.organization}).to_representation(
                answers
            )
        )


class VisitorSessionBatchView(BatchAPIView):
    items_name = "visitor_sessions"

    @describe(docs.CREATE_SESSIONS)
    def post(self, request: Request, organization_id: str) -> Response:
        now = timezone.now()
        answers = report_sessions(self.organization, self.read_items(), at=now)
        return Response(
            VisitorSessionBatchSerializer(context={"organization": self.organization}).to_representation(
                answers
            )
        )
