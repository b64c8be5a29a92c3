"""The kind of job that cielo24 runs, as the shared code for waiting sees it."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow_media.cielo24.api import get_job
from airflow_media.cielo24.flows import delete_job_if_there
from airflow_media.cielo24.models import Job, moment
from airflow_media.cielo24.service import Cielo24Settings
from airflow_media.cielo24.vocabulary import AUTHORIZING, COMPLETE, IN_PROCESS, MEDIA_FAILURE, PENDING, REVIEWING
from airflow_media.http.call import Configured, Flow
from airflow_media.jobs.states import JobKind, JobState, Phase

SPREAD = 10800.0
"""Longest pause between two looks, in seconds. Transcriptions by people take days. It is far beyond the hour after
which an unused token dies, so that such a look costs a login too; half as long costs more requests all the same."""

PHASES = {
    AUTHORIZING: Phase.WAITING,
    PENDING: Phase.WAITING,
    IN_PROCESS: Phase.RUNNING,
    REVIEWING: Phase.RUNNING,
    COMPLETE: Phase.DONE,
    MEDIA_FAILURE: Phase.FAILED,
}
REASONS = {
    AUTHORIZING: "it waits for somebody to authorize it at cielo24; Cielo24TranscribeOperator does with authorize=True",
    REVIEWING: "it waits for somebody to approve the transcript or the translation at cielo24",
    MEDIA_FAILURE: (
        "cielo24 reports Media Failure: it could not get the media or could not read them. See that a URL can be"
        " reached from outside and that the media have sound; a job keeps its media, so create another one"
    ),
}


def state_of(job: Job, settings: Cielo24Settings | None, now: datetime) -> JobState:
    """Say what is to be said of a job that is waited for.

    A status that this release does not know counts as running: the time-out of whoever waits bounds it, whereas a job
    declared dead by mistake would be paid for twice.

    :param job: The job.
    :param settings: What the connection says.
    :param now: The present, an aware time.
    """
    phase = PHASES.get(job.status)
    if phase is None:
        return JobState(Phase.RUNNING, reason=f"cielo24 reports the status {job.status!r}, which is unknown here")
    due = moment(job.due_date, settings.zone if settings else None)
    due_in = (due - now).total_seconds() if due is not None and phase.active else None
    return JobState(phase, reason=REASONS.get(job.status, ""), due_in=due_in)


def _transcription(job_id: str) -> Flow[JobState]:
    settings = yield from Configured()
    job = yield from get_job(job_id)
    return state_of(job, settings, datetime.now(UTC))


# Each wait asks for its own job: a listing has no pages and would bring all jobs that the account ever had.
TRANSCRIPTION = JobKind(
    name="transcription",
    noun="cielo24 job",
    observe=_transcription,
    cancel=delete_job_if_there,
    spread=SPREAD,
)
