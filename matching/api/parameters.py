"""The query parameters of matching, a serializer a list: read, checked, described, and what they filter by.

All lists take the same names for the same thing. An empty value is a value: no stored text equals it, and
it is no id and no moment.
"""

from collections.abc import Collection
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet, Subquery
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from goalsvc.api.fields import FORBIDDEN_CHARACTERS, FORBIDDEN_CHARACTERS_MESSAGE, MomentField, parse_uuid
from goalsvc.api.pagination import Filter, Filtered
from matching.limits import MAX_REASON_LENGTH
from matching.models import ImportRun, PendingMatch
from matching.privacy.export import sessions_of_identity


class Parameter(serializers.Field):
    """A query parameter, which may have other names, and what it filters by."""

    schema: Any = {"type": "string"}  # of the value, for the description

    def __init__(
        self, *aliases: str, lookup: str | None = None, is_indexed: bool = False, **kwargs: Any
    ) -> None:
        """Declare a parameter.

        Args:
            lookup: what a list is filtered by; None where its Query has a method `by_<name>`, or no need.
            is_indexed: as of Filter.
        """
        self.aliases = aliases
        self.lookup = lookup
        self.is_indexed = is_indexed
        super().__init__(required=False, **kwargs)

    @property
    def names(self) -> tuple[str, ...]:
        return (str(self.field_name), *self.aliases)

    def read(self, query: QueryDict) -> Any:
        """Return the value; the default, or None, when it is not given.

        Raises: ValidationError, also for two names that disagree; it names both.
        """
        given = {}
        for name in self.names:
            if name in query:
                try:
                    given[name] = self.to_internal_value(query[name])
                except serializers.ValidationError as error:
                    raise serializers.ValidationError({name: error.detail}) from None
        values = list(given.values())
        if any(value != values[0] for value in values):
            sentence = f"{' and '.join(given)} are one filter, and disagree."
            raise serializers.ValidationError({name: [sentence] for name in given})
        if values:
            return values[0]
        return None if self.default is serializers.empty else self.default

    def filters(self, value: Any) -> list[Filter]:
        return [] if self.lookup is None else [Filter(Q(**{self.lookup: value}), self.is_indexed)]

    def described(self) -> list[OpenApiParameter]:
        """Describe it, and its other names."""
        other = f"Another name of `{self.field_name}`."
        texts = [self.help_text or "", *(other for _ in self.aliases)]
        return [
            OpenApiParameter(name, self.schema, description=text)
            for name, text in zip(self.names, texts, strict=True)
        ]


class Text(Parameter):
    """Exactly this text."""

    default_error_messages = {
        "forbidden": FORBIDDEN_CHARACTERS_MESSAGE,
        "long": "Must have at most {max_length} characters.",
    }

    def __init__(self, *aliases: str, max_length: int | None = None, **kwargs: Any) -> None:
        self.max_length = max_length
        if max_length is not None:
            self.schema = {"type": "string", "maxLength": max_length}
        super().__init__(*aliases, **kwargs)

    def to_internal_value(self, data: str) -> str:
        if FORBIDDEN_CHARACTERS.search(data):
            self.fail("forbidden")
        text = data.strip()
        if self.max_length is not None and len(text) > self.max_length:
            self.fail("long", max_length=self.max_length)
        return text


class Id(Parameter):
    """An id. One that is none of the organization's finds nothing, whoever's it is."""

    schema = {"type": "string", "format": "uuid"}
    default_error_messages = {"invalid": "Not a UUID."}

    def to_internal_value(self, data: str) -> UUID:
        pk = parse_uuid(data)
        if pk is None:
            self.fail("invalid")
        return pk


class Moment(Parameter, MomentField):
    """An end of a span of moments: the first one within, or the first one after it.

    Where it is of the moment that the list is ordered by, the walk through it begins or ends there.
    """

    schema = {"type": "string", "format": "date-time"}

    def to_internal_value(self, data: str) -> Any:
        # An offset's plus sign arrives as a space from clients that do not escape it.
        return super().to_internal_value(data.replace(" ", "+") if "T" in data else data)


def begin(column: str, *aliases: str) -> Moment:
    return Moment(*aliases, lookup=f"{column}__gte", help_text=f"Only with {column} at or after this.")


def end(column: str, *aliases: str) -> Moment:
    return Moment(*aliases, lookup=f"{column}__lt", help_text=f"Only with {column} before this.")


class Choice(Parameter):
    """One of a few words."""

    def __init__(self, choices: Collection[str], **kwargs: Any) -> None:
        self.choices = choices
        self.schema = {"type": "string", "enum": list(choices)}
        super().__init__(**kwargs)

    def to_internal_value(self, data: str) -> Any:
        if data not in self.choices:
            raise serializers.ValidationError([f"Must be one of: {', '.join(self.choices)}."])
        return data


class Flag(Choice):
    """true or false."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(["true", "false"], **kwargs)

    def to_internal_value(self, data: str) -> bool:
        return bool(super().to_internal_value(data) == "true")


class WholeNumber(Parameter):
    """A number from 1 on."""

    default_error_messages = {"invalid": "Must be a whole number from 1 to {maximum}."}

    def __init__(self, *, maximum: int, default: int) -> None:
        self.maximum = maximum
        self.schema = {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}
        super().__init__(default=default)

    def to_internal_value(self, data: str) -> int:
        if not (data.isascii() and data.isdecimal() and len(data) <= 9 and 1 <= int(data) <= self.maximum):
            self.fail("invalid", maximum=self.maximum)
        return int(data)


class Query(serializers.Serializer):
    """The query parameters of an address."""

    @classmethod
    def check(cls, query: QueryDict) -> dict[str, Any]:
        """Return the values given, by the parameters' own names.

        Raises: ValidationError, of the first fault.
        """
        values = {name: parameter.read(query) for name, parameter in parameters_of(cls).items()}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def parameters(cls) -> tuple[OpenApiParameter, ...]:
        """Describe the parameters, other names included."""
        return tuple(each for parameter in parameters_of(cls).values() for each in parameter.described())


@cache
def parameters_of(query: type[Query]) -> dict[str, Any]:
    """Return the parameters of a query by name. They hold no state of a request, so all share them."""
    return dict(query().fields)


class ListQuery(Query):
    """The filters of a list."""

    def narrow(self, rows: QuerySet[Any], values: dict[str, Any], by: str) -> Any:
        """Return the Rows of a list, ordered by `by`, that meet the filters whose values were given."""
        filters: list[Filter] = []
        parameters = parameters_of(type(self))
        for name, value in values.items():
            parameter = parameters[name]
            if isinstance(parameter, Moment) and str(parameter.lookup).startswith(f"{by}__"):
                rows = rows.filter(**{str(parameter.lookup): value})
            else:
                filters += getattr(self, f"by_{name}", parameter.filters)(value)
        return Filtered(rows, filters)


IDENTITY = ("identity", "custom_visitor_identity")  # what else `visitor_identity` is called


class GoalQuery(ListQuery):
    """What matches, pending ones and rejected attempts have in common."""

    goal_id = Id("goal", lookup="goal", is_indexed=True, help_text="Only of this goal.")
    visitor_identity = Text(
        *IDENTITY, lookup="visitor_identity", is_indexed=True, help_text="Only of exactly this identity."
    )


class MatchQuery(GoalQuery):
    external_id = Text(help_text="Only with exactly this external id.")
    room = Id(help_text="Only with this connected room.")
    matched_from = begin("goal_matched_at")
    matched_to = end("goal_matched_at")
    is_retracted = Flag(help_text="Only retracted ones, or only others.")
    created_from = begin("created_at")
    created_to = end("created_at")

    def by_external_id(self, value: str) -> list[Filter]:
        """Each goal's is looked up in the index that keeps it unique."""
        goals = self.context["organization"].goals.order_by().values("pk")
        return [Filter(Q(external_id=value, goal__in=goals), is_indexed=True)]

    def by_room(self, value: UUID) -> list[Filter]:
        return [Filter(Q(room_ids__contains=[value]))]

    def by_is_retracted(self, value: bool) -> list[Filter]:
        """Those that are retracted have an index."""
        return [Filter(Q(retracted_at__isnull=not value), is_indexed=value)]


class GoalMatchQuery(MatchQuery):
    goal_id = None  # type: ignore[assignment] # as DRF leaves out an inherited field


class PendingMatchQuery(GoalQuery):
    external_id = Text(lookup="external_id", is_indexed=True, help_text="Only with exactly this external id.")
    status = Choice(PendingMatch.Status.values)
    created_from = begin("created_at", "from")
    created_to = end("created_at", "to")

    def by_status(self, value: str) -> list[Filter]:
        """Filter by what `status_at` shows; what is overdue is stored as pending."""
        is_overdue = Q(expires_at__lte=self.context["at"])
        match value:
            case PendingMatch.Status.PENDING:
                return [Filter(Q(status=value), is_indexed=True), Filter(~is_overdue)]
            case PendingMatch.Status.EXPIRED:
                return [Filter(Q(status=value) | Q(status=PendingMatch.Status.PENDING) & is_overdue)]
        return [Filter(Q(status=value), is_indexed=True)]


class MatchAttemptQuery(GoalQuery):
    code = Text(lookup="code", is_indexed=True, help_text="Only with this code.")
    created_from = begin("created_at", "from")
    created_to = end("created_at", "to")


class VisitorQuery(ListQuery):
    """What identities and sessions have in common."""

    def by_visitor_id(self, value: str) -> list[Filter]:
        """Filter by the tracking site's id of the visitor."""
        visitor = self.context["organization"].visitors.filter(visitor_id=value).values("pk")
        return [Filter(Q(visitor=Subquery(visitor.order_by())), is_indexed=True)]


class VisitorIdentityQuery(VisitorQuery):
    created_from = begin("created_at", "from")
    created_to = end("created_at", "to")
    visitor_identity = Text(
        *IDENTITY,
        lookup="identity",
        is_indexed=True,
        help_text="Only of visitors with exactly this identity.",
    )
    visitor_id = Text(help_text="Only of the visitor with exactly this id.")
    visitor_session_id = Text(help_text="Only last given in exactly this session.")

    def by_visitor_session_id(self, value: str) -> list[Filter]:
        """Filter by the session that identities were last given in.

        They have no index by it, which each of their sessions would have to change. A session that has been
        reported tells its visitor, whose identities have one.
        """
        given = [Filter(Q(visitor_session_id=value))]
        sessions = self.context["organization"].visitor_sessions.filter(visitor_session_id=value)
        session = sessions.order_by().first()
        if session is None:
            return given
        return [Filter(Q(visitor=session.visitor_id), is_indexed=True), *given]


class VisitorSessionQuery(VisitorQuery):
    started_from = begin("started_at", "from")
    started_to = end("started_at", "to")
    visitor_id = Text(help_text="Only of the visitor with exactly this id.")
    visitor_session_id = Text(
        lookup="visitor_session_id", is_indexed=True, help_text="Only exactly this session."
    )
    visitor_identity = Text(*IDENTITY, help_text="Only of visitors with exactly this identity.")

    def narrow(self, rows: QuerySet[Any], values: dict[str, Any], by: str) -> Any:
        narrowed = super().narrow(rows, values, by)
        identity = values.get("visitor_identity")
        if identity is None:
            return narrowed
        organization = self.context["organization"]
        return partial(sessions_of_identity, organization, identity, narrowed.queryset, narrowed.filters)


class Texts(Text):
    """Any number of texts: the parameter may be given several times."""

    schema = {"type": "array", "items": {"type": "string"}}

    def read(self, query: QueryDict) -> Any:
        return [super(Texts, self).to_internal_value(text) for text in query.getlist(str(self.field_name))]


class ImportQuery(Query):
    """What is said of an uploaded file (matching.imports.options)."""

    kind = Choice(ImportRun.Kind.values, help_text="What its rows are. Required.")
    goal_id = Text("goal", help_text="The goal of rows that name none in `goal_id`.")
    hold = Flag(help_text="`true`: keep matches that come too early, instead of failing them.")
    dry_run = Flag(help_text="`true`: give the verdicts and write nothing.")
    filename = Text(help_text="What the file is called, to be shown.")
    encoding = Text(help_text="Such as `windows-1252`; without it the file is looked at.")
    time_zone = Text(help_text="Of times without an offset, such as `Europe/Helsinki`; else UTC.")
    ambiguous = Choice(
        ["earlier", "later"], help_text="Which moment a time is that the zone's clocks showed twice."
    )
    decimal_comma = Flag(help_text="`true`: values are written as in 12,50.")
    column = Texts(help_text="`goal_value=amount` reads a column of another name. Repeatable.")
    ignore_column = Texts(help_text="A column that is not meant, although it resembles ours. Repeatable.")


class PostingQuery(Query):
    validate_only = Flag(
        default=False,
        help_text=(
            "`true`: the full verdict, the match as it would be written (id null), and nothing written."
        ),
    )


class RetractionQuery(Query):
    retraction_reason = Text(
        max_length=MAX_REASON_LENGTH,
        help_text=(
            f"Why, at most {MAX_REASON_LENGTH} characters; kept in the history. Addresses "
            "stand in logs, so name no person."
        ),
    )


class SummaryQuery(Query):
    days = WholeNumber(maximum=settings.MATCH_ATTEMPT_DAYS, default=min(7, settings.MATCH_ATTEMPT_DAYS))
