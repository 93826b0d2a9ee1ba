"""What a reported session or identity is answered: the same from a single call, a batch or a file."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from rest_framework.exceptions import APIException

from goalsvc.api.serializers import ObjectSerializer
from goalsvc.orgs.models import Organization
from matching.matches.answers import RowAnswer, failed_by
from matching.matches.retries import retried_on_collision
from matching.serializers.visitors import IDENTITY_OF_VISITOR, SESSION
from matching.visitors.arrivals import IdentityReport, SessionReport
from matching.visitors.identities import KnownIdentity, record_identities
from matching.visitors.sessions import KnownSession, record_sessions

Report = TypeVar("Report", SessionReport, IdentityReport)
ReportAnswer = RowAnswer[KnownSession] | RowAnswer[KnownIdentity]


def report_sessions(
    organization: Organization, items: Sequence[Any], *, at: datetime, validate_only: bool = False
) -> list[ReportAnswer]:
    """Answer reported sessions, in their order; the arguments are those of `answer_reports`."""
    record = partial(record_sessions, organization, at=at)
    return answer_reports(items, SESSION, SessionReport, record, validate_only=validate_only)


def read_session(item: Any) -> SessionReport | APIException:
    """Check an item for `report_sessions`; what is wrong with it is returned."""
    return read_report(item, SESSION, SessionReport)


def report_identities(
    organization: Organization, items: Sequence[Any], *, at: datetime
) -> list[ReportAnswer]:
    """Answer reported identities, in their order; the arguments are those of `answer_reports`."""
    record = partial(record_identities, organization, at=at)
    return answer_reports(items, IDENTITY_OF_VISITOR, IdentityReport, record)


def answer_reports(
    items: Sequence[Any],
    form: ObjectSerializer,
    report_class: type[Report],
    record: Callable[[list[Report]], Sequence[ReportAnswer]],
    *,
    validate_only: bool = False,
) -> list[ReportAnswer]:
    """Check and record items; one bad item harms no other.

    Args:
        items: JSON objects, not yet checked; or, in the place of one that could not even be read, the
            APIException that says why; or reports.
        record: writes reports, returns the answer to each.
        validate_only: give the answers and write nothing.
    """
    answers: dict[int, ReportAnswer] = {}
    reports: dict[int, Report] = {}
    for index, item in enumerate(items):
        report = item if isinstance(item, report_class) else read_report(item, form, report_class)
        if isinstance(report, APIException):
            answers[index] = failed_by(report)
        else:
            reports[index] = report
    if reports:
        recorded = record_at_once(record, list(reports.values()), validate_only=validate_only)
        answers |= zip(reports, recorded, strict=True)
    return [answers[index] for index in range(len(items))]


def read_report(item: Any, form: ObjectSerializer, report_class: type[Report]) -> Report | APIException:
    """Check an item, as `answer_reports` takes it; what is wrong with it is returned."""
    if isinstance(item, APIException):
        return item
    try:
        return report_class(**form.check(item))
    except APIException as error:
        return error.with_traceback(None)  # which would keep the frames of the check


@retried_on_collision
def record_at_once(
    record: Callable[[list[Report]], Sequence[ReportAnswer]], reports: list[Report], *, validate_only: bool
) -> Sequence[ReportAnswer]:
    """Write reports, and settle the pending matches that waited for them, in one transaction."""
    if not validate_only:
        return record(reports)
    with transaction.atomic():
        answers = record(reports)
        transaction.set_rollback(True)
    return answers
