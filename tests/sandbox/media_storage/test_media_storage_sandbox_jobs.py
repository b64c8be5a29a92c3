"""Jobs that really process what was uploaded: their life, their failures, and what they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest
from media_storage_client import StorageClient, flat, media_path, wait_until
from PIL import Image

from media_sandbox.media_storage.fixtures import ADMIN, OTHER
from media_sandbox.media_storage.work import retry_delay_seconds
from media_sandbox.testing import RunningSandbox, make_video

SERVICE = "media_storage"


@pytest.fixture
def storage(sandbox: RunningSandbox) -> StorageClient:
    """The plain account in a new sandbox, where uploads make jobs."""
    return StorageClient(sandbox)


def stuck(client: StorageClient, stage: str, **fields: Any) -> None:
    client.sandbox.admin.outcome(stage, "stuck", service=SERVICE, **fields)


def fail(client: StorageClient, stage: str, **fields: Any) -> None:
    client.sandbox.admin.outcome(stage, "fail", service=SERVICE, **fields)


def release(client: StorageClient) -> None:
    client.sandbox.admin.release(service=SERVICE)


def wait_for_progress(client: StorageClient, resource: str, progress: float) -> dict[str, Any]:
    """Wait until the job of a resource shows exactly this progress, and return it."""
    wait_until(lambda: bool(client.job_of(resource)["progress"] == progress))
    return client.job_of(resource)


def test_an_upload_is_processed(storage: StorageClient, clip: Path) -> None:
    storage.stored(clip, "r1.mp4")
    job = storage.wait_for_job("r1.mp4")
    created = job.pop("created_at")
    assert created <= job.pop("updated_at")
    assert job.pop("scheduled_at") == created
    assert set(job.pop("arguments")) == {
        "entry_id",
        "resource",
        "processor_class_name",
        "options_class_name",
        "options",
    }
    assert job == {
        "id": job["id"],
        "job_class": "Processor::Job",
        "priority": 1,
        "status": "completed",
        "progress": 1.0,
        "retry_count": 0,
        "error": None,
        "unicity": None,
    }


def test_processing_makes_variants(storage: StorageClient, tmp_path: Path) -> None:
    storage.stored(make_video(tmp_path / "long.mp4", seconds=5), "r1.mp4")
    assert storage.wait_for_job("r1.mp4")["status"] == "completed"
    variants = {item["key"]: item for item in storage.medias({"filter[resource]": "r1.mp4"})}
    assert {key: item["mime_type"] for key, item in variants.items()} == {
        "": "video/mp4",
        "thumbnail.jpg": "image/jpeg",
        "master.m3u8": "application/vnd.apple.mpegurl",
        "240p.m3u8": "application/vnd.apple.mpegurl",
        "240p_00000.ts": "video/mp2t",
        "240p_00001.ts": "video/mp2t",
    }
    del variants[""]
    for key, item in variants.items():
        made = (item["created_by"], item["created_role"], item["filename"], item["project_id"])
        assert made == (None, "processor", key, "p1")
        content = storage.get(media_path("files", "r1.mp4", key)).content
        assert len(content) == item["size"] > 0
        (tmp_path / key).write_bytes(content)
    with Image.open(tmp_path / "thumbnail.jpg") as picture:
        assert (picture.format, picture.width, picture.height) == ("JPEG", 320, 240)
    assert "240p.m3u8" in (tmp_path / "master.m3u8").read_text().splitlines()
    assert {"240p_00000.ts", "240p_00001.ts"} < set((tmp_path / "240p.m3u8").read_text().splitlines())
    with av.open(str(tmp_path / "240p_00000.ts")) as segment:
        (video,), (audio,) = segment.streams.video, segment.streams.audio
        assert (video.codec_context.name, video.height, audio.codec_context.name) == ("h264", 240, "aac")
        assert sum(1 for _ in segment.decode(video=0)) == 4 * 25


def test_video_without_sound_is_processed(storage: StorageClient, tmp_path: Path) -> None:
    storage.stored(make_video(tmp_path / "silent.mp4", audio=False), "r1.mp4")
    assert storage.wait_for_job("r1.mp4")["status"] == "completed"


def test_variants_that_are_uploaded_are_not_processed(storage: StorageClient, clip: Path) -> None:
    storage.stored(clip, "r1", "240p.mp4")
    assert storage.jobs() == []


def test_uploads_make_jobs_only_where_that_is_switched_on(storage: StorageClient, clip: Path) -> None:
    storage.options(jobs_from_uploads=False)
    storage.stored(clip, "r1")
    assert storage.jobs() == []
    (id_,) = storage.make_jobs(resource="r1", priority=3, unicity="process r1")
    assert storage.wait_for_job("r1")["id"] == id_
    assert (storage.job(id_)["priority"], storage.job(id_)["unicity"]) == (3, "process r1")


def test_processing_again_makes_the_variants_anew(sandbox: RunningSandbox, storage: StorageClient, clip: Path) -> None:
    storage.stored(clip, "r1")
    storage.wait_for_job("r1")
    before = {item["key"]: item["id"] for item in storage.medias()}
    storage.make_jobs(resource="r1")
    storage.wait_for_job("r1")
    after = {item["key"]: item["id"] for item in storage.medias()}
    assert set(before) == set(after)
    assert [key for key in before if before[key] == after[key]] == [""]
    assert len(list((sandbox.data / "media_storage" / "files").iterdir())) == len(after)


def test_what_is_no_video_fails(sandbox: RunningSandbox, storage: StorageClient, garbage: Path) -> None:
    storage.stored(garbage, "r1")
    job = storage.wait_for_job("r1")
    assert (job["status"], job["progress"], job["retry_count"]) == ("errored", 0.0, 0)
    assert "video" in job["error"]
    assert [item["key"] for item in storage.medias()] == [""]
    assert list((sandbox.data / "media_storage" / "parts").iterdir()) == []


def test_a_resource_that_is_not_there_fails(storage: StorageClient) -> None:
    (id_,) = storage.make_jobs(resource="r1")
    wait_until(lambda: storage.job(id_)["status"] == "errored")
    assert "r1" in storage.job(id_)["error"]


@pytest.mark.parametrize(("stage", "progress"), [("probe", 0.1), ("hls", 0.6), ("store", 1.0)])
def test_work_may_hang_at_each_stage(storage: StorageClient, clip: Path, stage: str, progress: float) -> None:
    stuck(storage, stage, percent=50)
    storage.stored(clip, "r1")
    job = wait_for_progress(storage, "r1", progress)
    assert (job["status"], job["error"]) == ("running", None)
    assert len(storage.medias()) == 1
    release(storage)
    assert storage.wait_for_job("r1")["status"] == "completed"
    assert len(storage.medias()) > 1


@pytest.mark.parametrize("stage", ["probe", "hls", "store"])
def test_work_may_fail_at_each_stage(storage: StorageClient, clip: Path, stage: str) -> None:
    fail(storage, stage, reason="out of tape", on="r1")
    storage.stored(clip, "r2")
    storage.stored(clip, "r1")
    job = storage.wait_for_job("r1")
    assert (job["status"], job["progress"], job["error"]) == ("errored", 0.0, "out of tape")
    assert [item["key"] for item in storage.medias({"filter[resource]": "r1"})] == [""]
    assert storage.wait_for_job("r2")["status"] == "completed"


def test_work_may_be_slow(storage: StorageClient, clip: Path) -> None:
    storage.sandbox.admin.outcome("hls", "slow", service=SERVICE, seconds=0.5)
    storage.stored(clip, "r1")
    seen: list[float] = []

    def ended() -> bool:
        job = storage.job_of("r1")
        seen.append(job["progress"])
        return bool(job["status"] == "completed")

    wait_until(ended)
    assert seen == sorted(seen)
    assert len([progress for progress in set(seen) if 0.2 < progress < 1]) > 2


def test_real_deployments_lose_the_text_of_the_last_failure(storage: StorageClient, garbage: Path) -> None:
    storage.options(null_error=True)
    storage.stored(garbage, "r1")
    job = storage.wait_for_job("r1")
    assert (job["status"], job["error"]) == ("errored", None)


def test_a_failed_job_is_put_off_and_tried_again(storage: StorageClient, clip: Path) -> None:
    storage.options(job_retries=2)
    fail(storage, "hls", reason="first", times=1)
    storage.stored(clip, "r1")
    job = storage.wait_for_retry("r1", 1)
    assert (job["status"], job["progress"], job["error"]) == ("pending", 0.0, "first")
    assert job["scheduled_at"] > job["updated_at"]
    storage.sandbox.admin.advance_clock(5)
    job = storage.wait_for_job("r1")
    # The text of the failure before stays.
    assert (job["status"], job["progress"], job["error"], job["retry_count"]) == ("completed", 1.0, "first", 1)


def test_a_job_without_retries_left_has_failed(storage: StorageClient, garbage: Path) -> None:
    storage.options(job_retries=2)
    storage.stored(garbage, "r1")
    for retry_count, delay in ((1, 5), (2, 10)):
        storage.wait_for_retry("r1", retry_count)
        storage.sandbox.admin.advance_clock(delay)
    job = storage.wait_for_job("r1")
    assert (job["status"], job["retry_count"]) == ("errored", 2)


def test_retries_come_later_and_later() -> None:
    assert [retry_delay_seconds(count) for count in range(4)] == [5, 10, 40, 110]


def test_the_words_for_the_ends_are_switches(storage: StorageClient, clip: Path, garbage: Path) -> None:
    storage.options(completed_word="done", errored_word="failed")
    storage.stored(clip, "good")
    storage.stored(garbage, "bad")
    assert storage.wait_for_job("good", "done", "completed")["status"] == "done"
    assert storage.wait_for_job("bad", "failed", "errored")["status"] == "failed"
    assert [item["arguments"]["resource"] for item in storage.jobs({"filter[status]": "done"})] == ["good"]


def test_urgent_jobs_come_first(storage: StorageClient, clip: Path) -> None:
    stuck(storage, "probe", percent=0, times=storage.sandbox.slots)
    storage.options(jobs_from_uploads=False)
    storage.stored(clip, "r1")
    running = [storage.make_jobs(resource="r1")[0] for _ in range(storage.sandbox.slots)]
    wait_until(lambda: {storage.job(id_)["status"] for id_ in running} == {"running"})
    waiting = [storage.make_jobs(resource="r1", priority=priority)[0] for priority in (1, 9, 5)]
    assert {storage.job(id_)["status"] for id_ in waiting} == {"pending"}
    stuck(storage, "probe", percent=0, times=None)
    release(storage)
    # As many of the others as there are slots now hang in turn: the most urgent ones.
    urgent = sorted(waiting, key=lambda id_: -storage.job(id_)["priority"])[: storage.sandbox.slots]
    wait_until(lambda: {storage.job(id_)["status"] for id_ in running} == {"completed"})
    wait_until(lambda: {storage.job(id_)["status"] for id_ in urgent} == {"running"})
    assert all(storage.job(id_)["status"] == "pending" for id_ in set(waiting) - set(urgent))
    storage.sandbox.admin.clear_outcomes(service=SERVICE)
    release(storage)
    wait_until(lambda: {storage.job(id_)["status"] for id_ in waiting} == {"completed"})


def test_deleting_a_job_does_not_stop_the_work(sandbox: RunningSandbox, storage: StorageClient, clip: Path) -> None:
    stuck(storage, "hls", percent=50)
    storage.stored(clip, "r1")
    id_ = wait_for_progress(storage, "r1", 0.6)["id"]
    administrator = StorageClient(sandbox, ADMIN)
    answer = administrator.call("DELETE", f"/jobs/{id_}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert storage.get(f"/jobs/{id_}").status_code == 404
    assert administrator.call("DELETE", f"/jobs/{id_}").status_code == 204
    release(storage)
    wait_until(lambda: sandbox.admin.jobs() == [])
    assert storage.jobs() == []
    assert "master.m3u8" in [item["key"] for item in storage.medias()]


@pytest.mark.parametrize("id_", ["6d195042-5930-4abb-bbfb-5740fd9b359a", "no-uuid", "1"])
def test_a_job_that_is_not_there(sandbox: RunningSandbox, storage: StorageClient, id_: str) -> None:
    assert storage.get(f"/jobs/{id_}").status_code == 404
    assert StorageClient(sandbox, ADMIN).call("DELETE", f"/jobs/{id_}").status_code == 204


def test_a_job_is_shown_as_it_is_listed(storage: StorageClient) -> None:
    (id_,) = storage.make_jobs(arguments={"any": ["JSON", None, 1.5]}, status="running", progress=0.5)
    answer = storage.get(f"/jobs/{id_}")
    assert set(answer.json()) == {"data"}
    assert flat(answer.json()["data"]) == storage.jobs()[0]
    assert storage.job(id_)["arguments"] == {"any": ["JSON", None, 1.5]}
    assert flat(storage.get(f"/jobs/{id_.upper()}").json()["data"]) == storage.job(id_)


def test_rows_of_other_projects_are_not_seen(sandbox: RunningSandbox, storage: StorageClient, clip: Path) -> None:
    other, administrator = StorageClient(sandbox, OTHER), StorageClient(sandbox, ADMIN)
    storage.stored(clip, "r1")
    id_ = storage.wait_for_job("r1")["id"]
    assert (other.jobs(), other.medias()) == ([], [])
    for path in (f"/jobs/{id_}", media_path("info", "r1"), media_path("files", "r1"), media_path("files", "r1", "k")):
        assert other.get(path).status_code == 404
    assert other.get("/medias", {"count": "true"}).json()["meta"]["count"] == 0
    assert administrator.jobs() == storage.jobs()
    assert administrator.medias() == storage.medias()
    assert administrator.get(media_path("files", "r1")).status_code == 200
