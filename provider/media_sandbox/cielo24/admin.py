"""The stand-in's own controls, under ``/_admin/cielo24/``.

======  ========================  ======================================================================================
method  path                      effect
======  ========================  ======================================================================================
GET     ``accounts``              the fixture accounts with their passwords and secure keys
GET     ``jobs/{job_id}``         all that is known of a job: its metadata and the reason of a failure too
POST    ``jobs/{job_id}/status``  ``{"JobStatus": ...}``: give it a status, which then stays; ``Complete`` finishes it
GET     ``corruptions``           the corruptions of caption files that are set
POST    ``corruptions``           set one: the fields of :class:`media_sandbox.cielo24.corruption.Corruption`
DELETE  ``corruptions``           remove all
======  ========================  ======================================================================================

And those of :mod:`media_sandbox.controls`, for the stages ``media`` and ``transcription``.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from media_sandbox.cielo24.corruption import Corruption
from media_sandbox.cielo24.fixtures import ACCOUNTS
from media_sandbox.cielo24.records import Job
from media_sandbox.cielo24.vocabulary import JOB_STATUSES
from media_sandbox.controls import control, outcome_controls
from media_sandbox.web import ApiError, Operation, json_object

if TYPE_CHECKING:
    from media_sandbox.cielo24.service import Cielo24


def admin_operations(cielo24: Cielo24) -> list[Operation]:
    """Return the controls of a stand-in."""

    async def accounts(_: Request) -> Response:
        """Return the fixture accounts."""
        shown = [{**dataclasses.asdict(item), "secure_key": item.secure_key} for item in ACCOUNTS]
        return JSONResponse(shown)

    async def inspect_job(request: Request) -> Response:
        """Return all that is known of a job."""
        return JSONResponse(dataclasses.asdict(_job(cielo24, request)))

    async def set_status(request: Request) -> Response:
        """Give a job a status."""
        job, status = _job(cielo24, request), (await json_object(request)).get("JobStatus")
        if status not in JOB_STATUSES:
            raise _bad(f"JobStatus must be one of {', '.join(JOB_STATUSES)}")
        try:
            await cielo24.workshop.force(job, status)
        except ValueError as error:
            raise _bad(str(error)) from error
        return await inspect_job(request)

    async def list_corruptions(_: Request) -> Response:
        """Return the corruptions that are set."""
        return JSONResponse([dataclasses.asdict(corruption) for corruption in cielo24.corruptions.all])

    async def add_corruption(request: Request) -> Response:
        """Set a corruption."""
        try:
            corruption = Corruption(**await json_object(request))
        except (TypeError, ValueError) as error:
            raise _bad(str(error)) from error
        cielo24.corruptions.all.append(corruption)
        return JSONResponse(dataclasses.asdict(corruption))

    async def clear_corruptions(_: Request) -> Response:
        """Remove all corruptions."""
        cielo24.corruptions.all.clear()
        return Response(status_code=204)

    return [
        control("cielo24", "GET", "accounts", accounts),
        control("cielo24", "GET", "jobs/{job_id}", inspect_job),
        control("cielo24", "POST", "jobs/{job_id}/status", set_status),
        control("cielo24", "GET", "corruptions", list_corruptions),
        control("cielo24", "POST", "corruptions", add_corruption),
        control("cielo24", "DELETE", "corruptions", clear_corruptions),
        *outcome_controls("cielo24", cielo24.workshop.outcomes),
    ]


def _job(cielo24: Cielo24, request: Request) -> Job:
    id_ = request.path_params["job_id"]
    job = cielo24.records.jobs.get(id_)
    if job is None:
        raise ApiError(404, "NotFoundException", f"there is no job {id_}")
    return job


def _bad(message: str) -> ApiError:
    return ApiError(400, "BadRequestException", message)
