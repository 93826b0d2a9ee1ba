"""What the commands that import a file have in common."""

import gc
import shutil
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rest_framework.exceptions import ValidationError
from tqdm import tqdm

from goals.refusals import GoalNotFound
from goalsvc.api.errors import body_of
from goalsvc.orgs.models import Organization
from matching.imports.files import UnusableFileError
from matching.imports.options import AMBIGUOUS, FORMATS, Options, displayed_name, read_options
from matching.imports.runs import ASSUMED_TIMES, CODE, AlreadyRunningError, Import, ImportCancelledError
from matching.models import ImportRun

STANDARD_INPUT = Path("-")


@contextmanager
def kept_input() -> Iterator[Path]:
    """Inside the block standard input is a file: an import reads it twice. Raises: CommandError."""
    folder = ""
    try:
        try:
            folder = mkdtemp(prefix="goalsvc-import-")
            copy = Path(folder, "standard-input")
            with copy.open("wb") as target:
                shutil.copyfileobj(sys.stdin.buffer, target)
        except OSError as error:  # no folder for temporary files, or no room in it
            raise CommandError(
                f"Standard input cannot be kept in the folder for temporary files (TMPDIR): {error.strerror}."
            ) from None
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class ImportCommand(BaseCommand):
    """A command that imports a file into an organization; the subclasses say what its rows are."""

    requires_system_checks = []  # development's business; here they would only delay the first row

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="or - for standard input")
        parser.add_argument("--organization", metavar="ID", required=True)
        parser.add_argument("--format", choices=FORMATS, help="without it, the file's name decides: else CSV")
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
            choices=AMBIGUOUS,
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
        self, kind: ImportRun.Kind, owner: Organization, *, file: Path, results: Path | None, **said: Any
    ) -> None:
        """Import the file and say what became of its rows."""
        if file == STANDARD_INPUT:
            if results is None:
                raise CommandError("Say with --results FILE where failed rows of standard input go.")
            with kept_input() as copy:
                self.import_file(kind, owner, file=copy, results=results, **said)
            return
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        options = self.options_of(owner, kind, said | {"filename": file.name})
        # A dry run must not overwrite the results of an import that has stopped halfway.
        plain_file = file.with_suffix("") if file.suffix.lower() == ".gz" else file
        suffix = f".{'dry-run' if options.dry_run else 'failed'}{plain_file.suffix or '.csv'}"
        results_path = results or plain_file.with_suffix(suffix)
        if results_path.exists() and results_path.samefile(file):
            raise CommandError("The results would overwrite the file; name another place with --results.")
        # A chunk makes many objects and hardly a cycle: looked through by default after every 700.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        with tqdm(unit=" rows", unit_scale=True, file=sys.stderr, desc=file.name) as bar:
            say = partial(tqdm.write, file=sys.stderr)
            job = Import(owner, options, file, results_path, bar, filename=displayed_name(file.name), say=say)
            try:
                run = job.start()
            except UnusableFileError as error:
                raise CommandError(str(error)) from None
            except AlreadyRunningError:
                raise CommandError("Another process is importing this file right now.") from None
            except ImportCancelledError:
                raise CommandError("Cancelled. The same command goes on where it stopped.") from None
            except KeyboardInterrupt:
                raise CommandError("Interrupted. The same command goes on where it stopped.") from None
            except OSError as error:  # a full disk, a folder that may not be written
                where = error.filename or results_path
                raise CommandError(
                    f"{where}: {error.strerror}. The same command goes on where it stopped; --results FILE "
                    "puts the failed rows elsewhere."
                ) from None
        if bar.n == 0 and run.finished_at is not None and run.rows_done:
            finished = run.finished_at.isoformat(timespec="seconds")
            self.stdout.write(f"This file was imported before, by {finished}: nothing to do. It had")
        self.report(run, results_path, validate_only=options.dry_run)
        for remark in run.remarks:
            self.stdout.write(remark)

    def options_of(self, owner: Organization, kind: ImportRun.Kind, said: dict[str, Any]) -> Options:
        """Raises: CommandError."""
        try:
            return read_options(owner, kind, said)
        except GoalNotFound:
            raise CommandError(f"The organization has no goal {said['goal_id']}.") from None
        except ValidationError as error:
            [(name, [sentence])] = body_of(error).items()
            raise CommandError(f"--{name.replace('_', '-')}: {sentence}") from None

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
            if results_path.exists():
                self.stdout.write(f"The failed rows, each with its reason, are in {results_path}.")
            else:  # imported before, from another folder, or its file is gone
                self.stdout.write(f"There is no file {results_path} any more with the failed rows.")
