"""What takes several calls: whole listings, upload, finish once, submit once, find again, cancel, look at many.

What a request makes is looked for before it is sent again (see :mod:`airflow_media.http.once`). A job is cancelled by
the call that deletes one which has ended, outputs and all, so each cancel looks first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from airflow_media.http.bodies import Readable
from airflow_media.http.call import Call, Configured, Flow
from airflow_media.http.errors import ConflictError, InvalidRequestError, NotFoundError, PermissionDeniedError
from airflow_media.http.once import create_once
from airflow_media.xvid.api import (
    PAGE_SIZE,
    create_job,
    delete_job,
    finish_upload,
    get_file,
    get_job,
    get_upload,
    list_files,
    list_jobs,
    list_pipelines,
    list_presets,
    start_upload,
)
from airflow_media.xvid.form import PolicyExpiredError, check_size, post_form
from airflow_media.xvid.models import (
    JOB_DONE,
    JOB_FAILED,
    UPLOADING,
    File,
    Job,
    Page,
    Pipeline,
    Preset,
    Upload,
    UploadSession,
)
from airflow_media.xvid.request import marked
from airflow_media.xvid.service import XvidSettings
from airflow_media.xvid.values import ExpiresAt

T = TypeVar("T")

SESSIONS = 3
"""Upload sessions that are begun for a file at most: one lasts half an hour and cannot be renewed."""
SKEW = timedelta(minutes=5)
"""By how much the service's clock may be behind ours."""
MANY = 8
"""Jobs from which one listing is asked for instead of each of them."""
WATCHED_PAGE = 500
"""Jobs that are looked at in one page. A larger one would hold up the event loop of the triggerer while it is read."""
BEGINNING = datetime.min.replace(tzinfo=UTC)


def every(first: Call[Page[T]], limit: int = PAGE_SIZE) -> Flow[list[T]]:
    """Read a whole listing.

    :param first: The call that lists, without ``start`` and ``limit``.
    :param limit: How many items to ask for at a time.
    """
    items: list[T] = []
    listed = 0
    while True:
        paging = {"start": str(listed), "limit": str(limit)}
        page = yield from replace(first, params={**first.params, **paging})
        items.extend(page.items)
        listed += page.listed
        # The total counts before the size of the page: a service may give fewer at a time than was asked for.
        more = listed < page.total if page.total is not None else page.listed >= limit
        if not page.listed or not more:
            return items


def all_files(*, pipeline_id: str | None = None, job_id: str | None = None) -> Flow[list[File]]:
    """List all files.

    :param pipeline_id: Only those of this pipeline.
    :param job_id: Only those that this job has made.
    """
    return every(list_files(pipeline_id=pipeline_id, job_id=job_id))


def all_jobs(**filters: Any) -> Flow[list[Job]]:
    """List all jobs.

    :param filters: As for :func:`airflow_media.xvid.api.list_jobs`.
    """
    return every(list_jobs(**filters))


def all_pipelines() -> Flow[list[Pipeline]]:
    """List all pipelines."""
    return every(list_pipelines())


def all_presets(type: str | None = None) -> Flow[list[Preset]]:
    """List all presets.

    :param type: ``"system"`` or ``"custom"``.
    """
    return every(list_presets(type=type))


def pipeline_or_default(pipeline_id: str | None) -> Flow[str]:
    """Give the pipeline that is meant; asks nobody but the connection.

    :param pipeline_id: The pipeline; empty: that of the connection.
    :raises InvalidRequestError: Neither names one.
    """
    settings: XvidSettings = yield from Configured()
    if found := pipeline_id or settings.pipeline_id:
        return found
    raise InvalidRequestError(
        "there is no pipeline",
        service="Xvid MediaHub",
        hint="Give pipeline_id, or set it in the extra of the connection.",
    )


def send_file(
    key: str,
    content: Readable,
    *,
    pipeline_id: str | None = None,
    media_type: str = "application/octet-stream",
    ip: int | str | None = None,
    expires_at: ExpiresAt | None = None,
) -> Flow[UploadSession]:
    """Begin an upload and send its file; where the session has expired meanwhile, once more from the first byte.

    :param key: Object key under which jobs and downloads name the file.
    :param content: Where the bytes come from; at most 5 GiB.
    :param pipeline_id: Pipeline that the key is relative to; default: that of the connection.
    :param media_type: Content type of the file.
    :param ip: IPv4 address of the uploader, as a number or dotted.
    :param expires_at: When the object is deleted if no job has used it.
    :return: The session in which the file arrived; :func:`finish_upload_once` comes next.
    :raises InvalidRequestError: A value cannot be right, or the file is too large; nothing has been sent then.
    """
    check_size(content.size)
    pipeline = yield from pipeline_or_default(pipeline_id)
    begun = 0
    while True:
        begun += 1
        session = yield from start_upload(key, pipeline, ip=ip, expires_at=expires_at)
        try:
            yield from post_form(session, content, media_type=media_type)
            return session
        except PolicyExpiredError:
            if begun == SESSIONS:
                raise


def finish_upload_once(upload_id: str) -> Flow[Upload]:
    """Tell that the file of an upload has been sent, unless that has been told.

    :param upload_id: The upload.
    :return: The upload, which the service then completes in its own time.
    """

    def look() -> Flow[Upload | None]:
        upload = yield from get_upload(upload_id)
        return None if upload.status == UPLOADING else upload

    return create_once(look, lambda: finish_upload(upload_id))


def find_job(job: Mapping[str, Any], key: str, *, since: datetime | None = None) -> Flow[Job | None]:
    """Find a job that was submitted with this mark; the newest, one that has not failed before one that has.

    :param job: What was submitted, without the mark.
    :param key: What :func:`submit_job_once` marked it with.
    :param since: Only jobs created at this time or later; an aware time.
    """
    jobs = yield from _marked_jobs(job, key)
    if since is not None:
        jobs = [each for each in jobs if each.created_at is None or each.created_at >= since - SKEW]
    return max(jobs, key=lambda each: (each.status != JOB_FAILED, each.created_at or BEGINNING), default=None)


def submit_job_once(job: Mapping[str, Any], key: str) -> Flow[Job]:
    """Submit a job; after a lost answer, find the job that was not there before instead of paying for another one.

    It always submits a new job: :func:`find_job` finds an older one.

    :param job: The job: see :func:`airflow_media.xvid.request.job_body`.
    :param key: What tells the task that submits it from all others.
    """
    before: set[str] | None = None

    def look() -> Flow[Job | None]:
        nonlocal before
        jobs = yield from _marked_jobs(job, key)
        if before is None:
            before = {each.id for each in jobs}
        return next((each for each in jobs if each.id not in before), None)

    return create_once(look, lambda: create_job(marked(job, key)))


def cancel_job(job_id: str) -> Flow[None]:
    """Cancel a job if it waits or runs; one that has ended keeps its outputs, one that is gone counts as cancelled.

    A job with a status that is not documented is left alone: it may have ended.

    :param job_id: The job.
    """

    def look() -> Flow[bool | None]:
        job = yield from _if_there(get_job(job_id))
        return None if job is not None and job.active else True

    def stop() -> Flow[bool]:
        yield from delete_job(job_id, missing_ok=True)
        return True

    yield from create_once(look, stop)


def jobs_in_progress(job_ids: Sequence[str]) -> Flow[dict[str, Job]]:
    """Look at many jobs: by one listing of what runs or ended just now, and one by one for those not in it.

    :param job_ids: The jobs.
    :return: By id, without those that are gone.
    """
    found: dict[str, Job] = {}
    if len(job_ids) >= MANY:
        listed = yield from every(list_jobs(inprogress=True, only=frozenset(job_ids)), WATCHED_PAGE)
        found = {job.id: job for job in listed}
    for job_id in job_ids:
        if job_id not in found:
            job = yield from _if_there(get_job(job_id))
            if job is not None:
                found[job_id] = job
    return found


class Result(Struct, frozen=True):
    """A file that a job has made.

    :param name: What to call it: untrusted.
    :param file: What is known of it.
    """

    name: str
    file: File


def results_of(job_id: str) -> Flow[list[Result]]:
    """List the files that a job has made: its outputs, and the archives of their thumbnails.

    :param job_id: The job.
    :raises ConflictError: The job has not succeeded, or the file of an output is missing.
    """
    job = yield from get_job(job_id)
    if job.status != JOB_DONE:
        hint = "Wait for it, with XvidJobSensor for instance, before this task." if job.active else ""
        raise _no_results(job, f"its status is {job.status}", hint)
    results: list[Result] = []
    for output in job.outputs:
        name = output.output_name
        file = yield from _made(job, f"output {name!r}", output.file_id)
        results.append(Result(file.name or name, file))
        if output.thumbnail_file_id is not None:
            archive = yield from _made(job, f"archive of thumbnails of {name!r}", output.thumbnail_file_id)
            results.append(Result(archive.name or f"{name}-thumbnails.zip", archive))
    if not results:
        raise _no_results(job, "it has no outputs")
    return results


def known_file(file_id: str) -> Flow[File | None]:
    """Look up what is known of a file; ``None`` where the token may download files and do nothing else.

    :param file_id: The file.
    """
    try:
        return (yield from get_file(file_id))
    except PermissionDeniedError:
        return None


def _made(job: Job, what: str, file_id: str | None) -> Flow[File]:
    if file_id is None:
        raise _no_results(job, f"its {what} has no file")
    file = yield from _if_there(get_file(file_id))
    if file is None:
        raise _no_results(job, f"the file {file_id} of its {what} is not there any more")
    return file


def _no_results(job: Job, why: str, hint: str = "") -> ConflictError:
    return ConflictError(why, service="Xvid MediaHub", operation="get the outputs", subject=f"job {job.id}", hint=hint)


def _marked_jobs(job: Mapping[str, Any], key: str) -> Flow[list[Job]]:
    """List the jobs with a mark. Whether the filter takes a part of it is not documented: the whole fits anyway."""
    user_data = marked(job, key)["user_data"]
    jobs = yield from all_jobs(user_data=user_data)
    return [each for each in jobs if each.user_data == user_data]


def _if_there(call: Call[T]) -> Flow[T | None]:
    try:
        return (yield from call)
    except NotFoundError:
        return None
