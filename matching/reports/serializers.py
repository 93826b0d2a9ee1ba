"""Reports, as answers show them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from rest_framework import serializers

from goalsvc.api.fields import MoneyField
from matching.reports.figures import Figures, Part
from matching.reports.periods import GRANULARITIES, Period


class FiguresSerializer(serializers.Serializer):
    """What is known of the matches of a report, or of one of its days, weeks or months."""

    match_count = serializers.IntegerField()
    session_count = serializers.IntegerField(help_text="Distinct sessions of the matches.")
    visitor_count = serializers.IntegerField(help_text="Distinct visitors of the matches.")
    started_session_count = serializers.IntegerField(
        help_text="All sessions that began in this time (in this room, where there is one)."
    )
    value_sum = MoneyField()
    value_avg = MoneyField(allow_null=True, help_text="value_sum / value_count; null without values.")
    value_count = serializers.IntegerField(help_text="Matches that carry a value.")
    conversion_rate = serializers.CharField(
        allow_null=True,
        help_text="session_count / started_session_count in percent, two decimals; null without sessions.",
    )
    lag_seconds_median = serializers.IntegerField(
        allow_null=True, help_text="From a session's start to its event; half of the matches took no longer."
    )
    lag_seconds_p90 = serializers.IntegerField(
        allow_null=True, help_text="Nine of ten matches took no longer."
    )

    def to_representation(self, instance: Figures) -> dict[str, Any]:
        return {name: getattr(instance, name) for name in FIGURES}


FIGURES = tuple(FiguresSerializer().fields)


class BucketSerializer(FiguresSerializer):
    """The figures of a day, week or month."""

    start = serializers.DateField(help_text="Its first day, also where the report begins later in it.")

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        return {"start": fields.pop("start"), **fields}


class SeriesSerializer(serializers.Serializer):
    """Something's figures: in total, and by day, week or month without gaps."""

    totals = FiguresSerializer()
    series = BucketSerializer(many=True)

    def represent(self, part: Part, starts: Sequence[date]) -> dict[str, Any]:
        figures = FiguresSerializer()
        return {
            "totals": figures.to_representation(part.totals),
            "series": [
                {"start": start.isoformat(), **figures.to_representation(bucket)}
                for start, bucket in zip(starts, part.series, strict=True)
            ],
        }


class RoomReportSerializer(SeriesSerializer):
    """A goal's matches in one room."""

    room_id = serializers.UUIDField()
    name = serializers.CharField()


class GoalSeriesSerializer(SeriesSerializer):
    """A goal's matches."""

    goal_id = serializers.UUIDField()
    name = serializers.CharField()
    is_deleted = serializers.BooleanField()
    rooms = RoomReportSerializer(many=True, required=False, help_text="With group_by=room alone.")


class AskedSerializer(SeriesSerializer):
    """What was asked for, and the figures."""

    start_date = serializers.DateField()
    end_date = serializers.DateField()
    timezone = serializers.CharField()
    granularity = serializers.ChoiceField(list(GRANULARITIES))


class GoalReportSerializer(AskedSerializer):
    """The report of a goal."""

    goal_id = serializers.UUIDField()
    name = serializers.CharField()
    rooms = RoomReportSerializer(many=True, required=False, help_text="With group_by=room alone.")


class ReportSerializer(AskedSerializer):
    """The report of all goals: together, and each by itself."""

    goals = GoalSeriesSerializer(many=True)


def represent_period(period: Period) -> dict[str, Any]:
    return {
        "start_date": period.start_date.isoformat(),
        "end_date": period.end_date.isoformat(),
        "timezone": period.zone.key,
        "granularity": period.granularity,
    }


def represent_goals(parts: Iterable[Part], period: Period, *, by_room: bool) -> list[dict[str, Any]]:
    """Show the goals of a report, each with its rooms if they were asked for."""
    series = SeriesSerializer()
    goals: list[dict[str, Any]] = []
    for part in parts:
        shown = series.represent(part, period.starts)
        if part.room_id is not None:
            goals[-1]["rooms"].append({"room_id": part.room_id, "name": part.room_name, **shown})
            continue
        goal = {"goal_id": part.id, "name": part.name, "is_deleted": part.is_deleted, **shown}
        goals.append(goal | {"rooms": []} if by_room else goal)
    return goals


def represent_report(parts: Iterable[Part], period: Period, *, by_room: bool) -> dict[str, Any]:
    """Show the report of all goals."""
    together, *goals = parts
    return {
        **represent_period(period),
        **SeriesSerializer().represent(together, period.starts),
        "goals": represent_goals(goals, period, by_room=by_room),
    }


def represent_goal_report(parts: Iterable[Part], period: Period, *, by_room: bool) -> dict[str, Any]:
    """Show the report of one goal."""
    [goal] = represent_goals(parts, period, by_room=by_room)
    del goal["is_deleted"]
    return {**represent_period(period), **goal}
