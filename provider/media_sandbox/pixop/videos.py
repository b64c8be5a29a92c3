"""Videos: made, shown, listed, watched and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from media_sandbox.pixop.paging import listing
from media_sandbox.pixop.projects import find_project
from media_sandbox.pixop.records import DEFAULT_PROJECT, INITIAL, Project, State, Video, new_id
from media_sandbox.pixop.views import video_view
from media_sandbox.web import ApiError

if TYPE_CHECKING:
    from media_sandbox.pixop.service import Call

UNNAMED: Final = "Untitled"


async def get_video(call: Call) -> Response:
    """Return a video's details."""
    return call.answer({"video": video_view(find_video(call), call.word)})


async def list_videos(call: Call) -> Response:
    """Return a page of the team's videos."""

    def item(video: Video) -> dict[str, Any]:
        return {
            "_links": {"self": {"href": call.url("videos", "video", video.id)}},
            "id": video.id,
            "parentId": video.parent_id,
            "projectId": video.project_id,
            "name": video.name,
            "filename": video.file.name if video.file else None,
            "dateCreated": video.created,
            "timeLastUpdated": video.updated,
        }

    filters = {"project-id": "project_id", "parent-id": "parent_id"}
    return listing(call, "videos", call.pixop.records.videos, item, filters)


async def create_video(call: Call) -> Response:
    """Make a new video, without media yet."""
    body = await call.json()
    if set(body) - {"name", "projectId"} or not all(isinstance(value, str) and value for value in body.values()):
        message = "the body takes name and projectId, both of them text and optional, and no more"
        raise ApiError(400, "BadRequestException", message)
    project = find_project(call, body["projectId"]) if "projectId" in body else _default_project(call)
    now = call.pixop.clock.stamp()
    video = Video(
        id=new_id(),
        team_id=call.identity.team_id,
        user_id=call.identity.user.id,
        project_id=project.id,
        name=body.get("name", UNNAMED),
        named="name" in body,
        created=now,
        updated=now,
        upload=State(INITIAL, now),
    )
    call.pixop.records.videos.add(video)
    return call.answer(
        {
            "projectId": project.id,
            "videoId": video.id,
            "uploadMediaUrl": call.url("media", "upload", video.id),
            "uploadLightMediaUrl": call.url("media", "upload", "light", video.id),
            "processVideoUrl": call.url("videos", "process-video", video.id),
        }
    )


async def check_process_progress(call: Call) -> Response:
    """Return how far the processing of a processed video is."""
    video = find_video(call)
    if video.processing is None:
        raise ApiError(404, "NotFoundException", f"{video.id} is not a processed video")
    state = {
        "updatedAt": video.processing.updated,
        "processingStatus": call.word(video.processing.status),
        "processingProgressPercent": video.processing.percent,
    }
    return call.answer({"videoId": video.id, "projectId": video.project_id, "processingState": state})


async def check_ingest_progress(call: Call) -> Response:
    """Return how far the ingestion of an original is."""
    video = find_video(call)
    if video.ingestion is None:
        raise ApiError(404, "NotFoundException", f"nothing was uploaded to {video.id}, or it is a processed video")
    state = {
        "updatedAt": video.ingestion.updated,
        "ingestionStatus": call.word(video.ingestion.status),
        "videoMetadataAvailable": video.media is not None,
    }
    return call.answer({"videoId": video.id, "projectId": video.project_id, "ingestionState": state})


async def delete_video(call: Call) -> Response:
    """Delete a video whatever its state, with all videos processed from it; stops their work."""
    video = find_video(call)
    children = call.pixop.records.videos.find(parent_id=video.id)
    doomed = [video.id, *(child.id for child in children)]
    await call.pixop.workshop.remove(doomed)
    return call.answer({"deletedVideos": [{"videoId": id_} for id_ in doomed]})


def find_video(call: Call) -> Video:
    """Return the video of the path, if it is the caller's team's.

    :raises ApiError: 404 when there is none.
    """
    id_ = call.parameter("video_id")
    video = call.pixop.records.videos.get(id_)
    if video is None or video.team_id != call.identity.team_id:
        raise ApiError(404, "NotFoundException", f"there is no video {id_}")
    return video


def _default_project(call: Call) -> Project:
    projects = call.pixop.records.projects
    team_id = call.identity.team_id
    oldest = next(iter(projects.find(limit=1, team_id=team_id, name=DEFAULT_PROJECT)), None)
    now = call.pixop.clock.stamp()
    return oldest or projects.add(Project(new_id(), team_id, DEFAULT_PROJECT, now, now))
