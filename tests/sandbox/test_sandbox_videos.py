"""Videos from their making to their deletion, and the states between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sandbox_client import PixopClient, wait_until

from media_sandbox.testing import RunningSandbox

LIST = "/videos/v1/videos"


def listed(client: PixopClient, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.call("GET", LIST, params=query).json()["_embedded"]["videos"]
    return items


def test_a_new_video_has_a_default_project_and_its_urls(sandbox: RunningSandbox, client: PixopClient) -> None:
    body = client.call("PUT", "/videos/v1/video", json={"name": None, "projectId": None}).json()
    video_id, host = body["videoId"], sandbox.pixop.host
    assert body == {
        "projectId": listed(client)[0]["projectId"],
        "videoId": video_id,
        "uploadMediaUrl": f"{host}/media/v1/upload/{video_id}",
        "uploadLightMediaUrl": f"{host}/media/v1/upload/light/{video_id}",
        "processVideoUrl": f"{host}/videos/v1/process-video/{video_id}",
    }


def test_urls_are_made_of_the_host_by_which_the_client_came(client: PixopClient) -> None:
    answer = client.call("PUT", "/videos/v1/video", json={}, headers={"Host": "media.example:8080"})
    assert answer.json()["uploadMediaUrl"].startswith("http://media.example:8080/pixop/media/v1/upload/")


@pytest.mark.parametrize("body", ["", "[]", '{"name": 5}', '{"name": ""}', '{"title": "x"}', '{"projectId": 1}'])
def test_a_faulty_new_video_is_refused(shared_client: PixopClient, body: str) -> None:
    assert shared_client.call("PUT", "/videos/v1/video", content=body).status_code == 400


def test_a_video_in_an_unknown_project_is_not_found(shared_client: PixopClient) -> None:
    assert shared_client.call("PUT", "/videos/v1/video", json={"projectId": "bogus"}).status_code == 404


def test_a_video_before_its_upload(client: PixopClient) -> None:
    video_id = client.new_video(name="Reel 1")
    video = client.video(video_id)
    assert set(video) == {
        *("id", "name", "projectId", "userId", "teamId"),
        *("upload", "attributes", "dateCreated", "timeLastUpdated"),
    }
    assert video["upload"]["uploadState"]["uploadStatus"] == "INITIAL"
    assert video["upload"]["hasFinishedUploading"] is False
    assert "filename" not in listed(client)[0]
    assert client.call("GET", f"/videos/v1/check-ingest-video-progress/{video_id}").status_code == 404
    assert client.call("GET", f"/videos/v1/check-process-video-progress/{video_id}").status_code == 404
    assert client.process(video_id, {}).status_code == 409


def test_light_ingestion_finds_the_metadata(client: PixopClient, clip: Path) -> None:
    video_id = client.new_video()
    uploaded = client.upload(video_id, clip).json()
    assert set(uploaded) == {"projectId", "videoId", "checkIngestProgressUrl", "processVideoUrl"}
    assert client.wait_for_ingestion(video_id) == "DONE"
    progress = client.call("GET", uploaded["checkIngestProgressUrl"]).json()
    assert set(progress) == {"videoId", "projectId", "ingestionState"}
    assert set(progress["ingestionState"]) == {"updatedAt", "ingestionStatus", "videoMetadataAvailable"}
    video = client.video(video_id)
    assert video["name"] == "clip.mp4"
    upload = video["upload"]
    assert upload["uploadState"]["uploadStatus"] == "DONE"
    assert (upload["fileName"], upload["fileSize"]) == ("clip.mp4", clip.stat().st_size)
    assert (upload["fileType"], upload["fileContainerName"]) == ("video/mp4", "QuickTime / MOV")
    state = video["ingestion"]["ingestionState"]
    assert (state["videoMetadataAvailable"], state["videoMetadataCommitted"]) == (True, True)
    assert state["processingProgressPercent"] == 100.0
    metadata = video["ingestion"]["metadata"]
    assert (metadata["frameWidth"], metadata["frameHeight"], metadata["averageFramerate"]) == (320, 240, 25.0)
    assert (metadata["durationInMillis"], metadata["totalFrames"]) == (1000, 25)
    assert (metadata["codecName"], metadata["size"]) == ("h264", clip.stat().st_size)
    assert 0 < metadata["videoStreamSize"] < metadata["size"]
    assert metadata["pixelFormat"] == {"name": "yuv420p", "chromaSubsampling": {"yuv": "4:2:0", "bits": 8}}
    assert metadata["scanning"] == {"metadata": {"scanningType": "progressive"}}
    assert "qualityAssessment" not in video["ingestion"]


def test_full_ingestion_finds_more(sandbox: RunningSandbox, client: PixopClient, pal_clip: Path) -> None:
    video_id = client.ingested_video(pal_clip, light=False)
    ingestion = client.video(video_id)["ingestion"]
    interlaced = {"scanningType": "interlaced", "interlacedFieldOrder": "top_first"}
    assert ingestion["metadata"]["scanning"] == {"metadata": interlaced, "heuristics": interlaced}
    quality = ingestion["qualityAssessment"]
    scores = [metric["subjectiveScore"] for metric in quality["metrics"]]
    assert [metric["name"] for metric in quality["metrics"]] == ["noise", "details", "colors"]
    assert all(0 <= score <= 5 for score in scores)
    assert quality["overallSubjectiveScore"] == pytest.approx(sum(scores) / 3, abs=0.01)
    stored = sandbox.data / "pixop" / video_id
    assert {path.name for path in stored.glob("*.jpg")} == {"thumbnail-small.jpg", "thumbnail-large.jpg"}


def test_the_heuristics_tell_progressive_video(client: PixopClient, clip: Path) -> None:
    scanning = client.video(client.ingested_video(clip, light=False))["ingestion"]["metadata"]["scanning"]
    assert scanning["heuristics"] == {"scanningType": "progressive"}


@pytest.mark.parametrize("fixture", ["garbage", "audio_file"])
def test_what_is_no_video_is_not_ingested(
    sandbox: RunningSandbox, client: PixopClient, request: pytest.FixtureRequest, fixture: str
) -> None:
    path: Path = request.getfixturevalue(fixture)
    video_id = client.new_video()
    assert client.upload(video_id, path).status_code == 200
    assert client.wait_for_ingestion(video_id) == "ERROR"
    assert "video" in sandbox.admin.video(video_id)["ingestion"]["reason"]
    assert client.process(video_id, {}).status_code == 409


def test_a_failed_ingestion_can_be_mended_by_another_upload(client: PixopClient, garbage: Path, clip: Path) -> None:
    video_id = client.new_video()
    client.upload(video_id, garbage)
    assert client.wait_for_ingestion(video_id) == "ERROR"
    client.upload(video_id, clip)
    assert client.wait_for_ingestion(video_id) == "DONE"


def test_the_word_for_failure_is_a_switch(sandbox: RunningSandbox, client: PixopClient, garbage: Path) -> None:
    sandbox.admin.options(failure_word="FAILED")
    video_id = client.new_video()
    client.upload(video_id, garbage)
    assert client.wait_for_ingestion(video_id) == "FAILED"


def test_a_processed_video_names_its_parent_in_lists_only(client: PixopClient, clip: Path) -> None:
    original = client.ingested_video(clip, name="Reel 1")
    processed = client.processed_video(original, {"mediaContainerCodec": {"container": "mov"}})
    again = client.processed_video(processed, {})
    children = listed(client, **{"parent-id": original})
    assert [item["id"] for item in children] == [processed, again]
    assert {item["parentId"] for item in children} == {original}
    assert [item["filename"] for item in children] == ["clip.mov", "clip.mov"]
    video = client.video(processed)
    assert "parentId" not in video
    assert "upload" not in video
    assert "ingestion" not in video
    assert video["name"] == "Reel 1"


def test_ids_of_the_wrong_kind_are_not_found(client: PixopClient, clip: Path) -> None:
    original = client.ingested_video(clip)
    processed = client.processed_video(original, {})
    assert client.call("GET", f"/videos/v1/check-process-video-progress/{original}").status_code == 404
    assert client.call("GET", f"/videos/v1/check-ingest-video-progress/{processed}").status_code == 404
    assert client.media("GET", f"/media/v1/download/processed/{original}").status_code == 404
    assert client.media("GET", f"/media/v1/download/original/{processed}").status_code == 404
    assert client.upload(processed, clip).status_code == 400


def test_an_original_takes_its_processed_videos_along(sandbox: RunningSandbox, client: PixopClient, clip: Path) -> None:
    original = client.ingested_video(clip)
    first, second = client.processed_video(original, {}), client.processed_video(original, {})
    alone = client.call("DELETE", f"/videos/v1/video/{first}")
    assert (alone.status_code, alone.json()) == (200, {"deletedVideos": [{"videoId": first}]})
    answer = client.call("DELETE", f"/videos/v1/video/{original}")
    assert answer.json() == {"deletedVideos": [{"videoId": original}, {"videoId": second}]}
    assert listed(client) == []
    assert client.call("DELETE", f"/videos/v1/video/{original}").status_code == 404
    assert client.call("GET", f"/videos/v1/video/{second}").status_code == 404
    assert list((sandbox.data / "pixop").iterdir()) == []


def test_deleting_a_processed_video_stops_its_work(sandbox: RunningSandbox, client: PixopClient, clip: Path) -> None:
    sandbox.admin.outcome("process", "stuck", percent=20)
    original = client.ingested_video(clip)
    processed = client.process(original, {}).json()["processedVideoId"]
    client.wait_for_percent(processed, 20.0)
    assert client.call("DELETE", f"/videos/v1/video/{processed}").status_code == 200
    assert client.call("GET", f"/videos/v1/check-process-video-progress/{processed}").status_code == 404
    assert sandbox.admin.jobs() == []
    assert client.video(original)["id"] == original


def test_deleting_an_original_stops_the_work_on_its_children(
    sandbox: RunningSandbox, client: PixopClient, clip: Path
) -> None:
    sandbox.admin.outcome("process", "stuck", percent=0, times=None)
    original = client.ingested_video(clip)
    children = [client.process(original, {}).json()["processedVideoId"] for _ in range(4)]
    answer = client.call("DELETE", f"/videos/v1/video/{original}")
    assert [item["videoId"] for item in answer.json()["deletedVideos"]] == [original, *children]
    assert sandbox.admin.jobs() == []


def test_work_beyond_the_cores_waits_its_turn(sandbox: RunningSandbox, client: PixopClient, clip: Path) -> None:
    sandbox.admin.outcome("process", "stuck", percent=10, times=None)
    original = client.ingested_video(clip)
    children = [client.process(original, {}).json()["processedVideoId"] for _ in range(sandbox.slots + 1)]
    for child in children[:-1]:
        client.wait_for_percent(child, 10.0)
    assert client.processing(children[-1])["processingStatus"] == "INITIAL"
    sandbox.admin.clear_outcomes()
    sandbox.admin.release()
    assert {client.wait_for_processing(child) for child in children} == {"DONE"}


def test_a_chosen_failure_stops_at_its_percentage(sandbox: RunningSandbox, client: PixopClient, clip: Path) -> None:
    sandbox.admin.outcome("process", "fail", percent=40, reason="out of film")
    processed = client.processed_video(client.ingested_video(clip), {})
    state = client.processing(processed)
    assert (state["processingStatus"], state["processingProgressPercent"]) == ("ERROR", 40.0)
    assert set(state) == {"updatedAt", "processingStatus", "processingProgressPercent"}
    assert sandbox.admin.video(processed)["processing"]["reason"] == "out of film"
    refused = client.media("GET", f"/media/v1/download/processed/{processed}")
    assert (refused.status_code, refused.json()["exception"]) == (409, "ConflictException")


def test_progress_never_falls_and_ends_at_a_hundred(sandbox: RunningSandbox, client: PixopClient, clip: Path) -> None:
    sandbox.admin.outcome("process", "slow", seconds=1)
    processed = client.process(client.ingested_video(clip), {}).json()["processedVideoId"]
    seen: list[tuple[float, str]] = []

    def ended() -> bool:
        state = client.processing(processed)
        seen.append((state["processingProgressPercent"], state["processingStatus"]))
        return seen[-1][1] == "DONE"

    wait_until(ended)
    percents = [percent for percent, _ in seen]
    assert percents == sorted(percents)
    assert len(set(percents)) > 3
    assert [status for percent, status in seen if percent == 100.0] == ["DONE"]


def test_ingestion_can_be_made_to_fail_too(sandbox: RunningSandbox, client: PixopClient, clip: Path) -> None:
    sandbox.admin.outcome("ingest", "fail", percent=5)
    video_id = client.new_video()
    client.upload(video_id, clip)
    assert client.wait_for_ingestion(video_id) == "ERROR"
