"""What a processing request may say: every value, and every rule between keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sandbox_client import PixopClient

from media_sandbox.pixop.options import PixopOptions
from media_sandbox.pixop.validation import check_request
from media_sandbox.testing import RunningSandbox, make_video, running_sandbox
from media_sandbox.web import ApiError

PRORES = {"container": "mov", "codec": "prores"}
DNXHD = {"container": "mov", "codec": "dnxhd"}
H264 = {"container": "mov", "codec": "h264"}


def pair(container: str, codec: str) -> dict[str, Any]:
    profile = {"prores": {"appleProresProfile": "hq"}, "dnxhd": {"dnxhdHrProfile": "dnxhr_sq"}}.get(codec, {})
    return {"mediaContainerCodec": {"container": container, "codec": codec}, **profile}


VALUES: dict[str, list[Any]] = {
    "scanning.tag": ["auto", "progressive", "interlaced_tff", "interlaced_bff"],
    "chromaSubsampling.yuv": ["4:1:0", "4:1:1", "4:2:0", "4:2:2", "4:4:0", "4:4:4"],
    "chromaSubsampling.bits": [8, 10, 12, 14, 16],
    "bitrate.mbps": [0.01, 1, 20.5, 4000, 4000.0],
    "deinterlacer": ["deint", "yadif", "bwdif", "weston3f"],
    "denoiser": ["denoise", "hqdn3d"],
    "stabilizer": ["dejit"],
    "scaler": ["pabsr1", "dvres", "scale"],
    "resolution.tag": ["hd_1080p", "uhd_4k", "uhd_8k", "2x", "3x", "4x"],
    "resolution.width": [16, 7680],
    "resolution.height": [16, 4320],
    "frameRateConverter": ["fps", "fblend", "mcinterpolate"],
    "frameRate.tag": [
        *("film_ntsc", "film", "video_pal", "video_ntsc", "video_hd"),
        *("video_pal_fast", "video_ntsc_fast", "video_hd_fast"),
    ],
    "frameRate.fps": [0.001, 24, 23.976, 999],
    "postProcessor": ["filmgrain"],
    "range.startPositionMilliseconds": [0, 999],
    "range.endPositionMilliseconds": [1, 1000],
}

WRONG_VALUES: dict[str, list[Any]] = {
    "mediaContainerCodec.container": ["avi", "MOV", 1],
    "mediaContainerCodec.codec": ["vp9", ""],
    "scanning.tag": ["interlaced", True],
    "scanning.scanningType": ["interlaced_tff"],
    "chromaSubsampling.yuv": ["420", "4:2:1"],
    "chromaSubsampling.bits": [9, "8", 8.0, True],
    "bitrate.mbps": [0.009, 4000.1, "20", True, -1],
    "deinterlacer": ["nnedi", ["deint"]],
    "denoiser": ["nlmeans", {}],
    "stabilizer": ["deshake"],
    "scaler": ["lanczos", "dvres2"],
    "resolution.tag": ["sd", "no_scaling"],
    "resolution.width": [15, 7681, 1920.0, "1920", True],
    "resolution.height": [15, 4321, 1080.5],
    "clarityBoost": ["extreme"],
    "frameRateConverter": ["vfi"],
    "frameRate.tag": ["video_uhd_fast", "pal"],
    "frameRate.fps": [0.0009, 999.1, "24"],
    "postProcessor": ["grain"],
    "range.startPositionMilliseconds": [-1, 1.5, "0", True],
    "range.endPositionMilliseconds": [-1, 500.5],
}

VALID: list[dict[str, Any]] = [
    {},
    {"denoiser": None, "range": None, "resolution": {"tag": "2x", "width": None}},
    {"scaler": "pabsr1", "resolution": {"tag": "hd_1080p"}, "clarityBoost": "medium"},
    {"resolution": {"width": 640, "height": 480}},
    {"resolution": {"width": 640}},
    {"resolution": {"height": 480}},
    *({"resolution": {"width": 640, "aspectRatioTag": tag}} for tag in ("display", "storage", "16:9", "4:3")),
    {"resolution": {"height": 480, "aspectRatioTag": "display"}},
    *(pair(container, codec) for container in ("mov", "mxf", "mp4", "mts") for codec in ("h264", "hevc", "xdcam")),
    *({"mediaContainerCodec": PRORES, "appleProresProfile": p} for p in ("proxy", "lt", "standard", "4444", "4444xq")),
    *({"mediaContainerCodec": DNXHD, "dnxhdHrProfile": f"dnxhd_{p}"} for p in ("lb", "sq", "hq", "hqx", "444")),
    *({"mediaContainerCodec": DNXHD, "dnxhdHrProfile": f"dnxhr_{p}"} for p in ("lb", "sq", "hq", "hqx", "444")),
    {"scanning": {"scanningType": "progressive"}},
    {"scanning": {"scanningType": "interlaced", "interlacedFieldOrder": "top_field"}},
    {"scanning": {"scanningType": "interlaced", "interlacedFieldOrder": "bottom_field"}},
    *(
        {"scaler": "pabsr1", "clarityBoost": boost}
        for boost in ("none", "marginal", "very_low", "low", "medium", "high", "very_high")
    ),
    {"frameRateConverter": "fblend"},
    {"frameRate": {"tag": "film"}},
    {"scaler": "dvres"},
    {"bitrate": {}},
    {"range": {}},
    {"mediaContainerCodec": {"container": "mxf"}},
]

INVALID: list[tuple[dict[str, Any], str]] = [
    ({"resolution": {"tag": "2x", "width": 640}}, "resolution.tag"),
    ({"resolution": {"tag": "2x", "height": 480}}, "resolution.tag"),
    ({"resolution": {"tag": "2x", "aspectRatioTag": "display"}}, "resolution.tag"),
    ({"resolution": {}}, "resolution needs"),
    ({"resolution": {"aspectRatioTag": "16:9"}}, "resolution needs"),
    ({"resolution": {"width": 640, "height": 480, "aspectRatioTag": "4:3"}}, "width, height and aspectRatioTag"),
    ({"mediaContainerCodec": PRORES}, "appleProresProfile is mandatory"),
    ({"mediaContainerCodec": DNXHD}, "dnxhdHrProfile is mandatory"),
    ({"mediaContainerCodec": H264, "appleProresProfile": "hq"}, "appleProresProfile can be given only"),
    ({"mediaContainerCodec": PRORES, "appleProresProfile": "hq", "dnxhdHrProfile": "dnxhr_sq"}, "dnxhdHrProfile"),
    ({"appleProresProfile": "hq"}, "appleProresProfile can be given only"),
    ({"dnxhdHrProfile": "dnxhr_sq"}, "dnxhdHrProfile can be given only"),
    ({"scanning": {}}, "scanning needs"),
    ({"scanning": {"tag": "auto", "scanningType": "progressive"}}, "scanning.tag"),
    ({"scanning": {"tag": "auto", "interlacedFieldOrder": "top_field"}}, "scanning.tag"),
    ({"scanning": {"scanningType": "interlaced"}}, "interlacedFieldOrder is mandatory"),
    ({"scanning": {"scanningType": "progressive", "interlacedFieldOrder": "top_field"}}, "interlacedFieldOrder can"),
    ({"scanning": {"interlacedFieldOrder": "top_field"}}, "scanning needs"),
    ({"frameRate": {}}, "frameRate needs"),
    ({"frameRate": {"tag": "film", "fps": 24}}, "frameRate needs"),
    ({"clarityBoost": "low"}, "clarityBoost can"),
    ({"clarityBoost": "none", "scaler": "scale"}, "clarityBoost can"),
    ({"range": {"startPositionMilliseconds": 500, "endPositionMilliseconds": 500}}, "must be before"),
    ({"range": {"endPositionMilliseconds": 0}}, "must be before"),
    ({"sharpener": "x"}, "sharpener is not a key"),
    ({"resolution": {"tag": "2x", "depth": 3}}, "resolution.depth is not a key"),
    ({"resolution": "hd_1080p"}, "resolution must be an object"),
    ({"scanning": "auto"}, "scanning must be an object"),
    ({"range": {"startPositionMilliseconds": 1001}}, "lasts 1000 ms"),
    ({"range": {"endPositionMilliseconds": 1001}}, "lasts 1000 ms"),
    ({"resolution": {"height": 4320, "aspectRatioTag": "16:9"}, "range": {"endPositionMilliseconds": 5000}}, "lasts"),
    ({"resolution": {"width": 7680, "aspectRatioTag": "4:3"}}, "7680x5760"),
    ({"resolution": {"width": 16, "aspectRatioTag": "16:9"}}, "16x8"),
]


def request_with(name: str, value: Any) -> dict[str, Any]:
    """Return a request that sets one key."""
    key, _, inner = name.partition(".")
    return {key: {inner: value} if inner else value}


def cases(values: dict[str, list[Any]]) -> list[Any]:
    return [
        pytest.param(request_with(name, value), name, id=f"{name}={value!r}")
        for name, options in values.items()
        for value in options
    ]


def refusal(body: dict[str, Any], options: PixopOptions | None = None) -> str:
    with pytest.raises(ApiError) as caught:
        check_request(body, options or PixopOptions())
    assert caught.value.status == 400
    return caught.value.message


@pytest.fixture(scope="module")
def ready(shared_sandbox: RunningSandbox, shared_client: PixopClient, clip: Path) -> str:
    """An ingested video; what is asked of it fails at once, since this is only about the asking."""
    shared_sandbox.admin.outcome("process", "fail", percent=0, times=None)
    return shared_client.ingested_video(clip)


@pytest.mark.parametrize(("body", "name"), cases(VALUES))
def test_every_documented_value_is_taken(body: dict[str, Any], name: str) -> None:
    check_request(body, PixopOptions())


@pytest.mark.parametrize(("body", "name"), cases(WRONG_VALUES))
def test_every_other_value_is_refused_by_name(body: dict[str, Any], name: str) -> None:
    assert refusal(body).startswith(f"{name} must be ")


@pytest.mark.parametrize("body", VALID, ids=json.dumps)
def test_valid_requests_are_taken(shared_client: PixopClient, ready: str, body: dict[str, Any]) -> None:
    answer = shared_client.process(ready, body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("body", "problem"), INVALID, ids=[json.dumps(body) for body, _ in INVALID])
def test_invalid_requests_are_refused_with_the_reason(
    shared_client: PixopClient, ready: str, body: dict[str, Any], problem: str
) -> None:
    answer = shared_client.process(ready, body)
    assert (answer.status_code, answer.json()["exception"]) == (400, "BadRequestException")
    assert problem in answer.json()["errorMessage"]


def test_an_absent_body_and_json_that_is_none_are_refused(shared_client: PixopClient, ready: str) -> None:
    for content in ("", "[]", '{"scanning": {"tag": "auto"} "denoiser": "denoise"}'):
        answer = shared_client.call("POST", f"/videos/v1/process-video/{ready}", content=content)
        assert answer.status_code == 400


@pytest.mark.parametrize(("tag", "factor"), [("2x", 2), ("3x", 3), ("4x", 4)])
def test_multiples_are_bounded_by_the_largest_frame(
    shared_client: PixopClient, ready: str, tag: str, factor: int
) -> None:
    parameters = shared_client.video(
        shared_client.process(ready, {"resolution": {"tag": tag}}).json()["processedVideoId"]
    )["processing"]["processingParameters"]["targetVideo"]
    assert (parameters["frameWidth"], parameters["frameHeight"]) == (320 * factor, 240 * factor)


def test_a_multiple_beyond_the_largest_frame_is_refused(clips: Path) -> None:
    large = make_video(clips / "large.mp4", size="2000x1200", seconds=0.04)
    with running_sandbox() as sandbox:
        client = PixopClient(sandbox)
        answer = client.process(client.ingested_video(large), {"resolution": {"tag": "4x"}})
    assert answer.status_code == 400
    assert "8000x4800" in answer.json()["errorMessage"]


def test_newer_values_are_a_switch() -> None:
    newer: list[dict[str, Any]] = [
        {"scaler": "dvres2"},
        {"resolution": {"tag": "no_scaling"}},
        {"frameRateConverter": "vfi"},
        {"frameRate": {"tag": "video_uhd_fast"}},
    ]
    for body in newer:
        assert refusal(body)
        check_request(body, PixopOptions(newer_values=True))


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "prores"), ("mxf", "hevc"), ("mts", "ffv1"), ("mov", "xdcam")]
)
def test_unusual_pairs_are_refused_by_a_switch(container: str, codec: str) -> None:
    body = pair(container, codec)
    check_request(body, PixopOptions())
    assert f"the container {container} takes" in refusal(body, PixopOptions(check_pairs=True))
