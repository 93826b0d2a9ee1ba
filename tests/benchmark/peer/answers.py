"""Answers and refusals as JSON, with the API's forms of moments."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from fastapi import Request, Response
from uuid_utils.compat import uuid7

from matching.limits import MAX_VISITORS

encoder = msgspec.json.Encoder()

SENTENCES = {
    "invalid_token": "The token is unknown, revoked or expired.",
    "organization_access_denied": "You do not have access to this organization.",
    "subscription_inactive": "The organization has no active subscription.",
    "settings_permission_required": "This takes the settings permission in the organization.",
    "parse_error": "The request body is not JSON.",
    "goal_not_found": "The organization has no such goal.",
    "session_not_found": "No session of this visitor identity started before goal_matched_at.",
    "no_connected_rooms": (
        "The latest session before goal_matched_at was in none of the rooms that count."
    ),
    "external_id_conflict": "This external_id already stands for a different match of the goal.",
    "session_visitor_conflict": "This visitor_session_id is a session of another visitor.",
    "identity_too_common": f"{MAX_VISITORS:,} visitors carry this visitor identity already.",
    "validation_error": "Some attributes are missing or invalid.",
    "not_served": "The peer settles no held matches.",
}  # fmt: skip


@dataclass(slots=True)
class Refusal:
    """Why a request, or an item of a batch, was not taken."""

    status: int
    code: str
    errors: dict[str, Any] | None = None
    reason: dict[str, Any] | None = None

    @property
    def detail(self) -> str:
        return SENTENCES[self.code]

    @property
    def body(self) -> dict[str, Any]:
        if self.errors is not None:
            return self.errors
        told: dict[str, Any] = {"detail": self.detail, "code": self.code}
        return told if self.reason is None else {**told, "reason": self.reason}


class RefusedError(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def refused(status: int, code: str) -> RefusedError:
    return RefusedError(Refusal(status, code))


def invalid(errors: dict[str, Any]) -> Refusal:
    return Refusal(400, "validation_error", errors)


def answer(body: Any, status: int = 200, request_id: str | None = None) -> Response:
    headers = {"X-Request-ID": request_id or str(uuid7())}
    return Response(encoder.encode(body), status, media_type="application/json", headers=headers)


async def answer_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return answer(error.refusal.body, error.refusal.status)


def answer_batch(name: str, results: Sequence[tuple[int, str, Any]], verdicts: Sequence[str]) -> Response:
    """Answer a batch.

    Args:
        name: what a result calls what is stored of its item.
        results: of each item the status, the verdict, and what is stored of it or else its Refusal.
        verdicts: those that the summary counts.
    """
    told: list[dict[str, Any]] = []
    for index, (status, verdict, shown) in enumerate(results):
        result: dict[str, Any] = {"index": index, "status": status}
        if not isinstance(shown, Refusal):
            result[name] = shown
            if verdict == "replayed":
                result["is_replay"] = True
        else:
            result |= {"code": shown.code, "detail": shown.detail}
            if shown.errors is not None:
                result["errors"] = shown.errors
            if shown.reason is not None:
                result["reason"] = shown.reason
        told.append(result)
    counts = Counter(verdict for _, verdict, _ in results)
    by_code = Counter(shown.code for _, _, shown in results if isinstance(shown, Refusal))
    summary = {"received": len(results), **{verdict: counts[verdict] for verdict in verdicts}}
    return answer({"results": told, "summary": summary | {"by_code": by_code}})


@lru_cache(maxsize=1024)
def moment(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds")[:-6] + "Z"
