"""The OpenAPI description and the page to read it."""

from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny


class SchemaView(SpectacularAPIView):
    """The OpenAPI description, as JSON, for everybody."""

    authentication_classes = []
    permission_classes = [AllowAny]
    renderer_classes = [OpenApiJsonRenderer]
    content_negotiation_class = DefaultContentNegotiation


class DocsView(SpectacularSwaggerView):
    """A page to read the description and try it; all it needs is served from here."""

    authentication_classes = []
    permission_classes = [AllowAny]
    content_negotiation_class = DefaultContentNegotiation
    url_name = "schema"
