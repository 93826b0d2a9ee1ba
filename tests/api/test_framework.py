"""What a DRF developer tries first works: viewsets, Response, renderers, actions, throttles, permissions."""

import pytest
from django.urls import include, path
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.throttling import BaseThrottle

from goalsvc.api.rendering import JSONRenderer
from goalsvc.orgs.serializers import RoomSerializer
from goalsvc.orgs.views import OrganizationViewSet


class LinesRenderer(BaseRenderer):
    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return "".join(f"{row['name']}\r\n" for row in data)


class NotTwice(BaseThrottle):
    def allow_request(self, request, view):
        return "HTTP_X_TWICE" not in request.META

    def wait(self):
        return 7


class ShopViewSet(ListModelMixin, OrganizationViewSet):
    serializer_class = RoomSerializer
    renderer_classes = [JSONRenderer, LinesRenderer]
    throttle_classes = [NotTwice]
    pagination_class = None
    lookup_url_kwarg = "room_id"

    def get_queryset(self):
        return self.organization.rooms.active()

    @action(detail=False, methods=["post"])
    def count(self, request, **kwargs):
        return Response({"action": self.action, "sent": request.data}, status=202, headers={"X-Count": "1"})


router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("api/v5/orgs/<str:organization_id>/shops", ShopViewSet, basename="shop")
urlpatterns = [path("", include("goalsvc.urls")), *router.urls]


@pytest.fixture
def shops(settings, org_url, room):
    settings.ROOT_URLCONF = __name__
    return f"{org_url}/shops"


def test_a_viewset_of_mixins_answers(shops, as_manager, room):
    answer = as_manager.get(shops)

    assert [row["id"] for row in answer.json()] == [str(room.id)]
    assert answer.headers["Allow"] == "GET, HEAD"
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(("query", "accept"), [("?format=csv", "*/*"), ("", "text/csv"), ("", "text/*")])
def test_a_view_has_the_renderers_that_it_names(query, accept, shops, as_manager, room):
    answer = as_manager.get(shops + query, HTTP_ACCEPT=accept)

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.decode() == f"{room.name}\r\n"


def test_what_no_renderer_of_it_writes_is_not_acceptable(shops, as_manager):
    answer = as_manager.get(f"{shops}?format=xml")

    assert (answer.status_code, answer.json()["detail"]) == (406, "Only JSON or CSV is served here.")


def test_an_action_has_its_own_address_and_a_response_its_headers(shops, as_manager):
    answer = as_manager.post(f"{shops}/count", {"a": 1})

    assert answer.status_code == 202
    assert answer.json() == {"action": "count", "sent": {"a": 1}}
    assert answer.headers["X-Count"] == "1"
    assert as_manager.get(f"{shops}/count").status_code == 405


def test_throttles_are_asked(shops, as_manager):
    answer = as_manager.get(shops, HTTP_X_TWICE="1")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_permissions_are_those_of_the_organization(shops, as_nobody, as_stranger):
    assert as_nobody.get(shops).status_code == 401
    assert as_stranger.get(shops).json()["code"] == "organization_access_denied"
