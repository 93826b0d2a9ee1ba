"""Imports of files, as the API shows them."""

from typing import Any

from rest_framework import serializers

from goalsvc.api.fields import MomentField
from matching.models import ImportRun
from matching.serializers.rows import RowSerializer

CODE = "code "  # how a run's counts begin that are of a code
# An upload of the admin that waits for a decision is no import yet.
STATUSES = [status for status in ImportRun.Status.values if status != ImportRun.Status.DRAFT]
VERDICTS = ("created", "replayed", "pending", "failed")


class CountsSerializer(serializers.Serializer):
    """How many rows got which verdict."""

    created = serializers.IntegerField()
    replayed = serializers.IntegerField(help_text="Known before, and nothing was written: sessions too.")
    pending = serializers.IntegerField(help_text="Held.")
    failed = serializers.IntegerField()
    by_code = serializers.DictField(child=serializers.IntegerField(), help_text="The failed ones.")


class OptionsSerializer(serializers.Serializer):
    """How the file is read: the parameters that it was sent with, and its format."""

    format = serializers.ChoiceField(["csv", "ndjson"])
    goal_id = serializers.UUIDField(allow_null=True)
    hold = serializers.BooleanField()
    dry_run = serializers.BooleanField()
    encoding = serializers.CharField(allow_null=True)
    time_zone = serializers.CharField(allow_null=True)
    ambiguous = serializers.ChoiceField(["earlier", "later"], allow_null=True)
    decimal_comma = serializers.BooleanField()
    column = serializers.ListField(child=serializers.CharField())
    ignore_column = serializers.ListField(child=serializers.CharField())


class FailedRowSerializer(serializers.Serializer):
    """What is added to a failed row."""

    row = serializers.IntegerField(help_text="Its number, from 1.")
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class ImportRunSerializer(RowSerializer):
    """The import of a file, as it stands."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ImportRun.Kind.values)
    status = serializers.ChoiceField(STATUSES)
    filename = serializers.CharField(allow_null=True)
    size = serializers.IntegerField(help_text="Bytes.")
    options = OptionsSerializer(source="*")
    rows_done = serializers.IntegerField()
    rows_total = serializers.IntegerField(
        allow_null=True, help_text="Null before the file is read; until it is finished, its lines."
    )
    counts = CountsSerializer(source="*")
    unread_columns = serializers.ListField(child=serializers.CharField())
    created_at = MomentField()
    created_by_user_id = serializers.UUIDField(source="created_by_id", allow_null=True)
    started_at = MomentField(allow_null=True)
    finished_at = MomentField(allow_null=True, help_text="Also of what failed or was cancelled.")
    error = serializers.CharField(allow_null=True, help_text="Why the file cannot be imported at all.")

    def to_representation(self, instance: ImportRun) -> dict[str, Any]:
        shown = super().to_representation(instance)
        shown |= {"filename": instance.filename or None, "error": instance.error or None}
        options = DEFAULTS | instance.options
        shown["options"] = {name: options[name] for name in OPTIONS}
        shown["counts"] = counts_of(instance)
        return {name: shown[name] for name in map(str, self.fields)}


OPTIONS = tuple(OptionsSerializer().fields)
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("goal_id", "encoding", "time_zone", "ambiguous")),
    **dict.fromkeys(("hold", "dry_run", "decimal_comma"), False),
    "format": "csv",
    "column": [],
    "ignore_column": [],
}


def counts_of(run: ImportRun) -> dict[str, Any]:
    counts = {verdict: run.counts.get(verdict, 0) for verdict in VERDICTS}
    counts["replayed"] += run.counts.get("known", 0)
    by_code = {word.removeprefix(CODE): count for word, count in run.counts.items() if word.startswith(CODE)}
    return counts | {"by_code": dict(sorted(by_code.items(), key=lambda item: (-item[1], item[0])))}
