"""What is shown of the sandbox's work is what the sandbox does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from media_sandbox.demo.waiting import wait_until
from media_sandbox.demo.watch import JobRow, Sandbox
from media_sandbox.testing import RunningSandbox, make_video, running_sandbox

PATIENCE = 120
JSON = {"Accept": "application/json", "Content-Type": "application/json"}


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def watched(sandbox: RunningSandbox) -> Iterator[Sandbox]:
    watched = Sandbox(f"{sandbox.base_url}/_admin")
    yield watched
    watched.close()


class Pixop:
    """Just enough of a client to make work."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self._host = sandbox.pixop.host
        answer = httpx.get(f"{self._host}/accounts/v1/token", auth=sandbox.pixop.auth, headers=JSON)
        self._token = {"Authorization": f"Bearer {answer.json()['jwtToken']}"}

    def upload(self, path: Path) -> str:
        body = {"name": path.stem}
        answer = httpx.put(f"{self._host}/videos/v1/video", headers=JSON | self._token, json=body)
        answer.raise_for_status()
        video_id: str = answer.json()["videoId"]
        url = f"{self._host}/media/v1/upload/light/{video_id}"
        with path.open("rb") as file:
            httpx.post(url, headers=self._token, files={"file": (path.name, file)}).raise_for_status()
        return video_id

    def delete(self, video_id: str) -> None:
        httpx.delete(f"{self._host}/videos/v1/video/{video_id}", headers=JSON | self._token).raise_for_status()


def ended(watched: Sandbox) -> JobRow | None:
    [row] = watched.rows()
    return row if row.status not in {"INITIAL", "IN_PROGRESS"} else None


def test_work_is_shown_until_its_end(sandbox: RunningSandbox, watched: Sandbox, tmp_path: Path) -> None:
    assert watched.rows() == []
    sandbox.admin.outcome("ingest", "stuck", percent=40)
    video_id = Pixop(sandbox).upload(make_video(tmp_path / "tape.mp4", seconds=0.2))

    def at_forty() -> JobRow | None:
        return next((row for row in watched.rows() if row.percent == 40), None)

    row = wait_until(at_forty, what="40 %", seconds=PATIENCE)
    assert (row.job_id, row.name, row.work, row.status) == (video_id, "tape", "ingestion", "IN_PROGRESS")

    sandbox.admin.release()
    row = wait_until(lambda: ended(watched), what="the end", seconds=PATIENCE)
    assert (row.status, row.percent) == ("DONE", 100)


def test_work_on_a_deleted_video_is_shown_as_such(sandbox: RunningSandbox, watched: Sandbox, tmp_path: Path) -> None:
    pixop = Pixop(sandbox)
    sandbox.admin.outcome("ingest", "stuck", percent=40)
    video_id = pixop.upload(make_video(tmp_path / "tape.mp4", seconds=0.2))
    wait_until(watched.rows, what="the work", seconds=PATIENCE)

    pixop.delete(video_id)

    assert wait_until(lambda: ended(watched), what="the end", seconds=PATIENCE).status == "DELETED"
