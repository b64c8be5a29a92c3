"""The work behind the API: keeping files, and the jobs that process them."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import shutil
import sqlite3
from pathlib import Path
from typing import Any, Final

from media_sandbox.clock import Clock
from media_sandbox.jobs import JobQueue
from media_sandbox.media import ffmpeg
from media_sandbox.media.probe import NotAVideoError, probe
from media_sandbox.media_storage import script
from media_sandbox.media_storage.options import MediaStorageOptions
from media_sandbox.media_storage.records import MICROSECONDS, PENDING, RUNNING, Job, JobIds, Media, Records
from media_sandbox.media_storage.renditions import MIME_TYPES, make_rendition, make_thumbnail
from media_sandbox.media_storage.table import Term
from media_sandbox.outcomes import UNFINISHED, ChosenFailureError, Outcomes, Progress

log = logging.getLogger(__name__)

STAGES: Final = {"probe": (0.0, 0.2), "hls": (0.2, 1.0), "store": (1.0, 1.0)}
"""The stages of processing, and the progress at which each begins and ends.

A job has all its progress before the last stage: that a progress of 1 means nothing is what clients have to live with.
"""

PROCESSING_CLASS: Final = "Processor::Job"
PROCESSING_PRIORITY: Final = 1
PROCESSOR_ROLE: Final = "processor"
FAILURES: Final = (NotAVideoError, ChosenFailureError, ffmpeg.FfmpegError, OSError, LookupError)
"""What may go wrong with a piece of work; anything else is a mistake of the sandbox."""


class DuplicateError(Exception):
    """There is a media of that resource and key."""


class Workshop:
    """Owns the files and does the work on them.

    Files have names of their own, so that nothing a client chooses becomes a path.
    """

    def __init__(
        self, directory: Path, records: Records, jobs: JobQueue, clock: Clock, options: MediaStorageOptions
    ) -> None:
        self.outcomes = Outcomes(tuple(STAGES))
        self.files = directory / "files"
        self._parts = directory / "parts"
        self._records = records
        self._jobs = jobs
        self._clock = clock
        self._options = options
        self._ids = JobIds()

    def start(self) -> None:
        """Forget torn files and queue again what an earlier run left undone."""
        shutil.rmtree(self._parts, ignore_errors=True)
        for directory in (self.files, self._parts):
            directory.mkdir(parents=True, exist_ok=True)
        undone = [Term("work"), Term("status IN (?, ?)", [PENDING, RUNNING])]
        for job in self._records.jobs.select(undone):
            self._records.jobs.change(job.id, status=PENDING, due_at=job.scheduled_at)
        self.tick()

    def now(self) -> int:
        """Return the time in microseconds since the epoch."""
        return int(self._clock.now() * MICROSECONDS)

    def tick(self) -> None:
        """Let happen what is due: steps of scripts, and the beginning of work that was put off.

        Called at every request, so that nobody sees a state that is over, however far the clock was moved.
        """
        now = self.now()
        for job in self._records.jobs.select([Term("due_at <= ?", [now])]):
            if job.work:
                self._records.jobs.change(job.id, due_at=None)
                self._jobs.submit(f"media_storage:{job.id}:{job.retry_count}", self._work)
            elif (played := script.play(job, now)) is None:
                self._records.jobs.delete(job.id)
            else:
                changed = {name: getattr(played, name) for name in (*script.SETTABLE, "updated_at", "script", "due_at")}
                self._records.jobs.change(job.id, **changed)

    def new_part(self) -> Path:
        """Return a path for a file that is being received."""
        return self._parts / secrets.token_hex(16)

    def keep(self, part: Path, media: Media) -> None:
        """Keep a received file as the media's.

        :raises DuplicateError: when there is a media of that resource and key; the file is gone then.
        """
        path = part.replace(self.files / media.file)
        try:
            self._records.medias.add(media)
        except sqlite3.IntegrityError as error:
            path.unlink()
            raise DuplicateError from error

    def new_media(self, resource: str, key: str, filename: str, **fields: Any) -> Media:
        """Return the record of a media that is not kept yet.

        :param fields: those that a machine-made media of no project does not have.
        """
        file = secrets.token_hex(16)
        usual: dict[str, Any] = {
            "created_by": None,
            "created_role": PROCESSOR_ROLE,
            "public": False,
            "created_at": self.now(),
            "updated_at": None,
            "project_id": None,
            "file": file,
        }
        return Media(file + _safe_suffix(filename), resource, key, filename, **{**usual, **fields})

    def new_job(self, **fields: Any) -> Job:
        """Return a job that is not kept yet: pending, due now, with the given fields."""
        now = self.now()
        usual: dict[str, Any] = {
            "job_class": PROCESSING_CLASS,
            "arguments": {},
            "priority": 0,
            "status": PENDING,
            "progress": 0.0,
            "retry_count": 0,
            "error": None,
            "unicity": None,
            "scheduled_at": now,
            "created_at": now,
            "updated_at": now,
            "project_id": None,
        }
        return Job(self._ids.new(self._clock.now()), **{**usual, **fields})

    def processing_job(self, resource: str, project_id: str | None, **fields: Any) -> Job:
        """Return a job that is not kept yet and will process a resource; it begins at a :meth:`tick`."""
        arguments = {
            "entry_id": secrets.token_hex(8),
            "resource": resource,
            "processor_class_name": "Processor::Video",
            "options_class_name": "Processor::Video::Options",
            "options": {},
        }
        usual: dict[str, Any] = {
            "arguments": arguments,
            "priority": PROCESSING_PRIORITY,
            "project_id": project_id,
            "work": True,
            "retries": self._options.job_retries,
            "due_at": self.now(),
        }
        return self.new_job(**{**usual, **fields})

    async def _work(self) -> None:
        """Do the most urgent job that waits, not the one that was queued first."""
        waiting = [Term("work AND status = ? AND due_at IS NULL", [PENDING])]
        for job in self._records.jobs.select(waiting, order="priority DESC, scheduled_at, id", limit=1):
            self._change(job, status=RUNNING)
            try:
                await self._process(job)
            except Exception as error:  # noqa: BLE001 - whatever went wrong, the work has ended
                self._fail(job, _reason(error))
            else:
                # The text of an earlier failure stays.
                self._change(job, status=self._options.completed_word, progress=1.0)

    async def _process(self, job: Job) -> None:
        resource: str = job.arguments["resource"]
        originals = self._records.medias.select([Term("resource = ? AND key = ''", [resource])])
        if not originals:
            raise LookupError(f"there is no resource {resource}")
        source, directory = self.files / originals[0].file, self.new_part()
        directory.mkdir()
        try:
            await self._make(job, source, directory)
            await self._stage(job, "store").reach(UNFINISHED)
            for path in sorted(directory.iterdir()):
                self._keep_variant(originals[0], path)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    async def _make(self, job: Job, source: Path, directory: Path) -> None:
        progress = self._stage(job, "probe")
        await progress.reach(0.0)
        media = await asyncio.to_thread(probe, source)
        await progress.reach(50.0)
        await make_thumbnail(source, directory, media.duration_ms)
        await progress.reach(UNFINISHED)
        progress = self._stage(job, "hls")
        await progress.reach(0.0)

        async def show(seconds: float) -> None:
            await progress.reach(100_000 * seconds / max(media.duration_ms, 1))

        await make_rendition(source, directory, show)
        await progress.reach(UNFINISHED)

    def _keep_variant(self, original: Media, path: Path) -> None:
        identity = [Term("resource = ? AND key = ?", [original.resource, path.name])]
        for older in self._records.medias.select(identity):
            self._records.medias.delete(older.id)
            (self.files / older.file).unlink(missing_ok=True)
        mime_type, size = MIME_TYPES[path.suffix], path.stat().st_size
        fields = {"size": size, "mime_type": mime_type, "project_id": original.project_id}
        self.keep(path, self.new_media(original.resource, path.name, path.name, **fields))

    def _stage(self, job: Job, stage: str) -> Progress:
        begin, end = STAGES[stage]

        def show(percent: float) -> None:
            self._change(job, progress=round(begin + (end - begin) * percent / 100, 3))

        show(0.0)
        return Progress(show, 0.0, self.outcomes, self.outcomes.take(stage, (job.id, job.arguments["resource"])))

    def _fail(self, job: Job, reason: str) -> None:
        log.warning("job %s failed: %s", job.id, reason)
        if job.retry_count < job.retries:
            scheduled_at = self.now() + retry_delay_seconds(job.retry_count) * MICROSECONDS
            again = {"scheduled_at": scheduled_at, "due_at": scheduled_at, "retry_count": job.retry_count + 1}
            self._change(job, status=PENDING, progress=0.0, error=reason, **again)
        else:
            error = None if self._options.null_error else reason
            self._change(job, status=self._options.errored_word, progress=0.0, error=error)

    def _change(self, job: Job, **fields: Any) -> None:
        self._records.jobs.change(job.id, updated_at=self.now(), **fields)


def retry_delay_seconds(retry_count: int) -> int:
    """Return how long a job is put off that failed after so many retries: 5, 10, 40, 110 seconds and so on."""
    return 5 * math.floor(2 ** (1.5 * retry_count))


def _reason(error: Exception) -> str:
    """Say why a piece of work failed; a mistake of the sandbox is logged with its trace as well."""
    if isinstance(error, FAILURES):
        return str(error)
    log.error("The sandbox made a mistake", exc_info=error)
    return f"a mistake of the sandbox: {type(error).__name__}: {error}"


def _safe_suffix(name: str) -> str:
    suffix = Path(name).suffix
    return suffix if suffix[1:].isalnum() and suffix.isascii() else ""
