"""Lists as CSV: all rows of a filter at once."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.http import HttpResponseBase
from rest_framework.request import Request

from goalsvc.api.errors import field_error
from goalsvc.api.rendering import JSONRenderer
from matching.api.viewsets import MatchingViewSet
from matching.reports.downloads import CSVRenderer, csv_response
from matching.reports.turns import take_turn

# Rows that are read from the database at a time.
ROWS = 2000


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
        organization = self.organization  # the view forgets its request when it has answered

        def cells() -> Iterator[Any]:
            with transaction.atomic():  # a cursor of the server's lives in one
                take_turn(organization)
                for row in rows.order_by("-created_at", "-id").iterator(chunk_size=ROWS):
                    yield serializer.to_representation(row).values()

        return csv_response(self.basename.replace("-", "_"), list(serializer.fields), cells())
