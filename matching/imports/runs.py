"""Files of matches and sessions: read as a stream, written in chunks, taken up again where they stopped.

A chunk's rows, its place in the file and the length of the results file are committed together. Whatever
ends an import, the same command goes on after the last chunk that was committed.
"""

import csv
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.db import connection, transaction
from django.utils import timezone

from goalsvc.database.lifecycle import only_one
from goalsvc.orgs.models import Organization
from matching.imports.cells import defuse
from matching.imports.columns import VERDICT_COLUMNS, Columns
from matching.imports.files import Encoding, UnusableFileError, lines_of, opened, recognize
from matching.imports.readings import Reading
from matching.imports.rows import CSVFile, NDJSONFile, Row, is_blank
from matching.matches.answers import RowAnswer
from matching.matches.retries import retried_on_collision
from matching.models import ImportRun

CHUNK_ROWS = 5000
# What an import fills.
TABLES = {
    ImportRun.Kind.MATCHES: ("matching_externalmatch", "matching_pendingmatch", "matching_matchattempt"),
    ImportRun.Kind.SESSIONS: ("matching_visitor", "matching_visitoridentity", "matching_visitorsession"),
}
# In the counts of a run: how many rows failed with which code, and how many had times taken for UTC.
CODE = "code"
ASSUMED_TIMES = "assumed UTC"


def detail_of(answer: RowAnswer[Any]) -> str | None:
    """Say in a line what a failing answer says in JSON."""
    if answer.errors is None:
        return answer.detail
    return "; ".join(f"{name}: {sentences_of(errors)}" for name, errors in answer.errors.items())


def sentences_of(errors: Any) -> str:
    return " ".join(map(str, errors)) if isinstance(errors, list) else str(errors)


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first reading of the file tells: the name of its content, and how many lines it has."""

    digest: str
    lines: int
    encoding: Encoding


def survey(path: Path, *, format: str, encoding: str | None, options: Mapping[str, Any]) -> Survey:
    """Read the file once before anything is written.

    Args:
        format: `csv`, all of which has to be text, or `ndjson`: a broken line spoils no other.
        encoding: what its importer says, if anything.
        options: what else changes the meaning of its rows.

    Raises: UnusableFileError, naming the line.
    """
    found = recognize(path, format=format, encoding=encoding)
    errors = "strict" if format == "csv" else "surrogateescape"
    digest = hashlib.sha256(json.dumps(options, sort_keys=True, default=str).encode())
    number = 0
    with opened(path) as file:
        for number, line in enumerate(lines_of(file, found), 1):
            try:
                digest.update(line.encode(errors=errors))
            except UnicodeEncodeError:
                raise UnusableFileError(
                    f"Line {number} is not UTF-8. Save the file as UTF-8, or say --encoding. "
                    "Nothing was imported."
                ) from None
    return Survey(digest.hexdigest(), number, found)


class Results:
    """The results file: each failed row with its verdict, in the form of the imported file."""

    def __init__(self, path: Path, source: CSVFile | NDJSONFile, length: int) -> None:
        """Open the file for writing after its first `length` bytes; what follows them is dropped.

        Where it is gone, or shorter, it begins anew with the rows to come.
        """
        self.source = source
        is_continued = length > 0 and path.exists() and path.stat().st_size >= length
        self.file = path.open("r+b" if is_continued else "wb")
        if is_continued:
            self.file.truncate(length)
            self.file.seek(length)
        elif isinstance(source, CSVFile):
            self.write_cells([*source.header, *self.verdict_columns()])

    def verdict_columns(self) -> list[str]:
        """Return the columns to add: a fed-back file has them already, and gets them anew."""
        assert isinstance(self.source, CSVFile)
        return [name for name in VERDICT_COLUMNS if name not in self.source.names]

    def write(self, row: Row, answer: RowAnswer[Any]) -> None:
        verdict = {
            "row": row.number,
            "status": answer.status,
            "code": answer.code,
            "detail": detail_of(answer),
            "reason": answer.reason["message"] if answer.reason else None,
        }
        if isinstance(self.source, CSVFile):
            width = len(self.source.names)
            cells = [*row.source, *[""] * (width - len(row.source))]
            if is_blank(cells[width:]):
                del cells[width:]
            # Surplus cells stay together in the last column, so that the row can be mended.
            cells[width - 1 :] = [self.source.delimiter.join(cells[width - 1 :])]
            for index, name in enumerate(self.source.names):
                if name in verdict:
                    cells[index] = verdict[name]
            self.write_cells([*cells, *(verdict[name] for name in self.verdict_columns())])
        else:
            item = row.item if isinstance(row.item, dict) else {"line": row.source.decode(errors="replace")}
            line = json.dumps({**item, **verdict}, default=str, ensure_ascii=True)
            self.file.write(line.encode() + b"\n")

    def write_cells(self, cells: Sequence[Any]) -> None:
        assert isinstance(self.source, CSVFile)
        writer = csv.writer(_Encoder(self.file), delimiter=self.source.delimiter, lineterminator="\n")
        writer.writerow(["" if cell is None else defuse(str(cell)) for cell in cells])

    def commit(self) -> int:
        """Put what was written on disk; return the length of the file."""
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.file.tell()

    def place(self) -> int:
        """Return where the next row will be written."""
        return self.file.tell()

    def cut(self, place: int) -> None:
        """Take back what was written after a place."""
        self.file.seek(place)
        self.file.truncate()

    def close(self) -> None:
        self.file.close()


class _Encoder:
    """What csv.writer writes to: text in, UTF-8 out."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write(self, text: str) -> int:
        return self.file.write(text.encode())


@dataclass(slots=True)
class Import:
    """An import of one file: what it reads, how it writes, and where it stands."""

    organization: Organization
    kind: ImportRun.Kind
    path: Path
    format: str
    encoding: str | None  # None: to be found out
    columns: Columns
    reading: Reading
    options: Mapping[str, Any]  # what changes the meaning of the rows
    record: Callable[[Sequence[Any], datetime], Sequence[RowAnswer[Any]]]
    results_path: Path
    say: Callable[[str], None]  # shows a remark on the file to the user
    validate_only: bool = False

    def run(self, progress: Callable[[int, int], None]) -> ImportRun:
        """Import what has not been imported yet; return where it stands then.

        Args:
            progress: called with the number of rows done since the last call, and of the file's lines.

        Raises: UnusableFileError.
        """
        options = {
            **self.options,
            "format": self.format,
            "columns": [self.columns.renamed, self.columns.ignored],
            "reading": asdict(self.reading),
        }
        found = survey(self.path, format=self.format, encoding=self.encoding, options=options)
        if found.encoding.is_guessed:
            self.say(f"Read as {found.encoding.name}. If that is wrong, say another --encoding.")
        with self.alone(found.digest):
            return self.run_alone(found, progress)

    def run_alone(self, found: Survey, progress: Callable[[int, int], None]) -> ImportRun:
        run = self.find_run(found.digest)
        if run.finished_at is not None:
            return run
        with opened(self.path) as file:
            lines = lines_of(file, found.encoding)
            source: CSVFile | NDJSONFile
            if self.format == "csv":
                source = CSVFile(lines, self.columns, self.reading)
            else:
                source = NDJSONFile(lines, self.reading)
            if source.unread:
                self.say(f"Columns that nobody reads: {', '.join(source.unread)}.")
            rows = source.rows()
            skipped = sum(1 for _ in islice(rows, run.rows_done))
            progress(skipped, found.lines)
            with closing(Results(self.results_path, source, run.results_bytes)) as results:
                while chunk := list(islice(rows, CHUNK_ROWS)):
                    self.import_chunk(run, chunk, results)
                    progress(len(chunk), found.lines)
                    if run.rows_done <= CHUNK_ROWS:
                        self.analyze()  # the first rows of a new installation, perhaps
        run.finished_at = timezone.now()
        if not self.validate_only:
            run.save(update_fields=["finished_at"])
            self.analyze()
        if not run.counts.get("failed"):
            self.results_path.unlink(missing_ok=True)
        return run

    def analyze(self) -> None:
        """Let PostgreSQL look at what was written: plans for empty tables read full ones as a whole."""
        if not self.validate_only:
            with connection.cursor() as cursor:
                cursor.execute(f"ANALYZE {', '.join(TABLES[self.kind])}")

    @contextmanager
    def alone(self, digest: str) -> Iterator[None]:
        """Keep other processes from importing the file at the same time. Raises: UnusableFileError."""
        if self.validate_only:
            yield
            return
        name = f"{self.organization.id} {self.kind} {digest}".encode()
        with only_one(int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)) as is_alone:
            if not is_alone:
                raise UnusableFileError("Another process is importing this file right now.")
            yield

    def find_run(self, digest: str) -> ImportRun:
        """Return where the import of this file stands."""
        key = {"organization": self.organization, "kind": self.kind, "digest": digest}
        if self.validate_only:
            return ImportRun(**key, started_at=timezone.now())
        run, _ = ImportRun.objects.get_or_create(**key, defaults={"started_at": timezone.now()})
        return run

    def import_chunk(self, run: ImportRun, chunk: Sequence[Row], results: Results) -> None:
        """Write a chunk and its place in the file in one transaction."""
        self.write_chunk(run, chunk, results, Counter(run.counts), results.place(), run.rows_done)

    @retried_on_collision
    def write_chunk(
        self,
        run: ImportRun,
        chunk: Sequence[Row],
        results: Results,
        counts_before: Counter[str],
        place: int,
        rows_done: int,
    ) -> None:
        """Write a chunk after what was there before it: tried again, it begins there again."""
        results.cut(place)
        counts = counts_before.copy()
        with transaction.atomic():
            answers = self.record([row.item for row in chunk], timezone.now())
            for row, answer in zip(chunk, answers, strict=True):
                counts[answer.verdict.value] += 1
                if row.has_assumed_times:
                    counts[ASSUMED_TIMES] += 1
                if answer.code is not None:
                    counts[f"{CODE} {answer.code}"] += 1
                    results.write(row, answer)
            run.counts = dict(counts)
            run.rows_done = rows_done + len(chunk)
            # On disk before the commit: after a crash the file is cut to what was committed.
            run.results_bytes = results.commit()
            if not self.validate_only:
                run.save(update_fields=["counts", "rows_done", "results_bytes"])
