"""Uploaded files: taken in as a stream, imported in the background, cancelled, and forgotten.

Their names in the storage are ids; what senders call them is text to show, and nothing else.
"""

import errno
import hashlib
import json
import logging
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.core.files import File
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateWorker
from procrastinate.exceptions import ConnectorException
from rest_framework.exceptions import ParseError

from goalsvc.api.errors import PayloadTooLarge, ServiceUnavailable
from goalsvc.orgs.models import Organization, User
from matching.imports.options import Options, displayed_name
from matching.matches.retries import retried_on_collision
from matching.models import ImportRun
from matching.models.records import uploads
from matching.refusals import ImportFinished

logger = logging.getLogger(__name__)

Status = ImportRun.Status
TASK = "run_import"
SILENCE = timedelta(minutes=1)  # of a worker that is gone
# A file without a row is of an upload that was killed, or one that is just arriving.
LONGEST_ARRIVAL = timedelta(days=2)


class StorageUnavailable(ServiceUnavailable):
    """The 503 of an upload that could not be kept."""

    wait = 60

    def __init__(self, error: OSError) -> None:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "is full" if is_full else "cannot be written to"
        super().__init__(f"The storage for uploads {why}. Nothing of the file was kept. Try again later.")


class Readable(Protocol):
    """What an upload comes as."""

    def read(self, size: int, /) -> bytes: ...


class Stream(File):
    """What arrives, hashed and counted as the storage reads it."""

    def __init__(self, source: Readable, expected_size: int | None) -> None:
        super().__init__(None, name="upload")
        self.source = source
        self.expected_size = expected_size
        self.digest = hashlib.sha256()
        self.read_size = 0

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Raises: PayloadTooLarge, ParseError for a stream that breaks off, or has nothing."""
        while chunk := self.read_some(chunk_size or 256 * 1024):
            self.read_size += len(chunk)
            if self.read_size > settings.MAX_UPLOAD_BYTES:
                raise PayloadTooLarge(settings.MAX_UPLOAD_BYTES)
            self.digest.update(chunk)
            yield chunk
        if self.read_size == 0:
            raise ParseError("The request has no file: its body is empty.")
        if self.expected_size is not None and self.read_size < self.expected_size:
            raise ParseError("The request body ended before its announced length.")

    def read_some(self, size: int) -> bytes:
        try:
            return self.source.read(size)
        except OSError:
            raise ParseError("The request body ended before its announced length.") from None


def receive(
    organization: Organization,
    stream: Readable,
    options: Options,
    *,
    filename: str,
    by: User | None,
    at: datetime,
    size: int | None = None,
) -> tuple[ImportRun, bool]:
    """Keep a file and queue its import; return its run, and whether the same file was known already.

    Of the same file with the same options there is one import, whoever sends it, also at the same moment.

    Args:
        filename: as its sender calls it; only shown.
        size: the announced length, where there is one.

    Raises: PayloadTooLarge, ParseError for what breaks off or is empty, StorageUnavailable. Nothing is left.
    """
    if size is not None and size > settings.MAX_UPLOAD_BYTES:
        raise PayloadTooLarge(settings.MAX_UPLOAD_BYTES)
    run = ImportRun(
        organization=organization,
        kind=options.kind,
        status=Status.QUEUED,
        filename=displayed_name(filename),
        options=options.stored(),
        created_at=at,
        created_by=by,
    )
    content = Stream(stream, size)
    name = f"{run.id}.{options.format}"
    try:
        run.file = save(name, content)
        run.size = content.read_size
        run.digest = digest_of(content.digest.hexdigest(), options)
        kept, is_replay = keep(run)
    except BaseException:
        uploads().delete(name)
        raise
    if kept.file != run.file:
        uploads().delete(name)
    return kept, is_replay


def save(name: str, content: File) -> str:
    """Write a file to the storage, and on disk. Raises: StorageUnavailable."""
    try:
        saved = uploads().save(name, content)
        with uploads().open(saved) as file:
            os.fsync(file.fileno())  # what is acknowledged must survive a crash of the machine
    except OSError as error:
        logger.exception("an upload could not be kept")
        raise StorageUnavailable(error) from error
    return saved


def digest_of(content_digest: str, options: Options) -> str:
    meaning = json.dumps(["upload", options.stored(), content_digest], sort_keys=True)
    return hashlib.sha256(meaning.encode()).hexdigest()


@retried_on_collision
@transaction.atomic
def keep(run: ImportRun) -> tuple[ImportRun, bool]:
    """Write the row of an upload and queue its import; return the row that there is, and whether it was.

    A run whose file was lost before its import was finished gets the new one and is queued again.
    """
    made = ImportRun.objects.bulk_create([run], ignore_conflicts=True)[0]
    known = ImportRun.objects.select_for_update().get(
        organization=run.organization, kind=run.kind, digest=run.digest
    )
    if known.pk == made.pk:
        defer(known)
        return known, False
    if known.is_lost:
        known.file, known.size = run.file, run.size
        known.save(update_fields=["file", "size"])
        queue_again(known)
        return known, False
    return known, True


def defer(run: ImportRun) -> None:
    """Have a worker import the file, once the transaction is committed; those of an organization in turn.

    Raises: DatabaseError, as our own statements would; procrastinate's hides the driver's.
    """
    with connection.wrap_database_errors:
        try:
            app.configure_task(TASK, lock=lock_of(run)).defer(run_id=str(run.pk))
        except ConnectorException as error:
            raise (error.__cause__ or error) from None


def lock_of(run: ImportRun) -> str:
    return f"imports of {run.organization_id}"


def is_worker_there(*, at: datetime) -> bool:
    """Tell whether a worker lives that imports what waits."""
    return ProcrastinateWorker.objects.filter(last_heartbeat__gt=at - SILENCE).exists()


def cancel(run: ImportRun, *, at: datetime) -> None:
    """Stop an import that waits or runs; what was committed before stays. Raises: ImportFinished."""
    changed = ImportRun.objects.open().filter(organization=run.organization_id, pk=run.pk)
    if not changed.update(status=Status.CANCELLED, finished_at=at):
        raise ImportFinished()
    run.status, run.finished_at = Status.CANCELLED, at


def can_go_on(run: ImportRun) -> bool:
    """Tell whether `resume` may be called: cancelled or failed, and its file is still there."""
    return run.status in (Status.CANCELLED, Status.FAILED) and bool(run.file)


@retried_on_collision
@transaction.atomic
def resume(run: ImportRun) -> bool:
    """Queue a cancelled or failed import again, to go on after the last row that was committed.

    Returns: whether there was anything to go on with.
    """
    locked = ImportRun.objects.select_for_update().get(organization=run.organization_id, pk=run.pk)
    if not can_go_on(locked):
        return False
    queue_again(locked)
    return True


def queue_again(run: ImportRun) -> None:
    run.status, run.finished_at, run.error = Status.QUEUED, None, ""
    run.save(update_fields=["status", "finished_at", "error"])
    defer(run)


def failed_rows(run: ImportRun) -> Iterator[bytes]:
    """Yield the file of refused rows, as far as it was committed. Raises: FileNotFoundError, at once."""
    file = uploads().open(run.results_name)

    def parts() -> Iterator[bytes]:
        left = run.results_bytes
        with file:
            while left > 0 and (part := file.read(min(left, 256 * 1024))):
                left -= len(part)
                yield part

    return parts()


def forget_old(*, at: datetime) -> dict[str, int]:
    """Delete files that are too old, and those without a row; return how many. The rows stay."""
    since = at - timedelta(days=settings.UPLOAD_DAYS)
    # Their files are strays then.
    ImportRun.objects.filter(status=Status.DRAFT, created_at__lt=since).delete()
    old = list(
        ImportRun.objects.exclude(status__in=ImportRun.OPEN).exclude(file="").filter(created_at__lt=since)
    )
    for run in old:
        delete_file(run)
    return {"uploads": len(old), "files without an import": forget_strays(at=at)}


def delete_file(run: ImportRun) -> None:
    """Delete an upload with its file of refused rows; the row says that it is gone."""
    for name in (run.results_name, run.file):
        uploads().delete(name)
    ImportRun.objects.filter(organization=run.organization_id, pk=run.pk).update(file="")


def forget_strays(*, at: datetime) -> int:
    """Delete files that no row names: a process was killed while they came, or the organization is gone."""
    storage = uploads()
    try:
        _, names = storage.listdir("")
    except FileNotFoundError:
        return 0  # nothing was uploaded yet
    rows = ImportRun.objects.exclude(file="").values_list("pk", "file")
    # An upload in the place of a lost one has the name of its own run.
    known = {name for pk, file in rows for name in (str(pk), file.partition(".")[0])}
    deleted = 0
    for name in names:
        if name.partition(".")[0] in known:
            continue
        try:
            if storage.get_modified_time(name) < at - LONGEST_ARRIVAL:
                storage.delete(name)
                deleted += 1
        except FileNotFoundError:
            continue
    return deleted
