"""Files of the internal store: listed, shown and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from media_sandbox.xvid.answers import Reference
from media_sandbox.xvid.listing import listing
from media_sandbox.xvid.records import MediaFile

if TYPE_CHECKING:
    from media_sandbox.xvid.service import Call

FILE: Final = "file"
TYPES: Final = (FILE, "folder", "archive")
"""The stand-in has files only."""
VERSION: Final = 1


async def list_files(call: Call) -> Response:
    """Return the files of the account that the filters let through."""
    query = call.query
    types = (query.text("type") or FILE).split(",")
    if unknown := sorted(set(types) - set(TYPES)):
        raise query.wrong("type", f"takes {', '.join(TYPES)} with commas between them, not {unknown[0]!r}")
    asked = {"pipeline_id": query.object_id("pipeline.id"), "job_id": query.object_id("job.id")}
    equal = {name: value for name, value in asked.items() if value is not None}
    files = call.xvid.library.find(user_id=call.user_id, **equal)
    return listing(call, "files", [show_file(call, file) for file in files if FILE in types])


async def get_file(call: Call) -> Response:
    """Return a file."""
    return call.answer({"file": show_file(call, find_file(call, call.object_id("file_id")))})


async def delete_file(call: Call) -> Response:
    """Delete a file and its content."""
    call.xvid.library.remove(find_file(call, call.object_id("file_id")).id)
    return call.success()


def find_file(call: Call, id_: str) -> MediaFile:
    """Return a file of the caller's account.

    :raises ApiError: 404 when there is none.
    """
    file = call.xvid.library.get(id_)
    if file is None or file.user_id != call.user_id:
        raise call.area.absent(f"there is no file {id_}")
    return file


def show_file(call: Call, file: MediaFile) -> dict[str, Any]:
    """Return a file as the API shows it."""
    media = file.media or {}
    return {
        "storage": "intern",
        "title": file.name,
        "name": file.name,
        "type": FILE,
        "subtype": file.subtype,
        "job": Reference("job", file.job_id) if file.job_id else None,
        "autograph": False,
        "container": media.get("container"),
        "mime_type": file.mime_type,
        "md5_checksum": file.md5,
        "size": file.size,
        "size_on_disk": file.size,
        "application": Reference("application", file.application_id),
        "duration": media.get("duration"),
        "pipeline": Reference("pipeline", file.pipeline_id),
        "finished_at": file.updated_at,
        "expires_at": file.expires_at * 1000 or None,
        "elements": None,
        "video_tracks": media.get("video_tracks"),
        "audio_tracks": media.get("audio_tracks"),
        "subtitle_tracks": None,
        "description": None,
        "parents": [],
        "user_data": None,
        "uri": f"{call.base_url}/files/downloads/?{urlencode({'file_id': file.id})}",
        "version": VERSION,
        "user": Reference("user", file.user_id),
        "created_at": file.created_at,
        "updated_at": file.updated_at,
        "id": file.id,
    }
