"""The stand-in's own controls, under ``/_admin/pixop/``.

======  ===========================  ==================================================================================
method  path                         effect
======  ===========================  ==================================================================================
GET     ``accounts``                 the fixture accounts with their passwords and teams
POST    ``tokens``                   ``{"email", "claims"}``: a signed token with claims replaced or, if null, left out
GET     ``videos/{video_id}``        all that is known of a video, the reason of a failure too
POST    ``videos/{video_id}/etag``   give its file another entity tag, as if it had changed
======  ===========================  ==================================================================================

And those of :mod:`media_sandbox.controls`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from media_sandbox.controls import control, outcome_controls
from media_sandbox.pixop.auth import issue_token
from media_sandbox.pixop.fixtures import ACCOUNTS
from media_sandbox.pixop.records import Video, new_id
from media_sandbox.web import ApiError, Operation, json_object

if TYPE_CHECKING:
    from media_sandbox.pixop.service import Pixop


def admin_operations(pixop: Pixop) -> list[Operation]:
    """Return the controls of a stand-in."""

    async def accounts(_: Request) -> Response:
        """Return the fixture accounts."""
        shown = [{"key": item.key, "email": item.email, "password": item.password, "team_ids": item.team_ids}
                 for item in ACCOUNTS]  # fmt: skip
        return JSONResponse(shown)

    async def mint_token(request: Request) -> Response:
        """Return a token with claims of one's choice."""
        body = await json_object(request)
        user = next(iter(pixop.records.users.find(email=body.get("email"))), None)
        if user is None:
            raise ApiError(404, "NotFoundException", f"there is no account {body.get('email')}")
        life = pixop.options.token_life
        token = issue_token(user, user.team_ids[0], pixop.clock.now(), life, body.get("claims"))
        return JSONResponse({"jwtToken": token})

    async def inspect_video(request: Request) -> Response:
        """Return all that is known of a video."""
        return JSONResponse(dataclasses.asdict(_video(pixop, request)))

    async def change_etag(request: Request) -> Response:
        """Give a file another entity tag."""
        video = _video(pixop, request)
        if video.file is None:
            raise ApiError(404, "NotFoundException", f"{video.id} has no file")
        file = dataclasses.replace(video.file, etag=new_id())
        pixop.records.videos.change(video.id, file=file)
        return JSONResponse({"etag": file.etag})

    return [
        control("pixop", "GET", "accounts", accounts),
        control("pixop", "POST", "tokens", mint_token),
        control("pixop", "GET", "videos/{video_id}", inspect_video),
        control("pixop", "POST", "videos/{video_id}/etag", change_etag),
        *outcome_controls("pixop", pixop.workshop.outcomes),
    ]


def _video(pixop: Pixop, request: Request) -> Video:
    id_ = request.path_params["video_id"]
    video = pixop.records.videos.get(id_)
    if video is None:
        raise ApiError(404, "NotFoundException", f"there is no video {id_}")
    return video
