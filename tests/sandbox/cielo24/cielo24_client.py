"""A bare client for the cielo24 stand-in: plain HTTP, so that nothing stands between a test and the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from sandbox_client import PATIENCE_SECONDS, wait_until

from media_sandbox.cielo24.fixtures import PLAIN, Credentials
from media_sandbox.testing import RunningSandbox

ENDED = ("Complete", "Media Failure")
ORDER = {"transcription_fidelity": "PREMIUM", "priority": "STANDARD"}
UNKNOWN_ID = "0" * 32
JOB_KEYS = {
    *("JobId", "JobName", "MediaLengthSeconds", "ExternalID", "JobStatus", "SourceLanguage", "TargetLanguage"),
    *("CreationDate", "StartDate", "DueDate", "CompletedDate", "ReturnDate", "AuthorizationDate"),
    *("JobDifficulty", "ReturnTargets", "Options"),
}
"""The keys of a job that are always told."""


class Cielo24Client:
    """Logged in as one account."""

    def __init__(self, sandbox: RunningSandbox, account: Credentials = PLAIN) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(base_url=sandbox.connection("cielo24").host, trust_env=False, timeout=PATIENCE_SECONDS)
        credentials = {"x-auth-user": account.username, "x-auth-password": account.password}
        self.token: str = self.http.get("/api/account/login?v=1", headers=credentials).json()["ApiToken"]

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        """Make a call below ``/api/`` with version and token; a parameter that is ``None`` is left out."""
        return self.http.get(f"/api/{path}", params=self.query(**parameters))

    def post(self, path: str, query: dict[str, Any] | None = None, **request: Any) -> httpx.Response:
        """Make a POST with version and token in the query string."""
        return self.http.post(f"/api/{path}", params=self.query(**(query or {})), **request)

    def query(self, **parameters: Any) -> dict[str, Any]:
        """Return the parameters with version and token."""
        sent = {"v": "1", "api_token": self.token, **parameters}
        return {name: value for name, value in sent.items() if value is not None}

    def refused(self, path: str, **parameters: Any) -> str:
        """Make a call that must be refused, and return the type of the error."""
        return refusal(self.get(path, **parameters))

    def new_job(self, **parameters: Any) -> str:
        """Make a job and return its id."""
        answer = self.get("job/new", **parameters)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["JobId"])

    def upload(self, job_id: str, content: bytes, **headers: str) -> httpx.Response:
        """Send a body as media, without a Content-Type unless one is given."""
        return self.post("job/add_media", {"job_id": job_id}, content=content, headers=headers)

    def job_with_media(self, path: Path, **parameters: Any) -> str:
        """Make a job, upload media to it and wait until they were looked at; return its id."""
        job_id = self.new_job(**parameters)
        answer = self.upload(job_id, path.read_bytes())
        assert answer.status_code == 200, answer.text
        self.wait_for_task(answer.json()["TaskId"])
        return job_id

    def order(self, job_id: str, **parameters: Any) -> httpx.Response:
        """Order the transcription."""
        return self.get("job/perform_transcription", job_id=job_id, **{**ORDER, **parameters})

    def finished_job(self, path: Path, order: dict[str, Any] | None = None, **parameters: Any) -> str:
        """Have media transcribed and return the job's id."""
        job_id = self.job_with_media(path, **parameters)
        answer = self.order(job_id, **(order or {}))
        assert answer.status_code == 200, answer.text
        assert self.wait_for(job_id) == "Complete"
        return job_id

    def info(self, job_id: str) -> dict[str, Any]:
        """Return what is told of a job."""
        answer = self.get("job/info", job_id=job_id)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def record(self, job_id: str) -> dict[str, Any]:
        """Return all that the stand-in knows of a job."""
        known: dict[str, Any] = self.sandbox.admin.get(f"cielo24/jobs/{job_id}")
        return known

    def task(self, task_id: str) -> dict[str, Any]:
        """Return how far a task is."""
        shown: dict[str, Any] = self.get("job/task_status", task_id=task_id).json()
        return shown

    def wait_for(self, job_id: str, *statuses: str) -> str:
        """Wait until a job has ended, or has one of ``statuses``, and return its status."""
        wait_until(lambda: self.info(job_id)["JobStatus"] in (statuses or ENDED))
        return str(self.info(job_id)["JobStatus"])

    def wait_for_task(self, task_id: str) -> str:
        """Wait until a task has ended and return its status."""
        wait_until(lambda: self.task(task_id)["TaskStatus"] != "INPROGRESS")
        return str(self.task(task_id)["TaskStatus"])

    def caption(self, job_id: str, caption_format: str = "SRT", **options: Any) -> str:
        """Return a caption file."""
        answer = self.get("job/get_caption", job_id=job_id, caption_format=caption_format, **options)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        return answer.content.decode()


def refusal(answer: httpx.Response, status: int = 400) -> str:
    """Return the type of an error, which must have the shape of one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == {"ErrorType", "ErrorComment"}
    assert answer.json()["ErrorComment"]
    return str(answer.json()["ErrorType"])
