"""Taking back a report of a session that was wrong."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import HistoryEntry, Organization, User
from matching.matches.retries import retried_on_collision
from matching.refusals import SessionHasMatches

# FOR UPDATE waits for transactions that are writing a match of the session; later ones wait for this one, and
# then the foreign key refuses them.
FIND = """
    SELECT id FROM matching_visitorsession
    WHERE organization_id = %(organization)s AND visitor_session_id = %(session)s
    FOR UPDATE
"""
COUNT_MATCHES = """
    SELECT count(*) FROM matching_externalmatch
    WHERE organization_id = %(organization)s AND session_id = %(pk)s
"""
DELETE = "DELETE FROM matching_visitorsession WHERE organization_id = %(organization)s AND id = %(pk)s"


@retried_on_collision
def take_back_session(
    organization: Organization, visitor_session_id: str, *, by: User | None, at: datetime
) -> bool:
    """Delete a session; tell whether there was one.

    Its visitor and the visitor's identities stay. The history says who took one back when, not which: the
    visitor may want to be forgotten.

    Raises: SessionHasMatches while matches hang on it, retracted ones as well.
    """
    parameters: dict[str, Any] = {"organization": organization.id, "session": visitor_session_id}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FIND, parameters)
        found = cursor.fetchone()
        if found is None:
            return False
        [pk] = found
        cursor.execute(COUNT_MATCHES, parameters | {"pk": pk})
        [count] = cursor.fetchone()
        if count:
            raise SessionHasMatches(count)
        cursor.execute(DELETE, parameters | {"pk": pk})
        HistoryEntry.objects.record(
            organization.id, Kind.VISITOR_SESSION, pk, Action.DELETED, {}, by=by, at=at
        )
    return True
