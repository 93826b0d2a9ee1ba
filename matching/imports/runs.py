"""Files of matches and sessions: read as a stream, written in chunks, taken up again where they stopped.

A chunk's rows, its place in the file and the length of the results file are committed together. Whatever
ends an import, the same command goes on after the last chunk that was committed.
"""

import codecs
import csv
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from django.db import connection, transaction
from django.utils import timezone

from goalsvc.database.lifecycle import only_one
from goalsvc.orgs.models import Organization, User
from goalsvc.replica.models import note_write
from matching.imports.columns import VERDICT_COLUMNS
from matching.imports.files import Encoding, UnusableFileError, lines_of, opened, recognize
from matching.imports.options import Options
from matching.imports.rows import CSVFile, Row, defuse, is_blank, rows_of_ndjson
from matching.matches.answers import RowAnswer
from matching.matches.retries import retried_on_collision
from matching.models import ImportRun

Status = ImportRun.Status

CHUNK_ROWS = 5000
CHUNK_BYTES = 8 * 2**20  # of long rows fewer, so that those of a hostile file do not fill the memory
# What an import fills.
TABLES = {
    ImportRun.Kind.MATCHES: ("matching_externalmatch", "matching_pendingmatch", "matching_matchattempt"),
    ImportRun.Kind.SESSIONS: ("matching_visitor", "matching_visitoridentity", "matching_visitorsession"),
}
# So many rows, by PostgreSQL's own estimate (-1: it has never looked).
KNOWN_ROWS = """
    SELECT relname, reltuples FROM pg_class
    WHERE oid = ANY(%(tables)s::text[]::regclass[])
"""
LARGE = 100_000
# In the counts of a run: how many rows failed with which code, and how many had times taken for UTC.
CODE = "code"
ASSUMED_TIMES = "assumed UTC"


class Bar(Protocol):
    """What shows how far an import has come, such as tqdm's."""

    def update(self, n: float | None = ...) -> Any: ...


class ImportCancelledError(Exception):
    """Somebody has cancelled the import; what was committed before stays."""


class ImportStoppedError(Exception):
    """Whoever runs the import wants it to stop here; it is to be taken up again."""


class AlreadyRunningError(Exception):
    """Another process is importing this file right now."""


def ignore(remark: str) -> None:
    pass


def never() -> bool:
    return False


def detail_of(answer: RowAnswer[Any]) -> str | None:
    """Say in a line what a failing answer says in JSON."""
    if answer.errors is None:
        return answer.detail
    sentences = {
        name: " ".join(map(str, errors)) if isinstance(errors, list) else errors
        for name, errors in answer.errors.items()
    }
    return "; ".join(f"{name}: {said}" for name, said in sentences.items())


def take_chunk(checked: Iterator[tuple[Row, Any]]) -> list[tuple[Row, Any]]:
    """Take the next rows, CHUNK_ROWS of them, or as many as have CHUNK_BYTES."""
    chunk = []
    size = 0
    for row, item in islice(checked, CHUNK_ROWS):
        chunk.append((row, item))
        size += row.size
        if size >= CHUNK_BYTES:
            break
    return chunk


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
        self.length_on_disk = -1  # not known
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
        length = self.file.tell()
        if length != self.length_on_disk:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.length_on_disk = length
        return length

    def cut(self, length: int) -> None:
        """Take back what was written after the first `length` bytes."""
        if self.file.tell() != length:
            self.file.seek(length)
            self.file.truncate()
            self.length_on_disk = -1  # it may have been on disk with other bytes


@dataclass(slots=True)
class Import:
    """An import of one file: what it reads, how it writes, and where it stands."""

    organization: Organization
    options: Options
    path: Path
    results_path: Path
    bar: Bar
    filename: str = ""
    run: ImportRun | None = None  # of an upload; that of another file is found by its digest
    by: User | None = None
    say: Callable[[str], None] = ignore  # at once, for an import can take long
    is_to_stop: Callable[[], bool] = never

    def start(self) -> ImportRun:
        """Import what has not been imported yet; return where it stands then.

        Raises: UnusableFileError, ImportCancelledError, ImportStoppedError, AlreadyRunningError.
        """
        options, columns = self.options, self.options.columns
        meaning = {
            **options.meaning,
            "format": options.format,
            "columns": [columns.renamed, columns.ignored],
            "reading": asdict(options.reading),
        }
        found = survey(self.path, format=options.format, encoding=options.encoding, options=meaning)
        key = {"organization": self.organization, "kind": options.kind, "digest": found.digest}
        now = timezone.now()
        new = {
            "filename": self.filename,
            "size": self.path.stat().st_size,
            "options": options.stored(),
            "created_at": now,
            "started_at": now,
            "created_by": self.by,
        }
        if self.run is None and options.dry_run:
            return self.go_on(ImportRun(**key, **new), found)
        name = f"{self.organization.id} {options.kind} {self.run.digest if self.run else found.digest}"
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        with only_one(number) as is_alone:
            if not is_alone:
                raise AlreadyRunningError
            run = self.run
            if run is None:
                run, is_new = ImportRun.objects.get_or_create(**key, defaults=new)
                if (not is_new and run.finished_at is None) or run.status == Status.CANCELLED:
                    run.take_up(at=now)
            return self.go_on(run, found)

    def remark(self, run: ImportRun, remark: str) -> None:
        self.say(remark)
        if remark not in run.remarks:
            run.remarks.append(remark)

    def go_on(self, run: ImportRun, found: Survey) -> ImportRun:
        """Import the rows after those that the run has done."""
        if run.status == Status.FINISHED:
            return run
        if found.encoding.is_guessed:
            self.remark(run, f"Read as {found.encoding.name}. If that is wrong, say another --encoding.")
        options = self.options
        with opened(self.path) as file:
            lines = lines_of(file, found.encoding)
            table = CSVFile(lines, options.columns, options.reading) if options.format == "csv" else None
            if table and table.unread:
                run.unread_columns = table.unread
                self.remark(run, f"Columns that nobody reads: {', '.join(table.unread)}.")
            rows = table.rows() if table else rows_of_ndjson(lines, options.reading)
            run.rows_total = found.lines - (table is not None)
            self.keep(run, "rows_total", "unread_columns", "remarks")
            self.bar.update(sum(1 for _ in islice(rows, run.rows_done)))
            results = Results(self.results_path, table, run.results_bytes)
            with results.file:
                self.write(run, rows, results)
        if not options.dry_run:
            note_write(self.organization.id)  # first: whoever sees the import finished sees its rows
        run.finished_at, run.status, run.rows_total = timezone.now(), Status.FINISHED, run.rows_done
        self.keep(run, "finished_at", "status", "rows_total")
        self.analyze(run)
        if not run.counts.get("failed"):
            self.results_path.unlink(missing_ok=True)
        return run

    def write(self, run: ImportRun, rows: Iterator[Row], results: Results) -> None:
        """Write the rows in chunks. While the database takes one, a thread reads and checks the next."""
        read = self.options.reader(run.created_by)
        checked = ((row, read(row.item)) for row in rows)
        with ThreadPoolExecutor(max_workers=1) as reader:
            next_chunk = reader.submit(take_chunk, checked)
            while chunk := next_chunk.result():
                if self.is_to_stop():
                    raise ImportStoppedError
                next_chunk = reader.submit(take_chunk, checked)
                self.write_chunk(run, chunk, results, length=results.file.tell())
                self.bar.update(len(chunk))
                if run.rows_done <= CHUNK_ROWS:
                    self.analyze(run)  # the first rows of a new installation, perhaps

    def keep(self, run: ImportRun, *names: str) -> None:
        """Write what has changed of a run. Raises: ImportCancelledError."""
        if self.is_kept(run):
            values = {name: getattr(run, name) for name in names}
            if not self.organization.import_runs.running().filter(pk=run.pk).update(**values):
                raise ImportCancelledError

    def is_kept(self, run: ImportRun) -> bool:
        """Tell whether the run has a row: not that of a command's dry run."""
        return not run._state.adding

    def analyze(self, run: ImportRun) -> None:
        """Let PostgreSQL look at what was written: plans for empty tables read full ones as a whole.

        A table that it knows to be large is left to autovacuum unless the run has added half as many rows: to
        look at it takes as long as to write thousands of rows.
        """
        if self.options.dry_run:
            return
        tables = TABLES[self.options.kind]
        with connection.cursor() as cursor:
            cursor.execute(KNOWN_ROWS, {"tables": list(tables)})
            known = dict(cursor.fetchall())
            due = [table for table in tables if known[table] < max(LARGE, 2 * run.rows_done)]
            if due:
                cursor.execute(f"ANALYZE {', '.join(due)}")

    @retried_on_collision
    def write_chunk(
        self, run: ImportRun, chunk: Sequence[tuple[Row, Any]], results: Results, *, length: int
    ) -> None:
        """Write a chunk and its place in the file in one transaction. Raises: ImportCancelledError.

        Args:
            chunk: rows, each with its item as the reader of the options has checked it.
            length: of the results file before the chunk: tried again, it begins there again.
        """
        results.cut(length)
        record = self.options.recorder(self.organization, run.created_by)
        before = run.counts, run.rows_done, run.results_bytes
        counts = Counter(run.counts)
        try:
            with transaction.atomic():
                items = [item for _, item in chunk]
                answers = record(items, at=timezone.now(), validate_only=self.options.dry_run)
                for (row, _), answer in zip(chunk, answers, strict=True):
                    counts[answer.verdict.value] += 1
                    if row.has_assumed_times:
                        counts[ASSUMED_TIMES] += 1
                    if answer.code is not None:
                        counts[f"{CODE} {answer.code}"] += 1
                        results.write(row, answer)
                # On disk before the commit: after a crash the file is cut to what was committed.
                run.results_bytes = results.commit()
                run.counts, run.rows_done = dict(counts), run.rows_done + len(chunk)
                self.keep(run, "counts", "rows_done", "results_bytes")
        except BaseException:
            run.counts, run.rows_done, run.results_bytes = before
            raise
