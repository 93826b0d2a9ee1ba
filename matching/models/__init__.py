"""The models of matching: visitors, matches, and records of what was posted."""

from matching.models.matches import ExternalMatch, ExternalMatchQuerySet, PendingMatch, PendingMatchQuerySet
from matching.models.records import (
    Chore,
    IdempotencyKey,
    ImportRun,
    ImportRunQuerySet,
    MatchAttempt,
    MatchAttemptQuerySet,
    ReplayTally,
)
from matching.models.visitors import Visitor, VisitorIdentity, VisitorSession

__all__ = [
    "Chore",
    "ExternalMatch",
    "ExternalMatchQuerySet",
    "IdempotencyKey",
    "ImportRun",
    "ImportRunQuerySet",
    "MatchAttempt",
    "MatchAttemptQuerySet",
    "PendingMatch",
    "PendingMatchQuerySet",
    "ReplayTally",
    "Visitor",
    "VisitorIdentity",
    "VisitorSession",
]
