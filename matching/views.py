"""External goal matches, and what they need beforehand (API.md sections 3 and 4)."""

from typing import Any

from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from goals.views import find_goal
from goalsvc.api.errors import Conflict, NotFound, field_error
from goalsvc.api.pagination import paginate
from goalsvc.api.schema import describe
from goalsvc.orgs.permissions import ActiveSubscription, OrganizationAccess
from goalsvc.orgs.views import OrganizationAPIView
from matching import documentation as docs
from matching import recording, resolver
from matching.filters import text_filters
from matching.ingestion import (
    IdentityReport,
    KnownIdentity,
    KnownSession,
    SessionConflict,
    SessionReport,
    record_identities,
    record_sessions,
)
from matching.recording import record_matches
from matching.rendering import render_identity, render_match, render_session
from matching.resolver import MatchRequest, Refusal
from matching.serializers import IDENTITY_OF_VISITOR, SESSION, check_match


class MatchingAPIView(OrganizationAPIView):
    """A view that takes access and a subscription; the settings scope is not needed."""

    permission_classes = [OrganizationAccess, ActiveSubscription]


class GoalMatchesView(MatchingAPIView):
    @describe(docs.CREATE_MATCH)
    def post(self, request: Request, organization_id: str, goal_id: str) -> Response:
        goal = find_goal(self.organization.goals.with_allowed_rooms(), goal_id)
        now = timezone.now()
        match_request = MatchRequest(goal=goal, **check_match(request.data, at=now))
        [verdict] = record_matches(self.organization, [match_request], by=self.user, at=now)
        if isinstance(verdict, Refusal):
            raise refusal_error(verdict)
        headers = {"Idempotent-Replay": "true"} if verdict.is_replay else {}
        return Response(render_match(verdict.match), headers=headers)


def refusal_error(refusal: Refusal) -> APIException:
    """Say to the client why its request became no match."""
    match refusal.code:
        case resolver.UNKNOWN_ROOMS:
            return ValidationError(
                {"rooms": [f"{room} is not a room of the organization." for room in refusal.room_ids]}
            )
        case resolver.NO_ALLOWED_ROOMS:
            return field_error("rooms", "The goal is allowed in none of these rooms.")
        case resolver.SESSION_NOT_FOUND:
            return NotFound(
                resolver.SESSION_NOT_FOUND,
                "No session of this visitor identity started before goal_matched_at.",
            )
        case resolver.NO_CONNECTED_ROOMS:
            return NotFound(
                resolver.NO_CONNECTED_ROOMS,
                "The latest session before goal_matched_at was in none of the rooms that count.",
            )
        case recording.EXTERNAL_ID_CONFLICT:
            return Conflict(
                recording.EXTERNAL_ID_CONFLICT,
                "This external_id already stands for a different match of the goal.",
            )
    raise AssertionError(f"a refusal without an answer: {refusal.code}")


def session_conflict_error(conflict: SessionConflict) -> Conflict:
    return Conflict("session_visitor_conflict", "This visitor_session_id is a session of another visitor.")


class VisitorIdentitiesView(MatchingAPIView):
    @describe(docs.LIST_IDENTITIES)
    def get(self, request: Request, organization_id: str) -> Response:
        wanted = text_filters(request, visitor_identity="identity", visitor_id="visitor__visitor_id")
        identities = self.organization.visitor_identities.filter(**wanted).select_related("visitor")
        return Response(
            paginate(
                request,
                identities,
                lambda row: render_identity(KnownIdentity.of(row), self.organization),
                by="created_at",
                newest_first=True,
            )
        )

    @describe(docs.CREATE_IDENTITY)
    def post(self, request: Request, organization_id: str) -> Response:
        report = IdentityReport(**IDENTITY_OF_VISITOR.check(request.data))
        [answer] = record_identities(self.organization, [report], at=timezone.now())
        if isinstance(answer, SessionConflict):
            raise session_conflict_error(answer)
        return Response(render_identity(answer, self.organization), status=created_or_ok(answer.is_new))


class VisitorSessionsView(MatchingAPIView):
    @describe(docs.LIST_SESSIONS)
    def get(self, request: Request, organization_id: str) -> Response:
        wanted = text_filters(
            request, visitor_identity="visitor__identities__identity", visitor_id="visitor__visitor_id"
        )
        sessions = self.organization.visitor_sessions.filter(**wanted).select_related("visitor")
        return Response(
            paginate(
                request,
                sessions,
                lambda row: render_session(KnownSession.of(row), self.organization),
                by="started_at",
                newest_first=True,
            )
        )

    @describe(docs.CREATE_SESSION)
    def post(self, request: Request, organization_id: str) -> Response:
        attributes: dict[str, Any] = SESSION.check(request.data)
        if unknown := self.organization.rooms.unknown_among(attributes["rooms"]):
            raise refusal_error(Refusal(resolver.UNKNOWN_ROOMS, unknown))
        [answer] = record_sessions(self.organization, [SessionReport(**attributes)], at=timezone.now())
        if isinstance(answer, SessionConflict):
            raise session_conflict_error(answer)
        return Response(render_session(answer, self.organization), status=created_or_ok(answer.is_new))


def created_or_ok(is_new: bool) -> int:
    return status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
