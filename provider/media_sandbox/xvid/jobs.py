"""Transcoding jobs: ordered, shown, listed, cancelled and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from media_sandbox.xvid.answers import Reference
from media_sandbox.xvid.listing import listing
from media_sandbox.xvid.options import XvidOptions
from media_sandbox.xvid.order import read_order
from media_sandbox.xvid.records import FAILURE, PROCESSING, QUEUED, SUCCESS, Job, Output, base_name, milliseconds

if TYPE_CHECKING:
    from media_sandbox.xvid.service import Call

JSON: Final = "application/json"
JUST_ENDED_MS: Final = 15 * 60 * 1000
"""How long a job that has ended still counts as in progress in listings."""
VERSION: Final = 1


async def create_job(call: Call) -> Response:
    """Take an order for a job and queue it."""
    content_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != JSON:
        raise call.area.refuse(f"the body must be {JSON}, not {content_type!r}")
    job = read_order(call, await call.json("job"))
    xvid = call.xvid
    if xvid.options.early_input_check and xvid.library.lookup(job.pipeline_id, job.input["input_name"]) is None:
        raise call.area.refuse(f"there is no file {job.input['input_name']!r} in the pipeline")
    xvid.records.jobs.add(job)
    xvid.workshop.start(job)
    return call.answer({"job": show_job(job, xvid.options)}, xvid.options.job_created_status)


async def get_job(call: Call) -> Response:
    """Return a job."""
    return call.answer({"job": show_job(_find(call), call.xvid.options)})


async def list_jobs(call: Call) -> Response:
    """Return the jobs of the account that the filters let through."""
    query, options = call.query, call.xvid.options
    asked = {"user_data": query.text("user_data"), "pipeline_id": query.object_id("pipeline.id")}
    equal: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    words = (QUEUED, options.processing_word, SUCCESS, FAILURE, *filter(None, [options.status_after_cancel]))
    status, in_progress = query.choice("status", words), query.flag("inprogress")
    watermarked, name = query.flag("autograph"), (query.text("input.file.name") or "").lower()
    just_now = milliseconds(call.xvid.clock.now()) - JUST_ENDED_MS
    kept = [
        show_job(job, options)
        for job in call.xvid.records.jobs.find(user_id=call.user_id, **equal)
        if status in (None, _word(job, options))
        and in_progress in (None, job.active or (job.finished_at or 0) > just_now)
        # No job here is watermarked.
        and not watermarked
        and name in base_name(job.input["input_name"]).lower()
    ]
    return listing(call, "jobs", kept)


async def delete_job(call: Call) -> Response:
    """Cancel a job that has not ended; delete one that has, its outputs too."""
    job, xvid = _find(call), call.xvid
    if job.active and xvid.options.status_after_cancel:
        await xvid.workshop.cancel(job)
        now = milliseconds(xvid.clock.now())
        status = xvid.options.status_after_cancel
        xvid.records.jobs.change(job.id, status=status, finished_at=now, updated_at=now)
        return call.success()
    # The record first, so that nobody sees the job any more.
    xvid.records.jobs.delete(job.id)
    await xvid.workshop.cancel(job)
    for file in xvid.library.find(job_id=job.id):
        xvid.library.remove(file.id)
    return call.success()


def show_job(job: Job, options: XvidOptions) -> dict[str, Any]:
    """Return a job as the API shows it."""
    return {
        "pipeline": Reference("pipeline", job.pipeline_id),
        "application": Reference("application", job.application_id),
        "user": Reference("user", job.user_id),
        "user_data": job.user_data,
        "unique_custom_key": job.unique_custom_key,
        "input": {**job.input, "file": _file(job.input_file_id)},
        "autograph": False,
        "output_prefix": job.output_prefix,
        "outputs": [_show_output(job, number, options) for number in range(len(job.outputs))],
        "status": _word(job, options),
        "percentage_completed": int(job.percent),
        "error_code": job.error_code,
        "error_msg": job.error_msg,
        "finished_at": job.finished_at,
        "version": VERSION,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "id": job.id,
    }


def _show_output(job: Job, number: int, options: XvidOptions) -> dict[str, Any]:
    output: Output = job.outputs[number]
    # They are made one after the other, each an equal share of the whole.
    share = job.percent / 100 * len(job.outputs) - number
    shown = options.early_output_files or job.status == SUCCESS
    return {
        "preset": Reference("preset", output.preset_id),
        "file": _file(output.file_id if shown else None),
        "output_name": output.output_name,
        "settings": output.settings or None,
        "percentage_completed": int(100 * min(max(share, 0), 1)),
        "thumbnail_zip": {"file": _file(output.zip_id)} if output.zip_id and shown else None,
    }


def _find(call: Call) -> Job:
    id_ = call.object_id("job_id")
    job = call.xvid.records.jobs.get(id_)
    if job is None or job.user_id != call.user_id:
        raise call.area.absent(f"there is no job {id_}")
    return job


def _file(id_: str | None) -> Reference | None:
    return Reference("file", id_) if id_ else None


def _word(job: Job, options: XvidOptions) -> str:
    return options.processing_word if job.status == PROCESSING else job.status
