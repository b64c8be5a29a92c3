"""cielo24's answers, for flows that are driven without a network."""

from __future__ import annotations

from typing import Any

from airflow_media.cielo24.service import SERVICE
from airflow_media.http.call import Answer
from support import script
from support.script import reply

JOB = "64bea283eff6475ea6596027a6ba0929"
TASK = "41ec7d23fb4b45f9b48a13d0b7283bf2"


class Script(script.Script):
    """Replies of cielo24."""

    service = SERVICE


def refusal(error_type: str, comment: str = "no", status: int = 400) -> Answer:
    """Make an answer with the service's error document."""
    return reply({"ErrorType": error_type, "ErrorComment": comment}, status)


def task(task_id: str = TASK) -> Answer:
    """Make the answer of a call that began a task."""
    return reply({"TaskId": task_id})


def job(status: str = "Pending", **keys: Any) -> Answer:
    """Make the answer of job/info."""
    return reply(job_document(status, **keys))


def job_document(status: str = "Pending", **keys: Any) -> dict[str, Any]:
    """Make a job as job/info and job/list tell it."""
    return {"JobId": JOB, "JobStatus": status, "MediaLengthSeconds": "", "DueDate": "", **keys}


def jobs(*documents: dict[str, Any]) -> Answer:
    """Make the answer of job/list."""
    return reply({"Username": "ann", "ActiveJobs": list(documents)})
