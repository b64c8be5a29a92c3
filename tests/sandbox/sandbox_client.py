"""A bare client for the sandbox's own tests: plain HTTP, so that nothing stands between a test and the wire."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import httpx

from media_sandbox.pixop.fixtures import PLAIN, Account
from media_sandbox.testing import RunningSandbox

JSON = {"Accept": "application/json", "Content-Type": "application/json"}
POLL_SECONDS = 0.02
PATIENCE_SECONDS = 30.0
ENDED = ("DONE", "ERROR", "FAILED")


def basic(email: str, password: str) -> str:
    """Return the value of an ``Authorization`` header."""
    return "Basic " + base64.b64encode(f"{email}:{password}".encode()).decode()


class PixopClient:
    """Logged in as one account, at a sandbox of this process or at the address of another one."""

    def __init__(self, sandbox: RunningSandbox | str, account: Account = PLAIN, **query: str) -> None:
        host = sandbox if isinstance(sandbox, str) else sandbox.pixop.host
        self.http = httpx.Client(base_url=host, trust_env=False, timeout=PATIENCE_SECONDS)
        self.account = account
        self.authorization = ""
        answer = self.get_token(**query)
        if answer.is_success:
            self.authorization = f"Bearer {answer.json()['jwtToken']}"

    def get_token(self, password: str | None = None, **query: str) -> httpx.Response:
        """Ask for a token with the account's credentials."""
        authorization = basic(self.account.email, password or self.account.password)
        return self.call("GET", "/accounts/v1/token", params=query, headers={"Authorization": authorization})

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        without: tuple[str, ...] = (),
        **request: Any,
    ) -> httpx.Response:
        """Make a call with all headers the API demands, less those in ``without``."""
        sent = {**JSON, "Authorization": self.authorization, **(headers or {})}
        built = self.http.build_request(method, url, headers=sent, **request)
        for name in without:
            del built.headers[name]
        return self.http.send(built)

    def media(self, method: str, url: str, **request: Any) -> httpx.Response:
        """Make a call to the media service, which wants the token only."""
        headers = {"Authorization": self.authorization, **request.pop("headers", {})}
        return self.http.request(method, url, headers=headers, **request)

    def new_video(self, **body: str) -> str:
        """Make a video and return its id."""
        answer = self.call("PUT", "/videos/v1/video", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["videoId"])

    def upload(self, video_id: str, path: Path, *, light: bool = True, name: str | None = None) -> httpx.Response:
        """Send a file as the only part of a multipart body."""
        url = f"/media/v1/upload/light/{video_id}" if light else f"/media/v1/upload/{video_id}"
        with path.open("rb") as file:
            return self.media("POST", url, files={"file": (name or path.name, file, "application/octet-stream")})

    def ingested_video(self, path: Path, *, light: bool = True, **body: str) -> str:
        """Make a video, upload a file to it and wait until it is ingested; return its id."""
        video_id = self.new_video(**body)
        assert self.upload(video_id, path, light=light).status_code == 200
        assert self.wait_for_ingestion(video_id) == "DONE"
        return video_id

    def process(self, video_id: str, body: Any) -> httpx.Response:
        """Ask for a video to be processed."""
        return self.call("POST", f"/videos/v1/process-video/{video_id}", json=body)

    def processed_video(self, video_id: str, body: Any) -> str:
        """Have a video processed and wait for the end, good or bad; return the new video's id."""
        answer = self.process(video_id, body)
        assert answer.status_code == 200, answer.text
        processed_id = str(answer.json()["processedVideoId"])
        self.wait_for_processing(processed_id)
        return processed_id

    def video(self, video_id: str) -> dict[str, Any]:
        """Return a video's details."""
        answer = self.call("GET", f"/videos/v1/video/{video_id}")
        assert answer.status_code == 200, answer.text
        video: dict[str, Any] = answer.json()["video"]
        return video

    def ingestion(self, video_id: str) -> dict[str, Any]:
        """Return the state of an ingestion."""
        answer = self.call("GET", f"/videos/v1/check-ingest-video-progress/{video_id}")
        state: dict[str, Any] = answer.json()["ingestionState"]
        return state

    def processing(self, video_id: str) -> dict[str, Any]:
        """Return the state of a processing."""
        answer = self.call("GET", f"/videos/v1/check-process-video-progress/{video_id}")
        state: dict[str, Any] = answer.json()["processingState"]
        return state

    def wait_for_ingestion(self, video_id: str) -> str:
        """Wait until an ingestion has ended and return its status."""
        return self._wait(lambda: str(self.ingestion(video_id)["ingestionStatus"]), ENDED)

    def wait_for_processing(self, video_id: str, *statuses: str) -> str:
        """Wait until a processing has ended, or has one of ``statuses``, and return its status."""
        return self._wait(lambda: str(self.processing(video_id)["processingStatus"]), statuses or ENDED)

    def wait_for_percent(self, video_id: str, percent: float) -> None:
        """Wait until a processing shows exactly this percentage."""
        wait_until(lambda: self.processing(video_id)["processingProgressPercent"] == percent)

    @staticmethod
    def _wait(status: Any, expected: tuple[str, ...]) -> str:
        found = ""

        def reached() -> bool:
            nonlocal found
            found = status()
            return found in expected

        wait_until(reached)
        return found


def wait_until(reached: Any) -> None:
    """Ask again and again, as a client of this API has to."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(POLL_SECONDS)
