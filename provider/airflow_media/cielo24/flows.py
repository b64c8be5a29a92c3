"""What takes several calls: find or create, add media once, order once, delete what may be gone, fetch what is ready.

What a call makes is looked for before the call is sent again (see :mod:`airflow_media.http.once`): cielo24 has no key
that would make one harmless to repeat.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct

from airflow_media.cielo24.api import (
    add_media,
    add_media_from_url,
    delete_job,
    get_job,
    get_media,
    list_jobs,
    perform_transcription,
)
from airflow_media.cielo24.listing import JobFilter
from airflow_media.cielo24.models import Job, JobReceipt, Media
from airflow_media.cielo24.order import TranscriptionOrder
from airflow_media.cielo24.vocabulary import COMPLETE
from airflow_media.http.bodies import Readable
from airflow_media.http.call import Call, Flow
from airflow_media.http.errors import ConflictError, InvalidRequestError, NotFoundError
from airflow_media.http.once import create_once

T = TypeVar("T")


class Done(Struct, frozen=True):
    """What became of something that must be done once.

    :param task_id: The service's id of what was begun; ``None`` where that was lost, or it had been done before.
    :param found: Whether it was found done, instead of being done now.
    """

    task_id: str | None = None
    found: bool = False


def find_job(external_id: str, *, username: str | None = None) -> Flow[Job | None]:
    """Find a job by its external id; the oldest, so that all who look agree.

    :param external_id: The id of yours that it was created with.
    :param username: The sub-account that it belongs to.
    """
    listing = yield from list_jobs(JobFilter(external_id=external_id, username=username))
    # Compared once more: a filter that the service does not know is ignored by it, and all jobs come back.
    found = [job for job in listing.jobs if job.external_id == external_id]
    return min(found, key=lambda job: (job.creation_date or "", job.job_id), default=None)


def create_job_once(external_id: str, create: Call[JobReceipt], *, username: str | None = None) -> Flow[str]:
    """Find a job by its external id, or create it.

    :param external_id: An id of yours that no other job has.
    :param create: The call that creates it with this id.
    :param username: The sub-account that it belongs to.
    :return: Id of the job.
    """

    def look() -> Flow[str | None]:
        job = yield from find_job(external_id, username=username)
        return job.job_id if job else None

    def send() -> Flow[str]:
        receipt = yield from create
        return receipt.job_id

    return create_once(look, send)


def find_media(job_id: str) -> Flow[Media | None]:
    """Look whether a job has media.

    'Get Media' tells it at once. The length in 'Job Info' comes only when the media have been looked into, so it is
    asked only where the former refuses, as it does for a job without media and for one that does not exist.

    :param job_id: The job.
    :raises NotFoundError: There is no such job.
    """
    try:
        return (yield from get_media(job_id))
    except (NotFoundError, InvalidRequestError):
        job = yield from get_job(job_id)
        return None if job.media_length_seconds is None else Media()


def must_have_no_media(job_id: str, media_url: str | None = None) -> Flow[bool]:
    """See that media can be added to a job, before 10 GB are sent to learn that they cannot.

    :param job_id: The job.
    :param media_url: The URL that media are to come from; media from there may be in place already.
    :return: Whether just these media are in place.
    :raises ConflictError: The job has media, and it is not known that they are these.
    """
    media = yield from find_media(job_id)
    if media is None:
        return False
    if media_url and media.url == media_url:
        return True
    raise ConflictError(
        "it has media already, and a job takes one piece of media",
        service="cielo24",
        operation="add media to job",
        subject=f"job {job_id}",
        hint="Create another job for these media; where a task was cleared, clear the one that created the job, too.",
    )


def add_media_once(job_id: str, source: Readable | str, *, is_duplicate: bool | None = None) -> Flow[Done]:
    """Add media to a job that has none; after a lost answer, look whether they arrived before they are sent again.

    :param job_id: The job. Media that it has are taken for these: see :func:`must_have_no_media`.
    :param source: The file, or a public URL.
    :param is_duplicate: Whether several jobs may have the same media.
    """
    if isinstance(source, str):
        call = add_media_from_url(job_id, source, is_duplicate=is_duplicate)
    else:
        call = add_media(job_id, source, is_duplicate=is_duplicate)
    sent = 0

    def look() -> Flow[Done | None]:
        media = yield from find_media(job_id)
        return Done(found=True) if media else None

    def send() -> Flow[Done]:
        nonlocal sent
        sent += 1
        try:
            return Done((yield from call))
        except InvalidRequestError:
            # What was sent before may have arrived after we had looked: then this one is refused for being the second.
            if sent > 1 and (yield from find_media(job_id)):
                return Done(found=True)
            raise

    return create_once(look, send)


def transcribe_once(job_id: str, order: TranscriptionOrder) -> Flow[Done]:
    """Order a transcription, unless it is ordered; after a lost answer, look before it is ordered and paid again.

    :param job_id: The job; it has media.
    :param order: What is ordered.
    :raises OptionsError: The fidelity is not offered in the language of the job.
    :raises ConflictError: Another transcription was ordered for this job.
    """
    before: Job | None = None
    sent = 0

    def look() -> Flow[Done | None]:
        nonlocal before
        job = yield from get_job(job_id)
        if before is None and not job.has_begun:
            before = job
            order.check_language(job.source_language, job_id)
            return None
        if job.has_begun or (before is not None and job.terms != before.terms):
            _must_be_what_was_ordered(job, order)
            return Done(found=True)
        return None

    def send() -> Flow[Done]:
        nonlocal sent
        sent += 1
        try:
            return Done((yield from perform_transcription(job_id, order)))
        except InvalidRequestError:
            if sent > 1 and (yield from find_order(job_id)):  # as with media
                return Done(found=True)
            raise

    return create_once(look, send)


def find_order(job_id: str) -> Flow[bool]:
    """Look whether a transcription was ordered: the job is past its beginning, or tells a fidelity.

    :param job_id: The job.
    """
    job = yield from get_job(job_id)
    return job.has_begun or job.fidelity is not None


def delete_job_if_there(job_id: str) -> Flow[bool]:
    """Delete a job; one that is not there counts as deleted.

    :param job_id: The job.
    :return: Whether it was there.
    """
    return (yield from _if_there(delete_job(job_id))) is not None


def when_complete(job_id: str, fetch: Call[T]) -> Flow[T]:
    """Fetch a result; where the service refuses, tell whether that is because the job is not complete.

    :param job_id: The job.
    :param fetch: The call that fetches it.
    """
    try:
        return (yield from fetch)
    except InvalidRequestError as refusal:
        job = yield from get_job(job_id)
        if job.status != COMPLETE:
            refusal.hint = f"The job is {job.status!r}, not complete: wait for it, with Cielo24JobSensor for instance."
        raise


def _must_be_what_was_ordered(job: Job, order: TranscriptionOrder) -> None:
    """Refuse a job that was transcribed with another fidelity: a job can be transcribed once."""
    if job.fidelity and order.transcription_fidelity and job.fidelity != order.transcription_fidelity:
        raise ConflictError(
            f"it was ordered with fidelity {job.fidelity} before, and a job can be transcribed once",
            service="cielo24",
            operation=f"transcribe with fidelity {order.transcription_fidelity}",
            subject=f"job {job.job_id}",
            hint="Create another job.",
        )


def _if_there(call: Call[T]) -> Flow[T | None]:
    try:
        return (yield from call)
    except NotFoundError:
        return None
