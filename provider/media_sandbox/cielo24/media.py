"""Media of a job: one piece, from a URL or as the body of a request."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from media_sandbox.cielo24.call import task_answer
from media_sandbox.cielo24.errors import INVALID_QUERY, INVALID_URL, ITEM_NOT_FOUND, missing, refusal
from media_sandbox.cielo24.fetch import is_reachable
from media_sandbox.cielo24.options import Cielo24Options
from media_sandbox.cielo24.parameters import BOOLEAN, URL, Parameter
from media_sandbox.cielo24.records import Job, Media
from media_sandbox.cielo24.vocabulary import IN_PROGRESS, MEDIA_ADDED

if TYPE_CHECKING:
    from media_sandbox.cielo24.call import Call

MEDIA_URL: Final = Parameter("media_url", URL, required=True)
IS_DUPLICATE: Final = Parameter("is_duplicate", BOOLEAN)
TOLERATED_TYPES: Final = ("video/", "audio/", "application/octet-stream")
WRITE_BYTES: Final = 1024 * 1024


async def add_media(call: Call) -> Response:
    """Add media from a URL."""
    job, values = call.read_with_job(MEDIA_URL, IS_DUPLICATE)
    return _add_url(call, job, values)


async def add_media_url(call: Call) -> Response:
    """Add media from the page of a video host; there is none here, so the page must be the media itself."""
    job, values = call.read_with_job(MEDIA_URL, IS_DUPLICATE)
    return _add_url(call, job, values)


async def add_media_file(call: Call) -> Response:
    """Add the media that are the body of the request."""
    job, _ = call.read_with_job(IS_DUPLICATE)
    if call.given.all("media_url"):
        raise refusal(INVALID_QUERY, "media_url must not be in the URL when the media are in the body")
    _refuse_second(call, job)
    size = _announced(call.request, call.cielo24.options)
    workshop = call.cielo24.workshop
    part = workshop.new_part(job.id)
    workshop.receiving.add(job.id)
    try:
        await _receive(call.request, part)
        return _keep(call, job.id, part, size)
    finally:
        workshop.receiving.discard(job.id)
        part.unlink(missing_ok=True)


async def get_media(call: Call) -> Response:
    """Tell where the media came from: nowhere, when they were uploaded."""
    job, _ = call.read_with_job()
    if job.media is None:
        raise refusal(ITEM_NOT_FOUND, "the job has no media")
    return JSONResponse({"MediaUrl": job.media.url})


def _add_url(call: Call, job: Job, values: dict[str, Any]) -> Response:
    _refuse_second(call, job)
    url, options = values["media_url"], call.cielo24.options
    if options.refuse_unreachable_media and not is_reachable(url, loopback=options.allow_loopback_media):
        raise refusal(INVALID_URL, "the host of media_url cannot be reached")
    if options.refuse_duplicates and not values.get("is_duplicate"):
        others = call.cielo24.records.jobs.find(account_id=job.account_id)
        if any(other.media and other.media.url == url for other in others):
            raise refusal(INVALID_QUERY, "another job has media of this URL")
    task_id = call.new_task(job, MEDIA_ADDED, IN_PROGRESS)
    call.cielo24.workshop.take_media(job, Media(task_id, url))
    return task_answer(task_id)


def _refuse_second(call: Call, job: Job) -> None:
    if job.media is not None or job.id in call.cielo24.workshop.receiving:
        raise refusal(INVALID_QUERY, "the job has media already, and can only have one piece of it")


def _announced(request: Request, options: Cielo24Options) -> int:
    """Return the size that the header of an upload tells, before a byte of the body is read.

    :raises ApiError: 400 when the header is not as it must be.
    """
    headers = request.headers
    if "transfer-encoding" in headers:
        raise refusal(INVALID_QUERY, "chunked transfer encoding is not supported; send Content-Length")
    if "content-length" not in headers:
        raise missing("Content-Length (header)")
    size = int(headers["content-length"])
    if not 0 < size <= options.largest_media:
        raise refusal(INVALID_QUERY, f"Content-Length must be from 1 to {options.largest_media}, and is {size}")
    type_ = headers.get("content-type")
    if type_ is not None and not (options.tolerate_media_type and type_.lower().startswith(TOLERATED_TYPES)):
        raise refusal(INVALID_QUERY, f"an upload carries no Content-Type, and this one says {type_!r}")
    return size


async def _receive(request: Request, part: Path) -> None:
    """Write the body to a file, in flat memory.

    :raises starlette.requests.ClientDisconnect: when the client goes away before the last byte.
    """
    buffer = bytearray()
    with part.open("wb") as file:
        async for chunk in request.stream():
            buffer += chunk
            if len(buffer) >= WRITE_BYTES:
                await asyncio.to_thread(file.write, bytes(buffer))
                buffer.clear()
        file.write(buffer)


def _keep(call: Call, job_id: str, part: Path, size: int) -> Response:
    job = call.cielo24.records.jobs.get(job_id)
    if job is None:
        raise refusal(ITEM_NOT_FOUND, f"the job {job_id} was deleted during the upload")
    task_id = call.new_task(job, MEDIA_ADDED, IN_PROGRESS)
    call.cielo24.workshop.take_media(job, Media(task_id, size=size), part)
    return task_answer(task_id)
