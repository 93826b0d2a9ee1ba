"""What the commands that import a file have in common."""

import gc
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from goalsvc.orgs.models import Organization
from matching.imports.columns import Columns, plain
from matching.imports.files import UnusableFileError
from matching.imports.readings import Reading
from matching.imports.runs import ASSUMED_TIMES, CODE, Import, Recorder
from matching.models import ImportRun

NDJSON_SUFFIXES = {".ndjson", ".jsonl", ".json"}


class ImportCommand(BaseCommand):
    """A command that imports a file into an organization; the subclasses say what its rows are."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--organization", metavar="ID", required=True)
        parser.add_argument(
            "--format", choices=("csv", "ndjson"), help="without it, the file's name decides: else CSV"
        )
        parser.add_argument(
            "--encoding", help="such as windows-1252; without it the file is looked at: UTF-8, mostly"
        )
        parser.add_argument(
            "--column",
            metavar="OURS=THEIRS",
            action="append",
            default=[],
            help="read a column of another name, as in goal_value=amount; may be given several times",
        )
        parser.add_argument(
            "--ignore-column",
            metavar="THEIRS",
            action="append",
            default=[],
            help="a column that is not meant, although its name resembles one of ours",
        )
        parser.add_argument(
            "--time-zone",
            metavar="ZONE",
            help="of times without an offset, such as Europe/Helsinki; without it they are UTC",
        )
        parser.add_argument(
            "--ambiguous",
            choices=("earlier", "later"),
            help="which moment a time stands for that the zone's clocks showed twice, or skipped; without it "
            "such a row fails",
        )
        parser.add_argument(
            "--decimal-comma", action="store_true", help="values are written as in 12,50, and points refused"
        )
        parser.add_argument(
            "--results",
            metavar="FILE",
            type=Path,
            help="where failed rows go (default: FILE.failed.EXT; with --dry-run FILE.dry-run.EXT)",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="give the verdicts and write nothing; each chunk of 5,000 rows is judged for itself",
        )

    def import_file(
        self,
        kind: ImportRun.Kind,
        owner: Organization,
        columns: Columns,
        record: Recorder,
        *,
        file: Path,
        dry_run: bool,
        meaning: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Import the file and say what became of its rows, of which `meaning` changes what they say."""
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        # A dry run must not overwrite the results of an import that has stopped halfway.
        plain_file = file.with_suffix("") if file.suffix.lower() == ".gz" else file
        suffix = f".{'dry-run' if dry_run else 'failed'}{plain_file.suffix or '.csv'}"
        results_path = options["results"] or plain_file.with_suffix(suffix)
        if results_path.exists() and results_path.samefile(file):
            raise CommandError("The results would overwrite the file; name another place with --results.")
        renamed = read_columns(options["column"], columns)
        job = Import(
            organization=owner,
            kind=kind,
            path=file,
            format=options["format"] or ("ndjson" if plain_file.suffix.lower() in NDJSON_SUFFIXES else "csv"),
            encoding=options["encoding"],
            columns=replace(columns, renamed=renamed, ignored=options["ignore_column"]),
            reading=reading_of(options),
            options=meaning or {},
            record=record,
            results_path=results_path,
            validate_only=dry_run,
        )
        # A chunk makes many objects and hardly a cycle: looked through by default after every 700.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        with tqdm(unit=" rows", unit_scale=True, file=sys.stderr, desc=file.name) as bar:
            try:
                run = job.run(bar)
            except UnusableFileError as error:
                raise CommandError(str(error)) from None
            except KeyboardInterrupt:
                raise CommandError("Interrupted. The same command goes on where it stopped.") from None
        if bar.n == 0 and run.finished_at is not None and run.rows_done:
            finished = run.finished_at.isoformat(timespec="seconds")
            self.stdout.write(f"This file was imported before, by {finished}: nothing to do. It had")
        self.report(run, results_path, validate_only=dry_run)
        for remark in job.remarks:
            self.stdout.write(remark)

    def report(self, run: ImportRun, results_path: Path, *, validate_only: bool) -> None:
        """Say what became of the rows."""
        if validate_only:
            self.stdout.write("Nothing was written. What an import would do:")
        self.stdout.write(f"{run.rows_done:>12,}  rows")
        counts = Counter(run.counts)
        assumed = counts.pop(ASSUMED_TIMES, 0)
        for word, count in sorted(counts.items()):
            label = f"  {word.removeprefix(CODE).strip()}" if word.startswith(CODE) else word
            self.stdout.write(f"{count:>12,}  {label}")
        if assumed:
            self.stdout.write(
                f"{assumed:,} rows have times without an offset, which were read as UTC. If they are local, "
                "say --time-zone ZONE."
            )
        if counts["failed"]:
            self.stdout.write(f"The failed rows, each with its reason, are in {results_path}.")


def read_columns(said: Sequence[str], columns: Columns) -> dict[str, str]:
    """Return our columns by the names in the file, of `--column`. Raises: CommandError."""
    read: dict[str, str] = {}
    for pair in said:
        name, _, theirs = pair.partition("=")
        if name not in columns.ours or not theirs:
            known = ", ".join(sorted(columns.ours))
            raise CommandError(f"--column {pair}: needed is OURS=THEIRS, where OURS is one of {known}.")
        if name in read.values() or plain(theirs) in map(plain, read):
            raise CommandError(f"--column {pair}: it is given twice.")
        read[theirs] = name
    return read


def reading_of(options: dict[str, Any]) -> Reading:
    """Return what the options say of times and numbers. Raises: CommandError."""
    zone, ambiguous = options["time_zone"], options["ambiguous"]
    if ambiguous and not zone:
        raise CommandError("--ambiguous is of times in a --time-zone, and none is given.")
    return Reading(zone_named(zone) if zone else None, ambiguous, options["decimal_comma"])


def zone_named(name: str) -> ZoneInfo:
    """Raises: CommandError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name.title(), available_timezones(), n=1)
        hint = f" Perhaps {near[0]}?" if near else " Needed is a name such as Europe/Helsinki."
        raise CommandError(f"--time-zone {name}: there is no such time zone.{hint}") from None
