"""What one needs to recognise a row among others: in results of the search, and on a person's page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from goals.models import Goal
from goalsvc.orgs.admin.display import link_to, show_number
from goalsvc.orgs.history import Action
from goalsvc.orgs.models import HistoryEntry
from matching.admin.explanation import room_links
from matching.models import (
    ExternalMatch,
    MatchAttempt,
    PendingMatch,
    Visitor,
    VisitorIdentity,
    VisitorSession,
)
from matching.rule.reasons import duration


@dataclass(frozen=True)
class Line:
    """A row in a line: what it is, a link to it, its moment, and more in words."""

    kind: str
    title: SafeString
    moment: datetime | None = None
    facts: list[Any] = field(default_factory=list)
    identity: str | None = None
    mark: str = ""  # a class for its style


def recognise(row: Model) -> Line:
    describe = LINES.get(type(row))
    return describe(row) if describe else Line(capfirst(str(row._meta.verbose_name)), link_to(row))


def goal_of(row: Any) -> str:
    return "no goal that is known" if row.goal is None else row.goal.name


def value_of(value: Any) -> str:
    return "no value" if value is None else format_html("value {}", show_number(value))


def external_id_of(row: Any) -> list[str]:
    return [] if row.external_id is None else [format_html("external id {}", row.external_id)]


def match_line(match: ExternalMatch) -> Line:
    facts = [value_of(match.goal_value), *external_id_of(match)]
    if match.retracted_at is not None:
        facts.insert(0, f"retracted: {match.retraction_reason}" if match.retraction_reason else "retracted")
    mark = "match" if match.retracted_at is None else "match retracted"
    title = link_to(match, goal_of(match))
    return Line("Match", title, match.goal_matched_at, facts, match.visitor_identity, mark)


def pending_line(pending: PendingMatch) -> Line:
    status = PendingMatch.Status(pending.status_at(timezone.now()))
    is_open = status == PendingMatch.Status.PENDING
    facts = ["still waits" if is_open else status.label.lower(), value_of(pending.goal_value)]
    if status != PendingMatch.Status.MATCHED and pending.reason.get("message"):
        facts.append(pending.reason["message"])
    facts += external_id_of(pending)
    title = link_to(pending, goal_of(pending))
    return Line("Held match", title, pending.goal_matched_at, facts, pending.visitor_identity, "held")


def attempt_line(attempt: MatchAttempt) -> Line:
    why = (attempt.reason or {}).get("message") or attempt.detail
    facts = [*([why] if why else []), format_html("<code>{}</code>", attempt.code), *external_id_of(attempt)]
    moment = attempt.goal_matched_at or attempt.created_at
    title = link_to(attempt, goal_of(attempt))
    return Line("Refused attempt", title, moment, facts, attempt.visitor_identity, "refused")


def session_line(session: VisitorSession) -> Line:
    length = "end not known"
    if session.ended_at is not None:
        span = session.ended_at - session.started_at
        length = f"lasted {duration(span)}" if span else "no length"
    rooms = room_links(session)
    facts = [length, "in no room" if rooms == "-" else format_html("in {}", rooms)]
    facts.append(format_html("visitor {}", link_to(session.visitor)))
    return Line("Session", link_to(session), session.started_at, facts, mark="session")


def tie_line(tie: VisitorIdentity) -> Line:
    facts = [format_html("carried by the visitor {}", link_to(tie.visitor))]
    return Line("Identity", link_to(tie), tie.created_at, facts)


def change_line(change: HistoryEntry) -> Line:
    facts = [f"by {change.changed_by_name or 'nobody who is known'}"]
    before, after = [*change.changes.get("goal_value", ()), None, None][:2]
    if change.action == Action.RESTATED:
        facts.append(f"value from {before or 'none'} to {after or 'none'}")
    _, reason = change.changes.get("reason", (None, None))
    facts += [f"reason: {reason}"] if reason else []
    return Line("Correction", link_to(change, Action(change.action).label), change.changed_at, facts)


LINES: dict[type[Model], Callable[[Any], Line]] = {
    ExternalMatch: match_line,
    PendingMatch: pending_line,
    MatchAttempt: attempt_line,
    VisitorSession: session_line,
    VisitorIdentity: tie_line,
    Visitor: lambda visitor: Line("Visitor", link_to(visitor), visitor.created_at),
    Goal: lambda goal: Line("Goal", link_to(goal), None, ["deleted"] if goal.deleted_at else []),
    HistoryEntry: change_line,
}
