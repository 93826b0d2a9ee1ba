"""The OpenAPI description and the page to read it."""

from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny


class SchemaView(SpectacularAPIView):
    """The OpenAPI description, as JSON, for everybody."""

    authentication_classes = []
    permission_classes = [AllowAny]
    # As plain JSON, and as the media type of its own for who asks for that.
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer]
    content_negotiation_class = DefaultContentNegotiation
    http_method_names = ["get", "head"]


class DocsView(SpectacularSwaggerSplitView):
    """A page to read the description and try it; all it needs is served from here.

    Its script comes from the same address with `?script`, because pages allow none in themselves.
    """

    authentication_classes = []
    permission_classes = [AllowAny]
    content_negotiation_class = DefaultContentNegotiation
    http_method_names = ["get", "head"]
    url_name = "schema"
    template_name = "docs.html"
