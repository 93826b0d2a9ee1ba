"""What the endpoints of matching have in common."""

from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import BasePermission

from goalsvc.api.bodies import (
    MAX_BATCH_DEPTH,
    JSONLinesParser,
    JSONParser,
    NDJSONParser,
    NDJSONParserByOtherName,
    read_items,
)
from goalsvc.api.pagination import KeysetPagination
from goalsvc.orgs.permissions import ActiveSubscription, HasScope, OrganizationAccess
from goalsvc.orgs.scopes import Scope
from goalsvc.orgs.views import OrganizationAPIView, OrganizationViewSet
from matching.api.parameters import ListQuery
from matching.limits import MAX_BATCH_ITEMS


class NewestFirst(KeysetPagination):
    newest_first = True


# What DRF calls the action of a method that is answered 405, for whoever has access.
NOT_SERVED = (None, "metadata")


class MatchingViewSet(ListModelMixin, OrganizationViewSet):
    """A viewset that takes access and a subscription; some of its actions, the settings scope too."""

    permission_classes = [OrganizationAccess, ActiveSubscription]
    # All other actions take the settings scope: one that nobody has thought of is closed.
    open_actions: frozenset[str] = frozenset({"list", "retrieve"})
    pagination_class: type[NewestFirst] = NewestFirst
    query_class: type[ListQuery]

    def get_permissions(self) -> list[BasePermission]:
        permissions: list[Any] = list(super().get_permissions())
        if self.action not in {*self.open_actions, *NOT_SERVED}:
            permissions.append(HasScope(Scope.SETTINGS)())
        return permissions

    @cached_property
    def now(self) -> datetime:
        """The moment of the request."""
        return timezone.now()

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "at": self.now}

    def filter_queryset(self, queryset: Any) -> Any:
        """Return the rows that the request's query asks for. Raises: ValidationError naming a parameter."""
        query = self.query_class(context=self.get_serializer_context())
        return query.narrow(queryset, query.check(self.request.query_params), self.pagination_class.by)

    def look_up(self) -> Any:
        """Return the object of the address, not locked. Raises: NotFound, also for an id that is none."""
        return self.find(lambda pk: self.get_queryset().filter(pk=pk).first())


class BatchAPIView(OrganizationAPIView):
    """A view that takes many items at once, as JSON or NDJSON."""

    permission_classes = MatchingViewSet.permission_classes
    parser_classes = [JSONParser, NDJSONParser, NDJSONParserByOtherName, JSONLinesParser]
    max_body_bytes = settings.MAX_BATCH_BODY_BYTES
    max_depth = MAX_BATCH_DEPTH
    max_items = MAX_BATCH_ITEMS
    items_name: str  # of the list in a JSON body

    def read_items(self) -> list[Any]:
        """Return the posted items. Raises: APIException."""
        return read_items(self.request.data, self.items_name, self.max_items)
