"""The work behind the API: examining media, fetching them first where need be, and making transcripts in time."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from media_sandbox.cielo24.fetch import NotFetchedError, fetch
from media_sandbox.cielo24.options import Cielo24Options
from media_sandbox.cielo24.records import Job, Media, Records, WorkProduct, new_id
from media_sandbox.cielo24.sound import NoSoundError, sound_length_ms
from media_sandbox.cielo24.vocabulary import (
    APPROVED_WORK,
    COMPLETE,
    DONE,
    FAILED,
    FINAL_WORK,
    IN_PROCESS,
    INTERIM_WORK,
    MEDIA_FAILURE,
    PENDING,
    REVIEWING,
    SPEAKER_WORK,
    TURNAROUND_HOURS,
)
from media_sandbox.clock import Clock
from media_sandbox.jobs import JobQueue
from media_sandbox.outcomes import UNFINISHED, ChosenFailureError, Outcomes, Progress

log = logging.getLogger(__name__)

FAILURES: Final = (NoSoundError, NotFetchedError, ChosenFailureError, OSError)
"""What may go wrong with a piece of work; anything else is a mistake of the sandbox."""


class Workshop:
    """Owns the media files and moves the jobs on.

    Every job has a directory of its own; a file gets its final name only when it is whole.
    """

    def __init__(
        self, directory: Path, records: Records, jobs: JobQueue, clock: Clock, options: Cielo24Options
    ) -> None:
        self.outcomes = Outcomes(("media", "transcription"))
        self.receiving: set[str] = set()
        """The jobs to which media are being uploaded."""
        self._directory = directory
        self._records = records
        self._jobs = jobs
        self._clock = clock
        self._options = options

    def resume(self) -> None:
        """Take up again what an earlier run left undone, and forget its torn files."""
        for part in self._directory.glob("*/part-*"):
            part.unlink()
        for job in self._records.jobs.find():
            if job.media and job.media.length_ms is None and job.media.failure is None:
                self._submit_media(job.id)
            self.advance(job.id)

    def new_part(self, job_id: str) -> Path:
        """Return a path for a file that is being received."""
        home = self._directory / job_id
        home.mkdir(exist_ok=True)
        # Never the same twice: an orphan of a killed sandbox must not write into the file of its successor.
        return home / f"part-{new_id()}"

    def take_media(self, job: Job, media: Media, part: Path | None = None) -> None:
        """Give a job its media and look into them.

        :param part: the file, if it is here already.
        """
        if part:
            media.path = self._keep(job.id, part)
        self._records.jobs.change(job.id, media=media)
        self._submit_media(job.id)

    def advance(self, job_id: str) -> None:
        """Let a job go on as far as its order, its media and its authorization allow."""
        job = self._records.jobs.get(job_id)
        if job is None or job.held or job.task_id is None or job.media is None:
            return
        if job.status not in (PENDING, IN_PROCESS):
            return
        if job.started is None:
            self._start(job)
        if job.media.failure is not None:
            self._fail(job_id, job.media.failure)
        elif job.media.length_ms is not None:
            self._jobs.submit(_transcription_key(job_id), lambda: self._transcribe(job_id), idle=True)

    async def remove(self, job: Job) -> None:
        """Delete a job: its record first, so that nobody sees it any more, then its work and files."""
        self._records.jobs.delete(job.id)
        for task in self._records.tasks.find(job_id=job.id):
            self._records.tasks.delete(task.id)
        for link in self._records.links.find(job_id=job.id):
            self._records.links.delete(link.id)
        await self._jobs.cancel(_media_key(job.id))
        await self._jobs.cancel(_transcription_key(job.id))
        shutil.rmtree(self._directory / job.id, ignore_errors=True)

    async def force(self, job: Job, status: str) -> None:
        """Give a job the status that a test wants, and leave it so.

        :raises ValueError: when it cannot be complete, since it has no media.
        """
        if status == COMPLETE and (job.media is None or job.media.length_ms is None):
            raise ValueError("a job without media of a known length cannot be complete")
        await self._jobs.cancel(_transcription_key(job.id))
        self._records.jobs.change(job.id, held=True, status=status, completed=None)
        if status in (IN_PROCESS, REVIEWING, COMPLETE) and job.started is None:
            self._start(job, status)
        if status == COMPLETE:
            self._complete(job.id)
        elif status == MEDIA_FAILURE:
            self._fail(job.id, "a failure chosen in the sandbox")

    def _start(self, job: Job, status: str = IN_PROCESS) -> None:
        hours = job.turnaround_hours or TURNAROUND_HOURS[job.priority or "STANDARD"]
        now = self._clock.now()
        due = now + hours * self._options.turnaround_hour_seconds
        self._records.jobs.change(job.id, status=status, started=now, due=due)

    def _submit_media(self, job_id: str) -> None:
        self._jobs.submit(_media_key(job_id), lambda: self._examine(job_id))

    async def _examine(self, job_id: str) -> None:
        progress = Progress(lambda _: None, 0.0, self.outcomes, self.outcomes.take("media", (job_id,)))
        try:
            await progress.reach(0.0)
            path = await self._fetched(job_id)
            length_ms = await asyncio.to_thread(sound_length_ms, path)
            await progress.reach(UNFINISHED)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the work has ended
            self._end_media(job_id, FAILED, failure=_reason(error))
        else:
            self._end_media(job_id, DONE, length_ms=length_ms)
        self.advance(job_id)

    async def _fetched(self, job_id: str) -> Path:
        media = self._media(job_id)
        if not media.path:
            part = self.new_part(job_id)
            options = self._options
            try:
                loopback, limit = options.allow_loopback_media, options.largest_media
                media.size = await fetch(media.url, part, loopback=loopback, limit=limit)
                media.path = self._keep(job_id, part)
            finally:
                part.unlink(missing_ok=True)
            self._records.jobs.change(job_id, media=media)
        return self._directory / media.path

    def _keep(self, job_id: str, part: Path) -> str:
        return str(part.replace(part.with_name("media")).relative_to(self._directory))

    def _end_media(self, job_id: str, status: str, **fields: Any) -> None:
        job = self._records.jobs.get(job_id)
        if job is None or job.media is None:
            return
        for name, value in fields.items():
            setattr(job.media, name, value)
        self._records.jobs.change(job_id, media=job.media)
        self._end_task(job.media.task_id, status, job.media.failure or "")

    def _media(self, job_id: str) -> Media:
        job = self._records.jobs.get(job_id)
        assert job is not None
        assert job.media is not None
        return job.media

    async def _transcribe(self, job_id: str) -> None:
        job = self._records.jobs.get(job_id)
        assert job is not None
        assert job.started is not None
        assert job.due is not None
        span = (job.due - job.started) * self._options.due_share
        outcome = self.outcomes.take("transcription", (job_id,))
        progress = Progress(self._show(job_id), job.percent, self.outcomes, outcome)
        try:
            await progress.reach(0.0)
            for name, share in _plan(job):
                await self._clock.wait_until(job.started + share * span)
                await progress.reach(100 * share)
                if share < 1.0:
                    self._add_product(job_id, name)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the work has ended
            self._fail(job_id, _reason(error))
        else:
            self._hand_over(job)

    def _hand_over(self, job: Job) -> None:
        if job.options.get("customer_approval_steps"):
            self._records.jobs.change(job.id, status=REVIEWING)
        else:
            self._complete(job.id)

    def _show(self, job_id: str) -> Any:
        return lambda percent: self._records.jobs.change(job_id, percent=percent)

    def _add_product(self, job_id: str, name: str) -> None:
        job = self._records.jobs.get(job_id)
        if job and name not in [product.iwp_name for product in job.products]:
            products = [*job.products, WorkProduct(name, self._clock.now())]
            self._records.jobs.change(job_id, products=products)

    def _complete(self, job_id: str) -> None:
        job = self._records.jobs.get(job_id)
        if job is None:
            return
        for step in job.options.get("customer_approval_steps", []):
            self._add_product(job_id, APPROVED_WORK[step])
        self._add_product(job_id, FINAL_WORK)
        self._records.jobs.change(job_id, status=COMPLETE, completed=self._clock.now(), percent=100.0)
        self._end_task(job.task_id, DONE)

    def _fail(self, job_id: str, reason: str) -> None:
        log.warning("the transcription of %s failed: %s", job_id, reason)
        job = self._records.jobs.change(job_id, status=MEDIA_FAILURE, failure=reason)
        if job:
            self._end_task(job.task_id, FAILED, reason)

    def _end_task(self, task_id: str | None, status: str, info: str = "") -> None:
        self._records.tasks.change(task_id or "", status=status, completed=self._clock.now(), info=info)


def _plan(job: Job) -> Iterator[tuple[str, float]]:
    """Give the versions that are made, each with the share of the time after which it is there; the final one last."""
    speakers = [SPEAKER_WORK] if job.options.get("speaker_id") else []
    names = [*INTERIM_WORK[job.fidelity or "MECHANICAL"], *speakers, FINAL_WORK]
    for number, name in enumerate(names, 1):
        yield name, number / len(names)


def planned_products(job: Job) -> list[str]:
    """Return the names of all versions that a job has or will have; none before it is ordered."""
    if job.task_id is None:
        return []
    approved = [APPROVED_WORK[step] for step in job.options.get("customer_approval_steps", [])]
    return [name for name, _ in _plan(job)] + approved


def _reason(error: Exception) -> str:
    """Say why a piece of work failed; a mistake of the sandbox is logged with its trace as well."""
    if isinstance(error, FAILURES):
        return str(error)
    log.error("The sandbox made a mistake", exc_info=error)
    return f"a mistake of the sandbox: {type(error).__name__}: {error}"


def _media_key(job_id: str) -> str:
    return f"cielo24:media:{job_id}"


def _transcription_key(job_id: str) -> str:
    return f"cielo24:transcription:{job_id}"
