"""The operations on jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from media_sandbox.media_storage.auth import may_delete_jobs
from media_sandbox.media_storage.documents import document, job_resource
from media_sandbox.media_storage.errors import database_error, invalid_parameter, not_found
from media_sandbox.media_storage.filters import JOB_FILTERS, read_uuid
from media_sandbox.media_storage.listing import listing
from media_sandbox.media_storage.records import Job
from media_sandbox.media_storage.table import Term

if TYPE_CHECKING:
    from media_sandbox.media_storage.service import Call


async def index_jobs(call: Call) -> Response:
    """Return a page of jobs."""
    return listing(call, call.storage.records.jobs, JOB_FILTERS, job_resource)


async def show_job(call: Call) -> Response:
    """Return one job."""
    query = call.query()
    if query.included:
        raise invalid_parameter("included", f"a job has no relation {query.included[0]!r}")
    job = _find(call)
    if job is None:
        raise not_found(f"there is no job {call.parameter('resource_id')}")
    return document(job_resource(job, query.fields, call.options), call.options)


async def delete_job(call: Call) -> Response:
    """Delete a job; one that is not there is deleted already. Who works on it is not told."""
    may_delete_jobs(call.account)
    job = _find(call)
    if job is not None:
        call.storage.records.jobs.delete(job.id)
    return Response(status_code=204)


def _find(call: Call) -> Job | None:
    try:
        id_ = read_uuid(call.parameter("resource_id"))
    except ValueError as error:
        if call.options.type_errors_500:
            raise database_error(f"ERROR: the id {error}: SELECT * FROM jobs WHERE ...") from error
        return None
    found = call.storage.records.jobs.select([*call.visible, Term("id = ?", [id_])])
    return found[0] if found else None
