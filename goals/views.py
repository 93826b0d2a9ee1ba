"""The Goals API (API.md section 2)."""

from uuid import UUID

import msgspec
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError

from goals import documentation as docs
from goals.models import Goal, GoalAttributes, GoalQuerySet, UnknownRoomsError
from goals.reading import GoalRow, goal_found, look_for_goal, read_goal, read_goals
from goals.rendering import render_goal, represent_goal
from goals.serializers import PART_OF_GOAL, WHOLE_GOAL, GoalInput
from goalsvc.api.dispatch import Request
from goalsvc.api.errors import NotFound
from goalsvc.api.fields import parse_uuid
from goalsvc.api.pagination import paginate
from goalsvc.api.preconditions import IfMatch, is_known
from goalsvc.api.rendering import Response
from goalsvc.api.schema import describe
from goalsvc.database.statements import Ahead
from goalsvc.orgs.models import Organization
from goalsvc.orgs.permissions import ActiveSubscription, HasScope, OrganizationAccess
from goalsvc.orgs.scopes import Scope
from goalsvc.orgs.views import OrganizationAPIView


def find_goal(goals: GoalQuerySet, goal_id: str) -> Goal:
    """Return the goal with this id among `goals`, an organization's.

    Raises: NotFound (`goal_not_found`) for a malformed id, another organization's goal, a deleted one.
    """
    pk = parse_uuid(goal_id)
    goal = goals.live().filter(id=pk).first() if pk else None
    if goal is None:
        raise goal_not_found()
    return goal


def goal_not_found() -> NotFound:
    return NotFound("goal_not_found", "The organization has no such goal.")


def goal_as_it_stands(organization: Organization, goal_id: UUID) -> GoalRow:
    """Return a goal that was just written.

    Raises: NotFound when somebody has deleted it at this very moment.
    """
    goal = read_goal(organization, goal_id)
    if goal is None:
        raise goal_not_found()
    return goal


def respond(goal: GoalRow, organization: Organization, status: int = 200) -> Response:
    """Build the answer that shows a goal, with its entity tag."""
    body, tag = represent_goal(goal, organization)
    return Response(msgspec.Raw(body), status, headers={"ETag": tag})


def unknown_rooms_error(field: str, error: UnknownRoomsError) -> ValidationError:
    """Build the 400 that names each room at fault."""
    return ValidationError(
        {field: [f"{room_id} is not a room of the organization." for room_id in error.room_ids]}
    )


class GoalsView(OrganizationAPIView):
    permission_classes = [
        OrganizationAccess,
        ActiveSubscription,
        HasScope(Scope.SETTINGS),
    ]

    @describe(docs.LIST_GOALS)
    def get(self, request: Request, organization_id: str) -> Response:
        return Response(
            paginate(
                request,
                lambda page: read_goals(self.organization, page),
                lambda goal: render_goal(goal, self.organization),
                by="created_at",
            )
        )

    @describe(docs.CREATE_GOAL)
    def post(self, request: Request, organization_id: str) -> Response:
        attributes: GoalAttributes = WHOLE_GOAL.check(request.data)  # type: ignore[assignment] # a checked dict
        try:
            goal = Goal.open(self.organization, attributes, by=self.user, at=timezone.now())
        except UnknownRoomsError as error:
            raise unknown_rooms_error("allowed_rooms", error) from None
        location = reverse("goal", kwargs={"organization_id": self.organization.id, "goal_id": goal.id})
        response = respond(
            goal_as_it_stands(self.organization, goal.id), self.organization, status.HTTP_201_CREATED
        )
        response["Location"] = request.build_absolute_uri(location)
        return response


class GoalView(OrganizationAPIView):
    permission_classes = GoalsView.permission_classes

    def look_ahead(self) -> Ahead | None:
        pk = parse_uuid(self.kwargs["goal_id"])
        return look_for_goal(pk) if pk and self.request.method in {"GET", "HEAD"} else None

    @describe(docs.RETRIEVE_GOAL)
    def get(self, request: Request, organization_id: str, goal_id: str) -> Response:
        goal = goal_found(request.ahead) if request.ahead else None
        if goal is None:
            raise goal_not_found()
        body, tag = represent_goal(goal, self.organization)
        if is_known(request, tag):
            # The length is that of the body that is left out (RFC 9110, section 8.6).
            headers = {"ETag": tag, "Content-Length": str(len(body))}
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        return Response(msgspec.Raw(body), headers={"ETag": tag})

    @describe(docs.REPLACE_GOAL)
    def put(self, request: Request, organization_id: str, goal_id: str) -> Response:
        return self.revise(request, goal_id, WHOLE_GOAL)

    @describe(docs.UPDATE_GOAL)
    def patch(self, request: Request, organization_id: str, goal_id: str) -> Response:
        return self.revise(request, goal_id, PART_OF_GOAL)

    @describe(docs.DELETE_GOAL)
    def delete(self, request: Request, organization_id: str, goal_id: str) -> Response:
        with transaction.atomic():
            goal = find_goal(self.organization.goals.select_for_update(), goal_id)
            self.check_unchanged(IfMatch(request), goal.id)
            goal.discard(by=self.user, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def revise(self, request: Request, goal_id: str, form: GoalInput) -> Response:
        goal = find_goal(self.organization.goals.all(), goal_id)  # 404 comes before the payload's 400
        condition = IfMatch(request)
        self.check_unchanged(condition, goal.id)  # and so does 412
        attributes: GoalAttributes = form.check(request.data)  # type: ignore[assignment] # a checked dict
        with transaction.atomic():
            goal = find_goal(self.organization.goals.select_for_update(), goal_id)
            self.check_unchanged(condition, goal.id)
            try:
                goal.revise(attributes, by=self.user, at=timezone.now())
            except UnknownRoomsError as error:
                raise unknown_rooms_error("allowed_rooms", error) from None
        return respond(goal_as_it_stands(self.organization, goal.id), self.organization)

    def refusal(self, fault: APIException) -> APIException:
        """That there is no such goal comes first. Raises: NotFound."""
        find_goal(self.organization.goals.all(), self.kwargs["goal_id"])
        return fault

    def check_unchanged(self, condition: IfMatch, goal_id: UUID) -> None:
        """Raises: PreconditionFailed. What is found stays so while the caller holds the goal's lock."""
        if condition.is_given:
            goal = goal_as_it_stands(self.organization, goal_id)
            condition.check(represent_goal(goal, self.organization)[1])
