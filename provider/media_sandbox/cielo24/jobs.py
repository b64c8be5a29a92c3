"""Job control: creating, authorizing, modifying, deleting and listing jobs, and their tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, Response

from media_sandbox.cielo24.accounts import find_account
from media_sandbox.cielo24.call import task_answer
from media_sandbox.cielo24.errors import INVALID_QUERY, refusal
from media_sandbox.cielo24.filters import FILTERS, select
from media_sandbox.cielo24.parameters import (
    BOOLEAN,
    LANGUAGE,
    TEXT,
    URL,
    Parameter,
    integer,
    one_of,
    text_up_to,
)
from media_sandbox.cielo24.records import Job, Task, new_id
from media_sandbox.cielo24.tree import family
from media_sandbox.cielo24.views import Dates, job_view, task_view
from media_sandbox.cielo24.vocabulary import (
    AUTHORIZING,
    CREATED,
    DELETED,
    FIDELITIES,
    METADATA_UPDATED,
    PENDING,
    PRIORITIES,
)

if TYPE_CHECKING:
    from media_sandbox.cielo24.call import Call

LONGEST_NOTES: Final = 1000

NEW_JOB: Final = (
    Parameter("job_name", TEXT),
    Parameter("language", LANGUAGE),
    Parameter("external_id", TEXT),
    Parameter("username", TEXT),
    Parameter("requestor", TEXT),
    Parameter("reference", TEXT),
    Parameter("expected_speakers", integer()),
    Parameter("is_duplicate", BOOLEAN),
)

MODIFY: Final = (
    Parameter("transcription_fidelity", one_of(FIDELITIES)),
    Parameter("turnaround_hours", integer(1)),
    Parameter("priority", one_of(PRIORITIES)),
    Parameter("account_id", TEXT),
    Parameter("requestor_id", TEXT),
    Parameter("callback_url", URL),
    Parameter("expected_speakers", integer()),
    Parameter("notes", text_up_to(LONGEST_NOTES)),
)

METADATA: Final = (Parameter("reference_id", TEXT, required=True), Parameter("requestor_id", TEXT, required=True))


async def new_job(call: Call) -> Response:
    """Create a job."""
    values = call.read(*NEW_JOB)
    account = find_account(call, values.get("username"))
    external_id = values.get("external_id", "")
    records = call.cielo24.records
    checked = call.cielo24.options.refuse_duplicates and external_id and not values.get("is_duplicate")
    if checked and records.jobs.count(external_id=external_id, account_id=account.id):
        raise refusal(INVALID_QUERY, f"there is a job with the external_id {external_id!r} already")
    job = Job(
        id=new_id(),
        account_id=account.id,
        created=call.cielo24.clock.now(),
        name=values.get("job_name", ""),
        language=values.get("language", "en"),
        external_id=external_id,
        expected_speakers=values.get("expected_speakers"),
        reference_id=values.get("reference", ""),
        requestor_id=values.get("requestor", ""),
        status=AUTHORIZING if account.authorization else PENDING,
    )
    records.jobs.add(job)
    return JSONResponse({"JobId": job.id, "TaskId": call.new_task(job, CREATED)})


async def authorize(call: Call) -> Response:
    """Let a job go on that waits for it; any other is left as it is."""
    job, _ = call.read_with_job()
    if job.status == AUTHORIZING:
        now = call.cielo24.clock.now()
        call.cielo24.records.jobs.change(job.id, status=PENDING, held=False, authorized=now)
        call.cielo24.workshop.advance(job.id)
    return Response(status_code=204)


async def modify(call: Call) -> Response:
    """Change a job that awaits authorization."""
    job, values = call.read_with_job(*MODIFY)
    if "account_id" in values:
        values["account_id"] = find_account(call, values["account_id"]).id
    if job.status != AUTHORIZING:
        raise refusal(INVALID_QUERY, f"the job is {job.status}; only one that is {AUTHORIZING} can be modified")
    if "transcription_fidelity" in values:
        values["fidelity"] = values.pop("transcription_fidelity")
    if "notes" in values:
        values["options"] = {**job.options, "notes": values.pop("notes")}
    call.cielo24.records.jobs.change(job.id, **values)
    return Response(status_code=204)


async def delete(call: Call) -> Response:
    """Delete a job with all that belongs to it."""
    job, _ = call.read_with_job()
    if call.cielo24.options.refuse_deletion and job.status not in (AUTHORIZING, PENDING):
        raise refusal(INVALID_QUERY, f"a job that is {job.status} cannot be deleted")
    await call.cielo24.workshop.remove(job)
    return task_answer(call.new_task(job, DELETED))


async def info(call: Call) -> Response:
    """Return what is known of a job."""
    job, _ = call.read_with_job()
    tasks: list[Task] = call.cielo24.records.tasks.find(job_id=job.id)
    dates = Dates.of(call.cielo24.options)
    return JSONResponse({**job_view(job, dates), "Tasks": [task_view(task, dates) for task in tasks]})


async def list_jobs(call: Call) -> Response:
    """Return the jobs that pass all filters, the newest first."""
    values = call.read(*FILTERS)
    everybody = values.get("Username") == "*"
    account = find_account(call, None if everybody else values.get("Username"))
    owners = family(call.cielo24.records, account) if everybody else [account]
    found = [job for owner in owners for job in call.cielo24.records.jobs.find(account_id=owner.id)]
    dates = Dates.of(call.cielo24.options)
    passed = [job for job in found if select(job, values, dates, call.cielo24.options)]
    passed.sort(key=lambda job: job.created, reverse=True)
    return JSONResponse(
        {
            "Username": account.id,
            "ActiveJobs": [{**job_view(job, dates), "Username": job.account_id} for job in passed],
        }
    )


async def update_metadata(call: Call) -> Response:
    """Set what groups jobs, in any state of the job; no media is ever added by this."""
    job, values = call.read_with_job(*METADATA)
    call.cielo24.records.jobs.change(job.id, **values)
    return task_answer(call.new_task(job, METADATA_UPDATED))


async def task_status(call: Call) -> Response:
    """Return how far a task is."""
    return JSONResponse(task_view(call.read_task(), Dates.of(call.cielo24.options)))
