"""The OpenAPI description. The page to read it is in goalsvc.orgs.views."""

from functools import cache

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request


@cache
def description() -> bytes:
    """Return the OpenAPI description, cached: it takes a third of a second to make, and anybody may ask."""
    made = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call] # it has no types
    written: bytes = OpenApiJsonRenderer2().render(made)
    return written


class SchemaView(SpectacularAPIView):
    """The OpenAPI description, as JSON, for everybody."""

    authentication_classes = []
    permission_classes = [AllowAny]
    # As application/json, and as OpenAPI's own media type for those that accept only that.
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer]
    content_negotiation_class = DefaultContentNegotiation
    http_method_names = ["get", "head"]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(description(), content_type=request.accepted_media_type)
