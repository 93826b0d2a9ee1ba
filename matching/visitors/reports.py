"""What a reported session or identity is answered: the same from a single call, a batch or a file."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from django.db import transaction
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError

from goalsvc.api.errors import Conflict
from goalsvc.api.parsing import ObjectSerializer
from goalsvc.orgs.models import Organization
from matching.limits import MAX_VISITORS
from matching.matches.answers import answer_to_error, foreign_rooms
from matching.matches.retries import despite_collisions
from matching.serializers import IDENTITY_OF_VISITOR, SESSION
from matching.visitors.ingestion import (
    IdentityReport,
    IdentityTooCommon,
    KnownIdentity,
    KnownSession,
    SessionConflict,
    SessionReport,
    UnknownRooms,
    record_identities,
    record_sessions,
)

Report = TypeVar("Report", SessionReport, IdentityReport)
Refusal = SessionConflict | IdentityTooCommon | UnknownRooms
Outcome = KnownSession | KnownIdentity | Refusal


class ReportAnswer(NamedTuple):
    """The answer to one report: what is known now, or the `code` and `detail` of a refusal."""

    status: int
    known: KnownSession | KnownIdentity | None = None
    code: str | None = None
    detail: str | None = None
    errors: dict[str, Any] | None = None
    reason: dict[str, Any] | None = None


def report_sessions(
    organization: Organization, items: Sequence[Any], *, at: datetime, is_rehearsal: bool = False
) -> list[ReportAnswer]:
    """Answer reported sessions, in their order; the arguments are those of `answer_reports`."""
    return answer_reports(
        items,
        SESSION,
        SessionReport,
        lambda reports: record_sessions(organization, reports, at=at),
        is_rehearsal=is_rehearsal,
    )


def report_identities(
    organization: Organization, items: Sequence[Any], *, at: datetime
) -> list[ReportAnswer]:
    """Answer reported identities, in their order; the arguments are those of `answer_reports`."""
    return answer_reports(
        items,
        IDENTITY_OF_VISITOR,
        IdentityReport,
        lambda reports: record_identities(organization, reports, at=at),
    )


def answer_reports(
    items: Sequence[Any],
    form: ObjectSerializer,
    report_class: Callable[..., Report],
    record: Callable[[list[Report]], Sequence[Outcome]],
    *,
    is_rehearsal: bool = False,
) -> list[ReportAnswer]:
    """Check and record items; one bad item harms no other.

    Args:
        items: JSON objects, not yet checked; or, in the place of one that could not even be read, the
            APIException that says why.
        record: writes reports, returns what became of each.
        is_rehearsal: give the answers and write nothing.
    """
    answers: dict[int, ReportAnswer] = {}
    reports: dict[int, Report] = {}
    for index, item in enumerate(items):
        if isinstance(item, APIException):
            answers[index] = refused(item)  # not raised: it would keep its traceback
            continue
        try:
            reports[index] = report_class(**form.check(item))
        except APIException as error:
            answers[index] = refused(error)
    if reports:

        def write() -> Sequence[Outcome]:
            with transaction.atomic(savepoint=is_rehearsal):
                outcomes = record(list(reports.values()))
                if is_rehearsal:
                    transaction.set_rollback(True)
            return outcomes

        outcomes = despite_collisions(write)  # held matches are settled with them
        answers |= {index: answer_to(outcome) for index, outcome in zip(reports, outcomes, strict=True)}
    return [answers[index] for index in range(len(items))]


def answer_to(outcome: Outcome) -> ReportAnswer:
    """Say what became of a report."""
    if isinstance(outcome, Refusal):
        return refused(refusal_error(outcome))
    return ReportAnswer(status.HTTP_201_CREATED if outcome.is_new else status.HTTP_200_OK, outcome)


def refused(error: APIException) -> ReportAnswer:
    answer = answer_to_error(error)
    return ReportAnswer(answer.status, code=answer.code, detail=answer.detail, errors=answer.errors)


def refusal_error(outcome: Refusal) -> APIException:
    """Make the error of a report that was not recorded."""
    if isinstance(outcome, UnknownRooms):
        return ValidationError({"rooms": foreign_rooms(outcome.room_ids)})
    if isinstance(outcome, IdentityTooCommon):
        return Conflict(
            "identity_too_common",
            f"{MAX_VISITORS:,} visitors carry this visitor identity already: it names nobody. Nothing was "
            "recorded.",
        )
    return Conflict("session_visitor_conflict", "This visitor_session_id is a session of another visitor.")
