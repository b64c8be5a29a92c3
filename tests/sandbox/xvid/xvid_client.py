"""A bare client of the Xvid MediaHub stand-in: plain HTTP, so that nothing stands between a test and the wire."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from media_sandbox.testing import RunningSandbox
from media_sandbox.xvid.fixtures import MAIN, PLAIN, Client
from media_sandbox.xvid.presets import BY_NAME

POLL_SECONDS = 0.02
PATIENCE_SECONDS = 60.0
ENDED = ("SUCCESS", "FAILURE")
T = TypeVar("T")


class XvidClient:
    """Logged in as one client of the API."""

    def __init__(self, sandbox: RunningSandbox, account: Client = PLAIN, **form: Any) -> None:
        self.base = sandbox.connection("xvid").host
        self.origin = sandbox.base_url
        self.http = httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS)
        self.account = account
        self.headers: dict[str, str] = {}
        answer = self.token(**form)
        if answer.is_success:
            self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def token(self, *, query: str = "", without: tuple[str, ...] = (), **form: Any) -> httpx.Response:
        """Ask for a token with the client's credentials, replaced or added to by ``form``."""
        usual = {
            "grant_type": "client_credential",
            "client_id": self.account.id,
            "client_secret": self.account.secret,
        }
        data = {name: value for name, value in {**usual, **form}.items() if name not in without}
        return self.http.post(f"{self.base}/oauth2/token/{query}", data=data)

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Make a call with the token."""
        headers = {**self.headers, **request.pop("headers", {})}
        return self.http.request(method, self.base + path, headers=headers, **request)

    def get(self, path: str, **params: Any) -> httpx.Response:
        """Get something."""
        return self.call("GET", path, params=params)

    def one(self, path: str, envelope: str) -> dict[str, Any]:
        """Return an object, which must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()[envelope]
        return found

    def session(self, object_key: str = "uploads/clip.mp4", **params: Any) -> dict[str, Any]:
        """Begin an upload."""
        params = {"object_key": object_key, "pipeline_id": MAIN.id, **params}
        answer = self.call("POST", "/files/uploads/", params=params)
        assert answer.status_code == 200, answer.text
        upload: dict[str, Any] = answer.json()["upload"]
        return upload

    def post_form(self, session: dict[str, Any], content: bytes, **fields: str | None) -> httpx.Response:
        """Post a session's form with the content as its file, some fields replaced, or left out where ``None``."""
        merged = {**session["form_post_params"], **fields}
        data = {name: value for name, value in merged.items() if value is not None}
        return self.http.post(session["form_post_url"], data=data, files={"file": ("clip.mp4", content)})

    def finish(self, upload_id: str, nb_chunks: Any = 1) -> httpx.Response:
        """Say that all has been posted."""
        return self.call("PUT", f"/files/uploads/{upload_id}", json={"upload": {"nb_chunks": nb_chunks}})

    def wait_for_upload(self, upload_id: str) -> str:
        """Wait until an upload has been finished, well or not, and return its status."""
        path = f"/files/uploads/{upload_id}"
        return wait_for(
            lambda: str(self.one(path, "upload")["status"]), lambda status: status in ("COMPLETED", "FAILED")
        )

    def uploaded(self, source: Path | bytes, object_key: str = "uploads/clip.mp4", **params: Any) -> str:
        """Upload a file through all steps and return its id."""
        session = self.session(object_key, **params)
        content = source if isinstance(source, bytes) else source.read_bytes()
        posted = self.post_form(session, content)
        assert posted.status_code == 201, posted.text
        assert self.finish(session["id"]).status_code == 200
        assert self.wait_for_upload(session["id"]) == "COMPLETED"
        return str(session["file"]["id"])

    def order(self, *presets: str, input_name: str = "uploads/clip.mp4", **job: Any) -> httpx.Response:
        """Order a job with one output per preset, called ``out0``, ``out1`` and so on."""
        outputs = [
            {"output_name": f"out{number}", "preset": {"id": BY_NAME[name].id}} for number, name in enumerate(presets)
        ]
        body = {"pipeline": {"id": MAIN.id}, "input": {"input_name": input_name}, "outputs": outputs, **job}
        return self.call("POST", "/jobs/", json={"job": body})

    def ordered(self, *presets: str, **job: Any) -> str:
        """Order a job, which must be taken, and return its id."""
        answer = self.order(*presets, **job)
        assert answer.status_code == 201, answer.text + answer.headers.get("x-sandbox-reason", "")
        return str(answer.json()["job"]["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job."""
        return self.one(f"/jobs/{job_id}", "job")

    def ended(self, job_id: str) -> dict[str, Any]:
        """Wait until a job has ended and return it."""
        return wait_for(lambda: self.job(job_id), lambda job: job["status"] in ENDED)

    def done(self, *presets: str, **job: Any) -> dict[str, Any]:
        """Order a job and return it when it has succeeded."""
        ended = self.ended(self.ordered(*presets, **job))
        assert ended["status"] == "SUCCESS", ended
        return ended

    def location(self, **params: Any) -> str:
        """Return the address from which a file is to be had."""
        answer = self.get("/files/downloads/", redirect="true", **params)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def content(self, file_id: str) -> bytes:
        """Return the content of a file."""
        answer = self.http.get(self.location(file_id=file_id))
        assert answer.status_code == 200, answer.text
        return answer.content


def wait_for(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Look again and again, as a client of this API has to, and return the first good thing seen."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not good(seen := look()):
        assert time.monotonic() < end, f"waited in vain: {seen}"
        time.sleep(POLL_SECONDS)
    return seen


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Return the status, code and message of a refusal, whose body must have the documented shape."""
    body = answer.json()
    assert set(body) == {"error"}, body
    assert set(body["error"]) == {"error_code", "error_message"}, body
    return answer.status_code, body["error"]["error_code"], body["error"]["error_message"]
