"""The query parameters of reports."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from rest_framework import serializers

from goalsvc.api.errors import field_error
from matching.api.parameters import Choice, Id, Parameter, Query
from matching.reports.periods import GRANULARITIES, MAX_REPORT_DAYS, Period, PeriodError, find_zone

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
REQUIRED = "This parameter is required: a day such as 2016-10-10."


class Day(Parameter):
    """A day of the report's time zone."""

    schema = {"type": "string", "format": "date"}
    default_error_messages = {"invalid": "Not a day such as 2016-10-10."}

    def to_internal_value(self, data: str) -> date:
        try:
            return date.fromisoformat(data if DATE.fullmatch(data) else "")
        except ValueError:
            self.fail("invalid")


class Zone(Parameter):
    """The name of a time zone."""

    def to_internal_value(self, data: str) -> ZoneInfo:
        try:
            return find_zone(data)
        except PeriodError as error:
            raise serializers.ValidationError([str(error)]) from None


class ReportQuery(Query):
    start_date = Day(help_text="The first day. Required.")
    end_date = Day(help_text=f"The last day, included; at most {MAX_REPORT_DAYS} days in all. Required.")
    granularity = Choice(list(GRANULARITIES), default="day", help_text="`day` by default; weeks are ISO's.")
    timezone = Zone(
        default=ZoneInfo("UTC"),
        help_text="An IANA name; days are that zone's, of 23 and 25 hours too. `UTC` by default.",
    )
    room = Id(help_text="Only matches and sessions in this room.")
    group_by = Choice(["room"], help_text="`room`: each goal by room, too.")

    @staticmethod
    def period_of(values: Mapping[str, Any]) -> Period:
        """Make the period that checked values ask for. Raises: ValidationError naming a parameter."""
        for name in ("start_date", "end_date"):
            if name not in values:
                raise field_error(name, REQUIRED)
        names = ("start_date", "end_date", "timezone", "granularity")
        try:
            return Period(*(values[name] for name in names))
        except PeriodError as error:
            raise field_error(error.field, str(error)) from None
