"""Forgetting sessions that are too old to be matched: in short steps, beside all other work.

A session that a match belongs to stays. Each step is a transaction of its own and waits for nobody: rows that
somebody else is writing are left for the next time. Who posts a match of a session that a step is deleting is
refused by the foreign key, and looks again (matching.matches.retries).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from goalsvc.database.parameters import array
from goalsvc.orgs.models import Organization

STEP_ROWS = 1000
Progress = Callable[[int], object]  # called after each step with the number of rows that it looked at

IS_OLD = "started_at < %(before)s AND coalesce(ended_at, started_at) < %(before)s"
HAS_NO_MATCH = """NOT EXISTS (
        SELECT FROM matching_externalmatch AS match
        WHERE match.organization_id = %(organization)s AND match.session_id = session.id
    )"""
# By the index session_list, from where the last step has ended.
OLD_SESSIONS = """
    SELECT session.id, session.started_at
    FROM matching_visitorsession AS session
    WHERE session.organization_id = %(organization)s AND session.started_at < %(before)s
      AND (session.started_at, session.id) > (%(after)s, %(after_id)s)
    ORDER BY session.started_at, session.id
    LIMIT %(limit)s
"""
LOCK_SESSIONS = f"""
    SELECT session.id FROM matching_visitorsession AS session
    WHERE session.organization_id = %(organization)s AND session.id = ANY(%(ids)s::uuid[])
      AND {IS_OLD} AND {HAS_NO_MATCH}
    ORDER BY session.id
    FOR UPDATE SKIP LOCKED
"""
# Looks once more: a match may have been committed just before the lock was taken.
DELETE_SESSIONS = f"""
    DELETE FROM matching_visitorsession AS session
    WHERE session.organization_id = %(organization)s AND session.id = ANY(%(ids)s::uuid[])
      AND {HAS_NO_MATCH}
"""
COUNT_SESSIONS = f"""
    SELECT count(*) FROM matching_visitorsession AS session
    WHERE session.organization_id = %(organization)s AND {IS_OLD} AND {HAS_NO_MATCH}
"""

IS_UNUSED = """
    NOT EXISTS (
        SELECT FROM matching_visitorsession AS session
        WHERE session.organization_id = %(organization)s AND session.visitor_id = visitor.id
    )
    AND NOT EXISTS (
        SELECT FROM matching_visitoridentity AS identity
        WHERE identity.organization_id = %(organization)s AND identity.visitor_id = visitor.id
    )
"""
# By the primary key.
VISITORS = """
    SELECT visitor.id, visitor.created_at
    FROM matching_visitor AS visitor
    WHERE visitor.organization_id = %(organization)s AND visitor.id > %(after_id)s
    ORDER BY visitor.id
    LIMIT %(limit)s
"""
LOCK_VISITORS = f"""
    SELECT visitor.id FROM matching_visitor AS visitor
    WHERE visitor.organization_id = %(organization)s AND visitor.id = ANY(%(ids)s::uuid[])
      AND created_at < %(before)s AND {IS_UNUSED}
    ORDER BY visitor.id
    FOR UPDATE SKIP LOCKED
"""
DELETE_VISITORS = f"""
    DELETE FROM matching_visitor AS visitor
    WHERE visitor.organization_id = %(organization)s AND visitor.id = ANY(%(ids)s::uuid[]) AND {IS_UNUSED}
"""
COUNT_VISITORS = f"""
    SELECT count(*) FROM matching_visitor AS visitor
    WHERE visitor.organization_id = %(organization)s AND created_at < %(before)s AND {IS_UNUSED}
"""


def count_prunable(organization: Organization, *, before: datetime) -> tuple[int, int]:
    """Return how many sessions, and how many visitors without any, could be deleted as things are."""
    parameters: dict[str, Any] = {"organization": organization.id, "before": before}
    with connection.cursor() as cursor:
        cursor.execute(COUNT_SESSIONS, parameters)
        [sessions] = cursor.fetchone()
        cursor.execute(COUNT_VISITORS, parameters)
        [visitors] = cursor.fetchone()
    return sessions, visitors


def prune_sessions(
    organization: Organization, *, before: datetime, progress: Progress = lambda rows: None
) -> int:
    """Delete the sessions that began, and ended, before a moment, and have no match; return how many."""
    return prune(OLD_SESSIONS, LOCK_SESSIONS, DELETE_SESSIONS, organization, before, progress)


def prune_visitors(
    organization: Organization, *, before: datetime, progress: Progress = lambda rows: None
) -> int:
    """Delete the visitors first heard of before a moment of whom nothing is known; return how many.

    A visitor with an identity stays: its next session has to be found by it.
    """
    return prune(VISITORS, LOCK_VISITORS, DELETE_VISITORS, organization, before, progress)


def prune(
    walk: str, lock: str, delete: str, organization: Organization, before: datetime, progress: Progress
) -> int:
    """Delete what can be deleted of the rows that `walk` finds, some at a time, waiting for nobody."""
    parameters: dict[str, Any] = {"organization": organization.id, "before": before, "limit": STEP_ROWS}
    after_id, after = UUID(int=0), "-infinity"  # before all
    deleted = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(walk, parameters | {"after": after, "after_id": after_id})
            rows = cursor.fetchall()
        if rows:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(lock, parameters | {"ids": array(pk for pk, _ in rows)})
                cursor.execute(delete, parameters | {"ids": array(pk for (pk,) in cursor.fetchall())})
                deleted += cursor.rowcount
            progress(len(rows))
        if len(rows) < STEP_ROWS:
            return deleted
        after_id, after = rows[-1]
