"""Visitor identities and sessions: what matching needs beforehand (API.md section 4)."""

from collections.abc import Callable
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
from matching.api.parameters import VisitorIdentityQuery, VisitorSessionQuery
from matching.api.results import (
    BatchSerializer,
    VisitorIdentityBatchSerializer,
    VisitorSessionBatchSerializer,
    respond,
)
from matching.api.viewsets import BatchAPIView, MatchingViewSet, NewestFirst
from matching.models import VisitorIdentity, VisitorSession
from matching.privacy.erasure import erase_identity
from matching.privacy.export import SECTIONS, can_be_identity, count_holdings, newest
from matching.refusals import VisitorIdentityNotFound, VisitorSessionNotFound
from matching.serializers.visitors import (
    IdentityHoldingsSerializer,
    VisitorIdentitySerializer,
    VisitorSessionSerializer,
)
from matching.visitors.identities import KnownIdentity
from matching.visitors.reports import ReportAnswer, report_identities, report_sessions
from matching.visitors.sessions import KnownSession, take_back_session

# An address with this in the place of an id may name it in its query. So can be named what no address
# can carry: `batch`, which is another address, `/`, which leaves the address of the list, and `.` and `..`,
# which clients resolve.
IN_QUERY = "-"


class NamedByOthersViewSet(MatchingViewSet):
    """A viewset of what its address names by an id of somebody else's, which may be any text."""

    lookup_value_converter = "text"
    open_actions = frozenset({"list", "create"})
    known: type[KnownIdentity] | type[KnownSession]  # what the serializer shows
    report: Callable[..., list[ReportAnswer]]
    remove: Callable[..., object]  # true where there was anything of this name

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

    def paginate_queryset(self, queryset: Any) -> Any:
        return [self.known.of(row) for row in super().paginate_queryset(queryset) or ()]

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        [answer] = self.report(self.organization, [request.data], at=timezone.now())
        return respond(answer, self.get_serializer())

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        for name in self.names():
            if self.remove(self.organization, name, by=self.user, at=timezone.now()):
                return Response(status=status.HTTP_204_NO_CONTENT)
        raise self.not_found()


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
    lookup_url_kwarg = "visitor_identity"
    not_found = VisitorIdentityNotFound
    known = KnownIdentity
    report = staticmethod(report_identities)
    remove = staticmethod(erase_identity)

    def get_queryset(self) -> QuerySet[VisitorIdentity]:
        return self.organization.visitor_identities.select_related("visitor")

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        identity, counts = self.find_held()
        size = page_size(request)
        held: dict[str, Any] = {"organization_id": self.organization.id, "visitor_identity": identity}
        for section in SECTIONS:
            count = counts[section.name]
            rows = newest(section, self.organization, identity, size) if count else []
            following = None
            if count > size:
                path = reverse(section.list_route, kwargs={"organization_id": self.organization.id})
                following = url_after(request, path, rows[-1], section.by, visitor_identity=identity)
            results = [section.read(row) for row in rows]
            held[section.name] = {"count": count, "next": following, "results": results}
        held["idempotency_keys"] = {"count": counts["idempotency_keys"]}
        return Response(IdentityHoldingsSerializer(held, context=self.get_serializer_context()).data)

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
        raise self.not_found()


class LatestStartFirst(NewestFirst):
    by = "started_at"


@describe_actions(list=docs.LIST_SESSIONS, create=docs.CREATE_SESSION, destroy=docs.DELETE_SESSION)
class VisitorSessionViewSet(NamedByOthersViewSet):
    serializer_class = VisitorSessionSerializer
    query_class = VisitorSessionQuery
    pagination_class = LatestStartFirst
    lookup_url_kwarg = "visitor_session_id"
    not_found = VisitorSessionNotFound
    known = KnownSession
    report = staticmethod(report_sessions)
    remove = staticmethod(take_back_session)

    def get_queryset(self) -> QuerySet[VisitorSession]:
        return self.organization.visitor_sessions.select_related("visitor")

    def refusal(self, fault: APIException) -> APIException:
        """That there is no such session comes first. Raises: VisitorSessionNotFound."""
        if self.lookup_url_kwarg in self.kwargs:
            sessions = self.organization.visitor_sessions
            if not sessions.filter(visitor_session_id__in=self.names()).exists():
                raise self.not_found()
        return fault


class ReportBatchView(BatchAPIView):
    report: Callable[..., list[ReportAnswer]]
    serializer_class: type[BatchSerializer]

    def post(self, request: Request, organization_id: str) -> Response:
        answers = self.report(self.organization, self.read_items(), at=timezone.now())
        serializer = self.serializer_class(context={"organization": self.organization})
        return Response(serializer.to_representation(answers))


@describe_actions(post=docs.CREATE_IDENTITIES)
class VisitorIdentityBatchView(ReportBatchView):
    items_name = "visitor_identities"
    report = staticmethod(report_identities)
    serializer_class = VisitorIdentityBatchSerializer


@describe_actions(post=docs.CREATE_SESSIONS)
class VisitorSessionBatchView(ReportBatchView):
    items_name = "visitor_sessions"
    report = staticmethod(report_sessions)
    serializer_class = VisitorSessionBatchSerializer
