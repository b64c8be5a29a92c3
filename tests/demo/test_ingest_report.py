"""The report of the ingest: true about what came of each video."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from media_sandbox.demo.ingest_report import KEPT, Package, show_packages
from media_sandbox.demo.orders import Order
from media_sandbox.demo.stage import PRESET
from media_sandbox.testing import make_garbage, make_pal_video, make_video

CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:00.400\nOne\n\n00:00.400 --> 00:00.800\nTwo\n"
IDS = dict.fromkeys(KEPT, "id")


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    return Order.of(make_pal_video(tmp_path_factory.mktemp("pal") / "tape.mov", seconds=0.4))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "tape.vtt").write_text(CAPTIONS)
    return {
        "enhance": make_video(tmp_path / "tape.mp4", size="1920x1080", seconds=0.4),
        "transcode": make_video(tmp_path / "tape.avi", size="1920x1080", seconds=0.4),
        "caption": tmp_path / "tape.vtt",
    }


def report(package: Package) -> tuple[bool, str]:
    output = StringIO()
    good = show_packages(Console(file=output, width=100), [package])
    return good, output.getvalue()


def test_a_video_as_ordered_is_shown_with_all_that_was_made(order: Order, files: dict[str, Path]) -> None:
    manifest = files["caption"].with_name("manifest.json")

    good, text = report(Package.of(order, PRESET, manifest, files, IDS))

    assert good, text
    for part in ("2 captions", "720x576", "Pixop", "Xvid", "1920x1080", str(files["caption"]), str(manifest)):
        assert part in text
    assert files["enhance"].with_name("tape-before-after.png").stat().st_size > 0


def test_each_trouble_is_told(order: Order, files: dict[str, Path], tmp_path: Path) -> None:
    files["caption"].write_text("no captions")
    files["transcode"] = make_video(tmp_path / "small.mp4", size="320x240", seconds=0.4)

    good, text = report(Package.of(order, PRESET, tmp_path / "manifest.json", files, {}))

    assert not good
    assert "the captions have no cues" in text
    assert f"asked for {PRESET.container.id}" in text
    assert "its frame is 320x240" in text
    assert "no id of media_storage_captions" in text


def test_what_is_no_video_is_told(order: Order, files: dict[str, Path], tmp_path: Path) -> None:
    files["transcode"] = make_garbage(tmp_path / "broken.avi")

    good, text = report(Package.of(order, PRESET, tmp_path / "manifest.json", files, IDS))

    assert not good
    assert "the transcoded file is no video" in text
