"""Containers, codecs, profiles and pixel formats: which go together, and what the source suggests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from media_sandbox.media.probe import MediaInfo

CODEC_OF_FFMPEG: Final = {
    "h264": "h264",
    "hevc": "hevc",
    "prores": "prores",
    "dnxhd": "dnxhd",
    "mpeg2video": "mpeg2",
    "ffv1": "ffv1",
}
"""The codec that stands for a source's; other sources become h264."""

USUAL_PAIRS: Final = {
    "mov": ("h264", "prores", "dnxhd", "hevc", "mpeg2", "ffv1"),
    "mxf": ("h264", "xdcam", "mpeg2", "dnxhd"),
    "mp4": ("h264", "hevc"),
    "mts": ("h264", "hevc", "mpeg2"),
}
"""What is usual, the codec taken for a container that cannot hold the source's first."""

POSSIBLE_PAIRS: Final = {
    "mov": ("h264", "prores", "dnxhd", "xdcam", "hevc", "mpeg2", "ffv1"),
    "mxf": ("h264", "prores", "dnxhd", "xdcam", "mpeg2", "ffv1"),
    "mp4": ("h264", "hevc", "xdcam", "mpeg2"),
    "mts": ("h264", "hevc", "xdcam", "mpeg2"),
}
"""What ffmpeg writes so that others can read it."""

SUFFIXES: Final = {"mov": ".mov", "mxf": ".mxf", "mp4": ".mp4", "mts": ".mts"}

Pixels = tuple[str, int]

_ANY_X264: Final[tuple[Pixels, ...]] = tuple((yuv, bits) for bits in (8, 10) for yuv in ("4:2:0", "4:2:2", "4:4:4"))
PIXELS: Final[dict[str, tuple[Pixels, ...]]] = {
    "h264": _ANY_X264,
    "hevc": (*_ANY_X264, ("4:2:0", 12), ("4:2:2", 12), ("4:4:4", 12)),
    "mpeg2": (("4:2:0", 8), ("4:2:2", 8)),
    "xdcam": (("4:2:2", 8),),
    "ffv1": (
        *(("4:1:0", 8), ("4:1:1", 8), ("4:4:0", 8), ("4:4:0", 10), ("4:4:0", 12)),
        *((yuv, bits) for bits in (8, 10, 12, 14, 16) for yuv in ("4:2:0", "4:2:2", "4:4:4")),
    ),
    "proxy": (("4:2:2", 10),),
    "lt": (("4:2:2", 10),),
    "standard": (("4:2:2", 10),),
    "hq": (("4:2:2", 10),),
    "4444": (("4:4:4", 10),),
    "4444xq": (("4:4:4", 10),),
    "dnxhd_lb": (("4:2:2", 8),),
    "dnxhd_sq": (("4:2:2", 8),),
    "dnxhd_hq": (("4:2:2", 8),),
    "dnxhd_hqx": (("4:2:2", 10),),
    "dnxhd_444": (("4:4:4", 10),),
    "dnxhr_lb": (("4:2:2", 8),),
    "dnxhr_sq": (("4:2:2", 8),),
    "dnxhr_hq": (("4:2:2", 8),),
    "dnxhr_hqx": (("4:2:2", 10),),
    "dnxhr_444": (("4:4:4", 10),),
}
"""What ffmpeg's encoders take, by the profile or, where there is none, the codec."""


@dataclass(frozen=True)
class Format:
    """How the target's pictures are coded and wrapped."""

    container: str
    codec: str
    profile: str | None
    yuv: str
    bits: int

    @property
    def pixel_format(self) -> str:
        """The name FFmpeg has for the pixels."""
        return f"yuv{self.yuv.replace(':', '')}p" + ("" if self.bits == 8 else f"{self.bits}le")

    @property
    def possible_pixels(self) -> tuple[Pixels, ...]:
        """The pixels that the encoder takes."""
        return PIXELS[self.profile or self.codec]


def choose_container(asked: str | None, codec: str, source: MediaInfo, *, codec_asked: bool) -> tuple[str, str]:
    """Return a container and a codec that go together, unless a pair that does not was asked for."""
    container = asked or _container_of(source)
    if codec in POSSIBLE_PAIRS[container] or (asked and codec_asked):
        return container, codec
    # QuickTime holds everything, so it is the way out where only the codec matters.
    return (container, USUAL_PAIRS[container][0]) if asked else ("mov", codec)


def inferred_profile(codec: str, source: MediaInfo) -> str | None:
    """Return a profile for codecs that must have one, near to the source's pixels."""
    full_chroma = source.yuv == "4:4:4"
    if codec == "prores":
        return "4444" if full_chroma else "standard"
    if codec == "dnxhd":
        return "dnxhr_444" if full_chroma else "dnxhr_hqx" if source.bits > 8 else "dnxhr_sq"
    return None


def fit_pixels(codec: str, profile: str | None, source: MediaInfo, yuv: str | None, bits: int | None) -> Pixels:
    """Return chroma subsampling and depth: as asked for, else the source's or the nearest the encoder takes."""
    if yuv and bits:
        return yuv, bits
    possible = PIXELS[profile or codec]
    fitting = [pixels for pixels in possible if pixels[0] == (yuv or pixels[0]) and pixels[1] == (bits or pixels[1])]
    if not fitting:
        # Asked for and impossible: kept, so that processing fails and says why.
        return yuv or possible[0][0], bits or possible[0][1]
    return min(fitting, key=lambda pixels: _distance(pixels, (source.yuv, source.bits)))


def _distance(one: Pixels, other: Pixels) -> tuple[bool, int, bool, int]:
    lost_depth = max(other[1] - one[1], 0)
    return one[0] != other[0], lost_depth, one[0] == "4:4:4", abs(one[1] - other[1])


def _container_of(source: MediaInfo) -> str:
    if "mp4" in source.container_name:
        return "mov" if source.brand in ("qt", "") else "mp4"
    return {"mpegts": "mts", "mxf": "mxf"}.get(source.container_name, "mov")
