"""The size of the frame that a processing request comes to."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from media_sandbox.media.probe import MediaInfo

SIZES: Final = {"hd_1080p": (1920, 1080), "uhd_4k": (3840, 2160), "uhd_8k": (7680, 4320)}
FACTORS: Final = {"no_scaling": 1, "2x": 2, "3x": 3, "4x": 4}
LEAST: Final = 16
MOST_WIDTH: Final = 7680
MOST_HEIGHT: Final = 4320


class SizeError(ValueError):
    """The frame would be larger or smaller than the API can make."""


def target_size(resolution: Mapping[str, Any] | None, source: MediaInfo) -> tuple[int, int]:
    """Return width and height in pixels.

    :raises SizeError: when a computed side is out of bounds.
    """
    if resolution is None:
        return source.width, source.height
    if (tag := resolution.get("tag")) in SIZES:
        return SIZES[tag]
    if tag:
        return _checked(source.width * FACTORS[tag], source.height * FACTORS[tag], f"{tag} of the source")
    width: int | None = resolution.get("width")
    height: int | None = resolution.get("height")
    if width and height:
        return width, height
    ratio = _aspect_ratio(resolution.get("aspectRatioTag", "display"), source)
    if width:
        return _checked(width, _even(width / ratio), "the computed height")
    assert height is not None
    return _checked(_even(height * ratio), height, "the computed width")


def _aspect_ratio(tag: str, source: MediaInfo) -> Fraction:
    storage = Fraction(source.width, source.height)
    ratios = {"16:9": Fraction(16, 9), "4:3": Fraction(4, 3), "storage": storage}
    return ratios.get(tag, storage * source.sample_aspect_ratio)


def _even(side: Fraction) -> int:
    # Halved chroma planes need an even number of pixels.
    return round(side / 2) * 2


def _checked(width: int, height: int, what: str) -> tuple[int, int]:
    if LEAST <= width <= MOST_WIDTH and LEAST <= height <= MOST_HEIGHT:
        return width, height
    limits = f"{LEAST}x{LEAST} to {MOST_WIDTH}x{MOST_HEIGHT}"
    raise SizeError(f"{what} makes {width}x{height}, and frames can be {limits}")
