"""Uploads in the background: taken in, imported by the worker's job, cancelled, taken up again."""

import csv
import errno
import gzip
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import FileSystemStorage
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import JobAborted
from rest_framework.exceptions import APIException, ParseError, ValidationError

from goals.refusals import GoalNotFound
from goalsvc.api.errors import PayloadTooLarge
from matching.imports import jobs, runs, uploads
from matching.imports.options import displayed_name, read_options
from matching.models import ExternalMatch, ImportRun, MatchAttempt, VisitorSession
from matching.refusals import ImportFinished
from tests.factories import (
    GoalFactory,
    ImportRunFactory,
    OrganizationFactory,
    RoomFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)

pytestmark = pytest.mark.django_db

HEADER = "visitor_identity,goal_matched_at,rooms,goal_value"
Status = ImportRun.Status


class Job:
    attempts = 0


class Context:
    """What a job knows of its worker."""

    job = Job()

    def __init__(self, chunks: int = 1000) -> None:
        self.chunks = chunks  # until it is to stop

    def should_abort(self) -> bool:
        self.chunks -= 1
        return self.chunks < 0


class World:
    def __init__(self) -> None:
        self.organization = OrganizationFactory.create()
        self.room = RoomFactory.create(organization=self.organization)
        self.goal = GoalFactory.create(organization=self.organization)
        identity = VisitorIdentityFactory.create(organization=self.organization, identity="customer-1")
        VisitorSessionFactory.create(visitor=identity.visitor, room_ids=[self.room.id])

    def content(self, rows: int, *, failing: int = 7) -> bytes:
        lines = [HEADER]
        for number in range(rows):
            identity = "customer-1" if number % failing else "nobody"
            lines.append(f"{identity},2016-10-10T22:00:00Z,{self.room.id},{number}.00")
        return "\n".join(lines).encode() + b"\n"

    def upload(self, content: bytes, filename: str = "purchases.csv", **given: Any) -> tuple[ImportRun, bool]:
        kind = given.pop("kind", ImportRun.Kind.MATCHES)
        if kind == ImportRun.Kind.MATCHES:
            given.setdefault("goal_id", str(self.goal.id))
        options = read_options(self.organization, kind, {**given, "filename": filename})
        return uploads.receive(
            self.organization, BytesIO(content), options, filename=filename, by=None, at=timezone.now()
        )

    def work(self, run: ImportRun, *, chunks: int = 1000) -> ImportRun:
        context: Any = Context(chunks)
        jobs.run_import(context, run_id=str(run.pk))
        run.refresh_from_db()
        return run


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(runs, "CHUNK_ROWS", 10)


def stored(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*"))


def test_an_upload_is_imported_and_its_refused_rows_are_kept(world, uploads_folder):
    run, is_replay = world.upload(world.content(35), filename="../../etc/käufe.csv")

    assert (run.status, is_replay, run.filename) == (Status.QUEUED, False, "käufe.csv")
    assert stored(uploads_folder) == [f"{run.id}.csv"]
    assert ProcrastinateJob.objects.get().args == {"run_id": str(run.pk)}

    world.work(run)

    assert (run.status, run.rows_done, run.rows_total, run.error) == (Status.FINISHED, 35, 35, "")
    assert run.counts == {"created": 30, "failed": 5, "code session_not_found": 5}
    assert ExternalMatch.objects.count() == 30
    failed = b"".join(uploads.failed_rows(run)).decode()
    assert [row["goal_value"] for row in csv.DictReader(failed.splitlines())] == [
        "0.00", "7.00", "14.00", "21.00", "28.00",
    ]  # fmt: skip


def test_the_same_file_with_the_same_options_is_one_import(world, uploads_folder):
    first, _ = world.upload(world.content(5))
    again, is_replay = world.upload(world.content(5), filename="other.csv")
    other, is_other_replay = world.upload(world.content(5), hold=True)

    assert (again.pk, is_replay) == (first.pk, True)
    assert (other.pk != first.pk, is_other_replay) == (True, False)
    assert stored(uploads_folder) == sorted([f"{first.id}.csv", f"{other.id}.csv"])
    assert ProcrastinateJob.objects.count() == 2


def test_a_rehearsal_writes_nothing_and_tells_all(world):
    run, _ = world.upload(world.content(35), dry_run=True)

    world.work(run)

    assert run.counts == {"created": 30, "failed": 5, "code session_not_found": 5}
    assert (run.rows_done, ExternalMatch.objects.count(), MatchAttempt.objects.count()) == (35, 0, 0)
    assert b"session_not_found" in b"".join(uploads.failed_rows(run))


def test_sessions_are_imported_too(world):
    head = "visitor_session_id,visitor_id,started_at,rooms\n"
    content = f"{head}s-9,v-9,2016-10-10T22:00:00Z,{world.room.id}\n"
    run, _ = world.upload(content.encode(), kind=ImportRun.Kind.SESSIONS)

    world.work(run)

    assert (run.status, run.counts) == (Status.FINISHED, {"created": 1})
    assert VisitorSession.objects.filter(visitor_session_id="s-9").exists()


def test_a_stopped_import_goes_on_where_it_stopped(world):
    run, _ = world.upload(world.content(35))

    with pytest.raises(JobAborted):
        world.work(run, chunks=2)
    run.refresh_from_db()
    assert (run.status, run.rows_done, ExternalMatch.objects.count()) == (Status.RUNNING, 20, 17)

    world.work(run)
    world.work(run)  # a job that comes twice

    assert (run.status, ExternalMatch.objects.count(), MatchAttempt.objects.count()) == ("finished", 30, 5)


def test_what_was_committed_before_a_cancellation_stays(world):
    run, _ = world.upload(world.content(35))
    with pytest.raises(JobAborted):
        world.work(run, chunks=1)

    uploads.cancel(run, at=timezone.now())
    world.work(run)

    assert (run.status, run.rows_done, ExternalMatch.objects.count()) == (Status.CANCELLED, 10, 8)
    with pytest.raises(ImportFinished):
        uploads.cancel(run, at=timezone.now())

    assert uploads.resume(run)
    world.work(run)
    assert (run.status, run.rows_done, ExternalMatch.objects.count()) == (Status.FINISHED, 35, 30)
    assert not uploads.resume(run)


def test_a_cancellation_while_a_chunk_is_written_takes_it_back(world, monkeypatch):
    run, _ = world.upload(world.content(35))
    take = runs.Results.commit

    def cancelled_meanwhile(results: runs.Results) -> int:
        ImportRun.objects.update(status=Status.CANCELLED)
        return take(results)

    monkeypatch.setattr(runs.Results, "commit", cancelled_meanwhile)
    world.work(run)

    # The cancellation itself was in the chunk's transaction here, and went with it.
    assert (run.rows_done, ExternalMatch.objects.count(), MatchAttempt.objects.count()) == (0, 0, 0)


def test_a_file_that_is_gone_can_be_sent_again(world, uploads_folder):
    run, _ = world.upload(world.content(35))
    with pytest.raises(JobAborted):
        world.work(run, chunks=2)
    (uploads_folder / f"{run.id}.csv").unlink()

    world.work(run)
    assert (run.status, run.error) == (Status.FAILED, jobs.LOST)

    again, is_replay = world.upload(world.content(35))
    assert (again.pk, is_replay, again.status) == (run.pk, False, Status.QUEUED)
    world.work(again)
    assert (again.status, ExternalMatch.objects.count()) == (Status.FINISHED, 30)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"%PDF-1.7 \xff\xfe", "This is a PDF."),
        (b"\n\n", "The file is empty: a CSV file needs a header row."),
        (b"identity;when\n1;2\n", "The header lacks"),
        (b"visitor_identity,goal_matched_at,rooms,amount\n", "say column goal_value=amount to read it"),
        (b"\x1f\x8b\x08 broken", "The file is compressed with gzip, and damaged"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(content, error, world):
    run, _ = world.upload(content)

    world.work(run)

    assert (run.status, error in run.error, run.rows_done) == (Status.FAILED, True, 0), run.error


def test_a_gzip_bomb_is_given_up_early(world, settings):
    settings.MAX_UPLOAD_BYTES = 1_000_000
    bomb = gzip.compress(b"\n" * 50_000_000)
    assert len(bomb) < 100_000
    run, _ = world.upload(bomb)

    world.work(run)

    assert run.status == Status.FAILED
    assert run.error.startswith("The file is larger than 1000000 bytes once it is unpacked.")


def test_a_goal_that_is_deleted_meanwhile_fails_the_import(world):
    run, _ = world.upload(world.content(3))
    world.goal.deleted_at = timezone.now()
    world.goal.save()

    world.work(run)

    assert (run.status, run.error, MatchAttempt.objects.count()) == (Status.FAILED, jobs.GOAL_DELETED, 0)


def test_a_subscription_that_ends_meanwhile_fails_the_import(world):
    run, _ = world.upload(world.content(3))
    world.organization.subscription_expires_on = timezone.now().date() - timedelta(days=1)
    world.organization.save()

    world.work(run)

    assert (run.status, run.error, ExternalMatch.objects.count()) == (Status.FAILED, jobs.INACTIVE, 0)


class FullStorage(FileSystemStorage):
    """A disk that is full after the first part of a file."""

    def _save(self, name: str, content: Any) -> str:
        def cut_off() -> Any:
            yield next(chunks)
            raise OSError(errno.ENOSPC, "No space left on device")

        chunks = content.chunks()
        content.chunks = cut_off
        return super()._save(name, content)  # type: ignore[misc] # not in the stubs


def test_a_full_storage_is_said_and_nothing_is_left(world, uploads_folder, monkeypatch):
    full = FullStorage(location=uploads_folder)
    monkeypatch.setattr(uploads, "uploads", lambda: full)

    with pytest.raises(APIException) as refused:
        world.upload(world.content(3))

    assert (refused.value.status_code, "is full" in str(refused.value)) == (503, True)
    assert (stored(uploads_folder), ImportRun.objects.count()) == ([], 0)


def test_a_disk_that_fills_up_while_it_is_imported_loses_nothing(world, monkeypatch):
    run, _ = world.upload(world.content(35))
    with pytest.raises(JobAborted):
        world.work(run, chunks=1)

    def full(results: runs.Results) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(runs.Results, "commit", full)
        with pytest.raises(OSError, match="No space"):
            world.work(run)
    run.refresh_from_db()
    assert (run.status, run.rows_done, ExternalMatch.objects.count()) == (Status.RUNNING, 10, 8)

    world.work(run)
    assert (run.status, ExternalMatch.objects.count(), MatchAttempt.objects.count()) == ("finished", 30, 5)


def test_what_fails_again_and_again_is_given_up(world, monkeypatch):
    run, _ = world.upload(world.content(5))
    monkeypatch.setattr(Job, "attempts", jobs.MOST_ATTEMPTS)
    monkeypatch.setattr(runs.Results, "commit", lambda results: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        world.work(run)

    run.refresh_from_db()
    assert (run.status, run.error) == (Status.FAILED, jobs.GIVEN_UP)


@pytest.mark.parametrize("attempts", [jobs.MOST_ATTEMPTS - 1, jobs.MOST_ATTEMPTS])
def test_what_kills_its_worker_again_and_again_is_given_up(world, attempts):
    run, _ = world.upload(world.content(5))
    job = SimpleNamespace(
        id=1, task_name=uploads.TASK, task_kwargs={"run_id": str(run.pk)}, attempts=attempts
    )
    manager = AsyncMock()
    manager.get_stalled_jobs.return_value = [job]
    context: Any = SimpleNamespace(app=SimpleNamespace(job_manager=manager))

    async_to_sync(jobs.take_up_what_was_left.func)(context, 0)

    run.refresh_from_db()
    if attempts < jobs.MOST_ATTEMPTS:
        manager.retry_job.assert_awaited_once_with(job)
        assert run.status == Status.QUEUED
    else:
        manager.retry_job.assert_not_awaited()
        assert manager.finish_job_by_id_async.await_args.args[0] == 1
        assert (run.status, run.error) == (Status.FAILED, jobs.GIVEN_UP)
        assert uploads.resume(run)
        assert world.work(run).status == Status.FINISHED


class BrokenOff(BytesIO):
    def read(self, *size: Any) -> bytes:
        if part := super().read(10):
            return part
        raise OSError("the client is gone")


@pytest.mark.parametrize(
    ("stream", "size", "error"),
    [
        (BrokenOff(b"x" * 100), None, ParseError),
        (BytesIO(b"x" * 100), 200, ParseError),
        (BytesIO(b""), 0, ParseError),
        (BytesIO(b"x" * 2000), None, PayloadTooLarge),
        (BytesIO(b"x"), 3 * 1024**3, PayloadTooLarge),
    ],
)
def test_an_upload_that_is_refused_leaves_nothing(stream, size, error, world, settings, uploads_folder):
    settings.MAX_UPLOAD_BYTES = 1000
    options = read_options(world.organization, ImportRun.Kind.MATCHES, {"goal_id": str(world.goal.id)})

    with pytest.raises(error):
        uploads.receive(
            world.organization, stream, options, filename="", by=None, at=timezone.now(), size=size
        )

    assert (stored(uploads_folder), ImportRun.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"ambiguous": "later"}, "ambiguous"),
        ({"encoding": "klingon"}, "encoding"),
        ({"column": ["price=amount"]}, "column"),
        ({"ignore_column": ["x"] * 101}, "ignore_column"),
    ],
)
def test_a_wrong_option_is_named(given, name, world):
    with pytest.raises(ValidationError) as refused:
        read_options(world.organization, ImportRun.Kind.MATCHES, given)

    assert isinstance(refused.value.detail, dict)
    assert list(refused.value.detail) == [name]


def test_a_goal_is_the_organizations_own(world):
    with pytest.raises(GoalNotFound):
        world.upload(world.content(1), goal_id=str(GoalFactory.create().id))


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\sales.csv", "sales.csv"),
        ("a\0b\r\nc\u202etxt.csv", "a\ufffdb\ufffd\ufffdc\ufffdtxt.csv"),
        ("x" * 1000, "x" * 254 + "…"),
        ("..", ".."),
        ("", ""),
    ],
)
def test_the_name_of_a_file_is_only_shown(sent, shown):
    assert displayed_name(sent) == shown


def test_old_files_are_deleted_and_their_rows_stay(world, uploads_folder):
    run, _ = world.upload(world.content(35))
    world.work(run)
    waiting, _ = world.upload(world.content(36))
    (uploads_folder / "stray.csv").touch()

    assert uploads.forget_old(at=timezone.now() + timedelta(days=31)) == {
        "uploads": 1,
        "files without an import": 1,
    }

    run.refresh_from_db()
    assert (run.file, run.has_results, run.rows_done) == ("", False, 35)
    assert stored(uploads_folder) == [f"{waiting.id}.csv"]


def test_an_import_without_a_job_is_queued_again(world):
    run, _ = world.upload(world.content(3))
    assert jobs.without_job() == []
    ProcrastinateJob.objects.all()._raw_delete("default")

    assert jobs.without_job() == [(str(run.pk), uploads.lock_of(run))]


@pytest.mark.django_db
def test_an_import_that_is_cancelled_as_a_worker_takes_it_up_stays_cancelled():
    run = ImportRunFactory.create(status=ImportRun.Status.QUEUED)
    read_by_worker = ImportRun.objects.get(pk=run.pk)
    uploads.cancel(run, at=timezone.now())

    assert not read_by_worker.take_up(at=timezone.now())

    run.refresh_from_db()
    assert run.status == ImportRun.Status.CANCELLED
