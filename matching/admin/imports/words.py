"""What the pages of imports say in words: verdicts, codes, sizes, and how long an import still takes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.template.defaultfilters import filesizeformat
from rest_framework.exceptions import APIException

from matching.imports.preview import Preview
from matching.imports.runs import ASSUMED_TIMES, CODE
from matching.matches.answers import Verdict
from matching.models import ImportRun
from matching.refusals import INVALID, OF_POSTED_MATCHES, VALIDATION_ERROR, SessionVisitorConflict
from matching.rule.reasons import duration

# Our columns, in the order in which they are offered.
TITLES = {
    "visitor_identity": "visitor_identity: whose event it is",
    "goal_matched_at": "goal_matched_at: when it happened",
    "visitor_session_id": "visitor_session_id: the visit",
    "visitor_id": "visitor_id: the visitor",
    "started_at": "started_at: when the visit began",
    "ended_at": "ended_at: when the visit ended",
    "rooms": "rooms: the ids of rooms",
    "goal_id": "goal_id: the id of the goal",
    "goal_value": "goal_value: the value",
    "external_id": "external_id: your own id of the event",
    "if_unmatched": "if_unmatched: whether to hold it",
}
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

# Options of the commands that import files, as the form calls them.
OPTIONS = {
    "encoding": "Encoding",
    "time-zone": "Time zone",
    "ambiguous": "Ambiguous times",
    "decimal-comma": "Decimal comma",
    "format": "Format",
}
# As the commands write them, or as the parameters that they are for programs.
OPTION = re.compile(r"(\bsay )?(?:--([a-z]+(?:-[a-z]+)*)|\b(time_zone|decimal_comma)\b)")


def in_words_of_the_form(sentence: object) -> str:
    """Write “set “Encoding”” for “say --encoding”: sentences on files are written for the commands."""

    def name(found: re.Match[str]) -> str:
        option = found[2] or found[3].replace("_", "-")
        return f"{'set ' if found[1] else ''}“{OPTIONS.get(option, option)}”"

    return OPTION.sub(name, str(sentence))


class Outcome(NamedTuple):
    """What becomes of a row, before and after it is imported."""

    will_be: str
    was: str


OUTCOMES = {
    Verdict.CREATED: Outcome("would be imported", "imported"),
    Verdict.REPLAYED: Outcome("is there already", "were there already"),
    Verdict.KNOWN: Outcome("is known already", "were known already"),
    Verdict.PENDING: Outcome("would be held", "held until a session comes"),
    Verdict.FAILED: Outcome("would be refused", "refused"),
}
REFUSALS: tuple[type[APIException], ...] = (*OF_POSTED_MATCHES, SessionVisitorConflict)
SENTENCES = {
    VALIDATION_ERROR: INVALID,
    "parse_error": "The row could not be read.",
    **{refusal.default_code: str(refusal.default_detail) for refusal in REFUSALS},
}


@dataclass(frozen=True, slots=True)
class Line:
    """How many rows had one outcome, or were refused with one code."""

    count: int
    words: str
    code: str = ""

    @property
    def figure(self) -> str:
        return f"{self.count:,}"


def summary_of(counts: Mapping[str, int]) -> Iterator[Line]:
    """Yield what became of the rows of a run; after the refused ones their codes, the greatest first."""
    for verdict, outcome in OUTCOMES.items():
        if count := counts.get(verdict.value):
            yield Line(count, outcome.was)
    yield from codes_of(
        {word.removeprefix(f"{CODE} "): n for word, n in counts.items() if word.startswith(f"{CODE} ")}
    )


def codes_of(counts: Mapping[str, int]) -> Iterator[Line]:
    for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield Line(count, SENTENCES.get(code, ""), code)


class Progress(NamedTuple):
    """How far a run has come. The script of its page shows the same again and again."""

    is_open: bool
    share: float | None  # None: not known yet
    words: str

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def progress_of(run: ImportRun, *, at: datetime, is_worked: bool = True) -> Progress:
    """Args: is_worked: whether a worker lives; if none does, the import waits for it."""
    done, total = run.rows_done, run.rows_total
    if run.is_open and not is_worked:
        share = min(done / total, 1) if total else None
        return Progress(True, share, f"{NO_WORKER} {done:,} rows are done." if done else NO_WORKER)
    if run.status == ImportRun.Status.QUEUED:
        return Progress(True, None, f"Waits for its turn. {done:,} rows are done." if done else WAITS)
    if not total:
        return Progress(run.is_open, None, "The file is being looked through.")
    share = min(done / total, 1)
    words = [f"{done:,} of {total:,} rows ({share:.0%})"]
    elapsed = (at - run.started_at).total_seconds() if run.started_at else 0
    if done and elapsed >= 1 and run.is_open:
        rate = done / elapsed
        words.append(f"{rate:,.0f} rows a second")
        if total > done:
            words.append(f"about {duration(timedelta(seconds=max(1, (total - done) / rate)))} left")
    return Progress(run.is_open, share, ", ".join(words))


WAITS = "Waits for its turn."
NO_WORKER = (
    "Waits: nothing works in the background right now. It goes on as soon as whoever runs the service "
    "starts a worker (manage.py work)."
)


def rows_in_words(found: Preview) -> str:
    """Write “1,234 rows”, “about 470,000 rows” or “all rows”."""
    count = found.row_count
    if count is None:
        return "all rows"
    if found.is_row_count_exact:
        return f"{count:,} row{'' if count == 1 else 's'}"
    return f"about {round(count, 2 - len(str(count))):,} rows"


def options_said(run: ImportRun, goals: Mapping[UUID, str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of what was said of a file that goes beyond its content."""
    said = run.options
    if goal_id := said.get("goal_id"):
        yield "Goal", goals.get(UUID(goal_id), goal_id)
    if said.get("hold"):
        yield "Matches that come too early", "are held"
    if said.get("time_zone"):
        yield "Time zone", said["time_zone"]
    if said.get("ambiguous"):
        yield "Ambiguous times", f"the {said['ambiguous']} moment"
    if said.get("decimal_comma"):
        yield "Decimals", "with a comma"
    if said.get("encoding"):
        yield "Encoding", said["encoding"]
    for pair in said.get("column", ()):
        name, _, title = pair.partition("=")
        yield f"Column “{title}”", f"read as {name}"
    for title in said.get("ignore_column", ()):
        yield f"Column “{title}”", "not read"


def size_in_words(run: ImportRun) -> str:
    return str(filesizeformat(run.size)).replace("\xa0", " ") if run.size else "-"


def assumed_times(run: ImportRun) -> int:
    return int(run.counts.get(ASSUMED_TIMES, 0))
