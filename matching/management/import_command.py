"""What the commands that import a file have in common."""

import gc
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from goalsvc.orgs.models import Organization
from matching.files import UnusableFileError
from matching.importing import CODE, Import, Outcome
from matching.management.naming import organization_named
from matching.models import ImportRun
from matching.rows import Columns, Reading, detect_format, plain, unpacked_name


class ImportCommand(BaseCommand):
    """Imports a file into an organization; the subclasses say what its rows are."""

    kind: ClassVar[ImportRun.Kind]

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

    def read_options(self, organization: Organization, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options that change the meaning of the rows. Raises: CommandError."""
        return {}

    def columns(self, options: dict[str, Any]) -> Columns:
        raise NotImplementedError

    def record(
        self,
        organization: Organization,
        items: Sequence[Any],
        at: datetime,
        options: dict[str, Any],
        is_rehearsal: bool,
    ) -> list[Outcome]:
        """Write the rows of a chunk; return what became of each."""
        raise NotImplementedError

    def handle(self, *, file: Path, organization: str, dry_run: bool, **options: Any) -> None:
        owner = organization_named(organization)
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        wanted = self.read_options(owner, options)
        remarks: list[str] = []
        # A rehearsal must not write over the results of an import that has stopped halfway.
        plain_file = unpacked_name(file)
        suffix = f".{'dry-run' if dry_run else 'failed'}{plain_file.suffix or '.csv'}"
        results_path = options["results"] or plain_file.with_suffix(suffix)
        if results_path.exists() and results_path.samefile(file):
            raise CommandError("The results would overwrite the file; name another place with --results.")
        columns = self.columns(wanted)
        job = Import(
            organization=owner,
            kind=self.kind,
            path=file,
            format=options["format"] or detect_format(file),
            encoding=options["encoding"],
            columns=columns,
            reading=Reading(read_columns(options["column"], columns), options["ignore_column"]),
            options=wanted,
            record=lambda items, at: self.record(owner, items, at, wanted, dry_run),
            results_path=results_path,
            say=remarks.append,
            is_rehearsal=dry_run,
        )
        # A chunk makes many objects and hardly a cycle: looked through by default after every 700.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        with tqdm(unit=" rows", unit_scale=True, file=sys.stderr, desc=file.name) as bar:

            def progress(rows: int, lines: int) -> None:
                bar.total = lines
                bar.update(rows)

            try:
                run = job.run(progress)
            except UnusableFileError as error:
                raise CommandError(str(error)) from None
            except KeyboardInterrupt:
                raise CommandError("Interrupted. The same command goes on where it stopped.") from None
        if bar.n == 0 and run.finished_at is not None and run.rows_done:
            finished = run.finished_at.isoformat(timespec="seconds")
            self.stdout.write(f"This file was imported before, by {finished}: nothing to do. It had")
        self.report(run, results_path, is_rehearsal=dry_run)
        for remark in remarks:
            self.stdout.write(remark)

    def report(self, run: ImportRun, results_path: Path, *, is_rehearsal: bool) -> None:
        """Say what became of the rows."""
        if is_rehearsal:
            self.stdout.write("Nothing was written. What an import would do:")
        self.stdout.write(f"{run.rows_done:>12,}  rows")
        for word, count in sorted(run.counts.items()):
            label = f"  {word.removeprefix(CODE).strip()}" if word.startswith(CODE) else word
            self.stdout.write(f"{count:>12,}  {label}")
        if run.counts.get("failed"):
            self.stdout.write(f"The failed rows, each with its reason, are in {results_path}.")


def read_columns(said: Sequence[str], columns: Columns) -> dict[str, str]:
    """Return our columns by the names in the file, of `--column`. Raises: CommandError."""
    ours = columns.required | columns.optional
    read: dict[str, str] = {}
    for pair in said:
        name, _, theirs = pair.partition("=")
        if name not in ours or not theirs:
            known = ", ".join(sorted(ours))
            raise CommandError(f"--column {pair}: needed is OURS=THEIRS, where OURS is one of {known}.")
        if name in read.values() or plain(theirs) in map(plain, read):
            raise CommandError(f"--column {pair}: it is given twice.")
        read[theirs] = name
    return read
