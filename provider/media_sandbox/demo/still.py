"""A picture of two videos side by side, at the same moment."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
from PIL import Image, ImageDraw, ImageFont

GAP: Final = 12
BAR: Final = 64
"""Height of the bar with the labels, in pixels."""
BACKGROUND: Final = (24, 24, 24)
TEXT: Final = (240, 240, 240)


def side_by_side(source: Path, result: Path, target: Path, *, seconds: float, labels: tuple[str, str]) -> None:
    """Write a PNG with a frame of the source at the left, blown up to the height of the result's at the right.

    :param target: The PNG.
    :param seconds: The moment, in seconds from the beginning of both.
    :param labels: What to write above the two.
    """
    right = frame_at(result, seconds)
    left = frame_at(source, seconds)
    left = left.resize((round(left.width * right.height / left.height), right.height), Image.Resampling.BICUBIC)
    picture = Image.new("RGB", (left.width + GAP + right.width, BAR + right.height), BACKGROUND)
    pen = ImageDraw.Draw(picture)
    for image, label, x in ((left, labels[0], 0), (right, labels[1], left.width + GAP)):
        picture.paste(image, (x, BAR))
        pen.text((x + GAP, BAR // 2), label, fill=TEXT, font=ImageFont.load_default(BAR // 2), anchor="lm")
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.save(target, compress_level=3)


def frame_at(video: Path, seconds: float) -> Image.Image:
    """Return the first frame at or after a moment, the last one if there is none, with square pixels.

    :param seconds: The moment, from the first frame.
    """
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        first = None
        for frame in container.decode(stream):
            first = frame.time if first is None else first
            if first is None or frame.time is None or frame.time - first >= seconds:
                break
        image = _picture(frame)
        shape = stream.sample_aspect_ratio or 1
    return image.resize((round(image.width * shape), image.height), Image.Resampling.BICUBIC)


def _picture(frame: av.VideoFrame) -> Image.Image:
    rgb = frame.reformat(format="rgb24")
    plane = rgb.planes[0]
    # Lines are padded: the last argument but one says how long they are.
    return Image.frombytes("RGB", (rgb.width, rgb.height), bytes(plane), "raw", "RGB", plane.line_size, 1)
