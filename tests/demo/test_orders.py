"""What is asked for, and whether a result is that."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from airflow_media.pixop.settings import ProcessSettings
from media_sandbox.demo.orders import Order, fps, same_settings, scan
from media_sandbox.media.probe import MediaInfo, probe
from media_sandbox.testing import make_pal_video, make_video


@pytest.fixture(scope="module")
def pal(tmp_path_factory: pytest.TempPathFactory) -> Order:
    return Order.of(make_pal_video(tmp_path_factory.mktemp("pal") / "pal.mov"), clip_ms=600)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> MediaInfo:
    return probe(make_video(tmp_path_factory.mktemp("result") / "result.mp4", size="1920x1080", seconds=0.6))


def test_a_result_as_ordered_has_no_deviations(pal: Order, result: MediaInfo) -> None:
    assert pal.deviations(result) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"width": 1280, "height": 720}, "frame size: asked for 1920x1080, got 1280x720"),
        ({"codec_name": "hevc"}, "codec: asked for h264, got hevc"),
        ({"brand": "qt"}, "container: asked for mp4, got QuickTime / MOV"),
        ({"field_order": "top_first"}, "scan: asked for progressive, got interlaced TFF"),
        ({"frame_rate": Fraction(50)}, "frame rate: asked for 25, got 50"),
        ({"audio_codecs": ()}, "number of sound tracks: asked for 1, got 0"),
        ({"duration_ms": 1000}, "duration: asked for 0.60 s, got 1.00 s"),
    ],
)
def test_each_difference_is_told(pal: Order, result: MediaInfo, change: dict[str, Any], told: str) -> None:
    assert pal.deviations(dataclasses.replace(result, **change)) == [told]


def test_all_differences_are_told_at_once(pal: Order, result: MediaInfo) -> None:
    assert len(pal.deviations(dataclasses.replace(result, width=720, codec_name="mpeg4", duration_ms=0))) == 3


def test_sound_may_be_longer_by_a_block(pal: Order, result: MediaInfo) -> None:
    assert pal.deviations(dataclasses.replace(result, duration_ms=640)) == []


def test_only_interlaced_sources_are_deinterlaced(pal: Order) -> None:
    progressive = Order(pal.path, dataclasses.replace(pal.source, field_order=None))

    assert pal.settings["deinterlacer"] == "deint"
    assert "deinterlacer" not in progressive.settings


def test_a_clip_is_never_longer_than_its_source(pal: Order) -> None:
    assert dataclasses.replace(pal, clip_ms=60_000).duration_ms == pal.source.duration_ms
    assert dataclasses.replace(pal, clip_ms=None).duration_ms == pal.source.duration_ms
    assert "end_ms" not in dataclasses.replace(pal, clip_ms=None).settings


def test_the_settings_are_permitted_by_the_provider(pal: Order) -> None:
    document = ProcessSettings(**pal.settings).to_json()

    assert document["resolution"] == {"tag": "hd_1080p"}
    assert document["range"] == {"startPositionMilliseconds": 0, "endPositionMilliseconds": 600}


def test_orders_with_the_same_settings_share_a_run(pal: Order) -> None:
    progressive = Order(Path("p.mp4"), dataclasses.replace(pal.source, field_order=None), clip_ms=600)
    other_pal = dataclasses.replace(pal, path=Path("other.mov"))

    assert same_settings([pal, progressive, other_pal]) == [[pal, other_pal], [progressive]]
    assert same_settings([]) == []


def test_values_are_told_as_people_write_them(pal: Order) -> None:
    assert scan(pal.source) == "interlaced TFF"
    assert fps(Fraction(25)) == "25"
    assert fps(Fraction(30000, 1001)) == "29.97"
    assert fps(Fraction(50, 2)) == "25"
    assert fps(Fraction(100)) == "100"
