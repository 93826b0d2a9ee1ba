"""Visitor identities and sessions: what matching needs beforehand (API.md section 4)."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from goalsvc.api.pagination import page_size, url_after
from goalsvc.api.rendering import Response
from goalsvc.api.schema import describe_actions
from matching.api.documentation import visitors as docs
from matching.api.filters import VisitorIdentityQuery, VisitorSessionQuery
from matching.api.results import VisitorIdentityBatchSerializer, VisitorSessionBatchSerializer, respond
from matching.api.viewsets import BatchAPIView, MatchingViewSet, NewestFirst
from matching.models import VisitorIdentity, VisitorSession
from matching.privacy.erasure import erase_identity
from matching.privacy.export import SECTIONS, Section, can_be_identity, count_holdings, newest
from matching.refusals import VisitorIdentityNotFound, VisitorSessionNotFound
from matching.serializers.visitors import (
    Holdings,
    IdentityHoldings,
    IdentityHoldingsSerializer,
    VisitorIdentitySerializer,
    VisitorSessionSerializer,
)
from matching.visitors.identities import KnownIdentity
from matching.visitors.reports import report_identities, report_sessions
from matching.visitors.sessions import KnownSession, take_back_session

# An address with this in the place of an id may name it in its query. So can be named what no address
# can carry: `batch`, which is another address, `/`, which leaves the address of the list, and `.` and `..`,
# which clients resolve.
IN_QUERY = "-"


class NamedByOthersViewSet(MatchingViewSet):
    """A viewset of what its address names by an id of somebody else's, which may be any text."""

    lookup_value_converter = "text"

    def names(self) -> list[str]:
        """Return the ids that the address may name, the likeliest first.

        A slash at its end is not looked at elsewhere; here it may be the id's own.
        """
        given = self.kwargs[self.lookup_url_kwarg]
        if given == IN_QUERY:
            names = [self.request.query_params.get(self.lookup_url_kwarg, IN_QUERY)]
        elif self.request.path.endswith("/"):
            names = [f"{given}/", given]
        else:
            names = [given]
        return [name.strip() for name in names if can_be_identity(name.strip())]


@describe_actions(
    list=docs.LIST_IDENTITIES,
    create=docs.CREATE_IDENTITY,
    retrieve=docs.RETRIEVE_IDENTITY,
    destroy=docs.ERASE_IDENTITY,
)
class VisitorIdentityViewSet(NamedByOthersViewSet):
    """Identities of visitors; of one, all that is held about it, and its erasure."""

    serializer_class = VisitorIdentitySerializer
    query_class = VisitorIdentityQuery
    open_actions = frozenset({"list", "create"})
    lookup_url_kwarg = "visitor_identity"

    def get_queryset(self) -> QuerySet[VisitorIdentity]:
        return self.organization.visitor_identities.select_related("visitor")

    def paginate_queryset(self, queryset: Any) -> Any:
        return [KnownIdentity.of(row) for row in super().paginate_queryset(queryset) or ()]

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        [answer] = report_identities(self.organization, [request.data], at=timezone.now())
        return respond(answer, self.get_serializer())

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        identity, counts = self.find_held()
        size = page_size(request)
        holdings = {}
        for section in SECTIONS:
            count = counts[section.name]
            rows = newest(section, self.organization, identity, size) if count else []
            more = self.url_after(section, rows[-1], identity) if count > size else None
            holdings[section.name] = Holdings(count, more, [section.read(row) for row in rows])
        held = IdentityHoldings(identity, holdings, counts["idempotency_keys"])
        return Response(IdentityHoldingsSerializer(held, context=self.get_serializer_context()).data)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        for identity in self.names():
            if erase_identity(self.organization, identity, by=self.user, at=timezone.now()):
                return Response(status=status.HTTP_204_NO_CONTENT)
        raise VisitorIdentityNotFound

    def refusal(self, fault: APIException) -> APIException:
        """That nothing is held about the identity comes first. Raises: VisitorIdentityNotFound."""
        if self.lookup_url_kwarg in self.kwargs:
            self.find_held()
        return fault

    def find_held(self) -> tuple[str, dict[str, int]]:
        """Return the identity that the address names, and how much is held about it."""
        for identity in self.names():
            counts = count_holdings(self.organization, identity)
            if any(counts.values()):
                return identity, counts
        raise VisitorIdentityNotFound

    def url_after(self, section: Section, row: Any, identity: str) -> str:
        path = reverse(section.list_route, kwargs={"organization_id": self.organization.id})
        return url_after(self.request, path, row, section.by, visitor_identity=identity)


class LatestStartFirst(NewestFirst):
    by = "started_at"


@describe_actions(list=docs.LIST_SESSIONS, create=docs.CREATE_SESSION, destroy=docs.DELETE_SESSION)
class VisitorSessionViewSet(NamedByOthersViewSet):
    serializer_class = VisitorSessionSerializer
    query_class = VisitorSessionQuery
    pagination_class = LatestStartFirst
    open_actions = frozenset({"list", "create"})
    lookup_url_kwarg = "visitor_session_id"

    def get_queryset(self) -> QuerySet[VisitorSession]:
        return self.organization.visitor_sessions.select_related("visitor")

    def paginate_queryset(self, queryset: Any) -> Any:
        return [KnownSession.of(row) for row in super().paginate_queryset(queryset) or ()]

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        [answer] = report_sessions(self.organization, [request.data], at=timezone.now())
        return respond(answer, self.get_serializer())

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take back a session that was reported wrongly."""
        for name in self.names():
            if take_back_session(self.organization, name, by=self.user, at=timezone.now()):
                return Response(status=status.HTTP_204_NO_CONTENT)
        raise VisitorSessionNotFound

    def refusal(self, fault: APIException) -> APIException:
        """That there is no such session comes first. Raises: VisitorSessionNotFound."""
        if self.lookup_url_kwarg in self.kwargs:
            sessions = self.organization.visitor_sessions
            if not sessions.filter(visitor_session_id__in=self.names()).exists():
                raise VisitorSessionNotFound
        return fault


@describe_actions(post=docs.CREATE_IDENTITIES)
class VisitorIdentityBatchView(BatchAPIView):
    items_name = "visitor_identities"

    def post(self, request: Request, organization_id: str) -> Response:
        answers = report_identities(self.organization, self.read_items(), at=timezone.now())
        serializer = VisitorIdentityBatchSerializer(context={"organization": self.organization})
        return Response(serializer.to_representation(answers))


@describe_actions(post=docs.CREATE_SESSIONS)
class VisitorSessionBatchView(BatchAPIView):
    items_name = "visitor_sessions"

    def post(self, request: Request, organization_id: str) -> Response:
        answers = report_sessions(self.organization, self.read_items(), at=timezone.now())
        serializer = VisitorSessionBatchSerializer(context={"organization": self.organization})
        return Response(serializer.to_representation(answers))
