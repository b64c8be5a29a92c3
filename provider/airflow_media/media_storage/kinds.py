"""What is waited for, as the shared code for waiting sees it: a job, all jobs that match, a file that is to come.

The page names no statuses, so which end a job well and which badly is a setting of the connection or of the task.
Nothing else is gone by: progress stands at its end before the job does, and the error text may be an old one.
"""

from __future__ import annotations

import functools
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from airflow_media.http.call import Configured, Flow
from airflow_media.http.errors import ProtocolError
from airflow_media.http.redact import REDACTOR
from airflow_media.jobs.states import JobKind, JobState, Phase
from airflow_media.media_storage.api import get_job
from airflow_media.media_storage.flows import find_media, jobs_by_id, jobs_matching
from airflow_media.media_storage.models import Job
from airflow_media.media_storage.query import SERVICE_NAME
from airflow_media.media_storage.service import ACTIVE_STATUSES, StorageSettings

log = logging.getLogger(__name__)

PENDING = "pending"
WATCHED = ("status", "progress", "error", "updated_at")
"""The attributes that a look needs."""
LONGEST_REASON = 300
"""Characters of a job's error text that are told on."""


class Rules(Struct, frozen=True, kw_only=True):
    """What a status means.

    :param success: Statuses of a job that ended well.
    :param failure: Statuses of a job that failed.
    :param fail_on_unknown: Whether another status than these and the usual active ones is a failure.
    :param stall_timeout: Seconds without a sign of life after which a job that has begun counts as failed; a worker
        that died leaves its job running for ever.
    """

    success: frozenset[str]
    failure: frozenset[str]
    fail_on_unknown: bool = False
    stall_timeout: float | None = None

    @classmethod
    def of(
        cls,
        settings: StorageSettings,
        *,
        success_statuses: Iterable[str] | None = None,
        failure_statuses: Iterable[str] | None = None,
        fail_on_unknown: bool = False,
        stall_timeout: float | None = None,
    ) -> Rules:
        """Give the rules of a task: its own where it has some, else those of the connection."""
        return cls(
            success=settings.success_statuses if success_statuses is None else frozenset(success_statuses),
            failure=settings.failure_statuses if failure_statuses is None else frozenset(failure_statuses),
            fail_on_unknown=fail_on_unknown,
            stall_timeout=stall_timeout,
        )

    def judge(self, job: Job, now: datetime) -> JobState:
        """Say where a job stands.

        :param job: The job, with the attributes :data:`WATCHED`.
        :param now: The time.
        :raises ProtocolError: It has no status.
        """
        if job.status is None:
            raise ProtocolError("the job has no status", service=SERVICE_NAME, operation="get job", subject=job.id)
        if job.status in self.success:
            return JobState(Phase.DONE)
        if job.status in self.failure:
            error = f": {REDACTOR.excerpt(job.error, LONGEST_REASON)}" if job.error else ""
            return JobState(Phase.FAILED, reason=f"its status is {job.status}{error}")
        if job.status not in ACTIVE_STATUSES:
            if self.fail_on_unknown:
                return JobState(Phase.FAILED, reason=f"its status is {job.status}, which is not known")
            _warn(job.status)
        if job.status == PENDING:
            return JobState(Phase.WAITING, job.percent)
        if self.stall_timeout is not None and job.updated_at is not None:
            silent = (now - job.updated_at).total_seconds()
            if silent > self.stall_timeout:
                return JobState(Phase.FAILED, reason=f"it has been {job.status} without a change for {silent:.0f} s")
        return JobState(Phase.RUNNING, job.percent)


@functools.cache
def _warn(status: str) -> None:
    """Warn of a status once in the life of a process."""
    text = "%s: jobs have the status %r, which is not known, and are waited for. Name it in success_statuses or "
    log.warning(text + "failure_statuses of the connection if it is an end.", SERVICE_NAME, status)


def _job(job_id: str, **rules: Any) -> Flow[JobState]:
    settings: StorageSettings = yield from Configured()
    job = yield from get_job(job_id, fields=WATCHED)
    return Rules.of(settings, **rules).judge(job, datetime.now(UTC))


def _jobs(job_ids: Sequence[str], **rules: Any) -> Flow[Mapping[str, JobState]]:
    settings: StorageSettings = yield from Configured()
    jobs = yield from jobs_by_id(job_ids, fields=WATCHED)
    judge, now = Rules.of(settings, **rules).judge, datetime.now(UTC)
    return {job_id: judge(job, now) for job_id, job in jobs.items()}


def _matching(name: str, *, filters: Mapping[str, Any], resource: str | None = None, **rules: Any) -> Flow[JobState]:
    settings: StorageSettings = yield from Configured()
    jobs = yield from jobs_matching(resource=resource, fields=WATCHED, **filters)
    judge, now = Rules.of(settings, **rules).judge, datetime.now(UTC)
    states = {job.id: judge(job, now) for job in jobs}
    failed = [f"job {job_id}, {state.reason}" for job_id, state in states.items() if state.phase is Phase.FAILED]
    if failed:
        more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        return JobState(Phase.FAILED, reason=f"{failed[0]}{more}")
    phases = Counter(state.phase for state in states.values())
    done = phases[Phase.DONE]
    if states and done == len(states):
        return JobState(Phase.DONE)
    running = Phase.RUNNING if done or phases[Phase.RUNNING] else Phase.WAITING
    return JobState(
        running, reason=f"{done} of {len(states)} jobs have ended" if states else "there is no such job yet"
    )


def _media(resource: str, *, key: str | None = None) -> Flow[JobState]:
    found = yield from find_media(resource, key)
    return JobState(Phase.DONE if found else Phase.WAITING)


JOB = JobKind(name="job", noun="media storage job", observe=_job, observe_many=_jobs)
MATCHING = JobKind(name="matching", noun="media storage jobs with", observe=_matching)
MEDIA = JobKind(name="media", noun="media storage file", observe=_media)
