"""Whether a processed video can come from a request."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.video import Component, PixelFormat, ProcessingParameters, Scanning, VideoMetadata

SETTINGS = ProcessSettings(
    container="mov",
    codec="prores",
    prores_profile="hq",
    chroma="4:2:2",
    bit_depth=10,
    bitrate_mbps=20.5,
    denoiser="hqdn3d",
    scaler="pabsr1",
    clarity_boost="high",
    resolution="hd_1080p",
    frame_rate_converter="fblend",
    frame_rate="film",
    start_ms=1000,
    end_ms=5000,
)
REPORTED = ProcessingParameters(
    start_ms=1000,
    end_ms=5000,
    container=Component("mov"),
    codec=Component("prores", {"profile": "HQ"}),
    pixel_format=PixelFormat("yuv422p10le", "4:2:2", 10),
    bitrate=20_500_000,
    frame_width=1920,
    frame_height=1080,
    filters=(
        Component("hqdn3d"),
        Component("pabsr1", {"targetWidth": "1920", "targetHeight": "1080", "clarityBoost": "high"}),
        Component("fblend", {"fps": "24.0"}),
    ),
)
SOURCE = VideoMetadata(frame_width=720, frame_height=576, duration_ms=10_000)
BLAND = ProcessingParameters(frame_width=720, frame_height=576, container=Component("mp4"), codec=Component("h264"))


def with_filter(index: int, component: Component) -> dict[str, Any]:
    filters = list(REPORTED.filters)
    filters[index] = component
    return {"filters": tuple(filters)}


def test_what_was_asked_for_matches() -> None:
    assert SETTINGS.matches(REPORTED)
    assert SETTINGS.matches(REPORTED, source=SOURCE)


@pytest.mark.parametrize(
    "change",
    [
        {"start_ms": 0},
        {"start_ms": None},
        {"end_ms": 4999},
        {"end_ms": None},
        {"container": Component("mxf")},
        {"codec": Component("h264")},
        {"codec": Component("prores", {"profile": "lt"})},
        {"pixel_format": PixelFormat(None, "4:2:0", 10)},
        {"pixel_format": PixelFormat(None, "4:2:2", 8)},
        {"bitrate": 20_000_000},
        {"frame_width": 1280},
        {"frame_height": 720},
        {"filters": REPORTED.filters[:2]},
        {"filters": (*REPORTED.filters, Component("filmgrain"))},
        with_filter(0, Component("denoise")),
        with_filter(1, Component("pabsr1", {"clarityBoost": "low"})),
        with_filter(2, Component("fblend", {"fps": "23.976"})),
    ],
    ids=str,
)
def test_any_other_product_does_not(change: dict[str, Any]) -> None:
    assert not SETTINGS.matches(replace(REPORTED, **change), source=SOURCE)


@pytest.mark.parametrize(
    "change",
    [
        {"container": Component(), "codec": Component()},
        {"pixel_format": PixelFormat()},
        {"bitrate": None, "frame_width": None, "frame_height": None},
        {"codec": Component("prores", {"profile": "3"})},
        {"bitrate": 20_500_001},
        {"filters": REPORTED.filters[::-1]},
        with_filter(2, Component("fblend", {"fps": "a word"})),
    ],
    ids=str,
)
def test_what_is_not_reported_or_reported_otherwise_fits(change: dict[str, Any]) -> None:
    assert SETTINGS.matches(replace(REPORTED, **change), source=SOURCE)


@pytest.mark.parametrize(
    ("settings", "reported", "source", "expected"),
    [
        (ProcessSettings(), BLAND, None, True),
        (ProcessSettings(), replace(BLAND, start_ms=0, end_ms=10_000), SOURCE, True),
        (ProcessSettings(), replace(BLAND, end_ms=5_000), SOURCE, False),
        (ProcessSettings(), replace(BLAND, end_ms=10_000), None, False),
        (ProcessSettings(start_ms=0, end_ms=10_000), BLAND, SOURCE, True),
        (ProcessSettings(start_ms=0), replace(BLAND, start_ms=None), None, True),
        (ProcessSettings(), replace(BLAND, start_ms=1), SOURCE, False),
    ],
)
def test_a_clip_never_passes_for_the_whole(
    settings: ProcessSettings, reported: ProcessingParameters, source: VideoMetadata | None, expected: bool
) -> None:
    assert settings.matches(reported, source=source) is expected


@pytest.mark.parametrize(
    ("settings", "filters", "expected"),
    [
        (ProcessSettings(resolution="2x"), [Component("scale")], True),
        (ProcessSettings(fps=25), [Component("fps")], True),
        (ProcessSettings(), [Component("scale")], False),
        (ProcessSettings(scaler="scale"), [], False),
        (ProcessSettings(scaler="pabsr1", width=640), [Component("scale")], False),
    ],
)
def test_a_filter_that_the_service_picks_itself_is_not_held_against_it(
    settings: ProcessSettings, filters: list[Component], expected: bool
) -> None:
    assert settings.matches(ProcessingParameters(filters=tuple(filters))) is expected


def test_nor_is_a_deinterlacer_of_an_interlaced_source() -> None:
    reported = ProcessingParameters(filters=(Component("deint"), Component("scale")))
    interlaced = VideoMetadata(scanning_told=Scanning("interlaced", "top_field"))
    assert ProcessSettings(scaler="scale").matches(reported, source=interlaced)
    assert not ProcessSettings(scaler="scale").matches(
        reported, source=VideoMetadata(scanning_told=Scanning("progressive"))
    )
    assert not ProcessSettings(scaler="scale").matches(reported)
    assert not ProcessSettings(scaler="scale", deinterlacer="yadif").matches(reported, source=interlaced)


@pytest.mark.parametrize(
    ("settings", "size", "source", "expected"),
    [
        (ProcessSettings(resolution="2x"), (1440, 1152), SOURCE, True),
        (ProcessSettings(resolution="2x"), (2160, 1728), SOURCE, False),
        (ProcessSettings(resolution="2x"), (2160, 1728), None, True),
        (ProcessSettings(width=640), (640, 512), None, True),
        (ProcessSettings(width=640), (1280, 1024), None, False),
        (ProcessSettings(width=640, height=480), (640, 512), None, False),
    ],
)
def test_frame_sizes_are_compared_where_they_can_be_told(
    settings: ProcessSettings, size: tuple[int, int], source: VideoMetadata | None, expected: bool
) -> None:
    reported = ProcessingParameters(frame_width=size[0], frame_height=size[1])
    assert settings.matches(reported, source=source) is expected
