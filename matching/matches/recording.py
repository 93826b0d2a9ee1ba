"""Recording matches: each event is written once, however often and by how many it is posted.

Requests are planned, written and, where another transaction wrote first, planned again (see
matching.matches.locks for the locks that this takes).
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from rest_framework import status
from uuid_utils import uuid7

from goalsvc.database.planning import plan_for_many
from goalsvc.database.statements import Ahead
from goalsvc.orgs.models import Organization
from matching.limits import MAX_PENDING
from matching.matches.answers import RowAnswer, Verdict, failed_for
from matching.matches.inserts import NewMatch, insert_matches, insert_pending_matches
from matching.matches.locks import claim, lock_out_arrivals
from matching.matches.pending import (
    Settlement,
    count_pending_matches,
    is_to_be_pending,
    new_pending_match,
    request_of,
    write_settlements,
)
from matching.models import ExternalMatch, PendingMatch, PendingMatchQuerySet
from matching.refusals import ExternalIdConflict, TooManyPending
from matching.rule.facts import find_facts
from matching.rule.reasons import explain, in_short
from matching.rule.resolver import MatchRequest, Resolution, RowRefusal, decide

MatchAnswer = RowAnswer[NewMatch | ExternalMatch | PendingMatch]


def record_matches(
    organization: Organization,
    requests: Sequence[MatchRequest],
    *,
    at: datetime,
    validate_only: bool = False,
    ahead: Ahead | None = None,
) -> list[MatchAnswer]:
    """Apply the rule to each request and write what follows; return the answers, in the order of requests.

    Each request gets the answer that it would get alone, after those before it. The number of statements
    does not depend on the number of requests. Runs in the caller's transaction, if there is one; there must
    be one where a request may become pending.

    Args:
        validate_only: the caller will roll back, so no locks are taken that others would wait for.
        ahead: the facts of the only request, read already.
    """
    answers: dict[int, MatchAnswer] = {}
    is_alone = validate_only  # arriving sessions and identities wait for this transaction
    has_claims = validate_only or len(requests) == 1  # one match takes its claim as it is written
    external_ids = [request.external_id for request in requests]
    if len(requests) > 1:
        plan_for_many()
    while open_indexes := unanswered(requests, answers):
        plan = Plan(organization, requests, at)
        fill_in(plan, open_indexes, ahead)
        if (plan.has_pending or plan.overdue) and not is_alone:
            # What is missing may be arriving in a transaction that is not committed yet. Wait for such, look
            # again, and let new ones wait until they can see what becomes pending here. (An arrival settles
            # pending matches, so this lock comes before those of pending matches.)
            lock_out_arrivals(organization)
            claim(organization, external_ids, is_exclusive=True)
            is_alone = has_claims = True
            continue
        if not has_claims:
            claim(organization, external_ids)
            has_claims = True
        if plan.met and organization.pending_matches.filter(id__in=plan.met).expire(at):
            continue  # an expired pending match no longer stands for its external id
        if plan.overdue:
            with transaction.atomic(savepoint=False):
                settle(organization, organization.pending_matches.filter(id__in=plan.overdue), at=at)
            continue
        answers |= carry_out(plan)
    return [answers[index] for index in range(len(requests))]


def settle(organization: Organization, pendings: PendingMatchQuerySet, *, at: datetime) -> int:
    """Try pending matches again, by the same rule; return how many of them are matched now.

    Those that still are not keep the new refusal, with its reason. The number of statements does not depend
    on how many there are. Runs in the caller's transaction.
    """
    locked = list(pendings.open(at).order_by("id").select_for_update())
    if not locked:
        return 0
    requests = [request_of(pending) for pending in locked]
    answers: dict[int, MatchAnswer] = {}
    refusals: dict[int, RowRefusal] = {}
    while open_indexes := unanswered(requests, answers):
        plan = Plan(organization, requests, at, is_settling=True)
        fill_in(plan, open_indexes)
        answers |= carry_out(plan)
        refusals |= plan.refusals
    settlements = []
    for index, pending in enumerate(locked):
        match, refusal = answers[index].row, refusals.get(index)
        if match is not None:
            settlements.append(Settlement(pending.id, match.id))
        elif refusal is not None:
            reason = json.dumps(answers[index].reason or in_short(refusal))
            settlements.append(Settlement(pending.id, code=refusal.code, reason=reason))
    write_settlements(organization, settlements, at=at)
    return sum(settlement.match_id is not None for settlement in settlements)


def unanswered(requests: Sequence[MatchRequest], answers: Collection[int]) -> list[int]:
    """Return the indexes of the requests that have no answer yet."""
    return [index for index in range(len(requests)) if index not in answers]


@dataclass(slots=True)
class Plan:
    """What is to become of the open requests, by their indexes. An index that is missing stays open."""

    organization: Organization
    requests: Sequence[MatchRequest]
    at: datetime
    is_settling: bool = False  # the requests are of pending matches, which do not stand in their own way
    resolutions: dict[int, Resolution] = field(default_factory=dict)
    refusals: dict[int, RowRefusal] = field(default_factory=dict)
    replays: dict[int, UUID] = field(default_factory=dict)  # of matches
    replays_of_pending: dict[int, UUID] = field(default_factory=dict)
    met: set[UUID] = field(default_factory=set)  # pending matches that external ids already stand for
    overdue: set[UUID] = field(default_factory=set)  # of them, those that match by now
    has_pending: bool = False  # a match is to become pending


def fill_in(plan: Plan, indexes: Sequence[int], ahead: Ahead | None = None) -> None:
    """Apply the rule to the requests at these indexes, as if each came after those before it."""
    open_requests = [plan.requests[index] for index in indexes]
    known_rooms, facts = find_facts(plan.organization, open_requests, ahead)
    claimed: set[tuple[UUID, str]] = set()  # goals and external ids of what this plan will write
    for index, request, fact in zip(indexes, open_requests, facts, strict=True):
        decision = decide(request, known_rooms, fact)
        is_pending = isinstance(decision, RowRefusal) and is_to_be_pending(request, decision)
        if request.external_id is not None and fact.goal is not None:
            pending = None if plan.is_settling else fact.pending
            if pending:
                plan.met.add(pending.pk)
            if first := fact.match or pending:
                if first.request_digest != request.digest:
                    plan.refusals[index] = RowRefusal(ExternalIdConflict)
                elif fact.match:
                    plan.replays[index] = first.pk
                elif isinstance(decision, Resolution):
                    plan.overdue.add(first.pk)
                else:
                    plan.replays_of_pending[index] = first.pk
                continue
            key = (request.goal_id, request.external_id)
            if key in claimed:
                continue  # stays open: once the first delivery is written, this one will find it
            if isinstance(decision, Resolution) or is_pending:
                claimed.add(key)
        plan.has_pending |= is_pending
        if isinstance(decision, Resolution):
            plan.resolutions[index] = decision
        else:
            plan.refusals[index] = decision


def carry_out(plan: Plan) -> dict[int, MatchAnswer]:
    """Write what a plan says; return the answers by index.

    An index is missing where another transaction wrote the external id first, or settled the pending match
    that it stood for: planned again, the request finds the other's match.
    """
    organization, requests, at = plan.organization, plan.requests, plan.at
    answers: dict[int, MatchAnswer] = {}
    matches = {
        index: new_match(organization, requests[index], resolution, at=at)
        for index, resolution in plan.resolutions.items()
    }
    written = insert_matches(list(matches.values()), is_settling=plan.is_settling)
    for index, match in matches.items():
        if match.id in written:
            answers[index] = RowAnswer(Verdict.CREATED, status.HTTP_200_OK, match)

    refuse_too_many(plan)
    reasons = explain(
        organization, {index: (requests[index], refusal) for index, refusal in plan.refusals.items()}
    )
    pendings: dict[int, PendingMatch] = {}
    for index, refusal in plan.refusals.items():
        request = requests[index]
        if is_to_be_pending(request, refusal):
            pendings[index] = new_pending_match(organization, request, refusal, reasons[index], at)
        else:
            answers[index] = failed_for(refusal, reasons.get(index))
    stored = insert_pending_matches(list(pendings.values()))
    for index, pending in pendings.items():
        if pending.id in stored:
            answers[index] = RowAnswer(Verdict.PENDING, status.HTTP_202_ACCEPTED, pending)

    if plan.replays:
        first_matches = organization.matches.with_visitors().in_bulk(list(set(plan.replays.values())))
        for index, pk in plan.replays.items():
            if pk in first_matches:
                answers[index] = RowAnswer(Verdict.REPLAYED, status.HTTP_200_OK, first_matches[pk])
    if plan.replays_of_pending:
        still_open = organization.pending_matches.open(at)
        first_pendings = still_open.in_bulk(list(set(plan.replays_of_pending.values())))
        for index, pk in plan.replays_of_pending.items():
            if pk in first_pendings:
                answers[index] = RowAnswer(Verdict.REPLAYED, status.HTTP_202_ACCEPTED, first_pendings[pk])
    return answers


def refuse_too_many(plan: Plan) -> None:
    """Refuse what would become pending beyond the limit for an identity, the later requests first.

    The transaction has the arrivals lock exclusively, so nobody else adds any after the count.
    """
    waiting = {
        index: plan.requests[index].visitor_identity
        for index, refusal in plan.refusals.items()
        if is_to_be_pending(plan.requests[index], refusal)
    }
    if not waiting:
        return
    counts = count_pending_matches(plan.organization, list(set(waiting.values())), at=plan.at)
    for index, identity in waiting.items():
        if counts[identity] >= MAX_PENDING:
            plan.refusals[index] = RowRefusal(TooManyPending)
        counts[identity] += 1


def new_match(
    organization: Organization, request: MatchRequest, resolution: Resolution, *, at: datetime
) -> NewMatch:
    """Make the match, not yet written, as answers show it."""
    session = resolution.session
    return NewMatch(
        id=str(uuid7()),
        organization_id=organization.id,
        goal_id=request.goal_id,
        session_id=session.pk,
        visitor_identity=request.visitor_identity,
        visitor_id=session.visitor_id,
        visitor_session_id=session.visitor_session_id,
        session_started_at=session.started_at,
        goal_matched_at=request.goal_matched_at,
        goal_value=resolution.goal_value,
        goal_value_source=resolution.goal_value_source,
        room_ids=resolution.room_ids,
        unconnected_room_ids=resolution.unconnected_room_ids,
        external_id=request.external_id,
        request_digest=request.digest,
        created_at=at,
        created_by_id=request.by_id,
    )
