"""A sandbox that is started again on the same directory takes up where the other stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from xvid_client import XvidClient, refusal, wait_for

from media_sandbox.testing import running_sandbox
from media_sandbox.xvid.fixtures import MAIN, PIPELINES, PLAIN


def test_all_is_remembered(tmp_path: Path, clip: Path) -> None:
    with running_sandbox(tmp_path) as first:
        before = XvidClient(first)
        file_id = before.uploaded(clip)
        job = before.done("MP3")
        session = before.session("late")
        token, port = before.headers, int(first.base_url.rpartition(":")[2])
    with running_sandbox(tmp_path, port=port) as second:
        after = XvidClient(second)
        after.headers = token
        assert after.job(job["id"]) == job
        assert after.content(file_id) == clip.read_bytes()
        assert after.content(job["outputs"][0]["file"]["id"])
        assert after.post_form(session, b"x").status_code == 201
        after.finish(session["id"])
        assert after.wait_for_upload(session["id"]) == "COMPLETED"


def test_an_object_is_remembered_until_its_finish(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as first:
        before = XvidClient(first)
        session = before.session()
        before.post_form(session, b"content")
    with running_sandbox(tmp_path) as second:
        after = XvidClient(second)
        after.finish(session["id"])
        assert after.wait_for_upload(session["id"]) == "COMPLETED"
        assert after.content(session["id"]) == b"content"


def test_finishing_is_taken_up(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as first:
        before = XvidClient(first)
        first.admin.outcome("upload", "stuck", service="xvid")
        session = before.session()
        before.post_form(session, b"content")
        before.finish(session["id"])
        wait_for(lambda: first.admin.get("xvid/outcomes"), lambda left: not left)
    with running_sandbox(tmp_path) as second:
        after = XvidClient(second)
        assert after.wait_for_upload(session["id"]) == "COMPLETED"
        assert after.content(session["id"]) == b"content"


def test_a_job_is_taken_up_and_never_falls_back(tmp_path: Path, clip: Path) -> None:
    with running_sandbox(tmp_path) as first:
        before = XvidClient(first)
        before.uploaded(clip)
        first.admin.outcome("job", "stuck", service="xvid", percent=75.0)
        id_ = before.ordered("MP3", "H.264 MP4")
        stuck = wait_for(lambda: before.job(id_), lambda job: job["percentage_completed"] == 75)
    # What a killed sandbox leaves of its unfinished work.
    torn = [tmp_path / "xvid" / folder / "torn" for folder in ("work", "files", "objects")]
    for path in torn:
        path.write_bytes(b"half")
    with running_sandbox(tmp_path) as second:
        after = XvidClient(second)
        assert after.job(id_)["percentage_completed"] >= 75
        done = after.ended(id_)
        assert done["status"] == "SUCCESS"
        outputs = [output["file"]["id"] for output in done["outputs"]]
        assert outputs == [output["file"]["id"] for output in stuck["outputs"]]
        assert all(after.content(output) for output in outputs)
        assert not any(path.exists() for path in torn)


def test_the_fixtures_are_shown(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, xvid={"token_life": 5.0}) as running:
        shown = running.admin.get("xvid/clients")
        assert shown["clients"][0] == {
            "key": "plain",
            "id": PLAIN.id,
            "secret": PLAIN.secret,
            "scopes": list(PLAIN.scopes),
        }
        assert [item["id"] for item in shown["pipelines"]] == [item.id for item in PIPELINES]
        connection = running.connection("xvid")
        assert connection.host == f"{running.base_url}/xvid/v1"
        assert (connection.login, connection.password) == (PLAIN.id, PLAIN.secret)
        assert connection.extra == {"pipeline_id": MAIN.id}
        assert XvidClient(running).token().json()["expires_in"] == 5


@pytest.mark.parametrize("path", ["uploads/1", "files/1", "jobs/1"])
def test_the_controls_know_what_is_not_there(tmp_path: Path, path: str) -> None:
    with running_sandbox(tmp_path) as running, pytest.raises(ValueError, match="there is nothing of the id 1"):
        running.admin.get(f"xvid/{path}")


def test_inner_records_are_shown(tmp_path: Path, clip: Path) -> None:
    with running_sandbox(tmp_path) as running:
        client = XvidClient(running)
        file_id = client.uploaded(clip, "inner")
        job_id = client.done("MP3", input_name="inner")["id"]
        assert running.admin.get(f"xvid/uploads/{file_id}")["storage_key"] == f"tmp/{MAIN.id}/inner"
        assert running.admin.get(f"xvid/files/{file_id}")["used"] is True
        assert running.admin.get(f"xvid/jobs/{job_id}")["input_file_id"] == file_id


def test_a_token_that_ends_in_the_middle_is_told_by_its_refusal(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as running:
        client = XvidClient(running)
        running.admin.fault("expire_token on=xvid.list_jobs times=1")
        assert refusal(client.get("/jobs/"))[0] == 403
        assert XvidClient(running).get("/jobs/").status_code == 200
