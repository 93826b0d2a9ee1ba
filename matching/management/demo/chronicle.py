"""Writes what the demo world's customers have done by now, as if the service had been there all the time.

The rule itself decides what became of each post. Rows have ids made of their moment and name, and one that is
there already stays as it is: somebody may have changed it since.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from goalsvc.orgs.history import Action, Changes, Channel, Kind, as_json
from goalsvc.orgs.models import HistoryEntry
from matching.imports.runs import CODE
from matching.management.demo.customers import Post, customers_until
from matching.management.demo.outcomes import (
    Status,
    attempt_of,
    expiry_of,
    explained,
    malformed_attempt_of,
    match_of,
    pending_id,
    pending_of,
)
from matching.management.demo.setting import Decision, Setting, insert, insert_thousands, stamped_id
from matching.management.demo.visits import write_late_identities, write_visits
from matching.matches.answers import Verdict
from matching.models import (
    ExternalMatch,
    ImportRun,
    MatchAttempt,
    PendingMatch,
    ReplayTally,
    Visitor,
    VisitorIdentity,
    VisitorSession,
)
from matching.refusals import ExternalIdConflict
from matching.rule.resolver import Resolution, RowRefusal

TABLES = (Visitor, VisitorIdentity, VisitorSession, ExternalMatch, PendingMatch, MatchAttempt, HistoryEntry)

IMPORT_TIME = timedelta(seconds=4)


def write_history(setting: Setting) -> None:
    """Write all that has happened by the setting's moment and is not there yet."""
    customers = list(customers_until(setting.now))
    posts = [post for customer in customers for post in customer.posts if post.posted_at <= setting.now]
    posts.sort(key=lambda post: (post.posted_at, post.external_id))
    held = [post for post in posts if post.is_held]
    write_visits(setting, customers)
    # Before the identities that came too late for them.
    waiting = {each.post.external_id: each for each in explained(setting, refused(setting.decide(held)))}
    write_late_identities(setting, customers)
    statuses = statuses_of(setting, held)
    tried_again = setting.decide([post for post in held if is_tried_again(setting, post, statuses)])
    waiting |= {each.post.external_id: each for each in explained(setting, refused(tried_again))}
    decided = setting.decide(
        [post for post in posts if not (post.is_held or post.malformed or post.is_conflict)]
    )
    matches = {
        post.external_id: match_of(setting, post, decision)
        for post, decision in [*decided, *tried_again]
        if isinstance(decision, Resolution)
    }
    insert_thousands(matches.values())
    write_held(
        setting,
        [pending_of(setting, refused_post, matches.get(name)) for name, refused_post in waiting.items()],
        statuses,
    )
    conflicts = [
        (post, RowRefusal(ExternalIdConflict))
        for post in posts
        if post.is_conflict and post.external_id in matches
    ]
    attempts = [malformed_attempt_of(setting, post) for post in posts if post.malformed]
    attempts += [attempt_of(setting, each) for each in explained(setting, refused(decided) + conflicts)]
    insert(attempts)
    write_imports(setting, matches.values(), attempts)
    write_repetitions(setting, [post for post in posts if post.is_repeated and post.external_id in matches])
    write_corrections(setting, posts, matches)


def refused(decided: Sequence[tuple[Post, Decision]]) -> list[tuple[Post, RowRefusal]]:
    return [(post, decision) for post, decision in decided if isinstance(decision, RowRefusal)]


def statuses_of(setting: Setting, held: Sequence[Post]) -> dict[UUID, str]:
    """Return the statuses of the held matches that an earlier load has written."""
    rows = setting.organization.pending_matches.filter(id__in=[pending_id(post) for post in held])
    return dict(rows.values_list("id", "status"))


def is_tried_again(setting: Setting, post: Post, statuses: Mapping[UUID, str]) -> bool:
    """Tell whether the identity that a held match has waited for has come, and nobody has settled it yet."""
    has_come = post.settled_at is not None and post.settled_at <= min(setting.now, expiry_of(post))
    return has_come and statuses.get(pending_id(post), Status.PENDING) == Status.PENDING


def write_held(setting: Setting, pendings: Sequence[PendingMatch], statuses: Mapping[UUID, str]) -> None:
    """Write held matches; those of an earlier load that were waiting then get what has become of them."""
    insert(pendings)
    waited = [pending for pending in pendings if statuses.get(pending.id) == Status.PENDING != pending.status]
    rows = setting.organization.pending_matches
    rows.bulk_update(waited, ["status", "code", "reason", "match", "resolved_at"])
    rows.expire(setting.now)  # of an earlier load, which told of more customers of that time
    cancelled = [pending for pending in pendings if pending.status == Status.CANCELLED]
    insert(
        entry_of(
            setting,
            Kind.PENDING_MATCH,
            pending.id,
            Action.CANCELLED,
            {"status": [Status.PENDING, Status.CANCELLED]},
            at=pending.resolved_at,
        )
        for pending in cancelled
        if pending.resolved_at is not None and statuses.get(pending.id, Status.PENDING) == Status.PENDING
    )


def write_imports(
    setting: Setting, matches: Iterable[ExternalMatch], attempts: Iterable[MatchAttempt]
) -> None:
    """Write the runs of the weekly imports; their rows share a moment."""
    counts: dict[datetime, Counter[str]] = defaultdict(Counter)
    for match in matches:
        if match.created_by_id is None:
            counts[match.created_at][Verdict.CREATED.value] += 1
    for attempt in attempts:
        if attempt.source == MatchAttempt.Source.IMPORT:
            counts[attempt.created_at].update([Verdict.FAILED.value, f"{CODE} {attempt.code}"])
    insert(
        ImportRun(
            organization_id=setting.organization.id,
            kind=ImportRun.Kind.MATCHES,
            status=ImportRun.Status.FINISHED,
            filename=f"purchases-{at.date()}.csv",
            digest=hashlib.sha256(f"week before {at}".encode()).hexdigest(),
            rows_done=verdicts[Verdict.CREATED.value] + verdicts[Verdict.FAILED.value],
            rows_total=verdicts[Verdict.CREATED.value] + verdicts[Verdict.FAILED.value],
            counts=dict(verdicts),
            created_at=at - IMPORT_TIME,
            started_at=at - IMPORT_TIME,
            finished_at=at + IMPORT_TIME,
        )
        for at, verdicts in sorted(counts.items())
    )


def write_repetitions(setting: Setting, repeated: Iterable[Post]) -> None:
    """Write the tallies of the days that are over."""
    counts = Counter((post.posted_at.date(), setting.request_of(post).goal_id) for post in repeated)
    insert(
        ReplayTally(organization_id=setting.organization.id, goal_id=goal_id, day=day, count=count)
        for (day, goal_id), count in counts.items()
        if day < setting.now.date()
    )


def write_corrections(setting: Setting, posts: Sequence[Post], matches: Mapping[str, ExternalMatch]) -> None:
    """Restate and retract matches, each once: what the history tells of is left alone."""
    due = {
        entry_id(matches[post.external_id].id, post.correction.at): (
            matches[post.external_id],
            post.correction,
        )
        for post in posts
        if post.correction is not None and post.correction.at <= setting.now and post.external_id in matches
    }
    done = setting.organization.history.filter(id__in=list(due)).values_list("id", flat=True)
    for entry in done:
        del due[entry]
    entries, restated, retracted = [], [], []
    for match, correction in due.values():
        value = correction.value
        if value is None:
            match.retracted_at, match.retracted_by = correction.at, setting.manager
            retracted.append(match)
            changes: Changes = {"is_retracted": [False, True], "goal_value": [match.goal_value] * 2}
        else:
            changes = {"goal_value": [match.goal_value, value]}
            match.goal_value, match.goal_value_source = value, ExternalMatch.ValueSource.REQUEST
            restated.append(match)
        action = Action.RETRACTED if value is None else Action.RESTATED
        entries.append(entry_of(setting, Kind.MATCH, match.id, action, changes, at=correction.at))
    insert(entries)
    rows = setting.organization.matches
    rows.bulk_update(retracted, ["retracted_at", "retracted_by"])
    rows.bulk_update(restated, ["goal_value", "goal_value_source"])


def entry_of(
    setting: Setting, kind: Kind, object_id: UUID, action: Action, changes: Changes, *, at: datetime
) -> HistoryEntry:
    """Make the entry of what the manager did in the API."""
    return HistoryEntry(
        id=entry_id(object_id, at),
        organization_id=setting.organization.id,
        kind=kind,
        object_id=object_id,
        action=action,
        changes={name: [as_json(value) for value in pair] for name, pair in changes.items()},
        changed_at=at,
        changed_by=setting.manager,
        changed_by_name=setting.manager.email,
        channel=Channel.API,
        request_id=str(stamped_id(at, f"request {object_id}")),
    )


def entry_id(object_id: UUID, at: datetime) -> UUID:
    return stamped_id(at, f"change of {object_id}")


def analyze() -> None:
    """Let PostgreSQL look at what was written: it makes plans for empty tables otherwise."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in TABLES)}")
