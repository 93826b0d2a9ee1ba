"""Taking back a report of a session that was wrong."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from goalsvc.api.errors import Conflict
from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.models import HistoryEntry, Organization, User
from matching.matches.retries import despite_collisions

# Locked, so that whoever has a match of it not yet committed is waited for; who comes later waits for us, and
# is refused by the foreign key.
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


def take_back_session(
    organization: Organization, visitor_session_id: str, *, by: User | None, at: datetime
) -> bool:
    """Delete a session; tell whether there was one.

    Its visitor and the visitor's identities stay. The history says who took one back when, not which: the
    visitor may want to be forgotten.

    Raises: Conflict (`session_has_matches`) while matches hang on it, retracted ones as well.
    """

    def take_back() -> bool:
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
                matches = "1 match hangs" if count == 1 else f"{count:,} matches hang"
                raise Conflict("session_has_matches", f"{matches} on this session. Nothing was changed.")
            cursor.execute(DELETE, parameters | {"pk": pk})
            HistoryEntry.objects.record(
                organization.id, Kind.VISITOR_SESSION, pk, Action.DELETED, {}, by=by, at=at
            )
        return True

    return despite_collisions(take_back)
