"""What the contract tests of cielo24 have done in the sandbox, and what they ask it afterwards."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from airflow_media.cielo24.api import get_job, list_jobs, new_job, perform_transcription
from airflow_media.cielo24.flows import add_media_once
from airflow_media.cielo24.hook import Cielo24Hook
from airflow_media.cielo24.models import Job
from airflow_media.cielo24.order import TranscriptionOrder
from airflow_media.http.call import Call, Flow
from airflow_media.storage import open_source
from media_sandbox.cielo24.fixtures import PLAIN, Credentials
from media_sandbox.testing import AdminClient, RunningSandbox

T = TypeVar("T")

ORDER = TranscriptionOrder(transcription_fidelity="PREMIUM", priority="STANDARD")
NOBODY = "0" * 32
"""An id that no job has."""
PATIENCE = 20.0
"""Seconds after which something that has not come to be will not."""

_TOKEN = re.compile(r"api_token=(?!\*\*\*)[^&\s'\"]+")


def login(account: Credentials) -> dict[str, str]:
    """Give the fields of a connection that say who one is."""
    return {"login": account.username, "password": account.password}


@dataclass
class CaptionHouse:
    """A sandbox, seen by somebody with an Airflow connection to it.

    :param sandbox: The sandbox.
    :param film: A small video with sound.
    :param tokens: Every token that was given to anybody.
    """

    sandbox: RunningSandbox
    film: Path
    tokens: set[str] = field(default_factory=set)

    @property
    def admin(self) -> AdminClient:
        """The sandbox's controls."""
        return self.sandbox.admin

    @property
    def host(self) -> str:
        """Where cielo24 is."""
        return self.sandbox.connection("cielo24").host

    @cached_property
    def hook(self) -> Cielo24Hook:
        """A hook with the connection."""
        return Cielo24Hook()

    def run(self, flow: Flow[T] | Call[T]) -> T:
        """Carry out a call or a flow."""
        return self.hook.run(flow)

    def created(self, **fields: Any) -> str:
        """Create a job; give its id."""
        return self.run(new_job(**fields)).job_id

    def with_media(self, path: Path | None = None, **fields: Any) -> str:
        """Create a job and add media to it; give its id."""
        job_id = self.created(**fields)
        self.run(add_media_once(job_id, open_source(str(path or self.film))))
        return job_id

    def ordered(self, order: TranscriptionOrder = ORDER, path: Path | None = None) -> str:
        """Have somebody else order the transcription of a job; give its id."""
        job_id = self.with_media(path)
        self.run(perform_transcription(job_id, order))
        return job_id

    def completed(self, order: TranscriptionOrder = ORDER) -> str:
        """Have a job transcribed; give its id."""
        job_id = self.ordered(order)
        self.until(job_id, "Complete")
        return job_id

    def options(self, **changes: Any) -> None:
        """Change switches of the stand-in."""
        self.admin.options(service="cielo24", **changes)

    def stick(self, stage: str = "transcription") -> None:
        """Let the next work stick in its middle, until :meth:`release`."""
        self.admin.outcome(stage, "stuck", service="cielo24")

    def release(self) -> None:
        """Let the transcriptions go on that are stuck in their middle, once they have come that far."""
        for job_id in self.jobs:
            self.look_until(lambda job_id=job_id: self.record(job_id), lambda record: record["percent"] >= 50.0)
        self.admin.release("cielo24")

    def set_status(self, job_id: str, status: str) -> None:
        """Put a job into a state, in which it stays."""
        self.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": status})

    def until(self, job_id: str, *statuses: str) -> Job:
        """Look at a job until it is in one of these states."""
        return self.look_until(lambda: self.run(get_job(job_id)), lambda job: job.status in statuses)

    def look_until(self, look: Callable[[], T], so: Callable[[T], bool]) -> T:
        """Look at something until it is as wanted."""
        end = time.monotonic() + PATIENCE
        while not so(seen := look()):
            if time.monotonic() > end:
                raise TimeoutError(repr(seen))
        return seen

    @property
    def jobs(self) -> list[str]:
        """Ids of all jobs that there are."""
        return [job.job_id for job in self.run(list_jobs()).jobs]

    def record(self, job_id: str) -> dict[str, Any]:
        """Give all that the service knows of a job."""
        known: dict[str, Any] = self.admin.get(f"cielo24/jobs/{job_id}")
        return known

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """Give the requests of an operation."""
        return self.admin.requests(f"cielo24.{operation}")

    def count(self, operation: str) -> int:
        """Tell how many requests of an operation came."""
        return len(self.requests(operation))

    def secrets_in(self, text: str) -> list[str]:
        """Give what is in a text that nobody must ever see: password, key, token."""
        secrets = (PLAIN.password, PLAIN.secure_key, *self.tokens)
        return [secret for secret in secrets if secret in text] + _TOKEN.findall(text)
