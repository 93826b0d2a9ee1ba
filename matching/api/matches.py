"""External goal matches: posting, reading, correcting (API.md section 3)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.permissions import BasePermission

from goals.reading import find_goal
from goals.refusals import GoalNotFound
from goalsvc.api.bodies import (
    MAX_BATCH_DEPTH,
    JSONLinesParser,
    JSONParser,
    NDJSONParser,
    NDJSONParserByOtherName,
    read_items,
)
from goalsvc.api.fields import parse_uuid
from goalsvc.api.pagination import Filter, paginate
from goalsvc.api.rendering import Response
from goalsvc.api.schema import describe
from goalsvc.api.viewsets import Request
from goalsvc.database.statements import Ahead
from goalsvc.orgs.models import Organization
from goalsvc.orgs.permissions import ActiveSubscription, HasScope, OrganizationAccess
from goalsvc.orgs.scopes import Scope
from goalsvc.orgs.views import OrganizationAPIView
from matching.api import documentation as docs
from matching.api.filters import (
    GOAL,
    IDENTITY,
    choice_filter,
    flag,
    parse_text,
    read,
    span,
    span_filter,
    text_filter,
    uuid_filter,
    whole_number,
)
from matching.api.results import MatchBatchSerializer, MatchResultSerializer, respond
from matching.limits import MAX_BATCH_ITEMS
from matching.matches.answers import failed_by
from matching.matches.attempts import PostedMatch, keep_attempts
from matching.matches.idempotency import KEY_HEADER, once, read_key
from matching.matches.metrics import count_answers, count_stored_answer
from matching.matches.posting import post_matches, read_request
from matching.matches.retries import retried_on_collision
from matching.matches.summary import count_replays, summarize
from matching.models import ExternalMatch, ExternalMatchQuerySet, MatchAttempt, PendingMatch
from matching.refusals import (
    MatchNotFound,
    MatchRetracted,
    PendingMatchNotFound,
    PendingMatchResolved,
)
from matching.rule.facts import look_for_facts
from matching.rule.resolver import MatchRequest
from matching.serializers.inputs import RESTATEMENT
from matching.serializers.matches import (
    MatchChangeSerializer,
    MatchDetail,
    MatchDetailSerializer,
    MatchRecordSerializer,
    PendingMatchSerializer,
)
from matching.serializers.records import MatchAttemptSerializer, MatchSummarySerializer

MAX_ATTEMPTS_SHOWN = 20


class MatchingAPIView(OrganizationAPIView):
    """A view that takes access and a subscription; the settings scope is not needed."""

    permission_classes = [OrganizationAccess, ActiveSubscription]


class BatchAPIView(MatchingAPIView):
    """A view that takes many items at once, as JSON or NDJSON."""

    parser_classes = [JSONParser, NDJSONParser, NDJSONParserByOtherName, JSONLinesParser]
    max_body_bytes = settings.MAX_BATCH_BODY_BYTES
    max_depth = MAX_BATCH_DEPTH
    max_items = MAX_BATCH_ITEMS
    items_name: str  # of the list in a JSON body

    def read_items(self) -> list[Any]:
        """Return the posted items. Raises: APIException."""
        return read_items(self.request.data, self.items_name, self.max_items)


class MatchPostingView(MatchingAPIView):
    """A view that matches are posted to: validated only, or once a key, as query and headers ask."""

    source: MatchAttempt.Source

    def answer(self, *, validate_only: bool) -> Response:
        """Post the matches of the request."""
        raise NotImplementedError

    def goals_in(self, body: Any) -> list[UUID]:
        """Return the goals of the matches in a successful answer's body, pending ones included."""
        raise NotImplementedError

    @retried_on_collision
    def answer_as_asked(self, endpoint: str) -> Response:
        """Answer the request, or as its first delivery was answered.

        Args:
            endpoint: what an Idempotency-Key is scoped to.
        """
        validate_only = bool(flag(self.request, "validate_only"))
        key = read_key(self.request)
        if key is None or validate_only:
            return self.answer(validate_only=validate_only)
        now = timezone.now()
        with once(
            self.organization, endpoint=endpoint, key=key, payload=self.request.data, at=now
        ) as request:
            if request.stored is not None:
                goals = self.goals_in(request.stored.data)
                count_replays(self.organization, goals, at=now)
                count_stored_answer(len(goals), self.source)
                return request.stored
            response = self.answer(validate_only=False)
            if status.is_success(response.status_code) and self.goals_in(response.data):
                request.keep(response)
        return response

    def keep_rejected(self, error: APIException, goal_id: UUID | None = None) -> None:
        """Keep a request that could not even be read as a rejected attempt, unless it was to validate only.

        Args:
            goal_id: the organization's goal that it names.
        """
        if self.request.query_params.get("validate_only") == "true":
            return
        try:
            sent = self.request.data if self.source == MatchAttempt.Source.SINGLE else None
        except APIException:
            sent = None
        answer = failed_by(error)
        count_answers([answer], self.source)
        match = PostedMatch(sent, answer=answer, goal_id=goal_id)
        keep_attempts(self.organization, [match], by=self.user, at=timezone.now(), source=self.source)


class GoalMatchesView(MatchPostingView):
    source = MatchAttempt.Source.SINGLE
    read: MatchRequest | None = None
    goal_id: UUID

    def look_ahead(self) -> Ahead | None:
        """A match without a fault has what the rule needs to know read along with the caller.

        Not where other things come first that may take their time, as for an Idempotency-Key.
        """
        request, goal_id = self.request, parse_uuid(self.kwargs["goal_id"])
        if request.method != "POST" or goal_id is None or request.META.get(KEY_HEADER) is not None:
            return None
        item = request.read_ahead()
        try:
            self.read = read_request(item, goal_id, by_id=None)
        except APIException:
            return None
        return look_for_facts(self.read)

    @describe(docs.LIST_GOAL_MATCHES)
    def get(self, request: Request, organization_id: str, goal_id: str) -> Response:
        goal = find_goal(self.organization, goal_id)
        return list_matches(request, self.organization, [Filter(Q(goal=goal), is_indexed=True)])

    @describe(docs.CREATE_MATCH)
    def post(self, request: Request, organization_id: str, goal_id: str) -> Response:
        # The goal is not looked up beforehand: the statement that finds the session finds it too.
        pk = parse_uuid(goal_id)
        try:
            if pk is None:
                raise GoalNotFound
            self.goal_id = pk
            return self.answer_as_asked(f"goals/{pk}/matches")
        except APIException as error:
            raise self.rejected(error, pk) from None

    def answer(self, *, validate_only: bool) -> Response:
        now = timezone.now()
        [answer] = post_matches(
            self.organization,
            [self.request.data if self.read is None else self.read],
            by=self.user,
            at=now,
            source=self.source,
            goal_id=self.goal_id,
            validate_only=validate_only,
            ahead=self.request.ahead,
        )
        return respond(answer, MatchResultSerializer(context={"at": now}))

    def goals_in(self, body: Any) -> list[UUID]:
        return [self.goal_id]

    def refusal(self, fault: APIException) -> APIException:
        """That there is no such goal comes first. Raises: NotFound (`goal_not_found`)."""
        goal_id = self.kwargs["goal_id"]
        if self.request.method == "POST":
            return self.rejected(fault, parse_uuid(goal_id))
        find_goal(self.organization, goal_id)
        return fault

    def rejected(self, error: APIException, goal_id: UUID | None) -> APIException:
        """Keep what could not even be read as a rejected attempt; return what to answer.

        That there is no such goal comes before anything that is wrong with the request.
        """
        if goal_id is None or not self.organization.goals.live().filter(id=goal_id).exists():
            error, goal_id = GoalNotFound(), None
        self.keep_rejected(error, goal_id)
        return error


class MatchBatchView(BatchAPIView, MatchPostingView):
    source = MatchAttempt.Source.BATCH
    items_name = "matches"

    @describe(docs.CREATE_MATCHES)
    def post(self, request: Request, organization_id: str) -> Response:
        try:
            return self.answer_as_asked("matches/batch")
        except APIException as error:
            self.keep_rejected(error)
            raise

    def answer(self, *, validate_only: bool) -> Response:
        now = timezone.now()
        answers = post_matches(
            self.organization,
            self.read_items(),
            by=self.user,
            at=now,
            source=self.source,
            validate_only=validate_only,
        )
        return Response(MatchBatchSerializer(context={"at": now}).to_representation(answers))

    def goals_in(self, body: Any) -> list[UUID]:
        rows = (result.get("match") or result.get("pending_match") for result in body["results"])
        return [row["goal_id"] for row in rows if row]

    def refusal(self, fault: APIException) -> APIException:
        self.keep_rejected(fault)
        return fault


def list_matches(request: Request, organization: Organization, of_goal: list[Filter]) -> Response:
    """Answer a page of an organization's matches, filtered as the query asks."""
    filters = [
        *of_goal,
        *text_filter(request, *IDENTITY, lookup="visitor_identity", is_indexed=True),
        *event_filter(request, organization),
        *uuid_filter(request, "room", lookup="room_ids__contains"),
        *span_filter(request, "goal_matched_at", "matched"),
        *retraction_filter(request),
    ]
    matches = organization.matches.filter(span(request, "created_at", "created")).with_visitors()
    return Response(
        paginate(
            request,
            matches,
            MatchRecordSerializer().to_representation,
            by="created_at",
            newest_first=True,
            filters=filters,
        )
    )


def event_filter(request: Request, organization: Organization) -> list[Filter]:
    """Read the filter by external id: each goal's is looked up in the index that keeps it unique."""
    external_id = read(request, ["external_id"], parse_text)
    if external_id is None:
        return []
    goals = organization.goals.order_by().values("pk")
    return [Filter(Q(external_id=external_id, goal__in=goals), is_indexed=True)]


def retraction_filter(request: Request) -> list[Filter]:
    """Read the filter by whether a match is retracted: those that are have an index."""
    is_retracted = flag(request, "is_retracted")
    if is_retracted is None:
        return []
    return [Filter(Q(retracted_at__isnull=not is_retracted), is_indexed=is_retracted)]


class MatchesView(MatchingAPIView):
    @describe(docs.LIST_MATCHES)
    def get(self, request: Request, organization_id: str) -> Response:
        of_goal = uuid_filter(request, *GOAL, lookup="goal", is_indexed=True)
        return list_matches(request, self.organization, of_goal)


def find_match(matches: ExternalMatchQuerySet, match_id: str) -> ExternalMatch:
    """Return the match with this id among `matches`, an organization's.

    Raises: MatchNotFound.
    """
    pk = parse_uuid(match_id)
    match = matches.filter(id=pk).first() if pk else None
    if match is None:
        raise MatchNotFound
    return match


class MatchView(MatchingAPIView):
    def get_permissions(self) -> list[BasePermission]:
        permissions: list[Any] = [*super().get_permissions()]
        return (
            permissions
            if self.request.method in {"GET", "HEAD"}
            else [*permissions, HasScope(Scope.SETTINGS)()]
        )

    @describe(docs.RETRIEVE_MATCH)
    def get(self, request: Request, organization_id: str, match_id: str) -> Response:
        match = find_match(self.organization.matches.with_visitors(), match_id)
        return Response(MatchDetailSerializer(MatchDetail(match, self.rejected_attempts(match))).data)

    @describe(docs.RESTATE_MATCH)
    def patch(self, request: Request, organization_id: str, match_id: str) -> Response:
        find_match(self.organization.matches.all(), match_id)  # 404 comes before the payload's 400
        attributes = RESTATEMENT.check(request.data)
        with transaction.atomic():
            match = find_match(self.organization.matches.select_for_update(), match_id)
            if match.retracted_at is not None:
                raise MatchRetracted
            match.restate(attributes["goal_value"], by=self.user, at=timezone.now())
        shown = self.organization.matches.with_visitors().get(pk=match.pk)
        return Response(MatchRecordSerializer(shown).data)

    @describe(docs.RETRACT_MATCH)
    def delete(self, request: Request, organization_id: str, match_id: str) -> Response:
        with transaction.atomic():
            match = find_match(self.organization.matches.select_for_update(), match_id)
            match.retract(by=self.user, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def refusal(self, fault: APIException) -> APIException:
        """That there is no such match comes first. Raises: MatchNotFound."""
        find_match(self.organization.matches.all(), self.kwargs["match_id"])
        return fault

    def rejected_attempts(self, match: ExternalMatch) -> list[MatchAttempt]:
        """The attempts that were rejected before the same event matched."""
        attempts = self.organization.match_attempts.before_match(match).order_by("-created_at", "-id")
        return list(attempts[:MAX_ATTEMPTS_SHOWN])


class MatchHistoryView(MatchingAPIView):
    @describe(docs.LIST_MATCH_CHANGES)
    def get(self, request: Request, organization_id: str, match_id: str) -> Response:
        match = find_match(self.organization.matches.all(), match_id)
        changes = match.changes.select_related("changed_by")
        return Response(
            paginate(
                request,
                changes,
                MatchChangeSerializer().to_representation,
                by="changed_at",
                newest_first=True,
            )
        )

    refusal = MatchView.refusal


class PendingMatchesView(MatchingAPIView):
    @describe(docs.LIST_PENDING_MATCHES)
    def get(self, request: Request, organization_id: str) -> Response:
        now = timezone.now()
        filters = [
            *uuid_filter(request, *GOAL, lookup="goal", is_indexed=True),
            *text_filter(request, *IDENTITY, lookup="visitor_identity", is_indexed=True),
            *text_filter(request, "external_id", lookup="external_id", is_indexed=True),
            *status_filter(request, now),
        ]
        return Response(
            paginate(
                request,
                self.organization.pending_matches.filter(
                    span(request, "created_at", "created", is_only=True)
                ),
                PendingMatchSerializer(context={"at": now}).to_representation,
                by="created_at",
                newest_first=True,
                filters=filters,
            )
        )


def status_filter(request: Request, at: datetime) -> list[Filter]:
    """Read the filter by status, as `status_at` shows it; what is overdue is stored as pending."""
    wanted = choice_filter(request, "status", PendingMatch.Status.values)
    is_overdue = Q(expires_at__lte=at)
    match wanted:
        case None:
            return []
        case PendingMatch.Status.PENDING:
            return [Filter(Q(status=wanted), is_indexed=True), Filter(~is_overdue)]
        case PendingMatch.Status.EXPIRED:
            return [Filter(Q(status=wanted) | Q(status=PendingMatch.Status.PENDING) & is_overdue)]
    return [Filter(Q(status=wanted), is_indexed=True)]


class PendingMatchView(MatchingAPIView):
    @describe(docs.RETRIEVE_PENDING_MATCH)
    def get(self, request: Request, organization_id: str, pending_id: str) -> Response:
        pending = self.find(pending_id)
        return Response(PendingMatchSerializer(pending, context={"at": timezone.now()}).data)

    @describe(docs.CANCEL_PENDING_MATCH)
    def delete(self, request: Request, organization_id: str, pending_id: str) -> Response:
        pending = self.find(pending_id)
        if not pending.cancel(by=self.user, at=timezone.now()):
            raise PendingMatchResolved
        return Response(status=status.HTTP_204_NO_CONTENT)

    def refusal(self, fault: APIException) -> APIException:
        """That there is no such pending match comes first. Raises: PendingMatchNotFound."""
        self.find(self.kwargs["pending_id"])
        return fault

    def find(self, pending_id: str) -> PendingMatch:
        pk = parse_uuid(pending_id)
        pending = self.organization.pending_matches.filter(id=pk).first() if pk else None
        if pending is None:
            raise PendingMatchNotFound
        return pending


class MatchAttemptsView(MatchingAPIView):
    @describe(docs.LIST_MATCH_ATTEMPTS)
    def get(self, request: Request, organization_id: str) -> Response:
        filters = [
            *uuid_filter(request, *GOAL, lookup="goal", is_indexed=True),
            *text_filter(request, *IDENTITY, lookup="visitor_identity", is_indexed=True),
            *text_filter(request, "code", lookup="code", is_indexed=True),
        ]
        created = span(request, "created_at", "created", is_only=True)
        return Response(
            paginate(
                request,
                self.organization.match_attempts.filter(created),
                MatchAttemptSerializer().to_representation,
                by="created_at",
                newest_first=True,
                filters=filters,
            )
        )


class MatchAttemptSummaryView(MatchingAPIView):
    @describe(docs.SUMMARIZE_MATCH_ATTEMPTS)
    def get(self, request: Request, organization_id: str) -> Response:
        days = whole_number(request, "days", default=7, maximum=settings.MATCH_ATTEMPT_DAYS)
        summary = summarize(self.organization, days=days, at=timezone.now())
        return Response(MatchSummarySerializer(summary).data)
