"""Uploads that wait for a decision: kept, looked at, read in another way, then imported or discarded.

The digest of a draft is that of its content alone, so that the same file waits once.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from goalsvc.orgs.models import Organization, User
from matching.imports.columns import plain
from matching.imports.files import UnusableFileError
from matching.imports.options import Options, displayed_name
from matching.imports.preview import header_of
from matching.imports.uploads import defer, digest_of, queue_again, save
from matching.matches.retries import retried_on_collision
from matching.models import ImportRun
from matching.models.records import uploads

Status = ImportRun.Status


def keep_draft(
    organization: Organization,
    file: UploadedFile,
    options: Options,
    *,
    filename: str,
    content_digest: str,
    by: User,
    at: datetime,
) -> ImportRun:
    """Keep a file and import nothing; one that waits already is read as is said now.

    Args:
        content_digest: the SHA-256 of the file.

    Raises: StorageUnavailable.
    """
    run = ImportRun(
        organization=organization,
        kind=options.kind,
        status=Status.DRAFT,
        filename=displayed_name(filename),
        size=file.size or 0,
        digest=content_digest,
        options=options.stored(),
        created_at=at,
        created_by=by,
    )
    run.file = name = save(f"{run.id}.{options.format}", file)
    try:
        ImportRun.objects.bulk_create([run], ignore_conflicts=True)
        kept = ImportRun.objects.get(organization=organization, kind=options.kind, digest=content_digest)
    except BaseException:
        uploads().delete(name)
        raise
    if kept.pk != run.pk:
        uploads().delete(name)
    set_options(kept, options)
    return kept


def set_options(draft: ImportRun, options: Options) -> bool:
    """Have a draft read in another way, without what is said of columns that it does not have.

    Returns: whether it still waits.
    """
    with suppress(UnusableFileError, FileNotFoundError):  # which the next look at it says
        options = without_absent_columns(
            options, header_of(path_of(draft), format=options.format, encoding=options.encoding)
        )
    draft.kind, draft.options = options.kind, options.stored()
    rows = ImportRun.objects.filter(organization=draft.organization_id, pk=draft.pk, status=Status.DRAFT)
    return bool(rows.update(kind=draft.kind, options=draft.options))


def without_absent_columns(options: Options, header: Sequence[str]) -> Options:
    there = set(map(plain, header))
    return replace(
        options,
        column=tuple(pair for pair in options.column if plain(pair.partition("=")[2]) in there),
        ignore_column=tuple(title for title in options.ignore_column if plain(title) in there),
    )


def path_of(run: ImportRun) -> Path:
    return Path(uploads().path(str(run.file)))


def import_of(draft: ImportRun) -> ImportRun | None:
    """Return the import of the same file, read in the same way, if there was one that has its file."""
    known = ImportRun.objects.filter(
        organization=draft.organization_id, kind=draft.kind, digest=meaning_of(draft)
    ).first()
    return None if known is None or known.is_lost else known


def meaning_of(draft: ImportRun) -> str:
    return digest_of(draft.digest, Options.of(draft))


@retried_on_collision
@transaction.atomic
def begin(draft: ImportRun, *, by: User) -> ImportRun:
    """Import a draft; return its run, or that of the same file if there was one."""
    mine = ImportRun.objects.select_for_update().filter(organization=draft.organization_id)
    locked = mine.filter(pk=draft.pk, status=Status.DRAFT).first()
    if locked is None:
        return draft  # begun or discarded meanwhile
    digest = meaning_of(locked)
    known = mine.filter(kind=locked.kind, digest=digest).first()
    if known is None:
        locked.status, locked.digest, locked.created_by = Status.QUEUED, digest, by
        locked.save(update_fields=["status", "digest", "created_by"])
        defer(locked)
        return locked
    if known.is_lost:
        known.file, known.size = locked.file, locked.size
        known.save(update_fields=["file", "size"])
        queue_again(known)
        mine.filter(pk=locked.pk).delete()
    else:
        forget(locked)
    return known


@retried_on_collision
@transaction.atomic
def discard(draft: ImportRun) -> bool:
    """Forget a draft and its file; return whether it was there."""
    rows = ImportRun.objects.select_for_update().filter(organization=draft.organization_id)
    locked = rows.filter(pk=draft.pk, status=Status.DRAFT).first()
    if locked is not None:
        forget(locked)
    return locked is not None


def forget(draft: ImportRun) -> None:
    name = str(draft.file)
    ImportRun.objects.filter(organization=draft.organization_id, pk=draft.pk).delete()
    transaction.on_commit(lambda: uploads().delete(name))
