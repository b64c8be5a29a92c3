"""The report: true about good and bad results, with a picture of both videos."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from rich.console import Console

from media_sandbox.demo.orders import Order
from media_sandbox.demo.report import Delivery, show_report
from media_sandbox.demo.still import BAR, GAP, frame_at, side_by_side
from media_sandbox.testing import make_garbage, make_pal_video, make_video


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    return Order.of(make_pal_video(tmp_path_factory.mktemp("pal") / "tape.mov", seconds=0.4))


def report(*deliveries: Delivery) -> tuple[bool, str]:
    output = StringIO()
    good = show_report(Console(file=output, width=80), deliveries)
    return good, output.getvalue()


def test_a_good_result_is_shown_with_its_picture(order: Order, tmp_path: Path) -> None:
    result = make_video(tmp_path / "tape.mp4", size="1920x1080", seconds=0.4)

    good, text = report(Delivery.of(order, result))

    assert good
    assert "720x576" in text
    assert "interlaced TFF" in text
    assert "1920x1080" in text
    assert "Not what was asked for" not in text
    picture = tmp_path / "tape-before-after.png"
    for path in (order.path, result, picture):
        assert str(path) in text
    assert picture.stat().st_size > 0


def test_a_wrong_result_is_told(order: Order, tmp_path: Path) -> None:
    result = make_video(tmp_path / "tape.mp4", size="640x480", seconds=0.4)

    good, text = report(Delivery.of(order, result))

    assert not good
    assert "Not what was asked for: frame size: asked for 1920x1080, got 640x480" in text


def test_a_result_that_is_no_video_is_told(order: Order, tmp_path: Path) -> None:
    good, text = report(Delivery.of(order, make_garbage(tmp_path / "tape.mp4")))

    assert not good
    assert "no video" in text
    assert "cannot be read as video" in text.replace("\n", " ")


def test_the_picture_has_both_at_the_same_height_with_square_pixels(order: Order, tmp_path: Path) -> None:
    result = make_video(tmp_path / "result.mp4", size="640x360", seconds=0.4)
    target = tmp_path / "new" / "both.png"

    side_by_side(order.path, result, target, seconds=0.2, labels=("before", "after"))

    with Image.open(target) as picture:
        # The source is shown as 4:3.
        assert picture.size == (480 + GAP + 640, BAR + 360)
        labels = [picture.crop((x, 0, x + 200, BAR)).convert("L") for x in (0, 480 + GAP)]
        assert all(ImageStat.Stat(label).extrema[0][1] > 200 for label in labels)
        assert picture.crop((480, BAR, 480 + GAP, BAR + 360)).getcolors() == [(GAP * 360, (24, 24, 24))]


def test_the_frame_is_that_of_the_moment(tmp_path: Path) -> None:
    video = make_video(tmp_path / "moving.mp4", seconds=1)

    first, middle, last = (frame_at(video, seconds).tobytes() for seconds in (0, 0.5, 60))

    assert len({first, middle, last}) == 3
    assert frame_at(video, 0.5).tobytes() == middle
