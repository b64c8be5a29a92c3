"""The stand-in's own controls, under ``/_admin/xvid/``.

======  ======================================  ====================================================================
method  path                                    effect
======  ======================================  ====================================================================
GET     ``clients``                             the fixture clients with their secrets, and the pipelines
GET     ``uploads/{id}``                        all that is known of an upload, the reason of a failure too
GET     ``files/{id}``                          all that is known of a file
GET     ``jobs/{id}``                           all that is known of a job
POST    ``files/{id}/corrupt``                  give a file another MD5 and entity tag than its content has
POST    ``jobs/{id}/outputs/{number}/drop``     delete the file of an output (the first is 0) behind the job's back
======  ======================================  ====================================================================

And those of :mod:`media_sandbox.controls`; the stages are ``upload`` and ``job``.
"""

from __future__ import annotations

import dataclasses
import secrets
from typing import TYPE_CHECKING, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from media_sandbox.controls import control, outcome_controls
from media_sandbox.store import Collection, Record
from media_sandbox.web import ApiError, Operation
from media_sandbox.xvid.fixtures import CLIENTS, PIPELINES

if TYPE_CHECKING:
    from media_sandbox.xvid.service import Xvid

R = TypeVar("R", bound=Record)


def admin_operations(xvid: Xvid) -> list[Operation]:
    """Return the controls of a stand-in."""
    records = xvid.records

    async def clients(_: Request) -> Response:
        """Return the fixtures."""
        shown = [{"key": item.key, "id": item.id, "secret": item.secret, "scopes": item.scopes} for item in CLIENTS]
        pipelines = [{"name": item.name, "id": item.id, "user": item.user} for item in PIPELINES]
        return JSONResponse({"clients": shown, "pipelines": pipelines})

    async def inspect_upload(request: Request) -> Response:
        """Return all that is known of an upload."""
        return JSONResponse(dataclasses.asdict(_record(records.uploads, request)))

    async def inspect_file(request: Request) -> Response:
        """Return all that is known of a file."""
        return JSONResponse(dataclasses.asdict(_record(records.files, request)))

    async def inspect_job(request: Request) -> Response:
        """Return all that is known of a job."""
        return JSONResponse(dataclasses.asdict(_record(records.jobs, request)))

    async def corrupt_file(request: Request) -> Response:
        """Make the MD5 of a file wrong."""
        file = _record(records.files, request)
        md5 = secrets.token_hex(16)
        records.files.change(file.id, md5=md5)
        return JSONResponse({"md5": md5})

    async def drop_output(request: Request) -> Response:
        """Delete the file of an output behind the job's back."""
        job = _record(records.jobs, request)
        number: str = request.path_params["number"]
        if not (number.isascii() and number.isdigit() and int(number) < len(job.outputs)):
            raise ApiError(404, "NotFoundException", f"{job.id} has no output {number}")
        file_id = job.outputs[int(number)].file_id
        xvid.library.remove(file_id)
        return JSONResponse({"file_id": file_id})

    return [
        control("xvid", "GET", "clients", clients),
        control("xvid", "GET", "uploads/{id}", inspect_upload),
        control("xvid", "GET", "files/{id}", inspect_file),
        control("xvid", "GET", "jobs/{id}", inspect_job),
        control("xvid", "POST", "files/{id}/corrupt", corrupt_file),
        control("xvid", "POST", "jobs/{id}/outputs/{number}/drop", drop_output),
        *outcome_controls("xvid", xvid.workshop.outcomes),
    ]


def _record(collection: Collection[R], request: Request) -> R:
    id_ = request.path_params["id"]
    record = collection.get(id_)
    if record is None:
        raise ApiError(404, "NotFoundException", f"there is nothing of the id {id_}")
    return record
