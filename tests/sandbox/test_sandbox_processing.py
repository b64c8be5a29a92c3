"""Processing, checked by probing what came of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sandbox_client import PixopClient

from media_sandbox.media.probe import MediaInfo, probe
from media_sandbox.testing import RunningSandbox, make_video

CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"codec_name": "h264", "brand": "isom", "width": 320, "height": 240, "audio_codecs": ("aac",)}),
    ({"mediaContainerCodec": {"container": "mov", "codec": "hevc"}}, {"codec_name": "hevc", "brand": "qt"}),
    ({"mediaContainerCodec": {"container": "mts"}}, {"container_name": "mpegts", "codec_name": "h264"}),
    (
        {"mediaContainerCodec": {"container": "mxf", "codec": "mpeg2"}},
        {"container_name": "mxf", "codec_name": "mpeg2video", "audio_codecs": ("pcm_s16le",)},
    ),
    (
        {"mediaContainerCodec": {"container": "mxf", "codec": "xdcam"}},
        {"codec_name": "mpeg2video", "profile": "4:2:2", "yuv": "4:2:2"},
    ),
    (
        {"mediaContainerCodec": {"container": "mov", "codec": "prores"}, "appleProresProfile": "lt"},
        {"codec_name": "prores", "profile": "LT", "pixel_format": "yuv422p10le"},
    ),
    (
        {"mediaContainerCodec": {"container": "mov", "codec": "dnxhd"}, "dnxhdHrProfile": "dnxhr_hqx"},
        {"codec_name": "dnxhd", "profile": "DNXHR HQX", "bits": 10},
    ),
    (
        {
            "mediaContainerCodec": {"container": "mov", "codec": "ffv1"},
            "chromaSubsampling": {"yuv": "4:1:1", "bits": 8},
        },
        {"codec_name": "ffv1", "yuv": "4:1:1"},
    ),
    ({"chromaSubsampling": {"yuv": "4:2:2", "bits": 10}}, {"codec_name": "h264", "pixel_format": "yuv422p10le"}),
    ({"chromaSubsampling": {"bits": 10}}, {"pixel_format": "yuv420p10le"}),
    ({"scaler": "scale", "resolution": {"width": 480}}, {"width": 480, "height": 360}),
    ({"scaler": "pabsr1", "resolution": {"tag": "2x"}, "clarityBoost": "high"}, {"width": 640, "height": 480}),
    (
        {"scaler": "dvres", "resolution": {"height": 180, "aspectRatioTag": "16:9"}},
        {"width": 320, "height": 180, "sample_aspect_ratio": Fraction(3, 4)},
    ),
    ({"resolution": {"width": 160, "height": 100}}, {"width": 160, "height": 100}),
    ({"denoiser": "denoise"}, {"total_frames": 25}),
    ({"denoiser": "hqdn3d", "stabilizer": "dejit", "postProcessor": "filmgrain"}, {"total_frames": 25}),
    ({"frameRate": {"tag": "film_ntsc"}}, {"frame_rate": Fraction(24000, 1001)}),
    ({"frameRateConverter": "fblend", "frameRate": {"fps": 29.97}}, {"frame_rate": Fraction(30000, 1001)}),
    ({"frameRateConverter": "fps", "frameRate": {"tag": "video_pal_fast"}}, {"frame_rate": 50, "total_frames": 50}),
    ({"frameRateConverter": "mcinterpolate", "frameRate": {"fps": 12.5}}, {"frame_rate": Fraction(25, 2)}),
    (
        {"range": {"startPositionMilliseconds": 200, "endPositionMilliseconds": 600}},
        {"total_frames": 10, "duration_ms": 400},
    ),
    ({"range": {"endPositionMilliseconds": 400}}, {"total_frames": 10}),
    ({"scanning": {"tag": "interlaced_tff"}}, {"field_order": "top_first", "frame_rate": 25}),
    (
        {"scanning": {"scanningType": "interlaced", "interlacedFieldOrder": "bottom_field"}},
        {"field_order": "bottom_first", "frame_rate": 25},
    ),
]

PAL_CASES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {"field_order": "top_first", "total_frames": 12}, []),
    ({"scanning": {"tag": "progressive"}}, {"field_order": None, "total_frames": 12}, ["deint"]),
    ({"scanning": {"tag": "interlaced_bff"}}, {"field_order": "bottom_first", "total_frames": 12}, []),
    *(({"deinterlacer": name}, {"field_order": None}, [name]) for name in ("deint", "yadif", "bwdif", "weston3f")),
    ({"resolution": {"tag": "hd_1080p"}}, {"field_order": "top_first", "width": 1920, "height": 1080}, ["scale"]),
    ({"resolution": {"width": 768}}, {"height": 576, "sample_aspect_ratio": 1}, ["scale"]),
    ({"scaler": "pabsr1"}, {"field_order": None, "width": 720, "height": 576}, ["deint", "pabsr1"]),
    (
        {"denoiser": "hqdn3d", "scanning": {"tag": "interlaced_tff"}},
        {"field_order": "top_first", "frame_rate": 25, "total_frames": 12},
        ["deint", "hqdn3d"],
    ),
    (
        {"mediaContainerCodec": {"container": "mov", "codec": "prores"}, "appleProresProfile": "hq"},
        {"field_order": "top_first", "profile": "HQ"},
        [],
    ),
]

IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"chromaSubsampling": {"yuv": "4:4:4", "bits": 14}}, "4:4:4 with 14 bits"),
    ({"chromaSubsampling": {"yuv": "4:1:0"}}, "4:1:0"),
    ({"mediaContainerCodec": {"container": "mp4", "codec": "ffv1"}}, "no ffv1 into mp4"),
    (
        {"mediaContainerCodec": {"container": "mov", "codec": "dnxhd"}, "dnxhdHrProfile": "dnxhd_sq"},
        "not defined for progressive frames of 320x240",
    ),
    (
        {
            "mediaContainerCodec": {"container": "mov", "codec": "dnxhd"},
            "dnxhdHrProfile": "dnxhr_sq",
            "scanning": {"tag": "interlaced_tff"},
        },
        "no interlaced video",
    ),
    ({"mediaContainerCodec": {"container": "mov", "codec": "ffv1"}, "bitrate": {"mbps": 5}}, "no bit rate"),
    ({"resolution": {"width": 333, "height": 333}}, "not divisible by 2"),
    ({"range": {"startPositionMilliseconds": 1000}}, "no video"),
]


def result(sandbox: RunningSandbox, client: PixopClient, tmp_path: Path, processed: str) -> MediaInfo:
    """Download a processed video and probe it."""
    state = sandbox.admin.video(processed)["processing"]
    assert state["status"] == "DONE", state["reason"]
    path = tmp_path / "result"
    path.write_bytes(client.media("GET", f"/media/v1/download/processed/{processed}").content)
    return probe(path)


@pytest.fixture(scope="module")
def source(shared_client: PixopClient, clip: Path) -> str:
    return shared_client.ingested_video(clip)


@pytest.fixture(scope="module")
def pal_source(shared_client: PixopClient, pal_clip: Path) -> str:
    return shared_client.ingested_video(pal_clip)


@pytest.mark.parametrize(("body", "expected"), CASES, ids=[str(body) for body, _ in CASES])
def test_progressive_video_becomes_what_was_asked_for(
    shared_sandbox: RunningSandbox,
    shared_client: PixopClient,
    source: str,
    tmp_path: Path,
    body: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    processed = shared_client.processed_video(source, body)
    made = result(shared_sandbox, shared_client, tmp_path, processed)
    assert {name: getattr(made, name) for name in expected} == expected
    told = shared_client.video(processed)["processing"]["processingParameters"]["targetVideo"]
    assert (told["frameWidth"], told["frameHeight"]) == (made.width, made.height)
    assert told["pixelFormat"]["name"] == made.pixel_format
    assert told["pixelFormat"]["chromaSubsampling"] == {"yuv": made.yuv, "bits": made.bits}


@pytest.mark.parametrize(("body", "expected", "filters"), PAL_CASES, ids=[str(body) for body, _, _ in PAL_CASES])
def test_interlaced_video_becomes_what_was_asked_for(
    shared_sandbox: RunningSandbox,
    shared_client: PixopClient,
    pal_source: str,
    tmp_path: Path,
    body: dict[str, Any],
    expected: dict[str, Any],
    filters: list[str],
) -> None:
    processed = shared_client.processed_video(pal_source, body)
    made = result(shared_sandbox, shared_client, tmp_path, processed)
    assert {name: getattr(made, name) for name in expected} == expected
    told = shared_client.video(processed)["processing"]["processingParameters"]["targetVideo"]
    assert [step["name"] for step in told["videoFilters"]] == filters


@pytest.mark.parametrize(("body", "reason"), IMPOSSIBLE, ids=[reason for _, reason in IMPOSSIBLE])
def test_what_ffmpeg_cannot_do_fails_and_says_why(
    shared_sandbox: RunningSandbox, shared_client: PixopClient, source: str, body: dict[str, Any], reason: str
) -> None:
    processed = shared_client.processed_video(source, body)
    state = shared_sandbox.admin.video(processed)["processing"]
    assert state["status"] == "ERROR"
    assert reason in state["reason"]
    assert shared_client.video(processed)["processing"]["processingState"]["processingStatus"] == "ERROR"


def test_the_parameters_show_every_key(shared_client: PixopClient, source: str) -> None:
    body = {
        "mediaContainerCodec": {"container": "mov", "codec": "prores"},
        "appleProresProfile": "standard",
        "denoiser": "hqdn3d",
        "scaler": "pabsr1",
        "resolution": {"tag": "2x"},
        "clarityBoost": "high",
        "frameRate": {"tag": "video_ntsc"},
        "bitrate": {"mbps": 20.5},
        "range": {"startPositionMilliseconds": 0, "endPositionMilliseconds": 200},
    }
    processed = shared_client.process(source, body).json()["processedVideoId"]
    assert shared_client.video(processed)["processing"]["processingParameters"] == {
        "sourceVideo": {"startPositionMilliseconds": 0, "endPositionMilliseconds": 200},
        "targetVideo": {
            "preset": {"name": "custom"},
            "container": {"name": "mov", "properties": {}},
            "codec": {"name": "prores", "properties": {"profile": "standard"}},
            "pixelFormat": {"name": "yuv422p10le", "chromaSubsampling": {"yuv": "4:2:2", "bits": 10}},
            "bitrate": 20_500_000,
            "frameWidth": 640,
            "frameHeight": 480,
            "videoFilters": [
                {"name": "hqdn3d", "properties": {}},
                {"name": "pabsr1", "properties": {"targetWidth": 640, "targetHeight": 480, "clarityBoost": "high"}},
                {"name": "fps", "properties": {"fps": 29.97}},
            ],
        },
    }


def test_the_answer_names_both_videos(shared_sandbox: RunningSandbox, shared_client: PixopClient, source: str) -> None:
    answer = shared_client.process(source, {}).json()
    processed, host = answer["processedVideoId"], shared_sandbox.pixop.host
    assert answer == {
        "sourceVideoId": source,
        "processedVideoId": processed,
        "projectId": shared_client.video(source)["projectId"],
        "checkProgressUrl": f"{host}/videos/v1/check-process-video-progress/{processed}",
        "downloadMediaUrl": f"{host}/media/v1/download/processed/{processed}",
    }
    progress = shared_client.call("GET", answer["checkProgressUrl"]).json()
    assert set(progress) == {"videoId", "projectId", "processingState"}
    assert progress["videoId"] == processed


def test_the_bit_rate_follows_the_request_and_the_size(
    shared_sandbox: RunningSandbox, shared_client: PixopClient, source: str
) -> None:
    shared_sandbox.admin.outcome("process", "fail", percent=0, times=4)

    def told(body: dict[str, Any]) -> int:
        processed = shared_client.process(source, body).json()["processedVideoId"]
        target = shared_client.video(processed)["processing"]["processingParameters"]["targetVideo"]
        return int(target["bitrate"])

    assert told({"bitrate": {"mbps": 0.5}}) == 500_000
    assert told({}) < told({"resolution": {"tag": "2x"}}) < told({"resolution": {"tag": "uhd_4k"}})


def test_equal_requests_make_equal_files(shared_client: PixopClient, source: str) -> None:
    etags = {
        shared_client.media(
            "HEAD", f"/media/v1/download/processed/{shared_client.processed_video(source, {'denoiser': 'hqdn3d'})}"
        ).headers["ETag"]
        for _ in range(2)
    }
    assert len(etags) == 1


def test_fifty_frames_a_second_become_fifty_fields(
    shared_sandbox: RunningSandbox, shared_client: PixopClient, clips: Path, tmp_path: Path
) -> None:
    fast = shared_client.ingested_video(make_video(clips / "fast.mov", fps=50, seconds=0.4))
    processed = shared_client.processed_video(fast, {"scanning": {"tag": "interlaced_tff"}})
    made = result(shared_sandbox, shared_client, tmp_path, processed)
    assert made.frame_rate == 25
    assert (made.total_frames, made.field_order) == (10, "top_first")


def test_high_bit_depth_and_odd_containers_are_inherited(
    shared_sandbox: RunningSandbox, shared_client: PixopClient, clips: Path, tmp_path: Path
) -> None:
    deep = make_video(clips / "deep.mkv", seconds=0.2, arguments=("-c:v", "ffv1", "-pix_fmt", "yuv422p10le"))
    processed = shared_client.processed_video(shared_client.ingested_video(deep), {})
    made = result(shared_sandbox, shared_client, tmp_path, processed)
    assert (made.brand, made.codec_name, made.pixel_format) == ("qt", "ffv1", "yuv422p10le")
