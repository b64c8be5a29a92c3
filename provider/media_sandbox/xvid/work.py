"""The work behind the API: finishing uploads and transcoding."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from media_sandbox.clock import Clock
from media_sandbox.jobs import JobQueue
from media_sandbox.media import ffmpeg
from media_sandbox.outcomes import UNFINISHED, ChosenFailureError, Outcomes, Progress
from media_sandbox.xvid.command import CannotMakeError, ffmpeg_arguments, merged
from media_sandbox.xvid.fixtures import PIPELINES
from media_sandbox.xvid.library import FILES, WORK, Library
from media_sandbox.xvid.options import XvidOptions
from media_sandbox.xvid.presets import BY_ID, PICTURES, Preset
from media_sandbox.xvid.records import (
    COMPLETED,
    COMPLETING,
    FAILED,
    FAILURE,
    PROCESSING,
    SUCCESS,
    Job,
    MediaFile,
    Output,
    Records,
    Upload,
    base_name,
    milliseconds,
)
from media_sandbox.xvid.thumbnails import DEFAULT, make_archive
from media_sandbox.xvid.tracks import describe

log = logging.getLogger(__name__)

UPLOAD: Final = "upload"
JOB: Final = "job"

NO_INPUT: Final = "0x0050101"
UNREADABLE: Final = "0x0050102"
CANNOT_MAKE: Final = "0x0050103"
TRANSCODING: Final = "0x0050104"
CHOSEN: Final = "0x0050105"
MISTAKE: Final = "0x0050199"
"""The ``error_code`` of a job that failed; none of them is in the documentation."""

BINARY: Final = "application/octet-stream"


class JobFailure(Exception):
    """A job fails.

    :param code: its ``error_code``; the text is its ``error_msg``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Workshop:
    """Does the work and keeps what comes of it."""

    records: Records
    library: Library
    jobs: JobQueue
    clock: Clock
    options: XvidOptions
    outcomes: Outcomes

    def resume(self) -> None:
        """Queue again what an earlier run left undone, and forget its torn files."""
        self.library.clear_torn()
        for upload in self.records.uploads.find(status=COMPLETING):
            self.finish(upload)
        for job in self.records.jobs.find():
            if job.active:
                self.start(job)

    def finish(self, upload: Upload) -> None:
        """Queue the finishing of an upload."""
        self.jobs.submit(f"xvid:{UPLOAD}:{upload.id}", lambda: self._finish(upload))

    def start(self, job: Job) -> None:
        """Queue a job."""
        self.jobs.submit(_key(job), lambda: self._process(job))

    async def cancel(self, job: Job) -> None:
        """Stop a job that has not ended; nothing of it is left."""
        await self.jobs.cancel(_key(job))

    async def _finish(self, upload: Upload) -> None:
        progress = Progress(lambda _: None, 0.0, self.outcomes, self.outcomes.take(UPLOAD, (upload.id,)))
        try:
            await progress.reach(0.0)
            await asyncio.sleep(self.options.finish_seconds)
            await progress.reach(UNFINISHED)
            reason = await self._take_in(upload)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the work has ended
            reason = str(_failure(error))
        status = FAILED if reason else COMPLETED
        now = milliseconds(self.clock.now())
        self.records.uploads.change(upload.id, status=status, updated_at=now, reason=reason)
        # Not earlier: a sandbox that is stopped before begins the finishing anew.
        self.library.let_go(upload.storage_key)

    async def _take_in(self, upload: Upload) -> str | None:
        """Make the file of an upload; return why there is none."""
        stored = self.records.objects.get(upload.storage_key)
        if reason := bad_finish(upload.nb_chunks, stored is not None):
            return reason
        assert stored is not None
        path = self.library.copy_object(stored)
        name = base_name(upload.object_key)
        media = await asyncio.to_thread(describe, path)
        now = milliseconds(self.clock.now())
        self.library.add(
            MediaFile(
                id=upload.id,
                user_id=upload.user_id,
                application_id=upload.application_id,
                pipeline_id=upload.pipeline_id,
                object_key=upload.object_key,
                name=name,
                path=self.library.relative(path),
                size=stored.size,
                md5=stored.md5,
                mime_type=mimetypes.guess_type(name)[0] or BINARY,
                subtype=_subtype(media),
                media=media,
                created_at=upload.created_at,
                updated_at=now,
                expires_at=upload.expires_at,
            )
        )
        return None

    async def _process(self, job: Job) -> None:
        self._change(job, status=PROCESSING)
        made: list[MediaFile] = []
        try:
            source = self._source(job)
            progress = Progress(
                lambda percent: self._change(job, percent=percent),
                job.percent,
                self.outcomes,
                self.outcomes.take(JOB, (job.id, source.id)),
            )
            await progress.reach(0.0)
            for number, output in enumerate(job.outputs):
                await self._make(job, source, output, number, progress, made)
            await progress.reach(UNFINISHED)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the work has ended
            self._drop(made)
            failure = _failure(error)
            log.warning("the job %s failed: %s", job.id, failure)
            self._end(job, status=FAILURE, error_code=failure.code, error_msg=str(failure))
        except BaseException:
            self._drop(made)
            raise
        else:
            for file in made:
                self.library.add(file)
            self._end(job, status=SUCCESS, percent=100.0)

    def _source(self, job: Job) -> MediaFile:
        name = job.input["input_name"]
        source = self.library.lookup(job.pipeline_id, name)
        if source is None:
            raise JobFailure(NO_INPUT, f"Input file does not exist: {name}")
        self.records.files.change(source.id, used=True)
        self._change(job, input_file_id=source.id)
        if source.media is None:
            raise JobFailure(UNREADABLE, f"Input file is no media that can be read: {name}")
        return source

    async def _make(
        self, job: Job, source: MediaFile, output: Output, number: int, progress: Progress, made: list[MediaFile]
    ) -> None:
        preset = BY_ID[output.preset_id]
        media, path = source.media, self.library.absolute(source.path)
        assert media is not None
        seconds = max(media["duration"] / 1000 - (job.input.get("start_time") or 0), 0.001)

        async def show(reached: float) -> None:
            await progress.reach(100 * (number + min(reached / seconds, 1)) / len(job.outputs))

        target = self.library.new_path(WORK)
        try:
            if preset.makes_pictures:
                await make_archive(path, media, [DEFAULT], target)
            else:
                settings = merged(preset, output.settings)
                await ffmpeg.run(ffmpeg_arguments(preset, settings, job.input, media, path, target), show)
            made.append(await self._made(job, output.file_id, output.output_name, preset, target))
            await self._make_thumbnails(job, output, path, media, made)
        finally:
            target.unlink(missing_ok=True)
        await progress.reach(100 * (number + 1) / len(job.outputs))

    async def _make_thumbnails(
        self, job: Job, output: Output, source: Path, media: dict[str, Any], made: list[MediaFile]
    ) -> None:
        if output.zip_id is None:
            return
        target = self.library.new_path(WORK)
        try:
            await make_archive(source, media, output.thumbnails, target)
            name = f"{output.output_name}_thumbnails.zip"
            made.append(await self._made(job, output.zip_id, name, PICTURES, target))
        finally:
            target.unlink(missing_ok=True)

    async def _made(self, job: Job, id_: str, name: str, preset: Preset, target: Path) -> MediaFile:
        """Return the file of something that was made, now among the files."""
        media = None if preset.makes_pictures else await asyncio.to_thread(describe, target)
        md5 = await asyncio.to_thread(_md5, target)
        size = target.stat().st_size
        path = target.replace(self.library.new_path(FILES))
        now = self.clock.now()
        return MediaFile(
            id=id_,
            user_id=job.user_id,
            application_id=job.application_id,
            pipeline_id=job.pipeline_id,
            object_key=job.output_prefix + name,
            name=self._file_name(name, preset.container.extension),
            path=self.library.relative(path),
            size=size,
            md5=md5,
            mime_type=preset.container.mime_type,
            subtype=preset.container.subtype,
            media=media,
            created_at=milliseconds(now),
            updated_at=milliseconds(now),
            expires_at=int(now + object_life(job.pipeline_id, self.options)),
            job_id=job.id,
        )

    def _file_name(self, name: str, extension: str) -> str:
        name = base_name(name)
        wanted = f".{extension}"
        return name if name.lower().endswith(wanted) or not self.options.name_extension else name + wanted

    def _drop(self, made: list[MediaFile]) -> None:
        for file in made:
            self.library.absolute(file.path).unlink(missing_ok=True)

    def _change(self, job: Job, **fields: Any) -> None:
        self.records.jobs.change(job.id, updated_at=milliseconds(self.clock.now()), **fields)

    def _end(self, job: Job, **fields: Any) -> None:
        self._change(job, finished_at=milliseconds(self.clock.now()), **fields)


def bad_finish(nb_chunks: int, arrived: bool) -> str | None:
    """Return why an upload cannot be finished, ``None`` when it can."""
    if not arrived:
        return "no object was posted for this upload"
    return None if nb_chunks == 1 else f"one chunk has arrived, not {nb_chunks}"


def object_life(pipeline_id: str, options: XvidOptions) -> float:
    """Return the seconds for which a pipeline keeps its objects."""
    lives = (pipeline.object_life for pipeline in PIPELINES if pipeline.id == pipeline_id)
    return next(lives) or options.object_life


def _failure(error: Exception) -> JobFailure:
    """Return a failure as the job tells it; a mistake of the sandbox is logged with its trace as well."""
    if isinstance(error, JobFailure):
        return error
    kinds = {
        CannotMakeError: CANNOT_MAKE,
        ffmpeg.FfmpegError: TRANSCODING,
        ChosenFailureError: CHOSEN,
        OSError: MISTAKE,
    }
    for kind, code in kinds.items():
        if isinstance(error, kind):
            return JobFailure(code, str(error))
    log.error("The sandbox made a mistake", exc_info=error)
    return JobFailure(MISTAKE, f"a mistake of the sandbox: {type(error).__name__}: {error}")


def _key(job: Job) -> str:
    return f"xvid:{JOB}:{job.id}"


def _subtype(media: dict[str, Any] | None) -> str | None:
    if media is None:
        return None
    return "video" if media["video_tracks"] else "audio"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
