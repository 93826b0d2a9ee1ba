"""What a serializer declares, as the description shows it, is what its `to_representation` writes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer
from uuid_utils.compat import uuid7

from goalsvc.orgs.history import Action
from goalsvc.orgs.models import HistoryEntry
from matching.api.results import (
    BatchSerializer,
    MatchBatchSerializer,
    VisitorIdentityBatchSerializer,
    VisitorSessionBatchSerializer,
)
from matching.matches.answers import RowAnswer, Verdict
from matching.matches.summary import Summary, Tally
from matching.models import ExternalMatch, MatchAttempt, VisitorIdentity
from matching.serializers.imports import ImportRunSerializer
from matching.serializers.matches import (
    MatchAttemptSerializer,
    MatchChangeSerializer,
    MatchDetailSerializer,
    MatchRecordSerializer,
    MatchSerializer,
    MatchSummarySerializer,
    PendingMatchSerializer,
)
from matching.serializers.visitors import (
    IdentifiedVisitorSerializer,
    IdentityHoldingsSerializer,
    VisitorIdentitySerializer,
    VisitorSessionSerializer,
)
from matching.visitors.identities import KnownIdentity
from matching.visitors.sessions import KnownSession
from tests.factories import (
    ExternalMatchFactory,
    ImportRunFactory,
    PendingMatchFactory,
    UserFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

AT = datetime(2016, 10, 10, 12, tzinfo=UTC)


def match(organization: Any) -> Any:
    pk = ExternalMatchFactory.create(organization=organization).pk
    return ExternalMatch.objects.with_visitors().get(pk=pk)


def attempt(organization: Any) -> Any:
    return MatchAttempt(organization=organization, source="single", code="x", created_at=AT)


def detail(organization: Any) -> Any:
    shown = match(organization)
    shown.rejected_attempts = [attempt(organization)]
    return shown


def identity(organization: Any) -> Any:
    return KnownIdentity.of(VisitorIdentityFactory.create(organization=organization))


def session(organization: Any) -> Any:
    return KnownSession.of(VisitorSessionFactory.create(organization=organization))


def visitor(organization: Any) -> Any:
    tie: VisitorIdentity = VisitorIdentityFactory.create(organization=organization)
    tie.is_shared = False  # type: ignore[attr-defined] # an annotation
    return tie


def change(organization: Any) -> Any:
    return HistoryEntry(
        object_id=uuid7(), action=Action.RESTATED, changes={"goal_value": ["1.00", "2.00"]},
        changed_at=AT, changed_by=UserFactory.create(organization=organization),
    )  # fmt: skip


def import_run(organization: Any) -> Any:
    return ImportRunFactory.create(organization=organization)


def holdings(organization: Any) -> Any:
    rows = {
        "visitors": visitor, "visitor_sessions": session, "matches": match,
        "pending_matches": lambda organization: PendingMatchFactory.create(organization=organization),
        "match_attempts": attempt,
    }  # fmt: skip
    held = {name: {"count": 1, "next": None, "results": [make(organization)]} for name, make in rows.items()}
    return {
        "organization_id": organization.id, "visitor_identity": "customer-1", **held,
        "idempotency_keys": {"count": 0},
    }  # fmt: skip


# A row of each kind, with all that it may have.
SHOWN: dict[type[Serializer], Any] = {
    MatchSerializer: match,
    MatchRecordSerializer: match,
    MatchDetailSerializer: detail,
    MatchChangeSerializer: change,
    PendingMatchSerializer: lambda organization: PendingMatchFactory.create(organization=organization),
    MatchAttemptSerializer: attempt,
    ImportRunSerializer: import_run,
    MatchSummarySerializer: lambda organization: Summary(AT.date(), AT.date(), {(AT.date(), None): Tally()}),
    VisitorIdentitySerializer: identity,
    VisitorSessionSerializer: session,
    IdentifiedVisitorSerializer: visitor,
    IdentityHoldingsSerializer: holdings,
}


def assert_as_declared(serializer: Any, shown: Any) -> None:
    """See that an object, and all objects within it, have the fields declared, in the same order."""
    if isinstance(serializer, ListSerializer):
        for each in shown:
            assert_as_declared(serializer.child, each)
    elif isinstance(serializer, Serializer) and shown is not None:
        fields = {name: field for name, field in serializer.fields.items() if not field.write_only}
        assert list(shown) == list(fields)
        for name, field in fields.items():
            assert_as_declared(field, shown[name])


@pytest.mark.parametrize("kind", SHOWN, ids=lambda kind: kind.__name__)
def test_what_is_written_is_what_is_declared(kind, organization):
    serializer = kind(context={"organization": organization, "at": AT})

    assert_as_declared(serializer, serializer.to_representation(SHOWN[kind](organization)))


def kinds_in(serializer: Any) -> set[type]:
    """The classes of a serializer and of all that are nested in it."""
    fields: Any = [serializer.child] if isinstance(serializer, ListSerializer) else serializer.fields.values()
    kinds: set[type] = {type(serializer)}
    for field in fields:
        if isinstance(field, BaseSerializer):
            kinds |= kinds_in(field)
    return kinds


def kinds_below(kind: type) -> set[type]:
    kinds: set[type] = {kind}
    subclasses: list[type] = kind.__subclasses__()
    for below in subclasses:
        kinds |= kinds_below(below)
    return kinds


def test_all_serializers_of_matching_that_write_are_compared():
    nested: set[type] = set().union(*(kinds_in(kind()) for kind in SHOWN))
    compared = {base for kind in nested for base in kind.__mro__}
    writing = {
        kind
        for kind in kinds_below(Serializer)
        if kind.__module__.startswith("matching.serializers.") and "to_representation" in vars(kind)
    }

    assert writing
    assert writing <= compared


ROWS: dict[type[BatchSerializer], list[Any]] = {
    MatchBatchSerializer: [match, SHOWN[PendingMatchSerializer]],
    VisitorIdentityBatchSerializer: [identity],
    VisitorSessionBatchSerializer: [session],
}


@pytest.mark.parametrize("batch", ROWS, ids=lambda batch: batch.__name__)
def test_results_of_a_batch_have_what_is_declared(batch, organization):
    rows = [make(organization) for make in ROWS[batch]]
    verdict = Verdict.REPLAYED if batch is MatchBatchSerializer else Verdict.KNOWN
    reason = {"message": "x"} if batch is MatchBatchSerializer else None
    failed = RowAnswer[Any](Verdict.FAILED, 400, code="x", detail="x", errors={}, reason=reason)
    serializer = batch(context={"organization": organization, "at": AT})

    shown = serializer.to_representation([failed, *(RowAnswer(verdict, 200, row) for row in rows)])

    assert list(shown) == list(serializer.fields)
    assert_as_declared(serializer.fields["summary"], shown["summary"])
    result = serializer.fields["results"].child
    assert {name for each in shown["results"] for name in each} == set(result.fields)
    for row, each in zip(rows, shown["results"][1:], strict=True):
        name = result.name_of(row)
        assert_as_declared(result.fields[name], each[name])
