"""How a file is to be read and what its rows mean, as whoever imports it says: checked in one place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import PurePath
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from goals.refusals import GoalNotFound
from goalsvc.api.errors import field_error, printable, quoted
from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.models import Organization, User
from matching.imports.columns import MATCH_COLUMNS, SESSION_COLUMNS, Columns, plain
from matching.imports.files import is_encoding
from matching.imports.readings import Reading
from matching.matches.answers import RowAnswer
from matching.matches.posting import PostedMatch, post_matches, read_posted
from matching.models import ImportRun, MatchAttempt
from matching.visitors.reports import read_session, report_sessions

FORMATS = ("csv", "ndjson")
NDJSON_SUFFIXES = {".ndjson", ".jsonl", ".json"}
AMBIGUOUS = ("earlier", "later")
# As many columns and as long names as nobody has.
MOST_COLUMNS = 100
MAX_NAME_LENGTH = 255

Reader = Callable[[Any], Any]
Recorder = Callable[..., Sequence[RowAnswer[Any]]]


@dataclass(frozen=True, slots=True)
class Options:
    """What `read_options` has checked. All of it belongs to the meaning of a file, but not its name."""

    kind: ImportRun.Kind
    format: str
    goal_id: str | None = None  # of rows that name none
    hold: bool = False
    dry_run: bool = False
    encoding: str | None = None  # None: to be found out
    time_zone: str | None = None
    ambiguous: Literal["earlier", "later"] | None = None
    decimal_comma: bool = False
    column: tuple[str, ...] = ()  # OURS=THEIRS
    ignore_column: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        """Return them as JSON, without the kind, which has a column of its own."""
        stored = asdict(self) | {"column": list(self.column), "ignore_column": list(self.ignore_column)}
        stored.pop("kind")
        return stored

    @classmethod
    def of(cls, run: ImportRun) -> "Options":
        """Return what `stored` has kept."""
        names = {name: tuple(run.options[name]) for name in ("column", "ignore_column")}
        return cls(kind=ImportRun.Kind(run.kind), **{**run.options, **names})

    @property
    def columns(self) -> Columns:
        columns = columns_of(self.kind, goal_id=self.goal_id)
        return replace(columns, renamed=read_columns(self.column, columns), ignored=list(self.ignore_column))

    @property
    def reading(self) -> Reading:
        zone = ZoneInfo(self.time_zone) if self.time_zone else None
        return Reading(zone, self.ambiguous, self.decimal_comma)

    @property
    def meaning(self) -> dict[str, Any]:
        """What changes the meaning of the rows besides how they are read."""
        return {"goal": self.goal_id, "hold": self.hold} if self.kind == ImportRun.Kind.MATCHES else {}

    def reader(self, by: User | None) -> Reader:
        """Return the function that checks the item of a row, without the database."""
        if self.kind == ImportRun.Kind.SESSIONS:
            return read_session
        defaults = {"goal_id": self.goal_id} if self.goal_id else {}
        if self.hold:
            defaults["if_unmatched"] = "hold"
        return partial(read_match, defaults, by)

    def recorder(self, organization: Organization, by: User | None) -> Recorder:
        """Return the function that writes what the reader has checked, and answers it."""
        if self.kind == ImportRun.Kind.SESSIONS:
            return partial(report_sessions, organization)
        return partial(post_matches, organization, by=by, source=MatchAttempt.Source.IMPORT)


def read_match(defaults: Mapping[str, Any], by: User | None, item: Any) -> PostedMatch:
    if isinstance(item, dict):
        item = {**defaults, **item}
    return read_posted(item, None, by_id=by.id if by else None)


def columns_of(kind: ImportRun.Kind, *, goal_id: str | None) -> Columns:
    if kind == ImportRun.Kind.SESSIONS:
        return SESSION_COLUMNS
    if goal_id is None:
        return replace(MATCH_COLUMNS, required=MATCH_COLUMNS.required | {"goal_id"})
    return MATCH_COLUMNS


def read_options(organization: Organization, kind: ImportRun.Kind, given: Mapping[str, Any]) -> Options:
    """Check what an importer says of a file, by the names of Options; what is None or empty is not said.

    Args:
        given: `filename` among it, whose ending tells the format where that is not said.

    Raises: ValidationError naming the option, GoalNotFound.
    """
    said = {name: value for name, value in given.items() if value not in (None, "", [], ())}
    if kind == ImportRun.Kind.SESSIONS:
        for name in ("goal_id", "hold"):
            if said.get(name):
                raise field_error(name, "This is for files of matches; sessions have no goal.")
    zone = said.get("time_zone")
    if said.get("ambiguous") and not zone:
        raise field_error("ambiguous", "This is of times in a time zone, and none is given.")
    if zone:
        verify_zone(zone)
    encoding = said.get("encoding")
    if encoding and not is_encoding(encoding):
        raise field_error("encoding", f"{encoding!r} is no encoding that is known here.")
    options = Options(
        kind=kind,
        format=said.get("format") or format_of(said.get("filename", "")),
        goal_id=find_goal_id(organization, said.get("goal_id")),
        hold=bool(said.get("hold")),
        dry_run=bool(said.get("dry_run")),
        encoding=encoding,
        time_zone=zone,
        ambiguous=said.get("ambiguous"),
        decimal_comma=bool(said.get("decimal_comma")),
        column=tuple(said.get("column", ())),
        ignore_column=tuple(said.get("ignore_column", ())),
    )
    for name, columns in (("column", options.column), ("ignore_column", options.ignore_column)):
        if len(columns) > MOST_COLUMNS or any(len(each) > MAX_NAME_LENGTH for each in columns):
            raise field_error(
                name, f"At most {MOST_COLUMNS} columns, each of at most {MAX_NAME_LENGTH} characters."
            )
    _ = options.columns  # raises for those that are not ours
    return options


def find_goal_id(organization: Organization, text: str | None) -> str | None:
    """Return the id of the organization's goal of this id. Raises: GoalNotFound."""
    if text is None:
        return None
    pk = parse_uuid(text)
    if pk is None or not organization.goals.live().filter(id=pk).exists():
        raise GoalNotFound()
    return str(pk)


def format_of(filename: str) -> str:
    """Tell by a file's name what it has: CSV, unless the name says otherwise."""
    path = PurePath(filename.lower())
    path = path.with_suffix("") if path.suffix == ".gz" else path
    return "ndjson" if path.suffix in NDJSON_SUFFIXES else "csv"


def displayed_name(filename: str) -> str:
    """Return a file's name as it may be shown: the last part of a path, printable, not too long."""
    return printable(filename.replace("\\", "/").rstrip("/").rpartition("/")[2].strip(), MAX_NAME_LENGTH)


def read_columns(said: Sequence[str], columns: Columns) -> dict[str, str]:
    """Return our columns by the names in the file, of OURS=THEIRS. Raises: ValidationError."""
    read: dict[str, str] = {}
    for pair in said:
        name, _, theirs = pair.partition("=")
        if name not in columns.ours or not theirs:
            known = ", ".join(sorted(columns.ours))
            raise field_error(
                "column", f"{printable(pair, 100)}: needed is OURS=THEIRS, where OURS is one of {known}."
            )
        if name in read.values() or plain(theirs) in map(plain, read):
            raise field_error("column", f"{printable(pair, 100)}: it is given twice.")
        read[theirs] = name
    return read


def verify_zone(name: str) -> None:
    """Raises: ValidationError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name.title(), available_timezones(), n=1)
        hint = f" Perhaps {near[0]}?" if near else " Needed is a name such as Europe/Helsinki."
        raise field_error("time_zone", f"{quoted(name)}: there is no such time zone.{hint}") from None
