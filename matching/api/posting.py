"""Posting matches to a goal, one or a batch (API.md section 3)."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException

from goals.reading import find_goal
from goals.refusals import GoalNotFound
from goalsvc.api.fields import parse_uuid
from goalsvc.api.pagination import Filter, Filtered
from goalsvc.api.rendering import Response
from goalsvc.api.requests import note
from goalsvc.api.schema import describe_actions
from goalsvc.api.viewsets import Request
from goalsvc.database.statements import Ahead
from goalsvc.orgs.views import OrganizationAPIView
from matching.api.documentation import matches as docs
from matching.api.downloads import DownloadableViewSet
from matching.api.parameters import GoalMatchQuery, PostingQuery
from matching.api.results import MatchBatchSerializer, respond
from matching.api.viewsets import BatchAPIView
from matching.matches.answers import Verdict, failed_by
from matching.matches.idempotency import KEY_HEADER, once, read_key
from matching.matches.metrics import count_answers, count_stored_answer
from matching.matches.posting import PostedMatch, keep_attempts, post_matches, read_request
from matching.matches.recording import MatchAnswer
from matching.matches.retries import retried_on_collision
from matching.matches.summary import count_replays
from matching.models import ExternalMatchQuerySet, MatchAttempt, PendingMatch
from matching.rule.facts import look_for_facts
from matching.rule.resolver import MatchRequest
from matching.serializers.matches import MatchRecordSerializer, MatchSerializer, PendingMatchSerializer

MATCH = MatchSerializer()  # stateless, so one serves every request


def goals_in(body: dict[str, Any]) -> list[UUID]:
    """Return the goals of the matches in a successful answer's body, pending ones included."""
    if "results" not in body:
        return [body["goal_id"]]
    rows = (result.get("match") or result.get("pending_match") for result in body["results"])
    return [row["goal_id"] for row in rows if row]


class MatchPosting(OrganizationAPIView):
    """A view that matches are posted to: validated only, or once a key, as query and headers ask."""

    source: MatchAttempt.Source

    def answer(self, *, validate_only: bool) -> Response:
        """Post the matches of the request."""
        raise NotImplementedError

    @retried_on_collision
    def answer_as_asked(self, endpoint: str) -> Response:
        """Answer the request, or as its first delivery was answered.

        Args:
            endpoint: what an Idempotency-Key is scoped to.
        """
        validate_only = PostingQuery.check(self.request.query_params)["validate_only"]
        key = read_key(self.request)
        if key is None or validate_only:
            return self.answer(validate_only=validate_only)
        now = timezone.now()
        with once(
            self.organization, endpoint=endpoint, key=key, payload=self.request.data, at=now
        ) as request:
            if request.stored is not None:
                goals = goals_in(request.stored.data)
                count_replays(self.organization, goals, at=now)
                count_stored_answer(len(goals), self.source)
                note(self.request, verdict=Verdict.REPLAYED.value)
                return request.stored
            response = self.answer(validate_only=False)
            if status.is_success(response.status_code) and goals_in(response.data):
                request.answer = response
        return response

    def post_items(self, items: list[Any], *, at: datetime, **asked: Any) -> list[MatchAnswer]:
        return post_matches(self.organization, items, by=self.user, at=at, source=self.source, **asked)

    def note_verdict(self, answer: MatchAnswer) -> None:
        """Add what was decided to the request's line of the log."""
        if answer.row is None:
            note(self.request, verdict=answer.verdict.value, code=answer.code)
        else:
            kind = "pending_match" if isinstance(answer.row, PendingMatch) else "match"
            note(self.request, verdict=answer.verdict.value, **{kind: answer.row.id})

    def posted(self, endpoint: str) -> Response:
        """Answer as `answer_as_asked`. Raises: APIException, which is kept as a rejected attempt."""
        try:
            return self.answer_as_asked(endpoint)
        except APIException as error:
            raise self.refusal(error) from None

    def refusal(self, fault: APIException) -> APIException:
        self.keep_rejected(fault)
        return fault

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
        self.note_verdict(answer)
        count_answers([answer], self.source)
        match = PostedMatch(sent, answer=answer, goal_id=goal_id)
        keep_attempts(self.organization, [match], by=self.user, at=timezone.now(), source=self.source)


@describe_actions(list=docs.LIST_GOAL_MATCHES, create=docs.CREATE_MATCH)
class GoalMatchViewSet(MatchPosting, DownloadableViewSet):
    serializer_class = MatchRecordSerializer
    query_class = GoalMatchQuery
    open_actions = frozenset({"list", "create"})
    source = MatchAttempt.Source.SINGLE
    read: MatchRequest | None = None
    goal_id: UUID

    def look_ahead(self) -> Ahead | None:
        """A match without a fault has what the rule needs to know read along with the caller.

        Not where other things come first that may take their time, as for an Idempotency-Key.
        """
        request, goal_id = self.request, parse_uuid(self.kwargs["goal_id"])
        organization_id = parse_uuid(self.kwargs["organization_id"])
        if request.method != "POST" or goal_id is None or organization_id is None:
            return super().look_ahead()
        if request.META.get(KEY_HEADER) is not None:
            return None
        item = request.read_ahead()
        try:
            self.read = read_request(item, goal_id, by_id=None)
        except APIException:
            return None
        return look_for_facts(organization_id, self.read)

    def get_queryset(self) -> ExternalMatchQuerySet:
        return self.organization.matches.with_visitors()

    def filter_queryset(self, queryset: Any) -> Any:
        goal = find_goal(self.organization, self.kwargs["goal_id"])
        asked = super().filter_queryset(queryset)
        return Filtered(asked.queryset, [Filter(Q(goal=goal), is_indexed=True), *asked.filters])

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        # The goal is not looked up beforehand: the statement that finds the session finds it too.
        goal_id = parse_uuid(self.kwargs["goal_id"])
        if goal_id is None:
            raise self.refusal(GoalNotFound())
        self.goal_id = goal_id
        return self.posted(f"goals/{goal_id}/matches")

    def answer(self, *, validate_only: bool) -> Response:
        now = timezone.now()
        item = self.request.data if self.read is None else self.read
        [answer] = self.post_items(
            [item], at=now, goal_id=self.goal_id, validate_only=validate_only, ahead=self.request.ahead
        )
        self.note_verdict(answer)
        if isinstance(answer.row, PendingMatch):
            return respond(answer, PendingMatchSerializer(context={"at": now}))
        return respond(answer, MATCH)

    def refusal(self, fault: APIException) -> APIException:
        """That there is no such goal comes before anything that is wrong with the request."""
        goal_id = parse_uuid(self.kwargs["goal_id"])
        if goal_id is None or not self.organization.goals.live().filter(id=goal_id).exists():
            fault, goal_id = GoalNotFound(), None
        if self.request.method == "POST":
            self.keep_rejected(fault, goal_id)
        return fault


@describe_actions(post=docs.CREATE_MATCHES)
class MatchBatchView(MatchPosting, BatchAPIView):
    source = MatchAttempt.Source.BATCH
    items_name = "matches"

    def post(self, request: Request, organization_id: str) -> Response:
        return self.posted("matches/batch")

    def answer(self, *, validate_only: bool) -> Response:
        now = timezone.now()
        answers = self.post_items(self.read_items(), at=now, validate_only=validate_only)
        note(self.request, verdicts=Counter(answer.verdict.value for answer in answers))
        return Response(MatchBatchSerializer(context={"at": now}).to_representation(answers))
