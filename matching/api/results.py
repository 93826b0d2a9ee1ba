"""How posted matches and reports of visitors are answered: alone, and in a batch."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from rest_framework import serializers

from goalsvc.api.rendering import Response
from matching.matches.answers import OF_MATCHES, OF_REPORTS, RowAnswer, Verdict, summary_of
from matching.matches.idempotency import REPLAY_HEADER
from matching.models import PendingMatch
from matching.serializers.matches import MatchSerializer, PendingMatchSerializer
from matching.serializers.visitors import VisitorIdentitySerializer, VisitorSessionSerializer


class ResultSerializer(serializers.Serializer):
    """One result of a batch: what the single call would have answered."""

    index = serializers.IntegerField(help_text="The item's place in the batch, from 0.")
    status = serializers.IntegerField(help_text="What the single call would have answered.")
    code = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)
    errors = serializers.DictField(  # type: ignore[assignment] # not Serializer.errors
        required=False, help_text="By attribute, where the code is validation_error."
    )

    def name_of(self, row: Any) -> str:
        """Return the field that shows what is stored of a posted row."""
        raise NotImplementedError

    @cached_property
    def writers(self) -> dict[str, Callable[[Any], Any]]:
        return {name: field.to_representation for name, field in self.fields.items()}

    def to_representation(self, instance: tuple[int, RowAnswer[Any]]) -> dict[str, Any]:
        index, answer = instance
        result: dict[str, Any] = {"index": index, "status": answer.status}
        if answer.row is not None:
            name = self.name_of(answer.row)
            result[name] = self.writers[name](answer.row)
            if answer.verdict is Verdict.REPLAYED:
                result["is_replay"] = True
            return result
        result |= {"code": answer.code, "detail": answer.detail}
        if answer.errors is not None:
            result["errors"] = answer.errors
        if answer.reason is not None:
            result["reason"] = answer.reason
        return result


class MatchResultSerializer(ResultSerializer):
    match = MatchSerializer(required=False)
    pending_match = PendingMatchSerializer(required=False)
    is_replay = serializers.BooleanField(required=False)
    reason = serializers.DictField(required=False)

    def name_of(self, row: Any) -> str:
        return "pending_match" if isinstance(row, PendingMatch) else "match"


class VisitorIdentityResultSerializer(ResultSerializer):
    visitor_identity = VisitorIdentitySerializer(required=False)

    def name_of(self, row: Any) -> str:
        return "visitor_identity"


class VisitorSessionResultSerializer(ResultSerializer):
    visitor_session = VisitorSessionSerializer(required=False)

    def name_of(self, row: Any) -> str:
        return "visitor_session"


class SummarySerializer(serializers.Serializer):
    """The answers to a batch, counted."""

    verdicts: Sequence[Verdict]  # those that are counted, each under its name

    def get_fields(self) -> dict[str, Any]:
        counts = {name: serializers.IntegerField() for name in ("received", *map(str, self.verdicts))}
        return {**counts, "by_code": serializers.DictField(child=serializers.IntegerField())}

    def to_representation(self, instance: Sequence[RowAnswer[Any]]) -> dict[str, Any]:
        return summary_of(instance, self.verdicts)


class MatchBatchSummarySerializer(SummarySerializer):
    verdicts = OF_MATCHES


class ReportBatchSummarySerializer(SummarySerializer):
    verdicts = OF_REPORTS


class BatchSerializer(serializers.Serializer):
    """The answers to a batch, in its order, and their summary."""

    def to_representation(self, instance: Sequence[RowAnswer[Any]]) -> dict[str, Any]:
        return {
            "results": self.fields["results"].to_representation(enumerate(instance)),
            "summary": self.fields["summary"].to_representation(instance),
        }


class MatchBatchSerializer(BatchSerializer):
    results = MatchResultSerializer(many=True)
    summary = MatchBatchSummarySerializer()


class VisitorIdentityBatchSerializer(BatchSerializer):
    results = VisitorIdentityResultSerializer(many=True)
    summary = ReportBatchSummarySerializer()


class VisitorSessionBatchSerializer(BatchSerializer):
    results = VisitorSessionResultSerializer(many=True)
    summary = ReportBatchSummarySerializer()


def respond(answer: RowAnswer[Any], serializer: serializers.BaseSerializer) -> Response:
    """Make the answer to a single posted match, identity or session.

    Args:
        serializer: shows what is stored of it.
    """
    headers = {REPLAY_HEADER: "true"} if answer.verdict is Verdict.REPLAYED else {}
    if answer.row is not None:
        body = serializer.to_representation(answer.row)
    elif answer.errors is not None:
        body = answer.errors
    else:
        body = {"detail": answer.detail, "code": answer.code}
        if answer.reason is not None:
            body["reason"] = answer.reason
    return Response(body, status=answer.status, headers=headers)
