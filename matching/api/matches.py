"""Matches, pending matches and rejected attempts (API.md section 3)."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from goalsvc.api.schema import describe_actions
from goalsvc.database.retries import is_outdated, retried_if
from matching.api.documentation import matches as docs
from matching.api.downloads import DownloadableViewSet
from matching.api.parameters import (
    MatchAttemptQuery,
    MatchQuery,
    PendingMatchQuery,
    RetractionQuery,
    SummaryQuery,
)
from matching.api.viewsets import NewestFirst
from matching.matches.summary import summarize
from matching.models import ExternalMatchQuerySet, MatchAttemptQuerySet, PendingMatchQuerySet
from matching.refusals import MatchNotFound, MatchRetracted, PendingMatchNotFound, PendingMatchResolved
from matching.serializers.inputs import RESTATEMENT
from matching.serializers.matches import (
    MatchAttemptSerializer,
    MatchChangeSerializer,
    MatchDetailSerializer,
    MatchRecordSerializer,
    MatchSummarySerializer,
    PendingMatchSerializer,
)

MAX_ATTEMPTS_SHOWN = 20


class LatestChangeFirst(NewestFirst):
    by = "changed_at"


@describe_actions(
    list=docs.LIST_MATCHES,
    retrieve=docs.RETRIEVE_MATCH,
    partial_update=docs.RESTATE_MATCH,
    destroy=docs.RETRACT_MATCH,
    history=docs.LIST_MATCH_CHANGES,
)
class MatchViewSet(DownloadableViewSet):
    serializer_class = MatchRecordSerializer
    query_class = MatchQuery
    open_actions = frozenset({"list", "retrieve", "history"})
    lookup_url_kwarg = "match_id"
    not_found = MatchNotFound

    def get_queryset(self) -> ExternalMatchQuerySet:
        return self.organization.matches.with_visitors()

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        match = self.get_object()
        attempts = self.organization.match_attempts.before_match(match).order_by("-created_at", "-id")
        match.rejected_attempts = list(attempts[:MAX_ATTEMPTS_SHOWN])
        return Response(MatchDetailSerializer(match).data)

    @retried_if(is_outdated)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.look_up()  # 404 comes before the payload's 400
        attributes = RESTATEMENT.check(request.data)
        with transaction.atomic():
            is_done = self.get_object().restate(
                attributes["goal_value"], by=self.user, at=timezone.now(), reason=attributes["reason"]
            )
        if not is_done:
            raise MatchRetracted
        return Response(self.get_serializer(self.look_up()).data)

    @retried_if(is_outdated)
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with transaction.atomic():
            match = self.get_object()
            reason = RetractionQuery.check(request.query_params).get("retraction_reason")
            match.retract(by=self.user, at=timezone.now(), reason=reason or None)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=True, serializer_class=MatchChangeSerializer, pagination_class=LatestChangeFirst)
    def history(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.get_object().changes.select_related("changed_by"))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


@describe_actions(
    list=docs.LIST_PENDING_MATCHES, retrieve=docs.RETRIEVE_PENDING_MATCH, destroy=docs.CANCEL_PENDING_MATCH
)
class PendingMatchViewSet(RetrieveModelMixin, DownloadableViewSet):
    serializer_class = PendingMatchSerializer
    query_class = PendingMatchQuery
    open_actions = frozenset({"list", "retrieve", "destroy"})
    lookup_url_kwarg = "pending_id"
    not_found = PendingMatchNotFound

    def get_queryset(self) -> PendingMatchQuerySet:
        return self.organization.pending_matches.all()

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if not self.look_up().cancel(by=self.user, at=timezone.now()):
            raise PendingMatchResolved
        return Response(status=status.HTTP_204_NO_CONTENT)


@describe_actions(list=docs.LIST_MATCH_ATTEMPTS, summary=docs.SUMMARIZE_MATCH_ATTEMPTS)
class MatchAttemptViewSet(DownloadableViewSet):
    serializer_class = MatchAttemptSerializer
    query_class = MatchAttemptQuery
    open_actions = frozenset({"list", "summary"})
    lookup_url_kwarg = "attempt_id"

    def get_queryset(self) -> MatchAttemptQuerySet:
        return self.organization.match_attempts.all()

    @action(detail=False)
    def summary(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        days = SummaryQuery.check(request.query_params)["days"]
        summary = summarize(self.organization, days=days, at=timezone.now())
        return Response(MatchSummarySerializer(summary).data)
