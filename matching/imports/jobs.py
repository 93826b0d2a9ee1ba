"""What the worker does with uploaded files (`manage.py work`): their imports, and taking up what was left."""

import logging
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone
from procrastinate import JobContext, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import JobAborted, UniqueViolation
from procrastinate.jobs import Job
from procrastinate.jobs import Status as JobStatus
from procrastinate.retry import BaseRetryStrategy

from matching.imports.files import UnusableFileError, verify_unpacked_size
from matching.imports.options import Options
from matching.imports.runs import AlreadyRunningError, Import, ImportCancelledError, ImportStoppedError
from matching.imports.uploads import TASK, lock_of
from matching.models import ImportRun
from matching.models.records import uploads

logger = logging.getLogger(__name__)

Status = ImportRun.Status
# A worker writes every HEARTBEAT_SECONDS that it lives; what one has left is taken up when it was silent for
# SILENT_SECONDS, which is looked at every ten.
HEARTBEAT_SECONDS = 5
SILENT_SECONDS = 20
MOST_ATTEMPTS = 12  # at an import that fails for a reason of ours: with their pauses, an hour
LONGEST_PAUSE = 600
GIVEN_UP = "Something went wrong on our side, again and again; the log has the details."
LOST = "The uploaded file is no longer there. Upload it again: it goes on after the last row that was done."
INACTIVE = "The organization has no active subscription."
GOAL_DELETED = "The goal that the file is for was deleted before the import began."


class TakenUpAgain(BaseRetryStrategy):
    """An import that a worker had to stop goes on at once; one that met a failure of ours, after a pause."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, JobAborted):
            return RetryDecision()
        if isinstance(exception, AlreadyRunningError):
            return RetryDecision(retry_in={"seconds": SILENT_SECONDS})
        if job.attempts >= MOST_ATTEMPTS:
            return None
        return RetryDecision(retry_in={"seconds": min(2 ** (job.attempts + 1), LONGEST_PAUSE)})


class Rows:
    """The bar of an import that nobody looks at: the run's row tells how far it is."""

    def update(self, n: float | None = None) -> None:
        pass


@app.task(name=TASK, pass_context=True, retry=TakenUpAgain())
def run_import(context: JobContext, *, run_id: str) -> None:
    """Import an uploaded file, or the rest of it. May be called any number of times."""
    run = ImportRun.objects.select_related("organization", "created_by").filter(pk=run_id).first()
    if run is None or not run.is_open or not run.take_up(at=timezone.now()):
        return
    try:
        import_upload(run, context)
    except ImportCancelledError:
        logger.info("import cancelled", extra={"fields": {"import": run_id}})
    except ImportStoppedError:
        raise JobAborted from None
    except AlreadyRunningError:
        raise
    except UnusableFileError as error:
        fail(run, str(error), at=timezone.now())
    except FileNotFoundError:
        fail(run, LOST, at=timezone.now(), is_lost=True)
    except Exception:
        if context.job.attempts >= MOST_ATTEMPTS:
            fail(run, GIVEN_UP, at=timezone.now())
        raise


def import_upload(run: ImportRun, context: JobContext) -> None:
    """Raises: what Import raises, and FileNotFoundError."""
    organization, options = run.organization, Options.of(run)
    if not organization.is_subscription_active(on=timezone.now().date()):
        raise UnusableFileError(INACTIVE)
    if options.goal_id and not organization.goals.live().filter(id=options.goal_id).exists():
        raise UnusableFileError(GOAL_DELETED)
    path, results_path = Path(uploads().path(run.file)), Path(uploads().path(run.results_name))
    verify_unpacked_size(path, settings.MAX_UPLOAD_BYTES)
    Import(
        organization, options, path, results_path, Rows(), run=run, is_to_stop=context.should_abort
    ).start()


def fail(run: ImportRun, error: str, *, at: datetime, is_lost: bool = False) -> None:
    """Say in the run why the file cannot be imported."""
    # The options of a command are parameters of an upload.
    sentence = re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda found: found[1].replace("-", "_"), error)
    values: dict[str, Any] = {"status": Status.FAILED, "error": sentence, "finished_at": at}
    if is_lost:
        values["file"] = ""
    run.organization.import_runs.open().filter(pk=run.pk).update(**values)


@app.periodic(cron="* * * * * */10")
@app.task(name="take_up_what_was_left", pass_context=True, queueing_lock="take_up_what_was_left")
async def take_up_what_was_left(context: JobContext, timestamp: int) -> None:
    """Queue again the jobs of killed workers. It has no `lock`: one of its own may be among them."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
        if job.task_name == TASK and job.attempts >= MOST_ATTEMPTS:  # it may be what kills them
            await sync_to_async(give_up)(str(job.task_kwargs["run_id"]))
            assert job.id is not None
            await manager.finish_job_by_id_async(job.id, JobStatus.FAILED, delete_job=True)
            continue
        logger.warning("taken up again", extra={"fields": {"job": job.task_name, **job.task_kwargs}})
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            assert job.id is not None  # a periodic job, whose successor waits already
            await manager.finish_job_by_id_async(job.id, JobStatus.FAILED, delete_job=True)
    for run_id, lock in await sync_to_async(without_job)():
        await context.app.configure_task(TASK, lock=lock).defer_async(run_id=run_id)


def give_up(run_id: str) -> None:
    """Fail an import that was taken up again and again."""
    logger.error("import given up", extra={"fields": {"import": run_id}})
    if run := ImportRun.objects.select_related("organization").filter(pk=run_id).first():
        fail(run, GIVEN_UP, at=timezone.now())


def without_job() -> list[tuple[str, str]]:
    """Return the imports that wait or run and have no job any more, each with the lock of its job."""
    runs = {str(run.pk): lock_of(run) for run in ImportRun.objects.open().exclude(file="")}
    if runs:
        jobs = ProcrastinateJob.objects.filter(task_name=TASK, status__in=("todo", "doing"))
        for arguments in jobs.values_list("args", flat=True):
            runs.pop(arguments.get("run_id"), None)
    return list(runs.items())
