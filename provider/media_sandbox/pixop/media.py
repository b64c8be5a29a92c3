"""The media service: files in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from media_sandbox.downloads import send_file
from media_sandbox.pixop.records import DONE, IN_PROGRESS, StoredFile, Video
from media_sandbox.pixop.videos import find_video
from media_sandbox.uploads import receive_file
from media_sandbox.web import ApiError

if TYPE_CHECKING:
    from media_sandbox.pixop.service import Call


async def upload(call: Call) -> Response:
    """Take in a file and ingest it fully."""
    return await _upload(call, light=False)


async def upload_light(call: Call) -> Response:
    """Take in a file and ingest its metadata only."""
    return await _upload(call, light=True)


async def download_original(call: Call) -> Response:
    """Send the file as it was uploaded."""
    video = find_video(call)
    if video.parent_id or video.file is None:
        raise ApiError(404, "NotFoundException", f"there is no uploaded file for {video.id}")
    return _send(call, video.file)


async def download_processed(call: Call) -> Response:
    """Send the file that processing made."""
    video = find_video(call)
    if video.processing is None:
        raise ApiError(404, "NotFoundException", f"{video.id} is not a processed video")
    if video.processing.status != DONE or video.file is None:
        message = f"{video.id} cannot be downloaded: its processing is {call.word(video.processing.status)}"
        raise ApiError(409, "ConflictException", message)
    return _send(call, video.file)


async def _upload(call: Call, *, light: bool) -> Response:
    video = find_video(call)
    _check_upload(call, video)
    call.pixop.workshop.begin_upload(video.id)
    try:
        received = await receive_file(call.request, call.pixop.workshop.new_part(video.id))
    except BaseException:
        # Also when the client goes away or the sandbox is stopped: the video must not stay half uploaded.
        call.pixop.workshop.fail_upload(video.id)
        raise
    stored = await call.pixop.workshop.finish_upload(video.id, received, light=light)
    if stored is None:
        raise ApiError(404, "NotFoundException", f"the video {video.id} was deleted during the upload")
    return call.answer(
        {
            "projectId": video.project_id,
            "videoId": video.id,
            "checkIngestProgressUrl": call.url("videos", "check-ingest-video-progress", video.id),
            "processVideoUrl": call.url("videos", "process-video", video.id),
        }
    )


def _check_upload(call: Call, video: Video) -> None:
    if "content-length" not in call.request.headers:
        raise ApiError(411, "LengthRequiredException", "an upload needs the header Content-Length")
    if video.parent_id:
        raise ApiError(400, "BadRequestException", f"{video.id} is a processed video: nothing can be uploaded to it")
    if video.upload is not None and video.upload.status == IN_PROGRESS:
        raise ApiError(409, "ConflictException", f"an upload to {video.id} is going on")
    if call.pixop.workshop.is_source_in_use(video.id):
        raise ApiError(409, "ConflictException", f"{video.id} is being processed and cannot be replaced now")


def _send(call: Call, file: StoredFile) -> Response:
    return send_file(call.request, call.pixop.directory / file.path, file.name, file.etag)
