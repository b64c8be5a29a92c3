"""What the contract tests of Xvid have done in the sandbox, and what they ask it afterwards."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from airflow_media.http.call import Call, Flow
from airflow_media.storage import open_source
from airflow_media.xvid.api import create_job, get_job, get_upload
from airflow_media.xvid.flows import all_files, all_jobs, finish_upload_once
from airflow_media.xvid.hook import XvidHook
from airflow_media.xvid.models import File, Job, Upload
from airflow_media.xvid.request import job_body, job_output
from media_sandbox.testing import AdminClient, RunningSandbox
from media_sandbox.xvid.fixtures import SECRET_ACCESS_KEY, Client
from media_sandbox.xvid.presets import BY_NAME

T = TypeVar("T")

KEY = "uploads/clip.mp4"
PATIENCE = 20.0
"""Seconds after which something that has not come to be will not."""

_TELLING = re.compile(
    r"\b[0-9a-f]{40}\b"  # a token
    r"|eyJleHBpcmF0aW9u"  # the beginning of a policy
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{27}="  # a signature
    r"|Signature=(?!\*\*\*)\w+"
)


def login(client: Client) -> dict[str, str]:
    """Give the fields of a connection that say who one is."""
    return {"login": client.id, "password": client.secret}


def preset(name: str) -> str:
    """Give the id of a preset by its name."""
    return BY_NAME[name].id


def output(name: str = "small", preset_name: str = "H.264 MP4", **settings: Any) -> dict[str, Any]:
    """Give an output that takes a moment to make."""
    return job_output(name, preset(preset_name), **settings)


@dataclass
class MediaHub:
    """A sandbox, seen by somebody with an Airflow connection to it.

    :param sandbox: The sandbox.
    :param clip: A small video.
    """

    sandbox: RunningSandbox
    clip: Path

    @property
    def admin(self) -> AdminClient:
        """The sandbox's controls."""
        return self.sandbox.admin

    @cached_property
    def hook(self) -> XvidHook:
        """A hook with the connection."""
        return XvidHook()

    @property
    def pipeline_id(self) -> str:
        """The pipeline of the connection."""
        return str(self.sandbox.connection("xvid").extra["pipeline_id"])

    def run(self, flow: Flow[T] | Call[T]) -> T:
        """Carry out a call or a flow."""
        return self.hook.run(flow)

    def sent(self, path: Path | None = None, key: str = KEY) -> str:
        """Send a file without telling that it is all; give the id of the upload."""
        return self.hook.upload(key, open_source(str(path or self.clip))).id

    def uploaded(self, path: Path | None = None, key: str = KEY) -> Upload:
        """Upload a file and wait until it can be used."""
        upload_id = self.sent(path, key)
        self.run(finish_upload_once(upload_id))
        return self.until_uploaded(upload_id)

    def until_uploaded(self, upload_id: str) -> Upload:
        """Wait until an upload is over."""
        return self._until(lambda: self.run(get_upload(upload_id)), lambda upload: not upload.active)

    def submitted(self, *outputs: dict[str, Any], key: str = KEY, **fields: Any) -> str:
        """Have somebody else submit a job; give its id."""
        body = job_body(input_name=key, outputs=list(outputs) or [output()], pipeline_id=self.pipeline_id, **fields)
        return self.run(create_job(body)).id

    def transcoded(self, *outputs: dict[str, Any], **fields: Any) -> str:
        """Have a job done on the clip; give its id."""
        if not self.files:
            self.uploaded()
        job_id = self.submitted(*outputs, **fields)
        job = self.until(job_id, lambda job: not job.active)
        assert job.status == "SUCCESS", self.admin.get(f"xvid/jobs/{job_id}")
        return job_id

    def until(self, job_id: str, so: Callable[[Job], bool]) -> Job:
        """Look at a job until it is as wanted."""
        return self._until(lambda: self.run(get_job(job_id)), so)

    def release(self, job_id: str | None = None) -> None:
        """Let a job go on that is stuck in its middle, once it has come that far.

        :param job_id: The job; default: the only one that there is.
        """
        [stuck] = [job_id] if job_id else [job.id for job in self.jobs if job.active]
        self.until(stuck, lambda job: job.percent == 50.0)
        self.admin.release("xvid")

    @property
    def jobs(self) -> list[Job]:
        """All jobs that there are."""
        return self.run(all_jobs())

    @property
    def files(self) -> list[File]:
        """All files that there are."""
        return self.run(all_files())

    def count(self, operation: str) -> int:
        """Tell how many requests of an operation came."""
        return len(self.admin.requests(f"xvid.{operation}"))

    def asked(self, *operations: str) -> list[str]:
        """Give the operations that were asked for in their order: these, or all."""
        names = [(entry["operation"] or "").removeprefix("xvid.") for entry in self.admin.requests()]
        return [name for name in names if not operations or name in operations]

    def secrets_in(self, text: str) -> list[str]:
        """Give what is in a text that nobody must ever see: a secret, a token, a policy, a signature."""
        secret = self.sandbox.connection("xvid").password
        forms = (secret, quote(secret, safe=""), quote_plus(secret), SECRET_ACCESS_KEY)
        return [form for form in forms if form in text] + _TELLING.findall(text)

    def _until(self, look: Callable[[], T], so: Callable[[T], bool]) -> T:
        end = time.monotonic() + PATIENCE
        while not so(seen := look()):
            if time.monotonic() > end:
                raise TimeoutError(repr(seen))
        return seen
