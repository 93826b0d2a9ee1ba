"""Writes the customers' visits and identities as the web site would have reported them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from matching.management.demo.customers import Customer, Visit
from matching.management.demo.setting import Setting, insert, insert_thousands, stamped_id
from matching.models import Visitor, VisitorIdentity, VisitorSession

DELAY = timedelta(seconds=1)


def write_visits(setting: Setting, customers: Sequence[Customer]) -> None:
    """Write visitors and sessions, and the identities that were known from the first visit on."""
    visitors: dict[str, Visitor] = {}
    sessions, identities = [], []
    for customer in customers:
        for visit in visits_so_far(setting, customer):
            visitor = visitors.get(visit.visitor_id)
            if visitor is None:
                visitor = visitors[visit.visitor_id] = visitor_of(setting, visit)
                if customer.known_at is None and customer.identity is not None:
                    at = visitor.created_at
                    identities.append(identity_of(setting, customer.identity, visit, visitor, at))
            sessions.append(session_of(setting, visit, visitor))
    insert_thousands(visitors.values())
    insert_thousands(sessions)
    insert_thousands(identities)


def write_late_identities(setting: Setting, customers: Sequence[Customer]) -> None:
    """Write the identities that were submitted after the first visit, and by now."""
    identities = []
    for customer in customers:
        if customer.identity is None or customer.known_at is None or customer.known_at > setting.now:
            continue
        first_visits: dict[str, Visit] = {}
        for visit in visits_so_far(setting, customer):
            first_visits.setdefault(visit.visitor_id, visit)
        for visit in first_visits.values():
            visitor = visitor_of(setting, visit)
            at = max(customer.known_at, visitor.created_at)
            identities.append(identity_of(setting, customer.identity, visit, visitor, at))
    insert(identities)


def visits_so_far(setting: Setting, customer: Customer) -> list[Visit]:
    return [visit for visit in customer.visits if visit.started_at + DELAY <= setting.now]


def visitor_of(setting: Setting, visit: Visit) -> Visitor:
    """Make the visitor of their first visit."""
    at = visit.started_at + DELAY
    return Visitor(
        id=stamped_id(at, f"visitor {visit.visitor_id}"),
        organization_id=setting.organization.id,
        visitor_id=visit.visitor_id,
        created_at=at,
    )


def session_of(setting: Setting, visit: Visit, visitor: Visitor) -> VisitorSession:
    """Make the session, without its end where that is still to come."""
    reported_at, over_at = visit.started_at + DELAY, visit.ended_at + DELAY
    is_over = over_at <= setting.now
    return VisitorSession(
        id=stamped_id(reported_at, f"session {visit.visitor_session_id}"),
        organization_id=setting.organization.id,
        visitor_session_id=visit.visitor_session_id,
        visitor_id=visitor.id,
        started_at=visit.started_at,
        ended_at=visit.ended_at if is_over else None,
        room_ids=setting.rooms_of(visit.rooms),
        created_at=reported_at,
        updated_at=over_at if is_over else reported_at,
    )


def identity_of(
    setting: Setting, identity: str, visit: Visit, visitor: Visitor, at: datetime
) -> VisitorIdentity:
    return VisitorIdentity(
        id=stamped_id(at, f"identity {identity} {visit.visitor_id}"),
        organization_id=setting.organization.id,
        identity=identity,
        visitor_id=visitor.id,
        visitor_session_id=visit.visitor_session_id,
        created_at=at,
    )
