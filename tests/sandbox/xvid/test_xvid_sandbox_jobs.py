"""Jobs: what may be ordered, how they go on and end, and how they are listed, cancelled and deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from xvid_client import XvidClient, refusal, wait_for

from media_sandbox.testing import RunningSandbox, make_video
from media_sandbox.xvid.fixtures import FOREIGN, MAIN, NARROW, OTHER, VAULT
from media_sandbox.xvid.presets import BY_NAME

INVALID = (400, "0x0050001", "Invalid Input")
MISSING = (404, "0x0050005", "Job does not exist")
UNKNOWN = "000000000000000000000000"
H264 = {"id": BY_NAME["H.264 MP4"].id}
OUTPUT = {"output_name": "film", "preset": H264}


def body(**changes: Any) -> dict[str, Any]:
    job = {
        "pipeline": {"id": MAIN.id},
        "input": {"input_name": "uploads/clip.mp4"},
        "outputs": [OUTPUT],
    }
    return {name: value for name, value in {**job, **changes}.items() if value is not None}


def test_a_job_goes_from_queue_to_success(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    file_id = xvid.uploaded(clip)
    sandbox.admin.outcome("job", "stuck", service="xvid", percent=25.0, on=file_id)
    order = body(user_data="run 1", unique_custom_key="key 1", output_prefix="made/{job_id}/", outputs=[OUTPUT])
    answer = xvid.call("POST", "/jobs/", json={"job": order})
    assert answer.status_code == 201
    job = answer.json()["job"]
    id_ = job["id"]
    expected = {
        "pipeline": {"id": MAIN.id, "href": f"{xvid.base}/pipelines/{MAIN.id}"},
        "user_data": "run 1",
        "unique_custom_key": "key 1",
        "input": {"input_name": "uploads/clip.mp4"},
        "autograph": False,
        "output_prefix": f"made/{id_}/",
        "status": "QUEUED",
        "percentage_completed": 0,
    }
    assert {name: job[name] for name in expected} == expected
    running = wait_for(lambda: xvid.job(id_), lambda shown: shown["percentage_completed"] == 25)
    assert (running["status"], running["outputs"][0]["percentage_completed"]) == ("PROCESSING", 25)
    assert running["input"]["file"] == {"id": file_id, "href": f"{xvid.base}/files/{file_id}"}
    output_id = running["outputs"][0]["file"]["id"]
    assert xvid.get(f"/files/{output_id}").status_code == 404
    sandbox.admin.release("xvid")
    done = xvid.ended(id_)
    assert (done["status"], done["percentage_completed"]) == ("SUCCESS", 100)
    assert done["finished_at"] >= done["created_at"]
    assert done["outputs"][0]["file"]["id"] == output_id
    file = xvid.one(f"/files/{output_id}", "file")
    assert (file["name"], file["job"]["id"]) == ("film.mp4", id_)
    by_key = xvid.location(object_key=f"made/{id_}/film", pipeline_id=MAIN.id)
    assert len(xvid.http.get(by_key).content) == file["size"]


def test_the_ids_of_outputs_can_be_held_back(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    sandbox.admin.options("xvid", early_output_files=False, job_created_status=200, processing_word="ENCODING")
    xvid.uploaded(clip)
    sandbox.admin.outcome("job", "stuck", service="xvid", percent=0.0)
    answer = xvid.order("MP3")
    assert answer.status_code == 200
    id_ = answer.json()["job"]["id"]
    running = wait_for(lambda: xvid.job(id_), lambda job: job["status"] == "ENCODING")
    assert "file" not in running["outputs"][0]
    sandbox.admin.release("xvid")
    assert "file" in xvid.ended(id_)["outputs"][0]


def test_the_percentage_comes_from_ffmpeg(xvid: XvidClient, tmp_path: Path) -> None:
    xvid.uploaded(make_video(tmp_path / "long.mp4", size="640x480", seconds=4))
    id_ = xvid.ordered("HEVC MP4", "HEVC MP4")
    seen: list[dict[str, Any]] = []

    def look() -> dict[str, Any]:
        seen.append(xvid.job(id_))
        return seen[-1]

    wait_for(look, lambda job: job["status"] == "SUCCESS")
    percents = [job["percentage_completed"] for job in seen]
    assert percents == sorted(percents)
    # More than the ends of the two outputs.
    assert set(percents) - {0, 50, 99, 100}
    for job in seen:
        first, second = (output["percentage_completed"] for output in job["outputs"])
        assert second == 0 or first == 100
        assert abs(job["percentage_completed"] - (first + second) / 2) <= 1


@pytest.mark.parametrize(
    "job",
    [
        body(pipeline=None),
        body(pipeline={}),
        body(pipeline=MAIN.id),
        body(pipeline={"id": "main"}),
        body(pipeline={"id": UNKNOWN}),
        body(pipeline={"id": FOREIGN.id}),
        body(pipeline=None, pipeline_id=MAIN.id),
        body(input=None),
        body(input={}),
        body(input={"input_name": ""}),
        body(input={"input_name": 1}),
        body(input={"input_name": "a", "start_time": -1}),
        body(input={"input_name": "a", "start_time": "0"}),
        body(input={"input_name": "a", "force_container": "concat"}),
        body(input={"input_name": "a", "force_aspect_ratio": "wide"}),
        body(input={"input_name": "a", "force_framerate": 0}),
        body(input={"input_name": "a", "force_interlaced": "yes"}),
        body(input={"input_name": "a", "name": "b"}),
        body(outputs=None),
        body(outputs=[]),
        body(outputs=OUTPUT),
        body(outputs=["film"]),
        body(outputs=[{"preset": H264}]),
        body(outputs=[{"output_name": "", "preset": H264}]),
        body(outputs=[{"output_name": "film"}]),
        body(outputs=[{"output_name": "film", "preset": {"id": UNKNOWN}}]),
        body(outputs=[{"output_name": "film", "preset": {"id": "H.264 MP4"}}]),
        body(outputs=[OUTPUT, OUTPUT]),
        body(outputs=[OUTPUT, {**OUTPUT, "output_name": "{input_name}"}], input={"input_name": "a/film.mov"}),
        body(outputs=[{**OUTPUT, "settings": {"video": {"width": "50"}}}]),
        body(outputs=[{**OUTPUT, "settings": {"video": {"width": "0%"}}}]),
        body(outputs=[{**OUTPUT, "settings": {"video": {"width": 0}}}]),
        body(outputs=[{**OUTPUT, "settings": {"video": {"width": True}}}]),
        body(outputs=[{**OUTPUT, "settings": {"video": {"size": "50%"}}}]),
        body(outputs=[{**OUTPUT, "settings": {"picture": {}}}]),
        body(outputs=[{**OUTPUT, "settings": []}]),
        body(outputs=[{**OUTPUT, "logos": []}]),
        body(outputs=[{**OUTPUT, "thumbnails": [{"thumbnail_names": "../t", "thumbnail_preset": "thumbnails_small"}]}]),
        body(outputs=[{**OUTPUT, "thumbnails": [{"thumbnail_names": "t", "thumbnail_preset": "thumbnails_tiny"}]}]),
        body(outputs=[{**OUTPUT, "thumbnails": [{"thumbnail_preset": "thumbnails_small"}]}]),
        body(output_prefix=1),
        body(user_data={"run": 1}),
        body(autograph={"watermark_strength": "light"}),
        body(priority="high"),
        [],
        "job",
    ],
)
def test_an_order_that_is_wrong_is_refused(shared_xvid: XvidClient, job: Any) -> None:
    answer = shared_xvid.call("POST", "/jobs/", json={"job": job})
    assert refusal(answer) == INVALID
    assert answer.headers["x-sandbox-reason"]
    assert shared_xvid.get("/jobs/").json()["total"] == 0


@pytest.mark.parametrize(
    "request_", [{"json": {}}, {"json": [1]}, {"content": b"{"}, {"content": b""}, {"json": {"jobs": body()}}]
)
def test_the_body_must_hold_a_job(shared_xvid: XvidClient, request_: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json"}
    assert refusal(shared_xvid.call("POST", "/jobs/", headers=headers, **request_)) == INVALID


def test_half_a_character_is_no_text(shared_xvid: XvidClient) -> None:
    content = json.dumps({"job": body(user_data="\ud800")})
    headers = {"Content-Type": "application/json"}
    assert refusal(shared_xvid.call("POST", "/jobs/", content=content, headers=headers)) == INVALID


def test_the_body_must_be_told_to_be_json(shared_xvid: XvidClient) -> None:
    headers = {"Content-Type": "text/plain"}
    assert refusal(shared_xvid.call("POST", "/jobs/", json={"job": body()}, headers=headers)) == INVALID


def test_orders_can_be_taken_laxly(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", strict_job_keys=False, pipeline_id_in_job=True)
    lax = body(pipeline=None, pipeline_id=MAIN.id, priority="high")
    assert xvid.call("POST", "/jobs/", json={"job": lax}).status_code == 201
    assert refusal(xvid.call("POST", "/jobs/", json={"job": {**lax, "pipeline_id": "main"}})) == INVALID


def test_names_are_filled_in(xvid: XvidClient) -> None:
    outputs = [{"output_name": "{input_name}_{job_id}", "preset": H264}]
    job = xvid.order(output_prefix="{job_id}/{input_name}/", outputs=outputs, input_name="a/my.film.mov").json()["job"]
    assert job["output_prefix"] == f"{job['id']}/my.film/"
    assert job["outputs"][0]["output_name"] == f"my.film_{job['id']}"


@pytest.mark.parametrize("name", ["uploads/none.mp4", "https://films.example/clip.mp4"])
def test_an_input_that_is_not_there_fails_the_job(xvid: XvidClient, name: str) -> None:
    job = xvid.ended(xvid.ordered("MP3", input_name=name))
    assert (job["status"], job["error_code"]) == ("FAILURE", "0x0050101")
    assert job["error_msg"] == f"Input file does not exist: {name}"
    assert job["percentage_completed"] == 0
    assert "file" not in job["input"]


def test_an_input_is_looked_for_in_its_pipeline(xvid: XvidClient, clip: Path) -> None:
    xvid.uploaded(clip, pipeline_id=VAULT.id)
    assert xvid.ended(xvid.ordered("MP3"))["error_code"] == "0x0050101"
    assert xvid.ended(xvid.ordered("MP3", pipeline={"id": VAULT.id}))["status"] == "SUCCESS"


def test_an_input_that_is_not_there_can_be_refused_at_once(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", early_input_check=True)
    assert refusal(xvid.order("MP3")) == INVALID


def test_an_input_that_is_no_media_fails_the_job(xvid: XvidClient, garbage: Path) -> None:
    xvid.uploaded(garbage)
    job = xvid.ended(xvid.ordered("H.264 MP4"))
    assert (job["status"], job["error_code"]) == ("FAILURE", "0x0050102")
    assert "file" in job["input"]


def test_a_failure_can_be_chosen_and_leaves_nothing(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    xvid.uploaded(clip)
    sandbox.admin.outcome("job", "fail", service="xvid", percent=60.0, reason="no more room")
    job = xvid.ended(xvid.ordered("MP3", "AAC M4A"))
    assert (job["status"], job["error_code"], job["error_msg"]) == ("FAILURE", "0x0050105", "no more room")
    assert job["percentage_completed"] == 60
    assert xvid.get("/files/").json()["total"] == 1
    assert len([path for path in (sandbox.data / "xvid").glob("*/*") if path.is_file()]) == 1


def test_a_job_that_is_worked_on_can_be_cancelled(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    xvid.uploaded(clip)
    sandbox.admin.outcome("job", "stuck", service="xvid", percent=50.0)
    id_ = xvid.ordered("MP3", "H.264 MP4")
    wait_for(lambda: xvid.job(id_), lambda job: job["percentage_completed"] == 50)
    answer = xvid.call("DELETE", f"/jobs/{id_}")
    assert (answer.status_code, answer.json()) == (200, {"result": {"status": "SUCCESS"}})
    assert refusal(xvid.get(f"/jobs/{id_}")) == MISSING
    assert refusal(xvid.call("DELETE", f"/jobs/{id_}")) == MISSING
    assert sandbox.admin.jobs() == []
    assert len([path for path in (sandbox.data / "xvid").glob("*/*") if path.is_file()]) == 1


def test_a_job_that_waits_can_be_cancelled(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    xvid.uploaded(clip)
    sandbox.admin.outcome("job", "stuck", service="xvid", times=None)
    ids = [xvid.ordered("MP3") for _ in range(sandbox.slots + 1)]
    wait_for(lambda: [xvid.job(id_)["status"] for id_ in ids], lambda found: found.count("PROCESSING") == sandbox.slots)
    assert xvid.job(ids[-1])["status"] == "QUEUED"
    assert xvid.call("DELETE", f"/jobs/{ids[-1]}").status_code == 200
    assert refusal(xvid.get(f"/jobs/{ids[-1]}")) == MISSING
    assert xvid.get("/jobs/").json()["total"] == sandbox.slots


def test_a_cancelled_job_can_keep_a_status(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    sandbox.admin.options("xvid", status_after_cancel="CANCELED")
    xvid.uploaded(clip)
    sandbox.admin.outcome("job", "stuck", service="xvid")
    id_ = xvid.ordered("MP3")
    xvid.call("DELETE", f"/jobs/{id_}")
    assert xvid.job(id_)["status"] == "CANCELED"
    assert xvid.get("/jobs/", status="CANCELED").json()["total"] == 1
    xvid.call("DELETE", f"/jobs/{id_}")
    assert refusal(xvid.get(f"/jobs/{id_}")) == MISSING


def test_deleting_a_finished_job_destroys_its_outputs(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    source = xvid.uploaded(clip)
    thumbnails = [{"thumbnail_names": "t_{resolution}", "thumbnail_preset": "thumbnails_small"}]
    job = xvid.done(outputs=[{**OUTPUT, "thumbnails": thumbnails}])
    files = [job["outputs"][0]["file"]["id"], job["outputs"][0]["thumbnail_zip"]["file"]["id"]]
    assert [xvid.get(f"/files/{id_}").status_code for id_ in files] == [200, 200]
    assert xvid.call("DELETE", f"/jobs/{job['id']}").json() == {"result": {"status": "SUCCESS"}}
    assert [xvid.get(f"/files/{id_}").status_code for id_ in files] == [404, 404]
    assert xvid.get(f"/files/{source}").status_code == 200
    assert len(list((sandbox.data / "xvid" / "files").iterdir())) == 1


def test_an_output_can_be_dropped_behind_the_job_s_back(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    xvid.uploaded(clip)
    job = xvid.done("MP3", "AAC M4A")
    dropped = sandbox.admin.post(f"xvid/jobs/{job['id']}/outputs/1/drop")["file_id"]
    assert dropped == job["outputs"][1]["file"]["id"]
    assert xvid.job(job["id"]) == job
    assert xvid.get("/files/downloads/", file_id=dropped).status_code == 404
    for number in ("2", "last"):
        with pytest.raises(ValueError, match="no output"):
            sandbox.admin.post(f"xvid/jobs/{job['id']}/outputs/{number}/drop")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_job_must_exist(shared_sandbox: RunningSandbox, shared_xvid: XvidClient, method: str) -> None:
    other = XvidClient(shared_sandbox, OTHER)
    foreign = other.ordered("MP3", pipeline={"id": FOREIGN.id})
    for id_ in (UNKNOWN, foreign):
        assert refusal(shared_xvid.call(method, f"/jobs/{id_}")) == MISSING
    other.call("DELETE", f"/jobs/{foreign}")


def test_the_code_for_a_wrong_id_lacks_its_prefix_when_deleting(shared_xvid: XvidClient) -> None:
    assert refusal(shared_xvid.get("/jobs/1")) == INVALID
    assert refusal(shared_xvid.call("DELETE", "/jobs/1")) == (400, "0050001", "Invalid Input")


def test_a_reader_can_order_nothing(shared_sandbox: RunningSandbox) -> None:
    narrow = XvidClient(shared_sandbox, NARROW)
    assert narrow.order("MP3").status_code == 403
    assert narrow.call("DELETE", f"/jobs/{UNKNOWN}").status_code == 403
    assert narrow.get("/jobs/").status_code == 200


def test_jobs_are_listed_by_filters(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    xvid.uploaded(clip, "films/My Film.mp4")
    good = xvid.done("MP3", input_name="films/My Film.mp4", user_data="a b&c")["id"]
    bad = xvid.ended(xvid.ordered("MP3", input_name="films/none.mp4", pipeline={"id": VAULT.id}))["id"]
    sandbox.admin.outcome("job", "stuck", service="xvid")
    busy = xvid.ordered("MP3", input_name="films/My Film.mp4", user_data="x")
    wait_for(lambda: xvid.job(busy), lambda job: job["status"] == "PROCESSING")

    def ids(**filters: str) -> list[str]:
        answer = XvidClient(sandbox).get("/jobs/", **filters)
        assert answer.status_code == 200, answer.text
        return [job["id"] for job in answer.json()["jobs"]]

    assert ids() == [good, bad, busy]
    assert ids(user_data="a b&c") == [good]
    assert ids(user_data="a") == []
    assert ids(status="SUCCESS") == [good]
    assert ids(status="FAILURE") == [bad]
    assert ids(status="PROCESSING") == [busy]
    assert ids(status="QUEUED") == []
    assert ids(**{"pipeline.id": VAULT.id}) == [bad]
    assert ids(**{"input.file.name": "my f"}) == [good, busy]
    assert ids(**{"input.file.name": "films/"}) == []
    assert ids(autograph="true") == []
    assert ids(autograph="false") == [good, bad, busy]
    assert ids(inprogress="true") == [good, bad, busy]
    assert ids(inprogress="false") == []
    sandbox.admin.advance_clock(16 * 60)
    assert ids(inprogress="true") == [busy]
    assert ids(inprogress="false") == [good, bad]


@pytest.mark.parametrize(
    "filters", [{"status": "DONE"}, {"inprogress": "1"}, {"autograph": "no"}, {"pipeline.id": "main"}]
)
def test_filters_of_jobs_must_make_sense(shared_xvid: XvidClient, filters: dict[str, str]) -> None:
    assert refusal(shared_xvid.get("/jobs/", **filters)) == INVALID
