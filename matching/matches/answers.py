"""What a posted row is answered, be it a match or a report of a visitor: alone, in a batch or in a file."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError

from goalsvc.api.errors import body_of
from matching.refusals import INVALID, VALIDATION_ERROR
from matching.rule.resolver import RowRefusal

Row = TypeVar("Row")


class Verdict(StrEnum):
    CREATED = "created"
    REPLAYED = "replayed"  # a match, or a pending one, of an earlier delivery
    PENDING = "pending"
    KNOWN = "known"  # a session or an identity that was reported before
    FAILED = "failed"


OF_MATCHES = (Verdict.CREATED, Verdict.REPLAYED, Verdict.PENDING, Verdict.FAILED)
OF_REPORTS = (Verdict.CREATED, Verdict.KNOWN, Verdict.FAILED)


class RowAnswer(NamedTuple, Generic[Row]):
    """The answer to one posted row: what is stored of it, or else why it failed.

    Where it failed, `code` and `detail` are set, `errors` by attribute where the status is 400, and `reason`
    where there are facts that may help its sender.
    """

    verdict: Verdict
    status: int
    row: Row | None = None
    code: str | None = None
    detail: str | None = None
    errors: dict[str, Any] | None = None
    reason: dict[str, Any] | None = None


def reported(row: Row, *, is_new: bool) -> RowAnswer[Row]:
    """Return the answer that tells of a session or an identity."""
    if is_new:
        return RowAnswer(Verdict.CREATED, status.HTTP_201_CREATED, row)
    return RowAnswer(Verdict.KNOWN, status.HTTP_200_OK, row)


def failed_for(refusal: RowRefusal, reason: dict[str, Any] | None = None) -> RowAnswer[Any]:
    """Return the answer that tells of a refusal."""
    error = refusal.error
    if issubclass(error, ValidationError):
        return failed_by(error(refusal.room_ids))
    detail = str(error.default_detail)
    return RowAnswer(Verdict.FAILED, error.status_code, code=error.default_code, detail=detail, reason=reason)


def failed_by(error: APIException) -> RowAnswer[Any]:
    """Return the answer that says of one row what an exception says of a request."""
    body = body_of(error)
    if isinstance(error, ValidationError):
        return invalid(body)
    return RowAnswer(Verdict.FAILED, error.status_code, code=body["code"], detail=body["detail"])


def invalid(errors: dict[str, Any]) -> RowAnswer[Any]:
    """Return the answer that names attributes at fault."""
    status_code = status.HTTP_400_BAD_REQUEST
    return RowAnswer(Verdict.FAILED, status_code, code=VALIDATION_ERROR, detail=INVALID, errors=errors)


def summary_of(answers: Sequence[RowAnswer[Any]], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Count the answers to a batch by verdict, all of `verdicts` even if there are none, and by code."""
    by_verdict = Counter(answer.verdict for answer in answers)
    by_code = Counter(answer.code for answer in answers if answer.code is not None)
    counts = {verdict.value: by_verdict[verdict] for verdict in verdicts}
    return {"received": len(answers), **counts, "by_code": dict(by_code)}
