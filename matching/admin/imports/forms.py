"""What people say of a file: the form of an upload, and of a file that waits to be imported."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django import forms
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import ValidationError

from goals.models import Goal
from goals.refusals import GoalNotFound
from goalsvc.orgs.models import Organization
from matching.admin.imports.words import TITLES, in_words_of_the_form
from matching.admin.reports import offer
from matching.imports.columns import VERDICT_COLUMNS, Columns, plain
from matching.imports.options import Options, read_options
from matching.imports.preview import Preview, SeenColumn
from matching.models import ImportRun

IGNORED = "-"  # the choice of a column that is not to be read
NO_GOAL = "There is no such goal in the organization."

ENCODINGS = ("utf-8", "windows-1252", "windows-1250", "windows-1251", "iso-8859-15", "utf-16", "macroman")


class OptionsForm(forms.Form):
    """How a file is to be read and what its rows mean."""

    kind = forms.ChoiceField(
        label="Rows are",
        choices=ImportRun.Kind.choices,
        widget=forms.RadioSelect,
        help_text="Matches are events such as purchases; sessions are the visits that matches need.",
    )
    goal_id = forms.ChoiceField(
        label="Goal",
        required=False,
        help_text="The goal of rows that name none. Files with a column goal_id need none here.",
        error_messages={"invalid_choice": NO_GOAL},
    )
    hold = forms.BooleanField(
        label="Hold matches that come too early",
        required=False,
        help_text="Rows without a session are kept and tried again, instead of being refused.",
    )
    time_zone = forms.CharField(
        label="Time zone",
        required=False,
        max_length=64,
        widget=forms.TextInput(
            attrs={"list": "zones", "autocomplete": "off", "placeholder": "Europe/Helsinki"}
        ),
        help_text="Of times that are written without an offset. Empty: they are UTC.",
    )
    ambiguous = forms.ChoiceField(
        label="Ambiguous times",
        required=False,
        choices=[("", "Refuse the row"), ("earlier", "The earlier moment"), ("later", "The later moment")],
        help_text="What a time means that the clocks showed twice, or skipped. Takes a time zone.",
    )
    decimal_comma = forms.BooleanField(
        label="Decimal comma",
        required=False,
        help_text="Values are written as in 12,50; points are refused then.",
    )
    encoding = forms.CharField(
        required=False,
        max_length=64,
        widget=forms.TextInput(
            attrs={"list": "encodings", "autocomplete": "off", "placeholder": "found out"}
        ),
        help_text="Such as windows-1252. Empty: it is found out, and you see as what.",
    )
    format = forms.ChoiceField(
        required=False,
        choices=[("", "As its name says"), ("csv", "CSV"), ("ndjson", "NDJSON")],
        help_text="NDJSON is one JSON object a line, in files that end in .ndjson or .jsonl.",
    )

    FOLDED = ("hold", "time_zone", "ambiguous", "decimal_comma", "encoding", "format")

    options: Options  # of a valid form

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        files: MultiValueDict[str, Any] | None = None,
        *,
        organization: Organization,
        said: Options | None = None,
        filename: str = "",
    ) -> None:
        """Args: said: what is said of the file so far, or of the one that it is the mended part of."""
        initial = said.stored() | {"kind": said.kind} if said else {"kind": ImportRun.Kind.MATCHES}
        super().__init__(data, files, initial=initial)
        self.organization = organization
        self.said = said
        self.filename = filename
        goals = organization.goals.live().defer("conditions")
        chosen = self["goal_id"].value() or ""
        found: dict[str, Goal] = offer(goals, goals, str(chosen))
        titles = sorted(((pk, goal.name) for pk, goal in found.items()), key=lambda each: each[1].casefold())
        field: Any = self.fields["goal_id"]
        field.choices = [("", "Each row names its own"), *titles]

    @property
    def folded(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FOLDED]

    @property
    def says_more(self) -> bool:
        """Tell whether one of the folded fields says something, or is at fault."""
        said = (field for field in self.folded if field.errors or field.value() not in (None, "", False))
        return any(field.errors or field.name != "format" for field in said)

    def columns_said(self) -> dict[str, Sequence[str]]:
        """Return what is said of columns: that of before."""
        if self.said is None:
            return {}
        return {"column": self.said.column, "ignore_column": self.said.ignore_column}

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if self.errors:
            return cleaned
        given = {name: cleaned[name] for name in ("goal_id", *self.FOLDED)}
        given |= {"filename": self.filename, **self.columns_said()}
        try:
            self.options = read_options(self.organization, ImportRun.Kind(cleaned["kind"]), given)
        except GoalNotFound:
            self.add_error("goal_id", NO_GOAL)
        except ValidationError as error:
            for name, sentences in dict(error.detail).items():  # type: ignore[arg-type] # one of fields
                for sentence in sentences:
                    self.add_error(name if name in self.fields else None, in_words_of_the_form(sentence))
        return cleaned


class UploadForm(OptionsForm):
    file = forms.FileField(
        label="File",
        help_text="CSV or NDJSON, also compressed with gzip; at most 2 GB.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.ndjson,.jsonl,.json,.gz"}),
        error_messages={
            "required": "Choose a file. If you did, it did not arrive whole: try again.",
            "empty": "The file is empty.",
        },
    )
    field_order = ("file",)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        self.filename = file.name
        return file


class DraftForm(OptionsForm):
    """Of a file that is there: with a choice for each column that has no name of ours."""

    def columns_said(self) -> dict[str, Sequence[str]]:
        data: Any = self.data
        pairs = list(zip(data.getlist("title"), data.getlist("read_as"), strict=False))
        if not pairs:
            return super().columns_said()
        return {
            "column": [f"{name}={title}" for title, name in pairs if name not in ("", IGNORED)],
            "ignore_column": [title for title, name in pairs if name == IGNORED],
        }


class ColumnChoice(NamedTuple):
    """A column of another name than ours, and what it may be read as."""

    title: str
    chosen: str  # one of ours, IGNORED or nothing
    is_suggested: bool
    choices: Sequence[tuple[str, str]]


def column_choices(found: Preview, ours: Columns) -> list[ColumnChoice]:
    """Return the choices for the columns of a CSV file. Only what one column alone may be is suggested."""
    if found.delimiter is None:
        return []
    by_own_name = {column.name for column in found.columns if column.name and not is_renamed(column, ours)}
    free = [name for name in (*TITLES, *sorted(ours.ours - TITLES.keys())) if name in ours.ours - by_own_name]
    choices = [("", "not read"), *((name, TITLES.get(name, name)) for name in free)]
    times = Counter(column.probable for column in found.columns)
    shown = []
    for column in found.columns:
        if not is_renamed(column, ours) and (column.name or plain(column.title) in VERDICT_COLUMNS):
            continue
        is_suggested = bool(column.probable) and times[column.probable] == 1
        chosen = IGNORED if column.is_ignored else column.name or (column.probable if is_suggested else "")
        offered = [*choices, (IGNORED, "not meant")] if column.probable or column.is_ignored else choices
        shown.append(ColumnChoice(column.title, chosen or "", is_suggested, offered))
    return shown


def is_renamed(column: SeenColumn, ours: Columns) -> bool:
    return plain(column.title) in set(map(plain, ours.renamed))
