"""The caller, the organization and its rooms: what a client needs to know before it can use goals."""

from rest_framework.exceptions import APIException

from goalsvc.api.dispatch import APIView, Request
from goalsvc.api.errors import NotFound
from goalsvc.api.fields import parse_uuid
from goalsvc.api.pagination import paginate
from goalsvc.api.rendering import Response
from goalsvc.api.schema import describe
from goalsvc.orgs import documentation as docs
from goalsvc.orgs.models import Organization, Room, User
from goalsvc.orgs.permissions import IsAuthenticated, OrganizationAccess
from goalsvc.orgs.rendering import render_caller, render_organization, render_room

METHODS = ["get", "post", "put", "patch", "delete", "head"]


class AuthenticatedAPIView(APIView):
    """A view for whoever has a token."""

    http_method_names = METHODS
    permission_classes = [IsAuthenticated]

    def refusal(self, fault: APIException) -> APIException:
        """Return what to answer to a request whose query is at fault."""
        return fault


class OrganizationAPIView(AuthenticatedAPIView):
    """A view below `/orgs/<organization_id>`. Whatever it reads starts from `self.organization`."""

    permission_classes = [OrganizationAccess]

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


class CallerView(AuthenticatedAPIView):
    @describe(docs.CALLER)
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        request.user.refresh_from_db(fields=["created_at", "updated_at"])
        return Response(render_caller(request.user))


class OrganizationView(OrganizationAPIView):
    @describe(docs.ORGANIZATION)
    def get(self, request: Request, organization_id: str) -> Response:
        self.organization.refresh_from_db(fields=["created_at", "updated_at"])
        return Response(render_organization(self.organization))


class RoomsView(OrganizationAPIView):
    @describe(docs.ROOMS)
    def get(self, request: Request, organization_id: str) -> Response:
        rooms = self.organization.rooms.active()
        return Response(
            paginate(request, rooms, lambda room: render_room(room, self.organization), by="created_at")
        )


class RoomView(OrganizationAPIView):
    @describe(docs.ROOM)
    def get(self, request: Request, organization_id: str, room_id: str) -> Response:
        return Response(render_room(self.find(room_id), self.organization))

    def refusal(self, fault: APIException) -> APIException:
        """That there is no such room comes first. Raises: NotFound."""
        self.find(self.kwargs["room_id"])
        return fault

    def find(self, room_id: str) -> Room:
        pk = parse_uuid(room_id)
        room = self.organization.rooms.active().filter(id=pk).first() if pk else None
        if room is None:
            raise NotFound("not_found", "The organization has no such room.")
        return room
