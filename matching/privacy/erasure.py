"""Erasing a visitor identity: who it was goes, what was sold stays.

What is deleted: the identity, the visitors that no other identity uses, their sessions, and the held matches
of the identity. What loses its personal data and stays for the figures: matches, rejected attempts, and the
stored answers to requests with an Idempotency-Key.

A match keeps its `external_id` and the digest of its request, unless the external id itself tells the
identity: so the same event, posted again, still writes nothing and is answered the match as it is now.
"""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from goalsvc.api.errors import quoted
from goalsvc.database.parameters import array
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import HistoryEntry, Organization, User
from matching.matches.locks import lock_out_arrivals
from matching.matches.retries import retried_on_collision


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows an erasure deleted, and how many it took the personal data from."""

    visitor_identities: int
    visitors: int
    visitor_sessions: int
    pending_matches: int
    matches: int
    match_attempts: int
    idempotency_keys: int

    def changes(self) -> dict[str, list[int]]:
        """Return how many rows there were, and how many of them there still are, by what they are."""
        kept = {"matches", "match_attempts", "idempotency_keys"}
        counts = {name: count for name, count in asdict(self).items() if count}
        return {name: [count, count if name in kept else 0] for name, count in counts.items()}


def erase_identity(
    organization: Organization, identity: str, *, by: User | None, at: datetime
) -> Erased | None:
    """Erase an identity, in one transaction; None when nothing is held about it.

    The history says who erased an identity when, and how many rows that were; not which identity.
    """
    erased = erase_and_record(organization, identity, by=by, at=at)
    if not any(asdict(erased).values()):
        return None
    # A request that found the identity before the commit may have written about it since; where a visitor
    # stays, as another identity uses it, nothing refuses that. None that begins now finds the identity.
    erase_rows(organization, identity)
    return erased


@retried_on_collision
@transaction.atomic
def erase_and_record(organization: Organization, identity: str, *, by: User | None, at: datetime) -> Erased:
    erased = erase_rows(organization, identity)
    if changes := erased.changes():
        HistoryEntry.objects.record(
            organization.id, Kind.VISITOR_IDENTITY, None, Action.ERASED, changes, by=by, at=at
        )
    return erased


# A visitor is deleted with its last identity. FOR UPDATE waits for transactions that are writing a match of
# one of its sessions; later ones wait for this one, and then the foreign key refuses them.
OWN_VISITORS = """
    SELECT v.id FROM matching_visitor AS v
    WHERE v.organization_id = %(organization)s
      AND v.id IN (
          SELECT visitor_id FROM matching_visitoridentity
          WHERE organization_id = %(organization)s AND identity = %(identity)s
      )
      AND NOT EXISTS (
          SELECT FROM matching_visitoridentity AS other
          WHERE other.organization_id = %(organization)s AND other.visitor_id = v.id
            AND other.identity <> %(identity)s
      )
    ORDER BY v.id FOR UPDATE
"""
THEIR_SESSIONS = """
    SELECT id FROM matching_visitorsession
    WHERE visitor_id = ANY(%(visitors)s::uuid[]) AND organization_id = %(organization)s
    ORDER BY id FOR UPDATE
"""
DELETE_IDENTITIES = """
    DELETE FROM matching_visitoridentity
    WHERE organization_id = %(organization)s AND identity = %(identity)s
"""
PENDING_MATCHES = """
    SELECT id FROM matching_pendingmatch
    WHERE organization_id = %(organization)s AND visitor_identity = %(identity)s
    ORDER BY id FOR UPDATE
"""
DELETE_PENDING_MATCHES = """
    DELETE FROM matching_pendingmatch
    WHERE organization_id = %(organization)s AND id = ANY(%(pending_matches)s::uuid[])
"""
MATCHES = """
    SELECT id FROM matching_externalmatch
    WHERE organization_id = %(organization)s
      AND (visitor_identity = %(identity)s OR session_id = ANY(%(sessions)s::uuid[]))
    ORDER BY id FOR UPDATE
"""
ERASE_MATCHES = """
    UPDATE matching_externalmatch
    SET visitor_identity = NULL,
        session_id = CASE WHEN session_id = ANY(%(sessions)s::uuid[]) THEN NULL ELSE session_id END,
        external_id = CASE WHEN external_id ~ %(telling)s THEN NULL ELSE external_id END,
        request_digest = CASE WHEN external_id ~ %(telling)s THEN NULL ELSE request_digest END
    WHERE organization_id = %(organization)s AND id = ANY(%(matches)s::uuid[])
"""
# An attempt that could not be read has no identity, but its errors may quote one.
ERASE_ATTEMPTS = """
    UPDATE matching_matchattempt
    SET visitor_identity = NULL, goal_matched_at = NULL, external_id = NULL, errors = NULL, reason = NULL,
        request_id = NULL
    WHERE organization_id = %(organization)s
      AND (
          visitor_identity = %(identity)s
          OR (
              visitor_identity IS NULL
              AND (external_id = %(identity)s OR position(%(quote)s IN errors::text) > 0)
          )
      )
"""
DELETE_SESSIONS = """
    DELETE FROM matching_visitorsession
    WHERE organization_id = %(organization)s AND id = ANY(%(sessions)s::uuid[])
"""
DELETE_VISITORS = """
    DELETE FROM matching_visitor
    WHERE organization_id = %(organization)s AND id = ANY(%(visitors)s::uuid[])
"""


@retried_on_collision
@transaction.atomic(savepoint=False)
def erase_rows(organization: Organization, identity: str) -> Erased:
    """Erase what is held now, in one transaction.

    Locks in the order of all who write: arrivals, visitors, sessions, identities, held matches, matches.
    """
    answers = stored_answers(organization, identity)  # a long look, so before anybody is kept waiting
    lock_out_arrivals(organization)
    parameters: dict[str, Any] = {
        "organization": organization.id,
        "identity": identity,
        "telling": telling(identity),
        "quote": quote_in_json(identity),
    }
    with connection.cursor() as cursor:

        def ids(statement: str) -> str:
            cursor.execute(statement, parameters)
            return array(row[0] for row in cursor.fetchall())

        def count(statement: str) -> int:
            cursor.execute(statement, parameters)
            return int(cursor.rowcount)

        parameters["visitors"] = ids(OWN_VISITORS)
        parameters["sessions"] = ids(THEIR_SESSIONS)
        identities = count(DELETE_IDENTITIES)
        parameters["pending_matches"] = ids(PENDING_MATCHES)
        pending_matches = count(DELETE_PENDING_MATCHES)
        parameters["matches"] = ids(MATCHES)
        return Erased(
            visitor_identities=identities,
            pending_matches=pending_matches,
            matches=count(ERASE_MATCHES),
            match_attempts=count(ERASE_ATTEMPTS),
            visitor_sessions=count(DELETE_SESSIONS),
            visitors=count(DELETE_VISITORS),
            idempotency_keys=erase_stored_answers(organization, identity, answers),
        )


def telling(identity: str) -> str:
    """Make the regular expression of texts in which the identity stands as a word of its own."""
    # PostgreSQL takes a backslash before what it does not count as a letter or digit for that very character.
    # Of other scripts its locale decides what counts, and nothing in them is special.
    escaped = re.sub(r"([!-/:-@\[-^`{-~])", r"\\\1", identity)
    return f"(^|[^[:alnum:]]){escaped}($|[^[:alnum:]])"


def quote_in_json(identity: str) -> str:
    """Write the identity as errors quote it, inside JSON."""
    return msgspec.json.encode(quoted(identity)).decode()[1:-1]


STORED_ANSWERS = """
    SELECT id, key ~ %(telling)s
    FROM matching_idempotencykey
    WHERE organization_id = %(organization)s
      AND (
          position(%(value)s IN body) > 0 OR position(%(quote)s IN body) > 0 OR key ~ %(telling)s
      )
"""
REWRITE_ANSWERS = """
    UPDATE matching_idempotencykey AS stored SET body = rewritten.body
    FROM unnest(%(ids)s::uuid[], %(bodies)s::bytea[]) AS rewritten (id, body)
    WHERE stored.organization_id = %(organization)s AND stored.id = rewritten.id
"""


def stored_answers(organization: Organization, identity: str) -> dict[UUID, bool]:
    """Return the stored answers that hold the identity, and whether even their key tells it."""
    with connection.cursor() as cursor:
        cursor.execute(
            STORED_ANSWERS,
            {
                "organization": organization.id,
                "telling": telling(identity),
                "value": msgspec.json.encode(identity),
                "quote": quote_in_json(identity).encode(),
            },
        )
        return dict(cursor.fetchall())


def erase_stored_answers(organization: Organization, identity: str, found: dict[UUID, bool]) -> int:
    """Take the identity out of stored answers; those whose key tells it are deleted.

    They are rewritten rather than deleted, because a batch's answer is about other people too: its retry must
    not write their matches twice.
    """
    keys = organization.idempotency_keys
    if any(found.values()):
        keys.filter(id__in=[pk for pk in found if found[pk]]).delete()
    others = keys.filter(id__in=[pk for pk in found if not found[pk]]).order_by("id")
    bodies = {
        pk: msgspec.json.encode(without_identity(msgspec.json.decode(bytes(body)), identity))
        for pk, body in others.values_list("id", "body")
    }
    if bodies:
        with connection.cursor() as cursor:
            cursor.execute(
                REWRITE_ANSWERS,
                {"organization": organization.id, "ids": [*bodies], "bodies": [*bodies.values()]},
            )
    return len(found)


# What goes with the identity wherever it stands in an answer.
PERSONAL: dict[str, Any] = {
    "visitor_identity": None,
    "visitor_id": None,
    "visitor_session_id": None,
    "reason": {},
}


def without_identity(value: Any, identity: str) -> Any:
    """Return a JSON value without the identity and what belongs to it."""
    if isinstance(value, dict):
        if value.get("visitor_identity") == identity:
            value = value | {name: PERSONAL[name] for name in PERSONAL if name in value}
        if is_told(value.get("external_id"), identity):
            value = value | {"external_id": None}
        return {name: without_identity(inner, identity) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_identity(inner, identity) for inner in value]
    if is_told(value, identity):
        return re.sub(word(identity), "…", value)
    return value


def is_told(value: Any, identity: str) -> bool:
    return isinstance(value, str) and re.search(word(identity), value) is not None


def word(identity: str) -> str:
    """As `telling`, for Python."""
    return rf"(?<![^\W_]){re.escape(identity)}(?![^\W_])"
