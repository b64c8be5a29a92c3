"""The work behind the API: taking in uploads, ingesting them, processing videos, cleaning up."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from media_sandbox.clock import Clock
from media_sandbox.jobs import JobQueue
from media_sandbox.media import ffmpeg
from media_sandbox.media.probe import MediaInfo, NotAVideoError, probe
from media_sandbox.outcomes import UNFINISHED, ChosenFailureError, Outcomes, Progress
from media_sandbox.pixop.analysis import analyse
from media_sandbox.pixop.command import CannotProcessError, ffmpeg_arguments
from media_sandbox.pixop.formats import SUFFIXES
from media_sandbox.pixop.records import DONE, ERROR, IN_PROGRESS, INITIAL, Records, State, StoredFile, Video, new_id
from media_sandbox.pixop.target import Target, choose_target
from media_sandbox.uploads import Received, new_hash

log = logging.getLogger(__name__)

FAILURES: Final = (NotAVideoError, CannotProcessError, ChosenFailureError, ffmpeg.FfmpegError, OSError)
"""What may go wrong with a piece of work; anything else is a mistake of the sandbox."""


class Workshop:
    """Owns the media files and does the work on them.

    Every video has a directory of its own; a file gets its final name only when it is whole.
    """

    def __init__(self, directory: Path, records: Records, jobs: JobQueue, clock: Clock) -> None:
        self.outcomes = Outcomes(("ingest", "process"))
        self._directory = directory
        self._records = records
        self._jobs = jobs
        self._clock = clock

    def resume(self) -> None:
        """Queue again what an earlier run left undone, and forget its torn files."""
        for part in self._directory.glob("*/part-*"):
            part.unlink()
        for video in self._records.videos.find():
            if video.upload and video.upload.status == IN_PROGRESS:
                self.fail_upload(video.id)
            if video.ingestion and video.ingestion.status in (INITIAL, IN_PROGRESS):
                self._submit(video, self._ingest)
            if video.processing and video.processing.status in (INITIAL, IN_PROGRESS):
                self._submit(video, self._process)

    def new_part(self, video_id: str) -> Path:
        """Return a path for a file that is being received."""
        return self._part(video_id)

    def begin_upload(self, video_id: str) -> None:
        """Note that a file is coming in."""
        self._records.videos.change(video_id, upload=State(IN_PROGRESS, self._clock.stamp()))

    def fail_upload(self, video_id: str) -> None:
        """Note that a file did not come in; an earlier one stays."""
        reason = "the upload ended before its last byte"
        self._records.videos.change(video_id, upload=State(ERROR, self._clock.stamp(), reason=reason))

    async def finish_upload(self, video_id: str, received: Received, *, light: bool) -> Video | None:
        """Take the received file as the video's and queue its ingestion.

        :return: the video, or ``None`` if it was deleted meanwhile.
        """
        await self._jobs.cancel(_key(video_id))
        video = self._records.videos.get(video_id)
        if video is None:
            received.path.unlink(missing_ok=True)
            return None
        if video.file:
            (self._directory / video.file.path).unlink(missing_ok=True)
        path = self._home(video_id) / f"original{_safe_suffix(received.name)}"
        received.path.replace(path)
        now = self._clock.stamp()
        changed = self._records.videos.change(
            video_id,
            name=video.name if video.named else received.name,
            file=self._stored(received.name, path, received.digest),
            media=None,
            upload=State(DONE, now, 100.0),
            light=light,
            ingestion=State(INITIAL, now),
            heuristics=None,
            quality=None,
            updated=now,
        )
        assert changed is not None
        self._submit(changed, self._ingest)
        return changed

    def queue_processing(self, video: Video) -> None:
        """Queue the processing of a new video."""
        self._submit(video, self._process)

    def is_source_in_use(self, video_id: str) -> bool:
        """Return whether videos are being processed from this one."""
        children = self._records.videos.find(source_id=video_id)
        return any(child.processing and child.processing.status in (INITIAL, IN_PROGRESS) for child in children)

    async def remove(self, video_ids: list[str]) -> None:
        """Delete videos: their records first, so that nobody sees them any more, then their work and files."""
        for id_ in video_ids:
            self._records.videos.delete(id_)
        for id_ in video_ids:
            await self._jobs.cancel(_key(id_))
            shutil.rmtree(self._directory / id_, ignore_errors=True)

    def _submit(self, video: Video, work: Callable[[Video], Coroutine[None, None, None]]) -> None:
        self._jobs.submit(_key(video.id), lambda: work(video))

    async def _ingest(self, video: Video) -> None:
        progress = self._progress(video, "ingest", "ingestion", video.ingestion)
        assert video.file is not None
        path = self._directory / video.file.path
        try:
            await progress.reach(0.0)
            media = await asyncio.to_thread(probe, path)
            self._records.videos.change(video.id, media=media.as_json())
            findings: dict[str, Any] = {} if video.light else await analyse(path, media, progress.reach)
            await progress.reach(UNFINISHED)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the work has ended
            self._finish(video, "ingestion", ERROR, reason=_reason(error))
        else:
            self._finish(video, "ingestion", DONE, **findings)

    async def _process(self, video: Video) -> None:
        progress = self._progress(video, "process", "processing", video.processing)
        try:
            await progress.reach(0.0)
            source = self._records.videos.get(video.source_id or "")
            if source is None or source.file is None or source.media is None:
                raise CannotProcessError("the source was deleted before the work began")
            media = MediaInfo.from_json(source.media)
            target = choose_target(video.request or {}, media)
            suffix = SUFFIXES[target.format.container]
            part = self._part(video.id, suffix)
            arguments = ffmpeg_arguments(target, media, self._directory / source.file.path, part)
            await self._convert(arguments, target, media, progress)
            made = await asyncio.to_thread(probe, part)
            digest = await asyncio.to_thread(_digest, part)
            path = part.replace(part.with_name(f"processed{suffix}"))
            file = self._stored(Path(source.file.name).stem + suffix, path, digest)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the work has ended
            self._finish(video, "processing", ERROR, reason=_reason(error))
        else:
            self._finish(video, "processing", DONE, file=file, media=made.as_json())

    async def _convert(self, arguments: list[str], target: Target, media: MediaInfo, progress: Progress) -> None:
        end_ms = media.duration_ms if target.end_ms is None else target.end_ms
        seconds = max(end_ms - (target.start_ms or 0), 1) / 1000

        async def show(reached: float) -> None:
            await progress.reach(100 * reached / seconds)

        await ffmpeg.run(arguments, show)
        await progress.reach(UNFINISHED)

    def _progress(self, video: Video, stage: str, field: str, state: State | None) -> Progress:
        start = state.percent if state else 0.0
        self._records.videos.change(video.id, **{field: State(IN_PROGRESS, self._clock.stamp(), start)})

        def show(percent: float) -> None:
            self._records.videos.change(video.id, **{field: State(IN_PROGRESS, self._clock.stamp(), percent)})

        return Progress(show, start, self.outcomes, self.outcomes.take(stage, (video.id, video.source_id)))

    def _finish(self, video: Video, field: str, status: str, *, reason: str | None = None, **fields: Any) -> None:
        now = self._clock.stamp()
        current = self._records.videos.get(video.id)
        state: State | None = getattr(current, field) if current else None
        percent = 100.0 if status == DONE else state.percent if state else 0.0
        if reason:
            log.warning("the %s of %s failed: %s", field, video.id, reason)
        fields[field] = State(status, now, percent, reason)
        self._records.videos.change(video.id, updated=now, **fields)

    def _stored(self, name: str, path: Path, digest: str) -> StoredFile:
        return StoredFile(name, path.stat().st_size, digest, str(path.relative_to(self._directory)))

    def _part(self, video_id: str, suffix: str = "") -> Path:
        # Never the same twice: an orphan of a killed sandbox must not write into the file of its successor.
        return self._home(video_id) / f"part-{new_id()}{suffix}"

    def _home(self, video_id: str) -> Path:
        home = self._directory / video_id
        home.mkdir(exist_ok=True)
        return home


def _reason(error: Exception) -> str:
    """Say why a piece of work failed; a mistake of the sandbox is logged with its trace as well."""
    if isinstance(error, FAILURES):
        return str(error)
    log.error("The sandbox made a mistake", exc_info=error)
    return f"a mistake of the sandbox: {type(error).__name__}: {error}"


def _key(video_id: str) -> str:
    return f"pixop:{video_id}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, new_hash).hexdigest()


def _safe_suffix(name: str) -> str:
    suffix = Path(name).suffix
    return suffix if suffix[1:].isalnum() and suffix.isascii() else ""
