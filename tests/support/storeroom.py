"""The sandbox's media storage as contract tests use it: what they put in, and what they ask of it afterwards."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from airflow_media.media_storage.flows import every_job, every_media
from airflow_media.media_storage.hook import MediaStorageHook
from airflow_media.media_storage.models import Job, Media
from airflow_media.storage import open_source
from media_sandbox.media_storage import fixtures
from media_sandbox.testing import AdminClient, RunningSandbox

PATIENCE = 20.0
"""Seconds after which something that has not come to be will not."""
_TOKEN = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+")
"""The beginning of a token that is made for a key: each is a signed JSON document, behind one on how it is signed."""
SERVICE = "media_storage"


@dataclass
class Storeroom:
    """A sandbox, seen by somebody with an Airflow connection to its media storage.

    :param sandbox: The sandbox.
    :param clip: A small video.
    """

    sandbox: RunningSandbox
    clip: Path

    @property
    def admin(self) -> AdminClient:
        """The sandbox's controls."""
        return self.sandbox.admin

    @property
    def host(self) -> str:
        """Base URL of the service."""
        return self.sandbox.connection(SERVICE).host

    @cached_property
    def hook(self) -> MediaStorageHook:
        """A hook with the connection."""
        return MediaStorageHook()

    def options(self, **changes: Any) -> None:
        """Turn switches of the stand-in."""
        self.admin.options(service=SERVICE, **changes)

    def upload(self, resource: str = "clip.mp4", path: Path | None = None, key: str | None = None) -> Media:
        """Upload a video; give its record."""
        media = self.hook.upload(resource, open_source(str(path or self.clip)), key=key)
        assert media is not None
        return media

    def rows(self, count: int, **fields: Any) -> list[str]:
        """Put in media that share one small file; give their ids."""
        ids: list[str] = self.admin.post(f"{SERVICE}/medias", {"count": count, "project_id": "p1", **fields})["ids"]
        return ids

    def job(self, **fields: Any) -> str:
        """Put in a job that nobody works on; give its id."""
        [job_id] = self.jobs(1, **fields)
        return job_id

    def jobs(self, count: int, **fields: Any) -> list[str]:
        """Put in jobs that nobody works on; give their ids."""
        ids: list[str] = self.admin.post(f"{SERVICE}/jobs", {"count": count, "project_id": "p1", **fields})["ids"]
        return ids

    def change(self, job_id: str, **fields: Any) -> None:
        """Change a job at once."""
        self.admin.post(f"{SERVICE}/jobs/{job_id}", fields)

    @property
    def all_jobs(self) -> list[Job]:
        """All jobs that there are."""
        return self.hook.run(every_job())

    @property
    def all_media(self) -> list[Media]:
        """All media that there are."""
        return self.hook.run(every_media())

    @property
    def originals(self) -> list[Media]:
        """All media that were uploaded."""
        return self.hook.run(every_media(key=""))

    def until(self, so: Callable[[], Any]) -> Any:
        """Look until something is so.

        :raises TimeoutError: It does not come to be.
        """
        end = time.monotonic() + PATIENCE
        while not (found := so()):
            if time.monotonic() > end:
                raise TimeoutError([job.plain() for job in self.all_jobs])
        return found

    def count(self, operation: str) -> int:
        """Tell how many requests of an operation came."""
        return len(self.requests(operation))

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """Give the requests of an operation."""
        return self.admin.requests(f"{SERVICE}.{operation}")

    def token(self, account: fixtures.Account = fixtures.PLAIN, **fields: Any) -> str:
        """Give a token of an account."""
        token: str = self.admin.post(f"{SERVICE}/tokens", {"account": account.key, **fields})["token"]
        return token

    def secrets_in(self, text: str) -> list[str]:
        """Give what is in a text that nobody must ever see: keys, tokens, the beginning of a token."""
        keys = [account.api_key for account in fixtures.ACCOUNTS.values() if account.api_key]
        tokens = [account.token for account in fixtures.ACCOUNTS.values()]
        return [secret for secret in (*keys, *tokens) if secret in text] + _TOKEN.findall(text)


def header(request: Mapping[str, Any], name: str) -> str | None:
    """Give a header field of a request in the sandbox's log."""
    value: str | None = request["headers"].get(name)
    return value
