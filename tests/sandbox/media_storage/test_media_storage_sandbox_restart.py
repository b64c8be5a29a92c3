"""A restart on the same directory: nothing is lost, and work goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from media_storage_client import StorageClient, media_path, wait_until

from media_sandbox.testing import running_sandbox

SERVICE = "media_storage"


def test_records_files_and_tokens_outlive_the_process(tmp_path: Path, clip: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        client = StorageClient(sandbox)
        token = client.login({"api_key": client.account.api_key}).json()["meta"]["token"]
        opaque = sandbox.admin.post("media_storage/tokens", {"opaque": True})["token"]
        client.stored(clip, "r1")
        client.wait_for_job("r1")
        client.make_jobs(script=[{"after": 3600, "status": "running"}], arguments={"resource": "none"})
        before = (client.jobs(), client.medias())
    with running_sandbox(tmp_path) as sandbox:
        client = StorageClient(sandbox)
        assert (client.jobs(), client.medias()) == before
        assert client.get(media_path("files", "r1")).content == clip.read_bytes()
        for bearer in (token, opaque):
            assert client.get("/jobs", headers={"Authorization": f"Bearer {bearer}"}).status_code == 200
        sandbox.admin.advance_clock(3600)
        assert client.job(before[0][-1]["id"])["status"] == "running"
        assert client.upload(clip, "r1").status_code == 422


@pytest.mark.parametrize("stage", ["probe", "hls", "store"])
def test_work_that_was_cut_short_is_done_again(tmp_path: Path, clip: Path, stage: str) -> None:
    with running_sandbox(tmp_path) as sandbox:
        client = StorageClient(sandbox)
        sandbox.admin.outcome(stage, "stuck", service=SERVICE)
        client.stored(clip, "r1")
        wait_until(lambda: len(sandbox.admin.get("media_storage/outcomes")) == 0)
    with running_sandbox(tmp_path) as sandbox:
        client = StorageClient(sandbox)
        assert client.wait_for_job("r1")["status"] == "completed"
        assert len(client.medias()) == 5
        assert list((tmp_path / SERVICE / "parts").iterdir()) == []


def test_work_that_was_put_off_is_still_to_come(tmp_path: Path, garbage: Path) -> None:
    with running_sandbox(tmp_path, media_storage={"job_retries": 1}) as sandbox:
        client = StorageClient(sandbox)
        client.stored(garbage, "r1")
        client.wait_for_retry("r1", 1)
    with running_sandbox(tmp_path) as sandbox:
        client = StorageClient(sandbox)
        sandbox.admin.advance_clock(5)
        assert client.wait_for_job("r1")["retry_count"] == 1


def test_torn_files_are_forgotten(tmp_path: Path) -> None:
    with running_sandbox(tmp_path):
        (tmp_path / SERVICE / "parts" / "torn").write_bytes(b"half")
    with running_sandbox(tmp_path):
        assert list((tmp_path / SERVICE / "parts").iterdir()) == []
