"""Everything that is held about a visitor identity: for the person who asks, and before it is erased."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL

from goalsvc.api.fields import FORBIDDEN_CHARACTERS
from goalsvc.api.pagination import Filter, Slice, planned_by_rows, rows_in, slice_of
from goalsvc.api.rendering import JSONRenderer
from goalsvc.orgs.models import Organization
from matching.limits import MAX_IDENTITY_LENGTH
from matching.models import VisitorSession
from matching.privacy.erasure import stored_answers
from matching.serializers.visitors import IdentityHoldingsSerializer
from matching.visitors.sessions import KnownSession

CHUNK = 1000


@dataclass(frozen=True)
class Section:
    """The rows of one kind that are held about an identity, newest first."""

    name: str  # a field of IdentityHoldingsSerializer
    list_route: str  # the list that goes on where the section ends, with the filter `visitor_identity`
    rows: Callable[[Organization, str], QuerySet[Any]]
    by: str = "created_at"
    read: Callable[[Any], Any] = lambda row: row  # makes of a row what the serializer shows


def visitors_of(organization: Organization, identity: str) -> QuerySet[Any]:
    """The ties of an identity to visitors, each with whether another identity uses the visitor too."""
    others = organization.visitor_identities.filter(visitor=OuterRef("visitor")).exclude(identity=identity)
    ties = organization.visitor_identities.filter(identity=identity).select_related("visitor")
    return ties.annotate(is_shared=Exists(others))


def sessions_of(organization: Organization, identity: str) -> QuerySet[Any]:
    return organization.visitor_sessions.filter(
        visitor__identities__identity=identity, visitor__identities__organization=organization
    ).select_related("visitor")


def matches_of(organization: Organization, identity: str) -> QuerySet[Any]:
    return organization.matches.filter(visitor_identity=identity).with_visitors()


def pending_matches_of(organization: Organization, identity: str) -> QuerySet[Any]:
    return organization.pending_matches.filter(visitor_identity=identity)


def attempts_of(organization: Organization, identity: str) -> QuerySet[Any]:
    return organization.match_attempts.filter(visitor_identity=identity)


SECTIONS = (
    Section("visitors", "visitor-identity-list", visitors_of),
    Section("visitor_sessions", "visitor-session-list", sessions_of, "started_at", KnownSession.of),
    Section("matches", "match-list", matches_of),
    Section("pending_matches", "pending-match-list", pending_matches_of),
    Section("match_attempts", "match-attempt-list", attempts_of),
)


def sessions_of_identity(
    organization: Organization,
    identity: str,
    sessions: QuerySet[VisitorSession],
    filters: Sequence[Filter],
    wanted: Slice,
) -> list[VisitorSession]:
    """Read a slice of the sessions of all visitors that carry an identity.

    Of each visitor as many as the slice takes, by the index that has them in order, in place of all that the
    visitors ever had, or of all sessions up to those.
    """
    of_visitor = sessions.filter(
        *(each.condition for each in filters), visitor=RawSQL("carrier.visitor_id", [])
    )
    newest = slice_of(of_visitor, wanted, "started_at").values("started_at", "id")
    sql, parameters = newest.query.sql_with_params()
    direction = "DESC" if wanted.is_descending else "ASC"
    newest_of_all = RawSQL(
        f"SELECT session.id FROM matching_visitoridentity AS carrier CROSS JOIN LATERAL ({sql}) AS session"
        " WHERE carrier.organization_id = %s AND carrier.identity = %s"
        f" ORDER BY session.started_at {direction}, session.id {direction} LIMIT {wanted.limit}",
        [*parameters, organization.id, identity],
    )
    with planned_by_rows():
        return rows_in(sessions.filter(pk__in=newest_of_all), wanted, "started_at")


COUNTS = """
    SELECT
        (SELECT count(*) FROM matching_visitoridentity
         WHERE organization_id = %(organization)s AND identity = %(identity)s),
        (SELECT count(*) FROM matching_visitoridentity AS carried
         JOIN matching_visitorsession AS session ON session.visitor_id = carried.visitor_id
         WHERE carried.organization_id = %(organization)s AND carried.identity = %(identity)s
           AND session.organization_id = %(organization)s),
        (SELECT count(*) FROM matching_externalmatch
         WHERE organization_id = %(organization)s AND visitor_identity = %(identity)s),
        (SELECT count(*) FROM matching_pendingmatch
         WHERE organization_id = %(organization)s AND visitor_identity = %(identity)s),
        (SELECT count(*) FROM matching_matchattempt
         WHERE organization_id = %(organization)s AND visitor_identity = %(identity)s)
"""


def can_be_identity(text: str) -> bool:
    """Tell whether anything can be held about a text: else it need not even be looked for."""
    return 1 <= len(text) <= MAX_IDENTITY_LENGTH and FORBIDDEN_CHARACTERS.search(text) is None


def count_holdings(organization: Organization, identity: str) -> dict[str, int]:
    """Return how much is held about an identity, by section and of stored answers; two statements."""
    if not can_be_identity(identity):
        return dict.fromkeys([*(section.name for section in SECTIONS), "idempotency_keys"], 0)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"organization": organization.id, "identity": identity})
        counts = dict(zip((section.name for section in SECTIONS), cursor.fetchone(), strict=True))
    return counts | {"idempotency_keys": len(stored_answers(organization, identity))}


def newest(section: Section, organization: Organization, identity: str, limit: int) -> list[Any]:
    """Return the newest rows of a section; one statement."""
    return rows_in(section.rows(organization, identity), Slice(True, None, limit), section.by)


def export_identity(
    organization: Organization, identity: str, counts: dict[str, int], *, at: datetime
) -> Iterator[bytes]:
    """Yield the JSON text of all that is held about an identity, however much; the shape is the API's."""
    encode = JSONRenderer().render
    serializer = IdentityHoldingsSerializer(context={"organization": organization, "at": at})
    yield b'{"organization_id":' + encode(organization.id)
    yield b',"visitor_identity":' + msgspec.json.encode(identity)
    for section in SECTIONS:
        yield f',"{section.name}":{{"count":{counts[section.name]},"next":null,"results":['.encode()
        separator, shown = b"", serializer.row(section.name)
        for row in walk(section, organization, identity):
            yield separator + encode(shown.to_representation(section.read(row)))
            separator = b","
        yield b"]}"
    yield f',"idempotency_keys":{{"count":{counts["idempotency_keys"]}}}}}\n'.encode()


def walk(section: Section, organization: Organization, identity: str) -> Iterator[Any]:
    """Yield all rows of a section, read in chunks."""
    after = None
    while True:
        rows = rows_in(section.rows(organization, identity), Slice(True, after, CHUNK), section.by)
        yield from rows
        if len(rows) < CHUNK:
            return
        after = (getattr(rows[-1], section.by), rows[-1].id)
