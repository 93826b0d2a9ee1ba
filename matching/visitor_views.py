"""Visitor identities and sessions: what matching needs beforehand (API.md section 4)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from goalsvc.api.errors import Conflict
from goalsvc.api.pagination import paginate
from goalsvc.api.parsing import ObjectSerializer, read_items
from goalsvc.api.schema import describe
from matching import documentation as docs
from matching.answers import answer_to_error
from matching.filters import text_filters
from matching.ingestion import (
    IdentityReport,
    KnownIdentity,
    KnownSession,
    SessionConflict,
    SessionReport,
    UnknownRooms,
    record_identities,
    record_sessions,
)
from matching.rendering import render_identity, render_session
from matching.serializers import IDENTITY_OF_VISITOR, SESSION
from matching.views import MAX_BATCH_ITEMS, BatchAPIView, MatchingAPIView

Report = TypeVar("Report")


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
        if not isinstance(answer, KnownIdentity):
            raise refusal_error(answer)
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
        report = SessionReport(**SESSION.check(request.data))
        [answer] = record_sessions(self.organization, [report], at=timezone.now())
        if not isinstance(answer, KnownSession):
            raise refusal_error(answer)
        return Response(render_session(answer, self.organization), status=created_or_ok(answer.is_new))


class VisitorIdentityBatchView(BatchAPIView):
    @describe(docs.CREATE_IDENTITIES)
    def post(self, request: Request, organization_id: str) -> Response:
        return Response(
            render_reports(
                read_items(request.data, "visitor_identities", MAX_BATCH_ITEMS),
                IDENTITY_OF_VISITOR,
                IdentityReport,
                lambda reports: record_identities(self.organization, reports, at=timezone.now()),
                lambda identity: {"visitor_identity": render_identity(identity, self.organization)},
            )
        )


class VisitorSessionBatchView(BatchAPIView):
    @describe(docs.CREATE_SESSIONS)
    def post(self, request: Request, organization_id: str) -> Response:
        return Response(
            render_reports(
                read_items(request.data, "visitor_sessions", MAX_BATCH_ITEMS),
                SESSION,
                SessionReport,
                lambda reports: record_sessions(self.organization, reports, at=timezone.now()),
                lambda session: {"visitor_session": render_session(session, self.organization)},
            )
        )


def render_reports(
    items: Sequence[Any],
    form: ObjectSerializer,
    report_class: Callable[..., Report],
    record: Callable[[list[Report]], Sequence[Any]],
    render: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """Check, record and answer the items of a batch; one bad item harms no other.

    Args:
        items: JSON objects, or the APIException that says why one could not be read.
        record: writes the reports, returns what became of each.
        render: makes the attribute of the result that shows what was recorded.
    """
    results: dict[int, dict[str, Any]] = {}
    reports: dict[int, Report] = {}
    for index, item in enumerate(items):
        try:
            if isinstance(item, APIException):
                raise item
            reports[index] = report_class(**form.check(item))
        except APIException as error:
            results[index] = render_error(index, error)
    outcomes = record(list(reports.values())) if reports else []
    for index, outcome in zip(reports, outcomes, strict=True):
        if isinstance(outcome, SessionConflict | UnknownRooms):
            results[index] = render_error(index, refusal_error(outcome))
        else:
            results[index] = {
                "index": index, "status": created_or_ok(outcome.is_new), **render(outcome)
            }  # fmt: skip
    ordered = [results[index] for index in range(len(items))]
    by_code: dict[str, int] = {}
    for result in ordered:
        if "code" in result:
            by_code[result["code"]] = by_code.get(result["code"], 0) + 1
    return {
        "results": ordered,
        "summary": {
            "received": len(items),
            "created": sum(1 for result in ordered if result["status"] == status.HTTP_201_CREATED),
            "known": sum(1 for result in ordered if result["status"] == status.HTTP_200_OK),
            "failed": sum(by_code.values()),
            "by_code": by_code,
        },
    }


def render_error(index: int, error: APIException) -> dict[str, Any]:
    """Say of one item what the single call would have answered."""
    answer = answer_to_error(error)
    result = {"index": index, "status": answer.status, "code": answer.code, "detail": answer.detail}
    return result if answer.errors is None else {**result, "errors": answer.errors}


def refusal_error(outcome: SessionConflict | UnknownRooms) -> APIException:
    """Say why a report was not recorded."""
    if isinstance(outcome, UnknownRooms):
        return ValidationError(
            {"rooms": [f"{room} is not a room of the organization." for room in outcome.room_ids]}
        )
    return Conflict("session_visitor_conflict", "This visitor_session_id is a session of another visitor.")


def created_or_ok(is_new: bool) -> int:
    return status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
