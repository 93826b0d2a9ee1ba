"""The Goals API (API.md section 2)."""

from functools import partial
from typing import Any

from django.urls import reverse
from django.utils import timezone
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ModelViewSet

from goals import documentation as docs
from goals.models import Goal, GoalQuerySet
from goals.reading import GOAL_WITH_CALLER, goal_found, read_goals
from goals.refusals import GoalNotFound
from goals.serializers import GoalSerializer
from goalsvc.api.fields import parse_uuid
from goalsvc.api.pagination import KeysetPagination
from goalsvc.api.preconditions import ConditionalRequests
from goalsvc.api.schema import describe_actions
from goalsvc.database.statements import Ahead
from goalsvc.orgs.permissions import ActiveSubscription, HasScope, OrganizationAccess
from goalsvc.orgs.scopes import Scope
from goalsvc.orgs.views import OrganizationViewSet


@describe_actions(
    list=docs.LIST_GOALS,
    create=docs.CREATE_GOAL,
    retrieve=docs.RETRIEVE_GOAL,
    update=docs.REPLACE_GOAL,
    partial_update=docs.UPDATE_GOAL,
    destroy=docs.DELETE_GOAL,
)
class GoalViewSet(ConditionalRequests, OrganizationViewSet, ModelViewSet):
    serializer_class = GoalSerializer
    permission_classes = [OrganizationAccess, ActiveSubscription, HasScope(Scope.SETTINGS)]
    pagination_class = KeysetPagination
    lookup_url_kwarg = "goal_id"
    not_found = GoalNotFound

    def get_queryset(self) -> GoalQuerySet:
        return self.organization.goals.live()

    # Reads bypass the models, as making instances takes half of the time of a page.

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(partial(read_goals, self.organization))  # type: ignore[arg-type] # rows
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def look_ahead(self) -> Ahead | None:
        organization_id = parse_uuid(self.kwargs["organization_id"])
        pk = parse_uuid(self.kwargs.get(self.lookup_url_kwarg, ""))
        if organization_id is None or pk is None or self.request.method not in SAFE_METHODS:
            return super().look_ahead()
        return Ahead(GOAL_WITH_CALLER, {"organization": organization_id, "goal": pk})

    def get_object(self) -> Any:
        """Return the Goal of the address, locked to be changed, or the GoalRow to be shown.

        Raises: GoalNotFound.
        """
        if self.request.method in SAFE_METHODS:
            ahead = self.request.ahead
            return self.find(lambda pk: goal_found(ahead) if ahead else None)
        return super().get_object()

    def get_success_headers(self, data: Any) -> dict[str, str]:
        location = reverse("goal-detail", kwargs={**self.kwargs, "goal_id": data["id"]})
        return {"Location": self.request.build_absolute_uri(location)}

    def perform_create(self, serializer: BaseSerializer) -> None:
        serializer.save(organization=self.organization, by=self.user)

    def perform_update(self, serializer: BaseSerializer) -> None:
        serializer.save(by=self.user)

    def perform_destroy(self, instance: Goal) -> None:
        instance.discard(by=self.user, at=timezone.now())
