"""The request to process a video."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from media_sandbox.media.probe import MediaInfo
from media_sandbox.pixop.records import INITIAL, State, Video, new_id
from media_sandbox.pixop.target import choose_target
from media_sandbox.pixop.validation import check_against_source, check_request
from media_sandbox.pixop.videos import find_video
from media_sandbox.web import ApiError

if TYPE_CHECKING:
    from media_sandbox.pixop.service import Call


async def process_video(call: Call) -> Response:
    """Make a new video that is to be processed from this one, and queue the work."""
    source = find_video(call)
    request = await call.json()
    check_request(request, call.pixop.options)
    if not source.ready or source.media is None:
        stage = "processed" if source.parent_id else "uploaded and ingested"
        raise ApiError(409, "ConflictException", f"{source.id} cannot be processed before it is {stage}")
    media = MediaInfo.from_json(source.media)
    check_against_source(request, media)
    now = call.pixop.clock.stamp()
    video = Video(
        id=new_id(),
        team_id=source.team_id,
        user_id=call.identity.user.id,
        project_id=source.project_id,
        name=source.name,
        created=now,
        updated=now,
        # Deleting an original takes everything that came of it, so the root counts and not the step between.
        parent_id=source.parent_id or source.id,
        source_id=source.id,
        request=request,
        parameters=choose_target(request, media).as_parameters(),
        processing=State(INITIAL, now),
    )
    call.pixop.records.videos.add(video)
    call.pixop.workshop.queue_processing(video)
    return call.answer(
        {
            "sourceVideoId": source.id,
            "processedVideoId": video.id,
            "projectId": video.project_id,
            "checkProgressUrl": call.url("videos", "check-process-video-progress", video.id),
            "downloadMediaUrl": call.url("media", "download", "processed", video.id),
        }
    )
