"""The endpoints of the caller, the organization and its rooms; and the pages that lead to them."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework import request as rest
from rest_framework import views
from rest_framework.exceptions import APIException, NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet, ViewSetMixin

from goalsvc.api.fields import parse_uuid
from goalsvc.api.pagination import KeysetPagination
from goalsvc.api.rendering import JSONRenderer
from goalsvc.api.schema import describe_actions
from goalsvc.api.viewsets import APIView, Request
from goalsvc.database.statements import Ahead
from goalsvc.orgs import documentation as docs
from goalsvc.orgs.callers import with_caller
from goalsvc.orgs.models import Organization, RoomQuerySet, User
from goalsvc.orgs.permissions import OrganizationAccess
from goalsvc.orgs.scopes import Scope
from goalsvc.orgs.serializers import CallerSerializer, OrganizationSerializer, RoomSerializer
from goalsvc.replica.answers import READS, answer
from goalsvc.replica.models import HAS_JUST_WRITTEN, SECONDS, note_write
from goalsvc.replica.standby import standby

T = TypeVar("T")

JUST_WRITTEN_WITH_CALLER = with_caller(HAS_JUST_WRITTEN)


class AuthenticatedAPIView(APIView):
    """A view for every caller with a valid token."""

    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    permission_classes = [IsAuthenticated]

    def refusal(self, fault: APIException) -> APIException:
        """Return the error for a request with a fault in its query."""
        return fault


class OrganizationAPIView(AuthenticatedAPIView):
    """A view below `/orgs/<organization_id>`. Whatever it reads starts from `self.organization`."""

    permission_classes = [OrganizationAccess]

    def look_ahead(self) -> Ahead | None:
        """See the base; where a replica can answer, whether the organization has just written."""
        if self.request.method not in READS or not standby.is_fresh():
            return None
        organization_id = parse_uuid(self.kwargs["organization_id"])
        if organization_id is None:
            return None
        return Ahead(JUST_WRITTEN_WITH_CALLER, {"organization": organization_id, "seconds": SECONDS})

    def initial(self, request: rest.Request, *args: Any, **kwargs: Any) -> None:
        """See the base. What follows may be read from the replica, now that the caller is let in."""
        super().initial(request, *args, **kwargs)
        ahead, name = self.request.ahead, str(request.method).lower()
        if ahead is None or ahead.statement is not JUST_WRITTEN_WITH_CALLER or not hasattr(self, name):
            return
        if ahead.consume() == ("f",) and standby.is_fresh():
            setattr(self, name, partial(answer, getattr(self, name)))  # as viewsets bind their actions

    def finalize_response(self, request: rest.Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if standby.is_configured and request.method not in SAFE_METHODS:
            organization_id = getattr(request.user, "organization_id", None)
            if organization_id is not None:
                note_write(organization_id)
        return super().finalize_response(request, response, *args, **kwargs)

    @property
    def user(self) -> User:
        """The caller."""
        user = self.request.user
        assert isinstance(user, User), "a permission class has let an anonymous caller in"
        return user

    @property
    def organization(self) -> Organization:
        """The organization of the URL, which OrganizationAccess has found to be the caller's own."""
        organization = self.user.organization
        assert organization is not None, "a permission class has let a stranger in"
        return organization


class OrganizationViewSet(ViewSetMixin, OrganizationAPIView, GenericAPIView):
    """A viewset below `/orgs/<organization_id>`. Its queryset starts from `self.organization`."""

    lookup_value_converter = "str"
    lookup_url_kwarg: str
    not_found: Callable[[], APIException]

    def get_object(self) -> Any:
        """Return the object of the address; for a request that writes, with its row lock.

        Raises: NotFound, also for a malformed id.
        """
        rows = self.get_queryset()
        if self.request.method not in SAFE_METHODS:
            rows = rows.select_for_update(of=("self",))
        return self.find(lambda pk: rows.filter(pk=pk).first())

    def find(self, look_up: Callable[[UUID], T | None]) -> T:
        """Return what the address names. Raises: NotFound."""
        pk = parse_uuid(self.kwargs[self.lookup_url_kwarg])
        found = look_up(pk) if pk else None
        if found is None:
            raise self.not_found()
        return found

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "organization": self.organization}

    def refusal(self, fault: APIException) -> APIException:
        """See the base. Raises: NotFound, which takes precedence."""
        if self.lookup_url_kwarg in self.kwargs:
            self.find(lambda pk: self.get_queryset().filter(pk=pk).first())
        return fault


@describe_actions(get=docs.CALLER)
class CallerView(AuthenticatedAPIView):
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        request.user.refresh_from_db(fields=["created_at", "updated_at"])
        return Response(CallerSerializer(request.user).data)


@describe_actions(get=docs.ORGANIZATION)
class OrganizationView(OrganizationAPIView):
    def get(self, request: Request, organization_id: str) -> Response:
        self.organization.refresh_from_db(fields=["created_at", "updated_at"])
        return Response(OrganizationSerializer(self.organization).data)


class RoomNotFound(NotFound):
    default_detail = "The organization has no such room."


@describe_actions(list=docs.ROOMS, retrieve=docs.ROOM)
class RoomViewSet(OrganizationViewSet, ReadOnlyModelViewSet):
    serializer_class = RoomSerializer
    pagination_class = KeysetPagination
    lookup_url_kwarg = "room_id"
    not_found = RoomNotFound

    def get_queryset(self) -> RoomQuerySet:
        return self.organization.rooms.active()


class PageForEverybody(views.APIView):
    """A page that takes no login, and is no part of the API: the OpenAPI description leaves it out."""

    authentication_classes = []
    permission_classes = [AllowAny]
    content_negotiation_class = DefaultContentNegotiation
    http_method_names = ["get", "head"]


class DocsView(PageForEverybody, SpectacularSwaggerView):
    """A page to read the OpenAPI description and try it; all that it needs is served from here."""

    url_name = "schema"
    template_name = "docs.html"

    @extend_schema(exclude=True)
    def get(self, request: rest.Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call] # it has no types
        del response["Cross-Origin-Opener-Policy"]  # theirs would undo ours
        response.data["scopes"] = list(Scope)
        return response


class HomeView(PageForEverybody):
    """The root: leads people to the admin and the docs, and tells programs the addresses."""

    renderer_classes = [JSONRenderer, TemplateHTMLRenderer]
    template_name = "home.html"

    @extend_schema(exclude=True)
    def get(self, request: rest.Request) -> Response:
        names = {"admin": "admin:index", "docs": "docs", "schema": "schema", "caller": "caller"}
        return Response({each: request.build_absolute_uri(reverse(name)) for each, name in names.items()})
