"""Lists as CSV: all rows of a filter at once."""

from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request

from goalsvc.api.errors import field_error
from goalsvc.api.rendering import JSONRenderer
from matching.api.viewsets import MatchingViewSet
from matching.reports.downloads import CSVRenderer, cells_of, csv_response


class DownloadableViewSet(MatchingViewSet):
    """A viewset whose list is also to be had as CSV, of any length (`format=csv`, `Accept: text/csv`)."""

    renderer_classes = [JSONRenderer, CSVRenderer]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        if request.accepted_renderer.format != CSVRenderer.format:
            return super().list(request, *args, **kwargs)
        return self.download(request)

    def download(self, request: Request) -> HttpResponseBase:
        """Answer all rows that meet the filters, newest first. Raises: ValidationError naming a parameter."""
        for name in ("cursor", "page_size"):
            if name in request.query_params:
                raise field_error(name, "A CSV has no pages: it has all rows. Leave this parameter out.")
        narrowed = self.filter_queryset(self.get_queryset())
        rows = narrowed.queryset.filter(*(each.condition for each in narrowed.filters))
        serializer: Any = self.get_serializer()
        cells = cells_of(rows.order_by("-created_at", "-id"), serializer, self.organization)
        return csv_response(self.basename.replace("-", "_"), list(serializer.fields), cells)
