"""The kinds of jobs that Xvid runs, as the shared code for waiting sees them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence

from airflow_media.http.call import Flow
from airflow_media.http.redact import REDACTOR
from airflow_media.jobs.states import JobKind, JobState, Phase
from airflow_media.xvid.api import get_job, get_upload
from airflow_media.xvid.flows import cancel_job, jobs_in_progress
from airflow_media.xvid.models import JOB_DONE, JOB_FAILED, JOB_RUNNING, JOB_WAITING, Job, Upload

log = logging.getLogger(__name__)

COMPLETED = "COMPLETED"
"""What an upload that is over is most likely called; no word for it is documented."""
PHASES = {
    JOB_WAITING: Phase.WAITING,
    JOB_RUNNING: Phase.RUNNING,
    JOB_DONE: Phase.DONE,
    JOB_FAILED: Phase.FAILED,
}


def upload_state(upload: Upload) -> JobState:
    """Say where an upload stands. A word that is not known is taken for the end.

    :param upload: The upload.
    """
    if upload.active:
        return JobState(Phase.RUNNING)
    if upload.failed:
        return JobState(Phase.FAILED, reason=f"Xvid reports the status {upload.status}")
    if upload.status != COMPLETED:
        _tell("The upload status %s of Xvid is not known; taken for the end of the upload", upload.status)
    return JobState(Phase.DONE)


def job_state(job: Job) -> JobState:
    """Say where a job stands. A word that is not known is never taken for the end: the time-out bounds the wait.

    :param job: The job.
    """
    if job.status not in PHASES:
        _tell("The job status %s of Xvid is not known; waiting on", job.status)
    return JobState(PHASES.get(job.status, Phase.RUNNING), job.percent, _reason(job))


def _reason(job: Job) -> str:
    if job.status != JOB_FAILED:
        return ""
    told = ": ".join(text for text in (job.error_code, job.error_msg) if text)
    return REDACTOR.clean(told)  # the address of the input may be in it, with its login


@functools.lru_cache(maxsize=100)
def _tell(text: str, word: str) -> None:
    """Log once, not at each look."""
    log.warning(text, word)


def _upload(upload_id: str) -> Flow[JobState]:
    upload = yield from get_upload(upload_id)
    return upload_state(upload)


def _job(job_id: str) -> Flow[JobState]:
    job = yield from get_job(job_id)
    return job_state(job)


def _jobs(job_ids: Sequence[str]) -> Flow[Mapping[str, JobState]]:
    jobs = yield from jobs_in_progress(job_ids)
    return {job_id: job_state(job) for job_id, job in jobs.items()}


UPLOAD = JobKind(name="upload", noun="Xvid upload", observe=_upload)
JOB = JobKind(name="job", noun="Xvid job", observe=_job, cancel=cancel_job, observe_many=_jobs)
