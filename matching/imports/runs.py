"""Files of matches and sessions: read as a stream, written in chunks, taken up again where they stopped.

A chunk's rows, its place in the file and the length of the results file are committed together. Whatever
ends an import, the same command goes on after the last chunk that was committed.
"""

import codecs
import csv
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from tqdm import tqdm

from goalsvc.database.lifecycle import only_one
from goalsvc.orgs.models import Organization
from matching.imports.columns import VERDICT_COLUMNS, Columns
from matching.imports.files import Encoding, UnusableFileError, lines_of, opened, recognize
from matching.imports.readings import Reading
from matching.imports.rows import CSVFile, Row, defuse, is_blank, rows_of_ndjson
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

Recorder = Callable[..., Sequence[RowAnswer[Any]]]


def detail_of(answer: RowAnswer[Any]) -> str | None:
    """Say in a line what a failing answer says in JSON."""
    if answer.errors is None:
        return answer.detail
    sentences = {
        name: " ".join(map(str, errors)) if isinstance(errors, list) else errors
        for name, errors in answer.errors.items()
    }
    return "; ".join(f"{name}: {said}" for name, said in sentences.items())


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

    def __init__(self, path: Path, table: CSVFile | None, length: int) -> None:
        """Open the file for writing after its first `length` bytes; what follows them is dropped.

        Where it is gone, or shorter, it begins anew with the rows to come.
        """
        self.table = table  # None: the imported file is NDJSON
        is_continued = length > 0 and path.exists() and path.stat().st_size >= length
        self.file = path.open("r+b" if is_continued else "wb")
        if is_continued:
            self.cut(length)
        if table is not None:
            text = codecs.getwriter("utf-8")(self.file)
            self.cells = csv.writer(text, delimiter=table.delimiter, lineterminator="\n")
            # A fed-back file has some of these columns already, and gets them anew.
            self.added_columns = [name for name in VERDICT_COLUMNS if name not in table.names]
            if not is_continued:
                self.write_cells([*table.header, *self.added_columns])

    def write(self, row: Row, answer: RowAnswer[Any]) -> None:
        verdict = {
            "row": row.number,
            "status": answer.status,
            "code": answer.code,
            "detail": detail_of(answer),
            "reason": answer.reason["message"] if answer.reason else None,
        }
        if self.table is None:
            item = row.item if isinstance(row.item, dict) else {"line": row.source.decode(errors="replace")}
            line = json.dumps({**item, **verdict}, default=str, ensure_ascii=True)
            self.file.write(line.encode() + b"\n")
            return
        width = len(self.table.names)
        cells = [*row.source, *[""] * (width - len(row.source))]
        if is_blank(cells[width:]):
            del cells[width:]
        # Surplus cells stay together in the last column, so that the row can be mended.
        cells[width - 1 :] = [self.table.delimiter.join(cells[width - 1 :])]
        for index, name in enumerate(self.table.names):
            if name in verdict:
                cells[index] = verdict[name]
        self.write_cells([*cells, *(verdict[name] for name in self.added_columns)])

    def write_cells(self, cells: Sequence[Any]) -> None:
        self.cells.writerow(["" if cell is None else defuse(str(cell)) for cell in cells])

    def commit(self) -> int:
        """Put what was written on disk; return the length of the file."""
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.file.tell()

    def cut(self, length: int) -> None:
        """Take back what was written after the first `length` bytes."""
        self.file.seek(length)
        self.file.truncate()


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
    record: Recorder  # of items, `at` and `validate_only`: the answer to each
    results_path: Path
    validate_only: bool
    remarks: list[str] = field(default_factory=list)  # on the file, for its user

    def run(self, bar: tqdm) -> ImportRun:
        """Import what has not been imported yet; return where it stands then. Raises: UnusableFileError."""
        options = {
            **self.options,
            "format": self.format,
            "columns": [self.columns.renamed, self.columns.ignored],
            "reading": asdict(self.reading),
        }
        found = survey(self.path, format=self.format, encoding=self.encoding, options=options)
        if found.encoding.is_guessed:
            self.say(f"Read as {found.encoding.name}. If that is wrong, say another --encoding.")
        key = {"organization": self.organization, "kind": self.kind, "digest": found.digest}
        now = timezone.now()
        if self.validate_only:
            return self.go_on(ImportRun(**key, started_at=now), found, bar)
        name = f"{self.organization.id} {self.kind} {found.digest}".encode()
        with only_one(int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)) as is_alone:
            if not is_alone:
                raise UnusableFileError("Another process is importing this file right now.")
            run, _ = ImportRun.objects.get_or_create(**key, defaults={"started_at": now})
            return self.go_on(run, found, bar)

    def say(self, remark: str) -> None:
        """Say it at once, for an import can take long, and keep it for the end."""
        tqdm.write(remark, file=sys.stderr)
        self.remarks.append(remark)

    def go_on(self, run: ImportRun, found: Survey, bar: tqdm) -> ImportRun:
        """Import the rows after those that the run has done."""
        if run.finished_at is not None:
            return run
        with opened(self.path) as file:
            lines = lines_of(file, found.encoding)
            table = CSVFile(lines, self.columns, self.reading) if self.format == "csv" else None
            if table and table.unread:
                self.say(f"Columns that nobody reads: {', '.join(table.unread)}.")
            rows = table.rows() if table else rows_of_ndjson(lines, self.reading)
            bar.total = found.lines
            bar.update(sum(1 for _ in islice(rows, run.rows_done)))
            results = Results(self.results_path, table, run.results_bytes)
            with results.file:
                while chunk := list(islice(rows, CHUNK_ROWS)):
                    self.write_chunk(run, chunk, results, length=results.file.tell())
                    bar.update(len(chunk))
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

    @retried_on_collision
    def write_chunk(self, run: ImportRun, chunk: Sequence[Row], results: Results, *, length: int) -> None:
        """Write a chunk and its place in the file in one transaction.

        Args:
            length: of the results file before the chunk: tried again, it begins there again.
        """
        results.cut(length)
        counts = Counter(run.counts)
        with transaction.atomic():
            items = [row.item for row in chunk]
            answers = self.record(items, at=timezone.now(), validate_only=self.validate_only)
            for row, answer in zip(chunk, answers, strict=True):
                counts[answer.verdict.value] += 1
                if row.has_assumed_times:
                    counts[ASSUMED_TIMES] += 1
                if answer.code is not None:
                    counts[f"{CODE} {answer.code}"] += 1
                    results.write(row, answer)
            # On disk before the commit: after a crash the file is cut to what was committed.
            results_bytes = results.commit()
            rows_done = run.rows_done + len(chunk)
            if not self.validate_only:
                ImportRun.objects.filter(pk=run.pk).update(
                    counts=counts, rows_done=rows_done, results_bytes=results_bytes
                )
        run.counts, run.rows_done, run.results_bytes = dict(counts), rows_done, results_bytes
